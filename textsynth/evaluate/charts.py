"""Which plots go with which metric, drawn of its figures and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from textsynth.evaluate import About, Estimate, Figure, plots
from textsynth.evaluate.measured import Measured
from textsynth.evaluate.plots import Plot, Series
from textsynth.evaluate.tables import told, unknown, words

Abouts = Mapping[str, About]
POINTS = 1000  # of a map, a side
TIP = 120  # characters
GROUPS = 16


def charts(metric: str, measured: Measured, abouts: Abouts) -> list[Plot]:
    """The plots of a metric; none where it has none, or was not measured."""
    of = _CHARTS.get(metric)
    return list(of(measured, abouts)) if of else []


def _diversity(measured: Measured, abouts: Abouts) -> Iterator[Plot]:
    growth = measured.table("diversity", "vocabulary_growth")
    series = [
        Series(
            name,
            [row["words"] for row in growth if row["kind"] == name],
            [row["vocabulary"] for row in growth if row["kind"] == name],
            colour=name,
        )
        for name in ("synthetic", "real")
        if any(row["kind"] == name for row in growth)
    ]
    if series:
        yield plots.lines(
            "growth",
            "Different words known after reading so many words",
            series,
            x="words read",
            y="different words",
        )


def _fidelity(measured: Measured, abouts: Abouts) -> Iterator[Plot]:
    points = measured.table("fidelity", "map")
    groups = {
        kind: [
            (float(row["x"]), float(row["y"]), _tip(row)) for row in points if row["kind"] == kind
        ][:POINTS]
        for kind in ("real", "synthetic")
    }
    groups = {kind: own for kind, own in groups.items() if own}
    if groups:
        title = "A map of meanings: rows that say similar things lie close together"
        yield plots.scatter("map", title, groups)
    lengths = measured.table("fidelity", "lengths")
    if lengths:
        place = next(name for name in lengths[0] if name not in ("kind", "share"))
        yield plots.histogram(
            "lengths",
            "Length of the rows",
            {
                kind: sorted(
                    (float(row[place]), float(row["share"]))
                    for row in lengths
                    if row["kind"] == kind
                )
                for kind in ("synthetic", "real")
            },
            x=words(place),
        )


def _tip(row: Mapping[str, Any]) -> str:
    """What is shown over a point: intent and, of a synthetic row, its text."""
    text = " ".join(str(row.get("text") or "").split())[:TIP]
    return ": ".join(part for part in (row.get("intent"), text) if part)


def _mixing(measured: Measured, abouts: Abouts) -> Iterator[Plot]:
    figures = measured.figures("mixing")
    shares = _curves(figures, "accuracy_at_share", "real_share")
    if shares:
        yield plots.lines(
            "shares",
            "As many rows, more and more of them real",
            shares,
            x="share of real rows",
            y="accuracy on real text",
            percent=True,
            ticks=(0, 0.25, 0.5, 0.75, 1),
        )
    multiples = _curves(figures, "accuracy_at_multiple", "added")
    if multiples:
        yield plots.lines(
            "multiples",
            "All real rows, and more and more synthetic ones",
            multiples,
            x="synthetic rows to each real one",
            y="accuracy on real text",
            percent=True,
        )


def _bias(measured: Measured, abouts: Abouts) -> Iterator[Plot]:
    shares = _groups(measured, "representation")
    if shares:
        title = "How many rows mention each group, made and real"
        yield plots.intervals("representation", title, shares, x="share of rows")
    grown = _groups(measured, "amplification")
    if grown:
        title = "How much further ahead the leading group is than among the seeds"
        yield plots.intervals("amplification", title, grown, x="of all mentions")


def _groups(measured: Measured, name: str) -> list[tuple[str, Estimate, Estimate | None]]:
    """A figure of each group (and intent), the largest first."""
    found = [
        (
            ", ".join(words(told(value)) for value in figure.slice.values()),
            Estimate(figure.value, figure.low, figure.high),
            figure.reference,
        )
        for figure in measured.figures("bias")
        if figure.name == name and math.isfinite(figure.value)
    ]
    return sorted(found, key=lambda row: (-row[1].value, row[0]))[:GROUPS]


def _collapse(measured: Measured, abouts: Abouts) -> Iterator[Plot]:
    figures = measured.figures("collapse")
    for name in dict.fromkeys(figure.name for figure in figures if "generation" in figure.slice):
        about = abouts.get(name) or unknown(name)
        series = _curves(figures, name, "generation")
        if series:
            yield plots.lines(
                f"collapse-{name}",
                about.title,
                series,
                x="generation",
                y=about.title,
                percent=about.style == "percent",
                ticks=sorted({x for one in series for x in one.x}),
            )


def _curves(figures: Iterable[Figure], name: str, x: str) -> list[Series]:
    """A figure over an entry of its slice: a series for each of the slice's other entries (without
    a name where there are none), and the real one."""
    grouped: dict[str, list[tuple[float, Figure]]] = {}
    for figure in figures:
        if figure.name == name and x in figure.slice and math.isfinite(figure.value):
            rest = [told(value) for key, value in figure.slice.items() if key != x]
            label = ", ".join(map(words, rest))
            grouped.setdefault(label, []).append((float(figure.slice[x]), figure))
    series = []
    for label, points in grouped.items():
        points.sort(key=lambda point: point[0])
        series.append(
            Series(
                label,
                [at for at, _ in points],
                [figure.value for _, figure in points],
                [figure.low for _, figure in points],
                [figure.high for _, figure in points],
            )
        )
    real = {
        at: figure.reference.value
        for points in grouped.values()
        for at, figure in points
        if figure.reference and math.isfinite(figure.reference.value)
    }
    if real:
        places = sorted(real)
        series.insert(0, Series("real", places, [real[at] for at in places], colour="real"))
    return series


_CHARTS: Mapping[str, Callable[[Measured, Abouts], Iterator[Plot]]] = {
    "diversity": _diversity,
    "fidelity": _fidelity,
    "mixing": _mixing,
    "bias": _bias,
    "collapse": _collapse,
}
