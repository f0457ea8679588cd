"""Numbers in words, as speech is transcribed: "oh two double seven", "twenty three forty five"."""

from __future__ import annotations

import re
from itertools import pairwise

_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
          "eighteen", "nineteen"]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_DIGITS = {"zero": 0, "oh": 0, "o": 0, "nought": 0} | {w: n for n, w in enumerate(_UNITS, 1)}
_PAIRS = {word: 10 + n for n, word in enumerate(_TEENS)}
_ROUND = {word: 20 + 10 * n for n, word in enumerate(_TENS)}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_ZEROS = {"hundred": "00", "thousand": "000"}
NUMERALS = frozenset({*_DIGITS, *_PAIRS, *_ROUND})
_TOKEN = re.compile(r"[a-z]+|\d+")

UNIT = rf"(?:{'|'.join(_UNITS)})"
TEEN = rf"(?:{'|'.join(_TEENS)})"
TENS = rf"(?:{'|'.join(_TENS)})"
# One to a hundred and nineteen.
SMALL = (
    rf"(?:(?:a|one)\shundred(?:\s(?:and\s)?(?:{TEEN}|{UNIT}))?"
    rf"|{TENS}(?:[\s-]{UNIT})?|{TEEN}|{UNIT})\b"
)
_ITEM = rf"(?:(?:{'|'.join(_TIMES)})\s)?(?:{'|'.join([*NUMERALS, *_ZEROS])}|\d{{1,8}})\b"
_BETWEEN = r"[\s,.-]{1,3}(?:(?:dash|hyphen|space)\s)?"


def run(least: int) -> str:
    """The regular expression of at least so many number words in a row."""
    return rf"(?:plus\s)?\b{_ITEM}(?:{_BETWEEN}{_ITEM}){{{least - 1},39}}+"


def groups(text: str) -> list[str]:
    """The digits of spoken numbers, number by number: "twenty three double oh" is 23, 00."""
    found: list[str] = []
    times, open_tens = 1, False
    for word in _TOKEN.findall(text.lower()):
        if word in _TIMES:
            times = _TIMES[word]
            continue
        if word in _ZEROS and found:
            found[-1] += _ZEROS[word]
        elif word in _DIGITS:
            digit = str(_DIGITS[word])
            if open_tens and times == 1 and digit != "0":
                found[-1] = found[-1][0] + digit
            else:
                found.append(digit * times)
        elif word in _PAIRS or word in _ROUND:
            found.append(str(_PAIRS.get(word) or _ROUND[word]))
        elif word.isdigit():
            found.append(word * times)
        times, open_tens = 1, word in _ROUND
    return found


def digits(text: str) -> str:
    """The digits of spoken numbers."""
    return "".join(groups(text))


def spoken(text: str) -> bool:
    """Whether a number word is in a text."""
    return not NUMERALS.isdisjoint(_TOKEN.findall(text.lower()))


def counts(found: list[str]) -> bool:
    """Whether numbers are counted up or down ("five ten fifteen") rather than read out."""
    if len(found) < 3 or len(set(found)) == 1:
        return False
    numbers = [int(number) for number in found]
    return len({after - before for before, after in pairwise(numbers)}) == 1
