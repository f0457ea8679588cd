"""What is wrong with a flow, or likely a mistake: states out of reach, loops that cannot end, slots
that nobody fills, sentences that can never be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textsynth.dialogue.flow import ACTS, NOTHING, SUCCESS, Flow, State
from textsynth.dialogue.flowfile import Flows
from textsynth.dialogue.phrasing import unphrased
from textsynth.dialogue.words import Pool, Words
from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar.model import Finding

SPEAKING = ("say", "ask", "offer", "confirm")


def lint(flow: Flow, words: Words) -> list[Finding]:
    """The findings of a flow, each where it stands. Those of severity `error` keep it from being
    simulated."""
    reached = reachable(flow)
    known = _knowable(flow, words)
    return [
        *words.lost,
        *_strange_acts(flow),
        *_unreached(flow, reached),
        *_endless(flow, reached),
        *_silent(flow, reached),
        *_unfilled(flow, words, reached),
        *_wordless(flow, words, reached, known),
        *unphrased(flow, words, reached),
    ]


def lint_all(flows: Flows, words: Mapping[str, Words]) -> list[Finding]:
    """The findings of all flows of a folder, and what their reading noted."""
    found = list(flows.noted)
    for name, file in flows.files.items():
        found += lint(file.flow, words[name])
    return found


def require_sound(flow: Flow, words: Words) -> None:
    """Check that a flow can be simulated.

    Raises:
        GrammarError: the first finding of severity `error`.
    """
    for finding in lint(flow, words):
        if finding.severity == "error":
            raise GrammarError(finding.message, where=finding.where, fix=finding.fix)


def successors(flow: Flow, state: State) -> Iterator[str]:
    """The states that may come next; what has no weight or no chance does not."""
    for label, target, weight in state.targets():
        barred = state.kind == "ask" and state.chance == (0 if label == "yes" else 1)
        if weight and not barred:
            yield target


def steps(flow: Flow) -> list[tuple[str, str]]:
    """The steps from state to state that some dialogue may take."""
    found = (
        (name, target) for name in reachable(flow) for target in successors(flow, flow.states[name])
    )
    return list(dict.fromkeys(found))


def reachable(flow: Flow) -> dict[str, None]:
    """The states that some dialogue enters, in the order in which they are found."""
    found = {flow.first.name: None}
    ahead = [flow.first.name]
    while ahead:
        for target in successors(flow, flow.states[ahead.pop()]):
            if target not in found:
                found[target] = None
                ahead.append(target)
    return found


def _error(where: str, message: str, fix: str) -> Finding:
    return Finding("error", where, message, fix)


def _warning(where: str, message: str, fix: str) -> Finding:
    return Finding("warning", where, message, fix)


def _unreached(flow: Flow, reached: Mapping[str, None]) -> Iterator[Finding]:
    for name, state in flow.states.items():
        if name not in reached:
            message = f"nothing leads to the state {name!r}"
            yield _warning(state.place.at(), message, "name it in a branch, or take it out")


def _strange_acts(flow: Flow) -> Iterator[Finding]:
    """Acts that nothing here knows: misspelt ones fail the checks of whole dialogues."""
    for state in flow.states.values():
        said = [(state.place, state.act), *((state.place, act) for act in state.answers.values())]
        said += [(reply.place, " ".join(reply.acts)) for reply in state.replies]
        for place, acts in said:
            for name in dict.fromkeys(act.partition(":")[0] for act in acts.split()):
                if name not in ACTS:
                    fix = f"{did_you_mean(name, ACTS)}; one of your own may stay"
                    yield _warning(place.at(), f"no act is called {name!r} in SGD or here", fix)


def _endless(flow: Flow, reached: Mapping[str, None]) -> Iterator[Finding]:
    """Loops without an exit, and goals that no path reaches."""
    ends = {name for name in reached if flow.states[name].end is not None}
    before: dict[str, list[str]] = {name: [] for name in flow.states}
    for name in reached:
        for target in successors(flow, flow.states[name]):
            before[target].append(name)
    leads = set(ends)
    ahead = list(ends)
    while ahead:
        for name in before[ahead.pop()]:
            if name not in leads:
                leads.add(name)
                ahead.append(name)
    stuck = [name for name in reached if name not in leads]
    if stuck:
        loop = _loop(flow, stuck)
        yield _error(
            flow.states[loop[0]].place.at(),
            f"a dialogue that comes here never ends: {' -> '.join([*loop, loop[0]])}",
            "let one of these states lead to one that ends",
        )
    elif not any(flow.states[name].end == SUCCESS for name in ends):
        yield _error(
            flow.place.at(),
            f"no path of the flow {flow.name!r} reaches the goal: no state that is reached has "
            "`end: success`",
            "let one end so, or mend the branches that should lead there",
        )


def _loop(flow: Flow, stuck: list[str]) -> list[str]:
    """A cycle among states that never end; they lead to none but each other."""
    path = [stuck[0]]
    while True:
        following = next(iter(successors(flow, flow.states[path[-1]])))
        if following in path:
            return path[path.index(following) :]
        path.append(following)


def _silent(flow: Flow, reached: Mapping[str, None]) -> Iterator[Finding]:
    """Loops that go on as they are once a dialogue is in them, and in which no user speaks: what is
    collected is known the second time, and what was not found is not found again."""
    again = {slot for name in reached for slot in flow.states[name].again}
    done: set[str] = set()
    for first in reached:
        path: list[str] = []
        ahead: list[tuple[str, int]] = [(first, 0)]
        while ahead:
            name, depth = ahead.pop()
            del path[depth:]
            if name in path:
                loop = path[path.index(name) :]
                yield _warning(
                    flow.states[name].place.at(),
                    f"the user may not get to speak any more: {' -> '.join([*loop, name])}",
                    "let it end, or ask once more: `again: [slot]` for a slot that is collected",
                )
            elif name not in done:
                done.add(name)
                path.append(name)
                ahead += [(t, depth + 1) for t in _unheard(flow, flow.states[name], again)]


def _unheard(flow: Flow, state: State, again: set[str]) -> Iterator[str]:
    """The states that surely follow, when a dialogue comes here again without a user's word."""
    if state.kind == "call":
        call = flow.calls[state.call or ""]
        labels = {NOTHING} if call.match and call.table else set()
        certain = [result.name for result in call.results if result.weight]
        labels |= {*certain} if len(certain) == 1 else set()
    else:
        speaks = state.kind not in ("say", "collect") or state.replies
        labels = set() if speaks or again.intersection(state.slots) else {"next"}
    for label in sorted(labels):
        targets = [target for target, weight in state.branches.get(label, ()) if weight]
        if len(targets) == 1:
            yield targets[0]


