"""The rules of parallel calling, as Toolchord keeps them by default."""

from collections.abc import Sequence
from typing import Any

from orchestrator.client import Run, Toolchord

MODEL = "openai/gpt-4.1-mini"
CITIES = "Tokyo, Oslo, Rome, Paris, Lima, Cairo, Delhi, Quito, Accra, Seoul, Hanoi and Dakar"


def main() -> None:
    """Prints one paragraph for each rule."""
    with Toolchord() as client:

        def ask(question: str, tools: Sequence[str], *, model: str = MODEL, **options: Any) -> Run:
            return client.run(model=model, messages=[{"role": "user", "content": question}], tools=tools, **options)

        many = ask(f"What's the weather in {CITIES}?", ["get_city_weather"])
        print(f"Parallel calls are on, and 8 run at once: {len(many.tool_calls)} calls in turn 1, at most {peak(many)} at once.")

        few = ask(f"What's the weather in {CITIES}?", ["get_city_weather"], max_parallel_tool_calls=5)
        print(f"max_parallel_tool_calls=5 is kinder to what limits its rate: at most {peak(few)} at once.")

        single = ask(f"What's the weather in {CITIES}?", ["get_city_weather"], parallel_tool_calls=False)
        print(f"parallel_tool_calls=False goes to the provider: {len(single.tool_calls)} call.")

        azure = ask(f"What's the weather in {CITIES}?", ["get_city_weather"], model="azure/gpt-4.1-mini")
        print(f"Where strict form and parallel calls exclude each other, calls stay parallel, and the run says so: {warned(azure)}")

        strict = ask(f"What's the weather in {CITIES}?", ["get_city_weather"], model="azure/gpt-4.1-mini", parallel_tool_calls=False)
        print(f"One call at a time has the strict form there: {len(strict.tool_calls)} call, {len(strict.warnings)} warnings.")

        mixed = ask("What's the weather in London and Atlantis?", ["get_city_weather"])
        print("A tool that raises is data for the model, and the others go on:", *told(mixed), sep="\n  ")

        late = ask("When is high tide in Brest and Dover?", ["get_high_tide"])
        print("A call has 30 s unless its tool says otherwise; this one has 1 s:", *told(late), sep="\n  ")

        wrong = ask("Convert -20 USD with the money tool.", ["ConvertMoney"])
        print("Strict or not, arguments are checked against the whole schema:", *told(wrong), sep="\n  ")

        print(f"Each call has one tool message with its id, in the calls' order: {ids_pair(many) and ids_pair(mixed)}.")


def peak(run: Run) -> int:
    """How many calls ran at the same time, at most."""
    spans = [(call.started_at, call.finished_at) for call in run.tool_calls if call.started_at and call.finished_at]
    return max((sum(start <= at < end for start, end in spans) for at, _ in spans), default=0)


def warned(run: Run) -> str:
    """What the provider could not keep."""
    return " ".join(f"{warning.code}: {warning.message}" for warning in run.warnings)


def told(run: Run) -> list[str]:
    """What the model reads."""
    return [f"{message['tool_call_id']}: {message['content']}" for message in run.messages if message["role"] == "tool"]


def ids_pair(run: Run) -> bool:
    """Whether each call is answered in its place."""
    answered = [message["tool_call_id"] for message in run.messages if message["role"] == "tool"]
    return answered == [call.tool_call_id for call in run.tool_calls]


if __name__ == "__main__":
    main()
