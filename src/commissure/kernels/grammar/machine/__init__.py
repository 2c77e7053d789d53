"""Sets of JSON values as automata over the bytes of their texts: rules that call each other, made deterministic."""
