"""The scrub: seeds in, patterns with surrogates and values out.

1. the detector reads every row, and what its slots mean;
2. every row is planned, and every full value that goes from one is sought in all (`survey`);
3. every value that goes gets its surrogate, and the rows are written again as patterns.

`rows` does the same to the rows of a file, chunk by chunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Protocol

from textsynth import firstnames, gendered, patterns
from textsynth.corpus import Utterance
from textsynth.patterns import Pattern, SlotRef, Value
from textsynth.scrub import canonical
from textsynth.scrub.fill import Filled, fill, value_lists
from textsynth.scrub.plan import Plan, plan
from textsynth.scrub.policy import Settings
from textsynth.scrub.spans import Found
from textsynth.scrub.surrogates import Surrogates
from textsynth.scrub.survey import Knowledge, common_words, learn, planned, tally
from textsynth.scrub.sweep import Removed
from textsynth.values import ValueList

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
    the seeds' own annotation says what stands there, `dropped` rows that went as a whole, by the
    label for which they did, `changed` the rows whose text is another now.
    """

    patterns: list[SeedPattern]
    lists: dict[str, ValueList]
    removed: list[Removed]
    counts: dict[str, int]
    kept_counts: dict[str, int]
    dropped: dict[str, int]
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
    balance: Collection[str] = (),
    progress: Progress | None = None,
) -> Scrubbed:
    """Take the identities out of seeds (of one language).

    Args:
        settings: what goes and what stays.
        detector: finds what is not annotated.
        secret: keys the surrogates and hashes; one secret gives one original one surrogate.
        seed: of the pools of made-up values.
        known_labels: slot labels that `settings` may name though no seed has them.
        balance: `gender`, `origin`: surrogate names are drawn evenly over these. A name beside a
            gendered word ("Mrs", "her") keeps its gender.
        progress: told (done, total) while the detector reads.

    Raises:
        RecipeError: the settings name an unknown entity or label.
    """
    settings.check({*known_labels, *(slot.label for row in utterances for slot in row.slots)})
    meant = canonical.texts(utterances)
    texts = [*utterances, *meant.values()]
    found = detector.detect([text.text for text in texts], progress)
    size = len(utterances)
    knowledge = Knowledge(settings, frozenset(common_words(utterances, found[:size])))
    survey = learn(knowledge, lambda known: [tally(texts, found, known)])
    language = utterances[0].language if utterances else "en"
    every = [planned(text, at, survey.knowledge) for text, at in zip(texts, found, strict=True)]
    plans, values = every[:size], dict(zip(meant, every[size:], strict=True))
    for row in plans:
        told = (values[key].dropped for key in canonical.apart(row.utterance))
        row.dropped = row.dropped or next(filter(None, told), None)
    dropped = Counter(row.dropped for row in plans if row.dropped)
    plans = [row for row in plans if not row.dropped]
    surrogates = Surrogates(language, secret, seed, balance)
    surrogates.assign(survey.pairs(), _bound(plans) if "gender" in balance else frozenset())
    means = {key: fill(row, surrogates).text for key, row in values.items()}
    filled = [fill(row, surrogates, means) for row in plans]
    return Scrubbed(
        patterns=[
            _seed_pattern(row.utterance, new) for row, new in zip(plans, filled, strict=True)
        ],
        lists=value_lists((slot for new in filled for slot in new.slots), surrogates),
        removed=survey.removed(secret),
        counts=_sorted(Counter(cut.label for row in plans for cut in row.cuts)),
        kept_counts=_sorted(Counter(label for row in plans for label in row.overruled)),
        dropped=_sorted(dropped),
        changed=sum(bool(row.cuts) for row in plans),
    )


def _bound(plans: Iterable[Plan]) -> frozenset[str]:
    """The words that go from rows with a gendered word, which speaks of whom they name."""
    words: set[str] = set()
    for row in plans:
        told = gendered.mentions(row.utterance.text, row.utterance.slots) if row.cuts else []
        if any(one.kind in ("pronoun", "title") for one in told):
            words.update(word for cut in row.cuts for word in row.surface(cut).split())
    return frozenset(map(firstnames.plain, words))


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
        dropped={},
        changed=0,
    )


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
    names = chain([ref.name], (f"{ref.label}_{number}" for number in count(2)))
    free = next(name for name in names if values.get(name, value) == value)
    return SlotRef(ref.label, free)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
