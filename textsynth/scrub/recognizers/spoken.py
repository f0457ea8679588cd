"""What speech makes of addresses and numbers: "john dot smith at gmail dot com", "double seven"."""

from __future__ import annotations

import re

from textsynth.scrub.recognizers import numerals
from textsynth.scrub.recognizers.numbers import CONTEXTS, Context, luhn
from textsynth.scrub.recognizers.online import DOMAINS
from textsynth.scrub.recognizers.rules import Rule, after
from textsynth.scrub.writing import words

_NUMERAL = rf"(?:{'|'.join(sorted(numerals.NUMERALS - {'o'}))}|\d{{1,6}})"
_JOIN = r"\s(?:dot|underscore|under\sscore|dash|hyphen|period|point|plus|minus)\s"
_PART = r"[a-z0-9][\w.'+-]{0,30}"
_LOCAL = rf"{_PART}(?:(?:{_JOIN}){_PART}){{0,5}}(?:\s{_NUMERAL}){{0,6}}"
_JOINED = (
    rf"(?:{_PART}(?:(?:{_JOIN}){_PART}){{1,5}}(?:\s{_NUMERAL}){{0,6}}"
    rf"|{_PART}(?:\s{_NUMERAL}){{1,6}})"
)
_HOST = (
    rf"[a-z0-9][\w-]{{0,40}}(?:(?:\sdot\s|\.)[\w-]{{1,30}}){{0,3}}"
    rf"(?:\sdot\s|\.)(?:{DOMAINS}|me|us)\b"
)
_AT = r"(?:\s(?:at|@)\s)"
_PROVIDERS = (
    r"(?:g\s?mail|google\s?mail|yahoo|hot\s?mail|outlook|icloud|aol|proton\s?mail|proton|live|msn|gmx|me"
    r"|comcast|verizon|btinternet|yandex|zoho)(?:\sdot\s|\.)(?:com?|net|org|de|fr|es|it|uk|ca|me|in)"
    r"(?:(?:\sdot\s|\.)(?:uk|au|nz|in|jp|br|za))?\b"
)
# No local part, and no host of a person's: "have a look at amazon dot com".
_NOT_LOCAL = (
    r"(?!(?:look|looking|is|it|me|us|page|site|website|shop|that|this|available|them|order)\b)"
)
_SPELLED_LOCAL = r"(?:(?:[b-hj-z]\s)(?:[a-z]\s){0,12})?"
_START = r"(?<![\w.@'+-])"
_MAIL_KNOWN = rf"{_START}{_NOT_LOCAL}{_SPELLED_LOCAL}{_LOCAL}{_AT}{_PROVIDERS}"
_MAIL_JOINED = rf"{_START}{_NOT_LOCAL}{_JOINED}{_AT}{_HOST}"
_MAIL_TOLD = (
    rf"\be-?mail(?:\saddress)?\s(?:is|to|at)?\s?(?:to\s)?(?P<value>{_NOT_LOCAL}{_SPELLED_LOCAL}{_LOCAL}"
    rf"{_AT}{_HOST})"
)
_URL = r"\b(?:(?:www|double\su\sdouble\su\sdouble\su)(?:\sdot\s|\.))?[a-z0-9][\w-]{1,40}" + (
    rf"(?:\sdot\s[\w-]{{1,30}}){{0,2}}\sdot\s(?:{DOMAINS})\b(?:\sslash\s[\w-]{{1,30}}){{0,3}}"
)

_AS_IN = r"\b[a-z]\s(?:as\sin|for|like|is\sfor)\s[a-z]{2,15}"
_ALPHABET = rf"{_AS_IN}(?:[\s,]{{1,2}}(?:and\s)?{_AS_IN}){{2,24}}"
_LETTERS = r"(?:double\s)?[a-z](?:[ .,-]{1,2}(?:double\s)?[a-z]){2,24}(?!\w|['\u2019])"
_SPELLED = (
    r"\b(?:spel(?:led|t|ling|l)(?:\s(?:that|it|my|the|name|out|is|as|like)){0,4}|that['\u2019]?s|that\sis"
    rf"|letters)[\s:,]{{1,3}}(?P<value>{_LETTERS})"
)
_CAPITALS = r"(?<![\w-])(?-i:[A-Z](?:-[A-Z]){3,24})(?![\w-])"


def _initials(text: str) -> bool:
    """Whether each letter of a spelling alphabet begins its word: "m for mike"."""
    pairs = re.findall(r"\b([a-z])\s(?:as\sin|for|like|is\sfor)\s([a-z])", text.lower())
    return all(letter == initial for letter, initial in pairs)


def _long(text: str, least: int, most: int) -> bool:
    return numerals.spoken(text) and least <= len(numerals.digits(text)) <= most


def _read_out(text: str) -> bool:
    """Whether numbers are read out as those of a telephone or a card are, not counted or said as
    one quantity ("two hundred thousand and five")."""
    groups = numerals.groups(text)
    quantity = len(re.findall("hundred|thousand", text.lower()))
    return not numerals.counts(groups) and (
        not quantity or (quantity == 1 and sum(len(group) == 1 for group in groups) >= 4)
    )


def _phone(text: str) -> bool:
    return _long(text, 7, 15) and _read_out(text) and not _card(text)


def _card(text: str) -> bool:
    digits = numerals.digits(text)
    plus = text.lower().startswith("plus")
    return (
        _long(text, 13, 19) and _read_out(text) and not plus and (len(digits) > 15 or luhn(digits))
    )


def _told(context: Context) -> Rule:
    """A number spoken after its context word."""
    return Rule(
        context.entity,
        context.score,
        after(context.keywords, numerals.run(2)),
        words=context.words,
        check=lambda text: _long(text, context.spoken, 24),
    )


_RUN = numerals.run(4)
_MANY = numerals.NUMERALS - {"o"}
ENGLISH = (
    Rule("EMAIL_ADDRESS", 0.95, _MAIL_KNOWN, words=words("at dot")),
    Rule("EMAIL_ADDRESS", 0.95, _MAIL_JOINED, words=words("at dot underscore")),
    Rule("EMAIL_ADDRESS", 0.95, _MAIL_TOLD, words=words("mail email")),
    Rule("URL", 0.8, _URL, words=words("dot")),
    Rule("PHONE_NUMBER", 0.8, _RUN, words=_MANY, check=_phone),
    Rule("CREDIT_CARD", 0.85, _RUN, words=_MANY, check=_card),
    Rule("PERSON", 0.75, _ALPHABET, words=words("as for like"), check=_initials),
    Rule("PERSON", 0.75, _SPELLED, words=words("spelled spelt spelling spell that thats letters")),
    Rule("PERSON", 0.6, _CAPITALS, signs="-"),
    *(_told(context) for context in CONTEXTS if context.spoken),
)
