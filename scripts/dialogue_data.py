"""Dialogues for scripts/bench_dialogue.py: read, cut, drawn, and the states of what users want.

An SGD dialogue through several services is cut where the active intent goes to another one, so
that a dialogue has one service.

The belief state after a user turn, gold and predicted alike, is made from texts, acts and spans:
AFFIRM adds what the last system turn confirmed (or, confirming nothing, offered), SELECT what was
last offered, then come the turn's own spans and spanless INFORMs. A value is the folded text of the
span; without one, the possible value of the schema that stands in the turn (the longest; `two` is
`2`), else the word `informed`. Spans of categorical slots are not used, since SGD has none.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, keyed

HELD_OUT = 0.3
INFORMED = "informed"
NUMBERS = {word: str(n) for n, word in enumerate(("one", "two", "three", "four", "five"), 1)}
Span = tuple[int, int, str]
State = dict[str, str]


@dataclass(frozen=True)
class Turn:
    """One turn; `spans` are (start, end, slot)."""

    speaker: str
    text: str
    acts: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Dialogue:
    """Turns about one service; `source` is the dialogue from which they were cut."""

    source: str
    service: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Said:
    """What a user turn does to the state: AFFIRM, SELECT, spanless INFORM:slot, and spans."""

    acts: frozenset[str]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Service:
    """What is used of a schema: the intents, and the values of the categorical slots."""

    intents: frozenset[str]
    values: dict[str, tuple[str, ...]]


Schemas = dict[str, Service]
Texts = list[Dialogue]
Spoken = list[tuple[str, list[dict[str, Any]]]]  # flows, each with turns of the plain form
NOTHING = Service(frozenset(), {})


def file_of(folder: Path, name: str) -> Path:
    """`name`.jsonl or `name`.jsonl.gz."""
    for file in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if file.exists():
            return file
    sys.exit(f"{folder}: there is neither {name}.jsonl nor {name}.jsonl.gz")


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The objects of `name`.jsonl or `name`.jsonl.gz."""
    file = file_of(folder, name)
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def read_schemas(folder: Path) -> Schemas:
    return {
        row["service"]: Service(
            frozenset(intent["name"] for intent in row["intents"]),
            {s["name"]: tuple(s["possible_values"]) for s in row["slots"] if s["is_categorical"]},
        )
        for row in lines(folder, "schema")
    }


def turn_of(row: dict[str, Any], schema: Service) -> Turn:
    """A turn of the plain form. Spans of categorical slots are left out."""
    spans = tuple(
        (slot["start"], slot["end"], slot["label"])
        for slot in row.get("slots") or ()
        if slot["label"] not in schema.values
    )
    acts = row.get("acts") or filter(None, [row.get("act")])
    return Turn(row["speaker"], row["text"], tuple(acts), spans)


def pieces(row: dict[str, Any], schemas: Schemas) -> list[Dialogue]:
    """A dialogue of SGD, cut where the active intent goes to another service. None where two of its
    services share an intent's name."""
    owners = [(intent, name) for name in row["services"] for intent in schemas[name].intents]
    owner = dict(owners)
    if len(owner) < len(owners):
        return []
    parts: list[tuple[str, list[Turn]]] = []
    for turn in row["turns"]:
        now = owner.get(turn.get("active_intent") or "")
        if not parts or (now and turn["speaker"] == "user" and now != parts[-1][0]):
            parts.append((now or row["services"][0], []))
        service, turns = parts[-1]
        turns.append(turn_of(turn, schemas[service]))
    return [Dialogue(str(row["id"]), service, tuple(turns)) for service, turns in parts]


def example(dialogue: Dialogue) -> str:
    """A dialogue as a line of JSON."""
    turns = [
        {
            "speaker": turn.speaker,
            "text": turn.text,
            "acts": turn.acts,
            "slots": [{"start": s, "end": e, "label": label} for s, e, label in turn.spans],
        }
        for turn in dialogue.turns
    ]
    return json.dumps({"turns": turns}) + "\n"


def plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def read_corpus(path: Path) -> Spoken:
    """The dialogues of a run of textsynth."""
    file = path / "corpus.parquet" if path.is_dir() else path
    if not file.exists():
        sys.exit(f"{file}: there is no such corpus")
    found = spoken(corpus.read(file))
    if not found:
        sys.exit(f"{file}: the corpus holds no dialogues")
    return found


def spoken(table: pa.Table) -> Spoken:
    """The dialogues of a corpus in the plain form, each with the name of its flow."""
    found: dict[str, list[dict[str, Any]]] = {}
    flows: dict[str, str] = {}
    for row in corpus.utterances(corpus.turns(table)):
        assert row.dialogue_id is not None
        if row.dialogue is not None:
            flows[row.dialogue_id] = row.dialogue.flow
        slots = [{"start": s.start, "end": s.end, "label": s.label} for s in row.slots]
        acts = (row.act or "").split()
        turn = {"speaker": row.speaker, "text": row.text, "acts": acts, "slots": slots}
        found.setdefault(row.dialogue_id, []).append(turn)
    return [(flows.get(name, name.rpartition("/")[0]), turns) for name, turns in found.items()]


def of_services(made: Spoken, where: str, schemas: Schemas, services: Sequence[str]) -> Texts:
    """The dialogues whose flows are of these services."""
    found = []
    for number, (flow, turns) in enumerate(made):
        service = next((s for s in services if plain(flow).startswith(plain(s))), None)
        if service is not None:
            own = tuple(turn_of(turn, schemas[service]) for turn in turns)
            found.append(Dialogue(f"synthetic/{number}", service, own))
    lacking = set(services) - {dialogue.service for dialogue in found}
    if len(lacking) == len(services):
        sys.exit(f"{where}: no flow is of {', '.join(services)}; name the flows after services")
    if lacking:
        print(f"{where}: no dialogues of {', '.join(sorted(lacking))}")
    return found


