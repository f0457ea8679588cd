"""Dialogues as columns: turns sorted and cut where a dialogue ends, and acts as they are written.

Whoever judges, chooses or measures whole dialogues reads them through here, so that the order of
rows in a table never matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus
from textsynth.patterns import SlotRef, escape, parse

I64 = npt.NDArray[np.int64]
Act = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Turns sorted by `dialogue_id` and `turn`.

    Attributes:
        turns: a table of `corpus.SCHEMA`.
        rows: where each turn stood in the table that was given, shape (turns,).
        starts: where each dialogue begins, and after the last the number of turns; shape
            (dialogues + 1,).
    """

    turns: pa.Table
    rows: I64
    starts: I64

    def __len__(self) -> int:
        return len(self.starts) - 1

    def spans(self) -> Iterator[tuple[int, int]]:
        """(first turn, one after the last) of each dialogue."""
        return pairwise(self.starts.tolist())

    def sizes(self) -> I64:
        """How many turns each has, shape (dialogues,)."""
        return self.starts[1:] - self.starts[:-1]

    def first(self, name: str) -> pa.Array:
        """A column of the first turns: one value a dialogue."""
        return self.turns.column(name).take(pa.array(self.starts[:-1])).combine_chunks()

    def facts(self, name: str) -> pa.Array:
        """One of the facts of `corpus.Dialogue`, of each; null where a dialogue has none."""
        return pc.struct_field(self.first("dialogue"), name)

    def ids(self) -> list[str]:
        """The `dialogue_id` of each, in ascending order."""
        found: list[str] = self.first("dialogue_id").to_pylist()
        return found

    def joined(self, values: pa.Array | pa.ChunkedArray, separator: str = "\n") -> pa.Array:
        """Strings, one a turn (null counts as empty), joined to one a dialogue."""
        flat = pc.fill_null(values, "")
        if isinstance(flat, pa.ChunkedArray):
            flat = flat.combine_chunks()
        offsets = pa.array(self.starts, pa.int32())
        return pc.binary_join(pa.ListArray.from_arrays(offsets, flat), separator)


def dialogues(table: pa.Table) -> Dialogues:
    """The dialogues of a table; single utterances in it are left out. Turns of one dialogue and one
    number stand by their texts."""
    rows = np.flatnonzero(pc.is_valid(table.column("dialogue_id")).to_numpy())
    turns = table if len(rows) == table.num_rows else table.take(pa.array(rows))
    encoded = turns.column("dialogue_id").combine_chunks().dictionary_encode()
    _, places = np.unique(encoded.dictionary.to_numpy(zero_copy_only=False), return_inverse=True)
    owner = places[encoded.indices.to_numpy()] if turns.num_rows else places
    number = pc.fill_null(turns.column("turn"), -1).to_numpy()
    order = np.lexsort((number, owner))
    again = (owner[order][1:] == owner[order][:-1]) & (number[order][1:] == number[order][:-1])
    if again.any():
        said = (pc.fill_null(turns.column(name), "").to_pylist() for name in ("id", "text"))
        order = np.lexsort((*(np.array(values, object) for values in said), number, owner))
    if not np.array_equal(order, np.arange(len(order))):
        turns, rows, owner = turns.take(pa.array(order)), rows[order], owner[order]
    starts = np.searchsorted(owner, np.arange(len(encoded.dictionary) + 1))
    return Dialogues(turns.combine_chunks(), rows.astype(np.int64), starts.astype(np.int64))


def whole(found: Dialogues) -> pa.Table:
    """Dialogues as rows of `corpus.SCHEMA`, one each, in the order of their ids.

    `text` has the turns, a line each, and `pattern` their patterns, where a slot is its label;
    `intent` is the flow, `origin` is `model` where a turn is of a model, and `act` has the acts of
    all turns. `id` and `dialogue_id` are the dialogue's.
    """
    turns, count = found.turns, len(found)
    ids = found.first("dialogue_id")
    given: dict[str, Any] = {
        "id": ids,
        "dialogue_id": ids,
        "text": found.joined(turns.column("text")),
        "pattern": found.joined(_shapes(turns)),
        "intent": found.facts("flow").dictionary_encode(),
        "origin": pa.array(_origins(found), pa.string()).dictionary_encode(),
        "act": found.joined(turns.column("act"), " "),
        "dialogue": found.first("dialogue"),
        "split": found.first("split"),
    }
    columns = [given.get(field.name, pa.nulls(count, field.type)) for field in corpus.SCHEMA]
    return pa.table(columns, schema=corpus.SCHEMA)


def _shapes(turns: pa.Table) -> pa.Array:
    """Patterns whose slots go by their labels alone: a name may stand for two labels in two turns,
    and may not in one pattern."""
    written = [
        escape(text or "") if pattern is None else pattern
        for pattern, text in zip(
            corpus.column(turns, "pattern"), corpus.column(turns, "text"), strict=True
        )
    ]
    encoded = pa.array(written, pa.string()).dictionary_encode()
    shapes = [_by_label(pattern) for pattern in encoded.dictionary.to_pylist()]
    return pa.array(shapes, pa.string()).take(encoded.indices)


def _by_label(pattern: str) -> str:
    if "{" not in pattern:
        return pattern
    return "".join(
        f"{{{part.label}}}" if isinstance(part, SlotRef) else escape(part)
        for part in parse(pattern).parts
    )


def _origins(found: Dialogues) -> list[str]:
    own = pc.fill_null(pc.cast(found.turns.column("origin"), pa.string()), "").to_pylist()
    origins = []
    for start, end in found.spans():
        there = set(own[start:end])
        origins.append("model" if "model" in there else own[start])
    return origins


@lru_cache(maxsize=65_536)
def acts(written: str | None) -> tuple[Act, ...]:
    """The acts of a turn as (act, slot or None): `INFORM:city REQUEST_ALTS`."""
    found = (act.partition(":") for act in (written or "").split())
    return tuple((name, slot or None) for name, _, slot in found)


@lru_cache(maxsize=65_536)
def names(speaker: str | None, written: str | None) -> str:
    """What is done in a turn, without the slots: `user INFORM REQUEST_ALTS`."""
    done = dict.fromkeys(name for name, _ in acts(written))
    return " ".join([speaker or "", *sorted(done)])


def done(found: Dialogues) -> list[str]:
    """`names` of every turn."""
    both = (corpus.column(found.turns, name) for name in ("speaker", "act"))
    return [names(speaker, act) for speaker, act in zip(*both, strict=True)]


def bigrams(found: Dialogues) -> list[list[tuple[str, str]]]:
    """For each dialogue the pairs of what is done in one turn and in the next, in their order."""
    every = done(found)
    return [list(pairwise(every[start:end])) for start, end in found.spans()]


def flat(column: Any, *fields: str) -> list[list[Any]]:
    """Fields of a list of structs, each one list for all rows; last, where each row ends in them.
    Much faster than rows of dicts."""
    inner = pc.list_flatten(column)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    found = [pc.struct_field(inner, name).to_pylist() for name in fields]
    return [*found, np.cumsum(lengths).tolist()]
