"""The JSON of each provider: requests written, answers read, streams put together."""
