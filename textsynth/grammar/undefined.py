"""References to lists and rules that are defined nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar import syntax
from textsynth.grammar.lists import TextList
from textsynth.grammar.model import Sentence
from textsynth.grammar.scope import Name, Scope, refer, spell, target
from textsynth.grammar.syntax import ListReference, Node, Place


def open_references(scope: Scope, tree: Node) -> Iterator[tuple[Name, Node, Name | None]]:
    """References of a tree, or of what it needs, to names defined nowhere: the name, the reference
    and the rule or list it stands in (None: the tree itself)."""
    holders: list[tuple[Name | None, tuple[Node, ...]]] = [(None, refer(tree))]
    seen: set[Name] = set()
    while holders:
        holder, references = holders.pop()
        for reference in references:
            name = target(reference)
            if isinstance(reference, ListReference):
                missing = scope.list_of(reference) is None
            else:
                missing = name[1] not in scope.rules
            if missing:
                yield name, reference, holder
            elif name not in seen:
                seen.add(name)
                holders.append((name, scope.references(name)))


def undefined(
    scope: Scope, sentence: Sentence, name: Name, reference: Node, holder: Name | None
) -> GrammarError:
    """The error of a name defined nowhere, at the place of the reference."""
    text, place, at = sentence.text, sentence.place, reference.at
    if holder is not None:
        text, place = _home(scope, holder, reference) or (text, place)
    kind, called = name
    known = scope.lists if kind == "list" else scope.rules
    hint = did_you_mean(called, known)
    return syntax.fault(
        text,
        place,
        at,
        f"the {kind} {spell(name)} is defined nowhere",
        f"{hint}; or define it under {'lists' if kind == 'list' else 'expansion_rules'}",
    )


def _home(scope: Scope, holder: Name, reference: Node) -> tuple[str, Place] | None:
    kind, called = holder
    if kind == "rule":
        rule = scope.rules[called]
        return rule.text, rule.place
    slot_list = scope.lists[called]
    if isinstance(slot_list, TextList):
        for value in slot_list.values:
            if any(found is reference for found in refer(value.tree)):
                return value.text, value.place
    return None
