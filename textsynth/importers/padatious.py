"""Padatious' and OVOS' intents (https://github.com/MycroftAI/padatious): a `.intent` file of lines
for each intent, a `.entity` file of values for each entity.

White space counts as written, as in OVOS' expansion. An entity without a file takes any words.
"""

from __future__ import annotations

import re
from pathlib import Path

from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Alternative, ListReference, Node, Text
from textsynth.importers import brackets
from textsynth.importers.pack import Pack, render
from textsynth.importers.source import Line, lines, named, read

SUFFIXES = (".intent", ".entity")
WILDCARD = "word"
_WORDS = re.compile(r"[^()\[\]|{}#:]+|:")
_ANY_WORD = re.compile(r":0(?![^\s|)\]])")
_DIGIT = Alternative(tuple(Text(str(digit)) for digit in range(10)))


def load(path: Path) -> Grammar:
    """The grammar of a folder, or of one `.intent` file with the `.entity` files beside it.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    found = named(path, SUFFIXES)
    if path.is_file():
        beside = sorted(
            p for p in path.parent.glob("*") if p.suffix.lower() == ".entity" and p != path
        )
        found += [(p, p.name) for p in beside]
    pack = Pack(lines("", found[0][1])[0].place)
    reader = _Reader(pack)
    entities = [(file, name) for file, name in found if file.suffix.lower() == ".entity"]
    for file, name in entities:
        reader.entity(file, name)
    for file, name in found:
        if file.suffix.lower() == ".intent":
            reader.intent(file, name)
    if path.is_file():  # entities beside it may belong to other intents
        for name in pack.lists.keys() - reader.needed:
            del pack.lists[name]
    return pack.grammar()


class _Reader:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.needed: set[str] = set()

    def entity(self, file: Path, name: str) -> None:
        head, *_ = said = lines(read(file, name), name)
        label = self.pack.label(file.stem, head.place)
        for line in (line.stripped() for line in said):
            if line.text and not line.text.startswith("//"):
                self.pack.value(label, render(self.tree(line)), line.home())

    def intent(self, file: Path, name: str) -> None:
        head, *_ = said = lines(read(file, name), name)
        spoken = [line.stripped() for line in said]
        spoken = [line for line in spoken if line.text and not line.text.startswith(("#", "//"))]
        self.pack.intent(file.stem, head.place)
        if spoken:
            written = [(render(self.tree(line)), line.home()) for line in spoken]
            self.pack.block(file.stem, written, head.place)

    def tree(self, line: Line) -> Node:
        """The tree of a line; `#` is a digit, `:0` any word."""

        def take(branch: list[Node], at: int) -> int:
            char = line.text[at]
            if char == "{":
                return self.slot(line, branch, at)
            if char == "}":
                raise line.fault(at, "'}' closes nothing", "remove it, or write {entity}")
            if char == "#":
                branch.append(_DIGIT)
                return at + 1
            before = line.text[at - 1] if at else " "
            if _ANY_WORD.match(line.text, at) and (before.isspace() or before in "|(["):
                self.pack.listed(WILDCARD, {"wildcard": True}, line.home(at))
                self.needed.add(WILDCARD)
                branch.append(ListReference(WILDCARD, WILDCARD, True, at))
                return at + 2
            match = _WORDS.match(line.text, at)
            assert match is not None
            # `:0` may follow white space: words end before a colon
            branch.append(Text(match[0], at))
            return match.end()

        return brackets.parse(line, take)

    def slot(self, line: Line, branch: list[Node], at: int) -> int:
        end = line.text.find("}", at)
        name = line.text[at + 1 : end].strip()
        if end < 0:
            raise line.fault(at, "the entity is not closed", "add a '}'")
        if not name or "{" in name:
            raise line.fault(at, "the entity has no name", "write {entity}")
        if ":" in name:
            fix = f"write {{{name.partition(':')[0]}}}, and its values in an .entity file"
            raise line.fault(at, "typed entities are Padacioso's, not Padatious'", fix)
        label = self.pack.label(name, line.place)
        self.needed.add(label)
        self.pack.listed(label, {"wildcard": True}, line.home(at))
        branch.append(ListReference(label, label, False, at))
        return end + 1
