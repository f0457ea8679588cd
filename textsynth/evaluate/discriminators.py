"""Fresh discriminators: how well rows are told from real ones by models that had no part in making
or choosing them. Cross-validated; 0.5 is chance, 1 is certainty.

Every row is judged by a model that did not learn from it, and the area under the ROC curve is that
of the scores of all folds. The interval is DeLong's: of the rows judged, the models being given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.evaluate import Estimate, intervals

FOLDS = 5
NEIGHBOURS = 15

Judge = Callable[[Any, Any, Any], Any]
"""(places to learn from, their labels, places to judge) -> scores, higher for made rows."""


def cross_validated(real: int, made: int, judge: Judge, *, paired: bool = False) -> Estimate:
    """The AUC of a judge over folds of `real` rows and the `made` ones after them; NaN where a side
    has fewer rows than there are folds.

    Folds are stratified. Where sides are balanced within strata, such as intents, say that they are
    `paired`: the n-th rows of both are of one stratum and are judged in one fold. Otherwise a judge
    has one row fewer of a row's own side than of the other in its stratum to learn from, and rows
    that cannot be told apart are taken for their opposites: AUC well below 0.5.

    Raises:
        ValueError: sides are paired, but not of one length.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    if paired and real != made:
        raise ValueError(f"pairs are of equal sides, these are of {real} and {made}")
    if min(real, made) < FOLDS:
        return Estimate(float("nan"))
    labels = np.repeat([0, 1], [real, made])
    places = np.arange(len(labels))
    if paired:
        pairs = places.reshape(2, real)
        folds = [pairs[:, of].ravel() for _, of in _shuffled(KFold).split(pairs.T)]
    else:
        folds = [judged for _, judged in _shuffled(StratifiedKFold).split(labels, labels)]
    found = np.zeros(len(labels))
    for judged in folds:
        learnt = np.setdiff1d(places, judged)
        found[judged] = judge(learnt, labels[learnt], judged)
    return intervals.auc(found[labels == 1], found[labels == 0])


def _shuffled(folds: Any) -> Any:
    return folds(FOLDS, shuffle=True, random_state=0)


def nb_svm(real: Sequence[str], made: Sequence[str], *, paired: bool = False) -> Estimate:
    """AUC of a linear SVM on binary word 1-2-grams scaled by their log-count ratios (Wang and
    Manning 2012)."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.svm import LinearSVC

    texts = np.array([*real, *made], dtype=object)

    def judge(learnt: Any, labels: Any, judged: Any) -> Any:
        if not any(text.strip() for text in texts[learnt]):
            return np.zeros(len(judged))
        vectorizer = CountVectorizer(
            ngram_range=(1, 2), binary=True, token_pattern=r"\w+|[^\w\s]", lowercase=False
        )
        features = vectorizer.fit_transform(texts[learnt])
        sides = [1 + np.asarray(features[labels == side].sum(axis=0)).ravel() for side in (0, 1)]
        ratio = np.log((sides[1] / sides[1].sum()) / (sides[0] / sides[0].sum()))
        model = LinearSVC(C=0.1, random_state=0).fit(features.multiply(ratio).tocsr(), labels)
        return model.decision_function(vectorizer.transform(texts[judged]).multiply(ratio).tocsr())

    return cross_validated(len(real), len(made), judge, paired=paired)


def neighbours(real: npt.ArrayLike, made: npt.ArrayLike, *, paired: bool = False) -> Estimate:
    """AUC of the share of made rows among the 15 nearest by cosine, features of shape (n, d)
    standardised."""
    sides = np.asarray(real), np.asarray(made)
    vectors = np.concatenate(sides)

    def judge(learnt: Any, labels: Any, judged: Any) -> Any:
        centre, spread = vectors[learnt].mean(axis=0), vectors[learnt].std(axis=0) + 1e-6
        scaled = (vectors - centre) / spread
        scaled /= np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)
        likeness = scaled[judged] @ scaled[learnt].T
        count = min(NEIGHBOURS, len(learnt))
        nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        return labels[nearest].mean(axis=1)

    return cross_validated(len(sides[0]), len(sides[1]), judge, paired=paired)
