"""Tokens that spans fall between, with their tags in IOB2 (Tjong Kim Sang and Veenstra 1999)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from textsynth.corpus import Slot, span_fault

_WORDS = re.compile(r"\w+|[^\w\s]")
# Signs that belong to the letter before them, and joiners, which no `\w` takes.
_JOINED = ("Mn", "Mc", "Me", "Cf")


def tokens(text: str, edges: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Where the words and signs of a text stand, white space left out. No token crosses one of
    `edges`, so that spans between edges are whole tokens."""
    words = _ascii(text) if text.isascii() else list(_unicode(text))
    cuts = sorted(set(edges))
    return list(_cut(words, cuts)) if cuts else words


def tags(places: Sequence[tuple[int, int]], slots: Sequence[Slot]) -> list[str]:
    """The IOB2 tag of each token; slots are in the order of the text and hold whole tokens."""
    found, ahead = [], iter(slots)
    slot = next(ahead, None)
    for start, _ in places:
        while slot is not None and start >= slot.end:
            slot = next(ahead, None)
        if slot is None or start < slot.start:
            found.append("O")
        else:
            found.append(f"{'B' if start == slot.start else 'I'}-{slot.label}")
    return found


def tagged_words(text: str, slots: Sequence[Slot]) -> tuple[list[str], list[str]]:
    """The tokens and their tags as `tokens` and `tags` give them, where `slot_fault` finds nothing;
    faster where the text is ASCII."""
    if not text.isascii():
        places = tokens(text, [edge for slot in slots for edge in (slot.start, slot.end)])
        return [text[start:end] for start, end in places], tags(places, slots)
    words: list[str] = []
    marks: list[str] = []
    at = 0
    for slot in slots:
        words += _WORDS.findall(text, at, slot.start)
        marks += ["O"] * (len(words) - len(marks))
        words += _WORDS.findall(text, slot.start, slot.end)
        marks.append(f"B-{slot.label}")
        marks += [f"I-{slot.label}"] * (len(words) - len(marks))
        at = slot.end
    words += _WORDS.findall(text, at)
    return words, marks + ["O"] * (len(words) - len(marks))


def slot_fault(text: str, slots: Sequence[Slot]) -> str | None:
    """Why these slots cannot be runs of whole tokens: a fault of `corpus.span_fault`, or
    `space_at_slot_edge`; None where they can."""
    wrong = span_fault(text, [(slot.start, slot.end) for slot in slots]) if slots else None
    if wrong or not any(text[s.start].isspace() or text[s.end - 1].isspace() for s in slots):
        return wrong
    return "space_at_slot_edge"


def _ascii(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _WORDS.finditer(text)]


def _unicode(text: str) -> Iterator[tuple[int, int]]:
    """As `_WORDS`, but a letter keeps its marks."""
    start, before = 0, " "
    for at, char in enumerate(text):
        kind = " " if char.isspace() else "w" if char.isalnum() or char == "_" else "."
        if kind == "." and before != " " and unicodedata.category(char) in _JOINED:
            continue
        if kind != before or kind == ".":
            if before != " ":
                yield start, at
            start, before = at, kind
    if before != " ":
        yield start, len(text)


def _cut(words: Iterable[tuple[int, int]], cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    ahead = iter(cuts)
    cut = next(ahead, None)
    for start, end in words:
        while cut is not None and cut < end:
            if cut > start:
                yield start, cut
                start = cut
            cut = next(ahead, None)
        yield start, end
