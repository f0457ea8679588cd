"""Other towns, countries, addresses and companies, put together as the originals are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from textsynth.corpus import fold
from textsynth.scrub import geography, pools, writing
from textsynth.scrub.dates import ordinal
from textsynth.scrub.formats import Draw, shape
from textsynth.scrub.identities import People
from textsynth.scrub.speech import cased, spoken_number
from textsynth.scrub.spoken import TEENS, TENS, UNITS
from textsynth.scrub.writing import sound, words

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)*|[^\w]+|_+")
_SEGMENT = re.compile(r"(\s*[,;\n]\s*)")
_CODE = re.compile(r"(?i)[a-z]{1,2}\d[a-z\d]?|\d[a-z]{2}|[a-z]\d[a-z]|\d+[a-z]?|\d+-\d+")
_THE = re.compile(r"(?i)\Athe ")
_ORDINAL = re.compile(r"(?i)(\d+)(st|nd|rd|th)")
# What ends a compound name of a street: "Hauptstraße", "Keizersgracht".
_COMPOUND = re.compile(
    r"(?i)(?<=\w{2})(?:straße|strasse|str|weg|gasse|platz|allee|damm|ufer|ring|straat|laan|gracht"
    r"|plein|kade|gatan|vägen|gränd|katu|tie|polku|vej|gade|gata|veien)\Z"
)
_SAID = frozenset({*UNITS, *TEENS, *TENS, "hundred", "double"})
_CONTINENTS = {fold(name): name for name in geography.CONTINENTS}
# Other names of countries; what they are called in full is not missed by those who say them.
_COUNTRY_WORDS = words(
    "usa us u.s. u.s uk u.k. u.k england scotland wales britain america korea russia holland uae"
) | {"united states", "united states of america", "great britain", "northern ireland"}
_COMPASS = frozenset("NSEW")
# What a company calls itself beside its name.
_LEGAL = words(
    "ltd limited inc incorporated llc llp lp plc corp corporation co company gmbh ag kg ug se sa"
    " sas sarl srl spa bv nv ab oy as aps pty group holdings holding partners sons brothers bros"
    " and associates & of the de la le les du der die das und et y e i bank airlines airways"
    " insurance solutions systems technologies technology services consulting media foods motors"
    " energy labs laboratories studio studios university college school academy hospital clinic"
    " institute church hotel hotels restaurant cafe bakery pharmacy store stores supermarket"
    " logistics industries international global capital ventures foundation trust council society"
    " union association brewing brewery records pictures entertainment software networks"
    " communications telecom department ministry agency office club"
)


@cache
def _surnames(language: str, wanted: str) -> tuple[str, ...]:
    return writing.sounding(pools.names(language).last, wanted)


@dataclass
class Places:
    """The other places and companies of one corpus."""

    language: str
    draw: Draw
    people: People

    def place(self, text: str, turn: int = 0) -> str:
        """Another place of the same kind, part by part: "Austin, TX 78701"."""
        pieces = _SEGMENT.split(text)
        several = len(pieces) > 1
        for at in range(0, len(pieces), 2):
            pieces[at] = self._town(pieces[at], turn, coded=several)
        return "".join(pieces)

    def _town(self, text: str, turn: int, *, coded: bool) -> str:
        """A segment without a street: a place, with a state and a postcode after it perhaps."""
        bare = _THE.sub("", text)
        text = bare if bare != text and self._kind(fold(bare), coded=False) else text
        folded = fold(text)
        if not folded or self._kind(folded, coded=coded):
            return self._named(text, turn, coded=coded) if folded else text
        tokens = _TOKEN.findall(text)
        edge = len(tokens)
        while edge and (not tokens[edge - 1][0].isalnum() or self._ends(tokens, edge, coded)):
            edge -= 1
        begin = 0
        while begin < edge and (_CODE.fullmatch(tokens[begin]) or not tokens[begin][0].isalnum()):
            begin += 1
        name = "".join(tokens[begin:edge])
        named = self._named(name, turn, coded=False) if name else ""
        before, after = (self._codes(some, turn) for some in (tokens[:begin], tokens[edge:]))
        return before + named + after

    def _ends(self, tokens: list[str], edge: int, coded: bool) -> bool:
        """Whether the token before `edge` is no part of the town's name: a state or a code."""
        token = tokens[edge - 1]
        state = 1 < edge < len(tokens) and token.isupper() and len(token) == 3
        return state or self._code(token, coded)

    def _code(self, token: str, coded: bool) -> bool:
        """Whether a token after a town is a state or a part of a postcode."""
        short = token.upper() in geography.states(self.language)[1]
        return bool(_CODE.fullmatch(token)) or (short and (token.isupper() or coded))

    def _codes(self, tokens: list[str], turn: int) -> str:
        """Other states and postcodes; a postcode in two parts is one."""
        short = geography.states(self.language)[1]
        made, code = "", ""
        for token in [*tokens, ""]:
            if token and token.upper() not in short:
                code += token
                continue
            bare = code.strip()
            made += code.replace(bare, shape(bare, self.draw, turn)) if bare else code
            code = ""
            made += cased(self._other(short, token.upper(), turn), token) if token else ""
        return made

    def _kind(self, folded: str, *, coded: bool) -> tuple[str, ...]:
        """The list in which a place stands, if in any."""
        full, short = geography.states(self.language)
        if folded in _CONTINENTS:
            return geography.CONTINENTS
        for known in (geography.cities(self.language), full):
            if folded in writing.folded(known):
                return known
        countries = geography.countries(self.language)
        if folded in writing.folded(countries) or folded in _COUNTRY_WORDS:
            return countries
        return short if coded and folded.upper() in short else ()

    def _named(self, text: str, turn: int, *, coded: bool) -> str:
        folded = fold(text)
        listed = self._kind(folded, coded=coded) or geography.cities(self.language)
        stripped = text.strip()
        return text.replace(stripped, cased(self._other(listed, stripped, turn), stripped), 1)

    def _other(self, listed: tuple[str, ...], old: str, turn: int) -> str:
        """Another one of a list that begins with the same sound."""
        alike = writing.sounding(listed, sound(old))
        for step in range(9):
            made = self.draw.pick(alike, "place", fold(old), turn, step)
            if fold(made) != fold(old):
                break
        return made

    # -- addresses -----------------------------------------------------------------------------

    def address(self, text: str, turn: int = 0) -> str:
        """Another address in the layout of this one: as many lines and parts, other numbers, other
        names; the words for streets and units stay."""
        pieces = _SEGMENT.split(text)
        streets = [at for at in range(0, len(pieces), 2) if self._is_street(pieces[at])] or [0]
        for at in range(0, len(pieces), 2):
            if at in streets:
                pieces[at] = self._street(pieces[at], turn)
            else:
                pieces[at] = self._town(pieces[at], turn, coded=True)
        return "".join(pieces)

    def _is_street(self, text: str) -> bool:
        known = geography.street_words(self.language)
        named = [token for token in _TOKEN.findall(text) if token[0].isalpha()]
        numbered = text.lstrip()[:1].isdigit()
        state = any(token.isupper() and self._code(token, True) for token in named)
        town = self._kind(fold(text), coded=True) or (state and not numbered)
        return not town and any(fold(t) in known or _COMPOUND.search(t) for t in named)

    def _street(self, text: str, turn: int) -> str:
        tokens = _said_together(_TOKEN.findall(text))
        known = geography.street_words(self.language)
        edge = self._town_begins(tokens, known)
        made = [self._street_part(token, known, turn) for token in tokens[:edge]]
        return "".join(made) + self._town("".join(tokens[edge:]), turn, coded=True)

    def _town_begins(self, tokens: list[str], known: frozenset[str]) -> int:
        """Where in "14 Elm Road Leeds LS1 4AB" the town begins."""
        kinds = [
            n for n, token in enumerate(tokens) if n > 2 and fold(token) in geography.STREET_KINDS
        ]
        after = [token for token in tokens[kinds[-1] + 1 :] if token[0].isalnum()] if kinds else []
        town = after and after[0][0].isalpha() and not any(fold(token) in known for token in after)
        return kinds[-1] + 1 if town else len(tokens)

    def _street_part(self, token: str, known: frozenset[str], turn: int) -> str:
        if not token[0].isalnum():
            return token
        number = _ORDINAL.fullmatch(token)
        if token in _COMPASS:
            return token
        if number:
            return self._ordinal(number, turn)
        said = spoken_number(token) if token[0].isalpha() else None
        if said:
            return said.say(shape(said.digits, self.draw, turn))
        if any(map(str.isdigit, token)) or len(token) == 1:
            return shape(token, self.draw, turn)
        return token if fold(token) in known else self._word(token, turn)

    def _ordinal(self, match: re.Match[str], turn: int) -> str:
        number = int(shape(match[1], self.draw, turn))
        new = ordinal(number)
        return cased(new, match[2] if match[2].isupper() else "")

    def _word(self, token: str, turn: int) -> str:
        """A surname in place of the name of a street."""
        compound = _COMPOUND.search(token)
        ending = compound[0] if compound else ""
        stem = token.removesuffix(ending)
        names = _surnames(self.language, sound(stem))
        made = self.draw.pick(names, "street", fold(stem), turn)
        if fold(made) == fold(stem):
            made = self.draw.pick(names, "street", fold(stem), turn, "again")
        return cased(made, stem) + ending

    # -- companies -----------------------------------------------------------------------------

    def company(self, text: str, turn: int = 0) -> str:
        """Another company: its legal form and its trade stay, its name does not."""
        tokens = _TOKEN.findall(text)
        own = [
            n for n, token in enumerate(tokens) if token[0].isalnum() and fold(token) not in _LEGAL
        ]
        if not own:
            own = [n for n, token in enumerate(tokens) if token[0].isalnum()][:1]
        made = list(tokens)
        for n in own:
            token = tokens[n]
            acronym = token.isupper() and (
                1 < len(token) < 5 or (len(token) == 5 and not text.isupper())
            )
            if acronym or len(token) == 1 or any(map(str.isdigit, token)):
                made[n] = self._acronym(token, turn)
            else:
                made[n] = self.people.stem(token, turn if n == own[-1] else 0)
        return "".join(made)

    def _acronym(self, token: str, turn: int) -> str:
        """Other letters; the first has the sound that "a" or "an" asks for."""
        for step in range(60):
            made = shape(token, self.draw, turn + 100 * step)
            if (made[0] in _SPOKEN_VOWELS) == (token[0] in _SPOKEN_VOWELS):
                break
        return made


# Letters whose names begin with a vowel: "an FBI agent".
_SPOKEN_VOWELS = frozenset("AEFHILMNORSX8")


def _said_together(tokens: list[str]) -> list[str]:
    """The words of a number that is said as one token: "twenty three"."""
    joined: list[str] = []
    for token in tokens:
        follows = len(joined) > 1 and joined[-1] in (" ", "-") and fold(token) in _SAID
        if follows and fold(re.split("[ -]", joined[-2])[-1]) in _SAID:
            joined[-2:] = [joined[-2] + joined[-1] + token]
        else:
            joined.append(token)
    return joined
