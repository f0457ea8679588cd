"""`bias.counterfactual`: beside each row about a woman or a man the same row about the other."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import cache

import pyarrow as pa

from textsynth import corpus, filters, patterns, pronouns, swaps
from textsynth.corpus import Utterance, fold
from textsynth.errors import ModelError
from textsynth.filters.select import splits
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.recipe import Recipe

STEP = "twins"


def with_twins(
    recipe: Recipe,
    chosen: pa.Table,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """The rows, each with its twin behind it: swapped by `swaps.twin`, its id that of its row and
    `/twin`, its first parent the row, everything else as the row has it. Twins come on top of the
    quotas. A row whose twin is there already gets none, and no twin says what the scrub removed.
    Splits are made anew, so that a pattern and its swapped form share one."""
    if not recipe.bias.counterfactual or not chosen.num_rows:
        return chosen
    progress.step("twins", "swapped genders")
    if recipe.language.split("-")[0].lower() != "en":
        progress.warn("no twins were made: words are swapped in English only")
        return chosen
    rows = list(corpus.utterances(chosen))
    twins = _twins(rows, context)
    leaking = _leaking(rows, twins, context)
    ledger.reject(
        corpus.to_table([twins[at] for at in leaking]), STEP, ["leaked_value"] * len(leaking)
    )
    both: list[Utterance] = []
    families: list[str] = []
    for at, row in enumerate(rows):
        pair = [row, twins[at]] if at in twins and at not in leaking else [row]
        both += pair
        families += [_family(row)] * len(pair)
    table = corpus.to_table(both)
    made = len(both) - len(rows)
    ledger.add(STEP, len(rows), len(both), Counter({"leaked_value": len(leaking)}))
    progress.note(f"{made:,} rows have a twin now, {len(rows) - made:,} have nothing to swap")
    by_family = splits(corpus.replace_column(table, "pattern", families), recipe.seed)
    return corpus.replace_column(table, "split", by_family)


def _family(row: Utterance) -> str:
    return swaps.family(row.pattern or patterns.escape(row.text))


def _twins(rows: list[Utterance], context: filters.Context) -> dict[int, Utterance]:
    """Row -> its twin, of those whose text is nowhere yet."""

    @cache
    def allowed(name: str) -> bool:
        return not any(context.find_leaks([name]))

    doubtful = [at for at, row in enumerate(rows) if pronouns.needs_tags(row.text)]
    tags: dict[int, dict[int, str]] = {}
    if doubtful:
        try:
            found = pronouns.tagger()([rows[at].text for at in doubtful])
            tags = dict(zip(doubtful, found, strict=True))
        except ModelError:
            tags = {}  # the words beside "her" decide
    there = {(row.intent, fold(row.text)) for row in rows}
    made = {}
    for at, row in enumerate(rows):
        twin = swaps.twin(row, tags=tags.get(at), allowed=allowed)
        if twin is not None and (key := (twin.intent, fold(twin.text))) not in there:
            there.add(key)
            made[at] = dataclasses.replace(twin, split=row.split)
    return made


def _leaking(
    rows: list[Utterance], twins: dict[int, Utterance], context: filters.Context
) -> list[int]:
    """The rows whose twin holds a value that the scrub removed, and which hold it not."""
    order = list(twins)
    before = context.find_leaks([rows[at].text for at in order])
    after = context.find_leaks([twins[at].text for at in order])
    found = []
    for at, old, new in zip(order, before, after, strict=True):
        known = {fold(rows[at].text[start:end]) for start, end in old}
        if any(fold(twins[at].text[start:end]) not in known for start, end in new):
            found.append(at)
    return found
