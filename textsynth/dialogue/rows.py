"""Turns as rows of the corpus, a batch of dialogues at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from textsynth import corpus

Span = tuple[int, int, str, str]  # start, end, label, canonical value
State = tuple[tuple[str, str], ...]  # (slot, canonical value), sorted


class Rows:
    """Gathers turns column by column; a row object for each would take most of the time."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.columns: dict[str, list[Any]] = {
            name: []
            for name in ("id", "text", "intent", "pattern", "origin", "dialogue_id", "turn")
        }
        self.columns |= {name: [] for name in ("speaker", "act")}
        self.slots: list[Sequence[Span]] = []
        self.parents: list[Sequence[str]] = []
        self.states: list[State | None] = []
        self.facts: list[dict[str, Any] | None] = []
        self.begun = 0

    @property
    def turns(self) -> int:
        """Turns of the dialogue that is being written."""
        return len(self.slots) - self.begun

    def add(
        self,
        speaker: str,
        text: str,
        *,
        act: str,
        pattern: str,
        origin: str,
        slots: Sequence[Span] = (),
        parents: Sequence[str] = (),
        intent: str | None = None,
        state: State | None = None,
    ) -> None:
        """Add the next turn."""
        columns = self.columns
        columns["text"].append(text)
        columns["intent"].append(intent)
        columns["pattern"].append(pattern)
        columns["origin"].append(origin)
        columns["turn"].append(self.turns)
        columns["speaker"].append(speaker)
        columns["act"].append(act)
        self.parents.append(parents)
        self.states.append(state)
        self.slots.append(slots)

    def close(self, name: str, facts: corpus.Dialogue) -> None:
        """End a dialogue: all turns since the last one are its own."""
        count = self.turns
        self.columns["id"] += [f"dialogue/{name}/{turn}" for turn in range(count)]
        self.columns["dialogue_id"] += [name] * count
        self.facts.append(
            {
                "flow": facts.flow,
                "outcome": facts.outcome,
                "goal": [{"slot": slot, "value": value} for slot, value in facts.goal],
                "persona": [{"name": trait, "value": value} for trait, value in facts.persona],
                "path": list(facts.path),
            }
        )
        self.facts += [None] * (count - 1)
        self.begun = len(self.slots)

    def table(self) -> pa.Table:
        """All turns, a table of `corpus.SCHEMA`."""
        rows = len(self.slots)
        made: dict[str, Any] = {
            name: pa.array(values, pa.int32() if name == "turn" else pa.string())
            for name, values in self.columns.items()
        }
        made["slots"] = self._slots()
        made["state"] = self._states()
        made["parents"] = _listed(
            [len(parents) for parents in self.parents],
            pa.array([parent for parents in self.parents for parent in parents], pa.string()),
        )
        made["language"] = pa.repeat(pa.scalar(self.language), rows)
        made["generation"] = pa.array(np.ones(rows, np.int8))
        made["dialogue"] = pa.array(self.facts, corpus.DIALOGUE)
        made["scores"] = _listed([0] * rows, pa.array([], corpus.SCORE))
        columns = []
        for field in corpus.SCHEMA:
            column = made.get(field.name)
            if column is None:
                column = pa.nulls(rows, field.type)
            elif field.type == corpus.WORD:
                column = column.dictionary_encode()
            columns.append(column)
        return pa.table(columns, schema=corpus.SCHEMA)

    def _slots(self) -> pa.Array:
        flat = [span for spans in self.slots for span in spans]
        start, end, label, value = zip(*flat, strict=True) if flat else ((), (), (), ())
        spans = pa.StructArray.from_arrays(
            [
                pa.array(start, pa.int32()),
                pa.array(end, pa.int32()),
                pa.array(label, pa.string()),
                pa.array(value, pa.string()),
            ],
            fields=list(corpus.SLOT),
        )
        return _listed([len(spans) for spans in self.slots], spans)

    def _states(self) -> pa.Array:
        flat = [entry for state in self.states for entry in state or ()]
        slot, value = zip(*flat, strict=True) if flat else ((), ())
        entries = pa.StructArray.from_arrays(
            [pa.array(slot, pa.string()), pa.array(value, pa.string())], fields=list(corpus.STATE)
        )
        missing = np.array([state is None for state in self.states], bool)
        return _listed([len(state or ()) for state in self.states], entries, missing)


def _listed(lengths: Sequence[int], values: pa.Array, missing: Any = None) -> pa.ListArray:
    """Values cut into lists of these lengths; null where `missing`."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=mask)
