"""Words, names and countries, as lists. What is a word of the language is likely no name: the lists
weigh what the models say, and find names that both have missed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from textsynth.scrub.geography import regions
from textsynth.scrub.writing import words

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
# What stands before a word inside a sentence: a word in lower case, and no full stop.
_INSIDE = re.compile(r"[a-z],? \Z")
_LAST = re.compile(r"\W+([^\W\d_]+)\Z")
_COURTESIES = words("please thanks today tomorrow tonight yes no ok okay asap")
_INTERJECTIONS = words(
    "hi hey hello bye goodbye yeah yep yup nope nah hmm hm mhm aww aw ah oh ooh oops whoa wow yay"
    " ugh huh aha haha hah lol omg gosh dang darn geez gee jeez um uh er erm mm thx thnx pls plz"
    " sorry gonna wanna gotta dunno ya yo sir madam dear uhh umm ssh shh sh psst wakey alrighty"
)
_ELONGATED = re.compile(r"(\w)\1\1")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "'s")
SHORTEST = 3
USUAL = 3  # locales that have a name, from which on it is one though it is a word too
LONGEST_COUNTRY = 5
# Countries and states that are words or names too.
AMBIGUOUS_COUNTRIES = words(
    "chad jordan georgia turkey china guinea jersey niger togo oregon virginia"
)
_TITLES = words("mr mrs ms miss")
# Assistants and makes that one calls by name, places, and what else is no person though it is on a
# list of first names.
NO_FIRST_NAMES = words(
    "alexa siri cortana bixby google echo may june april august page case lane price love more day"
    " long short young san santa los las the von van der den del her sky star angel baby precious"
    " royal prince princess sir dear angle mercedes lexus porsche kia china india paris london asia"
    " america jordan georgia israel austin dallas houston madison brooklyn sydney florence victoria"
    " virginia carolina savannah cairo milan vienna holland ireland summer autumn dawn"
)
# Words that are names where they stand in capitals inside a sentence.
WORDLIKE = words(
    "will mark bill art rob sue drew jack frank rich grant skip don pat ray guy gene dean earl duke"
    " hope faith joy grace ivy lily daisy rose pearl amber crystal penny carol melody destiny"
    " harmony miles cliff sunny bob jay charlotte chad"
)
# Towns that dictionaries hold too; not those that are words (Reading, Bath, Cork).
_TOWNS = """
    London|Birmingham|Manchester|Leeds|Glasgow|Sheffield|Bristol|Edinburgh|Liverpool|Cardiff|
    Belfast|Leicester|Coventry|Nottingham|Newcastle|Brighton|Plymouth|Southampton|York|Oxford|
    Cambridge|Exeter|Norwich|Swansea|Dundee|Aberdeen|Inverness|Milton Keynes|Swindon|New York|
    Los Angeles|Chicago|Houston|Philadelphia|San Antonio|San Diego|Dallas|Indianapolis|Seattle|
    Denver|Boston|Nashville|Detroit|Portland|Memphis|Las Vegas|Louisville|Baltimore|Milwaukee|
    Albuquerque|Tucson|Fresno|Sacramento|Atlanta|Miami|Oakland|Minneapolis|Tulsa|Cleveland|
    New Orleans|Pittsburgh|St. Louis|San Francisco|San Jose|Salt Lake City|Kansas City|Honolulu|
    Anchorage|Toronto|Montreal|Vancouver|Calgary|Ottawa|Edmonton|Winnipeg|Halifax|Melbourne|
    Brisbane|Perth|Adelaide|Canberra|Hobart|Auckland|Wellington|Christchurch|Dublin|Galway|
    Limerick|Paris|Lyon|Marseille|Berlin|Hamburg|Munich|Frankfurt|Vienna|Zurich|Geneva|Rome|
    Milan|Naples|Venice|Madrid|Barcelona|Seville|Lisbon|Porto|Brussels|Antwerp|Amsterdam|
    Rotterdam|The Hague|Copenhagen|Stockholm|Oslo|Helsinki|Reykjavik|Warsaw|Krakow|Prague|
    Budapest|Athens|Istanbul|Moscow|Kyiv|Bucharest|Sofia|Belgrade|Zagreb|Cairo|Lagos|Nairobi|
    Johannesburg|Cape Town|Accra|Addis Ababa|Casablanca|Dubai|Tehran|Baghdad|Riyadh|Tel Aviv|
    Jerusalem|Mumbai|Delhi|Bangalore|Chennai|Kolkata|Hyderabad|Karachi|Lahore|Dhaka|Colombo|
    Kathmandu|Bangkok|Hanoi|Singapore|Kuala Lumpur|Jakarta|Manila|Hong Kong|Taipei|Shanghai|
    Beijing|Tokyo|Osaka|Kyoto|Seoul|Busan|Mexico City|Havana|Bogota|Santiago|Buenos Aires|
    Montevideo|Rio de Janeiro|Sao Paulo|Caracas|Quito|La Paz|Nassau
