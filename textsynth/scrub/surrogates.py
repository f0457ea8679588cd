"""Which entity becomes which slot, and what takes the place of a removed value.

A surrogate is drawn from a pool of made-up values by the keyed hash of the original, so that one
original has one surrogate throughout a corpus. No pool holds a value that was removed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from textsynth import keyed, values
from textsynth.corpus import fold
from textsynth.scrub.sweep import Matcher, squeeze

DRAWS = 1000
SHAPE_DRAWS = 50


def words(text: str) -> frozenset[str]:
    """A closed list, written as one text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: what is done with what Presidio finds.

    `certain`: nothing else looks like it, so that it goes even from a slot that was annotated as
    something harmless (an artist may be called like a person, but like no IBAN).
    `sought`: a value found once is taken out of all rows, and is looked for by the leak check.
    """

    entity: str
    label: str
    provider: str
    action: Literal["surrogate", "keep"] = "surrogate"
    certain: bool = False
    sought: bool = True


KINDS = (
    Kind("PERSON", "person", "name"),
    Kind("PHONE_NUMBER", "phone", "phone"),
    Kind("EMAIL_ADDRESS", "email", "ascii_safe_email", certain=True),
    Kind("LOCATION", "location", "city"),
    Kind("STREET_ADDRESS", "address", "street_address"),
    Kind("NRP", "nationality", "nationality", sought=False),
    Kind("CREDIT_CARD", "credit_card", "credit_card_number", certain=True),
    Kind("IBAN_CODE", "iban", "iban", certain=True),
    Kind("US_SSN", "ssn", "ssn", certain=True),
    Kind("US_ITIN", "itin", "shape"),
    Kind("US_BANK_NUMBER", "account_number", "shape"),
    Kind("US_DRIVER_LICENSE", "driving_licence", "shape"),
    Kind("US_PASSPORT", "passport", "shape"),
    Kind("UK_NHS", "nhs_number", "shape"),
    Kind("MEDICAL_LICENSE", "medical_licence", "shape"),
    Kind("IP_ADDRESS", "ip_address", "ipv4", certain=True),
    Kind("MAC_ADDRESS", "mac_address", "mac_address", certain=True),
    Kind("URL", "url", "url"),
    Kind("CRYPTO", "crypto_wallet", "shape", certain=True),
    Kind("UUID", "uuid", "uuid4", certain=True),
    # "tomorrow", "at nine", "next friday" identify nobody; a birthday is its slot label's affair.
    Kind("DATE_TIME", "date_time", "date", action="keep"),
)
ENTITIES = {kind.entity: kind for kind in KINDS}
LABELS: dict[str, tuple[Kind, ...]] = {
    kind.label: tuple(other for other in KINDS if other.label == kind.label) for kind in KINDS
}

# What a model of names finds, as opposed to what a pattern finds.
NAMED = frozenset({"PERSON", "LOCATION", "NRP"})

_SPOKEN_ADDRESS = re.compile(r"[1-9]\d{0,2} (?!.*\b(?:Suite|Apt|Unit|Box)\b)")
# Providers of names of people; `provider_for` chooses among them by the value.
NAMES = frozenset({"name", "first_name", "last_name"})

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

# What is a nationality, a religion or a political group when a model calls it one.
NRP_WORDS = words(
    f"""
    {NATIONALITIES.casefold()} african american arab asian european hispanic latino latina kurdish
    indigenous basque catalan tibetan jewish jew christian muslim islamic catholic protestant
    orthodox hindu sikh buddhist mormon atheist democrat democratic republican conservative labour
    liberal communist socialist afghan saudi turk swede dane finn pole spaniard brit scot frenchman
    englishman dutchman
    """
)


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


@dataclass
class Surrogates:
    """The surrogates of one corpus."""

    language: str
    secret: bytes
    seed: int
    _matcher: Matcher = field(init=False, repr=False, default_factory=Matcher)
    _pools: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)
    _forms: dict[tuple[str, str], list[str]] = field(init=False, repr=False, default_factory=dict)
    _given: dict[tuple[str, str], str] = field(init=False, repr=False, default_factory=dict)
    _used: set[str] = field(init=False, repr=False, default_factory=set)

    def assign(self, originals: Iterable[tuple[str, str]]) -> None:
        """Choose surrogates for all (value, provider) pairs that go, distinct ones while the pools
        last. The choice does not depend on the order of the pairs."""
        wanted: dict[tuple[str, str], str] = {}
        for value, provider in sorted(originals):
            wanted.setdefault((_key(value), provider_for(value, provider)), value)
        self._matcher = Matcher(folded=wanted.values())
        hashed = sorted((keyed.secret_hash(self.secret, key[0]), key) for key in wanted)
        for digest, key in hashed:
            self._given[key] = self._choose(wanted[key], key[1], int(digest, 16))

    def replace(self, value: str, provider: str) -> str:
        """The surrogate of an assigned value, in capitals or lower case as the value is."""
        surrogate = self._given[_key(value), provider_for(value, provider)]
        if value.islower():
            return surrogate.lower()
        return surrogate.upper() if value.isupper() and len(value) > 2 else surrogate

    def tells(self, text: str) -> bool:
        """Whether a text holds a value that goes."""
        return bool(self._matcher.find(text))

    def pool(self, provider: str) -> list[str]:
        """Made-up values of a provider, none of which is or contains a removed one."""
        if provider not in self._pools:
            locale = faker_locale(self.language)
            if provider in _OWN:
                drawn = _OWN[provider](locale, self.seed)
            else:
                drawn = [
                    v.surface for v in values.faker_pool(provider, locale, DRAWS, self.seed).values
                ]
            key = keyed.stream(self.seed, "pool", provider)
            shuffled = [drawn[at] for at in keyed.order(key, drawn)]
            self._pools[provider] = [text for text in shuffled if not self._matcher.find(text)]
        return self._pools[provider]

    def shaped_pool(self, originals: Iterable[str]) -> list[str]:
        """Made-up values for labels without a provider: each original with other letters and
        digits, several times over."""
        made = (
            _reshape(original, keyed.stream(self.seed, "shape", self._hash(original), turn))
            for original in sorted(set(originals))
            for turn in range(SHAPE_DRAWS)
        )
        return [text for text in dict.fromkeys(made) if not self._matcher.find(text)]

    def _hash(self, value: str) -> str:
        return keyed.secret_hash(self.secret, _key(value))

    def _choose(self, value: str, provider: str, number: int) -> str:
        if provider == "shape":
            return self._choose_shaped(value, number)
        candidates = self._alike(value, provider)
        for step in range(len(candidates)):
            candidate = candidates[(number + step) % len(candidates)]
            if fold(candidate) not in self._used:
                self._used.add(fold(candidate))
                return candidate
        return (
            candidates[number % len(candidates)]
            if candidates
            else self._choose_shaped(value, number)
        )

    def _choose_shaped(self, value: str, number: int) -> str:
        for turn in range(1000):
            candidate = _reshape(value, keyed.stream(number, "surrogate", turn))
            if not self._matcher.find(candidate) and fold(candidate) not in self._used:
                self._used.add(fold(candidate))
                return candidate
        # Nothing else has this shape (a one-digit value, all of which are taken).
        return f"x{number % 10**8:08}"

    def _alike(self, value: str, provider: str) -> list[str]:
        """The pool, narrowed to what is written like this value, where it has any."""
        form = _FORMS.get(provider)
        if form is None:
            return self.pool(provider)
        wanted = form(value)
        if (provider, wanted) not in self._forms:
            pool = self.pool(provider)
            alike = [text for text in pool if form(text) == wanted]
            self._forms[provider, wanted] = alike or pool
        return self._forms[provider, wanted]


def provider_for(value: str, provider: str) -> str:
    """The provider that suits one value of a label: a contact may be a name, a first name, a
    number or an address."""
    if provider not in ("name", "first_name", "last_name", "user_name"):
        return provider
    if "@" in value.strip("@"):
        return "ascii_safe_email"
    if sum(char.isdigit() for char in value) >= 7:
        return "phone"
    if provider == "name" and len(value.split()) == 1:
        return "first_name"
    return "name" if provider == "first_name" and len(value.split()) > 1 else provider


def _key(value: str) -> str:
    """Values that are one: written in another case, spacing or punctuation."""
    return squeeze(value) or fold(value)


def _shape(text: str) -> str:
    return "".join("9" if char.isdigit() else "a" if char.isalpha() else char for char in text)


# What a surrogate should have in common with the original: the format of a telephone number; a
# vowel at the start, so that "an Italian" becomes "an Irish".
_FORMS: dict[str, Callable[[str], str]] = {
    "phone": _shape,
    "nationality": lambda value: "vowel" if value[0].casefold() in "aeiou" else "consonant",
}


def _reshape(text: str, key: int) -> str:
    """Other digits for digits and other letters for letters, all else as it is."""
    picks = keyed.bits(key, list(range(len(text)))).tolist()
    return "".join(_other(char, pick) for char, pick in zip(text, picks, strict=True))


def _other(char: str, pick: int) -> str:
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if char in alphabet:
            return alphabet[pick % len(alphabet)]
    return "x" if char.isalnum() else char
