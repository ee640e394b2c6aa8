"""`python -m orchestrator.llm.scripted`."""

import typer

from orchestrator.llm.scripted.command import scripted_model

if __name__ == "__main__":
    typer.run(scripted_model)
