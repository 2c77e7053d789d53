"""The NKI kernel for constrained decoding, a NumPy executor for it, and a cost model of documented cycles."""
