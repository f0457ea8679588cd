"""Evaluation: figures of a corpus, each beside the same figure of real text it has not seen.

A metric is a function `(sets, context, *, options) -> Findings`. It changes nothing; where it
cannot measure (no real rows, too few, a library that is missing) it says so in a note. Beside the
function, its module has `ABOUT`, which says of each figure what it is, for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Embed = Callable[[list[str]], npt.NDArray[np.float32]]
PerText = Callable[[list[str]], npt.NDArray[np.float64]]
FindSpans = Callable[[Sequence[str]], list[list[tuple[int, int]]]]
Tag = Callable[[Sequence[str]], list[list[tuple[str, str]]]]
FindFaults = Callable[[pa.Table], Mapping[str, Sequence[str]]]
Slice = Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class Sets:
    """The corpora compared, tables of `corpus.SCHEMA`; each but the first may be without rows.

    Attributes:
        synthetic: what is judged.
        real: real rows that a classifier has without the synthetic ones; what likeness is to.
        holdout: real rows that nobody learnt from: what models are tested on, and what stands
            beside every figure.
        seeds: the real rows that the synthetic ones were made from; often `real` itself.
    """

    synthetic: pa.Table
    real: pa.Table
    holdout: pa.Table
    seeds: pa.Table


@dataclass(frozen=True, slots=True)
class Context:
    """What metrics may use beside the rows; built by the pipeline.

    Attributes:
        embed: texts to unit vectors of shape (n, d), float32; equal texts are embedded once.
        seed: of all that is drawn; with it figures are the same again.
        language: BCP 47.
        perplexity: of each text under the base model, shape (n,); None without a model.
        hidden_states: mean-pooled states of the base model, shape (n, d); None without a model.
        loss: mean loss of each text under the model that wrote the rows, nats a token, shape (n,);
            None where there is none to ask.
        tag: texts to (word, part of speech) pairs, by spaCy; None where no pipeline is installed.
        find_leaks: for each text the spans that hold a value which the scrub removed; None where
            these values are not at hand, which is so after the run.
        find_faults: of turns, the reasons why a dialogue is wrong as annotated, by its id; None
            where nothing checks that.
        steps: by flow, the steps from state to state that dialogues may take; None where they are
            not known.
        epsilon: of differential privacy, where the model was trained with it.
        resamples: of bootstrap intervals.
    """

    embed: Embed
    seed: int = 0
    language: str = "en"
    perplexity: PerText | None = None
    hidden_states: Embed | None = None
    loss: PerText | None = None
    tag: Tag | None = None
    find_leaks: FindSpans | None = None
    find_faults: FindFaults | None = None
    steps: Mapping[str, Collection[tuple[str, str]]] | None = None
    epsilon: float | None = None
    resamples: int = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, and the 95 % interval around it where one was measured."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the synthetic rows.

    Attributes:
        name: snake_case; one of the module's `ABOUT`.
        value, low, high: the figure and its 95 % interval (None: none was measured).
        slice: what it is of, such as {"intent": "set_alarm"}; without entries, all of it. One name
            has one figure for a slice.
        reference: the same figure of real rows, on a sample of equal size, where there is one.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    slice: Slice = field(default_factory=dict)
    reference: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a metric found.

    Attributes:
        figures: in the order in which people read them.
        notes: sentences for people: what was not measured and why, what a figure does not show.
        tables: rows for the report that are no figures (points of a map, examples); plain values.
            No text of real rows is in them.
    """

    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What a figure is, for people.

    Attributes:
        title: a few words.
        sentence: what it tells, for somebody who knows no statistics; one sentence.
        better: whether people want it high, low, or like the reference; None where neither.
        style: how it is printed: a percentage of 1, a plain number, or a whole number.
        sliced: whether it is measured of slices alone, so that no gate can name it.
    """

    title: str
    sentence: str
    better: Literal["high", "low", "like"] | None = None
    style: Literal["percent", "number", "count"] = "number"
    sliced: bool = False
