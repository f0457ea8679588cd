"""Dialogflow agents, ES and CX: what is written, what is refused by name, and the way back."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bot_rows import HOSTILE, Said, any_rows, demo, kept, refused, row
from hypothesis import given

from textsynth import importers
from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport, dialogflow, dialogflow_cx
from textsynth.importers import dialogflow as reader
from textsynth.importers import tree
from textsynth.importers.examples import Notes, Options

ABOUT = About("my lamps")
EXPORTS = {"dialogflow": dialogflow.export, "dialogflow_cx": dialogflow_cx.export}
ROWS = [
    row("light the lounge at 7", ("lounge", "room", "living room"), ("7", "at time", "7")),
    row("Living Room on", ("Living Room", "room", "living room")),
    row("Oslo or Rome", ("Oslo", "room", "Oslo"), ("Rome", "room", "Rome"), intent="b/2"),
]


def write(
    folder: Path, rows: Sequence[Utterance], format: str = "dialogflow"
) -> tuple[ExportReport, dict[str, Any]]:
    """The report, and the files of the agent to train on."""
    report = EXPORTS[format](to_table(rows), folder / "out", ABOUT)
    with zipfile.ZipFile(folder / "out/train.zip") as archive:
        return report, {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_what_is_written(tmp_path: Path) -> None:
    report, files = write(tmp_path, ROWS)
    assert (report.format, report.written, report.refused) == ("dialogflow", 3, {})
    assert list(files) == [
        "package.json",
        "agent.json",
        "intents/a.json",
        "intents/a_usersays_en.json",
        "intents/B2.json",
        "intents/B2_usersays_en.json",
        "entities/at_time.json",
        "entities/at_time_entries_en.json",
        "entities/room.json",
        "entities/room_entries_en.json",
    ]
    first, second = files["intents/a_usersays_en.json"]
    assert first["data"] == [
        {"text": "light the ", "userDefined": False},
        {"text": "lounge", "meta": "@room", "alias": "room", "userDefined": True},
        {"text": " at ", "userDefined": False},
        {"text": "7", "meta": "@at_time", "alias": "at_time", "userDefined": True},
    ]
    assert first["id"] != second["id"] and not first["isTemplate"]
    (response,) = files["intents/B2.json"]["responses"]
    (parameter,) = response["parameters"]
    assert (parameter["name"], parameter["dataType"], parameter["isList"]) == (
        "room",
        "@room",
        True,
    )
    assert files["entities/room_entries_en.json"] == [
        {"value": "living room", "synonyms": ["Living Room", "lounge"]},
        {"value": "Oslo", "synonyms": ["Oslo"]},
        {"value": "Rome", "synonyms": ["Rome"]},
    ]
    assert json.loads((tmp_path / "out/names.json").read_text()) == {
        "intents": {"B2": "b/2"},
        "slots": {"at_time": "at time"},
    }
    assert importers.detect(tmp_path / "out/train.zip") == "dialogflow"


def test_what_is_written_for_cx(tmp_path: Path) -> None:
    report, files = write(tmp_path, ROWS, "dialogflow_cx")
    assert (report.format, report.written, report.refused) == ("dialogflow_cx", 3, {})
    assert list(files) == [
        "agent.json",
        "flows/Default Start Flow/Default Start Flow.json",
        "intents/a/a.json",
        "intents/a/trainingPhrases/en.json",
        "intents/B2/B2.json",
        "intents/B2/trainingPhrases/en.json",
        "entityTypes/at_time/at_time.json",
        "entityTypes/at_time/entities/en.json",
        "entityTypes/room/room.json",
        "entityTypes/room/entities/en.json",
    ]
    (phrase,) = files["intents/B2/trainingPhrases/en.json"]["trainingPhrases"]
    assert phrase == {
        "parts": [
            {"text": "Oslo", "parameterId": "room"},
            {"text": " or "},
            {"text": "Rome", "parameterId": "room"},
        ],
        "repeatCount": 1,
        "languageCode": "en",
    }
    assert files["intents/B2/B2.json"]["parameters"] == [
        {"id": "room", "entityType": "@room", "isList": True}
    ]
    assert files["entityTypes/room/entities/en.json"]["entities"][0] == {
        "value": "living room",
        "synonyms": ["Living Room", "lounge"],
        "languageCode": "en",
    }


@pytest.mark.parametrize("format", EXPORTS)
@pytest.mark.parametrize(
    ("text", "slots", "rule"),
    [
        ("long " * 153 + "long.", [], "text_too_long"),
        ("to " + "o" * 513, [("o" * 513, "city", "x")], "value_too_long"),
        ("to Oslo", [("Oslo", "city", "")], "value_empty"),
        ("to Oslo", [("Oslo", "city", "Oslo ")], "value_has_space_at_edge"),
        ("to Oslo", [("Oslo", "city", "a\nb")], "value_not_printable"),
        ("to @sys", [("@sys", "city", "x")], "value_has_reference"),
        ("to Oslo", [("Oslo", "city", "@sys.any:x")], "value_has_reference"),
        ("two\nlines", [], "text_has_newline"),
        ("a\x00b", [], "text_not_printable"),
        ("first", [], "duplicate_text"),
        ("to NYC", [("NYC", "city", "Boston")], "words_have_other_value"),
    ],
)
def test_refused_by_name(
    tmp_path: Path, text: str, slots: list[Said], rule: str, format: str
) -> None:
    known = [row(f"{n} NYC", ("NYC", "city", "New York")) for n in ("in", "from")]
    rows = [row("first"), *known, replace(row("first", intent="b"), id="b"), row(text, *slots)]
    report, _ = write(tmp_path, rows, format)
    assert report.refused == {rule: 1} and report.written == 4
    assert refused(tmp_path / "out") == {rule: [f"id of {text}"]}


def test_splits_stand_apart(tmp_path: Path) -> None:
    rows = [row("a Rome", ("Rome", "c", "Rome"), split="test"), row("b", split="train"), row("c")]
    report, files = write(tmp_path, [*rows, row("d", split="dev")])
    assert report.refused == {"unknown_split": 1} and report.written == 3
    assert len(files["intents/a_usersays_en.json"]) == 2
    assert not any(name.startswith("entities/") for name in files)
    assert (tmp_path / "out/test.zip").exists()


def test_names(tmp_path: Path) -> None:
    rows = [
        row("x 1", ("1", "2nd", "1"), intent="Default Welcome Intent"),
        row("y 1", ("1", "日本", "1"), intent="a_usersays_en"),
        row("z 1", ("1", "a.b", "1"), intent="light.on"),
    ]
    _, files = write(tmp_path, rows)
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names["intents"] == {
        "AUsersaysEn": "a_usersays_en",
        "Default Welcome Intent own": "Default Welcome Intent",
    }
    assert "intents/light.on.json" in files
    assert {"x2nd": "2nd", "a_b": "a.b"}.items() < names["slots"].items()
    with pytest.raises(ExportError, match="would both be written"):
        write(tmp_path, [row("x", intent="a/b"), row("y", intent="a:b")])


@pytest.mark.parametrize("format", EXPORTS)
def test_limits_are_kept_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    rules = dialogflow.RULES
    monkeypatch.setattr(dialogflow, "RULES", replace(rules, texts=10, values=5))
    rows = [row(f"a {n}", (str(n), "n", str(n))) for n in range(20)]
    report, _ = write(tmp_path, rows, format)
    # a value and its words: two of each
    assert report.sampled == {"texts_of_intent": (10, 20), "values": (5, 20)}
    assert report.written == 10


@pytest.mark.parametrize("format", EXPORTS)
def test_hostile_rows_and_corpora_of_none(tmp_path: Path, format: str) -> None:
    rows = [row(text, intent=f"i{n}") for n, text in enumerate(HOSTILE)]
    report, _ = write(tmp_path, [*rows, row("x", intent=None)], format)
    assert report.written + sum(report.refused.values()) == len(rows) + 1
    with pytest.raises(ExportError, match="no rows"):
        EXPORTS[format](empty(), tmp_path / "none", ABOUT)


# -- the way back -----------------------------------------------------------------------------


def back(path: Path) -> list[Utterance]:
    notes = Notes(names=tree.way_back(path))
    found = list(reader.examples(path, notes, Options()))
    assert not notes.refused
    return found


def told(rows: Sequence[Utterance]) -> list[tuple[str, str | None, tuple[Slot, ...]]]:
    return sorted(((row.text, row.intent, row.slots) for row in rows), key=str)


@given(any_rows('ab B5"-.é🏴{@\n', labels="xZ"))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows = [*rows, row("filler")]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        report = dialogflow.export(to_table(rows), out, ABOUT)
        there = kept(rows, out)
        found = back(out / "train.zip")
    assert len(there) == report.written
    assert told(there) == told(found)


def test_rows_of_the_demo(tmp_path: Path) -> None:
    rows = demo(400)
    report, _ = write(tmp_path, rows)
    assert sum(report.refused.values()) <= 0.02 * len(rows)
    found = back(tmp_path / "out/train.zip")
    assert told(kept(rows, tmp_path / "out")) == told(found)
