"""ConvLab's unified data format (Zhu et al. 2023), by the README and the check of
https://github.com/ConvLab/ConvLab-3/tree/master/data/unified_datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.export import About, ExportReport, dialogues_alone, license_id
from textsynth.export.dialogues import (
    INTENTS,
    Act,
    Conversation,
    acts,
    fold,
    require_dialogues,
    spoken,
)
from textsynth.export.schema import COUNT, Service, described, fault, services
from textsynth.export.target import Job, as_json, snake, writing

SPLITS = ("train", "validation", "test")
KINDS = ("categorical", "non-categorical", "binary")
DUMMY = 10  # dialogues that are shown by themselves
# acts that belong to no domain where they are about nothing
NOWHERE = frozenset({"AFFIRM", "NEGATE", "THANK_YOU", "GOODBYE", "REQ_MORE", "GREETING", "UNCLEAR",
                     "OUT_OF_SCOPE", "HANG_UP", "CANT_UNDERSTAND", "CANT_HELP"})  # fmt: skip
MEANING = {
    "INFORM": "tell the value of a slot",
    "REQUEST": "ask for the value of a slot",
    "CONFIRM": "ask whether the value of a slot is right",
    "OFFER": "propose a value of a slot",
    "INFORM_COUNT": "tell how many results there are",
    "SELECT": "take what was offered",
    "REQUEST_ALTS": "ask for other results than those offered",
    "INFORM_INTENT": "tell what one wants to do",
    "OFFER_INTENT": "propose to do something further",
    "AFFIRM_INTENT": "accept what was proposed to be done",
    "NEGATE_INTENT": "decline what was proposed to be done",
    "AFFIRM": "say yes",
    "NEGATE": "say no",
    "NOTIFY_SUCCESS": "tell that something was done",
    "NOTIFY_FAILURE": "tell that something could not be done",
    "REQ_MORE": "ask whether there is anything else",
    "THANK_YOU": "thank",
    "GOODBYE": "end the dialogue",
    "GREETING": "begin the dialogue",
    "REFUSE": "not say what was asked for",
    "OUT_OF_SCOPE": "ask for something that the system cannot do",
    "UNCLEAR": "say something that cannot be understood",
    "HANG_UP": "break the dialogue off",
    "CANT_UNDERSTAND": "tell that one has not understood",
    "CANT_HELP": "tell that one cannot do what was asked for",
}
PREPROCESS = '''"""The data were written in the unified format; there is nothing to transform."""


def preprocess():
    """Leave data.zip as it is."""
'''


@dataclass(slots=True)
class _Written:
    """What the ontology and the README tell of the dialogues that were written."""

    uses: dict[str, dict[tuple[str, str, str], set[str]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    dummies: list[dict[str, Any]] = field(default_factory=list)
    splits: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)


@dialogues_alone
def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write a folder for `data/unified_datasets` of ConvLab, by the name of the corpus.

    It has `data.zip` with the ontology and the dialogues, `dummy_data.json`, `README.md` and
    `preprocess.py`. A flow is a domain; its slots are read out of the dialogues (see
    `schema.services`). Acts keep their names, in lower case: `categorical` ones have canonical
    values, `non-categorical` ones the words and where they stand, and acts without a value are
    `binary`. In states and goals too, categorical slots have canonical values; in states, others
    have all the words that were said for a value, parted by `|`. Results of a database are not
    known and empty. Beside what the format asks for, a dialogue has its `original_id` and
    `outcome`, and a turn of the user its `active_intent`. Single utterances are passed over.

    Rules for which dialogues are refused: `unknown_split`, `value_has_pipe` (`|` parts values),
    spans that do not fit the text.

    Raises:
        ExportError: no dialogues, none that can be written, turns that make no dialogues (see
            `dialogues.bounds`), a licence that is no id, or a folder that is not ours or cannot be
            written.
    """
    turns = require_dialogues(corpus, "convlab")
    with writing("convlab", turns, folder, unit="dialogue") as job:
        name = snake(about.name)
        known = services(fold(turns))
        done = _Written()
        dialogues = _dialogues(fold(turns), name, known, job, done)
        lines = (f"{json.dumps(dialogue, ensure_ascii=False)}" for dialogue in dialogues)
        parted = (f"{',' if number else '['}\n{line}" for number, line in enumerate(lines))
        job.write_zip(
            f"{name}/data.zip",
            {
                "data/dialogues.json": chain(parted, ("\n]\n",)),
                # made after the dialogues were written, which say what acts there are
                "data/ontology.json": (as_json(_ontology(known, done)) for _ in range(1)),
            },
        )
        job.write_json(f"{name}/dummy_data.json", done.dummies)
        job.write_text(f"{name}/README.md", _readme(name, about, done))
        job.write_text(f"{name}/preprocess.py", PREPROCESS)
    return job.report()


def _dialogues(
    conversations: Iterator[Conversation],
    name: str,
    known: Mapping[str, Service],
    job: Job,
    done: _Written,
) -> Iterator[dict[str, Any]]:
    for conversation in conversations:
        service = known[conversation.flow]
        split = conversation.split
        rule = "unknown_split" if split not in SPLITS else _fault(conversation)
        if rule:
            job.refuse(rule, conversation.id)
            continue
        id = f"{name}-{split}-{done.splits[split]}"
        dialogue = {"dataset": name, "data_split": split, "dialogue_id": id,
                    **_dialogue(conversation, service, done)}  # fmt: skip
        done.splits[split] += 1
        done.turns[split] += len(conversation.turns)
        if len(done.dummies) < DUMMY:
            done.dummies.append(dialogue)
        job.written += 1
        yield dialogue


