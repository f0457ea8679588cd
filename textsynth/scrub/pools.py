"""Made-up values: Faker's, and lists of our own where Faker's would not do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import islice, product
from typing import Any

from textsynth import firstnames, keyed, values
from textsynth.corpus import fold

DRAWS = 1000

# The signs that join letters in the scripts of India, Thailand, Arabia; `\w` leaves them out.
MARKS = "".join(
    char for char in map(chr, range(0x300, 0x1200)) if unicodedata.category(char)[0] == "M"
)


def words(text: str) -> frozenset[str]:
    """A closed list, written as one text."""
    return frozenset(text.split())


def in_order(text: str) -> tuple[str, ...]:
    """A list whose order counts, written as one text."""
    return tuple(text.split())


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
CONTINENTS = ("Africa", "Antarctica", "Asia", "Europe", "Oceania", "North America", "South America")
_CITIES = """
    Aberdeen,Accra,Adelaide,Akron,Albany,Albuquerque,Amarillo,Amsterdam,Anchorage,Athens,Atlanta,
    Auckland,Augusta,Austin,Baltimore,Barcelona,Bath,Belfast,Berlin,Birmingham,Boise,
    Bologna,Boston,Boulder,Bradford,Brighton,Brisbane,Bristol,Brussels,Budapest,Buffalo,Calgary,
    Cambridge,Canberra,Cardiff,Carlisle,Charleston,Charlotte,Chester,Chicago,Cincinnati,Cleveland,
    Columbus,Copenhagen,Cork,Coventry,Dallas,Darwin,Dayton,Denver,Derby,Detroit,Dublin,Dundee,
    Dunedin,Durban,Durham,Edinburgh,Edmonton,El Paso,Eugene,Exeter,Florence,Fort Worth,Fresno,
    Galway,Geneva,Genoa,Glasgow,Gloucester,Halifax,Hamburg,Hamilton,Hereford,Hobart,Honolulu,
    Houston,Hull,Indianapolis,Inverness,Ipswich,Jacksonville,Kansas City,Knoxville,Lancaster,
    Las Vegas,Leeds,Leicester,Limerick,Lincoln,Lisbon,Liverpool,London,Long Beach,Los Angeles,
    Louisville,Lyon,Madison,Madrid,Manchester,Marseille,Melbourne,Memphis,Miami,Milan,Milwaukee,
    Minneapolis,Mobile,Montreal,Mumbai,Munich,Nairobi,Naples,Nashville,New Orleans,New York,
    Newcastle,Norwich,Nottingham,Oakland,Oklahoma City,Omaha,Orlando,Oslo,Ottawa,Oxford,Paris,
    Perth,Peterborough,Philadelphia,Phoenix,Pittsburgh,Plymouth,Porto,Portland,Portsmouth,Prague,
    Preston,Quebec City,Raleigh,Reading,Reno,Richmond,Rochester,Rome,Rotterdam,Sacramento,Salford,
    Salisbury,Salt Lake City,San Antonio,San Diego,San Francisco,San Jose,Santa Fe,Saskatoon,
    Savannah,Seattle,Seville,Sheffield,Southampton,Spokane,Springfield,Stirling,Stockholm,Stockton,
    Sunderland,Swansea,Swindon,Sydney,Syracuse,Tacoma,Tampa,Toledo,Topeka,Toronto,Tucson,Tulsa,
    Turin,Utrecht,Valencia,Vancouver,Venice,Vienna,Wakefield,Warsaw,Wellington,Wichita,Winchester,
    Windsor,Winnipeg,Wolverhampton,Worcester,York,Zurich,Aylesbury,Eastbourne,Evansville,Oshawa,
    Olympia,Ogden,Ulverston,Utica,Uppsala,Inverurie,Independence,Antwerp,Ashford,Ely,Elgin,Erie
