"""The calls of one tool, with their arguments filled from the question."""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from orchestrator.llm.scripted.parameters import Kind, Parameter, parameters
from orchestrator.llm.scripted.request import Function
from orchestrator.llm.scripted.script import ScriptedCall
from orchestrator.llm.scripted.values import Asked, filler, listed, mentioned, number, numbers, texts
from orchestrator.llm.scripted.words import name_words, stem


def calls_of(function: Function, keywords: frozenset[str], asked: Asked) -> list[ScriptedCall]:
    """One call for each thing that is named; none where the question does not name what the tool needs."""
    known = parameters(function.parameters)
    words = keywords | _words_of_choices(known)
    named = _dealt([each for each in known if each.is_free_text], lambda kind: texts(kind, asked, words))
    if not all(named.values()):
        return []
    count = max((len(values) for values in named.values()), default=1)
    chosen = ({name: values[min(at, len(values) - 1)] for name, values in named.items()} for at in range(count))
    return [ScriptedCall(name=function.name, arguments=_arguments(known, asked, each)) for each in chosen]


def _words_of_choices(known: list[Parameter]) -> frozenset[str]:
    """In "the weather in imperial units" no word is a city."""
    choosing = [each for each in known if each.choices]
    return frozenset(stem(word) for each in choosing for word in (*name_words(each.name), *map(str, each.choices)))


def _dealt(free: list[Parameter], find: Callable[[Kind], list[str]]) -> dict[str, list[str]]:
    """The texts dealt out to the parameters of their kind, in turn: "from Rome to Oslo" fills origin and destination."""
    named: dict[str, list[str]] = {}
    for kind in Kind:
        sharing = [each for each in free if each.kind is kind]
        values = find(kind) if sharing else []
        named |= {each.name: values[at :: len(sharing)] for at, each in enumerate(sharing)}
    return named


def demanded(function: Function, question: str) -> ScriptedCall:
    """The call of a tool with the question itself for all that must be text."""
    known = parameters(function.parameters)
    return ScriptedCall(
        name=function.name, arguments=_arguments(known, Asked([], [], []), {each.name: question for each in known if each.is_free_text})
    )


def takes_any_question(function: Function) -> bool:
    """Its one text is a query."""
    free = [each for each in parameters(function.parameters) if each.is_free_text]
    return len(free) == 1 and "query" in name_words(free[0].name)


def _arguments(known: list[Parameter], asked: Asked, named: Mapping[str, str]) -> dict[str, JsonValue]:
    """The required parameters, and of the others those with a choice that the clauses name."""
    digits = numbers(asked.own)
    filled: dict[str, JsonValue] = {}
    for each in known:
        choice = mentioned(each, asked.own)
        if each.name in named:
            filled[each.name] = named[each.name]
        elif choice is not None:
            filled[each.name] = choice
        elif each.required:
            filled[each.name] = _plain(each, asked, digits)
    return filled


def _plain(parameter: Parameter, asked: Asked, digits: list[float]) -> JsonValue:
    """The value of a required parameter that is no text. A number takes the next of the digits."""
    if parameter.type == "array":
        return listed(parameter, texts(Kind.THING, asked, frozenset()), digits)
    if parameter.type in {"integer", "number"} and digits:
        return number(digits.pop(0), parameter)
    return filler(parameter)
