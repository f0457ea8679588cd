"""Turns folded into dialogues, checked for what the formats of dialogues rely on, and their acts.

Acts are those of the Schema-Guided Dialogue dataset (Rastogi et al. 2020) and some of our own; see
`corpus.Utterance`. What an act is about (`INFORM:city`) is looked up in the spans of its turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import Dialogue, Slot, turns
from textsynth.errors import ExportError
from textsynth.export import no_dialogues
from textsynth.export.rows import batches
from textsynth.turns import acts as parse_acts

SPEAKERS = ("user", "system")
TRAIN = "train"
# acts that give a slot a value, and those of them whose value can be known from the state alone
VALUED = frozenset({"INFORM", "CONFIRM", "OFFER", "SELECT", "INFORM_COUNT"})
_STATED = frozenset({("user", "INFORM"), ("user", "SELECT"), ("system", "CONFIRM")})
INTENTS = ("INFORM_INTENT", "OFFER_INTENT")  # acts about an intent

_WHOLE = ("dialogue_id", "dialogue", "split")
_BATCH = 2_000  # dialogues that are Python objects at one time


class Turn(NamedTuple):
    """A turn as exporters read it; slots are in the order of the text."""

    text: str
    speaker: str
    act: str | None
    intent: str | None
    slots: tuple[Slot, ...]
    state: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A dialogue of the corpus: `turns` in their order, and what is true of it as a whole."""

    id: str
    whole: Dialogue | None
    turns: tuple[Turn, ...]
    split: str

    @property
    def flow(self) -> str:
        """The flow that it follows: the beginning of the id where nothing says it."""
        return self.whole.flow if self.whole else self.id.rpartition("/")[0] or "dialogue"


class Value(NamedTuple):
    """What an act says of a slot: the canonical value, with its span where the turn has one."""

    value: str
    surface: str
    start: int | None = None
    end: int | None = None


class Act(NamedTuple):
    """An act of a turn. `about` is a slot, or an intent where the act is one of `INTENTS`."""

    name: str
    about: str | None
    values: tuple[Value, ...] = ()


def require_dialogues(corpus: pa.Table, format: str) -> pa.Table:
    """The turns of the corpus.

    Raises:
        ExportError: there are none.
    """
    found = turns(corpus)
    if corpus.num_rows and not found.num_rows:
        raise no_dialogues(format)
    return found


def bounds(turns: pa.Table) -> npt.NDArray[np.int64]:
    """Where each dialogue of a table of turns begins, and the number of rows at the end.

    Raises:
        ExportError: the turns of a dialogue do not stand together or do not count from 0, the
            speakers do not alternate between user and system, or a dialogue is in two splits.
    """
    rows = turns.num_rows
    ids = _codes(turns, "dialogue_id")
    begins = np.flatnonzero(np.diff(ids, prepend=-1))
    sizes = np.diff(begins, append=rows)
    first = np.repeat(begins, sizes)
    numbers = pc.fill_null(turns.column("turn"), -1).to_numpy()
    speakers = pc.fill_null(
        pc.index_in(turns.column("speaker"), value_set=pa.array(SPEAKERS)), -1
    ).to_numpy()
    splits = _codes(turns, "split")
    again = np.ones(rows, bool)
    again[begins[np.unique(ids[begins], return_index=True)[1]]] = False
    faults: tuple[tuple[npt.NDArray[np.bool_], str, str], ...] = (
        (again & (first == np.arange(rows)), "its turns do not stand together",
         "keep the turns of a dialogue beside each other"),
        (numbers != np.arange(rows) - first, "its turns do not count from 0, one by one",
         "number the turns in their order"),
        (speakers < 0, "a turn is by neither user nor system", "name the speaker of each turn"),
        ((speakers == np.roll(speakers, 1)) & (first != np.arange(rows)),
         "one speaker has two turns in a row", "join them to one turn"),
        (splits != splits[first], "its turns are in several splits",
         "give all turns of a dialogue one split"),
    )  # fmt: skip
    for wrong, message, fix in faults:
        if wrong.any():
            row = turns.slice(int(wrong.argmax()), 1).to_pylist()[0]
            place = f"dialogue {row['dialogue_id']}, turn {row['turn']}"
            raise ExportError(message, where=place, fix=fix)
    return np.append(begins, rows)


