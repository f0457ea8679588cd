"""What a pack of templates holds: intents, their blocks of sentences, lists and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from textsynth.grammar.lists import SlotList, supplied
from textsynth.grammar.syntax import ListReference, Node, Place, walk
from textsynth.values import ValueList, from_surfaces


@dataclass(frozen=True, slots=True)
class Sentence:
    """One template."""

    text: str
    tree: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Rule:
    """An expansion rule."""

    name: str
    text: str
    tree: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """Sentences that share their settings: one entry of an intent's `data`.

    `slots` are fixed values that stand in no text; with `requires_context`, `excludes_context`,
    `metadata`, `response`, `required_keywords`, `role` and `group` they are carried, not drawn.
    """

    sentences: tuple[Sentence, ...]
    place: Place
    slots: Mapping[str, Any] = field(default_factory=dict)
    requires_context: Mapping[str, Any] = field(default_factory=dict)
    excludes_context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    response: str | None = None
    required_keywords: tuple[str, ...] = ()
    lists: Mapping[str, SlotList] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    weight: float = 1.0
    max: int | None = None
    distinct: tuple[tuple[str, ...], ...] = ()
    role: Mapping[str, str] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """A named intent. `distribution` says how rows fall to sentences: `even`, `uniform` (to each
    derivation alike) or `weighted`."""

    name: str
    blocks: tuple[Block, ...]
    place: Place
    distribution: str = "even"
    cover: bool = False
    lists: Mapping[str, SlotList] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of all blocks, in order."""
        return tuple(sentence for block in self.blocks for sentence in block.sentences)


@dataclass(frozen=True, slots=True)
class Finding:
    """What `lint` noticed: `severity` is `warning` or `error`."""

    severity: str
    where: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.severity}: {self.message}\n  fix: {self.fix}"


@dataclass(frozen=True, slots=True)
class Role:
    """What a slot stands for: the entity (its list), and the part it plays, as Rasa knows them."""

    entity: str
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Grammar:
    """A pack of templates. Grammars are compared by identity, so that work on one is remembered."""

    language: str
    intents: Mapping[str, Intent]
    lists: Mapping[str, SlotList]
    rules: Mapping[str, Rule]
    settings: Mapping[str, Any] = field(default_factory=dict)
    skip_words: tuple[str, ...] = ()
    noted: tuple[Finding, ...] = ()

    def supply(self, lists: Mapping[str, ValueList | Iterable[str]]) -> Grammar:
        """The grammar with these lists added or replaced: what the files leave open, or better
        values for wildcards. Values are plain text, never templates."""
        given = {
            name: supplied(
                name, source if isinstance(source, ValueList) else from_surfaces(name, source)
            )
            for name, source in lists.items()
        }
        return replace(self, lists={**self.lists, **given})

    def roles(self) -> dict[str, Role]:
        """The entity, role and group of each slot that a block gives a `role` or `group`."""
        found: dict[str, Role] = {}
        for intent in self.intents.values():
            for block in intent.blocks:
                for sentence in block.sentences if block.role or block.group else ():
                    for node in walk(sentence.tree):
                        if isinstance(node, ListReference):
                            role, group = (
                                block.role.get(node.slot_name),
                                block.group.get(node.slot_name),
                            )
                            if role or group:
                                found[node.slot_name] = Role(node.list_name, role, group)
        return found

    def value_lists(self, seed: int) -> dict[str, ValueList]:
        """The values each slot may take, keyed by slot name (`{list:slot}` -> slot); slots that
        only open lists or wildcards fill are left out.

        Raises:
            GrammarError: a cycle, or a pool that cannot be drawn.
        """
        from textsynth.grammar.compiling import value_lists

        return value_lists(self, seed)
