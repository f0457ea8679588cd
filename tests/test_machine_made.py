"""Seeds that look machine-made: real-looking rows draw nothing, a generator's do."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from textsynth.corpus import Slot, Utterance
from textsynth.evaluate.machine_made import (
    FEWEST_INTENTS,
    LIMITS,
    in_common,
    machine_made,
    said_once,
)

Make = Callable[[random.Random, str], Utterance]
FRAMES = ["please {} at noon", "could you {} at noon", "i want to {} at noon", "{} at noon now"]


def spelt(number: int) -> str:
    """A number in letters: digits count as equal."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def filled(draw: random.Random, intent: str) -> Utterance:
    """Few frames, many values: what a generator fills in."""
    value = f"{intent} {spelt(draw.randrange(10_000))}"
    before, _, after = draw.choice(FRAMES).partition("{}")
    span = Slot(len(before), len(before) + len(value), "thing", value)
    return Utterance("", before + value + after, intent, (span,))


def narrow(draw: random.Random, intent: str) -> Utterance:
    """Twelve words in any order: no pattern comes twice, and no word once."""
    words = [intent + spelt(draw.randrange(12)) for _ in range(8)]
    return Utterance("", " ".join(words), intent)


def wide(draw: random.Random, intent: str) -> Utterance:
    """Half of the words are hardly said again."""
    words = [intent + spelt(draw.randrange(12 if at % 2 else 100_000)) for at in range(8)]
    return Utterance("", " ".join(words), intent)


def rows(make: Make, size: int, intents: int = FEWEST_INTENTS) -> list[Utterance]:
    draw = random.Random(1)
    made: dict[tuple[str | None, str], Utterance] = {}
    names = [chr(ord("a") + at) for at in range(intents)]
    while len(made) < size * intents:
        row = make(draw, names[len(made) % intents])
        made[row.intent, row.text] = row
    return list(made.values())


@pytest.mark.parametrize("size", LIMITS)
def test_what_a_generator_fills_in_is_seen(size: int) -> None:
    told = machine_made(rows(filled, size))
    assert told and "pattern in common" in told and f"among {size} rows" in told


@pytest.mark.parametrize("size", LIMITS)
def test_few_words_said_again_and_again_are_seen(size: int) -> None:
    told = machine_made(rows(narrow, size))
    assert told and "said once" in told and "in common" not in told


@pytest.mark.parametrize("size", [5, *LIMITS])
def test_varied_rows_draw_nothing(size: int) -> None:
    assert machine_made(rows(wide, size)) is None


def test_nothing_is_said_of_too_little() -> None:
    assert machine_made([]) is None
    assert machine_made(rows(filled, min(LIMITS) - 1)) is None
    assert machine_made(rows(filled, 200, intents=FEWEST_INTENTS - 1)) is None
    assert machine_made([Utterance("", "", None)] * 500) is None


def test_repeated_and_hostile_texts() -> None:
    repeated = rows(wide, 30)
    assert machine_made(repeated * 10) is None
    odd = ["", " ", "\u202e\n", "👍🏽" * 5, "x" * 10_000]
    hostile = [Utterance("", text * n, i) for i in "abc" for text in odd for n in range(9)]
    assert machine_made(hostile) is None


def test_the_order_of_the_rows_means_nothing() -> None:
    made = rows(filled, 70)
    assert machine_made(made) == machine_made(made[::-1])


def test_the_figures() -> None:
    texts = [Utterance("", text) for text in ("wake me at 6", "Wake me at 17!", "stop")]
    assert in_common(texts) == pytest.approx(2 / 3)
    assert said_once(texts) == pytest.approx(3 / 9)
    assert said_once([Utterance("", "?!")]) == 1.0
