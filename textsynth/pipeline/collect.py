"""The one loop: ask the sources for candidates, filter and judge them, ask for what is missing."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from textsynth import corpus, filters, keyed, registry
from textsynth.corpus import Utterance
from textsynth.errors import TextsynthError
from textsynth.filters.adversarial import ROUNDS, TARGET
from textsynth.filters.leak import leaking
from textsynth.filters.select import attainable, cells_of
from textsynth.pipeline import supply
from textsynth.pipeline.inventing import ModelSource
from textsynth.pipeline.ledger import Ledger, without_words
from textsynth.pipeline.prepare import NAME, Cell
from textsynth.pipeline.rounds import Round, as_json, ends, judge, table
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run

# Candidates asked for each row wanted: spare ones for the filters, more for a discriminator.
SPARE = 1.3
SPARE_ADVERSARIAL = 1.8


def collect(
    recipe: Recipe,
    sources: Mapping[str, supply.Source],
    quotas: Mapping[Cell, int],
    context: filters.Context,
    run: Run,
    ledger: Ledger,
    progress: Progress,
    labels: Mapping[str, set[str]] = MappingProxyType({}),
) -> pa.Table:
    """Candidates that passed every filter, enough of each cell while sources and budget last; with
    `generate.per_slot` of each slot too, of those in the `labels` of its intent.

    A cell that a wave leaves short is asked for twice as much from then on, for each row missing:
    few waves find what is rare, or that it is not there.
    """
    step = next((step for step in recipe.filters if step.name == "adversarial"), None)
    options = step.options if step else {}
    limit = int(options.get("rounds", ROUNDS)) if step else 0
    spare = recipe.generate.spare or (SPARE_ADVERSARIAL if limit else SPARE)
    pool = corpus.empty()
    rounds: list[Round] = []
    factor = dict.fromkeys(quotas, 1)
    lacking: Counter[Cell] = Counter()
    over = not limit
    for turn in itertools.count():
        # an intent has one name: it is asked for once, and whether it passed is settled in the end
        lasting = {cell: n for cell, n in quotas.items() if turn == 0 or cell[1] != NAME}
        goal = 1.0 if over and turn else spare
        wanted = {cell: math.ceil(count * goal) for cell, count in lasting.items()}
        there = Counter(cells_of(_selectable(pool, wanted, recipe)))
        missing = {cell: max(n - there[cell], lacking[cell]) for cell, n in wanted.items()}
        want = {cell: count * factor[cell] for cell, count in missing.items() if count > 0}
        new = corpus.empty()
        if want:
            new = _candidates(sources, want, turn, context, run, ledger, progress)
        before = pool.num_rows
        if new.num_rows:
            passed = _filtered(recipe, new, pool, context, ledger, progress)
            pool = corpus.concat([pool, passed])
        if step is not None and not over and pool.num_rows:
            progress.step("filter: adversarial", f"round {turn + 1}")
            judged = judge(step, pool, quotas, recipe, context, turn + 1, pool.num_rows - before)
            rounds.append(judged.round)
            ledger.rounds.append(as_json(judged.round))
            if judged.note:
                progress.note(judged.note)
            pool, gone = _split(
                judged.pool, judged.reasons, "adversarial", context, ledger, progress
            )
            end = ends(rounds, float(options.get("target", TARGET)))
            over = end is not None or turn + 1 >= limit
            if end:
                progress.note(f"no further round: {end}")
            if not over:
                _adapt(sources, pool, gone, turn, bool(options.get("feedback")))
            pool = _relabelled(recipe, pool, context, ledger, progress)
        over = over or turn + 1 >= limit  # where there was nothing to judge, too
        there = Counter(cells_of(_selectable(pool, quotas, recipe)))
        lacking = _lacking(pool, quotas, recipe, labels)
        asked = [cell for cell in quotas if cell[1] != NAME]
        short = [cell for cell in asked if there[cell] < quotas[cell] or lacking[cell]]
        if over and not (short and new.num_rows):
            break
        for cell in short:
            factor[cell] *= 2
    if rounds:
        progress.table("adversarial rounds (before and after)", *table(rounds))
    return pool


def _adapt(
    sources: Mapping[str, supply.Source],
    kept: pa.Table,
    gone: pa.Table,
    turn: int,
    feedback: bool,
) -> None:
    """Prompt the model away from what was rejected; with feedback it learns from what stayed."""
    model = sources.get("model")
    if isinstance(model, ModelSource):
        model.steer(kept, gone)
        if feedback:
            model.feed(kept, turn)


def _relabelled(
    recipe: Recipe,
    pool: pa.Table,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """The label filter once more, on what an adversarial round left."""
    for step in recipe.filters:
        if step.name == "label" and pool.num_rows:
            verdicts = registry.find("filters", "label")(pool, context, **step.options)
            if any(verdicts.reasons):
                pool = _apply(pool, verdicts, "label", context, ledger, progress)
    return pool


def _selectable(pool: pa.Table, quotas: Mapping[Cell, int], recipe: Recipe) -> pa.Table:
    """As many rows of each cell as the selection would take."""
    kept = attainable(pool, quotas, per_pattern=recipe.generate.rows_of_pattern(), seed=recipe.seed)
    return corpus.take(pool, kept)


def _lacking(
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    recipe: Recipe,
    labels: Mapping[str, set[str]],
) -> Counter[Cell]:
    """How many rows the rarest slot of each cell's intent lacks; nothing without `per_slot`."""
    per_slot = recipe.generate.per_slot
    if per_slot is None:
        return Counter()
    there = _selectable(pool, dict.fromkeys(quotas, pool.num_rows), recipe)
    most: Counter[str] = Counter()
    for row in short_by_slot(there, labels, per_slot):
        most[row["intent"]] = max(most[row["intent"]], row["asked"] - row["got"])
    return Counter({cell: most[cell[0]] for cell in quotas})


