"""Figures as people read them: written with their unit, marked, and laid out in tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from textsynth.evaluate import About, Estimate, Figure
from textsynth.evaluate.measured import GateResult

Mark = Literal["good", "watch", "missed", "—"]
Style = Literal["percent", "number", "count"]

# Differences below a twentieth of the real figure are no reason to look twice, however certain.
SLIGHT = 0.05
MINUS = "\N{MINUS SIGN}"
BAR = 132  # units wide, with
EDGE = 6  # of them left free on both sides
ROWS_OF_SLICES = 200


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value and its interval as places on a bar of `BAR` units; `low` and `high` are `at` where
    there is no interval."""

    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Both values on one scale, with where its zero lies and what its ends stand for."""

    synthetic: Whisker
    real: Whisker | None
    zero: float
    ends: tuple[str, str]
    spoken: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of figures."""

    name: str
    about: About
    value: str
    interval: str
    reference: str
    reference_interval: str
    sort: float
    reference_sort: float
    bar: Bar | None
    mark: Mark


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one slice, written, with the real one beside it."""

    value: str
    reference: str
    sort: float


@dataclass(frozen=True, slots=True)
class Pivot:
    """The figures of all slices with the same keys: a row a slice, a column a figure. `left_out`
    slices are not shown."""

    keys: tuple[str, ...]
    columns: tuple[About, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[Cell | None, ...]], ...]
    left_out: int


def written(value: float, style: Style = "number") -> str:
    """A value with its unit: `38.2 %`, `1,204`, `0.512`; `—` for NaN."""
    if not math.isfinite(value):
        return "—"
    if style == "percent":
        told = f"{100 * value:.1f} %"
    elif style == "count":
        told = f"{value:,.0f}"
    else:
        size = abs(value)
        digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
        told = f"{value:,.{digits}f}"
    unsigned = told.lstrip("-")
    return unsigned if not unsigned.strip("0.% ") else told.replace("-", MINUS)


def interval(estimate: Estimate | Figure | None, style: Style = "number") -> str:
    """`36.9 to 39.4 %`, or nothing where no interval was measured."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    low, high = written(estimate.low, style), written(estimate.high, style)
    return f"{low.removesuffix(' %')} to {high}"


def mark(name: str, figure: Figure, about: About, gates: Iterable[GateResult] = ()) -> Mark:
    """Whether a figure (`metric.name`) is good, or to be watched.

    A gate of the recipe on it decides. Else it is held against the real figure: watched where it is
    worse (or, where it should be alike, other) by more than both intervals and by more than a
    twentieth. What has no interval counts as exact, so that the twentieth alone decides; whoever
    tells of it says that chance was not measured (`certain`). With neither a gate nor a real figure
    there is no mark.
    """
    results = [gate.passed for gate in gates if gate.figure == name and not figure.slice]
    if results:
        return "good" if all(results) else "missed"
    real = figure.reference
    if real is None or about.better is None or math.isnan(figure.value + real.value):
        return "—"
    low, high = _ends(figure)
    real_low, real_high = _ends(real)
    below = high < real_low and figure.value < real.value - SLIGHT * abs(real.value)
    above = low > real_high and figure.value > real.value + SLIGHT * abs(real.value)
    worse = {"high": below, "low": above, "like": below or above}[about.better]
    return "watch" if worse else "good"


def certain(figure: Figure) -> bool:
    """Whether the interval of a figure, or of the real one, can tell a difference from chance."""
    return any(one is not None and one.low is not None for one in (figure, figure.reference))


def _ends(of: Figure | Estimate) -> tuple[float, float]:
    return (
        of.value if of.low is None else of.low,
        of.value if of.high is None else of.high,
    )


