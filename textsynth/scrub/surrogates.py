"""What takes the place of a removed value: something of the same kind, written the same way.

A surrogate follows from the secret and the value, so that one original has one surrogate throughout
a corpus, on any worker and in any order. Where it would be a value that goes itself, the next one
is taken. Names are the work of `identities`, places and companies of `places`, numbers of
`formats` and `telephones`, dates and ages of `dates`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from textsynth import keyed
from textsynth.scrub import dates, formats, geography, locales, pools, telephones, writing
from textsynth.scrub.formats import Draw, digits_of, shape
from textsynth.scrub.identities import People
from textsynth.scrub.kinds import MASK
from textsynth.scrub.places import Places
from textsynth.scrub.policy import POSSESSIVE, TITLES
from textsynth.scrub.speech import (
    cased,
    is_said_email,
    said_address,
    say_address,
    say_code,
    spoken_number,
)
from textsynth.scrub.sweep import Matcher, is_full, squeeze
from textsynth.scrub.writing import words

TURNS = 50
SHAPE_DRAWS = 50
_CACHED = 100_000
# Kinds of which there are few values: an age in a corpus of a thousand is somebody's. As long as
# there are any others, no surrogate is a value that goes; dates have none, they move all alike.
_FEW = frozenset(
    {"age", "nationality", "place", "city", "country", "state", "title", "date", "color", "job"}
)
# What is drawn from a list; the surrogates of all others are made from the originals.
_LISTED = frozenset({"name", "first_name", "last_name", "company", "nationality", "place", "city",
                     "country", "state"})  # fmt: skip
_NAMES = frozenset({"name", "first_name", "last_name"})
_NATIONALITIES = tuple(sorted(words(geography.NATIONALITIES)))
_POSSESSIVE = _NAMES | {"company"}
# Words that a name and its surrogate may share.
_NO_PART = frozenset({*TITLES, *words("and und et og och jr sr ii iii iv phd md esq")})
_ALIASES = {
    "ascii_safe_email": "email",
    "city": "place",
    "country": "place",
    "state": "place",
    "ipv6": "ipv4",
    "postcode": "shape",
    "phone_number": "phone",
    "address": "street_address",
}
_TITLES = (("mr", "sir", "lord"), ("mrs", "ms", "miss", "madam", "lady"),
           ("dr", "prof", "mx", "rev", "captain"), ("professor", "doctor", "reverend"))  # fmt: skip
_MONTH_DAYS = range(45, 321)
_URL = re.compile(
    r"(?i)(?P<scheme>(?:[a-z][a-z0-9+.-]*:)?//)?(?P<host>[^/?#\s]+)(?P<path>.*)", re.DOTALL
)
_ADDRESS = re.compile(r"([^\s@<>()\[\],;:\"]+@[^\s@<>()\[\],;:\"]+)")
_NTH = re.compile(r"(\d+)(?:st|nd|rd|th)\b")
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp|pdf|jpe?g|png|gif|txt|json|xml|csv|zip)\b")


@dataclass
class Surrogates:
    """The surrogates of one corpus.

    `secret` alone decides what takes the place of which value, `seed` which values the pools hold.
    With `balance` (`gender`, `origin`), names are drawn evenly over these.
    """

    language: str
    secret: bytes
    seed: int
    balance: Collection[str] = ()
    _matcher: Matcher = field(init=False, repr=False, default_factory=Matcher)
    _few: frozenset[str] = field(init=False, repr=False, default=frozenset())
    _pools: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)
    _given: dict[tuple[str, str], str] = field(init=False, repr=False, default_factory=dict)
    _makers: _Makers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._makers = _Makers(self.language, Draw(self.secret), self.tells, self.balance)

    def assign(
        self, originals: Iterable[tuple[str, str]], bound: frozenset[str] = frozenset()
    ) -> None:
        """Tell of all (value, provider) pairs that go: no surrogate is one of these values. All
        workers must be told of the same; the order does not matter. The words of `bound`, folded,
        are names that keep their gender."""
        pairs = {(value, _ALIASES.get(provider, provider)) for value, provider in originals}
        self._matcher = Matcher(folded=(v for v, provider in sorted(pairs) if provider not in _FEW))
        few = (value for value, provider in pairs if provider in _FEW)
        self._few = frozenset(squeeze(value) for value in few if is_full(value))
        self._given.clear()
        self._pools.clear()
        self._makers = _Makers(self.language, Draw(self.secret), self.tells, self.balance, bound)
        self._makers.people.meet(
            value for value, provider in pairs if provider_for(value, provider) == "name"
        )

    def replace(self, value: str, provider: str) -> str:
        """The surrogate of a value, in capitals or lower case as the value is; of a label that is
        masked its name."""
        known = (value, provider)
        if known not in self._given:
            if len(self._given) > _CACHED:
                self._given.clear()
            self._given[known] = self._choose(unicodedata.normalize("NFC", value), provider)
        return self._given[known]

    def tells(self, text: str) -> bool:
        """Whether a text holds a value that goes."""
        return bool(self._matcher.find(text))

    def pool(self, provider: str) -> list[str]:
        """Made-up values of a provider, none of which is or contains a removed one."""
        if provider not in self._pools:
            drawn = pools.draw(provider, self.language, self.seed, self.balance)
            if not (self.balance and provider in _NAMES):  # those are in turn
                key = keyed.stream(self.seed, "pool", provider)
                drawn = [drawn[at] for at in keyed.order(key, drawn)]
            self._pools[provider] = [text for text in drawn if not self.tells(text)]
        return self._pools[provider]

    def shaped_pool(self, originals: Iterable[str], provider: str = "shape") -> list[str]:
        """Made-up values written as the originals are, several for each."""
        texts = sorted(set(originals))
        draws = max(SHAPE_DRAWS, -(-1000 // max(1, len(texts))))
        made: dict[str, None] = {}
        for turn in range(draws):
            makers = _Makers(self.language, Draw(self.secret, f"{self.seed}/{turn}"), self.tells)
            for text in texts if len(made) < 20 * SHAPE_DRAWS else ():
                made[_made(makers, text, provider_for(text, provider), 0)] = None
        return [text for text in made if not self.tells(text)]

    def made_up(self, originals: Iterable[str], provider: str) -> list[str]:
        """Made-up values for a label: of the provider's pool, or like the originals."""
        if provider.startswith(MASK):
            return [_mask(provider)]
        if provider in _LISTED:
            return self.pool(provider)
        return self.shaped_pool(originals, provider)

    def _choose(self, value: str, provider: str) -> str:
        if provider.startswith(MASK):
            return _mask(provider)
        ending = POSSESSIVE.search(value) if provider in _POSSESSIVE else None
        if ending and ending.start():
            return f"{self.replace(value[: ending.start()], provider)}'s"
        chosen = provider_for(value, provider)
        if chosen in _NAMES:  # of a single word the maker knows better than the label
            chosen = _ALIASES.get(provider, provider)
        few = chosen in _FEW
        folded = squeeze(value)
        second = None
        for turn in range(TURNS):
            made = _made(self._makers, value, chosen, turn)
            squeezed = squeeze(made)
            told = self.tells(made)
            if made == value or squeezed == folded or (told and not few):
                continue
            if not told and squeezed not in self._few and not _shares(value, made, chosen):
                return made
            second = second or made
        # Nothing else has this shape where a code of three digits goes, and all others too.
        return second or self._longer(made, value)

    def _longer(self, made: str, value: str) -> str:
        for turn in range(TURNS):
            size = 2 + turn // 10
            longer = made + Draw(self.secret).digits(size, "longer", value, turn)
            if not self.tells(longer):
                break
        return longer


