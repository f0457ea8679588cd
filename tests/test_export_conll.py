"""CoNLL files: tokens and tags, what is refused by name, and the way back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from exported import HOSTILE, kept, row, told, utterances
from hypothesis import given, settings
from hypothesis import strategies as st

from textsynth import importers
from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.conll import export
from textsynth.export.tokens import tags, tokens


def read(folder: Path) -> list[tuple[Any, ...]]:
    notes = importers.Notes()
    found = list(importers.read_examples(folder, "conll", notes=notes))
    assert not notes.refused
    return sorted(((one.text, one.intent, one.slots) for one in found), key=str)


def plain(rows: list[Utterance]) -> list[tuple[Any, ...]]:
    """Rows as they come back: a value is its words."""
    found = []
    for one in rows:
        slots = tuple(Slot(s.start, s.end, s.label, one.text[s.start : s.end]) for s in one.slots)
        found.append((one.text, one.intent, slots))
    return sorted(found, key=str)


def test_what_is_written(tmp_path: Path) -> None:
    rows = [
        row("fly to New York's airport", ("New York", "city", "NYC"), intent="fly"),
        row("xyz", ("x", "q", "x"), ("y", "q", "y"), intent=None),
        row("hi", split="test"),
    ]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert (report.written, report.refused) == (3, {})
    assert "1 rows have values" in report.notes[0]
    assert (tmp_path / "out/train.conll").read_text() == (
        "# text = fly to New York's airport\n# intent = fly\n"
        "fly\tO\nto\tO\nNew\tB-city\nYork\tI-city\n'\tO\ns\tO\nairport\tO\n\n"
        "# text = xyz\nx\tB-q\ny\tB-q\nz\tO\n\n"
    )
    assert (tmp_path / "out/test.conll").read_text() == "# text = hi\n# intent = a\nhi\tO\n\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("a_1-b  c", ["a_1", "-", "b", "c"]),
        ("it\u2019s", ["it", "\u2019", "s"]),
        ("", []),
    ],
)
def test_tokens(text: str, wanted: list[str]) -> None:
    assert [text[start:end] for start, end in tokens(text)] == wanted


@given(st.text("ab .-é\u0301🏴\u200d", max_size=12), st.sets(st.integers(0, 12)))
def test_tokens_hold_all_but_white_space(text: str, edges: set[int]) -> None:
    edges = {edge for edge in edges if edge <= len(text)}
    places = tokens(text, edges)
    assert "".join(text[a:b] for a, b in places) == "".join(text.split())
    assert not any(a < edge < b for a, b in places for edge in edges)
    assert len(tags(places, [])) == len(places)


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (row("a\nb"), "text_has_newline"),
        (row(" "), "text_empty"),
        (row("x", split="dev"), "unknown_split"),
        (row(" x", (" x", "q", "x")), "space_at_slot_edge"),
        (row("x" * 1_000_001), "text_too_long"),
        (row("x " * 100_001), "text_too_long"),
        (row("x", id="y", slots=(Slot(0, 2, "q", "x"),)), "span_out_of_bounds"),
    ],
)
def test_refused(tmp_path: Path, one: Utterance, rule: str) -> None:
    report = export(to_table([row("z"), one]), tmp_path / "out", About("x"))
    assert (report.written, report.refused) == (1, {rule: 1})
    assert told(tmp_path / "out")["refused_ids"] == {rule: [one.id]}


def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    export(to_table(rows), tmp_path / "out", About("x"))
    there = kept(rows, tmp_path / "out")
    assert len(there) == len(rows) - 4  # two with newlines, two empty
    assert read(tmp_path / "out") == plain(there)


def test_names(tmp_path: Path) -> None:
    one = row("x", ("x", "room name", "x"), intent="set\nit")
    export(to_table([one]), tmp_path / "out", About("x"))
    assert "# intent = set it\nx\tB-room_name\n" in (tmp_path / "out/train.conll").read_text()
    assert read(tmp_path / "out")[0][1] == "set\nit"
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "no", About("x"))


@settings(max_examples=60)
@given(utterances("ab #=-_\té🏴\u200d\n", splits=True))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows.append(row("filler", id="filler"))
    with tempfile.TemporaryDirectory() as folder:
        export(to_table(rows), Path(folder) / "out", About("x"))
        assert read(Path(folder) / "out") == plain(kept(rows, Path(folder) / "out"))
