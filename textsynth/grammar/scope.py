"""Which lists and rules are in force for a block, what refers to what, and in which order.

hassil resolves names where they are used: a global rule that mentions `<x>` sees the `<x>` of the
block it is used in. So everything that is computed of a rule or list belongs to a scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar import syntax
from textsynth.grammar.lists import (
    PoolList,
    RangeList,
    RecordList,
    SlotList,
    TextList,
    pool_pairs,
    range_pairs,
    wildcard_words,
)
from textsynth.grammar.syntax import ListReference, Node, RuleReference, Text

if TYPE_CHECKING:
    from textsynth.grammar.model import Block, Grammar, Intent, Rule

Name = tuple[str, str]  # ("list" or "rule", its name)
Key = tuple[str, str]  # a table of records, and the group of slots that share a record
Keys = frozenset[Key]


@dataclass(eq=False)
class Scope:
    """The names of a block. `memo` holds what others compute of them."""

    lists: Mapping[str, SlotList]
    rules: Mapping[str, Rule]
    language: str
    seed: int = 0
    requires: Mapping[str, Any] = field(default_factory=dict)
    excludes: Mapping[str, Any] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def list_of(self, reference: ListReference) -> SlotList | None:
        """The list a reference means; None where it is defined nowhere."""
        found = self.lists.get(reference.list_name)
        if found is None and (parts := reference.inline_range) is not None:
            return RangeList(reference.list_name, *parts)
        return found

    def values(self, slot_list: SlotList) -> list[tuple[Node | str, str | None]]:
        """What may be said and what it means (None: the words themselves), in order."""
        if isinstance(slot_list, TextList):
            return [
                (value.tree, value.out)
                for value in slot_list.values
                if fits(value.context, self.requires, self.excludes)
            ]
        key = ("values", slot_list.name)
        if key not in self.memo:
            self.memo[key] = self._pairs(slot_list)
        found: list[tuple[Node | str, str | None]] = self.memo[key]
        return found

    def _pairs(self, slot_list: SlotList) -> Sequence[tuple[str, str]]:
        if isinstance(slot_list, RangeList):
            return range_pairs(slot_list, self.language)
        if isinstance(slot_list, PoolList):
            return pool_pairs(slot_list, self.seed)
        if isinstance(slot_list, RecordList):
            return [(r[slot_list.column], r[slot_list.column]) for r in slot_list.records]
        words = wildcard_words(slot_list.name)
        return [(words, words)]

    def references(self, name: Name) -> tuple[Node, ...]:
        """The references in the body of a rule, or in the values of a list."""
        known: dict[Name, tuple[Node, ...]] = self.memo.setdefault("references", {})
        if name not in known:
            kind, called = name
            rule, slot_list = self.rules.get(called), self.lists.get(called)
            trees: list[Node] = []
            if kind == "rule" and rule is not None:
                trees = [rule.tree]
            elif kind == "list" and isinstance(slot_list, TextList):
                trees = [value.tree for value in slot_list.values]
            known[name] = tuple(found for tree in trees for found in refer(tree))
        return known[name]

    def order(self, tree: Node, done: set[Name]) -> list[Name]:
        """The names a tree needs that are not yet `done`, each after those it needs itself; they
        are added to `done`.

        Raises:
            GrammarError: a name needs itself; the message holds the path.
        """
        found: list[Name] = []
        for root in dict.fromkeys(map(target, refer(tree))):
            stack: list[tuple[Name, Iterator[Node]]] = []
            path: dict[Name, None] = {}
            self._enter(root, done, stack, path)
            while stack:
                name, ahead = stack[-1]
                following = next(ahead, None)
                if following is None:
                    stack.pop()
                    del path[name]
                    done.add(name)
                    found.append(name)
                elif target(following) in path:
                    raise self._cycle([*path, target(following)])
                else:
                    self._enter(target(following), done, stack, path)
        return found

    def slots(self, tree: Node) -> Iterator[ListReference]:
        """The list references of a tree and of the rules it needs, captures left out."""
        seen: set[str] = set()
        trees = [tree]
        while trees:
            for reference in refer(trees.pop()):
                if isinstance(reference, ListReference):
                    if not reference.is_capture:
                        yield reference
                elif isinstance(reference, RuleReference):
                    rule = self.rules.get(reference.rule_name)
                    if rule is not None and rule.name not in seen:
                        seen.add(rule.name)
                        trees.append(rule.tree)

    def key(self, found: RecordList, reference: ListReference) -> Key:
        """What decides on the record of a reference: its table, and the group of its slot."""
        return (found.table, self.group.get(reference.slot_name, ""))

    def records(self, key: Key) -> int:
        """How many records a key chooses from."""
        tables = (found for found in self.lists.values() if isinstance(found, RecordList))
        return next(len(found.records) for found in tables if found.table == key[0])

    def keys(self, tree: Node) -> Keys:
        """The records that a tree speaks of, outside the values of its lists."""
        if not self.has_records:
            return frozenset()
        return frozenset(
            self.key(found, reference)
            for reference in self.slots(tree)
            if isinstance(found := self.list_of(reference), RecordList)
        )

    def picks(self, node: Node, bound: Keys) -> Keys:
        """The records to be chosen for a sequence or permutation: those that several of its parts
        speak of, unless something around it chose already."""
        if not self.has_records:
            return frozenset()
        spoken = Counter(key for item in syntax.children(node) for key in self.keys(item))
        return frozenset(key for key, times in spoken.items() if times > 1) - bound

    @property
    def has_records(self) -> bool:
        """Whether some list is a column of records."""
        if "records" not in self.memo:
            self.memo["records"] = any(isinstance(x, RecordList) for x in self.lists.values())
        return bool(self.memo["records"])

    def _enter(
        self,
        name: Name,
        done: set[Name],
        stack: list[tuple[Name, Iterator[Node]]],
        path: dict[Name, None],
    ) -> None:
        if name not in done:
            stack.append((name, iter(self.references(name))))
            path[name] = None

    def _cycle(self, path: list[Name]) -> GrammarError:
        path = path[path.index(path[-1]) :]
        shown = " -> ".join(spell(name) for name in path)
        kind, called = path[0]
        home = self.rules[called] if kind == "rule" else self.lists[called]
        return GrammarError(
            f"{spell(path[0])} needs itself: {shown}",
            where=home.place.at(),
            fix="take one of these references out",
        )


def refer(tree: Node) -> tuple[Node, ...]:
    """The list and rule references of a tree."""
    if isinstance(tree, Text):
        return ()
    return tuple(n for n in syntax.walk(tree) if isinstance(n, (ListReference, RuleReference)))


def target(reference: Node) -> Name:
    """The name a reference means."""
    if isinstance(reference, RuleReference):
        return ("rule", reference.rule_name)
    assert isinstance(reference, ListReference)
    return ("list", reference.list_name)


def spell(name: Name) -> str:
    """A name in the notation of templates."""
    return f"<{name[1]}>" if name[0] == "rule" else f"{{{name[1]}}}"


def fits(
    context: Mapping[str, Any], requires: Mapping[str, Any], excludes: Mapping[str, Any]
) -> bool:
    """Whether hassil would take a list value of this context in a block that requires and excludes
    these: what the value does not say is no obstacle."""
    missed = any(
        _unwrap(wanted) is not None and not _agrees(context[key], wanted)
        for key, wanted in requires.items()
        if key in context
    )
    met = any(_agrees(context[key], bad) for key, bad in excludes.items() if key in context)
    return not missed and not met


def _agrees(actual: Any, wanted: Any) -> bool:
    actual, wanted = _unwrap(actual), _unwrap(wanted)
    return bool(actual in wanted if isinstance(wanted, list) else actual == wanted)


def _unwrap(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value


class Scopes:
    """The scopes of a grammar under one seed; blocks that define nothing of their own share one."""

    def __init__(self, grammar: Grammar, seed: int = 0) -> None:
        self.grammar, self.seed = grammar, seed
        self.known: dict[Any, Scope] = {}
        self.contextual = any(
            isinstance(found, TextList) and any(value.context for value in found.values)
            for found in grammar.lists.values()
        )

    def of(self, intent: Intent, block: Block) -> Scope:
        """The scope of a block of an intent."""
        local = bool(block.lists or block.rules)
        contextual = self.contextual or any(
            isinstance(found, TextList) and any(value.context for value in found.values)
            for found in (*intent.lists.values(), *block.lists.values())
        )
        bound = contextual and bool(block.requires_context or block.excludes_context)
        inner = bool(intent.lists or intent.rules)
        own = local or bound or bool(block.group)
        key = (intent.name if inner or own else "", id(block) if own else 0)
        if key not in self.known:
            self.known[key] = Scope(
                lists={**self.grammar.lists, **intent.lists, **block.lists},
                rules={**self.grammar.rules, **intent.rules, **block.rules},
                language=self.grammar.language,
                seed=self.seed,
                requires=block.requires_context if bound else {},
                excludes=block.excludes_context if bound else {},
                group=block.group,
            )
        return self.known[key]


@lru_cache(maxsize=8)
def shared_scopes(grammar: Grammar, seed: int) -> Scopes:
    """Scopes of a grammar under a seed, with what was compiled in them for other intents."""
    return Scopes(grammar, seed)


def get_intent(grammar: Grammar, name: str) -> Intent:
    """An intent by name.

    Raises:
        GrammarError: there is none, with the nearest name there is.
    """
    if name not in grammar.intents:
        raise GrammarError(f"there is no intent {name!r}", fix=did_you_mean(name, grammar.intents))
    return grammar.intents[name]
