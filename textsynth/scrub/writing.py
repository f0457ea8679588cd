"""Words as they are written: closed lists, accents, and the article that stands before."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from textsynth.corpus import fold

# The signs that join letters in the scripts of India, Thailand, Arabia; `\w` leaves them out.
MARKS = "".join(
    char for char in map(chr, range(0x300, 0x1200)) if unicodedata.category(char)[0] == "M"
)
UNDECOMPOSED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "Ae",
     "œ": "oe", "\u0131": "i", "þ": "th", "ð": "d", "ä": "ae", "ö": "oe", "ü": "ue"}
)  # fmt: skip
_CONSONANT = re.compile(r"(?:eu|u(?:n[ai](?!n|m)|k|s[ei]|t[aei]|r[aeiou])|one\b|once\b|ouija)")
_VOWEL = re.compile(r"(?:[aeiou]|hour|honest|honou?r|heir|8|1[18](?!\d))")


def words(text: str) -> frozenset[str]:
    """A closed list, written as one text."""
    return frozenset(text.split())


def in_order(text: str) -> tuple[str, ...]:
    """A list whose order counts, written as one text."""
    return tuple(text.split())


def fold_marks(text: str) -> str:
    """The text without accents."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def ascii_form(text: str) -> str:
    """The text in ASCII letters, as it would stand in an address; other scripts drop out."""
    return fold_marks(text.translate(UNDECOMPOSED)).encode("ascii", "ignore").decode()


def sound(text: str) -> str:
    """Whether "a" or "an" stands before an English word or a number below a hundred."""
    folded = ascii_form(text[:8]).casefold()
    vowel = _VOWEL.match(folded) and not _CONSONANT.match(folded)
    return "an" if vowel else "a"


@cache
def sounding(listed: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """Those of a list before which "a" or "an" stands, or all of it where there are too few."""
    alike = tuple(entry for entry in listed if sound(entry) == wanted)
    return alike if len(alike) > 2 else listed


@cache
def folded(listed: tuple[str, ...]) -> frozenset[str]:
    """The entries of a list, to look places up in."""
    return frozenset(map(fold, listed))
