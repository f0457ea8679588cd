"""Exposure: what is planted, and ranks of losses that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textsynth.evaluate import exposure
from textsynth.evaluate.exposure import Canary, Carrier, Plan

PATTERNS = {
    "alarm": ["wake me at {time}", "alarm at {time}", "ring at {time}"],
    "music": ["play {song}", "some music"],
}


def plan(**options):
    given = {"canaries": 4, "repetitions": (1, 4), "references": 50, "seed": 3, **options}
    return exposure.plan(PATTERNS, **given)


def figures(found):
    return {(one.name, one.slice.get("repeated")): one for one in found.figures}


@pytest.mark.parametrize("count", [1, 99, 1000])
def test_the_lowest_loss_has_all_bits_and_the_highest_none(count: int) -> None:
    others = np.arange(1.0, count + 1)
    assert exposure.exposure(0.0, others) == pytest.approx(math.log2(count + 1))
    assert exposure.exposure(count + 1.0, others) == pytest.approx(0.0)


def test_a_secret_that_was_never_seen_has_1_44_bits_in_the_mean_and_1_in_the_median() -> None:
    losses = np.random.default_rng(0).random((2000, 1001))
    bits = [exposure.exposure(row[0], row[1:]) for row in losses]
    assert np.mean(bits) == pytest.approx(1.44, abs=0.1)
    assert np.median(bits) == pytest.approx(1.0, abs=0.1)


def test_equal_losses_tell_nothing() -> None:
    assert exposure.exposure(1.0, np.ones(999)) == pytest.approx(1.0, abs=0.01)


def test_secrets_are_distinct_numbers_of_six_digits_and_the_same_again() -> None:
    planned = plan()
    secrets = [canary.secret for canary in planned.canaries] + list(planned.references)
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) == 6 and secret.isdigit() for secret in secrets)
    assert plan() == planned
    assert plan(seed=4).references != planned.references


def test_each_number_of_repetitions_has_its_canaries_and_each_carrier_its_controls() -> None:
    planned = plan()
    assert {c.intent for c in planned.carriers[:2]} == {"alarm", "music"}
    assert len(set(planned.carriers)) == 4
    for times in (1, 4):
        own = [c.carrier for c in planned.canaries if c.repeated == times]
        assert own == [0, 1, 2, 3]
    controls = [c.carrier for c in planned.canaries if not c.repeated]
    assert sorted(controls) == sorted([0, 1, 2, 3] * exposure.CONTROLS)


def test_more_canaries_than_patterns_share_their_carriers() -> None:
    planned = plan(canaries=12)
    assert len(planned.carriers) == 5
    assert sum(canary.repeated == 4 for canary in planned.canaries) == 12


def test_order_of_the_patterns_changes_nothing() -> None:
    turned = {intent: own[::-1] for intent, own in reversed(PATTERNS.items())}
    options = {"canaries": 3, "repetitions": (1,), "references": 5, "seed": 0}
    assert exposure.plan(turned, **options) == exposure.plan(PATTERNS, **options)


PLANNED = Plan(
    (Carrier("alarm", "ring"), Carrier("music", "play")),
    (
        Canary(0, "000001", 1),
        Canary(1, "000002", 1),
        Canary(0, "000003", 8),
        Canary(1, "000004", 8),
        Canary(0, "000005", 0),
        Canary(1, "000006", 0),
    ),
    tuple(f"{n:06d}" for n in range(100, 115)),
)


def test_figures_by_repetition_beside_the_controls() -> None:
    others = np.array([np.arange(15.0), np.arange(15.0) + 100])
    found = exposure.findings(
        PLANNED,
        [14.5, 114.5, -1.0, 99.0, 6.5, 107.5],
        others,
        ["ring 000003", "play 000004", "ring"],
        ["ring 000003", "ring"],
    )
    got = figures(found)
    assert got["exposure", 8.0].value == pytest.approx(4.0)
    assert got["exposure", 1.0].value == pytest.approx(0.0)
    assert got["exposure", None].value == pytest.approx(2.0)
    control = got["exposure", None].reference
    assert control is not None
    assert control.value == pytest.approx(np.mean([1.0, 4 - math.log2(9)]))
    assert got["canaries_written", 8.0].value == 1.0
    assert got["canaries_written", None].value == 0.5
    assert got["canaries_released", 8.0].value == 0.5
    assert got["canaries_released", 1.0].value == 0.0
    assert got["canaries_written", None].reference.value == 0.0
    assert {one.name for one in found.figures} == set(exposure.ABOUT)
    assert "4.0 bits" in found.notes[0]


def test_no_lines_were_written() -> None:
    others = np.zeros((2, 15))
    got = figures(exposure.findings(PLANNED, [0.0] * 6, others, [], []))
    assert got["canaries_written", None].value == 0.0
    assert got["exposure", None].value == pytest.approx(4 - math.log2(8.5))
