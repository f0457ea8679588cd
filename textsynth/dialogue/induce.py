"""Flows from examples: a few scrubbed dialogues give states, branches by count, and sentences.

What the system does next depends on what it did last, on whether that was already done, on what it
was told, and on whether the goal was reached: a Markov chain over its acts, whose states are split
by these where enough dialogues bear it (back-off, as with n-grams). What may be said at a place is
whatever was said there in any dialogue.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from textsynth.corpus import fold
from textsynth.dialogue import induce_write
from textsynth.dialogue.flow import OUTCOMES
from textsynth.dialogue.induce_acts import Acts, Embed, Example, Turn, acts, slug, unique
from textsynth.dialogue.induce_slots import Named, Slot, counted, named
from textsynth.errors import SeedError
from textsynth.patterns import Pattern, SlotRef

MANY = 5  # dialogues from which on an act that one of them alone has is rare
SPLIT = 3  # dialogues that a state of its own needs
POOL = 4  # different sentences that a pool of its own needs
TOLD = 0.3  # share of the replies that tell a slot, from which on it matters whether they do
COLLECTS = 0.8  # the same, from which on the state collects it
PHASES = {"NOTIFY_SUCCESS": "success", "NOTIFY_FAILURE": "failure"}
Said = Counter[Pattern]


@dataclass(frozen=True, slots=True)
class Step:
    """What the system does (nothing, where the user begins), and the reply (none at the end), with
    their places in the dialogue."""

    act: str
    system: Turn | None
    reply: Turn | None
    at: tuple[int, int]  # of the system's turn and of the reply, -1 for none


@dataclass(slots=True)
class Node:
    """A state to be: what it does, the dialogues that pass it, and what comes next how often."""

    name: str
    kind: str  # say, listen, user, collect
    words: str = ""  # the key of its sentences
    act: str = ""
    intent: str = ""
    slot: str = ""
    refuses: float = 0.0
    again: bool = False
    dialogues: set[int] = field(default_factory=set)
    after: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Induced:
    """A flow as induced.

    `nodes` by name, `pools` of sentences by key, `ends` the outcomes that some dialogue has,
    `starts` the states that dialogues begin with, `places` the name of the pool in which a user
    turn stands by (dialogue, turn), `left_out` how many turns stand in none, `asks` what asks for
    a slot, `refuses` how it is not told.
    """

    name: str
    total: int
    slots: dict[str, Slot]
    nodes: dict[str, Node] = field(default_factory=dict)
    pools: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    asks: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    answers: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    refuses: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    ends: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    places: dict[tuple[int, int], str] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    left_out: int = 0

    def yaml(self) -> str:
        """The flow as a file, for people to read and edit."""
        return induce_write.flow(self)


def induce(examples: Sequence[Example], name: str, *, embed: Embed | None = None) -> Induced:
    """A flow from dialogues.

    Args:
        examples: user and system take turns in each; slots are labelled, values are surrogates.
        name: of the flow, and of the intent with which users come where the data name none.
        embed: unit vectors of texts, to compare the system's turns where they have no labels.

    Raises:
        SeedError: in no dialogue do both speak.
    """
    usable = [one for one in examples if {turn.speaker for turn in one.turns} == {"user", "system"}]
    if not usable:
        raise SeedError(
            "a flow needs dialogues in which the user and the system speak",
            fix="give dialogues of two turns or more",
        )
    known = acts(usable, embed)
    return _Inducer(name, named(usable, known), known).run()


class _Inducer:
    def __init__(self, name: str, known: Named, acts: Acts) -> None:
        examples = known.examples
        self.notation = acts.notation
        self.asks = known.asked
        self.names: dict[tuple[bool, tuple[str, ...]], str] = {}
        self.made = Induced(name, len(examples), known.slots, examples=examples)
        self.steps = [_steps(one, own) for one, own in zip(examples, acts.names, strict=True)]
        before = sum(len(steps) for steps in self.steps)
        if len(examples) >= MANY:
            self.steps = _without_rare(self.steps)
        self.steps, self.spare = _without_repeats(self.steps)
        kept = sum(len(steps) for steps in (*self.steps, *self.spare))
        self.made.left_out = before - kept
        self.labelled = any(turn.acts for one in examples for turn in one.turns if _by_user(turn))
        self.told = self._told()
        self.collected = self._collected()
        self.phases = [self._phases(steps) for steps in self.steps]

    def run(self) -> Induced:
        """Walk each dialogue through the states that it has."""
        states = self._states()
        replies = [[self._reply(steps, at) for at in range(len(steps))] for steps in self.steps]
        pools = self._pools(replies)
        ends = self._outcomes()
        for number, steps in enumerate(self.steps):
            last: Node | None = None
            for at, step in enumerate(steps):
                if step.act:
                    last = self._system(number, at, states[number][at], last)
                if step.reply is not None:
                    key = replies[number][at]
                    last = self._user(number, at, states[number][at], key, pools[number, at], last)
            self._go(last, f"end_{ends[number]}")
            self.made.ends[ends[number]] += 1
        self._more_answers()
        self._sayable()
        return self.made

    # --- what the data say ----------------------------------------------------------------------

    def _told(self) -> dict[str, str]:
        """The slot that replies to an act tell most, if many do."""
        replies: dict[str, list[Turn]] = defaultdict(list)
        for steps in self.steps:
            for step in steps:
                if step.act and step.reply is not None:
                    replies[step.act].append(step.reply)
        asked = {}
        for act, turns in replies.items():
            counts = counted(turns)
            slot = min(counts, key=lambda name: (-counts[name], len(name), name), default="")
            if slot and len(turns) >= SPLIT and counts[slot] >= TOLD * len(turns):
                asked[act] = slot
        return asked

    def _collected(self) -> dict[str, str]:
        """Acts that ask for a slot and mostly get it; of several the commonest."""
        found: dict[str, str] = {}
        counts: Counter[str] = Counter()
        told: Counter[str] = Counter()
        for steps in self.steps:
            for step in steps:
                slot = self.told.get(step.act)
                if slot and step.reply is not None:
                    counts[step.act] += 1
                    told[step.act] += slot in _slots(step.reply)
        for act, count in counts.most_common():
            enough = count >= SPLIT and told[act] >= COLLECTS * count
            slot = self.told[act]
            if enough and self.asks.get(act) == slot and slot not in found.values():
                found[act] = slot
        return found

    def _phases(self, steps: Sequence[Step]) -> list[str]:
        """What the user had been told of the goal before each step: nothing, success, failure."""
        phase, found = "", []
        for step in steps:
            found.append(phase)
            for act in self.notation.get(step.act, "").split():
                phase = PHASES.get(act, phase)
        return found

    def _outcomes(self) -> list[str]:
        """How each dialogue ends: by the last result that the system told; else by the labels; else
        as abandoned, where other dialogues have results."""
        told = []
        for steps, phases in zip(self.steps, self.phases, strict=True):
            last = self.notation.get(steps[-1].act, "").split()
            told.append(next((PHASES[act] for act in last if act in PHASES), phases[-1]))
        spare = "abandoned" if any(told) else "success"
        found = []
        for one, result in zip(self.made.examples, told, strict=True):
            label = one.outcome if one.outcome in OUTCOMES else None
            found.append(result or label or spare)
        return found

    # --- states ---------------------------------------------------------------------------------

    def _states(self) -> list[list[tuple[str, ...]]]:
        """The state of each step: (phase, act, what else tells it apart)."""
        seen: dict[tuple[str, ...], set[int]] = defaultdict(set)
        ways: list[list[list[tuple[str, ...]]]] = []
        for number, (steps, phases) in enumerate(zip(self.steps, self.phases, strict=True)):
            own: list[list[tuple[str, ...]]] = []
            done: set[str] = set()
            before = ""
            for step, phase in zip(steps, phases, strict=True):
                base = (phase, step.act)
                again = (*base, "again") if step.act in done else base
                after = (*again, f"after_{before}") if before and again == base else again
                own.append([after, again, base])
                for key in own[-1]:
                    seen[key].add(number)
                done.add(step.act)
                before = step.act
            ways.append(own)
        return [
            [next((key for key in keys[:-1] if len(seen[key]) >= SPLIT), keys[-1]) for keys in own]
            for own in ways
        ]

    def _reply(self, steps: Sequence[Step], at: int) -> tuple[str, str, str]:
        """What a reply does: (name, act, intent)."""
        step = steps[at]
        reply = step.reply
        if reply is None:
            return "", "", ""
        if self.labelled:
            told = [act for act in dict.fromkeys(reply.acts) if not act.startswith("INFORM:")]
            if "INFORM_INTENT" in told:
                intent = reply.intent or self.made.name
                return f"opens_{slug(intent)}", "INFORM_INTENT", intent
            names = slug(" ".join(act.partition(":")[0] for act in told)) or "inform"
            return names, " ".join(told) or "INFORM", ""
        following = steps[at + 1].act if at + 1 < len(steps) else ""
        greets = self.notation.get(following) == "GREETING"
        earlier = [one for n, one in enumerate(steps[:at]) if one.reply is not None]
        opened = any(
            self.notation.get(steps[n + 1].act) != "GREETING"
            for n, one in enumerate(steps[:at])
            if one.reply is not None
        )
        if not opened:
            return (
                ("greets", "INFORM", "")
                if greets and not earlier
                else ("opens", "INFORM_INTENT", self.made.name)
            )
        slot = self.told.get(step.act)
        if slot is None:
            return "heard", "INFORM", ""
        return (f"tells_{slot}" if slot in _slots(reply) else "other"), "INFORM", ""

    def _pools(
        self, replies: Sequence[Sequence[tuple[str, str, str]]]
    ) -> dict[tuple[int, int], str]:
        """The pool that each reply belongs to: of its act and phase, where enough is said there."""
        said: dict[tuple[str, ...], set[str]] = defaultdict(set)
        ways: dict[tuple[int, int], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        for number, steps in enumerate(self.steps):
            for at, step in enumerate(steps):
                name, _, intent = replies[number][at]
                if step.reply is None:
                    continue
                wide = (intent,) if intent else (name,) if not step.act else (step.act, name)
                phase = self.phases[number][at]
                narrow = (*wide, phase) if phase and not intent else wide
                ways[number, at] = narrow, wide
                for key in {narrow, wide}:
                    said[key].add(str(step.reply.pattern))
        return {
            at: "_".join(("heard", *(narrow if len(said[narrow]) >= POOL else wide)))
            for at, (narrow, wide) in ways.items()
        }

    def _system(self, number: int, at: int, state: tuple[str, ...], last: Node | None) -> Node:
        step = self.steps[number][at]
        assert step.system is not None
        phase, act, *apart = state
        slot = self.collected.get(act, "")
        parts = (act, *apart, phase)
        node = self._node(parts, "collect" if slot else "say", last, number)
        node.slot = slot
        node.again = "again" in apart
        node.words = "" if slot else f"says_{act}"
        notation = self.notation[act]
        asked = self.asks.get(act)
        node.act = f"REQUEST:{asked}" if notation == "REQUEST" and asked else notation
        (self.made.asks[slot] if slot else self.made.pools[node.words])[step.system.pattern] += 1
        return node

    def _user(
        self,
        number: int,
        at: int,
        state: tuple[str, ...],
        does: tuple[str, str, str],
        pool: str,
        last: Node | None,
    ) -> Node:
        step = self.steps[number][at]
        assert step.reply is not None
        said = step.reply.pattern
        name, act, intent = does
        slot = self.collected.get(step.act)
        if slot and last is not None and not intent:
            told = slot in _slots(step.reply)
            (self.made.answers if told else self.made.refuses)[slot][said] += 1
            last.refuses += not told
            self.made.places[number, step.at[1]] = f"answer:{slot}" if told else f"refuse:{slot}"
            return last
        phase, system, *apart = state
        parts = (system, *apart, phase, name)
        node = self._node(parts, "user" if intent else "listen", last, number)
        node.words, node.act, node.intent = pool, act, intent
        self.made.pools[pool][said] += 1
        self.made.places[number, step.at[1]] = pool
        return node

    def _node(self, parts: tuple[str, ...], kind: str, last: Node | None, number: int) -> Node:
        """The state of these parts, which another dialogue may have met before."""
        by_system = kind in ("say", "collect")
        name = self.names.get((by_system, parts))
        if name is None:
            taken = {"start", *(f"end_{outcome}" for outcome in OUTCOMES), *self.made.nodes}
            name = self.names[by_system, parts] = unique("_".join(filter(None, parts)), taken)
            self.made.nodes[name] = Node(name, kind)
        node = self.made.nodes[name]
        node.dialogues.add(number)
        self._go(last, name)
        return node

    def _go(self, last: Node | None, name: str) -> None:
        (self.made.starts if last is None else last.after)[name] += 1

    def _more_answers(self) -> None:
        """What was answered to a question that came again is an answer to it too."""
        for number, steps in enumerate(self.spare):
            for step in steps:
                slot = self.collected.get(step.act) or self.told.get(step.act)
                if step.reply is None:
                    continue
                tells = slot is not None and slot in _slots(step.reply)
                place = (
                    f"heard_{step.act}_{f'tells_{slot}' if tells else 'other' if slot else 'heard'}"
                )
                if step.act in self.collected and slot is not None:
                    (self.made.answers if tells else self.made.refuses)[slot][
                        step.reply.pattern
                    ] += 1
                    place = f"answer:{slot}" if tells else f"refuse:{slot}"
                elif place in self.made.pools:
                    self.made.pools[place][step.reply.pattern] += 1
                else:
                    continue
                self.made.places[number, step.at[1]] = place

    def _sayable(self) -> None:
        """Let every state have something to say: users open in `user` states, where the slots that
        they told may not be told again, only if a sentence needs none (or at the very start); the
        system speaks of its own values where it would need some that no user need have told."""
        pools = self.made.pools
        for node in self.made.nodes.values():
            later = node.kind == "user" and node.name not in self.made.starts
            if later and all(pattern.slots for pattern in pools[node.words]):
                node.kind = "listen"
        told = {name for name, slot in self.made.slots.items() if slot.by_user}
        said = {node.words for node in self.made.nodes.values() if node.kind == "say"}
        for key in sorted(said):
            if all(not told.isdisjoint(_names(pattern)) for pattern in pools[key]):
                pools[key] = Counter(
                    {self._given(pattern, told): count for pattern, count in pools[key].items()}
                )
        for slot, own in self.made.asks.items():
            if all(pattern.slots for pattern in own):
                self.made.asks[slot] = Counter({self._given(p, told): n for p, n in own.items()})

    def _given(self, pattern: Pattern, told: set[str]) -> Pattern:
        """A pattern with values that the system knows in place of what users tell."""
        parts: list[str | SlotRef] = []
        for part in pattern.parts:
            if isinstance(part, SlotRef) and part.name in told:
                slot = self.made.slots[part.name]
                name = f"given_{part.name}"
                self.made.slots.setdefault(name, replace(slot, name=name, by_user=False))
                part = SlotRef(name, name)
            parts.append(part)
        return Pattern(tuple(parts))


def _by_user(turn: Turn) -> bool:
    return turn.speaker == "user"


def _slots(turn: Turn) -> set[str]:
    return _names(turn.pattern)


def _names(pattern: Pattern) -> set[str]:
    return {ref.name for ref in pattern.slots}


def _steps(example: Example, names: Sequence[str]) -> list[Step]:
    turns = example.turns
    steps = []
    at = 0
    if _by_user(turns[0]):
        steps.append(Step("", None, turns[0], (-1, 0)))
        at = 1
    for place in range(at, len(turns), 2):
        reply = turns[place + 1] if place + 1 < len(turns) else None
        where = (place, place + 1 if reply is not None else -1)
        steps.append(Step(names[place], turns[place], reply, where))
    return steps


def _without_rare(dialogues: list[list[Step]]) -> list[list[Step]]:
    """Acts that one dialogue alone has stay where they lead on to one that others have too."""
    seen: dict[str, set[int]] = defaultdict(set)
    for number, steps in enumerate(dialogues):
        for step in steps:
            seen[step.act].add(number)
    kept = []
    for steps in dialogues:
        own: list[Step] = []
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            rare = bool(step.act) and len(seen[step.act]) == 1
            leads = after is not None and len(seen[after.act]) > 1
            if not rare or leads:
                own.append(step)
        kept.append(own or steps)
    return kept


def _without_repeats(dialogues: list[list[Step]]) -> tuple[list[list[Step]], list[list[Step]]]:
    """What the system does once more, though it has no other words for it, is taken out: nobody
    says the same twice. Returns (steps that stay, steps that go), each by dialogue."""
    said: dict[str, set[str]] = defaultdict(set)
    for steps in dialogues:
        for step in steps:
            if step.system is not None:
                said[step.act].add(fold(step.system.words()))
    kept, gone = [], []
    for steps in dialogues:
        done: Counter[str] = Counter()
        own: list[Step] = []
        out: list[Step] = []
        for step in steps:
            done[step.act] += 1
            (own if not step.act or done[step.act] <= len(said[step.act]) else out).append(step)
        kept.append(own)
        gone.append(out)
    return kept, gone
