"""Runs in Dialogflow CX's own client library: what its messages make of a JSON package.

    python dialogflow_reader.py FOLDER LANGUAGE

One object: `phrases` (intent, parts as [text, parameter], in order), `entities` (type -> values as
[value, synonyms]), `start` and `flows`. Fields that a message does not know are errors.
"""

import json
import sys
from pathlib import Path

from google.cloud.dialogflowcx_v3.types import Agent, EntityType, Flow, Intent

home, language = Path(sys.argv[1]), sys.argv[2]


def load(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


def in_language(data: list[dict]) -> list[dict]:
    """Without `languageCode`, which packages have and messages have not."""
    assert all(one.pop("languageCode") == language for one in data)
    return data


told: dict = {"phrases": [], "entities": {}, "parameters": {}, "flows": []}
agent = Agent.from_json((home / "agent.json").read_text(encoding="utf-8"))
told["start"] = agent.start_flow
assert agent.default_language_code == language
for file in sorted(home.glob("flows/*/*.json")):
    told["flows"].append(Flow.from_json(file.read_text(encoding="utf-8")).display_name)
for folder in sorted(home.glob("entityTypes/*")):
    data = load(folder / f"{folder.name}.json")
    data |= {"entities": in_language(load(folder / f"entities/{language}.json")["entities"])}
    type = EntityType.from_json(json.dumps(data))
    assert type.kind is EntityType.Kind.KIND_MAP and type.display_name == folder.name
    told["entities"][type.display_name] = [[one.value, [*one.synonyms]] for one in type.entities]
for folder in sorted(home.glob("intents/*")):
    data = load(folder / f"{folder.name}.json")
    phrases = load(folder / f"trainingPhrases/{language}.json")["trainingPhrases"]
    intent = Intent.from_json(json.dumps({**data, "trainingPhrases": in_language(phrases)}))
    assert intent.display_name == folder.name and not intent.is_fallback
    told["parameters"][folder.name] = {one.id: one.entity_type for one in intent.parameters}
    for phrase in intent.training_phrases:
        assert phrase.repeat_count == 1
        parts = [[part.text, part.parameter_id] for part in phrase.parts]
        told["phrases"].append([intent.display_name, parts])
sys.stdout.write(json.dumps(told))
