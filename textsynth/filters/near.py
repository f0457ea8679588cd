"""Drop rows that say nearly the same words as a better row, a seed or an accepted row."""

from __future__ import annotations

import multiprocessing
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from textsynth.corpus import column, concat, fold
from textsynth.filters import Context, Verdicts
from textsynth.filters.duplicates import (
    F64,
    I64,
    Compare,
    Pairs,
    against,
    clusters,
    distinct,
    encode,
    numbers,
    ranked,
    resolve,
    unique,
)
from textsynth.filters.shingles import Index, Nodes, Sketches
from textsynth.patterns import SlotRef, escape, parse

# Rows from which on intents are shared out among processes, and in how many parts for each.
PARALLEL = 200_000
PARTS = 4
SLOT_SIGNS = 0xF0000  # a private-use plane: no text of people has them


def near(
    corpus: pa.Table, context: Context, *, threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
) -> Verdicts:
    """Drop near-duplicates within an intent; reasons `near_seed`, `near_duplicate`.

    Two rows of different patterns are near if their patterns, or their texts, have a Jaccard
    similarity of at least `threshold` over the set of word 1- and 2-grams and character 3- and
    4-grams (a slot of a pattern is one character). Rows of one pattern are siblings, never near.
    Candidates come from MinHash with banding (Broder 1997), which misses under 0.2 % of pairs at
    the threshold and fewer above; each is checked exactly.

    Of near rows the best stays: higher `label_margin`, lower `detectability`, lower id. Accepted
    rows always stay. Rows of origin `seed` or `name` are not compared with seeds.

    Scores: `near_similarity`, to the nearest row, seed or accepted row that it was dropped for, 0
    if it stays; `near_cluster`, a number that rows share which such pairs connect, 0 if none does.
    """
    if not corpus.num_rows:
        return Verdicts([], {"near_similarity": [], "near_cluster": []})
    found = _judged_apart(corpus, context, threshold) or [_judged(corpus, context, threshold)]
    reasons = np.full(corpus.num_rows, None, object)
    similarity = np.zeros(corpus.num_rows)
    component = np.zeros((corpus.num_rows, 2), np.int64)
    for number, part in enumerate(found):
        reasons[part.rows] = part.reasons
        similarity[part.rows] = part.similarity
        component[part.rows, 0] = number
        component[part.rows, 1] = part.component
    numbered = _numbered(column(corpus, "text"), component)
    scores = {"near_similarity": similarity.tolist(), "near_cluster": numbered}
    return Verdicts(reasons.tolist(), scores)


@dataclass(frozen=True, slots=True)
class _Part:
    """What became of these rows: arrays of one length."""

    rows: I64
    reasons: Any
    similarity: F64
    component: I64


def _judged(corpus: pa.Table, context: Context, threshold: float) -> _Part:
    """All rows; components are numbered from 1, 0 for a row that is alone."""
    count, accepted = corpus.num_rows, context.accepted.num_rows
    every = concat([corpus, context.accepted, context.seeds])
    intents = numbers(every, "intent")
    texts, said = encode([fold(text) for text in column(every, "text")])
    patterns, shapes = _patterns(every)
    origins = pc.cast(every.column("origin"), pa.string())
    own = pc.is_in(origins, value_set=pa.array(["seed", "name"]))
    spared = np.asarray(own.to_numpy(), np.int64)
    first, item_of = distinct(intents, patterns, texts, spared)
    handles, compare = _ways(
        intents[first], patterns[first], texts[first], [*said, *shapes], len(said), threshold
    )
    order = unique(item_of[:count][ranked(corpus)])
    foreign = order[spared[first[order]] == 0]
    copies = against(foreign, handles, compare, unique(item_of[count + accepted :]))
    others = order[~copies.dropped[order]]
    doubles = resolve(others, handles, compare, unique(item_of[count : count + accepted]))
    components = clusters(doubles, order, [said[text] for text in texts[first[order]].tolist()])
    rows = item_of[:count]
    reasons = np.full(count, None, object)
    reasons[doubles.dropped[rows]] = "near_duplicate"
    reasons[copies.dropped[rows]] = "near_seed"
    similarity = np.maximum(copies.similarity, doubles.similarity)[rows]
    return _Part(np.arange(count), reasons, similarity, components[rows])


