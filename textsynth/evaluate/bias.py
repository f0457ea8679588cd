"""Bias: who is mentioned, with which intents and in which tone, in the output and in the seeds.

Groups are found by closed lists (`groups`). All of it is of English texts.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth import corpus, keyed
from textsynth.evaluate import About, Context, Estimate, Figure, Findings, Sets, intervals
from textsynth.evaluate.groups import Mentions, axis_of, find
from textsynth.evaluate.invariance import invariance

Floats = npt.NDArray[np.float64]
Intents = npt.NDArray[np.object_]
# Axes of which a group may grow at the cost of the others; a dialect is no part of a whole.
AXES = ("age", "gender", "nationality", "origin", "religion")
Cell = tuple[str, str]  # group, intent
DISCOVERED = 0.05  # share of what is called an association that may be chance
PRIOR = 10.0  # rows that the prior of an association is worth
TONE_LENGTH = 1000  # characters of a text whose tone is read
EXTRA = 'pip install "textsynth-corpus[evaluate]"'

ABOUT: Mapping[str, About] = {
    "max_amplification": About(
        "Largest amplified bias",
        "The most that any group's lead over the others grew from the seeds to the output, beyond"
        " chance; 0 where none did.",
        better="low",
        style="percent",
    ),
    "amplification": About(
        "Amplification",
        "By how much of all mentions the group that leads in the output leads more than it did in"
        " the seeds; below 0 it leads less.",
        better="low",
        style="percent",
        sliced=True,
    ),
    "representation": About(
        "Representation",
        "The share of rows that mention the group, beside the share among the seeds.",
        better="like",
        style="percent",
        sliced=True,
    ),
    "association": About(
        "Association with an intent",
        "How much more often the group is mentioned with this intent than the other groups of its"
        " kind are (log-odds: 0 is alike, 0.7 about twice as often).",
        better="like",
        sliced=True,
    ),
    "association_z": About(
        "Association, in standard deviations",
        "The same in standard deviations from 0; of many associations one in twenty is beyond 2"
        " either way by chance.",
        better="like",
        sliced=True,
    ),
    "sentiment": About(
        "Tone",
        "How much friendlier (above 0) or harsher (below 0) rows that mention the group are than"
        " rows that do not, on a scale from -1 to 1.",
        better="like",
        sliced=True,
    ),
    "invariance": About(
        "Flips under swapped people",
        "The share of texts to which a classifier trained on the output gives another intent once"
        " the people in them have another gender or a name of another origin.",
        better="low",
        style="percent",
    ),
}


@dataclass(frozen=True, slots=True)
class _Side:
    """A corpus with what its rows mention."""

    table: pa.Table
    mentions: Mentions
    intents: Intents

    @classmethod
    def of(cls, table: pa.Table) -> _Side:
        intents = np.array([*corpus.column(table, "intent"), None], object)[:-1]
        return cls(table, find(table), intents)


def bias(
    sets: Sets,
    context: Context,
    *,
    least: Annotated[int, Field(ge=1)] = 20,
    top: Annotated[int, Field(ge=1)] = 20,
) -> Findings:
    """Which groups of people the rows mention, with what, and more than the seeds do.

    Representation, association (Monroe et al. 2008), tone (VADER, Hutto and Gilbert 2014),
    amplification (after Zhao et al. 2017) and invariance under swaps (Kusner et al. 2017; the INV
    test of Ribeiro et al. 2020), with the seeds beside each.

    Args:
        least: rows that mention a group, or an axis, for a figure of it.
        top: associations that become figures: those beyond chance, all cells taken together, the
            furthest first. All are in the table.
    """
    if context.language.split("-")[0].lower() != "en":
        return Findings([], ["Bias was not measured: its word lists are English."])
    if not sets.synthetic.num_rows:
        return Findings([], ["Bias was not measured: there are no synthetic rows."])
    out = _Side.of(sets.synthetic)
    seeds = _Side.of(sets.seeds if sets.seeds.num_rows else sets.real)
    notes = ["Groups are found by closed English word lists; a name guesses a gender and an origin,"
             " and tells neither."]  # fmt: skip
    amplified, cells = _amplification(out, seeds, context, least, notes)
    associated, table = _association(out, seeds, least, top)
    flips, more = invariance(sets, context)
    figures = [
        *amplified,
        *_representation(out, seeds, least),
        *associated,
        *_sentiment(out, seeds, context, least, notes),
        *flips,
    ]
    tables = {"associations": table, "amplification": cells}
    return Findings(figures, [*notes, *more], {name: rows for name, rows in tables.items() if rows})


# -- representation ---------------------------------------------------------------------------


def _representation(out: _Side, seeds: _Side, least: int) -> list[Figure]:
    figures = []
    for at, group in enumerate(out.mentions.groups):
        there, before = (int(side.mentions.found[:, at].sum()) for side in (out, seeds))
        if there + before < least:
            continue
        now = intervals.share(there, out.table.num_rows)
        rows = seeds.table.num_rows
        reference = intervals.share(before, rows) if rows else None
        figures.append(
            Figure("representation", now.value, now.low, now.high, {"group": group}, reference)
        )
    return figures


# -- amplification ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Growth:
    """How a group's lead grew; `drawn` are bootstrap values, of shape (resamples,)."""

    slice: dict[str, str | float]
    value: float
    drawn: Floats

    def figure(self) -> Figure:
        low, high = np.quantile(self.drawn, intervals.TAILS)
        return Figure("amplification", self.value, float(low), float(high), self.slice)


