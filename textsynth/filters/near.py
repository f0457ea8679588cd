"""Drop rows that say nearly the same words as a better row, a seed or an accepted row."""

from __future__ import annotations

import multiprocessing
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from textsynth import engines
from textsynth.corpus import concat
from textsynth.filters import Context, Verdicts
from textsynth.filters.duplicates import (
    F64,
    I64,
    Compare,
    Pairs,
    against,
    clusters,
    distinct,
    numbers,
    ranked,
    resolve,
    unique,
)
from textsynth.filters.folds import fold_all
from textsynth.filters.sketches import Index, Nodes, Sketches
from textsynth.patterns import SlotRef, escape, parse

# Rows from which on intents are shared out among processes, and in how many parts for each.
PARALLEL = 50_000
PARTS = 4
READ = ("id", "text", "intent", "pattern", "origin", "scores")
REASONS = (None, "near_duplicate", "near_seed")
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
    reason = np.zeros(corpus.num_rows, np.int8)
    similarity = np.zeros(corpus.num_rows)
    cluster = np.zeros(corpus.num_rows, np.int64)
    for part, numbers_ in zip(found, _numbered([part.contents for part in found]), strict=True):
        reason[part.rows] = part.reason
        similarity[part.rows] = part.similarity
        cluster[part.rows] = numbers_[part.component]
    scores = {"near_similarity": similarity.tolist(), "near_cluster": cluster.tolist()}
    return Verdicts(np.array(REASONS, object)[reason].tolist(), scores)


@dataclass(frozen=True, slots=True)
class _Part:
    """What became of these rows: arrays of one length; reasons by their place in `REASONS`. Of each
    component, from 1 (0 is a row that is alone), the smallest content."""

    rows: I64
    reason: npt.NDArray[np.int8]
    similarity: F64
    component: I64
    contents: pa.Array


def _judged(corpus: pa.Table, context: Context, threshold: float) -> _Part:
    """All rows."""
    count, accepted = corpus.num_rows, context.accepted.num_rows
    every = concat([corpus, context.accepted, context.seeds])
    intents = numbers(every, "intent")
    texts, said = _encoded(fold_all(every.column("text")))
    patterns, shapes = _patterns(every)
    origins = pc.cast(every.column("origin"), pa.string())
    own = pc.is_in(origins, value_set=pa.array(["seed", "name"]))
    spared = np.asarray(own.to_numpy(), np.int64)
    first, item_of = distinct(intents, patterns, texts, spared)
    strings = pa.concat_arrays([said, shapes])
    handles, compare = _ways(
        intents[first], patterns[first], texts[first], strings, len(said), threshold
    )
    order = unique(item_of[:count][ranked(corpus)])
    foreign = order[spared[first[order]] == 0]
    copies = against(foreign, handles, compare, unique(item_of[count + accepted :]))
    others = order[~copies.dropped[order]]
    stand = unique(item_of[count : count + accepted])
    doubles = resolve(others, handles, compare, stand, intents[first])
    components, contents = clusters(doubles, order, said.take(pa.array(texts[first[order]])))
    rows = item_of[:count]
    reason = np.where(copies.dropped, 2, doubles.dropped).astype(np.int8)
    similarity = np.maximum(copies.similarity, doubles.similarity)
    return _Part(np.arange(count), reason[rows], similarity[rows], components[rows], contents)


def _judged_apart(corpus: pa.Table, context: Context, threshold: float) -> list[_Part] | None:
    """The same by forked processes, each for some of the intents, since rows of two intents are
    never near; None where that is not worth while, or forking is not safe."""
    sizes = {one["values"]: one["counts"] for one in pc.value_counts(_intents(corpus)).to_pylist()}
    workers = min(len(sizes), os.cpu_count() or 1)
    if corpus.num_rows < PARALLEL or workers < 2 or sys.platform != "linux":
        return None
    held: list[set[str]] = [set() for _ in range(min(len(sizes), PARTS * workers))]
    loads = [0] * len(held)
    for intent in sorted(sizes, key=lambda intent: (-sizes[intent], intent)):
        lightest = loads.index(min(loads))
        held[lightest].add(intent)
        loads[lightest] += sizes[intent]
    global _shared
    _shared = (corpus, context, threshold)
    try:
        forking = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, forking, engines.end_with_parent) as pool:
            return list(pool.map(_judged_of, held))
    finally:
        _shared = None


