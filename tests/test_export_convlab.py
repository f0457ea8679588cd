"""ConvLab's unified format: every rule of its check holds, and the rows come back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from convlab_rules import check, faults, read
from dialogue_rows import blocked, booked, dialogue, dialogues, hung_up, system, user
from hypothesis import given, settings
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, to_table
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport
from textsynth.export.convlab import MEANING, export


def written(rows: list[Utterance], folder: Path, name: str = "my bot-2") -> ExportReport:
    report = export(to_table(rows), folder, About(name))
    assert faults(folder / "my_bot_2") == []
    return report


def test_every_rule_of_the_format_holds(tmp_path: Path) -> None:
    rows = [*dialogues("train"), *booked(7, split="validation"), *hung_up(8, split="test")]
    report = written(rows, tmp_path / "out")
    assert (report.format, report.written, report.refused) == ("convlab", 8, {})
    found, ontology = read(tmp_path / "out/my_bot_2")
    assert [one["dialogue_id"] for one in found] == [
        *(f"my_bot_2-train-{number}" for number in range(6)),
        "my_bot_2-validation-0",
        "my_bot_2-test-0",
    ]
    assert set(ontology["domains"]) == {"book_table", "block_card"}


def test_rows_come_back(tmp_path: Path) -> None:
    rows = dialogues()
    written(rows, tmp_path / "out")
    found, _ = read(tmp_path / "out/my_bot_2")
    back = [(one, turn) for one in found for turn in one["turns"]]
    assert [one["original_id"] for one, _ in back] == [row.dialogue_id for row in rows]
    assert [(turn["speaker"], turn["utterance"]) for _, turn in back] == [
        (row.speaker, row.text) for row in rows
    ]
    first = [row for row in rows if row.dialogue]
    assert [(one["outcome"], *one["domains"], one["goal"]["inform"]) for one in found] == [
        (row.dialogue.outcome, row.dialogue.flow, {row.dialogue.flow: dict(row.dialogue.goal)})
        for row in first
        if row.dialogue
    ]
    for row, (one, turn) in zip(rows, back, strict=True):
        acts = [act for kind in turn["dialogue_acts"].values() for act in kind]
        assert {act["intent"].upper() for act in acts} == {
            part.partition(":")[0] for part in str(row.act).split()
        }
        surfaces = {row.text[slot.start : slot.end]: slot.value for slot in row.slots}
        assert {
            (surfaces.get(act["value"], act["value"]), act["slot"])
            for act in acts
            if "value" in act
        } >= {(slot.value, slot.label) for slot in row.slots}
        if row.speaker == "user":
            (state,) = turn["state"].values()
            assert turn["active_intent"] == {one["domains"][0]: row.intent}
            assert {slot for slot in state if state[slot]} == {slot for slot, _ in row.state or ()}


def test_acts_by_their_kind(tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    (first, _, third, *_), ontology = read(tmp_path / "out/my_bot_2")
    people = ontology["domains"]["book_table"]["slots"]["people"]
    assert (people["is_categorical"], people["possible_values"]) == (True, ["2", "4"])
    assert ontology["domains"]["book_table"]["slots"]["count"]["is_categorical"] is False
    table = {"domain": "book_table"}
    assert first["turns"][2]["dialogue_acts"] == {
        "categorical": [{"intent": "inform", **table, "slot": "people", "value": "2"}],
        "non-categorical": [
            {"intent": "inform", **table, "slot": "time", "value": "half past six",
             "start": 0, "end": 13},
        ],
        "binary": [],
    }  # fmt: skip
    assert first["turns"][3]["dialogue_acts"]["non-categorical"][0] == {
        "intent": "inform_count", **table, "slot": "count", "value": "3", "start": 10, "end": 11,
    }  # fmt: skip
    assert first["turns"][6]["dialogue_acts"]["non-categorical"] == [
        {"intent": "select", **table, "slot": "name", "value": "Casa Rosa"}
    ]
    assert first["turns"][8]["dialogue_acts"]["binary"] == [
        {"intent": "negate", "domain": "", "slot": ""}
    ]
    assert first["goal"]["request"] == {"book_table": {"street": ""}}
    assert third["turns"][5]["dialogue_acts"]["binary"] == [
        {"intent": "notify_failure", "domain": "block_card", "slot": ""},
        {"intent": "offer_intent", "domain": "block_card", "slot": "ask_person"},
    ]
    assert third["turns"][2]["dialogue_acts"]["binary"] == [
        {"intent": "refuse", "domain": "block_card", "slot": "card"}
    ]


def test_a_state_has_all_slots_and_all_words_of_a_value(tmp_path: Path) -> None:
    rows = dialogue(
        "f", 1,
        user("INFORM:t", "at [six](t=18:00)"), system("CONFIRM:t", "at [6 pm](t=18:00)?"),
        user("AFFIRM INFORM:u", "yes, [a](u)"),
    )  # fmt: skip
    written(rows, tmp_path / "out")
    (found,), ontology = read(tmp_path / "out/my_bot_2")
    assert ontology["state"] == {"f": {"t": "", "u": ""}}
    states = [turn["state"]["f"] for turn in found["turns"] if "state" in turn]
    assert states == [{"t": "six", "u": ""}, {"t": "six|6 pm", "u": "a"}]


def test_who_says_what_stands_in_the_ontology(tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    _, ontology = read(tmp_path / "out/my_bot_2")
    spoken = "{'user': True, 'system': True, 'intent': 'goodbye', 'domain': '', 'slot': ''}"
    assert spoken in ontology["dialogue_acts"]["binary"]
    said = {name.upper() for name in ontology["intents"]}
    assert set(MEANING) - said == {"NEGATE_INTENT"} and said <= set(MEANING)


def test_what_is_refused(tmp_path: Path) -> None:
    bent = replace(booked(3)[0], slots=(Slot(5, 500, "city", "Oslo"),))
    rows = [
        *booked(1),
        *booked(2, split="dev"),
        *[bent, *booked(3)[1:]],
        *dialogue("f", 4, user("INFORM:a", "[x](a=x|y)"), system("GOODBYE", "bye")),
        *dialogue("f", 5, user("INFORM:a", "[x|y](a=x)"), system("GOODBYE", "bye")),
        *dialogue("f", 6, user("GOODBYE", "a|b"), goal=(("a", "x|y"),)),
        *dialogue("f", 7, user("GOODBYE", "a|b"), goal=(("a", ""),)),
    ]
    report = written(rows, tmp_path / "out")
    assert report.refused == {"unknown_split": 1, "span_out_of_bounds": 1, "value_has_pipe": 3}
    found, _ = read(tmp_path / "out/my_bot_2")
    assert [one["dialogue_id"] for one in found] == ["my_bot_2-train-0", "my_bot_2-train-1"]
    with pytest.raises(ExportError, match="no dialogue can be written as convlab: value_has_pipe"):
        export(to_table(rows[-4:-2]), tmp_path / "none", About("x"))


def test_the_readme_counts(tmp_path: Path) -> None:
    written([*booked(1), *hung_up(2), *blocked(3, split="test")], tmp_path / "out")
    text = (tmp_path / "out/my_bot_2/README.md").read_text()
    assert "| train | 2 | 18 |" in text and "| test | 1 | 10 |" in text


WORDS = st.text("ab |\n🏴", min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    told=st.lists(st.tuples(WORDS, WORDS, st.sampled_from("st"), st.booleans()), max_size=6),
    data=st.data(),
)
def test_any_dialogues_keep_the_rules(
    told: list[Any], data: st.DataObject, tmp_path_factory: Any
) -> None:
    rows = booked(1)
    acts = st.lists(
        st.sampled_from(["INFORM:s", "INFORM:t", "OFFER:s", "REQUEST:t", "SELECT", "SELECT:s",
                         "AFFIRM", "OFFER_INTENT", "INFORM_INTENT", "CONFIRM:t", "MADE_UP"]),
        max_size=3,
    ).map(" ".join)  # fmt: skip
    for number, (words, value, label, by_user) in enumerate(told, start=2):
        side, other = (user, system) if by_user else (system, user)
        made = dialogue("any", number, side(data.draw(acts), "x"), other(data.draw(acts), "y"))
        slots = (Slot(0, len(words), label, value),)
        rows += [replace(row, text=words, slots=slots) for row in made]
    written(rows, tmp_path_factory.mktemp("any") / "out")


# -- the check sees faults --------------------------------------------------------------------

BREAK: dict[str, tuple[Callable[[Any, Any], object], str]] = {
    "id": (lambda d, o: d.update(dialogue_id="x"), "the id is x"),
    "dataset": (lambda d, o: d.update(dataset="x"), "the dataset is x"),
    "domains": (lambda d, o: d.update(domains=["x"]), "a domain is not in the ontology"),
    "goal": (lambda d, o: d["goal"]["inform"]["book_table"].update(city=""), "the goal to inform"),
    "request": (lambda d, o: d["goal"]["request"]["book_table"].update(street="x"), "to request"),
    "turns": (lambda d, o: d.update(turns=[]), "there are no turns"),
    "speaker": (lambda d, o: d["turns"][1].update(speaker="user"), "turn 1 is by user"),
    "place": (lambda d, o: d["turns"][1].update(utt_idx=5), "turn 1 is called 5"),
    "span": (lambda d, o: d["turns"][2].update(utterance="x" * 99), "stands at 'xxx"),
    "half": (
        lambda d, o: d["turns"][2]["dialogue_acts"]["non-categorical"][0].pop("end"), "half a span",
    ),
    "kind": (lambda d, o: d["turns"][2]["dialogue_acts"].pop("binary"), "the kinds of act"),
    "act": (lambda d, o: o["dialogue_acts"].update(binary=[]), "the ontology does not have"),
    "binary": (
        lambda d, o: d["turns"][0]["dialogue_acts"]["binary"][0].update(value="x"), "a binary act",
    ),
    "state": (lambda d, o: d["turns"][1].update(state={}), "needs db_results, not state"),
    "no state": (lambda d, o: d["turns"][0].pop("state"), "needs state"),
    "slots": (lambda d, o: d["turns"][0]["state"]["book_table"].pop("time"), "the state of"),
    "value": (lambda d, o: d["turns"][0]["state"]["book_table"].update(city="Rio"), "be 'Rio'"),
    "categorical": (
        lambda d, o: o["domains"]["book_table"]["slots"]["time"].update(
            is_categorical=True, possible_values=["half past six"]
        ),
        "categorical in one place only",
    ),
    "values": (
        lambda d, o: o["domains"]["book_table"]["slots"]["city"].update(possible_values=[]),
        "is categorical and has no values",
    ),
    "special": (
        lambda d, o: o["domains"]["book_table"]["slots"]["city"]["possible_values"].append("?"),
        "has a special value",
    ),
    "ontology": (lambda d, o: o["state"]["book_table"].update(city="x"), "the state has"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAK)
def test_the_check_sees_faults(name: str, tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    found, ontology = copy.deepcopy(read(tmp_path / "out/my_bot_2"))
    BREAK[name][0](found[0], ontology)
    told = check("my_bot_2", found, ontology)
    assert any(BREAK[name][1] in fault for fault in told), told


def test_missing_files_are_seen(tmp_path: Path) -> None:
    written(dialogues(), tmp_path / "out")
    folder = tmp_path / "out/my_bot_2"
    (folder / "preprocess.py").unlink()
    (folder / "dummy_data.json").write_text(json.dumps([]))
    assert faults(folder) == [
        "there is no preprocess.py",
        "the dummy data are not the first ten dialogues",
    ]
