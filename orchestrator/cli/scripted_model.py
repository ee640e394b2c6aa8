"""`toolchord scripted-model`: the model that needs no key."""

from orchestrator.cli.options import examples, make_typer
from orchestrator.llm.scripted.command import scripted_model

app = make_typer()
app.command(epilog=examples("toolchord scripted-model --port 8099", "toolchord scripted-model --script replies.json --latency-ms 50"))(
    scripted_model
)
