"""Sets of shingles of many texts, and the exact Jaccard similarity of pairs of them.

Most pairs that are compared are not similar, and most shingles are those of many texts. A set is
kept as bits ("marks"), of which a frequent shingle has one of its own and rare ones share the rest,
and as a list of the rare ones. The bits in common bound the similarity from above; where one side
has no rare shingle, they are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.filters.shingles import F64, I64, U32, U64, shingles

# What is worked on at once: words of marks, rare shingles.
GATHER, SHINGLES = 1 << 18, 1 << 20
# Least and most words of marks; the bits of a shingle that it is looked up by.
WORDS, BUCKETS = (8, 256), 18


class Sets:
    """The shingles of texts, which are added when they are known.

    Attributes:
        count: shape (texts,), how many shingles each has.
        rare: how many of these are rare.
        hidden: by how many the rare ones are more than the bits that they set.
    """

    def __init__(self, total: int, most: int, sample: Sequence[str]) -> None:
        """For `total` texts of `most` shingles at most together, like those of the sample."""
        self.alphabet = Alphabet(sample)
        self.count = np.zeros(total, np.int64)
        self.rare = np.zeros(total, np.int64)
        self.hidden = np.zeros(total, np.int64)
        self.start = np.zeros(total, np.int64)
        self.used = 0
        # Upper bounds; the system gives no memory to what is never written.
        self.marks = np.empty((total, self.alphabet.words), np.uint64)
        self.flat = np.empty(most, np.uint32)

    def add(self, ids: I64, flat: U32, counts: I64) -> None:
        """The shingles of these texts, as `shingles` returns them."""
        self.count[ids] = counts
        self.marks[ids], self.rare[ids], self.hidden[ids], rare = self.alphabet.mark(flat, counts)
        self.start[ids] = self.used + np.cumsum(self.rare[ids]) - self.rare[ids]
        self.flat[self.used : self.used + len(rare)] = rare
        self.used += len(rare)

    def similar(self, left: I64, right: I64, threshold: float) -> I64:
        """Places of pairs whose sizes and marks do not rule out that they are."""
        a, b = self.count[left], self.count[right]
        places = np.flatnonzero(np.minimum(a, b) >= threshold * np.maximum(a, b))
        left, right = left[places], right[places]
        most = self._in_common(left, right, self.alphabet.words)
        most += np.minimum(self.hidden[left], self.hidden[right])
        return places[most / (self.count[left] + self.count[right] - most) >= threshold]

    def jaccard(self, left: I64, right: I64) -> F64:
        """The similarity of each pair, shape (pairs,)."""
        common = self._in_common(left, right, self.alphabet.own)
        both = np.flatnonzero(np.minimum(self.rare[left], self.rare[right]))
        sizes = self.rare[left[both]] + self.rare[right[both]]
        for part in slices(sizes, SHINGLES):
            common[both[part]] += self._in_common_rare(left[both[part]], right[both[part]])
        return np.asarray(common / (self.count[left] + self.count[right] - common), np.float64)

    def _in_common(self, left: I64, right: I64, words: int) -> I64:
        """How many bits of the first words of marks each pair has in common."""
        found = np.empty(len(left), np.int64)
        step = max(1, GATHER // words)
        marks = self.marks[:, :words]
        for at in range(0, len(left), step):
            both = marks[left[at : at + step]] & marks[right[at : at + step]]
            found[at : at + step] = np.bitwise_count(both).sum(axis=1, dtype=np.uint16)
        return found

    def _in_common_rare(self, left: I64, right: I64) -> I64:
        keys = np.concatenate([self._spread(left), self._spread(right)])
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]]
        return np.bincount((twice >> np.uint64(32)).astype(np.int64), minlength=len(left))

    def _spread(self, ids: I64) -> U64:
        """The rare shingles of each text under the number of its pair."""
        counts = self.rare[ids]
        ends = np.cumsum(counts)
        at = np.arange(ends[-1]) + np.repeat(self.start[ids] - ends + counts, counts)
        pair = np.repeat(np.arange(len(ids), dtype=np.uint64) << np.uint64(32), counts)
        return np.asarray(pair | self.flat[at], np.uint64)


class Alphabet:
    """Which bit of a text's marks each shingle sets: those that are frequent in a sample of the
    texts have one of their own, all others share the rest.

    Attributes:
        words: of 64 bits, that the marks of a text take: about what its shingles would.
        own: how many of them, the first, hold bits of one shingle.
    """

    def __init__(self, sample: Sequence[str]) -> None:
        flat, _ = shingles(sample)
        self.words = int(np.clip(len(flat) // max(1, 2 * len(sample)), *WORDS))
        self.own = self.words * 3 // 4
        found, seen = np.unique(flat, return_counts=True)
        # In ascending order, as those of a text are. Of two in one bucket one has no bit.
        frequent = np.sort(found[np.argsort(-seen, kind="stable")[: 64 * self.own]])
        self.shingle = np.zeros(1 << BUCKETS, np.uint32)
        self.bit = np.full(1 << BUCKETS, -1, np.int16)
        bucket = frequent >> np.uint32(32 - BUCKETS)
        self.shingle[bucket] = frequent
        self.bit[bucket] = np.arange(len(frequent))

    def mark(self, flat: U32, counts: I64) -> tuple[U64, I64, I64, U32]:
        """Of texts with these shingles: their marks, shape (texts, words); how many shingles are
        rare; by how many these are more than the bits they set; and the rare ones of all."""
        bucket = flat >> np.uint32(32 - BUCKETS)
        bits = self.bit[bucket]
        own = (self.shingle[bucket] == flat) & (bits >= 0)
        rare = flat[~own]
        owner = np.repeat(np.arange(len(counts)) * self.words, counts)
        marks = np.zeros(len(counts) * self.words, np.uint64)
        shared = np.uint64(64 * (self.words - self.own))
        rest = ((rare * shared) >> np.uint64(32)).astype(np.int64) + 64 * self.own
        for place, bit in ((owner[own], bits[own]), (owner[~own], rest)):
            word = place + (bit >> 6)
            first = np.flatnonzero(changes(word))
            values = np.uint64(1) << (bit & 63).astype(np.uint64)
            if len(first):
                marks[word[first]] = np.bitwise_or.reduceat(values, first)
        many = np.bincount(owner[~own] // self.words, minlength=len(counts))
        table = marks.reshape(len(counts), self.words)
        hidden = many - np.bitwise_count(table[:, self.own :]).sum(axis=1, dtype=np.int64)
        return table, many, hidden, rare


def slices(sizes: I64, limit: int) -> list[slice]:
    """Consecutive slices whose sizes add up to about the limit."""
    number = (np.cumsum(sizes) - 1) // limit
    ends = np.flatnonzero(np.diff(number, append=-1)) + 1
    return [slice(*pair) for pair in pairwise([0, *ends.tolist()])]


def changes(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where sorted values differ from the one before; true for the first."""
    changes = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes
