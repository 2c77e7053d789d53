"""Fitting an engine's step times to a recorded run of it, from what its clients saw."""
