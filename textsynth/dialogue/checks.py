"""What is wrong with a dialogue as annotated: its turns, its belief states, what its label says.

A generator that annotates by construction should give none of these; they are found from the rows
alone, whoever made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import column, fold
from textsynth.turns import Dialogues, acts, dialogues, flat

OUTCOMES = ("success", "failure", "abandoned")
# Texts up to this many words, without slots, may be said again: "yes please".
SHORT = 3
REASONS: Mapping[str, str] = {
    "turns_misnumbered": "its turns do not count 0, 1, 2 and so on",
    "no_user_turn": "nothing in it is said by a user",
    "missing_facts": "a turn lacks its text, speaker or act, a user turn its state, or the first "
    "turn what is true of the dialogue",
    "span_mismatch": "a slot does not lie in the text of its turn",
    "speakers_not_alternating": "user and system do not take turns",
    "state_on_system_turn": "a turn of the system has a belief state",
    "state_inconsistent": "a belief state does not follow from what was said",
    "goal_not_reached": "its label says success, the turns do not",
    "goal_reached_but_labelled_otherwise": "its label says failure, the turns success",
    "turn_repeated": "somebody says the same sentence twice",
}

Mask = npt.NDArray[np.bool_]
Values = dict[str, list[str]]
_GIVEN = frozenset({"OFFER", "INFORM"})


def faults(turns: pa.Table) -> dict[str, list[str]]:
    """The reasons, of `REASONS` and in its order, why a dialogue is wrong, by `dialogue_id`; sound
    dialogues are not in it. Neither the order of rows nor single utterances among them matter.

    What is misnumbered has no order, and its states and label are not judged. A state is the one
    before it, updated by what the turn says:

    - INFORM:s and SELECT:s set s to the value of a span of s in the turn; without one (a
      reference) to any value, SELECT:s to one that was offered;
    - SELECT sets what was offered, AFFIRM what the system has just confirmed or offered; what it
      affirms, the state does not have otherwise;
    - a new intent (INFORM_INTENT, AFFIRM_INTENT) may drop any slot, and set slots to values that
      the dialogue knows; NEGATE may drop what the system has just confirmed or offered, and
      REQUEST_ALTS what was offered;
    - all else must stay.

    Success needs a last state with every value of the goal, and that the last result was
    NOTIFY_SUCCESS; or without results, that what was offered last was taken, or that the system
    informed the user.
    """
    found = dialogues(turns)
    if not len(found):
        return {}
    rows = _Rows(found)
    wrong = _of_turns(found, rows)
    for name, mask in _of_wholes(found, rows, ~wrong["turns_misnumbered"]).items():
        wrong[name] = mask
    ids = found.ids()
    hit = np.flatnonzero(np.logical_or.reduce(list(wrong.values())))
    return {ids[at]: [name for name in REASONS if wrong[name][at]] for at in hit.tolist()}


class _Rows:
    """The columns of the turns as lists; spans and states flat, with where each turn ends there."""

    def __init__(self, found: Dialogues) -> None:
        table = found.turns
        self.speakers = column(table, "speaker")
        self.said = [_parsed(act) for act in column(table, "act")]
        self.labels, self.values, self.begins, self.stops, self.slot_ends = flat(
            table.column("slots").combine_chunks(), "label", "value", "start", "end"
        )
        states = table.column("state").combine_chunks()
        self.stated = states.is_valid().to_pylist()
        self.keys, self.known, self.state_ends = flat(states, "slot", "value")
        self.outcomes = found.facts("outcome").to_pylist()
        self.goal_slots, self.goal_values, self.goal_ends = flat(
            found.facts("goal"), "slot", "value"
        )

    def slots(self, at: int) -> Values:
        """The values of the spans of a turn by label."""
        found: Values = {}
        for place in range(self.slot_ends[at - 1] if at else 0, self.slot_ends[at]):
            found.setdefault(self.labels[place], []).append(self.values[place])
        return found

    def state(self, at: int) -> dict[str, str]:
        """The state of a turn; empty where it has none."""
        own = slice(self.state_ends[at - 1] if at else 0, self.state_ends[at])
        return dict(zip(self.keys[own], self.known[own], strict=True))

    def goal(self, number: int) -> dict[str, str]:
        """The goal of a dialogue."""
        own = slice(self.goal_ends[number - 1] if number else 0, self.goal_ends[number])
        return dict(zip(self.goal_slots[own], self.goal_values[own], strict=True))


# -- turns by themselves ----------------------------------------------------------------------


def _of_turns(found: Dialogues, rows: _Rows) -> dict[str, Mask]:
    """What can be seen without reading the acts: for each reason which dialogues have it."""
    table, starts = found.turns, found.starts
    number = np.repeat(np.arange(len(found)), found.sizes())

    def any_of(mask: Mask) -> Mask:
        return np.bincount(number[mask], minlength=len(found)) > 0

    def full(name: str) -> Mask:
        return np.asarray(pc.fill_null(pc.not_equal(table.column(name), ""), False).to_numpy())

    speakers = np.array([speaker or "" for speaker in rows.speakers])
    user, system = speakers == "user", speakers == "system"
    stated = np.array(rows.stated, bool)
    same = np.zeros(len(speakers), bool)
    same[1:] = (speakers[1:] == speakers[:-1]) & (number[1:] == number[:-1])
    counted = pc.fill_null(table.column("turn"), -1).to_numpy()
    lacking = ~(full("text") & full("speaker") & full("act")) | (user & ~stated)
    labelled = np.array([outcome in OUTCOMES for outcome in rows.outcomes], bool)
    return {
        "turns_misnumbered": any_of(counted != np.arange(len(speakers)) - starts[number]),
        "no_user_turn": ~any_of(user),
        "missing_facts": any_of(lacking) | ~labelled,
        "span_mismatch": any_of(_misplaced(table, rows)),
        "speakers_not_alternating": any_of(same | ~(user | system)),
        "state_on_system_turn": any_of(system & stated),
        "turn_repeated": any_of(_repeats(table, rows, number)),
    }


def _misplaced(table: pa.Table, rows: _Rows) -> Mask:
    """Which turns have spans that are empty, overlap, or lie outside the text."""
    lengths = pc.fill_null(pc.utf8_length(table.column("text")), 0).to_numpy()
    counts = _counts(rows.slot_ends)
    turn = np.repeat(np.arange(len(counts)), counts)
    begin, stop = (np.array(values, np.int64) for values in (rows.begins, rows.stops))
    order = np.lexsort((stop, begin, turn))
    turn, begin, stop = turn[order], begin[order], stop[order]
    bad = (begin < 0) | (begin >= stop) | (stop > lengths[turn])
    bad[1:] |= (turn[1:] == turn[:-1]) & (begin[1:] < stop[:-1])
    found = np.zeros(len(counts), bool)
    found[turn[bad]] = True
    return found


def _counts(ends: list[int]) -> npt.NDArray[np.int64]:
    """How many each turn has, from where each ends."""
    after = np.array(ends, np.int64)
    return np.asarray(after - np.concatenate([[0], after[:-1]]), np.int64)


def _repeats(table: pa.Table, rows: _Rows, number: npt.NDArray[np.int64]) -> Mask:
    """Which turns say what the same speaker said before, short ones without slots aside."""
    encoded = pc.fill_null(table.column("text"), "").combine_chunks().dictionary_encode()
    folded = [fold(text) for text in encoded.dictionary.to_pylist()]
    names = {text: at for at, text in enumerate(dict.fromkeys(folded))}
    texts = encoded.indices.to_numpy()
    said = np.array([names[text] for text in folded], np.int64)[texts]
    long = np.array([text.count(" ") >= SHORT for text in folded], bool)[texts]
    slotted = _counts(rows.slot_ends) > 0
    places = np.flatnonzero(long | slotted)
    by_user = np.array([speaker == "user" for speaker in rows.speakers], np.int64)
    keys = (number * 2 + by_user)[places] * len(names) + said[places]
    _, first = np.unique(keys, return_index=True)
    found = np.zeros(len(said), bool)
    found[np.delete(places, first)] = True
    return found


# -- states and goals -------------------------------------------------------------------------


class _Said(NamedTuple):
    """The acts of a turn: their names; the slots that INFORM and SELECT set, with whether it was
    SELECT; the slots that OFFER and INFORM give; those with the ones that CONFIRM reads back; and
    the latter alone.
    """

    names: frozenset[str]
    told: tuple[tuple[str, bool], ...]
    given: tuple[str, ...]
    read: tuple[str, ...]
    confirmed: tuple[str, ...]


@lru_cache(maxsize=65_536)
def _parsed(written: str | None) -> _Said:
    found = [(act, slot) for act, slot in acts(written) if slot is not None]
    return _Said(
        frozenset(act for act, _ in acts(written)),
        tuple((slot, act == "SELECT") for act, slot in found if act in ("INFORM", "SELECT")),
        tuple(slot for act, slot in found if act in _GIVEN),
        tuple(slot for act, slot in found if act in _GIVEN or act == "CONFIRM"),
        tuple(slot for act, slot in found if act == "CONFIRM"),
    )


def _of_wholes(found: Dialogues, rows: _Rows, ordered: Mask) -> dict[str, Mask]:
    """What states and labels say of the dialogues whose turns have an order."""
    names = ("state_inconsistent", "goal_not_reached", "goal_reached_but_labelled_otherwise")
    wrong = {name: np.zeros(len(found), bool) for name in names}
    for number, (start, end) in enumerate(found.spans()):
        if not ordered[number]:
            continue
        if not _consistent(rows, start, end):
            wrong["state_inconsistent"][number] = True
        outcome = rows.outcomes[number]
        if outcome in OUTCOMES and (reason := _mislabelled(rows, number, start, end)):
            wrong[reason][number] = True
    return wrong


class _Heard:
    """What a dialogue holds so far: the slots that the system `offered` and those that its `last`
    turn confirmed or offered, with the values it said of each, or `confirmed` alone; and where the
    dialogue began."""

    def __init__(self, start: int) -> None:
        self.offered: Values = {}
        self.last: Values = {}
        self.confirmed: Values = {}
        self.start = start

    def hear(self, said: _Said, slots: Values) -> None:
        """Take in a turn of the system."""
        self.last = {slot: slots.get(slot, []) for slot in said.read}
        self.confirmed = {slot: slots.get(slot, []) for slot in said.confirmed}
        for slot in said.given:
            self.offered.setdefault(slot, []).extend(slots.get(slot, ()))


def _consistent(rows: _Rows, start: int, end: int) -> bool:
    """Whether each state follows from the one before it and from what was said."""
    heard = _Heard(start)
    before: dict[str, str] = {}
    for at in range(start, end):
        said = rows.said[at]
        if rows.speakers[at] != "user":
            heard.hear(said, rows.slots(at) if said.read else {})
        elif rows.stated[at]:
            after = rows.state(at)
            keys = rows.keys[rows.state_ends[at - 1] if at else 0 : rows.state_ends[at]]
            if keys != sorted(after) or not _told(rows, at, after, heard):
                return False
            if before != after and not _follows(rows, at, before, after, heard):
                return False
            before = after
    return True


def _told(rows: _Rows, at: int, after: Mapping[str, str], heard: _Heard) -> bool:
    """Whether the state has what the turn informs of and selects, and nothing else than what it
    affirms."""
    told = rows.said[at].told
    if "AFFIRM" in rows.said[at].names:
        others = heard.confirmed.keys() - {slot for slot, _ in told}
        if any(not _among(after.get(s), heard.confirmed[s]) for s in others if s in after):
            return False
    if not told:
        return True
    slots = rows.slots(at)
    for slot, selected in told:
        values = slots.get(slot) or (heard.offered.get(slot) if selected else None)
        if slot not in after or (values and after[slot] not in values):
            return False
    return True


def _follows(
    rows: _Rows, at: int, before: Mapping[str, str], after: Mapping[str, str], heard: _Heard
) -> bool:
    """Whether an act of the turn accounts for each slot that changed."""
    said = rows.said[at]
    told = {slot for slot, _ in said.told}
    changed = [s for s in before.keys() | after.keys() if before.get(s) != after.get(s)]
    fresh = not said.names.isdisjoint(("INFORM_INTENT", "AFFIRM_INTENT"))
    for slot in changed:
        if slot in told:
            continue
        value = after.get(slot)
        if value is None:
            justified = (
                fresh
                or ("NEGATE" in said.names and slot in heard.last)
                or ("REQUEST_ALTS" in said.names and slot in heard.offered)
            )
        else:
            justified = (
                ("AFFIRM" in said.names and _among(value, heard.last.get(slot)))
                or ("SELECT" in said.names and _among(value, heard.offered.get(slot)))
                or (fresh and _known(rows, heard.start, at, value))
            )
        if not justified:
            return False
    return True


def _among(value: str | None, said: list[str] | None) -> bool:
    """Whether a slot that was said (else None) may be of this value; without its span, of any."""
    return said is not None and (not said or value in said)


def _known(rows: _Rows, start: int, at: int, value: str) -> bool:
    """Whether a value was said up to a turn, or believed before it."""
    slots = slice(rows.slot_ends[start - 1] if start else 0, rows.slot_ends[at])
    states = slice(*(rows.state_ends[place - 1] if place else 0 for place in (start, at)))
    return value in rows.values[slots] or value in rows.known[states]


def _mislabelled(rows: _Rows, number: int, start: int, end: int) -> str | None:
    notified, served = _result(rows, start, end)
    if rows.outcomes[number] == "abandoned":
        return None  # what was broken off may have reached a goal before
    if rows.outcomes[number] != "success":
        return "goal_reached_but_labelled_otherwise" if notified else None
    last = next((at for at in reversed(range(start, end)) if rows.speakers[at] == "user"), None)
    state = {} if last is None else rows.state(last)
    held = all(state.get(slot) == value for slot, value in rows.goal(number).items())
    return None if held and (served if notified is None else notified) else "goal_not_reached"


def _result(rows: _Rows, start: int, end: int) -> tuple[bool | None, bool]:
    """Whether the last result that the system told was a success (None without any), and whether
    the user was served: took what was offered last, or was informed."""
    notified: bool | None = None
    served = offered = False
    for at in range(start, end):
        names = rows.said[at].names
        if rows.speakers[at] == "user":
            taken = "SELECT" in names or (offered and "AFFIRM" in names)
            served = (served or taken) and "REQUEST_ALTS" not in names
            continue
        if "NOTIFY_SUCCESS" in names or "NOTIFY_FAILURE" in names:
            notified = "NOTIFY_SUCCESS" in names
        offered = "OFFER" in names
        served = not offered and (served or "INFORM" in names)
    return notified, served
