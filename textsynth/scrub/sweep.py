"""Finding known values again, in any case, spacing and punctuation.

A value is sought as its letters and digits alone (NFKD, case folded, marks dropped), from the start
of a word to the end of one: "020 7946 0123" is found in "02079460123", "Ann" not in "annex".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+")
_PREFIX = 2


@dataclass(frozen=True, slots=True)
class Removed:
    """A value that the scrub took out. It lives in memory only; `hash` is what may be stored.

    `full`: it says enough by itself to be sought everywhere (see `is_full`).
    """

    value: str = field(repr=False)
    label: str
    hash: str
    full: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A known value in a text: `text[start:end]` folds to the same as `value`."""

    start: int
    end: int
    value: str


def is_full(value: str) -> bool:
    """Whether a value says enough by itself: two words, an e-mail address, or four letters and
    digits with a digit among them."""
    squeezed = squeeze(value)
    if len(squeezed) < 3:
        return False
    numbered = len(squeezed) >= 4 and any(char.isdigit() for char in squeezed)
    return numbered or "@" in value or len(value.split()) > 1


def is_name(value: str) -> bool:
    """Whether a value is one capitalised word, to be sought in that case only."""
    return len(value.split()) == 1 and len(value) > 2 and value[0].isupper() and value.isalpha()


def squeeze(text: str, cased: bool = False) -> str:
    """The letters and digits of a text."""
    return "".join(_fold(word, cased) for word in _WORD.findall(text))


def _fold(word: str, cased: bool) -> str:
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(char for char in decomposed if not unicodedata.combining(char))
    return word if cased else word.casefold()


class Matcher:
    """Finds values in texts in the time of walking the words, however many values there are."""

    def __init__(self, folded: Iterable[str] = (), cased: Iterable[str] = ()) -> None:
        self._folded = _index(folded, cased=False)
        self._cased = _index(cased, cased=True)

    def find(self, text: str) -> list[Hit]:
        """The values in a text, the longest first where several begin at one place, left to right
        and disjoint."""
        hits: list[Hit] = []
        words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
        found = _search(text, words, self._folded, cased=False)
        if self._cased:
            found += _search(text, words, self._cased, cased=True)
        for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
            if not hits or hit.start >= hits[-1].end:
                hits.append(hit)
        return hits


def matcher(removed: Iterable[Removed]) -> Matcher:
    """A matcher of the full values among these."""
    full = [entry.value for entry in removed if entry.full]
    return Matcher(
        folded=(value for value in full if not is_name(value)),
        cased=(value for value in full if is_name(value)),
    )


def leak_hits(texts: Iterable[str], removed: Iterable[Removed]) -> list[list[Hit]]:
    """For each text, where it holds full removed values. A single name that opens a text does not
    count: any word is capitalised there (`Will it rain`)."""
    search = matcher(removed)
    return [
        [hit for hit in search.find(text) if hit.start > 0 or not is_name(hit.value)]
        for text in texts
    ]


def find_leaks(texts: Iterable[str], removed: Iterable[Removed]) -> list[tuple[int, Removed]]:
    """Where texts hold full removed values: (row, value), rows counted from 0."""
    known = list(removed)
    by_value = {entry.value: entry for entry in reversed(known)}
    search = matcher(known)
    return [
        (row, by_value[hit.value]) for row, text in enumerate(texts) for hit in search.find(text)
    ]


def _index(values: Iterable[str], cased: bool) -> dict[str, dict[str, str]]:
    """First letters -> squeezed value -> value."""
    index: dict[str, dict[str, str]] = {}
    for value in values:
        squeezed = squeeze(value, cased)
        if squeezed:
            index.setdefault(squeezed[:_PREFIX], {}).setdefault(squeezed, value)
    return index


def _search(
    text: str, words: list[tuple[int, int]], index: dict[str, dict[str, str]], cased: bool
) -> list[Hit]:
    folded = [_fold(text[start:end], cased) for start, end in words]
    begins = [0]
    for word in folded:
        begins.append(begins[-1] + len(word))
    joined = "".join(folded)
    ends = {begin: at for at, begin in enumerate(begins[1:])}
    hits = []
    for at, begin in enumerate(begins[:-1]):
        prefix = joined[begin : begin + _PREFIX]
        for squeezed, value in {**index.get(prefix[:1], {}), **index.get(prefix, {})}.items():
            last = ends.get(begin + len(squeezed))
            if last is not None and joined.startswith(squeezed, begin):
                hits.append(Hit(words[at][0], words[last][1], value))
    return hits
