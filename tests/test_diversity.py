"""How varied texts are: a line a case."""

from __future__ import annotations

import gzip
import math
import random
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed

from textsynth import corpus
from textsynth.corpus import Slot, Utterance
from textsynth.evaluate import Context, Figure, Findings, Sets, diversity, embeddings, samples

one_by_one = cache(lambda text: embed([text])[0])
CONTEXT = Context(embed=lambda texts: np.stack([one_by_one(t) for t in texts]), resamples=50)
CITIES = ("rome", "oslo", "lima", "cairo", "quito", "hanoi", "delhi", "turin")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], 0.0),
        (["one"], 0.0),
        (["a b c"], 1.0),
        (["a b", "a b"], 0.5),
        (["A b!", "a  b", "a b c"], 0.5),
    ],
)
def test_distinct_2(texts: list[str], expected: float) -> None:
    assert diversity.distinct_2(texts) == expected


@pytest.mark.parametrize(("n", "expected"), [(1, 3 / 7), (2, 3 / 5), (3, 1.0), (9, 0.0)])
def test_distinct(n: int, expected: float) -> None:
    assert diversity.distinct([["a", "b", "c"], ["a", "b", "a", "b"]], n) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (" Wake  me, up! ", "en", ["wake", "me,", "up"]),
        ("明日 起こして", "ja-JP", ["明", "日", "起", "こ", "し", "て"]),
        ("", "th", []),
        ("", "en", []),
    ],
)
def test_words_of(text: str, language: str, expected: list[str]) -> None:
    assert diversity.words_of(text, language) == expected


def test_self_bleu_is_one_where_texts_repeat_and_low_where_they_do_not() -> None:
    same = [f"please turn on the lamp in the hall {n % 2}" for n in range(20)]
    other = [f"w{n} x{n} y{n} z{n} v{n}" for n in range(20)]
    assert diversity.self_bleu(same) == pytest.approx(1.0)
    assert diversity.self_bleu(other) < 0.1
    assert diversity.self_bleu(["alone"]) == diversity.self_bleu([]) == 0.0


def test_self_bleu_draws_the_same_sample_whatever_the_order() -> None:
    texts = [f"say {n} and {n * n} now" for n in range(50)]
    assert diversity.self_bleu(texts, sample=10) == diversity.self_bleu(texts[::-1], sample=10)


def test_self_bleu_agrees_with_sacrebleu() -> None:
    import sacrebleu

    texts = [f"wake me at {n} on {day}" for n in (5, 6, 7) for day in ("monday", "sunday")]
    expected = [
        sacrebleu.sentence_bleu(text, texts[:at] + texts[at + 1 :], use_effective_order=True).score
        for at, text in enumerate(texts)
    ]
    assert diversity.self_bleu(texts) == pytest.approx(np.mean(expected) / 100, abs=1e-6)


def test_sampled_draws_equal_texts_one_by_one() -> None:
    texts = ["yes"] * 500 + [f"text {n}" for n in range(500)]
    assert 60 < diversity.sampled(texts, 200, 0).count("yes") < 140
    assert sorted(diversity.sampled(texts[::-1], 200, 0)) == sorted(
        diversity.sampled(texts, 200, 0)
    )


def test_compression_ratio_is_that_of_gzip() -> None:
    texts = [f"turn on lamp {n}" for n in range(500)]
    joined = "\n".join(texts).encode()
    expected = len(joined) / (len(gzip.compress(joined, 9)) - 12)  # its header is longer by 12
    assert diversity.compression_ratio(texts) == pytest.approx(expected, abs=1e-6)
    assert diversity.compression_ratio(["lamp on"] * 500) > 50


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0.0), (["a"] * 9, 0.0), (["a", "b", "c", "d"], 2.0), (["a", "a", "b", "c"], 1.5)],
)
def test_entropy(values: list[str], expected: float) -> None:
    assert diversity.entropy(values) == pytest.approx(expected)


@pytest.mark.parametrize("beta", [0.4, 0.7, 1.0])
def test_heaps_beta_of_a_known_growth(beta: float) -> None:
    known = [max(1, round(at**beta)) for at in range(1, 20_001)]
    growth = diversity.vocabulary_growth([f"w{n}" for n in known])
    assert growth[0][0] == 200 and growth[-1] == (20_000, known[-1])
    assert all(vocabulary == known[read - 1] for read, vocabulary in growth)
    assert diversity.heaps_beta(growth) == pytest.approx(beta, abs=0.005)


def test_vocabulary_growth_of_few_words_is_none() -> None:
    assert diversity.vocabulary_growth(["w"] * 99) == []


def test_clusters() -> None:
    alike = embed(["turn on the lamp", "turn on the lamp!", "what is the weather like", "weather"])
    assert diversity.clusters(alike) == 3
    assert diversity.clusters(alike, threshold=-1.0) == 1
    assert diversity.clusters(np.zeros((0, 8), np.float32)) == 0


# -- the metric ----------------------------------------------------------------------------------