"""
TOWNS = frozenset(name.strip().casefold() for name in _TOWNS.split("|"))
# Short for a month, yet mostly people.
MONTH_LIKE = words("jan")
# Written in capitals, and the name of nobody.
ACRONYMS = words(
    "ASAP ATM PIN OTP IBAN BIC SWIFT SSN NINO DOB ID FAQ PDF CEO CFO CTO COO HR PR IT TV DVD CD USB"
    " GPS PC OK FYI BTW LOL OMG IMO DIY RSVP VAT TBA TBC AKA ETA EOD AM PM EST PST GMT UTC CV PO PS"
    " RE FW FWD CC BCC URL API SMS SIM CVV CVC APR ISA IRA EU UK US USA UN"
)


class Lexicon:
    """The words of an English spaCy model, and Faker's names of people.

    Args:
        index: by part of speech, base forms; spaCy's `lemma_index` table.
        function_words: those that it lacks: prepositions, pronouns, conjunctions.
    """

    def __init__(self, index: Any, function_words: Iterable[str]) -> None:
        self._bases = frozenset(word for listed in index.values() for word in listed)
        self._function_words = frozenset(function_words) | _COURTESIES | _INTERJECTIONS
        self._bases |= self._function_words
        first, last, usual = names()
        self._usual = usual - NO_FIRST_NAMES - WORDLIKE
        self._names = (first | last) - NO_FIRST_NAMES
        self._countries = regions("en") - AMBIGUOUS_COUNTRIES
        self._places = self._countries | TOWNS
        self._first = first - NO_FIRST_NAMES
        self._inside = (usual | WORDLIKE) & self._first
        self._last = last

    def is_word(self, text: str) -> bool:
        """Whether a text is a word of the language in any form, and neither first name,
        country nor town."""
        folded = text.casefold()
        if folded in self._function_words or _ELONGATED.search(folded):
            return True
        if folded in self._usual or folded in self._places:
            return False
        return folded in self._bases or any(
            folded.endswith(ending)
            and (
                folded.removesuffix(ending) in self._bases
                or folded.removesuffix(ending) + "e" in self._bases
                or folded.removesuffix("i" + ending) + "y" in self._bases
            )
            for ending in _ENDINGS
        )

    def is_name(self, text: str) -> bool:
        """Whether a text is on a list of first names or surnames."""
        return text.casefold() in self._names

    def is_first_name(self, text: str) -> bool:
        """Whether a text is a usual first name, and no place."""
        return text.casefold() in self._usual - self._places

    def all_words(self, text: str) -> bool:
        """Whether a text is made of words of the language alone."""
        found = _WORD.findall(text)
        return bool(found) and all(self.is_word(word) for word in found)

    def without_function_words(self, text: str, start: int, end: int) -> int:
        """Where a name ends that a model has drawn too long: "12 Elm Spurs now"."""
        while (last := _LAST.search(text, start, end)) and last.start() > start:
            if not last[1].islower() or last[1] not in self._function_words:
                break
            end = last.start()
        return end

    def without_words(self, text: str, start: int, end: int) -> tuple[int, int]:
        """A name in lower case without the ordinary words that a model took in before it: of "call
        sandra" the name alone. What is of such words altogether stays as it is."""
        if not text[start:end].islower():
            return start, end
        for token in _WORD.finditer(text, start, end):
            if self.is_name(token[0]) or not self.is_word(token[0]):
                return token.start(), end
        return start, end

    def countries(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a country or a state of the USA stands, the longest name first."""
        tokens = list(_WORD.finditer(text))
        for at, token in enumerate(tokens):
            for last in reversed(tokens[at : at + LONGEST_COUNTRY]):
                name = text[token.start() : last.end()]
                if len(name) > SHORTEST and name.casefold() in self._countries:
                    yield token.start(), last.end()
                    break

    def people(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names of people stand: a first name in capitals, with the names that follow it; in
        lower case a first name and a surname side by side, or a usual first name where nothing is
        in capitals."""
        end = -1
        lower = text.islower()
        tokens = list(_WORD.finditer(text))
        for at, token in enumerate(tokens):
            folded = token[0].casefold()
            if folded in _TITLES:
                yield from self._titled(text, tokens[at + 1 : at + 3], token.end())
            if token.start() < end or folded not in self._first:
                continue
            if len(folded) < SHORTEST or not self._stands_for_a_name(text, token):
                continue
            last = token
            for after in tokens[at + 1 : at + 3]:
                if text[last.end() : after.start()] != " " or not self._follows(token[0], after[0]):
                    break
                last = after
            alone = token[0][0].isupper() or (lower and folded in self._usual)
            if alone or last is not token:
                end = last.end()
                yield token.start(), end

    def _stands_for_a_name(self, text: str, token: re.Match[str]) -> bool:
        """Whether a first name that is a word too is meant as a name: in capitals, inside a
        sentence that is not all in capitals."""
        folded = token[0].casefold()
        if (folded not in self._bases and folded not in WORDLIKE) or folded in MONTH_LIKE:
            return True
        inside = _INSIDE.search(text, 0, token.start()) is not None
        return (
            inside and folded in self._inside and token[0][0].isupper() and token[0][1:].islower()
        )

    def surnames(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a surname stands by itself: in capitals, and no word of the language."""
        for token in _WORD.finditer(text):
            word = token[0]
            capital = len(word) > SHORTEST and word[0].isupper() and not word.isupper()
            if capital and word.casefold() in self._last and not self.is_word(word):
                yield token.span()

    def _titled(
        self, text: str, after: Sequence[re.Match[str]], end: int
    ) -> Iterator[tuple[int, int]]:
        """The name after a title, as it is typed: "mr. chad farmer"."""
        named = [token for token in after[:1] if text[end : token.start()] in (" ", ". ")]
        if not named or named[0][0].casefold() in self._function_words:
            return
        for token in after[1:]:
            if text[named[-1].end() : token.start()] == " " and self.is_name(token[0]):
                named.append(token)
        yield named[0].start(), named[-1].end()

    def _follows(self, first: str, word: str) -> bool:
        folded = word.casefold()
        known = folded in self._last or folded in self._first
        return known and word[0].isupper() == first[0].isupper() and not self.is_word(word)


@cache
def names() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """First names and surnames in Latin letters of all of Faker's locales, case folded; and the
    first names that several locales have."""
    package = importlib.import_module("faker.providers.person")
    first: Counter[str] = Counter()
    last: set[str] = set()
    for module in pkgutil.iter_modules(package.__path__):
        if not module.ispkg:
            continue
        provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider
        own: set[str] = set()
        for attribute in dir(provider):
            if attribute.startswith("first_name"):
                own.update(_texts(getattr(provider, attribute)))
            elif attribute.startswith("last_name"):
                last.update(_texts(getattr(provider, attribute)))
        first.update(own)
    usual = frozenset(name for name, locales in first.items() if locales >= USUAL)
    return frozenset(first), frozenset(last), usual


def _texts(listed: Any) -> Iterator[str]:
    """The plain words of one of Faker's lists, weighted or not."""
    if isinstance(listed, (list, tuple, dict, set, frozenset)):
        for text in listed:
            if isinstance(text, str) and _WORD.fullmatch(text) and text < "\u0250":
                yield text.casefold()
