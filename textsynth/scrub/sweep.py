"""Finding known values again, in any case, spacing and punctuation, written or spoken.

A value is sought as its letters and digits alone (NFKD, case folded, marks dropped, numbers and
addresses as they are written), from the start of a word to the end of one: "020 7946 0123" is found
in "02079460123" and in "oh two oh seven nine four six oh one two three", "Ann" not in "annex".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from textsynth.scrub.spoken import fold_spoken
from textsynth.scrub.writing import MARKS

# Letters and digits with the signs that are set over and after them.
WORD = re.compile(rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*")
# Letters by which most places of a text are passed over at once.
_HEAD = 4
# Longer values are looked up by so many letters, and then compared.
_LONG = 120


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
    if len(squeezed) >= 4 and any(char.isdigit() for char in squeezed):
        return True
    return not squeezed.isdigit() and ("@" in value or len(value.split()) > 1)


def is_name(value: str) -> bool:
    """Whether a value is one capitalised word, to be sought in that case only."""
    return len(value.split()) == 1 and len(value) > 2 and value[0].isupper() and value.isalpha()


def squeeze(text: str, cased: bool = False) -> str:
    """The letters and digits of a text."""
    return "".join(_folds(text, _places(text), cased))


def _places(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in WORD.finditer(text)]


def _folds(text: str, places: Sequence[tuple[int, int]], cased: bool) -> Sequence[str]:
    """What each word is compared as. Where the case counts names are sought: "Seven" is no 7."""
    words = [_fold(text[start:end], cased) for start, end in places]
    if cased:
        return words
    gaps = [text[end:start] for (_, end), (start, _) in pairwise(places)]
    return fold_spoken(words, gaps)


def _fold(word: str, cased: bool) -> str:
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(char for char in decomposed if not unicodedata.combining(char))
    return word if cased else word.casefold()


class _Index:
    """Squeezed values, looked up at the starts of words."""

    def __init__(self, values: Iterable[str], cased: bool) -> None:
        self.cased = cased
        self._values: dict[str, str] = {}
        self._long: dict[str, dict[str, str]] = {}
        for value in values:
            squeezed = squeeze(value, cased)
            if len(squeezed) > _LONG:
                self._long.setdefault(squeezed[:_LONG], {}).setdefault(squeezed, value)
            elif squeezed:
                self._values.setdefault(squeezed, value)
        known = (*self._values, *self._long)
        self._heads = {squeezed[:_HEAD] for squeezed in known}
        self._head_sizes = sorted({len(head) for head in self._heads})
        self._longest = max(map(len, known), default=0)

    def __bool__(self) -> bool:
        return bool(self._heads)

    def longest(self, line: _Line, at: int) -> tuple[int, str] | None:
        """The longest value that begins with word `at`: (its last word, value)."""
        begin = line.begins[at]
        head = line.joined[begin : begin + _HEAD]
        if not any(head[:size] in self._heads for size in self._head_sizes):
            return None
        if begin + _LONG <= len(line.joined) and self._long:
            candidates = self._long.get(line.joined[begin : begin + _LONG], {})
            for squeezed in sorted(candidates, key=len, reverse=True):
                last = line.ends.get(begin + len(squeezed))
                if last is not None and line.joined.startswith(squeezed, begin):
                    return last, candidates[squeezed]
        found = None
        for last in range(at, len(line.begins) - 1):
            end = line.begins[last + 1]
            if end - begin > self._longest:
                break
            value = self._values.get(line.joined[begin:end])
            if value is not None and not line.empty[last]:
                found = last, value
        return found


class _Line:
    """A text as its words, folded and joined."""

    def __init__(self, text: str, places: Sequence[tuple[int, int]], cased: bool) -> None:
        folded = _folds(text, places, cased)
        self.joined = "".join(folded)
        self.begins = [0]
        for word in folded:
            self.begins.append(self.begins[-1] + len(word))
        self.empty = [not word for word in folded]
        # Of words that end at one place all but the first are joiners that were said.
        self.ends = {end: at for at, end in reversed(list(enumerate(self.begins[1:])))}


class Matcher:
    """Finds values in texts in the time of walking the words, however many values there are."""

    def __init__(self, folded: Iterable[str] = (), cased: Iterable[str] = ()) -> None:
        indices = (_Index(folded, cased=False), _Index(cased, cased=True))
        self._indices = [index for index in indices if index]

    def __bool__(self) -> bool:
        return bool(self._indices)

    def find(self, text: str) -> list[Hit]:
        """The values in a text, the longest first where several begin at one place, left to right
        and disjoint."""
        if not self._indices:
            return []
        places = _places(text)
        lines = [(index, _Line(text, places, index.cased)) for index in self._indices]
        hits: list[Hit] = []
        at = 0
        while at < len(places):
            found = [index.longest(line, at) for index, line in lines if not line.empty[at]]
            last, value = max((one for one in found if one), default=(at, None), key=_last)
            if value is not None:
                hits.append(Hit(places[at][0], places[last][1], value))
            at = last + 1
        return hits


def _last(found: tuple[int, str | None]) -> int:
    return found[0]


def matcher(values: Iterable[str]) -> Matcher:
    """A matcher of full values: names as they are written, all else in any case."""
    full = list(values)
    return Matcher(
        folded=(value for value in full if not is_name(value)),
        cased=(value for value in full if is_name(value)),
    )


def find_leaks(texts: Iterable[str], removed: Iterable[Removed]) -> list[tuple[int, Removed]]:
    """Where texts hold full removed values: (row, value), rows counted from 0."""
    by_value: dict[str, Removed] = {}
    for entry in removed:
        if entry.full:
            by_value.setdefault(entry.value, entry)
    search = matcher(by_value)
    return [
        (row, by_value[hit.value]) for row, text in enumerate(texts) for hit in search.find(text)
    ]
