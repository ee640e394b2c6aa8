"""The log of requests."""

from pathlib import Path

from orchestrator.llm.scripted.log import ReceivedRequest, RequestLog


def test_a_request_is_kept_with_its_body() -> None:
    """As JSON, or as text where it is none."""
    log = RequestLog()

    log.add("1", "/v1/chat/completions", [(b"x-note", b"a")], b'{"model":"scripted"}')
    log.add("2", "/v1/chat/completions", [], b"{")

    assert [(each.request_id, each.headers, each.body) for each in log.requests()] == [
        ("1", {"x-note": "a"}, {"model": "scripted"}),
        ("2", {}, "{"),
    ]


def test_no_key_is_kept() -> None:
    """In none of the headers that hold one."""
    log = RequestLog()

    log.add(
        "1",
        "/v1/chat/completions",
        [(b"authorization", b"Bearer secret"), *((name, b"secret") for name in (b"api-key", b"x-api-key", b"x-goog-api-key", b"cookie"))],
        b"{}",
    )

    assert "secret" not in log.requests()[0].model_dump_json()


def test_only_the_newest_requests_are_kept() -> None:
    """By number."""
    log = RequestLog(most=2)

    for number in range(5):
        log.add(str(number), "/v1/chat/completions", [], b"{}")

    assert [each.request_id for each in log.requests()] == ["3", "4"]


def test_bodies_are_bounded_together() -> None:
    """The newest is kept however long it is."""
    log = RequestLog(most_bytes=10)

    for number, length in enumerate([4, 4, 4, 100]):
        log.add(str(number), "/v1/chat/completions", [], b"1" * length)
        assert len(log.requests()) == [1, 2, 2, 1][number]


def test_a_cleared_log_is_empty() -> None:
    """And fills again."""
    log = RequestLog(most_bytes=10)
    log.add("1", "/v1/chat/completions", [], b"1" * 10)

    log.clear()
    log.add("2", "/v1/chat/completions", [], b"1" * 10)

    assert [each.request_id for each in log.requests()] == ["2"]


def test_every_request_is_appended_to_the_file(tmp_path: Path) -> None:
    """Those too that are kept no longer, and whatever the file held before."""
    file = tmp_path / "requests.jsonl"
    for request_id in ("1", "2"):
        RequestLog(most=1, file=file).add(request_id, "/v1/chat/completions", [(b"authorization", b"secret")], b'{"n":1}')

    lines = [ReceivedRequest.model_validate_json(line) for line in file.read_text().splitlines()]

    assert [(each.request_id, each.headers, each.body) for each in lines] == [("1", {}, {"n": 1}), ("2", {}, {"n": 1})]
