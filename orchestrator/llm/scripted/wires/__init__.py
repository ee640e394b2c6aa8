"""The providers' wire formats: one file each, which reads requests and writes answers."""
