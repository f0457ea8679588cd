"""What flows say: the sentences of intents, with the lists that fill them, and phrases."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flows import dialogues, load, pack, split, spoken

from textsynth import corpus
from textsynth.dialogue.checks import faults
from textsynth.dialogue.lint import lint, require_sound
from textsynth.dialogue.simulate import simulate
from textsynth.dialogue.words import Words, words
from textsynth.errors import GrammarError
from textsynth.grammar.model import Finding

TRIP = """flow: trip
slots:
  src: {list: city, ask: ["From?"], answer: ["from {src}"]}
  dst: {list: city, ask: ["To?"], answer: ["to {dst}"]}
  mode: {chance: 0.5, ask: ["How?"], answer: ["by {mode}"]}
  people: {chance: 0.9, ask: ["How many?"], answer: ["{1..2:people} of us"]}
states:
  start: {user: travel, next: d}
  d: {collect: [src, dst, people], next: done}
  done: {say: ["Done."], act: NOTIFY_SUCCESS, end: success}
"""
TRAVEL = """
intents:
  travel:
    data:
    - sentences: ["go from {city:src} to {city:dst}"]
      distinct: [src, dst]
    - sentences: ["I want to travel{1..3:@times}"]
    - sentences: ["travel by {mode}", "let me travel <how>"]
      lists: {mode: {values: [train, <bus>]}}
      expansion_rules: {bus: coach, how: "on a {mode}"}
    - sentences: ["with {1..2:people} people"]
lists:
  city: {values: [Rome, Oslo]}
  people: {values: ["1", "2", "3"]}
  mode: {values: [tram, train, coach]}
"""


def words_of(folder: Path, flow: str = TRIP, templates: str = TRAVEL, **more: Any) -> Words:
    flows = load(folder, flow)
    return spoken(flows, pack(templates), **more)[next(iter(flows.files))]


def patterns(words: Words, key: str) -> set[str]:
    return {template.pattern for template in words.pools[key].templates}


def findings(folder: Path, flow: str, templates: str, **more: Any) -> list[Finding]:
    flows = load(folder, flow)
    (file,) = flows.files.values()
    return lint(file.flow, spoken(flows, pack(templates), **more)[file.flow.name])


def test_sentences_with_lists_of_their_own_are_said(tmp_path: Path) -> None:
    assert patterns(words_of(tmp_path), "intent:travel") == {
        "go from {src} to {dst}",
        *(f"I want to travel{n}" for n in (1, 2, 3)),
        "travel by {mode}",
        "let me travel on a {mode}",
        "with {people} people",
    }
    assert findings(tmp_path, TRIP, TRAVEL) == []


def test_a_list_fills_a_slot_with_its_own_values_alone(tmp_path: Path) -> None:
    flows = load(tmp_path, TRIP)
    words = spoken(flows, pack(TRAVEL))["trip"]
    table = simulate(flows.files["trip"].flow, words, range(300), seed=1)
    said = {(row.pattern, slot.value) for row in corpus.utterances(table) for slot in row.slots}
    assert {v for p, v in said if p == "travel by {mode}"} == {"train", "coach"}
    assert {v for p, v in said if p == "{people} of us"} == {"1", "2"}
    assert "3" in {v for p, v in said if p == "{people}"}  # which no answer tells otherwise
    assert not faults(table)


def test_sentences_that_nothing_fills_are_found(tmp_path: Path) -> None:
    large = TRAVEL.replace("{1..2:people} people", "{1..9000000:people} people")
    (found,) = findings(tmp_path, TRIP, large)
    assert (found.severity, found.where) == ("warning", "pack.yaml:11")
    assert "'with {people} people' is not said in dialogues" in found.message


def test_a_list_that_says_nothing_of_its_values(tmp_path: Path) -> None:
    flows = load(tmp_path, TRIP)
    with pytest.raises(GrammarError, match=r"the list \{city\} is a wildcard") as raised:
        spoken(flows, pack(TRAVEL.replace("{values: [Rome, Oslo]}", "{wildcard: true}")))
    assert (raised.value.where or "").startswith("a.yaml:3:")
    assert raised.value.fix


@pytest.mark.parametrize(
    ("word", "left_out"),
    [
        ("GO", {"go from {src} to {dst}"}),
        ("want to", {f"I want to travel{n}" for n in (1, 2, 3)}),
        ("trav", set()),
        ("mode", set()),
        ("people", {"with {people} people"}),
    ],
)
def test_words_that_are_left_out_are_whole_words(
    tmp_path: Path, word: str, left_out: set[str]
) -> None:
    narrowed = TRIP.replace("user: travel,", f"user: travel, without: [{word}],")
    every = patterns(words_of(tmp_path), "intent:travel")
    assert patterns(words_of(tmp_path, narrowed), "opens:start") == every - left_out


# -- questions with weighted answers ----------------------------------------------------------

ASKS = """flow: q
user: {more: 0, less: 0, change: 0, aside: 0, refuse: 0, unclear: 0, out_of_scope: 0, hang_up: 0}
states:
  start: {user: book, says: ["book a table"], next: more}
  more: {ask: ["Anything else?"], act: REQ_MORE, chance: 1, yes: {%s}, no: bye}
  again: {user: hours, says: ["when do you open"], next: bye}
  taxi: {say: ["I can order a taxi."], next: bye}
  bye: {say: ["Goodbye."], act: GOODBYE, end: success}
