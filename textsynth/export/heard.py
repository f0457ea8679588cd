"""Texts as voice assistants match them: without the punctuation at the edges of words.

hassil 3.12 takes such punctuation out of what it hears (`normalize_for_matching`), and no template
that holds some is ever recognised.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence

from textsynth.corpus import Slot
from textsynth.export.rows import Row

_MARKS = "。,，?¿？؟!¡！;；:：…—–―"  # noqa: RUF001
_ANY = f"[.{_MARKS}]+"
# In this order; a full stop between letters, as in `a.m.`, stays.
_DROPPED = (
    rf"^{_ANY}",
    rf"(?<=\W){_ANY}(?=\w)",
    rf"(?<=\w)[{_MARKS}]+(?=\W)",
    r"(?<!\w\.\w)\.(?=\W)",
    rf"(?<=\W){_ANY}(?=\W)",
)
_PATTERNS = tuple(map(re.compile, _DROPPED))
_AT_END = re.compile(rf"{_ANY}$")
_INITIALS = re.compile(r"\b(?:\w\.){2,}$")

# A piece of a text: its words, and the slot that they fill.
Piece = tuple[str, Slot | None]


def heard(row: Row) -> list[Piece] | str:
    """The pieces of a row as they are heard, white space single, typewriter's apostrophes.

    Instead, the rule that it breaks: `text_not_composed` (not NFC), `slot_not_heard` (punctuation
    alone), `punctuation_between_words` (a slot `a - b` with a longer dash that means `a b`, but is
    heard with two spaces).
    """
    text = row.text.replace("\u2019", "'")
    if unicodedata.normalize("NFC", text) != text:
        return "text_not_composed"
    places = _kept(text)
    found: list[Piece] = []
    gap, ahead = "", 0
    for slot in (*row.slots, None):
        first = bisect_left(places, slot.start if slot else len(text), ahead)
        last = bisect_left(places, slot.end, first) if slot else first
        words = _words(text, places[first:last])
        if slot and not words.strip():
            return "slot_not_heard"
        if slot and words.strip() == slot.value and _parted(text, places[first:last]):
            return "punctuation_between_words"
        between = gap + _words(text, places[ahead:first]) + " " * words.startswith(" ")
        if between:
            found.append((between, None))
        if slot:
            found.append((words.strip(), slot))
        gap, ahead = " " * words.endswith(" "), last
    return found


def _parted(text: str, places: Sequence[int]) -> bool:
    """Whether something that is not heard stood between two spaces, words around them."""
    if len(places) < 2 or places[-1] - places[0] < len(places):
        return False
    at = [place for place in places if not text[place].isspace()]
    spaced = [at[n : n + 2] for n in range(len(at) - 1) if at[n + 1] - at[n] > 2]
    return any(
        re.search(r"\s\S.*\s", text[start + 1 : end], re.DOTALL) is not None
        for start, end in spaced
    )


def _words(text: str, places: Sequence[int]) -> str:
    return re.sub(r"\s+", " ", "".join(text[at] for at in places))


def _kept(text: str) -> list[int]:
    """The places of the characters that are heard."""
    places = list(range(len(text)))
    for number, pattern in enumerate(_PATTERNS):
        text, places = _drop(pattern, text, places)
        if number == 0 and not _INITIALS.search(text):
            text, places = _drop(_AT_END, text, places)
    return places


def _drop(pattern: re.Pattern[str], text: str, places: list[int]) -> tuple[str, list[int]]:
    pieces: list[str] = []
    kept: list[int] = []
    at = 0
    for match in pattern.finditer(text):
        pieces.append(text[at : match.start()])
        kept += places[at : match.start()]
        at = match.end()
    return ("".join([*pieces, text[at:]]), [*kept, *places[at:]]) if at else (text, places)
