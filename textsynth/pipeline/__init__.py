"""The order of the steps: seeds, scrub, templates, model, filters, selection, evaluation, export.

The flow is a line; only the adversarial filter goes round (judge, drop, ask for more), and that
loop is in `collect`. The parts, in their order: `beginning` (what is read: `seedside`, the seeds,
scrubbed; `prepare`, grammar, value lists, quotas, sources), `supply` (candidates of seeds and
templates), `learning` and `inventing` (the language model and what it writes), `collect`, `finish`;
`ledger` keeps the accounts, `tracking` reports them, `evaluating` measures what came out. They, and
no others, reach more than one leaf.
"""

from __future__ import annotations

import dataclasses
import platform
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus
from textsynth import filters as filters
from textsynth import keyed as keyed
from textsynth import scrub as scrub
from textsynth import seeds as seeds
from textsynth.dialogue.schema_pack import new_from_schema as new_from_schema
from textsynth.errors import RecipeError, RunError
from textsynth.filters import label
from textsynth.grammar.grammar import Grammar as Grammar
from textsynth.pipeline import (
    beforehand as beforehand,
)
from textsynth.pipeline import (
    dialogues,
    evaluating,
    finish,
    learning,
    slotvalues,
)
from textsynth.pipeline import (
    dialogueseeds as dialogueseeds,
)
from textsynth.pipeline import (
    dialoguewords as dialoguewords,
)
from textsynth.pipeline import (
    guard as guard,
)
from textsynth.pipeline.beginning import Begun, begin
from textsynth.pipeline.checking import check as check
from textsynth.pipeline.checking import preview as preview
from textsynth.pipeline.collect import collect, short_by_slot
from textsynth.pipeline.comparing import compare as compare
from textsynth.pipeline.completions import Completions
from textsynth.pipeline.evaluating import evaluate as evaluate
from textsynth.pipeline.exporting import export_failed
from textsynth.pipeline.exporting import export_run as export_run
from textsynth.pipeline.exporting import export_templates as export_templates
from textsynth.pipeline.flows import draw_flows as draw_flows
from textsynth.pipeline.flows import preview_dialogues as preview_dialogues
from textsynth.pipeline.flows import write_drawings as write_drawings
from textsynth.pipeline.importing import import_seeds as import_seeds
from textsynth.pipeline.learning import FEWEST, learn
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.newpack import new_from_dialogues as new_from_dialogues
from textsynth.pipeline.prepare import (
    base_model as base_model,
)
from textsynth.pipeline.prepare import (
    completions_of,
    quotas_of,
    reassigned,
    say_grammar,
    settled,
    slot_labels,
    sources_of,
    with_names,
)
from textsynth.pipeline.prepare import (
    filter_context as filter_context,
)
from textsynth.pipeline.prepare import (
    grammar_of as grammar_of,
)
from textsynth.pipeline.prepare import (
    learnable as learnable,
)
from textsynth.pipeline.prepare import (
    template_patterns as template_patterns,
)
from textsynth.pipeline.prepare import (
    value_lists as value_lists,
)
from textsynth.pipeline.pushing import push as push
from textsynth.pipeline.reporting import report as report
from textsynth.pipeline.scrubfile import scrub_file as scrub_file
from textsynth.pipeline.scrubfile import scrub_options as scrub_options
from textsynth.pipeline.seedside import (
    EMPTY_SEEDS as EMPTY_SEEDS,
)
from textsynth.pipeline.seedside import (
    SeedSide as SeedSide,
)
from textsynth.pipeline.seedside import (
    scrubbed_side as scrubbed_side,
)
from textsynth.pipeline.tracking import Tracker, tracking
from textsynth.pipeline.twins import with_twins
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import (
    MANIFEST,
    METRICS,
    REPORT,
    Resume,
    Run,
    write_json,
)
from textsynth.run import (
    open_run as open_run,
)
from textsynth.run import (
    write_text as write_text,
)
from textsynth.values import ValueList as ValueList

DEPENDENCIES = ("torch", "transformers", "peft", "datasets", "pyarrow", "spacy", "faker",
                "presidio-analyzer", "scikit-learn", "sentence-transformers", "numpy")  # fmt: skip


