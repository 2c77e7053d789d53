"""A serving engine in virtual time: continuous batching from a step-time model, by jumps or step by step."""
