"""Reports of ids that are repeated, doubled or missing, and of items out of order."""

from typing import Final

from orchestrator.llm.scripted import Reply
from orchestrator.llm.scripted.signatures import signature
from orchestrator.messages import AssistantMessage, Call, RawTurn, ToolMessage, UserMessage
from tests.reports import scenarios
from tests.reports.report import QUESTION, Answer, History, Report, Scenario, weather
from tests.reports.said import PARIS, TOKYO, Json, chat, completion, function_call, part, response

_KIMI: Final = "functions.get_weather:0"
_EARLIER: Final = (
    UserMessage(content="Weather?"),
    AssistantMessage(calls=(Call(id=_KIMI, name="get_weather", arguments=TOKYO),)),
    ToolMessage(tool_call_id=_KIMI, name="get_weather", content="1"),
    AssistantMessage(content="Mild."),
)


def _thought(number: int) -> Json:
    return {"type": "reasoning", "id": f"rs_{number}", "summary": [], "encrypted_content": signature(f"rs_{number}")}


def _turn(number: int, arguments: str) -> AssistantMessage:
    """A turn of Azure's whose call is `fc_2` each time."""
    call_id = f"call_{number}"
    raw = RawTurn(provider="azure-responses", data=[_thought(number), function_call(call_id, arguments, id="fc_2")])
    return AssistantMessage(calls=(Call(id=call_id, name="get_weather", arguments=arguments),), raw=raw)


def _result(number: int) -> ToolMessage:
    return ToolMessage(tool_call_id=f"call_{number}", name="get_weather", content="1")


INTERRUPTED: Final = (
    Report(
        number=38,
        sources=("livekit/agents#5092", "livekit/agents#6569"),
        wrong="An interruption leaves a call without a result for ever; made again, the call takes effect twice.",
        ours="Whatever ends a run answers its open calls; a call that has begun is not begun again, and its late result is dropped.",
        cases=(Scenario(scenarios.an_interrupted_call_is_answered_and_not_made_again),),
    ),
    Report(
        number=39,
        sources=("openai/openai-agents-python#3004",),
        wrong="One call of a batch waits for an approval; when it comes, the output of the other call is lost.",
        ours="Toolchord has no approvals. While one call waits, here for its retry, the others' results are kept, whoever goes on.",
        cases=(Scenario(scenarios.results_are_kept_while_a_sibling_waits),),
    ),
)

