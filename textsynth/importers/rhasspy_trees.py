"""Sentences of Rhasspy as trees of ours: words, tags, substitutions, rules, slot lists, ranges."""

from __future__ import annotations

import math
import re
from itertools import count, product

from textsynth.grammar.document import Scalar
from textsynth.grammar.syntax import (
    EMPTY,
    MAX_DEPTH,
    Alternative,
    ListReference,
    Node,
    RuleReference,
    Sequence,
    Text,
    walk,
)
from textsynth.importers import brackets
from textsynth.importers.pack import Pack, render
from textsynth.importers.source import Line

MAX_VALUES = 10_000
_WORD = re.compile(r"(?:\\.|[^\s()\[\]{}<>|:\\])+")
_OUT = re.compile(r":(?:\(([^()]*)\)|((?:\\.|[^\s()\[\]{}<>|\\])*))")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:,(\d+))?\Z")
_LIST = re.compile(r"\$([\w/.-]+)(,\S*)?")
_TAG = re.compile(r"\{([^{}:!]*)(?::([^{}!]*))?(![^{}]*)?\}")
_CONVERTER = re.compile(r"(?<!\\)!([a-z]\w*)\Z")
_ESCAPED = re.compile(r"\\(.)")
Said = tuple[str, str | None]  # a template, and what it means (None: the words themselves)


