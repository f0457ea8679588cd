"""Simulated dialogues: annotated by construction, the same for the same keys, as the flow says."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from flows import FLOW, dialogues, load, pack, spoken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth import corpus
from textsynth.corpus import Utterance
from textsynth.dialogue.checks import faults
from textsynth.dialogue.flowfile import Flows
from textsynth.dialogue.simulate import simulate
from textsynth.errors import GrammarError
from textsynth.patterns import parse

MANY = 400
WORDS = st.characters(exclude_categories=["Cc", "Cs", "Z"])


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Flows:
    return load(tmp_path_factory.mktemp("flows"), FLOW)


@pytest.fixture(scope="module")
def many(flows: Flows) -> list[list[Utterance]]:
    return dialogues(flows, MANY)


def with_habit(tmp_path: Path, **habits: float) -> list[list[Utterance]]:
    """Dialogues of users who do these things alone."""
    none = dict.fromkeys(("more", "less", "change", "aside", "refuse", "unclear", "out_of_scope",
                          "hang_up", "misheard"), 0.0)  # fmt: skip
    text = f"user: {none | habits}\n".replace("'", "") + FLOW.replace("\nflow", "flow", 1)
    return dialogues(load(tmp_path, text), 150)


def acts(dialogue: list[Utterance]) -> list[str]:
    return [act for row in dialogue for act in (row.act or "").split()]


def count(found: list[list[Utterance]], act: str) -> int:
    return sum(act in acts(dialogue) for dialogue in found)


def test_nothing_is_wrong_with_them(flows: Flows) -> None:
    words = spoken(flows)["table"]
    table = simulate(flows.files["table"].flow, words, range(MANY), seed=1, max_turns=90)
    assert table.schema == corpus.SCHEMA
    found = faults(table)
    # the flow has few words, so that a question that is put again may find the same ones
    assert not {r for reasons in found.values() for r in reasons} - {"turn_repeated"}


def test_turns_are_annotated(many: list[list[Utterance]]) -> None:
    for dialogue in many:
        name = dialogue[0].dialogue_id
        assert [row.turn for row in dialogue] == list(range(len(dialogue)))
        assert [row.id for row in dialogue] == [
            f"dialogue/{name}/{n}" for n in range(len(dialogue))
        ]
        assert [row.dialogue is not None for row in dialogue] == [
            True, *[False] * (len(dialogue) - 1)]  # fmt: skip
        for before, row in pairwise(dialogue):
            assert before.speaker != row.speaker
        for row in dialogue:
            assert row.act
            assert (row.state is None) == (row.speaker == "system")
            assert (row.intent is None) == (row.speaker == "system")


def test_spans_and_patterns_agree(many: list[list[Utterance]]) -> None:
    for row in (row for dialogue in many for row in dialogue):
        assert row.pattern is not None
        pieces, at = [], 0
        for part in parse(row.pattern).parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            slot = row.slots[at]
            assert slot.label == part.label
            pieces.append(row.text[slot.start : slot.end])
            at += 1
        assert "".join(pieces) == row.text
        assert at == len(row.slots)


def test_what_a_turn_tells_is_in_its_state(many: list[list[Utterance]]) -> None:
    for row in (row for dialogue in many for row in dialogue if row.speaker == "user"):
        told = {slot.label: slot.value for slot in row.slots if slot.label != "place"}
        assert told.items() <= dict(row.state or ()).items()


def test_every_state_and_outcome_occurs(flows: Flows, many: list[list[Utterance]]) -> None:
    whole = [dialogue[0].dialogue for dialogue in many]
    entered = {state for facts in whole if facts for state in facts.path}
    assert entered == set(flows.files["table"].flow.states)
    assert {facts.outcome for facts in whole if facts} == {"success", "failure", "abandoned"}


def test_goals_that_were_reached(many: list[list[Utterance]]) -> None:
    for dialogue in many:
        facts = dialogue[0].dialogue
        assert facts is not None
        if facts.outcome == "success":
            last = next(row for row in reversed(dialogue) if row.speaker == "user")
            assert dict(facts.goal) == dict(last.state or ())


def test_ways_that_users_go(many: list[list[Utterance]]) -> None:
    seen = Counter(act.split(":")[0] for dialogue in many for act in acts(dialogue))
    for act in ("INFORM_INTENT", "INFORM", "REQUEST", "CONFIRM", "AFFIRM", "NEGATE", "OFFER",
                "SELECT", "REQUEST_ALTS", "REFUSE", "UNCLEAR", "CANT_UNDERSTAND", "OUT_OF_SCOPE",
                "CANT_HELP", "HANG_UP", "NOTIFY_SUCCESS", "NOTIFY_FAILURE", "REQ_MORE",
                "GOODBYE", "OFFER_INTENT", "AFFIRM_INTENT", "NEGATE_INTENT"):  # fmt: skip
        assert seen[act], act


def test_values_go_together_with_records(many: list[list[Utterance]]) -> None:
    street = {"The Anchor": "Mill Lane", "The Bell": "High Street", "The Crown": "Kirkgate",
              "The Dove": "Fossgate"}  # fmt: skip
    for row in (row for dialogue in many for row in dialogue):
        told = {slot.label: slot.value for slot in row.slots}
        if "street" in told:
            assert street[told["place"]] == told["street"]


def test_the_second_one_is_the_second_one(many: list[list[Utterance]]) -> None:
    met = 0
    for dialogue in many:
        for before, row in pairwise(dialogue):
            if "second" in row.text and row.act == "SELECT":
                places = [slot.value for slot in before.slots if slot.label == "place"]
                later = [s.value for r in dialogue[(row.turn or 0) + 1 :] for s in r.slots
                         if s.label == "place"]  # fmt: skip
                assert not later or later[0] == places[1]
                met += 1
    assert met


def test_references_carry_values(many: list[list[Utterance]]) -> None:
    met = 0
    for row in (row for dialogue in many for row in dialogue):
        if row.text in ("from there", "the same town"):
            state = dict(row.state or ())
            assert row.act == "INFORM:meet"
            assert not row.slots
            assert state["meet"] == state["city"]
            met += 1
    assert met


def test_the_other_one_is_the_other_one(tmp_path: Path) -> None:
    met = 0
    for dialogue in with_habit(tmp_path, misheard=0.5, change=0.3):
        for before, row in pairwise(dialogue):
            if "the other one" in row.text and "INFORM:size" in (row.act or ""):
                wrong = [slot.value for slot in before.slots if slot.label == "size"]
                assert wrong == [] or dict(row.state or ())["size"] != wrong[0]
                met += 1
    assert met


@pytest.mark.parametrize(
    ("habit", "act"),
    [("hang_up", "HANG_UP"), ("unclear", "UNCLEAR"), ("out_of_scope", "OUT_OF_SCOPE"),
     ("aside", "REQUEST:dish"), ("refuse", "REFUSE:city")],
)  # fmt: skip
def test_habits_show_where_they_are_asked_for(tmp_path: Path, habit: str, act: str) -> None:
    assert count(with_habit(tmp_path, **{habit: 0.4}), act) > 20
    assert count(with_habit(tmp_path), act) == 0


def test_a_quiet_user_answers_one_thing_at_a_time(tmp_path: Path) -> None:
    def told(found: list[list[Utterance]]) -> float:
        answers = [row for d in found for row in d[1:] if row.speaker == "user" and row.slots]
        return sum(len(row.slots) for row in answers) / len(answers)

    assert told(with_habit(tmp_path)) == 1
    assert told(with_habit(tmp_path, more=0.5)) > 1.1


OTHERWISE = """flow: table
lists:
  city: {values: [Leeds, York]}
  time: {values: [{in: seven, out: "19:00"}, {in: eight, out: "20:00"}, {in: nine, out: "21:00"}]}
