"""Sentence text to a syntax tree, in the notation of hassil 3.12 (Home Assistant's templates).

    (a|b)         alternatives           {list}  {list:slot}   a value of a list fills a slot
    [a]  [a|b]    optional               {1..9:slot}           an inline range
    (a;b)         any order              {list:@name}          a capture: filled, but no slot
    \\(            an escaped character   <rule>                an expansion rule

White space belongs to the text: `light[s]` is one word. The parser keeps its own stack, so nesting
costs no Python frames; it stops at `MAX_DEPTH`, since what walks the tree later recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from textsynth.errors import GrammarError
from textsynth.patterns import LABEL, escape

MAX_DEPTH = 100
MAX_PERMUTED = 8
MAX_DIGITS = 15  # of the numbers of a range written in place
_LITERAL = re.compile(r"(?:[^\\()\[\]{}<>|;]|\\.)+")
_ESCAPED = re.compile(r"\\(.)")
_INLINE_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:,(\d+))?\Z")
_CLOSES = {"(": ")", "[": "]", "{": "}", "<": ">"}
_KINDS = {"(": "group", "[": "optional", "{": "list", "<": "rule"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: file (relative), line and column from 1. Where `exact` is false the text
    spans lines or holds escapes of YAML, and columns inside it cannot be told."""

    file: str = "template"
    line: int = 1
    column: int = 1
    exact: bool = True

    def at(self, offset: int = 0) -> str:
        """`file:line:column` of a character of the text."""
        return f"{self.file}:{self.line}:{self.column + (offset if self.exact else 0)}"

    @property
    def template(self) -> str:
        """`file:line`, the id of the template that stands here."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, escapes removed, white space as written."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    items: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the branches; an optional is an alternative whose last branch is empty text."""

    items: tuple[Node, ...]
    is_optional: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Permutation:
    """All of the parts, in any order. hassil puts spaces between them, save where a `|` follows in
    the same brackets; `spaced` says which."""

    items: tuple[Node, ...]
    spaced: bool = True
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListReference:
    """A value of a list. `slot_name` is the slot it fills; a capture fills none."""

    list_name: str
    slot_name: str
    is_capture: bool = False
    at: int = field(default=0, compare=False)

    @property
    def inline_range(self) -> tuple[int, int, int] | None:
        """(from, to, step) where the name itself is a range."""
        match = _INLINE_RANGE.match(self.list_name)
        return (int(match[1]), int(match[2]), int(match[3] or 1)) if match else None


@dataclass(frozen=True, slots=True)
class RuleReference:
    """The body of an expansion rule."""

    rule_name: str
    at: int = field(default=0, compare=False)


Node = Text | Sequence | Alternative | Permutation | ListReference | RuleReference
EMPTY = Text("")


@dataclass(slots=True)
class _Group:
    """Brackets that are still open: the branches so far, each a list of parts. Where `|` and `;`
    stand in the same brackets, hassil takes what stands before the change as one branch; `mixed`
    is where that happened last."""

    opener: str
    at: int
    branches: list[list[Node]] = field(default_factory=lambda: [[]])
    separator: str = ""
    mixed: int | None = None


def parse(text: str, place: Place | None = None) -> Node:
    """The tree of one sentence, rule body or list value.

    Raises:
        GrammarError: with file, line, column, a caret and the remedy.
    """
    return _Parser(text, place or Place()).parse()


def fault(text: str, place: Place, at: int, message: str, fix: str) -> GrammarError:
    """An error about the character `at` of a text, with the text and a caret under it."""
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:].split("\n", 1)[0]
    left = max(0, at - line_start - 60)
    shown = line[left : left + 100].replace("\t", " ")
    caret = " " * (at - line_start - left) + "^"
    return GrammarError(message, where=place.at(at), excerpt=f"  {shown}\n  {caret}", fix=fix)