def _amplification(
    out: _Side, seeds: _Side, context: Context, least: int, notes: list[str]
) -> tuple[list[Figure], list[dict[str, object]]]:
    """Of each axis, overall and by intent: with p(g) the share of group g among all mentions (a row
    that mentions k groups of the axis counts 1/k for each), and g the group that leads in the
    output, p_out(g) - max(p_seeds(g), 1/groups). Zhao et al. take the group that leads in the
    seeds; where that one leads in the output as well the two are the same."""
    grown = []
    intents = sorted({str(i) for i in out.intents if i is not None})
    for axis in AXES:
        for intent in (None, *intents):
            one = _growth(out, seeds, axis, intent, context, least)
            grown += [one] if one else []
    if not grown:
        notes.append(
            f"Amplification was not measured: it takes {least} rows that mention a group both among"
            " the seeds and in the output."
        )
        return [], []
    figures = [one.figure() for one in grown]
    rows: list[dict[str, object]] = [
        {**one.slice, "amplification": one.value, "low": one.low, "high": one.high}
        for one in figures
    ]
    return [_largest(grown), *figures], rows


def _growth(
    out: _Side, seeds: _Side, axis: str, intent: str | None, context: Context, least: int
) -> _Growth | None:
    columns = out.mentions.axis(axis)
    shares = []
    for side in (out, seeds):
        found = side.mentions.found[:, columns]
        if intent is not None:
            found = found[side.intents == intent]
        found = found[found.any(axis=1)]
        if len(found) < least:
            return None
        shares.append(found / found.sum(axis=1, keepdims=True))
    now, before = shares
    there = int((now.any(axis=0) | before.any(axis=0)).sum())
    if there < 2:
        return None
    lead = int(now.mean(axis=0).argmax())
    even = 1 / there
    key = keyed.stream(context.seed, "amplification", axis, intent or "")
    drawn_now = _resampled(now[:, lead], context.resamples, key)
    drawn_before = _resampled(before[:, lead], context.resamples, key + 1)
    group = out.mentions.groups[columns[lead]]
    return _Growth(
        {"group": group} if intent is None else {"group": group, "intent": intent},
        float(now[:, lead].mean() - max(before[:, lead].mean(), even)),
        drawn_now - np.maximum(drawn_before, even),
    )


def _resampled(values: Floats, resamples: int, key: int) -> Floats:
    """Means of bootstrap samples; how often each distinct value is drawn says them."""
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(key).multinomial(
        len(values), counts / counts.sum(), size=resamples
    )
    return np.asarray(drawn @ distinct / len(values))


def _largest(grown: Sequence[_Growth]) -> Figure:
    """The largest growth that is above 0 beyond chance, 0 where none is. Among many cells one would
    be by chance, so that the intervals that decide are those of Bonferroni: together they hold in
    95 % of cases. They are normal, with the spread of the bootstrap."""
    from scipy.stats import norm

    width = float(norm.ppf(1 - 0.025 / len(grown)))
    sure = [one for one in grown if one.value - width * one.drawn.std() > 0]
    if not sure:
        return Figure("max_amplification", 0.0)
    most = max(sure, key=lambda one: one.value)
    spread = width * float(most.drawn.std())
    return Figure("max_amplification", most.value, most.value - spread, most.value + spread)


# -- association ------------------------------------------------------------------------------


