"""tasks/tools/news.py: the simulated headlines."""

import json

import pytest

from tasks.invoke import invoke
from tasks.tools.news import get_news_headlines


@pytest.mark.parametrize("topic", ["AI", "ai", "chess", "", "{0}", "{"])
def test_any_topic_has_three_headlines(topic: str) -> None:
    """Also one that looks like a template."""
    headlines = json.loads(invoke(get_news_headlines, {"topic": topic}).content)

    assert len(headlines) == 3
    assert headlines == json.loads(invoke(get_news_headlines, {"topic": topic}).content)


def test_it_runs_among_many() -> None:
    """An async tool goes to the queue of threads."""
    assert (get_news_headlines.spec.queue, get_news_headlines.spec.idempotent) == ("io", True)
