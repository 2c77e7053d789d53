"""The scenario activity-report: who did what in a log of commits, by recursion and by one long call."""
