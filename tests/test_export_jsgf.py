"""JSGF of rows: what is written and what is refused by name. pocketsphinx reads it in `oracles`."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from exported import HOSTILE, kept, row, told, utterances
from hypothesis import given, settings

from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.jsgf import export

ABOUT = About("x")
ROWS = [
    row("Play Jazz, please!", ("Jazz", "genre", "jazz {x}"), intent="play music"),
    row("play Jazz by Prince's band", ("Jazz", "genre", "Jazz"), ("Prince", "artist", "Prince"),
        intent="play music"),
    row("it\u2019s 21 \u00b0", intent="say"),
    row("of 1980", ("1980", "genre", ""), intent="say"),
]  # fmt: skip


def test_what_is_written(tmp_path: Path) -> None:
    report = export(to_table(ROWS), tmp_path / "out", About("x", language="en-GB"))
    assert (report.written, report.refused) == (4, {})
    assert (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8") == (
        "#JSGF V1.0 UTF-8 en-GB;\n\ngrammar textsynth;\n"
        "\npublic <play_music> =\n"
        "    Play <slot-genre> please\n"
        "  | play <slot-genre> by <slot-artist> band;\n"
        "\npublic <say> =\n    it's twenty-one degrees\n  | of <slot-genre>;\n"
        "\n<slot-genre> =\n"
        "    ( Jazz ) {jazz \\{x\\}}\n  | ( Jazz ) {Jazz}\n  | ( nineteen eighty );\n"
        "\n<slot-artist> =\n    ( Prince's ) {Prince};\n"
        "\npublic <utterance> =\n    <play_music>\n  | <say>;\n"
    )
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"intents": {"play_music": "play music"}}


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (row("x", intent=None), "no_intent"),
        (row(" "), "text_empty"),
        (row("a\nb"), "text_has_newline"),
        (row("a = b"), "not_spoken"),
        (row("say = now", ("=", "x", "=")), "slot_not_spoken"),
        (row("lamps", ("lamp", "x", "lamp")), "slot_inside_word"),
        (row("x", slots=(Slot(0, 2, "q", "x"),)), "span_out_of_bounds"),
    ],
)
def test_refused(tmp_path: Path, one: Utterance, rule: str) -> None:
    report = export(to_table([*ROWS, one]), tmp_path / "out", About("x"))
    assert report.refused == {rule: 1}
    assert told(tmp_path / "out")["refused_ids"] == {rule: [one.id]}


def test_names_that_jsgf_has_itself(tmp_path: Path) -> None:
    export(to_table([row("x", intent="NULL"), row("y", intent="VOID")]), tmp_path / "out", ABOUT)
    text = (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8")
    assert "public <utterance> =\n    <NULL_>\n  | <VOID_>;" in text
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"intents": {"NULL_": "NULL", "VOID_": "VOID"}}


def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    export(to_table(rows), tmp_path / "out", About("x"))
    assert len(kept(rows, tmp_path / "out")) >= 15
    text = (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8")
    body = text.partition("public")[2]
    assert not set(body) & set('*+[]\\"(){}/')


def test_names_that_collide(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="'a b' and 'a_b' would both be"):
        export(to_table([row("x", intent="a b"), row("y", intent="a_b")]), tmp_path / "no",
               About("x"))  # fmt: skip
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "no", About("x"))
    rows = [row("x y", ("x", "a.b", "1"), ("y", "a b", "2"), intent="utterance")]
    export(to_table(rows), tmp_path / "out", About("x"))
    text = (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8")
    assert "<slot-a_b> <slot-a_b-2>" in text and "public <utterance_> =\n    <utterance>;" in text


@settings(max_examples=30)
@given(utterances("ab '-,.1&{}\u00e9\\"))
def test_rules_are_whole(rows: list[Utterance]) -> None:
    """Each reference has a rule, and no sentence has a sign that means something in JSGF."""
    rows.append(row("filler", id="filler"))
    with tempfile.TemporaryDirectory() as folder:
        export(to_table(rows), Path(folder) / "out", About("x"))
        text = (Path(folder) / "out/grammar.jsgf").read_text(encoding="utf-8")
    rules = re.split(r"\n\n", text)[2:]
    names = {re.match(r"(?:public )?<([^>]+)> =", rule)[1] for rule in rules}  # type: ignore[index]
    bare = re.sub(r"\{(?:[^\\}]|\\.)*\}", "", "".join(rules))
    assert set(re.findall(r"<([^>]+)>", bare)) == names
    assert not set(bare) & set('*+[]\\"{}/')
