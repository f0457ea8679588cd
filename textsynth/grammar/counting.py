"""How many derivations there are, exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from textsynth.errors import GrammarError
from textsynth.grammar.lists import RangeList, RecordList, range_size
from textsynth.grammar.model import Grammar, Sentence
from textsynth.grammar.scope import Keys, Name, Scope, Scopes, get_intent
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Text,
)


def count(grammar: Grammar, intent: str | None = None, *, seed: int = 0) -> int:
    """Derivations of an intent, or of the whole pack: exact, and of derivations, not texts.

    A wildcard counts one, and so does a list or rule that is defined nowhere; a pool counts what
    it holds under `seed`; lists that share a table of records count the records once a sentence.

    Raises:
        GrammarError: no such intent, a cycle, or a pool that cannot be drawn.
    """
    names = grammar.intents if intent is None else [intent]
    return sum(size for name in names for _, size in sentence_counts(grammar, name, seed=seed))


def sentence_counts(grammar: Grammar, intent: str, *, seed: int = 0) -> list[tuple[Sentence, int]]:
    """The sentences of an intent, each with its derivations, counted as `count` does.

    Raises:
        GrammarError: as `count`.
    """
    scopes, found = Scopes(grammar, seed), get_intent(grammar, intent)
    with bounded():
        return [
            (sentence, count_sentence(scopes.of(found, block), sentence.tree))
            for block in found.blocks
            for sentence in block.sentences
        ]


def count_sentence(scope: Scope, tree: Node) -> int:
    """Derivations of one sentence in a scope."""
    return _Counter(scope).sentence(tree)


def labels(grammar: Grammar, intent: str) -> set[str]:
    """The slot labels that utterances of an intent may hold."""
    scopes = Scopes(grammar)
    found = get_intent(grammar, intent)
    return {
        reference.slot_name
        for block in found.blocks
        for sentence in block.sentences
        for reference in scopes.of(found, block).slots(sentence.tree)
        if not reference.is_capture
    }


@contextmanager
def bounded() -> Iterator[None]:
    """Turn nesting that no limit of the parser saw, since rules hold rules, into an error."""
    try:
        yield
    except RecursionError as error:
        raise GrammarError(
            "rules are nested too deep", fix="put rules that are used once into their sentence"
        ) from error


class _Counter:
    """The same walk as the compiler's, with numbers for tables."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.lists: dict[str, int] = scope.memo.setdefault("list sizes", {})
        self.rules: dict[tuple[str, Keys], int] = scope.memo.setdefault("rule sizes", {})
        self.done: set[Name] = scope.memo.setdefault("counted", set())

    def sentence(self, tree: Node) -> int:
        for kind, called in self.scope.order(tree, self.done):
            if kind == "rule":
                self.rule(called, frozenset())
            else:
                self.list(called)
        return self.node(tree, frozenset())

    def rule(self, called: str, bound: Keys) -> int:
        rule = self.scope.rules.get(called)
        if rule is None:
            return 1
        bound = bound & self.scope.keys(rule.tree)
        if (called, bound) not in self.rules:
            self.rules[called, bound] = self.node(rule.tree, bound)
        return self.rules[called, bound]

    def list(self, called: str) -> int:
        if called not in self.lists:
            found = self.scope.list_of(ListReference(called, called))
            if isinstance(found, RangeList) and not found.words:  # of any size
                self.lists[called] = range_size(found)
                return self.lists[called]
            said = [] if found is None else [tree for tree, _ in self.scope.values(found)]
            sizes = (1 if isinstance(tree, str) else self.node(tree, frozenset()) for tree in said)
            self.lists[called] = 1 if found is None else sum(sizes)
        return self.lists[called]

    def node(self, node: Node, bound: Keys) -> int:
        if isinstance(node, Text):
            return 1
        if isinstance(node, ListReference):
            if bound:
                found = self.scope.list_of(node)
                if isinstance(found, RecordList) and self.scope.key(found, node) in bound:
                    return 1
            return self.list(node.list_name)
        if isinstance(node, RuleReference):
            return self.rule(node.rule_name, bound)
        if isinstance(node, Alternative):
            return sum(self.node(part, bound) for part in node.items)
        picked = self.scope.picks(node, bound)
        total = math.prod(self.scope.records(key) for key in picked)
        total *= math.prod(self.node(part, bound | picked) for part in node.items)
        return total * (math.factorial(len(node.items)) if isinstance(node, Permutation) else 1)
