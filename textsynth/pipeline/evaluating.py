"""Evaluation: the corpora read, the metrics run, the gates held against their figures."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus, models, registry
from textsynth.dialogue import checks
from textsynth.errors import ModelError, RunError
from textsynth.evaluate import Context, Figure, Findings, Sets, privacy
from textsynth.pipeline import audit, corpora, finish, learning
from textsynth.pipeline.basemodel import BaseModel
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import EVALUATE_AGAIN, MANIFEST, METRICS, Run, read_json, write_json
from textsynth.sections import Gate, Step

USUAL = ("diversity", "fidelity", "utility", "privacy", "bias")
DIALOGUES = "dialogues"  # the metric that is shown turns; all others are shown single utterances
DIGITS = 6
# Figures that only `generate` can measure, and what a metric notes where it could not.
DURING_THE_RUN = {("privacy", "attribute_leakage"): privacy.NOT_LOOKED_FOR}


def evaluate(
    target: Path,
    *,
    real: Path | None = None,
    holdout: Path | None = None,
    metrics: Sequence[str] = (),
    output: Path | None = None,
    seed: int | None = None,
    language: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate a corpus, and write what was found to `output` (of a run by default its
    metrics.json; of another corpus, without one, nowhere).

    Args:
        target: a run folder, whose scrubbed seeds and holdout are the real rows where none are
            named; or a corpus as `corpora.read` takes it.
        real: real rows to which likeness is measured, and beside which a classifier learns.
        holdout: real rows that nobody learnt from.
        metrics: names; without any the usual five, of a corpus with dialogues `dialogues` too, and
            of one without single utterances that alone. In a file that is there, figures of other
            metrics on the same rows stay.
        seed, language: of a run those of its recipe, else 0 and English.

    Returns:
        What the file holds: see `measured`.

    Raises:
        TextsynthError: a corpus cannot be read, a metric is unknown, or `output` is a file without
            figures.
    """
    progress = progress or Progress()
    run = Run(target) if (target / MANIFEST).is_file() else None
    recipe = Recipe.load(target / "recipe.yaml") if run else None
    language = language or (recipe.language if recipe else "en")
    progress.step("evaluate", str(target))

    def rows(path: Path | None, otherwise: pa.Table, origin: str = "seed") -> pa.Table:
        if path is None:
            return otherwise
        return corpora.read(path, origin=origin, language=language, progress=progress)

    if run is not None:
        own = sets_of_run(run, corpus.read(target / "corpus.parquet"))
        sets = dataclasses.replace(
            own, real=rows(real, own.real), holdout=rows(holdout, own.holdout)
        )
    else:
        made, none = rows(target, corpus.empty(), "model"), corpus.empty()
        known = rows(real, none)
        sets = Sets(synthetic=made, real=known, holdout=rows(holdout, none), seeds=known)
    seed = seed if seed is not None else recipe.seed if recipe else 0
    steps = steps_of(run.manifest().get("dialogues", {})) if run else None
    context = context_of(sets, recipe, run, seed=seed, language=language, steps=steps)
    names = metrics or _usual(sets.synthetic)
    planned = [Step(name=name, options=_options(recipe, name)) for name in names]
    place = output or (target / METRICS if run else None)
    if place is not None:
        figures_in(place)  # before minutes are spent
    found = measured(sets, context, planned, recipe.gates if recipe else (), progress)
    if place is None:
        return found
    return keep(place, found, recipe.gates if recipe else (), progress)


def _usual(made: pa.Table) -> tuple[str, ...]:
    turns = corpus.turns(made).num_rows
    names = () if turns and turns == made.num_rows else USUAL
    return (*names, DIALOGUES) if turns else names


def sets_of_run(run: Run, chosen: pa.Table) -> Sets:
    """A run's corpus beside its scrubbed seeds and holdout, dialogues among the seeds; tables
    without rows where there are none. Seeds that a machine made are seeds, and not real."""
    names = ("seeds", "holdout", "dialogues")
    seeds, holdout, spoken = (
        corpus.read(path) if path.is_file() else corpus.empty()
        for path in (run.folder / "seeds" / f"{name}.parquet" for name in names)
    )
    seeds = corpus.concat([seeds, spoken])
    real = seeds.filter(pc.equal(seeds.column("generation"), 0))
    return Sets(synthetic=chosen, real=real, holdout=holdout, seeds=seeds)


