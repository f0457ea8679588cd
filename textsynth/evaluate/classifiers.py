"""Classifiers of intents that show what rows are worth: each learns some of the rows, judges all
texts of the holdout, and starts afresh at every call.

`minilm` and `setfit` see sentence embeddings, `tfidf` what a small device can count. All end in a
multinomial logistic regression with C = 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import keyed, models
from textsynth.evaluate import Context

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
# Rows to learn and the weight of each, to chances of shape (texts to judge, intents).
Fit = Callable[[Places, Floats], npt.NDArray[np.float32]]
Make = Callable[[Sequence[str], Places, Sequence[str], Context], Fit]

C = 10.0
# Passes of SAGA over the rows: within 0.3 points of the accuracy of a converged fit, on 70 rows and
# on 5,000; every fit has as many.
PASSES = 10
PAIRS = 2000
BATCH = 16
LEARNING_RATE = 2e-5
LONGEST = 64


def minilm(texts: Sequence[str], labels: Places, judged: Sequence[str], context: Context) -> Fit:
    """Sentence embeddings and a logistic regression."""
    vectors, others = context.embed(list(texts)), context.embed(list(judged))
    size = int(labels.max()) + 1

    def fit(rows: Places, weights: Floats) -> npt.NDArray[np.float32]:
        return _regression(vectors[rows], labels[rows], weights, others, size)

    return fit


def tfidf(texts: Sequence[str], labels: Places, judged: Sequence[str], context: Context) -> Fit:
    """TF-IDF of words (1 to 2) and of characters within words (3 to 5), and a logistic regression.

    Vocabulary and document frequencies are those of the rows that are learnt.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer

    size = int(labels.max()) + 1
    kinds = [
        CountVectorizer(ngram_range=(1, 2)),
        CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)),
    ]
    counted = [_counts(kind.build_analyzer(), texts, judged) for kind in kinds]

    def fit(rows: Places, weights: Floats) -> npt.NDArray[np.float32]:
        blocks = [_weighed(learnt[rows], other) for learnt, other in counted]
        learnt, other = (hstack(side).tocsr() for side in zip(*blocks, strict=True))
        return _regression(learnt, labels[rows], weights, other, size, seed=context.seed)

    return fit


def setfit(texts: Sequence[str], labels: Places, judged: Sequence[str], context: Context) -> Fit:
    """The sentence encoder, tuned on pairs of rows so that one intent lies together (Tunstall et
    al. 2022, "Efficient Few-Shot Learning Without Prompts"), and a logistic regression.

    A row stands in pairs as often as its weight says; half of the pairs are of one intent. A fit
    takes minutes.
    """
    size = int(labels.max()) + 1

    def fit(rows: Places, weights: Floats) -> npt.NDArray[np.float32]:
        key = keyed.stream(context.seed, "setfit") % (1 << 31)
        pairs = _pairs(labels[rows], weights, np.random.default_rng(key))
        encode = _tuned([texts[row] for row in rows], pairs, key)
        vectors = encode([texts[row] for row in rows])
        return _regression(vectors, labels[rows], weights, encode(judged), size)

    return fit


CLASSIFIERS: Mapping[str, Make] = {"minilm": minilm, "tfidf": tfidf, "setfit": setfit}


