"""Reports of results that were not paired with their calls."""

from collections.abc import Sequence
from typing import Final

from orchestrator.llm.scripted.signatures import signature
from orchestrator.messages import AssistantMessage, Call, Image, Message, Text, ToolMessage, UserMessage
from tests.reports.report import QUESTION, Answer, History, Report, refused, weather
from tests.reports.said import PARIS, TOKYO, candidate, events, gemini_call, message, streamed, tool_use

_CLAUDE: Final = "anthropic/claude-sonnet-5-5"
_GEMINI: Final = "google/gemini-3.5-flash"
_IMAGE: Final = (Text(text="Here."), Image(url="data:image/png;base64,iVBORw0KGgo="))
_CALLED: Final = AssistantMessage(
    calls=(Call(id="call_a", name="get_weather", arguments=TOKYO), Call(id="call_b", name="get_weather", arguments=PARIS))
)
_A: Final = ToolMessage(tool_call_id="call_a", name="get_weather", content="1")
_B: Final = ToolMessage(tool_call_id="call_b", name="get_weather", content="2")
_OTHER: Final = AssistantMessage(calls=(Call(id="call_c", name="search", arguments="{}"),))
_C: Final = ToolMessage(tool_call_id="call_c", name="search", content="3")
_FOREIGN: Final = "skip_thought_signature_validator"
_SIGNATURE: Final = signature("get_weather", {"city": "Tokyo"})
_ONE_TURN: Final = ("user: text", "assistant: call_a, call_b", "user: result call_a, result call_b")


def _illegal(messages: Sequence[Message], *, chat: str, responses: str, anthropic: str) -> tuple[History, ...]:
    """The same conversation for three formats, and what is at fault in each."""
    models = {"openai/gpt-5-mini": chat, "openai-responses/gpt-5-mini": responses, _CLAUDE: anthropic}
    return tuple(History(model=model, messages=tuple(messages), illegal=path) for model, path in models.items())


HISTORIES: Final = (
    Report(
        number=31,
        sources=("pydantic/pydantic-ai#741",),
        wrong="The results of Claude's parallel calls go back in several messages, which is refused.",
        ours="All results of a turn are in one message, also those of calls that were not run.",
        cases=(
            Answer(
                model=_CLAUDE,
                reply=message(
                    {"type": "text", "text": "I look at all."},
                    tool_use("toolu_a", "Tokyo"),
                    tool_use("toolu_b", "Paris"),
                    {**tool_use("toolu_c", "Oslo"), "name": "rel_tool"},
                ),
                streamed=False,
                content="I look at all.",
                makes=(weather("Tokyo"), weather("Paris"), refused("rel_tool", "unknown_tool")),
                sends=(
                    "user: text",
                    "assistant: text, toolu_a, toolu_b, toolu_c",
                    "user: result toolu_a, result toolu_b, result toolu_c failed",
                ),
            ),
        ),
    ),
    Report(
        number=32,
        sources=("MoonshotAI/kosong#45",),
        wrong="Results are sent in a message each.",
        ours="They are in one message, before what the user says next.",
        cases=(
            History(model=_CLAUDE, messages=(QUESTION, _CALLED, _A, _B), sends=_ONE_TURN),
            History(
                model=_CLAUDE,
                messages=(QUESTION, _CALLED, _A, _B, UserMessage(content="And?")),
                sends=(*_ONE_TURN[:2], f"{_ONE_TURN[2]}, text"),
            ),
        ),
    ),
    Report(
        number=33,
        sources=("1jehuang/jcode#276",),
        wrong="Results with images are split from those with text.",
        ours="An image stays in its result, and the results in one message.",
        cases=(
            History(
                model=_CLAUDE,
                messages=(QUESTION, _CALLED, _A.model_copy(update={"content": _IMAGE}), _B),
                sends=(*_ONE_TURN[:2], "user: result call_a with text and image, result call_b"),
            ),
        ),
    ),
    Report(
        number=34,
        sources=("pydantic/pydantic-ai#562",),
        wrong="One of several calls has no result, and the request is refused.",
        ours="Every call gets a result; a posted conversation that lacks one is refused with its place, and never sent.",
        cases=_illegal(
            (QUESTION, _CALLED, _A), chat="messages.1.tool_calls.1.id", responses="input.2", anthropic="messages.1.content.1.id"
        ),
    ),
    Report(
        number=35,
        sources=("pydantic/pydantic-ai#2360",),
        wrong="What the user says, such as an image of a result, is put between two results.",
        ours="Nothing comes between results; Gemini's images follow all of them. A posted conversation with something between is refused.",
        cases=(
            *_illegal(
                (QUESTION, _CALLED, _A, UserMessage(content="See here."), _B),
                chat="messages.1.tool_calls.1.id",
                responses="input.2",
                anthropic="messages.2.content.2",
            ),
            History(
                model=_GEMINI,
                messages=(QUESTION, _CALLED, _A.model_copy(update={"content": _IMAGE}), _B),
                sends=(
                    "user: text",
                    f'model: get_weather{{"city": "Tokyo"}} signed {_FOREIGN}, get_weather{{"city": "Paris"}}',
                    "user: result get_weather, result get_weather",
                    "user: text, image",
                ),
            ),
        ),
    ),
    Report(
        number=36,
        sources=("pydantic/pydantic-ai#7878",),
        wrong="A made-up exchange is put between a call and the result of its sibling.",
        ours="Nothing is put between a turn and its results; such a conversation is refused before it is sent.",
        cases=_illegal(
            (QUESTION, _CALLED, _A, _OTHER, _C, _B),
            chat="messages.1.tool_calls.1.id",
            responses="input.2",
            anthropic="messages.1.content.1.id",
        ),
    ),
    Report(
        number=37,
        sources=("OpenHands/OpenHands#7512",),
        wrong="Results are dropped when the conversation is made shorter.",
        ours="A run's conversation is never cut; one that was cut before it was posted is refused.",
        cases=_illegal(
            (QUESTION, _CALLED, _B, UserMessage(content="And?")),
            chat="messages.1.tool_calls.0.id",
            responses="input.1",
            anthropic="messages.1.content.0.id",
        ),
    ),
)

