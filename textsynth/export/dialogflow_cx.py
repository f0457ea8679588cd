"""Dialogflow CX agents in the JSON package format
(https://cloud.google.com/dialogflow/cx/docs/reference/json-export).

Objects have the fields of the messages `Intent`, `EntityType`, `Agent` and `Flow` of its API; what
is written in a language says so (`languageCode`). Rules and limits are those of ES.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.export import About, ExportReport
from textsynth.export.bot import Model, Parts, Words
from textsynth.export.botnames import Names
from textsynth.export.dialogflow import PRIORITY, ZONE, agents, identifier, labels_of
from textsynth.export.target import as_json, writing

FLOW = "Default Start Flow"
THRESHOLD = 0.3  # what Dialogflow gives a new flow


def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write Dialogflow CX agents to restore: `train.zip`, also `validation.zip` and `test.zip`.

    Rows become training phrases with their slots marked, and labels entity types of the kind map; a
    parameter and its type are called as the label is. The start flow is empty.

    The rules by which rows are refused are those of `dialogflow`.

    Raises:
        ExportError: as `dialogflow` does.
    """
    with writing("dialogflow_cx", corpus, folder) as job:
        for split, model, names in agents(job, corpus, about):
            files = _files(model, names, about)
            job.write_zip(f"{split}.zip", {name: as_json(data) for name, data in files})
    return job.report()


def _files(model: Model, names: Names, about: About) -> Iterator[tuple[str, Any]]:
    language = about.language.lower()
    yield (
        "agent.json",
        {
            "displayName": about.name,
            "defaultLanguageCode": language,
            "timeZone": ZONE,
            "startFlow": FLOW,
        },
    )
    yield (
        f"flows/{FLOW}/{FLOW}.json",
        {
            "name": identifier("flow", FLOW),
            "displayName": FLOW,
            "nluSettings": {
                "modelType": "MODEL_TYPE_STANDARD",
                "classificationThreshold": THRESHOLD,
            },
        },
    )
    for intent, texts in model.texts.items():
        name = names.intents[intent]
        home = f"intents/{name}"
        yield (
            f"{home}/{name}.json",
            {
                "name": identifier("intent", name),
                "displayName": name,
                "parameters": [
                    {"id": slot, "entityType": f"@{slot}", "isList": several}
                    for slot, several in labels_of(texts, names)
                ],
                "priority": PRIORITY,
            },
        )
        yield (
            f"{home}/trainingPhrases/{language}.json",
            {"trainingPhrases": [_phrase(parts, names, language) for parts in texts]},
        )
    for label, values in model.types.items():
        name = names.slots[label]
        home = f"entityTypes/{name}"
        yield (
            f"{home}/{name}.json",
            {
                "name": identifier("entity", name),
                "displayName": name,
                "kind": "KIND_MAP",
                "autoExpansionMode": "AUTO_EXPANSION_MODE_DEFAULT",
            },
        )
        yield (
            f"{home}/entities/{language}.json",
            {
                "entities": [
                    {"value": value, "synonyms": words, "languageCode": language}
                    for value, words in values.items()
                ]
            },
        )


def _phrase(parts: Parts, names: Names, language: str) -> dict[str, Any]:
    return {
        "parts": [
            {"text": part.words, "parameterId": names.slots[part.label]}
            if isinstance(part, Words)
            else {"text": part}
            for part in parts
        ],
        "repeatCount": 1,
        "languageCode": language,
    }
