"""Dialogues written by hand: acts and words, from which spans, patterns and states are made.

dialogue(
    "book_table",
    1,
    user("INFORM_INTENT INFORM:city", "a table in [Oslo](city)"),
    system("REQUEST:time", "At what time?"),
)
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from textsynth.corpus import Dialogue, Slot, Utterance

_SPAN = re.compile(r"\[([^\]]*)\]\((\w+)(?:=([^)]*))?\)")


class Line(NamedTuple):
    """A turn as it is written: `[words](slot=value)` is a span; `state` is what it adds to the
    state beside the spans that the user informs of or selects."""

    speaker: str
    act: str
    text: str
    state: dict[str, str]


def user(act: str, text: str, **state: str) -> Line:
    """A turn of the user."""
    return Line("user", act, text, state)


def system(act: str, text: str) -> Line:
    """A turn of the system."""
    return Line("system", act, text, {})


def dialogue(
    flow: str,
    number: int,
    *lines: Line,
    intent: str | None = None,
    outcome: str = "success",
    goal: tuple[tuple[str, str], ...] = (),
    split: str | None = None,
) -> list[Utterance]:
    """The rows of a dialogue of this flow; `intent` is that of the user throughout, the name of
    the flow where none is given."""
    name = f"{flow}/{number:016x}"
    whole = Dialogue(flow, outcome, goal, (("patience", 0.5), ("politeness", 0.25)), ("start",))
    rows, state = [], dict[str, str]()
    for turn, line in enumerate(lines):
        text, pattern, slots = _read(line.text)
        ours = line.speaker == "user"
        if ours:
            told = [part.partition(":")[2] for part in line.act.split()
                    if part.startswith(("INFORM:", "SELECT:"))]  # fmt: skip
            state.update({slot.label: slot.value for slot in slots if slot.label in told})
            state.update(line.state)
        rows.append(
            Utterance(
                id=f"dialogue/{name}/{turn}",
                text=text,
                intent=(intent or flow) if ours else None,
                slots=slots,
                pattern=pattern,
                origin="template",
                generation=1,
                dialogue_id=name,
                turn=turn,
                speaker=line.speaker,
                act=line.act,
                state=tuple(sorted(state.items())) if ours else None,
                dialogue=None if turn else whole,
                split=split,
            )
        )
    return rows


def _read(written: str) -> tuple[str, str, tuple[Slot, ...]]:
    """The text, its pattern and its spans."""
    text, pattern, slots, at = "", "", [], 0
    for match in _SPAN.finditer(written):
        words, label, value = match.groups()
        before = written[at : match.start()]
        text += before
        slots.append(Slot(len(text), len(text) + len(words), label, value or words))
        text += words
        pattern += f"{before}{{{label}}}"
        at = match.end()
    return text + written[at:], pattern + written[at:], tuple(slots)


def booked(
    number: int = 1,
    city: str = "Oslo",
    split: str | None = None,
    *,
    name: str = "Casa Rosa",
    late: str = "[seven](time=19:00)",
    street: str = "4 Sea Road",
) -> list[Utterance]:
    """A table is booked: told in parts, corrected, confirmed; twelve turns, the user begins."""
    return dialogue(
        "book_table",
        number,
        user("INFORM_INTENT INFORM:city", f"i want a table in [{city}](city)"),
        system("REQUEST:time REQUEST:people", "At what time, and for how many?"),
        user("INFORM:time INFORM:people", "[half past six](time=18:30), [two](people=2) of us"),
        system("INFORM_COUNT:count OFFER:name", "There are [3](count). One is [Nam](name)."),
        user("REQUEST_ALTS", "anything else?"),
        system("OFFER:name OFFER:name", f"[Bella](name) or [{name}](name)."),
        user("SELECT:name", "the second one", name=name),
        system(
            "CONFIRM:name CONFIRM:time CONFIRM:people",
            f"[{name}](name) at [6.30 pm](time=18:30) for [two](people=2)?",
        ),
        user("NEGATE INFORM:time", f"no, at {late}"),
        system("CONFIRM:time", f"At {late} then?"),
        user("AFFIRM REQUEST:street", "yes, and where is it?"),
        system("NOTIFY_SUCCESS INFORM:street", f"It is booked. It is at [{street}](street)."),
        goal=(("city", city), ("people", "2"), ("time", late.partition("=")[2][:-1])),
        split=split,
    )


def hung_up(number: int = 2, city: str = "Oslo", split: str | None = None) -> list[Utterance]:
    """The system begins, misunderstands, and the user hangs up; six turns."""
    return dialogue(
        "book_table",
        number,
        system("GREETING", "Good evening!"),
        user("INFORM_INTENT INFORM:people", "table for [four](people=4)"),
        system("REQUEST:city", f"Where? Perhaps in [{city}](city)?"),
        user("UNCLEAR", "hrm \u202b 🏴 tbl"),
        system("CANT_UNDERSTAND REQUEST:city", "I did not get that. Where?"),
        user("HANG_UP", "forget it"),
        outcome="abandoned",
        goal=(("city", city), ("people", "4")),
        split=split,
    )


def blocked(number: int = 3, card: str = "debit", split: str | None = None) -> list[Utterance]:
    """Another flow: a card is blocked, and an offered intent is affirmed; ten turns."""
    rows = dialogue(
        "block_card",
        number,
        user("INFORM_INTENT", "my card is gone"),
        system("REQUEST:card", "Which card is it?"),
        user("REFUSE:card", "i won't say"),
        system("REQUEST:card", "I need to know: [debit](card) or [credit](card)?"),
        user("INFORM:card", f"the [{card} one](card={card}) then"),
        system("NOTIFY_FAILURE OFFER_INTENT", "That did not work. Shall I call a colleague?"),
        user("AFFIRM_INTENT OUT_OF_SCOPE", "yes please, and what's the weather?"),
        system("CANT_HELP NOTIFY_SUCCESS REQ_MORE", "I cannot know. They are coming. Anything?"),
        user("NEGATE THANK_YOU GOODBYE", "no thanks, bye"),
        system("GOODBYE", "Goodbye."),
        outcome="failure",
        goal=(("card", card),),
        split=split,
    )
    return [
        replace(row, intent="ask_person") if turn in (6, 8) else row
        for turn, row in enumerate(rows)
    ]


def dialogues(split: str | None = None) -> list[Utterance]:
    """All of them, six dialogues of two flows: 12 + 6 + 10 + 12 + 6 + 10 turns."""
    rows = [*booked(1, "Oslo", split), *hung_up(2, "Oslo", split), *blocked(3, "debit", split)]
    rows += booked(
        4, "Rome", split, name="Da Enzo", late="[8 pm](time=20:00)", street="9 Hill Street"
    )
    return [*rows, *hung_up(5, "Rome", split), *blocked(6, "debit", split)]
