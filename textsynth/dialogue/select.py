"""Choose exactly as many dialogues as are wanted, covering what there is to cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import keyed
from textsynth.turns import Dialogues, dialogues, done, flat, whole

I64 = npt.NDArray[np.int64]
Cell = tuple[str, str]  # flow, outcome
# Of the dialogues that have what is not covered, so many are weighed against each other.
WEIGHED = 1000


def cells(turns: pa.Table) -> Counter[Cell]:
    """How many dialogues there are of each (flow, outcome)."""
    return Counter(_cells(dialogues(turns)))


def quotas(
    wanted: Mapping[str, int], simulated: Mapping[Cell, int], there: Mapping[Cell, int]
) -> dict[Cell, int]:
    """How many dialogues of each (flow, outcome) make up what is `wanted` of each flow.

    Outcomes have the shares in which they were simulated (largest remainders), whatever filters
    left; where there are too few of one, the others make up for it in the same proportion, so that
    a flow falls short only where all its dialogues are taken.
    """
    found: dict[Cell, int] = {}
    for flow in sorted(wanted):
        own = sorted(cell for cell in there if cell[0] == flow and there[cell] > 0)
        left = min(wanted[flow], sum(there[cell] for cell in own))
        given = dict.fromkeys(own, 0)
        while left:
            open_ = [cell for cell in own if given[cell] < there[cell]]
            weights = [simulated.get(cell, 0) for cell in open_]
            if not any(weights):
                weights = [there[cell] for cell in open_]
            for cell, count in zip(open_, _apportioned(left, weights), strict=True):
                more = min(count, there[cell] - given[cell])
                given[cell] += more
                left -= more
        found |= {cell: count for cell, count in given.items() if count}
    return found


def _apportioned(count: int, weights: Sequence[int]) -> list[int]:
    """A count shared out by weight, by largest remainders; among equals the first has more."""
    total = sum(weights)
    shares = [count * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(count * weights[at] % total), at))
    for at in order[: count - sum(shares)]:
        shares[at] += 1
    return shares


def select(turns: pa.Table, quotas: Mapping[Cell, int], *, seed: int) -> list[str]:
    """The ids of the dialogues to keep, sorted: for each (flow, outcome) its quota exactly, or all
    there are. Neither the order of rows nor that of dialogues matters.

    First come dialogues that cover what no chosen one of their flow has: each step from one state
    of the flow to the next, then each pair of what is done in one turn and in the next, then each
    value of a goal; the rarest first, and of its holders the one that covers most. Then, by keyed
    hash, the first dialogue of each wording (its patterns) before the second of any.
    """
    found = dialogues(turns)
    own = _cells(found)
    ids = found.ids()
    order = keyed.order(keyed.stream(seed, "dialogues"), ids)
    choice = _Choice(own, dict(quotas))
    choice.cover(order, _items(found))
    twins: Counter[tuple[Cell, str]] = Counter()
    wordings = whole(found).column("pattern").to_pylist()
    turn = {}
    for at in order.tolist():
        turn[at] = twins[own[at], wordings[at]]
        twins[own[at], wordings[at]] += 1
    for at in sorted(order.tolist(), key=turn.__getitem__):
        choice.take(at)
    return sorted(ids[at] for at in choice.taken)


def _cells(found: Dialogues) -> list[Cell]:
    both = (found.facts(name).to_pylist() for name in ("flow", "outcome"))
    return list(zip(*both, strict=True))


@dataclass(frozen=True, slots=True)
class _Items:
    """What dialogues cover, as pairs of a dialogue and an item, each once; items are numbered from
    0 in an order that only their names tell, `kinds` is the kind of each."""

    holders: I64
    items: I64
    kinds: I64


def _items(found: Dialogues) -> _Items:
    flows = _numbered(found.facts("flow").to_pylist())
    number = np.repeat(np.arange(len(found)), found.sizes())
    slots, values, ends = flat(found.facts("goal"), "slot", "value")
    of_goal = np.repeat(np.arange(len(found)), np.diff([0, *ends]))
    path = found.facts("path")
    of_path = np.repeat(
        np.arange(len(found)), pc.fill_null(pc.list_value_length(path), 0).to_numpy()
    )
    pairs = [
        _pairs(of_path, _numbered(pc.list_flatten(path).to_pylist())),
        _pairs(number, _numbered(done(found))),
        (of_goal, _numbered(zip(slots, values, strict=True))),
    ]
    parts: list[tuple[I64, I64, I64]] = []
    before = 0
    for kind, (owner, codes) in enumerate(pairs):
        wide = flows[owner] * (int(codes.max(initial=0)) + 1) + codes
        names, items = np.unique(wide, return_inverse=True)
        held = np.unique(owner * max(1, len(names)) + items)
        holders, items = np.divmod(held, max(1, len(names)))
        parts.append((holders, before + items, np.full(len(names), kind)))
        before += len(names)
    return _Items(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _numbered(values: Iterable[Any]) -> I64:
    """Numbers of values in the order of the values."""
    given = list(values)
    place = {value: at for at, value in enumerate(sorted(set(given)))}
    return np.array([place[value] for value in given], np.int64)


def _pairs(owner: I64, codes: I64) -> tuple[I64, I64]:
    """The owner and a number of each pair of neighbours that have one owner."""
    same = owner[1:] == owner[:-1]
    size = int(codes.max(initial=0)) + 1
    return owner[1:][same], (codes[:-1] * size + codes[1:])[same]


class _Choice:
    """What is chosen so far, and what is left of the quotas."""

    def __init__(self, cells: Sequence[Cell], left: dict[Cell, int]) -> None:
        self.taken: set[int] = set()
        self._cells, self._left = cells, left

    def may(self, at: int) -> bool:
        """Whether it is not taken, and there is room for it."""
        return at not in self.taken and self._left.get(self._cells[at], 0) > 0

    def take(self, at: int) -> None:
        """Take a dialogue if that may be."""
        if self.may(at):
            self.taken.add(at)
            self._left[self._cells[at]] -= 1

    def cover(self, order: I64, found: _Items) -> None:
        """Take dialogues that cover items which nothing taken has, kind by kind, the rarest first;
        among equals the first in the order."""
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        by_item = np.lexsort((rank[found.holders], found.items))
        counts = np.bincount(found.items, minlength=len(found.kinds))
        ends = np.cumsum(counts)
        own_ends = np.cumsum(np.bincount(found.holders, minlength=len(order)))
        own = np.split(found.items[np.argsort(found.holders, kind="stable")], own_ends[:-1])
        open_ = np.ones(len(counts), bool)
        for item in np.lexsort((counts, found.kinds)).tolist():
            if not open_[item]:
                continue
            there = found.holders[by_item[ends[item] - counts[item] : ends[item]]].tolist()
            free = list(islice(filter(self.may, there), WEIGHED))
            if free:
                best = max(free, key=lambda at: int(open_[own[at]].sum()))
                self.take(best)
                open_[own[best]] = False
