"""pocketsphinx takes the texts that were written, in the rules of their intents alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from exported import HOSTILE, kept, row, told, utterances
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth.corpus import Utterance, substitute, to_table
from textsynth.corpus import utterances as rows_of
from textsynth.export import About
from textsynth.export.grammars import jsgf as of_grammars
from textsynth.export.jsgf import export
from textsynth.export.speech import HOLE, spoken
from textsynth.grammar import draw, grammar

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".oracles" / "jsgf" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make oracles` makes it")


def accepted(folder: Path, questions: Sequence[tuple[str, str]]) -> list[bool | None]:
    """Whether each rule takes the text."""
    reader = Path(__file__).with_name("jsgf_reader.py")
    done = subprocess.run(
        [str(PYTHON), str(reader), str(folder / "grammar.jsgf")],
        input=json.dumps(questions), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[bool | None] = json.loads(done.stdout)
    return found


def said(one: Utterance) -> tuple[str, str]:
    """The intent of a row, and the row as it is said, its slots by themselves."""
    spans = [(slot.start, slot.end, HOLE) for slot in one.slots]
    text = spoken(substitute(one.text, spans)[0], "en") or ""
    for start, end, _ in spans:
        text = text.replace(HOLE, spoken(one.text[start:end], "en") or "", 1)
    return one.intent or "", text


def home() -> tuple[grammar.Grammar, list[Utterance]]:
    pack = grammar.load(ROOT / "templates" / "home" / "intents")
    return pack, [
        one for name in pack.intents for one in rows_of(draw.draw(pack, name, 0, 20, seed=1))
    ]


def test_rows_of_the_demo(tmp_path: Path) -> None:
    pack, rows = home()
    export(to_table(rows), tmp_path / "out", About("x"))
    there = kept(rows, tmp_path / "out")
    assert len(there) >= 0.98 * len(rows)
    assert all(accepted(tmp_path / "out", list(map(said, there))))
    names = list(pack.intents)
    others = [(names[names.index(one.intent or "") - 1], said(one)[1]) for one in there]
    assert sum(map(bool, accepted(tmp_path / "out", others))) <= 0.02 * len(others)


def test_the_grammar_of_the_demo(tmp_path: Path) -> None:
    pack, rows = home()
    report = of_grammars.export(pack, tmp_path / "out")
    assert report.refused == {"slot_inside_word": 1}
    refused = told(tmp_path / "out")["refused_ids"]["slot_inside_word"]
    there = [one for one in rows if not any(where.startswith(one.parents[0]) for where in refused)]
    assert all(accepted(tmp_path / "out", list(map(said, there))))


def test_hostile_texts_and_values(tmp_path: Path) -> None:
    rows = [row(text) for text in HOSTILE]
    rows += [
        row(f"value {word} now", (word, "v", value), id=word)
        for word, value in [
            ("one", "a}b"),
            ("two", "a{b\\"),
            ("three", "{}"),
            ("four", "é 🏴 \n x"),
        ]
    ]
    export(to_table(rows), tmp_path / "out", About("x"))
    there = kept(rows, tmp_path / "out")
    questions = list(map(said, there))
    found = accepted(tmp_path / "out", questions)
    assert not [text for (_, text), yes in zip(questions, found, strict=True) if not yes]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(utterances("ab '-,.1&{}é\\"), min_size=5, max_size=20))
def test_any_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Utterance]]) -> None:
    flat = [row("filler", id="filler")]
    flat += [
        Utterance(f"{n}/{one.id}", one.text, one.intent, one.slots)
        for n, part in enumerate(rows)
        for one in part
    ]
    folder = tmp_path_factory.mktemp("jsgf")
    export(to_table(flat), folder / "out", About("x"))
    assert all(accepted(folder / "out", list(map(said, kept(flat, folder / "out")))))
