"""Rows for the tests of exporters: hostile ones, any ones, and what was refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance

Said = tuple[str, str, str]  # words, label, value

HOSTILE = [
    "- dashed", "--- # no comment", "%YAML 1.1", "key: 'value' \"quoted\" {a: b}",
    "(a) [b", "]b", "[x](y) [x:y](z)", "tab\tin \t it", "\u00a0edges\u3000",
    "C:\\users \\u0041 \\n", "C#", "# text = x", "🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧 emoji",
    "أيقظني في الساعة \u202e", "हिन्दी में", "!tag &anchor *alias | >", "\ufeffmarked",
    "long " * 2_000 + "end", "a\nb", "a\r\nb", "a\u2028b", "a\x07b", "\x7f", "\uffff",
    " a", "a ", "", "   ", "=1+1", "<rule> {list} (a|b);", "e\u0301t\u00e9",
    "-DOCSTART-", "7:30 & 20% of 1980's", "...", "¿Qué?",
]  # fmt: skip


def row(text: str, *slots: Said, intent: str | None = "a", **more: Any) -> Utterance:
    """An utterance; its slots come in the order of the text."""
    at, made = 0, []
    for words, label, value in slots:
        at = text.index(words, at)
        made.append(Slot(at, at + len(words), label, value))
        at += len(words)
    given = {"id": f"id of {text}", "text": text, "intent": intent, "slots": tuple(made)}
    return Utterance(**{**given, **more})


def told(folder: Path) -> Any:
    """The report of an export."""
    return json.loads((folder / "export-report.json").read_text(encoding="utf-8"))


def kept(rows: Sequence[Utterance], folder: Path) -> list[Utterance]:
    """The rows that an export did not refuse."""
    refused = {id for ids in told(folder)["refused_ids"].values() for id in ids}
    return [one for one in rows if one.id not in refused]


def utterances(signs: str, *, labels: str = "xy", splits: bool = False) -> st.SearchStrategy[Any]:
    """Any rows of these signs, ids from 0: up to two slots, values of their own or the words."""
    words = st.text(signs, min_size=1, max_size=6)

    @st.composite
    def one(draw: st.DrawFn) -> Utterance:
        pieces: list[str] = []
        slots = []
        for _ in range(draw(st.integers(0, 2))):
            pieces += [draw(words), draw(words)]
            start = len("".join(pieces[:-1]))
            value = pieces[-1] if draw(st.booleans()) else draw(st.text(signs, max_size=3))
            label = draw(st.sampled_from(labels))
            slots.append(Slot(start, start + len(pieces[-1]), label, value))
        split = draw(st.sampled_from(["train", "validation", "test", None])) if splits else None
        intent = draw(st.sampled_from(["i", "k", None]))
        return Utterance("", "".join([*pieces, draw(words)]), intent, tuple(slots), split=split)

    def named(rows: list[Utterance]) -> list[Utterance]:
        return [
            Utterance(f"r/{n}", one.text, one.intent, one.slots, split=one.split)
            for n, one in enumerate(rows)
        ]

    return st.lists(one(), min_size=1, max_size=12).map(named)