IDENTITIES: Final = (
    Report(
        number=45,
        sources=("vllm-project/vllm#50295", "fw-ai/fireconnect#16"),
        wrong="Kimi's ids begin anew in each turn.",
        ours="An id that the conversation has already gets a suffix; the first keeps its own.",
        cases=(
            Answer(
                model="vllm/moonshotai/Kimi-K2",
                reply=completion(part(PARIS, name="get_weather", call=_KIMI)),
                streamed=False,
                before=_EARLIER,
                makes=(weather("Paris", f"{_KIMI}_d1"),),
            ),
        ),
    ),
    Report(
        number=46,
        sources=("open-webui/open-webui#28570",),
        wrong="A call with an id of an earlier round is dropped but its result kept, and the chat is refused from then on.",
        ours="The call is run, and stands in the next request with its result.",
        cases=(
            Answer(
                model="openrouter/moonshotai/kimi-k3",
                reply=completion(
                    part(PARIS, name="get_weather", call=_KIMI), part(TOKYO, name="get_weather", call="functions.get_weather:1")
                ),
                streamed=False,
                before=_EARLIER,
                makes=(weather("Paris", f"{_KIMI}_d1"), weather("Tokyo", "functions.get_weather:1")),
                sends=(
                    "user",
                    f"assistant: {_KIMI} get_weather{TOKYO}",
                    f"tool {_KIMI}",
                    "assistant",
                    "user",
                    f"assistant: {_KIMI}_d1 get_weather{PARIS}, functions.get_weather:1 get_weather{TOKYO}",
                    f"tool {_KIMI}_d1",
                    "tool functions.get_weather:1",
                ),
            ),
        ),
    ),
    Report(
        number=47,
        sources=("QwenLM/qwen-code#8382",),
        wrong="A guard takes every call whose id was seen before for a duplicate, and the session stalls.",
        ours="A call is known by its run, turn and place, never by its provider's id.",
        cases=(Scenario(scenarios.a_repeated_id_stops_nothing),),
    ),
    Report(
        number=48,
        sources=("NousResearch/hermes-agent#67777",),
        wrong="Two calls of one batch have the same id, and one result vanishes.",
        ours="Both are run, under ids of their own.",
        cases=(
            Answer(
                model="ollama/kimi-k2",
                reply=chat(
                    part(TOKYO, name="get_weather", call="call_a", index=0), part(PARIS, name="get_weather", call="call_a", index=1)
                ),
                makes=(weather("Tokyo", "call_a"), weather("Paris", "call_a_d1")),
                sends=(
                    "user",
                    f"assistant: call_a get_weather{TOKYO}, call_a_d1 get_weather{PARIS}",
                    "tool call_a",
                    "tool call_a_d1",
                ),
            ),
        ),
    ),
    Report(
        number=49,
        sources=("anomalyco/opencode#32748",),
        wrong="Azure, also behind OpenRouter, refuses a second item with the id `fc_2`.",
        ours="No id is given back twice.",
        cases=(
            Answer(
                model="openrouter/openai/gpt-5.4",
                reply=completion(part(TOKYO, name="get_weather", call="fc_2"), part(PARIS, name="get_weather", call="fc_2")),
                streamed=False,
                makes=(weather("Tokyo", "fc_2"), weather("Paris", "fc_2_d1")),
                sends=("user", f"assistant: fc_2 get_weather{TOKYO}, fc_2_d1 get_weather{PARIS}", "tool fc_2", "tool fc_2_d1"),
            ),
            History(
                model="azure-responses/my-deployment",
                messages=(QUESTION, _turn(1, TOKYO), _result(1), _turn(2, PARIS), _result(2)),
                sends=(
                    "user",
                    "reasoning #rs_1",
                    "call call_1 #fc_2",
                    "output call_1",
                    "reasoning #rs_2",
                    "call call_2 #fc_2_d1",
                    "output call_2",
                ),
            ),
        ),
    ),
    Report(
        number=50,
        sources=("run-llama/llama_index#20207",),
        wrong="Calls with empty ids become one.",
        ours="Each gets an id.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=completion(part(TOKYO, name="get_weather", call=""), part(PARIS, name="get_weather", call="")),
                streamed=False,
                makes=(weather("Tokyo", "call_1_0"), weather("Paris", "call_1_1")),
                sends=(
                    "user",
                    f"assistant: call_1_0 get_weather{TOKYO}, call_1_1 get_weather{PARIS}",
                    "tool call_1_0",
                    "tool call_1_1",
                ),
            ),
        ),
    ),
    Report(
        number=51,
        sources=("vercel/ai#16577",),
        wrong="Results are sent in the order in which they came, which breaks the prompt cache.",
        ours="They are sent in the order of their calls, in every format.",
        cases=(Scenario(scenarios.results_are_sent_in_the_order_of_their_calls),),
    ),
    Report(
        number=52,
        sources=(),
        wrong="DeepSeek misses the outputs of two calls with a message between them.",
        ours="The calls of a turn go back next to each other, after what was said.",
        cases=(
            Answer(
                model="openai-responses/gpt-5-mini",
                reply=Reply.raw(
                    response(
                        _thought(1),
                        function_call("call_a", TOKYO, id="fc_1"),
                        {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Then."}]},
                        function_call("call_b", PARIS, id="fc_2"),
                    )
                ),
                streamed=False,
                content="Then.",
                makes=(weather("Tokyo", "call_a"), weather("Paris", "call_b")),
                sends=(
                    "user",
                    "assistant",
                    "reasoning #rs_1",
                    "call call_a #fc_1",
                    "call call_b #fc_2",
                    "output call_a",
                    "output call_b",
                ),
            ),
        ),
    ),
)
