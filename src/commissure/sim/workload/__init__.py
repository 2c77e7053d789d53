"""What is asked of a fleet: traces of real traffic, and arrivals drawn from a distribution."""
