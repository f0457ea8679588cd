"""Full calendar dates, and dates of birth; "next friday" and "5 May" tell of nobody."""

from __future__ import annotations

import re

from textsynth.scrub.recognizers.numerals import TEEN, TENS, UNIT
from textsynth.scrub.recognizers.rules import DIGIT, Rule
from textsynth.scrub.writing import words

_MONTH_WORDS = (
    "january february march april may june july august september october november december"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)
_MONTH = rf"(?:{'|'.join(_MONTH_WORDS.split())})\b\.?"
_ORDINAL = (
    r"(?:(?:twenty|thirty)[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    r"|thirtieth)"
)
_DAY = (
    rf"(?:(?:0?[1-9]|[12]\d|3[01])(?:\s?(?:st|nd|rd|th))?|{_ORDINAL}|(?:twenty|thirty)[\s-]{UNIT}"
    rf"|{TEEN}|{UNIT}|twenty|thirty)\b"
)
_SPOKEN_YEAR = (
    rf"(?:(?:eighteen|nineteen|twenty)\s(?:oh[\s-]{UNIT}|{TENS}(?:[\s-]{UNIT})?|{TEEN}|hundred)"
    rf"|two\sthousand(?:\s(?:and\s)?(?:{TENS}(?:[\s-]{UNIT})?|{TEEN}|{UNIT}))?)\b"
)
_YEAR = rf"(?:(?:1[6-9]|20)\d\d\b|['\u2019]\d\d\b|{_SPOKEN_YEAR})"
_GAP = r"[\s,.-]{1,3}"
_DAY_MONTH = rf"(?:\b{_DAY}(?:\sof)?[\s.-]{{1,3}}{_MONTH}|\b{_MONTH}{_GAP}(?:the\s)?{_DAY})"
_WORDY = rf"{_DAY_MONTH}(?:\s(?:in|of))?{_GAP}(?:the\syear\s)?{_YEAR}"
_SHORT_YEAR = rf"\b\d{{1,2}}[\s-]{_MONTH}[\s-]\d\d\b(?!:)"
_D, _M = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_FULL_YEAR = r"(?:1[6-9]|20)\d\d"
_FIGURES = (
    r"(?<![\w/-])(?<!\d[.,:])(?:"
    rf"{_FULL_YEAR}(?P<a>[-/.])(?:{_M}(?P=a){_D}|{_D}(?P=a){_M})"
    rf"|(?:{_D}(?P<b>[-/.])\s?{_M}|{_M}(?P<c>[-/.])\s?{_D})(?:(?P=b)|(?P=c))\s?(?:{_FULL_YEAR}|\d\d)"
    r")(?![\d/-]|[.,:]\d|[a-su-z])"
)
_SLASHED = rf"(?<![\w/-])(?:{_D}[/.]{_M}|{_M}[/.-]{_D})(?![\w/-]|\.\d)"

_BIRTH = r"(?:born|birth\s?days?|birth\s?date|date\sof\sbirth|birth|d\.?\s?o\.?\s?b\.?)"
_BIRTH_WORDS = words("born birthday birthdays birthdate birth dob bday b d day")
_OWNER = r"(?:my|his|her|their|our|your|the|[\w'\u2019]{2,20}['\u2019]s)"


def _group(regex: str, number: int) -> str:
    """The regular expression with the names of its groups made distinct, to be used twice."""
    return re.sub(r"\(\?P(<|=)([abc])", rf"(?P\g<1>\g<2>{number}", regex)


def _born(date: str) -> str:
    return rf"(?<!\w){_BIRTH}(?!\w)[^.!?\n]{{0,30}}?\n?(?<!\w)(?P<value>{date})"


_WITH_YEAR = rf"(?:{_group(_WORDY, 1)}|{_group(_FIGURES, 1)})"
_AFTER = (
    rf"(?P<value>{_WITH_YEAR}|{_DAY_MONTH})"
    rf",?\s(?:is|was)\s{_OWNER}\s(?:[\w'\u2019]{{2,20}}\s)?{_BIRTH}\b"
)
_MONTHS = words(_MONTH_WORDS)

RULES = (Rule("DATE", 0.85, _FIGURES, signs=DIGIT),)
ENGLISH = (
    Rule("DATE", 0.85, _WORDY, words=_MONTHS),
    Rule("DATE", 0.7, _SHORT_YEAR, words=_MONTHS, signs=DIGIT),
    Rule("DATE_OF_BIRTH", 0.95, _born(_WITH_YEAR), words=_BIRTH_WORDS),
    Rule("DATE_OF_BIRTH", 0.9, _born(rf"{_DAY_MONTH}(?!\w)"), words=_BIRTH_WORDS),
    Rule("DATE_OF_BIRTH", 0.9, _born(_SLASHED), words=_BIRTH_WORDS, signs=DIGIT),
    Rule("DATE_OF_BIRTH", 0.95, _AFTER, words=_BIRTH_WORDS),
)
