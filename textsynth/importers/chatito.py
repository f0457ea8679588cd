"""Chatito files (https://github.com/rodrigopivi/Chatito/blob/master/spec.md).

Aliases become expansion rules, slots and their variations lists, intents blocks of sentences. The
numbers of training and testing examples together are the most rows an intent gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from textsynth.grammar.model import Grammar
from textsynth.importers.pack import Pack, escape
from textsynth.importers.source import Line, lines, named, read

SUFFIXES = (".chatito",)
MAX_IMPORTS = 100
_COMMENT = re.compile(r"#|\s*(?://|# )")
_IMPORT = re.compile(r"import\s+(\S.*?)\s*$")
_HEAD = re.compile(r"([%@~])\[([^\]]*)\]\s*(.*?)\s*$")
_ARGUMENT = re.compile(r"""\s*(['"])(.+?)\1\s*:\s*(['"])(.*?)\3\s*(,|$)""")
_REFERENCE = re.compile(r"([%@~])\[([^\]]*)(\]?)")
_CHANCE = re.compile(r"\*\[\s*(\d+(?:\.\d+)?)\s*(%?)\s*\]\s*")
_KINDS = {"%": "intent", "@": "slot", "~": "alias"}
_DISTRIBUTIONS = {"regular": "uniform", "even": "even"}
_KNOWN = {
    "%": ("training", "testing", "distribution"),
    "@": ("synonym",),
    "~": (),
}


@dataclass(slots=True)
class _Entity:
    """A definition: its kind (the sign before it), name, arguments and sentences."""

    sign: str
    name: str
    head: Line
    arguments: dict[str, str]
    sentences: list[tuple[Line, tuple[float, bool] | None]] = field(default_factory=list)


def load(path: Path) -> Grammar:
    """The grammar of a file and what it imports, or of the files of a folder.

    Raises:
        GrammarError: what cannot be read, at its place; imports that go in a circle.
    """
    reader = _Reader()
    root = path.resolve() if path.is_dir() else path.resolve().parent
    found = named(path, SUFFIXES)
    for file, _ in found:
        reader.file(file.resolve(), root, ())
    pack = Pack(lines("", found[0][1])[0].place)
    _Writer(reader.entities, pack).write()
    return pack.grammar()


class _Reader:
    """Files to definitions."""

    def __init__(self) -> None:
        self.entities: dict[tuple[str, str], _Entity] = {}
        self.done: set[Path] = set()

    def file(self, path: Path, root: Path, above: tuple[Path, ...]) -> None:
        if path in self.done:
            return
        name = _relative(path, root)
        entity: _Entity | None = None
        for line in lines(read(path, name), name):
            if not line.text.strip() or _COMMENT.match(line.text):
                continue
            if line.text[0] in " \t":
                if entity is None:
                    message = "a sentence stands before any definition"
                    raise line.stripped().fault(0, message, "begin with %[intent]")
                entity.sentences.append(_sentence(line.stripped()))
            elif imported := _IMPORT.match(line.text):
                self.imported(path, root, above, line, imported)
            else:
                entity = self.define(line)
        self.done.add(path)

    def imported(
        self,
        path: Path,
        root: Path,
        above: tuple[Path, ...],
        line: Line,
        match: re.Match[str],
    ) -> None:
        target = (path.parent / match[1].strip("'\"")).resolve()
        chain = (*above, path)
        if target in chain:
            shown = " -> ".join(_relative(p, root) for p in (*chain[chain.index(target) :], target))
            message = f"the imports go in a circle: {shown}"
            raise line.fault(match.start(1), message, "take one of them out")
        if len(chain) > MAX_IMPORTS:
            message = f"imports are nested more than {MAX_IMPORTS} deep"
            raise line.fault(match.start(1), message, "import the files from one place")
        if not target.is_file():
            message = f"there is no file {match[1]!r}"
            raise line.fault(match.start(1), message, "name it relative to this file")
        self.file(target, root, chain)

    def define(self, line: Line) -> _Entity:
        match = _HEAD.match(line.text)
        if match is None or not match[2].strip():
            fix = "write %[intent], @[slot] or ~[alias], and indent sentences by four spaces"
            raise line.fault(0, "this defines nothing", fix)
        sign, name = match[1], match[2].strip()
        if "?" in name:
            raise line.fault(match.start(2), f"{name!r} is no name", "leave the ? out of it")
        arguments = _arguments(line, match.start(3), match[3])
        if sign == "~" and arguments:
            raise line.fault(match.start(3), "an alias has no arguments", "take them out")
        entity = _Entity(sign, name, line, arguments)
        first = self.entities.setdefault((sign, name), entity)
        if first is not entity:
            message = f"the {_KINDS[sign]} {name!r} is defined in {first.head.place.at()} too"
            raise line.fault(0, message, "put both together")
        return entity


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _sentence(line: Line) -> tuple[Line, tuple[float, bool] | None]:
    """A sentence and its chance: the number, and whether it is a percentage."""
    match = _CHANCE.match(line.text)
    if match is None:
        if line.text.startswith("*["):
            raise line.fault(0, "this is no probability", "write *[50%] or *[2]")
        return line, None
    place = replace(line.place, column=line.place.column + match.end())
    rest = Line(line.text[match.end() :], place)
    if not rest.text:
        raise line.fault(0, "a probability without a sentence", "write words after it")
    return rest, (float(match[1]), bool(match[2]))


def _arguments(line: Line, at: int, text: str) -> dict[str, str]:
    """`('key': 'value', …)` as a mapping."""
    if not text:
        return {}
    if not (text.startswith("(") and text.endswith(")")):
        raise line.fault(at, "arguments want brackets", "('training': '100')")
    inner, found, here = text[1:-1], {}, 0
    while here < len(inner):
        match = _ARGUMENT.match(inner, here)
        if match is None:
            fix = "write 'key': 'value', with commas between"
            raise line.fault(at + 1 + here, "this is no argument", fix)
        found[match[2]] = match[4]
        here = match.end()
    return found


class _Writer:
    """Definitions to a pack."""

    def __init__(self, entities: dict[tuple[str, str], _Entity], pack: Pack) -> None:
        self.entities, self.pack = entities, pack

    def write(self) -> None:
        for entity in self.entities.values():
            if not entity.sentences:
                message = f"the {_KINDS[entity.sign]} {entity.name!r} has no sentences"
                raise entity.head.fault(0, message, "indent them by four spaces below it")
            for key in entity.arguments.keys() - set(_KNOWN[entity.sign]):
                fix = f"these are read: {', '.join(_KNOWN[entity.sign]) or 'none'}"
                self.pack.note(entity.head.place, f"the argument {key!r} is not read", fix)
            {"%": self.intent, "@": self.slot, "~": self.alias}[entity.sign](entity)

    def intent(self, entity: _Entity) -> None:
        regular = entity.arguments.get("distribution", "regular")
        if regular not in _DISTRIBUTIONS:
            message, fix = f"{regular!r} is no distribution", "write 'even' or 'regular'"
            raise entity.head.fault(0, message, fix)
        chances = [chance for _, chance in entity.sentences]
        counts = {key: _count(entity, key) for key in ("training", "testing")}
        counts = {key: count for key, count in counts.items() if count is not None}
        home = entity.head.home()
        written = [(self.template(line), line.home()) for line, _ in entity.sentences]
        if not any(chances):
            most = sum(count for count in counts.values() if count) if counts else None
            self.pack.intent(entity.name, home, _DISTRIBUTIONS[regular])
            self.pack.block(entity.name, written, home, {"max": most, "metadata": counts})
            return
        self.pack.intent(entity.name, home, "weighted")
        if regular == "regular" and not all(chance and chance[1] for chance in chances):
            self.pack.note(
                home,
                f"sentences of {entity.name} are drawn by their weights alone, not by how many"
                " texts each has",
                "write 'distribution': 'even', which Chatito then does as well",
            )
        if counts:
            self.pack.note(
                home,
                f"the numbers of examples of {entity.name} are carried, not obeyed, since its"
                " sentences have weights",
                "say in the recipe how many rows are wanted",
            )
        for sentence, weight in zip(written, _weights(entity), strict=True):
            weighed = {"weight": weight, "metadata": counts}
            self.pack.block(entity.name, [sentence], sentence[1], weighed)

    def slot(self, entity: _Entity) -> None:
        list_name = self.list_name(entity.name, entity.head)
        self.no_chances(entity)
        synonyms = entity.arguments.get("synonym") == "true"
        for line, _ in entity.sentences:
            alone = _REFERENCE.fullmatch(line.text)
            out = None
            if synonyms and alone and alone[1] == "~" and alone[3]:
                out = alone[2].removesuffix("?").strip()
            self.pack.value(list_name, self.template(line), line.home(), out)

    def alias(self, entity: _Entity) -> None:
        self.no_chances(entity)
        bodies = [self.template(line) for line, _ in entity.sentences]
        body = bodies[0] if len(bodies) == 1 else f"({'|'.join(bodies)})"
        self.pack.rule(entity.name, body, entity.sentences[0][0].home())

    def no_chances(self, entity: _Entity) -> None:
        """Say that weights count in intents alone."""
        for line, chance in entity.sentences:
            if chance is not None:
                message = f"the probability in the {_KINDS[entity.sign]} {entity.name!r} is ignored"
                self.pack.note(line.place, message, "give probabilities to sentences of intents")

    def list_name(self, name: str, line: Line) -> str:
        slot, _, variation = name.partition("#")
        label = self.pack.label(slot.strip(), line.place)
        inner = re.sub(r"[^\w.-]+", "_", variation.strip())
        return f"{label}#{inner}" if inner else label

    def template(self, line: Line) -> str:
        """A sentence in our notation."""
        pieces: list[str] = []
        at = 0
        for match in _REFERENCE.finditer(line.text):
            pieces.append(escape(line.text[at : match.start()]))
            pieces.append(self.reference(line, match))
            at = match.end()
        return "".join([*pieces, escape(line.text[at:])])

    def reference(self, line: Line, match: re.Match[str]) -> str:
        at, sign, closed = match.start(), match[1], match[3]
        name = match[2].strip()
        optional = name.endswith("?")
        name = name.removesuffix("?").strip()
        if not closed:
            raise line.fault(at, f"the {_KINDS[sign]} is not closed", "add a ']'")
        if not name:
            raise line.fault(at, f"the {_KINDS[sign]} has no name", f"write {sign}[name]")
        if sign == "%":
            raise line.fault(at, "an intent cannot stand in a sentence", "write an alias: ~[name]")
        if sign == "@":
            listed = self.list_name(name, line)
            slot = listed.partition("#")[0]
            found = f"{{{listed}}}" if listed == slot else f"{{{listed}:{slot}}}"
        else:
            found = f"<{escape(name)}>" if ("~", name) in self.entities else escape(name)
        return f"[{found}]" if optional else found


def _count(entity: _Entity, key: str) -> int | None:
    text = entity.arguments.get(key)
    if text is None:
        return None
    if not text.strip().isdecimal():
        at = entity.head.text.find(key)
        raise entity.head.fault(at, f"{key!r} is no whole number", f"write '{key}': '100'")
    return int(text)


def _weights(entity: _Entity) -> Iterable[float]:
    """The weight of each sentence. Percentages leave the rest of 100 to the others, evenly."""
    chances = [chance for _, chance in entity.sentences]
    percent = sum(value for value, is_percent in filter(None, chances) if is_percent)
    mixed = {is_percent for _, is_percent in filter(None, chances)}
    if len(mixed) > 1:
        fix = "write them all as *[50%], or all as *[2]"
        raise entity.head.fault(0, "percentages and weights stand in one intent", fix)
    if percent > 100:
        raise entity.head.fault(0, f"the percentages add up to {percent:g}", "at most 100")
    rest = chances.count(None)
    share = (100 - percent) / rest if rest and mixed == {True} else 1.0
    return [chance[0] if chance else share for chance in chances]
