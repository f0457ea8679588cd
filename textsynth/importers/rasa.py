"""Rasa's NLU training data as YAML (https://rasa.com/docs/rasa/training-data-format, version 3.1).

Each example becomes a sentence, each annotated entity in it a list reference; the list holds the
values seen, those of the lookup table of that name, and synonyms of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError
from textsynth.grammar import document
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers import tree
from textsynth.importers.examples import Notes, Options, Span
from textsynth.importers.pack import Pack, escape
from textsynth.importers.source import Line, is_blank, named, read

SUFFIXES = (".yml", ".yaml")
_KINDS = ("intent", "synonym", "lookup", "regex")
_ENTITY = re.compile(r"\[([^\[\]]+)\](?:\(([^()]*)\)|(\{[^{}]*\})|(?=(\[\s*\{)))")
_REMAINS = re.compile(r"\]\(|\]\{|\]\[\s*\{")  # of an annotation that is none
_BRACKET = re.compile(r"[\[\]]")
_BARE = re.compile(r"[\w. -]+(:.+)?\Z", re.DOTALL)
_ANNOTATION = ("entity", "role", "group", "value")


def load(path: Path) -> Grammar:
    """The grammar of a file, or of the files of a folder that hold `nlu`.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    reader = _Reader(Pack(Place(path.name)))
    reader.read(path)
    reader.write_lists()
    return reader.pack.grammar()


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The examples of a file or folder as rows; a slot with a role is called `city_from`. An
    annotation or a line that cannot be read costs its example. Files in a folder named after a
    split are of that split.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    reader = _Examples(Pack(Place(path.name)), notes=notes)
    reader.read(path)
    for intent, line in reader.said:
        try:
            text, spans = reader.spans(line)
        except GrammarError as error:
            notes.refuse("annotation_invalid", error.where or line.place.at())
            continue
        where, folder = line.place.at(), line.place.file.partition("/")[0]
        split = folder if folder in tree.SPLITS else None
        row = notes.utterance(where, text, intent, spans, split=split)
        if row is not None:
            yield row
    for name, lookup in reader.lookups.items():
        message = f"the values of the lookup {name!r} are not read: they are no utterances"
        notes.note(lookup[0].place.at() if lookup else path.name, message, "use it as templates")
    notes.findings.update(reader.pack.noted)


