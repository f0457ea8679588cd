"""A run folder: what a run keeps, so that it can be resumed and trusted.

`state.json` says which run this is while it goes on; `manifest.json` is written last, so that its
existence means that the run is complete. One process at a time works in a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from textsynth import recipetext
from textsynth.errors import RunError

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

Resume = Literal["never", "always", "if-possible"]

STATE = "state.json"
MANIFEST = "manifest.json"
METRICS = "metrics.json"
EVALUATE_AGAIN = "delete this file, then: textsynth evaluate RUN"  # where it is damaged
REPORT = "report.html"
# Run folders in which this process works, with the file descriptors that hold their locks.
_HELD: dict[Path, int] = {}


@dataclass(frozen=True, slots=True)
class Run:
    """An opened run folder."""

    folder: Path

    @property
    def complete(self) -> bool:
        return (self.folder / MANIFEST).is_file()

    @property
    def begun(self) -> bool:
        """Whether the folder is that of a run, complete or not."""
        return _fingerprint(self.folder / STATE) is not None

    def manifest(self) -> dict[str, Any]:
        """The manifest of a complete run.

        Raises:
            RunError: there is none.
        """
        fix = "give the folder of a finished `textsynth generate`"
        missing = "this is no complete run: it has no manifest.json"
        found = read_json(self.folder / MANIFEST, missing=missing, fix=fix)
        if "steps" not in found:
            where = str(self.folder / MANIFEST)
            raise RunError("this manifest is of no run of `generate`", where=where, fix=fix)
        return found

    def close(self) -> None:
        """Let other processes work in the folder."""
        held = _HELD.pop(self.folder.resolve(), None)
        if held is not None:
            os.close(held)

    def shown_recipe(self) -> str:
        """The recipe as cards and reports show it (see `recipetext.shown`); the run itself keeps
        the whole, since it is evaluated by the same."""
        return recipetext.shown((self.folder / "recipe.yaml").read_text(encoding="utf-8"))

    def path(self, *parts: str) -> Path:
        """A file of the run; its folder is made."""
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def append(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Add JSON lines to a file and flush them to the disk."""
        with self.path(name).open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The JSON lines of a file; a last line that a kill cut short is dropped from it.

        Raises:
            RunError: another line is damaged.
        """
        path = self.folder / name
        if not path.is_file():
            return
        whole = number = 0
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                number += 1
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise RunError(
                        "this line is damaged",
                        where=f"{path}:{number}",
                        fix="delete it, or start over with --resume never",
                    ) from error
                yield row
        if whole < path.stat().st_size:
            os.truncate(path, whole)

    def dataset(self) -> Any:
        """The corpus as a `datasets.DatasetDict`."""
        from datasets import load_dataset

        return load_dataset(str(self.folder / "dataset"))


def open_run(folder: Path, fingerprint: str, resume: Resume = "if-possible") -> Run:
    """Open or make a run folder.

    `if-possible` starts or goes on with a run of the same fingerprint; `always` refuses to start;
    `never` starts anew and empties the folder, where it holds an earlier run of this tool.

    Raises:
        RunError: the folder cannot be written, holds something else, holds a run of another
            recipe, or holds nothing to resume; another process works in it.
    """
    run = Run(folder)
    try:
        entries = list(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise _unwritable(folder, error) from error
    state = folder / STATE
    found = _fingerprint(state) if entries else None
    if entries and found is None:
        raise RunError(
            "the output folder is not empty and holds no run",
            where=str(folder),
            fix="name another folder with -o, or empty this one",
        )
    if resume == "always" and not entries:
        raise RunError(
            "there is no run to resume", where=str(folder), fix="leave --resume always out"
        )
    if resume != "never" and entries and found != fingerprint:
        raise RunError(
            "the output folder holds a run of another recipe, or the recipe or its files changed",
            where=str(folder),
            fix="name another folder with -o, or start over with --resume never",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _hold(folder)
        if resume == "never":
            _clear(folder)
        for cut_short in folder.rglob(".*.tmp"):  # by a kill; only whole files lose that name
            shutil.rmtree(cut_short) if cut_short.is_dir() else cut_short.unlink()
        write_json(state, {"fingerprint": fingerprint})
    except OSError as error:
        run.close()
        raise _unwritable(folder, error) from error
    except BaseException:
        run.close()
        raise
    return run


def _fingerprint(state: Path) -> str | None:
    """The fingerprint of the run that a state file is of; None where it is no such file. Other
    tools write a `state.json` too (`datasets` does), and their folders must never be emptied."""
    try:
        data = json.loads(state.read_bytes())
    except (OSError, ValueError):
        return None
    found = data.get("fingerprint") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _hold(folder: Path) -> None:
    """Keep other processes out of a run folder until `Run.close`, or until this process ends in
    whatever way; where the system or the file system knows no locks, nothing does.

    Raises:
        RunError: another process works there.
    """
    place = folder.resolve()
    if place in _HELD or fcntl is None:
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise RunError(
            "another process works in the output folder",
            where=str(folder),
            fix="wait until it has ended, or name another folder with -o",
        ) from error
    except OSError:
        os.close(descriptor)
        return
    _let_go_in_children()
    _HELD[place] = descriptor


@cache
def _let_go_in_children() -> None:
    """A forked process has the locks too, and would keep them when this one is killed."""

    def let_go() -> None:
        while _HELD:
            os.close(_HELD.popitem()[1])

    os.register_at_fork(after_in_child=let_go)


def _clear(folder: Path) -> None:
    """Empty a run folder. The manifest goes first and the state stays: a folder that a kill leaves
    half empty is an incomplete run, neither a complete one nor a stranger's."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != STATE:
            entry.unlink()


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"the output folder cannot be written: {error.strerror}",
        where=str(folder),
        fix="name another folder with -o, or change its permissions",
    )


def write_json(path: Path, data: Any) -> None:
    """Write JSON under a temporary name, then rename."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write text under a temporary name, then rename: what exists is whole. What is `private`
    nobody but the owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a device or a pipe: nothing may take its place
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve() if path.is_symlink() else path
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if private:
            temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(
    path: Path, *, missing: str, fix: str, broken: str = "start over with --resume never"
) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: it is missing (with the message `missing` and the remedy `fix`), or broken (with
            the remedy `broken`).
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(missing, where=str(path), fix=fix) from error
    except (OSError, ValueError) as error:
        raise RunError(f"cannot be read: {error}", where=str(path), fix=broken) from error
    if not isinstance(data, dict):
        raise RunError("is no JSON object", where=str(path), fix=broken)
    return data
