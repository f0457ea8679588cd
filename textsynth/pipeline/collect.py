"""The one loop: ask the sources for candidates, filter and judge them, ask for what is missing."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from textsynth import corpus, filters, keyed, registry
from textsynth.corpus import Utterance
from textsynth.filters.select import select
from textsynth.pipeline import supply
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import NAME, Cell
from textsynth.progress import Progress
from textsynth.recipe import Recipe, Step
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
) -> pa.Table:
    """Candidates that passed every filter, enough of each cell while sources and budget last."""
    judge = next((step for step in recipe.filters if step.name == "adversarial"), None)
    rounds = int(judge.options.get("rounds", 2)) if judge else 0
    pool = corpus.empty()
    for turn in itertools.count():
        judged = judge is not None and turn < rounds
        goal = (SPARE_ADVERSARIAL if judge else SPARE) if turn < max(1, rounds) else 1.0
        # an intent has one name: it is asked for once, and whether it passed is settled in the end
        lasting = {cell: n for cell, n in quotas.items() if turn == 0 or cell[1] != NAME}
        wanted = {cell: round(count * goal) for cell, count in lasting.items()}
        there = _selectable(pool, wanted, recipe)
        want = {cell: count - there[cell] for cell, count in wanted.items() if count > there[cell]}
        new = _candidates(sources, want, turn, run, ledger, progress) if want else corpus.empty()
        if new.num_rows:
            passed = _filtered(recipe, new, pool, context, ledger, progress)
            pool = corpus.concat([pool, passed])
        if judged and judge is not None and pool.num_rows:
            pool = _adversarial_round(judge, pool, quotas, recipe, context, turn, ledger, progress)
        there = _selectable(pool, quotas, recipe)
        enough = all(there[cell] >= n for cell, n in quotas.items() if cell[1] != NAME)
        if turn + 1 >= rounds and (enough or not new.num_rows):
            break
    return pool


def _selectable(pool: pa.Table, quotas: Mapping[Cell, int], recipe: Recipe) -> Counter[Cell]:
    """How many rows of each cell the selection would take."""
    kept = select(pool, quotas, per_pattern=recipe.generate.per_pattern, seed=recipe.seed)
    return Counter(_cells(corpus.take(pool, kept)))


def _cells(table: pa.Table) -> list[Cell]:
    """(intent, origin) of each row."""
    return list(zip(corpus.column(table, "intent"), corpus.column(table, "origin"), strict=True))


def _candidates(
    sources: Mapping[str, supply.Source],
    want: Mapping[Cell, int],
    turn: int,
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
        corpus.write(table, run.path("candidates", f"shard-{turn:05d}.parquet"))
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
        rows = _apply(rows, verdicts, step.name, ledger, progress)
    return rows


def _apply(
    rows: pa.Table,
    verdicts: filters.Verdicts,
    step: str,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    for name, measured in verdicts.scores.items():
        rows = corpus.add_scores(rows, name, measured)
    kept = [row for row, reason in enumerate(verdicts.reasons) if reason is None]
    gone = [row for row, reason in enumerate(verdicts.reasons) if reason is not None]
    named = [reason for reason in verdicts.reasons if reason is not None]
    ledger.reject(corpus.take(rows, gone), step, named)
    ledger.add(step, rows.num_rows, len(kept), Counter(named))
    say_counts(progress, rows.num_rows, len(kept), Counter(named))
    if verdicts.note:
        progress.note(verdicts.note)
    return corpus.take(rows, kept)


def _adversarial_round(
    judge: Step,
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    recipe: Recipe,
    context: filters.Context,
    turn: int,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """One round: judge the pool, let the most detectable go, but no cell below its quota."""
    progress.step("filter: adversarial", f"round {turn + 1}")
    verdicts = registry.find("filters", judge.name)(pool, context, **judge.options)
    scores = verdicts.scores.get("detectability", [0.0] * pool.num_rows)
    spared = _spared(
        pool, verdicts.reasons, scores, quotas, recipe.generate.per_pattern, recipe.seed
    )
    reasons = [None if row in spared else why for row, why in enumerate(verdicts.reasons)]
    before = pool.num_rows
    kept = _apply(
        pool, dataclasses.replace(verdicts, reasons=reasons), "adversarial", ledger, progress
    )
    ledger.rounds.append(
        {
            "round": turn + 1,
            "judged": before,
            "dropped": before - kept.num_rows,
            "discriminator": verdicts.note,
            "distinct_2_before": round(_distinct_2(pool), 4),
            "distinct_2_after": round(_distinct_2(kept), 4),
        }
    )
    return kept


def _spared(
    pool: pa.Table,
    reasons: Sequence[str | None],
    scores: Sequence[float],
    quotas: Mapping[Cell, int],
    per_pattern: int,
    seed: int,
) -> set[int]:
    """Rows that must stay although a filter would drop them: their cell would fall below quota."""
    cells = _cells(pool)
    written = [corpus.fold(pattern or "") for pattern in corpus.column(pool, "pattern")]
    # a pattern counts within its intent, whatever the origin, as it does in the selection
    siblings = Counter((cell[0], text) for cell, text in zip(cells, written, strict=True))
    unlimited = dict.fromkeys(cells, pool.num_rows)
    kept = select(pool, unlimited, per_pattern=per_pattern, seed=seed)
    there = Counter(cells[row] for row in kept)
    spared = set()
    for row in sorted(range(len(reasons)), key=lambda row: -scores[row]):
        if reasons[row] is None:
            continue
        cell, group = cells[row], (cells[row][0], written[row])
        counts = siblings[group] <= per_pattern  # else a sibling takes its place
        if counts and there[cell] <= quotas.get(cell, 0):
            spared.add(row)
            continue
        siblings[group] -= 1
        there[cell] -= int(counts)
    return spared


def _distinct_2(table: pa.Table) -> float:
    """Distinct word bigrams over all word bigrams (Li et al. 2016)."""
    pairs: set[tuple[str, str]] = set()
    total = 0
    for text in corpus.column(table, "text"):
        words = corpus.fold(text).split()
        pairs.update(itertools.pairwise(words))
        total += max(0, len(words) - 1)
    return len(pairs) / total if total else 0.0


def say_counts(progress: Progress, rows_in: int, rows_out: int, reasons: Counter[str]) -> None:
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    progress.note(f"{rows_in:,} in, {rows_out:,} out" + (f"; rejected: {told}" if told else ""))
