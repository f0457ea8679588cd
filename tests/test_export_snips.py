"""Snips datasets: what is written, what is refused by name, and the way back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from exported import HOSTILE, Said, kept, row, told, utterances
from hypothesis import given, settings

from textsynth import importers
from textsynth.corpus import Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.snips import FILES, export

Form = Literal["json", "yaml"]
FLY = [
    row("to NYC", ("NYC", "city", "New York"), intent="fly"),
    row("from New York to Oslo", ("New York", "from", "New York"), ("Oslo", "city", "Oslo"),
        intent="fly"),
    row("music", intent="play"),
]  # fmt: skip


def read(folder: Path, form: Form) -> list[tuple[Any, ...]]:
    """The rows that our reader finds; it refuses none."""
    notes = importers.Notes()
    found = list(importers.read_examples(folder / FILES[form], "snips", notes=notes))
    assert not notes.refused
    return sorted(map(plain, found), key=str)


def plain(one: Utterance) -> tuple[Any, ...]:
    return one.text, one.intent, one.slots


def test_json(tmp_path: Path) -> None:
    export(to_table(FLY), tmp_path / "out", About("x", language="en"))
    data = json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))
    assert data["language"] == "en"
    said = data["intents"]["fly"]["utterances"][1]["data"]
    assert said == [
        {"text": "from "},
        {"text": "New York", "entity": "from", "slot_name": "from"},
        {"text": " to "},
        {"text": "Oslo", "entity": "city", "slot_name": "city"},
    ]
    city = data["entities"]["city"]
    assert city["data"] == [
        {"value": "New York", "synonyms": ["NYC"]},
        {"value": "Oslo", "synonyms": []},
    ]
    assert read(tmp_path / "out", "json") == sorted(map(plain, FLY), key=str)


def test_yaml(tmp_path: Path) -> None:
    export(to_table(FLY), tmp_path / "out", About("x"), form="yaml")
    documents = list(yaml.safe_load_all((tmp_path / "out/dataset.yaml").read_text("utf-8")))
    assert documents[0] == {
        "type": "intent",
        "name": "fly",
        "utterances": ["to [city:city](NYC)", "from [from:from](New York) to [city:city](Oslo)"],
    }
    assert documents[2] == {
        "type": "entity", "name": "city", "values": [["New York", "NYC"], ["Oslo"]],
    }  # fmt: skip
    assert read(tmp_path / "out", "yaml") == sorted(map(plain, FLY), key=str)


@pytest.mark.parametrize(
    ("form", "text", "slots", "rule"),
    [
        ("json", "", [], "text_empty"),
        ("json", " x", [(" x", "city", "x")], "space_at_slot_edge"),
        ("json", "x", [("x", "city", "")], "value_empty"),
        ("json", "x", [("x", "city", " y")], "space_at_value_edge"),
        ("json", "NYC now", [("NYC", "city", "Oslo")], "words_mean_something_else"),
        ("json", "Oslo", [("Oslo", "city", "New York")], "words_mean_something_else"),
        ("yaml", "a\nb", [], "text_has_newline"),
        ("yaml", "a [b", [], "text_has_bracket"),
        ("yaml", "to O(s)", [("O(s)", "city", "O(s)")], "slot_has_bracket"),
    ],
)
def test_refused(tmp_path: Path, form: Form, text: str, slots: list[Said], rule: str) -> None:
    same = row("NYC", ("NYC", "city", "New York"), intent="fly")
    rows = [*FLY, same, row(text, *slots)]
    report = export(to_table(rows), tmp_path / "out", About("x"), form=form)
    assert report.refused == {rule: 1}
    assert told(tmp_path / "out")["refused_ids"] == {rule: [f"id of {text}"]}


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_hostile_texts(tmp_path: Path, form: Form) -> None:
    rows = [row(text) for text in HOSTILE]
    export(to_table(rows), tmp_path / "out", About("x"), form=form)
    there = kept(rows, tmp_path / "out")
    assert len(there) >= (len(rows) - 2 if form == "json" else 22)
    assert read(tmp_path / "out", form) == sorted(map(plain, there), key=str)


@pytest.mark.parametrize(
    ("language", "written", "back"),
    [
        ("en-US", "en", "en"),
        ("pt-BR", "pt_br", "pt-br"),
        ("de_AT", "de", "de"),
        ("sv-SE", "sv-SE", "sv-SE"),
    ],
)
def test_languages(tmp_path: Path, language: str, written: str, back: str) -> None:
    report = export(to_table(FLY), tmp_path / "out", About("x", language=language))
    data = json.loads((tmp_path / "out/dataset.json").read_text())
    assert data["language"] == written
    assert report.notes == ((f"Snips NLU has no resources for the language {language!r}",)
                            if written == language else ())  # fmt: skip
    found = importers.read_examples(tmp_path / "out/dataset.json")
    assert {one.language for one in found} == {back}


def test_names_and_notes(tmp_path: Path) -> None:
    rows = [row("at 7", ("7", "snips/time", "7"), intent=" set  alarm "), row("x", intent=None)]
    report = export(to_table(rows), tmp_path / "out", About("x", language="sv"))
    assert report.refused == {"no_intent": 1}
    assert "'sv'" in report.notes[0]
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {
        "intents": {"set alarm": " set  alarm "},
        "slots": {"snips_time": "snips/time"},
    }
    with pytest.raises(ExportError, match="'a  b' and 'a b' would both be"):
        both = [row("x", intent="a b"), row("y", intent="a  b")]
        export(to_table(both), tmp_path / "no", About("x"))
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "no", About("x"))
    with pytest.raises(ExportError, match="no form"):
        export(to_table(rows), tmp_path / "no", About("x"), form="xml")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["json", "yaml"])
@settings(max_examples=40)
@given(rows=utterances('ab[]():"\\ é🏴\n{}'))
def test_what_is_written_comes_back(form: Form, rows: list[Utterance]) -> None:
    rows.append(row("filler", intent="i", id="filler"))
    with tempfile.TemporaryDirectory() as folder:
        export(to_table(rows), Path(folder) / "out", About("x"), form=form)
        there = kept(rows, Path(folder) / "out")
        assert read(Path(folder) / "out", form) == sorted(map(plain, there), key=str)
