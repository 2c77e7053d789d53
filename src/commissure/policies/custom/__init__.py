"""Policies of the user's own: found by `module:Name`, and built of a plan."""
