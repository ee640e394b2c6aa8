"""The side that asks: takes runs over HTTP, calls the model and dispatches its tool calls."""
