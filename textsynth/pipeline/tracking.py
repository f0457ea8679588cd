"""Where a run's figures go beside its folder: nowhere, or to MLflow (extra `tracking`)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textsynth import models
from textsynth.errors import RunError
from textsynth.recipe import Recipe


class Tracker:
    """Keeps nothing."""

    def loss(self, step: int, value: float, curve: str = "loss") -> None:
        """The training loss of a step, nats a token; each model that is trained has its curve."""

    def figures(self, manifest: dict[str, Any]) -> None:
        """What the finished run's manifest counts."""

    def evaluation(self, metrics: Mapping[str, Any]) -> None:
        """The figures of all rows; `metrics` as metrics.json has them."""

    def keep(self, files: Iterable[Path]) -> None:
        """Files of the run that people open: of those named, what is there."""


class _MLflow(Tracker):
    """Speaks to the tracking server that MLflow's own settings name (`MLFLOW_TRACKING_URI`)."""

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow

    def loss(self, step: int, value: float, curve: str = "loss") -> None:
        self._mlflow.log_metric(f"train/{curve}", value, step=step)

    def figures(self, manifest: dict[str, Any]) -> None:
        figures = {"rows": manifest["rows"], "seconds": manifest["seconds"]}
        for step, counts in manifest["steps"].items():
            figures[f"{step}/in"], figures[f"{step}/out"] = counts["in"], counts["out"]
        # of the marks that steps of dialogues have MLflow refuses some
        told = {re.sub(r"[^\w./-]+", "_", name): float(v) for name, v in figures.items()}
        self._mlflow.log_metrics(told)

    def evaluation(self, metrics: Mapping[str, Any]) -> None:
        self._mlflow.log_metrics(
            {
                f"{metric}/{figure['name']}": float(figure["value"])
                for metric, found in metrics.items()
                for figure in found["figures"]
                if not figure["slice"] and figure["value"] is not None
            }
        )

    def keep(self, files: Iterable[Path]) -> None:
        for path in files:
            if path.is_file():
                self._mlflow.log_artifact(str(path))


@contextlib.contextmanager
def tracking(recipe: Recipe) -> Iterator[Tracker]:
    """A tracker as `tracking.report_to` asks; its MLflow run ends with the block, as failed where
    an error leaves it.

    Raises:
        RunError: MLflow is not installed.
    """
    if recipe.tracking.report_to == "none":
        yield Tracker()
        return
    if not models.installed("mlflow"):
        raise RunError(
            "tracking.report_to is mlflow, which is not installed",
            fix='pip install "textsynth-corpus[tracking]", or take `tracking` out of the recipe',
        )
    import mlflow

    mlflow.set_experiment("textsynth")
    with mlflow.start_run(run_name=recipe.name):
        mlflow.log_params(_params(recipe))
        yield _MLflow(mlflow)


def _params(recipe: Recipe) -> dict[str, Any]:
    """Seed and settings of model and generation; no paths and no texts."""
    plain = recipe.model_dump(mode="json", include={"seed", "language", "model", "generate"})
    flat: dict[str, Any] = {}
    for section, value in plain.items():
        items = value.items() if isinstance(value, dict) else [("", value)]
        flat.update({f"{section}.{name}".rstrip("."): v for name, v in items})
    for place in ("model.base", "model.others", "model.server"):
        flat.pop(place, None)
    return flat
