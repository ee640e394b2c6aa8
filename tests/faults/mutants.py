"""Toolchords with one of their guards taken out, to see that the checker of histories notices."""

import importlib.util
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.acceptance.conftest import ROOT

_PACKAGES = ("orchestrator", "workers", "tasks", "migrations")


class Edit(NamedTuple):
    """A text of a file, which occurs there once, and what stands in its place."""

    path: str
    old: str
    new: str


_TAKE = """    wanted = insert(IdempotencyKey).values(key=key, fingerprint=fingerprint, run_id=run_id)
    anew = {"fingerprint": fingerprint, "run_id": run_id, "created_at": func.now()}
    expired = IdempotencyKey.created_at < from_now(-KEPT_S)
    won = session.execute(wanted.on_conflict_do_update(index_elements=["key"], set_=anew, where=expired).returning(IdempotencyKey.run_id))
    if won.scalar_one_or_none() is not None:
        return Taken(run_id, fingerprint)
    kept = select(IdempotencyKey.run_id, IdempotencyKey.fingerprint).where(IdempotencyKey.key == key)
    return Taken(*session.execute(kept).one())
"""
_CHECK_THEN_INSERT = """    kept = select(IdempotencyKey.run_id, IdempotencyKey.fingerprint).where(IdempotencyKey.key == key)
    if found := session.execute(kept).first():
        return Taken(*found)
    session.execute(insert(IdempotencyKey).values(key=key, fingerprint=fingerprint, run_id=run_id))
    return Taken(run_id, fingerprint)
"""

#: What is taken out, by the guard's name.
MUTANTS: Mapping[str, tuple[Edit, ...]] = {
    "fence": (
        Edit(
            "tasks/grants.py",
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n  redis.call('INCR', KEYS[4])\n  return {0}\nend\n",
            "",
        ),
        Edit("orchestrator/settle.py", "if result is not None and result.call.attempt == call.attempt:", "if result is not None:"),
    ),
    "unique key": (
        Edit(
            "migrations/versions/v20261121_0001_initial_schema.py",
            '        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),\n',
            "",
        ),
        Edit("orchestrator/store/keys.py", _TAKE, _CHECK_THEN_INSERT),
    ),
    "grant check": (
        Edit("tasks/grants.py", "if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return false end\n", ""),
        Edit(
            "tasks/grants.py",
            "redis.call('DEL', KEYS[1])\nredis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])\n",
            "redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])\n",
        ),
    ),
    "sweep": (Edit("orchestrator/watcher.py", "        if not self.lead():\n            return\n", "        return\n"),),
}


def mutate(folder: Path, edits: Iterable[Edit]) -> None:
    """Copies the packages into the folder and edits them there."""
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path, old, new in edits:
        file = folder / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        file.write_text(text.replace(old, new))


def unused(folder: Path, edits: Iterable[Edit]) -> list[str]:
    """The edited files of a folder that no process has imported: it leaves compiled code where it has."""
    files = [folder / edit.path for edit in edits]
    return [str(file) for file in files if not Path(importlib.util.cache_from_source(str(file))).exists()]