def lines(
    metric: str,
    figures: Iterable[Figure],
    abouts: Mapping[str, About],
    gates: Sequence[GateResult] = (),
) -> list[Line]:
    """A row of the table for each figure."""
    rows = []
    for figure in figures:
        about = abouts.get(figure.name) or unknown(figure.name)
        real = figure.reference
        rows.append(
            Line(
                name=figure.name,
                about=about,
                value=written(figure.value, about.style),
                interval=interval(figure, about.style),
                reference="" if real is None else written(real.value, about.style),
                reference_interval=interval(real, about.style),
                sort=figure.value,
                reference_sort=math.nan if real is None else real.value,
                bar=bar(figure, about.style),
                mark=mark(f"{metric}.{figure.name}", figure, about, gates),
            )
        )
    return rows


def unknown(name: str) -> About:
    """What is said of a figure that its module does not describe."""
    return About(title=words(name), sentence="")


def words(name: str) -> str:
    """A snake_case name for people."""
    return name.replace("_", " ")


def bar(figure: Figure, style: Style) -> Bar | None:
    """The figure and the real one on one scale, which holds zero and, of percentages, 100 %."""
    real = figure.reference
    ends = [*_ends(figure), figure.value, *([real.value, *_ends(real)] if real else [])]
    known = [end for end in ends if math.isfinite(end)]
    if not math.isfinite(figure.value):
        return None
    low, high = min([0.0, *known]), max([0.0, *known])
    if style == "percent" and high <= 1:
        high = 1.0 if low >= 0 else high
    if low < 0:  # what may have both signs has its zero in the middle
        low, high = -max(-low, high), max(-low, high)
    if low == high:
        high = 1.0

    def place(value: float) -> float:
        return round(EDGE + (value - low) / (high - low) * (BAR - 2 * EDGE), 1)

    def whisker(of: Figure | Estimate) -> Whisker | None:
        if not math.isfinite(of.value):
            return None
        return Whisker(place(of.value), *(place(end) for end in _ends(of)))

    own = whisker(figure)
    assert own is not None
    spoken = f"synthetic {written(figure.value, style)}"
    if told := interval(figure, style):
        spoken += f", between {told.replace(' to ', ' and ')}"
    if real is not None and math.isfinite(real.value):
        spoken += f"; real {written(real.value, style)}"
    return Bar(
        own,
        whisker(real) if real else None,
        place(0.0),
        (written(low, style), written(high, style)),
        spoken,
    )


def pivots(figures: Iterable[Figure], abouts: Mapping[str, About]) -> list[Pivot]:
    """The figures of slices, a table for each set of keys, in the order in which they come."""
    grouped: dict[tuple[str, ...], list[Figure]] = {}
    for figure in figures:
        if figure.slice:
            grouped.setdefault(tuple(figure.slice), []).append(figure)
    return [_pivot(keys, group, abouts) for keys, group in grouped.items()]


def _pivot(keys: tuple[str, ...], group: Sequence[Figure], abouts: Mapping[str, About]) -> Pivot:
    names = list(dict.fromkeys(figure.name for figure in group))
    by_slice: dict[tuple[str, ...], dict[str, Figure]] = {}
    for figure in group:
        by_slice.setdefault(tuple(told(figure.slice[key]) for key in keys), {})[figure.name] = (
            figure
        )
    columns = tuple(abouts.get(name) or unknown(name) for name in names)
    rows = tuple(
        (
            values,
            tuple(
                _cell(found.get(name), about) for name, about in zip(names, columns, strict=True)
            ),
        )
        for values, found in list(by_slice.items())[:ROWS_OF_SLICES]
    )
    return Pivot(keys, columns, rows, len(by_slice) - len(rows))


def _cell(figure: Figure | None, about: About) -> Cell | None:
    if figure is None:
        return None
    real = figure.reference
    beside = "" if real is None else written(real.value, about.style)
    return Cell(written(figure.value, about.style), beside, figure.value)


def told(value: str | float) -> str:
    """An entry of a slice, for people: `0.5`, `2`, `set_alarm`."""
    return value if isinstance(value, str) else f"{value:g}"
