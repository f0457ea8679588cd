"""What the models of voice platforms have in common: samples with slots, and types of slots.

A sample with slots becomes rows by values of their types, or a sentence of a grammar.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from textsynth import keyed
from textsynth.corpus import Utterance
from textsynth.grammar.model import Finding, Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers.examples import REASONS, Notes, Options, Span
from textsynth.importers.pack import Pack, escape
from textsynth.importers.source import Line

_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Hole:
    """A slot in a sample: its label, its type, and the words there, where the sample has them."""

    label: str
    type: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """An utterance of an intent, or a template of some: texts and slots in turn."""

    intent: str
    parts: tuple[str | Hole, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a type: what is said, and what that means."""

    said: str
    meant: str
    place: Place = field(compare=False)


@dataclass(slots=True)
class SlotType:
    """A type of slots; `open` ones take any words."""

    values: list[Value] = field(default_factory=list)
    open: bool = False


@dataclass(slots=True)
class Bot:
    """What a platform's model holds; `types` are those that it declares, `split` that of its
    rows."""

    home: Place
    language: str | None = None
    samples: list[Sample] = field(default_factory=list)
    types: dict[str, SlotType] = field(default_factory=dict)
    intents: dict[str, Place] = field(default_factory=dict)
    split: str | None = None


def parts_of(
    line: Line, intent: str, slots: dict[str, str], notes: Notes
) -> tuple[str | Hole, ...] | None:
    """The parts of a text with `{slot}`; `slots` are those of the intent with their types. None
    where it is refused."""
    found: list[str | Hole] = []
    at = 0
    for match in _BRACES.finditer(line.text):
        name = match[1].strip()
        if name not in slots:
            notes.refuse("sample_has_unknown_slot", line.place.at(match.start()))
            return None
        found += [line.text[at : match.start()], Hole(name, slots[name])]
        at = match.end()
    found.append(line.text[at:])
    if any("{" in part or "}" in part for part in found if isinstance(part, str)):
        notes.refuse("sample_has_broken_braces", line.place.at())
        return None
    return tuple(part for part in found if part)


