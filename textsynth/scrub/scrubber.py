"""The scrub: seeds in, patterns with surrogates and values out.

1. every row is planned by itself: annotated slots, and what the detector finds;
2. every full value that goes from one row is sought in all of them;
3. every value that goes gets its surrogate, and the rows are written again as patterns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from textsynth import keyed, patterns
from textsynth.corpus import Utterance, fold, substitute
from textsynth.patterns import Pattern, SlotRef, Value
from textsynth.scrub import policy
from textsynth.scrub.detect import Found
from textsynth.scrub.fill import Filled, fill, value_lists
from textsynth.scrub.kinds import NAMES
from textsynth.scrub.plan import Cut, Plan, plan
from textsynth.scrub.policy import Settings
from textsynth.scrub.surrogates import Surrogates
from textsynth.scrub.sweep import Removed, is_full, is_name, matcher, squeeze
from textsynth.values import ValueList

_WORD = re.compile(r"[^\W_]+")
Progress = Callable[[int, int], None]


class Detects(Protocol):
    """What the scrub asks of a detector (`detect.Detector` is one)."""

    def detect(self, texts: Sequence[str], progress: Progress | None = None) -> list[list[Found]]:
        """The detections in each text."""


@dataclass(frozen=True, slots=True)
class SeedPattern:
    """A scrubbed seed: `patterns.realise(pattern, values)` is a readable utterance.

    `annotated` says of each slot, in the order of the text, whether the seeds have it; the scrub
    found the others.
    """

    id: str
    intent: str | None
    language: str
    pattern: Pattern
    values: dict[str, Value]
    annotated: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """Seeds without identities.

    `lists` has values for each label of the patterns. `removed` is for the leak check and lives in
    memory only. `counts` are values taken out by label, `kept_counts` detections that stayed since
    the seeds' own annotation says what stands there, `changed` the rows whose text is another now.
    """

    patterns: list[SeedPattern]
    lists: dict[str, ValueList]
    removed: list[Removed]
    counts: dict[str, int]
    kept_counts: dict[str, int]
    changed: int

    def utterances(self) -> list[Utterance]:
        """The scrubbed seeds as rows: same ids, surrogates in the text, exact spans."""
        rows = []
        for seed in self.patterns:
            text, slots = patterns.realise(seed.pattern, seed.values)
            rows.append(
                Utterance(
                    id=seed.id,
                    text=text,
                    intent=seed.intent,
                    slots=slots,
                    pattern=str(seed.pattern),
                    language=seed.language,
                )
            )
        return rows


def scrub(
    utterances: Sequence[Utterance],
    *,
    settings: Settings,
    detector: Detects,
    secret: bytes,
    seed: int,
    known_labels: Iterable[str] = (),
    progress: Progress | None = None,
) -> Scrubbed:
    """Take the identities out of seeds (of one language).

    Args:
        settings: what goes and what stays.
        detector: finds what is not annotated.
        secret: keys the surrogates and hashes; one secret gives one original one surrogate.
        seed: of the pools of made-up values.
        known_labels: slot labels that `settings` may name though no seed has them.
        progress: told (done, total) while the detector reads.

    Raises:
        RecipeError: the settings name an unknown entity or label.
    """
    settings.check({*known_labels, *(slot.label for row in utterances for slot in row.slots)})
    found = detector.detect([utterance.text for utterance in utterances], progress)
    common = _common(utterances, found)
    plans = [
        plan(utterance, several, settings, common)
        for utterance, several in zip(utterances, found, strict=True)
    ]
    known = _known(plans, common, secret)
    while _sweep(plans, known, common):  # A value grown in one row may stand in another.
        known = _known(plans, common, secret)
    removed = [entry for entry, _ in known]
    language = utterances[0].language if utterances else "en"
    surrogates = Surrogates(language, secret, seed)
    surrogates.assign((row.surface(cut), cut.provider) for row in plans for cut in row.cuts)
    filled = [fill(row, surrogates) for row in plans]
    return Scrubbed(
        patterns=[
            _seed_pattern(row.utterance, new) for row, new in zip(plans, filled, strict=True)
        ],
        lists=value_lists((slot for new in filled for slot in new.slots), surrogates),
        removed=removed,
        counts=_sorted(Counter(cut.label for row in plans for cut in row.cuts)),
        kept_counts=_sorted(Counter(label for row in plans for label in row.overruled)),
        changed=sum(bool(row.cuts) for row in plans),
    )


def unscrubbed(utterances: Sequence[Utterance]) -> Scrubbed:
    """Seeds as patterns with nothing taken out, for recipes that turn the scrub off."""
    labels = dict.fromkeys(slot.label for row in utterances for slot in row.slots)
    settings = Settings(keep=tuple(labels))
    surrogates = Surrogates("en", b"", 0)
    filled = [fill(plan(utterance, [], settings, ()), surrogates) for utterance in utterances]
    return Scrubbed(
        patterns=[_seed_pattern(row, new) for row, new in zip(utterances, filled, strict=True)],
        lists=value_lists((slot for new in filled for slot in new.slots), surrogates),
        removed=[],
        counts={},
        kept_counts={},
        changed=0,
    )


def _common(utterances: Sequence[Utterance], found: Sequence[Sequence[Found]]) -> set[str]:
    """The words in lower case that stand outside all detections."""
    words: set[str] = set()
    for utterance, several in zip(utterances, found, strict=True):
        rest, _ = substitute(utterance.text, [(one.start, one.end, " ") for one in several])
        words.update(word for word in _WORD.findall(rest) if word.islower())
    return words


def _known(
    plans: Sequence[Plan], common: Collection[str], secret: bytes
) -> list[tuple[Removed, Cut]]:
    """The distinct values that go, each with the first cut that took it out.

    A value that the seeds annotate as something harmless (the artist who is called like a contact)
    goes where it was found, but is not sought elsewhere; nor is a name that is also a common word.
    """
    public = [
        row.surface(span)
        for row in plans
        for span in row.spans
        if span.annotated and span.action != "surrogate" and not policy.free_text(span.label)
    ]
    public_values = {squeeze(surface) for surface in public}
    public_words = {word for surface in public for word in _WORD.findall(surface)}

    def full(value: str, cut: Cut) -> bool:
        if not cut.sought or squeeze(value) in public_values:
            return False
        harmless = value in public_words or value.casefold() in common
        return is_full(value) or (is_name(value) and not harmless)

    known: dict[tuple[str, str], tuple[Removed, Cut]] = {}
    for row in plans:
        for cut in row.cuts:
            value = row.surface(cut)
            if (fold(value), cut.label) not in known:
                digest = keyed.secret_hash(secret, fold(value))
                entry = Removed(value, cut.label, digest, full(value, cut))
                known[fold(value), cut.label] = (entry, cut)
    return list(known.values())


def _sweep(
    plans: Iterable[Plan], known: Iterable[tuple[Removed, Cut]], common: Collection[str]
) -> bool:
    """Cut every full value wherever else it stands; whether there was any."""
    cuts = {entry.value: cut for entry, cut in reversed(list(known))}
    search = matcher(entry for entry, _ in known)
    swept = False
    for row in plans:
        for hit in search.find(row.utterance.text):
            cut = cuts[hit.value]
            start, end = hit.start, hit.end
            if not row.uncut(start, end):
                continue
            swept = True
            row.take_in(start, end)
            if cut.provider in NAMES and not row.touched(start, end):
                start, end = row.grown(start, end, common)
            for left, right in row.uncut(start, end):
                row.cut_out(left, right, cut.label, cut.provider)
    return swept


def _seed_pattern(utterance: Utterance, filled: Filled) -> SeedPattern:
    """The pattern of a rewritten row. `delexicalise` gives one name to surfaces that differ in case
    alone; they get two here, so that realising gives the text back as it was."""
    drafted = patterns.delexicalise(
        filled.text, [(slot.start, slot.end, slot.label) for slot in filled.slots]
    )
    values: dict[str, Value] = {}
    parts: list[str | SlotRef] = []
    slots = iter(filled.slots)
    for part in drafted.parts:
        if isinstance(part, SlotRef):
            slot = next(slots)
            part = _name(part, slot.value, values)
            values[part.name] = slot.value
        parts.append(part)
    return SeedPattern(
        id=utterance.id,
        intent=utterance.intent,
        language=utterance.language,
        pattern=Pattern(tuple(parts)),
        values=values,
        annotated=tuple(slot.annotated for slot in filled.slots),
    )


def _name(ref: SlotRef, value: Value, values: Mapping[str, Value]) -> SlotRef:
    names = [ref.name, *(f"{ref.label}_{number}" for number in range(2, len(values) + 3))]
    free = next(name for name in names if values.get(name, value) == value)
    return SlotRef(ref.label, free)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
