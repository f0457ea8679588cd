"""A sentence as a product and sum of tables of ready-made fragments.

A derivation is an index below `count`, decoded digit by digit. Small groups are multiplied out when
the sentence is compiled, so most sentences end as two or three tables, and a row is a few look-ups.
White space is kept as flags at the edges of a fragment until `link` knows what stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import NamedTuple

from textsynth.grammar.scope import Key
from textsynth.keyed import content_id
from textsynth.patterns import escape

MULTIPLIED = 128  # tables up to this size are multiplied out
JOINED = 4096  # tables up to this size are put one after the other
SLOT = "\udfff"  # where a slot stands in the pattern of a fragment: no text has half a character


class Span(NamedTuple):
    """A slot in a fragment, in characters of its core."""

    start: int
    end: int
    label: str
    value: str


class Fragment(NamedTuple):
    """Words, and whether white space stands before and after them. `pattern` is the core with a
    `SLOT` mark for each span. Without words, both flags are equal."""

    before: bool
    core: str
    after: bool
    pattern: str = ""
    spans: tuple[Span, ...] = ()


NOTHING = Fragment(False, "", False)
SPACE = Fragment(True, "", True)


@dataclass(eq=False, slots=True)
class Table:
    """Fragments to choose one of."""

    fragments: Several[Fragment]

    @property
    def count(self) -> int:
        return len(self.fragments)


@dataclass(eq=False, slots=True)
class Product:
    """Parts one after the other; the first is the lowest digit."""

    parts: tuple[Part, ...]
    count: int


@dataclass(eq=False, slots=True)
class Choice:
    """One of the branches; their indices follow one another."""

    branches: tuple[Part, ...]
    count: int


@dataclass(eq=False, slots=True)
class Pick:
    """The choice of a record, which says nothing by itself."""

    key: Key
    count: int


@dataclass(eq=False, slots=True)
class Echo:
    """A column of the record that an earlier `Pick` of this key chose."""

    key: Key
    fragments: Several[Fragment]
    count: int = 1


@dataclass(eq=False, slots=True)
class Trim:
    """A part without the white space at its edges, as hassil gives a permutation."""

    part: Part
    count: int


Part = Table | Product | Choice | Pick | Echo | Trim
ONE = Table([NOTHING])


def join(left: Fragment, right: Fragment) -> Fragment:
    """One fragment after the other."""
    if not left.core:
        spaced = left.before or right.before
        return right._replace(before=spaced) if right.core else SPACE if spaced else NOTHING
    if not right.core:
        return left._replace(after=left.after or right.before)
    gap = " " if left.after or right.before else ""
    shift = len(left.core) + len(gap)
    moved = tuple(Span(s.start + shift, s.end + shift, *s[2:]) for s in right.spans)
    return Fragment(
        left.before,
        f"{left.core}{gap}{right.core}",
        right.after,
        f"{left.pattern}{gap}{right.pattern}",
        left.spans + moved,
    )


def literal(text: str) -> Fragment:
    """Plain text; white space inside becomes single spaces."""
    core = " ".join(text.split())
    if not core:
        return SPACE if text else NOTHING
    pattern = escape(core) if any(sign in core for sign in "\\{}") else core
    return Fragment(text[:1].isspace(), core, text[-1:].isspace(), pattern)


def slot(surface: Fragment, label: str, value: str | None) -> Fragment:
    """A fragment as the surface of a slot; spans inside it give way. Nothing said, no slot."""
    if not surface.core:
        return surface
    span = Span(0, len(surface.core), label, surface.core if value is None else value)
    return surface._replace(pattern=SLOT, spans=(span,))


def product(parts: Iterable[Part]) -> Part:
    """Parts one after the other, small neighbours multiplied out."""
    found: list[Part] = []
    for part in parts:
        for inner in part.parts if isinstance(part, Product) else (part,):
            last = found[-1] if found else None
            if isinstance(inner, Table) and inner.fragments == ONE.fragments:
                continue
            if (
                isinstance(last, Table)
                and isinstance(inner, Table)
                and last.count * inner.count <= MULTIPLIED
            ):
                found[-1] = Table([join(a, b) for b in inner.fragments for a in last.fragments])
            else:
                found.append(inner)
    if len(found) == 1:
        return found[0]
    return Product(tuple(found), math.prod(p.count for p in found)) if found else ONE


def choice(branches: Iterable[Part]) -> Part:
    """One of the branches, small neighbours put into one table."""
    found: list[Part] = []
    flat = [b for part in branches for b in (part.branches if isinstance(part, Choice) else [part])]
    flat.sort(key=lambda part: not isinstance(part, Table))
    for inner in flat:
        last = found[-1] if found else None
        if (
            isinstance(last, Table)
            and isinstance(inner, Table)
            and last.count + inner.count <= JOINED
        ):
            found[-1] = Table([*last.fragments, *inner.fragments])
        else:
            found.append(inner)
    return found[0] if len(found) == 1 else Choice(tuple(found), sum(p.count for p in found))


def expand(part: Part, picked: dict[Key, int] | None = None) -> list[Fragment]:
    """All fragments of a part, in the order of their indices."""
    picked = picked or {}
    if isinstance(part, Table):
        return list(part.fragments)
    if isinstance(part, Echo):
        return [part.fragments[picked[part.key]]]
    if isinstance(part, Choice):
        return [f for branch in part.branches for f in expand(branch, picked)]
    if isinstance(part, Trim):
        return [trimmed(f) for f in expand(part.part, picked)]
    assert isinstance(part, Product)
    first, *rest = part.parts
    tail = Product(tuple(rest), math.prod(p.count for p in rest))
    if isinstance(first, Pick):
        tails = [expand(tail, {**picked, first.key: place}) for place in range(first.count)]
        return [t[place] for place in range(tail.count) for t in tails]
    heads = expand(first, picked)
    return [join(a, b) for b in expand(tail, picked) for a in heads] if rest else heads


def digest(part: Part, memo: dict[int, str]) -> str:
    """A hash of all that a part can say, and in which order."""
    if id(part) not in memo:
        if isinstance(part, (Table, Echo)):
            # the mark is written as it always was, since ids are made of it
            said = [str(tuple(f)).replace("\\udfff", "\\x00") for f in part.fragments]
        elif isinstance(part, Product):
            said = [digest(item, memo) for item in part.parts]
        elif isinstance(part, Choice):
            said = [digest(branch, memo) for branch in part.branches]
        else:
            said = [digest(part.part, memo)] if isinstance(part, Trim) else [*part.key]
        memo[id(part)] = content_id(type(part).__name__, *said)
    return memo[id(part)]


def trimmed(fragment: Fragment) -> Fragment:
    """A fragment without the white space at its edges."""
    return fragment._replace(before=False, after=False)


def trim(part: Part) -> Part:
    """A part without the white space at its edges."""
    if isinstance(part, Table):
        return Table([trimmed(f) for f in part.fragments])
    return Trim(part, part.count)
