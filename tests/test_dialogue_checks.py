"""What is wrong with a dialogue: a clean one, a fault planted in it, and the reason found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from dialogue_rows import Line, booked, dialogue, hung_up, system, user

from textsynth import corpus
from textsynth.corpus import Dialogue, Slot, Utterance
from textsynth.dialogue.checks import REASONS, faults

Rows = list[Utterance]
OK = system("NOTIFY_SUCCESS", "Done.")


def reasons(rows: Rows) -> list[str]:
    """The reasons of the one dialogue of these rows."""
    return next(iter(faults(corpus.to_table(rows)).values()), [])


def said(
    *lines: Line, goal: tuple[tuple[str, str], ...] = (), outcome: str = "success"
) -> list[str]:
    return reasons(dialogue("f", 1, *lines, goal=goal, outcome=outcome))


def at(place: int, /, **fields: Any) -> Callable[[Rows], Rows]:
    """A change of one turn of a dialogue."""
    return lambda rows: [replace(row, **fields) if row.turn == place else row for row in rows]


@pytest.mark.parametrize("rows", [booked(), booked(2, "Rome"), hung_up()])
def test_sound_dialogues_have_no_reasons(rows: Rows) -> None:
    assert faults(corpus.to_table(rows)) == {}


FACTS = Dialogue("book_table", "success", (("city", "Oslo"),))
PLANTED = [
    (lambda rows: rows[1:], "turns_misnumbered"),
    (at(3, turn=2), "turns_misnumbered"),
    (at(3, turn=None), "turns_misnumbered"),
    (lambda rows: [replace(row, speaker="system", state=None) for row in rows], "no_user_turn"),
    (at(3, text=""), "missing_facts"),
    (at(3, act=None), "missing_facts"),
    (at(3, speaker=None), "missing_facts"),
    (at(2, state=None), "missing_facts"),
    (at(0, dialogue=None), "missing_facts"),
    (at(0, dialogue=replace(FACTS, outcome="bliss")), "missing_facts"),
    (at(4, slots=(Slot(0, 99, "city", "x"),)), "span_mismatch"),
    (at(4, slots=(Slot(3, 3, "city", "x"),)), "span_mismatch"),
    (at(4, slots=(Slot(-1, 2, "city", "x"),)), "span_mismatch"),
    (at(4, slots=(Slot(0, 5, "city", "x"), Slot(4, 8, "city", "x"))), "span_mismatch"),
    (at(5, speaker="user", state=()), "speakers_not_alternating"),
    (at(5, speaker="bot"), "speakers_not_alternating"),
    (at(3, state=()), "state_on_system_turn"),
    (at(2, state=(("city", "Oslo"),)), "state_inconsistent"),  # what was said is not in it
    (at(2, state=(("city", "Rome"), ("people", "2"), ("time", "18:30"))), "state_inconsistent"),
    (at(2, state=(("people", "2"), ("time", "18:30"))), "state_inconsistent"),  # city vanished
    (at(0, state=(("city", "Oslo"), ("city", "Oslo"))), "state_inconsistent"),
    (at(2, state=(("time", "18:30"), ("people", "2"), ("city", "Oslo"))), "state_inconsistent"),
        (at(0, state=(("city", "Oslo"), ("day", "1"))), "state_inconsistent"),
    (at(11, act="NOTIFY_FAILURE"), "goal_not_reached"),
    (at(0, dialogue=replace(FACTS, goal=(("city", "Rome"),))), "goal_not_reached"),
    (at(0, dialogue=replace(FACTS, goal=(("day", "1"),))), "goal_not_reached"),
    (at(0, dialogue=replace(FACTS, outcome="failure")), "goal_reached_but_labelled_otherwise"),
    (at(10, text="I want a table in Oslo!", act="AFFIRM", slots=()), "turn_repeated"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "reason"), PLANTED)
def test_a_planted_fault_is_found(plant: Callable[[Rows], Rows], reason: str) -> None:
    assert reason in reasons(plant(booked()))


def test_every_reason_is_planted_above() -> None:
    assert {reason for _, reason in PLANTED} == set(REASONS)


X_OR_Y = system("OFFER:n OFFER:n", "[x](n) or [y](n)?")


@pytest.mark.parametrize(
    ("asked", "answer", "sound"),
    [
        (system("CONFIRM:n", "[2](n)?"), user("AFFIRM", "b", n="2"), True),
        (system("CONFIRM:n", "[2](n)?"), user("AFFIRM", "b", n="3"), False),
        (system("CONFIRM:n", "[2](n)?"), user("AFFIRM", "b", m="2"), False),
        (system("CONFIRM:pet", "a pet?"), user("AFFIRM", "b", pet="True"), True),
        (X_OR_Y, user("SELECT", "b", n="y"), True),
        (X_OR_Y, user("SELECT", "b", n="z"), False),
        (X_OR_Y, user("SELECT:n", "b", n="x"), True),
        (X_OR_Y, user("SELECT:n", "b", n="z"), False),
        (X_OR_Y, user("SELECT:n", "b"), False),
        (X_OR_Y, user("SELECT", "b", m="x"), False),
        (system("REQUEST:n", "n?"), user("INFORM:n", "the same", n="7"), True),  # a reference
        (system("REQUEST:n", "n?"), user("INFORM:n", "the same"), False),
        (system("REQUEST:n", "n?"), user("INFORM:n", "[1](n), no, [2](n)"), True),
        (system("REQUEST:n", "n?"), user("INFORM:n", "[1](n)", m="7"), False),
        (system("REQUEST:n", "n?"), user("REQUEST:n", "what n?", n="7"), False),
    ],
)
def test_states_follow_from_acts(asked: Line, answer: Line, sound: bool) -> None:
    found = said(user("INFORM_INTENT", "a"), asked, answer, OK)
    assert found == ([] if sound else ["state_inconsistent"])


@pytest.mark.parametrize(
    ("answer", "sound"),
    [
        (user("AFFIRM", "b", n="2"), True),
        (user("AFFIRM", "b", n="3"), False),  # which is not what they agreed to
        (user("AFFIRM INFORM:n", "yes, no, [3](n)"), True),
        (user("NEGATE", "b", n="3"), True),
    ],
)
def test_what_is_affirmed_is_in_the_state(answer: Line, sound: bool) -> None:
    told = user("INFORM_INTENT INFORM:n", "for [3](n)")
    found = said(told, system("CONFIRM:n", "[2](n)?"), answer, OK)
    assert found == ([] if sound else ["state_inconsistent"])


def test_what_was_offered_before_may_be_taken() -> None:
    rows = said(user("INFORM_INTENT", "a"), X_OR_Y, user("REQUEST_ALTS", "b"),
                system("OFFER:n", "[z](n)?"), user("SELECT", "the first", n="x"), OK)  # fmt: skip
    assert rows == []


@pytest.mark.parametrize(
    ("act", "sound"),
    [("NEGATE", True), ("INFORM_INTENT", True), ("AFFIRM_INTENT", True), ("THANK_YOU", False)],
)
def test_what_lets_a_slot_vanish(act: str, sound: bool) -> None:
    rows = dialogue("f", 1, user("INFORM_INTENT INFORM:n", "for [2](n)"),
                    system("CONFIRM:n", "[2](n)?"), user(act, "b"), OK)  # fmt: skip
    rows[2] = replace(rows[2], state=())
    assert ("state_inconsistent" not in reasons(rows)) == sound


def test_a_new_intent_carries_over_what_is_known() -> None:
    lines = (user("INFORM_INTENT INFORM:city", "in [Oslo](city)"), system("REQ_MORE", "More?"))
    assert said(*lines, user("INFORM_INTENT", "a taxi there", to="Oslo"), OK) == []
    found = said(*lines, user("INFORM_INTENT", "a taxi there", to="Rome"), OK)
    assert found == ["state_inconsistent"]


@pytest.mark.parametrize(
    "lines",
    [
        (user("INFORM_INTENT", "hi"), system("INFORM:city", "You are in [Oslo](city).")),
        (user("INFORM_INTENT INFORM:city", "from home", city="Oslo"), system("REQ_MORE", "More?")),
    ],
    ids=["said alone", "believed alone"],
)
def test_what_is_known_was_said_or_believed(lines: tuple[Line, ...]) -> None:
    assert said(*lines, user("INFORM_INTENT", "a taxi there", to="Oslo"), OK) == []


@pytest.mark.parametrize(
    ("lines", "reached"),
    [
        ((OK,), True),
        ((system("NOTIFY_FAILURE", "No."), user("AFFIRM", "again"), OK), True),
        ((OK, user("AFFIRM", "more"), system("NOTIFY_FAILURE", "No.")), False),
        ((system("OFFER:n", "[x](n)?"), user("SELECT", "yes")), True),
        ((system("OFFER:n", "[x](n)?"), user("THANK_YOU", "hm")), False),
        ((X_OR_Y, user("SELECT", "yes"), system("OFFER:n", "[z](n)?")), False),
        ((system("OFFER:n", "[x](n)?"), user("SELECT REQUEST_ALTS", "yes, others?")), False),
        ((system("INFORM:balance", "[5](balance)"), user("THANK_YOU", "hm")), True),
        ((system("GOODBYE", "Bye."),), False),
    ],
)  # fmt: skip
def test_when_a_goal_is_reached(lines: tuple[Line, ...], reached: bool) -> None:
    found = said(user("INFORM_INTENT", "a"), *lines)
    assert found == ([] if reached else ["goal_not_reached"])


@pytest.mark.parametrize(
    ("text", "repeated"),
    [("yes", False), ("Yes, please do!", False), ("I said so already", True), ("[x](n)", True)],
)  # fmt: skip
def test_short_answers_may_be_repeated(text: str, repeated: bool) -> None:
    turn = user("INFORM:n", text, n="x")
    found = said(
        turn, system("REQUEST:m", "m?"), turn, system("REQUEST:m", "well?"), outcome="failure"
    )
    assert ("turn_repeated" in found) == repeated


def test_speakers_may_say_what_the_other_said() -> None:
    lines = (
        user("INFORM_INTENT", "what is it then"),
        system("CANT_UNDERSTAND", "What is it then?"),
    )
    assert said(*lines, outcome="failure") == []


def test_neither_the_order_of_rows_nor_single_utterances_matter() -> None:
    rows = [*booked(), *at(2, state=())(booked(2)), *at(3, text=None)(hung_up(3))]
    rows = [*rows, *(replace(row, turn=0) for row in booked(4)), Utterance("u", "hello")]
    expected = faults(corpus.to_table(rows))
    assert (
        list(expected.values())
        == [
            ["state_inconsistent", "goal_not_reached"][:1],
            ["missing_facts"],
            ["turns_misnumbered", "missing_facts"],
        ]
        or len(expected) == 3
    )
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert faults(corpus.to_table(rows)) == expected


def test_no_dialogues_have_no_faults() -> None:
    assert faults(corpus.empty()) == {}
    assert faults(corpus.to_table([Utterance("u", "hello")])) == {}


@pytest.mark.parametrize(
    "text", ["🎉🎉", "a\nb\r\n\tc", "שלום עולם", "x" * 10_000, "\u202eabc", "{}\\"]
)
def test_hostile_text_is_judged(text: str) -> None:
    rows = at(8, text=text, slots=(), act="NEGATE", pattern=text)(booked())
    assert reasons(rows) == ["state_inconsistent"]  # nothing in it corrects the time
