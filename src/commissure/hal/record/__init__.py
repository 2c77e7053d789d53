"""Record what goes to and fro between adapters and endpoints, and play it again."""
