"""The corpus as exporters read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, concat, to_table
from textsynth.export import rows as export_rows


def row(number: int, **changes: Any) -> Utterance:
    given = {"id": f"r/{number}", "text": f"text {number}", "intent": "a", **changes}
    return Utterance(**given)


MIXED = [
    row(0, intent="b", slots=(Slot(0, 4, "x", "X"), Slot(5, 6, "y", "Y")), split="test"),
    row(1, intent=None, text=""),
    row(2, slots=(Slot(5, 6, "y", "Y"), Slot(0, 4, "x", "X"))),
    row(3, intent="b", text="🏴 שלום\n"),
    row(4),
]


def test_rows_come_as_they_are() -> None:
    table = concat([to_table(MIXED[:2]), to_table(MIXED[2:])])
    rows = list(export_rows.rows(table))
    assert [r.position for r in rows] == list(range(5))
    for found, there in zip(rows, MIXED, strict=True):
        assert (found.id, found.text, found.intent, found.split) == (
            *(there.id, there.text, there.intent),
            there.split,
        )
        assert found.slots == tuple(sorted(there.slots, key=lambda slot: slot.start))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_batches_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(export_rows.rows(to_table(MIXED)))
    monkeypatch.setattr(export_rows, "BATCH_ROWS", size)
    table = concat([to_table(MIXED[:2]), to_table(MIXED[2:])])
    assert list(export_rows.rows(table)) == whole
    by_intent = [(name, list(rows)) for name, rows in export_rows.rows_by_intent(table)]
    assert [name for name, _ in by_intent] == [None, "a", "b"]
    assert [[r.position for r in rows] for _, rows in by_intent] == [[1], [2, 4], [0, 3]]
    assert sorted(r for _, rows in by_intent for r in rows) == whole
    sliced = list(export_rows.rows(table.slice(1, 3)))
    assert [r.id for r in sliced] == ["r/1", "r/2", "r/3"]
    assert [len(r.slots) for r in sliced] == [0, 2, 0]


def test_columns_that_are_lists_numbers_and_null() -> None:
    table = to_table([row(0, turn=None), row(1, turn=3, state=(("a", "b"),), parents=("p",))])
    (found,) = export_rows.batches(table, ("turn", "generation", "state", "parents"))
    assert found == {
        "turn": [None, 3],
        "generation": [0, 0],
        "state": [None, (("a", "b"),)],
        "parents": [[], ["p"]],
    }


# -- values -----------------------------------------------------------------------------------


def test_values_and_their_words() -> None:
    said = [("NYC", "New York"), ("NYC", "New York"), ("big apple", "New York"), ("Rome", "Rome")]
    said += [("a]\n'\"", "a]\n'\"")]
    rows = [
        row(n, text=f"to {words}", slots=(Slot(3, 3 + len(words), "city", value),))
        for n, (words, value) in enumerate(said)
    ]
    rows.append(row(9, text="at ten", slots=(Slot(3, 6, "at", "10"),)))
    assert export_rows.slot_types(to_table(rows)) == {
        "at": {"10": ["ten"]},
        "city": {"New York": ["NYC", "big apple"], "Rome": ["Rome"], "a]\n'\"": ["a]\n'\""]},
    }
    types = export_rows.slot_types(to_table(rows))
    assert [list(values) for values in types.values()] == [["10"], ["New York", "Rome", "a]\n'\""]]


# -- sampling ---------------------------------------------------------------------------------


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", None]), st.integers(0, 40), min_size=1),
    st.integers(0, 200),
)
def test_allotments(sizes: dict[str | None, int], total: int) -> None:
    given_ = export_rows.allot(sizes, total)
    assert sum(given_.values()) == min(total, sum(sizes.values()))
    assert given_.keys() == sizes.keys()
    for name, size in sizes.items():
        assert 0 <= given_[name] <= size
        if total >= len(sizes) and size:
            assert given_[name] >= 1
