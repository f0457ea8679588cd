"""Snips NLU datasets as YAML, and as JSON (https://snips-nlu.readthedocs.io/en/latest/dataset.html).

A slot is a reference to the list of its entity; the list holds the entity's values and those seen
in utterances. A file may hold several documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError
from textsynth.grammar import document
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers import bot, snips_json
from textsynth.importers.bot import Bot, Hole, Sample, SlotType, Value
from textsynth.importers.examples import Notes, Options
from textsynth.importers.pack import Pack, escape
from textsynth.importers.source import Line, lines, named, read

SUFFIXES = (".yaml", ".yml")
MAX_DOCUMENTS = 5_000
_SLOT = re.compile(r"\[([^\[\]()]*)(\]?)(?:\(([^()]*)(\)?))?")
_KEYS = {
    "intent": ("type", "name", "slots", "utterances"),
    "entity": ("type", "name", "values", "use_synonyms", "automatically_extensible",
               "matching_strictness"),
}  # fmt: skip
_OF_RECOGNITION = ("automatically_extensible", "matching_strictness")


def load(path: Path) -> Grammar:
    """The grammar of a file, or of the files of a folder.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    if _is_json(path):
        notes = Notes()
        return bot.grammar(snips_json.read(path, notes), notes)
    reader = _Reader(Pack(Place(path.name)))
    reader.read(path)
    reader.write_seen()
    return reader.pack.grammar()


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The utterances of a file or folder as rows; a slot without words takes values of its entity.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    if _is_json(path):
        found = snips_json.read(path, notes)
    else:
        reader = _Samples(Pack(Place(path.name)), notes=notes)
        reader.read(path)
        notes.findings.update(reader.pack.noted)
        found = Bot(reader.pack.home, None, reader.samples(), reader.types, reader.intents)
    yield from bot.examples(found, notes, options)


def _is_json(path: Path) -> bool:
    """Whether a file or folder holds datasets as JSON.

    Raises:
        GrammarError: a folder holds YAML too.
    """
    if not path.is_dir():
        return path.suffix.lower() == ".json"
    there = bool(snips_json.files(path))
    if there and named(path, SUFFIXES):
        fix = "put each into a folder of its own"
        raise GrammarError("the folder holds JSON and YAML", where=str(path), fix=fix)
    return there


def _documents(text: str, name: str) -> list[Fields]:
    """The documents of a file, each with its places in the whole."""
    parts: list[tuple[int, list[str]]] = [(0, [])]
    for number, line in enumerate(lines(text, name)):
        if re.match(r"---(\s|$)", line.text):
            parts.append((number + 1, []))
        elif not line.text.startswith(("%YAML", "...")):
            parts[-1][1].append(line.text)
    full = [(start, part) for start, part in parts if any(map(_says, part))]
    if len(full) > MAX_DOCUMENTS:
        message = f"the file holds more than {MAX_DOCUMENTS:,} documents"
        raise GrammarError(message, where=name, fix="split it")
    return [document.parse("\n" * start + "\n".join(part), name) for start, part in full]


def _says(line: str) -> bool:
    """Whether a line is more than white space and a comment."""
    return not line.lstrip().startswith("#") and bool(line.strip())


