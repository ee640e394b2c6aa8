"""What each provider refuses, in its words. Each file is of use alone: `check` takes a request's body, whoever made it."""
