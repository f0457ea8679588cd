"""States that collect: slots are asked for until they are known, or the user will not tell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textsynth.dialogue.flow import State
from textsynth.dialogue.talk import TRIES, Talk

MOST = 3  # slots that are asked for in one turn
JOINED = 0.5  # how often two slots stand in one sentence, where there is one for both
RECONSIDERS = 0.8  # how often a user who is asked again has something else to say


def collects(talk: Talk, state: State) -> str:
    """Ask for what is not known."""
    talk.asked.update(state.slots)
    tries: dict[str, int] = {}
    while True:
        missing = [
            slot
            for slot in state.slots
            if ((slot not in talk.state and slot not in talk.taken) or slot in talk.again)
            and slot not in talk.refused
        ]
        if not missing:
            return "next"
        asked = asks_for(talk, state, missing)
        tries[asked[0]] = tries.get(asked[0], 0) + 1
        if tries[asked[0]] > TRIES:
            return gives_up(talk, state, asked[0])
        ask = partial(ask_for, talk, asked)
        ask()
        does = talk.deviates(ask, refusable=asked[0])
        if does == "refuse" or asked[0] not in talk.user.goal:
            gone = refuses(talk, state, asked[0], tries, knows=does == "refuse")
            if gone:
                return gone
        elif does == "change" and (
            changed := talk.changes([s for s in talk.state if s not in asked])
        ):
            prefix = (talk.words.pool("user:changed").templates, ())
            talk.hear(prefix, talk.correction(changed, named=True))
            tries[asked[0]] -= 1  # the question was understood
        else:
            answers_to(talk, asked, state)


def asks_for(talk: Talk, state: State, missing: list[str]) -> list[str]:
    """The slots that are asked for in one turn: the first one or two; where they are asked for
    together only now and then, any of them."""
    if not 0 < state.together < 1:
        return missing[: 1 + bool(state.together)]
    left = list(missing)
    asked: list[str] = []
    while left and len(asked) < MOST and (not asked or talk.decide() < state.together):
        asked.append(left.pop(int(talk.decide() * len(left))))
    return asked


def ask_for(talk: Talk, slots: Sequence[str]) -> None:
    for slot in slots:
        talk.say(talk.words.pool(f"ask:{slot}"), f"REQUEST:{slot}")


def refuses(talk: Talk, state: State, slot: str, tries: dict[str, int], knows: bool) -> str | None:
    """The user will not, or cannot, tell a slot. A system that needs it asks once more."""
    required = talk.flow.slots[slot].required
    kind = "refuse" if knows else "unknown" if required else "no_preference"
    own = "refuse" if knows else "unknown"
    words = talk.words.pool(f"{own}:{slot}", f"user:{kind}")
    talk.hear((words.templates, (f"REFUSE:{slot}",)))
    talk.user.annoyed += 1
    if not required:
        talk.refused.add(slot)
        talk.say(talk.words.pool("system:all_right"), "INFORM")
        return None
    if tries[slot] > 1:
        return gives_up(talk, state, slot)
    talk.say(talk.words.pool("system:need"), "INFORM")
    if slot not in talk.user.goal and talk.decide() < talk.user.persona.expertise:
        talk.user.want(slot)  # they found it after all
    return None


def gives_up(talk: Talk, state: State, slot: str) -> str:
    talk.refused.add(slot)
    if "refused" in state.branches:
        return "refused"
    talk.say(talk.words.pool("system:goodbye"), "GOODBYE")
    raise talk.broken_off()


def answers_to(talk: Talk, asked: Sequence[str], state: State) -> None:
    """The user tells what was asked for, less or more of it."""
    user, first = talk.user, asked[0]
    if first in talk.again and talk.decide() < RECONSIDERS:
        user.want(first)
    wanted = [slot for slot in asked if slot in user.goal]
    if len(wanted) > 1 and user.does(talk.habits, "less"):
        wanted = wanted[:1]
    elif user.does(talk.habits, "more"):
        may = user.agenda if state.also is None else (*state.slots, *state.also)
        more = [s for s in reversed(user.agenda) if s not in wanted and s in may]
        wanted += more[:1]
    repeated = user.repeats.get(first)
    if repeated in talk.state and len(wanted) == 1 and f"refer:{first}" in talk.words.pools:
        user.goal[first], user.surface[first] = user.goal[repeated], user.surface[repeated]
        talk.learn(first, user.goal[first])
        pool = talk.words.pool(f"refer:{first}")
        talk.hear((pool.fitting(()), (f"INFORM:{first}",)))
        return
    together = talk.answers(tuple(wanted))
    if len(wanted) > 1 and together and (state.also is None or talk.decide() < JOINED):
        talk.hear((together, ()))
    elif len(wanted) > 1 and (len(asked) > 1 or state.also is not None):
        talk.hear(*((talk.answers((slot,)), ()) for slot in wanted))
    else:
        talk.hear((talk.answers((first,)), ()))
