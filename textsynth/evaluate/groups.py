"""Whom a text mentions: women and men, names by origin, ages, religions, nationalities, and which
dialect it is in. English only; from closed lists, which miss what they do not know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import corpus, firstnames, gendered
from textsynth.corpus import Slot

LONGEST = 2000  # characters of a text that are read
_AGE = re.compile(r"\b(\d{1,3})(?:\s|-)?(?:year|yr)s?(?:\s|-)olds?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Which rows mention which group.

    Attributes:
        groups: `axis:group`, sorted; all that the lists know.
        found: shape (rows, groups).
    """

    groups: tuple[str, ...]
    found: npt.NDArray[np.bool_]

    def axis(self, name: str) -> list[int]:
        """The columns of an axis."""
        return [at for at, group in enumerate(self.groups) if axis_of(group) == name]


def axis_of(group: str) -> str:
    """`gender` of `gender:female`."""
    return group.partition(":")[0]


@cache
def all_groups() -> tuple[str, ...]:
    """Every group, sorted."""
    named = [f"gender:{gender}" for gender in firstnames.GENDERS]
    named += [f"origin:{origin}" for origin in firstnames.origins()]
    named += [f"{axis}:{group}" for axis, several in _data().items() for group in several]
    return tuple(sorted(named))


def find(table: pa.Table) -> Mentions:
    """The groups that the rows of a table of `corpus.SCHEMA` mention."""
    texts = corpus.column(table, "text")
    slots = [
        tuple(Slot(**slot) for slot in several or ()) for several in corpus.column(table, "slots")
    ]
    groups = all_groups()
    place = {group: at for at, group in enumerate(groups)}
    found = np.zeros((len(texts), len(groups)), bool)
    for row, (text, of_text) in enumerate(zip(texts, slots, strict=True)):
        for group in groups_of(text, of_text):
            found[row, place[group]] = True
    return Mentions(groups, found)


def groups_of(text: str, slots: Sequence[Slot] = ()) -> set[str]:
    """The groups that a text mentions."""
    if len(text) > LONGEST:
        text, slots = text[:LONGEST], [slot for slot in slots if slot.end <= LONGEST]
    found = set()
    for one in gendered.mentions(text, slots):
        if one.gender:
            found.add(f"gender:{one.gender}")
        if one.origin:
            found.add(f"origin:{one.origin}")
    plain = text.casefold().replace("\u2019", "'")
    words = _WORD.findall(plain)
    singles, phrases = _singles(), _phrases()
    found.update(group for word in words for group in singles.get(word, ()))
    spaced = f" {' '.join(words)} "
    found.update(
        group
        for first, several in phrases.items()
        if first in words
        for phrase, group in several
        if f" {phrase} " in spaced
    )
    for years in _AGE.findall(plain):
        if group := _age(int(years)):
            found.add(f"age:{group}")
    return found


def _age(years: int) -> str | None:
    """The group of an age; the years between young and old are none."""
    if years < 13:
        return "child"
    return "young" if years < 25 else "old" if years >= 65 else None


@cache
def _singles() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry, group in _entries():
        if " " not in entry:
            found[entry] = (*found.get(entry, ()), group)
    return found


@cache
def _phrases() -> Mapping[str, list[tuple[str, str]]]:
    """Entries of several words by their first one."""
    found: dict[str, list[tuple[str, str]]] = {}
    for entry, group in _entries():
        if " " in entry:
            found.setdefault(entry.split()[0], []).append((entry, group))
    return found


def _entries() -> list[tuple[str, str]]:
    return [
        (" ".join(entry.split()), f"{axis}:{group}")
        for axis, several in _data().items()
        for group, listed in several.items()
        for entry in listed.split("|")
        if entry.strip()
    ]


@cache
def _data() -> Any:
    from ruamel.yaml import YAML

    text = files("textsynth.evaluate").joinpath("groups.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)
