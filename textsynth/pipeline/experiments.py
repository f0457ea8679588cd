"""Experiments with a recipe that make no corpus: generations of models, planted secrets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from textsynth.errors import UsageError
from textsynth.pipeline import audit, evaluating, finish
from textsynth.pipeline.generations import generations as run_generations
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import METRICS


def experiments(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    generations: int = 0,
    canaries: int = 0,
    per_intent: int | None = None,
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run what was asked for in a folder of its own (default: `runs/NAME-experiments`), and write
    its metrics.json; figures of an earlier experiment there stay. `textsynth report RUN --with`
    shows them beside a run.

    Args:
        generations: how many models learn one from the other, under each policy; 0 for none.
        canaries: secrets planted for each number of repetitions; 0 for none.
        per_intent: rows for each intent in each generation; as many as there are seeds, if None.

    Raises:
        TextsynthError: as `audit.audit` and `generations.generations`.
        UsageError: nothing was asked for.
    """
    progress = progress or Progress()
    if not generations and not canaries:
        raise UsageError("no experiment was named", fix="ask for --generations or --canaries")
    folder = Path(output or Path("runs") / f"{recipe.name}-experiments")
    found: dict[str, Any] = {
        "textsynth": finish.package_version(),
        "seed": recipe.seed,
        "sets": {},
        "of": recipe.fingerprint(),
        "metrics": {},
        "gates": [],
    }

    def add(metric: str, run: Any) -> None:
        began = time.monotonic()
        findings = run()
        found["metrics"][metric] = evaluating.as_json(findings, time.monotonic() - began)
        for note in findings.notes:
            progress.note(note)

    if canaries:
        add("privacy", lambda: audit.audit(
            recipe, folder / "audit", canaries=canaries, key_file=key_file, progress=progress
        ))  # fmt: skip
    if generations:
        add("collapse", lambda: run_generations(
            recipe, generations, folder / "generations", per_intent=per_intent, key_file=key_file,
            progress=progress,
        ))  # fmt: skip
    return evaluating.keep(folder / METRICS, found, (), progress)
