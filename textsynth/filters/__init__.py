"""Filters: what makes generated text usable is what is thrown away.

A filter is a function `(corpus, context, *, options) -> Verdicts`. It never changes a row; it says
of each row why it should go (a snake_case reason) or None, and what it measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth.progress import Bar, Progress

Embed = Callable[[list[str]], npt.NDArray[np.float32]]
FindSpans = Callable[[Sequence[str]], list[list[tuple[int, int]]]]
Perplexity = Callable[[list[str]], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Context:
    """What filters may use beside the rows they judge; built by the pipeline.

    Attributes:
        seeds: the scrubbed seeds as realised utterances, origin `seed`.
        accepted: rows that passed earlier, against which duplicates count.
        embed: texts to unit vectors of shape (n, d); equal texts are embedded once a run.
        find_leaks: for each text, the spans that hold a value which the scrub removed.
        find_identities: for each text, the spans of personal data that a fresh pass of the scrub's
            detector sees; None where the recipe turned the scrub off.
        perplexity: the base model's perplexity of each text, shape (n,); None without a model.
        language: BCP 47.
        seed: the recipe's seed.
        model: whether a language model writes some of the rows.
        names: what intents are called, in words, where their names say something.
        bar: draws how far a filter is that takes its time.
    """

    seeds: pa.Table
    accepted: pa.Table
    embed: Embed
    find_leaks: FindSpans
    seed: int
    find_identities: FindSpans | None = None
    perplexity: Perplexity | None = None
    language: str = "en"
    model: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    bar: Bar = field(default_factory=lambda: Progress().bar)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One reason (or None) a row; the scores measured, each one value a row; figures of all rows
    together; a sentence for people."""

    reasons: list[str | None]
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)
    note: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
