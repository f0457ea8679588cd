"""Model collapse: what is lost where a model learns from the rows of the last one, and so on.

Shumailov et al. 2024 ("AI models collapse when trained on recursively generated data") let each
generation replace the last: its tails go first, then its variety. Gerstgrasser et al. 2024 ("Is
model collapse inevitable?") show that the loss stays bounded where real and earlier rows are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import keyed
from textsynth.corpus import column, fold, take
from textsynth.evaluate import About, Context, Estimate, Figure, Findings, intervals
from textsynth.evaluate.diversity import distinct_2, self_bleu

ABOUT: Mapping[str, About] = {
    "real_perplexity": About(
        "Perplexity of real text",
        "How much the model of a generation is surprised by what real people wrote: the model "
        "hesitates between about so many next words.",
        "low",
    ),
    "perplexity_growth": About(
        "Growth of perplexity",
        "How many times more real text surprises the last generation's model than the first's, "
        "which learnt from real text.",
        "low",
    ),
    "tail_words": About(
        "Rare words reached",
        "Of the words that real people use rarely, the share that still turns up in the rows.",
        "high",
        "percent",
    ),
    "tail_pairs": About(
        "Rare turns of phrase reached",
        "Of the pairs of neighbouring words that real people use rarely, the share that still "
        "turns up in the rows.",
        "high",
        "percent",
    ),
    "tail_patterns": About(
        "Rare patterns reached",
        "Of the sentences (their values left out) that real people use rarely, the share that "
        "turns up in the rows word for word.",
        "high",
        "percent",
    ),
    "distinct_2": About(
        "Distinct pairs of words",
        "Of all pairs of neighbouring words in the rows, the share that are different ones.",
        "like",
        "percent",
    ),
    "self_bleu": About(
        "Likeness among the rows",
        "How much each row repeats the wording of the others: 0 not at all, 1 entirely.",
        "like",
    ),
    "utility": About(
        "Accuracy of a classifier",
        "How often a classifier that learnt from the rows alone names the intent of real text "
        "rightly.",
        "high",
        "percent",
    ),
}
# Of occurrences in the holdout, from which on something is no longer rare.
RARE = 2
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_PART = re.compile(r"\{[^{}]*\}|\w+(?:['\u2019]\w+)*")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of a policy.

    Attributes:
        number: from 1, which learnt from real rows.
        corpus: its rows, a table of `corpus.SCHEMA`.
        learnt: rows that it learnt from.
        nats: the loss of each holdout text under its model, shape (n,); None where there is no
            model to ask.
    """

    number: int
    corpus: pa.Table
    learnt: int
    nats: Floats | None = None


def collapse(
    policies: Mapping[str, Sequence[Generation]],
    real: pa.Table,
    holdout: pa.Table,
    context: Context,
    *,
    tokens: npt.NDArray[np.int64] | None = None,
) -> Findings:
    """Figures of each policy's generations, on samples of one size; references are of `real`, and
    of perplexity that of the first generation, which learnt from it.

    Rare is what the holdout has at most twice. It is sought in the rows; that a model could say
    it, asked long enough, is not excluded where it is not found.

    Args:
        policies: the generations of each, in their order; the first is one and the same.
        real: real rows that the first generation learnt from.
        holdout: real rows that no generation learnt from.
        tokens: of each holdout text, shape (n,), where generations have `nats`.
    """
    distinct = {id(one): one for chain in policies.values() for one in chain}
    tables = [one.corpus for one in distinct.values()] + [real] * bool(real.num_rows)
    size = min((table.num_rows for table in tables if table.num_rows), default=0)
    if not size:
        return Findings([], ["No generation has rows: nothing was measured."])
    judge = _Judge(holdout, context, size, tokens)
    measured = {key: judge.figures(one.corpus, one.nats) for key, one in distinct.items()}
    reference = judge.figures(real, None) if real.num_rows else {}
    figures, curves = [], []
    for policy, chain in policies.items():
        if not chain:
            continue
        first = measured[id(chain[0])]
        beside = {**reference, **{k: v for k, v in first.items() if k == "real_perplexity"}}
        for one in chain:
            where: dict[str, str | float]
            where = {"policy": policy, "generation": float(one.number)}
            found = measured[id(one)]
            figures += [
                Figure(name, it.value, it.low, it.high, where, beside.get(name))
                for name, it in found.items()
            ]
            curves.append({**where, "learnt": one.learnt, **_flat(found)})
        growth = judge.growth(chain)
        if growth is not None:
            figures.append(
                Figure(
                    "perplexity_growth", growth.value, growth.low, growth.high, {"policy": policy}
                )
            )
    told = {policy: [measured[id(one)] for one in chain] for policy, chain in policies.items()}
    return Findings(figures, [*judge.notes(), *_told(told)], {"curves": curves})


