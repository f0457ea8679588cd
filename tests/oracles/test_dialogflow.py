"""Rasa's reader of Dialogflow ES agents and the messages of Dialogflow CX's client library give
back what was written. `make oracles` makes their environments."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bot_rows import HOSTILE, demo, kept, row

from textsynth.corpus import Utterance, to_table
from textsynth.export import About, dialogflow, dialogflow_cx

ORACLES = Path(__file__).resolve().parents[2] / ".oracles"
RASA = ORACLES / "rasa" / "bin" / "python"
CX = ORACLES / "dialogflow" / "bin" / "python"
ABOUT = About("home")

with_rasa = pytest.mark.skipif(not RASA.exists(), reason="`make oracles` makes it")
with_cx = pytest.mark.skipif(not CX.exists(), reason="`make oracles` makes it")


def read(python: Path, reader: str, archive: Path, folder: Path) -> dict[str, Any]:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    command = [str(python), "-W", "ignore", str(Path(__file__).with_name(reader))]
    done = subprocess.run(
        [*command, str(folder), "en"], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def parts(row: Utterance) -> list[list[str]]:
    """Texts, each with the label that it has."""
    found, at = list[list[str]](), 0
    for slot in row.slots:
        found += [[row.text[at : slot.start], ""], [row.text[slot.start : slot.end], slot.label]]
        at = slot.end
    return [part for part in (*found, [row.text[at:], ""]) if part[0]]


def count(found: Sequence[Any]) -> Counter[str]:
    return Counter(map(json.dumps, found))


@with_rasa
def test_rows_of_the_demo_by_rasa(tmp_path: Path) -> None:
    rows = demo(5_000)
    report = dialogflow.export(to_table(rows), tmp_path / "out", ABOUT)
    there = kept(rows, tmp_path / "out")
    assert len(there) == report.written >= 0.98 * len(rows)
    reader = "rasa_dialogflow_reader.py"
    told = read(RASA, reader, tmp_path / "out/train.zip", tmp_path / "agent")
    assert count(told["examples"]) == count(
        [
            [
                r.text,
                r.intent,
                [[s.start, s.end, s.label, r.text[s.start : s.end]] for s in r.slots],
            ]
            for r in there
        ]
    )
    said = {(s.label, r.text[s.start : s.end], s.value) for r in there for s in r.slots}
    assert {(label, words) for label, words, _ in said} == {
        (label, words) for label, found in told["lookups"].items() for words in found
    }
    pairs = {(words, value) for _, words, value in said}
    assert set(told["synonyms"].items()) <= pairs


@with_cx
def test_rows_of_the_demo_by_cx(tmp_path: Path) -> None:
    rows = demo(5_000)
    report = dialogflow_cx.export(to_table(rows), tmp_path / "out", ABOUT)
    there = kept(rows, tmp_path / "out")
    assert len(there) == report.written >= 0.98 * len(rows)
    told = read(CX, "dialogflow_reader.py", tmp_path / "out/train.zip", tmp_path / "agent")
    assert count(told["phrases"]) == count([[row.intent, parts(row)] for row in there])
    assert told["flows"] == [told["start"]]
    assert {
        (type, words, value)
        for type, values in told["entities"].items()
        for value, synonyms in values
        for words in synonyms
    } == {(s.label, r.text[s.start : s.end], s.value) for r in there for s in r.slots}
    used = {(str(r.intent), s.label) for r in there for s in r.slots}
    assert used == {
        (intent, parameter) for intent, found in told["parameters"].items() for parameter in found
    }
    assert all(type == f"@{name}" for p in told["parameters"].values() for name, type in p.items())


@with_rasa
@with_cx
def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    rows += [row(f"{text} it", ("it", "x", f"v {n}"[:1])) for n, text in enumerate(HOSTILE[:7])]
    for format, python, reader in (
        (dialogflow, RASA, "rasa_dialogflow_reader.py"),
        (dialogflow_cx, CX, "dialogflow_reader.py"),
    ):
        out = tmp_path / reader
        format.export(to_table(rows), out, ABOUT)
        told = read(python, reader, out / "train.zip", out / "agent")
        texts = [one[0] for one in told["examples"]] if format is dialogflow else [
            "".join(text for text, _ in found) for _, found in told["phrases"]
        ]  # fmt: skip
        assert sorted(texts) == sorted(row.text for row in kept(rows, out))
