"""The providers of models, a record of each in a file of its own."""
