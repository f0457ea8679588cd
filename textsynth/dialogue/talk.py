"""A dialogue while it goes on: what is known in it, and how its turns are put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from textsynth.dialogue.flow import SUCCESS, Aside, Flow, Habits
from textsynth.dialogue.rows import Rows, Span
from textsynth.dialogue.user import User
from textsynth.dialogue.words import Hole, Pool, Template, Words, by_names

TRIES = 3  # times that a question is put before the system gives up
COUNTED = 0.5  # how often a system that found records says how many
ORDINALS = ("first", "second", "third")
Found = tuple[str, str]  # canonical value and surface
_ENDS_SENTENCE = tuple(".?!…")


class Ended(Exception):  # noqa: N818
    """The dialogue is over, in the middle of a state."""


@dataclass(slots=True)
class Speech:
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


class Talk:
    """One dialogue while it goes on: what the system knows, and both speakers' turns.

    Args:
        decide, choose: give the next numbers of the dialogue's two streams, for what is done and
            for how it is said.
    """

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
        self.spoken: frozenset[str] = frozenset()  # names, as `city_2`, of what was offered
        self.taken: frozenset[str] = frozenset()  # slots of the record that the user took
        self.read: frozenset[str] = frozenset()  # slots that were read back last
        self.owed: list[Aside] = []  # questions that the system has yet to answer
        self.used: set[str] = set()
        self.saying = Speech()
        self.speaks = False  # whether the system has something to say
        self.intent: str | None = None
        self.path: list[str] = []
        self.heading: str | None = None  # the state that comes next, where it is drawn already
        self.outcome = "abandoned"
        self.succeeded = False  # whether the last result was a success
        self.habits: Habits = flow.habits

    def weighed(self, weights: Sequence[float]) -> int:
        """The number of one of these, by weight."""
        u = self.decide() * sum(weights)
        for at, weight in enumerate(weights):
            u -= weight
            if u < 0:
                return at
        return len(weights) - 1

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
        self, templates: tuple[Template, ...], known: Mapping[str, Found], by_user: bool
    ) -> tuple[Template, str, list[Span]] | None:
        """One of these templates with its text and spans; None where none fits. What it speaks of
        is decided, and then it is put into words."""
        parts = by_names(templates)
        if len(parts) > 1:
            part = parts[self.weighed([len(part) for part in parts])]
            if done := self.phrased(part, known, by_user):
                return done
        return self.phrased(templates, known, by_user)

    def phrased(
        self, templates: tuple[Template, ...], known: Mapping[str, Found], by_user: bool
    ) -> tuple[Template, str, list[Span]] | None:
        """One of these templates in words that nobody has used in this dialogue, if there are
        any."""
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
                told = self.offered == 0 and self.decide() < COUNTED
                there = counted if told else tuple(t for t in there if "count" not in t.names)
        if act in ("CONFIRM", "OFFER") and there:
            there = pool.most(there)
        done = self.worded(there, known, by_user=False)
        if done is None:
            return
        template, text, spans = done
        if act == "CONFIRM":
            self.read |= {label for _, _, label, _ in spans}
        if act == "OFFER":
            self.spoken = template.names
        self.saying.say(template, text, spans, about(act, spans) or (act,))
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
            self.saying, self.speaks = Speech(), False
            if not last:
                self.limit()

    def limit(self) -> None:
        if self.rows.turns >= self.max_turns:
            raise Ended

    def hear(
        self,
        *parts: tuple[tuple[Template, ...], Sequence[str]],
        known: Mapping[str, Found] | None = None,
    ) -> bool:
        """The user's turn: for each part one of its templates, with these acts. Slots that are told
        enter the state. False where nothing fits: then nothing was said."""
        known = self.told() if known is None else known
        heard, told = Speech(), dict[str, Found]()
        for templates, acts in parts:
            done = self.worded(templates, known, by_user=True)
            if done is None:
                return False
            template, text, spans = done
            informs = (a for a in about("INFORM", spans) if f"SELECT:{a[7:]}" not in acts)
            heard.say(template, text, spans, (*acts, *informs))
            told |= {label: (value, text[start:end]) for start, end, label, value in spans}
        for slot, found in told.items():
            self.learn(slot, *found)
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

    def learn(self, slot: str, value: str, surface: str | None = None) -> None:
        """The user has said what they want, in these words or in those of their goal."""
        if slot not in self.flow.slots:
            return
        self.state[slot] = value
        wanted = self.user.goal.get(slot) == value
        self.known[slot] = (value, self.user.surface[slot] if wanted else surface or value)
        self.asked.add(slot)
        self.again.discard(slot)
        if slot in self.user.agenda:
            self.user.agenda.remove(slot)

    def agree(self, slots: Iterable[str]) -> None:
        """The user wants what was read back of these slots."""
        for slot in self.read.intersection(slots):
            value, self.user.surface[slot] = self.known[slot]
            self.user.goal[slot] = value
            self.learn(slot, value)

    def broken_off(self) -> Ended:
        """The end before the end: of a goal that was reached before, a success all the same."""
        if self.succeeded:
            self.outcome = SUCCESS
            self.asked &= self.state.keys()
        return Ended()

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
        known = {**self.known, **self.told()}  # of what users want they speak as they want it
        if not self.hear((asks, (f"REQUEST:{aside.about}",)), known=known):
            return False
        self.informs([aside])
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
    ) -> tuple[tuple[Template, ...], Sequence[str]]:
        """How a corrected value is said: by its name, or as the other one of two."""
        listed = self.words.values[self.flow.slots[slot].values]
        other = self.words.pools.get(f"other:{slot}")
        if other is not None and not named and len(listed.canonical) == 2 and self.decide() < 0.5:
            self.learn(slot, self.user.goal[slot])
            return other.templates, (f"INFORM:{slot}",)
        pools = self.words.pools
        said = pools.get(f"correct:{slot}", Pool()).exact(frozenset({slot}))
        return said or self.answers((slot,)), (f"INFORM:{slot}",)

    def answers(self, slots: tuple[str, ...]) -> tuple[Template, ...]:
        return self.words.pool("answer").exact(frozenset(slots))

    def informs(self, asked: Iterable[Aside]) -> None:
        """Answer questions."""
        for aside in asked:
            for slot, name in aside.gives.items():
                if slot not in self.known:
                    self.known[slot] = self.drawn(name)
            self.say(self.words.pool(f"aside:{aside.about}:replies"), f"INFORM:{aside.about}")


def about(act: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """An act once for each slot that it speaks of; acts that are about no slots as they are."""
    if act not in ("INFORM", "CONFIRM", "OFFER"):
        return (act,)
    labels = dict.fromkeys(label for _, _, label, _ in spans)
    return tuple("INFORM_COUNT:count" if s == "count" else f"{act}:{s}" for s in labels)
