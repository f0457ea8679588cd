"""What an evaluation wrote down (`metrics.json`), read back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textsynth.evaluate import Estimate, Figure, Findings

SECTIONS = ("diversity", "fidelity", "utility", "mixing", "privacy", "bias", "collapse")


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a gate of the recipe is met: `privacy.mia_auc <= 0.55`, with the figure found (NaN
    where none was)."""

    gate: str
    value: float
    passed: bool

    @property
    def figure(self) -> str:
        """Its figure, `privacy.mia_auc`."""
        return self.gate.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation.

    Attributes:
        metrics: findings by the metric's name.
        sets: rows of each of `synthetic`, `real`, `holdout` and `seeds`.
        gates: those of the recipe.
        seed, seconds, version: of the evaluation and of the package that made it.
    """

    metrics: Mapping[str, Findings]
    sets: Mapping[str, int] = field(default_factory=dict)
    gates: Sequence[GateResult] = ()
    seed: int | None = None
    seconds: float | None = None
    version: str | None = None

    def figure(self, metric: str, name: str, /, **slice_: str | float) -> Figure | None:
        """A figure (without a slice: of all rows); None where it was not measured or is NaN."""
        for figure in self.figures(metric):
            if figure.name == name and dict(figure.slice) == slice_:
                return None if math.isnan(figure.value) else figure
        return None

    def figures(self, metric: str) -> Sequence[Figure]:
        """All figures of a metric, none where it was not measured."""
        findings = self.metrics.get(metric)
        return findings.figures if findings else ()

    def overall(self, metric: str) -> list[Figure]:
        """The figures of a metric that are of all rows."""
        return [figure for figure in self.figures(metric) if not figure.slice]

    def table(self, metric: str, name: str) -> Sequence[Mapping[str, Any]]:
        """Rows of a table of a metric, none where there is no such table."""
        findings = self.metrics.get(metric)
        return findings.tables.get(name, ()) if findings else ()


def read(data: Mapping[str, Any]) -> Measured:
    """An evaluation out of its JSON, in which NaN is null.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it has another form.
    """
    return Measured(
        metrics={
            name: Findings(
                figures=[_figure(figure) for figure in found["figures"]],
                notes=[str(note) for note in found.get("notes", ())],
                tables=dict(found.get("tables", {})),
            )
            for name, found in data["metrics"].items()
        },
        sets={name: int(rows) for name, rows in data.get("sets", {}).items()},
        gates=[
            GateResult(str(gate["gate"]), _number(gate["value"]), bool(gate["passed"]))
            for gate in data.get("gates") or ()
        ],
        seed=data.get("seed"),
        seconds=data.get("seconds"),
        version=data.get("textsynth"),
    )


def _figure(data: Mapping[str, Any]) -> Figure:
    reference = data.get("reference")
    return Figure(
        name=str(data["name"]),
        value=_number(data["value"]),
        low=_bound(data.get("low")),
        high=_bound(data.get("high")),
        slice=dict(data.get("slice") or {}),
        reference=reference
        and Estimate(
            _number(reference["value"]), _bound(reference.get("low")), _bound(reference.get("high"))
        ),
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _bound(value: Any) -> float | None:
    return None if value is None or math.isnan(float(value)) else float(value)
