"""Commit logs, the status report of one, the deterministic oracle, and the rubric that grades a report."""
