"""Tool calling: agents whose every answer must be a value of a JSON Schema."""
