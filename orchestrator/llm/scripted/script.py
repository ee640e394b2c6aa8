"""The script of a scripted model: what it answers, to whom and in which order."""

import json
import re
from typing import Any, Final, Literal, Self, cast

from pydantic import (
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

from orchestrator.llm.scripted.faults import ErrorFault, Fault, RawFault, Strict

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class ScriptedCall(Strict):
    """One tool call of a reply."""

    name: str
    arguments: dict[str, JsonValue] | str | None = Field(
        default_factory=dict[str, JsonValue], description="An object; or text that is sent as it stands, right or wrong; or null."
    )
    id: str | None = Field(
        default=None, description="Left out: a fresh id. Given, and be it empty, null or a repeated one: sent as it stands."
    )

    @classmethod
    def of(cls, name: str, /, **arguments: JsonValue) -> Self:
        """A call with a fresh id."""
        return cls(name=name, arguments=arguments)

    @property
    def has_own_id(self) -> bool:
        return "id" in self.model_fields_set

    @property
    def arguments_text(self) -> str | None:
        if isinstance(self.arguments, dict):
            return _COMPACT.encode(self.arguments)
        return self.arguments

    @property
    def arguments_value(self) -> JsonValue:
        """For the formats in which arguments are no text: the object, or a text that is no JSON as it stands."""
        if not isinstance(self.arguments, str):
            return self.arguments or {}
        try:
            value: JsonValue = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return self.arguments
        return value

    def identity(self, fresh: str) -> str | None:
        """The id that the script gives, else the fresh one."""
        return self.id if self.has_own_id else fresh

    @model_serializer(mode="wrap")
    def _without_fresh_id(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = dump(self)
        return dumped if self.has_own_id else {key: value for key, value in dumped.items() if key != "id"}


class TokenCounts(Strict):
    """The usage that a reply reports, counted as OpenAI does: cached tokens are prompt tokens and reasoning tokens completion tokens."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    cost: float = Field(default=0.0, ge=0, description="In credits; only OpenRouter reports it.")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.cached_tokens + self.cache_write_tokens > self.prompt_tokens:
            raise ValueError("cached_tokens and cache_write_tokens are part of prompt_tokens")
        if self.reasoning_tokens > self.completion_tokens:
            raise ValueError("reasoning_tokens are part of completion_tokens")
        return self


class StreamStyle(Strict):
    """How a stream departs from what its provider documents, as servers in the field do."""

    index: Literal["position", "zero", "none", "from_one"] = Field(
        default="position", description="The calls' index: 0 for all, left out, or one too many. Chat, Responses, Messages."
    )
    ids: Literal["opening", "every", "first_call"] = Field(
        default="opening", description="Ids and names in every fragment too, or no id but the first call's. Chat alone, as what follows."
    )
    arguments: Literal["fragments", "whole", "null", "missing"] = Field(
        default="fragments", description="In a call's first chunk: empty, all of them, null, or no such key."
    )
    order: Literal["in_turn", "interleaved", "fused"] = Field(
        default="in_turn", description="Calls one after the other, their fragments mixed, or all arguments in one call: {..}{..}."
    )
    finish: Literal["once", "twice", "each_call"] = Field(default="once", description="Where finish_reason comes.")


class Reply(Strict):
    """The answer to one model call."""

    content: str | None = Field(default=None, description="May hold {tool_results} and {last_user}.")
    refusal: str | None = None
    reasoning: str | None = Field(default=None, description="What the model thought, with the signature that the provider gives.")
    tool_calls: tuple[ScriptedCall, ...] = ()
    finish_reason: str | None = Field(
        default=None,
        description="Null: tool_calls where there are some, else stop. OpenAI's stop, tool_calls, length and content_filter are said in "
        "the provider's words, any other as it stands.",
    )
    usage: TokenCounts | None = Field(default=None, description="Null: one token for each 4 characters.")
    latency_s: float | None = Field(default=None, ge=0, description="Before the first byte; null: the script's.")
    stream: StreamStyle = StreamStyle()
    chunk_delay_s: float = Field(default=0.0, ge=0, description="Between the chunks of a stream.")
    faults: tuple[Fault, ...] = Field(default=(), description="What the first attempts get, in order, before the answer comes.")

    @field_validator("faults")
    @classmethod
    def _endless_fault_is_last(cls, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        if any(fault.times is None for fault in faults[:-1]):
            raise ValueError("only the last fault may leave out `times`: what comes after it would never be seen")
        return faults

    @classmethod
    def error(cls, status: int, message: str, **fields: Any) -> Self:
        """A reply that is an error; `fields` are those of `ErrorFault`."""
        return cls(faults=(ErrorFault(status=status, message=message, **fields),))

    @classmethod
    def raw(cls, body: JsonValue, **fields: Any) -> Self:
        """A reply that is any body; `fields` are those of `RawFault`."""
        return cls(faults=(RawFault(body=body, **fields),))

    def fault(self, attempt: int) -> Fault | None:
        """The fault that attempt number `attempt`, from 1 on, meets."""
        for fault in self.faults:
            if fault.times is None or attempt <= fault.times:
                return fault
            attempt -= fault.times
        return None


class Match(Strict):
    """Which conversations are meant: each condition that is given must hold, so that an empty one fits all."""

    contains: str | None = Field(default=None, description="Part of the last user message, in upper or lower case.")
    regex: re.Pattern[str] | None = Field(default=None, description="Searched for in the last user message.")
    model: str | None = Field(default=None, description="The model name of the request.")

    def fits(self, question: str, model: str) -> bool:
        return (
            (self.contains is None or self.contains.casefold() in question.casefold())
            and (self.regex is None or self.regex.search(question) is not None)
            and (self.model is None or self.model == model)
        )

    @field_serializer("regex")
    def _pattern(self, regex: re.Pattern[str] | None) -> str | None:
        return regex.pattern if regex else None


class Conversation(Strict):
    """The replies to one user message: one for each model call, until the user speaks again."""

    when: Match = Match()
    replies: tuple[Reply, ...] = Field(min_length=1)
    repeat_last: bool = Field(default=False, description="Give the last reply again for ever, instead of an error when all are used.")

    def reply(self, step: int) -> Reply | None:
        """The reply to model call `step`, from 0 on, or None when the script has no more."""
        if step < len(self.replies):
            return self.replies[step]
        return self.replies[-1] if self.repeat_last else None


class Script(Strict):
    """Conversations; the first that fits answers. `{"replies": [...]}` is short for one conversation that fits all."""

    conversations: tuple[Conversation, ...] = Field(min_length=1)
    latency_s: float | None = Field(default=None, ge=0, description="Before the first byte of each reply; null: the server's.")

    @model_validator(mode="before")
    @classmethod
    def _one_conversation(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "replies" not in value or "conversations" in value:
            return value  # pyright: ignore[reportUnknownVariableType] - pydantic checks it next
        rest = cast("dict[str, Any]", value).copy()
        conversation = {key: rest.pop(key) for key in ("when", "replies", "repeat_last") if key in rest}
        return {"conversations": [conversation], **rest}

    @classmethod
    def of(cls, *replies: Reply, repeat_last: bool = False, latency_s: float | None = None) -> Self:
        """A script of one conversation that fits every question."""
        return cls(conversations=(Conversation(replies=replies, repeat_last=repeat_last),), latency_s=latency_s)

    def conversation(self, question: str, model: str) -> Conversation | None:
        return next((each for each in self.conversations if each.when.fits(question, model)), None)
