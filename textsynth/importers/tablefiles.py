"""Files of rows by column: CSV and TSV (RFC 4180, any usual delimiter), JSONL, a JSON list of
objects, and Parquet; those of text, but for the list, also packed by gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from textsynth import linefile
from textsynth.errors import SeedError
from textsynth.importers import source
from textsynth.importers.examples import Notes

DELIMITERS = ",;\t|"
MAX_CELL = 1_000_000  # characters
_SNIFFED = 64  # lines
_LINES = (".jsonl", ".ndjson")
# Signs behind an apostrophe that was set to keep programs from taking a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_OURS = ["id", "text", "intent", "slots", "language", "origin", "generation", "split"]
_TOO_LONG = "field larger"  # how the library's own message begins

Where = str
Row = Mapping[str, Any]


def rows(
    path: Path, name: str, notes: Notes, wanted: Collection[str]
) -> Iterator[tuple[Where, Row]]:
    """The rows of a table by column, each with its place; `name` is how messages call the file.
    Columns that are not `wanted` may be None.

    Raises:
        SeedError: the file cannot be read.
    """
    kind = _kind(path)
    try:
        if kind in _LINES:
            yield from _of_jsonl(path, name, notes)
        elif kind == ".json":
            yield from _of_json(path, name, notes)
        elif kind == ".parquet":
            yield from _of_parquet(path, name, wanted)
        else:
            yield from _of_csv(path, name, notes)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        fix = "check that it is a whole file, saved as UTF-8, that you may read"
        raise SeedError(message, where=name, fix=fix) from error


def is_ragged(path: Path) -> bool:
    """Whether each row of a file has columns of its own."""
    return _kind(path) in (*_LINES, ".json")


def _kind(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _of_jsonl(path: Path, name: str, notes: Notes) -> Iterator[tuple[Where, Row]]:
    with _open(path) as file:
        for number, line in linefile.read(file):
            where = f"{name}:{number}"
            if linefile.too_long(line):
                notes.refuse("line_too_long", where)
                continue
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                row = json.loads(text) if text.strip() else None
            except UnicodeDecodeError:
                notes.refuse("bytes_not_utf8", where)
            except (ValueError, RecursionError):
                notes.refuse("row_not_json", where)
            else:
                if isinstance(row, dict):
                    yield where, row
                elif text.strip():
                    notes.refuse("row_not_an_object", where)


def _open(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _of_json(path: Path, name: str, notes: Notes) -> Iterator[tuple[Where, Row]]:
    text = source.read(path, name)
    try:
        top = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        message = f"this is no JSON: {getattr(error, 'msg', 'too deep, or a number too long')}"
        raise SeedError(message, where=f"{name}:{line}", fix="mend it there") from error
    if not isinstance(top, list):
        raise SeedError(
            "the file is no list of objects", where=name, fix='[{"text": …, "intent": …}, …]'
        )
    for number, row in enumerate(top):
        if isinstance(row, dict):
            yield f"{name}[{number}]", row
        else:
            notes.refuse("row_not_an_object", f"{name}[{number}]")


def _of_parquet(path: Path, name: str, wanted: Collection[str]) -> Iterator[tuple[Where, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            unread: Row = dict.fromkeys(file.schema_arrow.names)
            taken = [column for column in unread if column in wanted]
            for batch in file.iter_batches(batch_size=4096, columns=taken):
                for row in batch.to_pylist():
                    yield f"{name}[{number}]", {**unread, **row}
                    number += 1
    except (pa.ArrowException, ValueError, OverflowError) as error:
        # the last two: dates and times that Python has no value for
        message = f"a value cannot be read: {error}"
        if isinstance(error, pa.ArrowException):
            message = f"this is no Parquet: {error}"
        raise SeedError(message, where=name, fix="write the file again") from error


def _of_csv(path: Path, name: str, notes: Notes) -> Iterator[tuple[Where, Row]]:
    with _open(path) as raw:
        begin = raw.read(4)
    encoding = "utf-16" if begin[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    # bytes that are no UTF-8 cost their row: they become surrogates, which are refused
    with io.TextIOWrapper(
        _open(path), encoding=encoding, errors="surrogateescape", newline=""
    ) as file:
        first = [line for _ in range(_SNIFFED) if (line := file.readline(MAX_CELL))]
        delimiter = _delimiter(first)
        records = _records(deque(first), file, delimiter, name, notes)
        where, header = next(records, (name, []))
        names = [cell.strip() for cell in header]
        if len(set(names)) < len(names) or not any(names):
            fault = "the header names a column twice" if any(names) else "there is no header"
            raise SeedError(fault, where=where, fix="give each column a name in the first line")
        for where, cells in records:
            if len(cells) != len(names):
                few = len(cells) < len(names)
                notes.refuse("columns_missing" if few else "columns_extra", where)
            elif any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
                notes.refuse("bytes_not_utf8", where)
            else:
                restore = _restored if names[: len(_OURS)] == _OURS else _undefused
                yield where, dict(zip(names, map(restore, cells), strict=True))


def _restored(cell: str) -> str:
    """A cell of an export of ours, which sets an apostrophe before one that begins so too."""
    return cell.removeprefix("'")


def _undefused(cell: str) -> str:
    """A cell of somebody's without the apostrophe that keeps it from being a formula; `'tis` keeps
    its own."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _delimiter(lines: list[str]) -> str:
    """The delimiter under which most lines have as many cells as the first, above one."""

    def fits(delimiter: str) -> tuple[int, int]:
        try:
            found = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            found = [line.split(delimiter) for line in lines]
        wide = len(found[0]) if found else 0
        return (sum(len(row) == wide for row in found) if wide > 1 else 0, wide)

    return max(DELIMITERS, key=fits)


def _records(
    waiting: deque[str], file: IO[str], delimiter: str, name: str, notes: Notes
) -> Iterator[tuple[Where, list[str]]]:
    """The records with the line on which each begins; a broken one costs its first line, and
    reading goes on with the next."""
    taken: list[str] = []
    number = 1

    def line() -> str:
        return waiting.popleft() if waiting else file.readline(MAX_CELL)

    def lines() -> Iterator[str]:
        while one := line():
            taken.append(one)
            if len(one) >= MAX_CELL:
                while one and not one.endswith(("\n", "\r")):
                    one = line()
                raise csv.Error(_TOO_LONG)
            yield one

    csv.field_size_limit(max(MAX_CELL, csv.field_size_limit()))
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        where = f"{name}:{number}"
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            long = str(error).startswith(_TOO_LONG)
            notes.refuse("cell_too_long" if long else "quote_invalid", where)
            waiting.extendleft(reversed(taken[1:]))
            reader = csv.reader(lines(), delimiter=delimiter, strict=True)
            number += 1
        else:
            number += len(taken)
            if record:
                yield where, record
        taken.clear()
