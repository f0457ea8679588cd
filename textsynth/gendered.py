"""Gendered words and first names of English texts: where they stand, and whom they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from textsynth import firstnames
from textsynth.corpus import Slot
from textsynth.firstnames import Gender, Known

Kind = Literal["pronoun", "title", "word", "name"]

COMMON = 4.0  # the Zipf frequency of a word that is no surname's first name: 1 in 100,000
_WORD = re.compile(r"(?<![\w@#/])(?:ma['\u2019]am|[^\W\d_]+)(?![\w@/]|\.\w)", re.IGNORECASE)
_ENDS = re.compile(r"[.!?:;\n\"\u201c(]\s*\Z")
_NEXT = re.compile(r"[ \t]+([^\W_]+)")
PRONOUNS: Mapping[str, Gender] = {
    **dict.fromkeys(("she", "her", "hers", "herself"), "female"),
    **dict.fromkeys(("he", "him", "his", "himself"), "male"),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A word of a text that is for women or for men, or a name; `gender` is None of names that
    either bears."""

    start: int
    end: int
    kind: Kind
    gender: Gender | None
    origin: str | None = None


def mentions(text: str, slots: Sequence[Slot] = ()) -> list[Mention]:
    """The gendered words and the first names of an English text, left to right. Words within names
    of things, or in slots that hold things or places, are left out."""
    words = list(_WORD.finditer(text))
    if not any(_may_tell(word[0]) for word in words):
        return []
    held = list(_kept(text, slots))
    people = [(slot.start, slot.end) for slot in slots if is_of(slot.label, "person_labels")]
    lower = text == text.lower()
    found: list[Mention] = []
    for at, word in enumerate(words):
        start, end = word.span()
        if any(left < end and start < right for left, right in held):
            continue
        before = words[at - 1] if at and text[words[at - 1].end() : start] in (" ", ". ") else None
        after = _NEXT.match(text, end + (text[end : end + 1] == "."))
        place = _Place(
            word[0],
            before[0] if before else "",
            after[1] if after else "",
            opening=not text[:start].strip() or bool(_ENDS.search(text, 0, start)),
            named=bool(found and before and found[-1].end == before.end()
                       and found[-1].kind in ("name", "title")),
            titled=bool(found and before and found[-1].end == before.end()
                        and found[-1].kind == "title"),
            person=any(left <= start and end <= right for left, right in people),
            lower=lower,
        )  # fmt: skip
        if what := place.read():
            found.append(Mention(start, end, *what))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A word where it stands: those beside it, whether it opens a sentence, follows a name or a
    title, is in a slot for people, and whether the whole text is in lower case."""

    word: str
    before: str
    after: str
    opening: bool
    named: bool
    titled: bool
    person: bool
    lower: bool

    def read(self) -> tuple[Kind, Gender | None, str | None] | None:
        plain = self.word.casefold().replace("\u2019", "'")
        if plain in PRONOUNS:
            return "pronoun", PRONOUNS[plain], None
        if plain in titles() and self._is_title(plain):
            return "title", titles()[plain][0], None
        if plain in nouns():
            surname = self.named and self.word[0].isupper() and not self.titled
            return None if surname else ("word", nouns()[plain][0], None)
        if (known := firstnames.known(plain)) and self._is_name(known):
            return "name", known.gender, known.origin
        return None

    def _is_title(self, plain: str) -> bool:
        if plain in ("mr", "mrs", "ms"):
            return True
        return self.word[0].isupper() and self.after[:1].isupper() and len(self.after) > 1

    def _is_name(self, known: Known) -> bool:
        surnamed = self.titled and self.after[:1].isupper()
        if (self.named and not surnamed) or self.after.casefold() in _data()["places"]:
            return False
        before = self.before.casefold()
        if before and not (self.titled or before in nouns() or _is_common(before)):
            return False  # the surname of somebody of whom no list knows
        if self.person:
            return True
        if known.word or len(self.word) < 3:
            return False
        if self.lower:
            return known.usual
        if not self.word[0].isupper():
            return False
        sure = not self.opening and not self.before[:1].isupper() and not self.word.isupper()
        return known.usual or (sure and not _is_common(self.word.casefold()))


def _may_tell(word: str) -> bool:
    plain = word.casefold().replace("\u2019", "'")
    return plain in _vocabulary() or firstnames.known(plain) is not None


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset([*PRONOUNS, *nouns(), *titles()])


@cache
def _is_common(word: str) -> bool:
    """Whether a word is one that English uses often, rather than a name."""
    from wordfreq import zipf_frequency

    return zipf_frequency(word, "en") >= COMMON


@cache
def nouns() -> Mapping[str, tuple[Gender, str]]:
    """Each gendered noun with its gender and its counterpart."""
    data = _data()
    pairs = [(female, male) for female, male in data["forms"]]
    for female, male in data["pairs"]:
        pairs += [(female, male), (_plural(female), _plural(male))]
    found: dict[str, tuple[Gender, str]] = {}
    for female, male in pairs:
        found.setdefault(female, ("female", male))
        found.setdefault(male, ("male", female))
    for female, male in data["to_male"].items():
        found.setdefault(female, ("female", male))
        found.setdefault(_plural(female), ("female", _plural(male)))
    for male, female in data["to_female"].items():
        found.setdefault(male, ("male", female))
    return {word: entry for word, entry in found.items() if word not in PRONOUNS}


@cache
def titles() -> Mapping[str, tuple[Gender, str]]:
    """Each title with its gender and its counterpart."""
    data = _data()
    return {
        title: (gender, other)
        for gender in firstnames.GENDERS
        for title, other in data[f"titles_{gender}"].items()
    }


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith(("s", "sh", "ch")) else f"{word}s"


def _kept(text: str, slots: Sequence[Slot]) -> Iterator[tuple[int, int]]:
    """Where nothing is swapped."""
    yield from (match.span() for match in _data()["fixed"].finditer(text))
    for slot in slots:
        if is_of(slot.label, "kept_labels"):
            yield slot.start, slot.end


@cache
def is_of(label: str, kind: str) -> bool:
    """Whether a slot label is one of a kind of the word list: `kept_labels`, `public_labels`,
    `person_labels`."""
    parts = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label).casefold())
    listed = _data()[kind]
    if kind == "person_labels" and not _data()["kept_labels"].isdisjoint(parts):
        return False
    return not listed.isdisjoint([*parts, label.casefold()])


@cache
def _data() -> Any:
    from ruamel.yaml import YAML

    text = files("textsynth").joinpath("gendered.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe").load(text)
    fixed = "|".join(entry.replace("'", "['\u2019]") for entry in data["fixed"])
    data["fixed"] = re.compile(rf"(?<!\w)(?:{fixed})(?!\w)", re.IGNORECASE)
    for name in ("blocked", "kept_labels", "public_labels", "person_labels", "places"):
        data[name] = frozenset(data[name].split())
    return data


def is_blocked(text: str) -> bool:
    """Whether a text says what is true of women or men alone."""
    words = (word.casefold() for word in re.findall(r"[\w-]+", text))
    return not _data()["blocked"].isdisjoint(words)