class _Makers:
    """What makes surrogates under one stream of numbers."""

    def __init__(
        self,
        language: str,
        draw: Draw,
        held: Callable[[str], bool],
        balance: Collection[str] = (),
        bound: frozenset[str] = frozenset(),
    ) -> None:
        self.language = language
        self.draw = draw
        self.people = People(language, draw, held, balance, bound)
        self.places = Places(language, draw, self.people)
        self.days = _days(draw)
        self.by_provider: dict[str, Callable[[str, int], str]] = {
            "name": partial(_name, self.people, "name"),
            "first_name": partial(_name, self.people, "first_name"),
            "last_name": partial(_name, self.people, "last_name"),
            "email": self._email,
            "user_name": self._user_name,
            "url": self._url,
            "phone": self._phone,
            "street_address": self.places.address,
            "place": self.places.place,
            "company": self.places.company,
            "nationality": self._nationality,
            "age": self._age,
            "date": self._date,
            "title": self._title,
            "ipv4": self._ip,
            "mac_address": partial(_with, formats.mac, draw),
            "iban": partial(_with, formats.iban, draw),
            "uuid4": partial(_with, formats.uuid4, draw),
            "credit_card_number": partial(self._number, formats.card),
            "ssn": partial(self._number, formats.ssn),
            "shape": self._code,
        }

    def _number(self, make: Callable[[str, Draw, int], str], text: str, turn: int) -> str:
        spoken = spoken_number(text)
        if spoken:
            return spoken.say(make(spoken.digits, self.draw, turn))
        return make(text, self.draw, turn)

    def _code(self, text: str, turn: int) -> str:
        said = say_code(text, partial(_with, shape, self.draw, turn=turn))
        return said or self._number(shape, text, turn)

    def _ip(self, text: str, turn: int) -> str:
        if said_address(text):
            return say_address(text, partial(_with, formats.ip, self.draw, turn=turn))
        return formats.ip(text, self.draw, turn)

    def _phone(self, text: str, turn: int) -> str:
        spoken = spoken_number(text)
        if not spoken:
            return telephones.phone(text, self.language, self.draw, turn)
        plus = "+" if text.casefold().startswith("plus") else ""
        made = telephones.phone(plus + spoken.digits, self.language, self.draw, turn)
        return spoken.say(digits_of(made))

    def _email(self, text: str, turn: int) -> str:
        pieces = _ADDRESS.split(text)
        if len(pieces) > 1:  # "Ann Lee <ann@lee.example>"
            pieces[::2] = (self._beside(piece, turn) for piece in pieces[::2])
            pieces[1::2] = (self.people.email(piece, turn) for piece in pieces[1::2])
            return "".join(pieces)
        if said_address(text):
            return say_address(text, partial(self._written_email, turn=turn))
        return self.people.handle(text, turn)

    def _beside(self, text: str, turn: int) -> str:
        known = text.casefold() == "mailto:" or not any(map(str.isalnum, text))
        return text if known else self.people.name(text, turn=turn)

    def _written_email(self, text: str, turn: int) -> str:
        return self.people.email(text, turn) if "@" in text else self.people.domain(text)

    def _user_name(self, text: str, turn: int) -> str:
        if said_address(text):
            return say_address(text, partial(self.people.handle, turn=turn))
        return self.people.handle(text, turn)

    def _url(self, text: str, turn: int) -> str:
        if said_address(text):
            return say_address(text, partial(self._url, turn=turn))
        found = _URL.fullmatch(text)
        if not found:
            return shape(text, self.draw, turn)
        user, at, host = found["host"].rpartition("@")
        path = found["path"]
        kept = _EXTENSION.search(path)
        edge = kept.start() if kept else len(path)
        end = kept.end() if kept else len(path)
        made = (
            shape(path[:edge], self.draw, turn)
            + path[edge:end]
            + shape(path[end:], self.draw, turn)
        )
        user = shape(user, self.draw, turn)
        domain = self._host(host, turn)
        return f"{found['scheme'] or ''}{user}{at}{domain}{made}"

    def _host(self, host: str, turn: int) -> str:
        if host.startswith("[") or re.fullmatch(r"\d+(?:\.\d+){3}(?::\d+)?", host):
            return formats.ip(host, self.draw, turn)
        return self.people.domain(host, turn) if "." in host else self.people.handle(host, turn)

    def _date(self, text: str, turn: int) -> str:
        moved = dates.shift(text, self.days, self.language)
        if moved is not None:
            return moved
        if any(map(str.isdigit, text)):
            made = formats.figures(text, self.draw, turn)
            return _NTH.sub(lambda nth: dates.ordinal(int(nth[1])), made)
        months, _ = locales.weekdays_and_months(self.language)
        month = self.draw.pick(months, "month", text.casefold(), turn)
        return cased(f"{1 + self.draw.number('day', text.casefold(), turn) % 28} {month}", text)

    def _age(self, text: str, turn: int) -> str:
        other = dates.age(text, self.draw, turn)
        return str(20 + self.draw.number("age", text, turn) % 60) if other is None else other

    def _nationality(self, text: str, turn: int) -> str:
        plural = text.casefold().endswith("s") and not text.casefold().endswith(("ss", "us", "is"))
        singular = text[:-1] if plural else text
        alike = writing.sounding(_NATIONALITIES, writing.sound(text))
        others = [word for word in alike if word.casefold() != singular.casefold()]
        made = self.draw.pick(others, "nationality", singular.casefold(), turn)
        ends = not made.endswith(("s", "sh", "ch", "se"))
        return cased(f"{made}s" if plural and ends else made, text)

    def _title(self, text: str, turn: int) -> str:
        bare = text.casefold().strip(" .")
        group = next((titles for titles in _TITLES if bare in titles), None)
        if group is None:
            return self.listed(text, "job", turn)
        other = self.draw.pick([title for title in group if title != bare], "title", bare, turn)
        return cased(other.capitalize(), text.strip(".")) + ("." if text.endswith(".") else "")

    def listed(self, text: str, provider: str, turn: int) -> str:
        """A value of a provider that Faker has and this module does not know."""
        drawn = tuple(one for one in pools.draw(provider, self.language, 0) if "," not in one)
        alike = writing.sounding(drawn, writing.sound(text))
        return cased(self.draw.pick(alike, provider, squeeze(text), turn), text)