slots:
  city: {ask: ["Which town?"], answer: ["in {city}"]}
  time: {chance: 0.5, required: true, ask: ["When?"], answer: ["at {time}"]}
asides:
  busy: {asks: ["is it busy at {time}"], replies: ["At {time} it is quiet."]}
calls:
  find: {table: places, match: [city], results: {success: 1}}
tables:
  places:
    - {place: The Anchor, city: Leeds, time: "20:00"}
    - {place: The Bell, city: York, time: "21:00"}
user: {aside: 0.5, misheard: 0}
states:
  start: {user: book_table, says: ["book a table", "a table at {time}"], next: details}
  details: {collect: [city], next: find}
  find: {call: find, success: offer, nothing_found: sorry}
  offer: {offer: ["How about {place}%s?"], selects: [place], next: check, none: sorry}
  check: {confirm: [time], say: ["So {time} it is?"], next: done}
  done: {say: ["{place} is booked."], act: NOTIFY_SUCCESS, end: success}
  sorry: {say: ["I'm sorry."], act: NOTIFY_FAILURE, end: failure}
"""


@pytest.mark.parametrize("told", ["", " at {time}"])
def test_records_that_differ_from_the_goal(tmp_path: Path, told: str) -> None:
    """What users agree to is what they now want, in the words that mean it."""
    words = {"19:00": "seven", "20:00": "eight", "21:00": "nine"}
    affirmed = 0
    for dialogue in dialogues(load(tmp_path, OTHERWISE % told), 200):
        assert not faults(corpus.to_table(dialogue))
        for before, row in pairwise([*dialogue]):
            times = [slot for slot in row.slots if slot.label == "time"]
            assert all(row.text[s.start : s.end] in (words[s.value], s.value) for s in times)
            if "CONFIRM:time" in (before.act or "") and "AFFIRM" in (row.act or "").split():
                (read,) = [s.value for s in before.slots if s.label == "time"][-1:]
                assert dict(row.state or ())["time"] == read
                affirmed += 1
    assert affirmed


def test_a_dialogue_in_which_nobody_gets_to_speak_ends_with_a_message(tmp_path: Path) -> None:
    change = "again: [city]\n    next: {details: 3, sorry: 1}"
    assert change in FLOW
    text = FLOW.replace(change, "next: details").replace(
        "refused: sorry, next: check", "next: find"
    )
    with pytest.raises(GrammarError, match="details -> find -> none -> details") as raised:
        dialogues(load(tmp_path, text), MANY)
    assert (raised.value.where or "").startswith("a.yaml:")
    assert "again" in (raised.value.fix or "")


def test_a_dialogue_that_is_too_long_is_abandoned(flows: Flows) -> None:
    cut = dialogues(flows, 60, max_turns=6)
    assert {len(dialogue) for dialogue in cut} <= set(range(1, 7))
    for dialogue in cut:
        facts = dialogue[0].dialogue
        assert facts is not None
        assert len(dialogue) < 6 or facts.outcome in ("abandoned", "success", "failure")
    long = [
        d for d in cut if len(d) == 6 and d[0].dialogue and d[0].dialogue.outcome == "abandoned"
    ]
    assert long


def test_a_dialogue_depends_on_its_number_alone(flows: Flows) -> None:
    flow, words = flows.files["table"].flow, spoken(flows)["table"]
    every = simulate(flow, words, range(30), seed=4)
    parts = [simulate(flow, words, [n], seed=4) for n in range(30)]
    assert corpus.concat(parts).to_pylist() == every.to_pylist()
    assert simulate(flow, words, range(30), seed=5).to_pylist() != every.to_pylist()


def test_other_words_leave_what_is_done(flows: Flows) -> None:
    flow = flows.files["table"].flow
    words = spoken(flows)["table"]
    first, other = (simulate(flow, words, range(60), seed=2, take=n) for n in (0, 1))
    assert corpus.column(first, "act") == corpus.column(other, "act")
    assert corpus.column(first, "state") == corpus.column(other, "state")
    assert corpus.column(first, "text") != corpus.column(other, "text")


def test_patterns_of_a_model_are_used_and_marked(flows: Flows) -> None:
    invented = {"table": {"answer": ["we fancy {city}"], "user:confirmed": ["spot on"]}}
    words = spoken(flows, invented=invented)["table"]
    rows = list(corpus.utterances(simulate(flows.files["table"].flow, words, range(80), seed=1)))
    assert {row.origin for row in rows if "we fancy" in row.text} == {"model"}
    assert {row.origin for row in rows if row.text == "spot on"} == {"model"}
    assert "template" in {row.origin for row in rows}


def test_no_dialogues(flows: Flows) -> None:
    table = simulate(flows.files["table"].flow, spoken(flows)["table"], [], seed=1)
    assert table.num_rows == 0
    assert table.schema == corpus.SCHEMA


def test_an_opening_that_nobody_can_say(tmp_path: Path) -> None:
    text = "intents: {book_table: {data: [{sentences: ['in {city} at {hour}']}]}}\n"
    text += "lists: {city: {values: [Leeds]}, hour: {values: [six]}}"
    flows = load(tmp_path, FLOW)
    words = spoken(flows, pack(text))["table"]
    with pytest.raises(GrammarError, match="the user has nothing to say in the state 'start'"):
        simulate(flows.files["table"].flow, words, [0], seed=1)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(WORDS, min_size=1).map(str.strip).filter(bool), min_size=1, max_size=4, unique=True
    )
)
def test_any_values_keep_their_spans(flows: Flows, values: list[str]) -> None:
    templates = pack().supply({"city": values})
    words = spoken(flows, templates)["table"]
    for row in corpus.utterances(simulate(flows.files["table"].flow, words, range(5), seed=1)):
        assert corpus.span_fault(row.text, [(s.start, s.end) for s in row.slots]) is None
        for slot in row.slots:
            assert slot.label != "city" or row.text[slot.start : slot.end] in values
