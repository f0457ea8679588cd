"""Lines of a file in bounded memory: one without an end costs itself and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

MAX_LINE = 16 * 1024 * 1024  # bytes


def read(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, counted from 1, and with their ends. Of one that is `too_long`
    only its beginning is there; the rest is skipped."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if too_long(line):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
        yield number, line


def too_long(line: bytes) -> bool:
    """Whether a line that was read is only the beginning of one."""
    return len(line) > MAX_LINE and not line.endswith(b"\n")
