"""The format of the Schema-Guided Dialogue dataset: its rules hold, and the rows come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dialogue_rows import Line, blocked, booked, dialogue, dialogues, hung_up, system, user
from exported import told

from textsynth.corpus import Slot, Utterance, to_table
from textsynth.export import About, ExportReport
from textsynth.export.dialogues import INTENTS, VALUED
from textsynth.export.sgd import ACTS, export


def read(folder: Path) -> tuple[list[Any], list[Any]]:
    """The dialogues of a split, file by file, and its schema."""
    files = sorted(folder.glob("dialogues_*.json"))
    found = [one for file in files for one in json.loads(file.read_text(encoding="utf-8"))]
    return found, json.loads((folder / "schema.json").read_text(encoding="utf-8"))


def faults(folder: Path) -> Iterator[str]:
    """What breaks a rule of the dataset's README."""
    found, schema = read(folder)
    services = {service["service_name"]: service for service in schema}
    for one in found:
        for place, turn in enumerate(one["turns"]):
            where = f"{one['dialogue_id']} {place}"
            (frame,) = turn["frames"]
            service = services[frame["service"]]
            slots = {slot["name"]: slot for slot in service["slots"]}
            intents = {intent["name"]: intent for intent in service["intents"]}
            ours = {*(["state"] if turn["speaker"] == "USER" else [])}
            if frame.keys() != {"service", "slots", "actions"} | ours:
                yield f"{where}: {sorted(frame)}"
            if [frame["service"]] != one["services"]:
                yield f"{where}: the service"
            for span in frame["slots"]:
                if slots[span["slot"]]["is_categorical"]:
                    yield f"{where}: a span of the categorical {span['slot']}"
                if not 0 <= span["start"] < span["exclusive_end"] <= len(turn["utterance"]):
                    yield f"{where}: {span}"
            for action in frame["actions"]:
                yield from (f"{where}: {what}" for what in _action(action, slots, intents))
            for what in _state(frame.get("state"), slots, intents):
                yield f"{where}: {what}"


def _action(action: dict[str, Any], slots: Any, intents: Any) -> Iterator[str]:
    act, slot, values = action["act"], action["slot"], action["values"]
    if len(values) != len(action["canonical_values"]):
        yield f"{act} has canonical values for {values}"
    if act in INTENTS:
        if slot != "intent" or len(values) != 1 or values[0] not in intents:
            yield f"{act} is about {slot} {values}"
    elif act == "INFORM_COUNT":
        if slot != "count" or len(values) != 1:
            yield f"{act} is about {slot} {values}"
    elif act in VALUED and not (act == "SELECT" and not slot):
        if slot not in slots or not values:
            yield f"{act} is about {slot} {values}"
    elif act == "REQUEST":
        if slot not in slots:
            yield f"{act} is about {slot}"
    elif act in ACTS and (slot or values):
        yield f"{act} is about {slot} {values}"
    possible = {*slots[slot]["possible_values"], "dontcare"} if slot in slots else set()
    if slot in slots and slots[slot]["is_categorical"] and not set(values) <= possible:
        yield f"{slot} cannot be {values}"


def _state(state: Any, slots: Any, intents: Any) -> Iterator[str]:
    if state is None:
        return
    if state["active_intent"] not in {*intents, "NONE"}:
        yield f"the intent {state['active_intent']}"
    allowed = {
        slot
        for intent in intents.values()
        for slot in (*intent["required_slots"], *intent["optional_slots"])
    }
    if not set(state["slot_values"]) <= allowed or not set(state["requested_slots"]) <= set(slots):
        yield f"the state has {sorted(state['slot_values'])}"
    for slot, values in state["slot_values"].items():
        if not values or (slots[slot]["is_categorical"] and len(values) > 1):
            yield f"{slot} is {values}"


def written(rows: list[Utterance], folder: Path) -> ExportReport:
    report = export(to_table(rows), folder, About("x"))
    splits = [path for path in folder.iterdir() if path.is_dir()]
    assert splits and [fault for split in splits for fault in faults(split)] == []
    return report


