"""Closest records: whether synthetic rows lie nearer to the seeds than other real rows do.

The share of rows nearer to a seed than to the holdout is that of Platzer and Reutterer 2021
("Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data"); the distance to the closest
record as such is older (Park et al. 2018, "Data Synthesis based on Generative Adversarial
Networks"). Distances are cosine distances of embeddings, 0 (equal) to 2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textsynth import keyed
from textsynth.corpus import fold
from textsynth.evaluate import Estimate, Figure, intervals

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

DRAWS = 3
PERMUTATIONS = 200
BLOCK = 1000
# Nearest rows of each that are kept: that all have one label by chance is 2 in 2**16.
KEPT = 16
SAME = 1e-5  # similarities that differ by less are equal: float32 products
WORDS = 5
# Where words are written without spaces, characters stand for them.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Side:
    """Real rows of one side: texts, and the intent of each (None for none)."""

    texts: Sequence[str]
    intents: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Balanced:
    """Places in seeds and in holdout, equally many of each intent and in the same order of intents;
    `strata` numbers the intent of each place, shape (n,)."""

    seeds: Places
    holdout: Places
    strata: Places


def balance(seeds: Side, holdout: Side, *, most: int, seed: int, draw: int = 0) -> Balanced:
    """Draw the same number of rows of each intent from both sides, by key, about `most` of each
    side at most. Only intents that both have take part; where they share none, all rows are one
    class."""
    shared = sorted(set(seeds.intents) & set(holdout.intents), key=lambda i: (i is not None, i))
    groups = [
        tuple([at for at, own in enumerate(side.intents) if own == i] for side in (seeds, holdout))
        for i in shared
    ]
    if not groups:
        groups = [(list(range(len(seeds.texts))), list(range(len(holdout.texts))))]
    sizes = [min(map(len, group)) for group in groups]
    part = min(1.0, most / max(1, sum(sizes)))
    chosen: list[list[int]] = [[], []]
    strata: list[int] = []
    for number, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        size = max(1, round(size * part)) if size else 0
        strata += [number] * size
        for side, places, taken in zip((seeds, holdout), group, chosen, strict=True):
            key = keyed.stream(seed, "balance", draw, number)
            order = keyed.order(key, [side.texts[at] for at in places])
            taken += [places[at] for at in order[:size]]
    return Balanced(np.array(chosen[0], int), np.array(chosen[1], int), np.array(strata, int))


def shuffled(strata: Places, member: npt.NDArray[np.bool_], count: int, seed: int) -> Floats:
    """`count` permutations of the labels `member` within each stratum: shape (count, n), of 0 and
    1. What a figure is under them is what it is by chance."""
    random = np.random.default_rng(seed)
    order = np.argsort(strata[None, :] + random.random((count, len(strata))), axis=1)
    labels = np.zeros((count, len(strata)))
    inside = member[np.argsort(strata, kind="stable")].astype(float)
    np.put_along_axis(labels, order, np.broadcast_to(inside, labels.shape), axis=1)
    return labels


def nearer_to_seeds(
    rows: Vectors,
    seeds: Vectors,
    holdout: Vectors,
    draws: Sequence[Balanced],
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> tuple[Estimate, Estimate]:
    """The share of rows whose closest record is a seed, ties half, and what it is by chance.

    Rows that have one closest record stand and fall together, so that they are resampled together.
    By chance: labels of seeds and holdout are permuted within their intents, 95 % of the shares.

    Args:
        rows, seeds, holdout: unit vectors, shape (n, d).
        draws: balanced parts of seeds and holdout; the shares of all of them are averaged.
    """
    values = np.zeros(len(rows))
    closest = np.zeros(len(rows), int)
    chance: list[Floats] = []
    for number, draw in enumerate(draws):
        pool = np.concatenate([seeds[draw.seeds], holdout[draw.holdout]])
        member = np.arange(len(pool)) < len(draw.seeds)
        both = np.concatenate([draw.strata, draw.strata])
        labels = shuffled(both, member, PERMUTATIONS, keyed.stream(seed, "permuted", number))
        shares = np.zeros(len(labels))
        for at in range(0, len(rows), BLOCK):
            similar, place = _nearest(rows[at : at + BLOCK] @ pool.T)
            tied = similar >= similar[:, :1] - SAME
            values[at : at + BLOCK] += _won(tied, member[place].astype(float)) / len(draws)
            shares += np.array([_won(tied, label[place]).sum() for label in labels])
            if not number:
                closest[at : at + BLOCK] = place[:, 0]
        chance.append(shares / len(rows))
    groups = np.unique(closest, return_inverse=True)[1]
    hits = np.asarray(np.bincount(groups, values), float)
    sizes = np.asarray(np.bincount(groups), float)
    low, high = np.quantile(np.concatenate(chance), intervals.TAILS)
    return (
        _ratio(hits, sizes, resamples, seed),
        Estimate(float(np.mean(np.concatenate(chance))), float(low), float(high)),
    )


def _nearest(similar: Vectors) -> tuple[Vectors, Places]:
    """The largest few of each row, largest first, and their places: shape (n, KEPT) each."""
    kept = min(KEPT, similar.shape[1])
    place = np.argpartition(-similar, kept - 1, axis=1)[:, :kept]
    order = np.argsort(-np.take_along_axis(similar, place, 1), axis=1, kind="stable")
    place = np.take_along_axis(place, order, 1)
    return np.take_along_axis(similar, place, 1), place


def _won(tied: npt.NDArray[np.bool_], labels: Floats) -> Floats:
    """1 where all closest records are seeds, 0 where none is, a half where some are."""
    seeds = (tied & (labels > 0)).any(1)
    others = (tied & (labels == 0)).any(1)
    return np.asarray((1.0 + seeds - others) / 2)


def _ratio(hits: Floats, sizes: Floats, resamples: int, seed: int) -> Estimate:
    """Hits over sizes of groups, with the bootstrap over groups."""
    shares = hits / sizes
    if len(shares) and np.ptp(shares) == 0:
        return intervals.mean_of_runs(shares[None])

    def of(places: npt.NDArray[np.intp]) -> float:
        return float(hits[places].sum() / sizes[places].sum())

    return intervals.statistic(len(sizes), of, resamples=min(resamples, 500), seed=seed)


def distances(rows: Vectors, to: Vectors) -> Floats:
    """The cosine distance of each row to its closest record, shape (n,)."""
    found = [
        1 - (rows[at : at + BLOCK] @ to.T).max(axis=1).astype(float)
        for at in range(0, len(rows), BLOCK)
    ]
    return np.maximum(np.concatenate(found), 0.0) if found else np.zeros(0)


def distance_figures(rows: Floats, others: Floats, *, seed: int = 0) -> list[Figure]:
    """Median and 5th percentile of the rows' distances, beside those of the holdout's."""
    found = []
    for name, share in (("dcr_median", 0.5), ("dcr_5th_percentile", 0.05)):
        own, real = (_quantile(values, share, seed) for values in (rows, others))
        found.append(
            Figure(name, own.value, own.low, own.high, reference=real if len(others) else None)
        )
    return found


def _quantile(values: Floats, share: float, seed: int) -> Estimate:
    if not len(values):
        return Estimate(float("nan"))

    def of(places: npt.NDArray[np.intp]) -> float:
        return float(np.quantile(values[places], share))

    return intervals.statistic(len(values), of, seed=seed)


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def five_grams(text: str) -> list[tuple[str, ...]]:
    """The runs of five words, repeated ones included."""
    own = words(text)
    return [tuple(own[at : at + WORDS]) for at in range(len(own) - WORDS + 1)]


def verbatim(rows: Sequence[str], seeds: Sequence[str], *, seed: int = 0) -> Estimate:
    """The share of the rows' word 5-grams that stand in seeds, too, with the bootstrap over rows;
    NaN where no row has five words."""
    known = {gram for text in seeds for gram in five_grams(text)}
    grams = [own for text in rows if (own := five_grams(text))]
    if not grams:
        return Estimate(float("nan"))
    hits = np.array([sum(gram in known for gram in own) for own in grams], float)
    return _ratio(hits, np.array([len(own) for own in grams], float), 500, seed)
