"""The end of a run: select, split, describe, export, and write down what people review."""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pyarrow as pa

from textsynth import corpus, keyed, models, recipetext, registry
from textsynth.errors import ExportError, TextsynthError
from textsynth.evaluate import Estimate
from textsynth.evaluate.tables import Style, interval, written
from textsynth.export import About, perform
from textsynth.filters.select import select, splits
from textsynth.lm import private
from textsynth.pipeline import learning, reporting
from textsynth.pipeline.beforehand import named_models
from textsynth.pipeline.collect import say_counts
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import Cell
from textsynth.pipeline.seedside import SeedSide
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import MANIFEST, Run, write_text
from textsynth.values import ValueList


def select_rows(
    recipe: Recipe,
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    seeds: pa.Table,
    lists: Mapping[str, ValueList],
    ledger: Ledger,
    progress: Progress,
) -> tuple[pa.Table, dict[str, tuple[int, int]]]:
    """The rows of the corpus, in a keyed order and with their splits, and the intents that fall
    short as (got, asked)."""
    asked = Counter[str]()
    for (intent, _), count in quotas.items():
        asked[intent] += count
    counts = dict.fromkeys((min(asked.values(), default=0), max(asked.values(), default=0)))
    progress.step("select", f"{' to '.join(map(str, counts))} an intent")
    kept = select(
        pool,
        quotas,
        seeds,
        per_pattern=recipe.generate.rows_of_pattern(),
        seed=recipe.seed,
        per_slot=recipe.generate.per_slot or 0,
        made_up={label for label, values in lists.items() if values.made_up},
    )
    chosen = corpus.take(pool, kept)
    rest = sorted(set(range(pool.num_rows)) - set(kept))
    ledger.reject(corpus.take(pool, rest), "select", ["surplus"] * len(rest))
    surplus = Counter({"surplus": len(rest)}) if rest else Counter()
    ledger.add("select", pool.num_rows, len(kept), surplus)
    say_counts(progress, pool.num_rows, len(kept), surplus)
    by_intent = corpus.count_by(chosen, "intent") if kept else {}
    shortfall = {}
    for intent, count in asked.items():
        got = by_intent.get((intent,), 0)
        if got < count:
            shortfall[intent] = (got, count)
            progress.warn(f"{intent}: {got} rows of {count}")
    if chosen.num_rows:
        chosen = corpus.replace_column(chosen, "split", splits(chosen, recipe.seed))
        chosen = chosen.take(pa.array(_reading_order(chosen, recipe.seed)))
    return chosen, shortfall


def _reading_order(chosen: pa.Table, seed: int) -> list[int]:
    """A keyed shuffle, so that no file starts with a thousand rows of one intent."""
    order: list[int] = keyed.order(
        keyed.stream(seed, "order"), corpus.column(chosen, "id")
    ).tolist()
    return order


def short_by_origin(chosen: pa.Table, quotas: Mapping[Cell, int]) -> list[dict[str, Any]]:
    there = corpus.count_by(chosen, "intent", "origin") if chosen.num_rows else {}
    return [
        {"intent": intent, "origin": origin, "got": there.get((intent, origin), 0), "asked": count}
        for (intent, origin), count in quotas.items()
        if there.get((intent, origin), 0) < count
    ]


def about_of(
    recipe: Recipe,
    side: SeedSide,
    ledger: Ledger,
    shortfall: dict[str, tuple[int, int]],
    run: Run,
    evaluation: Mapping[str, Any] | None = None,
) -> About:
    used = [(role, source.name, source.terms) for role, source in named_models(recipe)]
    if recipe.model is not None and recipe.model.server is not None:
        named = recipetext.nameless(recipe.model.server.model)
        used.append(("language model, on a server", named, "those of the server"))
    names = {step.name for step in recipe.filters}
    if names & {"semantic", "adversarial"} or ("label" in names and side.patterns):
        encoder = models.embedder_source()
        used.append(("sentence encoder of the filters", encoder.name, encoder.terms))
    real = recipe.seeds or (recipe.dialogues and recipe.dialogues.seeds)
    if real and recipe.scrub is not False:
        spacy_model = models.spacy_source(recipe.language)
        used.append(("entity recognition of the scrub", spacy_model.name, spacy_model.terms))
    return About(
        name=recipe.name,
        license=recipe.card.license,
        language=recipe.language,
        version=package_version(),
        recipe=run.shown_recipe(),
        models=tuple(used),
        steps=ledger.step_counts(),
        seeds=len(side.patterns),
        synthetic_seeds=sum(side.generations.get(seed.id, 0) > 0 for seed in side.patterns),
        scrubbed=side.counts,
        shortfall=shortfall,
        privacy=private.statement(learning.spent(run)),
        figures=headline(evaluation["metrics"]) if evaluation else (),
        gates=tuple((g["gate"], g["value"], g["passed"]) for g in evaluation["gates"])
        if evaluation
        else (),
    )


def headline(metrics: Mapping[str, Any]) -> tuple[tuple[str, str, str, str], ...]:
    """The figures of all rows, as a card shows them: (metric, title, value, of real rows)."""
    rows = []
    for metric, found in metrics.items():
        about = reporting.abouts(metric)
        for figure in found["figures"]:
            if not figure["slice"] and figure["value"] is not None:
                known = about.get(figure["name"])
                style: Style = known.style if known else "number"
                title = known.title if known else figure["name"]
                other = figure["reference"]
                shown = "" if other is None else shown_as(other, style)
                rows.append((metric, title, shown_as(figure, style), shown))
    return tuple(rows)


