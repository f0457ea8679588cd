"""The names that others are replaced by: those of a language by gender, initial and origin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from textsynth.scrub.formats import Draw
from textsynth.scrub.pools import Names, by_origin, foreign_names, names
from textsynth.scrub.writing import UNDECOMPOSED, fold_marks, sound

Role = Literal["first", "last"]
TRIES = 60
# A letter needs so many names of each gender to stand for another letter.
_ENOUGH = 12
_SYLLABLES = ("bel", "cor", "dan", "fen", "gar", "hal", "jor", "kel", "lan", "mar", "nel", "pas",
              "ren", "sol", "tav", "ver", "wen", "zan")  # fmt: skip
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
            groups.setdefault((gender, initial_of(name)), []).append(name)
            groups.setdefault((gender, ""), []).append(name)
    initials = map(initial_of, groups.get(("", ""), ()))
    return Candidates(
        known=frozenset(key_of(name) for several in by_gender.values() for name in several),
        genders={key_of(name): gender for gender in "mf" for name in by_gender.get(gender, ())},
        female_forms=frozenset(map(key_of, listed.last_female)) - {*map(key_of, listed.last)},
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
        letter = self.initial(initial_of(word))
        gender = self._gender(word, key)
        if "gender" in self._balance and key not in self._bound and self._role == "first":
            gender = "mf"[self._draw.number("gender", key) % 2]
        for candidates in (*self._of_an_origin(gender, letter, key), self._own, self._foreign):
            listed = candidates.groups.get((gender, letter)) or candidates.groups.get(("", ""), [])
            for step in range(TRIES if listed else 0):
                made = self._draw.pick(listed, self._role, key, turn, step)
                if key_of(made) != key and not held(made):
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


def key_of(word: str) -> str:
    """What tells a word: "Müller", "MUELLER" and "mueller" are one, "O'Brien" and "obrien" too."""
    plain = word if word.isascii() else fold_marks(word.casefold().translate(UNDECOMPOSED))
    return plain.casefold().replace("\u2019", "").replace("'", "")


def initial_of(name: str) -> str:
    return key_of(name)[:1]


def _sounds_as_spelled(name: str) -> bool:
    return (sound(name) == "an") == (initial_of(name) in "aeiou")
