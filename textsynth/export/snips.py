"""Snips NLU's datasets as JSON or YAML (https://snips-nlu.readthedocs.io/en/latest/dataset.html).

An entity lists its values with their synonyms, and words mean what it says: where they have several
values in the corpus, one of them is kept. In YAML slots are written `[slot:entity](words)`, without
any escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json import JSONEncoder
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from textsynth.corpus import count_by, span_fault
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export.rows import Row, rows_by_intent, slot_types
from textsynth.export.target import Job, as_json, quoted, valid_names, writing

FILES = {"json": "dataset.json", "yaml": "dataset.yaml"}
# With resources of their own in Snips NLU 0.20.
LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "ko", "pt_br", "pt_pt", "zh")

_BUILT_IN = "snips/"
_encode = JSONEncoder(ensure_ascii=False).encode
_SIGNS = re.compile(r"[\[\]():]+")
_BRACKETS = re.compile(r"[\[\]()]")
# What a label has in an entity: canonical value -> other words for it.
_Types = dict[str, dict[str, list[str]]]


def export(
    corpus: pa.Table, folder: Path, about: About, *, form: Literal["json", "yaml"] = "json"
) -> ExportReport:
    """Write `dataset.json`, or with `form="yaml"` `dataset.yaml`.

    Each label is a slot and an entity of that name. White space at the edges of names is dropped,
    `snips/` before a label (the built-in entities) becomes `snips_`, brackets and colons in one
    become underscores.

    Rules for which rows are refused: `no_intent`, `text_empty`, spans that do not fit the text,
    `space_at_slot_edge`, `value_empty`, `space_at_value_edge`, `words_mean_something_else` (they
    stand more often for another value, or are a value themselves); in YAML also
    `text_has_newline`, `text_has_bracket` and `slot_has_bracket`.

    Raises:
        ExportError: another form, no rows, none that can be written, two names that become one, or
            a folder that is not ours or cannot be written.
    """
    if form not in FILES:
        raise ExportError(f"{form!r} is no form of a Snips dataset", fix="json or yaml")
    with writing("snips", corpus, folder) as job:
        seen = slot_types(corpus)
        intents = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
        job.names["intents"] = valid_names(intents, lambda name: " ".join(name.split()) or "intent")
        job.names["slots"] = valid_names(seen, _label, "label")
        language = _language(job, about.language)
        types = {label: _entity(values) for label, values in seen.items()}
        meanings = {label: _meanings(values) for label, values in types.items()}
        with job.open(FILES[form]) as file:
            kept = _kept(job, corpus, meanings, yaml=form == "yaml")
            write = _yaml if form == "yaml" else _json
            file.writelines(write(kept, types, job, language))
    return job.report()


def _label(name: str) -> str:
    name = name.strip()
    if name.startswith(_BUILT_IN):
        name = name.replace("/", "_", 1)
    return _SIGNS.sub("_", name) or "slot"


def _language(job: Job, language: str) -> str:
    """A language as Snips NLU calls it: `en` of `en-US`, `pt_br` of `pt-BR`."""
    told = language.replace("-", "_").lower()
    for name in (told, told.split("_")[0]):
        if name in LANGUAGES:
            return name
    job.note(f"Snips NLU has no resources for the language {language!r}")
    return language


def _entity(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The values of an entity with synonyms, so that words stand under one value. Words that are a
    value themselves stand for it alone; others for the value that they have most often, since
    values come in that order."""
    found: dict[str, list[str]] = {value: [] for value in values if _fit(value)}
    taken = set(found)
    for value in found:
        for words in values[value]:
            if words not in taken and _fit(words):
                taken.add(words)
                found[value].append(words)
    return found


def _fit(text: str) -> bool:
    return bool(text) and text == text.strip()


def _meanings(entity: Mapping[str, list[str]]) -> dict[str, str]:
    return {words: value for value, synonyms in entity.items() for words in (value, *synonyms)}


