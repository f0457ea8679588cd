"""Sentences linked to one pool of texts: what is said, in each state, has a number.

The state says what stands before: nothing, words, or words and a space; and how often a slot was
filled already, since a second `city` is named `city_2` in a pattern. Where only one state can be,
as nearly always, it costs nothing when rows are drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from textsynth.grammar.arrow import I32, Texts, strings
from textsynth.grammar.fragments import (
    SLOT,
    Choice,
    Echo,
    Fragment,
    Part,
    Pick,
    Product,
    Span,
    Table,
    Trim,
)

Rows = npt.NDArray[Any]
NONE, SAID, SPACED = 0, 1, 2  # nothing was said; words; words and white space


class State(NamedTuple):
    """What stands before a fragment. `outer` are the modes outside of permutations that have said
    nothing yet, whose own white space falls away; `filled` counts slots that may come twice, whose
    second names are not those `taken` by other slots of the sentence."""

    mode: int
    outer: tuple[int, ...] = ()
    filled: tuple[tuple[str, int], ...] = ()
    taken: frozenset[str] = frozenset()


START = State(NONE)


@dataclass(slots=True)
class Pool:
    """All texts of an intent, with their patterns and slots, by number; number 0 says nothing."""

    texts: list[str] = field(default_factory=lambda: [""])
    patterns: list[int] = field(default_factory=lambda: [0])
    slots: list[tuple[tuple[int, int, int, int], ...]] = field(default_factory=lambda: [()])
    kinds: dict[str, int] = field(default_factory=lambda: {"": 0})
    labels: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    known: dict[Any, int] = field(default_factory=dict)

    def add(self, fragments: Sequence[Fragment], state: State) -> int:
        """The number of the first of these fragments as said in a state; the others follow it."""
        names = tuple(n for n in state.filled if n[1])
        key = (id(fragments), state.mode, state.outer[-1:], names, state.taken)
        if key not in self.known:
            self.known[key] = len(self.texts)
            gaps = gap(False, state), gap(True, state)
            spaces = [gaps[f.before] if f.core else "" for f in fragments]
            pairs = list(zip(spaces, fragments, strict=True))
            self.texts += [space + f.core for space, f in pairs]
            self.patterns += [self.kind(space + named(f, names, state.taken)) for space, f in pairs]
            self.slots += [tuple([self.slot(s, len(space)) for s in f.spans]) for space, f in pairs]
        return self.known[key]

    def kind(self, pattern: str) -> int:
        """The number of a pattern, which many texts share."""
        return self.kinds.setdefault(pattern, len(self.kinds))

    def slot(self, span: Span, shift: int) -> tuple[int, int, int, int]:
        """Start, end, and the numbers of label and value."""
        label = self.labels.setdefault(span.label, len(self.labels))
        value = self.values.setdefault(span.value, len(self.values))
        return (span.start + shift, span.end + shift, label, value)


def gap(before: bool, state: State) -> str:
    """What stands between what was said and words, which have white space before them or not."""
    if state.outer:
        return " " if state.outer[-1] == SPACED else ""
    return " " if state.mode == SPACED or (state.mode == SAID and before) else ""


def named(
    fragment: Fragment, filled: tuple[tuple[str, int], ...], taken: frozenset[str] = frozenset()
) -> str:
    """The pattern of a fragment, a slot that was filled before under a name of its own, which none
    of those `taken` is."""
    if not fragment.spans:
        return fragment.pattern
    if len(fragment.spans) == 1 and not filled:
        return fragment.pattern.replace(SLOT, f"{{{fragment.spans[0].label}}}")
    counts = dict(filled)
    literals = fragment.pattern.split(SLOT)
    pieces = [literals[0]]
    for span, text in zip(fragment.spans, literals[1:], strict=True):
        counts[span.label] = nth = counts.get(span.label, 0) + 1
        free = (f"{span.label}_{n}" for n in itertools.count(2))
        names = (name for name in free if name not in taken)
        name = "" if nth == 1 else f":{next(itertools.islice(names, nth - 2, None))}"
        pieces += [f"{{{span.label}{name}}}", text]
    return "".join(pieces)


def following(fragment: Fragment, state: State) -> State:
    """The state after a fragment."""
    mode, outer, filled, _ = state
    if fragment.core:
        mode, outer = (SPACED if fragment.after else SAID), ()
    elif mode == SAID and not outer and fragment.before:
        mode = SPACED
    if fragment.spans and filled:
        counts = dict(filled)
        for span in fragment.spans:
            if span.label in counts:
                counts[span.label] += 1
        filled = tuple(counts.items())
    return state._replace(mode=mode, outer=outer, filled=filled)


@dataclass(slots=True)
class Linked:
    """A part as it stands in a sentence: the column it writes first, the states it may be entered
    in (their numbers), and the state it leaves by, where that is one."""

    part: Part
    column: int
    enters: tuple[int, ...]
    leaves: tuple[int, ...]
    first: I32  # for each entering state, the number of the first text
    after: npt.NDArray[np.int16] | None = None  # [entering state, entry] -> leaving state
    parts: tuple[Linked, ...] = ()
    counts: tuple[int, ...] = ()


class Linker:
    """Links the parts of one sentence to a pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.states: dict[State, int] = {}
        self.width = 0

    def link(self, part: Part) -> Linked:
        """The sentence, ready to be decoded."""
        labels = repeats(part, {})
        twice = sorted(label for label, n in labels.items() if n > 1)
        numbered = (label for label in labels if label.rpartition("_")[0] in twice)
        filled = tuple((label, 0) for label in twice)
        start = START._replace(filled=filled, taken=frozenset(numbered))
        return self.part(part, [start], 0)

    def part(self, part: Part, states: list[State], column: int) -> Linked:
        if isinstance(part, (Table, Echo)):
            return self.table(part, states, column)
        if isinstance(part, Pick):
            numbers = self.numbers(states)
            return Linked(part, column, numbers, numbers, np.zeros(0, np.int32))
        if isinstance(part, Trim):
            inside = [s._replace(mode=NONE, outer=(*s.outer, s.mode)) for s in states]
            inner = self.part(part.part, inside, column)
            return self.around(part, states, inner)
        if isinstance(part, Product):
            linked, at, entering = [], column, states
            for item in part.parts:
                linked.append(self.part(item, entering, at))
                at += width(item)
                entering = self.named(linked[-1].leaves)
            leaves = linked[-1].leaves
        else:
            linked = [self.part(branch, states, column) for branch in part.branches]
            leaves = tuple(dict.fromkeys(n for branch in linked for n in branch.leaves))
        counts = tuple(item.part.count for item in linked)
        nothing = np.zeros(0, np.int32)
        return Linked(
            part, column, self.numbers(states), leaves, nothing, None, tuple(linked), counts
        )

    def table(self, part: Table | Echo, states: list[State], column: int) -> Linked:
        self.width = max(self.width, column + 1)
        fragments = part.fragments
        first = np.array([self.pool.add(fragments, state) for state in states], np.int32)
        after = [self.numbers([following(f, state) for f in fragments]) for state in states]
        leaves = tuple(dict.fromkeys(n for row in after for n in row))
        moves = np.array(after, np.int16) if len(leaves) > 1 else None
        return Linked(part, column, self.numbers(states), leaves, first, moves)

    def around(self, part: Trim, states: list[State], inner: Linked) -> Linked:
        """White space that ends a permutation falls away; one that said nothing was never there."""
        closed = []
        for number in inner.leaves:
            state = self.named((number,))[0]
            if state.outer:
                closed.append(state._replace(mode=state.outer[-1], outer=state.outer[:-1]))
            else:
                closed.append(state._replace(mode=SAID if state.mode == SPACED else state.mode))
        numbers = self.numbers(closed)
        moves = np.zeros(len(self.states), np.int16)
        moves[list(inner.leaves)] = numbers
        leaves = tuple(dict.fromkeys(numbers))
        nothing = np.zeros(0, np.int32)
        return Linked(part, inner.column, self.numbers(states), leaves, nothing, moves, (inner,))

    def numbers(self, states: Sequence[State]) -> tuple[int, ...]:
        return tuple(self.states.setdefault(state, len(self.states)) for state in states)

    def named(self, numbers: tuple[int, ...]) -> list[State]:
        known = list(self.states)
        return [known[number] for number in numbers]


