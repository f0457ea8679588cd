"""Numbers, addresses and names that were said rather than written, said again with other content:
"four one five double seven", "john dot smith at gmail dot com", "s m i t h"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, islice

from textsynth.scrub.spoken import REPEATED, TEENS, TENS, UNITS, ZERO
from textsynth.scrub.writing import words

# Zero to nine in languages other than English.
_OTHER_DIGITS = (
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zero uno due tre quattro cinque sei sette otto nove",
    "nul een twee drie vier vijf zes zeven acht negen",
    "zero um dois três quatro cinco seis sete oito nove",
    "noll ett två tre fyra fem sex sju åtta nio",
)
_LISTS = [list(UNITS), *(row.split() for row in _OTHER_DIGITS)]
_ZEROS = frozenset({*ZERO, "nought", "nil"})
_NUMERALS = [
    frozenset({*_LISTS[0], *_ZEROS, *TEENS, *TENS, *REPEATED}),
    *(frozenset(names) for names in _LISTS[1:]),
]
_JOINERS = words("and dash hyphen space dot point slash plus extension ext area code hundred")
_TEEN_NAMES = {number: word for word, number in TEENS.items()}
_TEN_NAMES = {str(digit): word for word, digit in TENS.items()}
_PIECE = re.compile(r"[^\W\d_]+|\d+|[\W_]+")

_AT = words("at arobase arroba chiocciola")
_SYMBOLS = {
    **dict.fromkeys(_AT, "@"),
    **dict.fromkeys(("dot", "period", "point", "punkt", "punto", "ponto", "punt"), "."),
    **dict.fromkeys(("underscore", "unterstrich", "sottolineato"), "_"),
    **dict.fromkeys(("dash", "hyphen", "minus", "bindestrich", "tiret", "guion", "trattino"), "-"),
    "plus": "+",
    "slash": "/",
    "colon": ":",
}
_SPELLED = re.compile(r"(?<![^\W_])[^\W\d_](?:([ -])[^\W\d_](?:\1[^\W\d_])+)(?![^\W_])")


def cased(text: str, like: str) -> str:
    """The text in lower case or in capitals where another one is so written."""
    if like.islower():
        return text.lower()
    return text.upper() if like.isupper() and sum(map(str.isalpha, like)) > 1 else text


@dataclass(frozen=True, slots=True)
class _Said:
    """A stretch of a spoken number: `size` digits, 0 for what stays as it is."""

    text: str
    size: int
    tens: bool = False


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number that was said, with its `digits`."""

    digits: str
    _said: tuple[_Said, ...]
    _names: tuple[str, ...]

    def say(self, digits: str) -> str:
        """Other digits, said the same way."""
        made, at = [], 0
        for said in self._said:
            new = digits[at : at + said.size]
            at += said.size
            made.append(self._say(said, new) if said.size else said.text)
        return "".join(made)

    def say_each(self, digits: str) -> str:
        """Any number of digits, one by one."""
        return " ".join(self._names[int(digit)] for digit in digits)

    def _say(self, said: _Said, digits: str) -> str:
        if said.text.isdigit():
            return digits
        if said.tens and digits[0] != "0":
            return cased(_pair(digits, "-" if "-" in said.text else " "), said.text)
        named = [self._names[int(digit)] for digit in digits]
        repeated = len(digits) > 1 and not said.tens and len(set(digits)) == 1
        text = f"{said.text.split()[0]} {named[0]}" if repeated else " ".join(named)
        return cased(text, said.text)


def _pair(digits: str, joiner: str) -> str:
    if digits[0] == "1":
        return _TEEN_NAMES[digits]
    ten = _TEN_NAMES[digits[0]]
    return ten if digits[1] == "0" else f"{ten}{joiner}{_LISTS[0][int(digits[1])]}"


def spoken_number(text: str) -> SpokenNumber | None:
    """The number that a text says, or None where it has a word that is no part of one."""
    pieces = _PIECE.findall(text)
    folded = [piece.casefold() for piece in pieces]
    for names, every in zip(_LISTS, _NUMERALS, strict=True):
        if every.isdisjoint(folded):
            continue
        english = names is _LISTS[0]
        read = _read(pieces, folded, names, english=english)
        if read:
            said, digits = read
            zero = next((w for w in folded if english and w in _ZEROS), names[0])
            return SpokenNumber(digits, tuple(said), (zero, *names[1:]))
    return None


