"""What the scrub did: figures, places to look at, and no original value.

An `Account` is kept of every piece of a file and added up. Where it shows sentences they are
scrubbed ones, and none in which a removed value can still be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from textsynth import keyed
from textsynth.corpus import fold
from textsynth.scrub.policy import THRESHOLDS, Settings
from textsynth.scrub.rows import Part, Rewritten
from textsynth.scrub.surrogates import Surrogates
from textsynth.scrub.survey import Sweep
from textsynth.scrub.sweep import squeeze

EXAMPLES = 20
LISTED = 1000
# What precision mode would not have taken out is worth a look.
DOUBTFUL = THRESHOLDS["precision"]
LONGEST_EXAMPLE = 400


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A written row that still holds a removed value. `kept`: a label that is kept holds it."""

    line: int
    row: str
    label: str
    hash: str
    kept: bool


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """A scrubbed sentence and where something else stands in it now: (start, end, label, score),
    the score of the detection or None. `row` orders examples at random, since it is a keyed hash.
    """

    row: str
    text: str
    marks: tuple[tuple[int, int, str, float | None], ...]


@dataclass(slots=True)
class Account:
    """The figures of some rows; those by label count every row, also where rows are equal."""

    rows: int = 0
    changed: int = 0
    replaced: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)
    leaking: int = 0
    leaking_kept: int = 0
    examples: list[Example] = field(default_factory=list)
    doubtful: list[Example] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Add the account of the rows that follow."""
        self.rows += other.rows
        self.changed += other.changed
        self.replaced += other.replaced
        self.kept += other.kept
        self.dropped += other.dropped
        self.leaks = [*self.leaks, *other.leaks][:LISTED]
        self.leaking += other.leaking
        self.leaking_kept += other.leaking_kept
        self.examples = _first([*self.examples, *other.examples])
        self.doubtful = _first([*self.doubtful, *other.doubtful])


def account(
    rewritten: Iterable[Rewritten],
    sought: Sequence[Sweep],
    surrogates: Surrogates,
    secret: bytes,
) -> Account:
    """The account of a piece; its rows are searched for everything that is sought."""
    total = Account()
    for row in rewritten:
        if row.dropped:
            total.dropped[row.dropped] += 1
            continue
        total.rows += 1
        total.changed += row.data != row.row.data
        for part in row.parts:
            total.replaced.update(cut.label for cut in part.plan.cuts)
            total.kept.update(part.plan.overruled)
            total.kept.update(
                span.label
                for span in part.plan.spans
                if not span.annotated and span.action in ("slot", "keep")
            )
        moved = _moved_dates(row, surrogates)
        leaks = [leak for part in row.parts for leak in _leaks(row, part, sought, moved, secret)]
        total.leaking += len(leaks)
        total.leaking_kept += sum(leak.kept for leak in leaks)
        total.leaks += leaks[: LISTED - len(total.leaks)]
        text = row.parts[0].filled.text
        if len(text) <= LONGEST_EXAMPLE and not leaks and row.parts[0].plan.spans:
            _show(row, total, surrogates)
    total.examples = _first(total.examples)
    total.doubtful = _first(total.doubtful)
    return total


def _moved_dates(row: Rewritten, surrogates: Surrogates) -> set[str]:
    """What became of the dates of a row, those in what its slots mean too."""
    return {
        squeeze(surrogates.replace(part.plan.surface(cut), cut.provider))
        for part in row.parts
        for cut in part.plan.cuts
        if cut.provider == "date"
    }


def _leaks(
    row: Rewritten, part: Part, sought: Sequence[Sweep], moved: set[str], secret: bytes
) -> Iterator[Leak]:
    """The hits of what is sought, but for dates that were `moved` to another row's date."""
    text, slots = part.filled.text, part.filled.slots
    kept = [
        (slot.start, slot.end)
        for span, slot in zip(part.plan.spans, slots, strict=True)
        if span.action == "keep"
    ]
    said = {slot.value.canonical for slot in slots if slot.value.canonical != slot.value.surface}
    for sweep in sought:
        for searched in (text, *sorted(said)):
            for hit in sweep.search.find(searched):
                label, provider = sweep.cuts[hit.value]
                if provider == "date" and squeeze(searched[hit.start : hit.end]) in moved:
                    continue
                digest = keyed.secret_hash(secret, fold(hit.value))
                in_kept = searched == text and any(
                    start < hit.end and hit.start < end for start, end in kept
                )
                yield Leak(row.row.line, row.row.utterance.id, label, digest, in_kept)


