"""Profiles fitted to measured calls: of a probe made for it, or of a run."""
