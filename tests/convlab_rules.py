"""The rules of ConvLab's unified format, after its README and `check.py` (ConvLab-3,
`data/unified_datasets`): what `faults` finds, ConvLab refuses or counts as a mismatch."""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPECIAL = ("", "dontcare", None, "?")
KINDS = {"categorical", "non-categorical", "binary"}
FILES = {"README.md", "preprocess.py", "data.zip", "dummy_data.json"}


def read(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The dialogues and the ontology of a dataset, from its folder."""
    with zipfile.ZipFile(folder / "data.zip") as archive:
        dialogues, ontology = (
            json.loads(archive.read(f"data/{name}.json")) for name in ("dialogues", "ontology")
        )
    return dialogues, ontology


def faults(folder: Path) -> list[str]:
    """What breaks a rule, in a folder whose name is that of the dataset."""
    found = [f"there is no {name}" for name in FILES if not (folder / name).is_file()]
    dialogues, ontology = read(folder)
    dummies = json.loads((folder / "dummy_data.json").read_text(encoding="utf-8"))
    if dummies != dialogues[:10]:
        found.append("the dummy data are not the first ten dialogues")
    found += check(folder.name, dialogues, ontology)
    return found


def check(name: str, dialogues: list[dict[str, Any]], ontology: dict[str, Any]) -> list[str]:
    """What breaks a rule in the dialogues and ontology of a dataset of this name."""
    return [*_ontology(ontology), *Dialogues(name, ontology).faults(dialogues)]


def _ontology(ontology: dict[str, Any]) -> Iterator[str]:
    if not ontology.keys() >= {"domains", "intents", "state", "dialogue_acts"}:
        yield f"the ontology has {sorted(ontology)} only"
        return
    for domain, entry in ontology["domains"].items():
        if not entry["description"]:
            yield f"{domain} has no description"
        for slot, told in entry["slots"].items():
            if not told["description"]:
                yield f"{domain}-{slot} has no description"
            possible = [value.lower() for value in told["possible_values"]]
            if told["is_categorical"] and not possible:
                yield f"{domain}-{slot} is categorical and has no values"
            if told["is_categorical"] and any(value in possible for value in SPECIAL):
                yield f"{domain}-{slot} has a special value"
    for intent, entry in ontology["intents"].items():
        if not entry["description"]:
            yield f"the intent {intent} has no description"
    for domain, slots in ontology["state"].items():
        if domain not in ontology["domains"]:
            yield f"the state has the domain {domain}"
            continue
        for slot, value in slots.items():
            if slot not in ontology["domains"][domain]["slots"] or value != "":
                yield f"the state has {domain}-{slot}: {value!r}"
    if set(ontology["dialogue_acts"]) != KINDS:
        yield f"the kinds of act are {sorted(ontology['dialogue_acts'])}"


class Dialogues:
    """The check of dialogues beside an ontology."""

    def __init__(self, name: str, ontology: dict[str, Any]) -> None:
        self.name = name
        self.ontology = ontology
        self.ids: set[str] = set()
        self.spoken = set()
        for kind, acts in ontology["dialogue_acts"].items():
            for act in map(ast.literal_eval, acts):
                key = (kind, act["intent"], act["domain"], act["slot"])
                self.spoken |= {(*key, who) for who in ("user", "system") if act[who] is True}

    def faults(self, dialogues: list[dict[str, Any]]) -> Iterator[str]:
        numbers: dict[str, int] = {}
        for dialogue in dialogues:
            split = dialogue["data_split"]
            due = f"{self.name}-{split}-{numbers.get(split, 0)}"
            numbers[split] = numbers.get(split, 0) + 1
            id = dialogue["dialogue_id"]
            if id != due or id.count("-") != 2 or id in self.ids:
                yield f"the id is {id} and not {due}"
            self.ids.add(id)
            for fault in self._dialogue(dialogue, split):
                yield f"{id}: {fault}"

    def _dialogue(self, dialogue: dict[str, Any], split: object) -> Iterator[str]:
        domains = dialogue["domains"]
        if dialogue["dataset"] != self.name:
            yield f"the dataset is {dialogue['dataset']}"
        if split not in ("train", "validation", "test"):
            yield f"the split is {split!r}"
        if not isinstance(domains, list) or len(set(domains)) < len(domains):
            yield f"the domains are {domains}"
        if any(domain not in self.ontology["domains"] for domain in domains):
            yield "a domain is not in the ontology"
        goal = dialogue["goal"]
        if not isinstance(goal["description"], str):
            yield "the goal has no description"
        for kind in ("inform", "request"):
            for domain, slots in goal[kind].items():
                for slot, value in slots.items():
                    yield from self._value(domain, slot, value, domains)
                    if (value == "") != (kind == "request"):
                        yield f"the goal to {kind} {slot} has the value {value!r}"
        if not dialogue["turns"]:
            yield "there are no turns"
        before = None
        for place, turn in enumerate(dialogue["turns"]):
            if turn["utt_idx"] != place:
                yield f"turn {place} is called {turn['utt_idx']}"
            if turn["speaker"] not in ("user", "system") or turn["speaker"] == before:
                yield f"turn {place} is by {turn['speaker']}, after {before}"
            before = turn["speaker"]
            for fault in (*self._acts(turn, domains), *self._sides(turn, domains)):
                yield f"turn {place}: {fault}"

    def _acts(self, turn: dict[str, Any], domains: list[str]) -> Iterator[str]:
        acts = turn["dialogue_acts"]
        if set(acts) != KINDS or not all(isinstance(acts[kind], list) for kind in acts):
            yield f"the kinds of act are {sorted(acts)}"
            return
        for kind in sorted(KINDS):
            for act in acts[kind]:
                key = (kind, act["intent"], act["domain"], act["slot"], turn["speaker"])
                if key not in self.spoken or act["intent"] not in self.ontology["intents"]:
                    yield f"the ontology does not have {key}"
                if kind == "binary":
                    if set(act) != {"intent", "domain", "slot"}:
                        yield f"a binary act has {sorted(act)}"
                    continue
                is_categorical = kind == "categorical"
                yield from self._value(
                    act["domain"], act["slot"], act["value"], domains, is_categorical
                )
                if is_categorical or act["value"] in SPECIAL:
                    continue
                if ("start" in act) != ("end" in act):
                    yield f"{act} has half a span"
                elif "start" in act:
                    words = turn["utterance"][act["start"] : act["end"]]
                    if words != act["value"]:
                        yield f"{act} stands at {words!r}"

    def _sides(self, turn: dict[str, Any], domains: list[str]) -> Iterator[str]:
        """What belongs to one side of a dialogue only."""
        ours, theirs = ("state", "db_results")[:: 1 if turn["speaker"] == "user" else -1]
        if not isinstance(turn.get(ours), dict) or theirs in turn:
            yield f"a turn of the {turn['speaker']} needs {ours}, not {theirs}"
            return
        if ours == "db_results":
            for domain, results in turn[ours].items():
                if domain not in domains or not isinstance(results, list):
                    yield f"results of {domain}"
            return
        if set(turn["state"]) != set(domains):
            yield f"the state has the domains {sorted(turn['state'])}"
        for domain, slots in turn["state"].items():
            if set(slots) != set(self.ontology["state"].get(domain, ())):
                yield f"the state of {domain} has {sorted(slots)}"
            for slot, value in slots.items():
                yield from self._value(domain, slot, value, None)

    def _value(
        self,
        domain: str,
        slot: str,
        value: str,
        domains: list[str] | None,
        is_categorical: bool | None = None,
    ) -> Iterator[str]:
        if domains is not None and domain not in domains:
            yield f"{domain} is no domain of the dialogue"
        told = self.ontology["domains"].get(domain, {"slots": {}})["slots"].get(slot)
        if told is None:
            yield f"the ontology has no {domain}-{slot}"
            return
        if is_categorical not in (None, told["is_categorical"]):
            yield f"{domain}-{slot} is categorical in one place only"
        possible = [one.lower() for one in told["possible_values"]]
        if told["is_categorical"] and value:
            for part in value.split("|"):
                if part not in SPECIAL and part.lower() not in possible:
                    yield f"{domain}-{slot} cannot be {part!r}"
