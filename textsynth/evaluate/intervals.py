"""Intervals: bootstrap (Efron 1979), and that of an AUC (DeLong et al. 1988). All are of 95 %.

Where all values are the same, neither has anything to vary and would be of no width, as if the
figure were certain: another interval stands there, or none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from textsynth.evaluate import Estimate

Floats = npt.NDArray[np.float64]
TAILS = (0.025, 0.975)
NORMAL = 1.959964  # of the normal distribution between these tails
BLOCK = 4_000_000  # resampled places held at a time


def mean(values: npt.ArrayLike, *, resamples: int = 1000, seed: int = 0) -> Estimate:
    """The mean of values of shape (n,), with the percentile bootstrap over them. NaN for none; no
    interval for fewer than two, or where all are the same."""
    given = np.asarray(values, float)
    if not len(given):
        return Estimate(float("nan"))
    if len(given) < 2:
        return Estimate(float(given.mean()))
    means = _resampled_means(given[None, :], resamples, seed)
    return between(float(given.mean()), *np.quantile(means, TAILS))


def mean_of_runs(
    values: npt.ArrayLike, *, least: float = 0.0, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """The mean of values of shape (runs, n), with the bootstrap over runs and, within, over the n:
    for a classifier trained several times and tested on the same texts. For a paired difference
    give the differences.

    Values lie between `least` (-1 for differences) and 1. Where all are the same, Wilson's interval
    of none in n is the share of texts that may yet come out otherwise, as far as they can.
    """
    given = np.asarray(values, float)
    if not given.size:
        return Estimate(float("nan"))
    value = float(given.mean())
    if np.ptp(given) == 0:
        other = share(0, given.shape[1]).high
        assert other is not None
        return Estimate(value, value - other * (value - least), value + other * (1 - value))
    return between(value, *np.quantile(_resampled_means(given, resamples, seed), TAILS))


def between(value: float, low: float, high: float) -> Estimate:
    """A value with its interval; with none where that has no width (but for rounding)."""
    wide = high - low > 1e-12 * max(1.0, abs(value))
    return Estimate(value, float(low), float(high)) if wide else Estimate(value)


def _resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    runs, texts = values.shape
    at_a_time = max(1, BLOCK // texts)
    means = []
    while resamples > 0:
        count = min(resamples, at_a_time)
        # how often each text (and run) is drawn, rather than which: one product in place of a copy
        drawn = random.multinomial(texts, np.full(texts, 1 / texts), count)
        which = random.multinomial(runs, np.full(runs, 1 / runs), count)
        means.append(np.einsum("cr,rt,ct->c", which, values, drawn, optimize=True) / (runs * texts))
        resamples -= count
    return np.concatenate(means)


def statistic(
    count: int, of: Callable[[npt.NDArray[np.intp]], float], *, resamples: int = 200, seed: int = 0
) -> Estimate:
    """`of(places)` for all `count` places, with the percentile bootstrap over them: for what is no
    mean. Figures that depend on repeated rows (distinct-n) must not be bootstrapped."""
    value = of(np.arange(count))
    if count < 2:
        return Estimate(value)
    random = np.random.default_rng(seed)
    found = [of(random.integers(0, count, count)) for _ in range(resamples)]
    low, high = np.nanquantile(found, TAILS)
    return Estimate(value, float(low), float(high))


def auc(positive: npt.ArrayLike, negative: npt.ArrayLike) -> Estimate:
    """The area under the ROC curve: how often a positive's score is above a negative's, ties half;
    DeLong's interval by ranks (Sun and Xu 2014), cut to 0 and 1. Its variance is 0 where either
    side is all above the other, or all alike: then Newcombe's interval. NaN where a side has no
    rows."""
    from scipy.stats import rankdata

    above, below = np.asarray(positive, float), np.asarray(negative, float)
    m, n = len(above), len(below)
    if not m or not n:
        return Estimate(float("nan"))
    ranks = rankdata(np.concatenate([above, below]))
    value = (ranks[:m].sum() - m * (m + 1) / 2) / (m * n)
    if m < 2 or n < 2:
        return Estimate(float(value))
    of_positive = (ranks[:m] - rankdata(above)) / n
    of_negative = 1 - (ranks[m:] - rankdata(below)) / m
    if np.ptp(of_positive) == np.ptp(of_negative) == 0:
        return _newcombe(float(value), m, n)
    spread = NORMAL * np.sqrt(of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n)
    low, high = np.clip([value - spread, value + spread], 0, 1)
    return Estimate(float(value), float(low), float(high))


def _newcombe(value: float, m: int, n: int) -> Estimate:
    """An AUC with the interval of Newcombe 2006 ("Confidence intervals for an effect size measure
    based on the Mann-Whitney statistic", part 2, method 5), to five digits: all areas from which
    this one is less than 1.96 standard errors away, by what the error is at each of them."""
    area = np.linspace(0, 1, 100_001)
    shape = (1 - area) / (2 - area) + area / (1 + area)
    variance = area * (1 - area) * (1 + ((m + n) / 2 - 1) * shape) / (m * n)
    inside = area[(area - value) ** 2 <= NORMAL**2 * variance + 1e-12]
    return Estimate(value, float(inside[0]), float(inside[-1]))


def share(hits: int, of: int) -> Estimate:
    """`hits / of` with Wilson's interval (1927); NaN of none."""
    if not of:
        return Estimate(float("nan"))
    value, squared = hits / of, NORMAL**2
    centre = (value + squared / (2 * of)) / (1 + squared / of)
    spread = NORMAL / (1 + squared / of) * np.sqrt(value * (1 - value) / of + squared / (4 * of**2))
    return Estimate(value, float(max(0.0, centre - spread)), float(min(1.0, centre + spread)))
