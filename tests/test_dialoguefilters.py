"""Filters on dialogues: turns by themselves, wholes beside wholes, and what may be mended."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from dialogue_rows import booked, dialogue, system, user
from dialogue_rows import hung_up as hung_up_badly
from fakes import embed

from textsynth import corpus, registry, turns
from textsynth.corpus import Slot, Utterance
from textsynth.filters import Context
from textsynth.pipeline.dialoguefilters import CHECKED, LEVELS, Fault, Judged, book, judge
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.sections import Step

Rows = list[Utterance]
SECRET = "ann lee"


def find_leaks(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    places = [text.casefold().find(SECRET) for text in texts]
    return [[(at, at + len(SECRET))] if at >= 0 else [] for at in places]


def judged(
    rows: Rows,
    *steps: str,
    seeds: Sequence[Utterance] = (),
    accepted: Rows | None = None,
    **options: object,
) -> Judged:
    """What becomes of rows; `options` are those of the last step."""
    context = Context(
        corpus.to_table(seeds), corpus.to_table(accepted or ()), embed, find_leaks, seed=1
    )
    planned = [Step(name=name) for name in steps]
    if options:
        planned[-1] = Step(name=steps[-1], options=options)
    return judge(corpus.to_table(rows), planned, context)


def hung_up(number: int = 2) -> Rows:
    """A dialogue in which nothing is odd."""
    return saying(hung_up_badly(number), 3, "the the one")


def saying(rows: Rows, place: int, text: str, **fields: Any) -> Rows:
    """A dialogue in which one turn has other words, without slots."""
    said = replace(rows[place], text=text, pattern=text, slots=(), **fields)
    return [*rows[:place], said, *rows[place + 1 :]]


def small_talk(number: int, *words: str, flow: str = "chat", outcome: str = "abandoned") -> Rows:
    """A dialogue of these turns, the user begins; nothing is at stake in it."""
    lines = [
        user("INFORM_INTENT" if n == 0 else "AFFIRM", text)
        if n % 2 == 0
        else system("REQ_MORE", text)
        for n, text in enumerate(words)
    ]
    return dialogue(flow, number, *lines, outcome=outcome)


def ids(found: Judged) -> set[str]:
    return set(corpus.column(found.kept, "dialogue_id"))


def test_every_filter_has_its_level() -> None:
    assert set(LEVELS) == set(registry.BUILT_IN["filters"])


def test_sound_dialogues_stay_as_they_are() -> None:
    rows = [*booked(), *hung_up(), Utterance("u/1", "hello")]
    found = judged(rows, "exact", "near", "quality", "leak", "memorised", "label", "semantic")
    assert list(corpus.utterances(found.kept)) == rows[:-1]
    assert not found.fallen and not found.mendable
    assert found.steps == [CHECKED, "quality", "leak", "memorised", "exact", "near"]


def test_what_is_wrong_as_annotated_falls_and_cannot_be_mended() -> None:
    rows = booked()
    found = judged([*hung_up(), *saying(rows, 8, "no, later", act="NEGATE")])
    assert found.fallen == {rows[0].dialogue_id: (CHECKED, "state_inconsistent")}
    assert ids(found) == {hung_up()[0].dialogue_id} and not found.mendable


def test_a_repeated_sentence_may_be_mended() -> None:
    rows = small_talk(1, "how are you doing", "Fine. And you?", "how are you doing", "As I said.")
    found = judged(rows)
    assert found.mendable == {
        rows[0].dialogue_id: [Fault(2, CHECKED, "turn_repeated", "how are you doing")]
    }


@pytest.mark.parametrize(
    ("step", "place", "text", "reason"),
    [
        ("quality", 10, "yes yes yes yes yes", "repetition"),
        ("quality", 10, "yes (and", "unbalanced"),
        ("quality", 10, "yes, and fuck off", "unsafe"),
        ("leak", 10, "yes, for ann lee", "leaked_value"),
        ("leak", 11, "Done, Ann Lee.", "leaked_value"),
    ],
)
def test_a_turn_makes_its_dialogue_fall_and_is_named(
    step: str, place: int, text: str, reason: str
) -> None:
    rows = saying(booked(), place, text)
    found = judged([*rows, *hung_up()], step)
    name = str(rows[0].dialogue_id)
    assert found.fallen == {name: (step, reason)}
    assert found.mendable == {name: [Fault(place, step, reason, text)]}
    assert ids(found) == {hung_up()[0].dialogue_id}


def test_quality_is_of_what_users_say() -> None:
    assert not judged(saying(booked(), 11, "Done done done done done."), "quality").fallen


def test_what_is_not_understood_need_be_no_sentence() -> None:
    assert not judged(hung_up_badly(), "quality").fallen
    clear = [replace(row, act=str(row.act).replace("UNCLEAR", "AFFIRM")) for row in hung_up_badly()]
    assert set(judged(clear, "quality").fallen.values()) == {("quality", "odd_characters")}


def test_all_turns_to_be_mended_are_named_at_once() -> None:
    rows = saying(saying(booked(), 10, "yes (and ann lee"), 1, "When, Ann Lee?")
    found = judged(rows, "quality", "leak")
    (own,) = found.mendable.values()
    assert [(fault.turn, fault.reason) for fault in own] == [
        (1, "leaked_value"), (10, "unbalanced"), (10, "leaked_value")
    ]  # fmt: skip
    assert found.fallen == {rows[0].dialogue_id: ("quality", "unbalanced")}


def test_what_the_model_learnt_by_heart() -> None:
    words = "could you maybe find me somewhere nice to eat out with my mother"
    rows = saying(booked(), 4, words, origin="model")
    seeds = [Utterance("s/1", words, "book_table", pattern=words)]
    found = judged([*rows, *hung_up()], "memorised", seeds=seeds)
    assert set(found.fallen.values()) == {("memorised", "memorised")}


def test_seed_dialogues_say_how_long_turns_are() -> None:
    alone = [Utterance(f"s/{n}", "please book me a nice table in town") for n in range(20)]
    assert not judged(booked(), "quality", seeds=alone).fallen
    assert judged(booked(), "quality", seeds=alone).notes == [
        ("quality", "not judged without seed dialogues: length_outlier, perplexity")
    ]
    real = [row for n in range(20) for row in small_talk(n, "yes", "Well?", "no", "Bye.")]
    found = judged(booked(), "quality", seeds=[*alone, *real])
    assert set(found.fallen.values()) == {("quality", "length_outlier")}
    only = judged(booked(), "quality", seeds=alone, checks=("length_outlier",))
    assert not only.fallen


# -- wholes -----------------------------------------------------------------------------------


def test_equal_dialogues() -> None:
    rows = [*booked(1), *booked(2), *hung_up(3)]
    found = judged(rows, "exact")
    assert list(found.fallen.values()) == [("exact", "duplicate")]
    assert not found.mendable
    assert judged([*booked(1), *hung_up(3)], "exact", accepted=booked(9)).fallen
    copied = judged(booked(1), "exact", seeds=[replace(row, origin="seed") for row in booked(9)])
    assert set(copied.fallen.values()) == {("exact", "seed_copy")}


def test_turns_that_dialogues_share_make_no_duplicates() -> None:
    rows = [*small_talk(1, "hi there", "Hello!", "how are you"),
            *small_talk(2, "hi there", "Hello!", "what is the news")]  # fmt: skip
    assert not judged(rows, "exact", "near").fallen


def test_near_dialogues() -> None:
    talk = ["i want to know what is new in the world today", "There is a lot. What of it?",
            "all that you can tell me about the sea and the sky"]  # fmt: skip
    rows = [*small_talk(1, *talk), *small_talk(2, *talk[:2], talk[2] + " please")]
    assert list(judged(rows, "near").fallen.values()) == [("near", "near_duplicate")]
    other = small_talk(2, *talk[:2], talk[2] + " please", flow="other")
    assert not judged([*rows[:3], *other], "near").fallen


def test_dialogues_that_differ_in_values_alone_are_siblings() -> None:
    assert not judged([*booked(1, "Oslo"), *booked(2, "Rome")], "exact", "near").fallen


def chat(number: int, style: str) -> Rows:
    """One of many dialogues that are told apart by how people put things, or by what they do."""
    draw = random.Random(number)
    topic = draw.choice(["rain", "music", "the sea", "trains", "bread", "paint", "snow"])
    day = draw.choice(["today", "tomorrow", "on monday", "next week"])
    opening = {"kindly": f"kindly tell me of {topic} {day}", "act": f"what about {topic} {day}"}
    rows = small_talk(
        number, opening.get(style, f"what about {topic} {day}"), "Why do you ask?", f"{day} is best"
    )
    if style == "act":
        rows[2] = replace(rows[2], act="THANK_YOU")
    return rows


@pytest.mark.parametrize(("style", "found"), [("kindly", True), ("act", True), ("plain", False)])
def test_adversarial_sees_words_and_acts(style: str, found: bool) -> None:
    rows = [row for n in range(60) for row in chat(n, style)]
    seeds = [row for n in range(100, 160) for row in chat(n, "plain")]
    result = judged(rows, "adversarial", seeds=seeds)
    assert (result.figures["adversarial"]["auc"] > 0.9) == found
    assert (len(result.fallen) == 15) == found
    assert not result.mendable


def test_adversarial_sees_no_acts_where_one_side_has_none() -> None:
    rows = [row for n in range(60) for row in chat(n, "plain")]
    seeds = [replace(row, act=None) for n in range(100, 160) for row in chat(n, "plain")]
    assert judged(rows, "adversarial", seeds=seeds).figures["adversarial"]["auc"] < 0.9


def test_adversarial_needs_seed_dialogues() -> None:
    seeds = [Utterance(f"s/{n}", f"words of number {n}", "i") for n in range(30)]
    found = judged(booked(), "adversarial", seeds=seeds)
    assert found.notes == [("adversarial", "there are no seed dialogues to tell dialogues from")]
    assert not found.fallen


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [*booked(1), *booked(2), *saying(booked(3, "Rome"), 10, "yes (and"), *hung_up(4)]
    expected = judged(rows, "exact", "near", "quality", "leak")
    random.Random(1).shuffle(rows)
    found = judged(rows, "exact", "near", "quality", "leak")
    assert found.fallen == expected.fallen and found.mendable == expected.mendable
    there = [row.id for row in rows if row.dialogue_id not in found.fallen]
    assert corpus.column(found.kept, "id") == there


def test_nothing_is_judged_of_nothing() -> None:
    found = judged([], "exact", "near", "quality", "leak", "adversarial")
    assert found.kept.num_rows == 0 and not found.fallen


def test_hostile_text() -> None:
    texts = ["🎉🎉", "a\nb\r\n\tc", "שלום עולם", "x" * 10_000, "{}\\", "a\0b", "\x1f"]
    rows = [row for n, text in enumerate(texts) for row in small_talk(n, text, "{city} \\", "ok")]
    found = judged([replace(r, pattern=None) for r in rows], "exact", "near", "quality", "leak")
    assert set(found.fallen) < {str(row.dialogue_id) for row in rows}


# -- accounts ---------------------------------------------------------------------------------


def test_accounts_count_dialogues_and_keep_their_turns() -> None:
    rows = [*booked(1), *booked(2), *saying(booked(3, "Rome"), 10, "for ann lee"), *hung_up(4)]
    found = judged(rows, "leak", "exact")
    ledger = Ledger()
    book(corpus.to_table(rows), found, ledger, Progress())
    assert ledger.steps == {
        CHECKED: (4, 4, Counter()),
        "leak (dialogues)": (4, 3, Counter(leaked_value=1)),
        "exact (dialogues)": (3, 2, Counter(duplicate=1)),
    }
    assert [table.num_rows for table in ledger.rejects] == [12, 12]
    assert corpus.column(ledger.rejects[0], "text") == [None] * 12  # what leaks is kept nowhere
    ledger = Ledger()
    book(corpus.to_table(rows), found, ledger, Progress(), mended=found.mendable)
    assert ledger.steps["leak (dialogues)"] == (3, 3, Counter())


# -- turns as columns -------------------------------------------------------------------------


def test_whole_dialogues_are_rows() -> None:
    rows = hung_up()
    rows[2] = replace(rows[2], origin="model")
    table = turns.whole(turns.dialogues(corpus.to_table([*booked(1), *rows])))
    assert table.schema == corpus.SCHEMA
    first, second = corpus.utterances(table)
    assert second.text.split("\n")[:2] == ["Good evening!", "table for four"]
    assert second.pattern and second.pattern.split("\n")[:2] == [
        "Good evening!",
        "table for {people}",
    ]
    assert (second.intent, second.origin, first.origin) == ("book_table", "model", "template")
    assert second.dialogue == rows[0].dialogue and second.act and second.act.count("REQUEST") == 2


def test_one_name_may_stand_for_two_labels_in_two_turns() -> None:
    rows = small_talk(1, "to x", "Fine.", "from x")
    rows[0] = replace(rows[0], pattern="to {town:a}", slots=(Slot(3, 4, "town", "x"),))
    rows[2] = replace(rows[2], pattern="from {city:a}", slots=(Slot(5, 6, "city", "x"),))
    (row,) = corpus.utterances(turns.whole(turns.dialogues(corpus.to_table(rows))))
    assert row.pattern == "to {town}\nFine.\nfrom {city}"


def test_dialogues_are_cut_whatever_the_order() -> None:
    rows = [*booked(3), *hung_up(2), Utterance("u", "hi"), *booked(1)]
    table = corpus.to_table(rows)
    order = random.Random(0).sample(range(len(rows)), len(rows))
    found = turns.dialogues(corpus.take(table, order))
    assert found.ids() == sorted({str(row.dialogue_id) for row in rows if row.dialogue_id})
    assert found.sizes().tolist() == [12, 6, 12]
    expected = turns.dialogues(table)
    assert found.turns.equals(expected.turns)
    assert corpus.take(table, np.array(order)[found.rows]).equals(found.turns)


def test_acts() -> None:
    assert turns.acts("INFORM:city REQUEST_ALTS") == (("INFORM", "city"), ("REQUEST_ALTS", None))
    assert turns.acts(None) == turns.acts("") == ()
    assert turns.names("user", "INFORM:b AFFIRM INFORM:a") == "user AFFIRM INFORM"
    found = turns.bigrams(turns.dialogues(corpus.to_table(hung_up())))
    assert found[0][0] == ("system GREETING", "user INFORM INFORM_INTENT")
    assert len(found[0]) == 5


def test_flat_columns() -> None:
    column = pa.array([[{"slot": "a", "value": "1"}], None, []], pa.list_(corpus.STATE))
    assert turns.flat(column, "slot", "value") == [["a"], ["1"], [1, 1, 1]]
