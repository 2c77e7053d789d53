"""Which endpoint serves a call: one file a router."""
