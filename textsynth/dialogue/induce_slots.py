"""The slots of example dialogues: one value has one name throughout a dialogue.

A label that the scrub gives says what a value is, not whose: a `person` is who calls, or the
mother's maiden name. What the user is first asked for tells them apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from textsynth.corpus import fold
from textsynth.dialogue.induce_acts import Acts, Example, Turn, slug
from textsynth.patterns import Pattern, SlotRef, Value

ASKED = 0.3  # share of the replies that tell a label, from which on it may be asked for
OFTEN = 2  # dialogues in which an act asks for a value of its own
_ASKING = frozenset(
    re.findall(
        r"\S+",
        """
    a ask asks bank request requests inform provide get query prompt the your you for please
    what whats is could can of and
    """,
    )
)
ORDINALS = ("second", "third", "fourth", "fifth")
Identity = tuple[str, str]  # label, folded surface


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as the flow has it: its name, the label whose values fit, the list that fills it, the
    surrogates that stood there, in how many dialogues, and whether the user tells it."""

    name: str
    label: str
    list: str
    seen: tuple[Value, ...]
    dialogues: int
    by_user: bool


@dataclass(slots=True)
class _Seen:
    label: str
    values: dict[Value, None] = field(default_factory=dict)
    dialogues: set[int] = field(default_factory=set)
    by_user: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """The examples with slots under the names of the flow; these slots, those first that users
    tell; and the slot that an act asks for, where its name or the replies say so."""

    examples: list[Example]
    slots: dict[str, Slot]
    asked: dict[str, str]


def named(examples: Sequence[Example], acts: Acts) -> Named:
    """Name the slots of examples."""
    asked = _asked(examples, acts)
    roles = {key: name for key, name in asked.items() if name != key[0]}
    seen: dict[str, _Seen] = {}
    told = {
        ref.label
        for one in examples
        for turn in one.turns
        if turn.speaker == "user"
        for ref in turn.pattern.slots
    }
    made = []
    for number, one in enumerate(examples):
        names: dict[Identity, str] = {}
        turns = []
        before = ""
        for turn, act in zip(one.turns, acts.names[number], strict=True):
            turns.append(_renamed(turn, before, names, roles, told))
            before = act
            for old, ref in zip(turn.pattern.slots, turns[-1].pattern.slots, strict=True):
                entry = seen.setdefault(ref.name, _Seen(old.label))
                entry.values[turn.values[old.name]] = None
                entry.dialogues.add(number)
                entry.by_user |= turn.speaker == "user"
        made.append(replace(one, turns=tuple(turns)))
    ordered = sorted(seen, key=lambda name: (not seen[name].by_user, -len(seen[name].dialogues)))
    usual = {name: _words(entry.values) for name, entry in seen.items()}
    slots = {
        name: Slot(
            name,
            seen[name].label,
            seen[name].label if usual.get(seen[name].label) == usual[name] else name,
            tuple(seen[name].values),
            len(seen[name].dialogues),
            seen[name].by_user,
        )
        for name in ordered
    }
    return Named(made, slots, {act: name for (_, act), name in asked.items()})


@dataclass(slots=True)
class _Told:
    """After an act: replies, and of a label in how many dialogues it was then told first, in how
    many of these beside another value of the label."""

    dialogues: set[int] = field(default_factory=set)
    beside: set[int] = field(default_factory=set)


def _asked(examples: Sequence[Example], acts: Acts) -> dict[tuple[str, str], str]:
    """(label, act) -> what the value is called that the act asks for: the label itself of the act
    that is named after it, or has it told most; of others a name of their own, where users mostly
    tell another value of the label too."""
    first: dict[str, dict[str, _Told]] = defaultdict(lambda: defaultdict(_Told))
    replies: Counter[str] = Counter()
    for number, one in enumerate(examples):
        known: set[Identity] = set()
        before = ""
        for turn, act in zip(one.turns, acts.names[number], strict=True):
            replies[before] += turn.speaker == "user"
            told_before = {label for label, _ in known}
            for ref in turn.pattern.slots:
                identity = _identity(turn, ref)
                if turn.speaker == "user" and before and identity not in known:
                    told = first[ref.label][before]
                    told.dialogues.add(number)
                    if ref.label in told_before:
                        told.beside.add(number)
                known.add(identity)
            before = act
    found: dict[tuple[str, str], str] = {}
    taken = set(first)
    most: Counter[str] = Counter()
    for by_act in first.values():
        for act, told in by_act.items():
            most[act] = max(most[act], len(told.dialogues))
    for label, by_act in first.items():
        asking = {
            act: told
            for act, told in by_act.items()
            if acts.notation[act] == "REQUEST"
            and len(told.dialogues) == most[act] >= ASKED * replies[act]
        }
        called = [act for act in acts.notation if _called(label, act, acts)]
        if all(replies[act] < OFTEN for act in called):
            called = []
        main = called or sorted(asking, key=lambda act: -len(asking[act].dialogues))[:1]
        found |= {(label, act): label for act in main}
        for act, told in sorted(asking.items()):
            name = slug(act.replace("_", " "), _ASKING)
            often = len(told.dialogues) >= OFTEN and 2 * len(told.beside) >= len(told.dialogues)
            if act not in main and often and name[:1].isalpha() and name not in taken:
                found[label, act] = name
                taken.add(name)
    return found


def _called(label: str, act: str, acts: Acts) -> bool:
    words = set(act.split("_"))
    return acts.notation[act] == "REQUEST" and words >= set(slug(label).split("_"))


def _words(values: Iterable[Value]) -> int:
    """How many words most of these values have."""
    return Counter(len(value.surface.split()) for value in values).most_common(1)[0][0]


def _identity(turn: Turn, ref: SlotRef) -> Identity:
    return ref.label, fold(turn.values[ref.name].surface)


def _renamed(
    turn: Turn,
    before: str,
    names: dict[Identity, str],
    roles: Mapping[tuple[str, str], str],
    told: set[str],
) -> Turn:
    """A turn with the names that its values have in the dialogue (`names`, which grows)."""
    used: dict[str, Identity] = {}
    values: dict[str, Value] = {}
    parts: list[str | SlotRef] = []
    annotated = iter(turn.annotated)
    for part in turn.pattern.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        identity = _identity(turn, part)
        if next(annotated, False):  # the data say what it is; a value may change
            name = _free(part.label, identity, used)
        elif identity in names:
            name = names[identity]
        else:
            role = roles.get((part.label, before)) if turn.speaker == "user" else None
            given = part.label if part.label in told or turn.speaker == "user" else None
            base = role or given or f"given_{part.label}"
            name = names[identity] = _nth(base, names.values())
        used[name] = identity
        values.setdefault(name, turn.values[part.name])
        parts.append(SlotRef(name, name))
    return replace(turn, pattern=Pattern(tuple(parts)), values=values)


def _free(label: str, identity: Identity, used: Mapping[str, Identity]) -> str:
    return _nth(label, (name for name, other in used.items() if other != identity))


def _nth(name: str, taken: Iterable[str]) -> str:
    """The name, or the first of `second_name`, `third_name` … that is free. (`name_2` is what the
    second `{name}` of a sentence is called.)"""
    used = set(taken)
    free, number = name, 1
    while free in used:
        number += 1
        prefix = ORDINALS[number - 2] if number - 2 < len(ORDINALS) else f"no{number}"
        free = f"{prefix}_{name}"
    return free


def counted(turns: Sequence[Turn]) -> Counter[str]:
    """In how many of these turns each slot stands."""
    return Counter(name for turn in turns for name in {ref.name for ref in turn.pattern.slots})
