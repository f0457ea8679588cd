"""The bias metric on corpora whose bias is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import fakes
import numpy as np
import pyarrow as pa
import pytest

from textsynth import corpus, registry
from textsynth.corpus import Utterance
from textsynth.errors import RecipeError
from textsynth.evaluate import Context, Figure, Findings, Sets
from textsynth.evaluate.bias import ABOUT, bias

CONTEXT = Context(embed=fakes.embed, resamples=300)


def table(*parts: tuple[str, str | None, int]) -> pa.Table:
    """(text, intent, how often): rows, made distinct by a number."""
    return corpus.to_table(
        Utterance(id=f"{text}/{n}", text=f"{text} {n}", intent=intent)
        for text, intent, count in parts
        for n in range(count)
    )


def measured(synthetic: pa.Table, seeds: pa.Table, context: Context = CONTEXT) -> Findings:
    found = bias(Sets(synthetic, seeds, corpus.empty(), seeds), context)
    assert {figure.name for figure in found.figures} <= ABOUT.keys()
    assert not [f.name for f in found.figures if not f.slice and ABOUT[f.name].sliced]
    keys = [(figure.name, tuple(figure.slice.items())) for figure in found.figures]
    assert len(keys) == len(set(keys))
    return found


def figure(found: Findings, name: str, **where: str) -> Figure:
    return next(f for f in found.figures if f.name == name and f.slice == where)


EVEN = table(
    ("my brother calls", "call", 200), ("my sister calls", "call", 200),
    ("my brother sleeps", "sleep", 200), ("my sister sleeps", "sleep", 200),
)  # fmt: skip
SKEWED = table(
    ("my brother calls", "call", 320), ("my sister calls", "call", 80),
    ("my brother sleeps", "sleep", 200), ("my sister sleeps", "sleep", 200),
)  # fmt: skip


def test_a_known_skew_is_found() -> None:
    found = measured(SKEWED, EVEN)
    one = figure(found, "amplification", group="gender:male", intent="call")
    assert one.value == pytest.approx(0.3)
    assert one.low is not None and one.high is not None and one.low < 0.3 < one.high
    assert figure(found, "amplification", group="gender:male").value == pytest.approx(0.15)
    assert figure(found, "max_amplification").value == pytest.approx(0.3)


def test_like_seeds_amplify_nothing() -> None:
    for rows in (EVEN, SKEWED):
        assert figure(measured(rows, rows), "max_amplification").value == 0
    drawn = np.random.default_rng(0).binomial(400, 0.5, 3)
    for males in drawn:  # an even source, drawn from at random
        made = table(("my brother calls", "call", int(males)), ("my sister calls", "call",
                                                              400 - int(males)))  # fmt: skip
        assert figure(measured(made, EVEN), "max_amplification").value < 0.1


def test_a_skew_that_shrinks_is_below_zero() -> None:
    found = measured(EVEN, SKEWED)
    for one in found.figures:
        if one.name == "amplification" and one.slice == {"group": "gender:male", "intent": "call"}:
            assert one.value < 0
    assert figure(found, "max_amplification").value == 0


def test_a_row_of_both_counts_for_both() -> None:
    both = table(("his sister calls", "call", 100), ("his brother calls", "call", 100))
    found = measured(both, both)
    assert figure(found, "amplification", group="gender:male").value == 0
    assert figure(found, "representation", group="gender:female").value == pytest.approx(0.5)


def test_representation_stands_beside_the_seeds() -> None:
    one = figure(measured(SKEWED, EVEN), "representation", group="gender:female")
    assert one.value == pytest.approx(280 / 800)
    assert one.reference is not None and one.reference.value == pytest.approx(0.5)


def test_association_is_that_of_the_paper() -> None:
    found = measured(SKEWED, EVEN)
    one = figure(found, "association", group="gender:male", intent="call")
    # y + prior of 10 rows by the intents' shares; men 520, women 280
    men, women = math.log(325 / 205), math.log(85 / 205)
    assert one.value == pytest.approx(men - women)
    z = figure(found, "association_z", group="gender:male", intent="call")
    assert z.value == pytest.approx((men - women) / math.sqrt(1 / 325 + 1 / 85))
    assert z.reference is not None and z.reference.value == pytest.approx(0)
    assert found.tables["associations"][0]["intent"] in ("call", "sleep")


def test_chance_alone_makes_no_association() -> None:
    """Of hundreds of groups with intents some are beyond 1.96 where there is nothing to find."""
    random = np.random.default_rng(3)
    people = ("french", "german", "spanish", "italian", "dutch", "polish", "greek", "danish")
    noise = table(*(
        (f"call the {people[random.integers(8)]} man {at}", f"i{random.integers(40)}", 1)
        for at in range(4000)
    ))  # fmt: skip
    found = measured(noise, noise)
    far = [row for row in found.tables["associations"] if abs(row["z"]) > 1.96]
    assert len(found.tables["associations"]) > 250 and len(far) > 5
    assert not [one for one in found.figures if one.name.startswith("association")]
    planted = corpus.concat([noise, table(("call the french man", "i7", 60))])
    (one,) = [one for one in measured(planted, noise).figures if one.name == "association"]
    assert one.slice == {"group": "nationality:french", "intent": "i7"}


@pytest.mark.parametrize("option", ["least", "top"])
def test_counts_below_1_are_refused(option: str) -> None:
    with pytest.raises(RecipeError, match=f"bias.{option}: .* greater than or equal to 1"):
        registry.options("metrics", "bias", {option: 0})


def test_sentiment_is_the_difference_of_means() -> None:
    pytest.importorskip("vaderSentiment")
    rows = table(("my sister is wonderful", "a", 30), ("my brother is horrible", "b", 30))
    found = measured(rows, EVEN)
    women = figure(found, "sentiment", group="gender:female")
    assert women.value > 1 and women.low is not None and women.low > 1
    assert figure(found, "sentiment", group="gender:male").value == pytest.approx(-women.value)


def people(texts: Sequence[str], intent: str, count: int) -> list[tuple[str, str | None, int]]:
    return [(text, intent, count) for text in texts]


def test_flips_are_those_of_a_classifier_that_looks_at_gender() -> None:
    def embed(texts: list[str]) -> np.ndarray:
        own = [[float("brother" in t), float("sister" in t), float("wake" in t)] for t in texts]
        return np.array(own, np.float32)

    context = Context(embed=embed, resamples=100)
    gendered = table(("my brother calls", "call", 60), ("my sister calls", "sleep", 60))
    fair = table(*people(("wake my brother", "wake my sister"), "wake", 40),
                 *people(("ring my brother", "ring my sister"), "call", 40))  # fmt: skip
    assert figure(measured(gendered, fair, context), "invariance", axis="gender").value == 1
    found = measured(fair, gendered, context)
    one = figure(found, "invariance", axis="gender")
    assert one.value == 0 and one.reference is not None and one.reference.value == 1
    assert figure(found, "invariance").value == 0
    of_all = {figure.name for figure in found.figures if not figure.slice}
    assert of_all == {name for name, about in ABOUT.items() if not about.sliced}


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(SKEWED.num_rows)
    shuffled = corpus.take(SKEWED, order.tolist())
    assert measured(shuffled, EVEN).figures == measured(SKEWED, EVEN).figures


HOSTILE = table(
    ("", None, 1), ("\U0001f468\u200d\U0001f469 \n\t", None, 2), ("\u202e" + "x " * 5000, "a", 2),
    ("\u05d0\u05de\u05d0", "a", 1),
)  # fmt: skip


@pytest.mark.parametrize("seeds", [corpus.empty(), HOSTILE, EVEN])
@pytest.mark.parametrize("synthetic", [corpus.empty(), HOSTILE, table(("lights off", None, 50))])
def test_sets_that_say_little_give_notes(synthetic: pa.Table, seeds: pa.Table) -> None:
    found = measured(synthetic, seeds)
    assert found.notes
    assert not any(figure.name == "max_amplification" for figure in found.figures)


def test_other_languages_are_not_measured() -> None:
    context = Context(embed=fakes.embed, language="de")
    said = "Bias was not measured: its word lists are English."
    assert measured(EVEN, EVEN, context) == Findings([], [said])
