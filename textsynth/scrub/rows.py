"""Scrubbing whole rows: the JSON objects of a file, in their order and with their keys.

What stands beside `text` may tell as much (`{"text": …, "caller": "Jane Roe"}`): a string under a
personal key goes as a whole, one of several words is read as the text is, and a single word
("train", an id) loses what was found elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from textsynth.corpus import Slot, Utterance
from textsynth.patterns import LABEL, realise
from textsynth.scrub import policy
from textsynth.scrub.detect import Found
from textsynth.scrub.policy import Settings
from textsynth.scrub.scrubber import Detects, Progress, Scrubbed, SeedPattern, scrub

# `text` and `slots` are rewritten from the pattern; an intent is the name of a class.
OWN_KEYS = ("text", "slots", "intent")
SLOT_KEYS = ("start", "end", "label", "value")
Field = tuple[str, str]


def scrub_rows(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    utterances: Sequence[Utterance],
    *,
    settings: Settings,
    detector: Detects,
    secret: bytes,
    seed: int,
    progress: Progress | None = None,
) -> tuple[list[dict[str, Any]], Scrubbed]:
    """Scrub the rows of a file.

    Args:
        rows: (id of the row's utterance, the JSON object) in the order of the file.
        utterances: the distinct utterances.
        settings, detector, secret, seed, progress: as for `scrub`.

    Returns:
        The rows again, surrogates in `text` and in other strings, slots moved; and the utterances
        scrubbed (its counts take the other strings in).
    """
    language = utterances[0].language if utterances else "en"
    fields = list(dict.fromkeys(field for _, data in rows for field in _fields(data)))
    beside = [_as_utterance(key, text, language) for key, text in fields]
    texts = {utterance.text for utterance in utterances}
    words = frozenset(text for _, text in fields if len(text.split()) == 1 and "@" not in text)
    whole = scrub(
        [*utterances, *beside],
        settings=settings,
        detector=_SomeOnly(detector, words - texts),
        secret=secret,
        seed=seed,
        progress=progress,
    )
    patterns = whole.patterns[: len(utterances)]
    made = {
        field: realise(new.pattern, new.values)[0]
        for field, new in zip(fields, whole.patterns[len(utterances) :], strict=True)
    }
    by_id = {pattern.id: pattern for pattern in patterns}
    changed = [_row(data, by_id[id_], made) for id_, data in rows]
    originals = {utterance.id: utterance.text for utterance in utterances}
    rewritten = replace(whole, patterns=patterns)
    count = sum(row.text != originals[row.id] for row in rewritten.utterances())
    return changed, replace(rewritten, changed=count)


class _SomeOnly:
    """A detector that leaves some texts alone: names of splits and ids are no prose."""

    def __init__(self, detector: Detects, alone: frozenset[str]) -> None:
        self._detector = detector
        self._alone = alone

    def detect(self, texts: Sequence[str], progress: Progress | None = None) -> list[list[Found]]:
        """The detections in each text, none in those that are left alone."""
        read = [text for text in texts if text not in self._alone]
        found = dict(zip(read, self._detector.detect(read, progress), strict=True))
        return [found.get(text, []) for text in texts]


def _fields(data: Mapping[str, Any]) -> list[Field]:
    """The strings of a row that the pattern does not rewrite."""
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


def _row(
    data: Mapping[str, Any], pattern: SeedPattern, made: Mapping[Field, str]
) -> dict[str, Any]:
    row = {
        key: value if key in OWN_KEYS else _replaced(key, value, made)
        for key, value in data.items()
    }
    text, slots = realise(pattern.pattern, pattern.values)
    row["text"] = text
    if data.get("slots"):
        annotated = [
            slot
            for slot, is_annotated in zip(slots, pattern.annotated, strict=True)
            if is_annotated
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
