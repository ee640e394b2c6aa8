"""Reports of arguments, flags and names."""

import json
from typing import Final

from orchestrator import chat
from orchestrator.llm.scripted import Reply, ScriptedCall
from tests.reports import said, scenarios
from tests.reports.report import Answer, History, Made, Report, Scenario, refused, weather
from tests.reports.said import PARIS, TOKYO, asks, chunk, completion, events, message, part, streamed, tool_use

_CUT: Final = PARIS[:8]
_INVALID: Final = json.dumps({"INVALID_JSON": _CUT})
_NO_FLAG: Final = ("parallel_tool_calls",)
_WRAPPED: Final = json.dumps(
    {
        "tool_uses": [
            {"recipient_name": "functions.get_weather", "parameters": {"city": "Tokyo"}},
            {"recipient_name": "functions.search", "parameters": {"query": "AI"}},
        ]
    }
)
_POSTED: Final = (
    {"role": "user", "content": "Go on."},
    {"role": "assistant", "tool_calls": [{"id": "call_a", "type": "function", "function": {"name": "search", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "call_a", "content": "1"},
)

ARGUMENTS: Final = (
    Report(
        number=53,
        sources=("microsoft/autogen#5666", "simonw/llm#1164", "agno-agi/agno#10254"),
        wrong='A tool without parameters is called with the arguments `""`, which are no JSON.',
        ours="No arguments are `{}`.",
        cases=(
            Answer(
                model="openrouter/anthropic/claude-sonnet-4.5",
                reply=completion(part("", name="search", call="call_a"), part(TOKYO, name="get_weather", call="call_b")),
                streamed=False,
                makes=(Made("search", {}), weather("Tokyo")),
            ),
            Answer(
                model="openai-compatible/m",
                reply=said.chat(part("", name="search", call="call_a", index=0), part("", name="search", call="call_b", index=1)),
                makes=(Made("search", {}, "call_a"), Made("search", {}, "call_b")),
            ),
        ),
    ),
    Report(
        number=54,
        sources=("vllm-project/vllm#19419",),
        wrong='Arguments `""` of an earlier call crash the server.',
        ours="The call goes back with `{}`, also where the conversation was posted.",
        cases=(
            Answer(
                model="vllm/m",
                reply=completion(part("", name="search", call="call_a")),
                streamed=False,
                makes=(Made("search", {}),),
                sends=("user", "assistant: call_a search{}", "tool call_a"),
            ),
            History(model="vllm/m", messages=chat.read(_POSTED), sends=("user", "assistant: call_a search{}", "tool call_a")),
        ),
    ),
    Report(
        number=55,
        sources=("OpenRouterTeam/ai-sdk-provider#287",),
        wrong="A call lacks the key `arguments`.",
        ours="No arguments are `{}`.",
        cases=(
            Answer(
                model="openrouter/m",
                reply=completion(part(name="search", call="call_a")),
                streamed=False,
                makes=(Made("search", {}),),
                sends=("user", "assistant: call_a search{}", "tool call_a"),
            ),
            Answer(model="openrouter/m", reply=said.chat(part(name="search", call="call_a", index=0)), makes=(Made("search", {}),)),
        ),
    ),
    Report(
        number=56,
        sources=("NousResearch/hermes-agent#7680", "NousResearch/hermes-agent#35151"),
        wrong="Arguments that were cut off are replaced by `{}`, and the call succeeds.",
        ours="The last call of an answer that was cut off is not run, and the model is told why. Those before it are.",
        cases=(
            Answer(
                model="openai-compatible/m",
                reply=completion(
                    part(TOKYO, name="get_weather", call="call_a"), part(_CUT, name="get_weather", call="call_b"), finish="length"
                ),
                streamed=False,
                makes=(weather("Tokyo"), refused("get_weather", "truncated_call")),
                sends=("user", f"assistant: call_a get_weather{TOKYO}, call_b get_weather{_INVALID}", "tool call_a", "tool call_b"),
            ),
            Answer(
                model="openai-compatible/m",
                reply=said.chat(
                    part(TOKYO, name="get_weather", call="call_a", index=0),
                    part(_CUT, name="get_weather", call="call_b", index=1),
                    finish="length",
                ),
                makes=(weather("Tokyo"), refused("get_weather", "truncated_call")),
            ),
        ),
    ),
    Report(
        number=57,
        sources=("MiaAI-Lab/DeepSeek-v4-Flash-DSpark-2x-DGX-Spark#55",),
        wrong="An answer that was cut off ends with `tool_calls`; its half arguments make the whole conversation be refused.",
        ours="Arguments that are no JSON object are not run, and go back in one that says so.",
        cases=(
            Answer(
                model="vllm/deepseek",
                reply=completion(part(_CUT, name="get_weather", call="call_a")),
                streamed=False,
                makes=(refused("get_weather", "invalid_arguments"),),
                sends=("user", f"assistant: call_a get_weather{_INVALID}", "tool call_a"),
            ),
        ),
    ),
    Report(
        number=58,
        sources=("jaseci-labs/jac#6766",),
        wrong="A call that was cut off is valid JSON by chance, and runs with half its arguments.",
        ours="It is not run: what counts is that the answer was cut off.",
        cases=(
            Answer(
                model="openai/gpt-5-mini",
                reply=Reply(tool_calls=asks("Tokyo", "Paris"), finish_reason="length"),
                makes=(weather("Tokyo"), refused("get_weather", "truncated_call")),
            ),
            Answer(
                model="anthropic/claude-sonnet-5-5",
                reply=message(tool_use("toolu_a", "Tokyo"), stop_reason="max_tokens"),
                streamed=False,
                makes=(refused("get_weather", "truncated_call"),),
            ),
        ),
    ),
    Report(
        number=59,
        sources=("langchain-ai/langchain#29704", "microsoft/semantic-kernel#10365"),
        wrong="Reasoning models refuse `parallel_tool_calls`.",
        ours="It is sent only where it was set and the model takes it; else it is left out, and the run has a warning.",
        cases=(
            History(model="openai/o3-mini", options={"parallel_tool_calls": True}, without=_NO_FLAG, warns=("parallel_flag_ignored",)),
            History(model="azure/o3-mini", options={"parallel_tool_calls": False}, without=_NO_FLAG, warns=("parallel_flag_ignored",)),
            History(model="openai/o3-mini", without=_NO_FLAG),
        ),
    ),
    Report(
        number=60,
        sources=("Upsonic/Upsonic#323",),
        wrong="`parallel_tool_calls` is refused in a request without tools.",
        ours="Without tools it is left out.",
        cases=(
            History(
                model="openai/gpt-5-mini",
                options={"tools": (), "parallel_tool_calls": True, "tool_choice": "auto"},
                without=(*_NO_FLAG, "tools", "tool_choice"),
            ),
        ),
    ),
    Report(
        number=61,
        sources=("lmstudio-ai/lmstudio-bug-tracker#1756",),
        wrong="`parallel_tool_calls: false` is ignored, and the model makes the same call nine times.",
        ours="The run has a warning that the flag is not kept; `max_tool_calls` bounds what is run.",
        cases=(
            History(model="lmstudio/local", options={"parallel_tool_calls": False}, without=_NO_FLAG, warns=("parallel_flag_ignored",)),
            Scenario(scenarios.calls_beyond_a_limit_are_answered_and_not_made),
        ),
    ),
    Report(
        number=62,
        sources=("microsoft/vscode#296449",),
        wrong="Claude Opus makes identical calls in one answer.",
        ours="Each is run once and has its result: a repetition may be meant.",
        cases=(
            Answer(
                model="anthropic/claude-opus-5-5",
                reply=Reply(tool_calls=asks("Tokyo", "Tokyo")),
                makes=(weather("Tokyo"), weather("Tokyo")),
            ),
            Scenario(scenarios.identical_calls_are_made_once_each),
        ),
    ),
    Report(
        number=63,
        sources=("anomalyco/opencode#38332",),
        wrong="The model calls `multi_tool_use.parallel`, which does not exist.",
        ours="The calls inside are run in its place, each with an id.",
        cases=(
            Answer(
                model="openai/gpt-5-mini",
                reply=Reply(tool_calls=(ScriptedCall(name="multi_tool_use.parallel", arguments=_WRAPPED), *asks("Paris"))),
                makes=(weather("Tokyo", "call_1_0"), Made("search", {"query": "AI"}, "call_1_1"), weather("Paris")),
            ),
            Answer(
                model="openai-responses/gpt-5-mini",
                reply=Reply(tool_calls=(ScriptedCall(name="multi_tool_use.parallel", arguments=_WRAPPED, id="call_w"),)),
                streamed=False,
                makes=(weather("Tokyo"), Made("search", {"query": "AI"})),
                sends=("user", "call call_1_0", "call call_1_1", "output call_1_0", "output call_1_1"),
            ),
        ),
    ),
    Report(
        number=64,
        sources=("deepset-ai/haystack-core-integrations#3321",),
        wrong="An SDK drops the ids of calls.",
        ours="Calls without ids get some, the same whenever the answer is read.",
        cases=(
            Answer(
                model="ollama/qwen3",
                reply=completion(part(TOKYO, name="get_weather"), part(PARIS, name="get_weather")),
                streamed=False,
                makes=(weather("Tokyo", "call_1_0"), weather("Paris", "call_1_1")),
            ),
            Answer(
                model="ollama/qwen3",
                reply=streamed(
                    events(chunk(part(TOKYO, name="get_weather", index=0), part(PARIS, name="get_weather", index=1)), chunk(finish="stop"))
                ),
                makes=(weather("Tokyo", "call_1_0"), weather("Paris", "call_1_1")),
            ),
        ),
    ),
)
