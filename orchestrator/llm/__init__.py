"""The model call: asked, retried and judged before anything runs."""
