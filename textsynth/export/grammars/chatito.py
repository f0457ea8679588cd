"""A grammar as a Chatito file (https://github.com/rodrigopivi/Chatito/blob/master/spec.md).

Rules, alternatives and optionals become aliases, lists slots. Chatito cuts the white space at the
edges of a line, so an alternative with some, `light[ on]`, is written out where it stands; and it
has no escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

from textsynth.export import ExportReport
from textsynth.export.grammars import MOST_VARIANTS, RefusedError, body, check, sentences
from textsynth.export.target import Job, valid_names, writing_grammar
from textsynth.grammar.lists import RangeList, SlotList, TextList, WildcardList, range_size
from textsynth.grammar.model import Grammar, Intent
from textsynth.grammar.scope import Scope
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Text,
)

FILE = "grammar.chatito"
MOST_VALUES = 20_000  # of a slot
_REFERENCE = re.compile(r"[%@~]\[")
_NO_LINE = re.compile(r"\*\[|#|//")
_ALONE = re.compile(r"~\[([^\]?]*)(\??)\]")
_SPACES = re.compile(r"\s+")
_UNFIT_IN_VALUES = re.compile(r"[\[\]?\n]")
_UNFIT_IN_NAMES = re.compile(r"[\[\]?#'\"]+|\s+")
_UNFIT_IN_VARIATIONS = re.compile(r"[^\w-]+")
_NOT_CARRIED = ("slots", "requires_context", "excludes_context", "metadata", "response",
                "required_keywords", "distinct", "role", "group")  # fmt: skip


def export(grammar: Grammar, folder: Path) -> ExportReport:
    """Write `grammar.chatito`. Read again it says the same, as often.

    A slot of another list than its own is a variation, `@[slot#list]`. Ranges, pools and columns of
    records are written out, a wildcard as its own name. A value that means something else is an
    alias of that name, in a slot with `'synonym': 'true'`.

    Rules for which sentences are refused: `records_are_linked`, `rule_missing`, `list_missing`,
    `too_many_variants`, `too_many_values`, `text_looks_like_a_reference`,
    `line_looks_like_a_comment`, `value_unfit` (its name would not be one in Chatito),
    `value_named_twice` (it has other words in another list), `weight_is_zero`, `duplicate_text`.

    Raises:
        ExportError: no sentence that can be written, two intents that become one, or a folder that
            is not ours or cannot be written. GrammarError: a rule or list needs itself.
    """
    with writing_grammar("chatito", folder) as job:
        job.names["intents"] = valid_names(grammar.intents, _name)
        writer = _Writer(_values(grammar))
        intents: dict[str, list[str]] = {}
        for intent, block, scope, sentence in sentences(grammar):
            lines = intents.setdefault(intent.name, [])
            try:
                check(scope, sentence)
                line = writer.sentence(scope, sentence.tree)
                if intent.distribution == "weighted":
                    if not block.weight:
                        raise RefusedError("weight_is_zero")
                    line = f"*[{block.weight:.6f}".rstrip("0").rstrip(".") + f"] {line}"
                if line in lines:
                    raise RefusedError("duplicate_text")
            except RefusedError as refused:
                job.refuse(str(refused), sentence.place.at())
                continue
            lines.append(line)
            job.written += 1
        with job.open(FILE) as file:
            file.write("// Made by textsynth.\n")
            for name, lines in intents.items():
                if lines:
                    head = f"%[{job.names['intents'][name]}]({_arguments(grammar.intents[name])})"
                    file.write(_definition(head, lines))
            file.writelines(writer.definitions())
        _note(job, grammar, writer)
    return job.report()


def _name(name: str) -> str:
    return _UNFIT_IN_NAMES.sub(" ", name).strip() or "name"


def _definition(head: str, lines: Iterable[str]) -> str:
    return f"\n{head}\n" + "".join(f"    {line}\n" for line in lines)


def _arguments(intent: Intent) -> str:
    regular = intent.distribution == "uniform"
    found = [f"'distribution': '{'regular' if regular else 'even'}'"]
    if len(intent.blocks) == 1 and intent.blocks[0].max is not None:
        found.insert(0, f"'training': '{intent.blocks[0].max}'")
    return ", ".join(found)


def _values(grammar: Grammar) -> set[str]:
    """What the values of all lists mean."""
    blocks = [block for intent in grammar.intents.values() for block in intent.blocks]
    lists = [grammar.lists]
    lists += [intent.lists for intent in grammar.intents.values()]
    lists += [block.lists for block in blocks]
    return {
        value.out
        for found in lists
        for one in found.values()
        if isinstance(one, TextList)
        for value in one.values
        if value.out is not None
    }


def _note(job: Job, grammar: Grammar, writer: _Writer) -> None:
    blocks = [block for intent in grammar.intents.values() for block in intent.blocks]
    lost = [key for key in _NOT_CARRIED if any(getattr(block, key) for block in blocks)]
    if any(_loses_max(intent) for intent in grammar.intents.values()):
        lost.append("max")
    if any(intent.cover for intent in grammar.intents.values()):
        lost.append("cover")
    if lost:
        job.note(f"Chatito has no place for {', '.join(lost)}")
    if writer.written_out:
        job.note(f"these lists are written out: {', '.join(sorted(writer.written_out))}")
    if writer.open:
        job.note(
            f"these take any words and are written as their name: {', '.join(sorted(writer.open))}"
        )
    if grammar.language != "en":
        job.note(f"Chatito does not say that the language is {grammar.language!r}")


def _loses_max(intent: Intent) -> bool:
    limited = [block for block in intent.blocks if block.max is not None]
    return bool(limited) and (len(intent.blocks) > 1 or intent.distribution == "weighted")


@dataclass(slots=True)
class _Writer:
    """Aliases and slots on their way.

    Attributes:
        reserved: what values mean, by which no other alias is called.
        aliases: name -> its lines.
        groups: lines of an alternative -> the alias that has them.
        slots: name -> its lines; `synonyms` are those with aliases for values.
        named: what an alias stands for that is the name of a value.
    """

    reserved: set[str]
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[tuple[str, ...], str] = field(default_factory=dict)
    slots: dict[str, list[str]] = field(default_factory=dict)
    synonyms: set[str] = field(default_factory=set)
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: dict[tuple[str, int], str] = field(default_factory=dict)
    keep: list[SlotList] = field(default_factory=list)  # so that no `id` is used again
    written_out: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    def definitions(self) -> Iterable[str]:
        for name, lines in self.slots.items():
            argument = "('synonym': 'true')" if name in self.synonyms else ""
            yield _definition(f"@[{name}]{argument}", lines)
        for name, group in (self.aliases | self.values).items():
            yield _definition(f"~[{name}]", group)

    def sentence(self, scope: Scope, tree: Node) -> str:
        """A sentence as one line."""
        found = [one.strip() for one in self.ways(scope, tree)]
        spoken = [one for one in found if one]
        if len(found) == len(spoken) == 1:
            return _line(found[0])
        return self.group(spoken, optional=len(found) - len(spoken))

    def ways(self, scope: Scope, node: Node) -> list[str]:
        """What stands for a part in a line: one text, or several where it has to be written out."""
        if isinstance(node, Text):
            return [_literal(node.text)]
        if isinstance(node, ListReference):
            return [self.listed(scope, node)]
        if isinstance(node, RuleReference):
            return self.together(self.ways(scope, body(scope, node)), node.rule_name)
        if isinstance(node, Alternative):
            return self.together([w for item in node.items for w in self.ways(scope, item)])
        parts = [self.ways(scope, item) for item in node.items]
        if isinstance(node, Permutation):
            gap = " " if node.spaced else ""
            orders = [_products(order, gap) for order in _orders(parts)]
            return self.together([one.strip() for order in orders for one in order])
        return _products(parts, "")

    def together(self, ways: list[str], name: str | None = None) -> list[str]:
        """One alias for all ways, unless white space at their edges means something."""
        spoken = [way for way in ways if way]
        if len(ways) - len(spoken) > 1 or any(way != way.strip() for way in ways) or not spoken:
            return ways
        if len(ways) == 1 and name is None:
            return ways
        return [self.group(spoken, optional=len(ways) - len(spoken), name=name)]

    def group(self, ways: Sequence[str], *, optional: int, name: str | None = None) -> str:
        """A reference to the alias of these ways."""
        if optional > 1 or not ways:
            raise RefusedError("too_many_variants")
        lines = tuple(map(_line, ways))
        if lines not in self.groups:
            self.groups[lines] = self.free(_name(name) if name else "part")
            self.aliases[self.groups[lines]] = lines
        return f"~[{self.groups[lines]}{'?' * optional}]"

    def free(self, name: str) -> str:
        """A name that neither an alias nor a value has."""
        number = 1
        taken = name
        while taken in self.aliases or taken in self.reserved:
            number += 1
            taken = f"{name} {number}"
        return taken

    # -- slots ------------------------------------------------------------------------------------

    def listed(self, scope: Scope, reference: ListReference) -> str:
        """A reference to the slot (or, of a capture, the alias) of a list."""
        found = scope.list_of(reference)
        if found is None:
            raise RefusedError("list_missing")
        values = self.meanings(scope, found)
        if reference.is_capture:
            return self.group([line for lines in values.values() for line in lines], optional=0)
        name = self.slot_name(reference, found, values)
        return f"@[{name}]"

    def slot_name(
        self, reference: ListReference, found: SlotList, values: dict[str | None, list[str]]
    ) -> str:
        """The slot of a list, defined if it is new."""
        key = (reference.slot_name, id(found))
        if key not in self.lists:
            inner = _UNFIT_IN_VARIATIONS.sub("_", reference.list_name)
            own = reference.list_name == reference.slot_name
            plain = reference.slot_name if own else f"{reference.slot_name}#{inner}"
            name, number = plain, 1
            while name in self.slots:
                number += 1
                name = f"{reference.slot_name}#{inner}_{number}"
            lines, named = _slot_lines(values)
            for value, group in named.items():
                if value in self.aliases:
                    raise RefusedError("value_unfit")
                if self.values.get(value, group) != group:
                    raise RefusedError("value_named_twice")
            self.values.update(named)
            self.slots[name] = lines
            if named:
                self.synonyms.add(name)
            self.lists[key] = name
            self.keep.append(found)
            if not isinstance(found, TextList):
                (self.open if isinstance(found, WildcardList) else self.written_out).add(found.name)
        return self.lists[key]

    def meanings(self, scope: Scope, found: SlotList) -> dict[str | None, list[str]]:
        """What each value is said as; None has the words that mean themselves."""
        if isinstance(found, RangeList) and range_size(found) > MOST_VALUES:
            raise RefusedError("too_many_values")
        values: dict[str | None, list[str]] = {}
        for said, out in scope.values(found):
            ways = [_literal(said)] if isinstance(said, str) else self.ways(scope, said)
            ways = [line for way in ways for line in self.opened(way)]
            if any(not way or way != way.strip() for way in ways):
                raise RefusedError("value_unfit")
            values.setdefault(out, []).extend(map(_line, ways))
            if len(values) > MOST_VALUES:
                raise RefusedError("too_many_values")
        return values

    def opened(self, way: str) -> list[str]:
        """The lines of a way that is an alias alone, which a slot would take for a name."""
        match = _ALONE.fullmatch(way)
        if match is None:
            return [way]
        if match[2]:  # it may say nothing
            raise RefusedError("value_unfit")
        return [line for inner in self.aliases[match[1]] for line in self.opened(inner)]


def _slot_lines(
    values: dict[str | None, list[str]],
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """The lines of a slot, and the aliases that are names of values."""
    lines, named = list(values.get(None, ())), dict[str, tuple[str, ...]]()
    for value, said in values.items():
        if value is None:
            continue
        if said == [value]:
            lines.append(value)
        elif value != value.strip() or not value or _UNFIT_IN_VALUES.search(value):
            raise RefusedError("value_unfit")
        else:
            named[value] = tuple(said)
            lines.append(f"~[{value}]")
    return lines, named


def _literal(text: str) -> str:
    """Text in a line, white space single."""
    if _REFERENCE.search(text):
        raise RefusedError("text_looks_like_a_reference")
    return _SPACES.sub(" ", text)


def _line(text: str) -> str:
    """A whole line."""
    if _NO_LINE.match(text):
        raise RefusedError("line_looks_like_a_comment")
    return text


def _orders(parts: list[list[str]]) -> Iterator[list[list[str]]]:
    return (list(order) for order in permutations(parts))


def _products(parts: list[list[str]], gap: str) -> list[str]:
    """All ways to say parts one after the other."""
    found = [""]
    for at, ways in enumerate(parts):
        if len(found) * len(ways) > MOST_VARIANTS:
            raise RefusedError("too_many_variants")
        found = [f"{before}{gap if at else ''}{way}" for before in found for way in ways]
    return found
