"""Other people: names, and the handles and addresses that are made of names.

A name is replaced word by word, so that everything that is said of one person agrees: with John ->
Peter and Smith -> Walker, "Mr Smith", "Smith, John", "J. Smith" and "john.smith@" become "Mr
Walker", "Walker, Peter", "P. Walker" and "peter.walker@". To that end all names with one initial
get names with one other initial, and the same vowel or consonant sound begins them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from textsynth.scrub import policy
from textsynth.scrub.formats import Draw, poured, shape
from textsynth.scrub.pools import (
    FAMILY_FIRST,
    MARKS,
    UNDECOMPOSED,
    Names,
    ascii_form,
    by_origin,
    faker_locale,
    fold_marks,
    foreign_names,
    in_order,
    names,
    sound,
    stems,
    words,
)
from textsynth.scrub.speech import cased, unspelled

Role = Literal["first", "last"]
TRIES = 60
# After so many turns the first names of full names turn too.
TURNING = 10
# A letter needs so many names of each gender to stand for another letter.
_ENOUGH = 12
_CACHED = 200_000
_JOINING = words("and & y und et e og och en or")
_SUFFIXES = words("jr sr ii iii iv phd md dds dvm esq obe mbe")
_PARTICLES = frozenset(policy.PARTICLES.split("|"))
_TITLES = policy.TITLES | words(
    "frau herr herrn mme mlle monsieur madame mademoiselle señor señora sr sra srta signor signora"
    " sig dott dottor dottoressa senhor senhora pan pani meneer mevrouw"
)
# Languages in which a name has two surnames.
_TWO_SURNAMES = frozenset({"es", "pt"})
_TOKEN = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{MARKS}])*(?:['\u2019][^\W\d_]{{2,}})*|\d+|[^\w]+|_+")
_HANDLE = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|[^\W\d_]+|\d+|[\W_]+")
_SYLLABLES = ("bel", "cor", "dan", "fen", "gar", "hal", "jor", "kel", "lan", "mar", "nel", "pas",
              "ren", "sol", "tav", "ver", "wen", "zan")  # fmt: skip
_FREE_MAIL = words(
    "gmail googlemail yahoo ymail hotmail outlook live msn aol icloud me mac protonmail proton gmx"
    " web mail yandex zoho fastmail hey orange wanadoo laposte libero btinternet comcast verizon"
    " t-online freenet qq 163 126 naver hanmail rediffmail rocketmail pm"
)
_ROLES = in_order(
    "info sales support contact hello admin office billing help team press jobs service"
)
# The surnames of women, in languages that have such.
_FEMALE_ENDINGS = (
    "\u043e\u0432\u0430",
    "\u0435\u0432\u0430",
    "\u0438\u043d\u0430",
    "\u0430\u044f",
    "ov\u00e1",
    "sk\u00e1",
    "ck\u00e1",
)


@dataclass
class People:
    """The other people of one corpus.

    `held` says whether a text holds a value that goes; no name that does is given. With `balance`,
    each name is given one of any gender or origin, all alike often, but the words of `bound` keep
    their gender.
    """

    language: str
    draw: Draw
    held: Callable[[str], bool]
    balance: Collection[str] = ()
    bound: frozenset[str] = frozenset()
    _last_seen: frozenset[str] = frozenset()
    _given: dict[tuple[str, str, str], str] = field(init=False, repr=False, default_factory=dict)
    _pools: dict[str, Pool] = field(init=False, repr=False, default_factory=dict)

    def meet(self, full_names: Iterable[str]) -> None:
        """Learn from full names which words are surnames, for where one stands alone."""
        first: set[str] = set()
        last: set[str] = set()
        for name in full_names:
            found = [(_key(t), role) for t, role in self._roles(name, "name") if role]
            if len(found) > 1:
                first.update(key for key, role in found if role == "first")
                last.update(key for key, role in found if role == "last")
        self._last_seen = frozenset(last - first)

    def name(self, text: str, provider: str = "name", turn: int = 0) -> str:
        """Another name for a name in any form. Only the surname depends on `turn`, where there is
        one."""
        text, spelled = unspelled(text)
        tokens = self._roles(text, provider)
        turning = "last" if any(role == "last" for _, role in tokens) else "first"
        made: list[str] = []
        for token, role in tokens:
            new = token
            if role:
                run_together = token in spelled and _key(token) not in self._pool(role)
                at = turn if role == turning or turn > TURNING else 0
                new = self.handle(token, at) if run_together else self.word(token, role, at)
            made.append(spelled[token].join(new) if token in spelled else new)
        return "".join(made)

    def word(self, word: str, role: Role, turn: int = 0) -> str:
        """What takes the place of one word of a name, in its case; a letter for a letter."""
        if "-" in word:
            return "-".join(self.word(part, role, turn) if part else "" for part in word.split("-"))
        key = _key(word)
        if len(key) == 1 and key.upper() != key:
            letter = self._pool(role).initial(key)
            return cased(letter.upper(), word) if letter else shape(word, self.draw, turn)
        known = (role, key, str(turn))
        if known not in self._given:
            if len(self._given) > _CACHED:
                self._given.clear()
            self._given[known] = self._pool(role).other(word, key, turn, self.held)
        return cased(self._given[known], word)

    def _pool(self, role: Role) -> Pool:
        if role not in self._pools:
            self._pools[role] = Pool(self.language, role, self.draw, self.balance, self.bound)
        return self._pools[role]

    # -- which word is what --------------------------------------------------------------------

    def _roles(self, text: str, provider: str) -> list[tuple[str, Role | None]]:
        """The text in pieces, each with its role; titles, particles and separators have none, and
        particles before a name are left out."""
        people: list[list[str]] = [[]]
        for token in _TOKEN.findall(text):
            if token.casefold().strip() in _JOINING and any(map(str.isalpha, people[-1])):
                people += [[token], []]
            else:
                people[-1].append(token)
        pieces: list[tuple[str, Role | None]] = []
        for tokens in people:
            named = [token.casefold() for token in tokens if token[0].isalpha()]
            if len(people) > 1 and _TITLES.issuperset(named):  # "Mr" of "Mr and Mrs Smith"
                pieces += [(token, None) for token in tokens]
            else:
                pieces += self._person(tokens, provider)
        return pieces

    def _person(self, tokens: list[str], provider: str) -> list[tuple[str, Role | None]]:
        whole = _without_particles(tokens)
        noble = len(whole) < len(tokens)
        tokens = _hyphened(_split_family(whole, names(self.language).last))
        at = [n for n, token in enumerate(tokens) if _is_part(token, tokens, n)]
        roles: dict[int, Role] = dict.fromkeys(at, "first")
        if provider != "first_name" and at:
            self._surname(tokens, at, roles, "last_name" if noble and len(at) == 1 else provider)
        made: list[tuple[str, Role | None]] = []
        for n, token in enumerate(tokens):
            if n not in roles and token.isdigit():
                made.append((poured(self.draw.digits(len(token), "digits", token), token), None))
            else:
                made.append((token, roles.get(n)))
        return made

    def _surname(
        self, tokens: list[str], at: list[int], roles: dict[int, Role], provider: str
    ) -> None:
        comma = next((n for n, token in enumerate(tokens) if "," in token and n > at[0]), None)
        if provider == "last_name":
            roles.update(dict.fromkeys(at, "last"))
        elif len(at) == 1:
            roles[at[0]] = self._alone(tokens, at[0])
        elif comma is not None and comma < at[-1]:
            roles.update({n: "last" for n in at if n < comma})
        elif self._family_first(tokens, at):
            roles[at[0]] = "last"
        else:
            two = len(at) > 2 and faker_locale(self.language)[:2] in _TWO_SURNAMES
            roles.update(dict.fromkeys(at[-2:] if two else at[-1:], "last"))

    def _alone(self, tokens: list[str], at: int) -> Role:
        """What a single word is: what stands after a title, and what is known as nothing else, is a
        surname."""
        titled = any(token.casefold() in _TITLES for token in tokens[:at])
        first, last = self._pool("first"), self._pool("last")
        key = _key(tokens[at])
        surname = key in self._last_seen or key in last
        return "last" if titled or (surname and key not in first) else "first"

    def _family_first(self, tokens: list[str], at: list[int]) -> bool:
        begin, end = _key(tokens[at[0]]), _key(tokens[at[-1]])
        first, last = self._pool("first"), self._pool("last")
        swapped = len(end) > 1 and self._swapped(begin, end)
        main = faker_locale(self.language).split("_")[0]
        return swapped or (main in FAMILY_FIRST and not (begin in first and begin not in last))

    # -- handles and addresses -----------------------------------------------------------------

    def handle(self, text: str, turn: int = 0) -> str:
        """Another user name of the same shape; names in it become what they become elsewhere."""
        tokens = _HANDLE.findall(text)
        spoken = [n for n, token in enumerate(tokens) if token[0].isalpha()]
        roles: dict[int, Role] = {}
        if len(spoken) > 1:
            begin, end = spoken[0], spoken[-1]
            roles = {begin: "first", end: "last"}
            if self._swapped(_key(tokens[begin]), _key(tokens[end])):
                roles = {begin: "last", end: "first"}
        made = list(tokens)
        for n, token in enumerate(tokens):
            if token[0].isdigit():
                made[n] = shape(token, self.draw, turn)
            elif n in roles:
                made[n] = self._ascii(token, roles[n], turn if roles[n] == "last" else 0)
            elif token[0].isalpha():
                made[n] = self._part(token, turn)
        return "".join(made)

    def _swapped(self, begin: str, end: str) -> bool:
        """Whether a surname stands before a first name or its initial."""
        first, last = self._pool("first"), self._pool("last")
        surname = begin in last and begin not in first
        return surname and (len(end) == 1 or (end in first and end not in last))

    def _part(self, token: str, turn: int) -> str:
        """What one word becomes: a first name, a surname, both run together ("jsmith"), none."""
        key = _key(token)
        first, last = self._pool("first"), self._pool("last")
        if key in first or len(key) == 1:
            return self._ascii(token, "first", turn)
        if key in last or key in self._last_seen:
            return self._ascii(token, "last", turn)
        for cut in range(len(key) - 2, 0, -1) if len(key) == len(token) else ():
            begin, end = key[:cut], key[cut:]
            known = begin in first if cut > 2 else cut == 1 and len(end) > 3
            if known and (end in last or end in self._last_seen):
                made = self._ascii(token[:cut], "first", 0)
                return made + self._ascii(token[cut:], "last", turn)
        if len(key) == len(token) > 4 and key[:-1] in last and key[:-1] not in first:
            return self._ascii(token[:-1], "last", turn) + self._ascii(token[-1], "first", 0)
        return self._stem(token, turn)

    def _ascii(self, token: str, role: Role, turn: int) -> str:
        name = self.word(token, role, turn)
        if not token.isascii():
            return name
        plain = re.sub(r"\W", "", ascii_form(name))
        return cased(plain, token) if plain else self._stem(token, turn)

    def _stem(self, token: str, turn: int) -> str:
        """A made-up word for one that is no name."""
        key = _key(token)
        number = self.draw.number("stem", key, turn)
        chosen = _stems_by_sound()[sound(key)]
        for step in range(TRIES):
            stem = chosen[(number + step) % len(chosen)]
            if stem.casefold() != key and not self.held(stem):
                break
        return cased(stem, token)

    def email(self, text: str, turn: int = 0) -> str:
        """Another address under a domain that is reserved (RFC 2606)."""
        local, _, domain = text.rpartition("@")
        if local.casefold() in _ROLES:
            others = [role for role in _ROLES if role != local.casefold()]
            made = cased(self.draw.pick(others, "role", local.casefold(), turn), local)
        else:
            made = self.handle(local, turn)
        return f"{made}@{self.domain(domain)}"

    def domain(self, text: str, turn: int = 0) -> str:
        """A reserved domain of the same kind: free mail, university, authority, company."""
        port = re.search(r":\d+\Z", text)
        host = text[: port.start()] if port else text
        labels = host.casefold().removeprefix("www.").split(".")
        www = "www." if host.casefold().startswith("www.") else ""
        stem = next((label for label in labels if label in _FREE_MAIL), None)
        if stem is not None:
            options = [f"example.{top}" for top in ("com", "net", "org")]
            free = [option for option in options if option not in host.casefold()]
            made = self.draw.pick(free, "domain", ".".join(labels), turn)
        else:
            made = f"{self._host(labels, turn)}.{_reserved(labels)}"
        made = f"{www}{made}{port[0] if port else ''}"
        return made.upper() if host.isupper() else made

    def _host(self, labels: list[str], turn: int) -> str:
        generic = {"co", "com", "org", "net", "ac", "edu", "gov", "example"}
        owner = labels[-2] if len(labels) > 1 else labels[0]
        if owner in generic and len(labels) > 2:
            owner = labels[-3]
        return re.sub(r"[^a-z0-9-]", "", ascii_form(self.stem(owner, turn)).casefold()) or "site"

    def stem(self, word: str, turn: int = 0) -> str:
        """What a word that names a company becomes, in its domain too: a surname another surname,
        any other a made-up word of the same beginning sound."""
        key = _key(word)
        if key in self._pool("last"):
            return self.word(word, "last", turn)
        return self._stem(word, turn)


@dataclass(frozen=True)
class Candidates:
    """The first names or surnames of a language by gender and initial; "" stands for any."""

    known: frozenset[str]
    genders: dict[str, str]
    female_forms: frozenset[str]
    groups: dict[tuple[str, str], list[str]]
    letters: list[str]


@cache
def _candidates(language: str, role: Role, *, foreign: bool = False) -> Candidates:
    return _grouped(foreign_names(language) if foreign else names(language), role)


@cache
def _candidates_by_origin(language: str, role: Role) -> Mapping[str, Candidates]:
    return {origin: _grouped(listed, role) for origin, listed in by_origin(language).items()}


def _grouped(listed: Names, role: Role) -> Candidates:
    if role == "first":
        by_gender = {"": listed.either, "m": listed.male, "f": listed.female}
    else:
        by_gender = {"": listed.last, "f": listed.last_female or listed.last}
    others = frozenset(listed.last if role == "first" else listed.either)
    groups: dict[tuple[str, str], list[str]] = {}
    for gender, several in by_gender.items():
        # One that is both a first name and a surname would not be told apart, and before "Eunice"
        # stands another article than before other vowels.
        clear = [name for name in several if name not in others and _sounds_as_spelled(name)]
        for name in clear if 2 * len(clear) > len(several) else several:
            groups.setdefault((gender, _initial(name)), []).append(name)
            groups.setdefault((gender, ""), []).append(name)
    initials = map(_initial, groups.get(("", ""), ()))
    return Candidates(
        known=frozenset(_key(name) for several in by_gender.values() for name in several),
        genders={_key(name): gender for gender in "mf" for name in by_gender.get(gender, ())},
        female_forms=frozenset(map(_key, listed.last_female)) - {*map(_key, listed.last)},
        groups=groups,
        letters=[
            letter
            for letter in initials
            if letter.upper() != letter
            and all(len(groups.get((g, letter), ())) >= _ENOUGH for g in by_gender)
        ],
    )


class Pool:
    """The first names or surnames of a language, as candidates for the place of others."""

    def __init__(
        self,
        language: str,
        role: Role,
        draw: Draw,
        balance: Collection[str] = (),
        bound: frozenset[str] = frozenset(),
    ) -> None:
        self._draw = draw
        self._language = language
        self._balance = balance
        self._bound = bound
        self._role = role
        self._own = _candidates(language, role)
        self._foreign = _candidates(language, role, foreign=True)
        self._initials: dict[str, str] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._own.known

    def initial(self, letter: str) -> str:
        """What an initial becomes; nothing where the script has no initials or too few names."""
        if letter not in self._initials:
            self._initials[letter] = self._other_initial(letter)
        return self._initials[letter]

    def _other_initial(self, letter: str) -> str:
        for turn in range(TRIES if self._own.letters and letter else 0):
            other = self._draw.pick(self._own.letters, "initial", self._role, letter, turn)
            if other != letter and (other in "aeiou") == (letter in "aeiou"):
                return other
        return ""

    def other(self, word: str, key: str, turn: int, held: Callable[[str], bool]) -> str:
        """The name that takes the place of another one."""
        letter = self.initial(_initial(word))
        gender = self._gender(word, key)
        if "gender" in self._balance and key not in self._bound and self._role == "first":
            gender = "mf"[self._draw.number("gender", key) % 2]
        for candidates in (*self._of_an_origin(gender, letter, key), self._own, self._foreign):
            listed = candidates.groups.get((gender, letter)) or candidates.groups.get(("", ""), [])
            for step in range(TRIES if listed else 0):
                made = self._draw.pick(listed, self._role, key, turn, step)
                if _key(made) != key and not held(made):
                    return made
        # All that are left are names that go: one that nobody has.
        for step in range(TRIES):
            pieces = (self._draw.pick(_SYLLABLES, key, turn, step, n) for n in range(3))
            made = (letter + "".join(pieces)).capitalize()
            if not held(made):
                break
        return made

    def _of_an_origin(self, gender: str, letter: str, key: str) -> list[Candidates]:
        """The names of an origin drawn for this name among those that have some to give."""
        if "origin" not in self._balance:
            return []
        several = _candidates_by_origin(self._language, self._role)
        having = [name for name, one in several.items() if one.groups.get((gender, letter))]
        return [several[self._draw.pick(having, "origin", self._role, key)]] if having else []

    def _gender(self, word: str, key: str) -> str:
        if self._role == "first":
            known = (self._own, self._foreign, _candidates("en", "first"))
            return next((c.genders[key] for c in known if key in c.genders), "")
        forms = self._own.female_forms
        ends = word.casefold().endswith(_FEMALE_ENDINGS)
        return "f" if key in forms or (ends and forms) else ""


def _key(word: str) -> str:
    """What tells a word: "Müller", "MUELLER" and "mueller" are one."""
    plain = word if word.isascii() else fold_marks(word.casefold().translate(UNDECOMPOSED))
    return plain.casefold().replace("\u2019", "'")


def _initial(name: str) -> str:
    return _key(name)[:1]


def _sounds_as_spelled(name: str) -> bool:
    return (sound(name) == "an") == (_initial(name) in "aeiou")


def _is_part(token: str, tokens: list[str], at: int) -> bool:
    """Whether a token is a part of the name itself."""
    folded = token.casefold()
    named = token[0].isalpha() and folded not in _SUFFIXES - {"i", "v"}
    title = folded in _TITLES and any(t[0].isalpha() for t in tokens[at + 1 :])
    return named and not title and folded not in _JOINING


def _without_particles(tokens: list[str]) -> list[str]:
    """ "Liesbeth van Houten" is Liesbeth Houten: the particle belongs to the name that goes."""
    kept: list[str] = []
    named = any(token[0].isupper() for token in tokens)
    for at, token in enumerate(tokens):
        inner = bool(kept) or (named and token.islower())
        before_name = at + 2 < len(tokens) and tokens[at + 1].isspace()
        if token.casefold() in _PARTICLES and inner and before_name:
            continue
        if kept and kept[-1].isspace() and token.isspace():
            continue
        kept.append(token)
    while kept and kept[0].isspace() and tokens[0] != kept[0]:
        kept.pop(0)
    return kept


def _hyphened(tokens: list[str]) -> list[str]:
    """Double names as one token: what joins "Smith-Jones" says that both are surnames."""
    joined: list[str] = []
    for token in tokens:
        if len(joined) > 1 and joined[-1] == "-" and token.isalpha() and joined[-2][-1].isalpha():
            joined[-2:] = [f"{joined[-2]}-{token}"]
        else:
            joined.append(token)
    return joined


def _split_family(tokens: list[str], surnames: Iterable[str]) -> list[str]:
    """Names in Han or Hangul, where nothing stands between surname and first name."""
    if len(tokens) != 1 or tokens[0].isascii() or not 2 <= len(tokens[0]) <= 5:
        return tokens
    found = [name for name in surnames if tokens[0].startswith(name) and name != tokens[0]]
    if not found or tokens[0].casefold() != tokens[0].upper():
        return tokens
    longest = max(found, key=len)
    return [longest, tokens[0][len(longest) :]]


@cache
def _stems_by_sound() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for stem in stems():
        found.setdefault(sound(stem), []).append(stem)
    return found


def _reserved(labels: list[str]) -> str:
    """What ends a reserved domain of the same kind."""
    tail = set(labels[1:])
    if tail & {"edu", "ac"}:
        return "edu.example"
    if tail & {"gov", "gob", "gouv", "mil"}:
        return "gov.example"
    last = labels[-1]
    return f"example.{last}" if last in ("com", "net", "org") else "example"
