"""Adversarial filtering: drop what a discriminator tells from real text (Zellers et al. 2018, SWAG).

A discriminator learns seeds against candidates from sentence embeddings and character n-grams. It is
cross-fitted: each row is scored by a model that did not see it. What is most surely synthetic goes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import keyed
from textsynth.corpus import column
from textsynth.filters import Context, Verdicts

FOLDS = 5
MIN_SEEDS = 10

Floats = npt.NDArray[np.float64]


def adversarial(
    corpus: pa.Table, context: Context, *, rounds: int = 2, drop: float = 0.25, target: float = 0.55
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

    Each row weighs so that both sides of an intent weigh the same.
    """
    from sklearn.metrics import roc_auc_score

    texts = column(context.seeds, "text") + column(corpus, "text")
    intents = column(context.seeds, "intent") + column(corpus, "intent")
    synthetic = np.repeat([0, 1], [context.seeds.num_rows, corpus.num_rows])
    weights = _balance(intents, synthetic)
    # A pattern's utterances share a fold: a row is never scored by a model that saw its siblings.
    groups = column(context.seeds, "pattern") + column(corpus, "pattern")
    features = _features(texts, context)
    hashed = keyed.counters([group or text for group, text in zip(groups, texts, strict=True)])
    folds = (keyed.bits(keyed.stream(context.seed, "folds"), hashed) % np.uint64(FOLDS)).astype(int)
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


def _balance(intents: list[str], synthetic: npt.NDArray[np.int64]) -> Floats:
    """Weights under which each intent has as much real as synthetic mass."""
    counts: dict[tuple[str, int], int] = {}
    keys = list(zip(intents, synthetic.tolist(), strict=True))
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    weights = np.array([1.0 / counts[key] if (key[0], 1 - key[1]) in counts else 0 for key in keys])
    if not weights.any():
        weights = np.array([1.0 / counts[key] for key in keys])
    return weights * len(keys) / weights.sum()
