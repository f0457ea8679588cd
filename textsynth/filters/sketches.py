"""MinHash sketches of many short texts, and the near pairs among them.

MinHash and banding follow Broder (1997), "On the resemblance and containment of documents"; that
candidates are thinned by the low bits of the sketch follows Li and Koenig (2010), "b-Bit minwise
hashing". Permutations are multiplications by odd numbers modulo 2**32 of mixed hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import keyed
from textsynth.filters.sets import Sets, changes, slices
from textsynth.filters.shingles import BASE, F64, I64, U32, U64, mixed, shingles

PERMUTATIONS = 128
MISSED = 0.002
DEVIATIONS = 4
STEP = 2  # bands, after which a text that was found near another is done
# What is worked on at once: characters of texts (short ones count for more), pairs.
CHARACTERS, SHORT, PAIRS = 1 << 17, 32, 1 << 18
SAMPLE = 2048  # texts that tell which shingles are frequent
_FACTORS = (
    (keyed.bits(keyed.stream(0, "minhash"), np.arange(PERMUTATIONS)) >> np.uint64(32))
    | np.uint64(1)
).astype(np.uint32)


def banding(threshold: float) -> tuple[int, int]:
    """Bands, and rows of each: the longest rows that miss at most `MISSED` of pairs at the
    threshold."""
    best = (PERMUTATIONS, 1)
    for rows in range(1, PERMUTATIONS + 1):
        bands = PERMUTATIONS // rows
        if (1 - threshold**rows) ** bands <= MISSED:
            best = (bands, rows)
    return best


class Sketches:
    """The shingles and MinHash sketches of distinct folded texts, made when first asked for.

    Attributes:
        keys: shape (bands, texts), a hash of the rows of each band.
        bits: the lowest bit of each permutation, packed, shape (2, texts).
        sets: the shingles.
    """

    def __init__(self, texts: pa.Array, threshold: float) -> None:
        self.texts = texts
        self.sizes = pc.utf8_length(texts).to_numpy().astype(np.int64)
        self.threshold = threshold
        self.bands, self.rows = banding(threshold)
        self.known = np.zeros(len(texts), bool)
        self.keys = np.empty((self.bands, len(texts)), np.uint32)
        self.bits = np.empty((2, len(texts)), np.uint64)
        sample = texts[:: len(texts) // SAMPLE + 1].to_pylist()
        self.sets = Sets(len(texts), int((3 * self.sizes + 9).sum()), sample)

    def need(self, ids: I64) -> None:
        """Sketch these texts."""
        new = np.unique(ids[~self.known[ids]])
        for part in slices(np.maximum(self.sizes[new], SHORT), CHARACTERS):
            self._sketch(new[part])
        self.known[new] = True

    def _sketch(self, ids: I64) -> None:
        flat, counts = shingles(self.texts.take(pa.array(ids)).to_pylist())
        starts = np.cumsum(counts) - counts
        sketch = np.empty((PERMUTATIONS, len(ids)), np.uint32)
        for place, factor in enumerate(_FACTORS):
            np.minimum.reduceat(flat * factor, starts, out=sketch[place])
        packed = np.packbits((sketch & np.uint32(1)).astype(bool), axis=0)
        self.bits[:, ids] = np.ascontiguousarray(packed.T).view(np.uint64).T
        for band in range(self.bands):
            key = np.zeros(len(ids), np.uint64)
            for line in sketch[band * self.rows : (band + 1) * self.rows]:
                key = (key ^ line) * BASE
                key ^= key >> np.uint64(32)
            self.keys[band, ids] = key.astype(np.uint32)
        self.sets.add(ids, flat, counts)

    def near(
        self, left: Nodes, right: Nodes, *, one: bool, index: Index | None = None
    ) -> tuple[I64, I64, F64]:
        """Pairs (places in left, places in right, Jaccard similarity) at or over the threshold; of
        a text in left all of them, or with `one` those that are found first.

        `index` keeps what was sorted for the last call, of use where right only grows at its end.
        """
        self.need(left.text)
        self.need(right.text)
        index = index or Index()
        index.follow(right, self.bands)
        waiting = np.arange(len(left.text))
        done: list[tuple[I64, I64, F64]] = []
        batches: list[U64] = []
        for start in range(0, self.bands, STEP):
            there = left.take(waiting)
            bands = range(start, min(start + STEP, self.bands))
            batches += [self._band(there, right, index, band) for band in bands]
            if one:
                a, b, similarity = self._checked(there, right, batches)
                batches = []
                done.append((waiting[a], b, similarity))
                waiting = np.delete(waiting, a)
        if not one:
            return self._checked(left, right, batches)
        a, b, similarity = (np.concatenate(each) for each in zip(*done, strict=True))
        return a, b, similarity

    def _band(self, left: Nodes, right: Nodes, index: Index, band: int) -> U64:
        """The candidates of one band, each as left << 32 | right."""
        keys = self.keys[band]
        found = [np.zeros(0, np.uint64)]
        index.extend(band, keys, right)
        for a, b in _matches(_key(keys, left), left.family, *index.sorted[band]):
            good = self._likely(left.text[a], right.text[b])
            good = good[left.group[a[good]] == right.group[b[good]]]
            found.append((a[good].astype(np.uint64) << np.uint64(32)) | b[good].astype(np.uint64))
        return np.concatenate(found)

    def _checked(self, left: Nodes, right: Nodes, batches: list[U64]) -> tuple[I64, I64, F64]:
        """The candidates that are near."""
        found = np.concatenate(batches)
        found.sort()
        found = found[changes(found)]
        a = (found >> np.uint64(32)).astype(np.int64)
        b = (found & np.uint64(0xFFFFFFFF)).astype(np.int64)
        similarity = self.sets.jaccard(left.text[a], right.text[b])
        good = similarity >= self.threshold
        return a[good], b[good], similarity[good]

    def _likely(self, left: I64, right: I64) -> I64:
        """Places of pairs that sizes, sketches and marks do not rule out."""
        differ = np.bitwise_count(self.bits[0][left] ^ self.bits[0][right])
        differ += np.bitwise_count(self.bits[1][left] ^ self.bits[1][right])
        places = np.flatnonzero(differ <= _at_most(PERMUTATIONS, (1 - self.threshold) / 2))
        return places[self.sets.similar(left[places], right[places], self.threshold)]


@dataclass(frozen=True, slots=True)
class Nodes:
    """Texts to compare: numbers of texts, the group within which to compare, and the family whose
    members are not compared with each other; all of one shape, all under 2**31."""

    text: I64
    group: I64
    family: I64

    def take(self, places: I64) -> Nodes:
        return Nodes(self.text[places], self.group[places], self.family[places])

    def starts_with(self, other: Nodes) -> bool:
        size = len(other.text)
        return all(
            np.array_equal(mine[:size], theirs)
            for mine, theirs in (
                (self.text, other.text),
                (self.group, other.group),
                (self.family, other.family),
            )
        )


class Index:
    """For each band the keys of nodes in order, and the places of these nodes."""

    def __init__(self) -> None:
        self.nodes: Nodes | None = None
        self.sorted: list[tuple[U64, I64]] = []

    def follow(self, nodes: Nodes, bands: int) -> None:
        """Forget everything unless `nodes` are those of before, and perhaps more."""
        if self.nodes is None or not nodes.starts_with(self.nodes):
            self.sorted = [(np.zeros(0, np.uint64), np.zeros(0, np.int64))] * bands
        self.nodes = nodes

    def extend(self, band: int, keys: U32, nodes: Nodes) -> None:
        """Sort in the nodes that are new."""
        there, order = self.sorted[band]
        fresh = nodes.take(np.arange(len(order), len(nodes.text)))
        new = _key(keys, fresh) | fresh.family.astype(np.uint64)
        turn = np.argsort(new)
        at = np.searchsorted(there, new[turn])
        places = turn + len(order)
        self.sorted[band] = np.insert(there, at, new[turn]), np.insert(order, at, places)


def _at_most(trials: int, chance: float) -> float:
    """How often what has this chance happens at most, in all but hopeless cases."""
    return float(trials * chance + DEVIATIONS * np.sqrt(trials * chance * (1 - chance)))


def _key(keys: U32, nodes: Nodes) -> U64:
    salted = mixed(nodes.group.astype(np.uint64) + np.uint64(1), 3)
    return (keys[nodes.text].astype(np.uint64) ^ salted) << np.uint64(32)


def _matches(left_keys: U64, families: I64, there: U64, order: I64) -> Iterator[tuple[I64, I64]]:
    """Places of equal keys whose families differ, some at a time."""
    turn = np.argsort(left_keys)
    keys, own = left_keys[turn], left_keys[turn] | families[turn].astype(np.uint64)
    low = np.searchsorted(there, keys)
    high = np.searchsorted(there, keys | np.uint64(0xFFFFFFFF), side="right")
    busy = np.flatnonzero(high > low)
    turn, low, high, own = turn[busy], low[busy], high[busy], own[busy]
    own_low = np.searchsorted(there, own)
    own_high = np.searchsorted(there, own, side="right")
    for first, last in ((low, own_low), (own_high, high)):
        sizes = last - first
        begin = 0
        ends = np.cumsum(sizes)
        while begin < len(turn):
            done = ends[begin] - sizes[begin]
            end = max(begin + 1, int(np.searchsorted(ends, done + PAIRS, side="right")))
            part = sizes[begin:end]
            a = np.repeat(turn[begin:end], part)
            offset = np.repeat(first[begin:end] - (ends[begin:end] - done - part), part)
            b = order[np.arange(len(a)) + offset]
            yield a, b
            begin = end
