"""Rhasspy's `sentences.ini` (https://rhasspy.readthedocs.io/en/latest/training/#sentencesini).

What a tag holds becomes a list: its words are said, its substitutions are what they mean. Words are
joined by single spaces, as Rhasspy joins them; numbers of ranges are written in digits.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Node, Place
from textsynth.importers.pack import Pack, render
from textsynth.importers.rhasspy_trees import Trees
from textsynth.importers.source import Line, lines, named, read

SUFFIXES = (".ini",)
_SECTION = re.compile(r"\[([^\[\]|]+)\]\s*$")
_RULE = re.compile(r"([\w.\- ]+?)\s*=\s*")


def load(path: Path) -> Grammar:
    """The grammar of a file, or of a folder of them; the values of `$list` are read from the folder
    `slots` beside the file.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    found = named(path, SUFFIXES)
    pack = Pack(Place(found[0][1]))
    trees = Trees(pack)
    sentences: list[tuple[str, Line, Node]] = []
    for file, name in found:
        for section, rule, line in _entries(lines(read(file, name), name), pack):
            tree = trees.parse(line, section)
            if rule is None:
                sentences.append((section, line, tree))
            else:
                trees.rules[f"{section}.{rule}"] = (tree, line)
    _slots([file.parent / "slots" for file, _ in found], trees)
    trees.write_lists()
    for section, line, tree in sentences:
        trees.say_lost(tree, line)
        pack.block(section, [(render(tree), line.home())], pack.places["intent", section])
    for name, (tree, line) in trees.rules.items():
        if name not in trees.resolved:
            trees.say_lost(tree, line)
        pack.rule(name, render(tree), line.home())
    return pack.grammar()


def _entries(found: list[Line], pack: Pack) -> list[tuple[str, str | None, Line]]:
    """(intent, name of a rule or None for a sentence, text) of each entry; what is indented below a
    rule goes on with it."""
    entries: list[tuple[str, str | None, Line]] = []
    section = ""
    for line in found:
        said = line.stripped()
        if not said.text or said.text[0] in "#;":
            continue
        head, rule = _SECTION.match(said.text), _RULE.match(said.text)
        if head is not None:
            section = head[1].strip()
            pack.intent(section, line.place)
            continue
        if said.text.startswith("\\["):  # the ini form of a sentence that begins with an optional
            said = Line(said.text[1:], replace(said.place, column=said.place.column + 1))
        if not section:
            raise said.fault(0, "a sentence stands before any intent", "begin with [Intent]")
        above = entries[-1] if entries else None
        if line.text[0] in " \t" and above and above[0] == section and above[1] is not None:
            place = above[2].place if above[2].text else said.place
            text = f"{above[2].text} {said.text}".strip()
            entries[-1] = (section, above[1], Line(text, Place(place.file, place.line, 1, False)))
        elif rule is not None:
            place = Place(said.place.file, said.place.line, said.place.column + rule.end())
            entries.append((section, rule[1], Line(said.text[rule.end() :], place)))
        else:
            entries.append((section, None, said))
    return entries


def _slots(folders: list[Path], trees: Trees) -> None:
    """The values of the slot lists that sentences name; a list without a file stays open."""
    done: set[str] = set()
    while waiting := sorted(trees.slot_lists.keys() - done):  # values may name further lists
        for name in waiting:
            done.add(name)
            parts = name.split("/")
            files = [folder.joinpath(*parts) for folder in folders if ".." not in parts]
            for file in dict.fromkeys(file for file in files if file.is_file()):
                shown = f"slots/{name}"
                for line in (line.stripped() for line in lines(read(file, shown), shown)):
                    if line.text and line.text[0] != "#":
                        tree = trees.parse(line, "")
                        trees.values.append((trees.slot_lists[name], tree, line, None))
