"""Select exactly as many rows as were asked for, and give each a split."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import keyed
from textsynth.corpus import column, fold, scores, take

SPLITS = (("train", 0.8), ("validation", 0.1), ("test", 0.1))
# Rows between which the choice is made at once; a larger pool is cut by the hash of patterns.
CHUNK = 8192
SEED_DF = 2
# This share of the candidates of a cell, the worst, is left out where so many times its quota stay;
# and what is better: the ranks of these scores, weighted.
WORST, CHOICE = 1 / 6, 3
QUALITY = (("label_margin", 1.0), ("sequence_score", 2.0))
_TOKEN = re.compile(r"\{[^{}]*\}|\w+|[^\w\s]")

Cell = tuple[str, str]
Group = tuple[str, ...]
# Rows that may share a pattern: of all origins together, or of each origin by itself.
PerPattern = int | Mapping[str, int]
Floats = npt.NDArray[np.float64]


def attainable(
    corpus: pa.Table, quotas: Mapping[Cell, int], *, per_pattern: PerPattern, seed: int
) -> list[int]:
    """Rows that fill the quotas as far as they can be filled, the first of every pattern before the
    second of any, and within that by keyed hash.

    At most `per_pattern` rows share a pattern within an intent, whatever their origin; or of each
    origin as many as it says.
    """
    ids = column(corpus, "id")
    cells, groups = cells_of(corpus), groups_of(corpus, per_pattern)
    shuffled = keyed.order(keyed.stream(seed, "select"), ids).tolist()
    used: Counter[Group] = Counter()
    turn = {}
    for row in shuffled:
        turn[row] = used[groups[row]]
        used[groups[row]] += 1
    left = dict(quotas)
    used.clear()
    kept = []
    for row in sorted(shuffled, key=lambda row: turn[row]):
        if left.get(cells[row], 0) > 0 and used[groups[row]] < most(per_pattern, cells[row]):
            left[cells[row]] -= 1
            used[groups[row]] += 1
            kept.append(row)
    return sorted(kept)


def select(
    corpus: pa.Table,
    quotas: Mapping[Cell, int],
    seeds: pa.Table,
    *,
    per_pattern: PerPattern,
    seed: int,
    per_slot: int = 0,
    made_up: Collection[str] = (),
) -> list[int]:
    """The rows to keep: for each (intent, origin) its quota exactly, or all there are.

    Where there are plenty, the worst sixth of each (intent, origin) is left out, by the scores that
    filters left; at least three times as many as are wanted stay. First come rows with a slot of
    the intent that fewer than `per_slot` chosen rows have, then rows that cover what none has: a
    slot, a slot value (not of the slots `made_up`, whose values have no end), the neighbourhood of
    a seed (the rows nearest to it); and the first row of a pattern before the second. Of equals the
    row is taken that brings the words and pairs of words of the chosen patterns closest to those of
    the seeds: kernel herding (Chen, Welling and Smola 2010), which lowers the maximum mean
    discrepancy (Gretton et al. 2012) greedily. Rows that are each hard to tell from seeds may be
    too much alike together; these are not. Rows of an intent that has no seeds are covered only,
    and otherwise taken by keyed hash.

    At most `per_pattern` rows share a pattern within an intent, whatever their origin; or of each
    origin as many as it says.
    """
    sure = attainable(corpus, quotas, per_pattern=per_pattern, seed=seed)
    cells, groups = cells_of(corpus), groups_of(corpus, per_pattern)
    origins: dict[Group, set[str]] = defaultdict(set)
    for cell, group in zip(cells, groups, strict=True):
        origins[group].add(cell[1])
    # where origins share a pattern, one could take what the other needs: those rows are settled
    settled = set(sure)
    open_ = [
        row
        for row in keyed.order(keyed.stream(seed, "select"), column(corpus, "id")).tolist()
        if quotas.get(cells[row], 0) and (len(origins[groups[row]]) == 1 or row in settled)
    ]
    chosen = _Choice(
        corpus, open_, cells, groups, dict(quotas), per_pattern, max(1, per_slot), made_up
    )
    good = _better(corpus, open_, cells, quotas, max(1, per_slot))
    for part, share in _parts(good, groups, seed):
        chosen.herd(part, _target(corpus, part, seeds, quotas), share)
    chosen.fill(sure)
    chosen.fill(open_)
    return sorted(chosen.rows)


class _Choice:
    """What is chosen so far, what is left of the quotas, and what is not covered yet."""

    def __init__(
        self,
        corpus: pa.Table,
        rows: Sequence[int],
        cells: Sequence[Cell],
        groups: Sequence[Group],
        quotas: dict[Cell, int],
        per_pattern: PerPattern,
        per_slot: int,
        made_up: Collection[str],
    ) -> None:
        self.rows: list[int] = []
        self._asked, self._left = dict(quotas), quotas
        self._cells, self._groups = cells, groups
        self._used: Counter[Group] = Counter()
        self._per_pattern, self._per_slot = per_pattern, per_slot
        slots = column(corpus, "slots")
        self._covers: dict[int, set[tuple[str, ...]]] = {
            row: {(cells[row][0], slot["label"]) for slot in slots[row] or ()}
            | {
                (cells[row][0], slot["label"], slot["value"])
                for slot in slots[row] or ()
                if slot["label"] not in made_up
            }
            for row in rows
        }
        self._covered: Counter[tuple[str, ...]] = Counter()

    def may(self, row: int) -> bool:
        """Whether its cell and its pattern have room for a row."""
        cell, group = self._cells[row], self._groups[row]
        return self._left.get(cell, 0) > 0 and self._used[group] < most(self._per_pattern, cell)

    def take(self, row: int) -> None:
        self.rows.append(row)
        self._left[self._cells[row]] -= 1
        self._used[self._groups[row]] += 1
        self._covered.update(self._covers[row])

    def fill(self, rows: Iterable[int]) -> None:
        """Take of these, in their order, whatever there is room for."""
        there = set(self.rows)
        for row in rows:
            if row not in there and self.may(row):
                self.take(row)

    def herd(self, part: Sequence[int], target: _Target, share: Fraction) -> None:
        """Choose from a part until the quotas are filled to this share."""
        room = {c: int(n * share) - (n - self._left[c]) for c, n in self._asked.items()}
        for at, row in enumerate(part):
            self._covers[row] |= target.nearest[at]
        lacking, holders = self._lacking(part)
        # a slot that must come often comes before what need be covered only once
        scarce = np.array([self._scarce(row) for row in part], bool)
        features = target.features
        transposed = features.T.tocsr()
        squares = np.asarray(features.multiply(features).sum(axis=1)).ravel()
        wanted = features @ target.mean
        common = np.zeros(len(part))
        alive = np.array([room[self._cells[row]] > 0 and self.may(row) for row in part], bool)
        used = np.array([self._used[self._groups[row]] for row in part], np.int64)
        by_cell, by_group = _places(part, self._cells), _places(part, self._groups)
        count = 1
        while alive.any():
            fresh = alive & (used == used[alive].min())
            choices = (
                fresh & scarce, alive & scarce, fresh & (lacking > 0), alive & (lacking > 0), fresh
            )  # fmt: skip
            among = next(rows for rows in choices if rows.any())
            gain = np.where(among, 2 * (count * wanted - common) - squares, -np.inf)
            at = int(gain.argmax())
            row = part[at]
            before = {i for i in self._covers[row] if self._short(i)}
            self.take(row)
            for item in before:
                if not self._short(item):
                    lacking[holders[item]] -= 1
                    for other in holders[item] if len(item) == 2 else ():
                        scarce[other] = self._scarce(part[other])
            room[self._cells[row]] -= 1
            alive[at] = False
            used[by_group[self._groups[row]]] += 1
            if room[self._cells[row]] <= 0:
                alive[by_cell[self._cells[row]]] = False
            if self._used[self._groups[row]] >= most(self._per_pattern, self._cells[row]):
                alive[by_group[self._groups[row]]] = False
            if target.judged[at]:
                common += _product(transposed, features, at)
                count += 1

    def _scarce(self, row: int) -> bool:
        """Whether a row has a slot that `per_slot` asks for and that is not there as often."""
        own = (item for item in self._covers[row] if len(item) == 2)
        return self._per_slot > 1 and any(map(self._short, own))

    def _short(self, item: tuple[str, ...]) -> bool:
        return self._covered[item] < (self._per_slot if len(item) == 2 else 1)

    def _lacking(
        self, part: Sequence[int]
    ) -> tuple[npt.NDArray[np.int64], dict[tuple[str, ...], list[int]]]:
        """How many uncovered things each row has, and which rows have each."""
        holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
        lacking = np.zeros(len(part), np.int64)
        for at, row in enumerate(part):
            for item in self._covers[row]:
                if self._short(item):
                    holders[item].append(at)
                    lacking[at] += 1
        return lacking, holders


@dataclass(frozen=True, slots=True)
class _Target:
    """Of a part's rows: features of shape (rows, d), their mean over the seeds of shape (d,), which
    rows have seeds of their intent, and the seed that each is nearest to, as something to cover."""

    features: Any
    mean: Floats
    judged: npt.NDArray[np.bool_]
    nearest: list[set[tuple[str, ...]]]


def _target(
    corpus: pa.Table, part: Sequence[int], seeds: pa.Table, quotas: Mapping[Cell, int]
) -> _Target:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    rows = take(corpus, part)
    intents, written = column(rows, "intent"), _written(rows)
    of_seeds, seed_intents = _written(seeds), column(seeds, "intent")
    nearest: list[set[tuple[str, ...]]] = [set() for _ in part]
    vectorizer = CountVectorizer(
        binary=True, ngram_range=(1, 2), tokenizer=_TOKEN.findall, token_pattern=None,
        lowercase=False, min_df=SEED_DF, dtype=np.float64,
    )  # fmt: skip
    try:
        real = vectorizer.fit_transform(of_seeds)
    except ValueError:  # no seeds, or no word that two of them share
        none = np.zeros(len(part), bool)
        return _Target(csr_matrix((len(part), 1)), np.zeros(1), none, nearest)
    features = vectorizer.transform(written)
    places = _places(range(len(part)), intents)
    seed_places = _places(range(len(of_seeds)), seed_intents)
    for intent, own in places.items():
        there = seed_places.get(intent)
        if there is None:
            continue
        likeness = normalize(features[own]) @ normalize(real[there]).T
        for at, best in zip(own, np.asarray(likeness.argmax(axis=1)).ravel(), strict=True):
            nearest[at].add((intent, "", of_seeds[there[best]]))
    asked: Counter[str] = Counter()
    for (intent, _), count in quotas.items():
        asked[intent] += count
    weights = np.array([asked[i] / len(seed_places[i]) for i in seed_intents], float)
    judged = np.array([intent in seed_places for intent in intents])
    mean = real.T @ (weights / weights.sum()) if weights.any() else np.zeros(real.shape[1])
    return _Target(features.multiply(judged[:, None]).tocsr(), mean, judged, nearest)


def _better(
    corpus: pa.Table,
    rows: Sequence[int],
    cells: Sequence[Cell],
    quotas: Mapping[Cell, int],
    per_slot: int,
) -> list[int]:
    """The rows of each (intent, origin) without its worst, in the order given: by the sum of their
    ranks in the scores that filters left. Rows as good as the last of those that stay do too, and
    so do the best `per_slot` rows with each slot."""
    by_cell: dict[Cell, list[int]] = defaultdict(list)
    for row in rows:
        by_cell[cells[row]].append(row)
    measured = [(weight, scores(corpus, name)) for name, weight in QUALITY]
    slots = column(corpus, "slots")
    kept: set[int] = set()
    for cell, own in by_cell.items():
        ranks = np.zeros(len(own))
        for weight, values in measured:
            found = np.array([-np.inf if values[row] is None else values[row] for row in own])
            ranks += weight * np.searchsorted(np.sort(found), found)
        best = np.argsort(-ranks, kind="stable")
        wanted = min(len(own), max(CHOICE * quotas[cell], len(own) - int(len(own) * WORST)))
        held: Counter[str] = Counter()
        for at in best:
            labels = {slot["label"] for slot in slots[own[at]] or ()}
            if ranks[at] >= ranks[best[wanted - 1]] or any(held[n] < per_slot for n in labels):
                kept.add(own[at])
                held.update(labels)
    return [row for row in rows if row in kept]


def _parts(
    rows: Sequence[int], groups: Sequence[Group], seed: int
) -> Iterator[tuple[list[int], Fraction]]:
    """The rows in parts of about `CHUNK`, siblings together, in an order that the ids do not tell;
    with each the share of the quotas that is to be filled after it."""
    patterns = sorted({groups[row][:2] for row in rows})
    count = -(-len(rows) // CHUNK)
    order = keyed.order(keyed.stream(seed, "parts"), [f"{i}\0{p}" for i, p in patterns])
    part_of = {patterns[at]: place % count for place, at in enumerate(order)}
    parts: list[list[int]] = [[] for _ in range(count)]
    for row in rows:
        parts[part_of[groups[row][:2]]].append(row)
    for number, part in enumerate(parts, 1):
        yield part, Fraction(number, count)


def _places(rows: Iterable[int], keys: Sequence[Any]) -> dict[Any, list[int]]:
    """Key -> the places (not the rows) that have it."""
    places: dict[Any, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        places[keys[row]].append(at)
    return places


def _product(transposed: Any, features: Any, at: int) -> Floats:
    """The products of one row of a sparse matrix with all rows."""
    start, end = features.indptr[at], features.indptr[at + 1]
    total = np.zeros(features.shape[0])
    for place, value in zip(features.indices[start:end], features.data[start:end], strict=True):
        own = slice(transposed.indptr[place], transposed.indptr[place + 1])
        total[transposed.indices[own]] += value * transposed.data[own]
    return total


def cells_of(corpus: pa.Table) -> list[Cell]:
    """What quotas count: (intent, origin) of each row."""
    return _pairs(corpus, "intent", "origin")


def groups_of(corpus: pa.Table, per_pattern: PerPattern) -> list[Group]:
    """What `per_pattern` counts: the intent and the folded pattern of each row, and its origin
    where each origin counts by itself."""
    folded = [fold(text) for text in _written(corpus)]
    of_all = zip(column(corpus, "intent"), folded, strict=True)
    if isinstance(per_pattern, int):
        return list(of_all)
    return [(*own, origin) for own, origin in zip(of_all, column(corpus, "origin"), strict=True)]


def most(per_pattern: PerPattern, cell: Cell) -> int:
    """How many rows may share a pattern with a row of this intent and origin, itself included."""
    return per_pattern if isinstance(per_pattern, int) else per_pattern[cell[1]]


def _written(corpus: pa.Table) -> list[str]:
    return [pattern or text for pattern, text in _pairs(corpus, "pattern", "text")]


def splits(corpus: pa.Table, seed: int) -> list[str]:
    """A split for each row, 80/10/10 within each intent; siblings of one pattern never straddle.

    Patterns are compared folded and across intents. An intent with fewer than three patterns of its
    own may lack a validation or test part.
    """
    patterns = [fold(text) for text in _written(corpus)]
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
