"""Made-up values: Faker's, and lists of our own where Faker's would not do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product
from typing import Any

from textsynth import firstnames, keyed, values
from textsynth.scrub.geography import NATIONALITIES, cities, countries, states
from textsynth.scrub.locales import DRAWS, all_locales, faker_locale, provider_of, some_of
from textsynth.scrub.writing import fold_marks, in_order, words

# Companies and domains that nobody has are made of these.
_STEMS = in_order(
    "Ash Birch Bright Broad Cedar Clear Cold Copper Crest Dawn Deep Dove Drift East Elder Elm"
    " Ember Ever Fair Falcon Fern Flint Fox Frost Glen Gold Granite Green Grove Harbor Hawk Hazel"
    " Heather High Holly Iron Ivory Ivy Juniper Kestrel Lark Laurel Linden Long Maple Meadow Mill"
    " Moss North Oak Oat Olive Onyx Orchard Otter Owl Pine Quill Raven Red River Rose Rowan Sage"
    " Silver South Star Stone Summer Swift Thorn Timber Umber Upper Vale West White Wild Willow"
    " Winter Wren"
)
_ENDINGS = in_order(
    "bank bay beck bridge brook bury croft crest dale fall field ford gate grove haven hill holm"
    " hurst land light line mark mead mere mont moor peak point port reach ridge rock shore side"
    " spring stead stone stream vale view wall water way well wick wood worth"
)
# Where names for an English corpus are drawn from when those of its own locales all go.
_ORIGINS = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "sv_SE", "fi_FI", "da_DK", "pt_BR")
# Languages in which the surname stands first.
FAMILY_FIRST = frozenset({"zh", "ja", "ko", "hu", "vi"})


@cache
def stems() -> tuple[str, ...]:
    """Words that might name a company and name none."""
    return tuple(
        f"{stem}{ending}"
        for stem, ending in product(_STEMS, _ENDINGS)
        if stem.casefold() != ending and stem[-1] != ending[0]
    )


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a language: first names by gender, surnames. `either` are the first names of
    both; surnames that have a form for women stand apart."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    either: tuple[str, ...]
    last: tuple[str, ...]
    last_female: tuple[str, ...]


@cache
def names(language: str) -> Names:
    """The names of a language's locales in Faker."""
    own = faker_locale(language)
    main = own.split("_")[0]
    locales = dict.fromkeys([own, *(name for name in all_locales() if name.startswith(f"{main}_"))])
    found = _collected(locales, frozenset())
    if main == "en":
        found = _ascii_only(found)
    male = found.male or tuple(some_of("first_name_male", own))
    female = found.female or tuple(some_of("first_name_female", own))
    return replace(
        found,
        male=male,
        female=female,
        either=found.either or tuple(dict.fromkeys([*male, *female])),
        last=found.last or tuple(some_of("last_name", own)),
    )


@cache
def foreign_names(language: str) -> Names:
    """More names for an English corpus: not all people in one are called as the English are."""
    if not faker_locale(language).startswith("en_"):
        return Names((), (), (), (), ())
    own = names(language)
    return _ascii_only(_collected(_ORIGINS, frozenset([*own.either, *own.last])))


@cache
def by_origin(language: str) -> dict[str, Names]:
    """The names of each origin that people in an English corpus may have; of other languages their
    own names alone."""
    if not faker_locale(language).startswith("en_"):
        return {"": names(language)}
    return {
        name: Names(
            one.first["male"],
            one.first["female"],
            (*one.first["male"], *one.first["female"]),
            one.last,
            (),
        )
        for name, one in firstnames.origins().items()
    }


def _collected(locales: Iterable[str], known: Collection[str]) -> Names:
    """The names of some locales, without those that are known already."""
    male: list[str] = []
    female: list[str] = []
    last: list[str] = []
    last_female: list[str] = []
    for locale in locales:
        provider = provider_of("person", locale)
        male += _listed(provider, "first_names_male", "first_names_unisex")
        female += _listed(provider, "first_names_female", "first_names_unisex")
        plain = _listed(provider, "last_names_male", "male_last_names", "last_names_unisex",
                        "unisex_last_names")  # fmt: skip
        last += plain or _listed(provider, "last_names")
        last_female += _listed(provider, "last_names_female", "female_last_names")
    both = {*male} & {*female}
    return Names(
        *(
            tuple(dict.fromkeys(name for name in listed if name not in without))
            for listed, without in (
                (male, {*known, *both}),
                (female, {*known, *both}),
                ([*male, *female], {*known}),
                (last, {*known}),
                (last_female, {*known}),
            )
        )
    )