SIGNED: Final = (
    Report(
        number=40,
        sources=("cloudwego/eino-ext#571", "microsoft/semantic-kernel#10597", "microsoft/semantic-kernel#12528"),
        wrong="Gemini gets more or fewer results than it made calls.",
        ours="One turn holds a result for each call, in the calls' order; else nothing is sent.",
        cases=(
            History(
                model="google/gemini-2.5-flash",
                messages=(QUESTION, _CALLED, _B, _A),
                sends=(
                    "user: text",
                    'model: get_weather{"city": "Tokyo"}, get_weather{"city": "Paris"}',
                    "user: result get_weather, result get_weather",
                ),
            ),
            History(model=_GEMINI, messages=(QUESTION, _CALLED, _A), illegal="contents.2"),
        ),
    ),
    Report(
        number=41,
        sources=("googleapis/js-genai#1275",),
        wrong="A batch of calls is split over several turns, and the ones without a signature are refused.",
        ours="The batch goes back as one turn, the signature on the call that it came with.",
        cases=(
            Answer(
                model=_GEMINI,
                reply=streamed(
                    events(
                        candidate(gemini_call("Tokyo", thoughtSignature=_SIGNATURE), finish=None),
                        candidate(gemini_call("Paris"), finish=None),
                        candidate({"text": ""}),
                        end="",
                    )
                ),
                makes=(weather("Tokyo"), weather("Paris")),
                sends=(
                    "user: text",
                    f'model: get_weather{{"city": "Tokyo"}} signed {_SIGNATURE}, get_weather{{"city": "Paris"}}',
                    "user: result get_weather, result get_weather",
                ),
            ),
        ),
    ),
    Report(
        number=42,
        sources=("google-gemini/gemini-cli#28579",),
        wrong="The signature is lost while the conversation is stored.",
        ours="The turn is stored as it came, next to our own form of it.",
        cases=(
            Answer(
                model=_GEMINI,
                reply=streamed(
                    events(
                        candidate({"text": "I look.", "thoughtSignature": signature("I look.")}, finish=None),
                        candidate(gemini_call("Tokyo", thoughtSignature=_SIGNATURE)),
                        end="",
                    )
                ),
                content="I look.",
                makes=(weather("Tokyo"),),
                sends=(
                    "user: text",
                    f'model: text signed {signature("I look.")}, get_weather{{"city": "Tokyo"}} signed {_SIGNATURE}',
                    "user: result get_weather",
                ),
            ),
        ),
    ),
    Report(
        number=43,
        sources=("zed-industries/zed#63932",),
        wrong="Vertex AI refuses signatures that the Gemini API lets pass.",
        ours="Its own signatures go back unmodified; a turn of another provider has what Google names for it.",
        cases=(
            Answer(
                model="vertex/gemini-3.5-flash",
                reply=streamed(events(candidate(gemini_call("Tokyo", thoughtSignature=_SIGNATURE)), end="")),
                makes=(weather("Tokyo"),),
                sends=("user: text", f'model: get_weather{{"city": "Tokyo"}} signed {_SIGNATURE}', "user: result get_weather"),
            ),
            History(
                model="vertex/gemini-3.5-flash",
                messages=(QUESTION, _CALLED, _A, _B),
                sends=(
                    "user: text",
                    f'model: get_weather{{"city": "Tokyo"}} signed {_FOREIGN}, get_weather{{"city": "Paris"}}',
                    "user: result get_weather, result get_weather",
                ),
            ),
        ),
    ),
    Report(
        number=44,
        sources=("anthropics/claude-code#63835",),
        wrong="In a turn of 24 blocks a thinking block is changed on its way back.",
        ours="All blocks go back unmodified, in their places.",
        cases=(
            Answer(
                model=_CLAUDE,
                reply=message(
                    *(
                        block
                        for at in range(12)
                        for block in (
                            {"type": "thinking", "thinking": f"Step {at}.", "signature": signature(f"Step {at}.")},
                            tool_use(f"toolu_{at}", f"City {at}"),
                        )
                    )
                ),
                streamed=False,
                makes=tuple(weather(f"City {at}", f"toolu_{at}") for at in range(12)),
                sends=(
                    "user: text",
                    "assistant: " + ", ".join(f"thinking 'Step {at}.', toolu_{at}" for at in range(12)),
                    "user: " + ", ".join(f"result toolu_{at}" for at in range(12)),
                ),
            ),
        ),
    ),
)
