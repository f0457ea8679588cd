"""Lex V2 bots: what is written, what is refused by name, what is sampled, and the way back."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bot_rows import HOSTILE, Said, any_rows, demo, kept, pattern, refused, row, words
from hypothesis import assume, given

from textsynth import importers
from textsynth.corpus import Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export import lex as exporter
from textsynth.export.lex import export
from textsynth.importers import lex as reader
from textsynth.importers import tree
from textsynth.importers.examples import Notes, Options

ABOUT = About("my lamps")
HOME = "MyLamps/BotLocales/en_US/"


def write(
    folder: Path, rows: Sequence[Utterance], **options: Any
) -> tuple[ExportReport, dict[str, Any]]:
    """The report, and the files of the bot to train on, without the folder of its locale."""
    report = export(to_table(rows), folder / "out", ABOUT, **options)
    with zipfile.ZipFile(folder / "out/train.zip") as archive:
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    return report, {name.removeprefix(HOME): data for name, data in files.items()}


def utterances(files: dict[str, Any], intent: str = "a") -> list[str]:
    return [one["utterance"] for one in files[f"Intents/{intent}/Intent.json"]["sampleUtterances"]]


def test_what_is_written(tmp_path: Path) -> None:
    rows = [
        row("light the lounge at 7!", ("lounge", "room", "living room"), ("7", "at time", "7")),
        row("Light the living room at 8!", ("living room", "room", "living room"),
            ("8", "at time", "8")),
        row("from Oslo to oslo", ("Oslo", "room", "Oslo"), ("oslo", "room", "Oslo"), intent="b 2"),
    ]  # fmt: skip
    report, files = write(tmp_path, rows)
    assert (report.written, report.refused) == (3, {})
    assert list(files) == [
        "Manifest.json",
        "MyLamps/Bot.json",
        "BotLocale.json",
        "Intents/a/Intent.json",
        "Intents/a/Slots/room/Slot.json",
        "Intents/a/Slots/at_time/Slot.json",
        "Intents/B2/Intent.json",
        "Intents/B2/Slots/room/Slot.json",
        "Intents/B2/Slots/room_b/Slot.json",
        "Intents/FallbackIntent/Intent.json",
        "SlotTypes/at_time/SlotType.json",
        "SlotTypes/room/SlotType.json",
    ]
    assert utterances(files) == ["light the {room} at {at_time}!"]
    assert utterances(files, "B2") == ["from {room} to {room_b}"]
    assert files["Intents/B2/Slots/room_b/Slot.json"]["slotTypeName"] == "room"
    type = files["SlotTypes/room/SlotType.json"]
    assert type["slotTypeValues"] == [
        {"sampleValue": {"value": "living room"}, "synonyms": [{"value": "lounge"}]},
        {"sampleValue": {"value": "Oslo"}, "synonyms": None},
    ]
    assert type["valueSelectionSetting"]["resolutionStrategy"] == "TOP_RESOLUTION"
    type = files["SlotTypes/at_time/SlotType.json"]
    assert type["valueSelectionSetting"]["resolutionStrategy"] == "ORIGINAL_VALUE"
    assert json.loads((tmp_path / "out/names.json").read_text()) == {
        "intents": {"B2": "b 2"},
        "slots": {"at_time": "at time", "room_b": "room"},
    }
    assert importers.detect(tmp_path / "out/train.zip") == "lex"


@pytest.mark.parametrize(
    ("text", "slots", "rule"),
    [
        ("a {b} c", [], "text_has_brace"),
        ("long " * 100 + "x", [], "text_too_long"),
        ("🏴" * 251, [], "text_too_long"),
        ("to " + "o" * 141, [("o" * 141, "city", "x")], "value_too_long"),
        ("to Oslo", [("Oslo", "city", "")], "value_empty"),
        ("two\nlines", [], "text_has_newline"),
        ("a bell\x07", [], "text_not_printable"),
        ("FIRST", [], "sample_of_other_intent"),
        ("to nyc", [("nyc", "city", "Boston")], "words_have_other_value"),
    ],
)
def test_refused_by_name(tmp_path: Path, text: str, slots: list[Said], rule: str) -> None:
    known = [row(f"{n} NYC", ("NYC", "city", "New York")) for n in ("in", "from")]
    report, files = write(tmp_path, [row("first"), row("1"), *known, row(text, *slots, intent="b")])
    assert report.refused == {rule: 1} and refused(tmp_path / "out") == {rule: [f"id of {text}"]}
    assert utterances(files) == ["first", "1", "in {city}", "from {city}"]


@pytest.mark.parametrize("value", [" x", "two\nlines", "\x07", "o" * 141])
def test_values_that_lex_does_not_take(tmp_path: Path, value: str) -> None:
    _, files = write(tmp_path, [row("to Oslo", ("Oslo", "city", value))])
    (entry,) = files["SlotTypes/city/SlotType.json"]["slotTypeValues"]
    assert entry == {"sampleValue": {"value": "Oslo"}, "synonyms": None}
    assert json.loads((tmp_path / "out/names.json").read_text())["values"] == {"Oslo": value}


def test_values_that_are_heard_alike_are_said(tmp_path: Path) -> None:
    said = [("a Oslo", "Oslo"), ("b Oslo", "Oslo"), ("c Oslo", "oslo"), ("d Oslo", "OSLO")]
    report, files = write(tmp_path, [row(text, ("Oslo", "city", value)) for text, value in said])
    (entry,) = files["SlotTypes/city/SlotType.json"]["slotTypeValues"]
    assert entry["sampleValue"] == {"value": "Oslo"} and report.written == 4
    assert report.notes == (
        "the values of 2 slots are written as more frequent ones that are heard alike",
    )


def test_limits_are_kept_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"number {n}", intent="many") for n in range(60)]
    rows += [row(f"few {n}", intent="few") for n in range(5)]
    monkeypatch.setattr(exporter, "MOST_SAMPLES", 40)
    report, files = write(tmp_path / "a", rows)
    assert report.sampled == {"texts_of_intent": (45, 65)} and report.written == 45
    assert len(utterances(files, "many")) == 40 and len(utterances(files, "few")) == 5
    _, turned = write(tmp_path / "b", rows[::-1])
    assert set(utterances(turned, "many")) == set(utterances(files, "many"))
    monkeypatch.setattr(exporter, "MOST_CHARACTERS", {True: 100, False: 0})
    report, files = write(tmp_path / "c", rows)
    few, many = utterances(files, "few"), utterances(files, "many")
    assert sum(map(len, few + many)) <= 100 and few and len(many) > 5
    assert report.sampled["characters"] == (len(few) + len(many), 45) == (report.written, 45)


def test_the_most_frequent_values_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"{n} a{n % 5}", (f"a{n % 5}", "c", f"v{n % 3}")) for n in (0, 1, 2, 3, 4, 15, 16)]
    monkeypatch.setattr(exporter, "MOST_VALUES", 4)
    report, files = write(tmp_path, rows)
    assert files["SlotTypes/c/SlotType.json"]["slotTypeValues"] == [
        {"sampleValue": {"value": "v0"}, "synonyms": [{"value": "a0"}, {"value": "a3"}]},
        {"sampleValue": {"value": "v1"}, "synonyms": None},
    ]
    assert report.sampled == {"values": (4, 8)} and report.written == 7


def test_names(tmp_path: Path) -> None:
    rows = [row("x", intent="fallback intent"), row("y", intent="set-it_now"), row("z", intent="ä")]
    rows += [row("w", intent="n" * 200)]
    _, files = write(tmp_path, rows)
    intents = {name.split("/")[1] for name in files if name.startswith("Intents/")}
    assert {"FallbackIntent", "FallbackIntent_own", "set-it_now", "A"} < intents
    assert max(map(len, intents)) == 90
    with pytest.raises(ExportError, match="Lex has no locale 'xx'"):
        write(tmp_path, rows, locale="xx")
    _, files = write(tmp_path, [row("x")], locale="en-GB")
    assert "MyLamps/BotLocales/en_GB/Intents/a/Intent.json" in files
    slots = [row(f"x {n}", (str(n), f"s{n}", "v")) for n in range(101)]
    with pytest.raises(ExportError, match="101 slots in the intent a, and Lex takes 100"):
        write(tmp_path, slots)


def test_hostile_rows_and_corpora_of_none(tmp_path: Path) -> None:
    rows = [row(text, intent=f"i{n}") for n, text in enumerate(HOSTILE)]
    report, files = write(tmp_path, [*rows, row("x", intent=None)])
    assert report.written + sum(report.refused.values()) == len(rows) + 1
    told = kept(rows, tmp_path / "out")
    assert [utterances(files, str(row.intent)) for row in told] == [[row.text] for row in told]
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "none", ABOUT)


# -- the way back -----------------------------------------------------------------------------


def back(path: Path, per_sample: int = 10_000) -> tuple[list[Utterance], Notes]:
    notes = Notes(names=tree.way_back(path))
    return list(reader.examples(path, notes, Options(per_sample=per_sample))), notes


def folded(rows: Sequence[Utterance]) -> set[tuple[str, ...]]:
    return {(label, said.casefold(), value.casefold()) for label, said, value in words(rows)}


@given(any_rows('ab B5"-.é🏴{\n'))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows = [*rows, row("filler")]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        report = export(to_table(rows), out, ABOUT)
        assume(not any("no way back" in note for note in report.notes))
        there = kept(rows, out)
        found, notes = back(out / "train.zip")
    assert len(there) == report.written and not notes.refused
    assert {(pattern(r).casefold(), r.intent) for r in there} == {
        (pattern(r).casefold(), r.intent) for r in found
    }
    # a value may be said by itself too
    assert folded(there) <= folded(found)
    assert {(label, means) for label, _, means in folded(found)} == {
        (label, means) for label, _, means in folded(there)
    }


def test_rows_of_the_demo(tmp_path: Path) -> None:
    rows = demo(400)
    report, _ = write(tmp_path, rows)
    assert sum(report.refused.values()) <= 0.02 * len(rows)
    found, _ = back(tmp_path / "out/train.zip", 1)
    assert {pattern(r).casefold() for r in kept(rows, tmp_path / "out")} == {
        pattern(r).casefold() for r in found
    }
