"""States that confirm: what is known is read back, and the user agrees or corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from textsynth.dialogue.flow import State
from textsynth.dialogue.replies import replied
from textsynth.dialogue.talk import TRIES, Found, Talk

REREAD = 0.7  # how often a slot is read back again after another one was changed


def confirms(talk: Talk, state: State) -> str:
    """Read back what is known."""
    assumes(talk, state.slots)
    there = [slot for slot in state.slots if slot in talk.known]
    while state.replies:
        reads_back(talk, state, there, None)
        before = dict(talk.state)
        reply = replied(talk, state)
        if reply.name in state.branches:
            return reply.name
        there = read_again(talk, state, before)
    for turn in range(TRIES):
        slots = [slot for slot in state.slots if slot in talk.known]
        if not slots:
            break
        misheard = mishears(talk, slots) if turn == 0 else None
        ask = partial(reads_back, talk, state, slots, misheard)
        ask()
        does = talk.deviates(ask)
        changed = talk.changes(slots) if does == "change" and misheard is None else None
        if misheard is not None:
            denied = (talk.words.pool("user:denied").templates, ("NEGATE",))
            talk.hear(denied, talk.correction(misheard[0]))
        elif changed is not None:
            prefix = (talk.words.pool("user:changed").templates, ("NEGATE",))
            talk.hear(prefix, talk.correction(changed))
        else:
            talk.agree(slots)
            talk.hear(
                (talk.words.pool(f"yes:{state.name}", "user:confirmed").templates, ("AFFIRM",))
            )
            break
    return "next"


def read_again(talk: Talk, state: State, before: Mapping[str, str]) -> list[str]:
    """What is read back after the user has changed something: that, what they have not agreed
    to yet, and the rest of it by chance; all of it where no sentence has just these."""
    every = [slot for slot in state.slots if slot in talk.known]
    needed = {s for s in every if s not in before or before[s] != talk.state.get(s)}
    some = [slot for slot in every if slot in needed or talk.decide() < REREAD]
    if not state.has_words:
        return some
    fitting = talk.words.pool(f"state:{state.name}").fitting(some)
    enough = [template.names for template in fitting if needed <= template.names]
    if not enough:
        return every
    names = enough[int(talk.decide() * len(enough))]
    return [slot for slot in every if slot in names]


def mishears(talk: Talk, slots: Sequence[str]) -> tuple[str, Found] | None:
    """A slot that the system got wrong, and what it took it for."""
    slots = [slot for slot in slots if slot in talk.state]  # of others the user said nothing
    if not talk.user.does(talk.habits, "misheard") or not slots:
        return None
    slot = slots[int(talk.decide() * len(slots))]
    listed = talk.words.values[talk.flow.slots[slot].values]
    for _ in range(TRIES):
        wrong = listed.canonical[int(talk.decide() * len(listed.canonical))]
        if wrong != talk.state[slot]:
            return slot, (wrong, listed.surfaces[wrong][0])
    return None


def reads_back(
    talk: Talk, state: State, slots: Sequence[str], misheard: tuple[str, Found] | None
) -> None:
    known = {slot: talk.known[slot] for slot in slots}
    talk.read = frozenset()
    if misheard is not None:
        known[misheard[0]] = misheard[1]
    if state.has_words:
        talk.say(talk.words.pool(f"state:{state.name}"), "CONFIRM", known)
        return
    for slot in slots:
        talk.say(talk.words.pool(f"confirm:{slot}"), "CONFIRM", known)


def assumes(talk: Talk, slots: Iterable[str]) -> None:
    """Take slots of which nobody spoke for their default."""
    for slot in slots:
        default = talk.flow.slots[slot].default
        if slot not in talk.known and default is not None:
            surfaces = talk.words.values[talk.flow.slots[slot].values].surfaces
            talk.known[slot] = default, surfaces.get(default, (default,))[0]
