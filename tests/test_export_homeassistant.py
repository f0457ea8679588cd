"""Home Assistant's sentences of rows: what is written, refused by name, and what hassil hears."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from exported import HOSTILE, kept, row, told, utterances
from hassil.intents import Intents, TextSlotList
from hassil.recognize import recognize_all
from hassil.util import normalize_for_matching
from hypothesis import given, settings
from hypothesis import strategies as st

from textsynth import importers
from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.heard import heard
from textsynth.export.homeassistant import character_fits, export
from textsynth.export.rows import Row

FILE = "out/custom_sentences/en/textsynth.yaml"


def understood(folder: Path, one: Utterance) -> bool:
    """Whether the row is among hassil's answers to its text."""
    file = next(folder.rglob("textsynth.yaml"))
    intents = Intents.from_dict(yaml.safe_load(file.read_text(encoding="utf-8")))
    wanted = (one.intent, sorted((s.label, s.value.strip()) for s in one.slots))
    return any(
        wanted
        == (found.intent.name, sorted((e.name, str(e.value).strip()) for e in found.entities_list))
        for found in recognize_all(one.text, intents)
    )


ROWS = [
    row("Play Jazz, please!", ("Jazz", "genre", "Jazz"), intent="play"),
    row("play rock please", ("rock", "genre", "rock"), intent="play"),
    row("play Help! by R.E.M.", ("Help!", "song", "Help!"), ("R.E.M.", "artist", "rem"),
        intent="play"),
    row("it\u2019s (x) time", ("(x)", "sign", "(x)"), intent="say"),
    row("do Up \u2013 Down", ("Up \u2013 Down", "song", "up"), intent="play"),
    row("say a;b\\c@d", ("a;b\\c@d", "sign", "y"), intent="say"),
]  # fmt: skip


def test_what_is_written(tmp_path: Path) -> None:
    report = export(to_table(ROWS), tmp_path / "out", About("x"))
    assert (report.written, report.refused) == (6, {})
    assert (tmp_path / FILE).read_text(encoding="utf-8") == (
        '# Made by textsynth.\nlanguage: "en"\nintents:\n'
        '  "play":\n    data:\n      - sentences:\n'
        '          - "Play {genre} please"\n'
        '          - "play {song} by {artist}"\n'
        '          - "do {song}"\n'
        '  "say":\n    data:\n      - sentences:\n'
        '          - "it\'s {sign} time"\n'
        '          - "say {sign}"\n'
        "lists:\n"
        '  "artist":\n    values:\n      - {in: "R.E.M.", out: "rem"}\n'
        '  "genre":\n    values:\n      - "(Jazz)"\n      - "(rock)"\n'
        '  "sign":\n    values:\n      - "(\\\\(x\\\\))"\n'
        '      - {in: "(a\\\\;b\\\\\\\\c@d)", out: "y"}\n'
        '  "song":\n    values:\n      - {in: "Help", out: "Help!"}\n'
        '      - {in: "(Up Down)", out: "up"}\n'
    )
    assert all(understood(tmp_path, one) for one in ROWS)
    grammar = importers.load(tmp_path / "out")
    assert set(grammar.intents) == {"play", "say"}


def test_lists_of_the_house_do_not_take_the_place_of_ours(tmp_path: Path) -> None:
    rows = [
        row("light the den", ("den", "area", "den"), intent="light"),
        row("call Ann in the den", ("Ann", "name", "ann"), ("den", "area", "den"), intent="call"),
        row("dim the hall to 5", ("hall", "area", "hall"), ("5", "level", "5"), intent="light"),
    ]
    export(to_table(rows), tmp_path / "out", About("x"))
    data = yaml.safe_load((tmp_path / FILE).read_text(encoding="utf-8"))
    assert list(data["lists"]) == ["level"]
    house = {n: TextSlotList.from_tuples([("attic", "a")]) for n in ("area", "floor", "name")}
    intents = Intents.from_dict(data)
    for one in rows:
        (found,) = recognize_all(one.text, intents, slot_lists=house)
        assert found.intent.name == one.intent
        assert [(e.name, e.value) for e in found.entities_list] == [
            (slot.label, slot.value) for slot in one.slots
        ]


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (row("x", intent=None), "no_intent"),
        (row(" "), "text_empty"),
        (row("?!"), "text_not_heard"),
        (row("a\nb"), "text_has_newline"),
        (row("cafe\u0301"), "text_not_composed"),
        (row("say ?!", ("?!", "x", "?")), "slot_not_heard"),
        (row("5 % of {x}"), "character_unfit"),
        (row("a\\b"), "character_unfit"),
        (row("one \u2013 two", ("one \u2013 two", "x", "one two")), "punctuation_between_words"),
        (row("PLAY POP please", ("POP", "genre", "x"), intent="zz"), "sentence_of_another_intent"),
        (row("play Jazz now", ("Jazz", "genre", "blues")), "words_mean_something_else"),
        (row("x", slots=(Slot(0, 2, "q", "x"),)), "span_out_of_bounds"),
    ],
)
def test_refused(tmp_path: Path, one: Utterance, rule: str) -> None:
    rows = [*ROWS, row("jazz", ("jazz", "genre", "jazz"), intent="play"), one]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert report.refused == {rule: 1}
    assert told(tmp_path / "out")["refused_ids"] == {rule: [one.id]}


def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    export(to_table(rows), tmp_path / "out", About("x"))
    there = kept(rows, tmp_path / "out")
    assert len(there) >= 8
    assert all(understood(tmp_path, one) for one in there)
    sentences = yaml.safe_load((tmp_path / FILE).read_text("utf-8"))["intents"]["a"]["data"]
    assert all(character_fits(char) for text in sentences[0]["sentences"] for char in text)


def test_names_and_notes(tmp_path: Path) -> None:
    rows = [row("from a to b", ("a", "city.x", "a"), ("b", "city.x", "b"))]
    report = export(to_table(rows), tmp_path / "out", About("x", language="pt-BR"))
    assert "1 rows fill a slot twice" in report.notes[0]
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"slots": {"city_x": "city.x"}}
    assert (tmp_path / "out/custom_sentences/pt-BR/textsynth.yaml").exists()
    with pytest.raises(ExportError, match=r"'a.b' and 'a_b' would both be"):
        export(to_table([row("x y", ("x", "a.b", "x"), ("y", "a_b", "y"))]), tmp_path / "no",
               About("x"))  # fmt: skip
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "no", About("x"))


@given(st.text("ab .,!?:;\u2013'\u20191", max_size=9))
def test_heard_as_hassil_hears(text: str) -> None:
    found = heard(Row(0, "", text, None, (), None))
    wanted = normalize_for_matching(text).text
    assert "".join(words for words, _ in found).strip() == re.sub(r"\s+", " ", wanted)


@settings(max_examples=30, deadline=None)
@given(utterances("ab .,-'()\u00e9\u2013"))
def test_what_is_written_is_understood(rows: list[Utterance]) -> None:
    rows.append(row("filler", id="filler"))
    with tempfile.TemporaryDirectory() as folder:
        export(to_table(rows), Path(folder) / "out", About("x"))
        missed: list[Any] = [
            one for one in kept(rows, Path(folder) / "out") if not understood(Path(folder), one)
        ]
        assert not missed
