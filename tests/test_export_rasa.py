"""Rasa's training data: what is written, what is refused by name, and the way back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export.rasa import export
from textsynth.importers import rasa as reader
from textsynth.importers.examples import Notes, Options

Said = tuple[str, str, str]  # words, label, value


def row(text: str, *slots: Said, intent: str | None = "a", **more: Any) -> Utterance:
    """An utterance; its slots come in the order of the text."""
    at, made = 0, []
    for words, label, value in slots:
        at = text.index(words, at)
        made.append(Slot(at, at + len(words), label, value))
        at += len(words)
    return Utterance(id=f"id of {text}", text=text, intent=intent, slots=tuple(made), **more)


def write(folder: Path, rows: Sequence[Utterance], **options: Any) -> tuple[ExportReport, str]:
    """The report, and what is to be trained on without its head."""
    report = export(to_table(rows), folder / "out", About("x"), **options)
    text = (folder / "out/train/nlu.yml").read_text(encoding="utf-8")
    head, _, entries = text.partition("nlu:\n")
    assert head.splitlines()[1] == 'version: "3.1"' and not head.isascii()
    return report, entries


FILLERS = [row("first"), row("second")]


def test_what_is_written(tmp_path: Path) -> None:
    rows = [
        row("play [x] now", intent="play"),
        row("to NYC", ("NYC", "city", "New York"), intent="fly"),
        row("from nyc to Oslo", ("nyc", "from", "nyc"), ("Oslo", "city", "Oslo"), intent="fly"),
        row("Oslo again", ("Oslo", "city", "Oslo"), intent="fly"),
        row("Rome", ("Rome", "from", "Rome"), intent="fly"),
        row("music", intent="play"),
    ]
    report, entries = write(tmp_path, rows, lookups=True)
    assert (report.format, report.written, report.refused) == ("rasa", 6, {})
    assert entries == (
        '- intent: "fly"\n'
        "  examples: |\n"
        '    - to [NYC]{"entity": "city", "value": "New York"}\n'
        '    - from [nyc]{"entity": "from", "value": "nyc"} to [Oslo](city)\n'
        "    - [Oslo](city) again\n"
        "    - [Rome](from)\n"
        '- intent: "play"\n'
        "  examples: |\n"
        "    - play [x] now\n"
        "    - music\n"
        '- synonym: "New York"\n'
        "  examples: |\n"
        "    - NYC\n"
        '- lookup: "city"\n'
        "  examples: |\n"
        "    - NYC\n"
        "    - Oslo\n"
        '- lookup: "from"\n'
        "  examples: |\n"
        "    - Rome\n"
        "    - nyc\n"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "export-report.json",
        "train",
    ]


def test_splits_stand_apart(tmp_path: Path) -> None:
    rows = [row(f"{split} {n}", split=split) for split in ("train", "test") for n in range(2)]
    rows += [row("validation", split="validation"), row("none"), row("train 0", split="test")]
    report, _ = write(tmp_path, [*rows, row("dev", split="dev")])
    assert report.refused == {"unknown_split": 1}
    found = {
        path.parent.name: [line for line in path.read_text().splitlines() if line[:5] == "    -"]
        for path in (tmp_path / "out").rglob("nlu.yml")
    }
    assert found == {
        "train": ["    - train 0", "    - train 1", "    - none"],
        "validation": ["    - validation"],
        "test": ["    - test 0", "    - test 1", "    - train 0"],
    }


@pytest.mark.parametrize(
    ("text", "slots", "rule"),
    [
        ("see [this](city)", [], "text_looks_annotated"),
        ("see [this](city:x) it", [], "text_looks_annotated"),
        ('[this]{"entity": "x"}', [], "text_looks_annotated"),
        ("an array[0]{int}", [], "text_looks_annotated"),
        ("m[0][1]", [], "text_looks_annotated"),
        ("![image](http://a.b)", [], "text_looks_annotated"),
        ("an [open one to Oslo", [("Oslo", "city", "Oslo")], "text_looks_annotated"),
        ("[x]Oslo", [("Oslo", "city", "Oslo")], "text_looks_annotated"),
        ("Oslo [x](y)", [("Oslo", "city", "Oslo")], "text_looks_annotated"),
        ("to O]o", [("O]o", "city", "O")], "entity_has_bracket"),
        ("to [O", [("[O", "city", "O")], "entity_has_bracket"),
        ("two\nlines", [], "text_has_newline"),
        ("two\rlines", [], "text_has_newline"),
        ("two\u2028lines", [], "text_has_newline"),
        ("two\x85lines", [], "text_has_newline"),
        ("two\x1clines", [], "text_has_newline"),
        ("a bell\x07", [], "text_not_printable"),
        ("deleted\x7f", [], "text_not_printable"),
        ("no char\uffff", [], "text_not_printable"),
        (" led by a space", [], "space_at_edge"),
        ("followed by one ", [], "space_at_edge"),
        ("", [], "text_empty"),
        ("  ", [], "text_empty"),
        ("first", [], "duplicate_text"),
    ],
)
def test_a_row_that_rasa_would_corrupt_is_refused(
    tmp_path: Path, text: str, slots: list[Said], rule: str
) -> None:
    same = [row("Oslo 1", ("Oslo", "city", "Oslo")), row("Oslo 2", ("Oslo", "city", "Oslo"))]
    report, entries = write(tmp_path, [*FILLERS, *same, row(text, *slots)])
    assert report.refused == {rule: 1}
    assert report.written == entries.count("    - ") == 4
    said = json.loads((tmp_path / "out/export-report.json").read_text(encoding="utf-8"))
    assert said["refused_ids"] == {rule: [f"id of {text}"]}


SURVIVE = [
    "- dashed",
    "-",
    "--- # no comment",
    "%YAML 1.1",
    "key: 'value' \"quoted\" {a: b}",
    "[x] (y)",
    "[](x) [x]() [x]{}",
    "x](y)",
    "(a) [b",
    "tab\tin \t it",
    "\u00a0edges\u3000",
    "C:\\users \\u0041 \\n",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧 emoji",
    "أيقظني في الساعة \u202e",
    "!tag &anchor *alias | >",
    "/greet",
    "\ufeffmarked",
    "long " * 2_000 + "end",
]


def test_what_survives_is_written_as_it_is(tmp_path: Path) -> None:
    report, _ = write(tmp_path, [row(text) for text in SURVIVE])
    assert (report.written, report.refused) == (len(SURVIVE), {})
    data = yaml.safe_load((tmp_path / "out/train/nlu.yml").read_text(encoding="utf-8"))
    assert data["nlu"][0]["examples"] == "".join(f"- {text}\n" for text in SURVIVE)


@pytest.mark.parametrize(
    "value", ['"', "}", "{", "](x)", "two\nlines", "\u2028\x85", "\x07", "\\", "🏴", "", " "]
)
def test_values_hold_anything(tmp_path: Path, value: str) -> None:
    slot = ("Oslo", "city", value)
    _, entries = write(tmp_path, [row("to Oslo", slot), row("from Oslo", slot)])
    line = entries.splitlines()[2]
    said = line.partition("]")[2]
    assert json.loads(said) == {"entity": "city", "value": value}
    assert said.count("}") == said.count("{") == 1 and said.isprintable()
    data = yaml.safe_load((tmp_path / "out/train/nlu.yml").read_text(encoding="utf-8"))
    assert [entry["synonym"] for entry in data["nlu"][1:]] == ([value] if value else [])


def test_too_few_examples(tmp_path: Path) -> None:
    rows = [
        *FILLERS,
        row("third", ("third", "rare", "3")),  # its label has this row alone
        row("lone", intent="b"),
        row("pair", ("pair", "city", "p"), intent="c"),
        row("pair too", ("pair", "city", "p"), intent="c"),
        # without "e e" the label `x` has one row, and without that the intent `d` has one
        row("d d", ("d", "x", "d"), intent="d"),
        row("d", intent="d"),
        row("e e", ("e", "x", "e"), ("e", "y", "e")),
        row("a test of b", intent="b", split="test"),
    ]
    report, entries = write(tmp_path, rows)
    assert report.refused == {"too_few_examples": 6}
    assert entries.count("    - ") == report.written + 1  # the synonym
    said = json.loads((tmp_path / "out/export-report.json").read_text(encoding="utf-8"))
    assert said["refused_ids"]["too_few_examples"] == [
        f"id of {text}" for text in ("third", "e e", "lone", "a test of b", "d d", "d")
    ]


def test_what_was_written_before_too_few_were_found_is_gone(tmp_path: Path) -> None:
    slots = [("is", "x", "1"), ("is", "x", "2")]
    rows = [row(f"{n} is", slot, intent=f"i{n}") for n, slot in enumerate(slots)]
    rows += [*FILLERS, row("a test", intent="b", split="test"), row("b", intent="b")]
    report, entries = write(tmp_path, rows)
    assert (report.refused, report.notes) == ({"too_few_examples": 4}, ())
    assert entries == '- intent: "a"\n  examples: |\n    - first\n    - second\n'
    assert not (tmp_path / "out/test").exists()
    with pytest.raises(ExportError, match=r"too_few_examples \(2\)"):
        export(to_table(rows[:2]), tmp_path / "none", About("x"))


def test_without_rows_to_train_on_all_are_counted(tmp_path: Path) -> None:
    rows = [row("one", split="test"), row("two", split="validation")]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert (report.written, report.refused) == (2, {})
    assert not (tmp_path / "out/train").exists()


def test_rows_without_intent_and_corpora_of_them(tmp_path: Path) -> None:
    report, _ = write(tmp_path, [*FILLERS, row("x", intent=None)])
    assert report.refused == {"no_intent": 1}
    with pytest.raises(ExportError, match=r"no row can be written as rasa: no_intent \(1\)"):
        export(to_table([row("x", intent=None)]), tmp_path / "none", About("x"))
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "none", About("x"))


def test_duplicates_count_within_an_intent(tmp_path: Path) -> None:
    rows = [*FILLERS, row("first", intent="b"), row("second", intent="b")]
    rows += [row("to Oslo", ("Oslo", "city", value)) for value in ("Oslo", "1", "1")]
    report, _ = write(tmp_path, rows)
    assert (report.written, report.refused) == (6, {"duplicate_text": 1})


def test_names_of_intents(tmp_path: Path) -> None:
    rows = [
        row(f"{n} {m}", intent=name) for n, name in enumerate(["faq/hi", 'q"\\ä']) for m in "ab"
    ]
    _, entries = write(tmp_path, rows)
    assert [entry["intent"] for entry in yaml.safe_load(entries)] == ["faq_hi", 'q"\\ä']
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"intents": {"faq_hi": "faq/hi"}}
    with pytest.raises(ExportError, match="'faq / hi' and 'faq_hi' would both be written"):
        export(to_table([row("x", intent="faq / hi"), row("y", intent="faq_hi")]),
               tmp_path / "no", About("x"))  # fmt: skip


def test_words_with_several_values(tmp_path: Path) -> None:
    said = ["7", "7", "seven"]
    rows = [row(f"at seven {n}", ("seven", "time", value)) for n, value in enumerate(said)]
    report, entries = write(tmp_path, rows)
    assert entries.endswith('- synonym: "7"\n  examples: |\n    - seven\n')
    assert "1 words or phrases stand for several values" in report.notes[0]


def test_the_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(text, intent=f"i{len(text) % 2}") for text in SURVIVE]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, rows)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


# -- the way back -----------------------------------------------------------------------------

WORDS = st.text('ab[](){}:"\\ -é🏴\n', min_size=1, max_size=6)


@st.composite
def utterances(draw: st.DrawFn) -> Utterance:
    pieces: list[str] = []
    slots = []
    length = 0
    for _ in range(draw(st.integers(0, 2))):
        before, words = draw(WORDS), draw(WORDS.filter(lambda words: words == words.strip()))
        start = length + len(before)
        value = words if draw(st.booleans()) else draw(st.text('ab{}"\n', min_size=1, max_size=3))
        slots.append(Slot(start, start + len(words), draw(st.sampled_from("xy")), value))
        pieces += [before, words]
        length = start + len(words)
    text = "".join([*pieces, draw(WORDS)])
    split = draw(st.sampled_from(["train", "test"]))
    return Utterance("", text, draw(st.sampled_from(["i", "k"])), tuple(slots), split=split)


@given(st.lists(utterances(), max_size=12))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows = [*rows, *(row(f"filler {n} x y", ("x", "x", "x"), ("y", "y", "y"), intent=intent,
                         split="train") for intent in "ik" for n in range(2))]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        report = export(to_table(rows), Path(folder) / "out", About("x"))
        notes = Notes()
        found = list(reader.examples(Path(folder) / "out", notes, Options()))
    refused = sum(report.refused.values())
    assert len(found) + sum(notes.refused.values()) == report.written == len(rows) - refused
    # our reader is stricter than Rasa's about annotations that are none, such as `[x]()`
    assert set(notes.refused) <= {"annotation_invalid"}
    there = {(r.text, r.intent, r.slots, r.split) for r in rows}
    assert {(r.text, r.intent, r.slots, r.split) for r in found} <= there
