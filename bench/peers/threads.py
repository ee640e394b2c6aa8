"""The loop that most programs write themselves: the openai SDK and a pool of threads, all in the client's process.

Nothing is kept: when the process ends, its runs are gone. Tools run where the client runs.
"""

from concurrent.futures import Executor

from openai import OpenAI

from bench.peers.parts import Message, complete, tool_message

#: Threads of the pool; no call of the widest workload waits for one.
THREADS = 64
SETTINGS = f"ThreadPoolExecutor({THREADS}) and openai SDK in the client's process"


def answer(client: OpenAI, pool: Executor, model: str, messages: list[Message]) -> list[Message]:
    """The whole transcript, when the model calls no more tools."""
    transcript = list(messages)
    while True:
        reply = complete(client, model, transcript)
        transcript.append(reply)
        if "tool_calls" not in reply:
            return transcript
        transcript += pool.map(tool_message, reply["tool_calls"])
