"""The house rules that no linter knows, and the proof that the import contracts can break."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "tasks", "workers", "migrations")
FOLDERS = (*PACKAGES, "tests", "bench", "examples", "scripts")
CANVAS = {"Signature", "chain", "chord", "chunks", "group", "maybe_signature", "signature", "subtask", "xmap", "xstarmap"}
CANVAS_FILES = {"tasks/app.py", "workers/app.py", "orchestrator/dispatch.py", "orchestrator/coordinator.py"}
IGNORE = re.compile(r"#\s*(?:noqa|type: ignore|pyright: ignore|pragma)\b(?P<rest>.*)")
CODES_AND_REASON = re.compile(r"\s*(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[\w, -]+\])\W+\w+")


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def _imports_canvas(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in {"celery", "celery.canvas"}:
            if node.module == "celery.canvas" or CANVAS & {alias.name for alias in node.names}:
                return True
        elif isinstance(node, ast.Import) and "celery.canvas" in {alias.name for alias in node.names}:
            return True
    return False


def _unexplained(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        ignore = IGNORE.search(line)
        if ignore and not CODES_AND_REASON.match(ignore["rest"]):
            yield f"{_name(path)}:{number}"


def test_no_file_is_longer_than_400_lines() -> None:
    """A file holds one noun."""
    assert [_name(path) for path in _files() if len(path.read_text().splitlines()) > 400] == []


def test_no_function_is_longer_than_50_lines() -> None:
    """A function fits on a screen. A migration is a list of statements and no function to understand."""
    files = [path for path in _files() if path.parent != ROOT / "migrations" / "versions"]

    assert [f"{_name(path)} {name}" for path in files for name, lines in _functions(path) if lines > 50] == []


def test_four_files_build_chords() -> None:
    """Celery's canvas stays where it is known how it fails."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]

    assert {_name(path) for path in files if _imports_canvas(path)} <= CANVAS_FILES


def test_every_ignored_finding_names_its_code_and_its_reason() -> None:
    """A linter is silenced for one finding, and a reader learns why."""
    this = Path(__file__).resolve()

    assert [place for path in _files() if path.resolve() != this for place in _unexplained(path)] == []


@pytest.mark.parametrize(
    ("line", "explained"),
    [
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S101", False),
        ("x = 1  # noqa: S101, ANN401 - the reason", True),
        ("x = 1  # pyright: ignore[reportPrivateUsage]", False),
        ("x = 1  # pyright: ignore[reportPrivateUsage]  # The reason.", True),
    ],
)
def test_an_ignored_finding_without_a_reason_is_noticed(line: str, explained: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """The rule above can fail."""
    ignore = IGNORE.search(line)

    assert ignore is not None
    assert bool(CODES_AND_REASON.match(ignore["rest"])) is explained


def _lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages, to break contracts in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold(tree: Path) -> None:
    """Nobody imports what is not for him."""
    result = _lint_imports(tree)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("orchestrator/settings.py", "workers.settings", "The sides know nothing of each other"),
        ("workers/settings.py", "orchestrator.ids", "The sides know nothing of each other"),
        ("tasks/names.py", "orchestrator.ids", "tasks imports neither side"),
        ("tasks/names.py", "sqlalchemy", "tasks and workers hold no database"),
        ("workers/settings.py", "openai", "tasks and workers hold no database"),
        ("orchestrator/client/api.py", "sqlalchemy", "the client holds no database"),
        ("orchestrator/client/api.py", "tasks.broker", "the client holds no database"),
        ("orchestrator/ids.py", "tasks.tools", "tools are for workers alone"),
        ("orchestrator/ids.py", "celery", "few modules know Celery"),
        ("migrations/env.py", "orchestrator.settings", "migrations see the tables only"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(tree: Path, importer: str, imported: str, contract: str) -> None:
    """Each import contract stops what it is for."""
    with (tree / importer).open("a") as file:
        file.write(f"\nimport {imported}\n")

    result = _lint_imports(tree)

    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(rf"^{contract}.*BROKEN", result.stdout, re.MULTILINE), result.stdout


def test_a_worker_process_loads_neither_database_nor_web_framework_nor_model_client() -> None:
    """What is loaded counts, not only what is written: all tools included."""
    absent = {"sqlalchemy", "psycopg", "alembic", "fastapi", "starlette", "openai", "orchestrator"}
    code = f"import sys, workers.app, tasks.tools; print(sorted({absent!r} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
