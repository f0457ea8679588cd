"""States that call a service, and those that offer what it found."""

from __future__ import annotations

from functools import partial

from textsynth.dialogue.flow import NOTHING, SUCCESS, Call, State
from textsynth.dialogue.replies import replied
from textsynth.dialogue.talk import ORDINALS, Found, Talk

DECLINES = 0.12  # how often a user wants none of the records that are offered
NAMED = 0.4  # how often they take one by its name
GOES_ON = 0.23  # how often they ask for others, where there are some


def calls(talk: Talk, state: State) -> str:
    """A service is called; nobody speaks."""
    call = talk.flow.calls[state.call or ""]
    talk.records, talk.offered = [], 0
    found = matching(talk, call)
    looked_up = bool(call.match and call.table)
    results = [r for r in call.results if r.weight and (r.name != NOTHING or not looked_up)]
    if not found and call.table:
        return NOTHING
    result = results[talk.weighed([result.weight for result in results])]
    if result.name == SUCCESS and found:
        talk.records = found
    elif result.gives:
        wanted = {s: talk.known[s] for s in call.match if s in talk.state}
        if call.records == 1:  # it is about the record that was taken
            wanted |= {s: talk.known[s] for s in talk.taken if s in talk.known}
        drawn = (
            {s: wanted.get(s) or talk.drawn(n) for s, n in result.gives.items()}
            for _ in range(call.records)
        )
        named = next((s for s in result.gives if s not in wanted), "")
        talk.records = list({record.get(named): record for record in drawn}.values())
    if talk.records:
        talk.known.update(talk.records[0])
    return result.name


def matching(talk: Talk, call: Call) -> list[dict[str, Found]]:
    """Records that have what the user wants, in a drawn order."""
    found = [
        record
        for record in call.table
        if all(record.get(s) == talk.state[s] for s in call.match if s in talk.state)
    ]
    ranks = sorted((talk.decide(), at) for at in range(len(found)))
    return [{slot: (value, value) for slot, value in found[at].items()} for _, at in ranks]


def offers(talk: Talk, state: State) -> str:
    """Offer records until one is taken."""
    pool = talk.words.pool(f"state:{state.name}")
    talk.taken = frozenset()
    while talk.offered < len(talk.records):
        talk.known.update(talk.records[talk.offered])
        talk.known["count"] = (str(len(talk.records)), str(len(talk.records)))
        ask = partial(talk.say, pool, state.act)
        ask()
        if state.replies:
            reply = replied(talk, state)
            if reply.name in state.branches:
                return reply.name
            talk.offered += talk.shown
            continue
        talk.deviates(ask)
        shown = talk.shown
        left = len(talk.records) - talk.offered - shown
        u = talk.decide()
        if "none" in state.branches and u < DECLINES:
            word = talk.words.pool(*(("user:rejected",) if shown == 1 else ()), "user:declined")
            talk.hear((word.templates, ("NEGATE",)))
            return "none"
        if left and u < DECLINES + GOES_ON:
            talk.hear((talk.words.pool("user:alternatives").templates, ("REQUEST_ALTS",)))
            talk.offered += shown
            continue
        select(talk, state, int(talk.decide() * shown))
        return "next"
    return "none" if "none" in state.branches else "next"


def select(talk: Talk, state: State, nth: int) -> None:
    """The user takes a record, by its name or by its place."""
    record = talk.records[talk.offered + nth]
    talk.known.update(record)
    named = [slot for slot in state.selects if slot in record]
    offered = {slot for slot in record if (f"{slot}_{nth + 1}" if nth else slot) in talk.spoken}
    for slot in dict.fromkeys((*named, *(s for s in record if s in offered & talk.state.keys()))):
        value, surface = record[slot]
        talk.user.goal[slot], talk.user.surface[slot] = value, surface
        if slot in talk.flow.slots:
            talk.learn(slot, value)
    by_name = talk.answers((named[0],)) if named and talk.decide() < NAMED else ()
    if by_name and talk.hear((by_name, ("SELECT",)), known=talk.told()):
        return
    word = "accept" if talk.shown == 1 else ORDINALS[nth]
    talk.hear((talk.words.pool(f"user:{word}").templates, ("SELECT",)))
