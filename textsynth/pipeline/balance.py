"""`bias.balance`: lists of people that hold genders, or origins, equally often; of English."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle, islice
from typing import TypeVar

from textsynth import gendered
from textsynth.corpus import Slot
from textsynth.grammar.grammar import Grammar
from textsynth.grammar.lists import PoolList, SlotList, TextList
from textsynth.scrub import pools
from textsynth.values import ValueList, from_surfaces

T = TypeVar("T")
PROVIDERS = ("name", "first_name", "last_name")
# What somebody in a list is: a gender and an origin, None where it is not told or not balanced.
Cell = tuple[str | None, str | None]


def is_english(language: str) -> bool:
    """Whether a tag or locale is one of English, whose words and names are known."""
    return language.replace("_", "-").split("-")[0].lower() == "en"


def balanced_values(values: ValueList, balance: Collection[str]) -> ValueList:
    """A list with values repeated until those of each gender or origin that is in it are equally
    many; values of nobody, and of nobody in particular, stay as they are."""
    repeated = _repeated(values.label, values.values, [v.surface for v in values.values], balance)
    return dataclasses.replace(values, values=tuple(repeated))


def balanced_grammar(
    grammar: Grammar, balance: Collection[str], language: str, seed: int
) -> Grammar:
    """The grammar with its lists balanced: written values repeated, pools of Faker's names drawn
    from names of all origins and genders in turn."""
    if not balance or not is_english(language):
        return grammar
    pooled = {
        name: from_surfaces(
            name, pools.draw(str(listed.provider), language, seed, balance)[: listed.size]
        )
        for name, listed in grammar.lists.items()
        if isinstance(listed, PoolList)
        and listed.provider in PROVIDERS
        and is_english(listed.locale)
    }
    intents = {
        name: dataclasses.replace(intent, lists=_lists(intent.lists, balance))
        for name, intent in grammar.intents.items()
    }
    grammar = dataclasses.replace(grammar, lists=_lists(grammar.lists, balance), intents=intents)
    return grammar.supply(pooled) if pooled else grammar


def _lists(lists: Mapping[str, SlotList], balance: Collection[str]) -> dict[str, SlotList]:
    return {
        name: dataclasses.replace(
            listed,
            values=tuple(
                _repeated(name, listed.values, [value.text for value in listed.values], balance)
            ),
        )
        if isinstance(listed, TextList)
        else listed
        for name, listed in lists.items()
    }


def _repeated(
    label: str, values: Sequence[T], texts: Sequence[str], balance: Collection[str]
) -> list[T]:
    cells: dict[Cell, list[T]] = {}
    for value, text in zip(values, texts, strict=True):
        cells.setdefault(_cell(label, text, balance), []).append(value)
    wanted = _wanted({cell: len(several) for cell, several in cells.items()}, balance)
    more = [
        value
        for cell, several in cells.items()
        for value in islice(cycle(several), len(several), wanted.get(cell, 0))
    ]
    return [*values, *more]


def _wanted(counts: Mapping[Cell, int], balance: Collection[str]) -> dict[Cell, int]:
    """How many of each cell there should be. With both axes names of a known origin and other words
    ("my aunt") are balanced each among themselves."""
    told = {cell: count for cell, count in counts.items() if all(_known(cell, balance))}
    rest = {c: n for c, n in counts.items() if c not in told and "gender" in balance and c[0]}
    wanted = dict.fromkeys(told, max(told.values(), default=0))
    return {**wanted, **dict.fromkeys(rest, max(rest.values(), default=0))}


def _known(cell: Cell, balance: Collection[str]) -> list[bool]:
    gender, origin = cell
    return ["gender" not in balance or bool(gender), "origin" not in balance or bool(origin)]


def _cell(label: str, text: str, balance: Collection[str]) -> Cell:
    slot = Slot(0, len(text), label, text) if text else None
    found = gendered.mentions(text, (slot,) if slot else ())
    genders = {one.gender for one in found if one.gender}
    origins = {one.origin for one in found if one.origin}
    return (
        genders.pop() if "gender" in balance and len(genders) == 1 else None,
        origins.pop() if "origin" in balance and len(origins) == 1 else None,
    )
