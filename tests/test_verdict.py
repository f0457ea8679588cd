"""The three sentences: what they say of which figures, and that they claim no more."""

from __future__ import annotations

from typing import Any

import pytest
from report_material import evaluated, evaluation, figure

from textsynth.evaluate.verdict import Sentence, points, verdict


def told(*, gates: tuple[tuple[str, float | None, bool], ...] = (), short: int = 0,
         **metrics: list[dict[str, Any]]) -> tuple[Sentence, Sentence, Sentence]:  # fmt: skip
    data = evaluation(**metrics)
    data["gates"] = [{"gate": gate, "value": v, "passed": passed} for gate, v, passed in gates]
    return verdict(evaluated(data), short=["intent"] * short)


def usable(*bounds: float, value: float = 0.02) -> Sentence:
    return told(utility=[figure("gain", value, *bounds)])[0]


def test_a_gain_above_zero_is_usable() -> None:
    sentence = usable(0.008, 0.034)
    assert sentence.level == "good"
    assert "helps" in sentence.text
    assert "+2.0 points (between +0.8 and +3.4 points)" in sentence.text


def test_an_interval_around_zero_does_not_help() -> None:
    sentence = usable(-0.01, 0.03)
    assert sentence.level == "watch"
    assert "dding does not help here" in sentence.text


def test_a_loss_does_harm() -> None:
    sentence = usable(-0.05, -0.01, value=-0.03)
    assert sentence.level == "bad"
    assert "harm" in sentence.text
    assert "\N{MINUS SIGN}3.0 points" in sentence.text


def test_a_gain_without_an_interval_is_not_called_help() -> None:
    sentence = usable()
    assert sentence.level == "watch"
    assert "helps" not in sentence.text


def test_an_interval_of_no_width_is_not_called_help() -> None:
    sentence = usable(1.0, 1.0, value=1.0)
    assert sentence.level == "watch"
    assert "helps" not in sentence.text and "certain" in sentence.text


def test_the_best_mix_is_named_where_adding_helps() -> None:
    mixing = [figure("recommended_multiple", 2.0)]
    good = told(utility=[figure("gain", 0.02, 0.01, 0.03)], mixing=mixing)[0]
    none = told(utility=[figure("gain", 0.00, -0.01, 0.01)], mixing=mixing)[0]
    assert "best with 2 synthetic rows to each real one" in good.text
    assert "synthetic rows to each" not in none.text
    at_full_weight = [figure("recommended_multiple", 0.0)]
    lighter = told(utility=[figure("gain", 0.02, 0.01, 0.03)], mixing=at_full_weight)[0]
    assert "only where a synthetic row counts less" in lighter.text


def test_a_missed_gate_comes_before_a_gain() -> None:
    sentence = told(
        utility=[figure("gain", 0.02, 0.01, 0.03)],
        gates=(("privacy.mia_auc <= 0.55", 0.61, False), ("utility.gain >= 0", 0.02, True)),
    )[0]
    assert sentence.level == "bad"
    assert sentence.text.startswith("Not as it stands: 1 of 2 gates of the recipe is missed")
    assert "privacy.mia_auc <= 0.55: found 0.610" in sentence.text


def test_a_gate_without_a_figure_is_missed_as_not_measured() -> None:
    assert "not measured" in told(gates=(("bias.max_amplification <= 0.1", None, False),))[0].text


def test_gates_that_held_are_told() -> None:
    held = (("privacy.mia_auc <= 0.55", 0.5, True),)
    assert told(gates=held)[0].text.startswith("The gate of the recipe held")


@pytest.mark.parametrize(
    ("metric", "name", "value", "real", "words"),
    [
        ("diversity", "distinct_2", 0.31, 0.44, "less varied"),
        ("diversity", "self_bleu", 0.5, 0.3, "more like one another"),
        ("diversity", "vendi", 80.0, 120.0, "fewer different things"),
        ("fidelity", "recall", 0.5, 0.8, "leaves out"),
        ("fidelity", "auc_words", 0.9, None, "90 % of the time"),
        ("bias", "max_amplification", 0.18, None, "by 18.0 % of all mentions"),
    ],
)
def test_what_stands_out_is_to_be_watched(
    metric: str, name: str, value: float, real: float | None, words: str
) -> None:
    watched = told(**{metric: [figure(name, value, real=real)]})[1]
    assert watched.level == "watch"
    assert words in watched.text


def test_what_does_not_stand_out_is_not_watched() -> None:
    watched = told(
        diversity=[figure("distinct_2", 0.44, real=0.44), figure("self_bleu", 0.2, real=0.3)],
        fidelity=[figure("auc_words", 0.55)],
        bias=[figure("max_amplification", 0.1, -0.1, 0.3)],  # which may be 0
    )[1]
    assert watched.level == "good"
    assert watched.text.startswith("Nothing that was measured stands out")
    assert "not measured: utility, mixing, privacy, collapse" in watched.text


