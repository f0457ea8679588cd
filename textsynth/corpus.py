"""The corpus: one Arrow table, one row an utterance, and the only span arithmetic there is.

Offsets are Python character offsets (code points), end exclusive. `Utterance` is the row view for
people, plug-ins and tests; steps pass `pyarrow.Table`s of `SCHEMA`.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SLOT = pa.struct(
    [("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("value", pa.string())]
)
STATE = pa.struct([("slot", pa.string()), ("value", pa.string())])
SCORE = pa.struct([("name", pa.string()), ("value", pa.float32())])
DIALOGUE = pa.struct(
    [
        ("flow", pa.string()),
        ("outcome", pa.string()),
        ("goal", pa.list_(STATE)),
        ("persona", pa.list_(SCORE)),
        ("path", pa.list_(pa.string())),
    ]
)
WORD = pa.dictionary(pa.int32(), pa.string())

MOST_GENERATIONS = 126  # of a row that is read: what is made of it must fit eight bits
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("intent", WORD),
        ("slots", pa.list_(SLOT)),
        ("pattern", pa.string()),
        ("language", pa.string()),
        ("origin", WORD),
        ("generation", pa.int8()),
        ("parents", pa.list_(pa.string())),
        ("dialogue_id", pa.string()),
        ("turn", pa.int32()),
        ("speaker", pa.string()),
        ("act", pa.string()),
        ("state", pa.list_(STATE)),
        ("dialogue", DIALOGUE),
        ("scores", pa.list_(SCORE)),
        ("split", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A labelled span: the surface is `text[start:end]`, `value` its canonical form."""

    start: int
    end: int
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is true of a whole dialogue; its first turn carries it.

    `outcome` is `success`, `failure` or `abandoned`; `goal` is what the user wanted in the end, as
    (slot, canonical value); `persona` has traits from 0 to 1; `path` names the states of the flow
    in the order in which they were entered.
    """

    flow: str
    outcome: str
    goal: tuple[tuple[str, str], ...] = ()
    persona: tuple[tuple[str, float], ...] = ()
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of the corpus: an utterance by itself, or a turn of a dialogue.

    Turns share a `dialogue_id` and count from 0. `act` is SGD's notation, parted by spaces:
    `INFORM:city REQUEST_ALTS`. `state` is what the user has said they want up to here, as (slot,
    canonical value); turns of the system have none.
    """

    id: str
    text: str
    intent: str | None = None
    slots: tuple[Slot, ...] = ()
    pattern: str | None = None
    language: str = "en"
    origin: str = "seed"
    generation: int = 0
    parents: tuple[str, ...] = ()
    dialogue_id: str | None = None
    turn: int | None = None
    speaker: str | None = None
    act: str | None = None
    state: tuple[tuple[str, str], ...] | None = None
    dialogue: Dialogue | None = None
    scores: dict[str, float] = field(default_factory=dict)
    split: str | None = None


def to_table(utterances: Iterable[Utterance]) -> pa.Table:
    """Utterances as a table of `SCHEMA`."""
    rows = [_row(utterance) for utterance in utterances]
    columns = []
    for column in SCHEMA:
        values = [row[column.name] for row in rows]
        plain = pa.string() if column.type == WORD else column.type
        array = pa.array(values, type=plain)
        columns.append(array.dictionary_encode() if column.type == WORD else array)
    return pa.table(columns, schema=SCHEMA)


def _row(utterance: Utterance) -> dict[str, Any]:
    row = {name: getattr(utterance, name) for name in SCHEMA.names}
    row["slots"] = [
        {"start": s.start, "end": s.end, "label": s.label, "value": s.value}
        for s in utterance.slots
    ]
    row["parents"] = list(utterance.parents)
    if utterance.state is not None:
        row["state"] = _pairs(utterance.state, "slot")
    if utterance.dialogue is not None:
        whole = utterance.dialogue
        row["dialogue"] = {
            "flow": whole.flow,
            "outcome": whole.outcome,
            "goal": _pairs(whole.goal, "slot"),
            "persona": _pairs(whole.persona, "name"),
            "path": list(whole.path),
        }
    row["scores"] = [{"name": k, "value": v} for k, v in utterance.scores.items()]
    return row


