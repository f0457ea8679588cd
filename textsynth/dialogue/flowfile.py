"""Flows from YAML, each name checked where it stands.

A folder of flows holds files with a `flow` each, and files of lists and rules that they share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from textsynth.dialogue.flow import (
    HABITS,
    Aside,
    Call,
    Flow,
    FlowSlot,
    Result,
)
from textsynth.dialogue.statereader import Sentences, StateReader
from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar import document, reading
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.fields import wrong
from textsynth.grammar.grammar import Grammar
from textsynth.grammar.model import Block, Finding, Intent, Sentence
from textsynth.grammar.syntax import Place

SUFFIXES = (".yaml", ".yml")
_FLOW = (
    *("flow", "description", "service", "slots", "answers", "calls", "tables", "asides", "phrases"),
    *("user", "states", "lists", "expansion_rules", "language"),
)
_SLOT = (
    *("list", "chance", "required", "same_as", "description", "ask", "answer", "confirm"),
    *("correct", "other", "refer", "refuse", "unknown", "fixed", "default", "skew"),
)
_SPEAKERS = ("user", "system")
_SLOT_WORDS = (
    "ask",
    "answer",
    "confirm",
    "correct",
    "other",
    "refer",
    "refuse",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow, the words it brings (by key, see `words`), and what its reading noted."""

    flow: Flow
    words: Mapping[str, tuple[Sentence, ...]]
    noted: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Flows:
    """A folder of flows: by name, with the lists and rules that they share."""

    files: Mapping[str, FlowFile]
    shared: Grammar
    noted: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said in any flow, sentences by key (`user:affirm`); words that sound polite, and
    words that deny."""

    words: Mapping[str, tuple[Sentence, ...]]
    polite: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


def load(path: Path) -> Flows:
    """Read a flow, or a folder of them (with its subfolders).

    Raises:
        GrammarError: nothing there; a file that cannot be read; an unknown state, slot or act; two
            flows of one name; each with file, line and column.
    """
    documents = list(_documents(path))
    shared = Fields({}, Place(path.name))
    files: dict[str, FlowFile] = {}
    for top in documents:
        common = {k: v for k, v in top.fields.items() if k in ("lists", "expansion_rules")}
        document.merge(shared, Fields(common, top.place, dict(top.keys), []))
    for top in documents:
        if "flow" in top.fields:
            read = _FlowReader().flow_file(top)
            if read.flow.name in files:
                raise GrammarError(
                    f"two flows are called {read.flow.name!r}",
                    where=read.flow.place.at(),
                    fix=f"rename one; the other is in {files[read.flow.name].flow.place.at()}",
                )
            files[read.flow.name] = read
    if not files:
        raise GrammarError(
            "there are no flows",
            where=str(path),
            fix="write a file with `flow: name` and `states:`",
        )
    noted = tuple(finding for file in files.values() for finding in file.noted)
    return Flows(files, reading.grammar(_with_intents(shared)), noted)


def _with_intents(shared: Fields) -> Fields:
    fields = {**shared.fields, "intents": Fields({}, shared.place)}
    return Fields(fields, shared.place, shared.keys, shared.repeated)


def _documents(path: Path) -> Iterator[Fields]:
    if not path.exists():
        raise GrammarError("there is no such file or folder", where=str(path), fix="check the path")
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        for file in files:
            yield document.read(file, file.relative_to(path).as_posix())
    else:
        yield document.read(path, path.name)


@cache
def phrases(language: str) -> Phrases | None:
    """What this package brings for any flow of a language; None where it brings nothing."""
    if language.split("-")[0].lower() != "en":
        return None
    top = document.read(Path(__file__).with_name("english.yaml"), "english.yaml")
    reader = _FlowReader()
    found: dict[str, tuple[Sentence, ...]] = {}
    reader.phrases(top, found)
    polite, negative = (
        tuple(s.text for s in reader.scalars(top, key)) for key in ("polite", "negative")
    )
    return Phrases(found, polite, negative)


class _FlowReader(StateReader):
    def flow_file(self, top: Fields) -> FlowFile:
        self.known(top, _FLOW)
        words: Sentences = {}
        name = self.name(top.fields["flow"])
        slots = {
            slot: self.slot(slot, node, words)
            for slot, node in self.mapping(top, "slots").fields.items()
        }
        calls = {
            call: self.call(call, node, slots, self.mapping(top, "tables"))
            for call, node in self.mapping(top, "calls").fields.items()
        }
        asides = {
            about: self.aside(about, node, words)
            for about, node in self.mapping(top, "asides").fields.items()
        }
        self.sentences(top, "answers", "answer", words)
        self.own_phrases(self.mapping(top, "phrases"), words)
        nodes = self.mapping(top, "states", required=True)
        states = {state: self.state(state, node, words) for state, node in nodes.fields.items()}
        if not states:
            raise wrong(nodes, "there are no states", "write at least one that ends")
        flow = Flow(
            name=name,
            place=top.fields["flow"].place,
            states=states,
            slots=slots,
            calls=calls,
            asides=asides,
            habits={**HABITS, **self.habits(top, "user")},
            description=self.text(top, "description") or "",
            service=self.text(top, "service") or name,
        )
        self.settled(flow, nodes, calls)
        self.repeated(top)
        return FlowFile(flow, words, tuple(self.noted))

    def name(self, node: Node) -> str:
        if not isinstance(node, Scalar) or not node.text or "/" in node.text:
            raise wrong(node, "this is no name of a flow", "write a word, such as block_card")
        return node.text

    def own_phrases(self, fields: Fields, words: Sentences) -> None:
        """The phrases of a flow; keys that no dialogue asks for are noted."""
        english = phrases("en")
        assert english is not None
        self.known(fields, _SPEAKERS)
        for speaker in _SPEAKERS:
            keys = [key.partition(":")[2] for key in english.words if key.startswith(speaker)]
            self.known(self.mapping(fields, speaker), keys)
        self.phrases(fields, words)

    def phrases(self, fields: Fields, words: Sentences) -> None:
        """`user` and `system`, each with sentences by key."""
        for speaker in _SPEAKERS:
            spoken = self.mapping(fields, speaker)
            for key in spoken.fields:
                self.sentences(spoken, key, f"{speaker}:{key}", words)

    def slot(self, name: str, node: Node, words: Sentences) -> FlowSlot:
        if isinstance(node, Scalar) and not node.text:
            node = Fields({}, node.place)
        fields = self.fields(node, f"the slot {name}")
        self.known(fields, _SLOT)
        for key in _SLOT_WORDS:
            self.sentences(fields, key, f"{key}:{name}", words)
        chance = self.share(fields, "chance", 1.0)
        same = self.mapping(fields, "same_as").fields
        if len(same) > 1:
            raise wrong(
                fields.fields["same_as"], "a slot repeats one other", "same_as: {city: 0.3}"
            )
        other = next(iter(same), None)
        return FlowSlot(
            name=name,
            values=self.text(fields, "list") or name,
            place=node.place,
            chance=chance,
            required=self.truth(fields, "required", chance == 1),
            same_as=other,
            same_chance=self.share(self.mapping(fields, "same_as"), other, 0.0) if other else 0.0,
            description=self.text(fields, "description") or "",
            fixed=self.truth(fields, "fixed", False),
            default=self.text(fields, "default"),
            skew=self.skew(fields),
        )

    def skew(self, fields: Fields) -> float:
        value = self.number(fields, "skew", 1.0)
        if not 1 <= value < float("inf"):
            raise wrong(fields.fields["skew"], "'skew' is less than 1", "write 1 (even) or more")
        return value

    def call(self, name: str, node: Node, slots: Mapping[str, FlowSlot], tables: Fields) -> Call:
        fields = self.fields(node, f"the call {name}")
        self.known(fields, ("results", "table", "match", "records"))
        results = []
        for result, inner in self.mapping(fields, "results", required=True).fields.items():
            if isinstance(inner, Scalar):
                results.append(Result(result, self.weight(inner), inner.place))
                continue
            parts = self.fields(inner, f"the result {result}")
            self.known(parts, ("weight", "gives"))
            weight = self.weight(parts.fields["weight"]) if "weight" in parts.fields else 1.0
            results.append(Result(result, weight, inner.place, self.gives(parts)))
        if not any(result.weight for result in results):
            raise wrong(node, f"the call {name!r} has no result", "give one a weight above 0")
        table = self.text(fields, "table")
        if table is not None and table not in tables.fields:
            fix = did_you_mean(table, tables.fields)
            raise wrong(fields.fields["table"], f"there is no table {table!r}", fix)
        match = tuple(self.names(fields, "match", slots, "slot"))
        records = tuple(self.records(tables, table)) if table else ()
        for column in match:
            if table and not any(column in record for record in records):
                raise wrong(
                    fields.fields["match"],
                    f"the table {table!r} has no column {column!r}",
                    did_you_mean(column, {c for record in records for c in record}),
                )
        return Call(
            name=name,
            place=node.place,
            results=tuple(results),
            table=records,
            match=match,
            records=max(1, self.whole(fields, "records", 1) or 1),
        )

    def gives(self, fields: Fields) -> dict[str, str]:
        """`gives: [a, b]` draws each from the list of its name; `{a: list}` from another."""
        node = fields.fields.get("gives")
        if isinstance(node, Items):
            return {scalar.text: scalar.text for scalar in self.scalars(fields, "gives")}
        return self.words(fields, "gives")

    def records(self, tables: Fields, table: str) -> Iterator[dict[str, str]]:
        rows = self.items(tables, table, required=True)
        for row in rows:
            yield {
                key: value.text
                for key, value in self.fields(row, "a record").fields.items()
                if isinstance(value, Scalar)
            }
        if not rows:
            raise wrong(tables.fields[table], f"the table {table!r} is empty", "write its records")

    def aside(self, about: str, node: Node, words: Sentences) -> Aside:
        fields = self.fields(node, f"the aside {about}")
        self.known(fields, ("asks", "replies", "gives"))
        for key in ("asks", "replies"):
            if not self.sentences(fields, key, f"aside:{about}:{key}", words):
                raise wrong(node, f"the aside {about!r} has no {key!r}", f"{key}: [...]")
        return Aside(about, node.place, self.gives(fields))


def as_intent(name: str, sentences: Sequence[Sentence]) -> Intent:
    """Sentences as an intent of a grammar."""
    place = sentences[0].place
    return Intent(name, (Block(tuple(sentences), place),), place)