def _fault(conversation: Conversation) -> str | None:
    """The rule that a dialogue breaks, or None."""
    values = [value for _, value in conversation.whole.goal] if conversation.whole else []
    for turn in conversation.turns:
        values += [value for _, value in turn.state or ()]
        for slot in turn.slots:
            values += [slot.value, turn.text[slot.start : slot.end]]
    return "value_has_pipe" if any("|" in value for value in values) else fault(conversation)


def _dialogue(conversation: Conversation, service: Service, done: _Written) -> dict[str, Any]:
    flow = conversation.flow
    read = acts(conversation)
    turns = []
    for place, (turn, said, words) in enumerate(
        zip(conversation.turns, read, spoken(conversation), strict=True)
    ):
        speaker = turn.speaker
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        for kind, act in chain.from_iterable(_placed(act, flow, service) for act in said):
            found[kind].append(act)
            key = (act["intent"], act["domain"], act["slot"])
            done.uses[kind].setdefault(key, set()).add(speaker)
        entry: dict[str, Any] = {
            "speaker": speaker, "utterance": turn.text, "utt_idx": place, "dialogue_acts": found,
        }  # fmt: skip
        if speaker == "user":
            stated = {
                slot: value if slot in service.possible
                else "|".join(words.get((slot, value)) or [value])
                for slot, value in turn.state or ()
            }  # fmt: skip
            whole = {**dict.fromkeys(sorted(service.stated), ""), **stated}
            entry |= {"state": {flow: whole}, "active_intent": {flow: turn.intent or ""}}
        else:
            entry["db_results"] = {}
        turns.append(entry)
    asked = [
        act.about
        for turn, said in zip(conversation.turns, read, strict=True)
        for act in said
        if turn.speaker == "user" and act.name == "REQUEST" and act.about
    ]
    goal = {slot: value for slot, value in _goal(conversation) if value}
    return {
        "original_id": conversation.id,
        "outcome": conversation.whole.outcome if conversation.whole else "",
        "domains": [flow],
        "goal": {
            "description": "",
            "inform": {flow: goal} if goal else {},
            "request": {flow: dict.fromkeys(asked, "")} if asked else {},
        },
        "turns": turns,
    }


def _goal(conversation: Conversation) -> Sequence[tuple[str, str]]:
    return conversation.whole.goal if conversation.whole else ()


def _placed(act: Act, flow: str, service: Service) -> Iterator[tuple[str, dict[str, Any]]]:
    """An act as the format has it: once for each value."""
    domain = "" if act.about is None and act.name in NOWHERE else flow
    head = {"intent": act.name.lower(), "domain": domain, "slot": act.about or ""}
    if act.name in INTENTS or not act.values:
        yield "binary", head
    for value in act.values:
        if act.about in service.possible:
            yield "categorical", {**head, "value": value.value}
        elif value.start is None:
            yield "non-categorical", {**head, "value": value.surface}
        else:
            span = {"start": value.start, "end": value.end}
            yield "non-categorical", {**head, "value": value.surface, **span}


def _ontology(known: Mapping[str, Service], done: _Written) -> dict[str, Any]:
    names = sorted({key[0] for uses in done.uses.values() for key in uses})
    meaning = {name.lower(): what for name, what in MEANING.items()}
    return {
        "domains": {
            flow: {
                "description": described(flow),
                "slots": {
                    slot: {
                        "description": "how many results there are"
                        if slot == COUNT
                        else described(slot),
                        "is_categorical": slot in service.possible,
                        "possible_values": service.possible.get(slot, []),
                    }
                    for slot in sorted(service.slots)
                },
            }
            for flow, service in known.items()
        },
        "intents": {name: {"description": meaning.get(name, described(name))} for name in names},
        "state": {
            flow: dict.fromkeys(sorted(service.stated), "") for flow, service in known.items()
        },
        "dialogue_acts": {
            kind: [
                # the format has them as literals of Python
                str({"user": "user" in by, "system": "system" in by,
                     "intent": intent, "domain": domain, "slot": slot})
                for (intent, domain, slot), by in sorted(uses.items())
            ]
            for kind, uses in done.uses.items()
        },
    }  # fmt: skip


def _readme(name: str, about: About, done: _Written) -> str:
    rows = "\n".join(
        f"| {split} | {done.splits[split]} | {done.turns[split]} |"
        for split in SPLITS
        if done.splits[split]
    )
    made = " ".join(f"textsynth {about.version}".split())
    return f"""# {name}

Synthetic dialogues in the unified format, made by {made}.
Copy this folder into `data/unified_datasets`.

- **Licence:** {license_id(about.license)}
- **How to get the transformed data:** `data.zip` is what was written; nothing is transformed.
- **Annotations:** user goals, dialogue acts, spans, states, active intents, outcomes. There are
  no database results.

| split | dialogues | utterances |
| --- | ---: | ---: |
{rows}
"""
