"""JSON schemas of callers: which are taken, and what is wrong with a value of a model's. No schema and no value can take long."""
