"""How many rows of what: shares, distributions, rows a slot."""

from __future__ import annotations

from typing import Any

import pytest

from textsynth.errors import RecipeError
from textsynth.patterns import parse
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import quotas_of
from textsynth.pipeline.seedside import EMPTY_SEEDS, SeedSide
from textsynth.recipe import Recipe
from textsynth.scrub import SeedPattern

COUNTS = {"a": 6, "b": 3, "c": 1}
LABELS = {"a": {"room", "time"}, "b": {"room"}}


def side() -> SeedSide:
    import dataclasses

    patterns = [
        SeedPattern(f"{intent}{n}", intent, "en", parse(f"say {n}"), {}, ())
        for intent, count in COUNTS.items()
        for n in range(count)
    ]
    return dataclasses.replace(EMPTY_SEEDS, patterns=patterns)


def recipe(**generate: Any) -> Recipe:
    return Recipe.model_validate(
        {"name": "t", "seeds": {"path": "s.jsonl"}, "model": {}, "generate": generate}
    )


@pytest.mark.parametrize(
    ("generate", "quotas"),
    [
        ({"per_intent": 10}, {"a": 10, "b": 10, "c": 10}),
        ({"per_intent": 10, "distribution": "seeds"}, {"a": 18, "b": 9, "c": 3}),
        ({"per_intent": 3, "distribution": "seeds"}, {"a": 5, "b": 3, "c": 1}),
        ({"per_intent": 10, "distribution": {"a": 0.9, "b": 0.1}}, {"a": 27, "b": 3}),
        ({"per_slot": 7}, {"a": 14, "b": 7, "c": 7}),
    ],
)
def test_rows_of_each_intent(generate: dict[str, Any], quotas: dict[str, int]) -> None:
    found = quotas_of(recipe(**generate), side(), None, LABELS)
    assert found == {(intent, "model"): count for intent, count in quotas.items()}


@pytest.mark.parametrize("distribution", ["uniform", "seeds", {"a": 0.37, "b": 0.34, "c": 0.29}])
@pytest.mark.parametrize("per_intent", [1, 7, 10])
def test_the_sum_is_what_was_asked(distribution: Any, per_intent: int) -> None:
    asked = recipe(per_intent=per_intent, distribution=distribution,
                   share={"model": 0.7, "seed": 0.3})  # fmt: skip
    assert sum(quotas_of(asked, side(), None, {}).values()) == 3 * per_intent


def test_a_distribution_names_intents_that_are_there() -> None:
    asked = recipe(distribution={"a": 0.5, "bb": 0.5})
    with pytest.raises(RecipeError, match="no intent 'bb'") as caught:
        quotas_of(asked, side(), None, {})
    assert "'b'" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("generate", "message"),
    [
        ({"distribution": {"a": 0.5}}, "add up to 0.5"),
        ({"per_slot": 3, "distribution": "seeds"}, "and so does `distribution`"),
        ({"spare": 9, "budget": 8}, "more than the budget"),
        ({"spare": 0.5}, "greater than or equal to 1"),
        ({"per_slot": 0}, "greater than or equal to 1"),
    ],
)
def test_what_does_not_go_together(generate: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe(**generate)


def test_shares_of_the_seeds_need_seeds() -> None:
    with pytest.raises(ValueError, match="there are no seeds"):
        Recipe.model_validate(
            {"name": "t", "templates": {"path": "x"}, "generate": {"distribution": "seeds"}}
        )


def test_rejects_that_give_somebody_away_are_masked(tmp_path: Any) -> None:
    import pyarrow.parquet as pq

    from textsynth.corpus import Utterance, to_table

    ledger = Ledger()
    rows = to_table(Utterance(f"{n}", f"call ann {n}", "x", pattern="call ann") for n in range(3))
    ledger.reject(rows, "leak", ["leaked_value", "fresh_identity", "other"])
    ledger.write_rejects(tmp_path / "r.parquet")
    kept = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert [row["text"] for row in kept] == [None, None, "call ann 2"]
    assert [row["pattern"] for row in kept] == [None, None, "call ann"]


def test_slots_that_fall_short_are_named() -> None:
    from textsynth.corpus import Slot, Utterance, to_table
    from textsynth.pipeline.collect import short_by_slot

    room = (Slot(0, 4, "room", "hall"),)
    rows = to_table([Utterance(f"{n}", "hall", "a", room) for n in range(3)])
    labels = {"a": {"room", "time"}, "b": {"room"}}
    assert short_by_slot(rows, labels, 3) == [
        {"intent": "a", "slot": "time", "got": 0, "asked": 3},
        {"intent": "b", "slot": "room", "got": 0, "asked": 3},
    ]
    assert short_by_slot(rows, labels, 0) == []
