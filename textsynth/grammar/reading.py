"""Nodes of a document to the model: every key of hassil, and ours, each checked where it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from textsynth.errors import did_you_mean
from textsynth.grammar import syntax
from textsynth.grammar.document import Fields, Items, Node, Scalar, kind, plain
from textsynth.grammar.fields import FieldReader, canonical, wrong
from textsynth.grammar.lists import (
    FRACTIONS,
    POOL,
    PoolList,
    RangeList,
    RecordList,
    SlotList,
    TextList,
    TextValue,
    WildcardList,
)
from textsynth.grammar.model import Block, Finding, Grammar, Intent, Rule, Sentence
from textsynth.grammar.syntax import Place, Text

_TOP = ("language", "intents", "lists", "expansion_rules", "settings", "skip_words", "responses")
_INTENT = ("data", "distribution", "cover", "lists", "expansion_rules", "description")
_HASSIL_BLOCK = ("inferred_domain", "name_domains", "settings")
_BLOCK = (
    *("sentences", "slots", "response", "requires_context", "excludes_context", "metadata"),
    *("required_keywords", "lists", "expansion_rules", "weight", "max", "distinct"),
    *("role", "group", *_HASSIL_BLOCK),
)
_LIST = (
    *("values", "range", "wildcard", "provider", "locale", "pool", "regex", "records"),
    *("column", "metadata", "context"),
)
_RANGE = (
    *("from", "to", "step", "type", "multiplier", "fractions"),
    *("digits", "words", "words_language"),
)
DISTRIBUTIONS = ("even", "uniform", "weighted")


def grammar(top: Fields, language: str = "en") -> Grammar:
    """The grammar of a (merged) top mapping, in `language` where it names none itself.

    Raises:
        GrammarError: whatever cannot be read, at its place.
    """
    reader = _Reader()
    reader.known(top, _TOP)
    lists = reader.lists(top)
    rules = reader.rules(top)
    intents = {
        name: reader.intent(name, node)
        for name, node in reader.mapping(top, "intents", required=True).fields.items()
    }
    reader.repeated(top)
    return Grammar(
        language=reader.text(top, "language") or language,
        intents=intents,
        lists=lists,
        rules=rules,
        settings=reader.data(top, "settings"),
        skip_words=tuple(scalar.text for scalar in reader.scalars(top, "skip_words")),
        noted=tuple(reader.noted),
    )


class _Reader(FieldReader):
    def intent(self, name: str, node: Node) -> Intent:
        fields = self.fields(node, f"the intent {name}")
        self.known(fields, _INTENT)
        blocks = tuple(self.block(item) for item in self.items(fields, "data", required=True))
        weighted = any(block.weight != 1 for block in blocks)
        distribution = self.text(fields, "distribution") or ("weighted" if weighted else "even")
        if distribution not in DISTRIBUTIONS:
            raise wrong(
                fields.fields["distribution"],
                f"{distribution!r} is no distribution",
                did_you_mean(distribution, DISTRIBUTIONS),
            )
        cover = self.text(fields, "cover")
        if cover not in (None, "values"):
            raise wrong(fields.fields["cover"], f"{cover!r} cannot be covered", "cover: values")
        if weighted and distribution != "weighted":
            self.note(node.place, f"{distribution} ignores the weights", "distribution: weighted")
        return Intent(
            name=name,
            blocks=blocks,
            place=node.place,
            distribution=distribution,
            cover=cover is not None,
            lists=self.lists(fields),
            rules=self.rules(fields),
        )

    def block(self, node: Node) -> Block:
        fields = self.fields(node, "an entry of data")
        self.known(fields, _BLOCK)
        weight = self.number(fields, "weight", 1.0)
        if not 0 <= weight < float("inf"):
            raise wrong(fields.fields["weight"], "the weight is below zero", "use 0 or more")
        most = self.whole(fields, "max", None)
        if most is not None and most < 0:
            raise wrong(fields.fields["max"], "max is below zero", "use 0 or more")
        return Block(
            sentences=tuple(
                Sentence(scalar.text, self.tree(scalar), scalar.place)
                for scalar in self.scalars(fields, "sentences", required=True)
            ),
            place=node.place,
            slots=self.data(fields, "slots"),
            requires_context=self.data(fields, "requires_context"),
            excludes_context=self.data(fields, "excludes_context"),
            metadata=self.data(fields, "metadata")
            | {key: plain(fields.fields[key]) for key in _HASSIL_BLOCK if key in fields.fields},
            response=self.text(fields, "response"),
            required_keywords=tuple(s.text for s in self.scalars(fields, "required_keywords")),
            lists=self.lists(fields),
            rules=self.rules(fields),
            weight=weight,
            max=most,
            distinct=self.distinct(fields),
            role=self.words(fields, "role"),
            group=self.words(fields, "group"),
        )

    def distinct(self, fields: Fields) -> tuple[tuple[str, ...], ...]:
        """`distinct: [a, b]`, or a list of such groups."""
        items = self.items(fields, "distinct")
        groups = [item for item in items if isinstance(item, Items)]
        if groups and len(groups) < len(items):
            raise wrong(fields.fields["distinct"], "distinct mixes slots and groups", "use one")
        nested = [group.items for group in groups] or ([items] if items else [])
        found = []
        for group in nested:
            names = tuple(item.text for item in group if isinstance(item, Scalar))
            if len(names) < len(group):
                raise wrong(fields.fields["distinct"], "distinct wants names of slots", "[a, b]")
            found.append(names)
        return tuple(found)

    def tree(self, scalar: Scalar) -> syntax.Node:
        tree = syntax.parse(scalar.text, scalar.place)
        empty = syntax.empty_branch(tree)
        if empty is not None:
            shown = syntax.fault(scalar.text, scalar.place, empty, "", "")
            self.noted.append(
                Finding(
                    "warning",
                    scalar.place.at(empty),
                    f"an alternative is empty, which hassil never recognises\n{shown.excerpt}",
                    "write what may be left out as an optional: [a|b]",
                )
            )
        return tree

    def rules(self, fields: Fields) -> dict[str, Rule]:
        found = {}
        for name, node in self.mapping(fields, "expansion_rules").fields.items():
            if not isinstance(node, Scalar):
                raise wrong(node, f"the rule <{name}> is {kind(node)}", "write one template text")
            found[name] = Rule(name, node.text, self.tree(node), node.place)
        return found

    def lists(self, fields: Fields) -> dict[str, SlotList]:
        nodes = self.mapping(fields, "lists")
        return {
            name: self.slot_list(
                name,
                self.fields(node, f"the list {name}"),
                nodes.keys.get(name, node.place),
                nodes.fields,
            )
            for name, node in nodes.fields.items()
        }

    def slot_list(
        self, name: str, fields: Fields, place: Place, siblings: Mapping[str, Node]
    ) -> SlotList:
        self.known(fields, _LIST)
        if "values" in fields.fields:
            values = tuple(self.value(item) for item in self.items(fields, "values"))
            if not values:
                raise wrong(place, f"the list {{{name}}} has no values", "add some")
            return TextList(name, values, place)
        if "range" in fields.fields:
            return self.range(name, self.mapping(fields, "range"), place)
        if not self.truth(fields, "wildcard", False):
            for key in ("records", "regex", "provider"):
                if key in fields.fields:
                    message = f"hassil cannot read the list {{{name}}}, which has {key} alone"
                    self.note(place, message, "add wildcard: true to it")
        if "records" in fields.fields:
            return self.records(name, fields, place, siblings)
        size = self.whole(fields, "pool", POOL) or 0
        if size < 1 and "pool" in fields.fields:
            raise wrong(fields.fields["pool"], "a pool holds at least one value", "use 1 or more")
        if "regex" in fields.fields:
            return PoolList(name, place, regex=self.text(fields, "regex"), size=size)
        if "provider" in fields.fields:
            family, _, provider = (self.text(fields, "provider") or "").rpartition(".")
            if family not in ("", "faker"):
                raise wrong(
                    fields.fields["provider"], f"there is no provider {family!r}", "faker.NAME"
                )
            locale = self.text(fields, "locale") or "en_US"
            return PoolList(name, place, provider, None, locale, size)
        if self.truth(fields, "wildcard", False):
            return WildcardList(name, place)
        raise wrong(
            place,
            f"the list {{{name}}} says not where its values come from",
            "give it values, range, wildcard: true, provider, regex or records",
        )

    def value(self, node: Node) -> TextValue:
        """A value as hassil reads it: plain text means itself, a template the words it gives."""
        if isinstance(node, Scalar):
            if syntax.is_template(node.text):
                return TextValue(self.tree(node), None, node.place, node.text)
            return TextValue(Text(_normal(node.text)), node.text, node.place, node.text)
        fields = self.fields(node, "a value")
        self.known(fields, ("in", "out", "context", "metadata"))
        said = fields.fields.get("in")
        if not isinstance(said, Scalar):
            raise wrong(node, "a value has no text 'in'", "write {in: words, out: value}")
        out = fields.fields.get("out")
        return TextValue(
            self.tree(said) if syntax.is_template(said.text) else Text(_normal(said.text)),
            None if out is None else canonical(out),
            said.place,
            said.text,
            self.data(fields, "context"),
            self.data(fields, "metadata"),
        )

    def range(self, name: str, fields: Fields, place: Place) -> RangeList:
        self.known(fields, _RANGE)
        start, stop = self.whole(fields, "from", None), self.whole(fields, "to", None)
        step = self.whole(fields, "step", 1)
        if start is None or stop is None:
            raise wrong(fields, f"the range of {{{name}}} wants from and to", "{from: 1, to: 9}")
        if start > stop:
            raise wrong(
                fields.fields["from"],
                f"the range of {{{name}}} is upside down: from {start} to {stop}",
                f"from: {stop}, to: {start}",
            )
        if step is None or step < 1:
            raise wrong(fields.fields["step"], "the step is below one", "use 1 or more")
        fractions = self.text(fields, "fractions")
        if fractions is not None and fractions not in FRACTIONS:
            raise wrong(
                fields.fields["fractions"],
                f"there are no fractions {fractions!r}",
                did_you_mean(fractions, FRACTIONS),
            )
        multiplied = "multiplier" in fields.fields
        digits = self.truth(fields, "digits", True)
        words = self.truth(fields, "words", not digits)
        if not digits and not words:
            raise wrong(fields, f"{{{name}}} has neither digits nor words", "set one to true")
        return RangeList(
            name=name,
            start=start,
            stop=stop,
            step=step,
            multiplier=self.number(fields, "multiplier", 1.0) if multiplied else None,
            fractions=fractions,
            digits=digits,
            words=words,
            words_language=self.text(fields, "words_language"),
            place=place,
        )

    def records(
        self, name: str, fields: Fields, place: Place, siblings: Mapping[str, Node]
    ) -> RecordList:
        """A table of records, or the name of the list that holds the table."""
        table = fields.fields["records"]
        if isinstance(table, Scalar):
            other = siblings.get(table.text)
            table = other.fields.get("records", table) if isinstance(other, Fields) else table
        if not isinstance(table, Items) or not table.items:
            raise wrong(
                fields.fields["records"],
                f"{{{name}}} has no records",
                "give a list of mappings, or name the list that has them",
            )
        column = self.text(fields, "column") or name
        records = []
        for item in table.items:
            row = self.fields(item, "a record").fields
            if not isinstance(row.get(column), Scalar):
                raise wrong(item, f"the record has no {column!r}", did_you_mean(column, row))
            records.append({k: v.text for k, v in row.items() if isinstance(v, Scalar)})
        return RecordList(name, table.place.at(), column, tuple(records), place)


def _normal(text: str) -> str:
    """Plain list values as hassil samples them: composed, with the typewriter's apostrophe."""
    return unicodedata.normalize("NFC", " ".join(text.split())).replace("\u2019", "'")