def of_classes(made: Spoken, patterns: dict[str, str], most: int) -> dict[str, Texts]:
    """The dialogues by class, `most` of each; a flow is of the first class whose pattern is found
    in its name."""
    found: dict[str, Texts] = {name: [] for name in patterns}
    for number, (flow, turns) in enumerate(made):
        name = next((c for c in found if re.search(patterns[c], flow, re.IGNORECASE)), None)
        if name is not None:
            own = tuple(turn_of(turn, NOTHING) for turn in turns)
            found[name].append(Dialogue(f"synthetic/{number}", name, own))
    return {name: draw(own, most, 0) for name, own in found.items()}


def draw(dialogues: Sequence[Dialogue], count: int, seed: int) -> list[Dialogue]:
    """`count` dialogues chosen by key, spread over the services as evenly as these allow."""
    queues: dict[str, list[Dialogue]] = defaultdict(list)
    names = [f"{dialogue.source} {dialogue.turns[0].text}" for dialogue in dialogues]
    for at in keyed.order(keyed.stream(seed, "bench_dialogue"), names):
        queues[dialogues[at].service].append(dialogues[at])
    places = [(place, name) for name in sorted(queues) for place in range(len(queues[name]))]
    return [queues[name][place] for place, name in sorted(places)[:count]]


def apart(dialogues: Sequence[Dialogue], share: float) -> tuple[list[Dialogue], list[Dialogue]]:
    """The dialogues cut from a share of the sources, chosen by key, and the others."""
    sources = sorted({dialogue.source for dialogue in dialogues})
    order = keyed.order(keyed.stream(0, "bench_dialogue", "apart"), sources)
    chosen = {sources[at] for at in order[: round(share * len(sources))]}
    return (
        [dialogue for dialogue in dialogues if dialogue.source in chosen],
        [dialogue for dialogue in dialogues if dialogue.source not in chosen],
    )


def said(turn: Turn) -> Said:
    """What a user turn does by its annotation."""
    spanned = {f"INFORM:{slot}" for _, _, slot in turn.spans}
    acts = {act for act in turn.acts if act.startswith("INFORM:")} - spanned
    acts |= {act.partition(":")[0] for act in turn.acts} & {"AFFIRM", "SELECT"}
    return Said(frozenset(acts), turn.spans)


def words(text: str) -> str:
    """The words of a text in lower case, a blank before and after each, `two` as `2`."""
    return " ".join(["", *(NUMBERS.get(w, w) for w in re.findall(r"\w+", text.lower())), ""])


def value_of(turn: Turn, slot: str, spans: Iterable[Span], schema: Service) -> str:
    """The folded text of the slot's span, a possible value in the text, or `informed`."""
    for start, end, label in spans:
        if label == slot:
            return corpus.fold(turn.text[start:end])
    text = words(turn.text)
    there = [value for value in schema.values.get(slot, ()) if words(value) in text]
    return max(there, key=len).lower() if there else INFORMED


def states(dialogue: Dialogue, user: Sequence[Said], schema: Service) -> list[State]:
    """The belief state after each user turn, by the rule at the top."""
    state: State = {}
    offered: State = {}
    asked: State = {}
    after, rest = [], iter(user)
    for turn in dialogue.turns:
        if turn.speaker == "user":
            now = next(rest)
            state = dict(state)
            state |= asked if "AFFIRM" in now.acts else {}
            state |= offered if "SELECT" in now.acts else {}
            told = [act.partition(":")[2] for act in sorted(now.acts) if ":" in act]
            for slot in [*told, *(label for _, _, label in now.spans)]:
                state[slot] = value_of(turn, slot, now.spans, schema)
            after.append(state)
        else:
            acted = {
                kind: {
                    act.partition(":")[2]: value_of(turn, act.partition(":")[2], turn.spans, schema)
                    for act in turn.acts
                    if act.startswith(kind)
                }
                for kind in ("OFFER:", "CONFIRM:")
            }
            offered = acted["OFFER:"] or offered
            asked = acted["CONFIRM:"] or acted["OFFER:"]
    return after


def user_turns(dialogue: Dialogue) -> list[tuple[Turn, tuple[str, ...]]]:
    """The user's turns, each with the acts of the system turn before it."""
    before: tuple[str, ...] = ()
    found = []
    for turn in dialogue.turns:
        if turn.speaker == "user":
            found.append((turn, before))
        else:
            before = turn.acts
    return found


def next_acts(dialogue: Dialogue) -> list[frozenset[str]]:
    return [frozenset(turn.acts) for turn in dialogue.turns if turn.speaker == "system"]


def read_fraud(folder: Path) -> dict[str, Texts]:
    """The real dialogues of the two classes; the test part of SGD is left out."""
    schemas = read_schemas(folder / "sgd")
    bank = [
        piece
        for row in lines(folder / "sgd", "dialogues")
        if row["split"] != "test"
        for piece in pieces(row, schemas)
        if piece.service.startswith("Banks_")
    ]
    fraud = [
        Dialogue(str(row["id"]), "fraud", tuple(turn_of(turn, NOTHING) for turn in row["turns"]))
        for row in lines(folder / "bank_fraud", "data")
        if row["tasks"] == ["bank_fraud_report"]
    ]
    return {"bank": bank, "fraud": fraud}
