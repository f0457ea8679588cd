"""What models say of a place, weighed by how far each is to be trusted and by a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from textsynth.scrub.kinds import NRP_WORDS
from textsynth.scrub.lexicon import ACRONYMS, Lexicon
from textsynth.scrub.writing import MARKS

# (start, end, entity, score)
Entity = tuple[int, int, str, float]

# What a label of a spaCy model is here. Models of most languages say PER and LOC, English ones
# PERSON, GPE and NORP; a facility is no address and says nothing.
NAMES_OF_LABELS = {
    **dict.fromkeys(("PER", "PERSON"), "PERSON"),
    **dict.fromkeys(("GPE", "LOC", "LOCATION"), "LOCATION"),
    **dict.fromkeys(("ORG", "ORGANIZATION"), "ORGANIZATION"),
    "NORP": "NRP",
}
# How far a model's word is to be trusted; `policy.THRESHOLDS` says from where on it counts.
INSTALLED_SCORES = {"PERSON": 0.6, "LOCATION": 0.6, "NRP": 0.5, "ORGANIZATION": 0.4}
OWN_SCORE = 0.7
AGREED = 0.95
LISTED_SCORE = 0.45  # a list of names says so
REFUTED = 0.2
# What stands before a place, so that a word of the language may be one ("in Reading").
_PLACED = re.compile(
    r"(?:\b(?:in|on|from|to|near|of|via|at|around|into|through|across|visit)[ \t]|[,:\n>] ?)\Z"
)
# From the first to the last letter or digit of a name.
_EDGED = re.compile(rf"[^\W_](?:.*[^\W_])?[{MARKS}]*\.?", re.DOTALL)


def installed(doc: Any) -> list[Entity]:
    """What the installed spaCy model says of a `Doc`, under our names."""
    found = []
    for entity in doc.ents:
        name = NAMES_OF_LABELS.get(entity.label_)
        if name == "NRP" and not NRP_WORDS & set(entity.text.casefold().split()):
            name = "PERSON"  # small models take names for nationalities
        if name is not None:
            found.append((entity.start_char, entity.end_char, name, INSTALLED_SCORES[name]))
    return found


def weighed(text: str, entities: Iterable[Entity], lexicon: Lexicon) -> Iterator[Entity]:
    """What the models say, less what a dictionary refutes, and the names that only it knows.

    A nationality alone describes a kitchen as often as a person (a recogniser asks for "I am …"),
    words of the language in lower case are no names, and in a text that has capitals neither is
    what has none.
    """
    cased = any(char.isupper() for char in text[1:])
    for start, end, name, score in entities:
        edged = _EDGED.search(text, start, end)
        if edged is None or name == "NRP":
            continue
        start, end = edged.span()
        end = lexicon.without_function_words(text, start, end)
        if name == "PERSON":
            start, end = lexicon.without_words(text, start, end)
        surface = text[start:end]
        if name == "LOCATION" and score < AGREED and lexicon.is_first_name(surface):
            name = "PERSON"
        if score < AGREED:
            score = min(score, _doubt(text, start, surface, name, cased, lexicon))
        if surface.strip(".").upper() in ACRONYMS and surface.isupper():
            continue
        if name == "ORGANIZATION" and surface.islower() and lexicon.all_words(surface):
            continue
        yield start, end, name, score
    for start, end in (*lexicon.people(text), *lexicon.surnames(text)):
        yield start, end, "PERSON", LISTED_SCORE
    for start, end in lexicon.countries(text):
        yield start, end, "LOCATION", LISTED_SCORE


def _doubt(text: str, start: int, surface: str, name: str, cased: bool, lexicon: Lexicon) -> float:
    """The most that one model's word is worth."""
    if name == "STREET_ADDRESS":
        letters = any(char.isalpha() for char in surface)
        digits = any(char.isdigit() for char in surface)
        told = letters and (digits or (" " in surface and not surface.islower()))
        return OWN_SCORE if told else REFUTED
    if name == "PERSON" and any(char.isdigit() or char in "$%" for char in surface):
        return REFUTED
    lower = surface.islower()
    if lexicon.all_words(surface):
        opens = not text[:start].strip() or text[:start].rstrip()[-1] in ".!?:\n"
        single = " " not in surface
        placed = name != "LOCATION" or _PLACED.search(text, 0, start) is not None
        if lower or (single and not placed):
            return REFUTED
        if opens and single and not lexicon.is_name(surface):
            return REFUTED
    if lower and cased:
        return LISTED_SCORE if name == "PERSON" else REFUTED
    return OWN_SCORE


def merged(own: list[Entity], other: list[Entity]) -> list[Entity]:
    """What two models say: a place that both call the same is nearly sure, with the longer span of
    the two; else each speaks for itself."""
    together: list[Entity] = []
    agreed: set[int] = set()
    for start, end, name, score in own:
        for at, (other_start, other_end, other_name, _) in enumerate(other):
            if start < other_end and other_start < end and name == other_name:
                agreed.add(at)
                start, end, score = min(start, other_start), max(end, other_end), AGREED
        together.append((start, end, name, score))
    together += [entity for at, entity in enumerate(other) if at not in agreed]
    return together
