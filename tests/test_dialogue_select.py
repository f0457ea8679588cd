"""Selection of dialogues: exactly as many, outcomes as simulated, everything covered first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import corpus
from textsynth.corpus import Dialogue, Utterance
from textsynth.dialogue.select import cells, quotas, select

Made = list[Utterance]


def made(
    number: int,
    *,
    flow: str = "f",
    outcome: str = "success",
    path: str = "ab",
    goal: tuple[tuple[str, str], ...] = (),
    act: str = "INFORM_INTENT",
    text: str = "hello",
) -> Made:
    """A dialogue of two turns; `path` has a letter a state."""
    name = f"{flow}/{number:016x}"
    whole = Dialogue(flow, outcome, goal, (), tuple(path))
    first = Utterance(f"dialogue/{name}/0", text, "i", pattern=text, dialogue_id=name, turn=0,
                      speaker="user", act=act, state=(), dialogue=whole)  # fmt: skip
    second = Utterance(f"dialogue/{name}/1", "bye", pattern="bye", dialogue_id=name, turn=1,
                       speaker="system", act="GOODBYE")  # fmt: skip
    return [first, second]


def table(dialogues: Iterable[Made]) -> pa.Table:
    return corpus.to_table(row for rows in dialogues for row in rows)


def chosen(dialogues: list[Made], count: int, seed: int = 0) -> list[Made]:
    """The dialogues of flow `f` that are kept."""
    turns = table(dialogues)
    there = cells(turns)
    kept = set(select(turns, quotas({"f": count}, there, there), seed=seed))
    return [rows for rows in dialogues if rows[0].dialogue_id in kept]


def test_exactly_as_many_as_wanted_of_each_flow() -> None:
    turns = table([made(n, flow=flow) for flow in "fg" for n in range(20)])
    there = cells(turns)
    assert there == {("f", "success"): 20, ("g", "success"): 20}
    kept = select(turns, quotas({"f": 7, "g": 12}, there, there), seed=0)
    assert Counter(name[0] for name in kept) == {"f": 7, "g": 12}
    assert kept == sorted(set(kept))


@pytest.mark.parametrize(
    ("wanted", "simulated", "there", "expected"),
    [
        (10, (70, 20, 10), (70, 20, 10), (7, 2, 1)),
        (10, (70, 20, 10), (70, 20, 0), (8, 2, 0)),  # none of one: the others make up for it
        (10, (70, 20, 10), (5, 20, 10), (5, 3, 2)),
        (100, (70, 20, 10), (7, 2, 1), (7, 2, 1)),
        (3, (1, 1, 1), (9, 9, 9), (1, 1, 1)),
        (4, (0, 0, 0), (8, 0, 8), (2, 0, 2)),
        (0, (70, 20, 10), (7, 2, 1), (0, 0, 0)),
    ],
)
def test_quotas(
    wanted: int, simulated: tuple[int, ...], there: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    names = [("f", outcome) for outcome in ("success", "failure", "abandoned")]
    given_, counts = (dict(zip(names, values, strict=True)) for values in (simulated, there))
    found = quotas({"f": wanted}, given_, counts)
    assert tuple(found.get(name, 0) for name in names) == expected


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=4))
def test_quotas_ask_for_what_there_is(wanted: int, counts: list[tuple[int, int]]) -> None:
    there = {("f", str(n)): count for n, (count, _) in enumerate(counts)}
    simulated = {("f", str(n)): count for n, (_, count) in enumerate(counts)}
    found = quotas({"f": wanted}, simulated, there)
    assert sum(found.values()) == min(wanted, sum(there.values()))
    assert all(count <= there[cell] for cell, count in found.items())


def test_outcomes_keep_their_shares() -> None:
    outcomes = ["success"] * 70 + ["failure"] * 20 + ["abandoned"] * 10
    kept = chosen([made(n, outcome=outcome) for n, outcome in enumerate(outcomes)], 50)
    found = Counter(rows[0].dialogue.outcome for rows in kept if rows[0].dialogue)
    assert found == {"success": 35, "failure": 10, "abandoned": 5}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_rare_is_covered_first(seed: int) -> None:
    usual = [made(n) for n in range(200)]
    rare = [
        made(200, path="axb"),
        made(201, act="HANG_UP"),
        made(202, goal=(("city", "Oslo"),)),
        made(203, path="aycb"),
    ]
    kept = chosen([*usual, *rare], 6, seed)
    steps = {step for rows in kept if rows[0].dialogue for step in pairwise(rows[0].dialogue.path)}
    assert {("a", "x"), ("x", "b"), ("a", "y"), ("y", "c"), ("c", "b"), ("a", "b")} <= steps
    assert {rows[0].act for rows in kept} == {"INFORM_INTENT", "HANG_UP"}
    assert any(rows[0].dialogue and rows[0].dialogue.goal for rows in kept)


def test_steps_come_before_acts_and_acts_before_values() -> None:
    rare = [made(0, goal=(("city", "Oslo"),)), made(1, act="HANG_UP"), made(2, path="axb")]
    usual = [made(n) for n in range(3, 99)]
    assert rare[2] in chosen([*usual, *rare], 2)
    assert rare[1] in chosen([*usual, *rare], 3) and rare[2] in chosen([*usual, *rare], 3)


def test_one_dialogue_that_covers_more_is_taken() -> None:
    both = made(7, path="axyb")
    apart = [made(1, path="axb"), made(2, path="axb"), made(3, path="ayb"), both]
    assert both in chosen([*apart, *(made(n) for n in range(10, 40))], 3)


def test_every_wording_before_a_second_of_any() -> None:
    wordings = [made(n, text="hello") for n in range(50)] + [made(99, text="good day")]
    assert {rows[0].text for rows in chosen(wordings, 2)} == {"hello", "good day"}


def test_the_order_of_rows_does_not_matter() -> None:
    draw = random.Random(0)
    outcomes = ("success", "failure")
    turns = table(
        made(n, path="a" + draw.choice("xyz") + "b", outcome=draw.choice(outcomes),
             text=draw.choice(("hi", "hello", "hey")), goal=(("n", str(draw.randrange(9))),))
        for n in range(120)
    )  # fmt: skip
    asked = quotas({"f": 40}, cells(turns), cells(turns))
    kept = select(turns, asked, seed=3)
    assert len(kept) == 40 and select(turns, asked, seed=4) != kept
    for _ in range(3):
        order = draw.sample(range(turns.num_rows), turns.num_rows)
        assert select(corpus.take(turns, order), asked, seed=3) == kept


def test_nothing_of_nothing() -> None:
    assert select(corpus.empty(), {}, seed=0) == []
    assert quotas({"f": 3}, {}, {}) == {}
    assert chosen([made(1)], 0) == []
