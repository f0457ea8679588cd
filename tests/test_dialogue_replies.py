"""States with replies, and what goes with them: forks, defaults, skew, slots asked together."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from flows import load

from textsynth import corpus
from textsynth.corpus import Utterance
from textsynth.dialogue.checks import faults
from textsynth.dialogue.simulate import simulate
from textsynth.dialogue.words import words
from textsynth.errors import GrammarError

FLOW = """
flow: rooms
user: {aside: 0, change: 0, misheard: 0, refuse: 0, unclear: 0, out_of_scope: 0, hang_up: 0}
lists:
  town: {values: [Leeds, York, Hull]}
  room: {values: [attic, cellar, loft, studio]}
  nights: {values: ["1", "2", "3", "4"]}
  beds: {values: [{in: "with one bed", out: "1"}, {in: "with two beds", out: "2"}]}
  door: {values: [red, blue]}
slots:
  town: {ask: ["Where?", "Which town?", "In what town?"], answer: ["In {town}."]}
  nights:
    skew: 3
    ask: ["How long?", "How many nights?", "Until when?"]
    answer: ["{nights} nights."]
  room: {chance: 0, ask: ["Which?"], answer: ["The {room}."]}
  beds: {chance: 0, default: "1", answer: ["{beds}."]}
calls:
  find: {records: 3, match: [town], results: {success: {gives: [town, room, door]}}}
  book: {results: {success: {gives: [door]}}}
asides:
  door: {asks: ["What colour is the door?"], replies: ["It is {door}."]}
states:
  start: {next: {open: 1}}
  open: {user: find_room, says: ["A room, please.", "A room in {town}."], next: ask}
  ask: {collect: [town, nights], also: [], together: 0.5, next: find}
  find: {call: find, success: offer}
  offer:
    offer: ["The {room} in {town}?", "{count} rooms, such as the {room} in {town}."]
    replies:
      take: {says: ["Good.", "Fine."], act: SELECT, weight: 2, next: check}
      name: {says: ["The {room} is good."], act: "SELECT:room", next: check}
      ask: {asks: [door], weight: 2}
      another: {says: ["Another?", "And else?"], act: REQUEST_ALTS, weight: 2}
      move: {says: ["Not there."], act: REQUEST_ALTS, changes: [town], next: find}
  check:
    confirm: [room, nights, beds]
    say:
      - "The {room}[ for {nights} nights][ {beds}]?"
      - "So[ {nights} nights][, {beds}][, the {room}]?"
    replies:
      yes: {says: ["Yes."], act: AFFIRM, next: book}
      and: {says: ["Yes."], act: AFFIRM, asks: [door], next: book}
      change: {act: NEGATE, changes: [nights]}
  book: {call: book, success: done}
  done:
    say: ["Done.", "It is yours."]
    act: NOTIFY_SUCCESS
    replies:
      bye: {says: ["Thanks."], act: THANK_YOU GOODBYE, next: bye}
  bye: {say: ["Bye."], act: GOODBYE, end: success}
