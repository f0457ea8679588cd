"""Whether a classifier's intent depends on who is in the text (counterfactual fairness, Kusner et
al. 2017; the invariance test of CheckList, Ribeiro et al. 2020)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import corpus, keyed, swaps
from textsynth.corpus import Slot, substitute
from textsynth.evaluate import Context, Estimate, Figure, Sets, intervals
from textsynth.evaluate.groups import LONGEST

TRAINED = 3000  # rows that a classifier learns from
TESTED = 1000  # texts that are swapped
FEWEST = 20
Predict = Callable[[list[str]], npt.NDArray[np.str_]]


def invariance(sets: Sets, context: Context) -> tuple[list[Figure], list[str]]:
    """Figures `invariance`, overall and by axis, and notes: the share of texts (of the holdout and
    the output) whose intent flips with the genders, or with the names' origins. The classifier is
    logistic regression on sentence embeddings, trained on the output; the reference is trained on
    as many real rows."""
    size = min(TRAINED, _labelled(sets.synthetic)[0].size)
    predict = _trained(sets.synthetic, size, context)
    if predict is None:
        return [], ["Invariance was not measured: it takes synthetic rows of two intents."]
    real = _trained(sets.real, size, context)
    pairs = _pairs(corpus.concat([sets.holdout, sets.synthetic]), context.seed)
    figures, notes = [], list[str]()
    flips: dict[str, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None]] = {}
    for axis, several in pairs.items():
        if len(several) < FEWEST:
            notes.append(
                f"Flips by {axis} were not measured: {len(several)} texts have somebody to swap,"
                f" and it takes {FEWEST}."
            )
            continue
        flips[axis] = (_flipped(predict, several), _flipped(real, several) if real else None)
    if len(flips) > 1:
        figures.append(_figure(list(flips.values()), {}))
    figures += [_figure([of_axis], {"axis": axis}) for axis, of_axis in flips.items()]
    if len(flips) == 1:
        figures.insert(0, _figure(list(flips.values()), {}))
    return figures, notes


def _figure(
    parts: Sequence[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None]],
    where: Mapping[str, str | float],
) -> Figure:
    own = np.concatenate([flipped for flipped, _ in parts])
    one = intervals.share(int(own.sum()), len(own))
    beside: Estimate | None = None
    real = [flipped for _, flipped in parts if flipped is not None]
    if real:
        joined = np.concatenate(real)
        beside = intervals.share(int(joined.sum()), len(joined))
    return Figure("invariance", one.value, one.low, one.high, where, beside)


def _pairs(table: pa.Table, seed: int) -> dict[str, list[tuple[str, str]]]:
    """Texts with their swapped forms, by axis; at most `TESTED` of each, by keyed hash."""
    rows: dict[str, tuple[Slot, ...]] = {}
    columns = (corpus.column(table, name) for name in ("text", "slots"))
    for text, slots in zip(*columns, strict=True):
        if len(text) <= LONGEST:
            rows.setdefault(text, tuple(Slot(**slot) for slot in slots or ()))
    texts = list(rows)
    found: dict[str, list[tuple[str, str]]] = {"gender": [], "origin": []}
    for at in keyed.order(keyed.stream(seed, "invariance"), texts):
        text = texts[at]
        for axis, made in (("gender", swaps.replacements), ("origin", swaps.renamed)):
            several = made(text, rows[text]) if len(found[axis]) < TESTED else []
            if several:
                found[axis].append((text, substitute(text, several)[0]))
    return found


def _flipped(predict: Predict, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.bool_]:
    before, after = (predict([pair[side] for pair in pairs]) for side in (0, 1))
    return np.asarray(before != after)


def _labelled(table: pa.Table) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.str_]]:
    """The places of rows that have an intent, and these."""
    intents = corpus.column(table, "intent")
    rows = [row for row, intent in enumerate(intents) if intent is not None]
    return np.array(rows, np.intp), np.array([intents[row] for row in rows], str)


def _trained(table: pa.Table, size: int, context: Context) -> Predict | None:
    """A classifier of texts, from at most `size` rows; None without two intents."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows, intents = _labelled(table)
    texts = corpus.column(table, "text")
    keys = [f"{intent}\x1f{texts[row]}" for row, intent in zip(rows, intents, strict=True)]
    chosen = keyed.order(keyed.stream(context.seed, "invariance", "train"), keys)[:size]
    if len(set(intents[chosen])) < 2:
        return None
    model = LogisticRegression(C=10.0, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(context.embed([texts[rows[at]] for at in chosen]), intents[chosen])

    def predict(asked: list[str]) -> npt.NDArray[np.str_]:
        return np.asarray(model.predict(context.embed(asked)))

    return predict
