"""Figures of collapse on corpora whose figures are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed

from textsynth.corpus import Utterance, empty, to_table
from textsynth.evaluate import Context, Figure, Findings
from textsynth.evaluate.collapse import ABOUT, Generation, collapse

CONTEXT = Context(embed=embed, seed=1, resamples=100)
REAL = [("wake me at noon", "alarm"), ("ring the bell", "alarm"), ("play help", "music"),
        ("some music please", "music")]  # fmt: skip
HELD = [("wake us at noon", "alarm"), ("wake them at noon", "alarm"), ("wake us at six", "alarm"),
        ("play some jazz", "music"), ("play me jazz", "music"), ("sing", "music")]  # fmt: skip


def table(rows: Sequence[tuple[str, str | None]]) -> pa.Table:
    return to_table(
        Utterance(f"{at}", text, intent, pattern=text) for at, (text, intent) in enumerate(rows)
    )


def chain(*corpora: Sequence[tuple[str, str | None]], nats: Any = None) -> list[Generation]:
    return [
        Generation(at + 1, table(rows), 4, None if nats is None else np.array(nats[at], float))
        for at, rows in enumerate(corpora)
    ]


def run(policies: dict[str, list[Generation]], **given: Any) -> Findings:
    given = {"real": table(REAL), "holdout": table(HELD), **given}
    return collapse(policies, given.pop("real"), given.pop("holdout"), CONTEXT, **given)


def one(found: Findings, name: str, policy: str, number: int | None = None) -> Figure:
    (figure,) = (
        figure
        for figure in found.figures
        if figure.name == name
        and figure.slice["policy"] == policy
        and figure.slice.get("generation") == number
    )
    return figure


def test_rare_words_pairs_and_patterns_that_are_still_there() -> None:
    found = run({"replace": chain(REAL, [("sing", "music"), *[("wake at", "alarm")] * 3])})
    first = one(found, "tail_words", "replace", 1)
    # all words but wake and at are there at most twice: us noon them six play some jazz me sing;
    # of them REAL says noon, play, some, me
    assert first.value == pytest.approx(4 / 9) and first.low is not None
    assert first.reference is not None and first.reference.value == first.value
    assert one(found, "tail_words", "replace", 2).value == pytest.approx(1 / 9)
    # rare pairs: wake us (2), us at (2), at noon (2), wake them, them at, at six, play some,
    # some jazz, play me, me jazz; REAL has "at noon"
    assert one(found, "tail_pairs", "replace", 1).value == pytest.approx(1 / 10)
    assert one(found, "tail_pairs", "replace", 2).value == 0
    assert one(found, "tail_patterns", "replace", 1).value == 0
    assert one(found, "tail_patterns", "replace", 2).value == pytest.approx(1 / 6)


def test_slots_are_parts_of_a_pattern() -> None:
    row = Utterance("1", "wake me at noon", "alarm", pattern="wake me at {time}")
    held = Utterance("2", "get me at six", "alarm", pattern="get me at {time}")
    made = [*chain(REAL), Generation(2, to_table([row] * 4), 4)]
    found = run({"replace": made}, holdout=to_table([held]))
    # get me, me at, at {time}
    assert one(found, "tail_pairs", "replace", 2).value == pytest.approx(2 / 3)
    assert one(found, "tail_words", "replace", 2).value == pytest.approx(2 / 4)


def test_perplexity_is_by_token_and_grows() -> None:
    tokens = np.array([4, 4, 4, 3, 3, 1])
    nats = [tokens * np.log(8.0), tokens * np.log(20.0)]
    found = run({"replace": chain(REAL, REAL, nats=nats)}, tokens=tokens)
    last = one(found, "real_perplexity", "replace", 2)
    assert last.value == pytest.approx(20) == last.low == pytest.approx(last.high)
    assert last.reference is not None and last.reference.value == pytest.approx(8)
    assert one(found, "perplexity_growth", "replace").value == pytest.approx(2.5)
    longer = [np.array([40.0, 0, 0, 0, 0, 0])]
    found = run({"replace": chain(REAL, nats=longer)}, tokens=tokens)
    assert one(found, "real_perplexity", "replace", 1).value == pytest.approx(np.exp(40 / 19))


def test_a_corpus_of_one_sentence_loses_it_all() -> None:
    found = run({"replace": chain(REAL, [("wake me at noon", "alarm"), *[("play", "music")] * 3])})
    assert one(found, "distinct_2", "replace", 1).value == 1
    same = run({"replace": chain(REAL, [("wake me at noon", "alarm")] * 4)})
    assert one(same, "distinct_2", "replace", 2).value == pytest.approx(3 / 12)
    assert one(same, "self_bleu", "replace", 2).value == pytest.approx(1)
    assert not any(f.name == "utility" and f.slice["generation"] == 2 for f in same.figures)


def test_utility_of_shuffled_labels() -> None:
    wrong = [(text, "music" if intent == "alarm" else "alarm") for text, intent in HELD]
    found = run({"replace": chain(HELD, wrong)}, real=table(HELD))
    assert one(found, "utility", "replace", 1).value == 1
    assert one(found, "utility", "replace", 1).low < 0.9  # of so few rows
    assert one(found, "utility", "replace", 2).value == 0


def test_samples_are_of_one_size_whatever_the_order() -> None:
    many = [(f"wake me at {n}", "alarm") for n in range(30)] + [("play", "music")] * 9
    found = run({"replace": chain(many, REAL)})
    assert found == run({"replace": chain(many[::-1], REAL)})
    assert "4 rows of each generation" in found.notes[0]


def test_each_policy_has_its_line_and_the_best_is_named() -> None:
    poor = [("wake at", "alarm"), ("play", "music")] * 2
    tokens, flat = np.full(6, 3), np.full(6, 6.0)
    first = chain(REAL, nats=[flat])[0]
    policies = {
        "replace": [first, Generation(2, table(poor), 4, flat + np.arange(6) + 9)],
        "accumulate": [first, Generation(2, table(REAL), 8, flat)],
    }
    found = run(policies, tokens=tokens)
    rows = found.tables["curves"]
    assert [(r["policy"], r["generation"], r["learnt"]) for r in rows] == [
        ("replace", 1, 4), ("replace", 2, 4), ("accumulate", 1, 4), ("accumulate", 2, 8),
    ]  # fmt: skip
    assert all(row["real_perplexity_low"] <= row["real_perplexity"] for row in rows)
    told = found.notes[-1]
    assert "perplexity of real text is best under accumulate" in told
    assert "worst under replace" in told and "intervals overlap" in told
    assert {figure.name for figure in found.figures} == set(ABOUT)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({"holdout": empty()}, "no holdout"),
        ({"holdout": table([("sing", None)])}, "no intents"),
        ({}, "no model here"),
        ({"real": empty()}, "no model here"),
    ],
)
def test_what_is_missing_is_said(given: dict[str, Any], note: str) -> None:
    found = run({"replace": chain(REAL, REAL)}, **given)
    assert any(note in told for told in found.notes)
    assert one(found, "distinct_2", "replace", 2).value == 1


def test_generations_without_rows() -> None:
    assert run({}).figures == [] and run({"replace": chain([])}, real=empty()).figures == []
    found = run({"replace": chain(REAL, []), "anchored": []})
    assert one(found, "tail_words", "replace", 1).value > 0
    assert not any(f.slice.get("generation") == 2 for f in found.figures)


def test_hostile_text() -> None:
    odd = ["", "\u202e\n", "👍🏽" * 5, "x" * 10_000]
    rows = [(text, intent) for text in odd for intent in ("a", "b")]
    found = run({"replace": chain(rows, rows)}, real=table(rows), holdout=table(rows))
    assert np.isfinite([figure.value for figure in found.figures]).all()
