"""Dialogues as columns: turns sorted and cut where a dialogue ends, and acts as they are written.

Whoever judges, chooses or measures whole dialogues reads them through here, so that the order of
rows in a table never matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus

I64 = npt.NDArray[np.int64]
Act = tuple[str, str | None]
Pairs = dict[str, str]


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
        places = self.starts.tolist()
        return zip(places[:-1], places[1:], strict=True)

    def first(self, name: str) -> list[Any]:
        """A column of the first turns: one value a dialogue."""
        values: list[Any] = self.turns.column(name).take(pa.array(self.starts[:-1])).to_pylist()
        return values

    def ids(self) -> list[str]:
        """The `dialogue_id` of each, in ascending order."""
        return self.first("dialogue_id")

    def joined(self, values: pa.Array | pa.ChunkedArray, separator: str = "\n") -> pa.Array:
        """Strings, one a turn (null counts as empty), joined to one a dialogue."""
        flat = pc.fill_null(values, "")
        if isinstance(flat, pa.ChunkedArray):
            flat = flat.combine_chunks()
        offsets = pa.array(self.starts, pa.int32())
        return pc.binary_join(pa.ListArray.from_arrays(offsets, flat), separator)


def dialogues(table: pa.Table) -> Dialogues:
    """The dialogues of a table; single utterances in it are left out. Equal turns of one dialogue
    stand by their texts."""
    there = np.flatnonzero(pc.is_valid(table.column("dialogue_id")).to_numpy())
    turns = table.take(pa.array(there, pa.int64()))
    keys = [(name, "ascending") for name in ("dialogue_id", "turn", "text", "id")]
    order = pc.sort_indices(turns, sort_keys=keys)
    turns = turns.take(order)
    rows = there[order.to_numpy()].astype(np.int64)
    ids = turns.column("dialogue_id")
    if not turns.num_rows:
        return Dialogues(turns, rows, np.zeros(1, np.int64))
    new = pc.not_equal(ids.slice(1), ids.slice(0, turns.num_rows - 1)).to_numpy()
    starts = np.concatenate([[0], 1 + np.flatnonzero(new), [turns.num_rows]])
    return Dialogues(turns, rows, starts.astype(np.int64))


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


def bigrams(found: Dialogues) -> list[list[tuple[str, str]]]:
    """For each dialogue the pairs of what is done in one turn and in the next, in their order."""
    both = (corpus.column(found.turns, name) for name in ("speaker", "act"))
    done = [names(speaker, act) for speaker, act in zip(*both, strict=True)]
    return [
        list(zip(done[start : end - 1], done[start + 1 : end], strict=True))
        for start, end in found.spans()
    ]


def states(table: pa.Table) -> list[Pairs | None]:
    """The belief state of each turn, slot to value; None where it has none."""
    column = table.column("state").combine_chunks()
    slots, values, ends = flat(column, "slot", "value")
    there = column.is_valid().to_pylist()
    start, found = 0, []
    for end, valid in zip(ends, there, strict=True):
        found.append(dict(zip(slots[start:end], values[start:end], strict=True)) if valid else None)
        start = end
    return found


def flat(column: Any, *fields: str) -> list[list[Any]]:
    """Fields of a list of structs, each one list for all rows; last, where each row ends in them.
    Much faster than rows of dicts."""
    inner = pc.list_flatten(column)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    found = [pc.struct_field(inner, name).to_pylist() for name in fields]
    return [*found, np.cumsum(lengths).tolist()]
