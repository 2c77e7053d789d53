"""NumPy modules that stand for `nki`, `nki.language` and `nki.isa` in the dialect that NKI 0.2 to 0.6 share."""