def _regression(
    learnt: Any, labels: Places, weights: Floats, judged: Any, size: int, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Chances of shape (judged, size); 0 for what is not among the labels. Dense features are
    fitted by L-BFGS until it converges, sparse ones by SAGA (Defazio et al. 2014)."""
    from scipy.sparse import issparse
    from sklearn.linear_model import LogisticRegression

    chances = np.zeros((judged.shape[0], size), np.float32)
    known = np.unique(labels)
    if len(known) < 2 or not learnt.shape[1]:
        chances[:, known] = np.bincount(labels)[known] / len(labels)
        return chances
    if issparse(learnt):
        model = LogisticRegression(C=C, solver="saga", max_iter=PASSES, tol=0, random_state=seed)
    else:
        model = LogisticRegression(C=C, max_iter=1000)
    model.fit(learnt, labels, sample_weight=weights.astype(np.float32))
    chances[:, known] = model.predict_proba(judged)
    return chances


def _counts(analyze: Callable[[str], Iterable[str]], *sides: Sequence[str]) -> list[Any]:
    """How often a text has each n-gram, one sparse matrix a side; n-grams that the first side lacks
    are left out."""
    from scipy.sparse import csr_matrix

    vocabulary: dict[str, int] = {}
    parts = []
    for number, texts in enumerate(sides):
        places: list[int] = []
        ends = [0]
        for text in texts:
            if number == 0:
                places += [vocabulary.setdefault(g, len(vocabulary)) for g in analyze(text)]
            else:
                places += [vocabulary[g] for g in analyze(text) if g in vocabulary]
            ends.append(len(places))
        parts.append((places, ends))
    matrices = []
    for places, ends in parts:
        ones = np.ones(len(places), np.float32)
        matrix = csr_matrix((ones, places, ends), (len(ends) - 1, len(vocabulary)))
        matrix.sum_duplicates()
        matrices.append(matrix)
    return matrices


def _weighed(learnt: Any, judged: Any) -> tuple[Any, Any]:
    """TF-IDF of counts as scikit-learn has it (sublinear, smooth, rows of length 1), by the
    document frequencies of the learnt rows, whose n-grams alone are kept."""
    from scipy.sparse import diags
    from sklearn.preprocessing import normalize

    holders = np.bincount(learnt.indices, minlength=learnt.shape[1])
    kept = np.flatnonzero(holders)
    if not len(kept):  # texts of nothing but spaces
        return learnt[:, kept], judged[:, kept]
    inverse = np.log((1 + learnt.shape[0]) / (1 + holders[kept])) + 1

    def weigh(counts: Any) -> Any:
        part = counts[:, kept]
        part.data = np.log(part.data) + 1
        return normalize(part @ diags(inverse.astype(np.float32)), copy=False)

    return weigh(learnt), weigh(judged)


def _pairs(
    labels: Places, weights: Floats, random: np.random.Generator
) -> list[tuple[int, int, float]]:
    """Pairs of places and 1 where both have one label, else 0."""
    chances = weights / weights.sum()
    members = {label: np.flatnonzero(labels == label) for label in np.unique(labels).tolist()}
    pairs = []
    for number, first in enumerate(random.choice(len(labels), PAIRS, p=chances).tolist()):
        alike = number % 2 == 0 or len(members) < 2
        own = members[int(labels[first])]
        others = own if alike else np.setdiff1d(np.arange(len(labels)), own)
        near = chances[others] / chances[others].sum()
        pairs.append((first, int(random.choice(others, p=near)), float(alike)))
    return pairs


def _tuned(
    texts: Sequence[str], pairs: Sequence[tuple[int, int, float]], seed: int
) -> Callable[[Sequence[str]], npt.NDArray[np.float32]]:
    """The encoder after one pass over the pairs (squared error of the cosine)."""
    import torch

    tokenizer, encoder = models.load_embedder().parts()

    def vectors(own: Sequence[str]) -> Any:
        batch = tokenizer(
            list(own), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        hidden = encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=1)

    optimizer = torch.optim.AdamW(encoder.parameters(), lr=LEARNING_RATE)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # of dropout
        encoder.train()
        for at in range(0, len(pairs), BATCH):
            first, second, alike = zip(*pairs[at : at + BATCH], strict=True)
            left, right = vectors([texts[n] for n in first]), vectors([texts[n] for n in second])
            optimizer.zero_grad()
            (((left * right).sum(1) - torch.tensor(alike)) ** 2).mean().backward()
            optimizer.step()
    encoder.eval()

    def encode(own: Sequence[str]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            parts = [vectors(own[at : at + 4 * BATCH]) for at in range(0, len(own), 4 * BATCH)]
        return np.asarray(torch.cat(parts).numpy(), np.float32)

    return encode