"""
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
UNDECOMPOSED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "Ae",
     "œ": "oe", "\u0131": "i", "þ": "th", "ð": "d", "ä": "ae", "ö": "oe", "ü": "ue"}
)  # fmt: skip
_CONSONANT = re.compile(r"(?:eu|u(?:n[ai](?!n|m)|k|s[ei]|t[aei]|r[aeiou])|one\b|once\b|ouija)")
_VOWEL = re.compile(r"(?:[aeiou]|hour|honest|honou?r|heir|8|1[18](?!\d))")


def sound(text: str) -> str:
    """Whether "a" or "an" stands before an English word or a number below a hundred."""
    folded = ascii_form(text[:8]).casefold()
    vowel = _VOWEL.match(folded) and not _CONSONANT.match(folded)
    return "an" if vowel else "a"


def ascii_form(text: str) -> str:
    """The text in ASCII letters, as it would stand in an address; other scripts drop out."""
    return fold_marks(text.translate(UNDECOMPOSED)).encode("ascii", "ignore").decode()


def fold_marks(text: str) -> str:
    """The text without accents."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


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
    locales = dict.fromkeys([own, *(name for name in _locales() if name.startswith(f"{main}_"))])
    found = _collected(locales, frozenset())
    if main == "en":
        found = _ascii_only(found)
    male = found.male or tuple(_drawn("first_name_male", own))
    female = found.female or tuple(_drawn("first_name_female", own))
    return replace(
        found,
        male=male,
        female=female,
        either=found.either or tuple(dict.fromkeys([*male, *female])),
        last=found.last or tuple(_drawn("last_name", own)),
    )


@cache
def foreign_names(language: str) -> Names:
    """More names for an English corpus: not all people in one are called as the English are."""
    if not faker_locale(language).startswith("en_"):
        return Names((), (), (), (), ())
    own = names(language)
    return _ascii_only(_collected(_ORIGINS, frozenset([*own.either, *own.last])))


def _collected(locales: Iterable[str], known: Collection[str]) -> Names:
    """The names of some locales, without those that are known already."""
    male: list[str] = []
    female: list[str] = []
    last: list[str] = []
    last_female: list[str] = []
    for locale in locales:
        provider = _provider("person", locale)
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


