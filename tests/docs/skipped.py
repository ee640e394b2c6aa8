"""Commands of the documentation that the tests do not run, each with the reason."""

from typing import Final

#: What a command begins with, and why it is not run.
SKIPPED: Final[dict[str, str]] = {
    "make env": "The tests run in what it makes.",
    "make demo": "tests/acceptance runs `toolchord demo`.",
    "make test": "These are the tests.",
    "make faults ": "Takes 20 minutes; tests/faults/test_campaign.py runs a campaign.",
    "docker compose ": "Needs Docker; tests/acceptance/test_compose.py starts the file's own commands.",
    "docker build ": "Needs Docker; tests/acceptance/test_compose.py reads the Dockerfile.",
    "source .venv/bin/activate": "The tests run with it.",
    "python3.11 -m venv ": "tests/acceptance/test_worker_environment.py makes such an environment.",
    ".venv/bin/pip install ": "As above.",
}


def reason(command: str) -> str | None:
    """Why this command is not run; None when it is."""
    return next((why for start, why in SKIPPED.items() if command.startswith(start)), None)