class Trees:
    """Reads sentences and remembers what their trees cannot hold: the meaning of substituted parts
    (`outs`), and the values of lists, written once all rules are known."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.rules: dict[str, tuple[Node, Line]] = {}
        self.slot_lists: dict[str, str] = {}  # as written -> our name
        self.values: list[tuple[str, Node, Line, str | None]] = []
        self.outs: dict[int, tuple[Node, str]] = {}  # by identity; the node is kept alive
        self.resolved: set[str] = set()  # rules whose substitutions found a tag
        self.taken: set[str] = set()

    def parse(self, line: Line, section: str) -> Node:
        """The tree of a sentence; rules without an intent are those of `section`.

        Raises:
            GrammarError: what cannot be read, at its place.
        """

        def take(branch: list[Node], at: int) -> int:
            char = line.text[at]
            if char.isspace():
                return at + 1
            if char == "{":
                return self.tag(line, branch, at)
            if char == "<":
                return self.rule(line, branch, at, section)
            if char == ":":
                return self.substitution(line, branch, at)
            if char == "$" and (match := _LIST.match(line.text, at)):
                return self.slot_list(line, branch, match)
            return self.word(line, branch, at)

        return brackets.parse(line, take, gap=" ")

    def word(self, line: Line, branch: list[Node], at: int) -> int:
        match = _WORD.match(line.text, at)
        if match is None:
            char = line.text[at]
            raise line.fault(at, f"{char!r} stands alone", f"write \\{char} for the sign itself")
        numbers = _RANGE.match(match[0])
        if numbers is not None:
            place = line.home(at)
            ends = zip(("from", "to", "step"), numbers.groups(default="1"), strict=True)
            keys = {"range": {key: Scalar(text, place) for key, text in ends}}
            self.pack.listed(match[0], keys, place)
            branch.append(ListReference(match[0], match[0], True, at))
        else:
            text = self.converted(line, at, match[0])
            branch.append(Text(_ESCAPED.sub(r"\1", text), at))
        return match.end()

    def converted(self, line: Line, at: int, text: str) -> str:
        """A word without its converter."""
        match = _CONVERTER.search(text)
        if match is None:
            return text
        self.no_converter(line, at, match[1])
        return text[: match.start()]

    def no_converter(self, line: Line, at: int, name: str) -> None:
        message = f"the converter !{name} is not applied"
        self.pack.note(line.home(at), message, "write the value as it should be")

    def substitution(self, line: Line, branch: list[Node], at: int) -> int:
        match = _OUT.match(line.text, at)
        assert match is not None
        attached = at > 0 and not line.text[at - 1].isspace() and line.text[at - 1] not in "([|"
        node = branch.pop() if attached and branch else EMPTY
        if node is EMPTY or isinstance(node, Text):
            node = Text(node.text if isinstance(node, Text) else "", at)
        else:
            node = Sequence((node,), at)
        out = match[1] if match[1] is not None else self.converted(line, at, match[2])
        self.outs[id(node)] = (node, " ".join(_ESCAPED.sub(r"\1", out).split()))
        branch.append(node)
        return match.end()

    def slot_list(self, line: Line, branch: list[Node], match: re.Match[str]) -> int:
        if match[2]:
            fix = f"put what it prints into slots/{match[1]}"
            raise line.fault(match.start(), "slot programs are not run", fix)
        name = self.slot_lists.get(match[1]) or self.pack.label(
            match[1].replace("/", "."), line.place
        )
        self.slot_lists[match[1]] = name
        branch.append(ListReference(name, name, True, match.start()))
        return match.end()

    def rule(self, line: Line, branch: list[Node], at: int, section: str) -> int:
        end = line.text.find(">", at)
        name = line.text[at + 1 : end].strip()
        if end < 0:
            raise line.fault(at, "the rule is not closed", "add a '>'")
        if not name:
            raise line.fault(at, "the rule has no name", "write <name>")
        branch.append(RuleReference(name if "." in name else f"{section}.{name}", at))
        return end + 1

    def tag(self, line: Line, branch: list[Node], at: int) -> int:
        match = _TAG.match(line.text, at)
        if match is None:
            raise line.fault(
                at, "the tag is not closed, or no name", "write {name} or {name:value}"
            )
        if not match[1].strip():
            raise line.fault(at, "the tag has no name", "write {name}")
        if not branch:
            raise line.fault(at, "the tag follows no words", "write (words){name}")
        label, out = self.pack.label(match[1], line.place), match[2]
        if match[3]:
            self.no_converter(line, at, match[3][1:])
        node = branch.pop()
        if isinstance(node, ListReference) and not node.is_capture:
            raise line.fault(at, "a second tag on the same words", "keep one")
        if isinstance(node, ListReference) and out is None:
            branch.append(ListReference(node.list_name, label, False, at))
            return match.end()
        optional = isinstance(node, Alternative) and node.is_optional and id(node) not in self.outs
        if optional and isinstance(node, Alternative):
            node = Alternative(node.items[:-1], False, node.at)
        name = next(n for i in count(1) if (n := f"{label}#{i}") not in self.taken)
        self.taken.add(name)
        self.values.append((name, node, line, out))
        tagged = ListReference(name, label, False, at)
        branch.append(Alternative((tagged, EMPTY), True, at) if optional else tagged)
        return match.end()

    def write_lists(self) -> None:
        """Write the values of all lists to the pack."""
        for name, node, line, out in self.values:
            for said, meant in self.said(node, line):
                self.pack.value(name, said, line.home(), meant if out is None else out.strip())

    def said(self, node: Node, line: Line) -> list[Said]:
        """What a tagged part may say and mean. Without substitutions that is one template."""
        if self.substitutes(node):
            return self.expanded(node, line, ())
        return [(render(node), node.text if isinstance(node, Text) else None)]

    def expanded(self, node: Node, line: Line, path: tuple[str, ...]) -> list[Said]:
        """All that a part with substitutions says, each with its meaning."""
        found: list[Said]
        if id(node) in self.outs:
            found = [(render(node), self.outs[id(node)][1])]
        elif isinstance(node, Text):
            found = [(render(node), node.text)]
        elif isinstance(node, RuleReference) and node.rule_name in self.rules:
            found = self.of_rule(node.rule_name, line, path)
        elif isinstance(node, Alternative):
            found = [said for item in node.items for said in self.expanded(item, line, path)]
        elif isinstance(node, Sequence):
            found = self.joined([self.expanded(item, line, path) for item in node.items], line)
        else:
            found = [(render(node), None)]
        self.bounded(len(found), line)
        return found

    def of_rule(self, name: str, line: Line, path: tuple[str, ...]) -> list[Said]:
        if len(path) > MAX_DEPTH:
            message = f"rules are nested more than {MAX_DEPTH} deep"
            raise line.fault(0, message, "let one name what it needs directly")
        if name in path:
            shown = " -> ".join(f"<{step}>" for step in (*path[-5:], name))
            raise line.fault(0, f"a rule needs itself: {shown}", "take one reference out")
        self.resolved.add(name)
        body, home = self.rules[name]
        return self.expanded(body, home, (*path, name))

    def joined(self, parts: list[list[Said]], line: Line) -> list[Said]:
        self.bounded(math.prod(map(len, parts)), line)
        found: list[Said] = []
        for chosen in product(*parts):
            outs = [out for _, out in chosen if out is not None]
            if len(outs) < len(chosen):
                message = "a tag holds a substitution beside a list"
                raise line.fault(0, message, "put tags around each of them")
            found.append(("".join(said for said, _ in chosen), " ".join("".join(outs).split())))
        return found

    @staticmethod
    def bounded(size: int, line: Line) -> None:
        """Check that what a tag holds can be written out."""
        if size > MAX_VALUES:
            message = f"a tag holds more than {MAX_VALUES:,} values"
            raise line.fault(0, message, "put tags around smaller parts")

    def substitutes(self, tree: Node) -> bool:
        """Whether a substitution stands in a tree or in a rule it needs."""
        seen: set[str] = set()
        trees = [tree]
        while trees:
            for part in walk(trees.pop()):
                if id(part) in self.outs:
                    return True
                if isinstance(part, RuleReference) and part.rule_name not in seen:
                    seen.add(part.rule_name)
                    trees += [self.rules[part.rule_name][0]] if part.rule_name in self.rules else []
        return False

    def say_lost(self, tree: Node, line: Line) -> None:
        """Note substitutions outside of tags: their words are said, their meaning is not kept."""
        if any(id(part) in self.outs for part in walk(tree)):
            self.pack.note(
                line.place,
                "a substitution outside of a tag: its words are said, what they mean is not kept",
                "put a tag on it: (words:meaning){name}",
            )
