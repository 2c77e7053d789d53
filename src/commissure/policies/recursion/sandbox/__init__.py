"""Code that a model wrote runs here, and nowhere else."""
