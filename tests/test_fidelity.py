"""How like real text rows are: known cases, and agreement with the library that gave MAUVE."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed

from textsynth import corpus, models
from textsynth.corpus import Slot, Utterance
from textsynth.evaluate import (
    Context,
    Figure,
    Findings,
    Sets,
    discriminators,
    embeddings,
    fidelity,
    profiles,
    samples,
)

CITIES = ("rome", "oslo", "lima", "cairo", "quito", "hanoi", "delhi", "turin", "paris", "accra")
ASKING = ("will it {} in ", "is it going to {} in ", "does it {} at the moment in ", "any {} in ")
WEATHER = ("rain", "snow", "hail", "storm", "freeze", "thaw", "pour", "drizzle")
WAKING = ("wake me at {}", "set an alarm for {}", "i have to be up by {}", "ring at {} please")
one_by_one = cache(lambda text: embed([text])[0])


def tag(texts: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Parts of speech of this grammar's words."""
    small = {
        "in": "ADP",
        "at": "ADP",
        "for": "ADP",
        "by": "ADP",
        "an": "DET",
        "me": "PRON",
        "on": "ADP",
    }
    return [[(word, small.get(word, "NOUN")) for word in text.split()] for text in texts]


def vectors(texts: list[str]) -> np.ndarray:
    return np.stack([one_by_one(text) for text in texts])


CONTEXT = Context(embed=vectors, tag=tag, resamples=50)
PLAIN = dataclasses.replace(CONTEXT, tag=None)


def utterances(rows: int, seed: int) -> list[Utterance]:
    draw = random.Random(seed)
    made = []
    for n in range(rows):
        if draw.random() < 0.6:
            head = draw.choice(ASKING).format(draw.choice(WEATHER))
            city = draw.choice(CITIES)
            slots = (Slot(len(head), len(head) + len(city), "city", city),)
            made.append(Utterance(f"{seed}-{n}", head + city, "weather", slots))
        else:
            said = f"{draw.randrange(1, 13)} {draw.randrange(10, 60)}"
            made.append(Utterance(f"{seed}-{n}", draw.choice(WAKING).format(said), "alarm"))
    return made


def table(rows: int, seed: int = 0) -> pa.Table:
    return corpus.to_table(utterances(rows, seed))


def texts_table(texts: Sequence[str], intent: str | None = None) -> pa.Table:
    return corpus.to_table(Utterance(str(n), text, intent) for n, text in enumerate(texts))


def sets(made: pa.Table, holdout: pa.Table | None = None, real: pa.Table | None = None) -> Sets:
    none = corpus.empty()
    known = none if real is None else real
    return Sets(made, known, none if holdout is None else holdout, known)


def named(findings: Findings) -> dict[str, Figure]:
    return {figure.name: figure for figure in findings.figures}


@cache
def of_one_kind() -> Findings:
    """Three draws of one grammar."""
    return fidelity.fidelity(sets(table(420), table(400, 1), table(410, 2)), CONTEXT)


def test_every_figure_has_a_reference() -> None:
    assert [figure.name for figure in of_one_kind().figures] == list(fidelity.ABOUT)
    assert all(figure.reference is not None for figure in of_one_kind().figures)
    assert set(of_one_kind().tables) == {"lengths", "slots", "parts_of_speech", "map"}


def test_rows_of_one_kind_are_not_told_apart() -> None:
    found = named(of_one_kind())
    for name in ("auc_words", "auc_neighbours"):
        for one in (found[name], found[name].reference):
            assert one is not None and one.low is not None and one.high is not None
            assert one.low < one.value < one.high
            assert one.value == pytest.approx(0.5, abs=0.1)  # of one draw; of many see below
    for name in ("precision", "recall", "density", "coverage"):
        reference = found[name].reference
        assert reference is not None
        assert found[name].value == pytest.approx(reference.value, abs=0.1)
    assert found["length_distance"].value < 0.1 and found["intent_distance"].value < 0.1
    assert found["frechet"].value < 0.05


def test_chance_over_many_halves() -> None:
    rows = utterances(1200, 3)
    found = []
    for seed in range(8):
        one, other = samples.halves(corpus.to_table(rows), seed)
        texts = [corpus.column(half, "text") for half in (one, other)]
        found.append(
            [
                discriminators.nb_svm(*texts).value,
                discriminators.neighbours(vectors(texts[0]), vectors(texts[1])).value,
            ]
        )
    assert np.mean(found, axis=0) == pytest.approx([0.5, 0.5], abs=0.03)


