"""What synthetic rows are worth to a slot tagger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import keyed, models
from textsynth.corpus import column
from textsynth.evaluate import Context, Estimate, Figure, Findings, Sets, tagging
from textsynth.evaluate.scoring import Draws, estimate, figure
from textsynth.evaluate.trials import FEWEST, kept

# A tagger learns from at most so many rows of each side and is tested on at most so many: with 40
# slots a run of more would take minutes.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Sentence:
    """A row as the tagger has it."""

    seen: list[list[str]]
    tags: list[str]


def of_slots(sets: Sets, context: Context, weight: float, seeds: int) -> Findings:
    """`slot_f1` of taggers trained on real rows, on synthetic ones and on both, and `slot_gain`.

    CRFsuite knows no weights: where both are learnt, every real row stands there 1 / `weight` times
    (rounded).
    """
    tables = {"real": sets.real, "synthetic": sets.synthetic, "holdout": sets.holdout}
    having = {name: sum(map(bool, column(table, "slots"))) for name, table in tables.items()}
    fault = _fault(having)
    if fault is not None:
        return Findings([], [fault] if fault else [])
    real, made = (_sentences(sets.real, context.seed), _sentences(sets.synthetic, context.seed))
    real = real if having["real"] else []
    holdout = _sentences(sets.holdout, context.seed)[:MOST]
    copies = max(1, round(1 / weight))
    counts: dict[str, list[Any]] = {}
    for run in range(seeds):
        first, second = (_drawn(side, context.seed, run) for side in (real, made))
        arms = {"real": first, "synthetic": second, "both": first * copies + second}
        for arm, rows in arms.items():
            if real or arm == "synthetic":
                found = _tags(rows, holdout, context.seed + run)
                gold = [one.tags for one in holdout]
                counts.setdefault(arm, []).append(tagging.span_counts(gold, found))
    return Findings(_figures(counts, context), _remarks(real, made, sets))


def _fault(having: Mapping[str, int]) -> str | None:
    """Why slots are not measured, by how many rows of each side have some; empty where none has."""
    if not any(having.values()):
        return ""
    if not having["holdout"]:
        return "The holdout has no slots: what the rows do to slots was not measured."
    if not having["synthetic"]:
        return "The synthetic rows have no slots: what they do to slots was not measured."
    count = having["holdout"]
    if count < FEWEST:
        return (
            f"The holdout has {count} row{'s' * (count > 1)} with slots, and {FEWEST} are needed:"
            " what the rows do to slots was not measured."
        )
    missing = [name for name in ("pycrfsuite", "seqeval") if not models.installed(name)]
    if missing:
        return (
            f"Slots were not measured: {' and '.join(missing)} cannot be imported;"
            ' pip install "textsynth-corpus[evaluate]".'
        )
    return None


def _sentences(table: pa.Table, seed: int) -> list[Sentence]:
    """The rows in an order by key."""
    rows = [
        (text, sorted((slot["start"], slot["end"], slot["label"]) for slot in slots or ()))
        for text, slots in zip(column(table, "text"), column(table, "slots"), strict=True)
    ]
    rows.sort()
    order = keyed.order(keyed.stream(seed, "slots"), [text for text, _ in rows])
    sentences = []
    for at in order[: 2 * MOST]:
        words, tags = tagging.sentence(*rows[at])
        sentences.append(Sentence(tagging.features(words), tags))
    return sentences


def _drawn(rows: Sequence[Sentence], seed: int, run: int) -> list[Sentence]:
    """What a run learns of one side: nine tenths, and no more than `MOST`."""
    order = np.argsort(keyed.bits(keyed.stream(seed, "slots", run), np.arange(len(rows))))
    return [rows[at] for at in order[: min(MOST, kept(len(rows)))]]


def _tags(rows: Sequence[Sentence], judged: Sequence[Sentence], seed: int) -> list[list[str]]:
    tag = tagging.train(((row.seen, row.tags) for row in rows), seed)
    return tag([row.seen for row in judged])


def _figures(counts: dict[str, list[npt.NDArray[np.int64]]], context: Context) -> list[Figure]:
    runs = next(iter(counts.values()))
    draws = Draws.of(len(runs[0]), len(runs), context)
    scores = {
        arm: draws.mean(np.stack([tagging.f1(draws.texts @ run) for run in own], axis=1))
        for arm, own in counts.items()
    }
    figures = []
    reference: Estimate | None = None
    if "real" in scores:
        figures.append(figure("slot_gain", estimate(scores["both"] - scores["real"])))
    for arm, values in scores.items():
        found = estimate(values)
        figures.append(figure("slot_f1", found, {"trained_on": arm}, reference))
        if arm == "real":
            reference = found
    return figures


def _remarks(real: Sequence[Sentence], made: Sequence[Sentence], sets: Sets) -> list[str]:
    said = []
    if not real:
        said.append("No real rows have slots: the gain in slots was not measured.")
    if max(kept(len(real)), kept(len(made)), sets.holdout.num_rows) > MOST:
        said.append(
            f"Taggers of slots learn from at most {MOST:,} rows of each side and are tested on at"
            f" most {MOST:,}."
        )
    return said
