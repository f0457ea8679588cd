"""The mixing curve: where rows help, where they do not, and how far they reach."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from test_utility import CONTEXT, bare, corpus_of, relabelled, sets

from textsynth.corpus import empty, take
from textsynth.evaluate import Figure, Findings
from textsynth.evaluate.mixing import ABOUT, NO_HELP, SHARES, _recommended, mixing
from textsynth.evaluate.trials import Trial


def one(found: Findings, name: str, **where: str | float) -> Figure:
    (figure,) = [f for f in found.figures if f.name == name and f.slice == where]
    return figure


def test_rows_of_the_same_kind_are_recommended_where_real_ones_are_few() -> None:
    found = mixing(sets(), CONTEXT)
    multiple, gain = one(found, "recommended_multiple"), one(found, "recommended_gain")
    assert multiple.value in (5.0, 10.0)
    assert gain.low is not None and gain.low > 0
    assert found.notes[0].startswith(f"Add about {multiple.value:g} synthetic rows a real one: ")
    assert NO_HELP not in " ".join(found.notes)
    assert {f.name for f in found.figures} == set(ABOUT)
    for name, about in ABOUT.items():
        assert about.sliced != any(f.name == name and not f.slice for f in found.figures), name


def test_shuffled_labels_do_not_help() -> None:
    found = mixing(sets(corpus_of(8, 0), relabelled(corpus_of(50, 1))), CONTEXT)
    assert "adding does not help here" in found.notes[0]
    assert one(found, "recommended_multiple").value == 0
    gain = one(found, "recommended_gain")
    assert gain.low is not None and gain.low <= 0


def test_the_curve_has_all_shares_and_multiples_as_far_as_rows_reach() -> None:
    found = mixing(sets(corpus_of(10, 0), corpus_of(20, 1)), CONTEXT)
    places = {
        name: [
            f.slice[axis] for f in found.figures if f.name == name and f.slice["classifier"] == c
        ]
        for (name, axis), c in product(
            [("accuracy_at_share", "real_share"), ("accuracy_at_multiple", "added")],
            ["minilm", "tfidf"],
        )
    }
    assert places["accuracy_at_share"] == list(SHARES)
    assert places["accuracy_at_multiple"] == [0.0, 0.5, 1.0, 2.0]
    assert [f.slice["added"] for f in found.figures if f.name == "gain_at_multiple"] == [0.5, 1, 2]
    for figure in found.figures:
        assert figure.low is not None and figure.low <= figure.value <= (figure.high or 0)


def test_real_rows_alone_are_the_reference() -> None:
    found = mixing(sets(corpus_of(5, 0), corpus_of(10, 1)), CONTEXT, classifiers=("tfidf",))
    alone = one(found, "accuracy_at_multiple", added=0.0, classifier="tfidf")
    half = one(found, "accuracy_at_multiple", added=0.5, classifier="tfidf")
    assert alone.reference is None and half.reference is not None
    assert half.reference.value == alone.value
    assert one(found, "gain_at_multiple", added=0.5).value == pytest.approx(
        half.value - alone.value
    )
    # as many synthetic rows as real ones: a share of 1 is all the real rows of a run
    share = one(found, "accuracy_at_share", real_share=1.0, classifier="tfidf")
    assert share.value == alone.value


def test_figures_are_the_same_again() -> None:
    assert mixing(sets(), CONTEXT) == mixing(sets(), CONTEXT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (sets(holdout=empty()), "no holdout"),
        (sets(real=empty()), "no real rows"),
        (sets(synthetic=bare("a", intent="other")), "No intent of the synthetic rows"),
        (sets(holdout=take(corpus_of(20, 2), [0, 20])), "has 2 rows with an intent, and 20 are"),
    ],
)
def test_what_cannot_be_measured_is_said(given: object, said: str) -> None:
    found = mixing(given, CONTEXT)  # type: ignore[arg-type]
    assert not found.figures and any(said in note for note in found.notes)


def test_too_few_synthetic_rows_give_no_advice() -> None:
    found = mixing(sets(corpus_of(10, 0), corpus_of(1, 1)), CONTEXT)
    assert not [f for f in found.figures if f.name.startswith("recommended")]
    assert any("too few" in note for note in found.notes)


# -- the advice -------------------------------------------------------------------------------


def advice(gains: np.ndarray, multiples: tuple[float, ...]) -> tuple[float, float, str]:
    """The multiple, its gain and the sentence, of gains of shape (multiples, runs, texts)."""
    texts = [f"text {at}" for at in range(gains.shape[2])]
    labels = np.zeros(len(texts), np.int64)
    figures, said = _recommended(
        multiples, gains, Trial([], labels[:0], 0, texts, labels, [], 0), CONTEXT
    )
    return figures[0].value, figures[1].value, said


def test_a_gain_that_is_there_is_found() -> None:
    gains = np.zeros((3, 3, 400))
    gains[1, :, ::10] = 1
    multiple, gain, said = advice(gains, (0.5, 1.0, 2.0))
    assert multiple == 1 and gain == pytest.approx(0.1)
    assert said.startswith("Add about 1 synthetic row a real one: accuracy rises by 10.0 points [")


def test_the_most_that_was_tried_is_named_so() -> None:
    gains = np.stack([np.zeros((3, 400)), np.tile(np.arange(400) % 5 == 0, (3, 1))])
    assert advice(gains, (0.5, 1.0))[2].endswith("more may help further.")


def test_choosing_among_many_does_not_flatter() -> None:
    """Of eight multiples that do nothing the best looks as if it helped; crosswise it does not."""
    helped = best = 0
    for seed in range(60):
        drawn = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], (8, 1, 200), p=[0.1, 0.8, 0.1])
        gains = np.repeat(drawn, 3, axis=1)
        *_, said = advice(gains, tuple(float(n) for n in range(1, 9)))
        helped += NO_HELP not in said
        best += gains.mean(axis=(1, 2)).max() > 1.96 * np.sqrt(0.2 / 200)
    assert best > 6
    assert helped <= 6
