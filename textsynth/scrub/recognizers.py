"""What Presidio's plain set lacks: street addresses, telephone numbers as people write them, and
e-mail addresses without a visit to the network.

Presidio runs pattern recognisers without regard to case; `(?-i:…)` asks for it where it matters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from textsynth.scrub.policy import PARTICLES

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

# Presidio's own recognisers that are replaced: the one for e-mail asks tldextract, which downloads
# the list of public suffixes; the one for telephones walks eight countries through every text.
REPLACED = ("EmailRecognizer", "PhoneRecognizer")

_EMAIL = r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,24}\b"

# Groups of digits with one separator between them; `looks_like_phone` has the last word.
_ALONE, _ENDS = r"(?<![\w/-])(?<!\d[.,:])", r"(?![\w/:]|[.,-]\d)"
_COUNTRY = r"(?:\+\d{1,3}[ .-]?)?"
_EXTENSION = r"(?:\s?(?:x|ext\.?)\s?\d{1,5})?"
_AREA = r"(?:\(\d{1,5}\)[ .-]?)?"
_PHONE_GROUPS = rf"{_ALONE}{_COUNTRY}{_AREA}\d{{2,8}}(?:[ .-]\d{{2,8}}){{1,4}}{_EXTENSION}{_ENDS}"
_PHONE_BRACKET = rf"{_ALONE}{_COUNTRY}\(\d{{2,5}}\)[ .-]?\d{{5,8}}{_EXTENSION}{_ENDS}"
_PHONE_BARE = rf"{_ALONE}(?:\+\d{{7,15}}|0\d{{8,11}}|\d{{10}}){_ENDS}"
# Seven to nine digits may be anything; a verb tells. Presidio's context words cannot, since spaCy
# holds "call" for a stop word.
_PHONE_CALLED = (
    r"(?<=\b(?:call|ring|dial|phone|text|reach|message|fax|number)\s+(?:(?:is|me|us|on|at)\s+){0,2})"
    rf"\d{{7,9}}{_ENDS}"
)

# Words for a street that mean little else, in any case; and those that must be capitalised, as
# must the name before them ("at 5 see dr", "2 way", "turn 3 lights close").
_STREET_PLAIN = r"(?:street|road|avenue|lane|boulevard|crescent|terrace|ave|rd|blvd)\b\.?"
_STREET_NAMED = (
    r"(?-i:(?:St|Dr|Ln|Ct|Pl|Sq|Cres|Pkwy|Hwy|Drive|Court|Place|Square|Way|Close|Walk|Row|Gate"
    r"|Gardens?|Grove|Green|Hill|Mews|Parade|Rise|View|Yard|Wharf|Parkway|Highway|Circle|Trail"
    r"|Alley|Bypass|Causeway|Cove|Crossing|Crossroad|Drives|Estates?|Expressway|Extension|Fields?"
    r"|Forges?|Forks?|Freeway|Glens?|Groves|Harbors?|Heights|Hills|Hollow|Islands?|Junctions?"
    r"|Keys?|Knolls?|Landing|Loop|Manors?|Meadows?|Mills?|Mountains?|Oval|Park|Pass|Passage|Path"
    r"|Pike|Pines?|Plains?|Plaza|Points?|Ports?|Ranch|Ridges?|Roads|Run|Shoals?|Shores?|Springs?"
    r"|Spurs?|Station|Stravenue|Stream|Streets|Summit|Trace|Track|Tunnel|Turnpike|Underpass"
    r"|Unions?|Valleys?|Viaduct|Views|Villages?|Ville|Vista|Walks|Ways|Wells?|Bend|Bluffs?"
    r"|Bottom|Branch|Bridge|Brooks?|Burgs?|Camp|Canyon|Cape|Centers?|Cliffs?|Club|Common|Corners?"
    r"|Course|Courts|Creek|Crest|Dale|Dam|Divide|Falls?|Ferry|Flats?|Fords?|Forest|Fort|Garden"
    r"|Gateway|Haven|Inlet|Isle|Lakes?|Light|Lock|Lodge|Mall|Mission|Motorway|Neck|Orchard"
    r"|Parks|Prairie|Radial|Ramp|Rapids?|Rest|River|Route|Rue|Skyway|Throughway|Tracks?|Vista)\b\.?)"
)
_NOT_STREET = (
    r"(?!(?:the|a|an|my|our|your|his|her|their|this|that|in|on|at|to|from|by|down|up|of|for|and|or"
    r"|off|with|near|along|across|me|please|more|new|way|hours?|minutes?|mins?|seconds?|miles?"
    r"|days?|weeks?|songs?|stars?|points?|people|am|pm|o)\b)"
)
_NUMBER = rf"{_ALONE}\d{{1,5}}[a-z]?(?:-\d{{1,4}})?,?\s+"
_NAME = r"[^\W\d_][\w'\u2019.-]*\s+"
_CAPITAL_WORD = r"(?-i:[^\W\d_a-z][^\W\d_]*(?:['\u2019-][^\W\d_a-z][^\W\d_]*)*)"
_CAPITAL_NAME = r"(?-i:[^\W\d_a-z][\w'\u2019.-]*)\s+"
_UNIT = r"(?:flat|apt\.?|apartment|unit|suite|ste\.?|floor|room|no\.?)\s*#?\s?\w{1,5}\b"
_ADDRESS = (
    rf"(?:{_UNIT},?\s+)?{_NUMBER}"
    rf"(?:(?:{_NOT_STREET}{_NAME}){{1,3}}?{_STREET_PLAIN}|(?:{_CAPITAL_NAME}){{1,3}}?{_STREET_NAMED})"
    rf"(?:,?\s+{_UNIT})?"
)
_ADDRESS_UNIT = (
    rf"{_NUMBER}(?:{_CAPITAL_NAME}){{1,3}}?(?:suite|apt\.?|apartment|unit)\s*#?\d{{1,5}}\b"
)
_ADDRESS_MILITARY = (
    r"(?-i:\b(?:PSC|Unit|USNS|USNV|USS|USCGC)\s+\w+,?\s+(?:Box\s+\d+|[AFD]PO\s+A[AEP]\b))"
)

# A title tells a name where the model sees none.
_TITLE = r"(?-i:\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir)\b)\.?"
_TITLED = rf"{_TITLE}(?:\s+(?:(?:{PARTICLES})\s+)*{_CAPITAL_WORD}){{1,3}}"

_DATE = re.compile(
    r"(?:19|20)\d\d([ .-])[01]?\d\1[0-3]?\d|[0-3]?\d([ .-])[0-3]?\d\2(?:(?:19|20)\d\d|\d\d)"
)
_YEARS = re.compile(r"(?:1\d|20)\d\d(?:[ .-](?:1\d|20)\d\d)+")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3})+")


def looks_like_phone(text: str) -> bool:
    """Whether digits in groups are a telephone number (7 to 15 digits, ITU-T E.164) rather than a
    date, a span of years, an IP address or thousands."""
    number = re.split(r"\s?[a-z]", text, maxsplit=1, flags=re.IGNORECASE)[0]  # no extension
    if not 7 <= sum(char.isdigit() for char in number) <= 15:
        return False
    others = (_DATE, _YEARS, _IP) if text.startswith("0") else (_DATE, _YEARS, _IP, _THOUSANDS)
    return not any(other.fullmatch(text) for other in others)


def recognizers(language: str) -> list[EntityRecognizer]:
    """The recognisers to add for a language (addresses are of the English-speaking countries)."""
    from presidio_analyzer import Pattern, PatternRecognizer

    # Presidio looks its own classes up by bare name among all subclasses: ours must not share one.
    class WrittenPhone(PatternRecognizer):  # type: ignore[misc, unused-ignore]
        def invalidate_result(self, pattern_text: str) -> bool:
            return not looks_like_phone(pattern_text)

    def made(kind: Any, entity: str, context: list[str], **scored: tuple[str, float]) -> Any:
        return kind(
            supported_entity=entity,
            name=f"Textsynth{entity.title().replace('_', '')}",
            patterns=[Pattern(name, regex, score) for name, (regex, score) in scored.items()],
            context=context,
            supported_language=language,
        )

    found = [
        made(PatternRecognizer, "EMAIL_ADDRESS", ["email", "mail"], email=(_EMAIL, 1.0)),
        made(
            WrittenPhone,
            "PHONE_NUMBER",
            ["phone", "telephone", "cell", "mobile", "ring", "text", "dial"],
            groups=(_PHONE_GROUPS, 0.9),
            bracket=(_PHONE_BRACKET, 0.9),
            bare=(_PHONE_BARE, 0.6),
            called=(_PHONE_CALLED, 0.6),
        ),
    ]
    if language == "en":
        found.append(made(PatternRecognizer, "PERSON", [], titled=(_TITLED, 0.9)))
        found.append(
            made(
                PatternRecognizer,
                "STREET_ADDRESS",
                [],
                street=(_ADDRESS, 0.9),
                unit=(_ADDRESS_UNIT, 0.9),
                military=(_ADDRESS_MILITARY, 0.9),
            )
        )
    return found
