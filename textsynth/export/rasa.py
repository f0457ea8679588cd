"""Rasa's NLU training data as YAML (https://rasa.com/docs/rasa/training-data-format, version 3.1).

The rules are those of `rasa.shared.nlu.training_data` of Rasa 3.6. Its notation of entities has no
escape, so that a text which looks like it by chance would be read as something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import accumulate
from json import JSONEncoder
from pathlib import Path
from typing import IO

import pyarrow as pa

from textsynth.corpus import count_by, span_fault
from textsynth.export import About, ExportReport
from textsynth.export.rows import Row, batches, rows_by_intent
from textsynth.export.target import Job, valid_names, writing

# Rasa trains on all of a folder and knows no splits: what it must not see stands in another one.
# Rows without a split are trained on.
TRAIN = "train/nlu.yml"
FILES = {None: TRAIN, "train": TRAIN, "validation": "validation/nlu.yml", "test": "test/nlu.yml"}

# Rasa warns of fewer examples of an intent or an entity (`TrainingData.validate`).
FEWEST = 2

# Where Rasa cuts a text into examples (`str.splitlines`).
_LINE_ENDS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
# What stands in YAML only as an escape (the rest of `c-printable`), and so never in examples.
_NOT_PRINTABLE = "\0-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufffe\uffff"
_LINE_END = re.compile(f"[{_LINE_ENDS}]")
_UNFIT = re.compile(f"[{_LINE_ENDS}{_NOT_PRINTABLE}]")
# A brace would end an annotation too soon.
_ESCAPED = re.compile(f"[{{}}{_LINE_ENDS}{_NOT_PRINTABLE}]")

# What Rasa takes for an entity: words in brackets, then (entity), {JSON} or [{JSON}, {JSON}].
_ANNOTATED = re.compile(r"\[[^\]]+?\](?:\([^:)]+?(?::[^)]+?)?\)|\{[^}]+?\}|\[.*?\])")
_PLAIN_LABEL = re.compile(r"[\w.-]+")
_SLASH = re.compile(r"\s*/\s*")

# The dash keeps the file from being all ASCII: in such files Rasa decodes `\u` in the texts.
_HEAD = '# Rasa NLU training data — made by textsynth\nversion: "3.1"\nnlu:\n'

_encode = JSONEncoder(ensure_ascii=False).encode


class _RefusedError(Exception):
    """A row that is left out; the argument is the rule."""


# (file, intent, labels of the slots) of a row: whether there are enough such examples.
_Kind = tuple[str, str, tuple[str, ...]]
# (label, words, value) of a slot.
_Words = tuple[str, str, str]


def export(corpus: pa.Table, folder: Path, about: About, *, lookups: bool = False) -> ExportReport:
    """Write Rasa NLU training data: `train/nlu.yml`, with `validation/` and `test/` beside it.

    A slot is written as `[words](label)`, and as `[words]{"entity": label, "value": value}` where
    its words do not always stand for themselves. Such words are in the synonyms too, each with its
    most frequent value, since Rasa keeps one. `lookups` adds a table of the words of each label. A
    slash in the name of an intent, which would make it a retrieval intent, becomes an underscore.

    Rules for which rows are refused: `no_intent`, `unknown_split`, `text_empty`,
    `text_has_newline`, `text_not_printable`, `space_at_edge`, spans that do not fit the text,
    `entity_has_bracket`, `text_looks_annotated` (Rasa would see an entity in it), `duplicate_text`
    (an earlier row of the same intent and slots has it; Rasa would drop it) and `too_few_examples`
    (to train on, there is but one of its intent or of a label).

    Raises:
        ExportError: no rows, none that can be written, two intents that get one name, or a folder
            that is not ours or cannot be written.
    """
    with writing("rasa", corpus, folder) as job:
        intents = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
        job.names["intents"] = valid_names(intents, _intent_name)
        valued = _valued(corpus)
        written = _write(job, corpus, valued, frozenset(), lookups)
        short = _too_few(written)
        if short:  # seldom; only what was written could tell
            job.begin_again()
            written = _write(job, corpus, valued, short, lookups)
        job.written = sum(written.values())
    return job.report()


def _intent_name(name: str) -> str:
    """The name as Rasa gives it back: without white space at the edges, or a slash."""
    return _SLASH.sub("_", name).strip() or "intent"


def _too_few(written: Counter[_Kind]) -> frozenset[_Kind]:
    """The kinds to leave out so that each intent and each label has `FEWEST` examples to train on
    (or in all, where there are none to train on)."""
    kept = set(written)
    trained = any(kind[0] == TRAIN for kind in written)
    while True:
        intents: Counter[str] = Counter()
        labels: Counter[str] = Counter()
        for kind in kept:
            if kind[0] == TRAIN or not trained:
                intents[kind[1]] += written[kind]
                for label in kind[2]:
                    labels[label] += written[kind]
        short = {
            kind
            for kind in kept
            if intents[kind[1]] < FEWEST or any(labels[label] < FEWEST for label in kind[2])
        }
        if not short:
            return frozenset(written.keys() - kept)
        kept -= short


def _valued(corpus: pa.Table) -> set[str]:
    """The words, case folded, that stand for something else anywhere. Rasa and readers of its data
    give that value to the same words where none is written, too."""
    return {
        words.casefold()
        for batch in batches(corpus, ("text", "slots"), slot=_spanned)
        for text, slots in zip(batch["text"], batch["slots"], strict=True)
        for start, end, value in slots
        if (words := text[start:end]) != value
    }


def _spanned(start: int, end: int, label: str, value: str) -> tuple[int, int, str]:
    return start, end, value


def _write(
    job: Job, corpus: pa.Table, valued: set[str], short: frozenset[_Kind], lookups: bool
) -> Counter[_Kind]:
    """Write all rows but those of the kinds in `short`; returns the rows of each kind."""
    notation = _Notation(valued)
    written: Counter[_Kind] = Counter()
    trained: Counter[_Words] = Counter()
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for _, rows in rows_by_intent(corpus):
            seen: dict[str, set[str]] = {}
            for row in rows:
                try:
                    kind, example, words = notation.example(row)
                    name = kind[0]
                    if example in seen.get(name, ()):
                        raise _RefusedError("duplicate_text")
                    if kind in short:
                        raise _RefusedError("too_few_examples")
                except _RefusedError as refused:
                    job.refuse(str(refused), row.id)
                    continue
                if name not in files:
                    files[name] = stack.enter_context(job.open(name))
                    files[name].write(_HEAD)
                if name not in seen:
                    seen[name] = set()
                    intent = _quote(job.names["intents"][kind[1]])
                    files[name].write(f"- intent: {intent}\n  examples: |\n")
                seen[name].add(example)
                files[name].write(f"    - {example}\n")
                written[kind] += 1
                if name == TRAIN:
                    for one in words:
                        trained[one] += 1
        if trained:
            files[TRAIN].writelines(_synonyms(job, trained))
            files[TRAIN].writelines(_lookups(trained) if lookups else ())
    return written


@dataclass(slots=True)
class _Notation:
    """Writes rows in Rasa's notation.

    Attributes:
        valued: words, case folded, whose value is always written.
        marks: the annotation of each (label, words, value) so far.
    """

    valued: set[str]
    marks: dict[_Words, str] = field(default_factory=dict)

    def example(self, row: Row) -> tuple[_Kind, str, list[_Words]]:
        """The kind of a row, the row as an example, and its slots.

        Raises:
            _RefusedError: Rasa would not read it as it is.
        """
        text, slots = row.text, row.slots
        if row.split not in FILES:
            raise _RefusedError("unknown_split")
        if row.intent is None:
            raise _RefusedError("no_intent")
        if _UNFIT.search(text):
            rule = "text_has_newline" if _LINE_END.search(text) else "text_not_printable"
            raise _RefusedError(rule)
        if not text or text[0] == " " or text[-1] == " ":
            raise _RefusedError("space_at_edge" if text.strip(" ") else "text_empty")
        pieces: list[str] = []  # plain text and annotations in turn
        words: list[_Words] = []
        at = 0
        for slot in slots:
            start, end = slot.start, slot.end
            if not at <= start < end <= len(text):
                raise _RefusedError(span_fault(text, [(s.start, s.end) for s in slots]))
            one = (slot.label, text[start:end], slot.value)
            words.append(one)
            pieces += (text[at:start], self.marks.get(one) or self.mark(one))
            at = end
        example = "".join(pieces) + text[at:]
        if "[" in text or "]" in text:
            if any(set("[]") & set(surface) for _, surface, _ in words):
                raise _RefusedError("entity_has_bracket")
            ends = [0, *accumulate(map(len, pieces))]
            places = list(zip(ends[1::2], ends[2::2], strict=True))
            if [match.span() for match in _ANNOTATED.finditer(example)] != places:
                raise _RefusedError("text_looks_annotated")
        return (FILES[row.split], row.intent, tuple(one[0] for one in words)), example, words

    def mark(self, words: _Words) -> str:
        """The annotation that stands for a slot."""
        label, surface, value = words
        if surface.casefold() not in self.valued and _PLAIN_LABEL.fullmatch(label):
            mark = f"[{surface}]({label})"
        else:
            mark = f'[{surface}]{{"entity": {_quote(label)}, "value": {_quote(value)}}}'
        self.marks[words] = mark
        return mark


def _quote(text: str) -> str:
    """A text as JSON, which is YAML too, without braces and with nothing that YAML refuses."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", _encode(text))


