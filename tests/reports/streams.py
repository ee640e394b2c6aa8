"""Reports of streams that were put together wrongly."""

from typing import Final

from orchestrator.llm.scripted import Reply, StreamStyle
from tests.reports.report import Answer, Failure, Report, refused, search, weather
from tests.reports.said import (
    OSLO,
    PARIS,
    TOKYO,
    asks,
    candidate,
    chat,
    chunk,
    completion,
    events,
    function_call,
    gemini_call,
    part,
    response,
    streamed,
)

_ANY: Final = "openai-compatible/m"
_TWO: Final = (weather("Tokyo"), weather("Paris"))
_THREE: Final = (*_TWO, weather("Oslo"))
_TWO_NAMED: Final = (weather("Tokyo", "call_a"), weather("Paris", "call_b"))
_A: Final = part("", name="get_weather", call="call_a", index=0)
_B: Final = part("", name="get_weather", call="call_b", index=0)
_EMPTY: Final = Failure("empty_reply")

STREAMS: Final = (
    Report(
        number=1,
        sources=("BerriAI/litellm#21331",),
        wrong="A bridge from Responses gives every call of a stream the index 0.",
        ours="An id of its own begins a call, whatever its index is.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part(TOKYO, name="get_weather", call="call_a", index=0), part(PARIS, name="get_weather", call="call_b", index=0)
                ),
                makes=_TWO_NAMED,
            ),
        ),
    ),
    Report(
        number=2,
        sources=("BerriAI/litellm#16188",),
        wrong="Gemini's calls come in several chunks, each with the index 0, and become one.",
        ours="Each is a call of its own.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    *(part(args, name="get_weather", call=f"call_{args[9]}", index=0) for args in (TOKYO, PARIS, OSLO)), finish="stop"
                ),
                makes=_THREE,
            ),
        ),
    ),
    Report(
        number=3,
        sources=("BerriAI/litellm#39796",),
        wrong="A proxy drops the id and the name of three parallel calls from its stream.",
        ours="Calls without a name are not guessed: the turn is asked for again without a stream.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(*(part(args, index=at) for at, args in enumerate((TOKYO, PARIS, OSLO))), again=asks("Tokyo", "Paris", "Oslo")),
                makes=_THREE,
                repeated=True,
            ),
        ),
    ),
    Report(
        number=4,
        sources=("BerriAI/litellm#37792",),
        wrong="Arguments are an object instead of its text, every index is 0, and the stream ends with `stop`.",
        ours="The object is taken, ids tell the calls apart, and calls count whatever the end is called.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part({"city": "Tokyo"}, name="get_weather", call="u1", index=0),
                    part({"city": "Paris"}, name="get_weather", call="u2", index=0),
                    finish="stop",
                ),
                makes=(weather("Tokyo", "u1"), weather("Paris", "u2")),
            ),
        ),
    ),
    Report(
        number=5,
        sources=("ollama/ollama#15457",),
        wrong="All calls of a stream have the index 0.",
        ours="Each whole call is one of its own.",
        cases=(
            Answer(
                model="ollama/qwen3",
                reply=Reply(tool_calls=asks("Tokyo", "Paris", "Oslo"), stream=StreamStyle(index="zero", arguments="whole")),
                makes=_THREE,
            ),
        ),
    ),
    Report(
        number=6,
        sources=("ollama/ollama#7881",),
        wrong="Calls of a stream have no index.",
        ours="Each whole call is one of its own.",
        cases=(
            Answer(
                model="ollama/qwen3",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(index="none", arguments="whole")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=7,
        sources=("langchain-ai/langchain#34807",),
        wrong="Chunks of one index are merged, and so are the names and ids of two calls of Claude on Bedrock.",
        ours="A new id at an index that is taken begins a new call.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(_A, part(TOKYO[:4], index=0), part(TOKYO[4:], index=0), _B, part(PARIS[:6], index=0), part(PARIS[6:], index=0)),
                makes=_TWO_NAMED,
            ),
        ),
    ),
    Report(
        number=8,
        sources=("langchain-ai/langchain#34654",),
        wrong="Fragments without an index are never merged, and the next request is refused.",
        ours="A fragment without index and id goes on with the call before it, when no other is open.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part("", name="get_weather", call="call_a"),
                    part(TOKYO[:5]),
                    part(TOKYO[5:]),
                    part("", name="search", call="call_b"),
                    part('{"query":'),
                    part('"AI"}'),
                ),
                makes=(weather("Tokyo", "call_a"), search("AI", "call_b")),
                sends=(
                    "user",
                    'assistant: call_a get_weather{"city":"Tokyo"}, call_b search{"query":"AI"}',
                    "tool call_a",
                    "tool call_b",
                ),
            ),
        ),
    ),
    Report(
        number=9,
        sources=("langchain-ai/langchain#40392",),
        wrong="Gemini's calls come in chunks without an index, and a later one overwrites an earlier one.",
        ours="Every call of every chunk is kept, in order.",
        cases=(
            Answer(
                model="google/gemini-3.5-flash",
                reply=streamed(
                    events(
                        candidate(gemini_call("Tokyo"), finish=None),
                        candidate(gemini_call("Paris"), finish=None),
                        candidate(gemini_call("Paris"), finish=None),
                        candidate({"text": ""}),
                        end="",
                    )
                ),
                makes=(*_TWO, weather("Paris")),
            ),
        ),
    ),
    Report(
        number=10,
        sources=("pydantic/pydantic-ai#6759",),
        wrong="Bedrock leaves the id out of finished items, and arguments run under another tool's name.",
        ours="Calls are read whole from the last event, not put together by ids.",
        cases=(
            Answer(
                model="openai-responses/gpt-5-mini",
                reply=streamed(
                    events(
                        *(
                            {"type": f"response.output_item.{step}", "output_index": at, "item": item}
                            for at, call in enumerate((TOKYO, PARIS))
                            for step, item in (
                                ("added", function_call(f"call_{at}", "", id="fc_0")),
                                ("done", function_call(f"call_{at}", call, item_id=f"fc_{at}", output_index=at)),
                            )
                        ),
                        {"type": "response.function_call_arguments.delta", "item_id": "fc_0", "output_index": 0, "delta": PARIS},
                        {
                            "type": "response.completed",
                            "response": response(
                                function_call("call_0", TOKYO, item_id="fc_0", output_index=0),
                                {**function_call("call_1", '{"query":"AI"}', item_id="fc_1", output_index=1), "name": "search"},
                            ),
                        },
                        end="",
                    )
                ),
                makes=(weather("Tokyo", "call_0"), search("AI", "call_1")),
            ),
        ),
    ),
    Report(
        number=11,
        sources=("mozilla-ai/any-llm#970",),
        wrong="The calls of a stream of Anthropic's are passed on with the index 0.",
        ours="Ids tell them apart. In Anthropic's own format, the turn is asked for again without a stream when an index comes twice.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part("", name="get_weather", call="toolu_a", index=0),
                    part(TOKYO, index=0),
                    part("", name="get_weather", call="toolu_b", index=0),
                    part(PARIS, index=0),
                ),
                makes=(weather("Tokyo", "toolu_a"), weather("Paris", "toolu_b")),
            ),
            Answer(
                model="anthropic/claude-sonnet-5-5",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(index="zero")),
                makes=_TWO,
                repeated=True,
            ),
        ),
    ),
    Report(
        number=12,
        sources=("mozilla-ai/any-llm#425",),
        wrong="Of Gemini's parallel calls only one is returned.",
        ours="All are made.",
        cases=(
            Answer(
                model="google/gemini-2.5-flash",
                reply=Reply.raw(candidate({"text": "Both."}, gemini_call("Tokyo"), gemini_call("Paris"))),
                streamed=False,
                content="Both.",
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=13,
        sources=("NousResearch/hermes-agent#62937", "NousResearch/hermes-agent#62940"),
        wrong="The arguments of several calls come fused in one, `{..}{..}`, and the tool is run with `{}`.",
        ours="Fused in a stream, they make the turn be asked for again, whole; in a whole answer the call is not run, and the model told.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(_A, part(TOKYO, index=0), part(PARIS, index=0), part(OSLO, index=0), again=asks("Tokyo", "Paris", "Oslo")),
                makes=_THREE,
                repeated=True,
            ),
            Answer(
                model=_ANY,
                reply=completion(part(TOKYO + PARIS, name="get_weather", call="call_a")),
                streamed=False,
                makes=(refused("get_weather", "invalid_arguments"),),
            ),
        ),
    ),
    Report(
        number=14,
        sources=("su-kaka/gcli2api#406",),
        wrong="Calls with the index 0 are fused; with that history Gemini says nothing, which is taken for success.",
        ours="The calls stay apart, and an answer that says nothing is asked for again.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(*(part(args, name="get_weather", call=f"call_{args[9]}", index=0) for args in (TOKYO, PARIS, OSLO))),
                makes=_THREE,
            ),
            Answer(model="google/gemini-3.5-flash", reply=Reply.raw(candidate()), streamed=False, fails=_EMPTY),
            Answer(model=_ANY, reply=streamed(events(chunk(content=""), chunk(finish="stop"))), fails=_EMPTY),
        ),
    ),
    Report(
        number=15,
        sources=("noho/dayu-agent#82",),
        wrong="Gemini's compatible endpoint sends one call a chunk without an index, and wants its signature back.",
        ours="The calls stay apart, and the signature goes back on its call.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part(TOKYO, name="get_weather", call="call_a", extra_content={"google": {"thought_signature": "c2ln"}}),
                    part(PARIS, name="get_weather", call="call_b"),
                    finish="stop",
                ),
                makes=_TWO_NAMED,
                sends=(
                    "user",
                    'assistant: call_a get_weather{"city":"Tokyo"} signed c2ln, call_b get_weather{"city":"Paris"}',
                    "tool call_a",
                    "tool call_b",
                ),
            ),
        ),
    ),
    Report(
        number=16,
        sources=("dyedd/lens#49",),
        wrong="The second call's arguments come under the first one's index, without an id and a name.",
        ours="Two objects in one call are never run: the turn is asked for again without a stream.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(_A, part(TOKYO, name="", index=0), part(PARIS, name="", index=0), again=asks("Tokyo", "Paris")),
                makes=_TWO,
                repeated=True,
            ),
        ),
    ),
    Report(
        number=17,
        sources=("oracle/langchain-oracle#253",),
        wrong="Fragments without an id are given to the first call.",
        ours="They go to the call that began last.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(
                    part("", name="get_weather", call="call_a"),
                    *(part(piece) for piece in (TOKYO[:6], TOKYO[6:])),
                    part("", name="get_weather", call="call_b"),
                    *(part(piece) for piece in (PARIS[:6], PARIS[6:])),
                ),
                makes=_TWO_NAMED,
            ),
        ),
    ),
    Report(
        number=18,
        sources=("google-deepmind/amplio#3",),
        wrong="Two calls have the same index, and what follows without an id goes to the wrong one.",
        ours="Where both may be meant, the turn is asked for again without a stream.",
        cases=(
            Answer(
                model=_ANY,
                reply=chat(_A, _B, part(TOKYO, index=0), part(PARIS, index=0), again=asks("Tokyo", "Paris")),
                makes=_TWO,
                repeated=True,
            ),
            Answer(
                model=_ANY,
                reply=chat(
                    part(TOKYO[:5], name="get_weather", call="call_a", index=0),
                    part(PARIS[:5], name="get_weather", call="call_b", index=0),
                    part(TOKYO[5:], index=0),
                    part(PARIS[5:], index=0),
                    again=asks("Tokyo", "Paris"),
                ),
                makes=_TWO,
                repeated=True,
            ),
        ),
    ),
)
