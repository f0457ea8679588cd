"""Schemas of services, read out of the dialogues of each flow: which slots and intents there are.

A corpus does not hold the flows behind it, so that what is said here is what its dialogues show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from textsynth.corpus import span_fault
from textsynth.export.dialogues import INTENTS, VALUED, Act, Conversation, acts
from textsynth.export.target import words

MOST_VALUES = 12
COUNT = "count"  # what INFORM_COUNT is about: a number of results, no slot of the service
SPECIAL = frozenset({"", "dontcare", "?"})  # values of any slot, which are none of its own


@dataclass(slots=True)
class IntentFacts:
    """An intent.

    Attributes:
        needed: slots in the state at the end of it in every dialogue with the outcome `success`;
            None before the first.
        stated: slots in the state at any time while it is active.
        told: slots that the system informs of or offers.
        notified: whether the system says that something was done, or failed.
    """

    needed: set[str] | None = None
    stated: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    notified: bool = False


@dataclass(slots=True)
class Service:
    """What the dialogues of a flow show of the service behind it.

    Attributes:
        slots: in how many dialogues each value of a slot occurs, by slot.
        possible: the values of each categorical slot, sorted.
        stated: slots that are in some state.
        intents: the intents of the user, and those that are offered.
    """

    slots: dict[str, Counter[str]] = field(default_factory=dict)
    possible: dict[str, list[str]] = field(default_factory=dict)
    stated: set[str] = field(default_factory=set)
    intents: dict[str, IntentFacts] = field(default_factory=dict)


def services(conversations: Iterable[Conversation]) -> dict[str, Service]:
    """The service of each flow, by its name, sorted.

    A slot is categorical that has at most `MOST_VALUES` values, each of them in two dialogues or
    more: where no value was seen only once, a further one is unlikely (Good 1953).
    """
    found: dict[str, Service] = {}
    for conversation in conversations:
        _add(found.setdefault(conversation.flow, Service()), conversation)
    for service in found.values():
        for slot, values in service.slots.items():
            known = sorted(values.keys() - SPECIAL)
            if slot != COUNT and 0 < len(known) <= MOST_VALUES:
                service.possible |= {slot: known} if min(values[v] for v in known) > 1 else {}
    return {flow: found[flow] for flow in sorted(found)}


def fault(conversation: Conversation) -> str | None:
    """The rule of `corpus.span_fault` that the spans of a turn break, or None."""
    for turn in conversation.turns:
        wrong = span_fault(turn.text, [(slot.start, slot.end) for slot in turn.slots])
        if wrong:
            return wrong
    return None


def described(name: str) -> str:
    """A name as words: `book_table` is `book table`."""
    return " ".join(word.lower() for word in words(name))


def _add(service: Service, conversation: Conversation) -> None:
    values: set[tuple[str, str]] = set(conversation.whole.goal) if conversation.whole else set()
    last: dict[str, set[str]] = {}
    active: str | None = None
    for turn, said in zip(conversation.turns, acts(conversation), strict=True):
        values.update((slot.label, slot.value) for slot in turn.slots)
        values.update(turn.state or ())
        for act in said:
            if act.about and act.name not in INTENTS:
                service.slots.setdefault(act.about, Counter())
                values.update((act.about, value.value) for value in act.values)
            if act.about and act.name in INTENTS:
                service.intents.setdefault(act.about, IntentFacts())
        if turn.speaker == "user":
            active = turn.intent
            service.stated.update(slot for slot, _ in turn.state or ())
            if active is not None:
                last[active] = {slot for slot, _ in turn.state or ()}
                known = service.intents.setdefault(active, IntentFacts())
                known.stated |= last[active]
        elif active is not None:
            _hear(service.intents[active], said)
    for slot, value in values:
        service.slots.setdefault(slot, Counter())[value] += 1
    if conversation.whole and conversation.whole.outcome == "success":
        for intent, stated in last.items():
            facts = service.intents[intent]
            facts.needed = stated if facts.needed is None else facts.needed & stated


def _hear(intent: IntentFacts, said: list[Act]) -> None:
    for act in said:
        if act.about and act.name in VALUED and act.name not in ("CONFIRM", "INFORM_COUNT"):
            intent.told.add(act.about)
        intent.notified = intent.notified or act.name.startswith("NOTIFY_")
