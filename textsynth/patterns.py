"""Patterns: utterances whose values are typed slots, `wake me at {time}`.

In a pattern `{label}` or `{label:name}` is a slot, a repeated name is one value, and a backslash
escapes a brace or a backslash. Nothing else parses, renders or realises patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from textsynth.corpus import Slot, fold
from textsynth.errors import TextsynthError

LABEL = re.compile(r"[^\W\d]\w*(?:[.-]\w+)*\Z")
_ESCAPE = re.compile(r"([\\{}])")


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A slot in a pattern: the label says which values fit, equal names take equal values."""

    label: str
    name: str

    def __str__(self) -> str:
        return f"{{{self.label}}}" if self.name == self.label else f"{{{self.label}:{self.name}}}"


@dataclass(frozen=True, slots=True)
class Value:
    """What fills a slot: the words that stand in the text, and what they mean."""

    surface: str
    canonical: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literal texts and slots in turn."""

    parts: tuple[str | SlotRef, ...]

    @property
    def slots(self) -> tuple[SlotRef, ...]:
        """The slots in the order of the text, repeated ones included."""
        return tuple(part for part in self.parts if isinstance(part, SlotRef))

    def __str__(self) -> str:
        return render(self)


class PatternError(TextsynthError):
    """A text that is no pattern."""


def parse(text: str) -> Pattern:
    """Parse the written form.

    Raises:
        PatternError: an unclosed or unopened brace, an empty or impossible label, a name that two
            labels share, a trailing backslash; `where` is the column, from 1.
    """
    parts: list[str | SlotRef] = []
    literal: list[str] = []
    labels: dict[str, str] = {}
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            if at + 1 == len(text):
                raise _fault("a backslash escapes nothing", at)
            literal.append(text[at + 1])
            at += 2
        elif char == "{":
            end = text.find("}", at)
            if end < 0:
                raise _fault("a slot is not closed", at)
            if literal:
                parts.append("".join(literal))
                literal = []
            slot = _slot(text[at + 1 : end], at)
            if labels.setdefault(slot.name, slot.label) != slot.label:
                raise _fault(f"the name {slot.name!r} stands for two labels", at)
            parts.append(slot)
            at = end + 1
        elif char == "}":
            raise _fault("a brace closes nothing", at)
        else:
            literal.append(char)
            at += 1
    if literal:
        parts.append("".join(literal))
    return Pattern(tuple(parts))


def _slot(inner: str, at: int) -> SlotRef:
    label, colon, name = inner.partition(":")
    for word in (label, name) if colon else (label,):
        if not LABEL.match(word):
            raise _fault(f"{word!r} cannot name a slot", at)
    return SlotRef(label, name if colon else label)


def _fault(message: str, at: int) -> PatternError:
    return PatternError(
        message,
        where=f"column {at + 1}",
        fix="write slots as {label} or {label:name}, and a brace of the text as \\{ or \\}",
    )


def render(pattern: Pattern) -> str:
    """The written form; `parse` gives the pattern back."""
    return "".join(
        str(part) if isinstance(part, SlotRef) else escape(part) for part in pattern.parts
    )


def escape(literal: str) -> str:
    """Plain text as it is written in a pattern."""
    return _ESCAPE.sub(r"\\\1", literal)


def delexicalise(text: str, spans: Iterable[tuple[int, int, str]]) -> Pattern:
    """The pattern of an utterance: each (start, end, label) span becomes a slot.

    A label that occurs twice with different surfaces gets names (`city`, `city_2`); the same
    surface keeps one name, since it is one value.
    """
    spans = sorted(spans)
    parts: list[str | SlotRef] = []
    names: dict[tuple[str, str], str] = {}
    taken = {label for _, _, label in spans}
    at = 0
    for start, end, label in spans:
        if start > at:
            parts.append(text[at:start])
        key = (label, fold(text[start:end]))
        if key not in names:
            names[key] = _free_name(label, taken, first=label not in names.values())
            taken.add(names[key])
        parts.append(SlotRef(label, names[key]))
        at = end
    if at < len(text):
        parts.append(text[at:])
    return Pattern(tuple(parts))


def _free_name(label: str, taken: set[str], *, first: bool) -> str:
    """The label itself, else the first of `label_2`, `label_3` … that nothing else is called."""
    if first:
        return label
    return next(name for n in count(2) if (name := f"{label}_{n}") not in taken)


def realise(pattern: Pattern, values: Mapping[str, Value]) -> tuple[str, tuple[Slot, ...]]:
    """Fill the slots; `values` is keyed by slot name. Returns the text and its exact spans."""
    pieces: list[str] = []
    slots: list[Slot] = []
    length = 0
    for part in pattern.parts:
        if isinstance(part, str):
            piece = part
        else:
            value = values[part.name]
            piece = value.surface
            slots.append(Slot(length, length + len(piece), part.label, value.canonical))
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces), tuple(slots)
