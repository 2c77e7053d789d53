"""Time and tasks: the primitives of a runtime, what is written once on them, and the runtime of the wall clock."""