def _association(
    out: _Side, seeds: _Side, least: int, top: int
) -> tuple[list[Figure], list[dict[str, object]]]:
    """The log-odds of a group with an intent against the other groups of its axis, under a
    Dirichlet prior of the intents' own shares (Monroe, Colaresi and Quinn 2008)."""
    now, before = _log_odds(out, least), _log_odds(seeds, least)
    ordered = sorted(now, key=lambda cell: (-abs(now[cell][0] / now[cell][1]), cell))
    figures: list[Figure] = []
    sure = _beyond_chance(ordered, now)
    # of two groups one leans to what the other leans from
    told = [cell for cell in sure if now[cell][0] > 0 or axis_of(cell[0]) != "gender"]
    for group, intent in told[:top]:
        value, spread = now[group, intent]
        real = before.get((group, intent))
        wide = intervals.NORMAL
        where = {"group": group, "intent": intent}
        beside = (
            Estimate(real[0], real[0] - wide * real[1], real[0] + wide * real[1]) if real else None
        )
        figures.append(
            Figure(
                "association", value, value - wide * spread, value + wide * spread, where, beside
            )
        )
        z = Estimate(real[0] / real[1]) if real else None
        figures.append(Figure("association_z", value / spread, slice=where, reference=z))
    rows: list[dict[str, object]] = [
        {
            "group": cell[0],
            "intent": cell[1],
            "log_odds": now[cell][0],
            "z": now[cell][0] / now[cell][1],
            "seeds_log_odds": before[cell][0] if cell in before else None,
        }
        for cell in ordered
    ]
    return figures, rows


def _beyond_chance(cells: Sequence[Cell], odds: Mapping[Cell, tuple[float, float]]) -> list[Cell]:
    """The cells that lie apart from 0 at a false discovery rate of 5 % (Benjamini and Hochberg
    1995): of thousands of cells one in twenty is beyond 1.96 by chance, each taken by itself."""
    from scipy.stats import false_discovery_control, norm

    if not cells:
        return []
    z = np.array([odds[cell][0] / odds[cell][1] for cell in cells])
    adjusted = false_discovery_control(2 * norm.sf(np.abs(z)))
    return [cell for cell, rate in zip(cells, adjusted, strict=True) if rate <= DISCOVERED]


def _log_odds(side: _Side, least: int) -> dict[Cell, tuple[float, float]]:
    """(group, intent) -> log-odds and standard deviation, of cells where enough rows of the axis
    have the intent, and enough the group."""
    known = side.intents != None  # noqa: E711 - elementwise
    found, intents = side.mentions.found[known], side.intents[known]
    names, codes = np.unique(intents.astype(str), return_inverse=True)
    if len(names) < 2:
        return {}
    odds = {}
    prior = PRIOR * np.bincount(codes, minlength=len(names)) / len(codes)
    for at, group in enumerate(side.mentions.groups):
        columns = side.mentions.axis(axis_of(group))
        others = [column for column in columns if column != at]
        own = np.bincount(codes[found[:, at]], minlength=len(names))
        rest = np.bincount(codes[found[:, others].any(axis=1)], minlength=len(names))
        if own.sum() < least or rest.sum() < least:
            continue
        for number, name in enumerate(names):
            if own[number] + rest[number] < least:
                continue
            a, b = own[number] + prior[number], rest[number] + prior[number]
            value = math.log(a / (own.sum() + PRIOR - a)) - math.log(b / (rest.sum() + PRIOR - b))
            odds[group, str(name)] = (value, math.sqrt(1 / a + 1 / b))
    return odds


# -- sentiment --------------------------------------------------------------------------------


def _sentiment(
    out: _Side, seeds: _Side, context: Context, least: int, notes: list[str]
) -> list[Figure]:
    """The mean compound score of VADER of rows with a group less that of rows without."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        notes.append(f"The tone of rows was not measured: vaderSentiment is missing ({EXTRA}).")
        return []
    analyser = SentimentIntensityAnalyzer()

    def tones(side: _Side) -> Floats:
        texts = [text[:TONE_LENGTH] for text in corpus.column(side.table, "text")]
        known = {text: analyser.polarity_scores(text)["compound"] for text in dict.fromkeys(texts)}
        return np.array([known[text] for text in texts], float)

    now, before = tones(out), tones(seeds)
    figures = []
    for at, group in enumerate(out.mentions.groups):
        one = _difference(now, out.mentions.found[:, at], group, context, least)
        if one is not None:
            real = _difference(before, seeds.mentions.found[:, at], group, context, least)
            figures.append(
                Figure("sentiment", one.value, one.low, one.high, {"group": group}, real)
            )
    return figures


def _difference(
    tones: Floats, there: npt.NDArray[np.bool_], group: str, context: Context, least: int
) -> Estimate | None:
    own, rest = tones[there], tones[~there]
    if len(own) < least or len(rest) < least:
        return None
    key = keyed.stream(context.seed, "sentiment", group)
    drawn = _resampled(own, context.resamples, key) - _resampled(rest, context.resamples, key + 1)
    low, high = np.quantile(drawn, intervals.TAILS)
    return Estimate(float(own.mean() - rest.mean()), float(low), float(high))
