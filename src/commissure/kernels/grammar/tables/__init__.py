"""Token tables: which tokens an automaton lets through in each state, and where each leads."""
