"""Caches driven by a known sequence of uses alone: no time, no engine, for comparing and testing evictors."""
