"""The plan of the demo."""

import json
from typing import Any

import pytest

from orchestrator.llm.scripted.plan import plan
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply
from orchestrator.llm.scripted.transcript import standing

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
DEMO = "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?"


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    """A tool whose parameters are required unless they have a default."""
    required = [key for key, schema in properties.items() if "default" not in schema]
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = tool("get_weather", "Get the current weather for a city.", city=TEXT)
STOCK = tool("get_stock_price", "Get the current price of a stock in US dollars.", ticker=TEXT)
NEWS = tool("get_news_headlines", "Get three current news headlines on a topic.", topic=TEXT)
TRIO = (WEATHER, STOCK, NEWS)


def planned(question: str, *tools: dict[str, Any], **options: Any) -> Reply:
    """The demo's reply to the question."""
    request = ChatRequest.model_validate(
        {"model": "scripted", "messages": [{"role": "user", "content": question}], "tools": tools or None} | options
    )
    return plan(request, standing(request.messages))


def calls(question: str, *tools: dict[str, Any], **options: Any) -> list[tuple[str, Any]]:
    """The names and arguments of the calls that the demo plans."""
    return [(call.name, call.arguments) for call in planned(question, *tools, **options).tool_calls]


def test_the_demo_question_gives_its_three_calls() -> None:
    """One for each tool, in the question's order, whatever the order of the tools."""
    expected = [("get_weather", {"city": "Tokyo"}), ("get_stock_price", {"ticker": "AAPL"}), ("get_news_headlines", {"topic": "AI"})]

    assert calls(DEMO, *TRIO) == expected
    assert calls(DEMO, *reversed(TRIO)) == expected


@pytest.mark.parametrize(
    ("question", "cities"),
    [
        ("weather in Tokyo and Paris", ["Tokyo", "Paris"]),
        ("What's the weather in Bengaluru, London and New York?", ["Bengaluru", "London", "New York"]),
        ("what is the weather in toronto and dallas", ["toronto", "dallas"]),
        ("For Oslo and Rome, what is the weather like today?", ["Oslo", "Rome"]),
        ("Weather in São Paulo, please.", ["São Paulo"]),
        ('The weather in "Baden, Switzerland"', ["Baden, Switzerland"]),
        ("weather in Tokyo and Tokyo", ["Tokyo"]),
        ("weather in Tokyo and tell me a joke", ["Tokyo"]),
        ("I live in Rome. How will the weather be on Monday?", ["Rome"]),
    ],
)
def test_each_place_gets_a_call(question: str, cities: list[str]) -> None:
    """Places are capitalised words after a preposition, or else what follows the tool's own words."""
    assert calls(question, WEATHER) == [("get_weather", {"city": city}) for city in cities]


def test_a_name_is_listed_whatever_follows_it() -> None:
    """The end of the list says something of all of it."""
    units = tool("get_weather", city=TEXT, units={"enum": ["metric", "imperial"]})
    found = calls("Who won, and what's the weather in New York, Rome and Los Angeles in imperial units?", units)

    assert found == [("get_weather", {"city": city, "units": "imperial"}) for city in ("New York", "Rome", "Los Angeles")]


def test_an_order_after_a_list_is_none_of_it() -> None:
    """It has a name at its end."""
    assert calls("weather in Rome and send a mail to Bob", WEATHER) == [("get_weather", {"city": "Rome"})]


def test_the_typed_calls_of_two_classes() -> None:
    """In small letters, with a required choice that the question does not name."""
    weather = tool("Weather", location=TEXT, units={"enum": ["imperial", "metric"]})
    search = tool("GoogleSearch", query=TEXT)

    assert calls("What is the weather in toronto and dallas and who won the super bowl?", weather, search) == [
        ("Weather", {"location": "toronto", "units": "imperial"}),
        ("Weather", {"location": "dallas", "units": "imperial"}),
        ("GoogleSearch", {"query": "who won the super bowl"}),
    ]


def test_tools_share_what_the_question_names_once() -> None:
    """The clause of the one names nothing, so that the place of the other counts."""
    assert calls("weather and news in Oslo", *TRIO) == [("get_weather", {"city": "Oslo"}), ("get_news_headlines", {"topic": "Oslo"})]


def test_a_tool_whose_value_the_question_does_not_name_is_not_called() -> None:
    """A price in dollars says nothing about a city."""
    assert calls("What's the weather? And the price of MSFT stock?", *TRIO) == [("get_stock_price", {"ticker": "MSFT"})]


def test_tickers_are_words_of_up_to_five_capitals() -> None:
    """Each gets a call, and capitals in other clauses do not."""
    found = calls("Stock prices of AAPL, MSFT and GOOGL for me, I am in a HURRY", STOCK)

    assert [arguments["ticker"] for _, arguments in found] == ["AAPL", "MSFT", "GOOGL"]


def test_topics_are_what_follows_about() -> None:
    """In small letters too."""
    found = calls("Show me the news about quantum computing and the ocean", NEWS)

    assert [arguments["topic"] for _, arguments in found] == ["quantum computing", "ocean"]


def test_choices_are_taken_from_the_question_or_by_default() -> None:
    """An optional choice that is not named is left out, a required one is the first."""
    unit = {"enum": ["metric", "imperial"]}
    required, optional = tool("get_weather", city=TEXT, units=unit), tool("get_weather", city=TEXT, units={**unit, "default": "metric"})

    assert calls("weather in Rome in imperial units", optional) == [("get_weather", {"city": "Rome", "units": "imperial"})]
    assert calls("weather in Rome", optional) == [("get_weather", {"city": "Rome"})]
    assert calls("weather in Rome", required) == [("get_weather", {"city": "Rome", "units": "metric"})]


