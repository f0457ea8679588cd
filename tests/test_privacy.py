"""Privacy: generators whose memory is known, and what cannot be measured."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from fakes import DIMENSIONS, embed

from textsynth import corpus
from textsynth.corpus import Slot, Utterance
from textsynth.evaluate import Context, Sets, membership, records
from textsynth.evaluate.membership import NgramModel
from textsynth.evaluate.privacy import ABOUT, privacy
from textsynth.evaluate.records import Side

HOSTILE = [
    "",
    " ",
    "\n\n",
    "\U0001f600" * 50,
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643",
    "a" * 10_000,
    "{\\",
    "x",
]


@cache
def vector(text: str) -> Any:
    return embed([text])[0]


CONTEXT = Context(
    embed=lambda texts: np.array([vector(t) for t in texts], np.float32).reshape(-1, DIMENSIONS)
)


@cache
def utterances(count: int, seed: int) -> tuple[str, ...]:
    """Texts of one distribution: the seed says which."""
    draw = random.Random(seed)
    verbs = ["play", "find", "book", "call", "open", "show me", "i want", "could you get"]
    nouns = [a + b + c for a in "bdfglmn" for b in ("ar", "ol", "im", "ut") for c in ("en", "ix")]
    tails = ["now", "please", "for tomorrow", "at six", "in the hall", "again", "on friday", ""]
    return tuple(
        f"{draw.choice(verbs)} {draw.choice(nouns)} and {draw.choice(nouns)} with "
        f"{draw.choice(nouns)} {draw.choice(tails)}".strip()
        for _ in range(count)
    )


def table(texts: Sequence[str], intents: Sequence[str | None] = (None,)) -> Any:
    return corpus.to_table(
        Utterance(id=f"{at}", text=text, intent=intents[at % len(intents)])
        for at, text in enumerate(texts)
    )


def sets(
    synthetic: Sequence[str], seeds: Sequence[str] = (), holdout: Sequence[str] = (), **options: Any
) -> Sets:
    own, other = table(seeds, **options), table(holdout, **options)
    return Sets(synthetic=table(synthetic, **options), real=own, holdout=other, seeds=own)


def overall(found: Any) -> dict[str, Any]:
    assert {one.name for one in found.figures} <= set(ABOUT)
    places = [(one.name, tuple(sorted(one.slice.items()))) for one in found.figures]
    assert len(set(places)) == len(places)
    return {one.name: one for one in found.figures if not one.slice}


def measured(given: Sets, **options: Any) -> dict[str, Any]:
    return overall(privacy(given, dataclasses.replace(CONTEXT, **options)))


SEEDS, HOLDOUT = utterances(150, 1), utterances(150, 2)
COPIES = [" ".join([*text.split()[:-1], "thanks"]) for text in SEEDS]


def test_a_generator_that_copies_is_found() -> None:
    found = measured(sets(COPIES, SEEDS, HOLDOUT))
    assert found["mia_auc"].value > 0.9
    assert found["mia_auc"].low > found["mia_auc"].reference.high
    assert found["dcr"].value > 0.9
    assert found["dcr"].low > found["dcr"].reference.high
    assert found["verbatim_5grams"].value > 0.6
    assert found["verbatim_5grams"].low > found["verbatim_5grams"].reference.high
    assert found["dcr_median"].high < found["dcr_median"].reference.low


def test_exact_copies() -> None:
    found = measured(sets(SEEDS, SEEDS, HOLDOUT))
    assert found["verbatim_5grams"].value == 1.0
    assert 0.95 < found["verbatim_5grams"].low < found["verbatim_5grams"].high == 1.0
    assert found["mia_auc"].value > 0.99
    assert found["dcr_median"].value == pytest.approx(0.0, abs=1e-5)


def test_a_generator_that_never_saw_the_seeds_is_not_accused() -> None:
    found = measured(sets(utterances(600, 3), SEEDS, HOLDOUT))
    assert found["mia_auc"].low < 0.5 < found["mia_auc"].high
    assert found["dcr"].low < 0.5 < found["dcr"].high
    assert found["dcr"].reference.low < found["dcr"].value < found["dcr"].reference.high
    assert abs(found["verbatim_5grams"].value - found["verbatim_5grams"].reference.value) < 0.03


def test_the_strongest_attack_is_not_above_chance_by_being_the_strongest() -> None:
    values = []
    for seed in range(30):
        draw = np.random.default_rng(seed)
        count = 40
        of = membership.targets(
            records.Balanced(np.arange(count), np.arange(count), np.zeros(count, int)),
            ([""] * count, [""] * count),
            ([""] * count, [""] * count),
        )
        scores = {f"{n}": draw.random(2 * count) for n in range(8)}
        values.append(membership.aucs(scores, of, seed=seed)[None][0])
        assert values[-1].low < values[-1].value < values[-1].high
    assert np.mean([one.value for one in values]) == pytest.approx(0.5, abs=0.03)
    assert sum(one.low <= 0.5 <= one.high for one in values) >= 25


def test_chance_is_as_wide_as_the_interval() -> None:
    draw = np.random.default_rng(0)
    of = membership.targets(
        records.Balanced(np.arange(200), np.arange(200), np.arange(200) % 4),
        ([""] * 200, [""] * 200),
        ([""] * 200, [""] * 200),
    )
    value, chance = membership.aucs({"one": draw.random(400)}, of)["one"]
    assert chance.value == pytest.approx(0.5, abs=0.01)
    assert chance.high - chance.low == pytest.approx(value.high - value.low, rel=0.15)


def test_each_attack_has_a_figure_of_its_own() -> None:
    pattern = corpus.to_table(
        Utterance(id=f"{n}", text=f"play song {n}", slots=(Slot(10, 10 + len(f"{n}"), "n", ""),))
        for n in range(20)
    )
    given = Sets(synthetic=pattern, real=pattern, holdout=pattern, seeds=pattern)
    asked: list[list[str]] = []

    def loss(texts: list[str]) -> Any:
        asked.append(texts)
        return np.arange(len(texts), dtype=float)

    context = dataclasses.replace(
        CONTEXT, loss=loss, perplexity=lambda texts: np.full(len(texts), np.e)
    )
    found = privacy(given, context)
    attacks = [one.slice["attack"] for one in found.figures if "attack" in one.slice]
    assert attacks == ["nearest", "character n-grams", "n-grams", "n-grams of patterns", "loss"]
    assert set(asked[0]) == {"play song {n}"}
    by_loss = next(one for one in found.figures if one.slice.get("attack") == "loss")
    assert by_loss.value == 1.0  # seeds come first, and their losses are the lowest
    assert not any("No attack had the model" in note for note in found.notes)


def test_values_of_seeds_that_fill_the_rows_are_told_from_their_wording() -> None:
    draw = random.Random(1)
    wording = ["call {}", "please call {} now", "ring {}", "get me {} on the phone"]

    def rows(values: Sequence[str]) -> Any:
        made = []
        for at, value in enumerate(values):
            before, _, after = draw.choice(wording).partition("{}")
            slot = Slot(len(before), len(before) + len(value), "name", value)
            made.append(Utterance(id=f"{at}", text=before + value + after, slots=(slot,)))
        return corpus.to_table(made)

    own, other = ([f"{side}{n}" for n in range(60)] for side in ("anna", "otto"))
    seeds = rows(own)
    given = Sets(synthetic=rows(own * 3), real=seeds, holdout=rows(other), seeds=seeds)
    found = privacy(given, CONTEXT)
    by = {one.slice["attack"]: one for one in found.figures if "attack" in one.slice}
    assert by["n-grams"].value > 0.95
    assert by["n-grams of patterns"].low < 0.5 < by["n-grams of patterns"].high
    assert any("Values of the seeds' slots" in note for note in found.notes)
    plain = privacy(sets(COPIES, SEEDS, HOLDOUT), CONTEXT)
    assert not any("Values of the seeds' slots" in note for note in plain.notes)


def test_a_loss_without_a_base_model_and_with_gaps() -> None:
    seen = set(SEEDS)

    def loss(texts: list[str]) -> Any:
        return np.array([math.nan if "six" in t else float(t not in seen) for t in texts])

    found = privacy(
        sets(utterances(50, 3), SEEDS, HOLDOUT), dataclasses.replace(CONTEXT, loss=loss)
    )
    by_loss = next(one for one in found.figures if one.slice.get("attack") == "loss")
    assert by_loss.value > 0.9
    assert overall(found)["mia_auc"].value == pytest.approx(by_loss.value, abs=0.05)


@pytest.mark.parametrize(("value", "leaks"), [("Mary", 0.0), ("Mary Poe", 0.5)])
def test_a_single_word_in_a_slot_is_of_a_list(value: str, leaks: float) -> None:
    def find(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[(5, 5 + len(value))] if value in text else [] for text in texts]

    slot = Slot(5, 5 + len(value), "contact", value)
    rows = corpus.to_table([Utterance("1", f"call {value}", slots=(slot,)), Utterance("2", "hi")])
    given = dataclasses.replace(sets(["x"], SEEDS, HOLDOUT), synthetic=rows)
    found = measured(given, find_leaks=find)["attribute_leakage"]
    assert found.value == leaks


def test_removed_values_that_come_back() -> None:
    def find(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[(0, 4)] if "Mary" in text else [] for text in texts]

    rows = ["call Mary now", *utterances(99, 3)]
    found = measured(sets(rows, SEEDS, HOLDOUT), find_leaks=find)["attribute_leakage"]
    assert found.value == pytest.approx(0.01)
    assert 0 < found.low < found.value < found.high
    assert found.reference.value == 0.0
    none = privacy(sets(rows, SEEDS, HOLDOUT), CONTEXT)
    assert "attribute_leakage" not in overall(none)
    assert any("Removed values were not looked for" in note for note in none.notes)


def test_epsilon_where_there_is_one() -> None:
    assert measured(sets(["a"]), epsilon=3.5)["epsilon"].value == 3.5
    assert "epsilon" not in measured(sets(["a"]))


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (sets([]), "no synthetic rows"),
        (sets(["play help"]), "no seeds were given"),
        (sets(COPIES, SEEDS), "real rows that are no seeds"),
        (sets(COPIES, SEEDS, HOLDOUT[:4]), "4 rows of the same intents, and 10 are needed"),
        (sets(["ab cd"], SEEDS, HOLDOUT), "no synthetic row has five words"),
        (sets(COPIES, SEEDS, [*HOLDOUT[:20], *SEEDS[:3]]), "3 of 23 holdout rows say the same"),
        (sets(COPIES, SEEDS[:30], HOLDOUT[:30]), "comes by chance: smaller leaks"),
    ],
)
def test_notes(given: Sets, note: str) -> None:
    found = privacy(given, CONTEXT)
    overall(found)
    assert any(note in told for told in found.notes)
    assert any("pretrained" in told for told in found.notes)


def test_seeds_and_holdout_of_other_intents() -> None:
    given = dataclasses.replace(
        sets(COPIES, SEEDS), holdout=table(HOLDOUT, ["other"]), seeds=table(SEEDS, ["own"])
    )
    found = privacy(given, CONTEXT)
    assert any("share no intent" in note for note in found.notes)
    assert "mia_auc" in overall(found)


@pytest.mark.parametrize("intents", [(None,), ("a", "b", None)])
def test_hostile_texts(intents: Sequence[str | None]) -> None:
    rows = HOSTILE * 6
    found = measured(sets(rows, rows, rows, intents=intents), find_leaks=lambda t: [[]] * len(t))
    assert found["mia_auc"].value == pytest.approx(0.5, abs=0.05)
    assert found["dcr"].value == pytest.approx(0.5, abs=0.01)
    assert all(math.isfinite(one.value) for one in found.values())


def test_blank_rows_only() -> None:
    found = measured(sets([""] * 20, SEEDS, HOLDOUT))
    assert found["mia_auc"].low < 0.5 < found["mia_auc"].high


def test_the_order_of_the_rows_changes_nothing() -> None:
    intents = ("a", "b", "c")
    given = sets(utterances(60, 3), SEEDS, HOLDOUT[:90], intents=intents)
    turned = Sets(
        *(
            corpus.take(rows, range(rows.num_rows - 1, -1, -1))
            for rows in (given.synthetic, given.real, given.holdout, given.seeds)
        )
    )
    assert privacy(turned, CONTEXT) == privacy(given, CONTEXT)


def test_no_text_of_real_rows_is_in_the_findings() -> None:
    found = repr(privacy(sets(COPIES, SEEDS, HOLDOUT), CONTEXT))
    assert not any(text in found for text in (*SEEDS, *HOLDOUT))


# -- parts ------------------------------------------------------------------------------------


def test_balance_takes_as_many_of_each_intent() -> None:
    own = Side([f"s{n}" for n in range(30)], ["a"] * 20 + ["b"] * 8 + ["c"] * 2)
    other = Side([f"h{n}" for n in range(20)], ["a"] * 5 + ["b"] * 15)
    drawn = records.balance(own, other, most=100, seed=1)
    assert [own.intents[at] for at in drawn.seeds] == ["a"] * 5 + ["b"] * 8
    assert [other.intents[at] for at in drawn.holdout] == ["a"] * 5 + ["b"] * 8
    assert drawn.strata.tolist() == [0] * 5 + [1] * 8
    few = records.balance(own, other, most=6, seed=1)
    assert len(few.seeds) == len(few.holdout) == 6
    again = records.balance(own, other, most=100, seed=1, draw=1)
    assert set(again.seeds) != set(drawn.seeds)


def test_permuted_labels_stay_within_their_stratum() -> None:
    strata = np.array([0, 0, 0, 1, 1, 1, 1])
    member = np.array([True, False, False, True, True, False, False])
    labels = records.shuffled(strata, member, 500, 1)
    assert (labels[:, :3].sum(1) == 1).all()
    assert (labels[:, 3:].sum(1) == 2).all()
    assert labels.mean(0) == pytest.approx([1 / 3] * 3 + [0.5] * 4, abs=0.08)


def test_the_share_nearer_to_seeds_is_that_of_all_pairs() -> None:
    draw = np.random.default_rng(1)
    rows, own, other = (draw.normal(size=(n, 8)) for n in (2500, 30, 30))
    rows, own, other = (
        (m / np.linalg.norm(m, axis=1, keepdims=True)).astype(np.float32)
        for m in (rows, own, other)
    )
    places = records.Balanced(np.arange(30), np.arange(30), np.zeros(30, int))
    value, chance = records.nearer_to_seeds(rows, own, other, [places])
    assert value.value == pytest.approx(np.mean((rows @ own.T).max(1) > (rows @ other.T).max(1)))
    assert value.low < value.value < value.high
    assert chance.low < 0.5 < chance.high
    same, _ = records.nearer_to_seeds(rows, own, own, [places])
    assert same.value == 0.5


def test_distances() -> None:
    units = np.eye(3, dtype=np.float32)
    assert records.distances(units, units[:2]).tolist() == [0.0, 0.0, 1.0]
    assert records.distances(units[:0], units).shape == (0,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("one two three four", 0),
        ("One, two three four five!", 1),
        ("it's one two three four five", 2),
        ("\u6211\u60f3\u542c\u97f3\u4e50\u5427", 2),
    ],
)
def test_five_grams(text: str, expected: int) -> None:
    assert len(records.five_grams(text)) == expected


def test_verbatim_counts_runs_of_five_words() -> None:
    found = records.verbatim(["a b c d e f", "x"], ["z a b c d e"])
    assert found.value == 0.5
    assert math.isnan(records.verbatim(["a b"], ["a b c d e"]).value)


def test_the_trigram_model_is_a_distribution() -> None:
    model = NgramModel(["play some music", "play the song", "play some jazz"])
    kinds = ["play", "some", "music", "the", "song", "jazz", "</s>"]
    for context in (("<s>", "<s>"), ("play", "some"), ("never", "seen")):
        chances = [model._chance(context, word) for word in [*kinds, "unseen"]]
        assert sum(chances) == pytest.approx(1.0)
        assert min(chances) > 0
    assert model.loss("play some jazz") < model.loss("jazz some play") < model.loss("a b c")
    # Witten-Bell by hand: after "play some" there are two kinds in two, after "some" likewise
    unigram = (1 + 7 / 8) / (12 + 7)
    assert model._chance(("play", "some"), "jazz") == pytest.approx(
        (1 + 2 * ((1 + 2 * unigram) / 4)) / 4
    )


def test_character_similarity() -> None:
    found = membership.character_similarity(["play help", "zzzz", ""], ["play help", " "])
    assert found.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert membership.character_similarity(["a"], [" "]).tolist() == [0.0]