def test_intents_that_fall_short_are_to_be_watched() -> None:
    assert told(short=2)[1].text.startswith("2 intents have fewer rows")
    assert told(short=1)[1].text.startswith("1 intent has fewer rows")


def safe(*figures: dict[str, Any]) -> Sentence:
    return told(privacy=list(figures))[2]


def test_without_an_attack_nothing_is_said_to_be_safe() -> None:
    sentence = safe(figure("dcr_median", 0.3, real=0.3))
    assert sentence.level == "unknown"
    assert "o attack was tried" in sentence.text


def test_epsilon_alone_is_no_attack() -> None:
    sentence = safe(figure("epsilon", 8.0))
    assert sentence.level == "unknown"
    assert "epsilon 8" in sentence.text


def test_a_guess_no_better_than_chance_is_no_proof() -> None:
    sentence = safe(figure("mia_auc", 0.51, 0.47, 0.55, real=0.5))
    assert sentence.level == "good"
    assert "no proof" in sentence.text
    assert "51 % of the time, between 47 % and 55 %" in sentence.text


def test_a_guess_that_is_mostly_right_is_bad() -> None:
    assert safe(figure("mia_auc", 0.9, 0.85, 0.94)).level == "bad"


def test_a_high_guess_that_may_be_chance_is_watched() -> None:
    assert safe(figure("mia_auc", 0.63, 0.45, 0.8)).level == "watch"
    assert safe(figure("mia_auc", 0.57, 0.52, 0.62)).level == "watch"


def test_values_that_come_back_are_bad() -> None:
    assert safe(figure("attribute_leakage", 0.02, 0.01, 0.04, real=0.0)).level == "bad"
    assert safe(figure("attribute_leakage", 0.02, 0.01, 0.04, real=0.02)).level == "good"
    assert safe(figure("attribute_leakage", 0.0, 0.0, 0.001)).level == "good"
    assert safe(figure("attribute_leakage", 0.001)).level == "bad"


def test_copied_words_are_watched() -> None:
    assert safe(figure("verbatim_5grams", 0.3, 0.28, 0.32, real=0.1)).level == "watch"
    assert safe(figure("verbatim_5grams", 0.1, 0.08, 0.12, real=0.1)).level == "good"


def test_planted_secrets_that_are_remembered_are_watched() -> None:
    assert safe(figure("exposure", 6.0, 5.0, 7.0, real=1.4)).level == "watch"
    assert safe(figure("exposure", 1.5, 0.9, 2.1, real=1.4)).level == "good"


def test_planted_secrets_that_come_out_are_bad() -> None:
    assert safe(figure("canaries_released", 0.1, 0.05, 0.2, real=0.0)).level == "bad"
    # that none came out says nothing without an attack
    assert safe(figure("canaries_released", 0.0)).level == "unknown"


def test_the_worst_attack_decides() -> None:
    both = safe(figure("mia_auc", 0.5, 0.45, 0.55), figure("attribute_leakage", 0.1))
    assert both.level == "bad"
    assert both.text.startswith("Not as it stands")


def test_one_figure_of_variety_is_enough() -> None:
    poor = [figure("distinct_2", 0.3, real=0.4), figure("vendi", 40.0, real=60.0)]
    watched = told(diversity=poor)[1]
    assert "less varied than that of real rows (30.0 %; real rows: 40.0 %" in watched.text
    assert "different things" not in watched.text


def test_without_an_interval_chance_was_not_measured() -> None:
    bare = told(diversity=[figure("distinct_2", 0.3, real=0.4)])[1]
    assert "real rows: 40.0 %; whether that is chance was not measured)" in bare.text
    sure = told(diversity=[figure("self_bleu", 0.4, 0.38, 0.42, real=0.3)])[1]
    assert "real rows: 30.0 %)" in sure.text and "chance" not in sure.text


def test_without_an_evaluation_nothing_is_claimed() -> None:
    sentences = verdict(None)
    assert [sentence.level for sentence in sentences] == ["unknown"] * 3
    assert all(sentence.text.endswith(".") for sentence in sentences)
    assert not any(word in s.text for s in sentences for word in ("helps", "nothing that was"))


def test_a_figure_that_is_null_was_not_measured() -> None:
    nothing = told(utility=[figure("gain", None)], privacy=[figure("mia_auc", None)])
    assert [nothing[0].level, nothing[2].level] == ["unknown", "unknown"]


def test_points_have_their_sign() -> None:
    assert points(0.014) == "+1.4 points"
    assert points(-0.014) == "\N{MINUS SIGN}1.4 points"
    assert points(-0.0001) == "0.0 points"
