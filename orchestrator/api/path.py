"""What the paths of the API name."""

from typing import Annotated

from fastapi import Depends, Path

from orchestrator.errors import NotFound
from orchestrator.ids import RUN_ID


async def _formed(run_id: Annotated[str, Path(examples=["run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"])]) -> str:
    """What has not the form of an id is no run's, and is not looked up."""
    if not RUN_ID.fullmatch(run_id):
        raise NotFound
    return run_id


RunId = Annotated[str, Depends(_formed)]
