"""Runs in Rasa's own environment: what its reader of training data gives back, as JSON.

    python rasa_reader.py FILE...

One object a file: `examples` (text, intent, entities as [start, end, entity, value]), `synonyms`,
`lookups`, and `warnings` of the reader and of `TrainingData.validate`; or the `error` it ends with.
"""

import json
import sys
import warnings

from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader


def told(name: str) -> dict[str, object]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = RasaYAMLReader().read(name)
        data.validate()
    keys = ("start", "end", "entity", "value")
    return {
        "examples": [
            [
                message.get("text"),
                message.get_full_intent(),
                [[entity[key] for key in keys] for entity in message.get("entities", [])],
            ]
            for message in data.training_examples
        ],
        "synonyms": data.entity_synonyms,
        "lookups": {table["name"]: table["elements"] for table in data.lookup_tables},
        "warnings": [str(one.message) for one in caught if one.category is UserWarning],
    }


for name in sys.argv[1:]:
    try:
        found = told(name)
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(found) + "\n")