def provider_for(value: str, provider: str) -> str:
    """The provider that suits one value of a label: a contact may be a name, a first name, a
    number or an address."""
    provider = _ALIASES.get(provider, provider)
    if provider not in _NAMES and provider != "user_name":
        return provider
    if "@" in value.strip("@") or is_said_email(value):
        return "email"
    if provider == "user_name":
        return provider
    said = spoken_number(value)
    if len(said.digits if said else digits_of(value)) >= 7:
        return "phone"
    if provider == "name" and len(value.split()) == 1:
        return "first_name"
    return "name" if provider == "first_name" and len(value.split()) > 1 else provider


def _made(makers: _Makers, value: str, provider: str, turn: int) -> str:
    make = makers.by_provider.get(provider)
    return make(value, turn) if make else makers.listed(value, provider, turn)


def _with(make: Callable[..., str], draw: Draw, text: str, turn: int) -> str:
    return make(text, draw, turn)


def _name(people: People, provider: str, text: str, turn: int) -> str:
    return people.name(text, provider, turn)


def _days(draw: Draw) -> int:
    """By how many days all dates move that are scrubbed under a key: 45 to 320 earlier or later, so
    that months change too, and never by whole weeks."""
    number = draw.number("days", 0)
    days = _MONTH_DAYS[number % len(_MONTH_DAYS)]
    return (days + (days % 7 == 0)) * (1 if number >> 40 & 1 else -1)


def _shares(value: str, made: str, provider: str) -> bool:
    """Whether a name has a word of the original in it."""
    if provider not in _NAMES:
        return False
    old = {word for word in _words(value) if word not in _NO_PART}
    return not old.isdisjoint(_words(made))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", text.casefold())


def _mask(provider: str) -> str:
    return f"[{provider.removeprefix(MASK).upper()}]"
