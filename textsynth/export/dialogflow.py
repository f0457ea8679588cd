"""Dialogflow ES agents, as its import takes them
(https://cloud.google.com/dialogflow/es/docs/reference/rest/v2/projects.agent/restore).

Limits are Dialogflow's (https://cloud.google.com/dialogflow/quotas, for ES and CX).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.export import About, ExportReport
from textsynth.export.bot import Model, Parts, RefusedError, Rules, Words, models, parts_of
from textsynth.export.botnames import Names, names_of, require_at_most, say_names
from textsynth.export.rows import Row
from textsynth.export.target import Job, as_json, camel, snake, writing

MOST_INTENTS = 2_000
MOST_TYPES = 250
MOST_PHRASES = 2_000  # of an intent
LONGEST_PHRASE = 768
LONGEST_VALUE = 512
MOST_VALUES = 30_000  # values and synonyms of an entity
LONGEST_NAME = 64
ZONE = "Etc/UTC"
PRIORITY = 500_000  # what Dialogflow calls normal

RULES = Rules(samples=False, same=str, named=str, texts=MOST_PHRASES, values=MOST_VALUES)

# Two kinds of file lie side by side and are told by their names.
_INTENT = re.compile(r"(?!.*(?:_usersays_|_entries_|\.json))[A-Za-z0-9](?:[\w .-]*\w)?", re.ASCII)
_SLOT = re.compile(r"(?!.*(?:_usersays_|_entries_))[A-Za-z](?:[\w-]*[A-Za-z0-9])?", re.ASCII)
_REFERENCE = re.compile(r"@[A-Za-z]")
_RESERVED = ("default fallback intent", "default welcome intent", "default start flow")
_SPACE = uuid.UUID("5bb0a5b6-7a0c-5e0e-9f5e-1a3c1d0f8a55")


def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write Dialogflow ES agents to restore: `train.zip`, also `validation.zip` and `test.zip`.

    Rows become training phrases with their slots marked, and labels entities with values and
    synonyms; a parameter and its entity are called as the label is.

    Rules for which rows are refused: `no_intent`, `unknown_split`, `other_language`, `text_empty`,
    `text_has_newline`, `text_not_printable`, `space_at_edge`, `space_at_slot_edge`, spans that do
    not fit the text, `text_too_long`, `value_too_long`, `value_empty`, `value_not_printable`,
    `value_has_space_at_edge`, `value_has_reference` (`@name`, also in the words of a slot),
    `words_have_other_value`, `duplicate_text` (in its intent).

    Raises:
        ExportError: no rows, none that can be written, more intents or labels than Dialogflow
            takes, two names that would be written alike, or a folder that is not ours or cannot
            be written.
    """
    with writing("dialogflow", corpus, folder) as job:
        for split, model, names in agents(job, corpus, about):
            files = _files(model, names, about)
            job.write_zip(f"{split}.zip", {name: as_json(data) for name, data in files})
    return job.report()


def agents(job: Job, corpus: pa.Table, about: About) -> Iterator[tuple[str, Model, Names]]:
    """The model of each split, as ES and CX take it.

    Raises:
        ExportError: more intents or labels than Dialogflow takes, or names that are written alike.
    """
    names = names_of(corpus, _intent_name, _slot_name, LONGEST_NAME)
    require_at_most("intents", len(names.intents), MOST_INTENTS, "Dialogflow")
    require_at_most("labels", len(names.slots), MOST_TYPES, "Dialogflow")
    written = dict(models(job, corpus, about.language, _read, RULES))
    say_names(job, names, written.values())
    for split, model in written.items():
        yield split, model, names


def _read(row: Row) -> tuple[Parts, str]:
    parts = parts_of(row)
    if len(row.text) > LONGEST_PHRASE:
        raise RefusedError("text_too_long")
    for part in parts:
        if isinstance(part, Words):
            fault = _value_fault(part)
            if fault:
                raise RefusedError(fault)
    return parts, row.text


