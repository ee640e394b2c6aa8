"""The Responses API, as OpenAI and Azure speak it: /v1/responses."""
