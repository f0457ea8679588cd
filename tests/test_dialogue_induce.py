"""Flows that are induced from a few dialogues: acts, slots, branches, ends, and what is said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import corpus, patterns
from textsynth.corpus import Utterance
from textsynth.dialogue import flowfile, induce_write, simulate, words
from textsynth.dialogue.checks import faults
from textsynth.dialogue.flow import Flow
from textsynth.dialogue.induce import Induced, induce
from textsynth.dialogue.induce_acts import Example, Turn, _Likeness, _Nearest, acts
from textsynth.dialogue.induce_memory import copied, longest_run
from textsynth.dialogue.lint import lint
from textsynth.errors import SeedError
from textsynth.grammar import grammar
from textsynth.patterns import Value


def turn(said: str, values: dict[str, str] | None = None, *, annotated: bool = False) -> Turn:
    """`u hello`, `s:act what is {slot}`, `u:ACT,ACT:slot yes`; a value is by default its name."""
    head, _, text = said.partition(" ")
    speaker, _, acts = head.partition(":")
    pattern = patterns.parse(text)
    surfaces = {ref.name: (values or {}).get(ref.name, f"some {ref.name}") for ref in pattern.slots}
    return Turn(
        {"u": "user", "s": "system"}[speaker],
        pattern,
        {name: Value(surface, surface) for name, surface in surfaces.items()},
        (annotated,) * len(pattern.slots),
        tuple(acts.split(",")) if acts else (),
    )


def example(number: int, *said: str | Turn, outcome: str | None = None) -> Example:
    turns = tuple(one if isinstance(one, Turn) else turn(one) for one in said)
    return Example(f"d{number}", turns, outcome)


OPENINGS = ("my card was stolen", "somebody took my card", "i lost my card", "my card is gone",
            "my card has been taken", "block my card")  # fmt: skip
DONE = "Your card is blocked now."


def calls(count: int = 6) -> list[Example]:
    """Dialogues with labels: a name and a PIN are asked for; every third user forgot the PIN."""
    return [
        example(
            at,
            f"u {OPENINGS[at % len(OPENINGS)]}",
            "s:bank_ask_name May I have your name?",
            turn(f"u {('{person}', 'it is {person}')[at % 2]}", {"person": f"Ann Lee{at}"}),
            "s:bank_ask_pin And your PIN?",
            *(
                ("u i forgot it", "s:bank_inform_cannot_authenticate I cannot help you then.")
                if at % 3 == 2
                else (turn("u {pin}", {"pin": f"{4000 + at}"}), f"s:bank_inform_submitted {DONE}")
            ),
            "u bye",
            "s:bank_goodbye Goodbye.",
        )
        for at in range(count)
    ]


def read(made: Induced, tmp_path: Path) -> tuple[Flow, words.Words]:
    """The flow as it is written, with two values a list."""
    (tmp_path / "flow.yaml").write_text(made.yaml(), encoding="utf-8")
    values = {
        slot.list: [Value(f"{slot.list} {at}", f"{slot.list} {at}") for at in "ab"]
        for slot in made.slots.values()
    }
    (tmp_path / "lists.yaml").write_text(induce_write.lists(values, "values"), encoding="utf-8")
    flows = flowfile.load(tmp_path)
    assert not flows.noted
    return flows.files[made.name].flow, words.words(flows, None, seed=1)[made.name]


def dialogues(made: Induced, tmp_path: Path, count: int = 60) -> list[list[Utterance]]:
    flow, own = read(made, tmp_path)
    assert [one for one in lint(flow, own) if one.severity == "error"] == []
    table = simulate.simulate(flow, own, range(count), seed=1)
    found: dict[str, list[Utterance]] = {}
    for row in corpus.utterances(table):
        found.setdefault(row.dialogue_id or "", []).append(row)
    return list(found.values())


def said(made: Induced, key: str) -> set[str]:
    return {induce_write.sentence(pattern) for pattern in made.pools[key]}


# -- acts -------------------------------------------------------------------------------------


def notation(*said: str) -> dict[str, str]:
    return acts([example(0, "u hello", *said)]).notation


@pytest.mark.parametrize(
    ("turn_", "name", "kind"),
    [
        ("s:ask_name Who is this?", "ask_name", "REQUEST"),
        ("s:inform_report_submitted Sent.", "inform_report_submitted", "NOTIFY_SUCCESS"),
        ("s:inform_cannot_authenticate No.", "inform_cannot_authenticate", "NOTIFY_FAILURE"),
        ("s:out_of_scope What?", "out_of_scope", "CANT_HELP"),
        ("s:anything_else And?", "anything_else", "REQ_MORE"),
        ("s:goodbye_1 So long.", "goodbye_1", "GOODBYE"),
        ("s:OFFER:city,OFFER:time London at six", "offer_city_time", "OFFER"),
        ("s May I have your number?", "number", "REQUEST"),
        ("s Your table has been booked.", "table_been_booked", "NOTIFY_SUCCESS"),
        ("s Something went wrong there.", "something_went_wrong", "NOTIFY_FAILURE"),
        ("s Good bye and thanks", "good_bye", "GOODBYE"),
        ("s The bank opens at nine.", "bank_opens_nine", "INFORM"),
        ("s ???", "says", "REQUEST"),
    ],
)
def test_an_act_has_a_name_and_a_notation(turn_: str, name: str, kind: str) -> None:
    assert notation(turn_) == {name: kind}


def test_turns_without_labels_are_grouped_by_their_words() -> None:
    found = acts(
        [
            example(0, "u a", "s May I have your full name please?"),
            example(1, "u a", "s May I have your name please?", "u b", "s That is all done now."),
        ]
    )
    assert found.names[0][1] == found.names[1][1] != found.names[1][3]


def test_turns_without_labels_join_those_that_say_the_same() -> None:
    found = acts([example(0, "u a", "s:ask_name Your name, please?", "u b", "s your name please")])
    assert found.names == [["", "ask_name", "", "ask_name"]]


def test_turns_may_be_grouped_by_embeddings() -> None:
    def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        near = [[1.0, 0.0] if "name" in text or "called" in text else [0.0, 1.0] for text in texts]
        return np.array(near, np.float32)

    several = [example(0, "u a", "s Your name?", "u b", "s What are you called", "u c", "s Fine.")]
    first, second, third = (name for name in acts(several, embed).names[0] if name)
    assert first == second != third


def test_a_prefix_of_most_labels_is_left_out() -> None:
    found = induce(calls(), "cards")
    assert "ask_name" in found.nodes
    assert not any(name.startswith("bank_") for name in found.nodes)


# -- states -----------------------------------------------------------------------------------


def test_what_is_asked_for_and_told_is_collected(tmp_path: Path) -> None:
    flow, _ = read(induce(calls(), "cards"), tmp_path)
    state = flow.states["ask_name"]
    assert (state.kind, state.slots) == ("collect", ("person",))


def test_what_comes_next_depends_on_what_was_told(tmp_path: Path) -> None:
    flow, _ = read(induce(calls(), "cards"), tmp_path)
    after = {
        name: {target for _, target, _ in state.targets()}
        for name, state in flow.states.items()
        if name.startswith("ask_pin")
    }
    told = next(name for name in after if name.endswith("tells_pin"))
    other = next(name for name in after if name.endswith("other"))
    assert all(target.startswith("inform_submitted") for target in after[told])
    assert all(target.startswith("inform_cannot") for target in after[other])


def test_branches_weigh_what_was_seen(tmp_path: Path) -> None:
    flow, _ = read(induce(calls(), "cards"), tmp_path)
    state = next(s for n, s in flow.states.items() if n.startswith("ask_pin") and s.kind == "say")
    assert sorted(weight for _, _, weight in state.targets()) == [2, 4]


def test_results_say_how_a_dialogue_ends(tmp_path: Path) -> None:
    made = induce(calls(), "cards")
    assert made.ends == {"success": 4, "failure": 2}
    for one in dialogues(made, tmp_path):
        assert one[0].dialogue is not None
        cannot = any("cannot help" in row.text for row in one)
        assert one[0].dialogue.outcome == ("failure" if cannot else "success")


def test_without_results_the_labels_say_it() -> None:
    own = [
        example(0, "u a", "s b", outcome="success"),
        example(1, "u a", "s b", outcome="abandoned"),
        example(2, "u a", "s b"),
    ]
    assert induce(own, "x").ends == {"success": 2, "abandoned": 1}


def test_dialogues_are_consistent(tmp_path: Path) -> None:
    flow, own = read(induce(calls(12), "cards"), tmp_path)
    assert faults(simulate.simulate(flow, own, range(100), seed=3)) == {}


def test_users_come_with_the_intent(tmp_path: Path) -> None:
    for one in dialogues(induce(calls(), "cards"), tmp_path, 10):
        assert (one[0].act, one[0].intent) == ("INFORM_INTENT", "cards")


def test_a_greeting_is_no_intent(tmp_path: Path) -> None:
    own = [example(at, "u hi", "s Hello, how can I help?", "u my card is gone", "s Oh.", "u bye")
           for at in range(3)]  # fmt: skip
    for one in dialogues(induce(own, "cards"), tmp_path, 5):
        assert [row.act for row in one if row.speaker == "user"][:2] == ["INFORM", "INFORM_INTENT"]


def test_user_acts_are_kept(tmp_path: Path) -> None:
    own = [
        example(at, "u:INFORM_INTENT pay", "s:CONFIRM:sum Shall I?", f"u:{act} {text}", "s:BYE bye")
        for at, (act, text) in enumerate([("AFFIRM", "yes"), ("NEGATE", "no"), ("AFFIRM", "do")])
    ]  # fmt: skip
    acts_ = {row.text: row.act for one in dialogues(induce(own, "x"), tmp_path) for row in one}
    assert (acts_["yes"], acts_["no"], acts_["do"]) == ("AFFIRM", "NEGATE", "AFFIRM")


def test_rare_acts_stay_where_they_lead_on() -> None:
    own = [example(at, "u a", "s:first one", "u b", "s:last two") for at in range(6)]
    own.append(example(6, "u a", "s:first one", "u b", "s:aside odd", "u c", "s:last two"))
    own.append(example(7, "u a", "s:first one", "u b", "s:last two", "u c", "s:lost odd", "u d"))
    made = induce(own, "x")
    assert "aside" in made.nodes
    assert "lost" not in made.nodes
    assert made.left_out == 1


def test_the_system_does_not_repeat_itself(tmp_path: Path) -> None:
    again = ["s:bye Thank you and good bye now.", "u bye", "s:bye Thank you and good bye now."]
    own = [example(at, "u a", *again, "u see you") for at in range(3)]
    made = induce(own, "x")
    assert said(made, "heard_bye_heard") == {"bye", "see you"}
    assert all(len(one) <= 3 for one in dialogues(made, tmp_path))


def test_every_loop_has_an_exit(tmp_path: Path) -> None:
    asks = ["s:ask Which one, please?", "u that", "s:ask Which of them do you want?", "u this"]
    own = [example(at, "u a", *asks * (at + 1), "s:bye Bye.") for at in range(4)]
    lengths = [len(one) for one in dialogues(induce(own, "x"), tmp_path)]
    assert max(lengths) < simulate.MAX_TURNS


# -- slots ------------------------------------------------------------------------------------


def test_one_value_has_one_slot_throughout() -> None:
    ann, bob = {"person": "Ann Lee"}, {"person": "Bob"}
    own = example(
        0,
        turn("u I am {person}", ann),
        turn("s Hello {person}. Your dog?", ann),
        turn("u {person}", bob),
        turn("s {person} it is, {person:person_2}", {**bob, "person_2": "Ann Lee"}),
    )
    (one,) = induce([own], "x").examples
    assert [str(t.pattern) for t in one.turns] == [
        "I am {person}",
        "Hello {person}. Your dog?",
        "{second_person}",
        "{second_person} it is, {person}",
    ]


def test_a_second_value_is_named_after_the_question() -> None:
    own = [
        example(
            at,
            "u a",
            "s:ask_name Name?",
            turn("u {person}", {"person": f"Ann {at}"}),
            "s:ask_pets_name Pet?",
            turn("u {person}", {"person": f"Rex{at}"}),
            "s:bye Bye.",
        )
        for at in range(3)
    ]
    made = induce(own, "x")
    assert {(s.name, s.label, s.list) for s in made.slots.values()} == {
        ("person", "person", "person"),
        ("pets_name", "person", "pets_name"),
    }


def test_values_that_only_the_system_knows_are_drawn_once(tmp_path: Path) -> None:
    balance = {"sum": "$5"}
    own = [example(at, "u a", turn("s You have {sum}.", balance), "u hm",
                   turn("s So {sum} it is.", balance)) for at in range(3)]  # fmt: skip
    for one in dialogues(induce(own, "x"), tmp_path, 8):
        first, second = (row.slots[0].value for row in one if row.speaker == "system")
        assert first == second


def test_the_system_has_something_to_say_before_anything_is_told(tmp_path: Path) -> None:
    own = [example(0, "u a", turn("s Is it {city}?"), turn("u {city}"), "s Fine.")]
    (one, *_) = dialogues(induce(own, "x"), tmp_path, 2)
    assert one[1].text.startswith("Is it city ")


def test_annotated_slots_keep_their_names() -> None:
    turns = [turn("u to {city}", {"city": value}, annotated=True) for value in ("Rome", "Oslo")]
    own = example(0, turns[0], "s Where?", turns[1], "s Fine.")
    assert set(induce([own], "x").slots) == {"city"}


# -- few and odd data -------------------------------------------------------------------------


def test_one_dialogue_is_enough(tmp_path: Path) -> None:
    own = [example(0, "u hello", "s Your name?", "u {person}", "s Thanks, that is all.")]
    (one, *_) = dialogues(induce(own, "x"), tmp_path, 3)
    assert [row.pattern for row in one] == [
        "hello",
        "Your name?",
        "{person}",
        "Thanks, that is all.",
    ]


def test_the_system_may_begin(tmp_path: Path) -> None:
    own = [
        example(0, "s Good day.", "u i lost my card"),
        example(1, "u hello", "s Good day.", "u x"),
    ]
    starts = {one[0].speaker for one in dialogues(induce(own, "x"), tmp_path)}
    assert starts == {"system", "user"}


def test_a_flow_needs_two_speakers() -> None:
    with pytest.raises(SeedError, match="the user and the system speak"):
        induce([example(0, "u hello")], "x")


def test_names_that_meet_stay_apart(tmp_path: Path) -> None:
    own = [
        example(0, "u a", "s:start one", "u b", "s:end_success two", "u c", "s:start_heard three")
    ]
    texts = [row.text for row in dialogues(induce(own, "x"), tmp_path, 1)[0]]
    assert texts == ["a", "one", "b", "two", "c", "three"]


@pytest.mark.parametrize(
    "text", ["a (b|c) [d] <e> ; f", "{{x}} \\ \\{y}", '" \\" \'', "\u202ex\u2028y", "🙂", "\x07"]
)
def test_signs_are_said_as_they_are(text: str, tmp_path: Path) -> None:
    pattern = patterns.Pattern((text,))
    own = Example("d", (Turn("user", pattern, {}), turn("s Well?"), Turn("user", pattern, {})))
    (one, *_) = dialogues(induce([own], "x"), tmp_path, 1)
    assert one[0].text == " ".join(text.split())


@pytest.mark.parametrize("surface", ["a;b", "C:\\tmp", "f(x)", "[a] \\ {b}", "a@b", "x|y;z"])
def test_values_of_lists_are_said_as_they_are(surface: str) -> None:
    text = induce_write.lists({"x": [Value(surface, surface), Value(surface, "it")]}, "values")
    pack = "intents: {a: {data: [{sentences: ['{x}']}]}}\n"
    found = grammar.loads(pack + text).value_lists(1)["x"].values
    assert found == (Value(surface, surface), Value(surface, "it"))


def test_the_flow_depends_on_no_process() -> None:
    code = (
        "from test_dialogue_induce import example; from textsynth.dialogue.induce import induce\n"
        "turns = [t for x in 'abcdefgh' for t in (f'u it is {{{x}}}', f's:say_{x} So {{{x}}}.')]\n"
        "print(induce([example(n, *turns) for n in range(4)], 'x').yaml())"
    )
    folder = Path(__file__).parent
    written = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "123"
    }
    assert len(written) == 1
    assert b"given_h" in written.pop()


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1).map(" ".join), max_size=30))
def test_the_nearest_text_is_found_as_by_comparing_with_all(texts: list[str]) -> None:
    every = list(dict.fromkeys([*texts, "a b c"]))
    nearest = _Nearest(_Likeness(every, None), every[:-1])

    def alike(one: str) -> float:
        left, right = set(one.split()), {"a", "b", "c"}
        return len(left & right) / len(left | right)

    best = max(every[:-1], key=alike, default=None)
    wanted = best if best is not None and alike(best) >= 0.5 else None
    assert nearest.find("a b c", 0.5) == wanted


def test_the_flow_tells_its_counts() -> None:
    text = induce(calls(), "cards").yaml()
    assert "# 6 of 6 dialogues" in text
    assert text.startswith("# Induced from 6 dialogues")


# -- memory -----------------------------------------------------------------------------------


def test_runs_in_common_are_measured() -> None:
    one = [("user", "a"), ("system", "b"), ("user", "c")]
    other = [("user", "A."), ("system", "x"), ("user", "c")]
    found = copied([one, other], [one])
    assert (found.longest, found.median, found.longest_user, found.verbatim) == (3, 2, 2, 1.0)
    assert longest_run(one, other) == 1
    assert copied([], [one]).verbatim == 0


def test_dialogues_mix_what_was_said(tmp_path: Path) -> None:
    made = induce(calls(12), "cards")
    mixed = [
        [(row.speaker or "", row.pattern or "") for row in one] for one in dialogues(made, tmp_path)
    ]
    examples = [[(t.speaker, str(t.pattern)) for t in one.turns] for one in made.examples]
    assert copied(mixed, examples).verbatim < 0.5
    assert copied(examples, examples).verbatim == 1


def test_a_sentence_may_repeat_a_slot(tmp_path: Path) -> None:
    own = [example(0, "u a", "s Who?", turn("u {person}, oh {person}", {"person": "Ann"}))]
    (one, *_) = dialogues(induce(own, "x"), tmp_path, 1)
    assert len(one[2].slots) == 2
    assert one[2].slots[0].value == one[2].slots[1].value
