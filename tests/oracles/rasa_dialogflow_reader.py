"""Runs in Rasa's own environment: what its reader of Dialogflow agents gives back, as JSON.

    python rasa_dialogflow_reader.py FOLDER LANGUAGE

`examples` (text, intent, entities as [start, end, entity, words]) and `synonyms`.
"""

import json
import sys

from rasa.shared.nlu.training_data.loading import load_data

data = load_data(sys.argv[1], sys.argv[2])
keys = ("start", "end", "entity", "value")
told = {
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
}
sys.stdout.write(json.dumps(told))