def test_folders_of_the_splits(tmp_path: Path) -> None:
    rows = [*booked(1), *hung_up(2), *blocked(3, split="validation"), *booked(4, split="test")]
    report = written(rows, tmp_path / "out")
    assert (report.format, report.written, report.refused) == ("sgd", 4, {})
    services = {}
    for name in ("train", "dev", "test"):
        found, schema = read(tmp_path / "out" / name)
        services[name] = (
            [one["dialogue_id"] for one in found],
            [s["service_name"] for s in schema],
        )
    assert services == {
        "train": (["book_table/0000000000000001", "book_table/0000000000000002"], ["book_table"]),
        "dev": (["block_card/0000000000000003"], ["block_card"]),
        "test": (["book_table/0000000000000004"], ["book_table"]),
    }


def test_rows_come_back(tmp_path: Path) -> None:
    rows = dialogues()
    written(rows, tmp_path / "out")
    found, schema = read(tmp_path / "out/train")
    flat = {
        (service["service_name"], slot["name"]): slot["is_categorical"]
        for service in schema
        for slot in service["slots"]
    }
    back = [(one, turn) for one in found for turn in one["turns"]]
    for row, (one, turn) in zip(rows, back, strict=True):
        (frame,) = turn["frames"]
        assert (one["dialogue_id"], turn["speaker"].lower(), turn["utterance"]) == (
            *(row.dialogue_id, row.speaker, row.text),
        )
        acts = [
            action["act"] if action["act"] in INTENTS or not action["slot"]
            else f"{action['act']}:{action['slot']}"
            for action in frame["actions"]
        ]  # fmt: skip
        assert acts == list(dict.fromkeys(str(row.act).split()))
        said = {
            (action["slot"], value, canonical)
            for action in frame["actions"]
            for value, canonical in zip(action["values"], action["canonical_values"], strict=True)
        }
        for slot in row.slots:
            surface = row.text[slot.start : slot.end]
            plain = flat.get((one["services"][0], slot.label), False)
            assert (slot.label, slot.value if plain else surface, slot.value) in said
            span = {"slot": slot.label, "start": slot.start, "exclusive_end": slot.end}
            assert (span in frame["slots"]) == (slot.label != "count" and not plain)
        if row.speaker == "user":
            assert frame["state"]["active_intent"] == row.intent
            assert set(frame["state"]["slot_values"]) == {slot for slot, _ in row.state or ()}


