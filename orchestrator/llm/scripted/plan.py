"""The plan of the demo: which tools to call, by simple rules. It is no language model and does not pretend to be one."""

from dataclasses import dataclass
from operator import itemgetter

from orchestrator.llm.scripted.answer import answer
from orchestrator.llm.scripted.calls import calls_of, demanded, takes_any_question
from orchestrator.llm.scripted.parameters import fields
from orchestrator.llm.scripted.request import ChatRequest, Function, NamedChoice
from orchestrator.llm.scripted.script import Reply, ScriptedCall
from orchestrator.llm.scripted.summary import nothing_fits, summary
from orchestrator.llm.scripted.transcript import Standing
from orchestrator.llm.scripted.values import Asked
from orchestrator.llm.scripted.words import GENERIC, OPENERS, Clause, Words, clauses, name_words, segments, stem


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A tool that is offered, and the stems by which a question may mean it."""

    function: Function
    by_name: frozenset[str]
    by_description: frozenset[str]

    def fits(self, words: Words) -> bool:
        """One word of its name or two of its description are among the words."""
        stems = {word.stem for word in words if word.lower not in GENERIC}
        return bool(stems & self.by_name) or len(stems & self.by_description) > 1


def plan(request: ChatRequest, standing: Standing) -> Reply:
    """The demo's answer to this request."""
    if request.tool_choice == "none" or not request.functions:
        return _last_word(request, standing)
    named = request.tool_choice.function.name if isinstance(request.tool_choice, NamedChoice) else None
    forced = named is not None or request.tool_choice == "required"
    if standing.results and not forced:
        return _last_word(request, standing)
    offered = [_candidate(function) for function in request.functions if named in (None, function.name)]
    calls = _planned(standing.question, offered) or (_forced(standing.question, offered[0]) if forced else [])
    if request.parallel_tool_calls is False:
        calls = calls[:1]
    return Reply(tool_calls=tuple(calls)) if calls else _last_word(request, standing)


def _last_word(request: ChatRequest, standing: Standing) -> Reply:
    if request.answer_schema is not None:
        form = Function(name="answer", parameters=request.answer_schema)
        asked = fields(_forced(standing.question, _candidate(form))[0].arguments)
        return Reply(content=answer(request.answer_schema, asked, standing.results))
    return Reply(content=summary(standing.results) if standing.results else nothing_fits(standing.question))


def _candidate(function: Function) -> _Candidate:
    words = name_words(function.name)
    stems = frozenset(stem(word) for word in words if word not in GENERIC) or frozenset(stem(word) for word in words)
    return _Candidate(function=function, by_name=stems, by_description=_described(function))


def _described(function: Function) -> frozenset[str]:
    """After the first, only words in small letters: the others are examples, such as Paris."""
    words = [word for segment in segments(function.description) for word in segment]
    return frozenset(word.stem for at, word in enumerate(words) if (at == 0 or word.text.islower()) and word.lower not in GENERIC)


def _planned(question: str, offered: list[_Candidate]) -> list[ScriptedCall]:
    """The calls, in the order in which the question comes to their tools."""
    found = clauses(question, lambda words: any(each.fits(words) for each in offered))
    fitting = [(each, [clause for clause in found if each.fits(clause.words)]) for each in offered]
    loose = [clause for clause in found if not any(clause in own for _, own in fitting)]
    placed = [
        (found.index(own[0]), call)
        for each, own in fitting
        if own
        for call in calls_of(each.function, each.by_name, Asked(own, loose, found))
    ]
    placed += [(found.index(clause), call) for clause in loose for call in _general(clause, offered)]
    return [call for _, call in sorted(placed, key=itemgetter(0))]


def _forced(question: str, only: _Candidate) -> list[ScriptedCall]:
    """The calls of a tool that must be called although the question does not fit it."""
    found = clauses(question, only.fits)
    return calls_of(only.function, only.by_name, Asked(found, found, found)) or [demanded(only.function, question)]


def _general(clause: Clause, offered: list[_Candidate]) -> list[ScriptedCall]:
    """A question that no tool fits goes to the first tool that takes a query."""
    tool = next((each.function for each in offered if takes_any_question(each.function)), None)
    return [demanded(tool, clause.text)] if tool and clause.head[0].lower in OPENERS else []
