"""spaCy's DocBin files, read by spaCy itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from exported import HOSTILE, kept, row, utterances
from hypothesis import given, settings

from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.spacy import FOLDERS, export


def docs(folder: Path, name: str = "train") -> list[Any]:
    import spacy
    from spacy.tokens import DocBin

    vocab = spacy.blank("en").vocab
    files = sorted((folder / name).glob("*.spacy"))
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]


def read(folder: Path) -> list[tuple[Any, ...]]:
    """Rows as spaCy gives them back."""
    found = []
    for name in set(FOLDERS.values()):
        for doc in docs(folder, name):
            intent = next((cat for cat, score in doc.cats.items() if score), None)
            slots = tuple(Slot(e.start_char, e.end_char, e.label_, e.ent_id_) for e in doc.ents)
            found.append((doc.text, intent, slots))
    return sorted(found, key=str)


def plain(rows: list[Utterance]) -> list[tuple[Any, ...]]:
    return sorted(((one.text, one.intent, one.slots) for one in rows), key=str)


def test_what_is_written(tmp_path: Path) -> None:
    rows = [
        row("fly to  NYC's airport", ("NYC", "city", "New York"), intent="fly"),
        row("play", intent="play"),
        row("what", intent=None, split="validation"),
        row("xy", ("x", "q", ""), split="test"),
    ]
    report = export(to_table(rows), tmp_path / "out", About("x"), shard_rows=1)
    assert (report.written, report.refused) == (4, {})
    names = sorted(path.relative_to(tmp_path / "out").as_posix()
                   for path in (tmp_path / "out").rglob("*.spacy"))  # fmt: skip
    assert names == ["dev/00000.spacy", "test/00000.spacy", "train/00000.spacy",
                     "train/00001.spacy"]  # fmt: skip
    first, _ = docs(tmp_path / "out")
    assert [token.text for token in first] == ["fly", "to", " ", "NYC", "'s", "airport"]
    assert first.cats == {"a": 0.0, "fly": 1.0, "play": 0.0}
    assert docs(tmp_path / "out", "dev")[0].cats == {}
    assert read(tmp_path / "out") == plain(rows)


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (row(" "), "text_empty"),
        (row("x", split="dev"), "unknown_split"),
        (row("x ", ("x ", "q", "x")), "space_at_slot_edge"),
        (row("x", slots=(Slot(1, 1, "q", "x"),)), "span_empty"),
    ],
)
def test_refused(tmp_path: Path, one: Utterance, rule: str) -> None:
    report = export(to_table([row("z"), one]), tmp_path / "out", About("x"))
    assert report.refused == {rule: 1}


def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    export(to_table(rows), tmp_path / "out", About("x"))
    there = kept(rows, tmp_path / "out")
    assert len(there) == len(rows) - 2
    assert read(tmp_path / "out") == plain(there)


@pytest.mark.parametrize(("language", "noted"), [("en-GB", False), ("de", False), ("tlh", True)])
def test_languages(tmp_path: Path, language: str, noted: bool) -> None:
    report = export(to_table([row("x")]), tmp_path / "out", About("x", language=language))
    assert bool(report.notes) == noted


def test_shard_rows_below_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="shard_rows is 0"):
        export(to_table([row("x")]), tmp_path / "no", About("x"), shard_rows=0)


def test_no_rows(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "no", About("x"))


@settings(max_examples=20, deadline=None)
@given(utterances("ab '.-\té🏴\u200d\n", splits=True))
def test_what_is_written_comes_back(rows: list[Utterance]) -> None:
    rows.append(row("filler", id="filler"))
    with tempfile.TemporaryDirectory() as folder:
        export(to_table(rows), Path(folder) / "out", About("x"))
        assert read(Path(folder) / "out") == plain(kept(rows, Path(folder) / "out"))
