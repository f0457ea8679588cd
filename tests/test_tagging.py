"""The slot tagger: tokens, tags and scores, a line a case; then what it learns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.evaluate import tagging

Slots = list[tuple[int, int, str]]


@pytest.mark.parametrize(
    ("text", "slots", "words", "tags"),
    [
        ("", [], [], []),
        (" \n\t", [], [], []),
        ("play abba", [(5, 9, "who")], ["play", "abba"], ["O", "B-who"]),
        (
            "fly to new york",
            [(7, 15, "to")],
            ["fly", "to", "new", "york"],
            ["O", "O", "B-to", "I-to"],
        ),
        ("o'clock!", [], ["o", "'", "clock", "!"], ["O"] * 4),
        ("at 7pm", [(3, 4, "hour")], ["at", "7pm"], ["O", "B-hour"]),
        ("a b", [(0, 1, "x"), (2, 3, "x")], ["a", "b"], ["B-x", "B-x"]),
        ("a b c", [(0, 3, "x"), (2, 5, "y")], ["a", "b", "c"], ["B-x", "I-x", "B-y"]),
        ("a b c", [(0, 1, "y"), (0, 5, "x")], ["a", "b", "c"], ["B-x", "I-x", "I-x"]),
        ("a b", [(1, 2, "gap")], ["a", "b"], ["O", "O"]),
        ("héllo 👋 שלום", [(6, 7, "sign")], ["héllo", "👋", "שלום"], ["O", "B-sign", "O"]),
    ],
)
def test_sentence(text: str, slots: Slots, words: list[str], tags: list[str]) -> None:
    assert tagging.sentence(text, slots) == (words, tags)


@given(st.text())
def test_tokens_hold_all_but_white_space_and_stand_in_order(text: str) -> None:
    spans = tagging.tokens(text)
    assert "".join(text[a:b] for a, b in spans) == "".join(c for c in text if not c.isspace())
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_a_token_is_seen_with_its_neighbours() -> None:
    first, second = tagging.features(["Flight", "A44"])
    assert {"word=flight", "shape=Xx", "last3=ght", "1:word=a44", "-1:edge", "2:edge"} <= set(first)
    assert {"word=a44", "shape=Xd", "-1:word=flight", "-1:shape=Xx"} <= set(second)


GOLD = [
    ["B-a", "I-a", "O", "B-b"],
    ["O", "B-a", "I-a"],
    ["B-b", "B-b"],
    ["O", "O"],
    [],
]
FOUND = [
    ["B-a", "I-a", "O", "B-a"],  # one right, one of a wrong label
    ["O", "B-a", "O"],  # a wrong bound
    ["B-b", "I-b"],  # two spans as one
    ["I-a", "O"],  # no span begins here
    [],
]


def test_spans_are_counted_strictly() -> None:
    counts = tagging.span_counts(GOLD, FOUND)
    assert counts.tolist() == [[1, 2, 2], [0, 1, 1], [0, 1, 2], [0, 0, 0], [0, 0, 0]]
    assert tagging.f1(counts.sum(axis=0)) == pytest.approx(2 / 9)


@pytest.mark.parametrize("seed", range(5))
def test_f1_is_that_of_seqeval(seed: int) -> None:
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOB2

    random = np.random.default_rng(seed)
    tags = ["O", "B-x", "I-x", "B-y_z", "I-y_z"]
    sides = [[[tags[t] for t in random.integers(0, 5, 8)] for _ in range(40)] for _ in range(2)]
    ours = tagging.f1(tagging.span_counts(*sides).sum(axis=0))
    assert ours == pytest.approx(f1_score(*sides, mode="strict", scheme=IOB2), abs=1e-6)


def test_nothing_to_find_and_nothing_found_scores_0() -> None:
    assert tagging.f1(np.zeros((2, 3))).tolist() == [0, 0]


def rows(count: int) -> list[tuple[list[list[str]], list[str]]]:
    """Sentences in which the word after "to" is a city."""
    found = []
    for at in range(count):
        words, tags = tagging.sentence(text := f"go to city{at} now", [(6, len(text) - 4, "city")])
        found.append((tagging.features(words), tags))
    return found


def test_the_tagger_learns_what_is_plain() -> None:
    learnt, judged = rows(60)[:40], rows(60)[40:]
    assert tagging.train(learnt)([seen for seen, _ in judged]) == [tags for _, tags in judged]


def test_the_tagger_is_the_same_again_for_the_same_seed() -> None:
    random = np.random.default_rng(0)
    noisy = [(seen, [tags[t] for t in random.permutation(len(tags))]) for seen, tags in rows(60)]
    judged = [seen for seen, _ in rows(80)]
    first, second, other = (tagging.train(noisy, seed)(judged) for seed in (1, 1, 2))
    assert first == second != other


def test_the_tagger_takes_rows_without_words_and_without_slots() -> None:
    plain = [(tagging.features(["hello"]), ["O"]), ([], [])]
    assert tagging.train(plain)([[], tagging.features(["hello"])]) == [[], ["O"]]
    assert tagging.train([])([[], tagging.features(["hello"])]) == [[], ["O"]]
