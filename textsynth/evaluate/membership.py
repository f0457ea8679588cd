"""Membership inference: can somebody who has the synthetic rows tell the seeds from other rows?

An attack scores real rows, seeds high. Four need the synthetic rows alone: similarity to the
nearest of them by embeddings and by character n-grams, and the loss under an n-gram model of their
texts or of their patterns (Meeus et al. 2025, "The Canary's Echo"), here calibrated by a model of
other real rows. The fifth has the model that wrote them: its loss, calibrated by that of the base
model (Carlini et al. 2021, "Extracting Training Data from Large Language Models").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textsynth import keyed
from textsynth.evaluate import Context, Estimate, intervals
from textsynth.evaluate.records import Balanced, distances, shuffled, words

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

ORDER = 3
PERMUTATIONS = 500
BLOCK = 500
_START, _END = "<s>", "</s>"


@dataclass(frozen=True, slots=True)
class Targets:
    """The rows attacked, seeds first and then as many of the holdout, in the same order of intents.

    Attributes:
        texts: of each; `written` has slots in place of values, as the model has learnt them.
        member: whether it is a seed, shape (n,).
        strata: a number for its intent, shape (n,).
        half: 0 or 1, shape (n,); both halves have as many seeds as others of an intent.
    """

    texts: list[str]
    written: list[str]
    member: Booleans
    strata: npt.NDArray[np.int64]
    half: npt.NDArray[np.int64]


def targets(
    drawn: Balanced,
    seeds: tuple[Sequence[str], Sequence[str]],
    holdout: tuple[Sequence[str], Sequence[str]],
) -> Targets:
    """The targets of a balanced draw; of each side (texts, written forms)."""
    count = len(drawn.seeds)

    def both(form: int) -> list[str]:
        return [seeds[form][at] for at in drawn.seeds] + [holdout[form][at] for at in drawn.holdout]

    return Targets(
        both(0),
        both(1),
        np.arange(2 * count) < count,
        np.tile(drawn.strata, 2),
        np.tile(np.arange(count) % 2, 2),
    )


def attacks(
    of: Targets, rows: Sequence[str], written: Sequence[str], context: Context
) -> dict[str, Floats]:
    """The score of each target by each attack that can be made, shape (n,) each. `written` are the
    synthetic rows as patterns; where nothing has slots they say no more than the texts."""
    scores = {
        "nearest": -distances(context.embed(of.texts), context.embed(list(rows))),
        "character n-grams": character_similarity(of.texts, rows),
        "n-grams": calibrated_ngrams(of.texts, of.half, rows),
    }
    if of.written != of.texts:
        scores["n-grams of patterns"] = calibrated_ngrams(of.written, of.half, written)
    if context.loss is not None:
        scores["loss"] = -context.loss(of.written)
        if context.perplexity is not None:
            scores["loss"] += np.log(context.perplexity(of.written))
    return {name: filled for name, own in scores.items() if (filled := _filled(own)) is not None}


def _filled(scores: Floats) -> Floats | None:
    """Scores whose gaps (a text of no tokens) tell nothing; None where all are gaps."""
    told = np.isfinite(scores)
    return np.where(told, scores, np.median(scores[told])) if told.any() else None


def character_similarity(texts: Sequence[str], rows: Sequence[str]) -> Floats:
    """The cosine of each text to the nearest row by TF-IDF of character 3- to 5-grams, shape (n,);
    0 where rows hold no character."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    there = sorted({row for row in rows if row.strip()})
    if not there:
        return np.zeros(len(texts))
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), dtype=np.float32)
    known = vectorizer.fit_transform(there).T.tocsr()
    asked = vectorizer.transform(list(texts))
    found = [
        (asked[at : at + BLOCK] @ known).max(axis=1).toarray().ravel()
        for at in range(0, len(texts), BLOCK)
    ]
    return np.concatenate(found).astype(float) if found else np.zeros(0)


