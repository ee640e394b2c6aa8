"""The demonstration's tools; their data is made up."""
