"""Three cities on an Azure deployment: three calls at once, and exactly one more model call with all their results, in order.

AZURE_OPENAI_DEPLOYMENT names the deployment; gpt-4o by default.
"""

import os

from orchestrator.client import Toolchord

QUESTION = "What's the weather in Bengaluru, London and Austin?"


def main() -> None:
    """Prints the model calls, the tool messages and the answer."""
    deployment = os.environ.get("AZURE_OPENAI_DEPLOYMENT", "gpt-4o")
    with Toolchord() as client:
        run = client.run(
            model=f"azure/{deployment}",
            messages=[{"role": "user", "content": QUESTION}],
            tools=["get_city_weather"],
        )
    for turn in run.turns:
        asked = [call.arguments for call in run.tool_calls if call.turn == turn.turn]
        print(f"model call {turn.turn}: {', '.join(asked) or 'the answer'}")
    for message in run.messages:
        if message["role"] == "tool":
            print(f"tool message for {message['tool_call_id']}: {message['content']}")
    print(run.output)


if __name__ == "__main__":
    main()