def _value_fault(slot: Words) -> str | None:
    if max(len(slot.value), len(slot.words)) > LONGEST_VALUE:
        return "value_too_long"
    if slot.value != slot.value.strip():
        return "value_has_space_at_edge"
    if not slot.value.isprintable():
        return "value_not_printable"
    found = _REFERENCE.search(slot.value) or _REFERENCE.search(slot.words)
    return "value_has_reference" if found else None


# -- files ----------------------------------------------------------------------------------------


def _files(model: Model, names: Names, about: About) -> Iterator[tuple[str, Any]]:
    language = about.language.lower()
    yield "package.json", {"version": "1.0.0"}
    yield (
        "agent.json",
        {
            "description": "",
            "language": language,
            "displayName": about.name,
            "defaultTimezone": ZONE,
            "isPrivate": True,
            "mlMinConfidence": 0.3,
            "supportedLanguages": [],
            "onePlatformApiVersion": "v2",
        },
    )
    for intent, texts in model.texts.items():
        name = names.intents[intent]
        yield f"intents/{name}.json", _intent(name, texts, names)
        yield (
            f"intents/{name}_usersays_{language}.json",
            [
                {
                    "id": identifier("phrase", name, str(number)),
                    "data": [_part(part, names) for part in parts],
                    "isTemplate": False,
                    "count": 0,
                    "updated": 0,
                }
                for number, parts in enumerate(texts)
            ],
        )
    for label, values in model.types.items():
        name = names.slots[label]
        yield (
            f"entities/{name}.json",
            {
                "id": identifier("entity", name),
                "name": name,
                "isOverridable": True,
                "isEnum": False,
                "isRegexp": False,
                "automatedExpansion": True,
                "allowFuzzyExtraction": False,
            },
        )
        yield (
            f"entities/{name}_entries_{language}.json",
            [{"value": value, "synonyms": words} for value, words in values.items()],
        )


def _intent(name: str, texts: list[Parts], names: Names) -> dict[str, Any]:
    parameters = [
        {
            "id": identifier("parameter", name, slot),
            "name": slot,
            "required": False,
            "dataType": f"@{slot}",
            "value": f"${slot}",
            "defaultValue": "",
            "isList": several,
        }
        for slot, several in labels_of(texts, names)
    ]
    return {
        "id": identifier("intent", name),
        "name": name,
        "auto": True,
        "contexts": [],
        "responses": [
            {
                "resetContexts": False,
                "action": "",
                "affectedContexts": [],
                "parameters": parameters,
                "messages": [],
                "speech": [],
            }
        ],
        "priority": PRIORITY,
        "webhookUsed": False,
        "webhookForSlotFilling": False,
        "fallbackIntent": False,
        "events": [],
    }


def _part(part: str | Words, names: Names) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part, "userDefined": False}
    name = names.slots[part.label]
    return {"text": part.words, "meta": f"@{name}", "alias": name, "userDefined": True}


def labels_of(texts: Iterable[Parts], names: Names) -> list[tuple[str, bool]]:
    """The parameters of an intent, and whether one has several values in a text."""
    found: dict[str, bool] = {}
    for parts in texts:
        labels = [part.label for part in parts if isinstance(part, Words)]
        for label in labels:
            found[label] = found.get(label, False) or labels.count(label) > 1
    return [(names.slots[label], several) for label, several in found.items()]


def identifier(*names: str) -> str:
    """The same UUID for the same names."""
    return str(uuid.uuid5(_SPACE, "\0".join(names)))


# -- names ----------------------------------------------------------------------------------------


def _intent_name(name: str) -> str:
    made = name if _INTENT.fullmatch(name) else camel(name)
    return f"{made} own" if made.casefold() in _RESERVED else made


def _slot_name(name: str) -> str:
    if _SLOT.fullmatch(name):
        return name
    made = snake(name)
    return made if _SLOT.fullmatch(made) else f"x{camel(name)}"
