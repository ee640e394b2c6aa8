"""`toolchord openapi`: the API's description of itself."""

from orchestrator.app import app as api
from orchestrator.cli import output
from orchestrator.cli.options import examples, make_typer

app = make_typer()


@app.command(epilog=examples("toolchord openapi > openapi.json"))
def openapi() -> None:
    """Print the API's OpenAPI document, the same that it serves at /openapi.json. Nothing needs to run."""
    output.print_json(api.openapi())
