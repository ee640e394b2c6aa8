"""The three systems, each started with all it needs and asked in the same way."""
