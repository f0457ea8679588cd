"""Written text as it is spoken: numbers in words, no punctuation, as samples of Alexa want it.

Number words are those of Unicode's rule-based number formats. What English says with a sign or in
another order (`20%`, `4:05`, `2nd`, `90s`) is known for English alone; elsewhere digits are
cardinal numbers and such signs cannot be spoken. A minus is said wherever it stands before a
number, and points and commas within one are read as the language writes them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from textsynth.corpus import fold

HOLE = "\x00"  # stands in a text where a slot does; a word of its own, but for what is hung on it

_ALIKE = str.maketrans("\u2018\u2019\u02bc\u2010\u2011\u2212", "'''---")
# Signs that are not heard.
_SILENT = re.compile(r"[.,;:!?…¡¿\"“”„«»()\[\]/|–—_؟،؛。、！？।]")  # noqa: RUF001
_SPACED = re.compile(r"\s+")
_EDGE = re.compile(r"(?<![^\W_])['\-]+|['\-]+(?![^\W_])")
_POSSESSIVE = re.compile(rf"(?<={HOLE})(?:'s|')(?![^\W_])|(?<=[sS])'(?=\s|$)")
_ABBREVIATION = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}")
# A number with all its points, commas and hard spaces, and the minus before it.
_NUMBER = re.compile(r"((?<![^\W_])(?<!-)-(?=\d))?(\d+(?:[.,\u00a0\u202f]\d+)*)", re.ASCII)
# In groups of three, with a fraction: 1,250.5 where the point is decimal, else 1.250,5.
_POINTED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_COMMAED = re.compile(r"\d{1,3}(?:[.\u00a0\u202f]\d{3})+(?:,\d+)?", re.ASCII)
# Languages with a decimal point, and regions of others that have it (Unicode CLDR 46).
_POINT = {
    "am", "bn", "en", "fil", "ga", "gu", "he", "hi", "ja", "kn", "ko", "ml", "mr", "ms", "mt", "my",
    "ne", "pa", "si", "sw", "ta", "te", "th", "ur", "yue", "zh", "de-CH", "de-LI", "it-CH",
    "es-DO", "es-GT", "es-HN", "es-MX", "es-NI", "es-PA", "es-PE", "es-PR", "es-SV", "es-US",
}  # fmt: skip
_OF_DIGITS = re.compile(r"\d\s*/\s*\d", re.ASCII)  # a date, a fraction, a ratio: not said alike
_KEPT, _DOT = "\x01", "\x02"  # an apostrophe and a full stop that are to stay
_LONGEST = 6  # digits of a number that is said as one: more are a telephone number

_SIGNS = {"&": "and", "%": "percent", "+": "plus", "@": "at", "#": "number", "°": "degrees"}
_CLOCK = re.compile(r"\b(\d{1,2}):([0-5]\d)(?!:?\d)", re.ASCII)
_PLURAL = re.compile(r"(?<![\d.,])'?(\d{1,4})'?s\b", re.ASCII | re.IGNORECASE)
_ORDINAL = re.compile(r"(?<![\d.,])(\d{1,6})(?:st|nd|rd|th)\b", re.ASCII | re.IGNORECASE)
_DOLLARS = re.compile(r"\$(\d+(?:,\d{3})*(?:\.\d+)?)(?![\w,.]*\w)", re.ASCII)


@lru_cache(maxsize=200_000)
def spoken(text: str, language: str) -> str | None:
    """A text as it is spoken: letters, white space, apostrophes and hyphens in words, full stops in
    abbreviations, and `HOLE`s set apart by white space; None where a sign of it has no words, or
    nothing is said.

    What was spoken is spoken as it is.
    """
    if _KEPT in text or _DOT in text:
        return None
    text = unicodedata.normalize("NFC", text).translate(_ALIKE)
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(char, char)) for char in text)
    text = text.replace(HOLE, f" {HOLE}")
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", _DOT), text)
    text = _POSSESSIVE.sub(lambda match: match[0].replace("'", _KEPT), text)
    if any(char.isdecimal() or char in "$&%+@#°" for char in text):
        engine = _engine(language)
        if engine is None or _OF_DIGITS.search(text):
            return None
        if language.split("-")[0] == "en":
            text = _english(text, engine)
        with_point = bool({language, language.split("-")[0]} & _POINT)
        numbers = {
            (minus, number): _in_words(minus, number, engine, with_point=with_point)
            for minus, number in _NUMBER.findall(text)
        }
        if None in numbers.values():
            return None
        text = _NUMBER.sub(lambda match: f" {numbers[match[1] or '', match[2]]} ", text)
    text = _SILENT.sub(" ", text)
    text = re.sub(rf"{HOLE}(?!{_KEPT})", f"{HOLE} ", text)
    text = _EDGE.sub(" ", text).replace(_KEPT, "'").replace(_DOT, ".")
    text = _SPACED.sub(" ", text).strip()
    return text if text and all(map(_is_said, text)) else None


def _is_said(char: str) -> bool:
    return char in f" .'-{HOLE}" or unicodedata.category(char)[0] in "LM" or char in "\u200c\u200d"


def alike(text: str, language: str) -> str:
    """The form under which texts are equal once they are spoken."""
    return fold(spoken(text, language) or text)


def _english(text: str, engine: Any) -> str:
    text = _DOLLARS.sub(r"\1 dollars", text)
    text = _CLOCK.sub(lambda match: f" {_time(match[1], match[2], engine)} ", text)
    text = _PLURAL.sub(lambda match: f" {_plural(_number(match[1], engine))}", text)
    text = _ORDINAL.sub(lambda match: f" {_say(engine, match[1], 'spellout-ordinal')}", text)
    return "".join(f" {_SIGNS[char]} " if char in _SIGNS else char for char in text)


def _time(hour: str, minute: str, engine: Any) -> str:
    said = _say(engine, str(int(hour)))
    if minute == "00":
        return f"{said} o'clock"
    return f"{said} {'oh ' if minute[0] == '0' else ''}{_say(engine, str(int(minute)))}"


def _plural(words: str) -> str:
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def _in_words(minus: str, number: str, engine: Any, *, with_point: bool) -> str | None:
    """A number as its language writes it, in words; None where it is no number to it (a date, an
    address, a version)."""
    mark = "." if with_point else ","
    if (_POINTED if with_point else _COMMAED).fullmatch(number):
        whole, _, fraction = number.partition(mark)
        said = _say(engine, re.sub(r"\D", "", whole) + (f".{fraction}" if fraction else ""))
    elif number.replace(mark, "", 1).isdecimal():
        said = _number(number.replace(mark, "."), engine)
    elif with_point and number.replace(",", "").isdecimal():  # a list: 1,2,3
        said = " ".join(_number(one, engine) for one in number.split(","))
    else:
        return None
    return f"{_say(engine, '-1').removesuffix(_say(engine, '1')).strip()} {said}" if minus else said


def _number(digits: str, engine: Any) -> str:
    """A number in words: years as years, what is long or begins with a zero digit by digit."""
    whole = digits.partition(".")[0]
    if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0"):
        return " ".join(_say(engine, digit) for digit in digits if digit != ".")
    if len(digits) == 4 and "1100" <= digits <= "2099":
        return _say(engine, digits, "spellout-numbering-year")
    return _say(engine, digits)


def _say(engine: Any, digits: str, rules: str = "spellout-numbering") -> str:
    from unicode_rbnf.engine import NoRuleForNumberError

    for names in ([rules], ["spellout-numbering"], None):
        try:
            found = engine.format_number(digits, ruleset_names=names).text_by_ruleset
        except (NoRuleForNumberError, ValueError):
            continue
        if found:
            words: str = min(found.items())[1]
            return words.replace("\u00ad", "").strip()  # soft hyphens: where it may be broken
    return digits


@lru_cache(maxsize=64)
def _engine(language: str) -> Any:
    from unicode_rbnf import RbnfEngine

    for name in (language.replace("-", "_"), language.split("-")[0]):
        try:
            return RbnfEngine.for_language(name)
        except ValueError:
            continue
    return None
