"""What Google's Gemini API and Vertex AI refuse, in Google's words where they are known."""

import base64
import re
from typing import Any, Final

from pydantic import JsonValue, ValidationError
from pydantic.alias_generators import to_snake

from orchestrator.llm.scripted.forms.gemini import Content, FunctionCall, GeminiRequest, Part
from orchestrator.llm.scripted.refusal import RequestError, first_flaw, unknown_keys
from orchestrator.llm.scripted.signatures import is_ours, signs, standard

_ROLES = "Please use a valid role: user, model."
_COUNT = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn."
_RESPONSE_TURN = "Please ensure that function response turn comes immediately after a function call turn."
_CALL_TURN = "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
_NAMES = "Please ensure that function response parts have the names of the function call parts, in their order: expected {}, got {}."
_IDS = "Please ensure that function response parts have the ids of the function call parts, in their order: expected {}, got {}."
_UNSIGNED = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing "
    "thought_signature may lead to degraded model performance. Additional data, function call `default_api:{}` , position {}."
)
_CORRUPTED = "Corrupted thought signature."
_BAD_NAME = (
    "Invalid function name '{}'. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), "
    "dots (.), colons (:), or dashes (-), with a maximum length of 64."
)

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
#: The fields of a request, which may be in snake_case too.
_FIELDS: Final = (
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "labels",
    "modelArmorConfig",
    "serviceTier",
    "store",
)
_KNOWN: Final = frozenset({*_FIELDS, *map(to_snake, _FIELDS)})
#: The modes that constrain calls, by name and by number.
_CONSTRAINING: Final = frozenset({"ANY", "VALIDATED", "2", "4"})
#: They give signatures, and take a history without.
_LENIENT_MODELS: Final = re.compile(r"gemini-(?:pro|[12])\b.*")
#: What stands in the place of a signature in a history that another model wrote.
_SKIPPING: Final = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
_SKIPS: Final = frozenset(standard(each).rstrip("=") for text in _SKIPPING for each in (text, base64.b64encode(text.encode()).decode()))


def check(body: Any, *, model: str = "", own: bool = False) -> GeminiRequest:
    """The request. Raises RequestError. `model` is the path's; without one, the strictest is meant. `own`: the scripted model gave
    all signatures."""
    try:
        request = GeminiRequest.model_validate(body)
    except ValidationError as error:
        raise _refusal(error, body) from None
    for key in unknown_keys(body, _KNOWN):
        raise RequestError(f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.')
    _check_tools(request)
    for content in request.contents:
        if content.role not in {"user", "model"}:
            raise RequestError(_ROLES)
        if not content.parts:
            raise RequestError("* GenerateContentRequest.contents.parts: contents.parts must not be empty.")
    _check_turns(request.contents)
    _check_signatures(request.contents, required=not _LENIENT_MODELS.fullmatch(model), own=own)
    return request


def _refusal(error: ValidationError, body: Any) -> RequestError:
    where, kind, said = first_flaw(error, body)
    if where == "contents" and kind in {"missing", "too_short"}:
        return RequestError("* GenerateContentRequest.contents: contents is not specified")
    return RequestError(f"Invalid value at '{where}': {said}" if where else f"Invalid JSON payload received. {said}")


def _check_tools(request: GeminiRequest) -> None:
    names = [each.name for each in request.declarations]
    for name in (*names, *(call.name for content in request.contents for call in content.calls)):
        if not _NAME.fullmatch(name):
            raise RequestError(_BAD_NAME.format(name))
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"Duplicate function declaration found: {name}")
    constrained = str(request.calling.mode).upper() in _CONSTRAINING
    allowed = request.calling.allowed_function_names or ()
    if constrained and not names:
        raise RequestError("Function calling config is set without function_declarations.")
    if allowed and not constrained:
        raise RequestError("allowed_function_names should be set only when function calling mode is ANY.")
    for name in allowed:
        if name not in names:
            raise RequestError(f"Function name '{name}' in allowed_function_names is not in function_declarations.")


def _check_turns(contents: tuple[Content, ...]) -> None:
    """A turn with calls follows a user's and is followed by one turn with their results."""
    for at, content in enumerate(contents):
        before = contents[at - 1] if at else Content()
        after = contents[at + 1] if at + 1 < len(contents) else Content()
        if content.responses and content.role != "user":
            raise RequestError(_ROLES)
        if content.responses and not before.calls:
            raise RequestError(_RESPONSE_TURN)
        if content.calls:
            if content.role != "model" or before.role != "user":
                raise RequestError(_CALL_TURN)
            _check_results(content, after)


def _check_results(called: Content, answered: Content) -> None:
    """As many as calls, with their names and ids, in their order."""
    calls, responses = called.calls, answered.responses
    if len(calls) != len(responses):
        raise RequestError(_COUNT)
    names, given = [each.name for each in calls], [each.name for each in responses]
    if names != given:
        raise RequestError(_NAMES.format(names, given))
    ids = [each.id for each in calls]
    answered_ids = [response.id if call.id is not None else None for call, response in zip(calls, responses, strict=True)]
    if ids != answered_ids:
        raise RequestError(_IDS.format(ids, answered_ids))


def _check_signatures(contents: tuple[Content, ...], *, required: bool, own: bool) -> None:
    """Since the user spoke, the first call of each turn has its signature; wherever there is one, it stands where it was given."""
    spoken = max((at for at, content in enumerate(contents) if content.role == "user" and not content.responses), default=-1)
    for at, content in enumerate(contents):
        first = next((index for index, part in enumerate(content.parts) if part.function_call), None)
        for index, part in enumerate(content.parts):
            call = part.function_call
            if call and part.thought_signature is None and index == first and required and at > spoken:
                raise RequestError(_UNSIGNED.format(call.name, index + 1))
            _check_signature(part, own=own)


def _check_signature(part: Part, *, own: bool) -> None:
    given = part.thought_signature
    if given is None or standard(given).rstrip("=") in _SKIPS:
        return
    if (own or is_ours(given)) and not signs(given, *signed_by(part.function_call, part.text)):
        raise RequestError(_CORRUPTED)


def signed_by(call: FunctionCall | None, text: str | None) -> tuple[JsonValue, ...]:
    """What the signature of a part signs."""
    return (call.name, dict(call.args or {})) if call else (text or "",)