def test_numbers_are_taken_in_order() -> None:
    """Each numeric parameter takes the next, and an array takes all."""
    add = tool("add_numbers", a=INTEGER, b=INTEGER, exact={"type": "boolean"})
    average = tool("average", values={"type": "array", "items": {"type": "number"}})

    assert calls("add 2 and -3", add) == [("add_numbers", {"a": 2, "b": -3, "exact": False})]
    assert calls("average of 1, 2.5 and 4", average) == [("average", {"values": [1, 2.5, 4]})]


def test_texts_of_one_kind_are_dealt_out() -> None:
    """Two places fill origin and destination of one call."""
    book = tool("book_flight", origin=TEXT, destination=TEXT)

    assert calls("Book a flight from Rome to Oslo", book) == [("book_flight", {"origin": "Rome", "destination": "Oslo"})]
    assert calls("Book a flight to Oslo", book) == []


def test_a_value_may_be_what_is_left_of_the_clause() -> None:
    """After the tool's own words."""
    assert calls("delete the file report.txt", tool("delete_file", path=TEXT)) == [("delete_file", {"path": "report.txt"})]


def test_two_words_of_a_description_fit_as_one_of_the_name() -> None:
    """One alone does not."""
    forecast = tool("meteo", "Forecast the temperature of a city.", city=TEXT)

    assert calls("forecast the temperature in Rome", forecast) == [("meteo", {"city": "Rome"})]
    assert calls("the best city is in Italy", forecast) == []


def test_a_question_that_no_tool_fits_goes_to_a_query() -> None:
    """The rest of the question is answered by its own tools."""
    search = tool("GoogleSearch", query=TEXT)

    assert calls("What is the weather in Oslo and who won the super bowl?", WEATHER, search) == [
        ("get_weather", {"city": "Oslo"}),
        ("GoogleSearch", {"query": "who won the super bowl"}),
    ]


def test_without_parallel_calls_only_the_first_is_made() -> None:
    """As the provider promises."""
    assert calls(DEMO, *TRIO, parallel_tool_calls=False) == [("get_weather", {"city": "Tokyo"})]


def test_the_choice_none_is_kept() -> None:
    """It says what it is instead."""
    reply = planned(DEMO, *TRIO, tool_choice="none")

    assert reply.tool_calls == ()
    assert (reply.content or "").startswith("This is the scripted model, not a language model.")


def test_a_required_call_is_made_even_if_nothing_fits() -> None:
    """The first tool gets what the question has."""
    assert calls("Tell me something about Zug", *TRIO, tool_choice="required") == [("get_weather", {"city": "Zug"})]
    assert calls("?", *TRIO, tool_choice="required") == [("get_weather", {"city": "?"})]


def test_a_named_tool_alone_is_called() -> None:
    """Whatever else the question asks for."""
    choice = {"type": "function", "function": {"name": "get_stock_price"}}

    assert calls(DEMO, *TRIO, tool_choice=choice) == [("get_stock_price", {"ticker": "AAPL"})]


def test_results_are_answered_in_plain_words() -> None:
    """One line for each, without what only repeats the argument."""
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Tokyo"}'}}
    messages = [
        {"role": "user", "content": DEMO},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": '{"city":"Tokyo","temperature_f":71,"condition":"Clear"}'},
    ]

    reply = planned(DEMO, *TRIO, messages=messages)

    assert reply.content == (
        "This is the scripted model, not a language model. The tools answered:\n- get_weather(Tokyo): temperature f 71, condition Clear"
    )


REPORT = {
    "type": "object",
    "properties": {
        "city": TEXT,
        "temperature_f": {"type": "number"},
        "condition": {"enum": ["Clear", "Rain"]},
        "sure": {"type": "boolean"},
    },
    "required": ["city", "temperature_f", "condition", "sure"],
}
FORM = {"type": "json_schema", "json_schema": {"name": "Report", "schema": REPORT}}


def test_an_answer_that_must_have_a_form_has_it() -> None:
    """From the question, where no tool has said anything."""
    reply = planned("It is 71 degrees in Tokyo.", response_format=FORM)

    assert json.loads(reply.content or "") == {"city": "Tokyo", "temperature_f": 71, "condition": "Clear", "sure": False}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"city":"Edo","temperature_f":7.5,"condition":"Rain","sure":true,"other":1}', ["Edo", 7.5, "Rain", True]),
        ('{"city":5,"temperature_f":true,"condition":"Snow","sure":"yes"}', ["Tokyo", 1, "Clear", False]),
        ("Nobody knows.", ["Tokyo", 1, "Clear", False]),
    ],
)
def test_what_the_tools_said_is_answered_where_it_fits(content: str, expected: list[Any]) -> None:
    """By its name, its type and its choices."""
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Tokyo"}'}}
    messages = [
        {"role": "user", "content": "What is the weather in Tokyo?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": content},
    ]

    reply = planned("", WEATHER, messages=messages, response_format=FORM)

    assert [*json.loads(reply.content or "").values()] == expected


def test_tools_are_called_before_an_answer_has_a_form() -> None:
    """Else it would be made up."""
    assert calls("weather in Tokyo", WEATHER, response_format=FORM) == [("get_weather", {"city": "Tokyo"})]


def test_without_tools_it_says_what_it_is() -> None:
    """And repeats the question."""
    assert "not a language model" in (planned("Who are you?").content or "")
    assert "Who are you?" in (planned("Who are you?").content or "")


@pytest.mark.parametrize("question", ["", "?!", "東京の天気は", '"', "and and and", "weather " * 2000, "9" * 500])
def test_no_question_breaks_it(question: str) -> None:
    """Something is always answered."""
    assert planned(question, *TRIO, tool("add", "Add numbers.", a=INTEGER)) is not None