def short_by_slot(
    chosen: pa.Table, labels: Mapping[str, set[str]], per_slot: int
) -> list[dict[str, Any]]:
    """The slots of an intent that fewer than `per_slot` rows have; nothing where it is 0."""
    there: Counter[tuple[str, str]] = Counter()
    for intent, slots in zip(
        corpus.column(chosen, "intent"), corpus.column(chosen, "slots"), strict=True
    ):
        there.update((intent, label) for label in {slot["label"] for slot in slots or ()})
    return [
        {"intent": intent, "slot": label, "got": there[intent, label], "asked": per_slot}
        for intent, own in labels.items()
        for label in sorted(own)
        if there[intent, label] < per_slot
    ]


def _candidates(
    sources: Mapping[str, supply.Source],
    want: Mapping[Cell, int],
    turn: int,
    context: filters.Context,
    run: Run,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    tables = []
    for origin, source in sources.items():
        asked = {intent: count for (intent, o), count in want.items() if o == origin}
        if not asked:
            continue
        progress.step(
            {"model": "language model", "template": "templates", "name": "names"}.get(
                origin, origin
            ),
            f"{sum(asked.values())} rows wanted" + (f", round {turn + 1}" if turn else ""),
        )
        supplied = source.more(asked)
        reasons = Counter(reject.reason for reject in supplied.rejects)
        rows = supplied.rows
        ledger.add(origin, rows.num_rows + sum(reasons.values()), rows.num_rows, reasons)
        say_counts(progress, rows.num_rows + sum(reasons.values()), rows.num_rows, reasons)
        _ledger_lines(ledger, supplied.rejects)
        tables.append(rows)
    table = corpus.concat(tables)
    if table.num_rows:
        shown = without_words(table, leaking(table, context))
        corpus.write(shown, run.path("candidates", f"shard-{turn:05d}.parquet"))
    return table


def _ledger_lines(ledger: Ledger, rejects: Sequence[supply.Reject]) -> None:
    rows = [
        Utterance(
            id=f"{r.origin}/{r.intent}/{keyed.content_id(r.text, str(at))}",
            text=r.text,
            intent=r.intent,
            pattern=r.text,
            origin=r.origin,
            generation=1,
        )
        for at, r in enumerate(rejects)
    ]
    ledger.reject(corpus.to_table(rows), "language model", [r.reason for r in rejects])


def _filtered(
    recipe: Recipe,
    rows: pa.Table,
    accepted: pa.Table,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    context = dataclasses.replace(context, accepted=accepted)
    for step in recipe.filters:
        if step.name == "adversarial" or not rows.num_rows:
            continue
        progress.step(f"filter: {step.name}")
        verdicts = registry.find("filters", step.name)(rows, context, **step.options)
        rows = _apply(rows, verdicts, step.name, context, ledger, progress)
    return rows


def _apply(
    rows: pa.Table,
    verdicts: filters.Verdicts,
    step: str,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    judged = {len(found) for found in (verdicts.reasons, *verdicts.scores.values())}
    if judged != {rows.num_rows}:
        told = f"the filter {step!r} judged {min(judged)} of {rows.num_rows} rows"
        raise TextsynthError(
            told, fix="let it give a reason (None: it stays) and scores to each row"
        )
    for name, measured in verdicts.scores.items():
        rows = corpus.add_scores(rows, name, measured)
    kept, _ = _split(rows, verdicts.reasons, step, context, ledger, progress)
    if verdicts.note:
        progress.note(verdicts.note)
    return kept


def _split(
    rows: pa.Table,
    reasons: Sequence[str | None],
    step: str,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> tuple[pa.Table, pa.Table]:
    """The rows that stay and those that go, the latter in the ledger."""
    gone = corpus.take(rows, [row for row, reason in enumerate(reasons) if reason is not None])
    kept = corpus.take(rows, [row for row, reason in enumerate(reasons) if reason is None])
    named = [reason for reason in reasons if reason is not None]
    # a filter before `leak` may reject what `leak` would have
    ledger.reject(without_words(gone, leaking(gone, context)), step, named)
    ledger.add(step, rows.num_rows, kept.num_rows, Counter(named))
    say_counts(progress, rows.num_rows, kept.num_rows, Counter(named))
    return kept, gone


def say_counts(progress: Progress, rows_in: int, rows_out: int, reasons: Counter[str]) -> None:
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    progress.note(f"{rows_in:,} in, {rows_out:,} out" + (f"; rejected: {told}" if told else ""))
