"""JSGF speech grammars (https://www.w3.org/TR/jsgf/), as pocketsphinx reads them: a public rule for
each intent, a rule of values for each slot, whose tags hold what they mean.

A speech grammar spells what is said: text is written without punctuation at the edges of words, and
numbers in words (`1980`: nineteen eighty).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from textsynth.corpus import count_by, span_fault, substitute
from textsynth.export import About, ExportReport
from textsynth.export.rows import Row, rows_by_intent
from textsynth.export.speech import HOLE, spoken
from textsynth.export.target import Job, valid_names, writing

FILE = "grammar.jsgf"
ALL = "utterance"  # the rule of all intents

_SPECIAL = ("NULL", "VOID")  # rules that JSGF has: nothing, and what cannot be said
_UNFIT_IN_NAMES = re.compile(r"[^\w-]+")
_IN_WORD = re.compile(r"[^\W_]")
_IN_TAGS = re.compile(r"([\\{}])")


def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `grammar.jsgf`, a grammar of all intents.

    `public <utterance>` is any of them, `public <Intent>` the sentences of each with `<slot-label>`
    where values stand, and those rules are words, each with its value as a tag.

    What is hung on a slot (`{artist}'s`) goes to a rule of its own with the values that have it. In
    names, what is no letter, digit, underscore or hyphen becomes `_`; `NULL` and `VOID`, which JSGF
    has itself, get one at their end.

    Rules for which rows are refused: `no_intent`, `text_empty`, `text_has_newline`, spans that do
    not fit the text, `not_spoken` (a sign has no words), `slot_not_spoken` (nothing of it is said),
    `slot_inside_word`.

    Raises:
        ExportError: no rows, none that can be written, two intents that become one, or a folder
            that is not ours or cannot be written.
    """
    with writing("jsgf", corpus, folder) as job:
        intents = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
        job.names["intents"] = valid_names(intents, rule_name)
        grammar = _Grammar(about.language, set(job.names["intents"].values()))
        with job.open(FILE) as file:
            file.write(head(about.language))
            file.writelines(_written(job, corpus, grammar))
    return job.report()


def head(language: str) -> str:
    """The first lines of a grammar."""
    return f"#JSGF V1.0 UTF-8 {_UNFIT_IN_NAMES.sub('-', language) or 'en'};\n\ngrammar textsynth;\n"


def rule_name(name: str) -> str:
    """A name as rules may have it."""
    made = _UNFIT_IN_NAMES.sub("_", name) or "rule"
    return f"{made}_" if made in _SPECIAL else made


def top_name(taken: Collection[str]) -> str:
    """The name of the rule of all intents: one that no other rule has."""
    name = ALL
    while name in taken:
        name += "_"
    return name


def tag(value: str) -> str:
    """A value as a tag; nothing for an empty one, since tags are not empty. A space follows a
    backslash at its end, which pocketsphinx would take for the escape of the brace."""
    plain = " ".join(value.split())
    space = " " * plain.endswith("\\")
    return f" {{{_IN_TAGS.sub(_escape, plain)}{space}}}" if plain else ""


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[1]


def rule(name: str, branches: Iterator[str] | list[str], *, public: bool = False) -> str:
    """A rule of alternatives, one a line."""
    body = "\n  | ".join(branches)
    return f"\n{'public ' * public}<{name}> =\n    {body};\n"


class _RefusedError(Exception):
    """A row that is left out; the argument is the rule."""


@dataclass(slots=True)
class _Grammar:
    """The sentences of an intent on their way, and the rules of slots."""

    language: str
    taken: set[str]
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    values: dict[str, dict[tuple[str, str], None]] = field(default_factory=dict)

    def sentence(self, row: Row) -> str:
        """A row with `<rule>` for each slot; the values go to `values`.

        Raises:
            _RefusedError: it cannot be said.
        """
        words = [row.text[slot.start : slot.end] for slot in row.slots]
        text = _with_holes(row)
        slots = iter(zip(row.slots, words, strict=True))
        found: list[str] = []
        filled: list[tuple[str, tuple[str, str]]] = []
        for token in self.words(text).split():
            if HOLE not in token:
                found.append(token)
                continue
            slot, surface = next(slots)
            hung = token.removeprefix(HOLE)
            name = self.name((slot.label, hung))
            said = spoken(surface, self.language)
            if said is None:
                raise _RefusedError("slot_not_spoken")
            filled.append((name, (said + hung, slot.value)))
            found.append(f"<{name}>")
        for name, value in filled:
            self.values.setdefault(name, {})[value] = None
        return " ".join(found)

    def words(self, text: str) -> str:
        """A text with holes as it is said."""
        found = spoken(text, self.language)
        if found is None:
            raise _RefusedError("not_spoken")
        return found

    def name(self, key: tuple[str, str]) -> str:
        """The rule of a slot with what is hung on it."""
        if key not in self.names:
            name = plain = f"slot-{rule_name(key[0])}"
            number = 1
            while name in self.taken:
                number += 1
                name = f"{plain}-{number}"
            self.taken.add(name)
            self.names[key] = name
        return self.names[key]


def _with_holes(row: Row) -> str:
    """The text of a row with a hole for each slot."""
    if row.intent is None:
        raise _RefusedError("no_intent")
    if not row.text.strip():
        raise _RefusedError("text_empty")
    if len(row.text.splitlines()) > 1:
        raise _RefusedError("text_has_newline")
    spans = [(slot.start, slot.end) for slot in row.slots]
    fault = span_fault(row.text, spans)
    if fault:
        raise _RefusedError(fault)
    if HOLE in row.text:
        raise _RefusedError("not_spoken")
    for start, end in spans:
        if _IN_WORD.search(row.text[max(start - 1, 0) : start]) or _IN_WORD.match(row.text, end):
            raise _RefusedError("slot_inside_word")
    return substitute(row.text, [(start, end, HOLE) for start, end in spans])[0]


def _written(job: Job, corpus: pa.Table, grammar: _Grammar) -> Iterator[str]:
    rules: list[str] = []
    for intent, rows in rows_by_intent(corpus):
        sentences: dict[str, None] = {}
        for row in rows:
            try:
                sentences[grammar.sentence(row)] = None
                job.written += 1
            except _RefusedError as refused:
                job.refuse(str(refused), row.id)
        if sentences and intent is not None:
            rules.append(job.names["intents"][intent])
            yield rule(rules[-1], list(sentences), public=True)
    for name, values in grammar.values.items():
        yield rule(name, [f"( {words} ){tag(value)}" for words, value in values])
    if rules:
        yield rule(top_name(grammar.taken), [f"<{one}>" for one in rules], public=True)
