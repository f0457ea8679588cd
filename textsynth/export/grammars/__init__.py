"""Exporters of grammars: templates in the notations of other tools, slots and rules kept.

Each is a function `(grammar, folder) -> ExportReport`. What it writes and refuses are sentences, by
their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any

from textsynth.export.target import Job
from textsynth.grammar.lists import RecordList
from textsynth.grammar.model import Block, Grammar, Intent, Sentence
from textsynth.grammar.scope import Scope, Scopes
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Text,
)

MOST_VARIANTS = 1_000  # that a part is written out as, where a notation cannot hold it together

# Texts and list references in turn: one way to say a part.
Variant = tuple[str | ListReference, ...]


class RefusedError(Exception):
    """A sentence that is left out; the argument is the rule."""


def sentences(grammar: Grammar) -> Iterator[tuple[Intent, Block, Scope, Sentence]]:
    """All sentences, each with the names that are in force for it."""
    scopes = Scopes(grammar)
    for intent in grammar.intents.values():
        for block in intent.blocks:
            scope = scopes.of(intent, block)
            for sentence in block.sentences:
                yield intent, block, scope, sentence


def variants(scope: Scope, node: Node) -> list[Variant]:
    """All ways to say a part, in order; lists stay references.

    Raises:
        RefusedError: they are more than `MOST_VARIANTS`, or a rule is defined nowhere.
    """
    if isinstance(node, Text):
        return [(node.text,)] if node.text else [()]
    if isinstance(node, ListReference):
        return [(node,)]
    if isinstance(node, RuleReference):
        return variants(scope, body(scope, node))
    if isinstance(node, Alternative):
        found = [way for item in node.items for way in variants(scope, item)]
        return _few(found)
    items = [variants(scope, item) for item in node.items]
    orders: Sequence[Any] = [items]
    gap: Variant = ()
    if isinstance(node, Permutation):
        orders = list(permutations(items))
        gap = (" ",) if node.spaced else ()
    size = len(orders)
    for ways in items:
        size *= len(ways)
    if size > MOST_VARIANTS:
        raise RefusedError("too_many_variants")
    return [
        tuple(part for at, way in enumerate(choice) for part in (*(gap if at else ()), *way))
        for order in orders
        for choice in product(*order)
    ]


def body(scope: Scope, reference: RuleReference) -> Node:
    """The tree of a rule.

    Raises:
        RefusedError: it is defined nowhere.
    """
    rule = scope.rules.get(reference.rule_name)
    if rule is None:
        raise RefusedError("rule_missing")
    return rule.tree


def check(scope: Scope, sentence: Sentence) -> None:
    """What no notation but ours holds.

    Raises:
        RefusedError: two slots share a record (`records_are_linked`).
        GrammarError: a rule or list needs itself.
    """
    scope.order(sentence.tree, set())
    keys = [
        scope.key(found, reference)
        for reference in scope.slots(sentence.tree)
        if isinstance(found := scope.list_of(reference), RecordList)
    ]
    if len(keys) > len(set(keys)):
        raise RefusedError("records_are_linked")


def note_left_out(job: Job, grammar: Grammar, keys: Sequence[str]) -> None:
    """Say which settings of blocks are not carried over."""
    found = [
        key
        for key in keys
        if any(getattr(b, key) for intent in grammar.intents.values() for b in intent.blocks)
    ]
    if found:
        job.note(f"these settings of sentences have no place in the format: {', '.join(found)}")


def _few(found: list[Variant]) -> list[Variant]:
    if len(found) > MOST_VARIANTS:
        raise RefusedError("too_many_variants")
    return found