class NgramModel:
    """A word trigram model with the interpolated smoothing of Witten and Bell (1991).

    Words that it has not seen share one place of the vocabulary.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._totals: Counter[tuple[str, ...]] = Counter()
        self._kinds: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            for context, word in _steps(text):
                for size in range(ORDER):
                    before = context[ORDER - 1 - size :]
                    self._counts[*before, word] += 1
                    self._totals[before] += 1
        for gram in self._counts:
            self._kinds[gram[:-1]] += 1
        self._vocabulary = self._kinds[()] + 1

    def loss(self, text: str) -> float:
        """The mean loss in nats a word, the end counted as one."""
        losses = [-math.log(self._chance(context, word)) for context, word in _steps(text)]
        return sum(losses) / len(losses)

    def _chance(self, context: tuple[str, ...], word: str) -> float:
        chance = 1 / self._vocabulary
        for size in range(ORDER):
            before = context[ORDER - 1 - size :]
            total = self._totals[before]
            if not total:
                break
            kinds = self._kinds[before]
            chance = (self._counts[*before, word] + kinds * chance) / (total + kinds)
        return chance


def _steps(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Each word with the words before it, as many as the model looks at."""
    own = [_START] * (ORDER - 1) + words(text) + [_END]
    return [(tuple(own[at - ORDER + 1 : at]), own[at]) for at in range(ORDER - 1, len(own))]


def calibrated_ngrams(
    texts: Sequence[str], half: npt.NDArray[np.int64], rows: Sequence[str]
) -> Floats:
    """How much better a trigram model of the synthetic rows knows each target than one of real rows
    does, nats a word, shape (n,). The real rows are the other half of the targets, seeds and others
    alike, so that nothing in it but the synthetic rows can tell who is a seed."""
    own = NgramModel(rows)
    scores = np.zeros(len(texts))
    for number in (0, 1):
        other = NgramModel([texts[at] for at in np.flatnonzero(half != number).tolist()])
        for at in np.flatnonzero(half == number).tolist():
            scores[at] = other.loss(texts[at]) - own.loss(texts[at])
    return scores


def aucs(
    scores: Mapping[str, Floats], of: Targets, *, seed: int = 0
) -> dict[str | None, tuple[Estimate, Estimate]]:
    """The AUC of each attack, and under None that of the strongest; beside each what it is by
    chance, labels being permuted within intents (95 % of the permutations).

    The largest of several AUCs is above 0.5 by chance. So the strongest attack is the one that does
    best on one half of the targets, and is measured on the other, and the other way round; its
    value is the mean of both, which is 0.5 for rows that know nothing of the seeds.
    """
    names = list(scores)
    found = {name: intervals.auc(own[of.member], own[~of.member]) for name, own in scores.items()}
    halves = [np.flatnonzero(of.half == half) for half in (0, 1)]
    measured = [[_auc(scores[name][at], of.member[at]) for name in names] for at in halves]
    picked = [int(np.argmax([one.value for one in measured[1 - half]])) for half in (0, 1)]
    strongest = _mean([measured[half][picked[half]] for half in (0, 1)])
    labels = shuffled(
        of.strata * 2 + of.half, of.member, PERMUTATIONS, keyed.stream(seed, "permuted")
    )
    whole = _permuted(scores, labels, np.arange(len(of.texts)))
    parts = [_permuted(scores, labels, at) for at in halves]
    crossed = [
        np.take_along_axis(parts[half], parts[1 - half].argmax(0)[None], 0)[0] for half in (0, 1)
    ]
    return {
        None: (strongest, _chance(np.mean(crossed, axis=0))),
        **{name: (found[name], _chance(whole[at])) for at, name in enumerate(names)},
    }


def _auc(scores: Floats, member: Booleans) -> Estimate:
    return intervals.auc(scores[member], scores[~member])


def _mean(parts: Sequence[Estimate]) -> Estimate:
    """The mean of two independent estimates; the wider side of an interval is the one not cut."""
    value = sum(part.value for part in parts) / 2
    wide = [
        max(part.value - part.low, part.high - part.value)
        for part in parts
        if part.low is not None and part.high is not None
    ]
    if len(wide) < len(parts):
        return Estimate(value)
    spread = math.hypot(*wide) / 2
    return Estimate(value, max(0.0, value - spread), min(1.0, value + spread))


def _permuted(scores: Mapping[str, Floats], labels: Floats, at: npt.NDArray[np.intp]) -> Floats:
    """The AUCs at these places under permuted labels: shape (attacks, permutations)."""
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(own[at]) for own in scores.values()])
    members = labels[:, at]
    count = members[0].sum()
    others = len(at) - count
    summed = ranks @ members.T
    return np.asarray((summed - count * (count + 1) / 2) / (count * others))


def _chance(values: Floats) -> Estimate:
    low, high = np.quantile(values, intervals.TAILS)
    return Estimate(float(values.mean()), float(low), float(high))
