"""The same typed calls from every provider: the model's name is all that changes.

Names given as arguments are asked instead: python -m examples.every_provider openai/gpt-4.1-mini
"""

import sys

from examples.typed_calls import MESSAGES, GoogleSearch, Weather
from orchestrator.client import Toolchord

MODELS = (
    "openai/gpt-4.1-mini",
    "google/gemini-2.5-flash",
    "vertex/gemini-2.5-flash",
    "anthropic/claude-sonnet-4-5",
    "azure/gpt-4o",
    "openrouter/google/gemini-2.5-flash-lite",
)


def main() -> None:
    """Prints the objects of each model."""
    with Toolchord() as client:
        for model in sys.argv[1:] or MODELS:
            print(model)
            for call in client.calls(model=model, messages=MESSAGES, types=Weather | GoogleSearch):
                print(f"  {call!r}")


if __name__ == "__main__":
    main()
