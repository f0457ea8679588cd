"""What people say for what they would write: "four one five" for 415, "dot" in an address.

Words are folded one by one, so that the places of a text stay what they are: "twenty three" is "2"
and "3", "double seven" is "7" and "7", a "dot" that is said is nothing, as one that is written is.
"""

from __future__ import annotations

from collections.abc import Sequence

UNITS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
         "seven": "7", "eight": "8", "nine": "9"}  # fmt: skip
TEENS = {"ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
         "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18",
         "nineteen": "19"}  # fmt: skip
TENS = {"twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7",
        "eighty": "8", "ninety": "9"}  # fmt: skip
ROUND = {"hundred": "00", "thousand": "000"}
REPEATED = {"double": 1, "triple": 2}
ZERO = frozenset({"oh", "o"})
DOT, AT = "dot", "at"
JOINERS = frozenset({DOT, AT, "underscore", "dash", "hyphen", "slash"})
WRITTEN_JOINERS = frozenset({".", "@", "_", "-", "/", ":", "://"})
_NUMBERS = frozenset({*UNITS, *TEENS, *TENS, *ROUND})
_SPOKEN = frozenset({*_NUMBERS, *REPEATED, *ZERO, *JOINERS})


def fold_spoken(words: Sequence[str], gaps: Sequence[str]) -> Sequence[str]:
    """The words with digits for numbers, and nothing for the joiners of an address.

    Args:
        words: in lower case.
        gaps: what stands between each word and the next.
    """
    if _SPOKEN.isdisjoint(words):
        return words
    folded = [_digits(words, at) for at in range(len(words))]
    for start, end in _addresses(words, gaps):
        for at in range(start + 1, end - 1):
            if words[at] in JOINERS:
                folded[at] = ""
    return folded


def _digits(words: Sequence[str], at: int) -> str:
    word = words[at]
    if word not in _SPOKEN:
        return word
    following = words[at + 1] if at + 1 < len(words) else ""
    if word in UNITS:
        return UNITS[word]
    if word in TEENS:
        return TEENS[word]
    if word in TENS:
        joined = following in UNITS and following != "zero"
        return TENS[word] if joined else f"{TENS[word]}0"
    if word in ROUND:
        return ROUND[word] if at and _is_number(words[at - 1]) else word
    if word in REPEATED:
        digit = "0" if following in ZERO else UNITS.get(following) or following
        return digit * REPEATED[word] if len(digit) == 1 and digit.isdigit() else word
    if word in ZERO:
        beside = (at > 0 and _is_number(words[at - 1])) or following in _NUMBERS
        return "0" if beside or following in REPEATED else word
    return word


def _is_number(word: str) -> bool:
    return word in _NUMBERS or word in ZERO or word.isdigit()


def _addresses(words: Sequence[str], gaps: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of words that joiners hold together, a dot among them: "ann at mail dot example"."""
    runs: list[tuple[int, int]] = []
    start, dotted = 0, False
    for at in range(len(words)):
        last = at + 1 == len(words)
        said = not last and (words[at] in JOINERS) != (words[at + 1] in JOINERS)
        written = not last and gaps[at] in WRITTEN_JOINERS
        dotted = dotted or words[at] == DOT or (written and gaps[at] == ".")
        if not said and not written:
            if dotted and at > start:
                runs.append((start, at + 1))
            start, dotted = at + 1, False
    return runs
