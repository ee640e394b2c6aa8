"""The command that starts a scripted model."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.llm.scripted.loading import ScriptError, load_script
from orchestrator.llm.scripted.server import serve


def scripted_model(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes any free one.", min=0, max=65535)] = 8099,
    script: Annotated[
        Path | None, typer.Option(help="A JSON file with a script. Without one, calls are planned from the tools' schemas.")
    ] = None,
    latency_ms: Annotated[float, typer.Option(help="The time before each reply, in milliseconds.", min=0)] = 0.0,
    log: Annotated[Path | None, typer.Option(help="A file to which every request is appended, a line of JSON each.")] = None,
) -> None:
    """Serve the providers' model APIs from a script: no language model, no key."""
    try:
        loaded = load_script(script) if script else None
    except (OSError, ScriptError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo("This is the scripted model, not a language model. Ctrl+C stops it.", err=True)
    serve(host, port, loaded, latency_ms / 1000, log)
