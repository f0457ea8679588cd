"""The report of a run folder: reads what the run kept, and writes the page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textsynth import corpus, keyed, registry
from textsynth.errors import RecipeError, RunError
from textsynth.evaluate import About, Findings, collapse, exposure, measured
from textsynth.evaluate.measured import Measured
from textsynth.evaluate.report import Material, Rejected, page, spread
from textsynth.evaluate.wording import REAL_TEXT, STEPS
from textsynth.run import EVALUATE_AGAIN, METRICS, REPORT, Run, write_text

SAMPLES = 24
EXAMPLES = 3
# What tells a page that a report may replace.
PAGE = b"report of a synthetic corpus</title>"
# Metrics that `textsynth evaluate RECIPE` adds figures to.
OF_EXPERIMENTS: Mapping[str, Mapping[str, About]] = {
    "privacy": exposure.ABOUT,
    "collapse": collapse.ABOUT,
}


def report(folder: Path, output: Path | None = None, beside: Path | None = None) -> Path:
    """Write the report of a finished run (default: `report.html` in it) and return its path.

    `beside` is a folder of experiments with the run's recipe, whose figures are shown too.

    Raises:
        RunError: the folder is no finished run, its files cannot be read, or the page cannot be
            written, or would replace a file that is no report.
    """
    path, another = output or folder / REPORT, "name another file with -o"
    html = page(material(folder, beside))
    try:
        other = path.is_file() and PAGE not in path.read_bytes()
        if not other:
            write_text(path, html)
    except OSError as error:
        told = f"the report cannot be written: {error.strerror}"
        raise RunError(told, where=str(path), fix=another) from error
    if other:
        raise RunError("there is a file that is no report", where=str(path), fix=another)
    return path


def material(folder: Path, beside: Path | None = None) -> Material:
    """What the report of a finished run is made of.

    Raises:
        RunError: the folder is no finished run, or its files cannot be read.
    """
    run = Run(folder)
    manifest = run.manifest()
    found = metrics(folder)
    if beside is not None:
        found = _with(found, beside)
    try:
        rows = corpus.read(folder / "corpus.parquet")
        recipe = run.shown_recipe()
        rejected = _rejected(folder, manifest["steps"])
    except (OSError, pa.ArrowException, KeyError) as error:
        raise RunError(
            f"the run cannot be read: {error}",
            where=str(folder),
            fix="make it again with --resume never",
        ) from error
    return Material(
        manifest=manifest,
        recipe=recipe,
        rows=rows.num_rows,
        intents=len({intent for intent in corpus.column(rows, "intent") if intent is not None}),
        samples=_samples(rows),
        slots=_slots(rows),
        rejected=rejected,
        measured=found,
        abouts={name: abouts(name) for name in (found.metrics if found else ())},
        steps={name: _what(name) for name in manifest["steps"] if name not in STEPS},
    )


def metrics(folder: Path) -> Measured | None:
    """The evaluation of a run; None where it was not evaluated.

    Raises:
        RunError: it cannot be read.
    """
    path = folder / METRICS
    if not path.is_file():
        return None
    try:
        return measured.read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"is no evaluation: {type(error).__name__}: {error}",
            where=str(path),
            fix=EVALUATE_AGAIN,
        ) from error


def _with(found: Measured | None, beside: Path) -> Measured:
    """An evaluation with the figures of experiments."""
    more = metrics(beside)
    if more is None:
        raise RunError(
            "there are no figures of experiments",
            where=str(beside),
            fix="make them: textsynth evaluate RECIPE --generations 5 --canaries 4",
        )
    joined = dict(found.metrics) if found else {}
    for name, own in more.metrics.items():
        there = joined.get(name, Findings([]))
        joined[name] = Findings(
            [*there.figures, *own.figures],
            [*there.notes, *own.notes],
            {**there.tables, **own.tables},
        )
    return dataclasses.replace(found or more, metrics=joined)


def abouts(metric: str) -> Mapping[str, About]:
    """What the figures of a metric are; nothing where its module does not say, or is not there."""
    try:
        found: Mapping[str, About] = registry.about_figures(metric)
    except RecipeError:  # of an experiment, or of a plug-in that was there when it was measured
        found = {}
    return {**OF_EXPERIMENTS.get(metric, {}), **found}


def _what(step: str) -> str:
    try:
        return registry.summary("filters", step)
    except RecipeError:
        return ""


def _samples(rows: pa.Table) -> list[dict[str, Any]]:
    drawn = keyed.order(keyed.stream(0, "report"), corpus.column(rows, "id")).tolist()
    intents = corpus.column(rows, "intent")
    chosen = [drawn[place] for place in spread([intents[row] for row in drawn], SAMPLES)]
    shown: list[dict[str, Any]] = corpus.take(
        rows.select(["text", "intent", "origin", "slots"]), chosen
    ).to_pylist()
    return shown


def _slots(rows: pa.Table) -> dict[str, int]:
    """Labels and how often each marks something, the commonest first."""
    slots = pa.chunked_array(rows.column("slots")).combine_chunks().flatten()
    counted = slots.field("label").value_counts().to_pylist() if len(slots) else []
    ordered = sorted(counted, key=lambda entry: (-entry["counts"], entry["values"]))
    return {entry["values"]: entry["counts"] for entry in ordered}


def _rejected(folder: Path, steps: Mapping[str, Mapping[str, Any]]) -> list[Rejected]:
    """Steps and reasons, the commonest first, with examples where these may be shown."""
    examples = _examples(folder / "rejects.parquet")
    groups = [
        _group(step, reason, count, examples.get((step, reason), ()))
        for step, counted in steps.items()
        for reason, count in counted["rejects"].items()
    ]
    return sorted(groups, key=lambda group: (-group.rows, group.step, group.reason))


def _group(
    step: str, reason: str, count: int, found: Sequence[tuple[str | None, str | None]]
) -> Rejected:
    if reason in REAL_TEXT or step == "seeds":
        return Rejected(step, reason, count, withheld="Not shown: it repeats real text.")
    texts = [(text, intent) for text, intent in found if text is not None]
    if found and not texts:
        return Rejected(step, reason, count, withheld="Not kept: it held personal data.")
    return Rejected(step, reason, count, texts)


def _examples(path: Path) -> dict[tuple[str, str], list[tuple[str | None, str | None]]]:
    """A few rows of each step and reason, drawn by their text, whatever the order of the file."""
    if not path.is_file():
        return {}
    table = pq.read_table(path, columns=["id", "text", "intent", "step", "reason"])
    columns = table.to_pydict()
    found: dict[tuple[str, str], list[tuple[str | None, str | None]]] = {}
    for row in keyed.order(keyed.stream(0, "report"), columns["id"]).tolist():
        # lines that the model wrote are counted under its name
        step = {"language model": "model"}.get(columns["step"][row], columns["step"][row])
        own = found.setdefault((step, columns["reason"][row]), [])
        if len(own) < EXAMPLES:
            own.append((columns["text"][row], columns["intent"][row]))
    return found