def _pairs(entries: Iterable[tuple[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{name: first, "value": second} for first, second in entries]


def utterances(corpus: pa.Table) -> Iterator[Utterance]:
    """The rows of a table of `SCHEMA`, batch by batch."""
    for batch in corpus.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            row["slots"] = tuple(Slot(**slot) for slot in row["slots"] or ())
            row["parents"] = tuple(row["parents"] or ())
            if row["state"] is not None:
                row["state"] = _tuples(row["state"], "slot")
            if row["dialogue"] is not None:
                whole = row["dialogue"]
                row["dialogue"] = Dialogue(
                    flow=whole["flow"],
                    outcome=whole["outcome"],
                    goal=_tuples(whole["goal"], "slot"),
                    persona=_tuples(whole["persona"], "name"),
                    path=tuple(whole["path"] or ()),
                )
            row["scores"] = {entry["name"]: entry["value"] for entry in row["scores"] or ()}
            yield Utterance(**row)


def _tuples(entries: list[dict[str, Any]] | None, name: str) -> tuple[tuple[str, Any], ...]:
    return tuple((entry[name], entry["value"]) for entry in entries or ())


def empty() -> pa.Table:
    """A corpus without rows."""
    return SCHEMA.empty_table()


def concat(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of `SCHEMA` one after the other, dictionaries unified."""
    parts = [table for table in tables if table.num_rows]
    return pa.concat_tables(parts).unify_dictionaries() if parts else empty()


def column(corpus: pa.Table, name: str) -> list[Any]:
    """A column as a Python list (dictionaries decoded)."""
    values: list[Any] = corpus.column(name).to_pylist()
    return values


def singles(corpus: pa.Table) -> pa.Table:
    """The rows that belong to no dialogue."""
    return corpus.filter(pc.is_null(corpus.column("dialogue_id")))


def turns(corpus: pa.Table) -> pa.Table:
    """The rows that are turns of dialogues, in the order of the table."""
    return corpus.filter(pc.is_valid(corpus.column("dialogue_id")))


def take(corpus: pa.Table, rows: Iterable[int]) -> pa.Table:
    """The rows at these positions, in this order."""
    return corpus.take(pa.array(list(rows), type=pa.int64()))


def replace_column(corpus: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with one column replaced; `values` is a list or an Arrow array."""
    place = SCHEMA.get_field_index(name)
    kind = SCHEMA.field(name).type
    if not isinstance(values, (pa.Array, pa.ChunkedArray)):
        plain = pa.string() if kind == WORD else kind
        values = pa.array(values, type=plain)
    if kind == WORD and not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    return corpus.set_column(place, SCHEMA.field(name), values)


def add_scores(corpus: pa.Table, name: str, values: Iterable[float]) -> pa.Table:
    """The table with one more (or a newer) score in each row, rounded to six places."""
    merged = []
    for entries, value in zip(column(corpus, "scores"), values, strict=True):
        kept = [entry for entry in entries or [] if entry["name"] != name]
        merged.append([*kept, {"name": name, "value": round(float(value), 6)}])
    return replace_column(corpus, "scores", merged)


def scores(corpus: pa.Table, name: str) -> list[float | None]:
    """One score of each row; None where a row has none of that name."""
    return [
        next((entry["value"] for entry in entries or () if entry["name"] == name), None)
        for entries in column(corpus, "scores")
    ]


def write(corpus: pa.Table, path: Path) -> None:
    """Write Parquet under a temporary name, then rename: what exists is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(corpus, temporary, compression="zstd")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> pa.Table:
    """Read a table of `SCHEMA` from Parquet."""
    table = pq.read_table(path)
    columns = []
    for column_ in SCHEMA:
        if column_.name not in table.column_names:  # written by an earlier version
            columns.append(pa.nulls(table.num_rows, column_.type))
            continue
        values = table.column(column_.name)
        if column_.type == WORD and not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        columns.append(values.cast(column_.type))
    return pa.table(columns, schema=SCHEMA)


_ASCII_EDGES = "".join(
    chr(code) for code in range(128) if unicodedata.category(chr(code))[0] in "PZ"
)


def fold(text: str) -> str:
    """The form under which texts count as equal: NFKC, case folded, white space joined, leading and
    trailing punctuation dropped (unless nothing else is there)."""
    if text.isascii():
        folded = " ".join(text.lower().split())
        return folded.strip(_ASCII_EDGES) or folded
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, end = 0, len(folded)
    while start < end and is_mark(folded[start]):
        start += 1
    while start < end and is_mark(folded[end - 1]):
        end -= 1
    return folded[start:end] or folded


def is_mark(char: str) -> bool:
    """Whether a character is punctuation, white space or an invisible mark."""
    # `\W` would take vowel signs and symbols too: two Hindi words, or "c++" and "c", would be one.
    if char.isalnum():
        return False
    kind = unicodedata.category(char)
    return kind[0] in "PZ" or kind == "Cf"


def span_fault(text: str, spans: Iterable[tuple[int, int]]) -> str | None:
    """Why these spans do not fit the text (`span_out_of_bounds`, `span_empty`, `spans_overlap`), or
    None where they do."""
    last = 0
    for start, end in sorted(spans):
        if start < 0 or end > len(text):
            return "span_out_of_bounds"
        if start >= end:
            return "span_empty"
        if start < last:
            return "spans_overlap"
        last = end
    return None


def substitute(
    text: str, replacements: Iterable[tuple[int, int, str]]
) -> tuple[str, list[tuple[int, int]]]:
    """Replace disjoint spans of `text`; returns the new text and where each replacement now stands,
    in the order of the spans."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    at = length = 0
    for start, end, surface in sorted(replacements):
        pieces += [text[at:start], surface]
        length += start - at
        places.append((length, length + len(surface)))
        length += len(surface)
        at = end
    pieces.append(text[at:])
    return "".join(pieces), places


def count_by(corpus: pa.Table, *names: str) -> dict[tuple[Any, ...], int]:
    """Rows per combination of these columns, sorted by it."""
    plain = pa.table(
        {
            name: pc.cast(corpus.column(name), pa.string())
            if SCHEMA.field(name).type == WORD
            else corpus.column(name)
            for name in names
        }
    )
    counted = plain.group_by(list(names)).aggregate([([], "count_all")]).to_pylist()
    found = {tuple(row[name] for name in names): row["count_all"] for row in counted}
    return dict(
        sorted(found.items(), key=lambda item: tuple((part is not None, part) for part in item[0]))
    )
