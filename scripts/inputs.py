"""What scripts read: numbers of which there must be one at least, and rows of JSON lines."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from textsynth.errors import SeedError, TextsynthError


def answered(main: Callable[[], None]) -> Callable[[], None]:
    """`main`, of which an error that is the input's is one message, and exit status 1."""

    @wraps(main)
    def run() -> None:
        try:
            main()
        except (TextsynthError, OSError) as error:
            sys.exit(f"error: {error}")

    return run


def positive(text: str) -> int:
    """The type of an option that is 1 or more."""
    return _at_least(1, text)


def whole(text: str) -> int:
    """The type of an option that is 0 or more."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {least} or more")
    return int(text)


def rows(path: Path, **fields: type) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines, compressed where it ends in .gz.

    Args:
        path: the file.
        fields: what each object must have, and of which type.

    Raises:
        SeedError: the file cannot be read, or a line is not so.
    """
    found = []
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    found.append(_row(line, f"{path}:{number}", fields))
    except FileNotFoundError as error:
        raise SeedError("there is no such file", where=str(path), fix="check the path") from error
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        fix = "give UTF-8, compressed by gzip where the name ends in .gz"
        raise SeedError(f"the file cannot be read: {error}", where=str(path), fix=fix) from error
    return found


def _row(line: str, where: str, fields: dict[str, type]) -> dict[str, Any]:
    fix = f"write an object with {', '.join(fields)}" if fields else "write an object"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SeedError("the line is no JSON", where=where, fix=fix) from error
    if not isinstance(row, dict):
        raise SeedError("the line is no JSON object", where=where, fix=fix)
    for name, kind in fields.items():
        if not isinstance(row.get(name), kind):
            raise SeedError(f"{name!r} is missing, or no {kind.__name__}", where=where, fix=fix)
    slots = row.get("slots") or []
    if not isinstance(slots, list) or not all(_sound(slot, row.get("text")) for slot in slots):
        fix = "slots are objects with start, end (in characters of the text) and label"
        raise SeedError("the slots are none of the text", where=where, fix=fix)
    return row


def _sound(slot: object, text: object) -> bool:
    """Whether a slot has a label and lies in the text."""
    if not isinstance(slot, dict) or not isinstance(text, str):
        return False
    start, end = slot.get("start"), slot.get("end")
    spans = isinstance(start, int) and isinstance(end, int)
    return spans and 0 <= start < end <= len(text) and isinstance(slot.get("label"), str)
