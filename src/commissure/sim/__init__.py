"""The simulated world: virtual time on SimPy and endpoints modelled from the same profiles as the live ones."""
