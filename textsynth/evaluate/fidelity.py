"""How like real text the rows are: what a real holdout says of them, beside what it says of other
real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from textsynth import corpus, models
from textsynth.evaluate import (
    About,
    Context,
    Estimate,
    Figure,
    Findings,
    Sets,
    discriminators,
    embeddings,
    intervals,
    profiles,
    samples,
)

FEWEST = 20  # rows a side; with fewer nothing is measured
MAUVE_FEWEST, MAUVE_ENOUGH = 100, 5000
JUDGED = 1000  # rows a side that discriminators and the tagger see
READ = 300  # of them a side that the base model reads, 35 a second on two cores
MAPPED = 750  # points a side
Features = Literal["embeddings", "hidden_states"]
NEAREST = 5
PLOTTED = {  # profiles: their table, and its column of what is counted
    "length": ("lengths", "words"),
    "slot": ("slots", "label"),
    "pos": ("parts_of_speech", "part"),
}

ABOUT: Mapping[str, About] = {
    "mauve": About(
        "Likeness of the distributions",
        "How hard the rows as a whole are to tell from real ones: 1 not at all possible, 0 easy.",
        "high",
    ),
    "frechet": About(
        "Distance of the clouds of meaning",
        "How far the meanings of the rows lie from those of real rows, in centre and in spread: "
        "0 is the same place.",
        "low",
    ),
    "precision": About(
        "Rows that could be real",
        "The share of the rows that say something close to what real rows say.",
        "high",
        "percent",
    ),
    "recall": About(
        "Real rows that could be made",
        "The share of real rows that say something close to what the synthetic rows say.",
        "high",
        "percent",
    ),
    "density": About(
        "Crowding around real rows",
        "How thickly the rows lie where real rows lie: 1 as thickly as those, more means that they "
        "keep to the usual.",
        "like",
    ),
    "coverage": About(
        "Real rows that have a neighbour",
        "The share of real rows that have a synthetic one nearby.",
        "high",
        "percent",
    ),
    "auc_words": About(
        "Told from real rows by their words",
        "How often a fresh judge that reads words picks the synthetic one out of a pair with a "
        "real row: 0.5 is guessing.",
        "low",
    ),
    "auc_neighbours": About(
        "Told from real rows by a language model",
        "How often a fresh judge that sees rows as a language model does picks the synthetic one "
        "out of a pair with a real row: 0.5 is guessing.",
        "low",
    ),
    "length_distance": About(
        "Difference in length",
        "The share of rows that would need another number of words for lengths to be as in real "
        "text.",
        "low",
        "percent",
    ),
    "intent_distance": About(
        "Difference in the mix of intents",
        "The share of rows that would need another intent for the mix to be as in real text.",
        "low",
        "percent",
    ),
    "slot_distance": About(
        "Difference in the mix of slots",
        "The share of slots that would need another label for the mix to be as in real text.",
        "low",
        "percent",
    ),
    "pos_distance": About(
        "Difference in parts of speech",
        "The share of words that would need to be of another kind (noun, verb, …) for the mix to "
        "be as in real text.",
        "low",
        "percent",
    ),
    "function_word_distance": About(
        "Difference in small words",
        "The share of small words (the, to, my, …) that would need to be another one for the mix "
        "to be as in real text.",
        "low",
        "percent",
    ),
}


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: made rows with the target, and other real rows with the target too (of
    those there may be none)."""

    made: pa.Table
    target: pa.Table
    other: pa.Table

    def each(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        return self.made, self.target, self.other


def fidelity(sets: Sets, context: Context, *, mauve_features: Features = "embeddings") -> Findings:
    """How like real rows the synthetic ones are, and how like them other real rows are.

    MAUVE (Pillutla et al. 2021, its authors' library) on embeddings or, as an option that takes
    minutes for 5,000 rows a side, on the base model's hidden states; the Fréchet distance (Heusel
    et al. 2017), precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al.
    2020; k = 5) on embeddings; AUC of fresh discriminators, balanced by intent, of at most 1,000
    rows a side (300 for that on hidden states); and the total variation distance of lengths,
    intents, slots, parts of speech and function words.

    The target is the holdout and the reference is the real rows against it, all three samples of
    one size by keyed hash. Where these are so few that half of the holdout is more, its one half is
    the target and its other half the reference; without a holdout, the same with the real rows.
    Intervals are of the rows judged, the models and the other side being given; distances of
    distributions have none, since a bootstrap adds to them: the reference shows what chance does.

    Tables: `lengths`, `slots`, `parts_of_speech` (shares), and `map`, up to 1,500 points in the
    plane (t-SNE, van der Maaten and Hinton 2008).
    """
    whole, notes = _sides(sets, context.seed)
    least = min(table.num_rows for table in (whole.made, whole.target))
    if least < FEWEST:
        return Findings([], [f"Likeness to real text was not measured: there are {least} rows on a "
                             f"side, {FEWEST} are needed."])  # fmt: skip
    size = min(table.num_rows for table in whole.each() if table.num_rows)
    equal = Sides(*(samples.rows(table, size, context.seed) for table in whole.each()))
    compared = [rows for rows in (equal.made, equal.other) if rows.num_rows]
    found: dict[str, list[Estimate]] = {}
    for rows in compared:
        for name, value in _on_embeddings(rows, equal.target, context).items():
            found.setdefault(name, []).append(value)
    found["mauve"], on_mauve = _mauve(compared, equal.target, context, mauve_features)
    told_apart, more = _told_apart(whole, size, context)
    kinds, missing = profiles.of(equal.each(), context)
    found |= told_apart | {
        f"{name}_distance": [
            Estimate(profiles.total_variation(own, target)) for own in (made, other) if own
        ]
        for name, (made, target, other) in kinds.items()
    }
    figures = [
        Figure(name, own.value, own.low, own.high, {}, *reference)
        for name in ABOUT
        if found.get(name)
        for own, *reference in [found[name]]
    ]
    notes += [*on_mauve, *more, *missing]
    tables = {
        table: profiles.shares(column, kinds[name][:2])
        for name, (table, column) in PLOTTED.items()
        if name in kinds
    }
    return Findings(figures, notes, tables | {"map": _map(equal, context)})


def _sides(sets: Sets, seed: int) -> tuple[Sides, list[str]]:
    """What is compared with what, so that most rows are left."""
    made, real, holdout = sets.synthetic, sets.real, sets.holdout
    if not holdout.num_rows:
        note = (
            "There is no holdout: likeness is to one half of the real rows, beside the other, and "
            "rows that copy them look better than they are."
        )
        if real.num_rows < 2 * FEWEST:
            return Sides(made, real, real.slice(0, 0)), []
        return Sides(made, *samples.halves(real, seed)), [note]
    if min(real.num_rows, holdout.num_rows, made.num_rows) >= min(
        holdout.num_rows // 2, made.num_rows
    ):
        return Sides(made, holdout, real), []
    if holdout.num_rows >= 2 * FEWEST:
        note = "The real rows are few: likeness is to one half of the holdout, beside the other."
        return Sides(made, *samples.halves(holdout, seed)), [note]
    return Sides(made, holdout, holdout.slice(0, 0)), []


def _on_embeddings(rows: pa.Table, target: pa.Table, context: Context) -> dict[str, Estimate]:
    made, real = (context.embed(corpus.column(table, "text")) for table in (rows, target))
    lies = embeddings.manifold(real, made, k=NEAREST)
    means = {
        "precision": lies.precision,
        "recall": lies.recall,
        "density": lies.density,
        "coverage": lies.coverage,
    }
    return {"frechet": Estimate(embeddings.frechet(real, made))} | {
        name: intervals.mean(values, resamples=context.resamples, seed=context.seed)
        for name, values in means.items()
    }


def _mauve(
    compared: list[pa.Table], target: pa.Table, context: Context, wanted: Features
) -> tuple[list[Estimate], list[str]]:
    size = target.num_rows
    if not models.installed("mauve"):
        return [], [
            "MAUVE was not measured: its library is missing. "
            'Install it with `pip install "textsynth-corpus[evaluate]"`.'
        ]
    if size < MAUVE_FEWEST:
        return [], [
            f"MAUVE was not measured: of {size} rows a side it means nothing, "
            f"{MAUVE_FEWEST} are needed."
        ]
    features, notes = context.embed, []
    if wanted == "hidden_states" and context.hidden_states is None:
        notes.append("There is no base model: MAUVE is of sentence embeddings.")
    elif wanted == "hidden_states" and context.hidden_states is not None:
        features = context.hidden_states
    if size < MAUVE_ENOUGH:
        notes.append(
            f"MAUVE is of {size:,} rows a side. With fewer than {MAUVE_ENOUGH:,} it is biased "
            "upwards: compare it with its reference, and with nothing of another size."
        )
    real = features(corpus.column(target, "text"))
    scores = [
        embeddings.mauve(features(corpus.column(rows, "text")), real, seed=context.seed)
        for rows in compared
    ]
    return [Estimate(score) for score in scores], notes


def _told_apart(
    whole: Sides, size: int, context: Context
) -> tuple[dict[str, list[Estimate]], list[str]]:
    """The AUC of fresh discriminators: of made rows and, where there are any, of other real ones;
    all against one draw of the target."""
    tables = [table for table in whole.each() if table.num_rows]
    drawn, notes = samples.by_intent(tables, JUDGED, context.seed), []
    if drawn[0].num_rows < FEWEST:
        drawn = [samples.rows(table, min(size, JUDGED), context.seed) for table in tables]
        notes.append("Discriminators are not balanced by intent: the sides share too few.")
    texts = [corpus.column(table, "text") for table in drawn]
    read = context.hidden_states or context.embed
    states = [read(own[:READ] if context.hidden_states else own) for own in texts]
    if context.hidden_states is None:
        notes.append("Without a base model, auc_neighbours is of sentence embeddings.")
    sides = [0, *range(2, len(tables))]
    return {
        "auc_words": [discriminators.nb_svm(texts[1], texts[at], paired=True) for at in sides],
        "auc_neighbours": [
            discriminators.neighbours(states[1], states[at], paired=True) for at in sides
        ],
    }, notes


def _map(equal: Sides, context: Context) -> list[dict[str, str | float | None]]:
    """Points of made and of target rows in the plane; those of made rows with their text."""
    tables = [table.slice(0, MAPPED) for table in (equal.made, equal.target)]
    texts = [corpus.column(table, "text") for table in tables]
    places = embeddings.plane(context.embed([*texts[0], *texts[1]]), seed=context.seed)
    rows = [
        {"kind": kind, "intent": intent, "text": text if kind == "synthetic" else None}
        for kind, table, own in zip(("synthetic", "real"), tables, texts, strict=True)
        for intent, text in zip(corpus.column(table, "intent"), own, strict=True)
    ]
    return [
        {"x": round(float(x), 3), "y": round(float(y), 3), **row}
        for (x, y), row in zip(places, rows, strict=True)
    ]