def table(rows: int, seed: int = 0) -> pa.Table:
    """Rows of two intents, one of them with a slot."""
    draw = random.Random(seed)
    made = []
    for n in range(rows):
        city = draw.choice(CITIES)
        if draw.random() < 0.5:
            head = draw.choice(("weather in ", "will it rain in ", "is it cold in "))
            slots = (Slot(len(head), len(head) + len(city), "city", city),)
            made.append(Utterance(f"{seed}-{n}", head + city, "weather", slots))
        else:
            text = f"wake me at {draw.randrange(1, 12)} {draw.choice(('am', 'pm'))}"
            made.append(Utterance(f"{seed}-{n}", text, "alarm"))
    return corpus.to_table(made)


def texts_table(texts: list[str], intent: str | None = None) -> pa.Table:
    return corpus.to_table(Utterance(str(n), text, intent) for n, text in enumerate(texts))


def sets(made: pa.Table, holdout: pa.Table | None = None, real: pa.Table | None = None) -> Sets:
    none = corpus.empty()
    known = none if real is None else real
    return Sets(made, known, none if holdout is None else holdout, known)


def overall(findings: Findings) -> dict[str, Figure]:
    return {figure.name: figure for figure in findings.figures if not figure.slice}


def test_every_figure_is_there_overall_and_the_cheap_ones_of_each_intent() -> None:
    found = diversity.diversity(sets(table(300), table(120, 1)), CONTEXT)
    assert set(overall(found)) == set(diversity.ABOUT)
    dear = {"self_bleu", "heaps_beta", "vendi"}
    for intent in ("alarm", "weather"):
        own = [f for f in found.figures if f.slice == {"intent": intent}]
        assert {figure.name for figure in own} == set(diversity.ABOUT) - dear
    assert all(figure.reference is not None for figure in found.figures)
    assert not found.notes


def test_both_sides_are_of_the_size_of_the_smaller() -> None:
    made, holdout = table(300), table(120, 1)
    found = overall(diversity.diversity(sets(made, holdout), CONTEXT))
    drawn = [samples.rows(one, 120, 0) for one in (made, holdout)]
    words = [[t.split() for t in corpus.column(one, "text")] for one in drawn]
    figure = found["distinct_1"]
    assert figure.reference is not None
    assert figure.value == diversity.distinct(words[0], 1)
    assert figure.reference.value == diversity.distinct(words[1], 1)
    vectors = embed(corpus.column(drawn[0], "text"))
    assert found["vendi"].value == pytest.approx(embeddings.vendi(vectors), abs=1e-6)
    nearest = found["nearest_neighbour"]
    assert nearest.value == pytest.approx(embeddings.nearest(vectors).mean(), abs=1e-6)
    assert nearest.low is not None and nearest.high is not None
    assert nearest.low < nearest.value < nearest.high


def test_the_order_of_rows_changes_nothing() -> None:
    made, holdout = table(200), table(90, 1)
    shuffled = [corpus.take(one, reversed(range(one.num_rows))) for one in (made, holdout)]
    found = diversity.diversity(sets(made, holdout), CONTEXT)
    assert diversity.diversity(sets(*shuffled), CONTEXT) == found


def test_patterns_count_sentences_without_their_values() -> None:
    rows = [r for r in corpus.utterances(table(400)) if r.intent == "weather"][:100]
    found = overall(diversity.diversity(sets(corpus.to_table(rows)), CONTEXT))
    assert found["patterns_per_1000"].value == 30  # three patterns in 100 rows


def test_one_repeated_sentence() -> None:
    made = texts_table(["please turn on the lamp in the hall"] * 300)
    found = overall(diversity.diversity(sets(made, table(300, 1)), CONTEXT))
    assert found["distinct_1"].value < 0.01 and found["distinct_3"].value < 0.01
    assert found["self_bleu"].value == pytest.approx(1)
    assert found["vendi"].value == pytest.approx(1, abs=1e-4)
    assert found["compression_ratio"].value > 50
    assert found["first_word_entropy"].value == 0
    assert found["heaps_beta"].value == pytest.approx(0, abs=0.01)
    assert found["nearest_neighbour"].value == pytest.approx(0, abs=1e-6)
    for name in ("distinct_2", "vendi", "first_word_entropy", "heaps_beta"):
        reference = found[name].reference
        assert reference is not None and reference.value > found[name].value


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (sets(corpus.empty(), table(90)), "no rows"),
        (sets(table(60), table(49)), "49 real rows"),
        (sets(table(60), real=table(60, 1)), "no holdout"),
        (sets(table(60), texts_table([f"row {n}" for n in range(60)])), "Only one side has slots"),
        (sets(texts_table(["yes", "no"])), "heaps_beta"),
    ],
)
def test_what_is_not_measured_is_said(given: Sets, note: str) -> None:
    assert any(note in one for one in diversity.diversity(given, CONTEXT).notes)


HOSTILE = ["", " ", "🎉🎉", "a\nb\r\n\tc", "שלום עולם", "x" * 10_000, "\u202eabc", "{}\\", "a\0b"]


@pytest.mark.parametrize("rows", [HOSTILE, HOSTILE * 6, [""], ["", ""], ["\n"] * 60, ["one"]])
@pytest.mark.parametrize("intent", [None, "any"])
def test_hostile_text_is_measured(rows: list[str], intent: str | None) -> None:
    made = texts_table(rows, intent)
    found = diversity.diversity(sets(made, made), CONTEXT)
    assert all(math.isfinite(figure.value) for figure in found.figures)
    assert {figure.name for figure in found.figures} <= set(diversity.ABOUT)
