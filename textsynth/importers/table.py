"""Tables: CSV and TSV (RFC 4180, any usual delimiter), JSONL, a JSON list of objects, and Parquet.

A column is called as we call it (`text`, `intent`, `slots`, `split`, `language`, `origin`,
`generation`) unless a map says otherwise. Slots are a list of objects with start, end, label and
value, in a cell as JSON.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from textsynth.corpus import Utterance
from textsynth.errors import SeedError, did_you_mean
from textsynth.importers import source
from textsynth.importers.examples import Notes, Options, Span

COLUMNS = ("text", "intent", "slots", "split", "language", "origin", "generation")
SUFFIXES = (".csv", ".tsv", ".jsonl", ".jsonl.gz", ".ndjson", ".parquet")
DELIMITERS = ",;\t|"
MADE = ("template", "model", "name")  # origins of rows that nobody wrote
MAX_CELL = 1_000_000  # characters
_SNIFFED = 64  # lines
MAX_LINE = 16 * 1024 * 1024  # bytes, of JSONL
# Signs behind an apostrophe that was set to keep programs from taking a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_OURS = ["id", "text", "intent", "slots", "language", "origin", "generation", "split"]

_TOO_LONG = "field larger"  # how the library's own message begins

Where = str
Row = Mapping[str, Any]


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The rows of a table, or of the tables of a folder.

    Raises:
        SeedError: the file cannot be read, or has no column of a name that is needed.
    """
    for file in files(path):
        yield from from_rows(rows(file, notes), file.name, notes, options)


def files(path: Path) -> list[Path]:
    """A file itself, or the tables of a folder with its subfolders, in the order of their names."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.name.lower().endswith(SUFFIXES))


def rows(path: Path, notes: Notes) -> Iterator[tuple[Where, Row]]:
    """The rows of a table by column, each with its place.

    Raises:
        SeedError: the file cannot be read.
    """
    name = path.name.lower()
    try:
        if name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
            yield from _of_jsonl(path, notes)
        elif name.endswith(".json"):
            yield from _of_json(path, notes)
        elif name.endswith(".parquet"):
            yield from _of_parquet(path)
        else:
            yield from _of_csv(path, notes)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        fix = "check that it is a whole file, saved as UTF-8, that you may read"
        raise SeedError(message, where=path.name, fix=fix) from error


def from_rows(
    found: Iterable[tuple[Where, Row]], name: str, notes: Notes, options: Options
) -> Iterator[Utterance]:
    """Rows by column as utterances.

    Raises:
        SeedError: a column that the map names, or `text`, is not there; or no such split.
    """
    for key in options.columns.keys() - set(COLUMNS):
        fix = did_you_mean(key, COLUMNS)
        raise SeedError(f"{key!r} is no column that is read", where="columns", fix=fix)
    called = {key: options.columns.get(key, key) for key in COLUMNS}
    splits: set[str] = set()
    some = False
    for where, row in found:
        if not some:
            _check(row, name, called, options)
            some = True
        cells = {key: row.get(column) for key, column in called.items()}
        split = str(cells["split"]) if cells["split"] not in (None, "") else None
        splits |= {split} if split else set()
        if options.split in (None, split):
            utterance = _utterance(cells, split, where, notes, options)
            if utterance is not None:
                yield utterance
    if options.split is not None and options.split not in splits:
        fix = f"there are: {', '.join(sorted(splits)) or 'none'}"
        raise SeedError(f"there is no split {options.split!r}", where=name, fix=fix)


def _check(row: Row, name: str, called: Mapping[str, str], options: Options) -> None:
    for key, column in called.items():
        if column not in row and (key == "text" or key in options.columns):
            known = [str(one) for one in row]
            raise SeedError(
                f"there is no column {column!r}",
                where=name,
                fix=f"{did_you_mean(column, known)}; map one by columns: {key}=NAME",
            )


def _utterance(
    cells: Row, split: str | None, where: Where, notes: Notes, options: Options
) -> Utterance | None:
    slots = _slots(cells["slots"])
    if isinstance(slots, str):
        notes.refuse(slots, where)
        return None
    origin = cells["origin"] or "seed"
    age = str(cells["generation"] if cells["generation"] is not None else "").strip()
    return notes.utterance(
        where,
        cells["text"],
        cells["intent"],
        slots,
        language=options.language or cells["language"] or None,
        split=split,
        origin=str(origin),
        generation=max(int(age) if age.isdecimal() else 0, int(origin in MADE)),
    )


def _slots(told: Any) -> list[Span] | str:
    """The slots of a row, or why they cannot be read."""
    if isinstance(told, str):
        try:
            told = json.loads(told) if told.strip() else None
        except (ValueError, RecursionError):
            return "slots_not_a_list"
    if told is None:
        return []
    if not isinstance(told, list):
        return "slots_not_a_list"
    found: list[Span] = []
    for slot in told:
        if not isinstance(slot, Mapping):
            return "slots_not_a_list"
        start, end, label = slot.get("start"), slot.get("end"), slot.get("label")
        value = slot.get("value")
        if start is None or end is None or not isinstance(label, str):
            return "slot_incomplete"
        if type(start) is not int or type(end) is not int:  # a bool is an int to isinstance
            return "slot_offset_not_integer"
        if value is not None and not isinstance(value, str):
            return "slot_value_not_text"
        found.append((start, end, label, value))
    return found


# -- kinds of files -------------------------------------------------------------------------------


def _of_jsonl(path: Path, notes: Notes) -> Iterator[tuple[Where, Row]]:
    with _open(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
            where = f"{path.name}:{number}"
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


def _of_json(path: Path, notes: Notes) -> Iterator[tuple[Where, Row]]:
    text = source.read(path, path.name)
    try:
        top = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        message = f"this is no JSON: {getattr(error, 'msg', 'too deep, or a number too long')}"
        raise SeedError(message, where=f"{path.name}:{line}", fix="mend it there") from error
    if not isinstance(top, list):
        raise SeedError(
            "the file is no list of objects", where=path.name, fix='[{"text": …, "intent": …}, …]'
        )
    for number, row in enumerate(top):
        if isinstance(row, dict):
            yield f"{path.name}[{number}]", row
        else:
            notes.refuse("row_not_an_object", f"{path.name}[{number}]")


def _of_parquet(path: Path) -> Iterator[tuple[Where, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=4096):
                for row in batch.to_pylist():
                    yield f"{path.name}[{number}]", row
                    number += 1
    except pa.ArrowException as error:
        message = f"this is no Parquet: {error}"
        raise SeedError(message, where=path.name, fix="write the file again") from error


def _of_csv(path: Path, notes: Notes) -> Iterator[tuple[Where, Row]]:
    with path.open("rb") as raw:
        begin = raw.read(4)
    encoding = "utf-16" if begin[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    # bytes that are no UTF-8 cost their row: they become surrogates, which are refused
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        first = [line for _ in range(_SNIFFED) if (line := file.readline(MAX_CELL))]
        delimiter = _delimiter(first)
        records = _records(deque(first), file, delimiter, path.name, notes)
        where, header = next(records, (path.name, []))
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
