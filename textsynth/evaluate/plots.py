"""Plots for a page: SVG by matplotlib, whose colours are CSS variables of the page that holds them.

A plot is small by design (as wide as a telephone); panels are plots side by side. Its texts stay
text, in the page's font. The same data give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import cycle
from typing import Any

from textsynth import models
from textsynth.evaluate import Estimate

# Each colour of a plot, and the variable of the page that takes its place.
COLOURS: Mapping[str, str] = {
    "ink": "#1c2024",
    "soft": "#60646d",
    "line": "#e3e5e8",
    "synthetic": "#2458d3",
    "real": "#b35309",
    "third": "#18794f",
    "fourth": "#9333eb",
    "fifth": "#be185e",
}
OWN = ("synthetic", "real", "third", "fourth", "fifth")
MARKED = 12  # points of a line; more are not marked
WIDTH, HEIGHT = 4.2, 2.9  # inches
LEFT_OUT = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL
)
_SALT = "textsynth"


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) in the order of x, with the ends of an interval around y where there are any.

    `colour` is one of `OWN`, by default the next that is free.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as the page shows it: what it is, the SVG, and its legend as (name, colour) pairs."""

    title: str
    svg: str
    legend: Sequence[tuple[str, str]]


def available() -> bool:
    """Whether matplotlib is installed."""
    return models.installed("matplotlib")


def lines(
    key: str,
    title: str,
    series: Sequence[Series],
    *,
    x: str,
    y: str,
    percent: bool = False,
    ticks: Sequence[float] = (),
    log: bool = False,
) -> Plot:
    """Lines with bands as wide as their intervals. `key` (unique in a page) starts every id of the
    SVG; `x` and `y` name the axes; `log` has the x axis logarithmic."""

    def draw(axes: Any) -> None:
        for one, colour in zip(series, colours, strict=True):
            code = COLOURS[colour]
            marker = "o" if len(one.x) <= MARKED else ""
            axes.plot(one.x, one.y, color=code, marker=marker, markersize=4, linewidth=1.8)
            ends = [
                (at, low, high)
                for at, low, high in zip(one.x, one.low, one.high, strict=False)
                if low is not None and high is not None
            ]
            if len(ends) > 1:
                axes.fill_between(*zip(*ends, strict=True), color=code, alpha=0.16, linewidth=0)
            elif ends:
                at, low, high = ends[0]
                axes.vlines(at, low, high, color=code, linewidth=1.8)
        if log:
            axes.set_xscale("log")
        if ticks:
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.minorticks_off()
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if percent:
            axes.yaxis.set_major_formatter(_percent)

    colours = _colours(series)
    legend = [(one.name, colour) for one, colour in zip(series, colours, strict=True) if one.name]
    return Plot(title, _svg(key, title, draw), legend)


def scatter(key: str, title: str, groups: Mapping[str, Sequence[tuple[float, float, str]]]) -> Plot:
    """A map without scales: the points (x, y, what is shown over them) of each group, the groups'
    names being colours of `OWN`."""

    def draw(axes: Any) -> None:
        for name, points in groups.items():
            axes.scatter(
                [x for x, _, _ in points],
                [y for _, y, _ in points],
                s=13,
                color=COLOURS[name],
                linewidths=0,
                alpha=0.6,
                gid=f"points-{name}",
            )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")

    svg = _svg(key, title, draw, height=4.0)
    for name, points in groups.items():
        svg = _with_tips(svg, f"{key}-points-{name}", [tip for _, _, tip in points])
    return Plot(title, svg, [(name, name) for name in groups])


def histogram(
    key: str, title: str, groups: Mapping[str, Sequence[tuple[float, float]]], *, x: str
) -> Plot:
    """Shares (whole number, share of 1) of each group as steps over one another."""
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Any) -> None:
        for (_, points), colour in zip(groups.items(), OWN, strict=False):
            places = [place for place, _ in points]
            shares = [share for _, share in points]
            code = COLOURS[colour]
            axes.step(places, shares, where="mid", color=code, linewidth=1.8)
            axes.fill_between(places, shares, step="mid", color=code, alpha=0.16, linewidth=0)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(x)
        axes.yaxis.set_major_formatter(_percent)

    return Plot(title, _svg(key, title, draw), list(zip(groups, OWN, strict=False)))


