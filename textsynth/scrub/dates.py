"""Dates moved by a number of days, and other ages, both written or said as the original is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from textsynth.scrub.formats import Draw
from textsynth.scrub.locales import months_of, weekdays_and_months
from textsynth.scrub.speech import cased
from textsynth.scrub.spoken import TEENS, TENS, UNITS
from textsynth.scrub.writing import in_order, sound, words

_ORDINALS = in_order(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
# Languages that write the month before the day.
_MONTH_FIRST = frozenset({"en", "zh", "ja", "ko", "hu", "lt"})
_DAY_FIRST_REGIONS = frozenset({"gb", "uk", "ie", "au", "nz", "in", "za", "ng", "ke"})
_BETWEEN = words(
    "the and between from since until before after year born del des den der dem anno año ano"
    " ann\u00e9e"
)
_RANGE = re.compile(r"(\s+(?:to|until|till|through|and|-|\u2013)\s+)")
_DECADES = in_order("twenties thirties forties fifties sixties seventies eighties nineties")


def _names() -> list[str]:
    """The numbers below a hundred."""
    small = [*UNITS, *TEENS]
    return small + [ten if n == "zero" else f"{ten} {n}" for ten in TENS for n in UNITS]


_NUMBERS = [*_names(), "one hundred", *(f"one hundred and {name}" for name in _names()[1:10])]
_VALUES = {
    **{name: number for number, name in enumerate(_NUMBERS)},
    **{name.removeprefix("one "): n for n, name in enumerate(_NUMBERS) if n >= 100},
}


def _ordinal_name(day: int) -> str:
    if day < 20:
        return _ORDINALS[day - 1]
    ten = _NUMBERS[day // 10 * 10]
    return f"{ten[:-1]}ieth" if day % 10 == 0 else f"{ten} {_ORDINALS[day % 10 - 1]}"


_DAYS = {_ordinal_name(day): day for day in range(1, 32)}


def _by_century(year: int) -> str:
    low = year % 100
    rest = "hundred" if low == 0 else f"oh {_NUMBERS[low]}" if low < 10 else _NUMBERS[low]
    return f"{_NUMBERS[year // 100]} {rest}"


def _by_thousand(joiner: str) -> Callable[[int], str]:
    def say(year: int) -> str:
        if not 2000 <= year < 2100:
            return _by_century(year)
        return "two thousand" + (f"{joiner}{_NUMBERS[year % 100]}" if year % 100 else "")

    return say


_SAY_YEAR = (_by_thousand(" and "), _by_thousand(" "), _by_century)


@cache
def _years() -> dict[str, tuple[int, int]]:
    """What is said -> (the year, how it is said)."""
    years: dict[str, tuple[int, int]] = {}
    for way, (first, end) in enumerate(((2000, 2100), (2000, 2100), (1800, 2100))):
        for year in range(first, end):
            years.setdefault(_SAY_YEAR[way](year), (year, way))
    return years


def _either(names: dict[str, int] | dict[str, tuple[int, int]]) -> str:
    """A regular expression of any of the names, spaces or hyphens within them."""
    longest = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(name).replace(r"\ ", "[ -]") for name in longest)


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile(
        r"(?P<time>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?|\d{1,2} ?[ap]\.?m\b)"
        r"|(?P<compact>(?<!\d)(?:1[89]|20)\d{6}(?!\d))"
        r"|(?P<ordinal>\d{1,2}(?:st|nd|rd|th|er)\b)"
        r"|(?P<number>\d{1,4}(?!\d))"
        rf"|(?P<year>\b(?:{_either(_years())})\b)"
        rf"|(?P<day>\b(?:{_either(_DAYS)})\b)"
        rf"|(?P<cardinal>\b(?:{_either({name: n for name, n in _VALUES.items() if 0 < n < 32})})\b)"
        r"|(?P<word>[^\W\d_]+)",
        re.IGNORECASE,
    )


@dataclass(slots=True)
class _Part:
    """A part of a date: where it stands, what it is (`y`, `m`, `d`, `w`) and how it is written."""

    start: int
    end: int
    text: str
    kind: str
    way: str
    value: int
    style: int = 0  # of a year how it is said, of a number whether it has two digits at least


def shift(text: str, days: int, language: str) -> str | None:
    """The date that is so many days later, written as this one, or both dates of a range; None for
    what is no date. One without a day moves by months, one without a year within any year."""
    pieces = _RANGE.split(text)
    ends = [_shifted(piece, days, language) for piece in pieces[::2]]
    if None in ends:
        return _shifted(text, days, language)
    pieces[::2] = [end or "" for end in ends]
    return "".join(pieces)


def _shifted(text: str, days: int, language: str) -> str | None:
    parts = _parts(text, language)
    known = {part.kind: part.value for part in reversed(parts)}
    if set(known) <= {"d"}:
        return None
    weekday = known.pop("w", 1)
    year = known.get("y", 2001)
    if not known:
        moved = date.fromordinal(weekday + days % 7 + 7)
    elif set(known) == {"y"}:
        moved = date(min(max(year + (1 if days > 0 else -1), 1), 9999), 1, 1)
    else:
        if "m" not in known:
            return None
        day = known.get("d", 15)
        if "y" not in known and (known["m"], day) == (2, 29):
            year = 2000
        try:
            moved = date.fromordinal(date(year, known["m"], day).toordinal() + days)
        except (ValueError, OverflowError):
            return None
    made = text
    for part in sorted(parts, key=lambda part: -part.start):
        made = made[: part.start] + _written(part, moved, language) + made[part.end :]
    return made


def _parts(text: str, language: str) -> list[_Part]:
    months, weekdays = weekdays_and_months(language)
    inflected = months_of(language)
    strange = False
    parts: list[_Part] = []
    for match in _tokens().finditer(text):
        way, word = match.lastgroup or "", match[0].casefold()
        part = _Part(match.start(), match.end(), match[0], "", way, 0)
        if way == "compact":
            return _compact(part)
        if way == "number":
            part.kind, part.value = "?", int(word)
        elif way == "ordinal":
            part.kind, part.value = "d", int(word[:-2])
        elif way == "year":
            part.kind = "y"
            part.value, part.style = _years()[word.replace("-", " ")]
        elif way == "day":
            part.kind, part.value = "d", _DAYS[word.replace("-", " ")]
        elif way == "cardinal":
            part.kind, part.value = "d", _VALUES[word.replace("-", " ")]
        elif way == "word":
            for kind, names, style in (("m", months, 0), ("m", inflected, 1), ("w", weekdays, 0)):
                at = _named(word, names)
                if at is not None and not part.kind and all(kind != p.kind for p in parts):
                    part.kind, part.value, part.style = kind, at + 1, style
            strange = strange or (not part.kind and len(word) > 2 and word not in _BETWEEN)
        if part.kind:
            parts.append(part)
    named = any(part.kind == "m" for part in parts)
    if (strange and not named) or not _settled(text, parts, language):
        return []
    numbers = [part for part in parts if part.way == "number" and part.kind in "dm"]
    in_figures = all(part.way == "number" for part in parts if part.kind != "w")
    for part in numbers:
        always_two = in_figures and all(len(other.text) == 2 for other in numbers)
        part.style = int(part.text.startswith("0") or always_two)
    return parts


def _compact(part: _Part) -> list[_Part]:
    """The parts of 19900504."""
    cuts = (("y", 0, 4), ("m", 4, 6), ("d", 6, 8))
    return [
        _Part(
            part.start + a, part.start + b, part.text[a:b], kind, "number", int(part.text[a:b]), 1
        )
        for kind, a, b in cuts
    ]


def _named(word: str, names: tuple[str, ...]) -> int | None:
    """Which name a word is, in full or shortened to three letters or more."""
    folded = [name.casefold() for name in names]
    if word in folded:
        return folded.index(word)
    found = [at for at, name in enumerate(folded) if name.startswith(word)]
    return found[0] if 3 <= len(word) <= 4 and len(found) == 1 else None


def _settled(text: str, parts: list[_Part], language: str) -> bool:
    """Say of each plain number whether it is the day, the month or the year; whether it can be."""
    kinds = {part.kind for part in parts}
    numbers = [part for part in parts if part.kind == "?"]
    missing = [kind for kind in "dmy" if kind not in kinds]
    if not numbers:
        return True
    if len(numbers) > len(missing):
        return False
    order = _order(text, numbers, missing, language)
    for part, kind in zip(numbers, order, strict=False):
        part.kind = kind
        if kind == "y" and len(part.text) <= 2:
            part.value += 2000 if part.value < 30 else 1900
    day = {part.kind: part for part in numbers}
    if "m" in day and "d" in day and day["m"].value > 12:
        day["m"].kind, day["d"].kind = "d", "m"
    return all(part.kind != "y" or part.value > 0 for part in parts)


def _order(text: str, numbers: list[_Part], missing: list[str], language: str) -> str:
    if "m" not in missing:  # 4 May 1990, May 90
        free = [kind for kind in "dy" if kind in missing]
        if len(numbers) == 1 and len(free) == 2:
            quoted = text[: numbers[0].start].endswith(("'", "\u2019"))
            return "y" if len(numbers[0].text) == 4 or quoted else "d"
        if len(numbers[0].text) == 4:
            free.reverse()
        return "".join(free)
    if len(numbers) == 1:
        return "y" if len(numbers[0].text) == 4 else "?"
    if len(numbers[0].text) == 4:
        return "ymd"
    if len(numbers) == 2 and len(numbers[1].text) == 4:
        return "my"
    dotted = text[numbers[0].end : numbers[0].end + 1] == "."
    return "mdy" if _month_first(language) and not dotted else "dmy"


def _month_first(language: str) -> bool:
    parts = re.split("[-_]", language.lower())
    return parts[0] in _MONTH_FIRST and not _DAY_FIRST_REGIONS & set(parts[1:])


def _written(part: _Part, moved: date, language: str) -> str:
    if part.way == "word":
        months, weekdays = weekdays_and_months(language)
        months = months_of(language) if part.style else months
        names, at = (months, moved.month - 1) if part.kind == "m" else (weekdays, moved.weekday())
        old = names[part.value - 1]
        short = len(part.text) < len(old)
        return cased(names[at][: 3 if short else None], part.text)
    value = {"y": moved.year, "m": moved.month, "d": moved.day}.get(part.kind, 0)
    if part.way == "ordinal":
        french = part.text.endswith("er")
        written = ordinal(value) if not french else "1er" if value == 1 else str(value)
        return cased(written, part.text)
    if part.way == "year":
        way = 0 if part.value < 2000 <= value < 2010 else part.style  # nobody says "twenty hundred"
        return cased(_SAY_YEAR[way](value), part.text)
    if part.way == "day":
        return cased(_ordinal_name(value), part.text)
    if part.way == "cardinal":
        return cased(_NUMBERS[value], part.text)
    if part.kind == "y" and len(part.text) <= 2:
        return f"{value % 100:02}"
    return f"{value:02}" if part.style and part.kind != "y" else str(value)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{suffix or 'th'}"


# -- ages --------------------------------------------------------------------------------------

_SPOKEN_AGE = re.compile(
    rf"\b(?:{_either({n: v for n, v in _VALUES.items() if v})})\b", re.IGNORECASE
)


_FORTIES = re.compile(r"\b[1-9]0(?='?s\b)")


def age(text: str, draw: Draw, turn: int = 0) -> str | None:
    """Another age of the same decade; "eighty" stays a word that "an" may stand before. None for
    what names no age."""
    tens = _FORTIES.search(text)
    if tens:
        others = [str(ten) for ten in range(20, 100, 10) if str(ten) != tens[0]]
        return text[: tens.start()] + draw.pick(others, "tens", text, turn) + text[tens.end() :]
    found = re.search(r"\d{1,3}", text) or _SPOKEN_AGE.search(text)
    if not found:
        decade = next((name for name in _DECADES if name in text.casefold()), None)
        others = [name for name in _DECADES if name != decade]
        other = draw.pick(others, "decade", text.casefold(), turn)
        return re.sub(decade, other, text, flags=re.IGNORECASE) if decade else None
    spoken = not found[0].isdigit()
    old = _VALUES[found[0].casefold().replace("-", " ")] if spoken else int(found[0])
    others = [str(n) for n in range(old // 10 * 10, old // 10 * 10 + 10) if n not in (0, 1, old)]
    alike = [other for other in others if sound(other) == sound(str(old))]
    new = int(draw.pick(alike or ["11"], "age", old, turn))
    said = _NUMBERS[new] if spoken and new < len(_NUMBERS) else str(new)
    if "-" in found[0]:
        said = said.replace(" ", "-")
    if spoken and "one" not in found[0].casefold():  # of "a hundred and two"
        said = said.removeprefix("one ")
    return text[: found.start()] + cased(said, found[0]) + text[found.end() :]
