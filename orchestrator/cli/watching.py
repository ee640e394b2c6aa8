"""A run, followed until its end."""

from rich.console import Console

from orchestrator.cli import views
from orchestrator.cli.client import Client, read
from orchestrator.client.http import JsonObject
from orchestrator.schemas.run import RunObject


def watch(client: Client, run_id: str, console: Console | None) -> JsonObject:
    """Shows the run while it goes on, if there is a console, and gives it as it ended."""
    answer: JsonObject = {}
    with views.shown_on(console) as show:
        for answer in client.follow(run_id):
            show(read(RunObject, answer))
    return answer
