"""Further values of slots: how many are asked for, and which of the model's proposals stay."""

from __future__ import annotations

from typing import Any

import pytest

from textsynth import patterns, scrub
from textsynth.lm.decode import Completion
from textsynth.patterns import Value
from textsynth.pipeline import slotvalues
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.seedside import EMPTY_SEEDS, SeedSide
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.values import ValueList, from_surfaces

DISHES = from_surfaces("dish", ["soup", "curry", "stew"])


def proposals(count: int, *completions: Completion) -> slotvalues.Proposals:
    made = slotvalues.Proposals("dish", DISHES, count, seed=1)
    for completion in completions:
        made.read(completion)
    return made


def written(*values: str, scores: tuple[float, ...] = ()) -> Completion:
    return Completion(" " + "\n- ".join(values) + "\n\n", scores)


def reasons(made: slotvalues.Proposals) -> list[tuple[str, str]]:
    return [(one.text, one.reason) for one in made.rejects]


@pytest.mark.parametrize(
    ("counts", "most", "further"),
    [
        ({"my": 5}, 50, 0),
        ({"stars": 2, "points": 3}, 50, 0),
        ({"this": 2, "current": 1}, 50, 1),
        ({"a": 1, "b": 1, "c": 1, "d": 2}, 50, 6),  # 3 of 5 are new: 6 of 10 values
        ({"a": 1, "b": 1, "c": 1, "d": 2}, 4, 4),
        ({"here": 1, "there": 1}, 50, 50),  # nothing repeats: nothing says where it ends
    ],
)
def test_further_values_are_as_many_as_the_seeds_leave_unseen(
    counts: dict[str, int], most: int, further: int
) -> None:
    assert slotvalues.unseen(counts, most) == further


def test_a_value_counts_once_in_a_completion() -> None:
    made = proposals(3, written("pie", "Pie", "pie", "rice", "soup"))
    assert made.taken() == ["pie", "rice"]
    assert reasons(made) == [
        ("Pie", "value_characters"),
        ("pie", "value_repeat"),
        ("soup", "value_repeat"),
    ]


def test_marks_inside_a_value_make_no_other_value() -> None:
    there = from_surfaces("item", ["st. kitts", "10.2", "new york city hall"])
    made = slotvalues.Proposals("item", there, 4, seed=1)
    made.read(written("st kitts", "mac-n-cheese", "mac n cheese", "10.5", "105"))
    assert made.taken() == ["mac-n-cheese", "10.5", "105"]
    assert reasons(made) == [("st kitts", "value_repeat"), ("mac n cheese", "value_repeat")]


def test_what_more_completions_propose_stays() -> None:
    made = proposals(2, written("pie", "rice"), written("toast", "rice"), written("toast", "cake"))
    assert sorted(made.taken()) == ["rice", "toast"]
    assert sorted(reasons(made)) == [("cake", "unlikely"), ("pie", "unlikely")]


def test_of_those_proposed_as_often_the_likelier_stay() -> None:
    made = proposals(
        2, written("pie", "rice", scores=(-4.0, -2.0)), written("toast", scores=(-1.0,))
    )
    assert made.taken() == ["toast", "rice"]
    assert reasons(made) == [("pie", "unlikely")]


def test_none_may_be_proposed() -> None:
    made = proposals(2, written("soup"), written("a dish of very many words"))
    assert made.taken() == []


def recipe(**lists: dict[str, int]) -> Recipe:
    plain = {"name": "t", "seeds": {"path": "s"}, "model": {}, "lists": lists}
    return Recipe.model_validate(plain)


class Scripted:
    """Completions in turn, the same for each prompt of a wave."""

    def __init__(self, *waves: Completion) -> None:
        self.waves, self.asked = list(waves), list[list[str]]()

    def of(self, prompts: Any, said: Any) -> list[list[Completion]]:
        self.asked.append([prompt.intent for prompt in prompts])
        wave = self.waves.pop(0) if self.waves else written("soup")
        return [[wave] for _ in prompts]


class Heard(Progress):
    def __init__(self) -> None:
        self.warned: list[str] = []
        self.noted: list[str] = []

    def note(self, text: str) -> None:
        self.noted.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


