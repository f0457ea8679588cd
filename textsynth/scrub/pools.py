"""Made-up values: Faker's, and lists of our own where Faker's would not do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from textsynth import values
from textsynth.corpus import fold

DRAWS = 1000
_SPOKEN_ADDRESS = re.compile(r"[1-9]\d{0,2} (?!.*\b(?:Suite|Apt|Unit|Box)\b)")
NATIONALITIES = """
    American Argentinian Australian Austrian Bangladeshi Belgian Bolivian Brazilian British
    Bulgarian Canadian Chilean Chinese Colombian Croatian Cuban Czech Danish Dutch Ecuadorian
    Egyptian English Estonian Ethiopian Filipino Finnish French German Ghanaian Greek Hungarian
    Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Jamaican Japanese Jordanian
    Kenyan Korean Latvian Lebanese Lithuanian Malaysian Mexican Moroccan Nepalese Nigerian
    Norwegian Pakistani Peruvian Polish Portuguese Romanian Russian Scottish Serbian Slovak
    Slovenian Spanish Swedish Swiss Syrian Thai Tunisian Turkish Ukrainian Uruguayan Venezuelan
    Vietnamese Welsh
"""


def words(text: str) -> frozenset[str]:
    """A closed list, written as one text."""
    return frozenset(text.split())


def _phones(locale: str, seed: int) -> list[str]:
    """Numbers that regulators keep free for fiction: 555-01XX in North America, and Ofcom's
    ranges in Britain; so that no surrogate rings anybody."""
    areas = (205, 212, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 808, 907)
    american = [f"{area}-555-{line:04}" for area in areas for line in range(100, 200)]
    bracket = [f"({area}) 555-{line:04}" for area in areas for line in range(100, 200, 4)]
    local = [f"555-{line:04}" for line in range(100, 200)]
    mobile = [f"07700 {line}" for line in range(900000, 901000)]
    london = [f"020 7946 {line:04}" for line in range(1000)]
    city = [f"0{code} 496 {line:04}" for code in (113, 121, 131, 161) for line in range(0, 1000, 4)]
    bare = [number.replace(" ", "").replace("-", "") for number in (*mobile, *american)]
    britain = [f"+44 {number[1:]}" for number in (*mobile[::3], *london[::3])]
    return [*mobile, *london, *city, *local, *american, *bracket, *britain, *bare]


def _names(locale: str, seed: int) -> list[str]:
    """Names without titles and degrees, which speech seldom has ("call Mr. Jesse Moss DDS")."""
    names = values.faker_pool("name", locale, DRAWS * 2, seed)
    plain = [v.surface for v in names.values if "." not in v.surface and v.surface.count(" ") == 1]
    return plain or [value.surface for value in names.values]


def _streets(locale: str, seed: int) -> list[str]:
    """Addresses as people say them, without "Suite 432" and with short numbers."""
    drawn = values.faker_pool("street_address", locale, DRAWS * 4, seed)
    surfaces = [value.surface for value in drawn.values]
    return [text for text in surfaces if _SPOKEN_ADDRESS.match(text)] or surfaces


def _urls(locale: str, seed: int) -> list[str]:
    words = values.faker_pool("domain_word", locale, DRAWS, seed)
    return [f"www.{fold(value.surface)}.example.com" for value in words.values]


_OWN: dict[str, Callable[[str, int], list[str]]] = {
    "phone": _phones,
    "name": _names,
    "street_address": _streets,
    "url": _urls,
    "nationality": lambda locale, seed: sorted(words(NATIONALITIES)),
}


def draw(provider: str, language: str, seed: int) -> list[str]:
    """Distinct values of a provider: "phone", "name", "street_address", "url" and "nationality" are
    made here, all others are Faker's."""
    locale = faker_locale(language)
    if provider in _OWN:
        return _OWN[provider](locale, seed)
    return [value.surface for value in values.faker_pool(provider, locale, DRAWS, seed).values]


@cache
def faker_locale(language: str) -> str:
    """Faker's locale for a BCP 47 tag: itself, else the first of its language, else en_US."""
    from faker.config import AVAILABLE_LOCALES

    tag = language.replace("-", "_")
    main = tag.split("_")[0].lower()
    preferred = ("en_US",) if main == "en" else (f"{main}_{main.upper()}",)
    there = sorted(name for name in AVAILABLE_LOCALES if name.startswith(f"{main}_"))
    return next(
        (n for n in (tag, *preferred, *there) if n in AVAILABLE_LOCALES and "_" in n), "en_US"
    )


@cache
def regions(language: str) -> frozenset[str]:
    """Countries, in the language's own names, and the states of the USA, folded: "the weather in
    Kenya" tells nothing of who asks."""
    drawn = [values.faker_pool("country", faker_locale(language))]
    drawn += [values.faker_pool(provider, "en_US") for provider in ("state", "state_abbr")]
    usual = ("usa", "u.s", "us", "uk", "u.k", "england", "scotland", "wales", "korea", "russia")
    return frozenset((*usual, *(fold(v.surface) for pool in drawn for v in pool.values)))
