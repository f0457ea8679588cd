"""Scores of classifiers that were trained several times and tested on the same texts, and their
bootstrap intervals: runs and texts are resampled, for all scores alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.evaluate import Context, Estimate, Figure
from textsynth.evaluate.intervals import TAILS, between
from textsynth.evaluate.trials import Outcome

BINS = 15
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Draws:
    """Resamples; the first is the sample itself.

    Attributes:
        texts: how often each has each text, shape (resamples, texts).
        runs: the share of each run in it, shape (resamples, runs).
    """

    texts: npt.NDArray[np.float32]
    runs: Floats

    @classmethod
    def of(cls, texts: int, runs: int, context: Context) -> Draws:
        random = np.random.default_rng(context.seed)
        drawn = random.multinomial(texts, np.full(texts, 1 / texts), context.resamples)
        which = random.multinomial(runs, np.full(runs, 1 / runs), context.resamples) / runs
        return cls(
            np.concatenate([np.ones((1, texts)), drawn]).astype(np.float32),
            np.concatenate([np.full((1, runs), 1 / runs), which]),
        )

    def mean(self, values: Floats) -> Floats:
        """The mean over the runs of each resample, of values of shape (resamples, runs)."""
        return np.asarray((self.runs * values).sum(axis=1))


def estimate(values: Floats, *, centred: bool = False) -> Estimate:
    """The first value with the interval of the rest (NaN left out); with `centred` the interval is
    moved so that its mean is the value, for what resampling alone makes larger, and is at least 0.
    No interval where all are the same."""
    value, rest = float(values[0]), values[1:]
    if not np.isfinite(rest).any():
        return Estimate(value)
    low, high = np.nanquantile(rest, TAILS)
    if centred:
        low, high = np.maximum(0.0, np.array([low, high]) + value - np.nanmean(rest))
    return between(value, low, high)


def figure(
    name: str,
    found: Estimate,
    where: Mapping[str, str | float] | None = None,
    reference: Estimate | None = None,
) -> Figure:
    """An estimate as a figure."""
    return Figure(name, found.value, found.low, found.high, where or {}, reference)


def hits(runs: Sequence[Outcome], gold: npt.NDArray[np.int64]) -> Floats:
    """Where each run is right, of shape (runs, texts)."""
    return np.stack([run.labels == gold for run in runs]).astype(np.float64)


def ece(chances: npt.NDArray[Any], right: Floats, texts: npt.NDArray[np.float32]) -> Floats:
    """The expected calibration error (Guo et al. 2017, 15 bins of equal width) of each run in each
    resample, shape (resamples, runs); chances and hits are of shape (runs, texts), `texts` is that
    of `Draws`."""
    bins = np.clip(np.ceil(chances * BINS).astype(int) - 1, 0, BINS - 1)
    errors = []
    for own, gaps in zip(bins, right - chances, strict=True):
        placed = np.zeros((len(own), BINS))
        placed[np.arange(len(own)), own] = gaps
        errors.append(np.abs(texts @ placed).sum(axis=1) / len(own))
    return np.stack(errors, axis=1)


def class_f1(
    labels: npt.NDArray[np.int64],
    gold: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    draws: Draws,
) -> Floats:
    """F1 of each class in each resample, the mean over runs: shape (resamples, classes), from
    labels of shape (runs, texts). NaN where a resample has no text of the class."""
    there = (gold[:, None] == classes).astype(np.float32)
    wanted = draws.texts @ there
    total = np.zeros(wanted.shape)
    for run, own in enumerate(labels):
        said = (own[:, None] == classes).astype(np.float32)
        right, claimed = draws.texts @ (said * there), draws.texts @ said
        total += draws.runs[:, run, None] * 2 * right / np.maximum(claimed + wanted, 1)
    return np.where(wanted > 0, total, np.nan)
