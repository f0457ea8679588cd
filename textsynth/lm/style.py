"""Control attributes, read off a pattern: how long it is, what form it has, how it addresses.

They stand in the head of a list in training, so that generation can ask for them (control codes,
Keskar et al. 2019, "CTRL"). Lengths and question marks are read in any language, the rest in
English.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from textsynth import keyed

DIMENSIONS = ("length", "form", "manner", "register")
SHORT, LONG = 4, 10
_SLOT = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_ASKS = re.compile(
    r"(?:what|when|where|which|who|whose|why|how|is|are|am|was|were|do|does|did|can|could|will"
    r"|would|should|shall|may|might|has|have|what's|whats|how's|who's|where's|any)\b"
)
_TELLS = re.compile(
    r"(?:i|i'm|i'd|i've|i'll|im|my|we|we're|our|it|it's|its|there|there's|the|this|that|these|he"
    r"|she|they|somebody|someone|something|nothing|no)\b"
)
_POLITE = re.compile(
    r"\b(?:please|pls|thanks|thank you|kindly|(?:could|would|can|will) you|may i|might i"
    r"|would it be|if you (?:could|would|can)|i would like|i'd like|do you mind)\b"
)
_CASUAL = re.compile(
    r"\b(?:hey|hi|yo|ok|okay|wanna|gonna|gotta|gimme|lemme|kinda|sorta|dunno|ain't|yeah|yep|nope"
    r"|nah|u|ur|lol|dude|man|bro|mate|cool|crap|damn|hell|stuff|guys)\b"
)


@dataclass(frozen=True, slots=True)
class Style:
    """What a pattern is like; None where there is nothing to remark.

    Attributes:
        length: `short` (at most 4 words, a slot counting as one), `medium` or `long` (10 or more).
        form: `question`, `command` or `statement`.
        manner: `polite`, or None.
        register: `casual`, or None.
    """

    length: str | None = None
    form: str | None = None
    manner: str | None = None
    register: str | None = None

    def words(self) -> str:
        """As it stands in the head of a list: "short, polite"; empty for no remark."""
        return ", ".join(v for v in (getattr(self, name) for name in DIMENSIONS) if v)


def read(pattern: str, language: str = "en") -> Style:
    """The style of a pattern in written form."""
    text = _SLOT.sub(" slot ", pattern).casefold().strip()
    count = len(_WORD.findall(text))
    length = "short" if count <= SHORT else "long" if count >= LONG else "medium"
    if language.split("-")[0].lower() != "en":
        return Style(length, "question" if text.endswith(("?", "\uff1f", "\u061f")) else None)
    plain = re.sub(r"^(?:(?:hey|hi|ok|okay|please|so|and|but|well)\b[\s,]*)+", "", text)
    if text.endswith("?") or _ASKS.match(plain):
        form = "question"
    else:
        form = "statement" if _TELLS.match(plain) else "command"
    manner = "polite" if _POLITE.search(text) else None
    return Style(length, form, manner, "casual" if _CASUAL.search(text) else None)


def grouped(
    patterns: Sequence[str], dimension: str, language: str = "en"
) -> list[tuple[Style, list[str]]]:
    """Patterns by their value in one dimension, each group with the style that says no more."""
    groups: dict[str | None, list[str]] = {}
    for pattern in patterns:
        groups.setdefault(getattr(read(pattern, language), dimension), []).append(pattern)
    return [(Style(**{dimension: value}), own) for value, own in groups.items()]


# What generation asks for: lengths and forms alike often, marked manners and registers less so.
ASKED: Mapping[str, Sequence[str | None]] = {
    "length": ("short", "medium", "long"),
    "form": ("question", "command", "statement"),
    "manner": (None, None, "polite"),
    "register": (None, None, "casual"),
}


@cache
def heads() -> tuple[str, ...]:
    """Every style that can be asked for, as it stands in a head: what the model must be able to
    read, and must not write into a line."""
    drawn = itertools.product(*({None: 0, **dict.fromkeys(ASKED[n])} for n in DIMENSIONS))
    return tuple(f"({words}):" for values in drawn if (words := Style(*values).words()))


def ask(key: int, number: int, language: str = "en", avoid: Collection[str] = frozenset()) -> Style:
    """The style that prompt `number` of a stream asks for; one in four asks for none. Of what is in
    `avoid` (`statement`, `long`) nothing is said."""
    names = DIMENSIONS if language.split("-")[0].lower() == "en" else ("length",)
    drawn = [int(n) for n in keyed.integers(key, range(8 * number, 8 * number + 8), 1 << 30)]
    if drawn[0] % 4 == 0:
        return Style()
    if drawn[0] % 4 == 1:  # one remark alone, as the lists of the training have it
        names = (names[drawn[1] % len(names)],)
    asked = zip(names, drawn[2:], strict=False)
    values = {name: ASKED[name][n % len(ASKED[name])] for name, n in asked}
    return Style(**{name: None if value in avoid else value for name, value in values.items()})
