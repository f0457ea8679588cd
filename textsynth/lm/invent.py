"""Further values of a slot: a list of names that runs dry with ten seeds goes on by itself.

A slot's values are shown to the model as a list under the slot's name; what it adds must look like
them, be new, and wait for a person's eye in `patterns.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textsynth import keyed
from textsynth.corpus import fold, is_mark
from textsynth.lm import prompts, style
from textsynth.lm.generate import MASK, Prompt
from textsynth.lm.prompts import Listed

SHOWN = 12
_KINDS = {
    "letters": re.compile(r"[^\W\d_]"),
    "digits": re.compile(r"\d"),
    "marks": re.compile(r"[^\w\s'\u2019.,&-]"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What values of a slot look like: words and characters at most and at least, and which kinds
    of characters (letters, digits, other marks) occur in them."""

    words: tuple[int, int]
    characters: tuple[int, int]
    kinds: frozenset[str]
    capitals: frozenset[bool]


def shape(values: Sequence[str]) -> Shape:
    """The shape that some values share; lengths with a little room."""
    words = [len(value.split()) for value in values]
    lengths = [len(value) for value in values]
    return Shape(
        (min(words), max(words) + (1 if max(words) > 1 else 0)),
        (max(1, min(lengths) // 2), max(lengths) * 3 // 2),
        frozenset(kind for kind, found in _KINDS.items() if any(map(found.search, values))),
        frozenset(value[:1].isupper() for value in values),
    )


def misfit(value: str, shape: Shape) -> str | None:
    """Why a value does not have a shape: `value_length`, `value_characters`; None where it does."""
    words = len(value.split())
    if not (shape.words[0] <= words <= shape.words[1]):
        return "value_length"
    if not (shape.characters[0] <= len(value) <= shape.characters[1]):
        return "value_length"
    kinds = {kind for kind, found in _KINDS.items() if found.search(value)}
    if not kinds or not kinds <= shape.kinds or value[:1].isupper() not in shape.capitals:
        return "value_characters"
    return None


def words(value: str) -> str:
    """What a value is known by: its words, folded, whatever marks stand between them."""
    folded = fold(value)
    spaced = "".join(" " if is_mark(char) else char for char in folded)
    return " ".join(spaced.split()) or folded


def make_prompts(
    label: str, values: Sequence[str], count: int, *, first: int, seed: int
) -> list[Prompt]:
    """`count` prompts, numbered from `first`, that show some values of a slot, drawn by key."""
    made = []
    for number in range(first, first + count):
        key = keyed.stream(seed, "invent", label, number)
        shown = tuple(values[i] for i in keyed.order(key, list(values))[:SHOWN])
        lists = (Listed(label, style.Style(), shown),)
        key = keyed.stream(seed, "invent", label, number, *shown)
        made.append(Prompt(key, label, lists))
    return made


def judge(completion: str, *, known: Collection[str], shape: Shape) -> list[tuple[str, str | None]]:
    """(value, reason or None) of each line. Reasons: `leaked_value`, `empty_line`, `cut_off`,
    `value_length`, `value_characters`, `value_repeat` (its `words` are in `known`)."""
    lines, ended = prompts.parse(completion)
    judged: list[tuple[str, str | None]] = []
    for number, line in enumerate(lines):
        value = " ".join(line.split())
        if value == MASK:
            judged.append(("", "leaked_value"))
        elif not value:
            judged.append((value, "empty_line"))
        elif number == len(lines) - 1 and not ended:
            judged.append((value, "cut_off"))
        elif set(value) & set("{}\\"):
            judged.append((value, "value_characters"))
        elif words(value) in known:
            judged.append((value, "value_repeat"))
        else:
            judged.append((value, misfit(value, shape)))
    return judged
