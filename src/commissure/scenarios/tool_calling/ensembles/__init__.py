"""The parts of tool-calls: who is asked, what is kept of it, what an ensemble makes of it, and what was foretold."""
