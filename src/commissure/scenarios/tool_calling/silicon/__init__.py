"""What several answers to one prompt cost on silicon, with masks made here or there: all of it modelled."""
