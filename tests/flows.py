"""A small flow that has every kind of state, and what tests do with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textsynth import corpus
from textsynth.corpus import Utterance
from textsynth.dialogue import flowfile
from textsynth.dialogue.flowfile import Flows
from textsynth.dialogue.simulate import simulate
from textsynth.dialogue.words import Words, words
from textsynth.grammar import grammar
from textsynth.grammar.grammar import Grammar

PACK = """
language: en
lists:
  city: {values: [Leeds, York, {in: "(Newcastle|the Toon)", out: Newcastle}]}
intents:
  book_table:
    data:
      - sentences: ["[please] book a table", "a table in {city} please"]
"""
FLOW = """
flow: table
lists:
  size: {values: [two, four]}
  day: {values: [Monday, Friday, Sunday]}
  dish: {values: [soup, stew]}
  reference: {values: [K4, L7, M9]}
slots:
  city:
    ask: ["Which town?", "Where would that be?", "In which town?"]
    answer: ["in {city}", "{city}[ please]"]
    correct: ["no, {city}", "I meant {city}"]
  size:
    ask: ["For how many?", "How many of you?", "A table for how many?"]
    answer: ["for {size}", "{size} of us", "{size} on {day}"]
    other: ["no, the other one"]
  day:
    chance: 0.7
    ask: ["On which day?", "When?", "Which day would suit you?"]
    answer: ["on {day}", "{day}[ please]"]
  meet:
    list: city
    same_as: {city: 0.8}
    ask: ["Where shall the taxi fetch you?", "Where do you start from?"]
    answer: ["from {meet}"]
    refer: ["from there", "the same town"]
answers: ["{size} of us in {city}"]
calls:
  find: {table: places, match: [city], results: {success: 6, error: 1}}
  book: {results: {success: {weight: 5, gives: [reference]}, error: 1}}
tables:
  places:
    - {place: The Anchor, city: Leeds, street: Mill Lane}
    - {place: The Bell, city: Leeds, street: High Street}
    - {place: The Crown, city: Leeds, street: Kirkgate}
    - {place: The Dove, city: York, street: Fossgate}
asides:
  dish:
    asks: ["what is on today", "what's cooking"]
    replies: ["Today it's {dish}."]
    gives: [dish]
states:
  start: {user: book_table, next: details}
  details: {collect: [city, size, day], refused: sorry, next: check}
  check:
    confirm: [city, size, day]
    say: ["A table in {city} for {size}?", "A table in {city} for {size} on {day}, is that right?"]
    next: find
  find: {call: find, success: offer, nothing_found: none, error: sorry}
  none:
    say: ["There is nothing in {city}, I'm afraid."]
    act: NOTIFY_FAILURE
    again: [city]
    next: {details: 3, sorry: 1}
  offer:
    offer: ["There is {place} on {street}.", "I have {place}, or {place:place_2}."]
    selects: [place]
    next: book
    none: sorry
  book: {call: book, success: done, error: sorry}
  done:
    say: ["{place} is booked, your reference is {reference}."]
    act: NOTIFY_SUCCESS
    next: taxi
  taxi: {ask: ["Would you like a taxi?"], chance: 0.5, yes: fetch, no: more}
  fetch: {collect: [meet], next: told}
  told: {listen: ["tell them to hurry", "I'll be waiting outside"], next: more}
  more: {ask: ["Anything else?"], act: REQ_MORE, chance: 0, yes: bye, no: bye}
  sorry: {say: ["I'm sorry, that cannot be done."], act: NOTIFY_FAILURE, end: failure}
  bye: {say: ["Enjoy your meal.", "Goodbye."], act: GOODBYE, end: success}
"""


def pack(text: str = PACK) -> Grammar:
    """Templates from YAML."""
    return grammar.loads(text, "pack.yaml")


def load(folder: Path, *texts: str) -> Flows:
    """Flows from YAML, as files `a.yaml`, `b.yaml` … of a folder."""
    for name, text in zip("abcdef", texts, strict=False):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return flowfile.load(folder)


def spoken(flows: Flows, templates: Grammar | None = None, **more: Any) -> dict[str, Words]:
    """The words of flows."""
    return words(flows, templates if templates is not None else pack(), seed=1, **more)


def dialogues(
    flows: Flows, count: int, name: str = "table", seed: int = 1, max_turns: int = 40
) -> list[list[Utterance]]:
    """Simulated dialogues, each a list of turns."""
    table = simulate(
        flows.files[name].flow,
        spoken(flows)[name],
        range(count),
        seed=seed,
        max_turns=max_turns,
    )
    return split(corpus.utterances(table))


def split(rows: Iterable[Utterance]) -> list[list[Utterance]]:
    """Turns as dialogues."""
    found: dict[str | None, list[Utterance]] = {}
    for row in rows:
        found.setdefault(row.dialogue_id, []).append(row)
    return list(found.values())
