"""Intervals: known values, coverage on draws whose truth is known, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from textsynth.evaluate import intervals


def covered(estimate_of, truth: float, draws: int = 200) -> float:
    """How often the interval holds the truth."""
    found = [estimate_of(np.random.default_rng(seed)) for seed in range(draws)]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def test_the_bootstrap_of_a_mean_is_about_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    estimate = intervals.mean(values, resamples=4000)
    assert estimate.value == pytest.approx(values.mean())
    spread = 1.96 * values.std() / 20
    assert estimate.low == pytest.approx(values.mean() - spread, abs=0.02)
    assert estimate.high == pytest.approx(values.mean() + spread, abs=0.02)


def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    assert covered(lambda r: intervals.mean(r.normal(size=80), resamples=300), 0) > 0.9
    assert covered(lambda r: intervals.share(int((r.random(60) < 0.2).sum()), 60), 0.2) > 0.9
    # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    assert covered(lambda r: intervals.auc(r.normal(1, 1, 60), r.normal(0, 1, 80)), 0.7602) > 0.9


def test_runs_that_differ_widen_the_interval() -> None:
    random = np.random.default_rng(1)
    alike = np.tile(random.random(300), (3, 1))
    apart = alike + np.array([[-0.2], [0.0], [0.2]])
    near, far = intervals.mean_of_runs(alike), intervals.mean_of_runs(apart)
    assert near.value == pytest.approx(far.value)
    assert far.high - far.low > 2 * (near.high - near.low)


def test_one_run_is_the_mean_of_its_texts() -> None:
    values = np.random.default_rng(2).random(50)
    assert intervals.mean_of_runs(values[None]) == intervals.mean(values)


def test_the_auc_is_that_of_scikit_learn_ties_included() -> None:
    random = np.random.default_rng(3)
    above, below = random.integers(0, 6, 70), random.integers(0, 5, 90)
    expected = roc_auc_score([1] * 70 + [0] * 90, np.concatenate([above, below]))
    assert intervals.auc(above, below).value == pytest.approx(expected, abs=1e-12)


def test_an_auc_stays_between_0_and_1() -> None:
    estimate = intervals.auc([2.0, 3.0, 4.0, 1.5], [0.0, 1.0, 2.5, -1.0])
    assert 0 < estimate.low < estimate.value < estimate.high == 1


def test_sides_wholly_apart_are_not_certain() -> None:
    above, below = intervals.auc(np.arange(20) + 20, np.arange(20)), intervals.auc([0, 1], [2, 3])
    assert (above.value, above.high) == (1, 1) and (below.value, below.low) == (0, 0)
    # Newcombe's equation, (1 - a) m n = z^2 a (1 + N ((1 - a) / (2 - a) + a / (1 + a)))
    a = above.low
    error = 3.8415 * a * (1 + 19 * ((1 - a) / (2 - a) + a / (1 + a)))
    assert (1 - a) * 400 == pytest.approx(error, abs=0.02) and 0.88 < a < 0.92
    more = intervals.auc(np.arange(200) + 200, np.arange(200))
    assert above.low < more.low < 1
    alike = intervals.auc(np.zeros(20), np.zeros(20))
    assert alike.value == 0.5 and alike.low == pytest.approx(1 - alike.high) and alike.low < 0.4


def test_an_interval_of_an_auc_of_1_holds_the_truth() -> None:
    # P(N(2.5, 1) > N(0, 1)) = Phi(2.5 / sqrt 2); most draws of 12 a side are wholly apart
    def drawn(random: np.random.Generator):
        return intervals.auc(random.normal(2.5, 1, 12), random.normal(0, 1, 12))

    apart = [e for e in map(drawn, map(np.random.default_rng, range(200))) if e.value == 1]
    assert len(apart) > 20 and all(one.low < 0.9615 for one in apart)


def test_equal_values_are_not_certain() -> None:
    """None of 20 texts otherwise: Wilson's interval says up to 16 % of them may be."""
    right = intervals.mean_of_runs(np.ones((3, 20)))
    assert (right.low, right.high) == (pytest.approx(1 - intervals.share(0, 20).high), 1)
    same = intervals.mean_of_runs(np.zeros((3, 20)), least=-1)
    assert same.high == -same.low == pytest.approx(intervals.share(0, 20).high)
    gained = intervals.mean_of_runs(np.ones((3, 20)), least=-1)
    assert gained.low == pytest.approx(1 - 2 * intervals.share(0, 20).high) and gained.high == 1


@pytest.mark.parametrize("found", [
    intervals.mean([0.1] * 9),
    intervals.between(0.1, 0.1, 0.1 + 1e-17),
])  # fmt: skip
def test_no_interval_has_no_width(found) -> None:
    assert found.low is None and found.high is None


def test_wilson_at_the_edges() -> None:
    none, all_ = intervals.share(0, 20), intervals.share(20, 20)
    assert none.low == 0 and 0 < none.high < 0.2  # the rule of three says 0.15
    assert all_.high == 1 and 0.8 < all_.low < 1


def test_a_statistic_that_is_no_mean() -> None:
    values = np.random.default_rng(4).exponential(size=300)
    estimate = intervals.statistic(300, lambda places: float(np.median(values[places])))
    assert estimate.value == np.median(values)
    assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize(
    "estimate",
    [
        intervals.mean([]),
        intervals.mean_of_runs(np.zeros((3, 0))),
        intervals.auc([], [1.0]),
        intervals.share(0, 0),
    ],
)
def test_nothing_gives_nothing(estimate) -> None:
    assert math.isnan(estimate.value) and estimate.low is None


def test_one_value_has_no_interval() -> None:
    assert intervals.mean([4.0]).low is None
    assert intervals.auc([1.0], [0.0]).low is None


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(5).random(1000)
    assert intervals.mean(values, seed=7) == intervals.mean(values, seed=7)
    assert intervals.mean(values, seed=7) != intervals.mean(values, seed=8)
