"""Towns, countries and states of a language, and what streets are called."""

from __future__ import annotations

from functools import cache

from textsynth import values
from textsynth.corpus import fold
from textsynth.scrub.locales import faker_locale, provider_of, some_of
from textsynth.scrub.writing import words

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
def cities(language: str) -> tuple[str, ...]:
    """Towns in the language's own country, or of the world for English."""
    locale = faker_locale(language)
    provider = provider_of("address", locale)
    if locale.startswith("en_") or provider is None:
        return tuple(" ".join(city.split()) for city in _CITIES.split(","))
    listed: list[str] = []
    for attribute in ("cities", "city_names"):
        found = getattr(provider, attribute, ())
        listed += [city for city in found if isinstance(city, str) and "{" not in city]
    return tuple(dict.fromkeys(listed)) if len(listed) > 20 else tuple(some_of("city", locale))


@cache
def countries(language: str) -> tuple[str, ...]:
    """The countries in the language's own names, without those of more than two words."""
    provider = provider_of("address", faker_locale(language)) or provider_of("address", "en_US")
    listed = getattr(provider, "countries", ()) or provider_of("address", "en_US").countries
    plain = [c for c in listed if isinstance(c, str) and len(c.split()) < 3 and "(" not in c]
    return tuple(dict.fromkeys(plain))


@cache
def states(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The states of the language's country, and their abbreviations."""
    provider = provider_of("address", faker_locale(language))
    found = [getattr(provider, name, ()) or () for name in ("states", "states_abbr")]
    full, short = (
        tuple(dict.fromkeys(s for s in several if isinstance(s, str))) for several in found
    )
    return full, short


@cache
def regions(language: str) -> frozenset[str]:
    """Countries, in the language's own names, and the states of the USA, folded: "the weather in
    Kenya" tells nothing of who asks."""
    drawn = [values.faker_pool("country", faker_locale(language))]
    drawn += [values.faker_pool(provider, "en_US") for provider in ("state", "state_abbr")]
    usual = ("usa", "u.s", "us", "uk", "u.k", "england", "scotland", "wales", "korea", "russia")
    return frozenset((*usual, *(fold(v.surface) for pool in drawn for v in pool.values)))


@cache
def street_words(language: str) -> frozenset[str]:
    """What is no name in an address: "street", "suite", "rue"; folded."""
    found = set(_STREET_WORDS)
    for locale in {faker_locale(language), "en_US"}:
        provider = provider_of("address", locale)
        for attribute in ("street_suffixes", "street_prefixes", "street_suffixes_short",
                          "street_suffixes_long"):  # fmt: skip
            listed = getattr(provider, attribute, ())
            found |= {fold(w).strip(" .") for w in listed if isinstance(w, str) and "{" not in w}
    return frozenset(word for entry in found for word in entry.split() if len(word) > 1)
