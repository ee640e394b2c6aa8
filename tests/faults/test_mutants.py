"""The checker of histories notices when one of Toolchord's guards is missing, and says nothing when all are there."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.conftest import Faulty, toolchord
from tests.faults.mutants import MUTANTS, mutate, unused
from tests.faults.scenes import SCENES, play

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True, scope="module")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """The processes import from their PYTHONPATH, and not from where the tests were started, and leave traces of that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.delenv("PYTHONPYCACHEPREFIX", raising=False)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Generator[Faulty]:
    """A copy of Toolchord with all its guards."""
    code = tmp_path_factory.mktemp("code")
    mutate(code, ())
    with toolchord(tmp_path_factory.mktemp("whole"), code) as client:
        yield client


def test_every_guard_has_its_scene() -> None:
    """What can be taken out is missed."""
    assert MUTANTS.keys() == SCENES.keys()


@pytest.mark.parametrize("guard", MUTANTS)
def test_without_a_guard_the_checker_finds_a_violation(tmp_path: Path, guard: str) -> None:
    """Processes that run without it leave a history that breaks what it is for."""
    code, folder = tmp_path / "code", tmp_path / "stack"
    folder.mkdir()
    mutate(code, MUTANTS[guard])
    with toolchord(folder, code) as client:
        history = play(client, guard)

    assert unused(code, MUTANTS[guard]) == []
    assert SCENES[guard][1] in {violation.invariant for violation in check(history)}


@pytest.mark.parametrize("guard", MUTANTS)
def test_with_all_guards_the_checker_finds_nothing(whole: Faulty, guard: str) -> None:
    """The same scene leaves a history that is as it should be."""
    assert [str(violation) for violation in check(play(whole, guard))] == []
