"""`toolchord up`: the whole stack in the foreground."""

import json
import os
from contextlib import suppress
from typing import Annotated

from typer import Option

from orchestrator.cli import configuration, local, models, output
from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.options import AsJson, examples, make_typer
from orchestrator.client.api import DEFAULT_URL
from orchestrator.llm import setup
from orchestrator.llm.provider import Access
from orchestrator.processes.ports import LOOPBACK
from orchestrator.settings import Settings
from orchestrator.stack import Stack

_QUESTION = "What is the weather in Tokyo and in Oslo?"

app = make_typer()


@app.command(epilog=examples("toolchord up", "toolchord up --fresh --port 9000", "OPENAI_API_KEY=... toolchord up"))
def up(
    *,
    fresh: Annotated[bool, Option("--fresh", help="Forget the data of the embedded Postgres and Redis first.")] = False,
    host: Annotated[str, Option(metavar="ADDRESS", help="The address that the API listens on; 0.0.0.0 lets other machines in.")] = LOOPBACK,
    port: Annotated[
        int | None, Option(min=1, max=65535, metavar="PORT", help="The API's port; by default 8000 or the next free one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole stack on this machine until Ctrl-C or SIGTERM.

    Starts the API, the coordinator, the watcher, two tool workers and Flower; Postgres and Redis where DATABASE_URL and
    REDIS_URL are not set, and the scripted model where no provider of models is set up. What dies is started
    again. Data and logs are kept in the data folder (TOOLCHORD_DATA_DIR, by default .toolchord); TOOLCHORD_TOOLS names the
    modules of your tools.
    """
    settings = configuration.load()
    access = models.load(os.environ)
    stack = Stack(settings, os.environ, fresh=fresh, host=host, port=port)
    if host != LOOPBACK:
        output.note(f"The API has no authentication: whoever reaches {host} can use it.")
    for doubt in models.doubts(settings.model, access):
        output.note(doubt)
    with local.running(stack, settings) as here:
        if as_json:
            output.print_json(here.model_dump(mode="json"))
        else:
            _tell(here, stack, settings, access)
        # Both ask for the end of what runs until it is asked to end.
        with suppress(KeyboardInterrupt, SystemExit):
            stack.watch()


def _tell(here: LocalStack, stack: Stack, settings: Settings, access: Access) -> None:
    user, password = stack.flower_auth
    output.say("Toolchord is up. Ctrl-C stops it.", "bold")
    output.say("")
    facts = {
        "API": here.api_url,
        "API docs": f"{here.api_url}/docs",
        "Flower": f"{here.flower_url}  user {user}, password {password}",
        **_models(here, settings, access),
        "Logs": str((settings.data_dir / "logs").resolve()),
    }
    output.say(output.facts(facts))
    output.say("")
    if here.api_url != DEFAULT_URL:
        output.say(f"export TOOLCHORD_API_URL={here.api_url}")
    output.say(f'toolchord run "{_QUESTION}" --all-tools')
    output.say(_curl(here.api_url))


def _models(here: LocalStack, settings: Settings, access: Access) -> dict[str, str]:
    if here.scripted:
        return {"Model": f"scripted model, not a language model  {str(here.model_url).removesuffix('/v1')}"}
    return {"Model": f"{settings.model}  {models.place(settings.model, access)}", "Providers": ", ".join(setup.titles(access))}


def _curl(api_url: str) -> str:
    body = json.dumps({"messages": [{"role": "user", "content": _QUESTION}], "tools": "all"})
    return f"curl -sS {api_url}/v1/runs -H 'Content-Type: application/json' -H 'Prefer: wait=10' -d '{body}'"
