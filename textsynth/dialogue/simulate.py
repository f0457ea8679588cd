"""Dialogues: a policy walks a flow, a simulated user answers, and both are annotated as they speak.

What happens in dialogue *i* of a flow depends on (seed, flow, i) alone. Decisions and words draw
from two streams, so that other words leave what is done as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from typing import TypeVar

import pyarrow as pa

from textsynth import corpus, keyed
from textsynth.dialogue.flow import NOTHING, SUCCESS, Aside, Call, Flow, Habits, Reply, State
from textsynth.dialogue.rows import Rows, Span
from textsynth.dialogue.user import User
from textsynth.dialogue.words import Hole, Pool, Template, Words
from textsynth.errors import GrammarError

MAX_TURNS = 40
MOST = 3  # slots that are asked for in one turn
TRIES = 3  # times that a question is put before the system gives up
COUNTED = 0.5  # how often a system that found records says how many
JOINED = 0.5  # how often two slots stand in one sentence, where there is one for both
REREAD = 0.7  # how often a slot is read back again after another one was changed
PAIRS = 0.4  # how often users ask for, or change, two things at once
CHANGES = 3  # times that a user wants something else, in one dialogue
STRIDE = 128  # numbers of a stream that are drawn at once
RECONSIDERS = 0.8  # how often a user who is asked again has something else to say
ORDINALS = ("first", "second", "third")
Found = tuple[str, str]  # canonical value and surface
T = TypeVar("T")
_ENDS_SENTENCE = tuple(".?!…")


class _Ended(Exception):  # noqa: N818
    """The dialogue is over, in the middle of a state."""


@dataclass(slots=True)
class _Speech:
    """A turn that is being put together."""

    text: str = ""
    slots: tuple[Span, ...] = ()
    pattern: str = ""
    acts: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    origin: str = "template"

    def say(
        self, template: Template, text: str, spans: Sequence[Span], acts: Iterable[str]
    ) -> None:
        """Add a sentence."""
        if self.text:
            gap = " " if self.text.endswith(_ENDS_SENTENCE) else ", "
            shift = len(self.text) + len(gap)
            spans = [(start + shift, end + shift, *rest) for start, end, *rest in spans]  # type: ignore[misc]
            self.text += gap + text
            self.pattern += gap + template.pattern
            self.slots = (*self.slots, *spans)
        else:
            self.text, self.pattern, self.slots = text, template.pattern, tuple(spans)
        self.acts = tuple(dict.fromkeys((*self.acts, *acts)))
        if template.parent:
            self.parents = (*self.parents, template.parent)
        if template.origin != "template":
            self.origin = template.origin


def simulate(
    flow: Flow,
    words: Words,
    numbers: Sequence[int],
    *,
    seed: int,
    language: str = "en",
    max_turns: int = MAX_TURNS,
    take: int = 0,
) -> pa.Table:
    """Dialogues `numbers` of a flow as a table of `corpus.SCHEMA`, their turns in order.

    A dialogue that reaches `max_turns` ends there, as `abandoned` if its goal was not reached.
    Another `take` of one has other words, and the same acts and values.

    Raises:
        GrammarError: something must be said for which the flow has no words.
    """
    rows = Rows(language)
    decisions = _streams(keyed.stream(seed, "dialogue", flow.name), numbers)
    wording = _streams(keyed.stream(seed, "wording", flow.name, take), numbers)
    for name, decide, choose in zip(ids(flow, numbers, seed=seed), decisions, wording, strict=True):
        _Dialogue(flow, words, rows, decide, choose, max_turns).run(name)
    return rows.table()


def ids(flow: Flow, numbers: Sequence[int], *, seed: int) -> list[str]:
    """The ids of the dialogues with these numbers."""
    found = keyed.bits(keyed.stream(seed, "dialogue id", flow.name), list(numbers)).tolist()
    return [f"{flow.name}/{name:016x}" for name in found]


def _streams(key: int, numbers: Sequence[int]) -> Iterator[Callable[[], float]]:
    """For each dialogue, what gives the next number of its stream."""
    first = keyed.uniform(key, [[n << 20 | at for at in range(STRIDE)] for n in numbers])
    for number, drawn in zip(numbers, first.tolist() if len(numbers) else (), strict=True):
        more = (
            keyed.uniform(key, [number << 20 | at for at in range(k * STRIDE, (k + 1) * STRIDE)])
            for k in count(1)
        )
        later = chain.from_iterable(block.tolist() for block in more)
        yield partial(next, chain(drawn, later))


class _Dialogue:
    """One dialogue while it goes on: the policy, which knows what the user has said."""

    def __init__(
        self,
        flow: Flow,
        words: Words,
        rows: Rows,
        decide: Callable[[], float],
        choose: Callable[[], float],
        max_turns: int,
    ) -> None:
        self.flow, self.words, self.rows, self.max_turns = flow, words, rows, max_turns
        self.decide, self.choose = decide, choose
        self.user = User.drawn(flow, words.values, decide)
        self.state: dict[str, str] = {}  # what the user has said, slot to canonical value
        self.known: dict[str, Found] = {}  # what sentences may speak of
        self.asked: set[str] = set()  # slots that the goal is judged by
        self.refused: set[str] = set()
        self.again: set[str] = set()  # slots to be asked for although they are known
        self.records: list[dict[str, Found]] = []
        self.offered = 0  # records that were turned down
        self.shown = 1  # records that the system has just spoken of
        self.spoken: frozenset[str] = frozenset()  # slots of what was offered last
        self.taken: frozenset[str] = frozenset()  # slots of the record that the user took
        self.read: frozenset[str] = frozenset()  # slots that were read back last
        self.owed: list[Aside] = []  # questions that the system has yet to answer
        self.used: set[str] = set()
        self.saying = _Speech()
        self.speaks = False  # whether the system has something to say
        self.intent: str | None = None
        self.path: list[str] = []
        self.outcome = "abandoned"
        self.succeeded = False  # whether the last result was a success
        self.habits: Habits = flow.habits

    def run(self, name: str) -> None:
        """Walk the flow to its end."""
        state = self.flow.first
        try:
            while True:
                self.path.append(state.name)
                self.again.update(state.again)
                self.habits = (
                    {**self.flow.habits, **state.habits} if state.habits else self.flow.habits
                )
                label = _STATES[state.kind](self, state)
                if state.end is not None:
                    self.outcome = state.end
                    break
                state = self.flow.states[self.branch(state, label)]
        except _Ended:
            pass
        self.flush(last=True)
        self.rows.close(name, self.facts())

    def facts(self) -> corpus.Dialogue:
        """What is true of the whole. A goal that was pursued to an end holds what was spoken of."""
        goal = list(self.user.goal.items())
        if self.outcome != "abandoned":
            goal = [(s, v) for s, v in goal if s in self.asked and s not in self.refused]
        persona = self.user.persona.traits()
        return corpus.Dialogue(
            self.flow.name, self.outcome, tuple(sorted(goal)), persona, tuple(self.path)
        )

    def branch(self, state: State, label: str) -> str:
        """The state that comes next, by weight."""
        branch = state.branches[label]
        if len(branch) == 1:
            return branch[0][0]
        u = self.decide() * sum(weight for _, weight in branch)
        for target, weight in branch:
            u -= weight
            if u < 0:
                return target
        return branch[-1][0]

    # --- speaking ---------------------------------------------------------------------------------

    def fits(self, hole: Hole, known: Mapping[str, Found]) -> Found | None:
        """What fills a slot of a template, None where its list has no such value."""
        if hole.record:
            return self.records[self.offered + hole.record].get(hole.label)
        found = known.get(hole.label)
        if found is None or hole.values is None:
            return found
        listed = self.words.values.get(hole.values)
        surfaces = listed.surfaces.get(found[0]) if listed else None
        if not surfaces:
            return None
        if found[1] in surfaces:
            return found
        return found[0], surfaces[int(self.choose() * len(surfaces))]

    def realised(
        self, template: Template, known: Mapping[str, Found]
    ) -> tuple[str, list[Span]] | None:
        """Text and spans; None where a value does not fit."""
        pieces: list[str] = []
        spans: list[Span] = []
        at = 0
        for part in template.parts:
            if isinstance(part, str):
                piece = part
            else:
                value = self.fits(part, known)
                if value is None:
                    return None
                piece = value[1]
                spans.append((at, at + len(piece), part.label, value[0]))
            pieces.append(piece)
            at += len(piece)
        return "".join(pieces), spans

    def worded(
        self, templates: Sequence[Template], known: Mapping[str, Found], by_user: bool
    ) -> tuple[Template, str, list[Span]] | None:
        """One of these templates in words that nobody has used in this dialogue, if there are any;
        None where no template fits."""
        size = len(templates)
        if not size:
            return None
        draw = self.choose
        first = self.user.chooses(templates, draw) if by_user else int(draw() * size)
        spare = None
        for step in range(size):
            template = templates[(first + step) % size]
            done = self.realised(template, known)
            if done is None:
                continue
            if done[0] not in self.used:
                self.used.add(done[0])
                return template, *done
            spare = spare or (template, *done)
        return spare

    def say(self, pool: Pool, act: str, known: Mapping[str, Found] | None = None) -> None:
        """The system says one of the pool's sentences, of those that say most."""
        known = self.known if known is None else known
        there = pool.fitting(self.sayable(known))
        if act == "OFFER":
            counted = tuple(t for t in there if "count" in t.names)
            if 0 < len(counted) < len(there):  # how many were found is told once, if at all
                told = self.offered == 0 and self.choose() < COUNTED
                there = counted if told else tuple(t for t in there if "count" not in t.names)
            self.spoken = frozenset(name for t in pool.most(there) for name in t.slots)
        if act in ("CONFIRM", "OFFER") and there:
            there = pool.most(there)
        done = self.worded(there, known, by_user=False)
        if done is None:
            return
        template, text, spans = done
        if act == "CONFIRM":
            self.read |= {label for _, _, label, _ in spans}
        self.saying.say(template, text, spans, _acts(act, spans) or (act,))
        self.speaks = True
        if act.startswith("NOTIFY_"):
            self.succeeded = act == "NOTIFY_SUCCESS"
        self.shown = max(1, template.records)

    def sayable(self, known: Mapping[str, Found]) -> Iterable[str]:
        left = self.records[self.offered + 1 : self.offered + len(ORDINALS)]
        if not left:
            return known
        return [*known, *(f"{s}_{n}" for n, record in enumerate(left, 2) for s in record)]

    def flush(self, *, last: bool = False) -> None:
        """The system's turn, if it has something to say."""
        if self.speaks:
            said = self.saying
            self.rows.add("system", said.text, act=" ".join(said.acts), pattern=said.pattern,
                          origin=said.origin, slots=said.slots, parents=said.parents)  # fmt: skip
            self.saying, self.speaks = _Speech(), False
            if not last:
                self.limit()

    def limit(self) -> None:
        if self.rows.turns >= self.max_turns:
            raise _Ended

    def hear(
        self,
        *parts: tuple[Sequence[Template], Sequence[str]],
        known: Mapping[str, Found] | None = None,
    ) -> bool:
        """The user's turn: for each part one of its templates, with these acts. Slots that are told
        enter the state. False where nothing fits: then nothing was said."""
        known = self.told() if known is None else known
        heard = _Speech()
        for templates, acts in parts:
            done = self.worded(templates, known, by_user=True)
            if done is None:
                return False
            template, text, spans = done
            informs = (a for a in _acts("INFORM", spans) if f"SELECT:{a[7:]}" not in acts)
            heard.say(template, text, spans, (*acts, *informs))
            for _, _, label, value in spans:
                self.learn(label, value)
        if self.rows.turns and not self.speaks:  # speakers take turns
            self.say(self.words.pool("system:all_right"), "INFORM")
        self.flush()
        acts = heard.acts or ("INFORM",)
        if any(act.startswith("INFORM:") for act in acts):  # which says more
            acts = tuple(act for act in acts if act != "INFORM")
        act = " ".join(acts)
        self.rows.add("user", heard.text, act=act, pattern=heard.pattern,
                      origin=heard.origin, slots=heard.slots, parents=heard.parents,
                      intent=self.intent, state=tuple(sorted(self.state.items())))  # fmt: skip
        self.limit()
        return True

    def told(self) -> dict[str, Found]:
        """What the user may speak of: the goal, as they put it."""
        user = self.user
        return {slot: (value, user.surface[slot]) for slot, value in user.goal.items()}

    def learn(self, slot: str, value: str) -> None:
        """The user has said what they want."""
        if slot not in self.flow.slots:
            return
        self.state[slot] = value
        self.known[slot] = (value, self.user.surface.get(slot, value))
        self.asked.add(slot)
        self.again.discard(slot)
        if slot in self.user.agenda:
            self.user.agenda.remove(slot)

    def broken_off(self) -> _Ended:
        """The end before the end: of a goal that was reached before, a success all the same."""
        if self.succeeded:
            self.outcome = SUCCESS
            self.asked &= self.state.keys()
        return _Ended()

    # --- what users do besides answering ----------------------------------------------------------

    def deviates(self, ask: Callable[[], None], refusable: str | None = None) -> str | None:
        """What the user does before they answer; the system asks again after it. `refuse` and
        `change` are told to the caller, who knows what they are about."""
        for _ in range(TRIES):
            does = self.user.deviates(self.habits)
            if does == "hang_up":
                self.hear((self.words.pool("user:hang_up").templates, ("HANG_UP",)))
                raise self.broken_off()
            if does == "unclear":
                self.hear((self.words.pool("user:unclear").templates, ("UNCLEAR",)))
                self.say(self.words.pool("system:cant_understand"), "CANT_UNDERSTAND")
            elif does == "out_of_scope":
                self.hear((self.words.pool("user:out_of_scope").templates, ("OUT_OF_SCOPE",)))
                self.say(self.words.pool("system:cant_help"), "CANT_HELP")
            elif does == "aside" and self.flow.asides:
                if not self.aside():
                    continue
            elif does == "change" or (does == "refuse" and refusable):
                return does
            else:
                return None
            self.user.annoyed += 1
            ask()
        return None

    def aside(self) -> bool:
        """The user asks something else, and is answered; each question once."""
        left = [a for a in self.flow.asides.values() if f"aside:{a.about}" not in self.used]
        if not left:
            return False
        aside = left[int(self.decide() * len(left))]
        self.used.add(f"aside:{aside.about}")
        asks = self.words.pool(f"aside:{aside.about}:asks").fitting(self.known)
        if not self.hear((asks, (f"REQUEST:{aside.about}",)), known=self.known):
            return False
        for slot, name in aside.gives.items():
            if slot not in self.known:
                self.known[slot] = self.drawn(name)
        replies = self.words.pool(f"aside:{aside.about}:replies")
        self.say(replies, f"INFORM:{aside.about}")
        return True

    def drawn(self, name: str) -> Found:
        """A value of a list."""
        listed = self.words.values[name]
        value = listed.canonical[int(self.decide() * len(listed.canonical))]
        surfaces = listed.surfaces[value]
        return value, surfaces[int(self.decide() * len(surfaces))]

    def changes(self, slots: Sequence[str]) -> str | None:
        """A slot, of those told, that the user now wants otherwise; None where there is none."""
        slots = [slot for slot in slots if not self.flow.slots[slot].fixed]
        if not slots:
            return None
        slot = slots[int(self.decide() * len(slots))]
        if len(self.words.values[self.flow.slots[slot].values].canonical) < 2:
            return None
        self.user.want(slot)
        return slot

    def correction(
        self, slot: str, *, named: bool = False
    ) -> tuple[Sequence[Template], Sequence[str]]:
        """How a corrected value is said: by its name, or as the other one of two."""
        listed = self.words.values[self.flow.slots[slot].values]
        other = self.words.pools.get(f"other:{slot}")
        if other is not None and not named and len(listed.canonical) == 2 and self.decide() < 0.5:
            self.learn(slot, self.user.goal[slot])
            return other.templates, (f"INFORM:{slot}",)
        pools = self.words.pools
        said = pools.get(f"correct:{slot}", Pool()).exact(frozenset({slot}))
        return said or self.answers((slot,)), (f"INFORM:{slot}",)

    # --- states -----------------------------------------------------------------------------------

    def opens(self, state: State) -> str:
        """The user says what they want."""
        self.intent = state.intent
        may = state.slots or tuple(self.flow.slots)
        open_ = frozenset(s for s in may if s in self.user.goal and s not in self.state)
        pool = self.words.pool(state.opening)
        every = there = pool.fitting(open_)
        if self.user.does(self.habits, "less"):
            there = pool.least(there)
        elif self.user.does(self.habits, "more"):
            there = pool.most(there)
        # of those that say most, each may need a value that is not the user's
        if not any(self.hear((templates, ("INFORM_INTENT",))) for templates in (there, every)):
            raise _unsaid(state)
        return "next"

    def listens(self, state: State) -> str:
        """The user says what stands here."""
        pool = self.words.pool(f"state:{state.name}")
        if not self.hear((pool.fitting(self.user.goal), state.act.split())):
            raise _unsaid(state)
        return "next"

    def collects(self, state: State) -> str:
        """Ask for what is not known."""
        self.asked.update(state.slots)
        tries: dict[str, int] = {}
        while True:
            missing = [
                slot
                for slot in state.slots
                if ((slot not in self.state and slot not in self.taken) or slot in self.again)
                and slot not in self.refused
            ]
            if not missing:
                return "next"
            asked = self.asks_for(state, missing)
            tries[asked[0]] = tries.get(asked[0], 0) + 1
            if tries[asked[0]] > TRIES:
                return self.gives_up(state, asked[0])
            ask = partial(self.ask, asked)
            ask()
            does = self.deviates(ask, refusable=asked[0])
            if does == "refuse" or asked[0] not in self.user.goal:
                gone = self.refuses(state, asked[0], tries, knows=does == "refuse")
                if gone:
                    return gone
            elif does == "change" and (
                changed := self.changes([s for s in self.state if s not in asked])
            ):
                prefix = (self.words.pool("user:changed").templates, ())
                self.hear(prefix, self.correction(changed, named=True))
                tries[asked[0]] -= 1  # the question was understood
            else:
                self.answers_to(asked, state)

    def asks_for(self, state: State, missing: list[str]) -> list[str]:
        """The slots that are asked for in one turn: the first one or two; where they are asked for
        together only now and then, any of them."""
        if not 0 < state.together < 1:
            return missing[: 1 + bool(state.together)]
        left = list(missing)
        asked: list[str] = []
        while left and len(asked) < MOST and (not asked or self.decide() < state.together):
            asked.append(left.pop(int(self.decide() * len(left))))
        return asked

    def ask(self, slots: Sequence[str]) -> None:
        for slot in slots:
            self.say(self.words.pool(f"ask:{slot}"), f"REQUEST:{slot}")

    def refuses(self, state: State, slot: str, tries: dict[str, int], knows: bool) -> str | None:
        """The user will not, or cannot, tell a slot. A system that needs it asks once more."""
        required = self.flow.slots[slot].required
        kind = "refuse" if knows else "unknown" if required else "no_preference"
        own = "refuse" if knows else "unknown"
        words = self.words.pool(f"{own}:{slot}", f"user:{kind}")
        self.hear((words.templates, (f"REFUSE:{slot}",)))
        self.user.annoyed += 1
        if not required:
            self.refused.add(slot)
            self.say(self.words.pool("system:all_right"), "INFORM")
            return None
        if tries[slot] > 1:
            return self.gives_up(state, slot)
        self.say(self.words.pool("system:need"), "INFORM")
        if slot not in self.user.goal and self.decide() < self.user.persona.expertise:
            self.user.want(slot)  # they found it after all
        return None

    def gives_up(self, state: State, slot: str) -> str:
        self.refused.add(slot)
        if "refused" in state.branches:
            return "refused"
        self.say(self.words.pool("system:goodbye"), "GOODBYE")
        raise self.broken_off()

    def answers_to(self, asked: Sequence[str], state: State) -> None:
        """The user tells what was asked for, less or more of it."""
        user, first = self.user, asked[0]
        if first in self.again and self.decide() < RECONSIDERS:
            user.want(first)
        wanted = [slot for slot in asked if slot in user.goal]
        if len(wanted) > 1 and user.does(self.habits, "less"):
            wanted = wanted[:1]
        elif user.does(self.habits, "more"):
            may = user.agenda if state.also is None else (*state.slots, *state.also)
            more = [s for s in reversed(user.agenda) if s not in wanted and s in may]
            wanted += more[:1]
        repeated = user.repeats.get(first)
        if repeated in self.state and len(wanted) == 1 and f"refer:{first}" in self.words.pools:
            user.goal[first], user.surface[first] = user.goal[repeated], user.surface[repeated]
            self.learn(first, user.goal[first])
            pool = self.words.pool(f"refer:{first}")
            self.hear((pool.fitting(()), (f"INFORM:{first}",)))
            return
        together = self.answers(tuple(wanted))
        if len(wanted) > 1 and together and (state.also is None or self.choose() < JOINED):
            self.hear((together, ()))
        elif len(wanted) > 1 and (len(asked) > 1 or state.also is not None):
            self.hear(*((self.answers((slot,)), ()) for slot in wanted))
        else:
            self.hear((self.answers((first,)), ()))

    def answers(self, slots: tuple[str, ...]) -> tuple[Template, ...]:
        return self.words.pool("answer").exact(frozenset(slots))

    def confirms(self, state: State) -> str:
        """Read back what is known."""
        self.assumes(state.slots)
        there = [slot for slot in state.slots if slot in self.known]
        while state.replies:
            self.reads_back(state, there, None)
            before = dict(self.state)
            reply = self.replied(state)
            if reply.name in state.branches:
                return reply.name
            there = self.read_again(state, before)
        for turn in range(TRIES):
            slots = [slot for slot in state.slots if slot in self.known]
            if not slots:
                break
            misheard = self.mishears(slots) if turn == 0 else None
            ask = partial(self.reads_back, state, slots, misheard)
            ask()
            does = self.deviates(ask)
            changed = self.changes(slots) if does == "change" and misheard is None else None
            if misheard is not None:
                denied = (self.words.pool("user:denied").templates, ("NEGATE",))
                self.hear(denied, self.correction(misheard[0]))
            elif changed is not None:
                prefix = (self.words.pool("user:changed").templates, ("NEGATE",))
                self.hear(prefix, self.correction(changed))
            else:
                self.hear(
                    (self.words.pool(f"yes:{state.name}", "user:confirmed").templates, ("AFFIRM",))
                )
                break
        return "next"

    def read_again(self, state: State, before: Mapping[str, str]) -> list[str]:
        """What is read back after the user has changed something: that, what they have not agreed
        to yet, and the rest of it by chance; all of it where no sentence has just these."""
        every = [slot for slot in state.slots if slot in self.known]
        needed = {s for s in every if s not in before or before[s] != self.state.get(s)}
        some = [slot for slot in every if slot in needed or self.decide() < REREAD]
        if not state.has_words:
            return some
        fitting = self.words.pool(f"state:{state.name}").fitting(some)
        enough = [template.names for template in fitting if needed <= template.names]
        if not enough:
            return every
        names = enough[int(self.decide() * len(enough))]
        return [slot for slot in every if slot in names]

    def mishears(self, slots: Sequence[str]) -> tuple[str, Found] | None:
        """A slot that the system got wrong, and what it took it for."""
        if not self.user.does(self.habits, "misheard"):
            return None
        slot = slots[int(self.decide() * len(slots))]
        listed = self.words.values[self.flow.slots[slot].values]
        for _ in range(TRIES):
            wrong = listed.canonical[int(self.decide() * len(listed.canonical))]
            if wrong != self.state[slot]:
                return slot, (wrong, listed.surfaces[wrong][0])
        return None

    def reads_back(
        self, state: State, slots: Sequence[str], misheard: tuple[str, Found] | None
    ) -> None:
        known = {slot: self.known[slot] for slot in slots}
        self.read = frozenset()
        if misheard is not None:
            known[misheard[0]] = misheard[1]
        if state.has_words:
            self.say(self.words.pool(f"state:{state.name}"), "CONFIRM", known)
            return
        for slot in slots:
            self.say(self.words.pool(f"confirm:{slot}"), "CONFIRM", known)

    def says(self, state: State) -> str:
        if state.has_words:
            self.say(self.words.pool(f"state:{state.name}"), state.act)
        if "NOTIFY_FAILURE" not in state.act:
            self.informs(self.owed)
        self.owed = []
        return self.replied(state).name if state.replies else "next"

    def asks(self, state: State) -> str:
        """A question with yes or no."""
        pool = self.words.pool(f"state:{state.name}")
        ask = partial(self.say, pool, state.act)
        ask()
        self.deviates(ask)
        label = "yes" if self.decide() < state.chance else "no"
        target = self.flow.states[state.branches[label][0][0]]
        if target.kind == "user":  # "what is the weather like" answers "anything else?"
            return label
        meant = "_INTENT" if state.act == "OFFER_INTENT" else ""
        act = state.answers.get(label) or ("AFFIRM" if label == "yes" else "NEGATE") + meant
        default = (
            "affirm" if label == "yes" else "finished" if state.act == "REQ_MORE" else "negate"
        )
        self.hear(
            (self.words.pool(f"{label}:{state.name}", f"user:{default}").templates, act.split())
        )
        return label

    def calls(self, state: State) -> str:
        """A service is called; nobody speaks."""
        call = self.flow.calls[state.call or ""]
        self.records, self.offered = [], 0
        matching = self.matching(call)
        looked_up = bool(call.match and call.table)
        results = [r for r in call.results if r.weight and (r.name != NOTHING or not looked_up)]
        if not matching and call.table:
            return NOTHING
        u = self.decide() * sum(result.weight for result in results)
        result = results[-1]
        for candidate in results:
            u -= candidate.weight
            if u < 0:
                result = candidate
                break
        if result.name == SUCCESS and matching:
            self.records = matching
        elif result.gives:
            drawn = range(call.records)
            wanted = {s: self.known[s] for s in call.match if s in self.state}
            if call.records == 1:  # it is about the record that was taken
                wanted |= {s: self.known[s] for s in self.taken if s in self.known}
            self.records = [
                {s: wanted.get(s) or self.drawn(n) for s, n in result.gives.items()} for _ in drawn
            ]
        if self.records:
            self.known.update(self.records[0])
        return result.name

    def matching(self, call: Call) -> list[dict[str, Found]]:
        """Records that have what the user wants, in a drawn order."""
        found = [
            record
            for record in call.table
            if all(record.get(s) == self.state[s] for s in call.match if s in self.state)
        ]
        ranks = sorted((self.decide(), at) for at in range(len(found)))
        return [{slot: (value, value) for slot, value in found[at].items()} for _, at in ranks]

    def offers(self, state: State) -> str:
        """Offer records until one is taken."""
        pool = self.words.pool(f"state:{state.name}")
        self.taken = frozenset()
        while self.offered < len(self.records):
            self.known.update(self.records[self.offered])
            self.known["count"] = (str(len(self.records)), str(len(self.records)))
            ask = partial(self.say, pool, state.act)
            ask()
            if state.replies:
                reply = self.replied(state)
                if reply.name in state.branches:
                    return reply.name
                self.offered += self.shown
                continue
            self.deviates(ask)
            shown = self.shown
            left = len(self.records) - self.offered - shown
            u = self.decide()
            if "none" in state.branches and u < 0.12:
                word = self.words.pool(*(("user:rejected",) if shown == 1 else ()), "user:declined")
                self.hear((word.templates, ("NEGATE",)))
                return "none"
            if left and u < 0.35:
                self.hear((self.words.pool("user:alternatives").templates, ("REQUEST_ALTS",)))
                self.offered += shown
                continue
            self.select(state, int(self.decide() * shown))
            return "next"
        return "none" if "none" in state.branches else "next"

    def select(self, state: State, nth: int) -> None:
        """The user takes a record, by its name or by its place."""
        record = self.records[self.offered + nth]
        self.known.update(record)
        named = [slot for slot in state.selects if slot in record]
        for slot in named:
            value, surface = record[slot]
            self.user.goal[slot], self.user.surface[slot] = value, surface
            if slot in self.flow.slots:
                self.learn(slot, value)
        by_name = self.answers((named[0],)) if named and self.decide() < 0.4 else ()
        if by_name and self.hear((by_name, ("SELECT",)), known=self.told()):
            return
        word = "accept" if self.shown == 1 else ORDINALS[nth]
        self.hear((self.words.pool(f"user:{word}").templates, ("SELECT",)))

    # --- replies ----------------------------------------------------------------------------------

    def replied(self, state: State) -> Reply:
        """What the user answers; a question that leads nowhere else is answered at once.

        Raises:
            GrammarError: none of the replies can be said.
        """
        barred: set[str] = set()
        while True:
            left = [r for r in state.replies if r.name not in barred and self.possible(state, r)]
            total = sum(reply.weight for reply in left)
            if not total:
                raise GrammarError(
                    f"nothing can be replied to the state {state.name!r}",
                    where=state.place.at(),
                    fix="add a reply with sentences that need no slots",
                )
            u = self.decide() * total
            reply = left[-1]
            for candidate in left:
                u -= candidate.weight
                if u < 0:
                    reply = candidate
                    break
            leads = reply.name in state.branches
            if leads and not reply.has_words and not reply.acts:
                return reply  # the state that it leads to lets the user speak
            asked = self.few(self.open(reply, leads))
            if not self.heard(state, reply, asked):
                barred.add(reply.name)
            elif asked and not leads:
                self.informs(asked)
            else:
                self.owed = asked
                return reply

    def possible(self, state: State, reply: Reply) -> bool:
        """Whether a reply has what it speaks of."""
        if reply.asks:
            return bool(self.open(reply, reply.name in state.branches))
        if reply.tells:
            return any(slot in self.user.agenda for slot in reply.tells)
        if reply.changes:
            return self.user.changed < CHANGES
        if state.kind == "offer" and reply.name not in state.branches:
            return self.offered + self.shown < len(self.records)
        return True

    def open(self, reply: Reply, later: bool) -> list[Aside]:
        """What may be asked about: what was not asked, offered or wanted, and can be answered."""
        asides = (self.flow.asides[about] for about in reply.asks)
        return [
            aside
            for aside in asides
            if f"aside:{aside.about}" not in self.used
            and aside.about not in self.state
            and (later or self.words.pool(f"aside:{aside.about}:replies").fitting(self.known))
        ]

    def few(self, those: Sequence[T]) -> list[T]:
        """One of these, drawn, or two."""
        left = list(those)
        count = min(len(left), 1 + (self.decide() < PAIRS))
        return [left.pop(int(self.decide() * len(left))) for _ in range(count)]

    def heard(self, state: State, reply: Reply, asked: Sequence[Aside]) -> bool:
        """The user's turn; False where nothing can be said."""
        parts: list[tuple[Sequence[Template], Sequence[str]]] = []
        if reply.has_words:
            parts.append(
                (self.words.pool(f"reply:{state.name}:{reply.name}").templates, reply.acts)
            )
        for aside in asked:
            self.used.add(f"aside:{aside.about}")
            templates = self.words.pool(f"aside:{aside.about}:asks").templates
            parts.append((templates, (f"REQUEST:{aside.about}",)))
        for slot in self.few([slot for slot in reply.tells if slot in self.user.agenda]):
            parts.append((self.answers((slot,)), ()))
        for nth, slot in enumerate(self.few(reply.changes)):
            self.user.want(slot)
            corrects = "NEGATE" in reply.acts and nth == 0
            parts.append(self.correction(slot) if corrects else (self.answers((slot,)), ()))
        self.user.changed += bool(reply.changes)
        if parts and not reply.has_words:
            parts[0] = parts[0][0], (*reply.acts, *parts[0][1])
        if reply.intent is not None:
            self.intent = reply.intent
        before, record = dict(self.state), dict[str, Found]()
        if any(act.partition(":")[0] == "SELECT" for act in reply.acts):
            record = self.records[self.offered]
            self.takes(record)
        if "AFFIRM" in reply.acts:
            for slot in state.slots:
                if slot in self.read:
                    value, self.user.surface[slot] = self.known[slot]
                    self.user.goal[slot] = value
                    self.learn(slot, value)
        if self.hear(*parts, known={**self.told(), **record}):
            return True
        self.state = before
        return False

    def takes(self, record: Mapping[str, Found]) -> None:
        """The user takes a record: they want what was offered of it; the rest the system knows."""
        self.known.update(record)
        self.taken = frozenset(record)
        for slot, (value, surface) in record.items():
            told = slot in self.spoken
            if slot in self.flow.slots and (told or slot not in self.state):
                self.user.goal[slot], self.user.surface[slot] = value, surface
                if told:
                    self.learn(slot, value)

    def informs(self, asked: Iterable[Aside]) -> None:
        """Answer questions."""
        for aside in asked:
            self.say(self.words.pool(f"aside:{aside.about}:replies"), f"INFORM:{aside.about}")

    def assumes(self, slots: Iterable[str]) -> None:
        """Take slots of which nobody spoke for their default."""
        for slot in slots:
            default = self.flow.slots[slot].default
            if slot not in self.known and default is not None:
                surfaces = self.words.values[self.flow.slots[slot].values].surfaces
                self.known[slot] = default, surfaces.get(default, (default,))[0]


def _unsaid(state: State) -> GrammarError:
    return GrammarError(
        f"the user has nothing to say in the state {state.name!r}: each sentence needs a slot that "
        "they do not have, or have told before",
        where=state.place.at(),
        fix="add a sentence without slots, or the slots to the flow",
    )


def _acts(act: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """An act once for each slot that it speaks of; acts that are about no slots as they are."""
    if act not in ("INFORM", "CONFIRM", "OFFER"):
        return (act,)
    labels = dict.fromkeys(label for _, _, label, _ in spans)
    return tuple("INFORM_COUNT:count" if s == "count" else f"{act}:{s}" for s in labels)


_STATES: Mapping[str, Callable[[_Dialogue, State], str]] = {
    "user": _Dialogue.opens,
    "listen": _Dialogue.listens,
    "collect": _Dialogue.collects,
    "confirm": _Dialogue.confirms,
    "say": _Dialogue.says,
    "ask": _Dialogue.asks,
    "call": _Dialogue.calls,
    "offer": _Dialogue.offers,
}
