"""Privacy: what the synthetic rows give away of the seeds they were made from.

All of it is measured from outside, on the rows: a low figure is no proof. Formal privacy is epsilon
alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from textsynth import corpus, keyed, patterns
from textsynth.evaluate import (
    About,
    Context,
    Figure,
    Findings,
    FindSpans,
    Sets,
    intervals,
    membership,
    records,
)
from textsynth.evaluate.records import Side

# Real rows of a side from which on an attack can tell anything.
FEWEST = 10
# Synthetic rows that an attacker has at most, and those that are looked at for distances.
MOST_ROWS = 20_000
LOOKED = 5_000
LIMIT = (
    "These figures are of the rows, not of the base model: public seeds may stand in the text it "
    "was pretrained on, and then it knows the holdout as well as the seeds and a low figure says "
    "little."
)
NOT_LOOKED_FOR = (
    "Removed values were not looked for: the scrub keeps them in memory only, while `generate` "
    "runs."
)

ABOUT: Mapping[str, About] = {
    "mia_auc": About(
        "Membership inference",
        "How often somebody who has the synthetic rows guesses right which of two real rows was a "
        "seed; 50 % is a blind guess.",
        "low",
        "percent",
    ),
    "dcr": About(
        "Nearer to seeds",
        "The share of synthetic rows that are more like a seed than like any row of the holdout; "
        "50 % where the seeds were not copied.",
        "low",
        "percent",
    ),
    "dcr_median": About(
        "Distance to the closest seed",
        "How far a usual synthetic row is from the seed most like it (0: it is the same); real "
        "rows that are no seeds stand beside it.",
        "like",
    ),
    "dcr_5th_percentile": About(
        "Distance of the closest rows",
        "How far the one row in twenty that is nearest to a seed is from it; real rows that are no "
        "seeds stand beside it.",
        "like",
    ),
    "verbatim_5grams": About(
        "Copied word for word",
        "The share of runs of five words that stand in a seed, too; people who ask for the same "
        "thing share some as well.",
        "like",
        "percent",
    ),
    "attribute_leakage": About(
        "Removed values that came back",
        "The share of rows that hold a name, number or address which the scrub took out of the "
        "seeds.",
        "low",
        "percent",
    ),
    "epsilon": About(
        "Differential privacy (epsilon)",
        "How much the model can tell of any single seed at most; the smaller, the stronger the "
        "promise.",
        "low",
    ),
}


def privacy(
    sets: Sets,
    context: Context,
    *,
    targets: Annotated[int, Field(ge=FEWEST)] = 2000,
) -> Findings:
    """What the synthetic rows give away of the seeds, beside what they give away of the holdout.

    Figures: `mia_auc` (see `membership`; by attack as well), `dcr`, `dcr_median` and
    `dcr_5th_percentile` (see `records`), `verbatim_5grams`, `attribute_leakage` and `epsilon`. The
    references of `mia_auc` and `dcr` are what they are by chance. Seeds and holdout are compared in
    equal numbers of each intent, and ought to be of one source: otherwise the source is told, not
    the seed.

    Args:
        targets: seeds that are attacked at most, and rows of the holdout.
    """
    key = keyed.stream(context.seed, "privacy")
    rows = _sampled(_sorted(sets.synthetic), MOST_ROWS, key)
    seeds, holdout = _sorted(sets.seeds), _sorted(sets.holdout)
    texts: list[str] = corpus.column(rows, "text")
    figures: list[Figure] = []
    notes = [LIMIT]
    if not texts:
        notes.append("Privacy was not measured: there are no synthetic rows.")
    elif not seeds.num_rows:
        notes.append("The rows were not compared with seeds: no seeds were given.")
    else:
        looked: list[str] = corpus.column(_sampled(rows, LOOKED, key), "text")
        if rows.num_rows < sets.synthetic.num_rows:
            notes.append(f"Copies were sought in {MOST_ROWS:,} of the rows, drawn by key.")
        if holdout.num_rows:
            figures += _attacked(rows, seeds, holdout, looked, context, targets, key, notes)
        else:
            notes.append(
                "Membership inference and the share nearer to seeds were not measured: they need "
                "real rows that are no seeds (a holdout)."
            )
        figures += _close(seeds, holdout, looked, context, key)
        figures += _copied(seeds, holdout, looked, key, notes)
    figures += _leaked(sets.synthetic, holdout, context, notes)
    if context.epsilon is not None:
        figures.append(Figure("epsilon", context.epsilon))
    return Findings(figures, notes)


def _sorted(rows: pa.Table) -> pa.Table:
    """The rows in an order that is theirs alone, so that figures do not depend on the file's."""
    columns = zip(corpus.column(rows, "text"), corpus.column(rows, "intent"), strict=True)
    keys = [(text or "", intent or "") for text, intent in columns]
    return corpus.take(rows, sorted(range(len(keys)), key=keys.__getitem__))