def test_all_slots_are_asked_together_and_no_longer_than_needed() -> None:
    lists = {"dish": DISHES, "drink": from_surfaces("drink", ["tea", "juice", "milk"])}
    said = Scripted(written("pie", "rice"), written("cake", "toast", "cola", "water"))
    ledger, heard = Ledger(), Heard()
    full, added = slotvalues.grown(
        recipe(), {"dish": 1, "drink": 3}, lists, said, (), ledger, heard
    )  # type: ignore[arg-type]
    # two for each are sought at first: `dish` has them after a wave, `drink` three of six after two
    assert [sorted(set(wave)) for wave in said.asked] == [["dish", "drink"], ["drink"]]
    assert added["dish"] and len(added["dish"]) == 1
    assert len(added["drink"]) == 3 and not heard.warned
    assert full["drink"].values[:3] == lists["drink"].values
    assert full["dish"].source == "seeds" and len(full["dish"]) == 4
    rows_in, rows_out, why = ledger.steps["invent values"]
    assert rows_out == 4 and rows_in == rows_out + sum(why.values()) and why["unlikely"] == 4


def test_a_slot_that_is_called_as_an_intent_has_a_list_of_its_own() -> None:
    lists = {"dish": DISHES}
    assert slotvalues.taught({"dish": 1}, lists, {"dish"}).keys() == {"dish values"}
    said = Scripted(written("pie", "rice"))
    full, added = slotvalues.grown(recipe(), {"dish": 1}, lists, said, {"dish"}, Ledger(), Heard())  # type: ignore[arg-type]
    assert set(said.asked[0]) == {"dish values"}
    assert full.keys() == added.keys() == {"dish"} and added["dish"]


def test_a_model_that_knows_no_more_is_left_in_peace() -> None:
    said, heard = Scripted(written("pie")), Heard()
    asked, named = {"dish": 9}, recipe(dish={"invent": 9})
    _, added = slotvalues.grown(named, asked, {"dish": DISHES}, said, (), Ledger(), heard)  # type: ignore[arg-type]
    assert len(said.asked) == slotvalues.WAVES
    assert added == {"dish": ["pie"]} and heard.warned == ["dish: 1 values of 9"]
    starred = recipe(**{"*": {"invent": 9}})  # at most, it says
    slotvalues.grown(starred, asked, {"dish": DISHES}, Scripted(), (), Ledger(), heard)  # type: ignore[arg-type]
    assert heard.warned == ["dish: 1 values of 9"]


# -- how many ---------------------------------------------------------------------------------


def side(*values: tuple[str, str]) -> SeedSide:
    """Seeds of one slot each: (label, value)."""
    seeds = [
        scrub.SeedPattern(f"s{at}", "talk", "en", patterns.parse(f"say {{{label}}}"),
                          {label: Value(text, text)}, (True,))
        for at, (label, text) in enumerate(values)
    ]  # fmt: skip
    return SeedSide(seeds, [], {}, [], None, 0, 0)


def test_a_star_stands_for_slots_of_the_seeds_that_are_not_named() -> None:
    seeds = side(("dish", "soup"), ("dish", "stew"), ("unit", "g"), ("unit", "g"), ("room", "hall"),
                 ("town", "Bath"), ("colour", "red"))  # fmt: skip
    lists = {
        "dish": DISHES,
        "unit": from_surfaces("unit", ["g"]),
        "room": from_surfaces("room", ["hall", "attic"], "list"),  # of templates
        "town": ValueList("town", (Value("Bath", "Bath"),), "city"),  # of Faker
        "colour": from_surfaces("colour", ["red"]),
    }
    starred = recipe(**{"*": {"invent": 20}, "colour": {"invent": 3}})
    slotvalues.check(starred, lists)
    heard = Heard()
    assert slotvalues.plan(starred, seeds, lists, heard) == {"colour": 3, "dish": 20}
    assert slotvalues.plan(recipe(unit={"invent": 7}), seeds, lists, heard) == {"unit": 7}
    assert slotvalues.plan(recipe(**{"*": {"invent": 0}}), seeds, lists, heard) == {}
    assert slotvalues.plan(recipe(), EMPTY_SEEDS, lists, heard) == {}
    assert not heard.noted
    assert slotvalues.taught({"dish": 2}, lists, {"eat"}) == {"dish": ["soup", "curry", "stew"]}


def test_who_asks_for_none_is_told_which_slots_run_dry() -> None:
    seeds = side(("dish", "soup"), ("dish", "stew"), ("unit", "g"), ("unit", "g"))
    lists, heard = {"dish": DISHES, "unit": from_surfaces("unit", ["g"])}, Heard()
    assert slotvalues.plan(recipe(), seeds, lists, heard) == {}
    assert len(heard.noted) == 1 and heard.noted[0].startswith("dish: the seeds' values alone")
    assert "lists: {'*': {invent: 50}}" in heard.noted[0]
    private = {"name": "t", "seeds": {"path": "s"}, "model": {"privacy": {"epsilon": 8}}}
    slotvalues.plan(Recipe.model_validate(private), seeds, lists, heard)
    assert len(heard.noted) == 1  # it may show the model no values
