"""First names: the gender they are borne by, where they come from, and others like them.

Both are guesses from lists (Faker's, and some of our own): a name tells neither who somebody is nor
where they are from. Names whose lists disagree have no gender, and none an origin that is common in
several parts of the world.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Literal

Gender = Literal["female", "male"]
GENDERS: tuple[Gender, Gender] = ("female", "male")
# An origin is a name's if its lists hold it so much more often than those of any other.
CLEARLY = 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the lists say of a name; None where they do not say, or disagree.

    Attributes:
        word: it is a word, a place or a thing as well, so that it counts only where a person is
            expected.
    """

    gender: Gender | None
    origin: str | None
    word: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """The names of one origin in ASCII letters: first names of a clear gender, and surnames."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]

    def first(self, gender: Gender) -> tuple[str, ...]:
        return self.female if gender == "female" else self.male


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
        firsts: dict[str, dict[str, None]] = {gender: {} for gender in GENDERS}
        last: dict[str, None] = {}
        for locale in locales:
            for gender in GENDERS:
                firsts[gender].update(dict.fromkeys(_listed(locale, f"first_names_{gender}")))
            last.update(dict.fromkeys(_surnames(locale)))
        more = data["added"].get(origin, {})
        for gender in GENDERS:
            firsts[gender].update(dict.fromkeys(more.get(gender, "").split()))
        last.update(dict.fromkeys(more.get("last", "").split()))
        clear = {
            gender: tuple(
                name
                for name in names
                if _usual(name) and (k := known(name)) and k.gender == gender and not k.word
            )
            for gender, names in firsts.items()
        }
        surnames = tuple(name for name in last if _usual(name))
        found[origin] = Origin(clear["female"], clear["male"], surnames)
    return found


def plain(name: str) -> str:
    """A name's key: case folded, without accents."""
    if name.isascii():
        return name.lower()
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _usual(name: str) -> bool:
    return name.isascii() and name.isalpha() and name.istitle() and len(name) > 2


@cache
def _known() -> Mapping[str, Known]:
    from faker.config import AVAILABLE_LOCALES

    data = _data()
    listed: dict[str, dict[Gender, set[str]]] = {}
    for locale in sorted(AVAILABLE_LOCALES):
        for gender in GENDERS:
            for name in _listed(locale, f"first_names_{gender}"):
                of_name = listed.setdefault(plain(name), {"female": set(), "male": set()})
                of_name[gender].add(locale)
    added: dict[str, tuple[Gender, str]] = {}
    for origin, several in data["added"].items():
        for gender in GENDERS:
            for name in several[gender].split():
                added[plain(name)] = (gender, origin)
                listed.setdefault(plain(name), {"female": set(), "male": set()})
    either, words = set(data["either"].split()), set(data["words"].split())
    speaking = set(data["speaking"])
    found = {}
    for name, by_gender in listed.items():
        gender, origin = _gender(by_gender, speaking), _origin(by_gender, data["origins"])
        if name in added:
            gender, origin = added[name]
        found[name] = Known(None if name in either else gender, origin, name in words)
    return found


def _gender(by_gender: Mapping[Gender, set[str]], speaking: set[str]) -> Gender | None:
    spoken = {gender: locales & speaking for gender, locales in by_gender.items()}
    asked = spoken if any(spoken.values()) else by_gender
    there = [gender for gender, locales in asked.items() if locales]
    return there[0] if len(there) == 1 else None


def _origin(
    by_gender: Mapping[Gender, set[str]], origins: Mapping[str, list[str]]
) -> str | None:
    there = set.union(*by_gender.values())
    share = {name: len(there & {*locales}) / len(locales) for name, locales in origins.items()}
    first, second = sorted(share, key=lambda name: -share[name])[:2]
    return first if share[first] and share[first] >= CLEARLY * share[second] else None


@cache
def _provider(locale: str) -> Any:
    try:
        return import_module(f"faker.providers.person.{locale}").Provider
    except ModuleNotFoundError:
        return None


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
