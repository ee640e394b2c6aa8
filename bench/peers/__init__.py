"""Two simpler ways to the same answers, each as its users write it and with its recommended settings."""
