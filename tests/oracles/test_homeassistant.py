"""hassil recognises what was written, with its intent and slots."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from textsynth.corpus import to_table, utterances
from textsynth.export import About
from textsynth.export.homeassistant import export
from textsynth.grammar import draw, grammar

pytest.importorskip("hassil")
ROOT = Path(__file__).resolve().parents[2]


def test_rows_of_the_demo(tmp_path: Path) -> None:
    from hassil.intents import Intents
    from hassil.recognize import recognize

    pack = grammar.load(ROOT / "templates" / "home" / "intents")
    rows = [
        one for name in pack.intents for one in utterances(draw.draw(pack, name, 0, 20, seed=1))
    ]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert report.written >= 0.98 * len(rows)
    file = tmp_path / "out/custom_sentences/en/textsynth.yaml"
    intents = Intents.from_dict(yaml.safe_load(file.read_text(encoding="utf-8")))
    missed = []
    for one in rows:
        found = recognize(one.text, intents)
        slots = found and sorted((e.name, str(e.value).strip()) for e in found.entities_list)
        told = found and found.intent.name
        if (told, slots) != (one.intent, sorted((s.label, s.value) for s in one.slots)):
            missed.append(one.text)
    assert len(missed) <= 0.02 * len(rows), missed
