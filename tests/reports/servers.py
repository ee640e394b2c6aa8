"""Reports of servers and gateways whose streams are not what they should be."""

from typing import Final

from orchestrator.llm.scripted import ErrorFault, Reply, StreamStyle
from tests.reports.report import Answer, Failure, Report, weather
from tests.reports.said import OSLO, PARIS, TOKYO, asks, chat, chunk, completion, events, message, part, streamed, tool_use

_TWO: Final = (weather("Tokyo"), weather("Paris"))
_EMPTY: Final = Failure("empty_reply")
_AS_TEXT: Final = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'

SERVERS: Final = (
    Report(
        number=19,
        sources=("QwenLM/Qwen-Agent#943",),
        wrong="Fragments of several calls come mixed, and all that have no id are added to the last call.",
        ours="The index tells which call a fragment belongs to.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(order="interleaved")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=20,
        sources=("0xPlaygrounds/rig#1443",),
        wrong="Gateways use the index 0 again for the next call.",
        ours="Its id begins a new call.",
        cases=(
            Answer(
                model="openrouter/m",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(index="zero")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=21,
        sources=("ggml-org/llama.cpp#18591",),
        wrong="Every call has the index 0, and a `finish_reason` ends each.",
        ours="A stream ends with its last event: what comes after a first end counts too.",
        cases=(
            Answer(
                model="llamacpp/local",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(index="zero", finish="each_call")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=22,
        sources=("ggml-org/llama.cpp#12379",),
        wrong="Each chunk repeats the name, which clients add up.",
        ours="A name that is repeated is the same name.",
        cases=(
            Answer(
                model="llamacpp/local",
                reply=chat(*(part(piece, name="get_weather", call="call_a", index=0) for piece in (TOKYO[:3], TOKYO[3:8], TOKYO[8:]))),
                makes=(weather("Tokyo", "call_a"),),
            ),
            Answer(
                model="llamacpp/local",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(ids="every")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=23,
        sources=("ggml-org/llama.cpp#14101",),
        wrong="Only the first call is parsed; the second is left in the text.",
        ours="What was parsed is run; a call in the text is not guessed at. Where all are in the text, the model is asked again.",
        cases=(
            Answer(
                model="llamacpp/local",
                reply=completion(part(TOKYO, name="get_weather", call="call_a"), content=_AS_TEXT),
                streamed=False,
                content=_AS_TEXT,
                makes=(weather("Tokyo"),),
            ),
            Answer(model="llamacpp/local", reply=Reply(content=_AS_TEXT), fails=Failure("tool_calls_as_text")),
        ),
    ),
    Report(
        number=24,
        sources=("lemonade-sdk/lemonade#1562",),
        wrong="A small model makes several calls, which the server cannot parse: status 500.",
        ours="The model is asked again, within the limits of retries.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=Reply.raw(
                    {
                        "error": {
                            "details": {"response": {"error": {"code": 500, "message": "Failed to parse input", "type": "server_error"}}},
                            "message": "llama-server request failed",
                            "type": "backend_error",
                        }
                    },
                    status=500,
                ),
                fails=Failure("provider_unavailable"),
            ),
        ),
    ),
    Report(
        number=25,
        sources=("vllm-project/vllm#37937",),
        wrong="After status 200, a stream breaks at `max_tokens` within a call.",
        ours="What has come is dropped, and the model call is made again.",
        cases=(
            Answer(
                model="vllm/m",
                reply=streamed(events(chunk(part(TOKYO[:5], name="get_weather", call="call_a", index=0)), end="")),
                fails=Failure("provider_unreachable"),
            ),
            Answer(
                model="vllm/m",
                reply=Reply(tool_calls=asks("Tokyo"), faults=(ErrorFault(status=500, message="list index out of range", after_events=2),)),
                fails=Failure("provider_unavailable"),
            ),
        ),
    ),
    Report(
        number=26,
        sources=("vllm-project/vllm#54701",),
        wrong="Deltas of `tool_calls` are empty, and the stream ends with `tool_calls`.",
        ours="Empty fragments add nothing. Without any call the answer is empty, and asked for again.",
        cases=(
            Answer(
                model="vllm/m",
                reply=chat(
                    part(name="get_weather", call="call_a", index=0), part(index=0), part("", index=0), part(TOKYO, index=0), part(index=0)
                ),
                makes=(weather("Tokyo", "call_a"),),
            ),
            Answer(
                model="vllm/m",
                reply=streamed(events(chunk(role="assistant"), chunk(tool_calls=[]), chunk(tool_calls=[], finish="tool_calls"))),
                fails=_EMPTY,
            ),
        ),
    ),
    Report(
        number=27,
        sources=("ai-dynamo/dynamo#8636",),
        wrong="Parallel calls end in `reasoning_content`, and the stream with `stop`.",
        ours="Reasoning is not searched for calls. The answer is empty, and asked for again.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=streamed(events(chunk(reasoning_content=_AS_TEXT), chunk(reasoning_content=_AS_TEXT), chunk(finish="stop"))),
                fails=_EMPTY,
            ),
        ),
    ),
    Report(
        number=28,
        sources=("skye-harris/hass_local_openai_llm#92",),
        wrong="Two chunks end the stream, and its calls are run twice.",
        ours="Calls are taken once, when the stream is over.",
        cases=(
            Answer(
                model="openrouter/m",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), stream=StreamStyle(finish="twice")),
                makes=_TWO,
            ),
        ),
    ),
    Report(
        number=29,
        sources=("rynfar/meridian#528",),
        wrong="A proxy doubles each `tool_use`, the second time with another id.",
        ours="Nothing tells a doubled call from one that is wanted twice: both are run, and each has its result under its id.",
        cases=(
            Answer(
                model="anthropic/claude-sonnet-5-5",
                reply=message(tool_use("toolu_a", "Tokyo"), tool_use("toolu_b", "Tokyo")),
                streamed=False,
                makes=(weather("Tokyo", "toolu_a"), weather("Tokyo", "toolu_b")),
                sends=("user: text", "assistant: toolu_a, toolu_b", "user: result toolu_a, result toolu_b"),
            ),
            Answer(
                model="anthropic/claude-sonnet-5-5",
                reply=message(tool_use("toolu_a", "Tokyo"), tool_use("toolu_a", "Tokyo")),
                streamed=False,
                makes=(weather("Tokyo", "toolu_a"), weather("Tokyo", "toolu_a_d1")),
                sends=("user: text", "assistant: toolu_a, toolu_a_d1", "user: result toolu_a, result toolu_a_d1"),
            ),
        ),
    ),
    Report(
        number=30,
        sources=("mcowger/plexus#691",),
        wrong="A stream that was translated from Responses gives three calls the index 0, and they become one.",
        ours="Each id begins a call of its own, also where the arguments come in pieces.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=chat(
                    *(
                        fragment
                        for at, args in enumerate((TOKYO, PARIS, OSLO))
                        for fragment in (
                            part("", name="get_weather", call=f"call_{at}", index=0),
                            part(args[:7], index=0),
                            part(args[7:], index=0),
                        )
                    )
                ),
                makes=(weather("Tokyo", "call_0"), weather("Paris", "call_1"), weather("Oslo", "call_2")),
            ),
        ),
    ),
)
