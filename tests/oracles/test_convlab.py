"""ConvLab's own loaders read our datasets. `make oracles` makes the environment with them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dialogue_rows import booked, dialogues, hung_up

from textsynth.corpus import Utterance, to_table
from textsynth.export import About
from textsynth.export.convlab import export

PYTHON = Path(__file__).resolve().parents[2] / ".oracles" / "convlab" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make oracles` makes it")

ROWS = [*dialogues("train"), *booked(7, split="validation"), *hung_up(8, split="test")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ConvLab reads."""
    folder = tmp_path_factory.mktemp("convlab") / "out"
    export(to_table(ROWS), folder, About("bot"))
    command = [str(PYTHON), str(Path(__file__).with_name("convlab_reader.py")), str(folder / "bot")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of(split: str) -> list[Utterance]:
    return [row for row in ROWS if row.split == split]


def test_splits_and_domains(told: dict[str, Any]) -> None:
    assert told["splits"] == {"train": 6, "validation": 1, "test": 1}
    assert told["domains"] == ["block_card", "book_table"]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_understanding(told: dict[str, Any], split: str) -> None:
    for row, (text, acts) in zip(of(split), told["understanding"][split], strict=True):
        assert text == row.text
        intents = {act["intent"].upper() for kind in acts.values() for act in kind}
        assert intents == {part.partition(":")[0] for part in str(row.act).split()}


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_tracking(told: dict[str, Any], split: str) -> None:
    users = [row for row in of(split) if row.speaker == "user"]
    for row, (before, state) in zip(users, told["tracking"][split], strict=True):
        assert before == row.turn
        (slots,) = state.values()
        assert {slot for slot in slots if slots[slot]} == {slot for slot, _ in row.state or ()}


def test_spans(told: dict[str, Any]) -> None:
    texts = dict(zip([row.id for row in ROWS], told["delexicalised"], strict=True))
    name = "dialogue/book_table/0000000000000001"
    assert texts[f"{name}/3"] == "There are [count]. One is [name]."
    assert texts[f"{name}/7"] == "[name] at [time] for two?"
    assert texts[f"{name}/8"] == "no, at [time]"