def generate(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    resume: Resume = "if-possible",
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a recipe and return its run folder (default: `runs/<name>`).

    A complete run of the same recipe is returned as it is, once exports that failed are tried
    again; an incomplete one is resumed. Where only figures, gates, exports or the card are asked
    for otherwise, the run ends anew, from its completions. Rows that could not be had are in the
    manifest's `shortfall`.

    Raises:
        TextsynthError: the recipe, its files or the folder cannot be used, or an export failed,
            of a run that is complete for all that.
    """
    progress = progress or Progress()
    started = time.monotonic()
    ledger = Ledger()
    with begin(recipe, output, resume, key_file, ledger, progress) as begun:
        run = begun.run
        if run.complete:
            progress.note("this run is complete already: no rows are made")
            export_failed(recipe, run, progress)
            finish.require_exports(run)
            return run
        with tracking(recipe) as tracker:
            manifest = _made(recipe, begun, ledger, tracker, progress)
            manifest["seconds"] = round(time.monotonic() - started, 1)
            manifest["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            write_json(run.path(MANIFEST), manifest)
            if recipe.evaluate:
                report(run.folder)
            tracker.figures(manifest)
            tracker.keep(map(run.folder.joinpath, (METRICS, REPORT, "dataset/README.md")))
    finish.require_exports(run)
    return run


def train(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    resume: Resume = "if-possible",
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Fine-tune a recipe's language model and stop there: the adapter and its loss curve are in
    `model/` of the run folder, and `generate` goes on from them. An adapter that is there is kept.

    Raises:
        TextsynthError: as `generate`; the recipe trains no model, or a complete run trained none.
    """
    progress = progress or Progress()
    if recipe.model is None or recipe.model.backend != "local":
        raise RecipeError(
            "the recipe trains no model",
            where=str(recipe.folder),
            fix="add `model: {base: auto}`; a server's model is used as it is",
        )
    with begin(recipe, output, resume, key_file, Ledger(), progress, anew=False) as begun:
        run = begun.run
        if run.complete and run.folder.joinpath(*learning.ADAPTER).is_dir():
            progress.note("this run is complete already; its adapter is kept")
            return run
        if run.complete:
            raise RunError(
                "this run is complete, and nothing was trained in it",
                where=str(run.folder),
                fix=f"start over with --resume never; an intent needs {FEWEST} seed patterns",
            )
        if not begun.learnt:
            raise RecipeError(
                f"no intent has {FEWEST} seed patterns to learn from",
                where=str(recipe.seeds and recipe.seeds.path),
                fix="add seeds, or generate from templates",
            )
        progress.step("language model", f"{len(begun.learnt)} intents")
        asked = slotvalues.plan(recipe, begun.side, begun.lists, progress)
        values = slotvalues.taught(asked, begun.lists, begun.learnt)
        with tracking(recipe) as tracker:
            for writer in range(len(recipe.model.bases)):
                learn(
                    recipe,
                    begun.learnt,
                    values,
                    begun.beside,
                    run=run,
                    tracker=tracker,
                    progress=progress,
                    writer=writer,
                )
    return run


def _made(
    recipe: Recipe, begun: Begun, ledger: Ledger, tracker: Tracker, progress: Progress
) -> dict[str, Any]:
    """Candidates, filters, selection and exports; returns the manifest, which is written last."""
    run, side = begun.run, begun.side
    single = _Singles()
    if recipe.has_singles:
        single = _singles(recipe, begun, ledger, tracker, progress)
    chosen, shortfall = single.rows, dict(single.shortfall)
    invented: dialogues.Invented = {}
    spoken: dict[str, Any] = {}
    short_by_flow: list[dict[str, Any]] = []
    if recipe.dialogues is not None:
        invented = dialogues.invented(
            recipe, begun.places, single.rows, single.completions, begun.context, ledger, progress
        )
        beside = dataclasses.replace(
            begun.context, seeds=corpus.concat([begun.context.seeds, begun.spoken])
        )
        made = dialogues.make(recipe, begun.grammar, beside, ledger, progress, invented)
        chosen = corpus.concat([chosen, made.turns])
        spoken = dict(made.flows)
        for flow, (got, asked) in made.shortfall.items():
            shortfall[f"flow {flow}"] = (got, asked)
            short_by_flow.append({"flow": flow, "got": got, "asked": asked})
    label.forget()  # large models may have judged
    corpus.write(chosen, run.path("corpus.parquet"))
    evaluation = None
    if recipe.evaluate:
        evaluation = _evaluated(recipe, begun, chosen, spoken, progress)
        tracker.evaluation(evaluation["metrics"])
    about = finish.about_of(recipe, side, ledger, shortfall, run, evaluation)
    exports = finish.export_all(recipe, chosen, about, run, progress)
    finish.write_patterns(run, corpus.singles(chosen), single.invented, invented)
    ledger.write_rejects(run.path("rejects.parquet"))
    spent = learning.spent(run)
    return {
        "name": recipe.name,
        "fingerprint": begun.fingerprint,
        "ending": recipe.ending(),
        "textsynth": finish.package_version(),
        "versions": {name: finish.installed_version(name) for name in DEPENDENCIES},
        "python": platform.python_version(),
        "rows": chosen.num_rows,
        "about": {**dataclasses.asdict(about), "recipe": "recipe.yaml"},
        "steps": {
            s.step: {"in": s.rows_in, "out": s.rows_out, "rejects": s.rejects} for s in about.steps
        },
        "adversarial_rounds": ledger.rounds,
        "privacy": None if spent is None else dataclasses.asdict(spent),
        "invented_values": {label: len(values) for label, values in single.invented.items()},
        "seeds_by_generation": side.by_generation(),
        "dialogues": spoken,
        "shortfall": {i: {"got": g, "asked": a} for i, (g, a) in single.shortfall.items()},
        "shortfall_by_origin": single.short_by_origin,
        "shortfall_by_slot": single.short_by_slot,
        "shortfall_by_flow": short_by_flow,
        "gates": evaluation["gates"] if evaluation else [],
        "exports": exports,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class _Singles:
    """The utterances of a run that belong to no dialogue, and what could not be had."""

    rows: pa.Table = dataclasses.field(default_factory=corpus.empty)
    shortfall: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    short_by_origin: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    short_by_slot: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    invented: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    completions: Completions | None = None


def _singles(
    recipe: Recipe, begun: Begun, ledger: Ledger, tracker: Tracker, progress: Progress
) -> _Singles:
    """Utterances: candidates of all sources, filtered and selected."""
    run, side, grammar, lists = begun.run, begun.side, begun.grammar, begun.lists
    if grammar is not None:
        say_grammar(grammar, progress)
    allowed = slot_labels(side, grammar, lists)
    quotas = quotas_of(recipe, side, grammar, allowed)
    quotas = reassigned(quotas, begun.learnt, grammar, progress)
    quotas = with_names(recipe, quotas, begun.learnt)
    completions, invented = None, dict[str, list[str]]()
    if recipe.model is not None:
        asked = slotvalues.plan(recipe, side, lists, progress)
        completions = completions_of(
            recipe,
            begun.learnt,
            begun.beside,
            allowed | {place.name: place.labels for place in begun.places},
            slotvalues.taught(asked, lists, begun.learnt),
            begun.context,
            run,
            tracker,
            progress,
        )
        lists, invented = slotvalues.grown(
            recipe, asked, lists, completions, begun.learnt, ledger, progress
        )
    sources = sources_of(
        recipe, side, grammar, lists, quotas, begun.learnt, begun.beside, completions, progress
    )
    pool = collect(recipe, sources, quotas, begun.context, run, ledger, progress, allowed)
    quotas = settled(quotas, pool)
    chosen, shortfall = finish.select_rows(
        recipe, pool, quotas, begun.context.seeds, lists, ledger, progress
    )
    short_by_origin = finish.short_by_origin(chosen, quotas)
    slots_short = short_by_slot(chosen, allowed, recipe.generate.per_slot or 0)
    chosen = with_twins(recipe, chosen, begun.context, ledger, progress)
    return _Singles(chosen, shortfall, short_by_origin, slots_short, invented, completions)


def _evaluated(
    recipe: Recipe,
    begun: Begun,
    chosen: pa.Table,
    spoken: Mapping[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """The figures of the chosen rows, as metrics.json has them; gates that are missed are said."""
    sets = evaluating.sets_of_run(begun.run, chosen)
    context = evaluating.context_of(
        sets,
        recipe,
        begun.run,
        seed=recipe.seed,
        language=recipe.language,
        base=begun.base,
        steps=evaluating.steps_of(spoken),
        embed=begun.context.embed,
        find_leaks=begun.context.find_leaks if recipe.scrub is not False else None,
    )
    found = evaluating.measured(sets, context, recipe.evaluate, recipe.gates, progress)
    write_json(begun.run.path(METRICS), found)
    for gate in found["gates"]:
        if not gate["passed"]:
            told = "not measured" if gate["value"] is None else f"it is {gate['value']:.3g}"
            progress.warn(f"gate missed: {gate['gate']}: {told}")
    return found


# its runs come through here, so it is loaded last; the name is the function's, not its module's
from textsynth.pipeline.experiments import experiments as experiments  # noqa: E402
