"""A pack as other tools write it, on its way to the grammar: names made ours, text escaped, then
read by the grammar's own reading, so that there is one AST and one way to draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from textsynth.errors import GrammarError
from textsynth.grammar import reading, syntax
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.model import Finding, Grammar
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Permutation,
    Place,
    RuleReference,
    Sequence,
    Text,
)
from textsynth.patterns import LABEL

_SIGN = re.compile(r"([\\()\[\]{}<>|;])")


def escape(text: str) -> str:
    """Plain text as it is written in a template."""
    return _SIGN.sub(r"\\\1", text)


def as_label(name: str) -> str:
    """A name as labels are written, itself where it is one."""
    if LABEL.match(name):
        return name
    made = re.sub(r"[^\w.-]+|[.-]+(?=[.-]|$)", "_", name.strip()).strip("_.-") or "slot"
    return made if LABEL.match(made) else re.sub(r"\W+", "_", f"slot_{made}")


def render(node: syntax.Node) -> str:
    """The written form of a tree; `syntax.parse` gives it back, up to nested sequences."""
    if isinstance(node, Text):
        return escape(node.text)
    if isinstance(node, Sequence):
        return "".join(map(render, node.items))
    if isinstance(node, RuleReference):
        return f"<{escape(node.rule_name)}>"
    if isinstance(node, ListReference):
        slot = "@" * node.is_capture + node.slot_name
        return f"{{{node.list_name}}}" if slot == node.list_name else f"{{{node.list_name}:{slot}}}"
    sign = ";" if isinstance(node, Permutation) else "|"
    optional = isinstance(node, Alternative) and node.is_optional
    inner = sign.join(map(render, node.items[:-1] if optional else node.items))
    return f"[{inner}]" if optional else f"({inner})"


@dataclass(slots=True)
class Pack:
    """Intents, lists and rules as plain data in the keys of Home Assistant's files and ours, texts
    being `Scalar`s that know their place."""

    home: Place
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, Scalar] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    noted: dict[Finding, None] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # label -> the name it was made of

    def note(self, place: Place, message: str, fix: str) -> None:
        """Say once that something of a file is not carried over."""
        self.noted[Finding("warning", place.at(), message, fix)] = None

    def label(self, name: str, place: Place) -> str:
        """A name of a slot or entity as our labels are written.

        Raises:
            GrammarError: another name was made the same label.
        """
        made = as_label(name)
        first = self.labels.setdefault(made, name)
        if first != name:
            raise GrammarError(
                f"{name!r} and {first!r} would both be called {made}",
                where=place.at(),
                fix="rename one of them",
            )
        if made != name:
            self.note(place, f"{name!r} is called {made} here", "letters, digits, _, - and . only")
        return made

    def intent(self, name: str, place: Place, distribution: str | None = None) -> None:
        """Begin an intent, unless it is there."""
        if name not in self.intents:
            self.intents[name] = {"data": []}
            self.places["intent", name] = place
            if distribution:
                self.intents[name]["distribution"] = distribution

    def block(
        self,
        intent: str,
        sentences: Iterable[tuple[str, Place]],
        place: Place,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a block of sentences; `keys` are those of a block, empty ones left out."""
        self.intent(intent, place)
        texts = {text: Scalar(text, where, False) for text, where in reversed(list(sentences))}
        kept = {key: value for key, value in (keys or {}).items() if value not in (None, {})}
        block = {"sentences": list(reversed(texts.values())), **kept}
        self.intents[intent]["data"].append(block)

    def value(self, list_name: str, said: str, place: Place, out: str | None = None) -> None:
        """Add a value to a list, once; `said` is a template, `out` what it means (None: the words
        themselves)."""
        if not syntax.is_template(said) and re.search(r"[\\;]", said):
            said = f"({said})"  # hassil reads a value as plain text unless it has brackets
        where = Scalar(said, place, False)
        found = self.lists.setdefault(list_name, {"values": {}})
        self.places.setdefault(("list", list_name), place)
        entry = {"in": where} if out is None else {"in": where, "out": out}
        found["values"].setdefault((said, out), entry)

    def listed(self, list_name: str, keys: Mapping[str, Any], place: Place) -> None:
        """Define a list by other keys than `values`, unless it is there."""
        self.lists.setdefault(list_name, dict(keys))
        self.places.setdefault(("list", list_name), place)

    def rule(self, name: str, text: str, place: Place) -> None:
        """Define an expansion rule."""
        self.rules[name] = Scalar(text, place, False)

    def grammar(self) -> Grammar:
        """The grammar.

        Raises:
            GrammarError: there are no sentences, or the grammar cannot be read.
        """
        spoken = {name: found for name, found in self.intents.items() if found["data"]}
        for name in self.intents.keys() - spoken.keys():
            self.note(self.places["intent", name], f"the intent {name} has no sentences", "add one")
        if not spoken:
            raise GrammarError(
                "there are no sentences of any intent", where=self.home.at(), fix="write some"
            )
        lists = {
            name: {**found, "values": list(found["values"].values())}
            if isinstance(found.get("values"), dict)
            else found
            for name, found in self.lists.items()
        }
        top = _node({"lists": lists, "expansion_rules": self.rules, "intents": spoken}, self.home)
        assert isinstance(top, Fields)
        for kind, nodes in (("intent", top.fields["intents"]), ("list", top.fields["lists"])):
            assert isinstance(nodes, Fields)
            for name, node in nodes.fields.items():
                node.place = nodes.keys[name] = self.places[kind, name]
        grammar = reading.grammar(top)
        return replace(grammar, noted=(*self.noted, *grammar.noted))


def _node(data: Any, place: Place) -> Node:
    """Plain data as nodes of a document; what has no place of its own takes that of the first text
    in it."""
    if isinstance(data, Scalar):
        return data
    if isinstance(data, Mapping):
        fields = {str(key): _node(value, place) for key, value in data.items()}
        place = next((node.place for node in fields.values()), place)
        return Fields(fields, place, dict.fromkeys(fields, place))
    if isinstance(data, list):
        items = [_node(item, place) for item in data]
        return Items(items, items[0].place if items else place)
    if isinstance(data, bool):
        return Scalar("true" if data else "false", place)
    return Scalar(str(data), place, plain=not isinstance(data, str))
