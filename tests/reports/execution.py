"""Reports of calls that were run, and of what became of their siblings."""

from typing import Final

from orchestrator.llm.model import ResponseFormat
from orchestrator.llm.scripted import Reply, ScriptedCall
from tests.reports import extractions, scenarios
from tests.reports.report import Answer, Extraction, Report, Scenario, refused, search, weather

_FORM: Final = ResponseFormat(name="city", answer_schema={"type": "object", "properties": {"city": {"type": "string"}}})

EXECUTION: Final = (
    Report(
        number=65,
        sources=("openai/openai-agents-python#2580", "openai/openai-agents-python#2584"),
        wrong="One call fails, and the outputs of all are lost.",
        ours="A failure is the result of one call; the others have theirs.",
        cases=(Scenario(scenarios.a_failure_between_others_is_one_result),),
    ),
    Report(
        number=66,
        sources=("openai/openai-agents-python#4185",),
        wrong="After a failure the siblings are not awaited.",
        ours="The model is asked again when every call has ended.",
        cases=(Scenario(scenarios.siblings_are_awaited_after_a_failure),),
    ),
    Report(
        number=67,
        sources=("anthropics/claude-code#64346",),
        wrong="One `grep` that finds nothing cancels 26 siblings.",
        ours="A failure cancels nothing, unless the run is to `fail_fast`.",
        cases=(Scenario(scenarios.a_failure_cancels_none_of_26),),
    ),
    Report(
        number=68,
        sources=("huggingface/smolagents#2457",),
        wrong="The first failure discards the successes.",
        ours="Results are kept as they come.",
        cases=(Scenario(scenarios.successes_outlive_a_first_failure),),
    ),
    Report(
        number=69,
        sources=("langchain-ai/deepagents#694",),
        wrong="An error in one of several calls ends the whole turn.",
        ours="Failures, timeouts and tools that do not exist are each one result, and the turn goes on.",
        cases=(Scenario(scenarios.every_kind_of_failure_is_one_result),),
    ),
    Report(
        number=70,
        sources=("567-labs/instructor#528",),
        wrong="A model that makes no call crashes the parallel mode.",
        ours="`calls` is empty, and `output` has what the model said.",
        cases=(Extraction(extractions.words_instead_of_calls_are_no_crash),),
    ),
    Report(
        number=71,
        sources=("567-labs/instructor#2501",),
        wrong="The parallel mode raises `TypeError` on every call.",
        ours="An iterable of a union gives objects, in every format.",
        cases=(Extraction(extractions.calls_of_a_union_are_objects),),
    ),
    Report(
        number=72,
        sources=("567-labs/instructor#2502",),
        wrong="The parallel calls of Vertex AI are not parsed.",
        ours="They give objects, as those of the Gemini API do.",
        cases=(Extraction(extractions.calls_of_vertex_are_objects),),
    ),
    Report(
        number=73,
        sources=("pydantic/pydantic-ai#3791",),
        wrong="A tool that gives the final answer is taken before the calls that stand beside it.",
        ours="The calls run; the answer is not taken until it is given alone, with their results known.",
        cases=(
            Answer(
                model="deepseek/deepseek-chat",
                reply=Reply(
                    tool_calls=(
                        ScriptedCall.of("search", query="AI"),
                        ScriptedCall.of("final_answer", city="Tokyo"),
                        ScriptedCall.of("get_weather", city="Tokyo"),
                    )
                ),
                options={"response_format": _FORM},
                makes=(search("AI"), refused("final_answer", "final_answer_not_alone"), weather("Tokyo")),
            ),
            Answer(
                model="deepseek/deepseek-chat",
                reply=Reply(tool_calls=(ScriptedCall.of("final_answer", city="Tokyo"),)),
                options={"response_format": _FORM},
                content='{"city":"Tokyo"}',
            ),
        ),
    ),
)