def width(part: Part) -> int:
    """Columns of texts that a part may fill."""
    if isinstance(part, Product):
        return sum(width(item) for item in part.parts)
    if isinstance(part, Choice):
        return max(width(branch) for branch in part.branches)
    if isinstance(part, Trim):
        return width(part.part)
    return 0 if isinstance(part, Pick) else 1


def repeats(part: Part, memo: dict[int, dict[str, int]]) -> dict[str, int]:
    """How often each label may be filled in one derivation, at most."""
    if id(part) in memo:
        return memo[id(part)]
    found: dict[str, int] = {}
    if isinstance(part, (Table, Echo)):
        for fragment in part.fragments:
            labels = [span.label for span in fragment.spans]
            for label in labels:
                found[label] = max(found.get(label, 0), labels.count(label))
    elif isinstance(part, Product):
        for item in part.parts:
            for label, n in repeats(item, memo).items():
                found[label] = found.get(label, 0) + n
    elif isinstance(part, Choice):
        for branch in part.branches:
            for label, n in repeats(branch, memo).items():
                found[label] = max(found.get(label, 0), n)
    elif isinstance(part, Trim):
        found = repeats(part.part, memo)
    memo[id(part)] = found
    return found


def freeze(pool: Pool) -> Texts:
    """A pool as columns."""
    flat = np.array([slot for slots in pool.slots for slot in slots], np.int32).reshape(-1, 4)
    counts = np.fromiter(map(len, pool.slots), np.int32, len(pool.slots))
    return Texts(
        text=strings(pool.texts),
        length=np.fromiter(map(len, pool.texts), np.int32, len(pool.texts)),
        slots=counts,
        first=(np.cumsum(counts) - counts).astype(np.int32),
        start=np.ascontiguousarray(flat[:, 0]),
        end=np.ascontiguousarray(flat[:, 1]),
        label=np.ascontiguousarray(flat[:, 2]),
        value=np.ascontiguousarray(flat[:, 3]),
        labels=strings(list(pool.labels)),
        values=strings(list(pool.values)),
        pattern=np.array(pool.patterns, np.int32),
        patterns=tuple(pool.kinds),
    )
