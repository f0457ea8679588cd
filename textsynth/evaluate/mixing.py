"""The mixing curve: accuracy on real text, as real rows give way to synthetic ones, and as
synthetic rows are added to all real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from textsynth import keyed
from textsynth.evaluate import About, Context, Estimate, Figure, Findings, Sets, intervals
from textsynth.evaluate.intervals import TAILS
from textsynth.evaluate.scoring import Draws, figure, hits
from textsynth.evaluate.trials import Outcome, Plan, Trial, kept, outcomes, trial
from textsynth.evaluate.utility import Name

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
MULTIPLES = (0.5, 1.0, 2.0, 5.0, 10.0)
NO_HELP = "adding does not help here"

ABOUT: Mapping[str, About] = {
    "recommended_multiple": About(
        "Synthetic rows to add",
        "How many synthetic rows to add to each real one; 0 where adding does not help here.",
    ),
    "recommended_gain": About(
        "Gain from adding them",
        "How much more often a classifier is right about real text with that many rows added.",
        better="high",
        style="percent",
    ),
    "gain_at_multiple": About(
        "Gain at a multiple",
        "How much more often a classifier is right than one that learnt the real rows alone.",
        better="high",
        style="percent",
        sliced=True,
    ),
    "accuracy_at_multiple": About(
        "Accuracy with rows added",
        "How often a classifier is right about real text when so many synthetic rows to each real"
        " one are added.",
        better="high",
        style="percent",
        sliced=True,
    ),
    "accuracy_at_share": About(
        "Accuracy at a real share",
        "How often a classifier is right about real text when this share of a fixed number of rows"
        " is real.",
        better="high",
        style="percent",
        sliced=True,
    ),
}

Gains = npt.NDArray[np.float64]


def mixing(
    sets: Sets,
    context: Context,
    *,
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0,
    seeds: Annotated[int, Field(ge=3)] = 3,
    classifiers: Annotated[tuple[Name, ...], Field(min_length=1)] = ("minilm", "tfidf"),
) -> Findings:
    """Accuracy at real shares of a fixed number of rows, and with synthetic rows added.

    Each of `seeds` runs draws nine tenths of the real rows, and synthetic rows within intents; of
    two mixes the larger holds the smaller. Gains are means over the classifiers. The recommended
    multiple is the one of the greatest gain on the holdout; what it gains is measured crosswise:
    chosen on one half of the holdout, measured on the other, so that choosing among several does
    not flatter it (the runs are the same on both).

    Args:
        weight: of a synthetic row where rows are added: 1, since most who mix cannot weigh.
    """
    tried, notes = trial(sets, context)
    if tried is None:
        return Findings([], notes)
    if not tried.real:
        return Findings([], [*notes, "There are no real rows to mix with: nothing was measured."])
    shares, size = _shares(tried, seeds)
    added = _added(tried, seeds, weight)
    plans = [plan for runs in [*shares.values(), *added.values()] for plan in runs]
    found = outcomes(tried, classifiers, plans, context)
    figures = []
    right: dict[str, dict[float, Gains]] = {}
    for name in classifiers:
        runs = [found[name][at : at + seeds] for at in range(0, len(plans), seeds)]
        at_share = _hits(shares, runs, tried)
        right[name] = _hits(added, runs[len(shares) :], tried)
        figures += _curve("accuracy_at_share", "real_share", at_share, 1.0, name, context)
        figures += _curve("accuracy_at_multiple", "added", right[name], 0.0, name, context)
    notes.append(f"Means of {seeds} runs, each on other rows; real shares are of {size:,} rows.")
    multiples = [multiple for multiple in added if multiple]
    if not multiples:
        notes.append(
            f"{len(tried.texts) - tried.real:,} synthetic rows are too few to add one to every"
            f" second of {tried.real:,} real ones: no mix is recommended."
        )
        return Findings(figures, notes)
    gains = np.stack(
        [
            np.mean([own[multiple] - own[0.0] for own in right.values()], axis=0)
            for multiple in multiples
        ]
    )
    figures += [
        figure("gain_at_multiple", _mean(own, context), {"added": multiple})
        for multiple, own in zip(multiples, gains, strict=True)
    ]
    advice, said = _recommended(multiples, gains, tried, context)
    return Findings([*advice, *figures], [said, *notes])


def _shares(tried: Trial, seeds: int) -> tuple[dict[float, list[Plan]], int]:
    """What runs learn at each real share, and how many rows that is."""
    drawn = [tried.drawn(run) for run in range(seeds)]
    size = min(kept(len(side)) for side in drawn[0])
    plans = {}
    for share in SHARES:
        real = round(share * size)
        rows = [np.concatenate([own[:real], made[: size - real]]) for own, made in drawn]
        plans[share] = [(own, np.ones(size)) for own in rows]
    return plans, size


def _added(tried: Trial, seeds: int, weight: float) -> dict[float, list[Plan]]:
    """What runs learn at each multiple, as far as the synthetic rows reach."""
    plans: dict[float, list[Plan]] = {}
    for run in range(seeds):
        real, made = tried.drawn(run)
        real = real[: kept(len(real))]
        for multiple in (0.0, *MULTIPLES):
            count = round(multiple * len(real))
            if count <= len(made):
                weights = np.concatenate([np.ones(len(real)), np.full(count, weight)])
                plan = np.concatenate([real, made[:count]]), weights
                plans.setdefault(multiple, []).append(plan)
    return plans


def _hits(
    plans: Mapping[float, Sequence[Plan]], runs: Sequence[Sequence[Outcome]], tried: Trial
) -> dict[float, Gains]:
    return {place: hits(own, tried.gold) for place, own in zip(plans, runs, strict=False)}


def _mean(values: Gains, context: Context, least: float = -1.0) -> Estimate:
    return intervals.mean_of_runs(
        values, least=least, resamples=context.resamples, seed=context.seed
    )


def _curve(
    name: str,
    axis: str,
    right: Mapping[float, Gains],
    reference: float,
    classifier: str,
    context: Context,
) -> list[Figure]:
    """A figure each place of the curve; that of real rows alone is the reference of the others."""
    found = {place: _mean(own, context, 0.0) for place, own in right.items()}
    return [
        figure(
            name,
            own,
            {axis: place, "classifier": classifier},
            None if place == reference else found[reference],
        )
        for place, own in found.items()
    ]


def _recommended(
    multiples: Sequence[float], gains: Gains, tried: Trial, context: Context
) -> tuple[list[Figure], str]:
    """The figures of the recommendation and the sentence that people read; gains are of shape
    (multiples, runs, texts)."""
    order = keyed.order(keyed.stream(context.seed, "mixing"), tried.judged)
    crossed = np.empty(gains.shape[1:])
    for half, other in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        best = int(gains[:, :, half].mean(axis=(1, 2)).argmax()) if len(half) else 0
        crossed[:, other] = gains[best][:, other]
    gain = _mean(crossed, context)
    best = int(gains.mean(axis=(1, 2)).argmax())
    multiple = multiples[best]
    between = f"{100 * gain.value:+.1f} points [{_points(gain.low)}, {_points(gain.high)}]"
    if not (gain.low is not None and gain.low > 0):
        figures = [figure("recommended_multiple", Estimate(0.0)), figure("recommended_gain", gain)]
        return figures, (
            f"By accuracy on real text, {NO_HELP}: with about {_rows(multiple)} a real one, the"
            f" best of those tried, it changes by {between}."
        )
    draws = Draws.of(gains.shape[2], gains.shape[1], context)
    each = np.stack([draws.mean(draws.texts @ own.T) for own in gains])
    low, high = np.quantile(
        np.asarray(multiples)[each[:, 1:].argmax(axis=0)], TAILS, method="nearest"
    )
    figures = [
        figure("recommended_multiple", Estimate(multiple, float(low), float(high))),
        figure("recommended_gain", gain),
    ]
    more = (
        " It is the most that was tried; more may help further."
        if best == len(multiples) - 1
        else ""
    )
    return figures, (
        f"Add about {_rows(multiple)} a real one: accuracy rises by"
        f" {between.removeprefix('+')}.{more}"
    )


def _rows(multiple: float) -> str:
    return f"{multiple:g} synthetic row{'' if multiple == 1 else 's'}"


def _points(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
