"""Other people: names, and the handles and addresses that are made of names.

A name is replaced word by word, so that everything that is said of one person agrees: with John ->
Peter and Smith -> Walker, "Mr Smith", "Smith, John", "J. Smith" and "john.smith@" become "Mr
Walker", "Walker, Peter", "P. Walker" and "peter.walker@". To that end all names with one initial
get names with one other initial, and the same vowel or consonant sound begins them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache

from textsynth.scrub import policy
from textsynth.scrub.formats import Draw, poured, shape
from textsynth.scrub.locales import faker_locale
from textsynth.scrub.namepool import TRIES, Pool, Role, key_of
from textsynth.scrub.pools import FAMILY_FIRST, names, stems
from textsynth.scrub.speech import cased, unspelled
from textsynth.scrub.writing import MARKS, ascii_form, fold_marks, in_order, sound, words

# After so many turns the first names of full names turn too.
TURNING = 10
# Particles before one surname: two of "de la Cruz".
MOST_PARTICLES = 4
# Letters of a first name that runs into a surname ("jsmith", "janesmith"), at most.
LONGEST = 30
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
_RUN_TOGETHER = re.compile(policy.PARTICLES, re.IGNORECASE)
_FREE_MAIL = words(
    "gmail googlemail yahoo ymail hotmail outlook live msn aol icloud me mac protonmail proton gmx"
    " web mail yandex zoho fastmail hey orange wanadoo laposte libero btinternet comcast verizon"
    " t-online freenet qq 163 126 naver hanmail rediffmail rocketmail pm"
)
_ROLES = in_order(
    "info sales support contact hello admin office billing help team press jobs service"
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
    _unmarked: dict[str, str] = field(init=False, repr=False, default_factory=dict)
    _given: dict[tuple[str, str, str], str] = field(init=False, repr=False, default_factory=dict)
    _pools: dict[str, Pool] = field(init=False, repr=False, default_factory=dict)

    def meet(self, full_names: Iterable[str]) -> None:
        """Learn from full names which words are surnames, for where one stands alone, and which
        an address may have without their marks ("muller" of "Müller", where nobody is "Muller").
        Their order does not matter."""
        first: set[str] = set()
        last: set[str] = set()
        known: set[str] = set()
        unmarked: dict[str, str] = {}
        for name in sorted(full_names):
            pieces = [(token, role) for token, role in self._roles(name, "name") if role]
            found = [(key_of(token), role) for token, role in pieces]
            known.update(key for key, _ in found)
            if not name.isascii():
                unmarked |= {fold_marks(t).casefold(): key_of(t) for t, _ in pieces}
            if len(found) > 1:
                first.update(key for key, role in found if role == "first")
                last.update(key for key, role in found if role == "last")
        self._last_seen = frozenset(last - first)
        self._unmarked = {plain: key for plain, key in unmarked.items() if plain not in known}

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
                run_together = token in spelled and key_of(token) not in self._pool(role)
                at = turn if role == turning or turn > TURNING else 0
                new = self.handle(token, at) if run_together else self.word(token, role, at)
            made.append(spelled[token].join(new) if token in spelled else new)
        return "".join(made)

    def word(self, word: str, role: Role, turn: int = 0) -> str:
        """What takes the place of one word of a name, in its case; a letter for a letter."""
        if "-" in word:
            return "-".join(self.word(part, role, turn) if part else "" for part in word.split("-"))
        key = self._key(word)
        if len(key) == 1 and key.upper() != key:
            letter = self._pool(role).initial(key)
            return cased(letter.upper(), word) if letter else shape(word, self.draw, turn)
        known = (role, key, str(turn))
        if known not in self._given:
            if len(self._given) > _CACHED:
                self._given.clear()
            self._given[known] = self._pool(role).other(word, key, turn, self.held)
        return cased(self._given[known], word)

    def _key(self, word: str) -> str:
        key = key_of(word)
        return self._unmarked.get(key, key)

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
        key = key_of(tokens[at])
        surname = key in self._last_seen or key in last
        return "last" if titled or (surname and key not in first) else "first"

    def _family_first(self, tokens: list[str], at: list[int]) -> bool:
        begin, end = key_of(tokens[at[0]]), key_of(tokens[at[-1]])
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
            if self._swapped(key_of(tokens[begin]), key_of(tokens[end])):
                roles = {begin: "last", end: "first"}
        made = list(tokens)
        for n, token in enumerate(tokens):
            if token[0].isdigit():
                made[n] = shape(token, self.draw, turn)
            elif n in roles:
                begin = self._particles(token) if roles[n] == "last" else 0
                made[n] = self._ascii(token[begin:], roles[n], turn if roles[n] == "last" else 0)
            elif token[0].isalpha():
                made[n] = self._part(token, turn)
        return "".join(made)

    def _particles(self, token: str) -> int:
        """How many letters of particles come before a surname: four of "delacruz", where somebody
        is called "de la Cruz"."""
        ends = [0]
        while len(ends) <= MOST_PARTICLES and (found := _RUN_TOGETHER.match(token, ends[-1])):
            ends.append(found.end())
        keys = {at: self._key(token[at:]) for at in ends if len(token) - at > 2}
        for known in (self._last_seen, self._pool("last")):
            for at, key in keys.items():
                if key in known:
                    return at
        return 0

    def _swapped(self, begin: str, end: str) -> bool:
        """Whether a surname stands before a first name or its initial."""
        first, last = self._pool("first"), self._pool("last")
        surname = begin in last and begin not in first
        return surname and (len(end) == 1 or (end in first and end not in last))

    def _part(self, token: str, turn: int) -> str:
        """What one word becomes: a first name, a surname, both run together ("jsmith"), none."""
        key = key_of(token)
        first, last = self._pool("first"), self._pool("last")
        if key in first or len(key) == 1:
            return self._ascii(token, "first", turn)
        if key in last or key in self._last_seen:
            return self._ascii(token, "last", turn)
        for cut in range(min(len(key) - 2, LONGEST), 0, -1) if len(key) == len(token) else ():
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
        key = key_of(token)
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
        key = key_of(word)
        if key in self._pool("last"):
            return self.word(word, "last", turn)
        return self._stem(word, turn)


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
