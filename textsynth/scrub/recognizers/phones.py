"""Telephone numbers as people write them."""

from __future__ import annotations

import re

from textsynth.scrub.recognizers import numerals
from textsynth.scrub.recognizers.rules import DIGIT, Rule, after, digits_in
from textsynth.scrub.writing import words

# Groups of digits with one separator between them; `looks_like_phone` has the last word.
ALONE, ENDS = r"(?<![\w/-])(?<!\d[.,:])", r"(?![\w/:]|[.,-]\d)"
_COUNTRY = r"(?:\+\d{1,3}[ .-]?|1[ .-])?"
_EXTENSION = r"(?:\s?,?\s?(?:x|ext\.?|extension)\s?\d{1,6})?"
_AREA = r"(?:\(\d{1,5}\)[ .-]?)?"
_GROUPS = rf"{ALONE}{_COUNTRY}{_AREA}\d{{2,8}}(?:[ .-]\d{{2,8}}){{1,4}}{_EXTENSION}{ENDS}"
_ABROAD = (
    rf"{ALONE}\+\d{{1,3}}(?:[ .-]?\(\d{{1,5}}\))?[ .-]?\d{{1,12}}(?:[ .-]\d{{1,8}}){{0,6}}"
    rf"{_EXTENSION}{ENDS}"
)
_BRACKET = rf"{ALONE}{_COUNTRY}\(\d{{2,5}}\)[ .-]?\d{{5,8}}{_EXTENSION}{ENDS}"
_SLASH = rf"{ALONE}0\d{{2,5}}\s?/\s?\d{{4,9}}{ENDS}"
_BARE = rf"{ALONE}(?:\+\d{{7,15}}|0\d{{8,11}}|1?\d{{10}}){_EXTENSION}{ENDS}"
_SINGLY = rf"{ALONE}\d(?:[ -]\d){{6,14}}{ENDS}"
# Six to nine digits may be anything; a word before them tells.
_CALLED = after(
    r"call(?:ed)?(?:\s(?:me|us|him|her|them|back|on|at)){0,3}|ring(?:\s(?:me|us|on|at)){0,2}|dial"
    r"|(?:tele|cell)?phone|mobile|cell|tel|fax|landline|whatsapp|pager|extension"
    r"|text(?:\s(?:me|us|on|at)){0,2}|reach(?:\s(?:me|us|him|her|on|at)){0,3}|message|number",
    rf"(?:\d{{3}}[ -]?\d{{3,6}}|\d{{2,4}}(?:[ -]\d{{2,4}}){{1,4}}){ENDS}",
)
_LABELLED = (
    rf"{ALONE}\d{{2,4}}(?:[ .-]\d{{2,4}}){{1,4}}"
    rf"(?=[ ,-]{{1,2}}(?:office|fax|cell|mobile|home|work)\b)"
)
_CALLED_WORDS = words(
    "call called ring dial telephone cellphone phone mobile cell tel fax landline whatsapp pager"
    " extension text reach message number"
)

_DATE = re.compile(
    r"(?:19|20)\d\d([ .-])[01]?\d\1[0-3]?\d|[0-3]?\d([ .-])[0-3]?\d\2(?:(?:19|20)\d\d|\d\d)"
)
_YEARS = re.compile(r"(?:1\d|20)\d\d(?:[ .-](?:1\d|20)\d\d)+")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_DECIMAL = re.compile(r"\d+\.\d+")
_ZIP = re.compile(r"\d{5}-\d{4}")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_OTHERS = (_DATE, _YEARS, _IP, _DECIMAL, _ZIP)


def looks_like_phone(text: str) -> bool:
    """Whether digits in groups are a telephone number (7 to 15 digits, ITU-T E.164) rather than a
    date, a span of years, an IP address, thousands, a decimal, an American zip or a count."""
    number = re.split(r"\s?[a-z]", text, maxsplit=1, flags=re.IGNORECASE)[0]  # no extension
    if not 7 <= digits_in(number) <= 15:
        return False
    others = _OTHERS if text.startswith("0") else (*_OTHERS, _THOUSANDS)
    if any(other.fullmatch(text) for other in others):
        return False
    return not numerals.counts(re.findall(r"\d+", number))


RULES = (
    Rule("PHONE_NUMBER", 0.75, _GROUPS, signs=DIGIT, check=looks_like_phone),
    Rule("PHONE_NUMBER", 0.8, _ABROAD, signs="+", check=looks_like_phone),
    Rule("PHONE_NUMBER", 0.8, _BRACKET, signs="(", check=looks_like_phone),
    Rule("PHONE_NUMBER", 0.7, _SLASH, signs="/"),
    Rule("PHONE_NUMBER", 0.6, _BARE, signs=DIGIT, check=looks_like_phone),
    Rule("PHONE_NUMBER", 0.6, _SINGLY, signs=DIGIT, check=looks_like_phone),
)
ENGLISH = (
    Rule(
        "PHONE_NUMBER",
        0.6,
        _CALLED,
        words=_CALLED_WORDS,
        signs=DIGIT,
        check=lambda text: digits_in(text) >= 6,
    ),
    Rule(
        "PHONE_NUMBER",
        0.6,
        _LABELLED,
        words=words("office fax cell mobile home work"),
        signs=DIGIT,
        check=lambda text: digits_in(text) >= 6,
    ),
)
