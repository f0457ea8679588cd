"""Drop rows that mean the same as a better row."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column, concat, fold
from textsynth.filters import Context, Verdicts
from textsynth.filters.duplicates import (
    I64,
    Pairs,
    distinct,
    encode,
    numbers,
    ranked,
    resolve,
    unique,
)

BLOCK = 2048
SLACK = 1e-4
PAIRS = 8192


def semantic(
    corpus: pa.Table, context: Context, *, threshold: Annotated[float, Field(gt=0, le=1)] = 0.95
) -> Verdicts:
    """Drop rows that mean the same as a better row of their intent; reason `same_meaning`.

    Two texts of different patterns mean the same if the cosine of their embeddings is at least
    `threshold`. Products are exact, blocks of all pairs within an intent; there is no index that
    could miss one. Of such rows the best stays: higher `label_margin`, lower `detectability`, lower
    id. Accepted rows always stay; rows of one pattern are never compared.

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
    compare = partial(_near, vectors, intents[first], patterns[first], threshold)
    outcome = resolve(
        unique(item_of[:count][ranked(corpus)]),
        [np.arange(len(first))],
        [compare],
        unique(item_of[count:]),
    )
    rows = item_of[:count]
    reasons = np.full(count, None, object)
    reasons[outcome.dropped[rows]] = "same_meaning"
    return Verdicts(reasons.tolist(), {"semantic_similarity": outcome.similarity[rows].tolist()})


def _near(
    vectors: npt.NDArray[np.float32],
    intents: I64,
    patterns: I64,
    threshold: float,
    left: I64,
    right: I64,
    one: bool,
) -> Pairs:
    """Pairs of one intent and different patterns whose cosine is at least the threshold."""
    found: list[Pairs] = [(left[:0], right[:0], np.zeros(0))]
    for intent in np.intersect1d(intents[left], intents[right]):
        ours, theirs = left[intents[left] == intent], right[intents[right] == intent]
        for start in range(0, len(theirs), BLOCK):
            there = theirs[start : start + BLOCK]
            for at in range(0, len(ours), BLOCK):
                here = ours[at : at + BLOCK]
                cosines = vectors[here] @ vectors[there].T
                a, b = np.divmod(np.flatnonzero(cosines >= threshold - SLACK), len(there))
                found.append(_checked(vectors, patterns, threshold, here[a], there[b]))
    a, b, similarity = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return a, b, similarity


def _checked(
    vectors: npt.NDArray[np.float32], patterns: I64, threshold: float, left: I64, right: I64
) -> Pairs:
    """The pairs that are near. Products of matrices round by shape and place; these do not."""
    other = patterns[left] != patterns[right]
    left, right = left[other], right[other]
    cosines = np.empty(len(left))
    for at in range(0, len(left), PAIRS):
        part = slice(at, at + PAIRS)
        products = vectors[left[part]].astype(np.float64) * vectors[right[part]]
        cosines[part] = products.sum(axis=1)
    good = cosines >= threshold
    return left[good], right[good], np.minimum(cosines[good], 1.0)
