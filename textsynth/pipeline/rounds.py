"""A round of the adversarial filter: judge, drop, see what it cost, and undo what cost too much."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textsynth import corpus, filters, registry
from textsynth.evaluate import diversity
from textsynth.filters.select import PerPattern, attainable, cells_of, groups_of, most
from textsynth.pipeline.prepare import Cell
from textsynth.recipe import Recipe
from textsynth.sections import Step

# What a round may cost of variety, and of the distance from the seeds, before it is undone.
TOLERANCE = 0.05
SAMPLE = 1000
BLOCK = 512
# The least by which the AUC must fall from one round to the next to count as progress.
PROGRESS = 0.005


@dataclass(frozen=True, slots=True)
class Variety:
    """How varied a pool is, on a keyed sample; compare samples of equal size only.

    Attributes:
        distinct_2: distinct over all word bigrams.
        self_bleu: mean BLEU of a text against the others.
        clusters: texts needed to have one within a cosine of 0.8 of each.
        nearest_seed: mean cosine distance to the nearest seed; None without seeds.
        origins: the share of each origin in the whole pool.
    """

    distinct_2: float
    self_bleu: float
    clusters: int
    nearest_seed: float | None
    origins: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Round:
    """One round, as the manifest and the terminal show it.

    Attributes:
        number: from 1.
        judged, added: rows in the pool, and how many of them are new in this round.
        dropped: rows that went; 0 where the round was undone.
        auc: of the discriminator, out of fold, before anything is dropped; None where none could be
            trained.
        before, after: the pool's variety, on samples of equal size.
        undone: what fell too far, if anything did.
    """

    number: int
    judged: int
    added: int
    dropped: int
    auc: float | None
    before: Variety
    after: Variety
    undone: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The pool with its scores, why each row goes (or None), and the account of the round."""

    pool: pa.Table
    reasons: list[str | None]
    round: Round
    note: str | None


def judge(
    step: Step,
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    recipe: Recipe,
    context: filters.Context,
    number: int,
    added: int,
) -> Judged:
    """Judge a pool: the most detectable go, but no cell falls below its quota, and nothing goes
    where the pool would lose over 5 % of its variety or of its distance from the seeds."""
    verdicts = registry.find("filters", step.name)(pool, context, **step.options)
    for name, measured in verdicts.scores.items():
        pool = corpus.add_scores(pool, name, measured)
    scores = verdicts.scores.get("detectability", [0.0] * pool.num_rows)
    per_pattern = recipe.generate.rows_of_pattern()
    stay = spared(pool, verdicts.reasons, scores, quotas, per_pattern, recipe.seed)
    reasons = [None if row in stay else why for row, why in enumerate(verdicts.reasons)]
    kept = corpus.take(pool, [row for row, why in enumerate(reasons) if why is None])
    size = min(SAMPLE, kept.num_rows)
    before = variety(pool, context, size, recipe.seed)
    after = variety(kept, context, size, recipe.seed) if kept.num_rows < pool.num_rows else before
    undone = fallen(before, after, among_seeds(context))
    if undone:
        reasons = [None] * pool.num_rows
    auc = verdicts.figures.get("auc")
    dropped = sum(why is not None for why in reasons)
    account = Round(number, pool.num_rows, added, dropped, auc, before, after, undone)
    return Judged(pool, reasons, account, verdicts.note)


def ends(rounds: Sequence[Round], target: float) -> str | None:
    """Why no further round is worth while, or None."""
    last = rounds[-1]
    if last.undone:
        return f"the round was undone, since {last.undone}"
    if last.auc is None:
        return "no discriminator could be trained"
    if last.auc <= target:
        return f"the AUC is at the target of {target:g}"
    if len(rounds) > 1 and (before := rounds[-2].auc) is not None and last.auc > before - PROGRESS:
        return "the AUC no longer falls"
    return None


def fallen(before: Variety, after: Variety, among_seeds: float | None) -> str | None:
    """What fell by more than may be lost, or None. The distance to the nearest seed may fall as far
    as seeds are from each other: what a round should drop is mostly far from all of them."""
    pairs = [
        ("distinct-2", before.distinct_2, after.distinct_2),
        ("1 - self-BLEU", 1 - before.self_bleu, 1 - after.self_bleu),
        ("the number of clusters", before.clusters, after.clusters),
    ]
    was, now = before.nearest_seed, after.nearest_seed
    if was is not None and now is not None and (among_seeds is None or now < among_seeds):
        pairs.append(("the distance to the nearest seed", was, now))
    for name, was, now in pairs:
        if now < was * (1 - TOLERANCE):
            return f"{name} fell from {was:.3g} to {now:.3g}"
    return None


