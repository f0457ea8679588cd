"""The lists behind the slots of a flow's sentences: marked for drawing, and with all their values.

Sentences are drawn with lists that hold nothing but their own mark, so that each pattern is drawn
once and a slot tells which list fills it. The mark of a list of the pack is its name; lists of an
intent or of a block, and ranges written in place, have marks of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from textsynth.dialogue.flowfile import Flows
from textsynth.errors import GrammarError
from textsynth.grammar.lists import EXPANDED, RangeList, SlotList, range_size, supplied
from textsynth.grammar.model import Block, Grammar, Intent, Rule, Sentence
from textsynth.grammar.scope import refer
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    Place,
    Sequence,
)
from textsynth.values import from_surfaces

ANY = "*"  # stands for the list of a slot that results fill: whatever they give fits
_PLACE = Place("lists")


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a list: canonical ones, and the surfaces of each."""

    canonical: tuple[str, ...]
    surfaces: Mapping[str, tuple[str, ...]]


def marked(grammar: Grammar) -> Grammar:
    """The grammar with its lists marked, but where they fill no slot (captures). What a block wants
    of its values (`distinct`) is put off until values are known."""
    there = {**grammar.lists, **_inline(grammar)}
    lists = {name: _mark(name, name) for name in there}
    intents = {name: _marked(intent) for name, intent in grammar.intents.items()}
    rules = _rules(grammar.rules)
    return replace(grammar, intents=intents, lists={**lists, **_said(there)}, rules=rules)


def _marked(intent: Intent) -> Intent:
    blocks = []
    for at, block in enumerate(intent.blocks):
        marks = {name: _mark(name, _own(intent, name, at)) for name in block.lists}
        sentences = tuple(replace(s, tree=_captured(s.tree)) for s in block.sentences)
        blocks.append(
            replace(
                block,
                sentences=sentences,
                distinct=(),
                lists={**marks, **_said(block.lists)},
                rules=_rules(block.rules),
            )
        )
    marks = {
        name: found if is_mark(found) else _mark(name, _own(intent, name))
        for name, found in intent.lists.items()
    }
    said = _said({name: found for name, found in intent.lists.items() if not is_mark(found)})
    rules = _rules(intent.rules)
    return replace(intent, blocks=tuple(blocks), lists={**marks, **said}, rules=rules)


def _said(lists: Mapping[str, SlotList]) -> dict[str, SlotList]:
    """Lists under the names that captures have for them."""
    return {f"@{name}": found for name, found in lists.items()}


def _rules(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {name: replace(rule, tree=_captured(rule.tree)) for name, rule in rules.items()}


def _captured(node: Node) -> Node:
    """A tree whose captures name their lists as `_said` does."""
    if isinstance(node, ListReference) and node.is_capture:
        return replace(node, list_name=f"@{node.list_name}")
    if isinstance(node, (Sequence, Alternative, Permutation)):
        return replace(node, items=tuple(map(_captured, node.items)))
    return node


def slot_mark(slot: str, listed: str) -> SlotList:
    """A list called as a slot, marked as another list: what a flow's sentences mean by the slot."""
    return replace(_mark(slot, listed), place=_PLACE)


def is_mark(found: SlotList) -> bool:
    """Whether this is a `slot_mark`."""
    return found.place is _PLACE


def _mark(name: str, mark: str) -> SlotList:
    return supplied(name, from_surfaces(name, [mark]))


def _own(intent: Intent, name: str, block: int | None = None) -> str:
    """The mark of a list that an intent or one of its blocks defines for itself."""
    return f"{intent.name}/{name}" if block is None else f"{intent.name}/{block}/{name}"


def _inline(grammar: Grammar) -> dict[str, RangeList]:
    """The ranges that sentences and rules write in place."""
    trees = [sentence.tree for intent in grammar.intents.values() for sentence in intent.sentences]
    rules = [grammar.rules, *(intent.rules for intent in grammar.intents.values())]
    rules += [block.rules for intent in grammar.intents.values() for block in intent.blocks]
    trees += [rule.tree for some in rules for rule in some.values()]
    found: dict[str, RangeList] = {}
    for node in (node for tree in trees for node in refer(tree)):
        if isinstance(node, ListReference) and (parts := node.inline_range) is not None:
            found.setdefault(node.list_name, RangeList(node.list_name, *parts))
    return found


def values_of(grammar: Grammar, flows: Flows, seed: int) -> dict[str, Values]:
    """The values of every list, by its mark.

    Raises:
        GrammarError: a slot, or a result of a call, names a list that is not there or is open.
    """
    wanted = list(_wanted(flows))
    for name, place in wanted:
        if name not in grammar.lists:
            raise GrammarError(
                f"there is no list {{{name}}}",
                where=place.at(),
                fix="define it under `lists`, or name another with `list:`",
            )
    alone = dict(_alone(grammar))
    found = {}
    for name, listed in replace(grammar, intents=alone).value_lists(seed).items():
        surfaces: dict[str, list[str]] = {}
        for value in listed.values:
            surfaces.setdefault(value.canonical, []).append(value.surface)
        found[name] = Values(tuple(surfaces), {c: tuple(s) for c, s in surfaces.items()})
    for name, place in wanted:
        if name not in found:
            raise GrammarError(
                f"the list {{{name}}} is a wildcard, which says nothing of its values",
                where=place.at(),
                fix="give it values, range, provider, regex or records",
            )
    return found


def _wanted(flows: Flows) -> Iterator[tuple[str, Place]]:
    """The lists that values are drawn from, each where it is named."""
    for file in flows.files.values():
        for slot in file.flow.slots.values():
            yield slot.values, slot.place
        for call in file.flow.calls.values():
            for result in call.results:
                yield from ((name, result.place) for name in result.gives.values())
        for aside in file.flow.asides.values():
            yield from ((name, aside.place) for name in aside.gives.values())


def _alone(grammar: Grammar) -> Iterator[tuple[str, Intent]]:
    """For each list an intent that says nothing but its values, as a slot called by its mark, with
    the lists and rules that are in force where it is defined."""
    listed = [name for name, one in _inline(grammar).items() if range_size(one) <= EXPANDED]
    for name in (*grammar.lists, *listed):
        yield name, _saying(name, name)
    for intent in grammar.intents.values():
        rules = intent.rules
        for name, found in intent.lists.items():
            if not is_mark(found):
                mark = _own(intent, name)
                yield mark, replace(_saying(mark, name), lists=intent.lists, rules=rules)
        for at, block in enumerate(intent.blocks):
            for name in block.lists:
                mark = _own(intent, name, at)
                lists = {**intent.lists, **block.lists}
                rules = {**intent.rules, **block.rules}
                yield mark, replace(_saying(mark, name), lists=lists, rules=rules)


def _saying(mark: str, name: str) -> Intent:
    sentence = Sentence(f"{{{name}}}", ListReference(name, mark), _PLACE)
    return Intent(mark, (Block((sentence,), _PLACE),), _PLACE)
