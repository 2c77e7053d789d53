"""How well an answer is grounded in its source: what can be checked of it without a model."""
