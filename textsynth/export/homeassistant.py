"""Home Assistant's sentences (https://developers.home-assistant.io/docs/voice/intent-recognition/):
rows as templates `play {song}`, with a list of values for each slot.

Home Assistant hears neither case nor punctuation at the edges of words, so sentences and values are
written without the latter. The schema of its sentences takes letters, marks, digits and few signs,
and the backslash of escapes is none of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from textsynth.corpus import count_by, span_fault
from textsynth.export import About, ExportReport
from textsynth.export.heard import Piece, heard
from textsynth.export.rows import Row, batches, rows, rows_by_intent
from textsynth.export.target import Job, quoted, valid_names, writing

FILE = "custom_sentences/{language}/textsynth.yaml"  # where Home Assistant looks, below its config

# Signs that a sentence may hold (`script/intentfest/validate.py` of home-assistant/intents), and
# those of them that are notation.
SIGNS = frozenset(" :-'|()[]{}<>;–_")  # noqa: RUF001
NOTATION = frozenset("|()[]{}<>;")

# Lists that Home Assistant fills itself, with what is in the house. They take the place of those of
# the file, but not of those that a block of sentences has for itself.
HOUSE_LISTS = frozenset({"area", "floor", "name"})

# hassil reads a value as a template where it has one of these, and escapes in no other. Spaces of
# a template, unlike others, match the two that are heard of `a - b` with a longer dash.
_OF_TEMPLATES = re.compile(r"[(){}<>\[\]|@ ]")
_ESCAPED = re.compile(r"([\\()\[\]{}<>|;])")
_UNFIT_IN_NAMES = re.compile(r"[^\w-]+")

# label, words in lower case -> what they mean (None: themselves), the most frequent first.
_Meanings = dict[tuple[str, str], str | None]
# An intent on its way: its different sentences in order, and the labels in them.
_Spoken = tuple[list[str], set[str]]


def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `custom_sentences/en/textsynth.yaml`, in the folder of the language.

    It has the different sentences of each intent with `{label}` for each slot, and a list of each
    label: words, with `out` where they mean something else. The lists `area`, `floor` and `name`
    stand in each intent that uses them, since Home Assistant has others of these names.

    Rows of a sentence share it, and a list holds all values of its label, so that more is
    understood than was written. In labels, what is no letter, digit, `_` or hyphen becomes `_`.

    Rules for which rows are refused: `no_intent`, `text_empty`, `text_has_newline`,
    `text_not_composed`, spans that do not fit the text, `text_not_heard` and `slot_not_heard`
    (nothing but punctuation), `punctuation_between_words` (of a slot that means them without),
    `character_unfit` (outside of slots), `sentence_of_another_intent` (but for the values of slots)
    and `words_mean_something_else` (they stand more often for another value).

    Raises:
        ExportError: no rows, none that can be written, two labels that become one, or a folder that
            is not ours or cannot be written.
    """
    with writing("homeassistant", corpus, folder) as job:
        labels = {slot.label for batch in batches(corpus, ("slots",)) for slots in batch["slots"]
                  for slot in slots}  # fmt: skip
        job.names["slots"] = valid_names(
            labels, lambda name: _UNFIT_IN_NAMES.sub("_", name) or "slot", "label"
        )
        job.names["intents"] = valid_names(
            (key[0] for key in count_by(corpus, "intent") if key[0] is not None), _intent_name
        )
        meanings = _meanings(corpus)
        used: dict[tuple[str, str], str] = {}
        intents = _intents(job, corpus, meanings, used)
        lists = _lists(job, meanings, used)
        with job.open(FILE.format(language=folder_name(about.language))) as file:
            file.write(f"# Made by textsynth.\nlanguage: {quoted(about.language)}\nintents:\n")
            for name, (sentences, labels) in intents.items():
                file.write(f"  {quoted(name)}:\n    data:\n      - sentences:\n")
                file.writelines(f"          - {quoted(sentence)}\n" for sentence in sentences)
                house = {label: lists[label] for label in sorted(labels & HOUSE_LISTS)}
                file.writelines(_listed(house, " " * 8))
            rest = {name: values for name, values in lists.items() if name not in HOUSE_LISTS}
            file.writelines(_listed(rest, ""))
    return job.report()


def _intent_name(name: str) -> str:
    return " ".join(name.split()) or "intent"


def folder_name(language: str) -> str:
    """The folder of a language."""
    return re.sub(r"[^\w-]+", "-", language) or "en"


