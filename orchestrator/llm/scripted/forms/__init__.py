"""The bodies of the requests, as each provider writes them."""
