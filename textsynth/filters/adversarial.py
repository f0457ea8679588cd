"""Adversarial filtering: drop what a discriminator tells from real text (Zellers et al. 2018).

A discriminator learns seeds against candidates from sentence embeddings, character n-grams and
surface features. It is cross-fitted: each row is scored by a model that did not see it. What is
most surely synthetic goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth import keyed
from textsynth.corpus import column, fold
from textsynth.filters import Context, Verdicts

FOLDS = 5
MIN_SEEDS = 10
ROUNDS = 2
TARGET = 0.55
# How much surface features weigh beside embeddings and n-grams, which are of unit length a row.
SURFACE_WEIGHT = 0.2
# Components that stand for the n-grams where a discriminator takes no sparse features.
COMPONENTS = 64
_WORD = re.compile(r"\w+")

Floats = npt.NDArray[np.float64]
Discriminator = Literal["linear", "boosting", "transformer"]


def adversarial(
    corpus: pa.Table,
    context: Context,
    *,
    rounds: Annotated[int, Field(ge=0)] = ROUNDS,
    drop: Annotated[float, Field(ge=0, le=1)] = 0.25,
    target: Annotated[float, Field(ge=0.5, le=1)] = TARGET,
    discriminator: Discriminator = "linear",
    feedback: bool = False,
) -> Verdicts:
    """Drop the most detectable share of each intent and origin; reason `detectable`.

    Args:
        corpus: the candidates.
        context: its `seeds` are the real side.
        rounds: how often the pipeline judges and asks for replacements, at most.
        drop: the share of each intent and origin that goes in a round.
        target: the discriminator's AUC at which nothing more need go.
        discriminator: `linear` is logistic regression, `boosting` gradient boosted trees, and
            `transformer` fine-tunes the sentence encoder (minutes a round).
        feedback: the language model learns from what survives, between rounds; by the pipeline.

    The score `detectability` is the out-of-fold probability of being synthetic, the figure `auc`
    the discriminator's. The pipeline keeps each intent at its quota while replacements can be had.
    """
    if context.seeds.num_rows < MIN_SEEDS or corpus.num_rows < MIN_SEEDS:
        note = f"fewer than {MIN_SEEDS} seeds or candidates: no discriminator was trained"
        return Verdicts([None] * corpus.num_rows, note=note)
    chances, auc = detectability(corpus, context, discriminator)
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
    scores = {"detectability": chances.tolist()}
    return Verdicts(reasons, scores, note=f"AUC {auc:.3f}", figures={"auc": auc})


def detectability(
    corpus: pa.Table, context: Context, discriminator: Discriminator = "linear"
) -> tuple[Floats, float]:
    """Out-of-fold probability of being synthetic for each row, and the discriminator's AUC.

    Both sides of an intent weigh the same, and a pattern as much as another.
    """
    from sklearn.metrics import roc_auc_score

    texts = column(context.seeds, "text") + column(corpus, "text")
    synthetic = np.repeat([0, 1], [context.seeds.num_rows, corpus.num_rows])
    weights = _balance(context.seeds, corpus)
    fit = _fitting(discriminator, texts, context)
    folds = _folds(texts, context)
    chances = np.zeros(len(texts))
    for fold_ in range(FOLDS):
        held = folds == fold_
        if not held.any() or len(set(synthetic[~held & (weights > 0)])) < 2:
            chances[held] = weights[synthetic == 1].sum() / weights.sum()
            continue
        chances[held] = fit(~held, held, synthetic, weights)
    chances = np.round(chances, 5)
    auc = float(roc_auc_score(synthetic, chances, sample_weight=weights))
    return chances[synthetic == 1], auc


# (rows to learn, rows to judge, labels, weights) -> probabilities of the rows to judge
Fit = Callable[[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Any, Floats], Floats]


def _fitting(discriminator: Discriminator, texts: list[str], context: Context) -> Fit:
    if discriminator == "transformer":
        from textsynth.filters import finetuned

        return finetuned.fitting(texts, context.seed)
    features = _features(texts, context)
    if discriminator == "boosting":
        features = _dense(features, context.embed(texts).shape[1])

    def fit(learnt: Any, judged: Any, labels: Any, weights: Floats) -> Floats:
        model = _classifier(discriminator)
        model.fit(features[learnt], labels[learnt], sample_weight=weights[learnt])
        return np.asarray(model.predict_proba(features[judged])[:, 1])

    return fit


def _classifier(discriminator: Discriminator) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    if discriminator == "boosting":
        return HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.1, min_samples_leaf=10, random_state=0
        )
    return LogisticRegression(C=1.0, max_iter=500)


def _features(texts: list[str], context: Context) -> Any:
    """Embeddings, TF-IDF of character 1- to 4-grams (both of unit length a row) and the surface,
    sparse."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), min_df=2, lowercase=False, sublinear_tf=True
    )
    blocks = [
        csr_matrix(context.embed(texts)),
        csr_matrix(SURFACE_WEIGHT * surface(texts)),
        characters.fit_transform(texts),
    ]
    return hstack(blocks).tocsr()


def _dense(features: Any, dimensions: int) -> Floats:
    """Features for trees: embeddings and surface as they are, n-grams by their main components."""
    from sklearn.decomposition import TruncatedSVD

    first = dimensions + len(SURFACE)
    grams = features[:, first:]
    size = min(COMPONENTS, grams.shape[1] - 1)
    reduced = TruncatedSVD(size, random_state=0).fit_transform(grams)
    return np.hstack([features[:, :first].toarray(), reduced])


SURFACE = ("words", "characters", "punctuation", "capitals", "digits", "capital_first",
           "ends_in_punctuation", "rare_words")  # fmt: skip


def surface(texts: list[str]) -> Floats:
    """What a text looks like, standardised over the texts: shape (n, 8), the columns as in
    `SURFACE`. A word is rare that stands in no other of the texts."""
    if not texts:
        return np.zeros((0, len(SURFACE)))
    words = [_WORD.findall(fold(text)) for text in texts]
    holders = Counter(word for own in words for word in set(own))
    measured = np.array(
        [
            (
                np.log1p(len(own)),
                np.log1p(len(text)),
                sum(not (char.isalnum() or char.isspace()) for char in text) / max(1, len(text)),
                sum(char.isupper() for char in text) / max(1, len(text)),
                sum(char.isdigit() for char in text) / max(1, len(text)),
                text[:1].isupper(),
                bool(text) and not text[-1].isalnum(),
                sum(holders[word] == 1 for word in own) / max(1, len(own)),
            )
            for text, own in zip(texts, words, strict=True)
        ],
        dtype=np.float64,
    ).reshape(len(texts), len(SURFACE))
    spread = measured.std(axis=0)
    return np.asarray((measured - measured.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


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
