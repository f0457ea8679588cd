"""Tables: rows by column as utterances.

A column is called as we call it (`text`, `intent`, `slots`, `split`, `language`, `origin`,
`generation`) unless a map says otherwise. Slots are a list of objects with start, end, label and
value, in a cell as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textsynth.corpus import MOST_GENERATIONS, Utterance
from textsynth.errors import SeedError, did_you_mean
from textsynth.importers import tablefiles, telling
from textsynth.importers.examples import Notes, Options, Span
from textsynth.importers.source import split_of
from textsynth.importers.tablefiles import Row, Where

COLUMNS = ("text", "intent", "slots", "split", "language", "origin", "generation")
MADE = ("template", "model", "name")  # origins of rows that nobody wrote


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The rows of a table, or of the tables of a folder; there, files and folders that are called
    after a split are of it, where no column tells.

    Raises:
        SeedError: a file cannot be read, or has no column of a name that is needed; no such split.
    """
    called = _called(options)
    splits: set[str] = set()
    for file, name in files(path, options.output):
        found = tablefiles.rows(file, name, notes, called.values())
        if path.is_dir() and (told := split_of(name)):
            found = _of_split(found, called["split"], told)
        ragged = tablefiles.is_ragged(file)
        yield from _utterances(found, name, notes, options, splits, ragged=ragged)
    _check_split(splits, path.name, options)


def files(path: Path, output: Path | None = None) -> list[tuple[Path, str]]:
    """A file itself, or the tables of a folder with its subfolders but for `output`, in the order
    of their names; and how messages call them."""
    if not path.is_dir():
        return [(path, path.name)]
    return [
        (file, file.relative_to(path).as_posix()) for file in telling.files(path, "table", output)
    ]


def from_rows(
    found: Iterable[tuple[Where, Row]], name: str, notes: Notes, options: Options
) -> Iterator[Utterance]:
    """Rows by column, the same in each row, as utterances.

    Raises:
        SeedError: a column that the map names, or `text`, is not there; or no such split.
    """
    splits: set[str] = set()
    yield from _utterances(found, name, notes, options, splits)
    _check_split(splits, name, options)


def _called(options: Options) -> dict[str, str]:
    """What each column is called.

    Raises:
        SeedError: the map names a column that is not read.
    """
    for key in options.columns.keys() - set(COLUMNS):
        fix = did_you_mean(key, COLUMNS)
        raise SeedError(f"{key!r} is no column that is read", where="columns", fix=fix)
    return {key: options.columns.get(key, key) for key in COLUMNS}


def _utterances(
    found: Iterable[tuple[Where, Row]],
    name: str,
    notes: Notes,
    options: Options,
    splits: set[str],
    *,
    ragged: bool = False,
) -> Iterator[Utterance]:
    """Rows as utterances; their splits go to `splits`. With `ragged` a column is missing only where
    no row has it."""
    called = _called(options)
    missing = {key: called[key] for key in called if key == "text" or key in options.columns}
    known: list[str] | None = None
    for where, row in found:
        missing = {key: column for key, column in missing.items() if column not in row}
        if known is None:
            known = list(map(str, row))
            if not ragged:
                _check(missing, known, name)
        cells = {key: row.get(column) for key, column in called.items()}
        split = str(cells["split"]) if cells["split"] not in (None, "") else None
        splits |= {split} if split else set()
        if options.split in (None, split):
            utterance = _utterance(cells, split, where, notes)
            if utterance is not None:
                yield utterance
    _check(missing if known is not None else {}, known or [], name)


def _check(missing: Mapping[str, str], known: Collection[str], name: str) -> None:
    for key, column in missing.items():
        raise SeedError(
            f"there is no column {column!r}",
            where=name,
            fix=f"{did_you_mean(column, known)}; map one by columns: {key}=NAME",
        )


def _check_split(splits: Collection[str], name: str, options: Options) -> None:
    if options.split is not None and options.split not in splits:
        fix = f"there are: {', '.join(sorted(splits)) or 'none'}"
        raise SeedError(f"there is no split {options.split!r}", where=name, fix=fix)


def _of_split(
    found: Iterable[tuple[Where, Row]], column: str, split: str
) -> Iterator[tuple[Where, Row]]:
    for where, row in found:
        yield where, {**row, column: row.get(column) or split}


def _utterance(cells: Row, split: str | None, where: Where, notes: Notes) -> Utterance | None:
    slots = _slots(cells["slots"])
    if isinstance(slots, str):
        notes.refuse(slots, where)
        return None
    generation = _generation(cells["generation"])
    if isinstance(generation, str):
        notes.refuse(generation, where)
        return None
    origin = cells["origin"] or "seed"
    return notes.utterance(
        where,
        cells["text"],
        cells["intent"],
        slots,
        language=cells["language"] or None,
        split=split,
        origin=str(origin),
        generation=max(generation, int(origin in MADE)),
    )


def _generation(told: Any) -> int | str:
    """The generation that a row says it is of, or why it cannot be read. Spreadsheets and data
    frames write whole numbers as 2.0."""
    if told is None or (isinstance(told, str) and not told.strip()):
        return 0
    try:
        number = float(told)
    except (TypeError, ValueError, OverflowError):
        return "generation_not_integer"
    if isinstance(told, bool) or not number.is_integer():
        return "generation_not_integer"
    return int(number) if 0 <= number <= MOST_GENERATIONS else "generation_out_of_range"


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
