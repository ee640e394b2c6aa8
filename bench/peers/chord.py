"""The bare Celery chord on Redis: each turn's tool calls are its header, the next model call is its callback.

The client makes the first model call and waits with `AsyncResult.get`, as Celery's guide shows. A callback whose model
asks for more tools replaces itself by the next chord. Nothing is kept: a lost message or callback is a lost run.
Settings are Celery's defaults (tasks acknowledged early, four messages for each thread prefetched, results kept,
as chords need them) with JSON only and a queue and a worker process for each kind of work.
"""

from functools import cache
from typing import Any

from celery import Celery, Task, chord
from openai import OpenAI

from bench.peers.parts import Message, complete, connect, tool_message

TOOLS_QUEUE, TURNS_QUEUE = "tools", "turns"
SETTINGS = "workers with thread pools for tools (64) and callbacks (16), acknowledged early, prefetch 4, AsyncResult.get"
_TIMEOUT_S = 60.0

app = Celery("bench.peers.chord")
app.conf.update(
    accept_content=["json"],
    result_accept_content=["json"],
    task_default_queue=TOOLS_QUEUE,
    task_routes={"bench.peers.chord.proceed": {"queue": TURNS_QUEUE}},
)


@app.task
def call(requested: Message) -> Message:
    """One tool call."""
    return tool_message(requested)


@app.task(bind=True)
def proceed(self: Task[..., Any], answers: list[Message], transcript: list[Message], model: str) -> list[Message]:
    """The callback: the next model call. Gives the whole transcript when there are no more tool calls."""
    transcript = [*transcript, *answers]
    transcript.append(complete(_client(), model, transcript))
    return self.replace(_turn(transcript, model)) if "tool_calls" in transcript[-1] else transcript


def answer(client: OpenAI, model: str, messages: list[Message]) -> list[Message]:
    """The whole transcript, when the model calls no more tools."""
    transcript = [*messages, complete(client, model, messages)]
    return _turn(transcript, model).delay().get(timeout=_TIMEOUT_S) if "tool_calls" in transcript[-1] else transcript


def _turn(transcript: list[Message], model: str) -> chord:
    return chord([call.s(requested) for requested in transcript[-1]["tool_calls"]], proceed.s(transcript, model))


@cache
def _client() -> OpenAI:
    return connect()
