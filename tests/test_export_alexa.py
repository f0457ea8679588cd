"""Alexa's interaction models: what is written, what is refused by name, and the way back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bot_rows import HOSTILE, Said, any_rows, demo, kept, pattern, refused, row, words
from hypothesis import assume, given

from textsynth.corpus import Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export.alexa import export
from textsynth.export.speech import alike, spoken
from textsynth.importers import alexa as reader
from textsynth.importers import tree
from textsynth.importers.examples import Notes, Options

ABOUT = About("my lamps")


def write(folder: Path, rows: Sequence[Utterance], **options: Any) -> tuple[ExportReport, Any]:
    """The report, and the language model to train on."""
    report = export(to_table(rows), folder / "out", ABOUT, **options)
    (file,) = (folder / "out/train").iterdir()
    return report, json.loads(file.read_text("utf-8"))["interactionModel"]["languageModel"]


def samples(model: Any) -> dict[str, list[str]]:
    return {intent["name"]: intent["samples"] for intent in model["intents"]}


def values(model: Any) -> dict[str, dict[str, list[str]]]:
    return {
        type["name"]: {
            value["name"]["value"]: value["name"]["synonyms"] for value in type["values"]
        }
        for type in model["types"]
    }


def test_what_is_written(tmp_path: Path) -> None:
    rows = [
        row("light the lounge at 7!", ("lounge", "room", "living room"), ("7", "at time", "7")),
        row("Light the living room at 8?", ("living room", "room", "living room"),
            ("8", "at time", "8")),
        row("light the LOUNGE at 7", ("LOUNGE", "room", "living room"), ("7", "at time", "7")),
        row("from Oslo to Rome", ("Oslo", "room", "Oslo"), ("Rome", "room", "Rome"), intent="b 2"),
    ]  # fmt: skip
    report, model = write(tmp_path, rows)
    assert model == {
        "invocationName": "my lamps",
        "intents": [
            {
                "name": "a",
                "slots": [{"name": "room", "type": "room"}, {"name": "at_time", "type": "at_time"}],
                "samples": ["light the {room} at {at_time}"],
            },
            {
                "name": "BTwo",
                "slots": [{"name": "room", "type": "room"}, {"name": "room_b", "type": "room"}],
                "samples": ["from {room} to {room_b}"],
            },
        ],
        "types": [
            {
                "name": "at_time",
                "values": [
                    {"name": {"value": "seven", "synonyms": []}},
                    {"name": {"value": "eight", "synonyms": []}},
                ],
            },
            {
                "name": "room",
                "values": [
                    {"name": {"value": "living room", "synonyms": ["LOUNGE"]}},
                    {"name": {"value": "Oslo", "synonyms": []}},
                    {"name": {"value": "Rome", "synonyms": []}},
                ],
            },
        ],
    }
    assert (report.written, report.refused) == (4, {})
    assert report.notes == (
        "4 rows are 2 samples, since equal ones stand there once",
        "3 rows are written as they are spoken: without punctuation, numbers in words",
    )
    assert json.loads((tmp_path / "out/names.json").read_text()) == {
        "intents": {"BTwo": "b 2"},
        "slots": {"at_time": "at time", "room_b": "room"},
        "values": {"seven": "7", "eight": "8"},
    }


@pytest.mark.parametrize(
    ("text", "slots", "rule"),
    [
        ("a {b} c", [], "text_has_brace"),
        ("a 😀", [], "text_not_speakable"),
        ("?!", [], "text_not_speakable"),
        ("right \u202e left", [], "text_not_speakable"),
        ("to 😀", [("😀", "city", "x")], "value_not_speakable"),
        ("to " + "o" * 141, [("o" * 141, "city", "x")], "value_too_long"),
        ("to hi", [("hi", "city", "")], "value_empty"),
        ("to ho", [("ho", "city", " ")], "value_empty"),
        ("two\nlines", [], "text_has_newline"),
        ("a\x00b", [], "text_not_printable"),
        (" space", [], "space_at_edge"),
        ("", [], "text_empty"),
        ("to Oslo now", [("Oslo ", "city", "Oslo")], "space_at_slot_edge"),
        ("Alexa, light on", [], "has_wake_word"),
        ("hey computer go", [], "has_wake_word"),
        ("is it the echo's light", [], "has_wake_word"),
        ("First!", [], "sample_of_other_intent"),
        ("to NYC", [("NYC", "city", "Boston")], "words_have_other_value"),
    ],
)
def test_refused_by_name(tmp_path: Path, text: str, slots: list[Said], rule: str) -> None:
    known = [row(f"{n} NYC", ("NYC", "city", "New York")) for n in ("in", "from")]
    rows = [row("first"), row("1st"), *known, row(text, *slots, intent="b")]
    report, model = write(tmp_path, rows)
    assert report.refused == {rule: 1}
    assert refused(tmp_path / "out") == {rule: [f"id of {text}"]}
    assert samples(model) == {"a": ["first", "in {city}", "from {city}"]}


def test_values_that_cannot_be_spoken_are_called_by_their_words(tmp_path: Path) -> None:
    rows = [
        row("it is red", ("red", "colour", "<#f00>")),
        row("be rot", ("rot", "colour", "<#f00>")),
    ]
    rows += [row("at two", ("two", "n", "2")), row("my 2", ("2", "m", "two"))]
    _, model = write(tmp_path, rows)
    assert values(model) == {"colour": {"red": ["rot"]}, "m": {"two": []}, "n": {"two": []}}
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"values": {"red": "<#f00>"}}  # `two` may mean either


def test_a_name_that_is_the_words_of_another_value(tmp_path: Path) -> None:
    rows = [row("a seven", ("seven", "n", "7 o")), row("b nine", ("nine", "n", "seven"))]
    _, model = write(tmp_path, rows)
    assert values(model) == {"n": {"seven o": ["seven"], "nine": []}}


def test_splits_stand_apart(tmp_path: Path) -> None:
    rows = [row("a Rome", ("Rome", "c", "Rome"), split="test"), row("b", split="train"), row("c")]
    report, model = write(tmp_path, [*rows, row("d", split="dev")])
    assert report.refused == {"unknown_split": 1} and report.written == 3
    assert (samples(model), values(model)) == ({"a": ["b", "c"]}, {})
    assert (tmp_path / "out/test/en-US.json").exists()


def test_locales(tmp_path: Path) -> None:
    rows = [row("licht um 7", ("7", "um", "7"), language="de"), row("light", language="en-GB")]
    report = export(to_table(rows), tmp_path / "de", About("lampen", language="de"))
    assert report.refused == {"other_language": 1}
    model = json.loads((tmp_path / "de/train/de-DE.json").read_text())
    assert values(model["interactionModel"]["languageModel"]) == {"um": {"sieben": []}}
    export(to_table(rows), tmp_path / "en", ABOUT, locale="en_gb")
    assert (tmp_path / "en/train/en-GB.json").exists()
    with pytest.raises(ExportError, match="Alexa has no locale for 'sv'"):
        export(to_table(rows), tmp_path / "sv", About("x", language="sv"))
    for asked in ("en-XX", "en", "xx"):
        with pytest.raises(ExportError, match=f"Alexa has no locale '{asked}'") as caught:
            export(to_table(rows), tmp_path / "no", ABOUT, locale=asked)
        assert "there are: ar-SA" in str(caught.value.fix)
    with pytest.raises(ExportError, match="rows are in other languages than 'fr-FR'") as caught:
        export(to_table(rows), tmp_path / "no", ABOUT, locale="fr-FR")
    assert "option `locale`" in str(caught.value.fix)


def test_another_region_is_said(tmp_path: Path) -> None:
    told = "Alexa has no locale for 'en-NZ': en-US stands for it"
    for number, (language, locale, notes) in enumerate(
        [("en-NZ", None, (told,)), ("en", None, ()), ("en-gb", None, ()), ("en-NZ", "en-AU", ())]
    ):
        about = About("my lamps", language=language)
        report = export(to_table([row("x")]), tmp_path / str(number), about, locale=locale)
        assert report.notes == notes


@pytest.mark.parametrize(
    ("name", "invocation"),
    [
        ("home", "my home"), ("My Lamps 2", "my lamps two"), ("lamp skill", "my corpus"),
        ("😀", "my corpus"), ("a" * 60, "my corpus"),
    ],
)  # fmt: skip
def test_invocation_names(tmp_path: Path, name: str, invocation: str) -> None:
    export(to_table([row("x")]), tmp_path / "out", About(name))
    text = (tmp_path / "out/train/en-US.json").read_text()
    assert json.loads(text)["interactionModel"]["languageModel"]["invocationName"] == invocation


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("lamps", "not two or more words"), ("My Lamps", "not in lower case"),
        ("open lamps", "may not hold 'open'"), ("lamps 2", "not two or more words"), ("x", "has 1"),
    ],
)  # fmt: skip
def test_invocation_names_that_alexa_refuses(tmp_path: Path, given: str, fault: str) -> None:
    with pytest.raises(ExportError, match=fault):
        write(tmp_path, [row("x")], invocation=given)


def test_names(tmp_path: Path) -> None:
    slot = ("Oslo", "2nd-city", "Oslo")
    rows = [row("x Oslo", slot, intent="set it"), row("y Oslo", slot, intent="9")]
    _, model = write(tmp_path, [*rows, row("z", intent="日本")])
    names = sorted(samples(model))
    assert names[:2] == ["Nine", "SetIt"] and names[2].isalpha() and names[2].isascii()
    assert list(values(model)) == ["two_nd_city"]
    alike = [row("x", intent="set it"), row("y", intent="set-it")]
    with pytest.raises(ExportError, match="'set it' and 'set-it' would both be written"):
        export(to_table(alike), tmp_path / "no", ABOUT)
    with pytest.raises(ExportError, match="would both be written"):
        export(to_table([row("x", intent="up"), row("y", intent="Up")]), tmp_path / "no", ABOUT)
    many = [row(f"x {n}", intent=f"i{n}") for n in range(251)]
    with pytest.raises(ExportError, match="251 intents, and Alexa takes 250"):
        export(to_table(many), tmp_path / "no", ABOUT)


def test_no_slot_is_called_as_an_intent(tmp_path: Path) -> None:
    oslo, rome = ("Oslo", "room", "Oslo"), ("Rome", "room", "Rome")
    rows = [row("x Oslo to Rome", oslo, rome, intent="Room"), row("y", intent="room_slot_b")]
    _, model = write(tmp_path, rows)
    assert samples(model)["Room"] == ["x {room_slot} to {room_slot_c}"]
    assert list(values(model)) == ["room_slot"]
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names["slots"] == {"room_slot": "room", "room_slot_c": "room"}
    found, _ = back(tmp_path / "out/train", 1)
    assert {slot.label for one in found for slot in one.slots} == {"room"}


def test_hostile_rows_and_corpora_of_none(tmp_path: Path) -> None:
    rows = [row(text, intent=f"i{n}") for n, text in enumerate(HOSTILE)]
    report = export(to_table([*rows, row("x", intent=None)]), tmp_path / "out", ABOUT)
    assert report.written + sum(report.refused.values()) == len(rows) + 1
    assert {"text_has_newline", "text_not_speakable", "no_intent"} < set(report.refused)
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "none", ABOUT)
    with pytest.raises(ExportError, match=r"no row can be written as alexa: no_intent \(1\)"):
        export(to_table([row("x", intent=None)]), tmp_path / "none", ABOUT)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Add 5 to top-10 lists!", "en", "Add five to top ten lists"),
        ("at 4:05, 12:00 or 7:30", "en", "at four oh five twelve o'clock or seven thirty"),
        ("12:34:56", "en", "twelve thirty-four fifty-six"),
        ("the 2nd of 1999", "en", "the second of nineteen ninety-nine"),
        ("'90s, 1960's", "en", "nineties nineteen sixties"),
        ("10am $20 20% AC/DC R&B", "en", "ten am twenty dollars twenty percent AC DC R and B"),
        ("1,000 2.5 007", "en", "one thousand two point five zero zero seven"),
        ("1234567", "en", "one two three four five six seven"),
        ("in the U.S. at 5 p.m. (now)", "en", "in the U.S. at five p.m. now"),
        ("the boys\u2019 \u2018rock 'n' roll\u2019", "en", "the boys' rock n roll"),
        ("\0's songs by \0,\0 a\0b", "en", "\0's songs by \0 \0 a \0 b"),
        ("Licht um 21 Uhr", "de-DE", "Licht um einundzwanzig Uhr"),
        ("٣ مساء", "ar", "ثلاثة مساء"),
        ("20 %", "de", None),
        ("a*b", "en", None),
        ("½", "en", None),
        ("5", "xx", None),
    ],
)
def test_spoken(text: str, language: str, said: str | None) -> None:
    assert spoken(text, language) == said
    if said is not None:
        assert spoken(said, language) == said


# -- the way back -----------------------------------------------------------------------------


def back(path: Path, per_sample: int = 10_000) -> tuple[list[Utterance], Notes]:
    notes = Notes(names=tree.way_back(path))
    return list(reader.examples(path, notes, Options(per_sample=per_sample))), notes


def as_said(row: Utterance) -> str:
    """The pattern of a row, spoken, in lower case."""
    text, at = "", 0
    for slot in row.slots:
        text += row.text[at : slot.start] + "\0"
        at = slot.end
    said = (spoken(text + row.text[at:], "en-US") or "").casefold()
    for slot in row.slots:
        said = said.replace("\0", f"{{{slot.label}}}", 1)
    return said


def folded(rows: Sequence[Utterance]) -> set[tuple[str, ...]]:
    return {(label, *(alike(text, "en-US") for text in texts)) for label, *texts in words(rows)}


@given(any_rows("ab 5'-.,\"é🏴{"))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows = [*rows, row("filler")]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        report = export(to_table(rows), out, ABOUT)
        assume(not any("no way back" in note for note in report.notes))
        there = kept(rows, out)
        found, notes = back(out / "train")
    assert len(there) == report.written and not notes.refused
    assert {(as_said(r), r.intent) for r in there} == {
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
    found, _ = back(tmp_path / "out/train", 1)
    assert {as_said(r) for r in kept(rows, tmp_path / "out")} == {
        pattern(r).casefold() for r in found
    }
