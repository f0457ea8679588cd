"""Every value at least once: which derivations of a sentence go first, before the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import keyed
from textsynth.grammar.fragments import Choice, Part, Pick, Product, Table, Trim
from textsynth.keyed import I64

Indices = npt.NDArray[Any]  # machine integers, or Python's where there are too many derivations


def covering(part: Part) -> Indices:
    """Derivations that together say every value of every list in a part, as few as is simple: lists
    that stand side by side go through their values together."""
    found = _covering(part)
    if not found.size:
        found = np.zeros(1, np.int64)
    return found if part.count >= 1 << 62 else found.astype(np.int64)


def _covering(part: Part) -> Indices:
    if isinstance(part, Table):
        return _new_values(part)
    if isinstance(part, Pick):
        return np.arange(part.count, dtype=np.int64)
    if isinstance(part, Trim):
        return _covering(part.part)
    if isinstance(part, Choice):
        base, found = 0, []
        for branch in part.branches:
            inner = _covering(branch)
            found.append((inner.astype(object) + base) if inner.size else inner)
            base += branch.count
        return np.concatenate(found)
    if not isinstance(part, Product):
        return np.zeros(0, np.int64)
    digits = [_covering(item) for item in part.parts]
    rows = max(digit.size for digit in digits)
    total, radix = np.zeros(rows, object), 1
    for item, digit in zip(part.parts, digits, strict=True):
        if digit.size:
            total = total + digit[np.arange(rows) % digit.size].astype(object) * radix
        radix *= item.count
    return total


def _new_values(table: Table) -> I64:
    """The entries that say a value which no entry before them says."""
    seen: set[tuple[str, str]] = set()
    found = []
    for place, fragment in enumerate(table.fragments):
        said = {(span.label, span.value) for span in fragment.spans}
        if said - seen:
            seen |= said
            found.append(place)
    return np.array(found, np.int64)


def derivations(key: int, turns: I64, count: int, first: Indices | None) -> Indices:
    """Which derivation each turn of a sentence gives: a permutation of all, `first` before others.

    Where the keyed permutation gives one of `first` again, what it gives for that one's own turn is
    taken instead, so that nothing is lost and nothing comes twice.
    """
    if first is None:
        return keyed.permute(key, turns, count)
    found = keyed.permute(key, turns, count)
    ahead = turns < len(first)
    found[ahead] = first[turns[ahead]]
    order = np.argsort(first, kind="stable")
    ranked = first[order]
    pending = np.flatnonzero(~ahead)
    while pending.size:
        place = np.minimum(np.searchsorted(ranked, found[pending]), len(first) - 1)
        again = ranked[place] == found[pending]
        pending = pending[again]
        found[pending] = keyed.permute(key, order[place[again]], count)
    return found
