"""The policy: what happens in each kind of state, and the walk from state to state.

Each function of a kind takes the dialogue and the state, and gives the branch that is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from textsynth import corpus
from textsynth.dialogue.collecting import collects
from textsynth.dialogue.confirming import confirms
from textsynth.dialogue.flow import State
from textsynth.dialogue.replies import replied
from textsynth.dialogue.serving import calls, offers
from textsynth.dialogue.talk import Ended, Talk
from textsynth.errors import GrammarError

SILENT = 1000  # states that may follow each other without a word of the user


def walk(talk: Talk) -> corpus.Dialogue:
    """Walk the flow to its end; what is then true of the whole dialogue.

    Raises:
        GrammarError: the flow goes round without anybody to speak; the message holds the loop.
    """
    state = talk.flow.first
    turns = since = 0
    try:
        while True:
            if talk.rows.turns > turns:
                turns, since = talk.rows.turns, len(talk.path)
            elif len(talk.path) - since > SILENT:
                raise _silent(talk, state)
            talk.path.append(state.name)
            talk.again.update(state.again)
            talk.habits = {**talk.flow.habits, **state.habits} if state.habits else talk.flow.habits
            label = _KINDS[state.kind](talk, state)
            if state.end is not None:
                talk.outcome = state.end
                break
            state = talk.flow.states[talk.heading or following(talk, state, label)]
            talk.heading = None
    except Ended:
        pass
    talk.flush(last=True)
    return facts(talk)


def facts(talk: Talk) -> corpus.Dialogue:
    """What is true of the whole. A goal that was pursued to an end holds what was spoken of."""
    goal = list(talk.user.goal.items())
    if talk.outcome != "abandoned":
        goal = [(s, v) for s, v in goal if s in talk.asked and s not in talk.refused]
    persona = talk.user.persona.traits()
    return corpus.Dialogue(
        talk.flow.name, talk.outcome, tuple(sorted(goal)), persona, tuple(talk.path)
    )


def following(talk: Talk, state: State, label: str) -> str:
    """The state that comes next, by weight."""
    branch = state.branches[label]
    if len(branch) == 1:
        return branch[0][0]
    return branch[talk.weighed([weight for _, weight in branch])][0]


def opens(talk: Talk, state: State) -> str:
    """The user says what they want."""
    talk.intent = state.intent
    may = state.slots or tuple(talk.flow.slots)
    open_ = frozenset(s for s in may if s in talk.user.goal and s not in talk.state)
    pool = talk.words.pool(state.opening)
    every = there = pool.fitting(open_)
    if talk.user.does(talk.habits, "less"):
        there = pool.least(there)
    elif talk.user.does(talk.habits, "more"):
        there = pool.most(there)
    # of those that say most, each may need a value that is not the user's
    if not any(talk.hear((templates, ("INFORM_INTENT",))) for templates in (there, every)):
        raise _unsaid(state)
    return "next"


def listens(talk: Talk, state: State) -> str:
    """The user says what stands here."""
    pool = talk.words.pool(f"state:{state.name}")
    if not talk.hear((pool.fitting(talk.user.goal), state.act.split())):
        raise _unsaid(state)
    return "next"


def says(talk: Talk, state: State) -> str:
    if state.has_words:
        talk.say(talk.words.pool(f"state:{state.name}"), state.act)
    if "NOTIFY_FAILURE" not in state.act:
        talk.informs(talk.owed)
    talk.owed = []
    return replied(talk, state).name if state.replies else "next"


def asks(talk: Talk, state: State) -> str:
    """A question with yes or no."""
    pool = talk.words.pool(f"state:{state.name}")
    ask = partial(talk.say, pool, state.act)
    ask()
    talk.deviates(ask)
    label = "yes" if talk.decide() < state.chance else "no"
    talk.heading = following(talk, state, label)
    if talk.flow.states[talk.heading].kind == "user":
        return label  # "what is the weather like" answers "anything else?"
    meant = "_INTENT" if state.act == "OFFER_INTENT" else ""
    act = state.answers.get(label) or ("AFFIRM" if label == "yes" else "NEGATE") + meant
    default = "affirm" if label == "yes" else "finished" if state.act == "REQ_MORE" else "negate"
    talk.hear((talk.words.pool(f"{label}:{state.name}", f"user:{default}").templates, act.split()))
    return label


def _silent(talk: Talk, state: State) -> GrammarError:
    back = len(talk.path) - 1 - talk.path[::-1].index(state.name)
    loop = " -> ".join([*talk.path[back:], state.name])
    return GrammarError(
        f"the user does not get to speak in the loop {loop}",
        where=state.place.at(),
        fix="let it end, or ask once more: `again: [slot]` for a slot that a state of it collects",
    )


def _unsaid(state: State) -> GrammarError:
    return GrammarError(
        f"the user has nothing to say in the state {state.name!r}: each sentence needs a slot that "
        "they do not have, or have told before",
        where=state.place.at(),
        fix="add a sentence without slots, or the slots to the flow",
    )


_KINDS: Mapping[str, Callable[[Talk, State], str]] = {
    "user": opens,
    "listen": listens,
    "collect": collects,
    "confirm": confirms,
    "say": says,
    "ask": asks,
    "call": calls,
    "offer": offers,
}
