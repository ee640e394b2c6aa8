"""Three tools of 300 ms each side by side, by a model of OpenRouter: what that saves, and a question that needs no tool."""

from datetime import timedelta

from orchestrator.client import Run, Toolchord

MODEL = "openrouter/google/gemini-2.5-flash-lite"
TOOLS = ["get_weather", "get_stock_price", "get_news_headlines"]
QUESTIONS = (
    "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?",
    "Tell me a joke.",
)


def main() -> None:
    """Prints each question with its calls, times and answer."""
    with Toolchord() as client:
        for question in QUESTIONS:
            print(f"\n{question}")
            run = client.run(model=MODEL, messages=[{"role": "user", "content": question}], tools=TOOLS)
            for call in run.tool_calls:
                print(f"  {call.name}({call.arguments}) took {call.run_ms} ms: {call.content}")
            print(f"  {timing(run)}")
            print(run.output)


def timing(run: Run) -> str:
    """The tools' own time against the time that passed, by the clocks of the workers and the service."""
    starts = [call.started_at for call in run.tool_calls if call.started_at]
    ends = [call.finished_at for call in run.tool_calls if call.finished_at]
    if not starts or not ends:
        return "no tool was called"
    one_by_one_s = sum(call.run_ms or 0 for call in run.tool_calls) / 1000
    together_s = (max(ends) - min(starts)) / timedelta(seconds=1)
    return f"{one_by_one_s:.3f} s of work in {together_s:.3f} s: {one_by_one_s / together_s:.1f}x"


if __name__ == "__main__":
    main()
