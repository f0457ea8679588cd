"""First names: the gender they are borne by, where they come from, and others like them.

Both are guesses from lists (Faker's, and some of our own): a name tells neither who somebody is nor
where they are from. Names whose lists disagree have no gender, and none an origin that is common in
several parts of the world.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Literal

Gender = Literal["female", "male"]
GENDERS: tuple[Gender, Gender] = ("female", "male")
# An origin is a name's if its lists hold it so much more often than those of any other.
CLEARLY = 1.5


@dataclass(frozen=True, slots=True)
class Known:
    """What the lists say of a name; None where they do not say, or disagree.

    Attributes:
        word: it is a word, a place or a thing as well, so that it counts only where a person is
            expected.
        usual: it is common where English is spoken, so that it is told in lower case, too.
    """

    gender: Gender | None
    origin: str | None
    word: bool
    usual: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """The names of one origin in ASCII letters: first names of a clear gender, all of them and
    those that people know, and surnames."""

    first: Mapping[Gender, tuple[str, ...]]
    familiar: Mapping[Gender, tuple[str, ...]]
    last: tuple[str, ...]


def known(name: str) -> Known | None:
    """What is known of a single name, in any case and with or without accents; None of a word that
    no list has."""
    return _known().get(plain(name))


@cache
def origins() -> Mapping[str, Origin]:
    """The names of each origin."""
    data = _data()
    found = {}
    for origin, locales in data["origins"].items():
        own = data["familiar"][origin]
        familiar = {gender: tuple(own[gender].split()) for gender in GENDERS}
        first = {
            gender: _in_ascii(
                name
                for name in (*familiar[gender], *_of_all(locales, f"first_names_{gender}"))
                if _fits(name, gender, origin)
            )
            for gender in GENDERS
        }
        surnames = (name for locale in locales for name in _surnames(locale))
        last = _in_ascii((*own["last"].split(), *surnames))
        found[origin] = Origin(first, familiar, last)
    return found


def plain(name: str) -> str:
    """A name's key: case folded, without accents."""
    if name.isascii():
        return name.lower()
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _in_ascii(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, in their order, without those of two letters or of two words."""
    usual = (name for name in names if name.isascii() and name.isalpha() and name.istitle())
    return tuple(dict.fromkeys(name for name in usual if len(name) > 2))


def _fits(name: str, gender: Gender, origin: str) -> bool:
    found = known(name)
    clear = found is not None and (found.gender, found.origin) == (gender, origin)
    return clear and found is not None and not found.word


@cache
def _known() -> Mapping[str, Known]:
    from faker.config import AVAILABLE_LOCALES

    data = _data()
    listed: dict[str, dict[Gender, set[str]]] = {}
    for locale in sorted(AVAILABLE_LOCALES):
        for own in GENDERS:
            for name in _listed(locale, f"first_names_{own}"):
                of_name = listed.setdefault(plain(name), {"female": set(), "male": set()})
                of_name[own].add(locale)
    familiar: dict[str, tuple[Gender, str]] = {}
    for origin, several in data["familiar"].items():
        for own in GENDERS:
            familiar.update((plain(name), (own, origin)) for name in several[own].split())
    for name in familiar:
        listed.setdefault(name, {"female": set(), "male": set()})
    either, words, never = (set(data[kind].split()) for kind in ("either", "words", "never"))
    speaking, common = set(data["speaking"]), set(data["common"])
    found = {}
    for name, by_gender in listed.items():
        if name in never:
            continue
        there = by_gender["female"] | by_gender["male"]
        usual = name in familiar or not common.isdisjoint(there)
        gender, origin = _gender(by_gender, speaking), _origin(there, data["origins"])
        if usual and origin != "english":
            origin = None  # what is at home in English, too, tells of no other origin
        if name in familiar:
            gender, origin = familiar[name]
        gender = None if name in either else gender
        found[name] = Known(gender, origin, word=name in words, usual=usual)
    return found


def _gender(by_gender: Mapping[Gender, set[str]], speaking: set[str]) -> Gender | None:
    spoken = {gender: locales & speaking for gender, locales in by_gender.items()}
    asked = spoken if any(spoken.values()) else by_gender
    there = [gender for gender, locales in asked.items() if locales]
    return there[0] if len(there) == 1 else None


def _origin(there: set[str], origins: Mapping[str, list[str]]) -> str | None:
    share = {name: len(there & {*locales}) / len(locales) for name, locales in origins.items()}
    first, second = sorted(share, key=lambda name: -share[name])[:2]
    return first if share[first] and share[first] >= CLEARLY * share[second] else None


@cache
def _provider(locale: str) -> Any:
    try:
        return import_module(f"faker.providers.person.{locale}").Provider
    except ModuleNotFoundError:
        return None


def _of_all(locales: Iterable[str], attribute: str) -> Iterator[str]:
    return (name for locale in locales for name in _listed(locale, attribute))


def _listed(locale: str, attribute: str) -> list[str]:
    """The names of a list of a locale; Japanese ones in their Latin spelling."""
    provider = _provider(locale)
    if locale == "ja_JP":
        pairs = attribute.replace("first_names", "first_name") + "_pairs"
        return [pair[2] for pair in getattr(provider, pairs, ())]
    return [name for name in getattr(provider, attribute, ()) if isinstance(name, str)]


def _surnames(locale: str) -> list[str]:
    if locale == "ja_JP":
        return [pair[2] for pair in _provider(locale).last_name_pairs]
    listed = _listed(locale, "last_names_male") or _listed(locale, "unisex_last_names")
    return listed or _listed(locale, "last_names")


@cache
def _data() -> Any:
    from ruamel.yaml import YAML

    text = files("textsynth").joinpath("firstnames.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)
