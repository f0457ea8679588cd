"""The format of the Schema-Guided Dialogue dataset (Rastogi et al. 2020):
https://github.com/google-research-datasets/dstc8-schema-guided-dialogue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.export import About, ExportReport, dialogues_alone
from textsynth.export.dialogues import (
    INTENTS,
    VALUED,
    Act,
    Conversation,
    Turn,
    acts,
    fold,
    require_dialogues,
    spoken,
)
from textsynth.export.schema import COUNT, Service, described, fault, services
from textsynth.export.target import Job, writing

FOLDERS = {"train": "train", "validation": "dev", "test": "test"}
ACTS = frozenset({
    "INFORM", "REQUEST", "CONFIRM", "OFFER", "NOTIFY_SUCCESS", "NOTIFY_FAILURE", "INFORM_COUNT",
    "OFFER_INTENT", "REQ_MORE", "GOODBYE", "INFORM_INTENT", "NEGATE_INTENT", "AFFIRM_INTENT",
    "AFFIRM", "NEGATE", "SELECT", "REQUEST_ALTS", "THANK_YOU",
})  # fmt: skip
FILE_DIALOGUES = 512  # in a file

Said = Mapping[tuple[str, str], list[str]]


@dialogues_alone
def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write the folders `train`, `dev` and `test`, those that have dialogues.

    A folder has `schema.json`, and `dialogues_001.json` and so on. A flow is a service, whose
    schema is read out of the dialogues (see `schema.services`): an intent requires the slots that
    are in the state of each successful dialogue, and is transactional where the system notifies of
    success or failure. Categorical slots have their canonical values; others are written as they
    were said, with the canonical values beside them in actions, and with all that was said for a
    value in states. Service calls are not known and left out. Acts that the dataset does not have
    keep their names. Single utterances are passed over.

    An act of which the dataset always tells a value, and this corpus does not (an answer without a
    span, an offer of something that is no intent), has empty `values`; the report counts them.

    Rules for which dialogues are refused: `unknown_split`, spans that do not fit the text.

    Raises:
        ExportError: no dialogues, none that can be written, turns that make no dialogues (see
            `dialogues.bounds`), or a folder that is not ours or cannot be written.
    """
    turns = require_dialogues(corpus, "sgd")
    with writing("sgd", turns, folder, unit="dialogue") as job:
        known = services(fold(turns))
        waiting: dict[str, list[Any]] = {}
        extra: set[str] = set()
        bare: Counter[str] = Counter()
        files: dict[str, int] = {}
        flows: dict[str, set[str]] = {}
        for conversation in fold(turns):
            split = conversation.split
            rule = fault(conversation) if split in FOLDERS else "unknown_split"
            if rule:
                job.refuse(rule, conversation.id)
                continue
            read = acts(conversation)
            bare.update(act.name for said in read for act in said if _lacks(act))
            extra |= {act.name for said in read for act in said} - ACTS
            flows.setdefault(split, set()).add(conversation.flow)
            written = _dialogue(conversation, read, known[conversation.flow])
            waiting.setdefault(split, []).append(written)
            job.written += 1
            if len(waiting[split]) == FILE_DIALOGUES:
                _write(job, split, waiting[split], files)
        for split, dialogues in waiting.items():
            if dialogues:
                _write(job, split, dialogues, files)
        for split, there in flows.items():
            schema = [_schema(flow, known[flow]) for flow in sorted(there)]
            job.write_json(f"{FOLDERS[split]}/schema.json", schema)
        if bare:
            told = ", ".join(f"{name} {count:,}" for name, count in sorted(bare.items()))
            job.note(f"acts without a value that they always have in the dataset: {told}")
        if extra:
            job.note(f"acts that the dataset does not have: {', '.join(sorted(extra))}")
    return job.report()


def _lacks(act: Act) -> bool:
    """Whether an act has no value, though in the dataset it always has one."""
    if act.name in INTENTS:
        return act.about is None
    return act.name in VALUED and not act.values and (act.name != "SELECT" or act.about is not None)


def _write(job: Job, split: str, dialogues: list[Any], files: dict[str, int]) -> None:
    """Write the next file of a split, and empty the list."""
    files[split] = files.get(split, 0) + 1
    lines = ",\n".join(json.dumps(dialogue, ensure_ascii=False) for dialogue in dialogues)
    job.write_text(f"{FOLDERS[split]}/dialogues_{files[split]:03d}.json", f"[\n{lines}\n]\n")
    dialogues.clear()


def _dialogue(
    conversation: Conversation, read: Sequence[Sequence[Act]], service: Service
) -> dict[str, Any]:
    flow = conversation.flow
    turns = []
    for turn, said, words in zip(conversation.turns, read, spoken(conversation), strict=True):
        frame: dict[str, Any] = {
            "service": flow,
            "slots": [
                {"slot": slot.label, "start": slot.start, "exclusive_end": slot.end}
                for slot in turn.slots
                if slot.label != COUNT and slot.label not in service.possible
            ],
            "actions": [_action(act, service) for act in said],
        }
        if turn.speaker == "user":
            frame["state"] = _state(turn, said, service, words)
        turns.append({"speaker": turn.speaker.upper(), "utterance": turn.text, "frames": [frame]})
    return {"dialogue_id": conversation.id, "services": [flow], "turns": turns}


def _action(act: Act, service: Service) -> dict[str, Any]:
    if act.name in INTENTS:
        said = [act.about] if act.about else []
        return {"act": act.name, "slot": "intent", "values": said, "canonical_values": said}
    canonical = [value.value for value in act.values]
    plain = act.about in service.possible
    return {
        "act": act.name,
        "slot": act.about or "",
        "values": canonical if plain else [value.surface for value in act.values],
        "canonical_values": canonical,
    }


def _state(turn: Turn, said: Sequence[Act], service: Service, words: Said) -> dict[str, Any]:
    return {
        "active_intent": turn.intent or "NONE",
        "requested_slots": [act.about for act in said if act.name == "REQUEST" and act.about],
        "slot_values": {
            slot: [value] if slot in service.possible else list(words.get((slot, value)) or [value])
            for slot, value in turn.state or ()
        },
    }


def _schema(flow: str, service: Service) -> dict[str, Any]:
    return {
        "service_name": flow,
        "description": described(flow),
        "slots": [
            {
                "name": name,
                "description": described(name),
                "is_categorical": name in service.possible,
                "possible_values": service.possible.get(name, []),
            }
            for name in sorted(service.slots)
            if name != COUNT
        ],
        "intents": [
            {
                "name": name,
                "description": described(name),
                "is_transactional": intent.notified,
                "required_slots": sorted(intent.needed or ()),
                "optional_slots": dict.fromkeys(
                    sorted(intent.stated - (intent.needed or set())), ""
                ),
                "result_slots": sorted(intent.told),
            }
            for name, intent in sorted(service.intents.items())
        ],
    }
