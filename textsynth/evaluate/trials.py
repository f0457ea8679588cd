"""Rows that classifiers learn from and are tested on, which of them each run draws, and what comes
of it."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import keyed
from textsynth.corpus import column, fold
from textsynth.evaluate import Context, Sets
from textsynth.evaluate.classifiers import CLASSIFIERS, Floats, Places

# Each run leaves out a tenth. A bootstrap would leave out 37 %, which hurts few real rows more than
# many synthetic ones and so would flatter these.
KEPT = 0.9
MOST = 20_000
FEWEST = 20  # holdout rows; of fewer, resampling takes what happened for all that can
Plan = tuple[Places, Floats]  # rows to learn, and their weights


@dataclass(frozen=True, slots=True)
class Trial:
    """Rows in an order of their own, so that the order in which they came makes no difference.

    Attributes:
        texts: of the real rows, then of the synthetic ones.
        labels: places in `names`, shape (rows,).
        real: how many of the rows are real.
        judged: texts of the holdout.
        gold: their places in `names`, shape (judged,).
        names: the intents there are, sorted.
        seed: of the draws.
    """

    texts: list[str]
    labels: Places
    real: int
    judged: list[str]
    gold: Places
    names: list[str]
    seed: int

    def drawn(self, run: int) -> tuple[Places, Places]:
        """The real and the synthetic rows in the order in which a run draws them: in every
        beginning of it intents have the shares that they have in the whole."""
        sides = np.arange(self.real), np.arange(self.real, len(self.texts))
        key = keyed.stream(self.seed, "trial", run)
        first, second = (_stratified(self.labels, side, key) for side in sides)
        return first, second


def kept(count: int) -> int:
    """How many of `count` rows a run learns at most."""
    return max(1, round(KEPT * count)) if count else 0


def trial(sets: Sets, context: Context, *, most: int = MOST) -> tuple[Trial | None, list[str]]:
    """The rows that have an intent, of each set at most `most` drawn by key; None where nothing can
    be measured; and what people should know of it."""
    real, made, holdout = (
        _labelled(table, context.seed, most) for table in (sets.real, sets.synthetic, sets.holdout)
    )
    fault = _fault(real, made, holdout)
    if fault:
        return None, [fault]
    learnt = real + made
    names = sorted({intent for _, intent in learnt + holdout})
    places = {name: place for place, name in enumerate(names)}

    def labels(rows: Sequence[tuple[str, str]]) -> Places:
        return np.array([places[intent] for _, intent in rows], np.int64)

    texts, judged = [text for text, _ in learnt], [text for text, _ in holdout]
    found = Trial(texts, labels(learnt), len(real), judged, labels(holdout), names, context.seed)
    return found, _remarks(sets, real, made, holdout, most)


def _labelled(table: pa.Table, seed: int, most: int) -> list[tuple[str, str]]:
    """Sorted (text, intent) pairs."""
    pairs = zip(column(table, "text"), column(table, "intent"), strict=True)
    rows = sorted((text, intent) for text, intent in pairs if intent is not None)
    if len(rows) > most:
        order = keyed.order(keyed.stream(seed, "trial"), [text for text, _ in rows])
        rows = sorted(rows[at] for at in order[:most])
    return rows


def _fault(
    real: Sequence[tuple[str, str]],
    made: Sequence[tuple[str, str]],
    holdout: Sequence[tuple[str, str]],
) -> str | None:
    """Why nothing can be measured."""
    if not holdout:
        return (
            "There are no holdout rows with intents: what the rows do to accuracy was not measured."
        )
    if not made:
        return "No synthetic row has an intent: what the rows do to accuracy was not measured."
    own, tested = {intent for _, intent in made}, {intent for _, intent in holdout}
    if not own & tested:
        return (
            f"No intent of the synthetic rows (such as {min(own)!r}) is one of the holdout (such as"
            f" {min(tested)!r}): what the rows do to accuracy was not measured. Give both the same"
            " names of intents."
        )
    if len({intent for _, intent in [*real, *made, *holdout]}) < 2:
        return "There is one intent only, so that no classifier can go wrong: nothing was measured."
    if len(holdout) < FEWEST:
        return (
            f"The holdout has {len(holdout)} row{'s' * (len(holdout) > 1)} with an intent, and"
            f" {FEWEST} are needed: what the rows do to accuracy was not measured."
        )
    return None


def _remarks(
    sets: Sets,
    real: Sequence[tuple[str, str]],
    made: Sequence[tuple[str, str]],
    holdout: Sequence[tuple[str, str]],
    most: int,
) -> list[str]:
    said = []
    told = (("real", sets.real), ("synthetic", sets.synthetic), ("holdout", sets.holdout))
    for name, table in told:
        if table.num_rows - table.column("intent").null_count > most:
            said.append(f"Of the {name} rows {most:,} were used, drawn at random.")
        without = table.column("intent").null_count
        if without:
            said.append(f"{without:,} {name} rows without an intent were left out.")
    known = {intent for _, intent in [*real, *made]}
    strange = sum(intent not in known for _, intent in holdout)
    if strange:
        said.append(
            f"{strange:,} of {len(holdout):,} holdout rows have an intent that no row to learn from"
            " has; they count as wrong."
        )
    tested = {intent for _, intent in holdout}
    apart = sum(intent not in tested for _, intent in made)
    if apart:
        said.append(
            f"{apart:,} of {len(made):,} synthetic rows have an intent that the holdout lacks; what"
            " they teach was not tested."
        )
    folded = {fold(text) for text, _ in made}
    copied = sum(fold(text) in folded for text, _ in holdout)
    if copied:
        said.append(
            f"{copied:,} of {len(holdout):,} texts of the holdout stand among the synthetic rows as"
            " well, which flatters these."
        )
    return said


def _stratified(labels: Places, rows: Places, key: int) -> Places:
    shuffled = rows[np.argsort(keyed.bits(key, rows), kind="stable")]
    totals = np.bincount(labels[shuffled], minlength=int(labels.max(initial=0)) + 1)
    seen: Counter[int] = Counter()
    ranks = np.empty(len(shuffled))
    for at, label in enumerate(labels[shuffled].tolist()):
        ranks[at] = (seen[label] + 0.5) / totals[label]
        seen[label] += 1
    return shuffled[np.argsort(ranks, kind="stable")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fit says of the judged texts: the likeliest intent and its chance, shape (judged,)
    each."""

    labels: Places
    chances: npt.NDArray[np.float32]


def outcomes(
    trial: Trial, names: Sequence[str], plans: Sequence[Plan], context: Context
) -> dict[str, list[Outcome]]:
    """Of each classifier the outcome of every plan; fits stand side by side on all processors."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    made = {
        name: CLASSIFIERS[name](trial.texts, trial.labels, trial.judged, context) for name in names
    }

    def outcome(job: tuple[str, Plan]) -> Outcome:
        name, (rows, weights) = job
        chances = made[name](rows, weights)
        return Outcome(chances.argmax(axis=1).astype(np.int64), chances.max(axis=1))

    jobs = [(name, plan) for name in names for plan in plans]
    alone = any(name == "setfit" for name in names)  # it uses all processors by itself
    # A fit has one thread, so that its figures do not depend on how many there are.
    with warnings.catch_warnings(), threadpool_limits(None if alone else 1):
        warnings.simplefilter("ignore")  # SAGA says each time that it could go on
        with ThreadPoolExecutor(1 if alone else os.cpu_count()) as pool:
            found = list(pool.map(outcome, jobs))
    return {name: found[at * len(plans) : (at + 1) * len(plans)] for at, name in enumerate(names)}