def examples(bot: Bot, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The rows of a bot: samples without open slots as they are, of others at most
    `options.per_sample` with different values, drawn by key for each."""
    seen: set[str] = set()
    tables = {name: list(dict.fromkeys(type.values)) for name, type in bot.types.items()}
    meanings = {name: _meanings(values) for name, values in tables.items()}
    language = options.language or bot.language
    used: dict[str, set[str]] = {}
    for sample in bot.samples:
        where = sample.place.at()
        seen.add(sample.intent)
        holes = [part for part in sample.parts if isinstance(part, Hole) and part.words is None]
        sizes = [len(tables.get(hole.type, ())) for hole in holes]
        if 0 in sizes:
            notes.refuse("slot_without_values", where)
            continue
        for choice in _choices(sample, sizes, options):
            filled = iter(tables[hole.type][at] for hole, at in zip(holes, choice, strict=True))
            text, spans = "", list[Span]()
            for part in sample.parts:
                if isinstance(part, str):
                    text += part
                    continue
                if part.words is None:
                    value = next(filled)
                    said, means = value.said, value.meant
                else:
                    said = part.words
                    means = _meaning(meanings.get(part.type, {}), said.strip())
                used.setdefault(part.type, set()).add(said.strip().casefold())
                spans.append((len(text), len(text) + len(said), part.label, means))
                text += said
            row = notes.utterance(
                where, text, sample.intent, spans, language=language, split=bot.split
            )
            if row is not None:
                yield row
    _say_left_out(bot, notes, tables, used, seen)


def _meanings(values: Sequence[Value]) -> dict[str, str]:
    """What is said, as written and in lower case, to what it means."""
    found: dict[str, str] = {}
    for value in values:
        found.setdefault(value.said, value.meant)
    for value in values:
        found.setdefault(value.said.casefold(), value.meant)
    return found


def _meaning(meanings: dict[str, str], words: str) -> str:
    """The canonical value of words: what the type says, otherwise the words themselves."""
    return meanings.get(words, meanings.get(words.casefold(), words))


def _choices(sample: Sample, sizes: Sequence[int], options: Options) -> Iterator[tuple[int, ...]]:
    """Different combinations of values for the open slots of a sample."""
    if not sizes:
        yield ()
        return
    size = math.prod(sizes)
    key = keyed.stream(options.seed, "import", sample.intent, *map(str, sample.parts))
    count = min(max(options.per_sample, 1), size)
    for number in keyed.permute(key, np.arange(count), size).tolist():
        choice = []
        for below in sizes:
            number, at = divmod(number, below)
            choice.append(at)
        yield tuple(choice)


def _say_left_out(
    bot: Bot,
    notes: Notes,
    tables: dict[str, list[Value]],
    used: dict[str, set[str]],
    seen: set[str],
) -> None:
    for name, place in bot.intents.items():
        if name not in seen:
            notes.note(place.at(), f"the intent {name} has no samples", "nothing, or write some")
    for name, values in tables.items():
        known = used.get(name, set())
        left = sum(value.said.casefold() not in known for value in values)
        if left:
            message = f"{left:,} of {len(values):,} values of {name} stand in no row"
            fix = "make more rows a sample, or use the file as templates: there they all are"
            notes.note(bot.home.at(), message, fix)


def grammar(bot: Bot, notes: Notes) -> Grammar:
    """The grammar of a bot: samples as sentences, types as lists; a type without values is left
    open.

    Raises:
        GrammarError: there are no sentences, or two names would be one label.
    """
    pack = Pack(bot.home)
    open_types: dict[str, Place] = {}
    seen: dict[str, dict[str, Place]] = {}
    by_intent: dict[str, list[tuple[str, Place]]] = {name: [] for name in bot.intents}
    for sample in bot.samples:
        place = Line("", sample.place).home()
        pieces = []
        for part in sample.parts:
            if isinstance(part, str):
                pieces.append(escape(part))
                continue
            label, listed = pack.label(part.label, place), _listed(pack, part.type, place)
            before, after = _edges(part.words or "")
            slot = f"{{{listed}}}" if label == listed else f"{{{listed}:{label}}}"
            pieces.append(f"{before}{slot}{after}")
            open_types.setdefault(part.type, place)
            if part.words is not None and part.words.strip():
                seen.setdefault(part.type, {}).setdefault(" ".join(part.words.split()), place)
        by_intent.setdefault(sample.intent, []).append(("".join(pieces), place))
    for name, written in by_intent.items():
        place = bot.intents.get(name) or bot.home
        pack.intent(name, place)
        if written:
            pack.block(name, written, place)
    for name, place in open_types.items():
        _write_list(bot, pack, name, place, seen.get(name, {}))
    for reason, places in notes.places.items():
        for where in places:
            pack.noted[Finding("warning", where, f"left out: {reason}", REASONS[reason])] = None
    pack.noted.update(notes.findings)
    return pack.grammar()


def _edges(words: str) -> tuple[str, str]:
    """The white space before and behind words."""
    return words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]


def _listed(pack: Pack, type: str, place: Place) -> str:
    """The list of a type."""
    return pack.label(type, place).replace(".", "_")


def _write_list(bot: Bot, pack: Pack, type: str, place: Place, seen: dict[str, Place]) -> None:
    """The values of a type with those that samples hold."""
    listed = _listed(pack, type, place)
    declared = bot.types.get(type) or SlotType()
    if declared.open and not seen:
        pack.listed(listed, {"wildcard": True}, place)
        return
    said = set()
    for value in dict.fromkeys(declared.values):
        said.add(value.said.casefold())
        out = None if value.said == value.meant else value.meant
        pack.value(listed, escape(value.said), value.place, out)
    for words, where in seen.items():
        if words.casefold() not in said:
            pack.value(listed, escape(words), where)
    if not declared.values:
        but = ", but for those seen" if seen else ""
        message = f"the values of {type} are not known{but}"
        pack.note(place, message, f"supply the list {listed}, or give the type values")
