"""Amazon's serialiser of interaction models gives back what was written, and the rules of samples
and names hold, which it does not check. `make oracles` makes its environment."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bot_rows import demo, kept

from textsynth.corpus import Utterance, to_table
from textsynth.export import About
from textsynth.export.alexa import export
from textsynth.export.speech import spoken

PYTHON = Path(__file__).resolve().parents[2] / ".oracles" / "alexa" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make oracles` makes it")

NAME = re.compile(r"[A-Za-z](?:[A-Za-z_]*[A-Za-z])?")
SAMPLE = re.compile(r"(?:(?:[^\W\d_]|[.'\- ])+|(?<![^ ])\{([A-Za-z_]+)\}(?:'s|')?(?![^ ]))+")


def read(file: Path) -> dict[str, Any]:
    """What Amazon's serialiser finds in a model."""
    command = [str(PYTHON), str(Path(__file__).with_name("alexa_reader.py")), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_rows_of_the_demo(tmp_path: Path) -> None:
    rows = demo(5_000)
    report = export(to_table(rows), tmp_path / "out", About("home corpus"))
    there = kept(rows, tmp_path / "out")
    assert len(there) == report.written >= 0.98 * len(rows)
    told = read(tmp_path / "out/train/en-US.json")
    assert told["same"] and told["invocation"] == "home corpus"
    types = {name: dict(values) for name, values in told["types"]}
    samples = {name: set(samples) for name, _, samples in told["intents"]}
    # the rules
    flat = [sample.casefold() for _, _, samples in told["intents"] for sample in samples]
    assert len(flat) == len(set(flat))
    for name, slots, written in told["intents"]:
        declared = [slot for slot, _ in slots]
        assert NAME.fullmatch(name) and written and len(declared) == len(set(declared))
        assert {type for _, type in slots} <= set(types) and all(map(NAME.fullmatch, declared))
        used = [re.findall(r"\{(.*?)\}", sample) for sample in written]
        assert {slot for one in used for slot in one} == set(declared)
        assert all(len(one) == len(set(one)) for one in used)
        assert all(map(SAMPLE.fullmatch, written)), [s for s in written if not SAMPLE.fullmatch(s)]
    for values in types.values():
        said = [words.casefold() for value in values for words in (value, *values[value])]
        assert said and len(said) == len(set(said)) and not re.search(r"\d", " ".join(said))
    # what went in
    known = {
        name: {words.casefold() for value in values for words in (value, *values[value])}
        for name, values in types.items()
    }
    names = json.loads((tmp_path / "out/names.json").read_text(encoding="utf-8"))
    slots = {old: new for new, old in names.get("slots", {}).items() if not new.endswith("_b")}
    intents = {old: new for new, old in names.get("intents", {}).items()}
    lowered = {name: {sample.casefold() for sample in found} for name, found in samples.items()}
    for row in there:
        for slot in row.slots:
            words = spoken(row.text[slot.start : slot.end], "en-US") or ""
            assert words.casefold() in known[slots.get(slot.label, slot.label)]
        assert _sample(row, slots) in lowered[intents.get(str(row.intent), str(row.intent))]


def _sample(row: Utterance, slots: dict[str, str]) -> str:
    text, at, names = "", 0, list[str]()
    for slot in row.slots:
        name = slots.get(slot.label, slot.label)
        names.append(f"{name}_b" if name in names else name)
        text += f"{row.text[at : slot.start]}\0"
        at = slot.end
    said = spoken(text + row.text[at:], "en-US") or ""
    for name in names:
        said = said.replace("\0", f"{{{name}}}", 1)
    return said.casefold()