class _Parser:
    def __init__(self, text: str, place: Place) -> None:
        stripped = text.strip()
        self.start = text.find(stripped) if stripped else 0
        self.text, self.place = text, place
        self.end = self.start + len(stripped)
        self.stack = [_Group("", self.start)]

    def parse(self) -> Node:
        at = self.start
        if at == self.end:
            raise self.fault(0, "the sentence is empty", "write some words, or remove it")
        while at < self.end:
            at = self.step(at, self.text[at])
        if len(self.stack) > 1:
            opener = self.stack[-1].opener
            raise self.fault(
                self.stack[-1].at,
                f"the {_KINDS[opener]} is not closed",
                f"add a {_CLOSES[opener]!r}, or write \\{opener} for the character itself",
            )
        return self.close(self.stack.pop())

    def step(self, at: int, char: str) -> int:
        """Read what begins at `at`; returns where the next thing begins."""
        group = self.stack[-1]
        if char in "([":
            if len(self.stack) > MAX_DEPTH:
                raise self.fault(
                    at,
                    f"brackets are nested more than {MAX_DEPTH} deep",
                    "move inner parts to expansion_rules",
                )
            self.stack.append(_Group(char, at))
        elif char in "{<":
            node, end = self.reference(at, char)
            group.branches[-1].append(node)
            return end
        elif char in ")]":
            if group.opener == "" or _CLOSES[group.opener] != char:
                raise self.unopened(at, char, group)
            self.stack.pop()
            self.stack[-1].branches[-1].append(self.close(group))
        elif char in "|;":
            self.separate(group, char, at)
        elif char in "}>":
            raise self.unopened(at, char, group)
        else:
            match = _LITERAL.match(self.text, at, self.end)
            if match is None:
                raise self.fault(at, "a backslash escapes nothing", "write \\\\ for a backslash")
            group.branches[-1].append(Text(_ESCAPED.sub(r"\1", match[0]), at))
            return match.end()
        return at + 1

    def separate(self, group: _Group, char: str, at: int) -> None:
        if group.separator not in ("", char):
            group.branches = [[self.combined(group, spaced=False)]]
            group.mixed = at
        group.separator = char
        group.branches.append([])

    def combined(self, group: _Group, spaced: bool) -> Node:
        """The branches of a group as one node."""
        branches = tuple(_sequence(branch, group.at) for branch in group.branches)
        if len(branches) == 1:
            return branches[0]
        if group.separator == "|":
            return Alternative(branches, False, group.at)
        if len(branches) > MAX_PERMUTED:
            raise self.fault(
                group.at,
                f"a permutation has more than {MAX_PERMUTED} parts",
                "put some of them together in brackets",
            )
        return Permutation(branches, spaced, group.at)

    def reference(self, at: int, opener: str) -> tuple[Node, int]:
        """A `{list}` or `<rule>` and where it ends; brackets of its own kind may nest in it."""
        closer, depth, end = _CLOSES[opener], 1, at + 1
        while end < self.end and depth:
            char = self.text[end]
            depth += (char == opener) - (char == closer)
            end += 2 if char == "\\" else 1
        if depth:
            raise self.fault(
                at,
                f"the {_KINDS[opener]} is not closed",
                f"add a {closer!r}, or write \\{opener} for the character itself",
            )
        name = _ESCAPED.sub(r"\1", self.text[at + 1 : end - 1])
        if opener == "<":
            node: Node = RuleReference(name, at)
        else:
            listed, colon, slot = name.partition(":")
            if not colon and listed.startswith("@"):
                listed, slot = listed[1:], listed
            capture = slot.startswith("@")
            node = ListReference(listed, slot[capture:] if slot else listed, capture, at)
            name = listed if slot or not colon else ""
        if not name:
            raise self.fault(at, f"the {_KINDS[opener]} has no name", f"write {opener}name{closer}")
        if isinstance(node, ListReference):
            self.check(node)
        return node, end

    def check(self, reference: ListReference) -> None:
        """Check the range that a reference may be, and the name of its slot, which stands in
        patterns."""
        listed, slot = reference.list_name, reference.slot_name
        if (match := _INLINE_RANGE.match(listed)) is not None:
            start, stop, step = (n or "1" for n in match.groups())
            if max(map(len, (start, stop, step))) > MAX_DIGITS:
                message = f"a number of the range has more than {MAX_DIGITS} digits"
                raise self.fault(reference.at, message, "write the digits one by one: {0..9:a}")
            if int(start) > int(stop):
                message = f"the range is upside down: from {start} to {stop}"
                raise self.fault(reference.at, message, f"write {stop}..{start}")
            if int(step) < 1:
                raise self.fault(reference.at, "the step is below one", "use 1 or more")
        if not reference.is_capture and not LABEL.match(slot):
            label = "count" if match else re.sub(r"\W+", "_", slot).strip("_") or "slot"
            label = label if LABEL.match(label) else f"slot_{label}"
            raise self.fault(
                reference.at,
                f"{slot[:40]!r} cannot name a slot",
                f"write {{{escape(listed[:40])}:{label[:40]}}}, in letters, digits, _, - and .",
            )

    def close(self, group: _Group) -> Node:
        """The node of a group whose brackets are complete."""
        if group.branches == [[]]:
            raise self.fault(
                group.at, f"the {_KINDS[group.opener]} is empty", "write something in it"
            )
        if group.separator == ";" and group.mixed is not None:
            raise self.fault(
                group.mixed,
                "| and ; stand in the same brackets",
                "put brackets around what belongs together",
            )
        node = self.combined(group, spaced=True)
        if group.opener == "[":
            inner = node.items if isinstance(node, Alternative) and group.separator else (node,)
            node = Alternative((*inner, EMPTY), True, group.at)
        return node

    def unopened(self, at: int, char: str, group: _Group) -> GrammarError:
        if group.opener:
            message = f"{char!r} where the {_KINDS[group.opener]} wants {_CLOSES[group.opener]!r}"
        else:
            message = f"{char!r} closes nothing"
        return self.fault(at, message, f"remove it, or write \\{char} for the character itself")

    def fault(self, at: int, message: str, fix: str) -> GrammarError:
        return fault(self.text, self.place, at, message, fix)


def _sequence(items: list[Node], at: int) -> Node:
    if len(items) == 1:
        return items[0]
    return Sequence(tuple(items), at) if items else EMPTY


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    return node.items if isinstance(node, (Sequence, Alternative, Permutation)) else ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything in it, in the order of the text."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def empty_branch(node: Node) -> int | None:
    """Where an alternative has an empty branch (but for the one that makes it an optional): hassil
    never recognises it."""
    for part in walk(node):
        if isinstance(part, Alternative):
            written = part.items[:-1] if part.is_optional else part.items
            if EMPTY in written:
                return part.at
    return None


def is_template(text: str) -> bool:
    """Whether hassil reads a list value as a template rather than as plain text."""
    return re.match(r".*[(){}<>\[\]|@].*", text) is not None