def _spoken_of(pool: Pool) -> set[str]:
    return {slot for template in pool.templates for slot in template.slots}


def _filled(flow: Flow, words: Words, state: State) -> set[str]:
    """The slots that may be known after a state."""
    if state.kind == "user":
        opening = words.pools.get(state.opening, Pool())
        return _spoken_of(opening) & set(state.slots or flow.slots)
    if state.kind == "listen":
        return _spoken_of(words.pool(f"state:{state.name}"))
    if state.kind == "call":
        call = flow.calls[state.call or ""]
        given = {slot for result in call.results for slot in result.gives}
        return given | {column for record in call.table for column in record}
    return set(state.slots) | set(state.selects)


def _unfilled(flow: Flow, words: Words, reached: Mapping[str, None]) -> Iterator[Finding]:
    filled = {s for name in reached for s in _filled(flow, words, flow.states[name])}
    answered = {s for t in words.pool("answer").templates if len(t.slots) > 1 for s in t.slots}
    for slot in flow.slots.values():
        if slot.name not in filled | answered:
            yield _warning(
                slot.place.at(),
                f"the slot {slot.name!r} is never filled: no state collects it, and no sentence of "
                "an intent tells it",
                "name it in a `collect`, or take it out",
            )


def _knowable(flow: Flow, words: Words) -> dict[str, set[str]]:
    """What may be known on entering each state: whatever some path to it may fill."""
    told = {s for t in words.pool("answer").templates if len(t.slots) > 1 for s in t.slots}
    known: dict[str, set[str]] = {flow.first.name: set()}
    ahead = [flow.first.name]
    while ahead:
        name = ahead.pop()
        state = flow.states[name]
        after = known[name] | _filled(flow, words, state)
        if state.kind == "collect":
            after |= told
        for target in successors(flow, state):
            if not after <= known.get(target, set()) or target not in known:
                known[target] = known.get(target, set()) | after
                ahead.append(target)
    return known


def _wordless(
    flow: Flow, words: Words, reached: Mapping[str, None], known: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """States in which somebody would have nothing to say."""
    for name in reached:
        state = flow.states[name]
        where = state.place.at()
        if state.kind == "collect":
            for slot in state.slots:
                if f"ask:{slot}" not in words.pools:
                    message = f"nothing asks for the slot {slot!r}, which is collected here"
                    yield _error(where, message, f"write `ask: [...]` under slots: {slot}")
        elif state.kind == "confirm" and not state.has_words:
            for slot in state.slots:
                if f"confirm:{slot}" not in words.pools:
                    message = f"nothing reads the slot {slot!r} back, which is confirmed here"
                    fix = f"write `say: [...]` here, or `confirm: [...]` under slots: {slot}"
                    yield _error(where, message, fix)
        if state.kind in SPEAKING and state.has_words:
            yield from _unsayable(flow, state, words, known[name])


def _unsayable(flow: Flow, state: State, words: Words, known: set[str]) -> Iterator[Finding]:
    """Sentences that need what nobody can have told by then."""
    asked = {slot for aside in flow.asides.values() for slot in aside.gives}
    there = words.pool(f"state:{state.name}").templates
    missing = {t.pattern: sorted(t.slots - known - asked - {"count"}) for t in there}
    silent = {pattern: slots for pattern, slots in missing.items() if slots}
    if silent and len(silent) == len(missing):
        pattern, slots = next(iter(silent.items()))
        yield _error(
            state.place.at(),
            f"the state {state.name!r} has nothing to say: {pattern!r} needs {', '.join(slots)}, "
            "which nothing before it fills",
            "fill it in an earlier state, or add a sentence without it",
        )
        return
    for pattern, slots in silent.items():
        yield _warning(
            state.place.at(),
            f"{pattern!r} is never said: nothing before it fills {', '.join(slots)}",
            "fill it in an earlier state, or take the sentence out",
        )