class _Judge:
    """Measures corpora against one holdout."""

    def __init__(
        self,
        holdout: pa.Table,
        context: Context,
        size: int,
        tokens: npt.NDArray[np.int64] | None,
    ) -> None:
        self._holdout, self._context, self._size, self._tokens = holdout, context, size, tokens
        self._tails = {
            name: {part for part, count in Counter(parts).items() if count <= RARE}
            for name, parts in _parts(holdout).items()
        }
        self._intents = set(column(holdout, "intent")) - {None}

    def figures(self, rows: pa.Table, nats: Floats | None) -> dict[str, Estimate]:
        """The figures of a sample of the rows, and of the losses of the holdout."""
        found: dict[str, Estimate] = {}
        if nats is not None and self._tokens is not None and self._tokens.sum():
            found["real_perplexity"] = self._perplexity(nats)
        if not rows.num_rows:
            return found
        rows = _sample(rows, self._size, self._context.seed)
        there = _parts(rows)
        for name, tail in self._tails.items():
            if tail:
                found[name] = intervals.share(len(tail & set(there[name])), len(tail))
        texts = column(rows, "text")
        found["distinct_2"] = Estimate(distinct_2(texts))
        found["self_bleu"] = Estimate(self_bleu(texts, seed=self._context.seed))
        if len(set(column(rows, "intent")) - {None}) > 1 and self._intents:
            found["utility"] = self._utility(rows)
        return found

    def growth(self, chain: Sequence[Generation]) -> Estimate | None:
        """The perplexity of the last generation over that of the first, on the same texts."""
        first, last = chain[0].nats, chain[-1].nats
        if len(chain) < 2 or first is None or last is None or self._tokens is None:
            return None
        return self._perplexity(last - first)

    def _perplexity(self, nats: Floats) -> Estimate:
        tokens = self._tokens
        assert tokens is not None

        def of(places: npt.NDArray[np.intp]) -> float:
            return float(np.exp(nats[places].sum() / max(1, tokens[places].sum())))

        context = self._context
        return intervals.statistic(len(tokens), of, resamples=context.resamples, seed=context.seed)

    def _utility(self, rows: pa.Table) -> Estimate:
        """Accuracy on the holdout of a logistic regression on sentence embeddings."""
        from sklearn.linear_model import LogisticRegression

        learnt, tested = _labelled(rows), _labelled(self._holdout)
        model = LogisticRegression(C=10, max_iter=1000)
        model.fit(self._context.embed([text for text, _ in learnt]), [i for _, i in learnt])
        said = model.predict(self._context.embed([text for text, _ in tested]))
        right = said == np.array([intent for _, intent in tested])
        context = self._context
        return intervals.mean_of_runs(right[None], resamples=context.resamples, seed=context.seed)

    def notes(self) -> list[str]:
        """What the figures are of, and what could not be measured."""
        notes = [
            f"Figures of rows are of {self._size:,} rows of each generation; rare is what the "
            f"holdout's {self._holdout.num_rows:,} rows have at most {RARE} times."
        ]
        if not self._holdout.num_rows:
            notes = ["There is no holdout: tails, perplexity and utility were not measured."]
        elif self._tokens is None:
            notes.append("There is no model here to ask for the perplexity of real text.")
        if self._holdout.num_rows and not self._intents:
            notes.append("The holdout has no intents: utility was not measured.")
        return notes


def _parts(rows: pa.Table) -> dict[str, list[object]]:
    """The words, the pairs of words (or slots) and the patterns of rows, as often as they occur."""
    words: list[object] = []
    pairs: list[object] = []
    whole: list[object] = []
    for text, pattern in zip(column(rows, "text"), column(rows, "pattern"), strict=True):
        words += _WORD.findall(fold(text))
        folded = fold(text if pattern is None else pattern)
        pairs += pairwise(_PART.findall(folded))
        whole.append(folded)
    return {"tail_words": words, "tail_pairs": pairs, "tail_patterns": whole}


def _sample(rows: pa.Table, size: int, seed: int) -> pa.Table:
    """`size` rows by key of intent and text, whatever their order."""
    both = zip(column(rows, "intent"), column(rows, "text"), strict=True)
    names = [f"{intent}\x1f{text}" for intent, text in both]
    return take(rows, keyed.order(keyed.stream(seed, "generations"), names)[:size])


def _labelled(rows: pa.Table) -> list[tuple[str, str]]:
    both = zip(column(rows, "text"), column(rows, "intent"), strict=True)
    return [(text, intent) for text, intent in both if intent is not None]


def _flat(found: Mapping[str, Estimate]) -> dict[str, float | None]:
    """Estimates as a row of a table: `name`, `name_low`, `name_high`."""
    row: dict[str, float | None] = {}
    for name, one in found.items():
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return row


def _told(measured: Mapping[str, Sequence[Mapping[str, Estimate]]]) -> Iterator[str]:
    """Of each policy, what the last generation has of the first; and which kept what best."""
    chains = {policy: chain for policy, chain in measured.items() if len(chain) > 1}
    for policy, chain in chains.items():
        first, last = chain[0], chain[-1]
        told = [
            f"{ABOUT[name].title.lower()} {_shown(first[name], name)} to {_shown(last[name], name)}"
            for name in ABOUT
            if name in first and name in last
        ]
        yield f"{policy}, generation 1 to {len(chain)}: {', '.join(told)}."
    kept = ("real_perplexity", "tail_words", "tail_pairs", "utility")
    ends = {policy: chain[-1] for policy, chain in chains.items()}
    if len(ends) > 1:
        best = [
            _best(name, {policy: found[name] for policy, found in ends.items()})
            for name in kept
            if all(name in found for found in ends.values())
        ]
        yield f"After the last generation: {'; '.join(best)}."


def _best(name: str, ends: Mapping[str, Estimate]) -> str:
    """Which policy ends best in a figure, and whether its interval is clear of the worst one's."""
    order = sorted(ends, key=lambda policy: ends[policy].value)
    if ABOUT[name].better == "high":
        order.reverse()
    best, worst = ends[order[0]], ends[order[-1]]
    low, high = sorted([best, worst], key=lambda one: one.value)
    apart = high.low is not None and low.high is not None and high.low > low.high
    sure = "" if apart else ", but their intervals overlap"
    title = ABOUT[name].title.lower()
    return (
        f"{title} is best under {order[0]} ({_shown(best, name)}) and worst under {order[-1]} "
        f"({_shown(worst, name)}){sure}"
    )


def _shown(one: Estimate, name: str) -> str:
    return f"{one.value:.0%}" if ABOUT[name].style == "percent" else f"{one.value:.3g}"
