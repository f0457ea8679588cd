"""Drop a text that reads like another intent than its own."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column
from textsynth.filters import Context, Verdicts

FOLDS = 5
FEW = 2
# Pairs of intents that are named as confused.
CONFUSED = 5


def label(
    corpus: pa.Table, context: Context, *, min_margin: Annotated[float, Field(ge=0, le=1)] = 0.0
) -> Verdicts:
    """Drop rows whose predicted intent is not their own; reasons `other_intent`, `thin_margin`.

    A logistic regression on sentence embeddings learns the intents from the seeds alone. The margin
    is the probability of the row's intent less that of the best other one; it is kept as the score
    `label_margin`. Rows of an intent that has no seeds cannot be judged and pass.
    """
    intents = column(context.seeds, "intent")
    names = sorted(set(intents))
    rows = column(corpus, "intent")
    if len(names) < 2 or not rows:
        return Verdicts([None] * len(rows), note="one intent only: nothing to confuse it with")
    places = np.array([names.index(intent) for intent in intents])
    vectors = context.embed(column(context.seeds, "text"))
    model = _classifier().fit(vectors, places)
    chances = model.predict_proba(context.embed(column(corpus, "text")))
    margins = _margins(chances, rows, names)
    reasons = [
        None
        if np.isnan(margin) or (margin >= min_margin and margin > 0)
        else ("other_intent" if margin <= 0 else "thin_margin")
        for margin in margins
    ]
    return Verdicts(
        reasons,
        {"label_margin": np.nan_to_num(margins).tolist()},
        note=_seed_agreement(vectors, places, names),
    )


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=1000)


def _margins(
    chances: npt.NDArray[np.float64], intents: list[str], names: list[str]
) -> npt.NDArray[np.float64]:
    """Own probability less the best other one; NaN for intents that `names` lacks."""
    known = {name: place for place, name in enumerate(names)}
    margins = np.full(len(intents), np.nan)
    for row, intent in enumerate(intents):
        if intent in known:
            own = known[intent]
            margins[row] = chances[row, own] - np.delete(chances[row], own).max()
    return margins


def _seed_agreement(
    vectors: npt.NDArray[np.float32], places: npt.NDArray[np.int64], names: list[str]
) -> str:
    """How far the seeds agree with themselves, out of fold: the ceiling of this filter; and which
    intents they confuse most often."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = min(FOLDS, int(np.bincount(places).min()))
    if folds < FEW:
        return "too few seeds to tell how far they agree with themselves"
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    predicted = cross_val_predict(_classifier(), vectors, places, cv=splitter)
    told = f"the seeds agree with themselves, out of fold, at {np.mean(predicted == places):.0%}"
    pairs = Counter(
        (names[own], names[other])
        for own, other in zip(places.tolist(), predicted.tolist(), strict=True)
        if own != other
    )
    worst = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:CONFUSED]
    if not worst:
        return told
    listed = ", ".join(f"{own} for {other} ({count})" for (own, other), count in worst)
    return f"{told}; taken for another: {listed}"
