"""Runs side by side: their overall figures, how they differ, and whether that may be chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textsynth.errors import UsageError
from textsynth.evaluate import About, Estimate
from textsynth.evaluate.measured import Measured
from textsynth.evaluate.tables import interval, unknown, written
from textsynth.evaluate.verdict import points
from textsynth.pipeline import reporting
from textsynth.run import Run

# Figures of a manifest.
OF_A_RUN: Mapping[str, About] = {
    "rows": About("rows", "", style="count"),
    "rejected": About("rows thrown away", "", style="count"),
    "short_intents": About("intents with fewer rows than asked for", "", style="count"),
    "seconds": About("seconds", ""),
    "peak_mb": About("peak memory, MB", "", style="count"),
}


def compare(runs: Sequence[Path]) -> dict[str, Any]:
    """The overall figures of finished runs, as plain values.

    Returns:
        `runs`, their names; `figures`, each with `metric`, `figure`, `title`, `values` (`value`,
        `low`, `high`, or None where a run does not have it) and `differences` of each run but the
        first from the first (`value`, and `overlap`: whether the intervals do; None where one has
        none); and the same written out: `header` and `rows`.

    Raises:
        UsageError: fewer than two runs.
        RunError: a folder is no finished run, or its files cannot be read.
    """
    if len(runs) < 2:
        raise UsageError("there is nothing to compare with", fix="name two run folders or more")
    names = _names(runs)
    manifests = [Run(folder).manifest() for folder in runs]
    evaluations = [reporting.metrics(folder) or Measured({}) for folder in runs]
    figures = [
        _figure("run", name, about, [_of_run(manifest, name) for manifest in manifests])
        for name, about in OF_A_RUN.items()
    ]
    for metric in _in_turn(evaluation.metrics for evaluation in evaluations):
        abouts = reporting.abouts(metric)
        for name in _in_turn(
            [figure.name for figure in evaluation.overall(metric)] for evaluation in evaluations
        ):
            values = [_of_evaluation(evaluation, metric, name) for evaluation in evaluations]
            figures.append(_figure(metric, name, abouts.get(name) or unknown(name), values))
    return {
        "runs": names,
        "figures": [figure for figure, _ in figures],
        "header": ["figure", names[0], *(cell for name in names[1:] for cell in (name, "change"))],
        "rows": [row for _, row in figures],
    }


def _names(runs: Sequence[Path]) -> list[str]:
    """The folders' names; where two have the same, their paths."""
    names = [folder.resolve().name for folder in runs]
    counted = Counter(names)
    return [
        name if counted[name] == 1 else str(folder)
        for name, folder in zip(names, runs, strict=True)
    ]


def _in_turn(lists: Iterable[Iterable[str]]) -> list[str]:
    """Each name once, in the order in which it first comes."""
    return list(dict.fromkeys(name for names in lists for name in names))


def _of_run(manifest: Mapping[str, Any], name: str) -> Estimate | None:
    if name == "rejected":
        return Estimate(
            float(sum(sum(step["rejects"].values()) for step in manifest["steps"].values()))
        )
    value = len(manifest.get("shortfall", ())) if name == "short_intents" else manifest.get(name)
    return None if value is None else Estimate(float(value))


def _of_evaluation(evaluation: Measured, metric: str, name: str) -> Estimate | None:
    figure = evaluation.figure(metric, name)
    return None if figure is None else Estimate(figure.value, figure.low, figure.high)


def _figure(
    metric: str, name: str, about: About, values: Sequence[Estimate | None]
) -> tuple[dict[str, Any], list[str]]:
    """A figure of all runs, as plain values and written out."""
    first = values[0]
    differences = [_difference(first, value) for value in values[1:]]
    plain = {
        "metric": metric,
        "figure": name,
        "title": about.title,
        "values": [
            value and {"value": value.value, "low": value.low, "high": value.high}
            for value in values
        ],
        "differences": differences,
    }
    label = about.title if metric == "run" else f"{metric}: {about.title}"
    row = [label, _written(first, about)]
    for value, difference in zip(values[1:], differences, strict=True):
        row += [_written(value, about), _changed(difference, about)]
    return plain, row


def _difference(first: Estimate | None, other: Estimate | None) -> dict[str, Any] | None:
    if first is None or other is None:
        return None
    overlap = None
    ends = (first.low, first.high, other.low, other.high)
    if all(end is not None and math.isfinite(end) for end in ends):
        low, high, other_low, other_high = ends
        overlap = bool(low <= other_high and other_low <= high)  # type: ignore[operator]
    return {"value": other.value - first.value, "overlap": overlap}


def _written(value: Estimate | None, about: About) -> str:
    if value is None:
        return "—"
    between = interval(value, about.style)
    return written(value.value, about.style) + (f" ({between})" if between else "")


def _changed(difference: Mapping[str, Any] | None, about: About) -> str:
    if difference is None:
        return "—"
    change = difference["value"]
    if about.style == "percent":
        told = points(change)
    else:
        told = ("+" if change > 0 else "") + written(change, about.style)
    return (
        told
        + {None: "", True: ", may be chance", False: ", more than chance"}[difference["overlap"]]
    )
