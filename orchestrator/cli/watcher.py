"""`toolchord watcher`: a process of its own beside the coordinator."""

from orchestrator import watcher
from orchestrator.cli.options import examples, make_typer

app = make_typer()


@app.command(epilog=examples("toolchord watcher"))
def watch() -> None:
    """Run a watcher until SIGTERM or Ctrl-C. Any number may run; one of them leads."""
    watcher.main()
