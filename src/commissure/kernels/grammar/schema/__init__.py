"""JSON Schema as exact sets of JSON values: drafts and references read, boolean keywords worked out."""