def _kept(
    job: Job, corpus: pa.Table, meanings: Mapping[str, Mapping[str, str]], *, yaml: bool
) -> Iterator[tuple[str, Iterator[Row]]]:
    """The rows of each intent that are not refused."""

    def written(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            rule = _fault(row, meanings) or (_yaml_fault(row) if yaml else None)
            if rule:
                job.refuse(rule, row.id)
                continue
            job.written += 1
            yield row

    for intent, rows in rows_by_intent(corpus):
        if intent is None:
            for row in rows:
                job.refuse("no_intent", row.id)
        else:
            yield job.names["intents"][intent], written(rows)


def _fault(row: Row, meanings: Mapping[str, Mapping[str, str]]) -> str | None:
    text = row.text
    if not text.strip():
        return "text_empty"
    wrong = span_fault(text, [(slot.start, slot.end) for slot in row.slots])
    if wrong:
        return wrong
    for slot in row.slots:
        words, value = text[slot.start : slot.end], slot.value
        if not _fit(words):
            return "space_at_slot_edge"
        if not _fit(value):
            return "space_at_value_edge" if value.strip() else "value_empty"
        if meanings[slot.label].get(words) != value:
            return "words_mean_something_else"
    return None


def _yaml_fault(row: Row) -> str | None:
    at = 0
    if len(row.text.splitlines()) > 1:
        return "text_has_newline"
    for slot in row.slots:
        if _BRACKETS.search(row.text, slot.start, slot.end):
            return "slot_has_bracket"
    outside = []
    for slot in row.slots:
        outside.append(row.text[at : slot.start])
        at = slot.end
    plain = "".join([*outside, row.text[at:]])
    return "text_has_bracket" if "[" in plain or "]" in plain else None


def _parts(row: Row) -> Iterator[tuple[str, str | None]]:
    """The text in pieces, each with the label where it is a slot."""
    at = 0
    for slot in row.slots:
        if slot.start > at:
            yield row.text[at : slot.start], None
        yield row.text[slot.start : slot.end], slot.label
        at = slot.end
    if at < len(row.text):
        yield row.text[at:], None


def _json(
    kept: Iterator[tuple[str, Iterator[Row]]], types: _Types, job: Job, language: str
) -> Iterator[str]:
    names = job.names["slots"]

    def part(words: str, label: str | None) -> dict[str, str]:
        if label is None:
            return {"text": words}
        return {"text": words, "entity": names[label], "slot_name": names[label]}

    yield f'{{\n"language": {quoted(language)},\n"intents": {{'
    comma = ""
    for intent, rows in kept:
        yield f'{comma}\n{quoted(intent)}: {{"utterances": ['
        comma = inner = ""
        for row in rows:
            data = _encode({"data": [part(*one) for one in _parts(row)]})
            yield f"{inner}\n{data}"
            inner = ","
        yield "\n]}"
        comma = ","
    entities = {names[label]: _json_entity(values) for label, values in types.items()}
    yield f'\n}},\n"entities": {as_json(entities).rstrip()}\n}}\n'


def _json_entity(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "data": [{"value": value, "synonyms": others} for value, others in values.items()],
        "use_synonyms": True,
        "automatically_extensible": True,
        "matching_strictness": 1.0,
    }


def _yaml(
    kept: Iterator[tuple[str, Iterator[Row]]], types: _Types, job: Job, language: str
) -> Iterator[str]:
    names = job.names["slots"]
    yield "# Snips NLU dataset, made by textsynth\n"
    for intent, rows in kept:
        yield f"---\ntype: intent\nname: {quoted(intent)}\nutterances:"
        there = False
        for row in rows:
            text = "".join(
                words if label is None else f"[{names[label]}:{names[label]}]({words})"
                for words, label in _parts(row)
            )
            yield f"\n- {quoted(text)}"
            there = True
        yield "\n" if there else " []\n"
    for label, values in types.items():
        if values:
            yield f"---\ntype: entity\nname: {quoted(names[label])}\nvalues:\n"
            yield from (f"- [{', '.join(map(quoted, (v, *o)))}]\n" for v, o in values.items())