# What forked processes find in their memory instead of being sent it.
_shared: tuple[pa.Table, Context, float] | None = None


def _judged_of(intents: set[str]) -> _Part:
    assert _shared is not None
    corpus, context, threshold = _shared

    def of(table: pa.Table) -> tuple[pa.Table, I64]:
        mask = pc.is_in(_intents(table), value_set=pa.array(sorted(intents)))
        rows = np.flatnonzero(mask.to_numpy())
        return table.select(READ).take(pa.array(rows)), rows

    own, rows = of(corpus)
    seeds, accepted = of(context.seeds)[0], of(context.accepted)[0]
    part = _judged(own, replace(context, seeds=seeds, accepted=accepted), threshold)
    return replace(part, rows=rows)


def _intents(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.cast(table.column("intent"), pa.string()), "")


def _numbered(contents: list[pa.Array]) -> list[I64]:
    """Of each part the numbers of its components (0 stays 0): from 1 in the order of their
    contents."""
    order = pc.array_sort_indices(pa.concat_arrays(contents)).to_numpy()
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(1, len(order) + 1)
    ends = np.cumsum([len(part) for part in contents])
    return [np.concatenate([[0], part]) for part in np.split(number, ends[:-1])]


def _ways(
    intents: I64,
    patterns: I64,
    texts: I64,
    strings: pa.Array,
    shapes_at: int,
    threshold: float,
) -> tuple[list[I64], list[Compare]]:
    """The handles of items and how they compare: by pattern within an intent, then by text."""
    ids, distinct_strings = _encoded(strings)
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


def _patterns(corpus: pa.Table) -> tuple[I64, pa.Array]:
    """The number of each row's pattern, folded as for its siblings, and the shape of each: the
    folded words, a sign of its own for a slot of each label."""
    patterns = corpus.column("pattern").combine_chunks()
    bare = np.flatnonzero(pc.fill_null(pc.equal(patterns, ""), True).to_numpy(zero_copy_only=False))
    if len(bare):
        texts = corpus.column("text").take(pa.array(bare)).to_pylist()
        place = np.arange(len(patterns))
        place[bare] = len(patterns) + np.arange(len(bare))
        escaped = pa.array([escape(text) for text in texts], pa.string())
        patterns = pa.concat_arrays([patterns, escaped]).take(pa.array(place))
    written, sources = _encoded(patterns)
    folded, names = _encoded(fold_all(sources))
    smallest = np.zeros(len(names), np.int64)
    order = pc.array_sort_indices(sources, order="descending").to_numpy().astype(np.int64)
    smallest[folded[order]] = order
    shapes = [_shape(source) for source in sources.take(pa.array(smallest)).to_pylist()]
    return folded[written], fold_all(pa.array(shapes, pa.string()))


def _encoded(strings: pa.Array) -> tuple[I64, pa.Array]:
    """A number for each string, and the distinct strings by number."""
    encoded = strings.dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary


def _shape(pattern: str) -> str:
    if "\\\n" in pattern:
        return _shape_of_line(pattern)
    return "\n".join(map(_shape_of_line, pattern.split("\n")))


@lru_cache(maxsize=1 << 16)
def _shape_of_line(pattern: str) -> str:
    """That of a whole pattern, or of one of its lines, which dialogues have in common."""
    if "{" not in pattern and "\\" not in pattern:
        return pattern
    return "".join(
        chr(SLOT_SIGNS + zlib.crc32(part.label.casefold().encode()) % 0xFFFD)
        if isinstance(part, SlotRef)
        else part
        for part in parse(pattern).parts
    )