def character_fits(char: str) -> bool:
    """Whether a sentence may hold a character, notation included."""
    return char in SIGNS or char.isalnum() or unicodedata.category(char)[0] in "LMN"


def _pieces(row: Row) -> list[Piece] | str:
    """A row as it is heard, or the rule that it breaks."""
    text = row.text
    if not text.strip():
        return "text_empty"
    if len(text.splitlines()) > 1:
        return "text_has_newline"
    fault = span_fault(text, [(slot.start, slot.end) for slot in row.slots])
    return fault or heard(row)


def _meanings(corpus: pa.Table) -> _Meanings:
    """What the words of each label mean."""
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for row in rows(corpus):
        pieces = _pieces(row) if row.intent is not None else ""
        for words, slot in pieces if isinstance(pieces, list) else ():
            if slot:
                counts[(slot.label, *_said(words, slot.value))] += 1
    found: _Meanings = {}
    for label, words, value in sorted(
        counts, key=lambda key: (-counts[key], key[:2], key[2] or "")
    ):
        found.setdefault((label, words), value)
    return found


def _said(words: str, value: str) -> tuple[str, str | None]:
    return words.casefold(), None if words == value else value


def _intents(
    job: Job, corpus: pa.Table, meanings: _Meanings, used: dict[tuple[str, str], str]
) -> dict[str, _Spoken]:
    """The intents by the names that they are written by; the words of slots, as first written, go
    to `used`."""
    intents: dict[str, _Spoken] = {}
    owners: dict[str, str] = {}
    repeated = 0
    for intent, found in rows_by_intent(corpus):
        for row in found:
            rule, sentence, slots = _sentence(job, row, meanings)
            key = sentence.casefold()
            if rule is None and intent is not None and owners.get(key, intent) != intent:
                rule = "sentence_of_another_intent"
            if rule is not None or intent is None:
                job.refuse(rule or "no_intent", row.id)
                continue
            job.written += 1
            repeated += len({label for label, _ in slots}) < len(slots)
            for label, words in slots:
                used.setdefault((label, words.casefold()), words)
            if key in owners:
                continue
            owners[key] = intent
            sentences, labels = intents.setdefault(job.names["intents"][intent], ([], set()))
            sentences.append(sentence)
            labels.update(job.names["slots"][label] for label, _ in slots)
    if repeated:
        job.note(
            f"{repeated} rows fill a slot twice; Home Assistant hands over the last value of a slot"
        )
    return intents


def _sentence(
    job: Job, row: Row, meanings: _Meanings
) -> tuple[str | None, str, list[tuple[str, str]]]:
    """The rule that a row breaks, its sentence, and the words of each slot."""
    if row.intent is None:
        return "no_intent", "", []
    pieces = _pieces(row)
    if isinstance(pieces, str):
        return pieces, "", []
    written: list[str] = []
    slots: list[tuple[str, str]] = []
    for words, slot in pieces:
        if slot is None:
            if not all(character_fits(char) and char not in NOTATION for char in words):
                return "character_unfit", "", []
            written.append(words)
            continue
        folded, value = _said(words, slot.value)
        if meanings[slot.label, folded] != value:
            return "words_mean_something_else", "", []
        written.append(f"{{{job.names['slots'][slot.label]}}}")
        slots.append((slot.label, words))
    sentence = "".join(written).strip()
    return None if sentence else "text_not_heard", sentence, slots


def _lists(job: Job, meanings: _Meanings, used: dict[tuple[str, str], str]) -> dict[str, list[str]]:
    """The values of the labels that were used, by the names that these are written by."""
    values: dict[str, list[str]] = {}
    for (label, folded), value in meanings.items():
        if (label, folded) in used:
            values.setdefault(label, []).append(list_value(used[label, folded], value))
    return {job.names["slots"][label]: values[label] for label in sorted(values)}


def _listed(lists: Mapping[str, list[str]], indent: str) -> Iterator[str]:
    """Lists as YAML, in the order of their names."""
    if lists:
        yield f"{indent}lists:\n"
    for name, values in lists.items():
        yield f"{indent}  {quoted(name)}:\n{indent}    values:\n"
        yield from (f"{indent}      - {value}\n" for value in values)


def list_value(words: str, value: str | None) -> str:
    """A value of a list as YAML: words, and what they mean (None: themselves, in the case in which
    they are heard)."""
    if value is None:
        return quoted(f"({_ESCAPED.sub(_escape, words)})")
    said = f"({_ESCAPED.sub(_escape, words)})" if _OF_TEMPLATES.search(words) else words
    return f"{{in: {quoted(said)}, out: {quoted(value)}}}"


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[1]
