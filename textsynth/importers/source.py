"""Files of other tools as lines that know their place; what cannot be read is said here, once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from textsynth.errors import GrammarError
from textsynth.grammar import syntax
from textsynth.grammar.document import MAX_BYTES
from textsynth.grammar.syntax import Place

_BLANK = 64 * 1024  # bytes of a file that tell whether it is empty
_LINE_END = re.compile(r"\r\n|\r|\n")
# Folders, and files without their suffixes, that are called after a split.
_SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?:-\d+-of-\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or a part of one, and the place of its first character."""

    text: str
    place: Place

    def fault(self, at: int, message: str, fix: str) -> GrammarError:
        """An error about the character `at`, with a caret under it."""
        return syntax.fault(self.text, self.place, at, message, fix)

    def home(self, at: int = 0) -> Place:
        """The place of a template that is made from here; its own columns are not those of the
        file, so it is not exact."""
        place = self.place
        return Place(place.file, place.line, place.column + (at if place.exact else 0), False)

    def stripped(self) -> Line:
        """The line without white space at its ends."""
        left = len(self.text) - len(self.text.lstrip())
        place = self.place
        return Line(self.text.strip(), Place(place.file, place.line, place.column + left))


def read(path: Path, name: str) -> str:
    """The text of a file; `name` is how messages call it.

    Raises:
        GrammarError: unreadable, too large, not UTF-8, empty, or no text (a NUL character).
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"the file is larger than {MAX_BYTES >> 20} MB"
            raise GrammarError(message, where=name, fix="split it")
        return decoded(path.read_bytes(), name)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise GrammarError(message, where=name, fix="check path and rights") from error


def is_blank(path: Path) -> bool:
    """Whether a file holds nothing but white space and comments (`#`); False where it cannot be
    read."""
    try:
        with path.open("rb") as raw:
            said = raw.read(_BLANK).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return False
    return all(line.lstrip()[:1] in (b"", b"#") for line in said.splitlines())


def decoded(data: bytes, name: str) -> str:
    """The text that a file holds.

    Raises:
        GrammarError: not UTF-8, empty, or no text (a NUL character).
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GrammarError("the file is not UTF-8", where=name, fix="save it as UTF-8") from error
    if not text.strip():
        raise GrammarError("the file is empty", where=name, fix="write something in it")
    if "\0" in text:
        before = text[: text.index("\0")]
        row, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        where = f"{name}:{row}:{column}"
        raise GrammarError("there is a NUL character", where=where, fix="save it as plain text")
    return text


def lines(text: str, name: str) -> list[Line]:
    """The lines of a text."""
    return [
        Line(line, Place(name, number, 1))
        for number, line in enumerate(_LINE_END.split(text), start=1)
    ]


def inside(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders in the order of their names, without those that
    macOS adds."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not is_of_macos(file.relative_to(folder).as_posix())
    )


def is_of_macos(name: str) -> bool:
    """Whether a file of a folder or an archive is one that macOS adds to keep attributes of another
    in: below `__MACOSX`, or with `._` before the name."""
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1].startswith("._")


def named(path: Path, suffixes: tuple[str, ...]) -> list[tuple[Path, str]]:
    """The files of a pack and how messages call them: a file itself, or those of a folder (with its
    subfolders) that end so, in capitals or not, in the order of their names."""
    if path.is_dir():
        found = [file for file in inside(path) if file.suffix.lower() in suffixes]
        return [(file, file.relative_to(path).as_posix()) for file in found]
    return [(path, path.name)]


def split_of(name: str) -> str | None:
    """The split that a file of a folder is called after, itself or by its folder."""
    *folders, file = name.split("/")
    for part in (*folders, file.partition(".")[0]):
        if told := _SPLIT.fullmatch(part):
            split = told[1].lower()
            return split if split in ("train", "test") else "validation"
    return None
