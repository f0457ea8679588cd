"""The flows of the packs: nothing to mend, every state entered, and all that users do done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from textsynth import corpus
from textsynth.corpus import Utterance
from textsynth.dialogue import checks, flowfile
from textsynth.dialogue.flow import OUTCOMES, Flow
from textsynth.dialogue.lint import lint
from textsynth.dialogue.simulate import simulate
from textsynth.dialogue.words import words
from textsynth.grammar import grammar
from textsynth.turns import acts

TEMPLATES = Path(__file__).parents[1] / "templates"
FLOWS = (
    *(("home", flow) for flow in ("heating_and_music", "morning_alarm")),
    *(("banking", flow) for flow in ("block_card", "dispute_payment", "report_fraud")),
)
NUMBER = 200
USER_ACTS = {
    *("INFORM_INTENT", "INFORM", "REQUEST", "AFFIRM", "NEGATE", "SELECT", "REQUEST_ALTS"),
    *("AFFIRM_INTENT", "NEGATE_INTENT", "THANK_YOU", "GOODBYE"),
    *("REFUSE", "OUT_OF_SCOPE", "UNCLEAR", "HANG_UP"),
}
SYSTEM_ACTS = {
    *("REQUEST", "CONFIRM", "OFFER", "INFORM", "INFORM_COUNT", "OFFER_INTENT", "NOTIFY_SUCCESS"),
    *("NOTIFY_FAILURE", "REQ_MORE", "GOODBYE", "GREETING", "CANT_UNDERSTAND", "CANT_HELP"),
}
# Words that only a system which asks for secrets would say.
SECRETS = ("your pin", "your password", "full card number", "whole card number", "sixteen digits")

Turns = list[Utterance]


class Simulated(NamedTuple):
    flow: Flow
    findings: list[str]
    faults: dict[str, list[str]]
    dialogues: list[Turns]


@cache
def pack(name: str) -> dict[str, Simulated]:
    flows = flowfile.load(TEMPLATES / name / "flows")
    said = words(flows, grammar.load(TEMPLATES / name / "intents"), seed=7)
    found = {}
    for key, file in flows.files.items():
        rows = simulate(file.flow, said[key], range(NUMBER), seed=7)
        dialogues: dict[str, Turns] = {}
        for turn in corpus.utterances(rows):
            dialogues.setdefault(turn.dialogue_id or "", []).append(turn)
        findings = [str(finding) for finding in (*file.noted, *lint(file.flow, said[key]))]
        found[key] = Simulated(file.flow, findings, checks.faults(rows), list(dialogues.values()))
    return found


@pytest.fixture(params=FLOWS, ids=[flow for _, flow in FLOWS])
def simulated(request: pytest.FixtureRequest) -> Simulated:
    folder, flow = request.param
    return pack(folder)[flow]


def everywhere() -> Iterator[Turns]:
    for folder, flow in FLOWS:
        yield from pack(folder)[flow].dialogues


def named(turn: Utterance) -> set[str]:
    return {name for name, _ in acts(turn.act)}


def slots(turn: Utterance, act: str) -> set[str]:
    return {slot for name, slot in acts(turn.act) if name == act and slot}


def pairs(turns: Turns) -> Iterator[tuple[Utterance, Utterance]]:
    """What the system says, and what the user says to it."""
    for before, turn in pairwise(turns):
        if turn.speaker == "user":
            yield before, turn


def test_every_flow_of_the_packs_is_tested() -> None:
    there = [(folder, flow) for folder in ("home", "banking") for flow in pack(folder)]
    assert sorted(there) == sorted(FLOWS)


def test_there_is_nothing_to_mend(simulated: Simulated) -> None:
    assert simulated.findings == []


def test_all_outcomes_occur(simulated: Simulated) -> None:
    outcomes = [turns[0].dialogue.outcome for turns in simulated.dialogues if turns[0].dialogue]
    assert set(outcomes) == set(OUTCOMES)
    assert outcomes.count("success") > 0.4 * NUMBER


def test_all_states_are_entered(simulated: Simulated) -> None:
    paths = [turns[0].dialogue.path for turns in simulated.dialogues if turns[0].dialogue]
    assert {state for path in paths for state in path} == set(simulated.flow.states)


def test_acts_are_known(simulated: Simulated) -> None:
    for turns in simulated.dialogues:
        for turn in turns:
            assert named(turn) <= (USER_ACTS if turn.speaker == "user" else SYSTEM_ACTS)


def test_every_turn_says_something_whole(simulated: Simulated) -> None:
    for turns in simulated.dialogues:
        for turn in turns:
            assert turn.text.strip()
            assert not set(turn.text) & set("{}[]<>|")
            assert "  " not in turn.text


def test_systems_speak_in_sentences(simulated: Simulated) -> None:
    for turns in simulated.dialogues:
        for turn in turns:
            if turn.speaker == "system":
                assert turn.text[0].isupper() and turn.text[-1] in ".?", turn.text
                assert not any(slot.start == 0 for slot in turn.slots), turn.text


def test_dialogues_are_sound(simulated: Simulated) -> None:
    """States and labels always; now and then a long dialogue runs out of ways to ask."""
    reasons = [reason for found in simulated.faults.values() for reason in found]
    assert set(reasons) <= {"turn_repeated"}
    assert len(reasons) <= 0.01 * NUMBER


@pytest.mark.parametrize("flow", ["block_card", "dispute_payment", "report_fraud"])
def test_the_bank_never_asks_for_secrets(flow: str) -> None:
    told = 0
    for turns in pack("banking")[flow].dialogues:
        for before, turn in pairwise(turns):
            if turn.speaker == "system" and before.act in ("REQUEST:pin", "REQUEST:password"):
                told += 1
                assert any(no in turn.text for no in ("No,", "Please don't", "Please keep")), turn
        for turn in turns:
            if turn.speaker == "system" and "INFORM:" not in (turn.act or ""):
                assert not any(secret in turn.text.lower() for secret in SECRETS), turn.text
    assert told


def answers_more(turns: Turns) -> bool:
    return any(
        slots(turn, "INFORM") > slots(before, "REQUEST") != set() for before, turn in pairs(turns)
    )


def answers_less(turns: Turns) -> bool:
    return any(
        slots(turn, "INFORM") and slots(turn, "INFORM") < slots(before, "REQUEST")
        for before, turn in pairs(turns)
    )


def changes_their_mind(turns: Turns) -> bool:
    states = [dict(turn.state or ()) for turn in turns if turn.speaker == "user"]
    return any(
        slot in after and after[slot] != value
        for before, after in pairwise(states)
        for slot, value in before.items()
    )


def asks_and_comes_back(turns: Turns) -> bool:
    return any(
        slots(turns[at], "REQUEST")
        and turns[at].speaker == "user"
        and slots(turns[at - 1], "REQUEST")
        and slots(turns[at - 1], "REQUEST") <= slots(turns[at + 1], "REQUEST")
        for at in range(1, len(turns) - 1)
    )


def is_corrected_by_the_other_one(turns: Turns) -> bool:
    return any(
        "NEGATE" in named(turn)
        and slots(turn, "INFORM")
        and not turn.slots
        and "other" in turn.text
        for _, turn in pairs(turns)
    )


def refers_to_what_was_said(turns: Turns) -> bool:
    return any(
        slots(turn, "INFORM") == slots(before, "REQUEST") != set() and not turn.slots
        for before, turn in pairs(turns)
    )


def has_a_second_intent(turns: Turns) -> bool:
    return len({turn.intent for turn in turns if turn.speaker == "user"}) > 1


def acts_with(*names: str) -> Callable[[Turns], bool]:
    return lambda turns: any(set(names) <= named(turn) for turn in turns)


def takes_by_place(turns: Turns) -> bool:
    return any("SELECT" in named(turn) and "second" in turn.text for turn in turns)


def is_asked_again(after: str) -> Callable[[Turns], bool]:
    return lambda turns: any(
        after in named(turn) and "REQUEST" in named(turn)
        for turn in turns
        if turn.speaker != "user"
    )


@pytest.mark.parametrize(
    "behaves",
    [
        pytest.param(answers_more, id="answers more"),
        pytest.param(answers_less, id="answers less"),
        pytest.param(changes_their_mind, id="changes their mind"),
        pytest.param(asks_and_comes_back, id="asks something else and comes back"),
        pytest.param(acts_with("REFUSE"), id="refuses"),
        pytest.param(is_asked_again("CANT_UNDERSTAND"), id="is not understood"),
        pytest.param(is_asked_again("CANT_HELP"), id="speaks out of scope"),
        pytest.param(acts_with("HANG_UP"), id="hangs up"),
        pytest.param(acts_with("REQUEST_ALTS"), id="asks for others"),
        pytest.param(takes_by_place, id="the second one"),
        pytest.param(refers_to_what_was_said, id="there"),
        pytest.param(is_corrected_by_the_other_one, id="no, the other one"),
        pytest.param(has_a_second_intent, id="raises a second intent"),
        pytest.param(acts_with("NOTIFY_SUCCESS"), id="success"),
        pytest.param(acts_with("NOTIFY_FAILURE"), id="failure"),
    ],
)
def test_users_do_all_that_users_do(behaves: Callable[[Turns], bool]) -> None:
    assert any(map(behaves, everywhere()))


def test_services_find_find_nothing_and_fail() -> None:
    """With every state entered, what follows each of these results was told."""
    labels = {
        label
        for folder, name in FLOWS
        for state in pack(folder)[name].flow.states.values()
        if state.kind == "call"
        for label in state.branches
    }
    assert labels >= {"success", "nothing_found", "error"}