def _codes(turns: pa.Table, column: str) -> npt.NDArray[np.int64]:
    """The values of a column as numbers, equal ones alike; null is one of them."""
    encoded = turns.column(column).combine_chunks().dictionary_encode(null_encoding="encode")
    codes: npt.NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def fold(turns: pa.Table) -> Iterator[Conversation]:
    """The dialogues of a table of turns, in their order; some are in memory at a time.

    Raises:
        ExportError: see `bounds`.
    """
    places = bounds(turns)
    for at in range(0, len(places) - 1, _BATCH):
        chosen = places[at : at + _BATCH + 1]
        first = turns.select(_WHOLE).take(pa.array(chosen[:-1])).to_pylist()
        rows = _turns(turns.slice(chosen[0], chosen[-1] - chosen[0]))
        for row, size in zip(first, np.diff(chosen).tolist(), strict=True):
            whole = None if row["dialogue"] is None else _whole(row["dialogue"])
            said = tuple(islice(rows, size))
            yield Conversation(row["dialogue_id"], whole, said, row["split"] or TRAIN)


def _whole(facts: dict[str, Any]) -> Dialogue:
    return Dialogue(
        facts["flow"],
        facts["outcome"],
        tuple((entry["slot"], entry["value"]) for entry in facts["goal"] or ()),
        tuple((entry["name"], entry["value"]) for entry in facts["persona"] or ()),
        tuple(facts["path"] or ()),
    )


def _turns(turns: pa.Table) -> Iterator[Turn]:
    for batch in batches(turns, Turn._fields):
        yield from map(Turn, *batch.values())


def acts(conversation: Conversation) -> list[list[Act]]:
    """The acts of each turn.

    An act that gives a slot a value has the spans of that slot in its turn. Where there are none
    (`the second one`, `yes`), the state of the user knows what they inform of or select, and what
    the system has confirmed. A request has spans as examples where no other act has them. The
    intent that is informed of is that of the turn; one that is offered stands in the act, or is
    that of the next turn where the user affirms it.
    """
    found = []
    state: Mapping[str, str] = {}
    for place, turn in enumerate(conversation.turns):
        if turn.speaker == "user":
            state = dict(turn.state or ())
        # an act that is said of two values (`OFFER:name OFFER:name`) has both, and stands once
        notes = list(dict.fromkeys(parse_acts(turn.act)))
        given = {about for name, about in notes if name in VALUED}
        read = []
        for name, about in notes:
            if name in INTENTS:
                read.append(Act(name, about or _intent(conversation, place, name)))
            elif about and (name in VALUED or (name == "REQUEST" and about not in given)):
                read.append(Act(name, about, _values(turn, name, about, state)))
            else:
                read.append(Act(name, about))
        found.append(read)
    return found


def _values(turn: Turn, act: str, slot: str, state: Mapping[str, str]) -> tuple[Value, ...]:
    spans = tuple(
        Value(span.value, turn.text[span.start : span.end], span.start, span.end)
        for span in turn.slots
        if span.label == slot
    )
    if spans or slot not in state or (turn.speaker, act) not in _STATED:
        return spans
    return (Value(state[slot], state[slot]),)


def _intent(conversation: Conversation, place: int, act: str) -> str | None:
    if act == "INFORM_INTENT":
        return conversation.turns[place].intent
    for turn in conversation.turns[place + 1 : place + 2]:
        if ("AFFIRM_INTENT", None) in parse_acts(turn.act):
            return turn.intent
    return None


def spoken(conversation: Conversation) -> Iterator[Mapping[tuple[str, str], list[str]]]:
    """For each turn, the words by which each (slot, canonical value) was said up to there, in the
    order in which they were first said. The mapping that comes next is the same one, grown."""
    said: dict[tuple[str, str], list[str]] = {}
    for turn in conversation.turns:
        for span in turn.slots:
            words = said.setdefault((span.label, span.value), [])
            surface = turn.text[span.start : span.end]
            if surface not in words:
                words.append(surface)
        yield said
