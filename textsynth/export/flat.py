"""The corpus as one table: JSON lines, CSV and Parquet. None of them refuses a row; turns of
dialogues are rows as single utterances are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from csv import writer
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textsynth.corpus import SCHEMA, WORD
from textsynth.export import (
    About,
    ExportReport,
    beforehand,
    reads_dialogues,
    require_shard_rows,
)
from textsynth.export.rows import batches
from textsynth.export.target import writing

COLUMNS = ("id", "text", "intent", "slots", "language", "origin", "generation", "split")
DIALOGUE = ("dialogue_id", "turn", "speaker", "act", "state", "dialogue")

# Cells that begin with one of these are formulas to spreadsheets (https://owasp.org, CSV injection:
# also white space, which they skip, and the wide forms of East Asian input).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
APOSTROPHE = "'"

_DEFUSED = frozenset({*FORMULA, APOSTROPHE})
_ROW_GROUP = 10_000  # what a stream fetches at once
_encode = json.JSONEncoder(ensure_ascii=False).encode


@reads_dialogues
def jsonl(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `corpus.jsonl`: an object a row, in the form in which seeds are read.

    Its keys are `COLUMNS` (`slots` a list of objects with start, end, label and value), and those
    of `DIALOGUE` that some row has. `generation` tells a later run that the rows were made.

    Raises:
        ExportError: no rows, or a folder that is not ours or cannot be written.
    """
    columns = _columns(corpus)
    with writing("jsonl", corpus, folder) as job:
        without = corpus.column("intent").null_count
        if 0 < without < corpus.num_rows:
            job.note(f"{without} rows have no intent; as seeds they would be put in quarantine")
        keys = ", ".join(f'"{name}": %s' for name in columns)
        line = f"{{{keys}}}\n"
        with job.open("corpus.jsonl") as file:
            for cells in _cells(corpus, columns, none="null", text=encode_basestring):
                file.writelines(line % row for row in zip(*cells, strict=True))
        job.written = corpus.num_rows
    return job.report()


@reads_dialogues
def csv(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `corpus.csv`: RFC 4180, UTF-8, a header, lines that end in CR LF.

    Columns are those of `jsonl`; `slots`, `state` and `dialogue` are JSON, and what is not there is
    an empty cell. A cell that begins with a sign of `FORMULA` or with an apostrophe has one
    apostrophe more before it, so that no spreadsheet takes it for a formula. The way back: of a
    cell that begins with an apostrophe, take one away.

    Raises:
        ExportError: no rows, or a folder that is not ours or cannot be written.
    """
    columns = _columns(corpus)
    with writing("csv", corpus, folder) as job:
        defused = 0
        with job.open("corpus.csv") as file:
            out = writer(file, lineterminator="\r\n")
            out.writerow(columns)
            for cells in _cells(corpus, columns, none="", text=defuse):
                defused += sum(cell[:1] == APOSTROPHE for column in cells for cell in column)
                out.writerows(zip(*cells, strict=True))
        if defused:
            job.note(
                f"{defused} cells begin with an apostrophe that is not theirs, so that they are no "
                "formulas; take one apostrophe away from the beginning of a cell that has it"
            )
        job.written = corpus.num_rows
    return job.report()


@reads_dialogues
@beforehand(require_shard_rows)
def parquet(
    corpus: pa.Table, folder: Path, about: About, *, shard_rows: int = 100_000
) -> ExportReport:
    """Write `data/corpus-00000-of-00010.parquet` and so on: all columns, rows in their order.

    `shard_rows` is the most rows a file holds.

    Raises:
        ExportError: no rows, fewer than one in a file, or a folder that is not ours or cannot be
            written.
    """
    require_shard_rows(about, shard_rows=shard_rows)
    with writing("parquet", corpus, folder) as job:
        (job.at / "data").mkdir()
        shards = -(-corpus.num_rows // shard_rows)
        for number in range(shards):
            path = job.at / "data" / f"corpus-{number:05d}-of-{shards:05d}.parquet"
            shard = corpus.slice(number * shard_rows, shard_rows)
            pq.write_table(shard, path, compression="zstd", row_group_size=_ROW_GROUP)
        job.written = corpus.num_rows
    return job.report()


def defuse(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `restore` gives it back."""
    return APOSTROPHE + cell if cell[:1] in _DEFUSED else cell


def restore(cell: str) -> str:
    """A cell as it was before `defuse`."""
    return cell.removeprefix(APOSTROPHE)


def _columns(corpus: pa.Table) -> tuple[str, ...]:
    """The columns that are written."""
    spoken = [name for name in DIALOGUE if corpus.column(name).null_count < corpus.num_rows]
    return (*COLUMNS, *spoken)


def _cells(
    corpus: pa.Table, columns: tuple[str, ...], *, none: str, text: Callable[[str], str]
) -> Iterator[list[list[str]]]:
    """Columns as written, batch by batch: a null as `none`, a string by `text`, the rest as JSON.
    By columns, since a call for each row and cell takes three times as long."""
    for batch in batches(corpus, columns, slot=_slot):
        cells = []
        for name, values in batch.items():
            kind = SCHEMA.field(name).type
            write: Callable[[Any], str] = text if kind in (pa.string(), WORD) else _encode
            if name == "slots":
                write = _list
            elif name == "state":
                write = _stated
            elif name == "dialogue":
                write = _whole
            elif pa.types.is_integer(kind):
                write = str
            if None in values:
                cells.append([none if value is None else write(value) for value in values])
            else:
                cells.append(list(map(write, values)))
        yield cells


def _slot(start: int, end: int, label: str, value: str) -> str:
    said = f'"label": {encode_basestring(label)}, "value": {encode_basestring(value)}'
    return f'{{"start": {start}, "end": {end}, {said}}}'


def _stated(state: tuple[tuple[str, str], ...]) -> str:
    return _encode([{"slot": slot, "value": value} for slot, value in state])


def _whole(facts: dict[str, Any]) -> str:
    """Facts of a dialogue; traits as they were before they were stored in 32 bits."""
    traits = [
        {**trait, "value": float(f"{trait['value']:.6g}")} for trait in facts["persona"] or ()
    ]
    return _encode({**facts, "persona": traits})


def _list(items: tuple[str, ...]) -> str:
    return f"[{', '.join(items)}]"
