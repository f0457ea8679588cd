"""Runs in an environment with Amazon's SDK: what its serialiser makes of interaction models.

    python alexa_reader.py FILE...

One object a file: `invocation`, `intents` (name, slots as [name, type], samples), `types` (name,
values as [value, synonyms]), and whether it is written again as it was read.
"""

import json
import sys

from ask_sdk_model_runtime import DefaultSerializer
from ask_smapi_model.v1.skill.interaction_model.interaction_model_data import InteractionModelData


def without_none(node: object) -> object:
    """JSON without the members that are not set."""
    if isinstance(node, dict):
        return {key: without_none(value) for key, value in node.items() if value is not None}
    return [without_none(one) for one in node] if isinstance(node, list) else node


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        text = file.read()
    serializer = DefaultSerializer()
    data = serializer.deserialize(text, InteractionModelData)
    model = data.interaction_model.language_model
    told = {
        "invocation": model.invocation_name,
        "intents": [
            [intent.name, [[slot.name, slot.object_type] for slot in intent.slots], intent.samples]
            for intent in model.intents
        ],
        "types": [
            [type.name, [[value.name.value, value.name.synonyms] for value in type.values]]
            for type in model.types
        ],
        "same": without_none(serializer.serialize(data)) == json.loads(text),
    }
    sys.stdout.write(json.dumps(told) + "\n")
