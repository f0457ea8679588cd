"""The phrases that a flow needs and nothing brings: in other languages than English they are its
own to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textsynth.dialogue.flow import Flow, Habits, State
from textsynth.dialogue.talk import ORDINALS
from textsynth.dialogue.words import Words
from textsynth.grammar.model import Finding

_ASKING = ("collect", "confirm", "ask", "offer")  # kinds in which users may do something else


def unphrased(flow: Flow, words: Words, reached: Iterable[str]) -> Iterator[Finding]:
    """An error for each phrase that is missing, at the first state that needs it."""
    told: set[str] = set()
    for name in reached:
        state = flow.states[name]
        for keys in _needed(flow, words, state):
            key = keys[-1]
            if key not in told and not any(one in words.pools for one in keys):
                told.add(key)
                speaker, _, phrase = key.partition(":")
                yield Finding(
                    "error",
                    state.place.at(),
                    f"nothing is said for {' or '.join(keys)}, which the state {name!r} needs",
                    f"write sentences under phrases: {{{speaker}: {{{phrase}: [...]}}}}",
                )


def _needed(flow: Flow, words: Words, state: State) -> Iterator[tuple[str, ...]]:
    """The keys of words that a state may need, each with those that may stand for it."""
    habits = {**flow.habits, **state.habits}
    if state.kind in _ASKING and not state.replies:
        yield from _deviations(habits)
    wanted = {s.name for s in flow.slots.values() if len(words.values[s.values].canonical) > 1}
    changing = {name for name in wanted if not flow.slots[name].fixed}
    if state.kind == "collect":
        if habits["change"] and (changing if len(state.slots) > 1 else changing - {*state.slots}):
            yield ("user:changed",)
        yield from _refusals(flow, state, habits)
    elif state.kind == "confirm" and not state.replies:
        if habits["misheard"] and wanted.intersection(state.slots):
            yield ("user:denied",)
        if habits["change"] and changing.intersection(state.slots):
            yield ("user:changed",)
        yield f"yes:{state.name}", "user:confirmed"
    elif state.kind == "ask":
        yield from _answers(flow, state)
    elif state.kind == "offer" and not state.replies:
        templates = words.pool(f"state:{state.name}").templates
        found = max((max(len(c.table), c.records) for c in flow.calls.values()), default=1)
        most = min(found, max((template.records for template in templates), default=1))
        phrases = ["accept", *(["alternatives"] if found > 1 else [])]
        phrases += ORDINALS[:most] if most > 1 else ()
        yield from ((f"user:{phrase}",) for phrase in phrases)
        if "none" in state.branches:
            yield ("user:declined",) if most > 1 else ("user:rejected", "user:declined")


def _deviations(habits: Habits) -> Iterator[tuple[str, ...]]:
    if habits["hang_up"]:
        yield ("user:hang_up",)
    for habit, answer in (("unclear", "cant_understand"), ("out_of_scope", "cant_help")):
        if habits[habit]:
            yield (f"user:{habit}",)
            yield (f"system:{answer}",)


def _refusals(flow: Flow, state: State, habits: Habits) -> Iterator[tuple[str, ...]]:
    for name in state.slots:
        slot = flow.slots[name]
        if habits["refuse"]:
            yield f"refuse:{name}", "user:refuse"
        if slot.chance < 1:
            kind = "unknown" if slot.required else "no_preference"
            yield f"unknown:{name}", f"user:{kind}"
        if habits["refuse"] or slot.chance < 1:
            yield ("system:need" if slot.required else "system:all_right",)
            if slot.required and "refused" not in state.branches:
                yield ("system:goodbye",)


def _answers(flow: Flow, state: State) -> Iterator[tuple[str, ...]]:
    finished = "finished" if state.act == "REQ_MORE" else "negate"
    phrases: Mapping[str, str] = {"yes": "affirm", "no": finished}
    for label, phrase in phrases.items():
        chance = state.chance if label == "yes" else 1 - state.chance
        targets = [flow.states[target] for target, weight in state.branches[label] if weight]
        if chance and any(target.kind != "user" for target in targets):
            yield f"{label}:{state.name}", f"user:{phrase}"