"""


@pytest.mark.parametrize("branches", ["again: 1, taxi: 1", "taxi: 1, again: 1"])
def test_the_answer_leads_to_the_state_that_was_drawn(tmp_path: Path, branches: str) -> None:
    seen = set()
    for dialogue in dialogues(load(tmp_path, ASKS % branches), 60, "q"):
        for before, row in pairwise(dialogue):
            if before.act == "REQ_MORE":
                facts = dialogue[0].dialogue
                assert facts is not None
                assert ("again" in facts.path) == (row.intent == "hours")
                assert ("taxi" in facts.path) == (row.act == "AFFIRM")
                seen.add(row.act)
    assert len(seen) == 2


# -- phrases ----------------------------------------------------------------------------------


def test_phrases_that_a_language_lacks_are_found_where_they_are_needed(tmp_path: Path) -> None:
    german = ASKS % "again: 1, taxi: 1"
    (found,) = findings(tmp_path, german, "language: de\nintents: {}", language="de")
    assert (found.severity, found.where) == ("error", "a.yaml:5:9")
    assert found.message.startswith("nothing is said for yes:more or user:affirm")
    assert "user: {affirm: [...]}" in found.fix
    own = german.replace("states:", "phrases: {user: {affirm: [ja]}}\nstates:")
    assert findings(tmp_path, own, "language: de\nintents: {}", language="de") == []


@pytest.mark.parametrize(
    "habit", ["hang_up", "unclear", "out_of_scope", "change", "refuse", "misheard"]
)
def test_a_flow_with_the_phrases_that_check_names_is_simulated(tmp_path: Path, habit: str) -> None:
    """What is named is all that is needed, and nothing is named that is not."""
    none = "{more: 0, less: 0, change: 0, aside: 0, refuse: 0, unclear: 0, out_of_scope: 0, "
    none += "hang_up: 0, misheard: 0}"
    flow = TRIP.replace("slots:", f"user: {none.replace(f'{habit}: 0', f'{habit}: 0.4')}\nslots:")
    flow = flow.replace("next: done}", "next: check}").replace(
        "  done:", "  check: {confirm: [src, dst], say: ['{src}, {dst}?'], next: done}\n  done:"
    )
    named: dict[str, dict[str, list[str]]] = {"user": {}, "system": {}}
    while True:
        text = f"phrases: {named}\n{flow}".replace("'", '"')
        text = text.replace('"{src}, {dst}?"', "'{src}, {dst}?'")
        found = findings(tmp_path, text, f"language: de\n{TRAVEL}", language="de")
        if not found:
            break
        key = found[0].message.split(", which")[0].split(" ")[-1]
        speaker, _, phrase = key.partition(":")
        named[speaker][phrase] = [f"{phrase} eins", f"{phrase} zwei"]
    flows = load(tmp_path, text)
    words = spoken(flows, pack(f"language: de\n{TRAVEL}"), language="de")["trip"]
    require_sound(flows.files["trip"].flow, words)
    assert split(corpus.utterances(simulate(flows.files["trip"].flow, words, range(200), seed=1)))
    said = {key for speaker, phrases in named.items() for key in phrases if speaker == "user"}
    assert said >= {habit} - {"change", "misheard"}


def test_what_nobody_said_is_not_misheard(tmp_path: Path) -> None:
    flow = TRIP.replace("slots:", "user: {misheard: 0.5}\nslots:")
    flow = flow.replace("mode: {chance: 0.5,", "mode: {chance: 0.5, default: tram,")
    flow = flow.replace("next: done}", "next: check}").replace(
        "  done:", "  check: {confirm: [mode], say: ['By {mode}?'], next: done}\n  done:"
    )
    flows = load(tmp_path, flow)
    words = spoken(flows, pack(TRAVEL))["trip"]
    found = faults(simulate(flows.files["trip"].flow, words, range(200), seed=1))
    assert {reason for reasons in found.values() for reason in reasons} <= {"turn_repeated"}


@pytest.mark.parametrize(
    ("slots", "states", "needed"),
    [
        ("x: {list: one, ask: [a], answer: ['{x}']}", "collect: [x]", set()),
        ("x: {list: two, ask: [a], answer: ['{x}']}", "collect: [x]", set()),
        ("x: {list: two, ask: [a]}, y: {list: two, ask: [b]}", "collect: [x, y]", {"changed"}),
        ("x: {list: two, fixed: true, ask: [a]}", "confirm: [x], say: ['{x}?']", {"denied"}),
        ("x: {list: two, ask: [a]}", "confirm: [x], say: ['{x}?']", {"denied", "changed"}),
        ("x: {list: one, ask: [a]}", "confirm: [x], say: ['{x}?']", set()),
    ],
)
def test_only_what_may_happen_needs_phrases(
    tmp_path: Path, slots: str, states: str, needed: set[str]
) -> None:
    flow = (
        "flow: f\nlists: {one: {values: [a]}, two: {values: [a, b]}}\n"
        "user: {more: 0, less: 0, change: 1, aside: 0, refuse: 0, unclear: 0, out_of_scope: 0,\n"
        "  hang_up: 0, misheard: 1}\n"
        f"slots: {{{slots}}}\n"
        "states:\n"
        "  start: {user: go, says: [go, 'go {x}'], next: does}\n"
        f"  does: {{{states}, yes_says: [ja], next: bye}}\n"
        "  bye: {say: [bye], act: GOODBYE, end: success}\n"
    )
    found = findings(tmp_path, flow, "language: de\nintents: {}", language="de")
    named = {f.message.split(", which")[0].rpartition(":")[2] for f in found if "said" in f.message}
    assert named == needed


def test_flows_without_templates_say_numbers_in_their_language(tmp_path: Path) -> None:
    text = (
        "flow: f\nlists: {n: {range: {from: 2, to: 2, digits: false, words: true}}}\n"
        "slots: {n: {ask: [Wie viele?]}}\nstates:\n"
        "  start: {collect: [n], next: end}\n  end: {say: [Gut.], end: success}\n"
    )
    said = words(load(tmp_path, text), None, seed=0, language="de")["f"].values["n"]
    assert "zwei" in said.surfaces["2"]
