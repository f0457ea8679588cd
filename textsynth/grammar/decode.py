"""Derivation indices to numbers of texts: mixed radix, a part at a time, all rows at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.grammar.arrow import I32
from textsynth.grammar.fragments import Choice, Echo, Pick, Product, Table
from textsynth.grammar.link import Linked
from textsynth.grammar.scope import Key
from textsynth.keyed import I64

Rows = npt.NDArray[Any]  # machine integers, or Python's where there are too many derivations


class Decoder:
    """Derivation indices to numbers of texts, written to `texts[column, row]`."""

    def __init__(self, texts: I32) -> None:
        self.texts = texts
        self.picked: dict[Key, I64] = {}

    def decode(
        self, linked: Linked, index: Rows, rows: I64, state: Rows | None = None
    ) -> Rows | None:
        """Write the rows of a part; returns the states they leave by, None where that is one.

        `index` is below the part's count, `state` the entering states where there are several.
        """
        part = linked.part
        if isinstance(part, (Table, Echo)):
            entry = (
                self.picked[part.key][rows] if isinstance(part, Echo) else index.astype(np.int64)
            )
            return self.table(linked, entry, rows, state)
        if isinstance(part, Pick):
            self.picked.setdefault(part.key, np.zeros(self.texts.shape[1], np.int64))
            self.picked[part.key][rows] = index
            return state
        if isinstance(part, Product):
            return self.product(linked, index, rows, state)
        if isinstance(part, Choice):
            return self.choice(linked, index, rows, state)
        inner = linked.parts[0]
        entered = None
        if state is not None:
            place = np.zeros(max(linked.enters) + 1, np.int16)
            place[list(linked.enters)] = inner.enters
            entered = place[state]
        left = self.decode(inner, index, rows, entered)
        if len(linked.leaves) == 1:
            return None
        assert left is not None and linked.after is not None
        return np.asarray(linked.after[left])

    def table(self, linked: Linked, entry: I64, rows: I64, state: Rows | None) -> Rows | None:
        if state is None:
            self.texts[linked.column, rows] = entry + linked.first[0]
            after = None if linked.after is None else linked.after[0][entry]
        else:
            local = np.zeros(max(linked.enters) + 1, np.int64)
            local[list(linked.enters)] = np.arange(len(linked.enters))
            at = local[state]
            self.texts[linked.column, rows] = entry + linked.first[at]
            after = None if linked.after is None else linked.after[at, entry]
        return after

    def product(self, linked: Linked, index: Rows, rows: I64, state: Rows | None) -> Rows | None:
        last = len(linked.parts) - 1
        for place, (item, count) in enumerate(zip(linked.parts, linked.counts, strict=True)):
            digit = index
            if place < last:
                rest = index // count
                digit, index = index - rest * count, narrow(rest, linked.counts[place + 1 :])
            state = self.decode(item, narrow(digit, (count,)), rows, state)
        return state

    def choice(self, linked: Linked, index: Rows, rows: I64, state: Rows | None) -> Rows | None:
        many = len(linked.leaves) > 1
        left = np.full(len(rows), linked.leaves[0], np.int16) if many else None
        base = 0
        for branch, count in zip(linked.parts, linked.counts, strict=True):
            here = np.flatnonzero((index >= base) & (index < base + count))
            if here.size:
                inner = narrow(index[here] - base, (count,))
                entered = None if state is None else state[here]
                out = self.decode(branch, inner, rows[here], entered)
                if left is not None:
                    left[here] = branch.leaves[0] if out is None else out
            base += count
        return left


def narrow(index: Rows, counts: tuple[int, ...]) -> Rows:
    """Python integers as machine integers, once they are small enough."""
    if index.dtype == object and math.prod(counts) < 1 << 62:
        return index.astype(np.int64)
    return index