def intervals(
    key: str, title: str, rows: Sequence[tuple[str, Estimate, Estimate | None]], *, x: str
) -> Plot:
    """A dot with its interval for each (name, synthetic, real), as percentages, from top to bottom;
    the real ones hollow and below. A line stands at zero where values lie on both sides of it."""
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Any) -> None:
        places = range(len(rows), 0, -1)
        gap = 0.13 if beside else 0.0
        for place, (_, made, real) in zip(places, rows, strict=True):
            for one, at, name in ((made, place + gap, "synthetic"), (real, place - gap, "real")):
                if one is None:
                    continue
                code = COLOURS[name]
                if one.low is not None and one.high is not None:
                    axes.plot([one.low, one.high], [at] * 2, color=code, linewidth=1.8)
                face = "none" if name == "real" else code
                axes.plot([one.value], [at], "o", color=code, markerfacecolor=face, markersize=5)
        if axes.get_xlim()[0] < 0:
            axes.axvline(0, color=COLOURS["soft"], linewidth=1, linestyle=(0, (3, 3)))
        axes.set_yticks(list(places), [_short(name) for name, *_ in rows])
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.set_xlabel(x)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(_percent)

    beside = any(real for *_, real in rows)
    legend = [("synthetic", "synthetic"), ("real", "real")] if beside else []
    return Plot(title, _svg(key, title, draw, height=0.7 + 0.26 * len(rows)), legend)


def _percent(share: float, _: int) -> str:
    return f"{100 * share:.3g} %"


def _short(name: str, most: int = 24) -> str:
    name = "".join(char for char in " ".join(name.split()) if char.isprintable())
    return name if len(name) <= most else name[: most - 1] + "…"


def _colours(series: Sequence[Series]) -> list[str]:
    taken = {one.colour for one in series}
    free = cycle([colour for colour in OWN if colour not in taken] or OWN)
    return [one.colour or next(free) for one in series]


# -- SVG --------------------------------------------------------------------------------------


def _svg(key: str, title: str, draw: Callable[[Any], None], *, height: float = HEIGHT) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with _styled():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    return _for_a_page(buffer.getvalue(), key, title)


@contextmanager
def _styled() -> Iterator[None]:
    import matplotlib as mpl

    soft, line = COLOURS["soft"], COLOURS["line"]
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": _SALT,
        "font.family": ["DejaVu Sans"],
        "font.size": 11,
        "text.parse_math": False,
        "text.color": soft,
        "axes.labelcolor": soft,
        "axes.edgecolor": line,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": line,
        "grid.linewidth": 0.8,
        "xtick.color": soft,
        "ytick.color": soft,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "path.simplify": True,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # texts are drawn in fonts of the reader's, so what matplotlib's own font has is no matter
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


def _for_a_page(svg: str, key: str, title: str) -> str:
    """Without what a page must not hold twice, and with its colours and its font."""
    svg = LEFT_OUT.sub("", svg)
    svg = re.sub(r' id="([^"]+)"', rf' id="{key}-\1"', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{key}-", svg)
    svg = re.sub(r' style="[^"]*"', _styled_by_page, svg)
    svg = re.sub(r' (?:d|x|y|width|height|transform)="[^"]*"', _rounded, svg)
    # the page says how wide it is; the view box says its shape
    opening = f'<svg role="img" aria-label="{escape(title)}" '
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', lambda f: f"{opening}{f[1]}>", svg, count=1)
    return re.sub(r"\n\s*", "\n", svg).strip()


def _styled_by_page(style: re.Match[str]) -> str:
    told = re.sub(r"font-family: [^;\"]*; ?", "", style[0])
    for name, code in COLOURS.items():
        told = told.replace(code, f"var(--{name})")
    return told


def _rounded(attribute: re.Match[str]) -> str:
    return re.sub(r"(\d\.\d)\d+", r"\1", attribute[0])


def _with_tips(svg: str, group: str, tips: Sequence[str]) -> str:
    """Each point of a group with its text, which browsers show over it; the style of the points
    stands once, at the group."""
    before, _, rest = svg.partition(f'<g id="{group}"')
    if not rest:
        return svg
    body, end, after = _group(rest)
    styles = re.findall(r'<use [^>]*style="([^"]*)"', body)
    told = iter(tips)

    def point(found: re.Match[str]) -> str:
        tip = next(told, "")
        inside = f"<title>{escape(tip)}</title></use>" if tip else "</use>"
        return re.sub(r' style="[^"]*"', "", found[1]) + ">" + inside

    body = re.sub(r"(<use [^>]*?)/>", point, body)
    style = f' style="{styles[0]}"' if styles else ""
    return f'{before}<g id="{group}"{style}{body}{end}{after}'


def _group(rest: str) -> tuple[str, str, str]:
    """The inside of an opened `<g`, its end, and what follows."""
    depth, at = 1, 0
    for found in re.finditer(r"<g\b|</g>", rest):
        depth += 1 if found[0] == "<g" else -1
        if not depth:
            at = found.start()
            break
    return rest[:at], "</g>", rest[at + 4 :]