def _sampled(rows: pa.Table, most: int, key: int) -> pa.Table:
    if rows.num_rows <= most:
        return rows
    return corpus.take(rows, keyed.order(key, corpus.column(rows, "text"))[:most])


def _side(rows: pa.Table) -> Side:
    return Side(corpus.column(rows, "text"), corpus.column(rows, "intent"))


def _attacked(
    rows: pa.Table,
    seeds: pa.Table,
    holdout: pa.Table,
    looked: Sequence[str],
    context: Context,
    most: int,
    key: int,
    notes: list[str],
) -> list[Figure]:
    """Membership inference, and the share nearer to seeds."""
    own, other = _side(seeds), _side(holdout)
    draws = [records.balance(own, other, most=most, seed=key)]
    count = len(draws[0].seeds)
    if count < FEWEST:
        notes.append(
            f"Membership inference and the share nearer to seeds were not measured: seeds and "
            f"holdout have {count} rows of the same intents, and {FEWEST} are needed."
        )
        return []
    if count < min(seeds.num_rows, holdout.num_rows) or seeds.num_rows != holdout.num_rows:
        draws += [
            records.balance(own, other, most=most, seed=key, draw=number)
            for number in range(1, records.DRAWS)
        ]
    if not set(own.intents) & set(other.intents):
        notes.append(
            "Seeds and holdout share no intent: what tells them apart may be what they are about, "
            "not that the one was learnt."
        )
    known = {corpus.fold(text) for text in own.texts}
    twice = sum(corpus.fold(text) in known for text in other.texts)
    if twice:
        notes.append(
            f"{twice} of {holdout.num_rows} holdout rows say the same as a seed; they count on "
            "both sides, which draws the AUC to 50 %."
        )
    return [
        *_inferred(rows, seeds, holdout, draws[0], context, key, notes),
        _nearer(own, other, draws, looked, context, key),
    ]


def _inferred(
    rows: pa.Table,
    seeds: pa.Table,
    holdout: pa.Table,
    drawn: records.Balanced,
    context: Context,
    key: int,
    notes: list[str],
) -> list[Figure]:
    of = membership.targets(
        drawn,
        *((corpus.column(side, "text"), _written(side)) for side in (seeds, holdout)),
    )
    scores = membership.attacks(of, corpus.column(rows, "text"), _written(rows), context)
    if context.loss is None:
        notes.append(
            "No attack had the model that wrote the rows: membership was inferred from the rows "
            "alone."
        )
    found = membership.aucs(scores, of, seed=key)
    chance = found[None][1]
    if chance.high is not None and chance.high > 0.55:
        notes.append(
            f"With {len(drawn.seeds)} seeds and as many other rows an AUC of up to "
            f"{chance.high:.2f} comes by chance: smaller leaks cannot be seen."
        )
    texts, wording = (found.get(name, (None,))[0] for name in ("n-grams", "n-grams of patterns"))
    if texts and wording and wording.high is not None and texts.value > wording.high:
        notes.append(
            "Values of the seeds' slots fill the rows and tell much of who is a seed: by patterns "
            f"alone, without values, the AUC of the n-grams is {wording.value:.2f} and not "
            f"{texts.value:.2f}."
        )
    return [
        Figure(
            "mia_auc",
            value.value,
            value.low,
            value.high,
            {} if attack is None else {"attack": attack},
            reference,
        )
        for attack, (value, reference) in found.items()
    ]


