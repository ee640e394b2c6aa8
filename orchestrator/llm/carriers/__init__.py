"""The network of each provider, through its own SDK."""
