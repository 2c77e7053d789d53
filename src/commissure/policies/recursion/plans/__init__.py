"""Fixed plans: split, filter, map, reduce, join."""