def _ascii_only(known: Names) -> Names:
    listed = (known.male, known.female, known.either, known.last, known.last_female)
    return Names(*(tuple(name for name in several if name.isascii()) for several in listed))


def _listed(provider: Any, *attributes: str) -> list[str]:
    """The words of a provider's lists, in their order."""
    found: list[str] = []
    for attribute in attributes:
        listed = getattr(provider, attribute, ())
        found += [word for word in listed if isinstance(word, str) and _is_name(word)]
    return found


def _is_name(word: str) -> bool:
    """One word of letters and marks; short ones only where a letter says more than Latin ones."""
    plain = fold_marks(word).replace("'", "")
    spelled = word.replace("'", "").isalpha() or (not word.isascii() and " " not in word)
    return spelled and (len(plain) > 2 or (bool(plain) and not plain[0].isascii()))


def draw(provider: str, language: str, seed: int, balance: Collection[str] = ()) -> list[str]:
    """Distinct values of a provider: names, companies, towns and nationalities are made here, all
    others are Faker's. Of names with `balance`, any run of them is of all genders (or origins)
    alike."""
    if balance and provider in ("name", "first_name", "last_name"):
        return _balanced(provider, language, seed, balance)
    made = _made(provider, language, seed)
    if made is not None:
        return made
    locale = faker_locale(language)
    provider = "color_name" if provider == "color" else provider  # "red" is said, not "#c67f45"
    return [value.surface for value in values.faker_pool(provider, locale, DRAWS, seed).values]


def _made(provider: str, language: str, seed: int) -> list[str] | None:
    known = names(language)
    if provider == "name":
        firsts, lasts = (_shuffled(p, seed, "name") for p in (known.either, known.last))
        family_first = faker_locale(language).split("_")[0] in FAMILY_FIRST
        pairs = zip(_cycled(firsts), _cycled(lasts), strict=False)
        joined = (f"{last} {first}" if family_first else f"{first} {last}" for first, last in pairs)
        return list(dict.fromkeys(pair for pair, _ in zip(joined, range(2 * DRAWS), strict=False)))
    if provider in ("place", "city"):
        return list(cities(language))
    if provider == "country":
        return list(countries(language))
    if provider == "state" and states(language)[0]:
        return list(states(language)[0])
    if provider == "company":
        endings = ("Ltd", "Group", "Partners", "Holdings", "Services")
        some = _shuffled(stems(), seed, "company")[:DRAWS]
        return [f"{stem} {endings[at % len(endings)]}" for at, stem in enumerate(some)]
    listed = {
        "first_name": known.either,
        "last_name": known.last,
        "nationality": tuple(sorted(words(NATIONALITIES))),
    }
    return list(listed[provider]) if provider in listed else None


def _balanced(provider: str, language: str, seed: int, balance: Collection[str]) -> list[str]:
    """Names of each origin and gender in turn, as many as the shortest list has; a name's parts are
    of one origin."""
    sources = by_origin(language) if "origin" in balance else {"": names(language)}
    lines: list[list[str]] = []
    for origin, listed in sources.items():
        lasts = _shuffled(listed.last, seed, f"last {origin}")
        if provider == "last_name":
            lines.append(lasts)
            continue
        of_gender = (
            [(listed.female, "f"), (listed.male, "m")]
            if "gender" in balance
            else [(listed.either, "")]
        )
        for firsts, gender in of_gender:
            mixed = _shuffled(firsts, seed, f"first {origin}{gender}")
            if provider == "first_name":
                lines.append(mixed)
                continue
            own = list(listed.last_female) if gender == "f" else []
            pairs = zip(_cycled(mixed), _cycled(own or lasts), strict=False)
            family_first = faker_locale(language).split("_")[0] in FAMILY_FIRST
            joined = (f"{b} {a}" if family_first else f"{a} {b}" for a, b in pairs)
            lines.append(list(islice(joined, 2 * DRAWS)))
    size = min(map(len, lines))
    return list(dict.fromkeys(line[at] for at in range(size) for line in lines))[: 2 * DRAWS]


def _cycled(texts: list[str]) -> Iterator[str]:
    while texts:
        yield from texts


def _shuffled(texts: Iterable[str], seed: int, name: str) -> list[str]:
    listed = list(texts)
    return [listed[at] for at in keyed.order(keyed.stream(seed, "pool", name), listed)]
