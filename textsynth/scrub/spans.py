"""Detections as spans of a text: completed by what stands beside them, and made disjoint."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from textsynth.scrub.kinds import NAMED
from textsynth.scrub.lexicon import Lexicon
from textsynth.scrub.writing import words

# Words beside a name that tell nothing of it.
JOINERS = words(
    "a an the my our your his her its and or of in at on to from for with by near is was s this"
    " that"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A detection: `text[start:end]` is an `entity` of `kinds.ENTITIES`, with its score."""

    start: int
    end: int
    entity: str
    score: float


# What joins an address: the number of the house before it, the postcode and what sets it apart.
_HOUSE = re.compile(r"(?<![\w.:/-])\d{1,5}[a-zA-Z]?,?[ \t]+\Z")
_POSTCODE_AFTER = re.compile(
    r"[\s,>*?|-]{1,8}((?:[A-Za-z]{2,3}[\s,]{1,4})?\d{4,6}(?:-\d{4})?)(?![\w-]|[.,:]\d)"
)
_TOWN_AFTER = re.compile(
    r"\.?(?:,[ \t]?|[ \t]?\n[ \t]?)([^\W\d_a-z][\w'\u2019.-]*(?:[ -][^\W\d_][\w'\u2019.-]*){0,3}"
    r"[\s,]{1,4}(?:[A-Za-z]{2,3}[\s,]{1,4})?\d{4,6}(?:-\d{4})?)(?![\w-]|[.,:]\d)"
)
_CLOCK = re.compile(r"[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b")
# "my pin is 9431 or 9503"
_NUMBERS = ("PIN", "ACCOUNT_NUMBER", "REFERENCE_NUMBER", "CREDIT_CARD", "PHONE_NUMBER")
_OR_NUMBER = re.compile(r"\s*(?:,|/|\bor\b|\band\b)\s*(?:maybe\s)?(\d{3,16})(?![\w-]|[.,:]\d)")
_PLACES = ("STREET_ADDRESS", "LOCATION")


def completed(text: str, found: Sequence[Found]) -> Iterator[Found]:
    """Addresses with the house number before them, which models often leave out, town and postcode
    after them, the postcode after a place, dates with the time of a time stamp, and the second of
    two numbers."""
    for one in found:
        yield one
        if one.entity == "STREET_ADDRESS":
            house = _HOUSE.search(text, max(0, one.start - 10), one.start)
            if house is not None:
                yield replace(one, start=house.start())
            town = _TOWN_AFTER.match(text, one.end)
            if town is not None:
                yield Found(*town.span(1), "STREET_ADDRESS", one.score)
        if one.entity == "DATE":
            clock = _CLOCK.match(text, one.end)
            if clock is not None:
                yield replace(one, end=clock.end())
        if one.entity in _NUMBERS:
            at = one.end
            while other := _OR_NUMBER.match(text, at):
                yield replace(one, start=other.start(1), end=other.end(1))
                at = other.end(1)
        if one.entity in _PLACES:
            postcode = _POSTCODE_AFTER.match(text, one.end)
            if postcode is not None:
                yield Found(*postcode.span(1), "POSTCODE", one.score)


def resolve(text: str, found: Iterable[Found], lexicon: Lexicon | None = None) -> list[Found]:
    """Disjoint detections. White space at the edges is cut off. Where some overlap, the one with
    the higher score, then the longer one, then the first keeps its place whole; what sticks out of
    the others stays a detection of its own: a name half covered is a name still told."""
    kept: list[Found] = []
    trimmed = (_trim(text, one) for one in found)
    ranked = sorted(trimmed, key=_rank)
    for one in ranked:
        for start, end in list(_uncovered(kept, one.start, one.end)):
            part = _trim(text, replace(one, start=start, end=end))
            known = lexicon if one.entity in NAMED else None
            whole = (start, end) == (one.start, one.end)
            if part.start < part.end and (whole or _tells(text[part.start : part.end], known)):
                kept.insert(bisect_left(kept, part.start, key=_start), part)
    return kept


def _rank(found: Found) -> tuple[object, ...]:
    return (-found.score, found.start - found.end, found.start, found.entity)


def _start(found: Found) -> int:
    return found.start


def _uncovered(kept: Sequence[Found], start: int, end: int) -> Iterator[tuple[int, int]]:
    at = bisect_left(kept, start, key=lambda other: other.end)
    while at < len(kept) and kept[at].start < end:
        if start < kept[at].start:
            yield start, kept[at].start
        start = max(start, kept[at].end)
        at += 1
    if start < end:
        yield start, end


def _tells(rest: str, lexicon: Lexicon | None) -> bool:
    """Whether what sticks out is more than words that join, or that are ordinary."""
    return any(
        word.casefold() not in JOINERS
        and not (lexicon is not None and word.islower() and lexicon.is_word(word))
        for word in re.findall(r"\w+", rest)
    )


def _trim(text: str, found: Found) -> Found:
    surface = text[found.start : found.end]
    return replace(
        found,
        start=found.start + len(surface) - len(surface.lstrip()),
        end=found.end - len(surface) + len(surface.rstrip()),
    )
