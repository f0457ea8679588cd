"""How varied texts are. Compare only samples of equal size: every figure here depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from textsynth import keyed
from textsynth.corpus import fold

SELF_BLEU_SAMPLE = 100


def distinct_2(texts: Sequence[str]) -> float:
    """Distinct word bigrams over all word bigrams (Li et al. 2016), 0 to 1; 0 without bigrams."""
    pairs: set[tuple[str, str]] = set()
    total = 0
    for text in texts:
        words = fold(text).split()
        pairs.update(pairwise(words))
        total += max(0, len(words) - 1)
    return len(pairs) / total if total else 0.0


def self_bleu(texts: Sequence[str], *, sample: int = SELF_BLEU_SAMPLE, seed: int = 0) -> float:
    """Mean BLEU-4 of each text of a keyed sample against the others of it (Zhu et al. 2018,
    "Texygen"), by sacrebleu, case folded; 0 (all differ) to 1. 0 for fewer than two."""
    from sacrebleu.metrics.bleu import BLEU

    drawn = [fold(text) for text in sampled(texts, sample, seed)]
    if len(drawn) < 2:
        return 0.0
    bleu = BLEU(effective_order=True)
    scores = [
        bleu.sentence_score(text, [*drawn[:at], *drawn[at + 1 :]]).score
        for at, text in enumerate(drawn)
    ]
    return float(np.mean(scores)) / 100


def clusters(vectors: npt.NDArray[np.float32], *, threshold: float = 0.8) -> int:
    """How many texts are needed so that each is within a cosine of `threshold` of one: leader
    clustering (Hartigan 1975) of unit vectors of shape (n, d), in their order."""
    leaders = np.empty_like(vectors)
    count = 0
    for vector in vectors:
        if not count or float((leaders[:count] @ vector).max()) < threshold:
            leaders[count] = vector
            count += 1
    return count


def sampled(texts: Sequence[str], size: int, seed: int) -> list[str]:
    """At most `size` of the texts, by keyed hash, whatever their order."""
    order = keyed.order(keyed.stream(seed, "sample"), list(texts))
    return [texts[at] for at in order[:size]]
