"""Samples of equal size: figures that depend on it are compared on no others.

Rows are drawn by the keyed hash of what they say, so that neither a sample nor its order depends on
the order in which they came. Of equal rows each has a hash of its own: they are drawn one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import pyarrow as pa

from textsynth import corpus, keyed


def order(keys: Sequence[str], stream: int) -> list[int]:
    """The places of `keys`, sorted by their hash in a keyed stream."""
    seen: Counter[str] = Counter()
    own = []
    for key in keys:
        own.append(f"{key}\x1f{seen[key]}" if seen[key] else key)
        seen[key] += 1
    return [int(at) for at in keyed.order(stream, own)]


def rows(table: pa.Table, size: int | None, seed: int, *names: str | int) -> pa.Table:
    """At most `size` rows (None: all of them), in the order of their hash; `names` tell apart draws
    that must not be the same."""
    return corpus.take(table, _ordered(table, seed, *names)[:size])


def halves(table: pa.Table, seed: int) -> tuple[pa.Table, pa.Table]:
    """Two halves at random, of equal size; of an odd number of rows one is left out."""
    drawn = _ordered(table, seed, "halves")
    half = len(drawn) // 2
    return corpus.take(table, drawn[:half]), corpus.take(table, drawn[half : 2 * half])


def by_intent(tables: Sequence[pa.Table], size: int, seed: int) -> list[pa.Table]:
    """From each table as many rows of every intent, at most `size` in all: of an intent as many as
    the table with the fewest of it has. The n-th rows are of one intent. Without an intent that all
    have, tables without rows."""
    groups: list[dict[Hashable, list[int]]] = []
    for table in tables:
        of_intent: dict[Hashable, list[int]] = defaultdict(list)
        intents = corpus.column(table, "intent")
        for row in _ordered(table, seed, "by intent"):
            of_intent[intents[row]].append(row)
        groups.append(of_intent)
    places = [
        (intent, place)
        for intent in sorted(groups[0], key=lambda intent: (intent is not None, intent))
        for place in range(min(len(group.get(intent, ())) for group in groups))
    ]
    chosen = order([f"{intent}\x1f{place}" for intent, place in places],
                   keyed.stream(seed, "by intent"))[:size]  # fmt: skip
    return [
        corpus.take(table, [group[places[at][0]][places[at][1]] for at in chosen])
        for table, group in zip(tables, groups, strict=True)
    ]


def _ordered(table: pa.Table, seed: int, *names: str | int) -> list[int]:
    said = zip(*(corpus.column(table, name) for name in ("text", "intent", "pattern")), strict=True)
    keys = ["\x1f".join(part or "" for part in row) for row in said]
    return order(keys, keyed.stream(seed, "sample", *names))
