"""Writing planned rows again with surrogates, and the values that their slots may take."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, islice

from textsynth.corpus import substitute
from textsynth.patterns import Value
from textsynth.scrub import policy
from textsynth.scrub.canonical import Meant
from textsynth.scrub.plan import Plan
from textsynth.scrub.surrogates import Surrogates, provider_for
from textsynth.values import ValueList

# Values in a list that mixes surrogates with values seen, each in the share that the seeds have.
MIXED = 1000


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot of a rewritten row. `provider` is what its surrogate was drawn from, None where the
    value seen stays; `original` is what stood there before."""

    start: int
    end: int
    label: str
    value: Value
    annotated: bool
    original: str
    provider: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A rewritten row."""

    text: str
    slots: list[FilledSlot]


def fill(row: Plan, surrogates: Surrogates, meant: Mapping[Meant, str] | None = None) -> Filled:
    """Put the surrogates in and move the slots with the text. `meant` has what becomes of canonical
    values that are another text than their words (see `canonical`)."""
    made = [
        (cut.start, cut.end, surrogates.replace(row.surface(cut), cut.provider)) for cut in row.cuts
    ]
    text, _ = substitute(row.utterance.text, made)

    ends = [end for _, end, _ in made]
    shifts = [0, *accumulate(len(new) - (end - start) for start, end, new in made)]

    def moved(place: int) -> int:
        return place + shifts[bisect_right(ends, place)]

    slots = []
    for span in row.spans:
        start, end = moved(span.start), moved(span.end)
        inside = row.cuts_in(span)
        gone = inside[0].provider if span.action == "surrogate" else None
        canonical = (meant or {}).get((span.label, span.canonical), span.canonical)
        if inside or span.canonical == row.surface(span) or surrogates.tells(canonical):
            canonical = text[start:end]  # what was removed may stand in it
        value = Value(text[start:end], canonical)
        slots.append(
            FilledSlot(start, end, span.label, value, span.annotated, row.surface(span), gone)
        )
    return Filled(text, slots)


def value_lists(slots: Iterable[FilledSlot], surrogates: Surrogates) -> dict[str, ValueList]:
    """The values for each slot label: those seen, or made-up ones where they were removed."""
    by_label: dict[str, list[FilledSlot]] = {}
    for slot in slots:
        by_label.setdefault(slot.label, []).append(slot)
    return {label: _values(label, by_label[label], surrogates) for label in sorted(by_label)}


def _values(label: str, slots: Sequence[FilledSlot], surrogates: Surrogates) -> ValueList:
    kept = [slot.value for slot in slots if slot.provider is None]
    gone = [slot for slot in slots if slot.provider is not None]
    if not gone:
        return ValueList(label, tuple(dict.fromkeys(kept)), "seeds")
    by_provider: dict[str, list[FilledSlot]] = {}
    for slot in gone:
        by_provider.setdefault(provider_for(slot.original, slot.provider or ""), []).append(slot)
    values: list[Value] = []
    for provider, those in sorted(by_provider.items()):
        quota = max(1, round(MIXED * len(those) / len(slots)))
        values += _made_up(provider, those, quota, surrogates)
    if kept:
        share = len(kept) / len(gone)
        values += islice(cycle(sorted(kept, key=str)), max(1, round(len(values) * share)))
    return ValueList(label, tuple(values), f"surrogates: {', '.join(sorted(by_provider))}")


def _made_up(
    provider: str, slots: Sequence[FilledSlot], quota: int, surrogates: Surrogates
) -> list[Value]:
    """Values from a pool, written as most of the originals are: "ann's" where they were "jim's"."""
    originals = [slot.original for slot in slots]
    pool = surrogates.made_up(originals, provider)
    written = Counter(
        (original.islower(), policy.without_possessive(original) != original)
        for original in originals
    )
    (lower, possessive), _ = written.most_common(1)[0]
    suffix = "'s" if possessive else ""
    surfaces = [f"{text.lower() if lower else text}{suffix}" for text in pool[:quota]]
    return [Value(surface, surface) for surface in dict.fromkeys(surfaces)]
