"""Drop rows that mean the same as a better row."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column, concat, fold
from textsynth.filters import Context, Verdicts
from textsynth.filters.duplicates import (
    F64,
    I64,
    Pairs,
    distinct,
    encode,
    numbers,
    ranked,
    resolve,
    unique,
)

F32 = npt.NDArray[np.float32]

BLOCK = 2048
SLACK = 1e-4
PAIRS = 8192
# Items of an intent from which on a bound pays; rows of a sample; what the check of a pair costs,
# in products of two numbers.
LARGE, SAMPLE, CHECK = 16_384, 2048, 30_000
AXES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


def semantic(
    corpus: pa.Table, context: Context, *, threshold: Annotated[float, Field(gt=0, le=1)] = 0.95
) -> Verdicts:
    """Drop rows that mean the same as a better row of their intent; reason `same_meaning`.

    Two texts of different patterns mean the same if the cosine of their embeddings is at least
    `threshold`. All pairs within an intent are compared, in a large one after a bound that rules
    most of them out; there is no index that could miss one. Of such rows the best stays: higher
    `label_margin`, lower `detectability`, lower id. Accepted rows always stay; rows of one pattern
    are never compared.

    Score: `semantic_similarity`, the cosine to the row that it was dropped for, 0 if it stays.
    """
    count = corpus.num_rows
    if not count:
        return Verdicts([], {"semantic_similarity": []})
    every = concat([corpus, context.accepted])
    intents = numbers(every, "intent")
    texts, said = encode(column(every, "text"))
    pairs = zip(column(every, "pattern"), column(every, "text"), strict=True)
    patterns, _ = encode([fold(pattern or text) for pattern, text in pairs])
    first, item_of = distinct(intents, patterns, texts)
    turn = sorted(range(len(said)), key=said.__getitem__)
    embedded = np.asarray(context.embed([said[at] for at in turn]), np.float32)
    vectors = embedded[np.argsort(turn)[texts[first]]]
    compare = _Cosines(vectors, intents[first], patterns[first], threshold).near
    outcome = resolve(
        unique(item_of[:count][ranked(corpus)]),
        [np.arange(len(first))],
        [compare],
        unique(item_of[count:]),
        intents[first],
    )
    rows = item_of[:count]
    reasons = np.full(count, None, object)
    reasons[outcome.dropped[rows]] = "same_meaning"
    return Verdicts(reasons.tolist(), {"semantic_similarity": outcome.similarity[rows].tolist()})


class _Cosines:
    """Cosines of items that have an intent and a pattern; vectors are of length 1."""

    def __init__(self, vectors: F32, intents: I64, patterns: I64, threshold: float) -> None:
        self.vectors = vectors
        self.intents = intents
        self.patterns = patterns
        self.threshold = threshold
        self.bounding: dict[int, tuple[I64, F32]] = {}
        for intent in np.flatnonzero(np.bincount(intents) >= LARGE).tolist():
            members = np.flatnonzero(intents == intent)
            self.bounding[intent] = members, bounding(vectors[members], threshold)

    def near(self, left: I64, right: I64, one: bool) -> Pairs:
        """Pairs of one intent and different patterns whose cosine is at least the threshold."""
        found: list[Pairs] = [(left[:0], right[:0], np.zeros(0))]
        for intent in np.intersect1d(self.intents[left], self.intents[right]).tolist():
            ours, theirs = left[self.intents[left] == intent], right[self.intents[right] == intent]
            vectors, at, there = self.vectors, ours, theirs
            if intent in self.bounding:
                members, vectors = self.bounding[intent]
                at, there = np.searchsorted(members, ours), np.searchsorted(members, theirs)
            for begin in range(0, len(theirs), BLOCK):
                other = vectors[there[begin : begin + BLOCK]].T
                for start in range(0, len(ours), BLOCK):
                    most = vectors[at[start : start + BLOCK]] @ other
                    a, b = np.divmod(np.flatnonzero(most >= self.threshold - SLACK), other.shape[1])
                    found.append(self._checked(ours[start + a], theirs[begin + b]))
        a, b, similarity = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return a, b, similarity

    def _checked(self, left: I64, right: I64) -> Pairs:
        """The pairs that are near. Products of matrices round by shape and place; these do not."""
        other = self.patterns[left] != self.patterns[right]
        left, right = left[other], right[other]
        cosines = np.empty(len(left))
        for at in range(0, len(left), PAIRS):
            part = slice(at, at + PAIRS)
            products = self.vectors[left[part]].astype(np.float64) * self.vectors[right[part]]
            cosines[part] = products.sum(axis=1)
        good = cosines >= self.threshold
        return left[good], right[good], np.minimum(cosines[good], 1.0)


def bounding(vectors: F32, threshold: float) -> F32:
    """Shorter vectors whose products are never less than those of the given ones.

    The coordinates along some of the principal axes of a sample, and the length of what is left:
    of two such rests the product is at most that of their lengths (Cauchy and Schwarz). As many
    axes as cost least, by the pairs of another sample that the bound does not rule out.
    """
    step = len(vectors) // (2 * SAMPLE) + 1
    sample, other = (vectors[at :: 2 * step].astype(np.float64) for at in (0, step))
    _, axes = np.linalg.eigh(sample.T @ sample)
    axes = axes[:, ::-1]
    costs = {}
    for size in (size for size in AXES if size < axes.shape[1]):
        short = _shortened(other, axes[:, :size])
        missed = np.count_nonzero(short @ short.T >= threshold - SLACK) - len(short)
        costs[size] = size + CHECK * missed / len(short) ** 2
    best = min(costs, key=costs.__getitem__, default=axes.shape[1])
    parts = (vectors[at : at + BLOCK] for at in range(0, len(vectors), BLOCK))
    return np.concatenate([_shortened(part, axes[:, :best]) for part in parts]).astype(np.float32)


def _shortened(vectors: npt.NDArray[Any], axes: F64) -> F64:
    along = vectors @ axes
    rest = (vectors.astype(np.float64) ** 2).sum(axis=1) - (along**2).sum(axis=1)
    return np.column_stack([along, np.sqrt(np.maximum(rest, 0))])