def _show(row: Rewritten, total: Account, surrogates: Surrogates) -> None:
    """Put the text of a row among the examples, if it is one and tells nothing."""
    part = row.parts[0]
    marks: list[tuple[int, int, str, float | None]] = []
    doubtful: list[tuple[int, int, str, float | None]] = []
    for span, slot in zip(part.plan.spans, part.filled.slots, strict=True):
        scores = [f.score for f in part.found if f.start < span.end and span.start < f.end]
        score = round(max(scores), 2) if scores else None
        mark = (slot.start, slot.end, span.label, score)
        if part.plan.cuts_in(span):
            marks.append(mark)
        if score is not None and score < DOUBTFUL:
            doubtful.append(mark)
    if (marks or doubtful) and not surrogates.tells(part.filled.text):
        shown = row.row.utterance.id, part.filled.text
        total.examples += [Example(*shown, tuple(marks))] if marks else []
        total.doubtful += [Example(*shown, tuple(doubtful))] if doubtful else []


def _first(examples: Iterable[Example]) -> list[Example]:
    return sorted(set(examples))[:EXAMPLES]


def report(
    total: Account,
    *,
    settings: Settings,
    removed: int,
    sought: int,
    quarantined: Sequence[Mapping[str, Any]] = (),
    duplicates: int = 0,
    models: Sequence[str] = (),
    seconds: float = 0.0,
    workers: int = 1,
) -> dict[str, Any]:
    """A JSON-able account of a scrub; values appear as keyed hashes only.

    `leaks` lists the written rows in which a removed value can still be found (the first 1,000;
    `leak_count` has them all, `leak_count_kept` those that a kept label holds).

    Args:
        total: of all rows.
        settings: those used; of the values that they name only the number is told.
        removed: how many distinct values went, and how many of them were
        sought: in all rows.
        quarantined: for each row that was not read `line`, `reason` and `hash`.
        duplicates: rows that were equal to another.
        models: the names of the models that read.
        seconds: how long it took, with so many `workers`.
    """
    reasons = Counter(entry["reason"] for entry in quarantined)
    labels = sorted({*total.replaced, *total.kept})
    rows_in = total.rows + total.dropped.total() + len(quarantined)
    return {
        "rows_read": rows_in,
        "rows": total.rows,
        "rows_changed": total.changed,
        "duplicates": duplicates,
        "dropped": dict(sorted(total.dropped.items())),
        "quarantined": dict(sorted(reasons.items())),
        "quarantined_rows": list(quarantined[:LISTED]),
        "labels": {
            label: {
                "found": total.replaced[label] + total.kept[label],
                "replaced": total.replaced[label],
                "kept": total.kept[label],
            }
            for label in labels
        },
        "removed": dict(sorted(total.replaced.items())),
        "removed_distinct": removed,
        "removed_sought": sought,
        "leak_count": total.leaking,
        "leak_count_kept": total.leaking_kept,
        "leaks": [
            {
                "line": leak.line,
                "row": leak.row,
                "label": leak.label,
                "hash": leak.hash,
                "kept": leak.kept,
            }
            for leak in total.leaks
        ],
        "examples": [_example(example) for example in total.examples],
        "doubtful": [_example(example) for example in total.doubtful],
        "settings": {
            "entities": settings.entities,
            "keep": settings.keep,
            "labels": dict(settings.labels),
            "mode": settings.mode,
            "min_score": settings.threshold,
            "allow": len(settings.allow),
            "deny": {name: len(values) for name, values in settings.deny.items()},
        },
        "models": list(models),
        "workers": workers,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows_in / seconds, 1) if seconds else None,
    }


def _example(example: Example) -> dict[str, Any]:
    marks = [
        {"start": start, "end": end, "label": label, "score": score}
        for start, end, label, score in example.marks
    ]
    return {"row": example.row, "text": example.text, "marks": marks}


def page(told: Mapping[str, Any]) -> str:
    """A report as one HTML page that needs nothing else."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number="{:,}".format, pieces=_pieces)
    template = files("textsynth.scrub").joinpath("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(told=told)


def _pieces(example: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any] | None]]:
    """A sentence in pieces, those with a mark beside it and those without."""
    text: str = example["text"]
    pieces: list[tuple[str, Mapping[str, Any] | None]] = []
    at = 0
    for mark in example["marks"]:
        pieces += [(text[at : mark["start"]], None), (text[mark["start"] : mark["end"]], mark)]
        at = mark["end"]
    return [*pieces, (text[at:], None)]
