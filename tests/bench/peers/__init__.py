"""Drivers of peer simulators, each run by the python of that peer's own virtual environment."""
