"""Drop a text that reads like another intent than its own."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column
from textsynth.filters import Context, Verdicts, intents, reading

FOLDS = 5
FEW = 2
# Pairs of intents that are named as confused.
CONFUSED = 5


def label(
    corpus: pa.Table,
    context: Context,
    *,
    min_margin: Annotated[float, Field(ge=0, le=1)] = 0.0,
    encoder: intents.Kind = "auto",
    model: str = "auto",
    reader: str | None = None,
) -> Verdicts:
    """Drop rows whose predicted intent is not their own; reasons `other_intent`, `thin_margin`.

    A classifier on sentence embeddings learns the intents from the seeds alone. The margin is the
    chance of the row's intent less that of the best other one; it is kept as the score
    `label_margin`. Rows of an intent that has no seeds cannot be judged and pass.

    Args:
        corpus: the candidates.
        context: its `seeds` are learnt, and `names`.
        min_margin: a row with less goes.
        encoder: `frozen` leaves the sentence encoder as it is, `tuned` fine-tunes it on the seeds
            (see `filters.intents.classifier`), `auto` does so where a language model writes rows
            and there are 400 to 3,000 seeds: of those many are right that the frozen one takes for
            another intent's. Fewer seeds make the encoder worse.
        model: the sentence encoder that judges: a hub id or a folder; `auto` is the one that all
            filters share. A larger one knows more than what is trained on the rows.
        reader: a language model that judges beside the encoder, by seeds in its prompt (see
            `filters.reading.weigh`); `auto`, a hub id, a folder or a GGUF file, as `model.base`.
            Best another one than that which wrote the rows, and a larger one.

    Raises:
        ModelError: the encoder or the reader cannot be had.
    """
    known = column(context.seeds, "intent")
    names = sorted(set(known))
    rows = column(corpus, "intent")
    if len(names) < 2 or not rows:
        told = "one intent only: nothing to confuse it with" if names else "no seeds to learn from"
        return Verdicts([None] * len(rows), note=told)
    texts, judged = column(context.seeds, "text"), column(corpus, "text")
    chances = intents.classifier(encoder, texts, known, context, model)(judged)
    if reader is not None:
        chances = reading.weigh(chances, judged, rows, reader, context)
    margins = _margins(chances, rows, names)
    reasons = [
        None
        if np.isnan(margin) or (margin >= min_margin and margin > 0)
        else ("other_intent" if margin <= 0 else "thin_margin")
        for margin in margins
    ]
    note = _seed_agreement(context.embed(texts), known, names)
    if intents.settled(encoder, len(texts), context) == "tuned":
        note += "; rows were judged by an encoder tuned on the seeds"
    if reader is not None:
        note += "; a language model read the rows too"
    return Verdicts(reasons, {"label_margin": np.nan_to_num(margins).tolist()}, note=note)


def forget() -> None:
    """Let go of the models that judged: a run is past its filters."""
    intents._TUNED.clear()
    reading._KEPT.clear()


def _margins(
    chances: npt.NDArray[np.float64], own_intents: list[str], names: list[str]
) -> npt.NDArray[np.float64]:
    """Own probability less the best other one; NaN for intents that `names` lacks."""
    known = {name: place for place, name in enumerate(names)}
    margins = np.full(len(own_intents), np.nan)
    for row, intent in enumerate(own_intents):
        if intent in known:
            own = known[intent]
            margins[row] = chances[row, own] - np.delete(chances[row], own).max()
    return margins


def _seed_agreement(
    vectors: npt.NDArray[np.float32], own_intents: list[str], names: list[str]
) -> str:
    """How far the seeds agree with themselves, out of fold: the ceiling of this filter; and which
    intents they confuse most often. The encoder is as it is."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    count = Counter(own_intents)
    some = [row for row, intent in enumerate(own_intents) if count[intent] >= FEW]
    places = np.array([names.index(own_intents[row]) for row in some])
    if len(set(places.tolist())) < 2:
        return "too few seeds to tell how far they agree with themselves"
    folds, vectors = min(FOLDS, min(n for n in count.values() if n >= FEW)), vectors[some]
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    predicted = cross_val_predict(intents.regression(), vectors, places, cv=splitter)
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