"""


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    flows = load(tmp_path_factory.mktemp("flows"), FLOW)
    table = simulate(
        flows.files["rooms"].flow, words(flows, None, seed=1)["rooms"], range(300), seed=1
    )
    wrong = faults(table)
    assert [reasons for reasons in wrong.values() if reasons != ["turn_repeated"]] == []
    return list(corpus.utterances(table))


def after(turns: list[Utterance], act: str) -> Counter[str]:
    """What users do after an act of the system, or the system after one of the user."""
    return Counter(
        row.act or ""
        for before, row in pairwise(turns)
        if row.turn and act in (before.act or "").split()
    )


def test_users_reply_by_weight(turns: list[Utterance]) -> None:
    found = after(turns, "OFFER:room")
    assert {"SELECT", "SELECT:room", "REQUEST:door", "REQUEST_ALTS"} <= found.keys()
    assert found["SELECT"] > found["SELECT:room"] > 0
    assert found["REQUEST_ALTS INFORM:town"] > 0


def test_a_question_is_answered_and_the_offer_not_said_again(turns: list[Utterance]) -> None:
    assert {act for act in after(turns, "REQUEST:door") if "OFFER" in act} == set()
    assert after(turns, "REQUEST:door")["INFORM:door"] > 0


def test_a_question_with_yes_is_answered_with_the_result(turns: list[Utterance]) -> None:
    found = {row.act for before, row in pairwise(turns) if before.act == "AFFIRM REQUEST:door"}
    assert found == {"NOTIFY_SUCCESS INFORM:door"}


def test_a_record_is_taken_with_what_was_said_of_it(turns: list[Utterance]) -> None:
    offered: dict[str, str] = {}
    for row in turns:
        if row.speaker == "system" and "OFFER:room" in (row.act or ""):
            offered = {span.label: span.value for span in row.slots}
        elif "SELECT" in (row.act or ""):
            assert row.state is not None
            assert dict(row.state)["room"] == offered["room"]


def test_records_have_what_the_user_wants(turns: list[Utterance]) -> None:
    town = ""
    for row in turns:
        if row.speaker == "user" and row.state is not None:
            town = dict(row.state).get("town", town)
        elif "OFFER:town" in (row.act or ""):
            assert {span.value for span in row.slots if span.label == "town"} == {town}


def test_what_the_user_confirms_is_believed(turns: list[Utterance]) -> None:
    agreed = [dict(row.state or ()) for row in turns if (row.act or "").startswith("AFFIRM")]
    assert agreed
    assert any(state.get("beds") == "1" for state in agreed)
    assert all(row.act == "NEGATE INFORM:nights" for row in turns if "NEGATE" in (row.act or ""))


def test_slots_are_asked_for_together_now_and_then(turns: list[Utterance]) -> None:
    asked = Counter(row.act for row in turns if "REQUEST" in (row.act or "") and row.turn == 1)
    both = asked["REQUEST:town REQUEST:nights"] + asked["REQUEST:nights REQUEST:town"]
    assert 0 < both < sum(asked.values())
    assert asked["REQUEST:town"] > 0
    assert asked["REQUEST:nights"] > 0


def test_the_first_values_are_wanted_more(turns: list[Utterance]) -> None:
    goals = [dict(row.dialogue.goal) for row in turns if row.dialogue]
    nights = Counter(goal["nights"] for goal in goals)
    assert nights["1"] > 2 * nights["4"] > 0


def test_how_many_is_told_once(turns: list[Utterance]) -> None:
    told = Counter(
        row.dialogue_id for row in turns if "INFORM_COUNT:count" in (row.act or "").split()
    )
    searches = Counter(row.dialogue_id for row in turns if "INFORM:town" in (row.act or ""))
    assert 0 < len(told) < 300
    assert all(count <= max(1, searches[name]) for name, count in told.items())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("act: GOODBYE, end: success", "act: GOODBYE, next: bye2", "no state 'bye2'"),
        ("asks: [door], weight: 2", "asks: [dor]", "no aside 'dor'"),
        ("changes: [town], next", "changes: [twon], next", "no slot 'twon'"),
        ("act: SELECT, weight: 2", "act: SELECT, weight: -2", "no weight"),
        ("act: THANK_YOU GOODBYE, next: bye", "act: THANK_YOU", "dead end"),
        ("skew: 3", "skew: 0.5", "less than 1"),
        ("together: 0.5", "together: 5", "no chance"),
        ("also: []", "also: [x]", "no slot 'x'"),
        ("also: [], together", "also: [], replies: {a: {next: find}}, together", "nobody replies"),
    ],
)  # fmt: skip
def test_mistakes_in_replies_are_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert FLOW.count(old) == 1
    with pytest.raises(GrammarError, match=message) as caught:
        load(tmp_path, FLOW.replace(old, new))
    assert (caught.value.where or "").startswith("a.yaml:")


def test_unknown_keys_of_replies_are_noted(tmp_path: Path) -> None:
    noted = load(tmp_path, FLOW.replace("act: SELECT, weight", "act: SELECT, wieght")).noted
    assert any("wieght" in finding.message for finding in noted)


def test_replies_that_cannot_be_said_are_told(tmp_path: Path) -> None:
    text = FLOW.replace('bye: {says: ["Thanks."]', 'bye: {says: ["The {door} thanks."]')
    flows = load(tmp_path, text)
    spoken = words(flows, None, seed=1)["rooms"]
    with pytest.raises(GrammarError, match="nothing can be replied to the state 'done'"):
        simulate(flows.files["rooms"].flow, spoken, range(20), seed=1)


def test_a_question_is_answered_with_what_its_answer_gives(tmp_path: Path) -> None:
    text = FLOW.replace(
        'door: {asks: ["What colour is the door?"], replies: ["It is {door}."]}',
        'view: {asks: ["What is the view?"], replies: ["The {sight}."], gives: {sight: sea}}',
    ).replace("asks: [door]", "asks: [view]")
    text = text.replace("lists:\n", "lists:\n  sea: {values: [harbour, lake]}\n")
    flows = load(tmp_path, text)
    own = words(flows, None, seed=1)["rooms"]
    rows = list(corpus.utterances(simulate(flows.files["rooms"].flow, own, range(60), seed=1)))
    asked = [at for at, row in enumerate(rows) if "REQUEST:view" in (row.act or "")]
    assert asked
    for at in asked:
        assert "INFORM:view" in (rows[at + 1].act or "")
        assert {slot.label for slot in rows[at + 1].slots} >= {"sight"}
