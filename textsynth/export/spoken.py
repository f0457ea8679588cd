"""Written words as the words that a speech grammar spells: numbers and a few signs said in full."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from textsynth.grammar.lists import number_words

LONGEST_NUMBER = 9  # digits; longer ones are said digit by digit, in ways that vary
# What is said for a sign, by language.
SIGNS = {"en": {"&": "and", "%": "percent", "+": "plus", "@": "at", "=": "equals"}}
# How an ordinal is written in digits, and the words that end differently when they are one.
_ORDINALS = {"en": re.compile(r"(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)}
_IRREGULAR = {"en": {"one": "first", "two": "second", "three": "third", "five": "fifth",
                     "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}}  # fmt: skip
_TIME = re.compile(r"\d+(?::\d+)+\Z")
_PARTS = re.compile(r"\d+|[&%+@=]|[^\d&%+@=]+")


@lru_cache(maxsize=50_000)
def spoken(text: str, language: str) -> tuple[str, ...] | None:
    """The words of a text that is heard; None where something in it has no words.

    Letters with their marks, apostrophes, hyphens and the full stops of abbreviations are words as
    they are. Whole numbers are spelled as cardinals by Unicode's rules (`1980`: one thousand nine
    hundred eighty), clock times as their numbers, English ordinals and signs in words.
    """
    found: list[str] = []
    for token in text.split():
        said = [token] if _is_word(token) else _said(token, language.split("-")[0].lower())
        if not said:
            return None
        found += said
    return tuple(found)


def _is_word(token: str) -> bool:
    """Whether a token is said as it is written."""
    return any(char.isalpha() for char in token) and all(
        char.isalpha() or char in ".'-" or unicodedata.category(char)[0] == "M" for char in token
    )


def _said(token: str, language: str) -> list[str]:
    """The words of a token with digits or signs; none where it has none."""
    ordinal = _ORDINALS.get(language)
    match = ordinal.fullmatch(token) if ordinal else None
    if match:
        return _ordinal(match[1], language)
    if _TIME.match(token):
        return _numbers(token.split(":"), language)
    found: list[str] = []
    for part in _PARTS.findall(token):
        if part.isdecimal():
            words = _numbers([part], language)
        elif _is_word(part) and part[0] not in ".'" and part.strip("-"):
            words = [part.strip("-")]
        else:
            words = SIGNS.get(language, {}).get(part, "").split()
        if not words:
            return []
        found += words
    return found


def _numbers(digits: list[str], language: str) -> list[str]:
    found: list[str] = []
    for number in digits:
        ways = number_words(int(number), language) if len(number) <= LONGEST_NUMBER else ()
        if not ways:
            return []
        found += min(ways, key=lambda way: (len(way), way)).replace("-", " ").split()
    return found


def _ordinal(digits: str, language: str) -> list[str]:
    words = _numbers([digits], language)
    if words:
        last = words[-1]
        regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
        words[-1] = _IRREGULAR[language].get(last, regular)
    return words
