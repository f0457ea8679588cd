"""Adversarial filtering: drop what a discriminator tells from real text (Zellers et al. 2018).

A discriminator learns seeds against candidates from sentence embeddings and character n-grams. It
is cross-fitted: each row is scored by a model that did not see it. What is most surely synthetic
goes.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth import keyed
from textsynth.corpus import column
from textsynth.filters import Context, Verdicts

FOLDS = 5
MIN_SEEDS = 10

Floats = npt.NDArray[np.float64]


def adversarial(
    corpus: pa.Table,
    context: Context,
    *,
    rounds: Annotated[int, Field(ge=0)] = 2,
    drop: Annotated[float, Field(ge=0, le=1)] = 0.25,
    target: Annotated[float, Field(ge=0.5, le=1)] = 0.55,
) -> Verdicts:
    """Drop the most detectable share of each intent and origin; reason `detectable`.

    Args:
        corpus: the candidates.
        context: its `seeds` are the real side.
        rounds: how often the pipeline judges and asks for replacements, at most.
        drop: the share of each intent and origin that goes in a round.
        target: the discriminator's AUC at which nothing more need go.

    The score `detectability` is the out-of-fold probability of being synthetic. The pipeline keeps
    each intent at its quota while replacements can be had.
    """
    if context.seeds.num_rows < MIN_SEEDS or corpus.num_rows < MIN_SEEDS:
        note = f"fewer than {MIN_SEEDS} seeds or candidates: no discriminator was trained"
        return Verdicts([None] * corpus.num_rows, note=note)
    chances, auc = detectability(corpus, context)
    reasons: list[str | None] = [None] * corpus.num_rows
    if auc > target:
        groups: dict[tuple[str, str], list[int]] = {}
        pairs = zip(column(corpus, "intent"), column(corpus, "origin"), strict=True)
        for row, group in enumerate(pairs):
            groups.setdefault(group, []).append(row)
        ids = column(corpus, "id")
        for rows in groups.values():
            rows.sort(key=lambda row: (-chances[row], ids[row]))
            for row in rows[: int(len(rows) * drop)]:
                reasons[row] = "detectable"
    return Verdicts(reasons, {"detectability": chances.tolist()}, note=f"AUC {auc:.3f}")


def detectability(corpus: pa.Table, context: Context) -> tuple[Floats, float]:
    """Out-of-fold probability of being synthetic for each row, and the discriminator's AUC.

    Both sides of an intent weigh the same, and a pattern as much as another.
    """
    from sklearn.metrics import roc_auc_score

    texts = column(context.seeds, "text") + column(corpus, "text")
    synthetic = np.repeat([0, 1], [context.seeds.num_rows, corpus.num_rows])
    weights = _balance(context.seeds, corpus)
    features = _features(texts, context)
    folds = _folds(texts, context)
    chances = np.zeros(len(texts))
    for fold in range(FOLDS):
        held = folds == fold
        if not held.any() or len(set(synthetic[~held])) < 2:
            chances[held] = weights[synthetic == 1].sum() / weights.sum()
            continue
        model = _discriminator()
        model.fit(features[~held], synthetic[~held], sample_weight=weights[~held])
        chances[held] = model.predict_proba(features[held])[:, 1]
    chances = np.round(chances, 5)
    auc = float(roc_auc_score(synthetic, chances, sample_weight=weights))
    return chances[synthetic == 1], auc


def _discriminator() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=500)


def _features(texts: list[str], context: Context) -> Any:
    """Embeddings beside TF-IDF of character 1- to 4-grams, each block of unit length a row."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), min_df=2, lowercase=False, sublinear_tf=True
    )
    return hstack([csr_matrix(context.embed(texts)), characters.fit_transform(texts)]).tocsr()


def _folds(texts: list[str], context: Context) -> npt.NDArray[np.int64]:
    """A fold for each seed by its hash, and for each candidate that of the nearest seed.

    The model learnt from the seeds: a candidate is often close to one of them. Were it to train the
    discriminator that judges this seed, the seed would look synthetic and the AUC fall below 1/2.
    """
    count = context.seeds.num_rows
    hashed = keyed.counters(column(context.seeds, "pattern"))
    of_seed = keyed.bits(keyed.stream(context.seed, "folds"), hashed) % np.uint64(FOLDS)
    vectors = context.embed(texts)
    nearest = np.concatenate(
        [
            (part @ vectors[:count].T).argmax(axis=1)
            for part in np.array_split(vectors, 1 + len(vectors) // 4096)
        ]
    )
    nearest[:count] = np.arange(count)
    folds: npt.NDArray[np.int64] = of_seed.astype(np.int64)[nearest]
    return folds


def _balance(seeds: pa.Table, corpus: pa.Table) -> Floats:
    """Weights under which both sides of an intent weigh the same, and the utterances of one pattern
    together as much as one; an intent that one side lacks weighs nothing."""
    keys = [
        (side, intent, pattern or text)
        for side, table in enumerate((seeds, corpus))
        for intent, pattern, text in zip(
            *(column(table, name) for name in ("intent", "pattern", "text")), strict=True
        )
    ]
    siblings = Counter(keys)
    of_side = Counter((side, intent) for side, intent, _ in siblings)
    weights = np.array(
        [
            1 / siblings[key] / of_side[key[:2]] if (1 - key[0], key[1]) in of_side else 0.0
            for key in keys
        ]
    )
    if not weights.any():
        weights = np.array([1 / siblings[key] / of_side[key[:2]] for key in keys])
    return np.asarray(weights * len(keys) / weights.sum())
