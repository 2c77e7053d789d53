"""Trace formats: one file a format, each with a `FORMAT`."""
