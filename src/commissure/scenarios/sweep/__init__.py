"""Sweeps in sim: settings, fleets and policies crossed, several seeds each, and which of them are worth having."""