def _drawn(provider: str, locale: str) -> list[str]:
    return [value.surface for value in values.faker_pool(provider, locale, DRAWS // 2).values]


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


def _provider(kind: str, locale: str) -> Any:
    try:
        return import_module(f"faker.providers.{kind}.{locale}").Provider
    except ModuleNotFoundError:
        return None


@cache
def cities(language: str) -> tuple[str, ...]:
    """Towns in the language's own country, or of the world for English."""
    locale = faker_locale(language)
    provider = _provider("address", locale)
    if locale.startswith("en_") or provider is None:
        return tuple(" ".join(city.split()) for city in _CITIES.split(","))
    listed: list[str] = []
    for attribute in ("cities", "city_names"):
        found = getattr(provider, attribute, ())
        listed += [city for city in found if isinstance(city, str) and "{" not in city]
    return tuple(dict.fromkeys(listed)) if len(listed) > 20 else tuple(_drawn("city", locale))


@cache
def sounding(listed: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """Those of a list before which "a" or "an" stands, or all of it where there are too few."""
    alike = tuple(entry for entry in listed if sound(entry) == wanted)
    return alike if len(alike) > 2 else listed


@cache
def folded(listed: tuple[str, ...]) -> frozenset[str]:
    """The entries of a list, to look places up in."""
    return frozenset(map(fold, listed))


@cache
def countries(language: str) -> tuple[str, ...]:
    """The countries in the language's own names, without those of more than two words."""
    provider = _provider("address", faker_locale(language)) or _provider("address", "en_US")
    listed = getattr(provider, "countries", ()) or _provider("address", "en_US").countries
    plain = [c for c in listed if isinstance(c, str) and len(c.split()) < 3 and "(" not in c]
    return tuple(dict.fromkeys(plain))


@cache
def states(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The states of the language's country, and their abbreviations."""
    provider = _provider("address", faker_locale(language))
    found = [getattr(provider, name, ()) or () for name in ("states", "states_abbr")]
    full, short = (
        tuple(dict.fromkeys(s for s in several if isinstance(s, str))) for several in found
    )
    return full, short


@cache
def street_words(language: str) -> frozenset[str]:
    """What is no name in an address: "street", "suite", "rue"; folded."""
    found = set(_STREET_WORDS)
    for locale in {faker_locale(language), "en_US"}:
        provider = _provider("address", locale)
        for attribute in ("street_suffixes", "street_prefixes", "street_suffixes_short",
                          "street_suffixes_long"):  # fmt: skip
            listed = getattr(provider, attribute, ())
            found |= {fold(w).strip(" .") for w in listed if isinstance(w, str) and "{" not in w}
    return frozenset(word for entry in found for word in entry.split() if len(word) > 1)


_STREET_WORDS = words(
    "street st road rd avenue ave av lane ln boulevard blvd drive dr court ct place pl square sq"
    " way close crescent cres terrace ter walk row gate gardens grove green hill mews parade rise"
    " yard wharf highway hwy parkway pkwy circle cir trail alley broadway north south east west"
    " northeast northwest southeast southwest ne nw se sw apt apartment suite ste unit flat room"
    " floor fl building bldg block box po p.o house no number studio lot level first second third"
    " fourth fifth the of and at de la le les des du del della di da do dos das der den dem die am"
    " an im zum zur auf van het rue avenida avenue calle via viale piazza corso plaza paseo rua"
    " travessa allee weg platz straße strasse gasse laan straat plein ulica ul cours quai impasse"
    " chemin route bis near opposite corner apartamento piso puerta stock etage"
)

# Those after the name of a street, after which a town may follow.
STREET_KINDS = words(
    "street st road rd avenue ave lane ln boulevard blvd drive dr court ct place pl square sq way"
    " close crescent cres terrace ter row gardens mews parkway pkwy highway hwy circle cir trail"
)


@cache
def weekdays_and_months(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The months from January and the days from Monday, in the language."""
    locale = faker_locale(language)
    provider = _provider("date_time", locale) or _provider("date_time", "en_US")
    months = getattr(provider, "MONTH_NAMES", None)
    days = getattr(provider, "DAY_NAMES", None)
    if months is None or days is None:
        return _MONTHS, _DAYS
    by_number = tuple(months[f"{number:02}"] for number in range(1, 13))
    return by_number, tuple(days[str(number % 7)] for number in range(1, 8))


@cache
def months_of(language: str) -> tuple[str, ...]:
    """The months as they stand after a day, in languages where they are inflected there."""
    return in_order(_GENITIVES.get(faker_locale(language).split("_")[0], ""))


_GENITIVES = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października"
    " listopada grudnia",
    "cs": "ledna února března dubna května června července srpna září října listopada prosince",
}
_MONTHS = in_order(
    "January February March April May June July August September October November December"
)
_DAYS = in_order("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")


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


# Languages in which the surname stands first.
FAMILY_FIRST = frozenset({"zh", "ja", "ko", "hu", "vi"})


def _cycled(texts: list[str]) -> Iterator[str]:
    while texts:
        yield from texts


def _shuffled(texts: Iterable[str], seed: int, name: str) -> list[str]:
    listed = list(texts)
    return [listed[at] for at in keyed.order(keyed.stream(seed, "pool", name), listed)]


@cache
def _locales() -> tuple[str, ...]:
    from faker.config import AVAILABLE_LOCALES

    return tuple(sorted(AVAILABLE_LOCALES))


@cache
def faker_locale(language: str) -> str:
    """Faker's locale for a BCP 47 tag: itself, else the first of its language, else en_US."""
    tag = language.replace("-", "_")
    main = tag.split("_")[0].lower()
    preferred = ("en_US",) if main == "en" else (f"{main}_{main.upper()}",)
    there = [name for name in _locales() if name.startswith(f"{main}_")]
    return next((n for n in (tag, *preferred, *there) if n in _locales() and "_" in n), "en_US")


@cache
def regions(language: str) -> frozenset[str]:
    """Countries, in the language's own names, and the states of the USA, folded: "the weather in
    Kenya" tells nothing of who asks."""
    drawn = [values.faker_pool("country", faker_locale(language))]
    drawn += [values.faker_pool(provider, "en_US") for provider in ("state", "state_abbr")]
    usual = ("usa", "u.s", "us", "uk", "u.k", "england", "scotland", "wales", "korea", "russia")
    return frozenset((*usual, *(fold(v.surface) for pool in drawn for v in pool.values)))
