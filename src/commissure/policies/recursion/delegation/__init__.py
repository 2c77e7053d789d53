"""Which endpoint serves a sub-call: one file a delegation, each with `build(spec)`."""
