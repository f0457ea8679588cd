"""seqeval, in its strict reading of IOB2, finds the entities that were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from textsynth.corpus import Slot, Utterance, to_table, utterances
from textsynth.export import About
from textsynth.export.conll import export
from textsynth.export.tokens import tokens
from textsynth.grammar import draw, grammar

seqeval_scheme = pytest.importorskip("seqeval.scheme")
ROOT = Path(__file__).resolve().parents[2]


def sentences(file: Path) -> list[list[tuple[str, str]]]:
    """Tokens with their tags, as anybody reads them."""
    return [
        [
            (line.split("\t")[0], line.split("\t")[1])
            for line in block.splitlines()
            if not line.startswith("# ")
        ]
        for block in file.read_text(encoding="utf-8").strip().split("\n\n")
    ]


def strict(tags: list[list[str]]) -> list[list[tuple[str, int, int]]]:
    found = seqeval_scheme.Entities(tags, seqeval_scheme.IOB2)
    return [[(one.tag, one.start, one.end) for one in row] for row in found.entities]


def test_the_entities_of_the_demo(tmp_path: Path) -> None:
    pack = grammar.load(ROOT / "templates" / "home" / "intents")
    rows = [
        one for name in pack.intents for one in utterances(draw.draw(pack, name, 0, 50, seed=1))
    ]
    rows.append(Utterance("x", "ab c", slots=(Slot(0, 1, "q", "a"), Slot(1, 2, "q", "b"))))
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert report.refused == {}
    read = sentences(tmp_path / "out/train.conll")
    wanted = []
    for one in rows:
        places = tokens(one.text, [edge for slot in one.slots for edge in (slot.start, slot.end)])
        starts, ends = [start for start, _ in places], [end for _, end in places]
        wanted.append([(s.label, starts.index(s.start), ends.index(s.end) + 1) for s in one.slots])
    assert strict([[tag for _, tag in sentence] for sentence in read]) == wanted
    joined = ["".join(token for token, _ in sentence) for sentence in read]
    assert joined == ["".join(one.text.split()) for one in rows]
