"""Decoding under a grammar on the CPU: batches, single sequences, automata that unfold as they run."""