def steps_of(flows: Mapping[str, Any]) -> dict[str, set[tuple[str, str]]] | None:
    """The steps that dialogues may take, by flow, as a manifest has them; None without flows."""
    return {name: set(map(tuple, flow["steps"])) for name, flow in flows.items()} or None


def _options(recipe: Recipe | None, name: str) -> Mapping[str, Any]:
    """The options of a metric: the recipe's, where it has the metric."""
    registry.find("metrics", name)
    planned = {step.name: step.options for step in (recipe.evaluate if recipe else ())}
    return planned.get(name, {})


def context_of(
    sets: Sets,
    recipe: Recipe | None,
    run: Run | None,
    *,
    seed: int,
    language: str,
    base: BaseModel | None = None,
    **given: Any,
) -> Context:
    """What metrics may use: models that are installed, each loaded when it is first asked.

    `base` and `given` (fields of `Context`) are what the caller has already.
    """
    fields: dict[str, Any] = {
        "embed": lambda texts: models.load_embedder()(texts),
        "seed": seed,
        "language": language,
        "tag": tagger(language),
        "find_faults": checks.faults,
    }

    def shown() -> list[str]:
        """Of seeds and holdout alike: tokens that only one has would tell them apart."""
        return [t for table in (sets.seeds, sets.holdout) for t in corpus.column(table, "text")]

    base = base or base_model(recipe, shown)
    if base is not None:
        fields |= {"perplexity": base.perplexity, "hidden_states": base.hidden_states}
    if run is not None:
        spent = learning.spent(run)
        fields["epsilon"] = None if spent is None else spent.epsilon
        if recipe is not None:
            fields["loss"] = audit.loss_of(run, recipe, shown())
    return Context(**fields | given)


def base_model(recipe: Recipe | None, shown: Callable[[], Iterable[str]]) -> BaseModel | None:
    """The model whose view of texts is asked: the recipe's where it runs here, else the packaged
    one; None where there is neither."""
    if recipe is not None and recipe.model is not None and recipe.model.backend == "local":
        private = recipe.model.privacy is not None
        return BaseModel(recipe.model.base, (lambda: ()) if private else shown)
    if not models.installed(models.GEMMA_PACKAGE):
        return None
    return BaseModel("auto", lambda: ())  # one vocabulary for all corpora, cut out once


def tagger(language: str) -> Callable[[Sequence[str]], list[list[tuple[str, str]]]] | None:
    """spaCy's parts of speech: texts to (word, UPOS) pairs; None where no pipeline is there."""
    try:
        source = models.spacy_source(language)
    except ModelError:
        return None

    @cache
    def pipeline() -> Any:
        import spacy

        with models.quiet():
            return spacy.load(source.location, exclude=["ner", "parser", "lemmatizer"])

    def tag(texts: Sequence[str]) -> list[list[tuple[str, str]]]:
        return [[(t.text, t.pos_) for t in doc] for doc in pipeline().pipe(texts, batch_size=256)]

    return tag


def measured(
    sets: Sets,
    context: Context,
    steps: Iterable[Step],
    gates: Sequence[Gate],
    progress: Progress,
) -> dict[str, Any]:
    """The metrics' findings and the gates, as metrics.json holds them: `sets` (rows of each), `of`
    (a digest of those rows), `seed`, `metrics` (name to `figures`, `notes`, `tables`, `seconds`)
    and `gates`. Turns of dialogues are shown to the metric `dialogues` alone."""
    found: dict[str, Any] = {
        "textsynth": finish.package_version(),
        "seed": context.seed,
        "sets": {name: getattr(sets, name).num_rows for name in Sets.__dataclass_fields__},
        "of": _digest(sets),
        "metrics": {},
    }
    alone = Sets(*(corpus.singles(getattr(sets, name)) for name in found["sets"]))
    for step in steps:
        progress.step(f"evaluate: {step.name}")
        began = time.monotonic()
        shown = sets if step.name == DIALOGUES else alone
        findings = registry.find("metrics", step.name)(shown, context, **step.options)
        found["metrics"][step.name] = as_json(findings, time.monotonic() - began)
        for note in findings.notes:
            progress.note(note)
    found["gates"] = held(gates, found["metrics"])
    return found


