"""The HTTP face: what comes in is checked at the door, what goes out is a schema or a problem."""
