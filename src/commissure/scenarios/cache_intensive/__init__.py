"""Cache-intensive work: many agents with long prompts, and fewer KV slots than agents."""
