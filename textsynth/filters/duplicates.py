"""Which of many alike rows stays: the ranking and the greedy resolution that `near` and `semantic`
share.

Items (rows that no comparison can tell apart are one) are taken best first; one is dropped if a
kept one is near it. The result is the greedy maximal independent set of the graph "near" under the
ranking, so nothing that is kept is near anything else that is kept, and a second pass drops
nothing. Each group (an intent) is taken by itself. Its blocks of items grow geometrically and meet
the kept ones first: in a dense cluster most rows are gone before they are compared with each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Pairs = tuple[I64, I64, F64]
Compare = Callable[[I64, I64, bool], Pairs]
"""Handles, and other (or the same) handles -> the near pairs of them: left, right, similarity; all,
or where the last argument is true one at least for each on the left that has any. Whether two are
near may depend on nothing but the two."""

FIRST_BLOCK, LAST_BLOCK = 1024, 16_384


@dataclass(slots=True)
class Resolution:
    """What became of items.

    Attributes:
        dropped: shape (items,), bool.
        similarity: to the nearest kept item that it was dropped for, 0 where it was kept.
        edges: (dropped item, kept item) for each near pair that was found.
    """

    dropped: npt.NDArray[np.bool_]
    similarity: F64
    edges: list[tuple[I64, I64]] = field(default_factory=list)


def encode(values: Sequence[str | None]) -> tuple[I64, list[str]]:
    """A number for each value, and the distinct values by number; None counts as empty."""
    encoded = pa.array([value or "" for value in values], pa.string()).dictionary_encode()
    names: list[str] = encoded.dictionary.to_pylist()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), names


def numbers(corpus: pa.Table, name: str) -> I64:
    """A number for each distinct word of a column."""
    plain = pc.fill_null(pc.cast(corpus.column(name), pa.string()), "").combine_chunks()
    return np.asarray(plain.dictionary_encode().indices.to_numpy(), np.int64)


def distinct(*keys: I64) -> tuple[I64, I64]:
    """Items of rows that agree in all keys: a row of each item, and the item of each row."""
    joined = np.zeros(len(keys[0]), np.int64)
    first = joined[:0]
    for key in keys:
        wide = joined * (int(key.max(initial=0)) + 1) + key
        _, first, joined = np.unique(wide, return_index=True, return_inverse=True)
        joined = joined.astype(np.int64)
    return first.astype(np.int64), joined


def ranked(corpus: pa.Table) -> I64:
    """Row numbers, best first: higher `label_margin`, lower `detectability`, then id and content.

    Rows without a score come after those that have it.
    """
    table = pa.table(
        {
            "margin": pa.array(-_score(corpus, "label_margin")),
            "detectability": pa.array(_score(corpus, "detectability")),
            **{name: corpus.column(name) for name in ("id", "text", "pattern")},
            "intent": pc.cast(corpus.column("intent"), pa.string()),
        }
    )
    keys = [(name, "ascending") for name in table.column_names]
    order = pc.sort_indices(table, sort_keys=keys)
    return np.asarray(order.to_numpy()).astype(np.int64)


def _score(corpus: pa.Table, name: str) -> F64:
    """One score of each row, NaN (which sorts last) where it has none."""
    found = np.full(corpus.num_rows, np.nan)
    entries = corpus.column("scores").combine_chunks()
    parents = pc.list_parent_indices(entries).to_numpy()
    flat = pc.list_flatten(entries)
    here = pc.equal(pc.struct_field(flat, "name"), name).to_numpy(zero_copy_only=False)
    values = pc.struct_field(flat, "value").to_numpy(zero_copy_only=False)
    found[parents[here.astype(bool)]] = values[here.astype(bool)]
    return found


def against(
    order: I64, handles: Sequence[I64], compare: Sequence[Compare], kept: I64
) -> Resolution:
    """Drop what is near items that stand already; the arguments are those of `resolve`."""
    outcome = Resolution(np.zeros(len(handles[0]), bool), np.zeros(len(handles[0])))
    for ids, near in zip(handles, compare, strict=True):
        place = _Standing(ids)
        place.add(kept)
        order = _meet_kept(order, place, near, outcome)
    return outcome


def resolve(
    order: I64, handles: Sequence[I64], compare: Sequence[Compare], kept: I64, groups: I64
) -> Resolution:
    """Keep the best of what is near each other.

    Args:
        order: the items to judge, best first.
        handles: for each way to compare (cheapest first) the handle of every item. An item is near
            another where, one way, its handle is near the other's.
        compare: for each way, what finds near handles.
        kept: items that stand already.
        groups: the group of every item. Items of two groups are never near and share no handle.
            What becomes of a group does not depend on which others there are.
    """
    total = len(handles[0])
    outcome = Resolution(np.zeros(total, bool), np.zeros(total))
    standing = [_Standing(ids) for ids in handles]
    stand_already = _by_group(kept, groups)
    for group, items in _by_group(order, groups).items():
        for place in standing:
            place.start(stand_already.get(group, kept[:0]))
        _resolve_group(items, standing, compare, outcome)
    return outcome


def _by_group(items: I64, groups: I64) -> dict[int, I64]:
    turn = np.argsort(groups[items], kind="stable")
    found, starts = np.unique(groups[items[turn]], return_index=True)
    return dict(zip(found.tolist(), np.split(items[turn], starts[1:]), strict=False))


def _resolve_group(
    order: I64, standing: Sequence[_Standing], compare: Sequence[Compare], outcome: Resolution
) -> None:
    start, size = 0, FIRST_BLOCK
    while start < len(order):
        block = order[start : start + size]
        for place, near in zip(standing, compare, strict=True):
            block = _meet_kept(block, place, near, outcome)
        alive = _meet_each_other(block, standing, compare, outcome)
        for place in standing:
            place.add(alive)
        start, size = start + size, min(size * 2, LAST_BLOCK)


class _Standing:
    """The handles, one way to compare, that a kept item of a group has, each with the first such
    item."""

    def __init__(self, ids: I64) -> None:
        self.ids = ids
        self.item = np.full(int(ids.max(initial=-1)) + 1, -1, np.int64)
        self.handles = ids[:0]

    def start(self, items: I64) -> None:
        """Turn to another group, of which these items are kept."""
        self.handles = self.ids[:0]
        self.add(items)

    def add(self, items: I64) -> None:
        found, first = np.unique(self.ids[items], return_index=True)
        new = self.item[found] < 0
        self.item[found[new]] = items[first[new]]
        self.handles = np.concatenate([self.handles, found[new]])


def _meet_kept(block: I64, standing: _Standing, near: Compare, outcome: Resolution) -> I64:
    """Drop what is near a kept item; returns the others."""
    if not len(block) or not len(standing.handles):
        return block
    own, place = np.unique(standing.ids[block], return_inverse=True)
    left, right, similarity = near(own, standing.handles, True)
    if not len(left):
        return block
    best = np.zeros(len(own))
    at = np.searchsorted(own, left)
    np.maximum.at(best, at, similarity)
    hit = best[place] > 0
    gone = block[hit]
    outcome.dropped[gone] = True
    outcome.similarity[gone] = best[place[hit]]
    representative = np.full(len(own), -1, np.int64)
    representative[place[hit]] = gone
    outcome.edges.append((gone, representative[place[hit]]))
    outcome.edges.append((representative[at], standing.item[right]))
    return block[~hit]


def _meet_each_other(
    block: I64, standing: Sequence[_Standing], compare: Sequence[Compare], outcome: Resolution
) -> I64:
    """The greedy choice within a block; returns the items that stay, best first."""
    around: list[dict[int, list[tuple[int, float]]]] = []
    involved = np.zeros(len(block), bool)
    for place, near in zip(standing, compare, strict=True):
        own = np.unique(place.ids[block])
        left, right, similarity = near(own, own, False)
        links: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for a, b, s in zip(left.tolist(), right.tolist(), similarity.tolist(), strict=True):
            links[a].append((b, s))
        around.append(links)
        involved |= np.isin(place.ids[block], left)
    holder: list[dict[int, int]] = [{} for _ in standing]
    edges: list[tuple[int, int]] = []
    for item in block[involved].tolist():
        own_handles = [int(place.ids[item]) for place in standing]
        near_ones = [
            (similarity, held[other])
            for links, held, handle in zip(around, holder, own_handles, strict=True)
            for other, similarity in links.get(handle, ())
            if other in held
        ]
        if near_ones:
            outcome.dropped[item] = True
            outcome.similarity[item] = max(near_ones)[0]
            edges += [(item, other) for _, other in near_ones]
        else:
            for held, handle in zip(holder, own_handles, strict=True):
                held.setdefault(handle, item)
    if edges:
        pairs = np.array(edges, np.int64)
        outcome.edges.append((pairs[:, 0], pairs[:, 1]))
    return block[~outcome.dropped[block]]


def clusters(outcome: Resolution, among: I64, content: pa.Array) -> tuple[I64, pa.Array]:
    """For every item the number of its component, by the near pairs found of the items `among`; and
    the smallest content of each component.

    Components count from 1 in the order of their smallest content; 0 is an item that is alone.
    `content` is that of each of `among`.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    total = len(outcome.dropped)
    numbers = np.zeros(total, np.int64)
    if not outcome.edges:
        return numbers, content[:0]
    mask = np.zeros(total, bool)
    mask[among] = True
    left, right = (np.concatenate(side) for side in zip(*outcome.edges, strict=True))
    inside = mask[left] & mask[right] & (left != right)
    left, right = left[inside], right[inside]
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(total, total))
    _, labels = connected_components(graph, directed=False)
    together = np.flatnonzero(np.bincount(labels)[labels[among]] > 1)
    own = content.take(pa.array(together))
    together = together[pc.array_sort_indices(own).to_numpy()]
    found, first, place = np.unique(labels[among[together]], return_index=True, return_inverse=True)
    turn = np.argsort(first)
    rank = np.empty(len(found), np.int64)
    rank[turn] = np.arange(1, len(found) + 1)
    numbers[among[together]] = rank[place]
    return numbers, content.take(pa.array(together[first[turn]]))


def unique(values: I64) -> I64:
    """The distinct values in the order in which they come first."""
    found, first = np.unique(values, return_index=True)
    return np.asarray(found[np.argsort(first)], np.int64)
