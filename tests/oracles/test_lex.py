"""Lex exports keep the types, patterns, enums and limits of Lex's own API, and give back what was
written. `make oracles` makes the environment with botocore, which knows that API."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bot_rows import demo, kept, row

from textsynth.corpus import Utterance, to_table
from textsynth.export import About
from textsynth.export.lex import export

PYTHON = Path(__file__).resolve().parents[2] / ".oracles" / "lex" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make oracles` makes it")


def read(file: Path) -> dict[str, Any]:
    command = [str(PYTHON), str(Path(__file__).with_name("lex_reader.py")), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_rows_of_the_demo(tmp_path: Path) -> None:
    rows = demo(5_000)
    report = export(to_table(rows), tmp_path / "out", About("home"))
    there = kept(rows, tmp_path / "out")
    assert len(there) == report.written >= 0.98 * len(rows)
    told = read(tmp_path / "out/train.zip")
    assert told["faults"] == [] and told["locale"] == "en_US"
    assert told["intents"].pop("FallbackIntent") == [] == [*told["slots"].pop("FallbackIntent")]
    flat = [text.casefold() for texts in told["intents"].values() for text in texts]
    assert len(flat) == len(set(flat))
    for intent, texts in told["intents"].items():
        used = {slot for text in texts for slot in re.findall(r"\{(.*?)\}", text)}
        assert used == set(told["slots"][intent])
        assert set(told["slots"][intent].values()) <= set(told["types"])
    known = {
        type: [words.casefold() for value, synonyms in values for words in (value, *synonyms)]
        for type, values in told["types"].items()
    }
    assert all(len(words) == len(set(words)) for words in known.values())
    lowered = {name: {text.casefold() for text in texts} for name, texts in told["intents"].items()}
    for one in there:
        assert sample(one) in lowered[str(one.intent)]
        for slot in one.slots:
            assert one.text[slot.start : slot.end].casefold() in known[slot.label]


def sample(row: Utterance) -> str:
    text, at, names = "", 0, list[str]()
    for slot in row.slots:
        names.append(f"{slot.label}_b" if slot.label in names else slot.label)
        text += f"{row.text[at : slot.start]}{{{names[-1]}}}"
        at = slot.end
    return (text + row.text[at:]).casefold()


def test_names_and_values_of_all_sorts(tmp_path: Path) -> None:
    names = ["a b", "9", "x_y-z", "ä/ö", "日本", "n" * 200, "-", "fallback intent", "c--d"]
    values = ["", "o" * 200, "two\nlines", "🏴" * 70, "a", '"', "<b>"]
    rows = [
        row(f"{n} {m} it", ("it", f"{name} s{n}{m}", value), intent=name)
        for n, name in enumerate(names)
        for m, value in enumerate(values)
    ]
    report = export(to_table(rows), tmp_path / "out", About("日本"))
    assert report.refused == {"value_empty": len(names)}
    assert report.written == len(rows) - len(names)
    told = read(tmp_path / "out/train.zip")
    assert told["faults"] == []
    assert len(told["intents"]) == len(names) + 1 and len(told["types"]) == report.written


def test_the_oracle_sees_faults(tmp_path: Path) -> None:
    export(to_table([row("to Oslo", ("Oslo", "city", "x"))]), tmp_path / "out", About("home"))
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(tmp_path / "out/train.zip") as whole, zipfile.ZipFile(broken, "w") as out:
        for name in whole.namelist():
            text = whole.read(name).decode().replace('"Optional"', '"Never"')
            out.writestr(name, text.replace('"name": "city"', '"name": "a city"'))
    found = "\n".join(read(broken)["faults"])
    assert "'Never' is none of" in found and "'a city' does not match" in found