def _digest(sets: Sets) -> str:
    """Of the ids, intents and texts of all sets."""
    digest = hashlib.blake2b(digest_size=16)
    for name in Sets.__dataclass_fields__:
        for column in ("id", "intent", "text"):
            values = corpus.column(getattr(sets, name), column)
            digest.update(json.dumps(values, ensure_ascii=True).encode())
    return digest.hexdigest()


def as_json(findings: Findings, seconds: float) -> dict[str, Any]:
    """Findings as plain values, rounded to six digits; what is not finite is null."""
    return {
        "seconds": round(seconds, 1),
        "figures": [_plain(_figure(figure)) for figure in findings.figures],
        "notes": list(findings.notes),
        "tables": {name: [_plain(row) for row in rows] for name, rows in findings.tables.items()},
    }


def _figure(figure: Figure) -> dict[str, Any]:
    fields = dataclasses.asdict(dataclasses.replace(figure, slice={}))
    return {**fields, "slice": dict(figure.slice)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):  # of NumPy
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def held(gates: Sequence[Gate], metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each gate with its figure and whether it is reached; a figure that was not measured reaches
    none."""
    results = []
    for gate in gates:
        value = overall(metrics, gate.metric, gate.figure)
        passed = value is not None and _reaches(value, gate)
        results.append({"gate": str(gate), "value": value, "passed": passed})
    return results


def _reaches(value: float, gate: Gate) -> bool:
    if gate.sign == "<=":
        return value <= gate.limit
    if gate.sign == ">=":
        return value >= gate.limit
    return value < gate.limit if gate.sign == "<" else value > gate.limit


def overall(metrics: Mapping[str, Any], metric: str, name: str) -> float | None:
    """A figure of all rows; None where it was not measured."""
    for figure in metrics.get(metric, {}).get("figures", ()):
        if figure["name"] == name and not figure["slice"]:
            value: float | None = figure["value"]
            return value
    return None


def figures_in(place: Path) -> dict[str, Any] | None:
    """What a file of figures holds; None where there is none yet.

    Raises:
        RunError: it is another file, or damaged; it is left as it is.
    """
    if not place.is_file():
        return None
    another = "name another file with -o"
    broken = EVALUATE_AGAIN if place.name == METRICS else another
    before = read_json(place, missing="is missing", fix=another, broken=broken)
    if not {"of", "seed", "metrics"} <= before.keys():
        raise RunError("there is a file that holds no figures", where=str(place), fix=another)
    return before


def keep(
    place: Path, found: Mapping[str, Any], gates: Sequence[Gate], progress: Progress
) -> dict[str, Any]:
    """Write figures and return what was written: figures that the file already has of other metrics
    on the same rows stay, as do those that `generate` alone can measure. The gates are held against
    what stands there then, so that none outlives its figure."""
    merged = dict(found)
    before = figures_in(place)
    if before is not None:
        if all(before.get(key) == found[key] for key in ("of", "seed")):
            old = before.get("metrics", {})
            merged["metrics"] = {**old, **_with_those_of_the_run(old, found["metrics"])}
            merged["gates"] = held(gates, merged["metrics"])
        else:
            progress.note(f"{place.name} held figures of other rows; they are replaced")
    write_json(place, merged)
    return merged


def _with_those_of_the_run(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """New figures, and old ones beside them that nobody can measure after the run."""
    metrics = dict(new)
    for (metric, name), note in DURING_THE_RUN.items():
        own = new.get(metric)
        if own is None or any(figure["name"] == name for figure in own["figures"]):
            continue
        kept = [f for f in old.get(metric, {}).get("figures", ()) if f["name"] == name]
        if kept:
            notes = [told for told in own["notes"] if told != note]
            metrics[metric] = {**own, "figures": [*own["figures"], *kept], "notes": notes}
    return metrics
