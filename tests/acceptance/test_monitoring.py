"""What the processes tell of the runs: enough to follow them, and never what was said in them."""

from httpx2 import BasicAuth, Client, codes

from orchestrator.llm.scripted import Reply, ScriptedCall
from tests.acceptance.local import PATIENCE_S, Local, asking
from tests.acceptance.waiting import until

_CANARY = "c4n4ry-9f1b"


def _flower(local: Local) -> Client:
    return Client(base_url=local.stack.flower_url, timeout=30, trust_env=False, auth=BasicAuth(*local.stack.flower_auth))


def test_flower_asks_for_its_password(local: Local) -> None:
    """Pages and API alike."""
    with Client(base_url=local.stack.flower_url, timeout=30, trust_env=False) as stranger, _flower(local) as known:
        refused = [stranger.get(path).status_code for path in ("/", "/tasks", "/api/tasks", "/api/workers")]
        wrong = stranger.get("/api/tasks", auth=BasicAuth("toolchord", "wrong")).status_code
        admitted = known.get("/workers").status_code

    assert ({*refused, wrong}, admitted) == ({codes.UNAUTHORIZED}, codes.OK)


def test_flower_shows_a_call_by_its_run_and_tool_and_not_its_arguments(local: Local) -> None:
    """The task's id is the call's and its attempt; its arguments are names only."""
    run = local.run(
        asking(ScriptedCall.of("ping", note=_CANARY), ScriptedCall.of("doze", label=_CANARY, seconds=0)),
        Reply(content="ok"),
        tools=["ping", "doze"],
    )

    with _flower(local) as flower:
        for call in run.tool_calls:
            task_id = f"{call.id}.1"
            shown = until(lambda task_id=task_id: _shown(flower, task_id), local.stack.check, PATIENCE_S)
            assert all(word in shown for word in (run.id, call.name, f"'index': {call.index}", "tool.call", "SUCCESS")), shown
            assert _CANARY not in shown
            page = flower.get(f"/task/{task_id}").text
            assert (run.id in page, call.name in page, _CANARY in page) == (True, True, False)
        assert _CANARY not in flower.get("/api/tasks").text


def test_nothing_that_was_said_reaches_a_log(local: Local) -> None:
    """Prompts, arguments, results, the words of errors and a model's broken replies stay in Postgres."""
    calls = (
        ScriptedCall.of("nap", label=_CANARY, seconds=0),
        ScriptedCall.of("doze", label=_CANARY, seconds=0),
        *(
            ScriptedCall.of(tool, way=way, words=_CANARY)
            for tool in ("fail", "fail_in_process")
            for way in ("error", "tool_failed", "exit")
        ),
        ScriptedCall(name="ping", arguments=f'{{"note":"{_CANARY}"'),
        ScriptedCall.of("ping", wrong=_CANARY),
        ScriptedCall.of(f"no_{_CANARY}"),
        ScriptedCall.of("die"),
    )
    tools = ["nap", "doze", "fail", "fail_in_process", "ping", "die"]
    broken = Reply.error(400, f"I cannot read {_CANARY}.", code="invalid_request_error")

    answered = local.run(asking(*calls, content=_CANARY), Reply(content=_CANARY), tools=tools, prompt=_CANARY, metadata={"key": _CANARY})
    failed = local.run(asking(ScriptedCall.of("ping", note=_CANARY)), broken, tools=tools, prompt=_CANARY)

    logs = local.logs()
    assert (answered.status, failed.status) == ("completed", "failed")
    assert {name for name, text in logs.items() if _CANARY in text} == set()
    assert {"api", "coordinator", "watcher", "worker-io", "worker-default", "flower"} <= {name.removesuffix(".log") for name in logs}
    assert "tool_fault" in logs["worker-io.log"]


def _shown(flower: Client, task_id: str) -> str | None:
    """What Flower's API tells of a task that has ended."""
    answer = flower.get(f"/api/task/info/{task_id}")
    return answer.text if answer.is_success and "SUCCESS" in answer.text else None