def shown_as(estimate: Mapping[str, Any], style: Style) -> str:
    """`0.512 (0.480 to 0.541)`, with the unit of the figure."""
    value, *ends = (estimate[name] for name in ("value", "low", "high"))
    if value is None:
        return "-"
    between = interval(Estimate(value, *ends), style)
    return written(value, style) + (f" ({between})" if between else "")


def export_all(
    recipe: Recipe, chosen: pa.Table, about: About, run: Run, progress: Progress
) -> list[dict[str, Any]]:
    """Write all exports and say of each what it wrote, or the error that it could not be written
    for, which keeps no other from being written."""
    exports: list[dict[str, Any]] = []
    for step in recipe.export:
        progress.step(f"export: {step.name}")
        exporter = registry.find("exporters", step.name)
        place = run.path(*_place(step.name))
        try:
            report = perform(exporter, step.name, chosen, place, about, **step.options)
        except TextsynthError as error:
            progress.warn(f"not written: {error.message}")
            exports.append({"format": step.name, "error": error.message, "fix": error.fix})
            continue
        refused = sum(report.refused.values())
        progress.note(
            f"{report.written:,} {report.unit}s written" + (f", {refused} refused" * bool(refused))
        )
        exports.append(
            {"format": report.format, "written": report.written, "refused": report.refused}
        )
    return exports


def require_exports(run: Run) -> None:
    """Check that a complete run wrote all that was asked for.

    Raises:
        ExportError: an export failed; the run is complete for all that.
    """
    failed = [export for export in run.manifest()["exports"] if "error" in export]
    if not failed:
        return
    first = failed[0]
    remedies = [
        first["fix"],
        "then run `textsynth generate` again, which writes what is missing",
        "with another `export:` in the recipe, `textsynth generate` ends the run anew",
    ]
    raise ExportError(
        "the run is complete, but not all of its exports: "
        + "; ".join(f"{export['format']}: {export['error']}" for export in failed),
        where=str(run.folder),
        fix="; ".join(remedy for remedy in remedies if remedy),
    )


def reopen(run: Run) -> None:
    """Make a complete run one that ends anew: its manifest goes, and the exports that this lists,
    which tell what no longer holds. Where one failed, what lies in its place is not its own."""
    exports = run.manifest()["exports"]
    written = [export["format"] for export in exports if "error" not in export]
    run.path(MANIFEST).unlink()
    for name in written:
        shutil.rmtree(run.path(*_place(name)), ignore_errors=True)


def _place(exporter: str) -> tuple[str, ...]:
    return ("dataset",) if exporter == "huggingface" else ("exports", exporter)


def write_patterns(
    run: Run,
    chosen: pa.Table,
    invented: Mapping[str, list[str]],
    spoken: Mapping[str, Mapping[str, Sequence[str]]],
) -> None:
    """The patterns behind the corpus, for people to read, edit and keep under version control; the
    slot values that the model invented, and (`spoken`) what it added to the words of flows."""
    from ruamel.yaml import YAML

    listed: dict[str, list[dict[str, Any]]] = {}
    counted = corpus.count_by(chosen, "intent", "origin", "pattern")
    for (intent, origin, pattern), rows in counted.items():
        entry = {"pattern": pattern, "origin": origin, "rows": rows}
        listed.setdefault(str(intent), []).append(entry)
    buffer = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 1000
    yaml.version = (1, 1)  # quotes `on`, a truth value to old readers
    reviewed: dict[str, Any] = {"intents": listed}
    if invented:
        reviewed["invented_values"] = {label: list(values) for label, values in invented.items()}
    if spoken:
        reviewed["invented_words"] = {
            flow: {place: list(lines) for place, lines in pools.items()}
            for flow, pools in spoken.items()
        }
    yaml.dump(reviewed, buffer)
    write_text(run.path("patterns", "patterns.yaml"), buffer.getvalue())


def as_yaml(recipe: Recipe) -> str:
    """The recipe as the run keeps it."""
    plain = recipe.model_dump(mode="json", exclude_defaults=True)
    for section in ("seeds", "templates", "dialogues"):
        if section in plain:  # a card must not tell where on somebody's disk the recipe lies
            plain[section]["path"] = os.path.relpath(plain[section]["path"], recipe.folder)
    if plain.get("dialogues", {}).get("seeds"):
        own = plain["dialogues"]
        own["seeds"] = os.path.relpath(own["seeds"], recipe.folder)
    if "server" in plain.get("model", {}):  # nor which machine serves a model
        plain["model"]["server"]["url"] = "…"
    if recipe.gates:
        plain["gates"] = [str(gate) for gate in recipe.gates]
    for section in {"filters", "evaluate", "export"} & plain.keys():
        plain[section] = [
            {step["name"]: step["options"]} if step.get("options") else step["name"]
            for step in plain[section]
        ]
    return recipetext.written(plain)


def package_version() -> str:
    """The version of this package."""
    return installed_version("textsynth-corpus")


def installed_version(distribution: str) -> str:
    """The version of an installed distribution, or `unknown`."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