def test_a_state_has_all_the_words_that_were_said(tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    found, _ = read(tmp_path / "out/train")
    states = [turn["frames"][0]["state"] for turn in found[0]["turns"][::2]]
    assert states[1]["slot_values"] == {
        "city": ["Oslo"],
        "people": ["2"],
        "time": ["half past six"],
    }
    assert states[3]["slot_values"]["name"] == ["Casa Rosa"]
    assert states[4]["slot_values"]["time"] == ["seven"]
    assert states[5]["requested_slots"] == ["street"]


def test_the_schema(tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    _, (block, book) = read(tmp_path / "out/train")
    assert book["intents"] == [
        {
            "name": "book_table",
            "description": "book table",
            "is_transactional": True,
            "required_slots": ["city", "name", "people", "time"],
            "optional_slots": {},
            "result_slots": ["name", "street"],
        }
    ]
    assert [(i["name"], i["required_slots"], i["optional_slots"]) for i in block["intents"]] == [
        ("ask_person", [], {"card": ""}),
        ("block_card", [], {"card": ""}),
    ]
    assert {slot["name"]: slot["possible_values"] for slot in book["slots"]} == {
        "city": ["Oslo", "Rome"], "people": ["2", "4"], "name": [], "street": [], "time": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "is_categorical"),
    [
        (["a", "a", "b", "b"], True),
        (["a", "a", "b"], False),
        (["a", "a", "dontcare"], True),
        (["dontcare", "dontcare"], False),
        ([str(n // 2) for n in range(24)], True),
        ([str(n // 2) for n in range(26)], False),
    ],
)
def test_which_slots_are_categorical(
    values: list[str], is_categorical: bool, tmp_path: Path
) -> None:
    rows = [
        row
        for number, value in enumerate(values)
        for row in dialogue(
            "f", number, user("INFORM:s", f"[x](s={value})"), system("GOODBYE", ".")
        )
    ]
    written(rows, tmp_path / "out")
    _, (service,) = read(tmp_path / "out/train")
    (slot,) = service["slots"]
    assert slot["is_categorical"] == is_categorical
    known = sorted({*values} - {"dontcare"})
    assert slot["possible_values"] == (known if is_categorical else [])


def test_intents_of_acts(tmp_path: Path) -> None:
    written(blocked(), tmp_path / "out")
    (found,), _ = read(tmp_path / "out/train")
    actions = [action for turn in found["turns"] for action in turn["frames"][0]["actions"]]
    assert [(a["act"], a["slot"], a["values"]) for a in actions if a["act"] in INTENTS] == [
        ("INFORM_INTENT", "intent", ["block_card"]),
        ("OFFER_INTENT", "intent", ["ask_person"]),
    ]
    report = told(tmp_path / "out")
    assert report["notes"] == [
        "acts that the dataset does not have: CANT_HELP, OUT_OF_SCOPE, REFUSE"
    ]


@pytest.mark.parametrize(
    ("lines", "act", "slot"),
    [
        ([system("INFORM:a", "it is there"), user("THANK_YOU", "ok")], "INFORM", "a"),
        ([system("INFORM", "all right"), user("THANK_YOU", "ok")], "INFORM", ""),
        ([system("OFFER:a", "this one?"), user("AFFIRM", "ok")], "OFFER", "a"),
        ([system("INFORM_COUNT:count", "some"), user("AFFIRM", "ok")], "INFORM_COUNT", "count"),
        ([system("OFFER_INTENT", "again?"), user("NEGATE_INTENT", "no")], "OFFER_INTENT", "intent"),
        ([user("INFORM:a", "something"), system("GOODBYE", "bye")], "INFORM", "a"),
    ],
)
def test_acts_without_their_value_are_told(
    lines: list[Line], act: str, slot: str, tmp_path: Path
) -> None:
    rows = [*booked(1), *dialogue("f", 2, *lines)]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert (report.written, report.refused) == (2, {})
    assert report.notes == (f"acts without a value that they always have in the dataset: {act} 1",)
    (fault,) = faults(tmp_path / "out/train")
    assert fault == f"f/0000000000000002 0: {act} is about {slot} []"


def test_what_is_refused(tmp_path: Path) -> None:
    bent = replace(booked(3)[0], slots=(Slot(5, 500, "city", "Oslo"),))
    rows = [*booked(1), *booked(2, split="dev"), bent, *booked(3)[1:]]
    report = written(rows, tmp_path / "out")
    assert report.refused == {"unknown_split": 1, "span_out_of_bounds": 1}


def test_without_intents_none_is_active(tmp_path: Path) -> None:
    rows = [replace(row, intent=None) for row in hung_up()]
    rows = [replace(row, act="UNCLEAR", state=()) if row.intent is None and row.state else row
            for row in rows]  # fmt: skip
    written(rows, tmp_path / "out")
    (found,), _ = read(tmp_path / "out/train")
    assert found["turns"][1]["frames"][0]["state"]["active_intent"] == "NONE"


def test_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.export.sgd.FILE_DIALOGUES", 2)
    rows = [*dialogues(), *booked(7)]
    written(rows, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out/train").iterdir())
    assert names == [*(f"dialogues_00{n}.json" for n in range(1, 5)), "schema.json"]
    found, _ = read(tmp_path / "out/train")
    assert [one["dialogue_id"] for one in found] == list(
        dict.fromkeys(row.dialogue_id for row in rows)
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"exclusive_end": 13', '"exclusive_end": 400', "'exclusive_end': 400"),
        ('"values": ["Casa Rosa"]', '"values": []', "has canonical values for []"),
        ('"slot": "intent"', '"slot": "name"', "INFORM_INTENT is about name"),
        ('"slot": "people", "values": ["2"]', '"slot": "people", "values": ["9"]', "cannot be"),
        ('"requested_slots": ["street"]', '"requested_slots": ["x"]', "the state has"),
        ('"active_intent": "book_table"', '"active_intent": "x"', "the intent x"),
        ('"slot": "time", "start"', '"slot": "city", "start"', "a span of the categorical city"),
    ],
)
def test_the_check_sees_faults(old: str, new: str, fault: str, tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    file = tmp_path / "out/train/dialogues_001.json"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert any(fault in found for found in faults(tmp_path / "out/train"))
