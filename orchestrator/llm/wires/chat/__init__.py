"""Chat completions, as OpenAI and most others speak them: /v1/chat/completions."""
