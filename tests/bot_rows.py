"""Rows for the tests of exports to voice platforms, and what is refused of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, utterances
from textsynth.grammar import draw, grammar

Said = tuple[str, str, str]  # words, label, value
HOME = Path(__file__).resolve().parent.parent / "templates" / "home" / "intents"


def row(text: str, *slots: Said, intent: str | None = "a", **more: Any) -> Utterance:
    """An utterance; its slots come in the order of the text."""
    at, made = 0, []
    for words, label, value in slots:
        at = text.index(words, at)
        made.append(Slot(at, at + len(words), label, value))
        at += len(words)
    return Utterance(id=f"id of {text}", text=text, intent=intent, slots=tuple(made), **more)


@cache
def demo(rows: int) -> tuple[Utterance, ...]:
    """So many rows of the demo, shared out among its intents as far as they go."""
    pack = grammar.load(HOME)
    room = {intent: draw.capacity(pack, intent, seed=1) for intent in pack.intents}
    wanted = dict.fromkeys(room, 0)
    while sum(wanted.values()) < rows:
        left = [intent for intent in room if wanted[intent] < room[intent]]
        share = max(1, (rows - sum(wanted.values())) // len(left))
        for intent in left:
            wanted[intent] += min(share, room[intent] - wanted[intent])
    made = [u for i, n in wanted.items() for u in utterances(draw.draw(pack, i, 0, n, seed=1))]
    return tuple(made[:rows])


def refused(folder: Path) -> dict[str, list[str]]:
    """The ids of the rows that an export refused, by rule."""
    report = json.loads((folder / "export-report.json").read_text(encoding="utf-8"))
    return dict(report["refused_ids"])


def kept(rows: Sequence[Utterance], folder: Path) -> list[Utterance]:
    """The rows that an export did not refuse."""
    gone = {id for ids in refused(folder).values() for id in ids}
    return [row for row in rows if row.id not in gone]


def pattern(row: Utterance) -> str:
    """The text with `{label}` in the place of each slot."""
    text, at = "", 0
    for slot in row.slots:
        text += f"{row.text[at : slot.start]}{{{slot.label}}}"
        at = slot.end
    return text + row.text[at:]


def words(rows: Sequence[Utterance]) -> set[tuple[str, str, str]]:
    """The (label, words, value) of all slots."""
    return {(s.label, r.text[s.start : s.end], s.value) for r in rows for s in r.slots}


@st.composite
def any_rows(draw: st.DrawFn, signs: str, labels: str = "xy") -> list[Utterance]:
    """Up to a dozen rows of these signs; each id is another."""
    text = st.text(signs, min_size=1, max_size=6)
    made = []
    for number in range(draw(st.integers(1, 12))):
        pieces, slots, length = list[str](), list[Slot](), 0
        for _ in range(draw(st.integers(0, 2))):
            before, said = draw(text), draw(text)
            start = length + len(before)
            value = said if draw(st.booleans()) else draw(text)
            slots.append(Slot(start, start + len(said), draw(st.sampled_from(labels)), value))
            pieces += [before, said]
            length = start + len(said)
        whole = "".join([*pieces, draw(text)])
        intent = draw(st.sampled_from("ik"))
        made.append(Utterance(f"r/{number}", whole, intent=intent, slots=tuple(slots)))
    return made


# Texts that no exporter may stumble over.
HOSTILE = [
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧 emoji", "أيقظني في الساعة", "right \u202e left", "two\nlines", "a [b](c) d",
    "a {b} c", "say \"this\" and 'that'", "long " * 2_000 + "end", "", "  ", " led by space",
    "a\x00b", "a\x01b", "@sys.date:x", "$20 & 5%", "a\\b", "]", "{", "\u2028", "\ufeffmarked",
    "C:\\x <b>&amp;</b>",
]  # fmt: skip
