"""Names on voice platforms: those of intents, slots and their types, locales, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa
import pyarrow.compute as pc

from textsynth import keyed
from textsynth.corpus import count_by
from textsynth.errors import ExportError, did_you_mean
from textsynth.export.bot import Model, Parts, Words
from textsynth.export.target import Job, valid_names

_NAME_TAIL = 8  # letters of the hash in a name that had to be cut


@dataclass(slots=True)
class Names:
    """The names that intents and slots are written by; `more` are further names of slots, and no
    slot is called by one of `taken` (in lower case)."""

    intents: Mapping[str, str]
    slots: Mapping[str, str]
    taken: frozenset[str] = frozenset()
    more: dict[str, str] = field(default_factory=dict)

    def occurrences(self, parts: Parts) -> list[str]:
        """The names of the slots of a sample, each of them once: where a label comes again, it is
        `city_b`, `city_c` …"""
        found: list[str] = []
        for part in parts:
            if isinstance(part, Words):
                name = self.slots[part.label]
                found.append(name if name not in found else self._another(part.label, found))
        return found

    def _another(self, label: str, taken: Sequence[str]) -> str:
        own = self.taken | {name.casefold() for name in self.slots.values()}
        for number in count(1):
            name = f"{self.slots[label]}_{_letters(number)}"
            free = name not in taken and name.casefold() not in own
            if free and self.more.setdefault(name, label) == label:
                return name
        raise AssertionError

    def type_of(self, name: str) -> str:
        """The type of a slot, which is called as its label is."""
        return self.slots[self.more[name]] if name in self.more else name


def sample(parts: Parts, names: Names) -> str:
    """A text with `{slot}`."""
    slots = iter(names.occurrences(parts))
    return "".join(f"{{{next(slots)}}}" if isinstance(part, Words) else part for part in parts)


def _letters(number: int) -> str:
    """0 is `a`, 25 `z`, 26 `ba`."""
    head, last = divmod(number, 26)
    return (_letters(head) if head else "") + chr(97 + last)


def names_of(
    corpus: pa.Table,
    intent: Callable[[str], str],
    slot: Callable[[str], str],
    most: int,
    *,
    apart: bool = False,
) -> Names:
    """Names that a platform takes, of at most `most` characters; it tells none apart by case. With
    `apart`, no slot is called as an intent is.

    Raises:
        ExportError: two of them would be written alike.
    """
    intents = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
    named = _distinct(intents, lambda name: _short(intent(name), most), "intent")
    taken = frozenset(name.casefold() for name in named.values() if apart)

    def free(label: str) -> str:
        made = _short(slot(label), most)
        while made.casefold() in taken:
            made = _short(f"{made}_slot", most)
        return made

    return Names(named, _distinct(_labels(corpus), free, "slot"), taken)


def _labels(corpus: pa.Table) -> list[str]:
    flat = pc.list_flatten(corpus.column("slots"))
    labels: list[str] = pc.unique(pc.struct_field(flat, "label")).to_pylist()
    return labels


def _distinct(names: Iterable[str], clean: Callable[[str], str], what: str) -> dict[str, str]:
    names = list(names)
    valid_names(names, lambda name: clean(name).casefold(), what)
    return valid_names(names, clean, what)


def _short(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    number = int(keyed.content_id(name), 16)
    tail = "".join(chr(97 + number // 26**place % 26) for place in range(_NAME_TAIL))
    return name[: most - _NAME_TAIL] + tail


def say_names(job: Job, names: Names, written: Iterable[Model]) -> None:
    """Put the way back of all names into the job; a value that is written like another one's is not
    among them, since readers know no labels there."""
    job.names["intents"], job.names["slots"] = names.intents, names.slots
    if names.more:
        job.back["slots"] = dict(names.more)
    meant: dict[str, set[str]] = {}
    altered = 0
    for model in written:
        altered += model.altered
        for values in model.meant.values():
            for name, value in values.items():
                meant.setdefault(name, set()).add(value)
    back = {name: min(values) for name, values in meant.items() if len(values) == 1}
    back = {name: value for name, value in back.items() if name != value}
    if back:
        job.back["values"] = back
    lost = len(meant) - sum(len(values) == 1 for values in meant.values())
    if lost:
        job.note(f"{lost} values are written as others are, and have no way back in names.json")
    if altered:
        job.note(
            f"the values of {altered} slots are written as more frequent ones that are heard alike"
        )


def locale_of(language: str, asked: str | None, locales: Mapping[str, str], platform: str) -> str:
    """The locale, written `en-US`: the one that is asked for; otherwise the one that is the
    language, or the default of its first part.

    Raises:
        ExportError: the platform has none (did-you-mean).
    """
    known = {name.casefold(): name for name in (*locales, *locales.values()) if "-" in name}
    wanted = (asked or language).replace("_", "-").casefold()
    found = known.get(wanted)
    if found is None and asked is None:
        found = locales.get(wanted.split("-")[0])
    if found is None:
        what = f"no locale for {language!r}" if asked is None else f"no locale {asked!r}"
        fix = did_you_mean(asked or language, known.values())
        raise ExportError(f"{platform} has {what}", fix=fix)
    return found


def say_region(job: Job, language: str, locale: str, platform: str) -> None:
    """Note that a language got the locale of another region."""
    wanted = language.replace("_", "-")
    if "-" in wanted and wanted.casefold() != locale.casefold():
        job.note(f"{platform} has no locale for {language!r}: {locale} stands for it")


def require_at_most(what: str, there: int, most: int, platform: str) -> None:
    """Raises:
    ExportError: there are more of something than a platform takes.
    """
    if there > most:
        raise ExportError(
            f"there are {there} {what}, and {platform} takes {most}",
            fix="export a corpus that has fewer",
        )
