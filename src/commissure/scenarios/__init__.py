"""Workflows with inputs, scorers and claims, in four problem classes; and the runs and reports made of them."""
