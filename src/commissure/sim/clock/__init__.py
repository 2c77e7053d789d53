"""Virtual time: coroutines driven by SimPy events, with the cancellation rules of the live world."""
