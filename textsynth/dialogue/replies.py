"""Replies: the ways of a flow's own in which users answer what a state says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from textsynth.dialogue.flow import Aside, Reply, State
from textsynth.dialogue.talk import Found, Talk
from textsynth.dialogue.words import Template
from textsynth.errors import GrammarError

PAIRS = 0.4  # how often users ask for, or change, two things at once
CHANGES = 3  # times that a user wants something else, in one dialogue
T = TypeVar("T")


def replied(talk: Talk, state: State) -> Reply:
    """What the user answers; a question that leads nowhere else is answered at once.

    Raises:
        GrammarError: none of the replies can be said.
    """
    barred: set[str] = set()
    while True:
        left = [r for r in state.replies if r.name not in barred and possible(talk, state, r)]
        if not any(reply.weight for reply in left):
            raise GrammarError(
                f"nothing can be replied to the state {state.name!r}",
                where=state.place.at(),
                fix="add a reply with sentences that need no slots",
            )
        reply = left[talk.weighed([reply.weight for reply in left])]
        leads = reply.name in state.branches
        if leads and not reply.has_words and not reply.acts:
            return reply  # the state that it leads to lets the user speak
        asked = few(talk, askable(talk, reply, leads))
        if not heard(talk, state, reply, asked):
            barred.add(reply.name)
        elif asked and not leads:
            talk.informs(asked)
        else:
            talk.owed = asked
            return reply


def possible(talk: Talk, state: State, reply: Reply) -> bool:
    """Whether a reply has what it speaks of."""
    if reply.asks:
        return bool(askable(talk, reply, reply.name in state.branches))
    if reply.tells:
        return any(slot in talk.user.agenda for slot in reply.tells)
    if reply.changes:
        return talk.user.changed < CHANGES
    if state.kind == "offer" and reply.name not in state.branches:
        return talk.offered + talk.shown < len(talk.records)
    return True


def askable(talk: Talk, reply: Reply, later: bool) -> list[Aside]:
    """What may be asked about: what was not asked, offered or wanted, and can be answered."""
    asides = (talk.flow.asides[about] for about in reply.asks)
    return [
        aside
        for aside in asides
        if f"aside:{aside.about}" not in talk.used
        and aside.about not in talk.state
        and (later or answerable(talk, aside))
    ]


def answerable(talk: Talk, aside: Aside) -> bool:
    """Whether the system has what an answer speaks of."""
    replies = talk.words.pool(f"aside:{aside.about}:replies")
    return bool(replies.fitting({*talk.known, *aside.gives}))


def few(talk: Talk, those: Sequence[T]) -> list[T]:
    """One of these, drawn, or two."""
    left = list(those)
    count = min(len(left), 1 + (talk.decide() < PAIRS))
    return [left.pop(int(talk.decide() * len(left))) for _ in range(count)]


def heard(talk: Talk, state: State, reply: Reply, asked: Sequence[Aside]) -> bool:
    """The user's turn; False where nothing can be said."""
    parts: list[tuple[tuple[Template, ...], Sequence[str]]] = []
    if reply.has_words:
        parts.append((talk.words.pool(f"reply:{state.name}:{reply.name}").templates, reply.acts))
    for aside in asked:
        talk.used.add(f"aside:{aside.about}")
        templates = talk.words.pool(f"aside:{aside.about}:asks").templates
        parts.append((templates, (f"REQUEST:{aside.about}",)))
    for slot in few(talk, [slot for slot in reply.tells if slot in talk.user.agenda]):
        parts.append((talk.answers((slot,)), ()))
    for nth, slot in enumerate(few(talk, reply.changes)):
        talk.user.want(slot)
        corrects = "NEGATE" in reply.acts and nth == 0
        parts.append(talk.correction(slot) if corrects else (talk.answers((slot,)), ()))
    talk.user.changed += bool(reply.changes)
    if parts and not reply.has_words:
        parts[0] = parts[0][0], (*reply.acts, *parts[0][1])
    if reply.intent is not None:
        talk.intent = reply.intent
    before, record = dict(talk.state), dict[str, Found]()
    if any(act.partition(":")[0] == "SELECT" for act in reply.acts):
        record = talk.records[talk.offered]
        takes(talk, record)
    if "AFFIRM" in reply.acts:
        talk.agree(state.slots)
    if talk.hear(*parts, known={**talk.told(), **record}):
        return True
    talk.state = before
    return False


def takes(talk: Talk, record: Mapping[str, Found]) -> None:
    """The user takes a record: they want what was offered of it; the rest the system knows."""
    talk.known.update(record)
    talk.taken = frozenset(record)
    for slot, (value, surface) in record.items():
        told = slot in talk.spoken
        if slot in talk.flow.slots and (told or slot not in talk.state):
            talk.user.goal[slot], talk.user.surface[slot] = value, surface
            if told:
                talk.learn(slot, value)