@dataclass(slots=True)
class _Reader:
    pack: Pack
    lines: list[str] = field(default_factory=list)
    known: FieldReader = field(default_factory=FieldReader)
    seen: dict[str, list[tuple[str, str | None, Place]]] = field(default_factory=dict)
    lookups: dict[str, list[Line]] = field(default_factory=dict)
    synonyms: dict[str, tuple[str, Line]] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        """Read a file, or the files of a folder."""
        for file, name in named(path, SUFFIXES):
            if path.is_dir() and is_blank(file):
                self.pack.note(Place(name), "the file is empty", "remove it, or write in it")
                continue
            text = read(file, name)
            self.lines = text.split("\n")
            self.file(document.parse(text, name), name)

    def file(self, top: Fields, name: str) -> None:
        for key, node in top.fields.items():
            if key not in ("version", "nlu"):
                message = f"{key!r} is not read: it is no NLU data"
                self.pack.note(top.keys.get(key, node.place), message, "nothing, or move it")
        if "nlu" not in top.fields:
            return
        for item in self.known.items(top, "nlu"):
            entry = self.known.fields(item, "an entry of nlu")
            kind = next((kind for kind in _KINDS if kind in entry.fields), None)
            if kind is None:
                fix = f"an entry is one of: {', '.join(_KINDS)}"
                raise wrong(entry, "this is no entry of nlu", fix)
            for key in entry.fields.keys() - {kind, "examples"}:
                self.pack.note(entry.place, f"the key {key!r} is not read", f"{kind}, examples")
            called = self.known.text(entry, kind) or ""
            getattr(self, kind)(called, entry)

    def intent(self, called: str, entry: Fields) -> None:
        self.pack.intent(called, entry.place)
        written: list[tuple[str, Place]] = []
        keys: dict[str, dict[str, str]] = {"role": {}, "group": {}}
        for line in self.examples(entry):
            written.append((self.sentence(line, keys), line.home()))
        if written:
            self.pack.block(called, written, entry.place, keys)

    def synonym(self, called: str, entry: Fields) -> None:
        for line in self.examples(entry):
            self.synonyms[line.text.casefold()] = (called, line)

    def lookup(self, called: str, entry: Fields) -> None:
        self.lookups.setdefault(called, []).extend(self.examples(entry))

    def regex(self, called: str, entry: Fields) -> None:
        message = f"the regex {called!r} is not drawn from: it may match only a part of a text"
        self.pack.note(entry.place, message, "write a lookup of values")

    def examples(self, entry: Fields) -> list[Line]:
        """The examples of an entry: `- ` lines of a text, or a list of texts."""
        node = entry.fields.get("examples")
        if isinstance(node, Items):
            return [self.listed(item) for item in node.items]
        if not isinstance(node, Scalar):
            raise wrong(
                entry, "there are no examples", "examples: | and lines that begin with '- '"
            )
        found: list[Line] = []
        for number, text in enumerate(node.text.split("\n")):
            said = text.strip()
            if not said or said == "-":
                continue
            line = self.placed(said, node.place, number)
            if not said.startswith("-"):  # a space behind it is not needed, as Rasa reads it
                self.refuse(line)
                continue
            shift = len(said) - len(said[1:].lstrip())
            place = line.place
            column = place.column + (shift if place.exact else 0)
            found.append(Line(said[shift:], Place(place.file, place.line, column, place.exact)))
        return found

    def refuse(self, line: Line) -> None:
        """A line of examples that is none."""
        raise line.fault(0, "an example wants '- ' before it", f"- {line.text[:30]}")

    def between(self, line: Line, start: int, end: int) -> str:
        """The text between annotations; a square bracket in it is noted, as it may be meant as one.

        Raises:
            GrammarError: there is an annotation left that was not told as one.
        """
        left = _REMAINS.search(line.text, start, end)
        if left and "[" in line.text[: left.start()]:
            fix = "write [words](entity), without brackets in either"
            raise line.fault(left.start(), "an annotation is broken", fix)
        bracket = _BRACKET.search(line.text, start, end)
        if bracket:
            message = "a square bracket that is of no annotation is read as text"
            fix = "write [words](entity), without a space between; or nothing, if it is meant"
            self.pack.note(line.home(bracket.start()), message, fix)
        return line.text[start:end]

    def placed(self, said: str, place: Place, number: int) -> Line:
        """A line of a block of text, where it stands in the file."""
        row = place.line + number  # the text begins on the line below its `|`
        column = self.lines[row].find(said) if row < len(self.lines) else -1
        if column < 0:
            return Line(said, Place(place.file, place.line, place.column, False))
        return Line(said, Place(place.file, row + 1, column + 1))

    def listed(self, item: Node) -> Line:
        if isinstance(item, Fields) and isinstance(item.fields.get("text"), Scalar):
            for key in item.fields.keys() - {"text"}:
                self.pack.note(item.place, f"the key {key!r} of an example is not read", "text")
            item = item.fields["text"]
        if not isinstance(item, Scalar):
            raise wrong(item, "an example is no text", "write a text, or text: and metadata:")
        text = item.text.strip()
        return Line(text[2:] if text.startswith("- ") else text, item.place)

    def sentence(self, line: Line, keys: dict[str, dict[str, str]]) -> str:
        """An example in our notation; roles and groups go to `keys`."""
        pieces: list[str] = []
        at = 0
        for match in _ENTITY.finditer(line.text):
            said = self.annotation(line, match)
            name = self.pack.label(said["entity"], line.place)
            parts = [said[key] for key in ("entity", "role", "group") if said.get(key)]
            slot = self.pack.label("_".join(parts), line.place) if len(parts) > 1 else name
            for key in keys:
                if said.get(key):
                    keys[key][slot] = said[key]
            self.seen.setdefault(said["entity"], []).append(
                (match[1].strip(), said.get("value"), line.home(match.start(1)))
            )
            pieces.append(escape(self.between(line, at, match.start())))
            pieces.append(f"{{{name}}}" if slot == name else f"{{{name}:{slot}}}")
            at = match.end()
        return "".join([*pieces, escape(self.between(line, at, len(line.text)))])

    def annotation(self, line: Line, match: re.Match[str]) -> dict[str, str]:
        """What stands behind `[words]`: entity, and role, group and value where given."""
        at = match.end(1) + 1
        if match[4]:
            raise line.fault(at, "several entities on the same words", "keep one of them")
        if not match[1].strip():
            raise line.fault(match.start(), "an entity without words", "write [words](entity)")
        if match[2] is not None:
            entity, colon, value = match[2].partition(":")
            if not _BARE.match(match[2]) or not entity.strip():
                raise line.fault(at, "this names no entity", "write [words](entity)")
            return {"entity": entity.strip(), **({"value": value} if colon else {})}
        try:
            given: dict[str, Any] = json.loads(match[3])
        except json.JSONDecodeError as error:
            message = f"this is no JSON: {error.msg}"
            raise line.fault(at + error.pos, message, '{"entity": "city"}') from error
        for key in given.keys() - set(_ANNOTATION):
            fix = f"these are read: {', '.join(_ANNOTATION)}"
            self.pack.note(line.place, f"the key {key!r} of an entity is not read", fix)
        for key in given.keys() & set(_ANNOTATION):
            if isinstance(given[key], dict | list):
                raise line.fault(at, f"{key!r} is no text", f'"{key}": "..."')
        if not given.get("entity"):
            raise line.fault(at, "there is no 'entity'", '{"entity": "city"}')
        return {key: str(given[key]) for key in _ANNOTATION if given.get(key) is not None}

    def write_lists(self) -> None:
        """The values of each entity, with lookups and synonyms."""
        used: set[str] = set()
        for entity, seen in self.seen.items():
            name = self.pack.label(entity, seen[0][2])
            given = [
                *seen,
                *((line.text, None, line.home()) for line in self.lookups.pop(entity, [])),
            ]
            meant: set[str] = set()
            for surface, value, place in given:
                canonical, _ = self.synonyms.get(surface.casefold(), (None, None))
                out = value or canonical or surface
                meant |= {out, surface}
                self.pack.value(name, escape(surface), place, None if out == surface else out)
            for surface, (canonical, line) in self.synonyms.items():
                if canonical in meant:
                    used.add(surface)
                    self.pack.value(name, escape(line.text), line.home(), canonical)
        for name, unused in self.lookups.items():
            if unused:
                message = f"the lookup {name!r} is of no entity in the examples"
                self.pack.note(unused[0].place, message, "annotate one: [words](entity)")
        for surface in self.synonyms.keys() - used:
            canonical, line = self.synonyms[surface]
            message = f"the synonym {line.text!r} of {canonical!r} is of no entity's value"
            self.pack.note(line.place, message, "annotate an example of it")


@dataclass(slots=True)
class _Examples(_Reader):
    """Examples as they stand, instead of sentences of a grammar."""

    notes: Notes = field(default_factory=Notes)
    said: list[tuple[str, Line]] = field(default_factory=list)

    def refuse(self, line: Line) -> None:
        self.notes.refuse("example_invalid", line.place.at())

    def intent(self, called: str, entry: Fields) -> None:
        self.said += [(called, line) for line in self.examples(entry)]

    def spans(self, line: Line) -> tuple[str, list[Span]]:
        """The text of an example and the entities in it.

        Raises:
            GrammarError: an annotation that cannot be read.
        """
        text, spans, at = "", list[Span](), 0
        for match in _ENTITY.finditer(line.text):
            said = self.annotation(line, match)
            text += self.between(line, at, match.start())
            label = "_".join(said[key] for key in ("entity", "role", "group") if said.get(key))
            canonical, _ = self.synonyms.get(match[1].strip().casefold(), (None, None))
            value = said.get("value") or canonical
            spans.append((len(text), len(text) + len(match[1]), label, value))
            text += match[1]
            at = match.end()
        return text + self.between(line, at, len(line.text)), spans
