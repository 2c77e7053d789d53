"""How a question over a long context is answered: one file a strategy, each with `build(settings)`."""
