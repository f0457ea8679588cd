"""Flows from YAML: what is read, and each mistake with its place and its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from flows import FLOW, load, pack, spoken

from textsynth.dialogue import flowfile
from textsynth.dialogue.lint import lint, reachable, require_sound
from textsynth.dialogue.mermaid import mermaid
from textsynth.errors import GrammarError

SMALL = """flow: f
lists: {x: {values: [one, two]}}
slots:
  x: {ask: ["Which?"]}
states:
  start: {listen: ["hello"], next: ask}
  ask: {collect: [x], next: bye}
  bye: {say: ["Bye."], act: GOODBYE, end: success}
"""


def findings(folder: Path, text: str) -> list[tuple[str, str, str]]:
    flows = load(folder, text)
    (file,) = flows.files.values()
    found = lint(file.flow, spoken(flows)[file.flow.name])
    return [(f.severity, f.where, f.message) for f in found]


def test_a_flow_is_read(tmp_path: Path) -> None:
    flow = load(tmp_path, FLOW).files["table"].flow
    assert flow.first.name == "start"
    assert flow.intents == ("book_table",)
    assert flow.slots["day"].required is False
    assert flow.slots["meet"].same_as == "city"
    assert flow.slots["meet"].values == "city"
    assert flow.states["none"].branches["next"] == (("details", 3.0), ("sorry", 1.0))
    assert flow.states["none"].again == ("city",)
    assert flow.calls["find"].match == ("city",)
    assert flow.states["more"].act == "REQ_MORE"


def test_a_sound_flow_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, FLOW) == []
    assert findings(tmp_path, SMALL) == []


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("next: ask}", "next: asks}"), "a.yaml:6:", "there is no state 'asks'"),
        (("[x], next", "[y], next"), "a.yaml:7:", "there is no slot 'y'"),
        (("next: bye", "next: {bye: -1}"), "a.yaml:7:", "no weight"),
        (("next: bye", "next: {bye: 0}"), "a.yaml:7:", "a branch is"),
        (("next: bye", "next: [bye]"), "a.yaml:7:", "a branch is a list"),
        (("end: success", "end: victory"), "a.yaml:8:", "'victory' is no outcome"),
        (("end: success", "next: bye, end: success"), "a.yaml:8:", "ends, and goes on"),
        ((", end: success", ""), "a.yaml:8:", "dead end"),
        ((", next: bye", ""), "a.yaml:7:", "dead end: it has no 'next'"),
        (("collect: [x], next: bye", "again: [x]"), "a.yaml:7:", "does nothing"),
        (("say: [\"Bye.\"]", "say: [\"Bye.\"], ask: [\"Well?\"]"), "a.yaml:8:", "one thing"),
        (("say: [\"Bye.\"]", "say: []"), "a.yaml:8:", "says nothing"),
        (("flow: f", "flow: f/g"), "a.yaml:1:", "no name of a flow"),
        (("ask: [\"Which?\"]", "ask: [\"Which?\"], chance: 2"), "a.yaml:4:", "no chance"),
        (("ask: [\"Which?\"]", "ask: [\"(Which?\"]"), "a.yaml:4:", "closed"),
        (("flow: f", "flow: f\nuser: {dances: 1}"), "a.yaml:2:", "no user does 'dances'"),
        (("success}", "success}\n  c: {call: pay, ok: bye}"), "a.yaml:9:", "no call 'pay'"),
        (("x: {ask", "x: {same_as: {z: 0.5}, ask"), "a.yaml:4:", "there is no slot 'z'"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand(
    tmp_path: Path, change: tuple[str, str], place: str, message: str
) -> None:
    assert change[0] in SMALL
    with pytest.raises(GrammarError, match=message) as raised:
        load(tmp_path, SMALL.replace(*change))
    assert (raised.value.where or "").startswith(place)
    assert raised.value.fix


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("find: {call: find, success: offer, ", "find: {call: find, "), "what follows 'success'"),
        (("nothing_found: none, ", ""), "what follows 'nothing_found'"),
        (("error: sorry}\n  none", "error: sorry, late: sorry}\n  none"), "has no result 'late'"),
        (("table: places", "table: pubs"), "there is no table 'pubs'"),
        (("match: [city]", "match: [size]"), "has no column 'size'"),
        (("gives: [dish]", "cooks: [dish]"), ""),
        (('replies: ["Today it\'s {dish}."]', ""), "has no 'replies'"),
        (("results: {success: 6, error: 1}", "results: {success: 0}"), "has no result"),
    ],
)
def test_calls_and_asides_are_checked(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in FLOW
    if not message:  # an unknown key is a warning
        assert load(tmp_path, FLOW.replace(*change)).files["table"].noted
        return
    with pytest.raises(GrammarError, match=message) as raised:
        load(tmp_path, FLOW.replace(*change))
    assert (raised.value.where or "").startswith("a.yaml:")


def test_unknown_templates_are_told(tmp_path: Path) -> None:
    flows = load(tmp_path, FLOW.replace("user: book_table", "user: book_tables"))
    with pytest.raises(GrammarError, match="no intent 'book_tables'") as raised:
        spoken(flows)
    assert (raised.value.where or "").startswith("a.yaml:")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("For how many?", "For {how_many}?"), "how_many"),
        (("For how many?", "For <how_many>?"), "how_many"),
        (("list: city", "list: cities"), "there is no list {cities}"),
        (("gives: [dish]", "gives: {dish: dishes}"), "there is no list {dishes}"),
    ],
)
def test_unknown_lists_and_rules_are_told(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    flows = load(tmp_path, FLOW.replace(*change))
    with pytest.raises(GrammarError, match=message) as raised:
        spoken(flows)
    assert (raised.value.where or "").startswith("a.yaml:")


def test_a_state_out_of_reach_is_found(tmp_path: Path) -> None:
    text = SMALL + '  lost: {say: ["Oh."], end: failure}\n'
    assert findings(tmp_path, text) == [
        ("warning", "a.yaml:9:9", "nothing leads to the state 'lost'")
    ]


def test_a_branch_without_weight_or_chance_leads_nowhere(tmp_path: Path) -> None:
    text = SMALL.replace("next: bye}", "next: {bye: 1, lost: 0}}")
    text += '  lost: {ask: ["Oh?"], chance: 0, yes: gone, no: bye}\n'
    text += '  gone: {say: ["Gone."], end: failure}\n'
    assert [f[2] for f in findings(tmp_path, text)] == [
        "nothing leads to the state 'lost'",
        "nothing leads to the state 'gone'",
    ]


def test_a_loop_without_exit_is_found(tmp_path: Path) -> None:
    text = SMALL.replace("next: bye}", "next: again}")
    text += (
        '  again: {say: ["And again."], next: round}\n  round: {say: ["Once more."], next: ask}\n'
    )
    error = findings(tmp_path, text)[1]  # the first is the end that nothing leads to
    assert error[0] == "error"
    assert "a dialogue that comes here never ends: " in error[2]
    loop = error[2].split(": ")[1].split(" -> ")
    assert loop[0] == loop[-1]
    assert set(loop) == {"ask", "again", "round"}


SILENT = """flow: f
lists: {x: {values: [one, two]}}
slots:
  x: {ask: ["Which?"]}
