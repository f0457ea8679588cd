"""Readers of what people already have: templates of other tools as a grammar like any other.

Each format is one file, `load(path) -> Grammar`; `pack` hands plain data to the grammar's own
reading. Home Assistant's files, the native ones, go to the grammar as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar import grammar as native
from textsynth.grammar.model import Grammar
from textsynth.importers import chatito, padatious, rasa, rhasspy, snips

__all__ = ["FORMATS", "detect", "load"]
_READERS: dict[str, Callable[[Path], Grammar]] = {
    "homeassistant": native.load,
    "chatito": chatito.load,
    "rasa": rasa.load,
    "snips": snips.load,
    "rhasspy": rhasspy.load,
    "padatious": padatious.load,
}
FORMATS = tuple(_READERS)
_BY_SUFFIX = {".chatito": "chatito", ".ini": "rhasspy", ".intent": "padatious",
              ".entity": "padatious"}  # fmt: skip
# What a YAML or JSON file holds, told by keys that begin a line (or, quoted, follow another).
_NATIVE = r'(?:^[\s{]*|[{,]\s*(?="))"?(?:intents|lists|expansion_rules)"?\s*:'
_BY_CONTENT = (
    ("rasa", re.compile(r"^nlu[ \t]*:", re.MULTILINE)),
    ("snips", re.compile(r"^(?:--- +)?type[ \t]*:[ \t]*[\"']?(?:intent|entity)\b", re.MULTILINE)),
    ("homeassistant", re.compile(_NATIVE, re.MULTILINE)),
)  # fmt: skip


def detect(path: Path) -> str | None:
    """The format of a file or folder, by suffix and content; None where it is none of `FORMATS`.

    Raises:
        GrammarError: a folder holds several formats.
    """
    if not path.is_dir():
        return _format(path)
    found: dict[str, Path] = {}
    for file in sorted(path.rglob("*")):
        if file.suffix in (*_BY_SUFFIX, *native.SUFFIXES) and (told := _format(file)):
            found.setdefault(told, file)
    if "rasa" in found:
        found.pop("homeassistant", None)  # Rasa's domain has `intents` too
    if len(found) > 1:
        shown = ", ".join(
            f"{told} ({file.relative_to(path)})" for told, file in sorted(found.items())
        )
        raise GrammarError(
            f"the folder holds several formats: {shown}",
            where=str(path),
            fix="put each into a folder of its own",
        )
    return next(iter(found), None)


def load(path: Path, format: str | None = None) -> Grammar:
    """Read a file or folder of a format (None: whichever it is).

    Raises:
        GrammarError: nothing there, no such format, or something that cannot be read, at its place.
    """
    if format is not None and format not in _READERS:
        raise GrammarError(f"there is no format {format!r}", fix=did_you_mean(format, FORMATS))
    if not path.exists():
        raise GrammarError("there is no such file or folder", where=str(path), fix="check the path")
    told = format or detect(path)
    if told is None and path.suffix in native.SUFFIXES:
        told = "homeassistant"  # its own errors say what is missing
    if told is None:
        raise GrammarError(
            "this is no format of templates that is read",
            where=str(path),
            fix=f"these are read: {', '.join(FORMATS)}; see docs/importers.md",
        )
    if told != "homeassistant" and path.is_dir() and not _files(path, told):
        raise GrammarError(f"there are no files of {told}", where=str(path), fix="check the path")
    return _READERS[told](path)


def _files(path: Path, told: str) -> bool:
    suffixes = {suffix for suffix, name in _BY_SUFFIX.items() if name == told} or {".yaml", ".yml"}
    return any(file.suffix in suffixes for file in path.rglob("*"))


def _format(file: Path) -> str | None:
    """The format of a file."""
    if file.suffix not in native.SUFFIXES:
        return _BY_SUFFIX.get(file.suffix)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return next((told for told, sign in _BY_CONTENT if sign.search(text)), None)