def _synonyms(job: Job, words: Counter[_Words]) -> Iterator[str]:
    """An entry for each value that has other words. Rasa collects the same from the annotations,
    but where words have several values it would keep the one that comes last."""
    values: dict[str, Counter[str]] = {}
    for (_, surface, value), count in words.items():
        values.setdefault(surface, Counter())[value] += count
    examples: dict[str, list[str]] = {}
    several = 0
    for surface in sorted(values):
        found = values[surface]
        several += len(found) > 1
        value = min(found, key=lambda value: (-found[value], value))
        if (len(found) > 1 or value != surface) and value and surface == surface.strip(" "):
            examples.setdefault(value, []).append(surface)
    for value in sorted(examples):
        yield _entry("synonym", value, examples[value])
    if several:
        job.note(
            f"{several} words or phrases stand for several values; Rasa keeps one value of each "
            "for all entities, and the synonyms give the most frequent"
        )


def _lookups(words: Counter[_Words]) -> Iterator[str]:
    """A table of the words of each label."""
    surfaces: dict[str, set[str]] = {}
    for label, surface, _ in words:
        if surface == surface.strip(" "):
            surfaces.setdefault(label, set()).add(surface)
    for label in sorted(surfaces):
        yield _entry("lookup", label, sorted(surfaces[label]))


def _entry(kind: str, name: str, examples: Iterable[str]) -> str:
    lines = "".join(f"    - {example}\n" for example in examples)
    return f"- {kind}: {_quote(name)}\n  examples: |\n{lines}"
