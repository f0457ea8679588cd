"""A sentence as a product and sum of tables of ready-made fragments.

A derivation is an index below `count`, decoded digit by digit. Small groups are multiplied out when
the sentence is compiled, so most sentences end as two or three tables, and a row is a few look-ups.
White space is kept as flags at the edges of a fragment until `link` knows what stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import NamedTuple

from textsynth.errors import GrammarError
from textsynth.grammar.lists import RecordList, SlotList, WildcardList
from textsynth.grammar.model import Grammar
from textsynth.grammar.scope import Key, Keys, Name, Scope, Scopes
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)
from textsynth.keyed import content_id
from textsynth.patterns import Value, escape
from textsynth.values import ValueList

MULTIPLIED = 512  # tables up to this size are multiplied out
JOINED = 4096  # tables up to this size are put one after the other
EXPANDED = 200_000  # values that one list may have
SLOT = "\0"  # where a slot stands in the pattern of a fragment


class Span(NamedTuple):
    """A slot in a fragment, in characters of its core."""

    start: int
    end: int
    label: str
    value: str


class Fragment(NamedTuple):
    """Words, and whether white space stands before and after them. `pattern` is the core with a
    `SLOT` mark for each span. Without words, both flags are equal."""

    before: bool
    core: str
    after: bool
    pattern: str = ""
    spans: tuple[Span, ...] = ()


NOTHING = Fragment(False, "", False)
SPACE = Fragment(True, "", True)


@dataclass(eq=False, slots=True)
class Table:
    """Fragments to choose one of."""

    fragments: Several[Fragment]

    @property
    def count(self) -> int:
        return len(self.fragments)


@dataclass(eq=False, slots=True)
class Product:
    """Parts one after the other; the first is the lowest digit."""

    parts: tuple[Part, ...]
    count: int


@dataclass(eq=False, slots=True)
class Choice:
    """One of the branches; their indices follow one another."""

    branches: tuple[Part, ...]
    count: int


@dataclass(eq=False, slots=True)
class Pick:
    """The choice of a record, which says nothing by itself."""

    key: Key
    count: int


@dataclass(eq=False, slots=True)
class Echo:
    """A column of the record that an earlier `Pick` of this key chose."""

    key: Key
    fragments: Several[Fragment]
    count: int = 1


@dataclass(eq=False, slots=True)
class Trim:
    """A part without the white space at its edges, as hassil gives a permutation."""

    part: Part
    count: int


Part = Table | Product | Choice | Pick | Echo | Trim
ONE = Table([NOTHING])


def join(left: Fragment, right: Fragment) -> Fragment:
    """One fragment after the other."""
    if not left.core:
        spaced = left.before or right.before
        return right._replace(before=spaced) if right.core else SPACE if spaced else NOTHING
    if not right.core:
        return left._replace(after=left.after or right.before)
    gap = " " if left.after or right.before else ""
    shift = len(left.core) + len(gap)
    moved = tuple(Span(s.start + shift, s.end + shift, *s[2:]) for s in right.spans)
    return Fragment(
        left.before,
        f"{left.core}{gap}{right.core}",
        right.after,
        f"{left.pattern}{gap}{right.pattern}",
        left.spans + moved,
    )


def literal(text: str) -> Fragment:
    """Plain text; white space inside becomes single spaces."""
    core = " ".join(text.split())
    if not core:
        return SPACE if text else NOTHING
    return Fragment(text[:1].isspace(), core, text[-1:].isspace(), escape(core))


def slot(surface: Fragment, label: str, value: str | None) -> Fragment:
    """A fragment as the surface of a slot; spans inside it give way. Nothing said, no slot."""
    if not surface.core:
        return surface
    span = Span(0, len(surface.core), label, surface.core if value is None else value)
    return surface._replace(pattern=SLOT, spans=(span,))


def product(parts: Iterable[Part]) -> Part:
    """Parts one after the other, small neighbours multiplied out."""
    found: list[Part] = []
    for part in parts:
        for inner in part.parts if isinstance(part, Product) else (part,):
            last = found[-1] if found else None
            if isinstance(inner, Table) and inner.fragments == ONE.fragments:
                continue
            if (
                isinstance(last, Table)
                and isinstance(inner, Table)
                and last.count * inner.count <= MULTIPLIED
            ):
                found[-1] = Table([join(a, b) for b in inner.fragments for a in last.fragments])
            else:
                found.append(inner)
    if len(found) == 1:
        return found[0]
    return Product(tuple(found), math.prod(p.count for p in found)) if found else ONE


def choice(branches: Iterable[Part]) -> Part:
    """One of the branches, small neighbours put into one table."""
    found: list[Part] = []
    flat = [b for part in branches for b in (part.branches if isinstance(part, Choice) else [part])]
    flat.sort(key=lambda part: not isinstance(part, Table))
    for inner in flat:
        last = found[-1] if found else None
        if (
            isinstance(last, Table)
            and isinstance(inner, Table)
            and last.count + inner.count <= JOINED
        ):
            found[-1] = Table([*last.fragments, *inner.fragments])
        else:
            found.append(inner)
    return found[0] if len(found) == 1 else Choice(tuple(found), sum(p.count for p in found))


def compile_sentence(scope: Scope, tree: Node) -> Part:
    """The tables of a sentence in a scope; what other sentences share is compiled once.

    Raises:
        GrammarError: a cycle, or a list whose templates give more than `EXPANDED` values.
    """
    return _Compiler(scope).sentence(tree)


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.rules: dict[tuple[str, Keys], Part] = scope.memo.setdefault("parts", {})
        self.tables: dict[tuple[str, str | None], Table] = scope.memo.setdefault("tables", {})
        self.done: set[Name] = scope.memo.setdefault("compiled", set())

    def sentence(self, tree: Node) -> Part:
        self.prepare(tree)
        return self.node(tree, frozenset())

    def prepare(self, tree: Node) -> None:
        """Compile what a tree needs, from the bottom up: no chain of rules is too long."""
        for kind, called in self.scope.order(tree, self.done):
            if kind == "rule":
                self.rule(called, frozenset())
            else:
                self.table(called, None)

    def rule(self, called: str, bound: Keys) -> Part:
        rule = self.scope.rules.get(called)
        if rule is None:
            return ONE
        bound = bound & self.scope.keys(rule.tree)
        if (called, bound) not in self.rules:
            self.rules[called, bound] = self.node(rule.tree, bound)
        return self.rules[called, bound]

    def node(self, node: Node, bound: Keys) -> Part:
        if isinstance(node, Text):
            return Table([literal(node.text)])
        if isinstance(node, ListReference):
            return self.listed(node, bound)
        if isinstance(node, RuleReference):
            return self.rule(node.rule_name, bound)
        if isinstance(node, Alternative):
            return choice(self.node(item, bound) for item in node.items)
        picked = self.scope.picks(node, bound)
        picks = [Pick(key, self.scope.records(key)) for key in sorted(picked)]
        bound = bound | picked
        if isinstance(node, Sequence):
            body = product(self.node(item, bound) for item in node.items)
        else:
            body = self.permutation(node, [self.node(item, bound) for item in node.items])
        return product([*picks, body]) if picks else body

    def permutation(self, node: Permutation, items: list[Part]) -> Part:
        """All orders: each item first, then the orders of the others, which are shared."""
        gap = [Table([SPACE])] if node.spaced else []
        memo: dict[int, Part] = {0: ONE}

        def orders(left: int) -> Part:
            if left not in memo:
                branches = []
                for place, item in enumerate(items):
                    rest = left & ~(1 << place)
                    if rest != left:
                        branches.append(product([item, *gap, orders(rest)] if rest else [item]))
                memo[left] = choice(branches)
            return memo[left]

        return trim(orders((1 << len(items)) - 1))

    def listed(self, reference: ListReference, bound: Keys) -> Part:
        label = None if reference.is_capture else reference.slot_name
        found = self.scope.list_of(reference)
        if isinstance(found, RecordList):
            key = self.scope.key(found, reference)
            if key in bound:
                return Echo(key, self.table(reference.list_name, label).fragments)
        return self.table(reference.list_name, label)

    def table(self, called: str, label: str | None) -> Table:
        """The values of a list as surfaces of a slot, or as bare words."""
        if (called, label) not in self.tables:
            found = self.scope.list_of(ListReference(called, called))
            if found is None:
                return ONE
            self.tables[called, label] = Table(self.values(found, label))
        return self.tables[called, label]

    def values(self, slot_list: SlotList, label: str | None) -> list[Fragment]:
        fragments: list[Fragment] = []
        for said, out in self.scope.values(slot_list):
            surfaces = [literal(said)] if isinstance(said, str) else self.surfaces(said, slot_list)
            if label is None:
                fragments += [f._replace(pattern=escape(f.core), spans=()) for f in surfaces]
            else:
                fragments += [slot(surface, label, out) for surface in surfaces]
            if len(fragments) > EXPANDED:
                raise GrammarError(
                    f"the list {{{slot_list.name}}} has more than {EXPANDED:,} values",
                    where=slot_list.place.at(),
                    fix="write templates in sentences rather than in values",
                )
        return fragments

    def surfaces(self, tree: Node, slot_list: SlotList) -> list[Fragment]:
        if isinstance(tree, Text):
            return [literal(tree.text)]
        part = self.node(tree, frozenset())
        if part.count > EXPANDED:
            raise GrammarError(
                f"a value of the list {{{slot_list.name}}} can be said in {part.count:,} ways",
                where=slot_list.place.at(),
                fix=f"keep it under {EXPANDED:,}",
            )
        return expand(part)


def expand(part: Part, picked: dict[Key, int] | None = None) -> list[Fragment]:
    """All fragments of a part, in the order of their indices."""
    picked = picked or {}
    if isinstance(part, Table):
        return list(part.fragments)
    if isinstance(part, Echo):
        return [part.fragments[picked[part.key]]]
    if isinstance(part, Choice):
        return [f for branch in part.branches for f in expand(branch, picked)]
    if isinstance(part, Trim):
        return [trimmed(f) for f in expand(part.part, picked)]
    assert isinstance(part, Product)
    first, *rest = part.parts
    tail = Product(tuple(rest), math.prod(p.count for p in rest))
    if isinstance(first, Pick):
        tails = [expand(tail, {**picked, first.key: place}) for place in range(first.count)]
        return [t[place] for place in range(tail.count) for t in tails]
    heads = expand(first, picked)
    return [join(a, b) for b in expand(tail, picked) for a in heads] if rest else heads


def digest(part: Part, memo: dict[int, str]) -> str:
    """A hash of all that a part can say, and in which order."""
    if id(part) not in memo:
        if isinstance(part, (Table, Echo)):
            said = [str(tuple(fragment)) for fragment in part.fragments]
        elif isinstance(part, Product):
            said = [digest(item, memo) for item in part.parts]
        elif isinstance(part, Choice):
            said = [digest(branch, memo) for branch in part.branches]
        else:
            said = [digest(part.part, memo)] if isinstance(part, Trim) else [*part.key]
        memo[id(part)] = content_id(type(part).__name__, *said)
    return memo[id(part)]


def trimmed(fragment: Fragment) -> Fragment:
    """A fragment without the white space at its edges."""
    return fragment._replace(before=False, after=False)


def trim(part: Part) -> Part:
    """A part without the white space at its edges."""
    if isinstance(part, Table):
        return Table([trimmed(f) for f in part.fragments])
    return Trim(part, part.count)


def value_lists(grammar: Grammar, seed: int) -> dict[str, ValueList]:
    """As `Grammar.value_lists`."""
    scopes = Scopes(grammar, seed)
    found: dict[str, dict[Value, None]] = {}
    for intent in grammar.intents.values():
        for block in intent.blocks:
            scope = scopes.of(intent, block)
            compiler = _Compiler(scope)
            for sentence in block.sentences:
                compiler.prepare(sentence.tree)
                for reference in scope.slots(sentence.tree):
                    slot_list = scope.list_of(reference)
                    listed = (reference.list_name, reference.slot_name)
                    if isinstance(slot_list, WildcardList | None) or listed in scope.memo:
                        continue
                    scope.memo[listed] = True
                    values = found.setdefault(reference.slot_name, {})
                    for fragment in compiler.table(*listed).fragments:
                        if fragment.spans:
                            values[Value(fragment.core, fragment.spans[0].value)] = None
    return {name: ValueList(name, tuple(values)) for name, values in found.items()}