def _judged_apart(corpus: pa.Table, context: Context, threshold: float) -> list[_Part] | None:
    """The same by forked processes, each for some of the intents, since rows of two intents are
    never near; None where that is not worth while, or forking is not safe."""
    intents = pc.cast(corpus.column("intent"), pa.string()).to_numpy(zero_copy_only=False)
    names, sizes = np.unique(intents.astype(str), return_counts=True)
    workers = min(len(names), os.cpu_count() or 1)
    if len(intents) < PARALLEL or workers < 2 or sys.platform != "linux":
        return None
    held: list[set[str]] = [set() for _ in range(min(len(names), PARTS * workers))]
    loads = [0] * len(held)
    for at in np.argsort(-sizes, kind="stable"):
        lightest = loads.index(min(loads))
        held[lightest].add(str(names[at]))
        loads[lightest] += int(sizes[at])
    global _shared
    _shared = (corpus, context, threshold)
    try:
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
            return list(pool.map(_judged_of, held))
    finally:
        _shared = None


# What forked processes find in their memory instead of being sent it.
_shared: tuple[pa.Table, Context, float] | None = None


def _judged_of(intents: set[str]) -> _Part:
    assert _shared is not None
    corpus, context, threshold = _shared

    def of(table: pa.Table) -> tuple[pa.Table, I64]:
        names = pc.cast(table.column("intent"), pa.string())
        mask = pc.is_in(names, value_set=pa.array(sorted(intents)))
        rows = np.flatnonzero(mask.to_numpy().astype(bool))
        return table.take(pa.array(rows)), rows

    own, rows = of(corpus)
    seeds, accepted = of(context.seeds)[0], of(context.accepted)[0]
    part = _judged(own, replace(context, seeds=seeds, accepted=accepted), threshold)
    return replace(part, rows=rows)


def _numbered(texts: list[str], component: I64) -> list[int]:
    """Numbers of components, from 1 in the order of their smallest folded text; 0 for rows that are
    alone. `component` has (part, number in it) of each row."""
    smallest: dict[tuple[int, int], str] = {}
    keys = [tuple(pair) for pair in component.tolist()]
    for text, key in zip(texts, keys, strict=True):
        if key[1]:
            folded = fold(text)
            if key not in smallest or folded < smallest[key]:
                smallest[key] = folded
    order = sorted(smallest, key=lambda key: (smallest[key], key))
    places = {key: number for number, key in enumerate(order, 1)}
    return [places.get(key, 0) for key in keys]


def _ways(
    intents: I64, patterns: I64, texts: I64, strings: list[str], shapes_at: int, threshold: float
) -> tuple[list[I64], list[Compare]]:
    """The handles of items and how they compare: by pattern within an intent, then by text."""
    ids, distinct_strings = encode(strings)
    sketches = Sketches(distinct_strings, threshold)
    first, by_pattern = distinct(intents, patterns)
    shapes = Nodes(ids[shapes_at + patterns[first]], intents[first], np.arange(len(first)))
    said = Nodes(ids[texts], intents, by_pattern)
    handles, nodes = [by_pattern], [shapes]
    if (shapes.text[by_pattern] != said.text).any():
        handles.append(np.arange(len(texts)))
        nodes.append(said)
    return handles, [partial(_near, sketches, each, Index()) for each in nodes]


def _near(
    sketches: Sketches, nodes: Nodes, index: Index, left: I64, right: I64, one: bool
) -> Pairs:
    a, b, similarity = sketches.near(
        nodes.take(left), nodes.take(right), one=one, index=index if one else None
    )
    return left[a], right[b], similarity


def _patterns(corpus: pa.Table) -> tuple[I64, list[str]]:
    """The number of each row's pattern, folded as for its siblings, and the shape of each: the
    folded words, a sign of its own for a slot of each label."""
    written, sources = encode(
        [
            pattern or escape(text)
            for pattern, text in zip(column(corpus, "pattern"), column(corpus, "text"), strict=True)
        ]
    )
    folded, names = encode([fold(source) for source in sources])
    shapes = [""] * len(names)
    for at in sorted(range(len(sources)), key=sources.__getitem__, reverse=True):
        shapes[folded[at]] = fold(_shape(sources[at]))
    return folded[written], shapes


def _shape(pattern: str) -> str:
    if "{" not in pattern and "\\" not in pattern:
        return pattern
    return "".join(
        chr(SLOT_SIGNS + zlib.crc32(part.label.casefold().encode()) % 0xFFFD)
        if isinstance(part, SlotRef)
        else part
        for part in parse(pattern).parts
    )
