"""What answers over long contexts are worth: curves of one long call, and what recursion foretells."""