def _written(rows: pa.Table) -> list[str]:
    """Rows as the model learns them: patterns; where a row has none, its slots make one."""
    found = []
    for row in rows.select(["text", "slots", "pattern"]).to_pylist():
        spans = [(slot["start"], slot["end"], slot["label"]) for slot in row["slots"] or ()]
        if row["pattern"] is None and corpus.span_fault(row["text"], [s[:2] for s in spans]):
            spans = []
        found.append(
            row["pattern"]
            if row["pattern"] is not None
            else patterns.render(patterns.delexicalise(row["text"], spans))
        )
    return found


def _nearer(
    seeds: Side,
    holdout: Side,
    draws: Sequence[records.Balanced],
    looked: Sequence[str],
    context: Context,
    key: int,
) -> Figure:
    value, chance = records.nearer_to_seeds(
        context.embed(list(looked)),
        context.embed(list(seeds.texts)),
        context.embed(list(holdout.texts)),
        draws,
        seed=key,
        resamples=context.resamples,
    )
    return Figure("dcr", value.value, value.low, value.high, reference=chance)


def _close(
    seeds: pa.Table, holdout: pa.Table, looked: Sequence[str], context: Context, key: int
) -> list[Figure]:
    to = context.embed(corpus.column(seeds, "text"))
    others = corpus.column(holdout, "text")
    return records.distance_figures(
        records.distances(context.embed(list(looked)), to),
        records.distances(context.embed(others), to) if others else records.distances(to[:0], to),
        seed=key,
    )


def _copied(
    seeds: pa.Table, holdout: pa.Table, looked: Sequence[str], key: int, notes: list[str]
) -> list[Figure]:
    known = corpus.column(seeds, "text")
    value = records.verbatim(looked, known, seed=key)
    if value.value != value.value:
        notes.append("Copied runs of words were not counted: no synthetic row has five words.")
        return []
    real = records.verbatim(corpus.column(holdout, "text"), known, seed=key)
    reference = None if real.value != real.value else real
    return [Figure("verbatim_5grams", value.value, value.low, value.high, reference=reference)]


def _given_away(rows: pa.Table, find_leaks: FindSpans) -> int:
    """Rows that hold a removed value. A single word in a slot is none: first names and places of
    the lists that fill slots are somebody's by chance."""
    texts, slots = corpus.column(rows, "text"), corpus.column(rows, "slots")

    def counts(text: str, filled: Sequence[Mapping[str, Any]], start: int, end: int) -> bool:
        inside = any(slot["start"] <= start and end <= slot["end"] for slot in filled or ())
        return not (inside and text[start:end].isalpha())

    return sum(
        any(counts(text, filled, start, end) for start, end in found)
        for text, filled, found in zip(texts, slots, find_leaks(texts), strict=True)
    )


def _leaked(rows: pa.Table, holdout: pa.Table, context: Context, notes: list[str]) -> list[Figure]:
    if context.find_leaks is None:
        notes.append(NOT_LOOKED_FOR)
        return []
    texts = corpus.column(rows, "text")
    if not texts:
        return []
    value = intervals.share(_given_away(rows, context.find_leaks), len(texts))
    others = corpus.column(holdout, "text")
    real = intervals.share(_given_away(holdout, context.find_leaks), len(others))
    return [
        Figure(
            "attribute_leakage",
            value.value,
            value.low,
            value.high,
            reference=real if others else None,
        )
    ]
