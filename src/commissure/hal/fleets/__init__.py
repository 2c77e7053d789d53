"""Fleets: as a file states them, open, and the path of a call through one."""