def test_mauve_of_halves_is_near_one() -> None:
    one, other = samples.halves(table(2000, 5), 0)
    texts = [corpus.column(half, "text") for half in (one, other)]
    assert embeddings.mauve(*map(vectors, texts)) > 0.95


def strata(seed: int) -> list[np.ndarray]:
    """Two sides of one kind with five rows of each of 60 strata, the n-th rows of the same one."""
    random_ = np.random.default_rng(seed)
    centres = np.repeat(random_.normal(size=(60, 16)), 5, axis=0)
    return [centres + random_.normal(size=centres.shape) / 10 for _ in range(2)]


def test_chance_where_sides_are_balanced_within_small_strata() -> None:
    found = [discriminators.neighbours(*strata(n), paired=True).value for n in range(8)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert discriminators.neighbours(*strata(0)).value < 0.4  # what pairs are for


def test_pairs_want_equal_sides() -> None:
    with pytest.raises(ValueError, match="7 and 8"):
        discriminators.nb_svm(["a"] * 7, ["b"] * 8, paired=True)


def test_rows_of_another_kind_are_told_apart() -> None:
    made = texts_table([f"the cat number {n} sat on mat {n * 7 % 97}" for n in range(300)])
    found = named(fidelity.fidelity(sets(made, table(300, 1), table(300, 2)), CONTEXT))
    for name in ("auc_words", "auc_neighbours"):
        assert found[name].value > 0.99
    assert found["precision"].value == found["coverage"].value == 0
    assert found["mauve"].value < 0.1
    for name in ("frechet", "length_distance", "function_word_distance"):
        reference = found[name].reference
        assert reference is not None and found[name].value > 4 * reference.value


def test_one_repeated_sentence() -> None:
    made = texts_table(["will it rain in rome"] * 300, "weather")
    findings = fidelity.fidelity(sets(made, table(300, 1), table(300, 2)), CONTEXT)
    found = named(findings)
    assert found["recall"].value < 0.02 and found["coverage"].value < 0.2
    assert found["auc_words"].value > 0.95 and found["mauve"].value < 0.1
    assert found["intent_distance"].value == pytest.approx(0.4, abs=0.06)
    assert any("slot_distance was not measured: the synthetic" in note for note in findings.notes)


def test_the_order_of_rows_changes_nothing() -> None:
    given = [table(130), table(110, 1), table(120, 2)]
    found = fidelity.fidelity(sets(*given), CONTEXT)
    again = [corpus.take(one, random.Random(0).sample(range(n := one.num_rows), n))
             for one in given]  # fmt: skip
    assert fidelity.fidelity(sets(*again), CONTEXT) == found


def test_figures_are_those_of_samples_of_one_size() -> None:
    given = [table(260), table(150, 1), table(220, 2)]
    found = named(fidelity.fidelity(sets(*given), PLAIN))
    drawn = [samples.rows(one, 150, 0) for one in given]
    made, target, other = (vectors(corpus.column(one, "text")) for one in drawn)
    reference = found["frechet"].reference
    assert reference is not None
    assert found["frechet"].value == embeddings.frechet(target, made)
    assert reference.value == embeddings.frechet(target, other)
    density = embeddings.manifold(target, made).density
    assert found["density"].value == density.mean()


def test_mauve_agrees_with_its_library() -> None:
    from mauve import compute_mauve

    given = [table(160), table(150, 1)]
    made, target = (
        vectors(corpus.column(samples.rows(one, 75, 0), "text")) * 3 + 1 for one in given
    )
    expected = compute_mauve(p_features=made, q_features=target, seed=4).mauve
    assert embeddings.mauve(made, target, seed=4) == pytest.approx(expected, abs=1e-6)
    assert 0 < expected < 1


def test_the_base_model_is_asked_by_a_discriminator_and_by_mauve_if_wanted() -> None:
    def states(texts: list[str]) -> np.ndarray:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), 8)).astype(np.float32)

    given = sets(table(120), table(120, 1), table(120, 2))
    model = dataclasses.replace(PLAIN, hidden_states=states)
    without, usual = (fidelity.fidelity(given, context) for context in (PLAIN, model))
    wanted = fidelity.fidelity(given, model, mauve_features="hidden_states")
    assert named(usual)["auc_neighbours"] != named(without)["auc_neighbours"]
    assert named(usual)["mauve"] == named(without)["mauve"] != named(wanted)["mauve"]
    assert any("auc_neighbours is of sentence embeddings" in note for note in without.notes)
    assert not any("sentence embeddings" in note for note in usual.notes)
    there_is_none = fidelity.fidelity(given, PLAIN, mauve_features="hidden_states")
    assert any("MAUVE is of sentence embeddings" in note for note in there_is_none.notes)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (sets(corpus.empty(), table(90)), "0 rows on a side"),
        (sets(table(90), table(19)), "19 rows on a side"),
        (sets(table(90)), "0 rows on a side"),
        (sets(table(60), table(60, 1)), "to one half of the holdout"),
        (sets(table(60), real=table(60, 1)), "There is no holdout"),
        (sets(table(60), table(60, 1), table(60, 2)), "of 60 rows a side it means nothing"),
        (
            sets(table(120), table(120, 1), table(120, 2)),
            "MAUVE is of 120 rows a side. With fewer than 5,000",
        ),
        (sets(table(60), texts_table(["yes"] * 60)), "not balanced by intent"),
        (sets(table(60), texts_table(["yes"] * 60)), "the real rows have nothing to count"),
        (sets(table(60), table(60, 1)), "no spaCy pipeline"),
    ],
)
def test_what_is_not_measured_is_said(given: Sets, note: str) -> None:
    assert any(note in one for one in fidelity.fidelity(given, PLAIN).notes)


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda package: False)
    found = fidelity.fidelity(sets(table(120), table(120, 1)), PLAIN)
    assert "mauve" not in named(found)
    assert any('pip install "textsynth-corpus[evaluate]"' in note for note in found.notes)


