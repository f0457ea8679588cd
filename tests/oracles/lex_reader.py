"""Runs in an environment with botocore: a Lex export beside the shapes of Lex's own API.

    python lex_reader.py ZIP

One object: `faults` (what breaks a type, pattern, enum, length or list limit of the API), `intents`
(name -> utterances), `slots` (intent -> slot -> type), `types` (name -> values as [value,
synonyms]). botocore's own validator passes over patterns and enums, so that they are checked here.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator

import botocore.loaders
from botocore.model import ServiceModel, Shape

STRATEGIES = {"ORIGINAL_VALUE": "OriginalValue", "TOP_RESOLUTION": "TopResolution"}
SERVICE = ServiceModel(botocore.loaders.Loader().load_service_model("lexv2-models", "service-2"))


def faults(value: object, shape: Shape, place: str) -> Iterator[str]:
    """What of a value a shape does not allow."""
    kinds = {"structure": dict, "list": list, "string": str, "integer": int, "boolean": bool}
    kinds["double"] = kinds["float"] = float
    if not isinstance(value, kinds[shape.type_name]):
        yield f"{place}: {value!r} is no {shape.type_name}"
        return
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value)
    if size < limits.get("min", size) or size > limits.get("max", size):
        yield f"{place}: {size} is outside of {limits}"
    if shape.type_name == "string":
        if "pattern" in limits and not re.search(limits["pattern"], value):
            yield f"{place}: {value!r} does not match {limits['pattern']}"
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{place}: {value!r} is none of {shape.enum}"
    elif shape.type_name == "list":
        for number, one in enumerate(value):
            yield from faults(one, shape.member, f"{place}[{number}]")
    elif shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{place}: there is no {name}"
        for name, one in value.items():
            if name not in shape.members:
                yield f"{place}: {name} is unknown"
            elif one is not None:
                yield from faults(one, shape.members[name], f"{place}.{name}")


def check(data: dict, shape: str, place: str, given: dict) -> Iterator[str]:
    """Faults of a file as the request that would make the same thing."""
    request = {key: value for key, value in data.items() if value is not None}
    yield from faults({**request, **given}, SERVICE.shape_for(shape), place)


HERE = {"botId": "ABCDEFGHIJ", "botVersion": "DRAFT", "localeId": "en_US"}
told: dict = {"faults": [], "intents": {}, "slots": {}, "types": {}, "locale": None}
with zipfile.ZipFile(sys.argv[1]) as archive:
    names = archive.namelist()
    for name in names:
        data = json.loads(archive.read(name))
        kind = name.rsplit("/", 1)[-1]
        identifier = data.pop("identifier", None)
        if kind == "Manifest.json":
            assert data == {
                "metaData": {"schemaVersion": "1", "fileFormat": "LexJson", "resourceType": "BOT"}
            }
        elif kind == "Bot.json":
            given = {"botName": data.pop("name"), "roleArn": "arn:aws:iam::123456789012:role/lex"}
            assert data.pop("version") == "DRAFT"
            told["faults"] += check(data, "CreateBotRequest", name, given)
        elif kind == "BotLocale.json":
            told["locale"] = data.pop("name")
            data.pop("version")
            data["nluIntentConfidenceThreshold"] = data.pop("nluConfidenceThreshold")
            told["faults"] += check(data, "CreateBotLocaleRequest", name, HERE)
        elif kind == "Intent.json":
            called = data.pop("name")
            told["intents"][called] = [one["utterance"] for one in data["sampleUtterances"] or ()]
            orders = data.pop("slotPriorities")
            home = name.removesuffix("Intent.json")
            there = {one.split("/")[-2] for one in names if one.startswith(f"{home}Slots/")}
            told["slots"].setdefault(called, {})
            if {order["slotName"] for order in orders} != there:
                told["faults"].append(f"{name}: priorities and slots differ")
            told["faults"] += check(
                data, "CreateIntentRequest", name, {**HERE, "intentName": called}
            )
        elif kind == "Slot.json":
            intent = name.split("/Intents/")[1].split("/")[0]
            told["slots"].setdefault(intent, {})[data["name"]] = data["slotTypeName"]
            setting = data["slotValueElicitationSetting"]
            prompt = setting["promptSpecification"]
            prompt["messageGroups"] = prompt.pop("messageGroupsList")
            setting["slotConstraint"] = data.pop("slotConstraint")
            given = {**HERE, "intentId": "ABCDEFGHIJ", "slotName": data.pop("name"),
                     "valueElicitationSetting": data.pop("slotValueElicitationSetting"),
                     "slotTypeId": identifier}  # fmt: skip
            del data["slotTypeName"]
            told["faults"] += check(data, "CreateSlotRequest", name, given)
        elif kind == "SlotType.json":
            called = data.pop("name")
            told["types"][called] = [
                [one["sampleValue"]["value"], [s["value"] for s in one["synonyms"] or ()]]
                for one in data["slotTypeValues"]
            ]
            setting = data["valueSelectionSetting"]
            setting["resolutionStrategy"] = STRATEGIES[setting["resolutionStrategy"]]
            told["faults"] += check(
                data, "CreateSlotTypeRequest", name, {**HERE, "slotTypeName": called}
            )
        else:
            told["faults"].append(f"{name}: of no kind")
sys.stdout.write(json.dumps(told))