def among_seeds(context: filters.Context) -> float | None:
    """The mean cosine distance of a seed to the nearest other one; None for fewer than two."""
    texts = list(dict.fromkeys(corpus.column(context.seeds, "text")))
    if len(texts) < 2:
        return None
    vectors = context.embed(texts)
    closest = []
    for at in range(0, len(texts), BLOCK):
        likeness = vectors[at : at + BLOCK] @ vectors.T
        own = np.arange(len(likeness))
        likeness[own, at + own] = -1
        closest.append(likeness.max(axis=1))
    return float(1 - np.concatenate(closest).mean())


def variety(pool: pa.Table, context: filters.Context, size: int, seed: int) -> Variety:
    """The variety of `size` rows of a pool."""
    origins = Counter(corpus.column(pool, "origin"))
    shares = {origin: count / pool.num_rows for origin, count in sorted(origins.items())}
    texts = diversity.sampled(corpus.column(pool, "text"), size, seed)
    if not texts:
        return Variety(0.0, 0.0, 0, None, shares)
    vectors = context.embed(texts)
    nearest = None
    if context.seeds.num_rows:
        real = context.embed(corpus.column(context.seeds, "text"))
        parts = np.array_split(vectors, 1 + size // BLOCK)
        closest = [(part @ real.T).max(axis=1) for part in parts]
        nearest = float(1 - np.concatenate(closest).mean())
    return Variety(
        diversity.distinct_2(texts),
        diversity.self_bleu(texts, seed=seed),
        diversity.clusters(vectors),
        nearest,
        shares,
    )


def spared(
    pool: pa.Table,
    reasons: Sequence[str | None],
    scores: Sequence[float],
    quotas: Mapping[Cell, int],
    per_pattern: PerPattern,
    seed: int,
) -> set[int]:
    """Rows that must stay although a filter would drop them: their cell would fall below quota, or
    below what of it could be had before."""
    cells, groups = cells_of(pool), groups_of(pool, per_pattern)
    siblings = Counter(groups)
    unlimited = dict.fromkeys(cells, pool.num_rows)
    there = Counter(
        cells[row] for row in attainable(pool, unlimited, per_pattern=per_pattern, seed=seed)
    )
    ids = corpus.column(pool, "id")
    stay = set()
    for row in sorted(range(len(reasons)), key=lambda row: (-scores[row], ids[row])):
        if reasons[row] is None:
            continue
        cell, group = cells[row], groups[row]
        counts = siblings[group] <= most(per_pattern, cell)  # else a sibling takes its place
        if counts and there[cell] <= quotas.get(cell, 0):
            stay.add(row)
            continue
        siblings[group] -= 1
        there[cell] -= int(counts)
    return stay | _shared(pool, reasons, scores, stay, quotas, per_pattern, seed)


def _shared(
    pool: pa.Table,
    reasons: Sequence[str | None],
    scores: Sequence[float],
    stay: Set[int],
    quotas: Mapping[Cell, int],
    per_pattern: PerPattern,
    seed: int,
) -> set[int]:
    """Rows that must stay besides, where a sibling of another origin took the place of one of these
    in their pattern: the least detectable of the cells that are short, else of their intents."""
    cells, ids = cells_of(pool), corpus.column(pool, "id")
    gone = sorted(
        (row for row, why in enumerate(reasons) if why is not None and row not in stay),
        key=lambda row: (scores[row], ids[row]),
    )

    def held(left: Set[int]) -> Counter[Cell]:
        rows = [row for row in range(len(cells)) if row not in left]
        kept = attainable(corpus.take(pool, rows), quotas, per_pattern=per_pattern, seed=seed)
        return Counter(cells[rows[at]] for at in kept)

    before, spared = held(set()), set[int]()
    while gone and (short := before - held(set(gone))):
        intents = {intent for intent, _ in short}
        own = [row for row in gone if cells[row] in short]
        own = own or [row for row in gone if cells[row][0] in intents]
        spared.update(own[: short.total()])
        gone = [row for row in gone if row not in spared]
    return spared


def table(rounds: Sequence[Round]) -> tuple[list[str], list[list[object]]]:
    """Header and rows of the rounds as the terminal shows them; before and after of each figure."""
    header = ["round", "AUC", "judged", "new", "dropped", "distinct-2", "self-BLEU", "clusters",
              "to seed", "origins"]  # fmt: skip
    return header, [
        [
            one.number,
            "-" if one.auc is None else f"{one.auc:.3f}",
            one.judged,
            one.added,
            "undone" if one.undone else one.dropped,
            f"{one.before.distinct_2:.3f} {one.after.distinct_2:.3f}",
            f"{one.before.self_bleu:.3f} {one.after.self_bleu:.3f}",
            f"{one.before.clusters} {one.after.clusters}",
            "-"
            if one.before.nearest_seed is None or one.after.nearest_seed is None
            else f"{one.before.nearest_seed:.3f} {one.after.nearest_seed:.3f}",
            ", ".join(f"{name} {share:.0%}" for name, share in one.after.origins.items()),
        ]
        for one in rounds
    ]


def as_json(one: Round) -> dict[str, object]:
    """A round as the manifest has it."""
    plain: dict[str, object] = _rounded(dataclasses.asdict(one))
    return plain


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value
