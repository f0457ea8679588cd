"""Finished runs, and templates, in the formats of other tools: templates as a grammar where the
format holds one, otherwise as rows that have all their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, importers, registry
from textsynth.errors import ExportError, UsageError, did_you_mean
from textsynth.export import About, ExportReport, StepCount, perform
from textsynth.export.target import add_to_report
from textsynth.grammar.draw import capacity, draw
from textsynth.grammar.grammar import SUFFIXES, require_closed
from textsynth.grammar.model import Grammar
from textsynth.pipeline.checking import has_keys_of_recipes
from textsynth.pipeline.finish import export_all, package_version
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import MANIFEST, Run, write_json

ROWS = 2_000  # of an intent, for a format of rows


def export_run(
    folder: Path, to: str, output: Path, options: Mapping[str, Any] | None = None
) -> ExportReport:
    """Write the corpus of a finished run in another format; `options` are those of the exporter.

    Raises:
        RunError: the folder is no finished run; RecipeError: an option that the format has not;
        ExportError: the target cannot be written.
    """
    about, chosen = _finished(Run(folder))
    checked = registry.options("exporters", to, options or {})
    exporter = registry.find("exporters", to)
    return perform(exporter, to, chosen, output, about, **checked)


def export_failed(recipe: Recipe, run: Run, progress: Progress) -> None:
    """Try those exports of a complete run again that failed; its manifest tells what became of
    them."""
    manifest = run.manifest()
    failed = {export["format"] for export in manifest["exports"] if "error" in export}
    if not failed:
        return
    steps = tuple(step for step in recipe.export if step.name in failed)
    about, chosen = _finished(run)
    again = export_all(recipe.model_copy(update={"export": steps}), chosen, about, run, progress)
    made = {step.name: export for step, export in zip(steps, again, strict=True)}
    manifest["exports"] = [made.get(one["format"], one) for one in manifest["exports"]]
    write_json(run.path(MANIFEST), manifest)


def _finished(run: Run) -> tuple[About, pa.Table]:
    """What exporters are told of a complete run, and its rows.

    Raises:
        RunError: it is not complete.
    """
    about = dict(run.manifest()["about"])
    about["steps"] = tuple(StepCount(**step) for step in about["steps"])
    for name in ("models", "figures", "gates"):
        about[name] = tuple(map(tuple, about.get(name, ())))
    about["recipe"] = run.shown_recipe()
    return About(**about), corpus.read(run.folder / "corpus.parquet")


def export_templates(
    path: Path,
    to: str,
    output: Path,
    options: Mapping[str, Any] | None = None,
    *,
    format: str | None = None,
    rows: int = ROWS,
    seed: int = 0,
) -> ExportReport:
    """Write the templates of a file or folder (of any format that is read) in another format.

    One of `grammar_exporters` gets the grammar; one of `exporters` at most `rows` rows of each
    intent, which have each value of a list before any has the second row, so that formats with
    samples and types (Alexa, Lex, Dialogflow) get all values as far as the rows go. All rows are of
    the split `train`. `options` are those of the exporter.

    Raises:
        GrammarError: the templates cannot be read; UsageError: no such format to write, or `rows`
            below one; RecipeError: an option that the format has not; ExportError: a format of
            dialogues, or the target cannot be written.
    """
    grammars, tables = registry.places("grammar_exporters"), registry.places("exporters")
    if to not in grammars and to not in tables:
        fix = did_you_mean(to, {**grammars, **tables})
        raise UsageError(f"there is no format {to!r} to write", fix=fix)
    if rows < 1:
        raise UsageError(f"{rows} rows of an intent are asked for", fix="1 or more")
    kind = "grammar_exporters" if to in grammars else "exporters"
    checked = registry.options(kind, to, options or {})
    exporter = registry.find(kind, to)
    if getattr(exporter, "dialogues_alone", False):
        raise ExportError(
            f"templates have no dialogues, and {to} holds nothing else",
            fix="make dialogues from flows by a recipe with `dialogues`, and export that run",
        )
    _refuse_recipe(path)
    grammar = importers.load(path, format)
    if to in grammars:
        written: ExportReport = exporter(grammar, output, **checked)
        return written
    require_closed(grammar)
    name = path.stem or "templates"
    about = About(name=name, language=grammar.language, version=package_version())
    drawn, there = _rows(grammar, rows, seed)
    report = perform(exporter, to, drawn, output, about, **checked)
    if drawn.num_rows == there:
        return report
    note = f"{to} holds rows, not templates: at most {rows:,} were drawn of each intent"
    return add_to_report(report, note, {"rows_of_templates": (drawn.num_rows, there)})


def _refuse_recipe(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return
    if has_keys_of_recipes(path.read_text(encoding="utf-8", errors="replace")):
        raise UsageError(
            "this is a recipe, which has no rows yet",
            where=str(path),
            fix="name its run folder, such as runs/NAME, or its templates",
        )


def _rows(grammar: Grammar, rows: int, seed: int) -> tuple[pa.Table, int]:
    """At most so many rows of each intent, those first that cover the values, and how many there
    are in all."""
    covering = dataclasses.replace(
        grammar,
        intents={n: dataclasses.replace(i, cover=True) for n, i in grammar.intents.items()},
    )
    sizes = {name: capacity(covering, name, seed=seed) for name in covering.intents}
    tables = [draw(covering, name, 0, min(size, rows), seed=seed) for name, size in sizes.items()]
    drawn = corpus.concat(tables)
    drawn = corpus.replace_column(drawn, "split", ["train"] * drawn.num_rows)
    return drawn, sum(sizes.values())
