"""A pack of templates: loaded, counted, and checked for names that are defined nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence as Several
from pathlib import Path

from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar import document, reading
from textsynth.grammar.lint import lint
from textsynth.grammar.lists import RecordList
from textsynth.grammar.model import Grammar, Intent
from textsynth.grammar.scope import Keys, Name, Scope, Scopes, open_references, undefined
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Text,
)

__all__ = ["Grammar", "count", "get_intent", "lint", "load", "loads", "require_closed"]
SUFFIXES = (".yaml", ".yml", ".json")


def load(paths: Path | Several[Path]) -> Grammar:
    """Read a file, a folder (with its subfolders) or several of them as one pack.

    Files are merged as Home Assistant merges them, in the order of their names: mappings and lists
    grow, single values are replaced. Places are relative to the folder, or the bare file name.

    Raises:
        GrammarError: nothing there, or something that cannot be read, at its place.
    """
    given = [paths] if isinstance(paths, Path) else list(paths)
    files = [found for path in given for found in _files(path)]
    if not files:
        raise GrammarError(
            "there are no template files",
            where=", ".join(str(path) for path in given) or None,
            fix=f"name files that end in {', '.join(SUFFIXES)}, or a folder of them",
        )
    top, *others = [document.read(path, name) for path, name in files]
    for other in others:
        document.merge(top, other)
    return reading.grammar(top)


def loads(text: str, name: str = "template") -> Grammar:
    """Read a pack from YAML (or JSON) text.

    Raises:
        GrammarError: as `load`.
    """
    return reading.grammar(document.parse(text, name))


def _files(path: Path) -> list[tuple[Path, str]]:
    if not path.exists():
        raise GrammarError("there is no such file or folder", where=str(path), fix="check the path")
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        return [(p, p.relative_to(path).as_posix()) for p in found]
    return [(path, path.name)]


def get_intent(grammar: Grammar, name: str) -> Intent:
    """An intent by name.

    Raises:
        GrammarError: there is none, with the nearest name there is.
    """
    if name not in grammar.intents:
        raise GrammarError(f"there is no intent {name!r}", fix=did_you_mean(name, grammar.intents))
    return grammar.intents[name]


def require_closed(grammar: Grammar, intents: Several[str] | None = None) -> None:
    """Check that all lists and rules that sentences need are defined, and none needs itself.

    Raises:
        GrammarError: at the first reference to a name defined nowhere, or with the path of a cycle.
    """
    scopes = Scopes(grammar)
    for name in grammar.intents if intents is None else intents:
        intent = get_intent(grammar, name)
        for block in intent.blocks:
            scope = scopes.of(intent, block)
            for sentence in block.sentences:
                scope.order(sentence.tree, scope.memo.setdefault("closed", set()))
                for called, reference, holder in open_references(scope, sentence.tree):
                    raise undefined(scope, sentence, called, reference, holder)


def count(grammar: Grammar, intent: str | None = None, *, seed: int = 0) -> int:
    """Derivations of an intent, or of the whole pack: exact, and of derivations, not texts.

    A wildcard counts one, and so does a list or rule that is defined nowhere; a pool counts what
    it holds under `seed`; lists that share a table of records count the records once a sentence.

    Raises:
        GrammarError: no such intent, a cycle, or a pool that cannot be drawn.
    """
    scopes = Scopes(grammar, seed)
    names = grammar.intents if intent is None else [intent]
    return sum(
        count_sentence(scopes.of(found, block), sentence.tree)
        for found in (get_intent(grammar, name) for name in names)
        for block in found.blocks
        for sentence in block.sentences
    )


def count_sentence(scope: Scope, tree: Node) -> int:
    """Derivations of one sentence in a scope."""
    return _Counter(scope).sentence(tree)


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
