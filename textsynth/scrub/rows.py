"""Scrubbing whole rows: the JSON objects of a file, in their order and with their keys.

What stands beside `text` may tell as much (`{"text": …, "caller": "Jane Roe"}`): a string under a
personal key goes as a whole, one of several words is read as the text is, and a single word
("train", an id) loses what was found elsewhere. What slots mean is read as well (`canonical`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textsynth.corpus import Slot, Utterance
from textsynth.patterns import LABEL
from textsynth.scrub import canonical, policy
from textsynth.scrub.canonical import Meant
from textsynth.scrub.fill import Filled, fill
from textsynth.scrub.plan import Plan
from textsynth.scrub.scrubber import Detects
from textsynth.scrub.spans import Found
from textsynth.scrub.surrogates import Surrogates
from textsynth.scrub.survey import Knowledge, planned

# `text` and `slots` are rewritten from the plan; an intent is the name of a class.
OWN_KEYS = ("text", "slots", "intent")
SLOT_KEYS = ("start", "end", "label", "value")
# Scripts that part no words, by the first word of their characters' names.
_UNPARTED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
# A string beside the text: the nearest key above it, and itself.
Field = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its line, the JSON object, and the utterance that was made of it."""

    line: int
    data: Mapping[str, Any]
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows, and the distinct texts in them, in the order in which they come.

    `parts` are the texts of each row by their places in `texts`: its own, then those beside it,
    then what its slots mean, which are in `meant` too. `alone` are texts beside it that the
    detector leaves alone: names of splits and ids are no prose.
    """

    rows: list[Row]
    texts: list[Utterance]
    parts: list[list[int]]
    meant: dict[Meant, int]
    alone: frozenset[int]


@dataclass(frozen=True, slots=True)
class Part:
    """A text of a row: what was found in it, what was done with it, and what became of it."""

    found: Sequence[Found]
    plan: Plan
    filled: Filled


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A row without identities; its text is the first of `parts`. `dropped` is the label for which
    the policy wants the whole row to go: `data` is empty then."""

    row: Row
    data: dict[str, Any]
    parts: list[Part]
    dropped: str | None = None


def piece_of(rows: Iterable[Row]) -> Piece:
    """Rows and the texts in them."""
    kept, texts, parts = list(rows), list[Utterance](), list[list[int]]()
    places: dict[object, int] = {}
    beside = set[int]()
    meant: dict[Meant, int] = {}
    for row in kept:
        own = row.utterance
        found = [_place(own.id, own, places, texts)]
        for key, text in _fields(row.data):
            field = _as_utterance(key, text, own.language)
            found.append(_place((key, text), field, places, texts))
            beside.add(found[-1])
        for label, value in canonical.apart(own):
            as_text = canonical.as_text(label, value, own.language)
            found.append(_place((label, value, "meant"), as_text, places, texts))
            meant[label, value] = found[-1]
        parts.append(found)
    alone = frozenset(at for at in beside if _is_bare(texts[at].text))
    return Piece(kept, texts, parts, meant, alone)


def _is_bare(text: str) -> bool:
    """Whether the detector passes over what stands beside the text: one word that is no address
    ("train", an id), in a script that parts words."""
    return len(text.split()) <= 1 and "@" not in text and not _unparted(text)


def _unparted(text: str) -> bool:
    return not text.isascii() and any(
        unicodedata.name(char, "").startswith(_UNPARTED) for char in re.findall(r"[^\W\d_]", text)
    )


def _place(
    key: object, utterance: Utterance, places: dict[object, int], texts: list[Utterance]
) -> int:
    if key not in places:
        places[key] = len(texts)
        texts.append(utterance)
    return places[key]


def detect(piece: Piece, detector: Detects) -> list[list[Found]]:
    """The detections in each text of a piece."""
    read = [at for at in range(len(piece.texts)) if at not in piece.alone]
    found: list[list[Found]] = [[] for _ in piece.texts]
    several = detector.detect([piece.texts[at].text for at in read])
    for at, those in zip(read, several, strict=True):
        found[at] = those
    return found


def rewrite(
    piece: Piece,
    found: Sequence[Sequence[Found]],
    knowledge: Knowledge,
    surrogates: Surrogates,
) -> Iterator[Rewritten]:
    """The rows again: surrogates in `text` and in other strings, slots moved."""
    plans = [planned(text, at, knowledge) for text, at in zip(piece.texts, found, strict=True)]
    meant = {key: fill(plans[at], surrogates).text for key, at in piece.meant.items()}
    done = [
        Part(several, plan, fill(plan, surrogates, meant))
        for several, plan in zip(found, plans, strict=True)
    ]
    for row, places in zip(piece.rows, piece.parts, strict=True):
        parts = [done[at] for at in places]
        dropped = next((part.plan.dropped for part in parts if part.plan.dropped), None)
        if dropped:
            yield Rewritten(row, {}, parts, dropped)
            continue
        fields = _fields(row.data)
        beside = zip(fields, parts[1 : 1 + len(fields)], strict=True)
        made = {field: part.filled.text for field, part in beside}
        yield Rewritten(row, _row(row.data, parts[0].filled, made), parts)


def _fields(data: Mapping[str, Any]) -> list[Field]:
    """The strings of a row that its plan does not rewrite."""
    beside = {key: value for key, value in data.items() if key not in OWN_KEYS}
    slots = [
        {key: value for key, value in entry.items() if key not in SLOT_KEYS}
        for entry in data.get("slots") or ()
    ]
    return _strings("", [beside, slots])


def _strings(key: str, value: Any) -> list[Field]:
    """The strings under a key, nested ones too, each with the nearest key above it."""
    if isinstance(value, str):
        return [(key, value)]
    if isinstance(value, Mapping):
        return [field for name, inner in value.items() for field in _strings(name, inner)]
    if isinstance(value, list):
        return [field for inner in value for field in _strings(key, inner)]
    return []


def _as_utterance(key: str, text: str, language: str) -> Utterance:
    slots: tuple[Slot, ...] = ()
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if policy.personal(key) and LABEL.match(key) and start < end:
        slots = (Slot(start, end, key, text[start:end]),)
    return Utterance(id="", text=text, slots=slots, language=language)


def _row(data: Mapping[str, Any], filled: Filled, made: Mapping[Field, str]) -> dict[str, Any]:
    row = {
        key: value if key in OWN_KEYS else _replaced(key, value, made)
        for key, value in data.items()
    }
    row["text"] = filled.text
    if data.get("slots"):
        annotated = [
            Slot(slot.start, slot.end, slot.label, slot.value.canonical)
            for slot in filled.slots
            if slot.annotated
        ]
        places = sorted(range(len(data["slots"])), key=lambda at: data["slots"][at]["start"])
        moved = dict(zip(places, annotated, strict=True))
        row["slots"] = [_slot(entry, moved[at], made) for at, entry in enumerate(data["slots"])]
    return row


def _slot(entry: Mapping[str, Any], slot: Slot, made: Mapping[Field, str]) -> dict[str, Any]:
    moved = {
        key: value if key in SLOT_KEYS else _replaced(key, value, made)
        for key, value in entry.items()
    }
    moved |= {"start": slot.start, "end": slot.end}
    if moved.get("value") is not None:
        moved["value"] = slot.value
    return moved


def _replaced(key: str, value: Any, made: Mapping[Field, str]) -> Any:
    if isinstance(value, str):
        return made[key, value]
    if isinstance(value, Mapping):
        return {name: _replaced(name, inner, made) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(key, inner, made) for inner in value]
    return value
