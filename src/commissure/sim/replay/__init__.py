"""A trace on a modelled fleet: every call routed, served and accounted, the results as columns."""
