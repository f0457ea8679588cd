"""A folder or a zip archive as files by name.

Nothing is unpacked to disk, and nothing of an archive is believed before it is read: names, sizes
and encryption are refused where they are not as they should be.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from textsynth.errors import GrammarError
from textsynth.grammar.document import MAX_BYTES, Fields, Node
from textsynth.importers import jsonfile, source

MAX_FILES = 50_000
MAX_UNPACKED = 256 * 1024 * 1024  # bytes of an archive in all
_LEVELS = 4  # how far above a file the folder of its export may lie
OURS = ("export-report.json", "names.json")  # what an export of ours holds beside the format
SPLITS = ("train", "validation", "test")  # what its folders or archives are called after


@dataclass(slots=True)
class Tree:
    """Files by name, parts joined by `/`, sorted; `name` is how messages call the whole, and
    `home` stands before the names of files in them."""

    name: str
    files: dict[str, Path | zipfile.ZipInfo]
    archive: zipfile.ZipFile | None = None
    home: str = ""
    read: int = field(default=0)

    def json(self, name: str) -> Node:
        """The JSON value of a file.

        Raises:
            GrammarError: it cannot be read, or is no JSON.
        """
        return jsonfile.parse(self.text(name), f"{self.home}{name}")

    def object(self, name: str) -> Fields:
        """The JSON object of a file.

        Raises:
            GrammarError: it cannot be read, or is no JSON object.
        """
        found = self.json(name)
        if not isinstance(found, Fields):
            where = f"{self.home}{name}:1:1"
            raise GrammarError("the file is no JSON object", where=where, fix="{...}")
        return found

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            GrammarError: too large, damaged, encrypted, or no UTF-8 text.
        """
        entry = self.files[name]
        called = f"{self.home}{name}"
        if isinstance(entry, Path):
            return source.read(entry, called)
        assert self.archive is not None
        try:
            with self.archive.open(entry) as file:
                data = file.read(MAX_BYTES + 1)
        except RuntimeError as error:  # what zipfile raises where a password is wanted
            raise _broken(called, "is encrypted", "pack it without a password") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise _broken(called, f"is damaged: {error}", "pack it again") from error
        self.read += len(data)
        if len(data) > MAX_BYTES or self.read > MAX_UNPACKED:
            raise _broken(self.name, "is larger unpacked than is read", "unpack and split it")
        return source.decoded(data, called)


def archives(path: Path, holds: Callable[[str], object]) -> list[tuple[Path, str | None]]:
    """What is to be read of a path: itself, or the zip archives of a folder, each with the split
    that it is called after.

    `holds` tells by its name whether a file is of the format. A folder that has such a file is
    read itself, and archives without one are left alone.
    """
    if not path.is_dir():
        return [(path, None)]
    names = [file.relative_to(path).as_posix() for file in source.inside(path)]
    found = [] if any(map(holds, names)) else [path / name for name in names if is_zip(name)]
    packed = [archive for archive in found if any(map(holds, names_in(archive)))]
    return [(zip, zip.stem if zip.stem in SPLITS else None) for zip in packed] or [(path, None)]


def only_archive(path: Path, holds: Callable[[str], object]) -> Path:
    """As `archives`, where one thing alone can be read.

    Raises:
        GrammarError: the folder holds several.
    """
    found = [archive for archive, _ in archives(path, holds)]
    if len(found) > 1:
        shown = ", ".join(archive.relative_to(path).as_posix() for archive in found)
        message = f"the folder holds several archives: {shown}"
        raise GrammarError(message, where=str(path), fix="name one of them")
    return found[0]


def is_zip(name: str) -> bool:
    """Whether a file is called as a zip archive."""
    return name.lower().endswith(".zip")


def names_in(archive: Path) -> list[str]:
    """The names in a zip archive without those that macOS adds; none where it is damaged."""
    try:
        with zipfile.ZipFile(archive) as packed:
            return [name for name in packed.namelist() if not source.is_of_macos(name)]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


@contextmanager
def opened(path: Path, home: str = "") -> Iterator[Tree]:
    """The files of a folder with its subfolders, or of a zip archive; what an export of ours or
    macOS adds is left out. `home` stands before the names of files in messages.

    Raises:
        GrammarError: neither, or an archive that is damaged, too large, or names files outside.
    """
    if path.is_dir():
        found = {file.relative_to(path).as_posix(): file for file in source.inside(path)}
        files = _bounded(path, found)
        yield Tree(path.name, files, home=home)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _broken(path.name, f"is no zip archive: {error}", "give a zip or a folder") from error
    except OSError as error:
        fix = "check path and rights"
        raise _broken(path.name, f"cannot be read: {error.strerror}", fix) from error
    with archive:
        yield Tree(path.name, _bounded(path, _inside(archive, path.name)), archive, home)


def _inside(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    entries = sorted(
        (entry for entry in archive.infolist() if not entry.is_dir()), key=lambda e: e.filename
    )
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        message = f"holds more than {MAX_UNPACKED >> 20} MB unpacked"
        raise _broken(name, message, "unpack and split it")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        inside = PurePosixPath(entry.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in str(inside):
            raise _broken(name, f"names a file outside: {entry.filename!r}", "pack it again")
        if str(inside) in found:
            raise _broken(name, f"holds {entry.filename!r} twice", "pack it again")
        if not source.is_of_macos(str(inside)):
            found[str(inside)] = entry
    return found


def _bounded(
    path: Path, found: dict[str, Path] | dict[str, zipfile.ZipInfo]
) -> dict[str, Path | zipfile.ZipInfo]:
    if len(found) > MAX_FILES:
        raise _broken(path.name, f"holds more than {MAX_FILES:,} files", "give a part of it")
    return {name: entry for name, entry in found.items() if name.rpartition("/")[2] not in OURS}


def _broken(name: str, message: str, fix: str) -> GrammarError:
    return GrammarError(f"the archive {message}", where=name, fix=fix)


def way_back(path: Path) -> dict[str, dict[str, str]]:
    """The names that an export of ours changed, from the `names.json` of the export that the path
    is in: kind -> name written -> name; empty where there is none.

    Raises:
        GrammarError: the file is not what an export writes.
    """
    inside = [path, *path.resolve().parents[:_LEVELS]]
    home = next((folder for folder in inside if (folder / OURS[0]).is_file()), None)
    if home is None or not (home / OURS[1]).is_file():
        return {}
    file = home / OURS[1]
    try:
        names = json.loads(source.read(file, file.name))
        return {kind: {str(new): str(old) for new, old in names[kind].items()} for kind in names}
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        fix = "export again, or remove it together with the report"
        raise GrammarError("this is no way back of names", where=str(file), fix=fix) from error
