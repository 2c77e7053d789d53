"""The parts of constrained-decoding: what is asked, where masks are made, and what is claimed of that."""
