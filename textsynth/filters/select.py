"""Select exactly as many rows as were asked for, and give each a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import pyarrow as pa

from textsynth import keyed
from textsynth.corpus import column, fold

SPLITS = (("train", 0.8), ("validation", 0.1), ("test", 0.1))


def ranked(corpus: pa.Table, seed: int) -> list[int]:
    """Row numbers in the order in which they deserve to be taken: the first row of every pattern
    before the second of any, and within that by keyed hash."""
    ids = column(corpus, "id")
    patterns = [fold(pattern or text) for pattern, text in _pairs(corpus, "pattern", "text")]
    intents = column(corpus, "intent")
    shuffled = keyed.order(keyed.stream(seed, "select"), ids).tolist()
    used: Counter[tuple[str, str]] = Counter()
    turn = {}
    for row in shuffled:
        group = (intents[row], patterns[row])
        turn[row] = used[group]
        used[group] += 1
    return sorted(shuffled, key=lambda row: turn[row])


def select(
    corpus: pa.Table, quotas: Mapping[tuple[str, str], int], *, per_pattern: int, seed: int
) -> list[int]:
    """The rows to keep: for each (intent, origin) its quota exactly, or all there are.

    At most `per_pattern` rows share a pattern within an intent, whatever their origin.
    """
    left = dict(quotas)
    used: Counter[tuple[str, str]] = Counter()
    intents, origins = column(corpus, "intent"), column(corpus, "origin")
    patterns = [fold(pattern or text) for pattern, text in _pairs(corpus, "pattern", "text")]
    kept = []
    for row in ranked(corpus, seed):
        cell, group = (intents[row], origins[row]), (intents[row], patterns[row])
        if left.get(cell, 0) > 0 and used[group] < per_pattern:
            left[cell] -= 1
            used[group] += 1
            kept.append(row)
    return sorted(kept)


def splits(corpus: pa.Table, seed: int) -> list[str]:
    """A split for each row, 80/10/10 within each intent; siblings of one pattern never straddle.

    Patterns are compared folded and across intents. An intent with fewer than three patterns of its
    own may lack a validation or test part.
    """
    patterns = [fold(pattern or text) for pattern, text in _pairs(corpus, "pattern", "text")]
    members: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for intent, pattern in zip(column(corpus, "intent"), patterns, strict=True):
        members[intent][pattern] += 1
    placed: dict[str, str] = {}
    for intent in sorted(members):
        sizes = members[intent]
        total = sum(sizes.values())
        filled: Counter[str] = Counter()
        for pattern, size in sizes.items():
            if pattern in placed:
                filled[placed[pattern]] += size
        names = sorted(set(sizes) - set(placed))
        for done, at in enumerate(keyed.order(keyed.stream(seed, "split", intent), names)):
            pattern = names[at]
            # the split that is furthest below its share takes the pattern; the last patterns go to
            # the splits that would have none
            without = [s for s in SPLITS if s[0] not in filled]
            among = without if len(names) - done <= len(without) else SPLITS
            split = max(among, key=lambda s: s[1] - filled[s[0]] / total)[0]
            placed[pattern] = split
            filled[split] += sizes[pattern]
    return [placed[pattern] for pattern in patterns]


def _pairs(corpus: pa.Table, first: str, second: str) -> list[tuple[str, str]]:
    return list(zip(column(corpus, first), column(corpus, second), strict=True))