@dataclass(slots=True)
class _Reader:
    pack: Pack
    known: FieldReader = field(default_factory=FieldReader)
    seen: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    said: dict[str, set[str]] = field(default_factory=dict)  # by entity: what values may be

    def read(self, path: Path) -> None:
        """Read a file, or the files of a folder."""
        found = named(path, SUFFIXES)
        tops = [top for file, name in found for top in _documents(read(file, name), name)]
        for top in tops:
            self.document(top)

    def document(self, top: Fields) -> None:
        kind = self.known.text(top, "type") or ""
        if kind not in _KEYS:
            raise wrong(top, f"{kind!r} is no type of a document", "type: intent or type: entity")
        for key in top.fields.keys() - set(_KEYS[kind]):
            fix = f"these are read: {', '.join(_KEYS[kind])}"
            self.pack.note(top.keys[key], f"the key {key!r} is not read", fix)
        name = self.known.text(top, "name")
        if not name:
            raise wrong(top, f"the {kind} has no name", "name: ...")
        if kind == "intent":
            self.intent(name, top)
        else:
            self.entity(name, top)

    def intent(self, name: str, top: Fields) -> None:
        entities = self.slots(top)
        written = []
        for scalar in self.known.scalars(top, "utterances", required=True):
            line = Line(scalar.text, scalar.place)
            written.append((self.sentence(line, entities), line.home()))
        self.pack.intent(name, top.place)
        if written:
            self.pack.block(name, written, top.place)

    def slots(self, top: Fields) -> dict[str, str]:
        """The slots that an intent declares, with their entities."""
        entities: dict[str, str] = {}
        for item in self.known.items(top, "slots"):
            slot = self.known.fields(item, "a slot")
            called = self.known.text(slot, "name")
            if not called:
                raise wrong(slot, "a slot has no name", "write {name: ..., entity: ...}")
            entities[called] = self.known.text(slot, "entity") or called
        return entities

    def sentence(self, line: Line, entities: dict[str, str]) -> str:
        """An utterance in our notation; the words of its slots are remembered."""
        pieces: list[str] = []
        at = 0
        for match, slot, entity in _slots(line, entities):
            start = match.start()
            listed = self.listed(entity, line.place)
            label = self.pack.label(slot, line.place)
            if match[3] is not None and match[3].strip():
                seen = self.seen.setdefault(listed, [])
                seen.append((" ".join(match[3].split()), line.home(match.start(3))))
            pieces.append(escape(line.text[at:start]))
            pieces.append(f"{{{listed}}}" if label == listed else f"{{{listed}:{label}}}")
            at = match.end()
        return "".join([*pieces, escape(line.text[at:])])

    def listed(self, entity: str, place: Place) -> str:
        """The list of an entity."""
        if entity.startswith("snips/"):
            message = (
                f"the values of the built-in entity {entity} are not known, but for those seen"
            )
            fix = "write an entity of your own with values, or supply the list"
            self.pack.note(place, message, fix)
            return self.pack.label(entity.replace("/", "."), place).replace(".", "_")
        return self.pack.label(entity, place)

    def entity(self, name: str, top: Fields) -> None:
        listed = self.pack.label(name, top.place)
        with_synonyms = self.known.truth(top, "use_synonyms", True)
        for key in _OF_RECOGNITION:
            if key in top.fields:
                message = f"{key!r} is of recognition and changes nothing that is drawn"
                self.pack.note(top.keys[key], message, "nothing")
        said = self.said.setdefault(listed, set())
        for item in self.known.items(top, "values"):
            first, *synonyms = self.texts(item)
            said.add(first.text)
            self.pack.value(listed, escape(first.text), first.place)
            if synonyms and not with_synonyms:
                message = f"the synonyms of {first.text!r} are left out"
                self.pack.note(first.place, message, "use_synonyms: true")
            for synonym in synonyms if with_synonyms else ():
                said.add(synonym.text)
                self.pack.value(listed, escape(synonym.text), synonym.place, first.text)

    def texts(self, item: Node) -> list[Scalar]:
        """A value and its synonyms."""
        nodes = item.items if isinstance(item, Items) else [item]
        found = [node for node in nodes if isinstance(node, Scalar) and node.text.strip()]
        if not found or len(found) < len(nodes):
            raise wrong(item, "this is no value", "write words, or [words, synonym, …]")
        return found

    def write_seen(self) -> None:
        """Values that only utterances hold."""
        for listed, seen in self.seen.items():
            for surface, place in seen:
                if surface not in self.said.get(listed, ()):
                    self.pack.value(listed, escape(surface), place)


@dataclass(slots=True)
class _Samples(_Reader):
    """Utterances as samples of a bot, instead of sentences of a grammar."""

    notes: Notes = field(default_factory=Notes)
    said_lines: list[tuple[str, Line]] = field(default_factory=list)
    entities: dict[str, dict[str, str]] = field(default_factory=dict)  # by intent and slot
    types: dict[str, SlotType] = field(default_factory=dict)
    intents: dict[str, Place] = field(default_factory=dict)

    def intent(self, name: str, top: Fields) -> None:
        self.intents.setdefault(name, top.place)
        self.entities.setdefault(name, {}).update(self.slots(top))
        self.said_lines += [
            (name, Line(scalar.text, scalar.place))
            for scalar in self.known.scalars(top, "utterances", required=True)
        ]

    def entity(self, name: str, top: Fields) -> None:
        type = self.types.setdefault(name, SlotType())
        with_synonyms = self.known.truth(top, "use_synonyms", True)
        for item in self.known.items(top, "values"):
            first, *synonyms = self.texts(item)
            for said in (first, *(synonyms if with_synonyms else ())):
                type.values.append(Value(said.text.strip(), first.text.strip(), said.place))

    def samples(self) -> list[Sample]:
        """The utterances; one whose slots cannot be read is refused."""
        found = []
        for intent, line in self.said_lines:
            parts: list[str | Hole] = []
            at = 0
            try:
                for match, slot, entity in _slots(line, self.entities[intent]):
                    parts.append(line.text[at : match.start()])
                    parts.append(Hole(slot, entity, match[3] if match[3] else None))
                    at = match.end()
            except GrammarError as error:
                self.notes.refuse("annotation_invalid", error.where or line.place.at())
                continue
            parts.append(line.text[at:])
            found.append(Sample(intent, tuple(part for part in parts if part), line.place))
        return found


def _slots(line: Line, entities: dict[str, str]) -> Iterator[tuple[re.Match[str], str, str]]:
    """The slots in an utterance: where, the slot, its entity; new ones are added to `entities`.

    Raises:
        GrammarError: one that is not closed or has no name.
    """
    for match in _SLOT.finditer(line.text):
        start = match.start()
        if not match[2] or match[4] == "":
            sign = ")" if match[2] else "]"
            raise line.fault(start, "the slot is not closed", f"add a {sign!r}")
        slot, _, entity = (part.strip() for part in match[1].partition(":"))
        if not slot:
            raise line.fault(start, "the slot has no name", "write [slot](words)")
        entity = entity or entities.get(slot, slot)
        entities.setdefault(slot, entity)
        yield match, slot, entity