def test_discriminators_see_as_many_rows_of_each_intent() -> None:
    given = [table(300), table(200, 1), table(120, 2)]
    drawn = samples.by_intent(given, 90, 0)
    counts = [corpus.count_by(one, "intent") for one in drawn]
    assert counts[0] == counts[1] == counts[2]
    assert drawn[0].num_rows == 90
    intents = [corpus.column(one, "intent") for one in drawn]
    assert intents[0] == intents[1] == intents[2]
    assert samples.by_intent([texts_table(["a"], "x"), texts_table(["b"])], 5, 0)[0].num_rows == 0


def test_mauve_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    rows = vectors(corpus.column(table(120), "text"))
    assert embeddings.mauve(rows, rows) == pytest.approx(1)
    assert capfd.readouterr() == ("", "")


def test_profiles() -> None:
    made = corpus.to_table(
        [
            Utterance("1", "rain in rome", "weather", (Slot(8, 12, "city", "rome"),)),
            Utterance("2", "wake me", "alarm"),
        ]
    )
    found, notes = profiles.of([made, made], CONTEXT)
    assert found["length"][0] == {3: 1, 2: 1}
    assert found["intent"][0] == {"weather": 1, "alarm": 1}
    assert found["slot"][0] == {"city": 1, "(none)": 1}
    assert found["pos"][0] == {"NOUN": 3, "ADP": 1, "PRON": 1}
    assert found["function_word"][0] == {"in": 1, "me": 1}
    assert not notes


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("aab", "aab", 0.0), ("a", "b", 1.0), ("aabb", "abbb", 0.25), ("ab", "aabb", 0.0)],
)
def test_total_variation(one: str, other: str, expected: float) -> None:
    found = profiles.total_variation(profiles.Counts(one), profiles.Counts(other))
    assert found == pytest.approx(expected)


def test_tables_hold_shares_and_no_real_text() -> None:
    tables = of_one_kind().tables
    for kind in ("synthetic", "real"):
        for name in ("lengths", "slots", "parts_of_speech"):
            shares = [row["share"] for row in tables[name] if row["kind"] == kind]
            assert sum(shares) == pytest.approx(1, abs=1e-4)
    points = tables["map"]
    assert len(points) == 800
    assert {point["kind"] for point in points} == {"synthetic", "real"}
    assert all((point["text"] is None) == (point["kind"] == "real") for point in points)
    assert {point["intent"] for point in points} == {"weather", "alarm"}


HOSTILE = ["", " ", "🎉🎉", "a\nb\r\n\tc", "שלום עולם", "x" * 10_000, "\u202eabc", "{}\\", "a\0b"]


@pytest.mark.parametrize("rows", [HOSTILE * 12, HOSTILE * 3, [""] * 110])
@pytest.mark.parametrize("intent", [None, "any"])
def test_hostile_text_is_measured(rows: list[str], intent: str | None) -> None:
    made = texts_table(rows, intent)
    found = fidelity.fidelity(sets(made, made, table(130)), CONTEXT)
    assert all(math.isfinite(figure.value) for figure in found.figures)
    assert all(math.isfinite(point["x"]) for point in found.tables["map"])
