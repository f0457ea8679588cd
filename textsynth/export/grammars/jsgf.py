"""A grammar as a JSGF speech grammar (https://www.w3.org/TR/jsgf/), its rules and lists kept.

Words of JSGF stand apart: where parts are glued, as in `light[s]`, all that comes of them is
written out. Numbers and signs are spelled, punctuation at the edges of words is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from textsynth.export import ExportReport
from textsynth.export.grammars import RefusedError, Variant, body, check, sentences, variants
from textsynth.export.jsgf import FILE, head, rule, rule_name, tag, top_name
from textsynth.export.speech import HOLE, spoken
from textsynth.export.target import valid_names, writing_grammar
from textsynth.grammar.lists import RangeList, SlotList, WildcardList, range_size
from textsynth.grammar.model import Grammar
from textsynth.grammar.scope import Scope
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)

MOST_VALUES = 20_000  # of a list
_SAID_SIGNS = re.compile(r"[$&%+@#°]")
_IN_WORD = re.compile(rf"[^\W_]{HOLE}|{HOLE}[^\W_]")


def export(grammar: Grammar, folder: Path) -> ExportReport:
    """Write `grammar.jsgf`, a speech grammar of all intents.

    `public <utterance>` is any of them, and each is a public rule of its own. Expansion rules are
    rules, and so are slots, `<slot-from>` of `{city:from}`; a value's tag is what it means.

    Rules for which sentences are refused: `not_spoken` (something has no words), `slot_inside_word`
    (`{lamp}s`), `wildcard` (any words), `records_are_linked`, `rule_missing`, `list_missing`,
    `too_many_variants`, `too_many_values`.

    Raises:
        ExportError: no sentence that can be written, two intents that become one, or a folder that
            is not ours or cannot be written. GrammarError: a rule or list needs itself.
    """
    with writing_grammar("jsgf", folder) as job:
        job.names["intents"] = valid_names(grammar.intents, rule_name)
        top = top_name(job.names["intents"].values())
        writer = _Writer(grammar.language, {top, *job.names["intents"].values()})
        intents: dict[str, list[str]] = {}
        for intent, _, scope, sentence in sentences(grammar):
            try:
                check(scope, sentence)
                branch = writer.node(scope, sentence.tree)
            except RefusedError as refused:
                job.refuse(str(refused), sentence.place.at())
                continue
            intents.setdefault(job.names["intents"][intent.name], []).append(branch)
            job.written += 1
        with job.open(FILE) as file:
            file.write(head(grammar.language))
            file.write(rule(top, [f"<{name}>" for name in intents], public=True))
            for name, branches in intents.items():
                file.write(rule(name, branches, public=True))
            file.writelines(rule(name, lines) for name, lines in writer.rules.items())
        weighted = [name for name, one in grammar.intents.items() if one.distribution == "weighted"]
        if weighted:
            job.note(f"the weights of sentences are left out: {', '.join(weighted)}")
    return job.report()


@dataclass(slots=True)
class _Writer:
    """Rules on their way.

    Attributes:
        rules: name -> branches.
        plain: name -> the name that was wished for.
        names: ("rule", name, scope) or ("list", slot, list, scope) -> the rule's name, empty where
            it says nothing.
    """

    language: str
    taken: set[str]
    rules: dict[str, list[str]] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str | int, ...], str] = field(default_factory=dict)
    keep: list[Scope | SlotList] = field(default_factory=list)  # so that no `id` is used again

    def node(self, scope: Scope, node: Node) -> str:
        """A part as JSGF; empty where nothing is said."""
        if isinstance(node, Text):
            return self.words(node.text)
        if isinstance(node, ListReference):
            return self.listed(scope, node)
        if isinstance(node, RuleReference):
            return self.named(scope, node)
        if isinstance(node, Alternative):
            return _choice(self.node(scope, item) for item in node.items)
        if isinstance(node, Permutation):
            if not node.spaced:
                return self.glued(scope, (node,))
            parts = tuple(self.node(scope, item) for item in node.items)
            return _orders(parts)
        found = [
            self.node(scope, run[0]) if len(run) == 1 else self.glued(scope, run)
            for run in _runs(node)
        ]
        return " ".join(part for part in found if part)

    def glued(self, scope: Scope, run: tuple[Node, ...]) -> str:
        """All that comes of parts without white space between them."""
        return _choice(self.variant(scope, way) for way in variants(scope, Sequence(run)))

    def variant(self, scope: Scope, way: Variant) -> str:
        text = "".join(part if isinstance(part, str) else HOLE for part in way)
        if _IN_WORD.search(text):
            raise RefusedError("slot_inside_word")
        lists = iter([part for part in way if not isinstance(part, str)])
        found = []
        for word in self.words(text).split():
            if HOLE in word and word != HOLE:  # a possessive
                raise RefusedError("slot_inside_word")
            found.append(self.listed(scope, next(lists)) if word == HOLE else word)
        return " ".join(found)

    def words(self, text: str) -> str:
        """A text as it is said; empty where it is white space or signs alone."""
        if not any(map(str.isalnum, text)) and HOLE not in text and not _SAID_SIGNS.search(text):
            return ""
        found = spoken(text, self.language)
        if found is None:
            raise RefusedError("not_spoken")
        return found

    def named(self, scope: Scope, reference: RuleReference) -> str:
        """A reference to an expansion rule."""
        key = ("rule", reference.rule_name, id(scope))
        if key not in self.names:
            branch = self.node(scope, body(scope, reference))
            self.define(key, scope, rule_name(reference.rule_name), [branch] if branch else [])
        return f"<{self.names[key]}>" if self.names[key] else ""

    def listed(self, scope: Scope, reference: ListReference) -> str:
        """A reference to the values of a list."""
        found = scope.list_of(reference)
        if found is None or isinstance(found, WildcardList):
            raise RefusedError("wildcard" if found else "list_missing")
        slot = reference.list_name if reference.is_capture else reference.slot_name
        key = ("list", slot, reference.list_name, id(scope))
        if key not in self.names:
            values = dict.fromkeys(self.values(scope, found))
            name = f"slot-{rule_name(slot)}"
            self.define(key, scope, name, list(values))
        return f"<{self.names[key]}>"

    def values(self, scope: Scope, found: SlotList) -> Iterator[str]:
        if isinstance(found, RangeList) and range_size(found) > MOST_VALUES:
            raise RefusedError("too_many_values")
        values = scope.values(found)
        if len(values) > MOST_VALUES:
            raise RefusedError("too_many_values")
        for said, out in values:
            ways = [(said,)] if isinstance(said, str) else variants(scope, said)
            for way in ways:
                words = self.variant(scope, way)
                if words:
                    means = "".join(part for part in way if isinstance(part, str))
                    yield f"( {words} ){tag(means if out is None else out)}"

    def define(
        self, key: tuple[str | int, ...], scope: Scope, name: str, branches: list[str]
    ) -> None:
        """A rule of a free name; none where nothing is said. Equal rules of a name are one."""
        self.keep.append(scope)
        same = next(
            (n for n, b in self.rules.items() if b == branches and self.plain[n] == name), ""
        )
        if not same and branches:
            number, same = 1, name
            while same in self.taken:
                number += 1
                same = f"{name}-{number}"
            self.taken.add(same)
            self.plain[same] = name
            self.rules[same] = branches
        self.names[key] = same


def _runs(node: Sequence) -> Iterator[tuple[Node, ...]]:
    """Parts of a sequence, those together that no white space surely parts."""
    run: list[Node] = []
    for item in node.items:
        if run and not (_ends(run[-1]) or _begins(item)):
            run.append(item)
            continue
        if run:
            yield tuple(run)
        run = [item]
    if run:
        yield tuple(run)


def _ends(node: Node) -> bool:
    return isinstance(node, Text) and node.text[-1:].isspace()


def _begins(node: Node) -> bool:
    return isinstance(node, Text) and node.text[:1].isspace()


def _choice(branches: Iterable[str]) -> str:
    """One of the branches; optional where one is empty."""
    found = dict.fromkeys(branches)
    spoken_ = [branch for branch in found if branch]
    if not spoken_:
        return ""
    inner = " | ".join(spoken_)
    if len(spoken_) < len(found):
        return f"[ {inner} ]"
    return f"( {inner} )" if len(spoken_) > 1 else inner


def _orders(parts: tuple[str, ...]) -> str:
    """All orders of parts: each first, then the orders of the others."""
    if len(parts) == 1:
        return parts[0]
    return _choice(
        " ".join(p for p in (part, _orders(parts[:at] + parts[at + 1 :])) if p)
        for at, part in enumerate(parts)
    )
