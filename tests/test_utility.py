"""Utility: cases whose answer is known, scores worked out by hand, and sets that lack something."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed

from textsynth import models
from textsynth.corpus import Slot, Utterance, empty, take, to_table
from textsynth.evaluate import Context, Findings, Sets
from textsynth.evaluate.classifiers import CLASSIFIERS, _weighed, tfidf
from textsynth.evaluate.scoring import Draws, class_f1, ece
from textsynth.evaluate.trials import trial
from textsynth.evaluate.utility import ABOUT, utility

CONTEXT = Context(embed, seed=3, resamples=100)
INTENTS = ("lamp", "music", "weather", "alarm")
NUMBERS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ami", "oru", "ebo", "ilu", "uza")]


def say(intent: str, count: int, seed: int) -> list[Utterance]:
    """Texts of an intent: two of its fifteen words, each before one that all intents share."""
    draw = random.Random(f"{intent} {seed}")
    own = NUMBERS[15 * INTENTS.index(intent) :][:15]
    rows = []
    for at in range(count):
        first, second = draw.sample(own, 2)
        text = (
            f"{draw.choice(['do', 'please', 'now'])} {first} {draw.choice(['a', 'the'])} {second}"
        )
        rows.append(Utterance(id=f"{intent}/{seed}/{at}", text=text, intent=intent))
    return rows


def corpus_of(count: int, seed: int) -> pa.Table:
    return to_table(row for intent in INTENTS for row in say(intent, count, seed))


def relabelled(table: pa.Table, seed: int = 0) -> pa.Table:
    """The rows with their intents shuffled."""
    from textsynth.corpus import column, replace_column

    intents = column(table, "intent")
    random.Random(seed).shuffle(intents)
    return replace_column(table, "intent", intents)


def sets(real: Any = None, synthetic: Any = None, holdout: Any = None) -> Sets:
    real = corpus_of(2, 0) if real is None else real
    synthetic = corpus_of(25, 1) if synthetic is None else synthetic
    return Sets(synthetic, real, corpus_of(20, 2) if holdout is None else holdout, real)


def value(found: Findings, name: str, **where: str | float) -> float:
    (figure,) = [f for f in found.figures if f.name == name and f.slice == where]
    return figure.value


def check(found: Findings) -> Findings:
    """What holds of all findings."""
    keys = [(figure.name, *sorted(figure.slice.items())) for figure in found.figures]
    assert len(set(keys)) == len(keys)
    for figure in found.figures:
        assert figure.name in ABOUT
        if figure.low is None or figure.high is None:  # every resample gave the same
            assert figure.name not in {"gain", "accuracy"}
            continue
        assert figure.low < figure.high
        assert figure.low <= figure.value <= figure.high or figure.name == "ece"
    return found


# -- known cases ------------------------------------------------------------------------------


def test_rows_of_the_same_kind_help_where_real_ones_are_few() -> None:
    found = check(utility(sets(), CONTEXT))
    (gain,) = [f for f in found.figures if f.name == "gain" and not f.slice]
    assert gain.low is not None and gain.low > 0.02
    both = value(found, "accuracy", trained_on="both", classifier="tfidf")
    real = value(found, "accuracy", trained_on="real", classifier="tfidf")
    assert value(found, "gain", classifier="tfidf") == pytest.approx(both - real)
    each = [value(found, "gain", classifier=name) for name in ("minilm", "tfidf")]
    assert gain.value == pytest.approx(np.mean(each))


def test_rows_of_the_same_kind_do_no_harm_where_real_ones_are_many() -> None:
    found = check(utility(sets(real=corpus_of(40, 0)), CONTEXT))
    assert value(found, "gain") >= 0


def test_shuffled_labels_do_harm() -> None:
    found = check(utility(sets(corpus_of(8, 0), relabelled(corpus_of(60, 1))), CONTEXT, weight=1))
    (gain,) = [f for f in found.figures if f.name == "gain" and not f.slice]
    assert gain.high is not None and gain.high < 0
    assert value(found, "accuracy", trained_on="synthetic", classifier="tfidf") < 0.5


def test_a_smaller_weight_lessens_the_harm() -> None:
    given = sets(corpus_of(8, 0), relabelled(corpus_of(60, 1)))
    heavy, light = (value(utility(given, CONTEXT, weight=w), "gain") for w in (1.0, 0.05))
    assert heavy < light


def test_figures_are_the_same_again_whatever_the_order_of_the_rows() -> None:
    first = sets()
    backwards = [
        take(table, range(table.num_rows - 1, -1, -1))
        for table in (first.synthetic, first.real, first.holdout)
    ]
    second = Sets(*backwards, seeds=empty())
    assert utility(first, CONTEXT).figures == utility(second, CONTEXT).figures


def test_the_model_of_real_rows_is_the_reference_of_the_others() -> None:
    found = utility(sets(), CONTEXT)
    real = value(found, "macro_f1", trained_on="real", classifier="minilm")
    references = {
        figure.slice["trained_on"]: figure.reference
        for figure in found.figures
        if figure.name == "macro_f1" and figure.slice["classifier"] == "minilm"
    }
    assert references["real"] is None
    assert references["both"].value == references["synthetic"].value == real  # type: ignore[union-attr]


def test_macro_f1_is_the_mean_over_intents() -> None:
    found = utility(sets(), CONTEXT)
    where = {"trained_on": "both", "classifier": "minilm"}
    each = [value(found, "intent_f1", intent=intent, **where) for intent in INTENTS]
    assert value(found, "macro_f1", **where) == pytest.approx(np.mean(each))


# -- scores -----------------------------------------------------------------------------------


def calibration(chances: list[float], right: list[int]) -> float:
    ones = np.ones((1, len(right)), np.float32)
    return float(ece(np.array([chances]), np.array([right], float), ones)[0, 0])


@pytest.mark.parametrize(
    ("chances", "right", "expected"),
    [
        ([1.0] * 4, [1] * 4, 0.0),  # perfect
        ([0.75] * 4, [1, 1, 1, 0], 0.0),  # as sure as it may be
        ([0.9] * 4, [1, 1, 0, 0], 0.4),  # too sure
        ([0.9, 0.9, 0.3, 0.3], [1, 1, 0, 0], (2 * 0.1 + 2 * 0.3) / 4),
        ([0.5, 0.9], [1, 0], (0.5 + 0.9) / 2),  # bins do not make up for each other
        ([0.81, 0.85], [1, 0], abs(1 - 0.81 - 0.85) / 2),  # in one bin they do
        ([1 / 15, 0.0], [0, 0], 1 / 30),  # bins hold their upper end
    ],
)
def test_calibration_by_hand(chances: list[float], right: list[int], expected: float) -> None:
    assert calibration(chances, right) == pytest.approx(expected)


def test_f1_of_classes_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    random_ = np.random.default_rng(0)
    gold, said = random_.integers(0, 4, 90), random_.integers(0, 5, (3, 90))
    draws = Draws.of(90, 3, CONTEXT)
    ours = class_f1(said, gold, np.arange(4), draws)[0]
    theirs = [f1_score(gold, run, labels=range(4), average=None) for run in said]
    assert ours == pytest.approx(np.mean(theirs, axis=0), abs=1e-6)


def test_resamples_of_f1_are_those_of_the_rows_they_stand_for() -> None:
    random_ = np.random.default_rng(0)
    gold, said = random_.integers(0, 3, 30), random_.integers(0, 3, (2, 30))
    draws = Draws.of(30, 2, CONTEXT)
    found = class_f1(said, gold, np.arange(3), draws)
    rows = np.repeat(np.arange(30), draws.texts[5].astype(int))
    plain = Draws(np.ones((1, 30), np.float32), draws.runs[5:6])
    again = class_f1(said[:, rows], gold[rows], np.arange(3), plain)
    assert found[5] == pytest.approx(again[0])


# -- classifiers ------------------------------------------------------------------------------


def test_tfidf_is_that_of_scikit_learn_on_the_rows_learnt() -> None:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    from textsynth.evaluate.classifiers import _counts

    texts = [row.text for row in say("lamp", 12, 0)]
    judged = [row.text for row in say("music", 5, 0)] + ["", "do"]
    rows = np.array([0, 3, 4, 7, 9])
    options: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 5)}
    theirs = TfidfVectorizer(sublinear_tf=True, **options)
    expected = theirs.fit_transform([texts[row] for row in rows]), theirs.transform(judged)
    learnt, other = _counts(CountVectorizer(**options).build_analyzer(), texts, judged)
    for ours, wanted in zip(_weighed(learnt[rows], other), expected, strict=True):
        assert (ours @ ours.T).toarray() == pytest.approx((wanted @ wanted.T).toarray(), abs=1e-5)
        assert ours.shape == wanted.shape


@pytest.mark.filterwarnings("ignore:The max_iter was reached")
@pytest.mark.parametrize("name", ["minilm", "tfidf"])
def test_chances_are_of_all_intents_and_0_for_those_not_learnt(name: str) -> None:
    texts = [row.text for intent in INTENTS for row in say(intent, 6, 0)]
    labels = np.repeat(np.arange(4), 6)
    fit = CLASSIFIERS[name](texts, labels, texts[:3], CONTEXT)
    chances = fit(np.arange(18), np.ones(18))
    assert chances.shape == (3, 4)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert (chances[:, 3] == 0).all()
    assert fit(np.arange(6), np.ones(6)).tolist() == [[1, 0, 0, 0]] * 3


def test_a_row_of_weight_2_is_worth_two() -> None:
    texts = [row.text for intent in INTENTS for row in say(intent, 5, 0)]
    fit = CLASSIFIERS["minilm"](texts, np.repeat(np.arange(4), 5), texts, CONTEXT)
    rows = np.arange(20)
    twice = fit(np.concatenate([rows, rows[:7]]), np.ones(27))
    weights = np.where(rows < 7, 2.0, 1.0)
    assert fit(rows, weights) == pytest.approx(twice, abs=0.01)


def test_texts_without_any_ngram_give_the_shares_of_the_intents() -> None:
    fit = tfidf(["", " ", ""], np.array([0, 0, 1]), ["hello"], CONTEXT)
    assert fit(np.arange(3), np.ones(3))[0] == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.models
def test_the_encoder_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.evaluate.classifiers.PAIRS", 32)
    learnt = ["turn on the lamp", "lights out please", "play some jazz", "put on a song"]
    judged = ["switch the light off", "i want to hear music"]
    fit = CLASSIFIERS["setfit"](learnt, np.array([0, 0, 1, 1]), judged, CONTEXT)
    chances = fit(np.arange(4), np.ones(4))
    assert chances.argmax(axis=1).tolist() == [0, 1]
    assert (fit(np.arange(4), np.ones(4)) == chances).all()
    context = Context(models.load_embedder(), seed=3)
    frozen = CLASSIFIERS["minilm"](learnt, np.array([0, 0, 1, 1]), judged, context)
    assert (frozen(np.arange(4), np.ones(4)) != chances).any()


# -- draws ------------------------------------------------------------------------------------


def test_every_beginning_of_a_draw_has_the_intents_in_their_shares() -> None:
    uneven = [*say("lamp", 30, 0), *say("music", 10, 0)]
    tried, _ = trial(sets(to_table(uneven), to_table(uneven)), CONTEXT)
    assert tried is not None
    real, made = tried.drawn(0)
    assert sorted(real) == list(range(40)) and sorted(made) == list(range(40, 80))
    for count in (4, 8, 20, 36):
        lamps = sum(tried.names[tried.labels[row]] == "lamp" for row in real[:count])
        assert lamps == pytest.approx(0.75 * count, abs=1)
    assert tried.drawn(1)[0].tolist() != real.tolist()


# -- slots ------------------------------------------------------------------------------------


def cities(numbers: Iterable[int], label: str = "city") -> pa.Table:
    """Sentences in which the word after "to" is a slot."""
    rows = []
    for at in numbers:
        text = f"{'go' if at % 2 else 'fly'} to {chr(97 + at % 26)}ton{at} now"
        start = text.index("to ") + 3
        city = Slot(start, len(text) - 4, label, "city")
        rows.append(Utterance(id=str(at), text=text, intent=f"way{at % 2}", slots=(city,)))
    return to_table(rows)


def test_slots_that_are_plain_are_all_found() -> None:
    found = check(utility(sets(cities(range(30)), cities(range(30, 90)), cities(range(90, 120))),
                          CONTEXT))  # fmt: skip
    for arm in ("real", "synthetic", "both"):
        assert value(found, "slot_f1", trained_on=arm) == 1.0
    assert value(found, "slot_gain") == 0
    assert {figure.name for figure in found.figures} == set(ABOUT)
    for name, about in ABOUT.items():
        assert about.sliced != any(f.name == name and not f.slice for f in found.figures), name


def test_slots_of_wrong_labels_do_harm() -> None:
    wrong = cities(range(30, 200), "place")
    found = utility(sets(cities(range(10)), wrong, cities(range(90, 120))), CONTEXT, weight=1)
    assert value(found, "slot_f1", trained_on="synthetic") == 0
    assert value(found, "slot_gain") < -0.1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (sets(cities(range(30)), cities(range(30))), "The holdout has no slots"),
        (sets(corpus_of(2, 0), corpus_of(3, 1), cities(range(9))), "synthetic rows have no slots"),
        (sets(*(cities(range(n)) for n in (20, 20, 19))), "has 19 rows with slots, and 20 are"),
        (sets(corpus_of(2, 0), cities(range(30)), cities(range(20))), "No real rows have slots"),
    ],
)
def test_slots_that_one_side_lacks(given: Sets, said: str) -> None:
    found = utility(given, CONTEXT)
    assert any(said in note for note in found.notes)
    assert not [figure for figure in found.figures if figure.name == "slot_gain"]


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda package: package != "pycrfsuite")
    found = utility(sets(*(cities(range(20)) for _ in range(3))), CONTEXT)
    assert any('pycrfsuite cannot be imported; pip install "textsynth-corpus[evaluate]"' in note
               for note in found.notes)  # fmt: skip


def test_without_slots_anywhere_nothing_is_said_of_them() -> None:
    assert not [note for note in utility(sets(), CONTEXT).notes if "slot" in note]


# -- what is missing --------------------------------------------------------------------------


def bare(*texts: str, intent: str | None = None) -> pa.Table:
    return to_table(Utterance(id=text, text=text, intent=intent) for text in texts)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (sets(holdout=empty()), "no holdout rows with intents"),
        (sets(holdout=bare("a", "b")), "no holdout rows with intents"),
        (sets(synthetic=empty()), "No synthetic row has an intent"),
        (sets(synthetic=bare("a", "b")), "No synthetic row has an intent"),
        (sets(synthetic=bare("a", intent="LAMP")), "No intent of the synthetic rows"),
        (sets(*(bare("a", "b", intent="x") for _ in range(3))), "one intent only"),
        (Sets(*[empty()] * 4), "no holdout rows"),
        (sets(holdout=take(corpus_of(20, 2), [0, 20])), "has 2 rows with an intent, and 20 are"),
        (sets(holdout=take(corpus_of(20, 2), [0])), "has 1 row with an intent, and 20 are"),
        (sets(holdout=take(corpus_of(20, 2), range(19))), "has 19 rows with an intent"),
    ],
)
def test_what_cannot_be_measured_is_said(given: Sets, said: str) -> None:
    found = utility(given, CONTEXT)
    assert not found.figures
    assert [note for note in found.notes if said in note]


def test_without_real_rows_synthetic_ones_are_measured_alone() -> None:
    found = check(utility(sets(real=empty()), CONTEXT))
    assert {f.slice["trained_on"] for f in found.figures} == {"synthetic"}
    assert any("no real rows" in note for note in found.notes)


def test_intents_that_no_row_teaches_count_as_wrong() -> None:
    others = to_table([*say("lamp", 10, 2), *say("music", 10, 2)])
    lamps = to_table([*say("lamp", 20, 0), *say("alarm", 20, 0)])
    found = utility(sets(lamps, lamps, others), CONTEXT)
    assert value(found, "accuracy", trained_on="real", classifier="tfidf") <= 0.5
    assert any("10 of 20 holdout rows have an intent that no row" in note for note in found.notes)
    assert any("20 of 40 synthetic rows have an intent that the holdout" in n for n in found.notes)


def test_rows_without_an_intent_are_left_out_and_counted() -> None:
    plain = sets()
    table = pa.concat_tables([plain.synthetic, bare("a", "b", "c")]).unify_dictionaries()
    found = utility(sets(synthetic=table), CONTEXT)
    assert any("3 synthetic rows without an intent" in note for note in found.notes)
    assert found.figures == utility(plain, CONTEXT).figures


def test_copies_of_the_holdout_are_told() -> None:
    found = utility(sets(synthetic=corpus_of(20, 2)), CONTEXT)
    assert any("80 of 80 texts of the holdout stand among" in note for note in found.notes)


def test_more_rows_than_needed_are_drawn_from() -> None:
    _, notes = trial(sets(), CONTEXT, most=30)
    assert "Of the synthetic rows 30 were used, drawn at random." in notes


HOSTILE = (
    "",
    " ",
    "\n\r\t",
    "👩‍👩‍👧 🇳🇱",
    "שלום עולם",
    "x" * 10_000,
    "a\x00b",
    "\u202eabc",
    "e\u0301",
    "-1 %s {}",
)


def test_hostile_texts() -> None:
    rows = [
        Utterance(id=f"{at}", text=text, intent=INTENTS[at % 2],
                  slots=(Slot(0, len(text), "a-b c", text),) if text else ())
        for at, text in enumerate(HOSTILE * 3)
    ]  # fmt: skip
    table = to_table(rows)
    found = check(utility(sets(table, table, table), CONTEXT))
    assert value(found, "slot_f1", trained_on="both") > 0.5


def test_one_row_to_learn_from() -> None:
    one, both = to_table(say("lamp", 1, 0)), to_table([*say("lamp", 10, 1), *say("music", 10, 1)])
    found = utility(sets(one, one, both), CONTEXT)
    assert value(found, "accuracy", trained_on="real", classifier="minilm") == 0.5
    (gain,) = [f for f in found.figures if f.name == "gain" and not f.slice]
    assert gain.value == 0 and gain.low == -gain.high < -0.1  # of 20 texts that came out alike


def test_gains_are_paired() -> None:
    """The interval of a difference of the same runs and texts is narrower than one of two."""
    found = utility(sets(corpus_of(12, 0), corpus_of(12, 0)), CONTEXT)
    (gain,) = [f for f in found.figures if f.name == "gain" and f.slice == {"classifier": "minilm"}]
    (real,) = [f for f in found.figures if f.name == "accuracy"
               and f.slice == {"trained_on": "real", "classifier": "minilm"}]  # fmt: skip
    widths = [f.high - f.low for f in (gain, real) if f.high is not None and f.low is not None]
    assert widths[0] < widths[1]
