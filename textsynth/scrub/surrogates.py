"""What takes the place of a removed value.

A surrogate is drawn from a pool of made-up values by the keyed hash of the original, so that one
original has one surrogate throughout a corpus. No pool holds a value that was removed.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from textsynth import keyed
from textsynth.corpus import fold
from textsynth.scrub import pools
from textsynth.scrub.sweep import Matcher, squeeze

SHAPE_DRAWS = 50


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
            drawn = pools.draw(provider, self.language, self.seed)
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
