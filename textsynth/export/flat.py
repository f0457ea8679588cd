"""The corpus as one table: JSON lines, CSV and Parquet. None of them refuses a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from csv import writer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export.target import batches, writing

COLUMNS = ("id", "text", "intent", "slots", "language", "origin", "generation", "split")
DIALOGUE = ("dialogue_id", "turn", "speaker", "act", "state")

# Cells that begin with one of these are formulas to spreadsheets (https://owasp.org, CSV injection:
# also white space, which they skip, and the wide forms of East Asian input).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
APOSTROPHE = "'"

_ROW_GROUP = 10_000  # what a stream fetches at once
_encode = json.JSONEncoder(ensure_ascii=False).encode


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
        with job.open("corpus.jsonl") as file:
            for row in _rows(corpus, columns):
                file.write(_encode(row) + "\n")
        job.written = corpus.num_rows
    return job.report()


def csv(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `corpus.csv`: RFC 4180, UTF-8, a header, lines that end in CR LF.

    Columns are those of `jsonl`; `slots` and `state` are JSON, and what is not there is an empty
    cell. A cell that begins with a sign of `FORMULA` or with an apostrophe has one apostrophe more
    before it, so that no spreadsheet takes it for a formula. The way back: of a cell that begins
    with an apostrophe, take one away.

    Raises:
        ExportError: no rows, or a folder that is not ours or cannot be written.
    """
    columns = _columns(corpus)
    with writing("csv", corpus, folder) as job:
        defused = 0
        with job.open("corpus.csv") as file:
            out = writer(file, lineterminator="\r\n")
            out.writerow(columns)
            for row in _rows(corpus, columns):
                cells = [_cell(value) for value in row.values()]
                defused += sum(cell.startswith(APOSTROPHE) for cell in cells)
                out.writerow(cells)
        if defused:
            job.note(
                f"{defused} cells begin with an apostrophe that is not theirs, so that they are no "
                "formulas; take one apostrophe away from the beginning of a cell that has it"
            )
        job.written = corpus.num_rows
    return job.report()


def parquet(
    corpus: pa.Table, folder: Path, about: About, *, shard_rows: int = 100_000
) -> ExportReport:
    """Write `data/corpus-00000-of-00010.parquet` and so on: all columns, rows in their order.

    `shard_rows` is the most rows a file holds.

    Raises:
        ExportError: no rows, or a folder that is not ours or cannot be written.
    """
    if shard_rows < 1:
        raise ExportError(f"shard_rows is {shard_rows}", fix="give 1 or more")
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
    return APOSTROPHE + cell if cell.startswith((*FORMULA, APOSTROPHE)) else cell


def restore(cell: str) -> str:
    """A cell as it was before `defuse`."""
    return cell.removeprefix(APOSTROPHE)


def _columns(corpus: pa.Table) -> tuple[str, ...]:
    """The columns that are written."""
    spoken = [name for name in DIALOGUE if corpus.column(name).null_count < corpus.num_rows]
    return (*COLUMNS, *spoken)


def _rows(corpus: pa.Table, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows as they go to JSON."""
    for batch in batches(corpus, columns, slot=_slot):
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def _slot(start: int, end: int, label: str, value: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "value": value}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return defuse(value if isinstance(value, str) else _encode(value))
