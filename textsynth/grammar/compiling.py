"""Sentences to tables of fragments; what sentences share is compiled once a scope."""

from __future__ import annotations

from textsynth.errors import GrammarError, figure
from textsynth.grammar.fragments import (
    ONE,
    SPACE,
    Echo,
    Fragment,
    Part,
    Pick,
    Table,
    choice,
    expand,
    literal,
    product,
    slot,
    trim,
)
from textsynth.grammar.lists import EXPANDED, RecordList, SlotList, WildcardList
from textsynth.grammar.model import Grammar
from textsynth.grammar.scope import Keys, Name, Scope, Scopes
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)
from textsynth.patterns import Value, escape
from textsynth.values import ValueList


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
                f"a value of the list {{{slot_list.name}}} has {figure(part.count)} wordings",
                where=slot_list.place.at(),
                fix=f"keep it under {EXPANDED:,}",
            )
        return expand(part)


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
                    done: set[tuple[str, str]] = scope.memo.setdefault("listed", set())
                    if isinstance(slot_list, WildcardList | None) or listed in done:
                        continue
                    done.add(listed)
                    values = found.setdefault(reference.slot_name, {})
                    for fragment in compiler.table(*listed).fragments:
                        if fragment.spans:
                            values[Value(fragment.core, fragment.spans[0].value)] = None
    return {name: ValueList(name, tuple(values)) for name, values in found.items()}