def _read(
    pieces: list[str], folded: list[str], names: list[str], *, english: bool
) -> tuple[list[_Said], str] | None:
    values = {name: str(digit) for digit, name in enumerate(names)}
    if english:
        values |= dict.fromkeys(_ZEROS, "0")
    said: list[_Said] = []
    digits, at, words_said = "", 0, 0
    while at < len(pieces):
        word = folded[at]
        after = folded[at + 2] if at + 2 < len(folded) else ""
        size, tens = 1, False
        if word in values:
            new = values[word]
        elif english and word in REPEATED | {"treble": 2} and after in values:
            new, size = values[after] * (1 + REPEATED.get(word, 2)), 3
        elif english and word in TEENS:
            new, tens = TEENS[word], True
        elif english and word in TENS:
            tens = True
            joined = after in UNITS and after != "zero" and folded[at + 1] in (" ", "-")
            new, size = f"{TENS[word]}{UNITS[after] if joined else 0}", 3 if joined else 1
        elif word.isdecimal() and word.isascii():
            new = word
        elif not word[0].isalnum() or word in _JOINERS:
            said.append(_Said(pieces[at], 0))
            at += 1
            continue
        else:
            return None
        words_said += word.isalpha()
        said.append(_Said("".join(pieces[at : at + size]), len(new), tens))
        digits += new
        at += size
    return (said, digits) if words_said else None


def say_code(text: str, change: Callable[[str], str]) -> str | None:
    """A code that was said in letters and numbers ("a b one two"), changed as the written one would
    be, and said again; None for what is none. `change` keeps the length."""
    if any(map(str.isdigit, text)) or " " not in text:
        return None
    runs = [(letter, list(run)) for letter, run in groupby(text.split(), _is_letter)]
    numbers = [None if letter else spoken_number(" ".join(run)) for letter, run in runs]
    written = "".join(
        number.digits if number else "".join(run)
        for (_, run), number in zip(runs, numbers, strict=True)
    )
    if len(runs) < 2 or any(
        not (letter or n) for (letter, _), n in zip(runs, numbers, strict=True)
    ):
        return None
    made = iter(change(written))
    return " ".join(
        number.say("".join(islice(made, len(number.digits))))
        if number
        else " ".join(islice(made, len(run)))
        for (_, run), number in zip(runs, numbers, strict=True)
    )


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def unspelled(text: str) -> tuple[str, dict[str, str]]:
    """The text with the words that are spelled in it ("s m i t h") put together, and what stood
    between the letters of each of them."""
    found: dict[str, str] = {}

    def together(match: re.Match[str]) -> str:
        word = match[0].replace(match[1], "")
        found[word] = match[1]
        return word

    return _SPELLED.sub(together, text), found


def said_address(text: str) -> bool:
    """Whether a text is an address as people say it, with its dots or its "at" in words."""
    found = set(text.casefold().split())
    return bool(found & _AT or any(_SYMBOLS.get(word) == "." for word in found))


def is_said_email(text: str) -> bool:
    """Whether a text is an e-mail address with both its "at" and its dots in words."""
    found = text.casefold().split()
    return not _AT.isdisjoint(found) and any(_SYMBOLS.get(word) == "." for word in found)


def say_address(text: str, change: Callable[[str], str]) -> str:
    """An address that was said, changed as the written one would be, and said again."""
    parts: list[_Part] = [_Part([])]
    marks: dict[str, str] = {}
    written = ""
    for word in text.split():
        symbol = _SYMBOLS.get(word.casefold())
        if symbol:
            written += parts[-1].written + symbol
            marks.setdefault(symbol, word)
            parts.append(_Part([]))
        else:
            parts[-1].words.append(word)
    made = re.split(r"([.@_+/:-])", change(written + parts[-1].written))
    at = made.index("@") if "@" in made else len(made)
    for n in range(0, len(made), 2):
        if n // 2 < len(parts) and n < at:
            made[n] = parts[n // 2].say(made[n])
    for n in range(1, len(made), 2):
        mark = marks.get(made[n]) or (_NAMES.get(made[n]) if made[n] not in text else None)
        made[n] = f" {mark} " if mark else made[n]
    return cased(" ".join("".join(made).split()), text)


_NAMES = {".": "dot", "@": "at", "_": "underscore", "-": "dash", "+": "plus", "/": "slash"}


@dataclass(frozen=True, slots=True)
class _Part:
    """The words of an address between two of its dots: letters, names and numbers."""

    words: list[str]

    @property
    def written(self) -> str:
        """What would be written for the words."""
        begin = self._number_begins()
        number = spoken_number(" ".join(self.words[begin:]))
        digits = number.digits if number else "".join(self.words[begin:])
        return "".join(self.words[:begin]) + digits

    def say(self, text: str) -> str:
        """Other content, said as these words are."""
        begin = self._number_begins()
        number = spoken_number(" ".join(self.words[begin:]))
        if number and text.isdigit() and len(text) != len(number.digits):
            return number.say_each(text)
        name = text[: -len(number.digits)] if number else text
        said = number.say(text[len(name) :]) if number else ""
        spelled = begin > 1 and all(len(word) == 1 for word in self.words[:begin])
        return f"{' '.join(name) if spelled else name} {said}".strip()

    def _number_begins(self) -> int:
        begin = len(self.words)
        while begin and spoken_number(" ".join(self.words[begin - 1 :])):
            begin -= 1
        return begin
