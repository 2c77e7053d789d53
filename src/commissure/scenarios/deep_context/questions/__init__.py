"""OOLONG-like questions over labelled rows, with exact answers, from a seed."""