calls: {find: {table: rows, match: [x], results: {success: 1}}}
tables: {rows: [{x: one, y: a}]}
states:
  start: {listen: ["hello"], next: ask}
  ask: {collect: [x], next: find}
  find: {call: find, success: bye, nothing_found: none}
  none: {say: ["There is none."], next: ask}
  bye: {say: ["Bye."], act: GOODBYE, end: success}
"""


def test_a_loop_in_which_no_user_speaks_is_found(tmp_path: Path) -> None:
    ((severity, where, message),) = findings(tmp_path, SILENT)
    assert (severity, where) == ("warning", "a.yaml:9:8")
    assert message.endswith("ask -> find -> none -> ask")
    itself = SILENT.replace("nothing_found: none", "nothing_found: find")
    assert any(f[2].endswith("find -> find") for f in findings(tmp_path, itself))


@pytest.mark.parametrize(
    "change",
    [
        ("next: ask}\n  bye", "again: [x], next: ask}\n  bye"),
        ("next: ask}\n  bye", "next: {ask: 1, bye: 1}}\n  bye"),
        ("next: ask}\n  bye", "next: more}\n  more: {listen: [oh], next: ask}\n  bye"),
    ],
)
def test_a_loop_that_somebody_leaves_is_none(tmp_path: Path, change: tuple[str, str]) -> None:
    assert change[0] in SILENT
    assert findings(tmp_path, SILENT.replace(*change)) == []


def test_a_goal_out_of_reach_is_found(tmp_path: Path) -> None:
    (error,) = findings(tmp_path, SMALL.replace("end: success", "end: failure"))
    assert error[0] == "error"
    assert "no path of the flow 'f' reaches the goal" in error[2]


def test_a_slot_that_nobody_fills_is_found(tmp_path: Path) -> None:
    text = SMALL.replace("slots:\n", "slots:\n  y: {list: x}\n")
    assert findings(tmp_path, text) == [
        ("warning", "a.yaml:4:6", findings(tmp_path, text)[0][2]),
    ]
    assert "the slot 'y' is never filled" in findings(tmp_path, text)[0][2]


def test_sentences_that_cannot_be_said_are_found(tmp_path: Path) -> None:
    text = SMALL.replace("slots:\n", "slots:\n  y: {list: x}\n")
    silent = text.replace('"Bye."', '"Bye, {y}."')
    assert any("has nothing to say" in f[2] and f[0] == "error" for f in findings(tmp_path, silent))
    partly = text.replace('"Bye."', '"Bye.", "Bye, {y}."')
    assert any("is never said" in f[2] and f[0] == "warning" for f in findings(tmp_path, partly))


def test_a_slot_that_nothing_asks_for_is_found(tmp_path: Path) -> None:
    flows = load(tmp_path, SMALL.replace('{ask: ["Which?"]}', '{answer: ["{x}"]}'))
    with pytest.raises(GrammarError, match="nothing asks for the slot 'x'") as raised:
        require_sound(flows.files["f"].flow, spoken(flows)["f"])
    assert raised.value.where == "a.yaml:7:8"


def test_a_slot_that_nothing_reads_back_is_found(tmp_path: Path) -> None:
    text = SMALL.replace("collect: [x], next: bye}", "collect: [x], next: sure}")
    text += "  sure: {confirm: [x], next: bye}\n"
    assert any("nothing reads the slot 'x' back" in f[2] for f in findings(tmp_path, text))


def test_two_flows_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match="two flows are called 'f'") as raised:
        load(tmp_path, SMALL, SMALL)
    assert raised.value.where == "b.yaml:1:7"


def test_a_folder_without_flows(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match="there are no flows"):
        load(tmp_path, "lists: {x: {values: [a]}}")
    with pytest.raises(GrammarError, match="no such file"):
        flowfile.load(tmp_path / "nothing")


def test_lists_of_other_files_are_shared(tmp_path: Path) -> None:
    text = SMALL.replace("lists: {x: {values: [one, two]}}\n", "")
    flows = load(tmp_path, text, "lists: {x: {values: [three]}}")
    assert spoken(flows)["f"].values["x"].canonical == ("three",)


def test_another_language_needs_its_own_phrases(tmp_path: Path) -> None:
    flows = load(tmp_path, SMALL)
    words = spoken(flows, pack("language: de\nintents: {}\n"), language="de")["f"]
    with pytest.raises(GrammarError, match="nothing is said for user:affirm"):
        words.pool("user:affirm")


def test_reachable_is_in_order(tmp_path: Path) -> None:
    assert list(reachable(load(tmp_path, SMALL).files["f"].flow)) == ["start", "ask", "bye"]


def test_a_picture_names_every_state_and_branch(tmp_path: Path) -> None:
    flow = load(tmp_path, FLOW).files["table"].flow
    lines = mermaid(flow).splitlines()
    assert lines[:4] == ["---", 'title: "table"', "---", "flowchart TD"]
    for at, name in enumerate(flow.states):
        assert any(line.startswith(f"    s{at}") and f"{name}<br>" in line for line in lines)
    arrows = [line for line in lines if "-->" in line]
    assert len(arrows) == sum(len(list(s.targets())) for s in flow.states.values())
    assert '    s4 -- "75%" --> s1' in lines
    assert any(line.startswith("    class ") and line.endswith("success") for line in lines)


def test_a_picture_escapes_what_mermaid_reads(tmp_path: Path) -> None:
    text = SMALL.replace("  bye:", '  "a\\"b<c>#":').replace("next: bye", 'next: "a\\"b<c>#"')
    assert "a#quot;b#lt;c#gt;#35;<br>say" in mermaid(load(tmp_path, text).files["f"].flow)


@pytest.mark.parametrize(
    ("phrases", "told"),
    [
        ("{system: {cant_understnd: ['What?']}}", "the key 'cant_understnd' is unknown"),
        ("{sytem: {need: ['Please.']}}", "the key 'sytem' is unknown"),
        ("{user: {need: ['Please.']}}", "the key 'need' is unknown"),
        ("{system: {need: ['Please.']}, user: {affirm: [aye]}}", None),
    ],
)
def test_unknown_phrases_are_told(tmp_path: Path, phrases: str, told: str | None) -> None:
    noted = load(tmp_path, f"{FLOW}\nphrases: {phrases}\n").files["table"].noted
    assert [finding.message for finding in noted] == [told] * (told is not None)


@pytest.mark.parametrize("said", ["maybe", "'no'", "1", "[true]"])
def test_what_is_no_truth_is_refused(tmp_path: Path, said: str) -> None:
    text = FLOW.replace("chance: 0.7", f"required: {said}")
    with pytest.raises(GrammarError, match="'required' is neither true nor false"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("change", "act"),
    [
        (("act: GOODBYE", "act: NOTIFY_SUCESS"), "NOTIFY_SUCESS"),
        (("end: success", "replies: {r: {act: THANKS GOODBYE, says: [a], next: bye}}"), "THANKS"),
        (("end: success", "act: 'INFORM:x REQ_MORE', end: success"), None),
    ],
)
def test_acts_that_nobody_knows_are_told(
    tmp_path: Path, change: tuple[str, str], act: str | None
) -> None:
    assert change[0] in SMALL
    told = [message for _, _, message in findings(tmp_path, SMALL.replace(*change))]
    strange = [message for message in told if "no act is called" in message]
    assert strange == [f"no act is called {act!r} in SGD or here"] * (act is not None)
