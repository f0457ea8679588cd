"""Shingles of many short texts at once, their MinHash sketches, and the near pairs among them.

MinHash and banding follow Broder (1997), "On the resemblance and containment of documents"; that
candidates are thinned by the low bits of the sketch follows Li and Koenig (2010), "b-Bit minwise
hashing". Permutations are multiplications by odd numbers modulo 2**32 of mixed hashes.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textsynth import keyed

I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

PERMUTATIONS = 128
MISSED = 0.002
DEVIATIONS = 4
CHUNK = 8192
PAIRS = 1 << 18
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SALTS = keyed.bits(keyed.stream(0, "shingles"), np.arange(4))
_FACTORS = (
    (keyed.bits(keyed.stream(0, "minhash"), np.arange(PERMUTATIONS)) >> np.uint64(32))
    | np.uint64(1)
).astype(np.uint32)
_NOTHING = "\0"
_HYPHEN = re.compile(r"(?<!\s)-|-(?!\d)")


class _Blank(dict[int, int]):
    """A table for `str.translate`: punctuation becomes a blank, save the hyphen, filled on use."""

    def __missing__(self, code: int) -> int:
        blank = unicodedata.category(chr(code))[0] == "P" and code != 0x2D
        self[code] = 0x20 if blank else code
        return self[code]


_BLANK = _Blank()


def words(folded: str) -> str:
    """A folded text without punctuation, its words joined by a blank; a minus before a digit stays.
    A text of nothing but punctuation is left as it is."""
    plain = folded.translate(_BLANK)
    if "-" in plain:
        plain = _HYPHEN.sub(" ", plain)
    return " ".join(plain.split()) or folded


def shingles(texts: Sequence[str]) -> tuple[U32, I64]:
    """The distinct shingles of each text, as hashes in ascending order, and their number.

    Shingles are word 1- and 2-grams and character 3- and 4-grams of the words set between blanks,
    hashed to 32 bits.

    Returns:
        Hashes of all texts one after the other; shape (texts,) how many each has.
    """
    padded = [f" {words(text) or _NOTHING} " for text in texts]
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, "<u4").astype(np.uint64)
    row = np.repeat(np.arange(len(padded), dtype=np.uint64), [len(text) for text in padded])
    found = [*_characters(codes, row), *_words(codes, row)]
    keys = np.concatenate([(own << np.uint64(32)) | hashes for own, hashes in found])
    keys.sort()
    fresh = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    keys = keys[fresh]
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return keys.astype(np.uint32), counts


def _characters(codes: U64, row: U64) -> list[tuple[U64, U64]]:
    two = codes[:-1] * _BASE + codes[1:]
    three = two[:-1] * _BASE + codes[2:]
    four = three[:-1] * _BASE + codes[3:]
    found = []
    for size, grams in ((3, three), (4, four)):
        whole = row[: len(grams)] == row[size - 1 :]
        found.append((row[: len(grams)][whole], _mixed(grams[whole], size - 1)))
    return found


def _words(codes: U64, row: U64) -> list[tuple[U64, U64]]:
    blank = codes == 0x20
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    begun = np.zeros(len(codes), np.int64)
    begun[starts] = starts
    place = np.arange(len(codes)) - np.maximum.accumulate(begun)
    powers = np.full(int(place.max()) + 1, _BASE)
    powers[0] = 1
    weighted = codes * np.multiply.accumulate(powers)[place]
    weighted[blank] = 0
    single = _mixed(np.add.reduceat(weighted, starts), 0)
    double = _mixed((single[:-1] << np.uint64(32)) | single[1:], 1)
    owner = row[starts]
    together = owner[:-1] == owner[1:]
    return [(owner, single), (owner[:-1][together], double[together])]


def _mixed(values: U64, salt: int) -> U64:
    """32 well mixed bits of each."""
    values = (values ^ _SALTS[salt]) * np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(32)
    values *= np.uint64(0x94D049BB133111EB)
    return values >> np.uint64(32)


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
    """The shingles and MinHash sketches of distinct folded texts, made when first asked for."""

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self.texts = texts
        self.threshold = threshold
        self.bands, self.rows = banding(threshold)
        self.width = self.bands * self.rows
        self.known = np.zeros(len(texts), bool)
        self.keys = np.empty((self.bands, len(texts)), np.uint32)
        self.low = np.empty((len(texts), self.width), np.uint8)
        self.bits = np.empty((2, len(texts)), np.uint64)
        self.count = np.zeros(len(texts), np.int64)
        self.start = np.zeros(len(texts), np.int64)
        self.used = 0
        # An upper bound; the system gives no memory to what is never written.
        self.flat = np.empty(sum(3 * len(text) + 9 for text in texts), np.uint32)

    def need(self, ids: I64) -> None:
        """Sketch these texts."""
        new = np.unique(ids[~self.known[ids]])
        parts = [new[at : at + CHUNK] for at in range(0, len(new), CHUNK)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for part, found in zip(parts, pool.map(self._sketch, parts), strict=True):
                self._store(part, *found)

    def _sketch(self, ids: I64) -> tuple[U32, I64, U32]:
        flat, counts = shingles([self.texts[i] for i in ids.tolist()])
        starts = np.cumsum(counts) - counts
        sketch = np.empty((PERMUTATIONS, len(ids)), np.uint32)
        for place, factor in enumerate(_FACTORS):
            np.minimum.reduceat(flat * factor, starts, out=sketch[place])
        return flat, counts, sketch

    def _store(self, ids: I64, flat: U32, counts: I64, sketch: U32) -> None:
        self.flat[self.used : self.used + len(flat)] = flat
        self.count[ids] = counts
        self.start[ids] = self.used + np.cumsum(counts) - counts
        self.used += len(flat)
        self.low[ids] = sketch[: self.width].T.astype(np.uint8)
        packed = np.packbits((sketch & np.uint32(1)).astype(bool), axis=0)
        self.bits[:, ids] = np.ascontiguousarray(packed.T).view(np.uint64).T
        for band in range(self.bands):
            key = np.zeros(len(ids), np.uint64)
            for line in sketch[band * self.rows : (band + 1) * self.rows]:
                key = (key ^ line) * _BASE
                key ^= key >> np.uint64(32)
            self.keys[band, ids] = key.astype(np.uint32)
        self.known[ids] = True

    def near(
        self, left: Nodes, right: Nodes, *, one: bool, index: Index | None = None
    ) -> tuple[I64, I64, F64]:
        """Pairs (places in left, places in right, Jaccard similarity) at or over the threshold; of
        a text in left all of them, or with `one` the likeliest of those that are found first.

        `index` keeps what was sorted for the last call, of use where right only grows at its end.
        """
        self.need(left.text)
        self.need(right.text)
        index = index or Index()
        index.follow(right, self.bands)
        waiting = np.arange(len(left.text))
        done: list[tuple[I64, I64, F64]] = []
        batches: list[U64] = []
        step = os.cpu_count() or 1
        with ThreadPoolExecutor(step) as pool:
            for start in range(0, self.bands, step):
                there = left.take(waiting)
                bands = range(start, min(start + step, self.bands))
                batches += pool.map(lambda band: self._band(band, there, right, index), bands)  # noqa: B023
                if not one:
                    continue
                a, b, similarity = self._checked(there, right, batches, best=True)
                batches = []
                done.append((waiting[a], b, similarity))
                waiting = np.delete(waiting, a)
        if not one:
            return self._checked(left, right, batches, best=False)
        a, b, similarity = (np.concatenate(parts) for parts in zip(*done, strict=True))
        return a, b, similarity

    def _band(self, band: int, left: Nodes, right: Nodes, index: Index) -> U64:
        """The candidates of one band, each as left << 32 | right."""
        keys = self.keys[band]
        found = [np.zeros(0, np.uint64)]
        index.extend(band, keys, right)
        for a, b in _matches(_key(keys, left), left.family, *index.sorted[band]):
            good = self._likely(left.text[a], right.text[b])
            good = good[left.group[a[good]] == right.group[b[good]]]
            found.append((a[good].astype(np.uint64) << np.uint64(32)) | b[good].astype(np.uint64))
        return np.concatenate(found)

    def _checked(
        self, left: Nodes, right: Nodes, batches: list[U64], *, best: bool
    ) -> tuple[I64, I64, F64]:
        """The candidates that are near; with `best` one for each in left that has any."""
        found = np.concatenate(batches)
        found.sort()
        found = found[np.concatenate([found[:1] == found[:1], found[1:] != found[:-1]])]
        a = (found >> np.uint64(32)).astype(np.int64)
        b = (found & np.uint64(0xFFFFFFFF)).astype(np.int64)
        if not best:
            similarity = self.jaccard(left.text[a], right.text[b])
            good = similarity >= self.threshold
            return a[good], b[good], similarity[good]
        alike = self._agreeing(left.text[a], right.text[b])
        order = np.lexsort((b, -alike, a))
        a, b = a[order], b[order]
        hits: list[tuple[I64, I64, F64]] = [(a[:0], b[:0], np.zeros(0))]
        while len(a):
            lead = np.concatenate([[True], a[1:] != a[:-1]])
            similarity = self.jaccard(left.text[a[lead]], right.text[b[lead]])
            good = similarity >= self.threshold
            hits.append((a[lead][good], b[lead][good], similarity[good]))
            more = ~lead & ~np.isin(a, a[lead][good])
            a, b = a[more], b[more]
        x, y, z = (np.concatenate(parts) for parts in zip(*hits, strict=True))
        return x, y, z

    def _likely(self, left: I64, right: I64) -> I64:
        """Places of pairs that sizes and sketches do not rule out."""
        differ = np.bitwise_count(self.bits[0][left] ^ self.bits[0][right])
        differ += np.bitwise_count(self.bits[1][left] ^ self.bits[1][right])
        places = np.flatnonzero(differ <= _at_most(PERMUTATIONS, (1 - self.threshold) / 2))
        a, b = self.count[left[places]], self.count[right[places]]
        places = places[np.minimum(a, b) >= self.threshold * np.maximum(a, b)]
        differ = self.width - self._agreeing(left[places], right[places])
        return places[differ <= _at_most(self.width, 1 - self.threshold)]

    def _agreeing(self, left: I64, right: I64) -> I64:
        found = np.empty(len(left), np.int64)
        step = PAIRS // 4
        for at in range(0, len(left), step):
            same = self.low[left[at : at + step]] == self.low[right[at : at + step]]
            found[at : at + step] = np.count_nonzero(same, axis=1)
        return found

    def jaccard(self, left: I64, right: I64) -> F64:
        """The similarity of the shingle sets of each pair of texts, shape (pairs,)."""
        step = PAIRS // 16
        parts = [slice(at, at + step) for at in range(0, len(left), step)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda part: self._jaccard(left[part], right[part]), parts))
        return np.concatenate([np.zeros(0), *found])

    def _jaccard(self, left: I64, right: I64) -> F64:
        sizes = self.count[left] + self.count[right]
        keys = np.concatenate([self._spread(left), self._spread(right)])
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]]
        common = np.bincount((twice >> np.uint64(32)).astype(np.int64), minlength=len(left))
        return np.asarray(common / (sizes - common), np.float64)

    def _spread(self, ids: I64) -> U64:
        """The shingles of each text under the number of its pair."""
        counts = self.count[ids]
        ends = np.cumsum(counts)
        at = np.arange(ends[-1]) + np.repeat(self.start[ids] - ends + counts, counts)
        pair = np.repeat(np.arange(len(ids), dtype=np.uint64) << np.uint64(32), counts)
        return np.asarray(pair | self.flat[at], np.uint64)


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
    mixed = _mixed(nodes.group.astype(np.uint64) + np.uint64(1), 3)
    return (keys[nodes.text].astype(np.uint64) ^ mixed) << np.uint64(32)


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
