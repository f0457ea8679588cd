"""Files that people name for an output: written whole or not at all, and none of them twice."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from textsynth.errors import RunError, UsageError


def refuse_same(source: Path, *targets: Path | None) -> None:
    """Refuse a target that is the source, or another target.

    Raises:
        UsageError: it is.
    """
    taken = [source.resolve()]
    for target in targets:
        if target is None:
            continue
        place = target.resolve()
        if any(place == other or _same(place, other) for other in taken):
            raise UsageError("two of the files are one", where=str(target), fix="name another file")
        taken.append(place)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


@contextlib.contextmanager
def whole(target: Path) -> Iterator[IO[bytes]]:
    """A file under a temporary name, which gets its own when all is written; compressed where it
    ends in .gz. Its folder is made. A file that it replaces leaves its permissions, a link stays
    one, and into a pipe or a device it is written directly.

    Raises:
        RunError: it cannot be written.
    """
    with writing(target):
        special = target.exists() and not target.is_file()
        if not special and target.is_symlink():  # /dev/stdout may lead to a pipe, which has no path
            target = target.resolve()
    temporary = _temporary(target)
    try:
        with writing(target):
            if target.is_dir():
                raise IsADirectoryError(None, "it is a folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists() and not special:
                temporary.touch(mode=0o600)  # nobody else may read it while it is written
            place = target if special else temporary
            with place.open("wb") as raw, _compressed(raw, target) as file:
                yield file
            if special:
                return
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            os.replace(temporary, target)
    finally:
        with contextlib.suppress(OSError):  # it may never have been there
            temporary.unlink()


@contextlib.contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn what the system refuses meanwhile into an error about `target`, unless it is about
    another file.

    Raises:
        RunError: it cannot be written.
    """
    try:
        yield
    except BrokenPipeError:  # it was read as far as it was wanted
        raise
    except OSError as error:
        if error.filename is not None and not _is_of(Path(error.filename), target):
            raise
        raise RunError(
            f"cannot be written: {error.strerror or error}",
            where=str(target),
            fix="choose a place that can be written, on a disk with room",
        ) from error


def _is_of(place: Path, target: Path) -> bool:
    """Whether a place is the target, its temporary file or a folder that it lies in."""
    return place in {target, *target.parents} or place == _temporary(target)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


@contextlib.contextmanager
def _compressed(raw: IO[bytes], target: Path) -> Iterator[IO[bytes]]:
    if not target.name.lower().endswith(".gz"):
        yield raw
        return
    # Without its name and the time, the same rows are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        yield cast("IO[bytes]", packed)
