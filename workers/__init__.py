"""DOES: tool workers. They hold Redis and the tools' own secrets, no database and no model key."""
