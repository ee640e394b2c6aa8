"""Commands for the project's own development."""
