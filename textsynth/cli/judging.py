"""Look at a corpus and judge it: `preview`, `evaluate`, `report`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsynth.cli.options import (
    FinishedRun,
    Json,
    Quiet,
    RecipeFile,
    Seed,
    Set,
    load_recipe,
    print_json,
    progress_for,
)
from textsynth.cli.status import require_gates
from textsynth.errors import RecipeError, UsageError
from textsynth.terminal import console, print_table, say_dialogues, say_figures


def preview(
    recipe: RecipeFile,
    count: Annotated[
        int,
        typer.Option("-n", "--count", min=1, help="Rows an intent; of flows alone, dialogues."),
    ] = 3,
    dialogues: Annotated[int, typer.Option(min=0, help="Dialogues of each flow.")] = 0,
    seed: Seed = None,
    set_: Set = [],  # noqa: B006
    json_: Json = False,
) -> None:
    """Show some template rows of each intent, or dialogues of each flow: no model, no files."""
    from textsynth import pipeline
    from textsynth.recipefile import NO_FLOWS

    loaded = load_recipe(recipe, set_, seed=seed)
    if loaded.templates is None and loaded.dialogues is not None:
        dialogues = dialogues or count
    if dialogues:
        if loaded.dialogues is None:
            raise RecipeError("the recipe has no `dialogues`", where=str(recipe), fix=NO_FLOWS)
        say_dialogues(pipeline.preview_dialogues(loaded, dialogues), json_)
        return
    shown = pipeline.preview(loaded, count)
    if json_:
        for rows in shown.values():
            for row in rows:
                slots = [{"start": s.start, "end": s.end, "label": s.label} for s in row.slots]
                print_json({"text": row.text, "intent": row.intent, "slots": slots})
        return
    from rich.text import Text

    screen = console()
    for intent, rows in shown.items():
        screen.print(Text(intent, style="bold"))
        for row in rows:
            text = Text("  " + row.text)
            for slot in row.slots:
                text.stylize("cyan", slot.start + 2, slot.end + 2)
            screen.print(text, soft_wrap=True)


def _require_of_recipe(
    target: Path, set_: list[str], per_intent: int | None, key_file: Path | None
) -> None:
    """Refuse options of a recipe where the target has its rows.

    Raises:
        UsageError: one is given.
    """
    options = {"--set": set_ or None, "--per-intent": per_intent, "--key-file": key_file}
    for name, value in options.items():
        if value is not None:
            raise UsageError(
                f"it is of a recipe, and {target} has its rows already",
                where=name,
                fix="leave it out; for other gates change the recipe, then `textsynth generate`"
                " makes the end anew",
            )


def evaluate(
    target: Annotated[
        Path,
        typer.Argument(help="A run folder, a dataset's folder, JSONL or Parquet; or a recipe."),
    ],
    real: Annotated[
        Path | None, typer.Option(help="Real rows; of a run its scrubbed seeds.")
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Real rows that nobody learnt from; of a run its holdout.")
    ] = None,
    metric: Annotated[
        list[str], typer.Option(help="What to measure (repeatable); `textsynth list` names them.")
    ] = [],  # noqa: B006
    generations: Annotated[
        int, typer.Option(min=0, help="Of a recipe: let models learn from models, so many times.")
    ] = 0,
    canaries: Annotated[
        int, typer.Option(min=0, help="Of a recipe: plant so many secrets and try to get them out.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Where the figures go, a JSON file; of a recipe, the run folder."
        ),
    ] = None,
    per_intent: Annotated[
        int | None, typer.Option("-n", "--per-intent", help="Of a recipe: rows for each intent.")
    ] = None,
    seed: Seed = None,
    language: Annotated[
        str | None, typer.Option(help="Of rows that do not say it (BCP 47).")
    ] = None,
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="A.B=C", help="Of a recipe: set a key (repeatable)."),
    ] = [],  # noqa: B006
    key_file: Annotated[
        Path | None, typer.Option(help="Of a recipe: the 32 secret bytes behind seed ids.")
    ] = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a corpus beside real rows: variety, likeness, use, privacy, bias. Of a recipe: what
    becomes of generations of models, and whether planted secrets come out.

    Ends with status 4 where a gate of the run's recipe is missed.
    """
    from textsynth import pipeline
    from textsynth.run import Run

    progress = progress_for(quiet=quiet or json_)
    if generations or canaries:
        if real or holdout or metric:
            raise UsageError("--generations and --canaries are of a recipe, which has its own rows",
                             fix="leave --real, --holdout and --metric out")  # fmt: skip
        recipe = load_recipe(target, set_, seed=seed)
        output = output or Path("runs") / f"{recipe.name}-experiments"
        found = pipeline.experiments(
            recipe,
            output,
            generations=generations,
            canaries=canaries,
            per_intent=per_intent,
            key_file=key_file,
            progress=progress,
        )
    elif target.suffix.lower() in {".yaml", ".yml"}:
        raise UsageError(
            f"{target} is a recipe, which has no rows yet",
            fix="name its run folder, or ask for --generations or --canaries",
        )
    else:
        _require_of_recipe(target, set_, per_intent, key_file)
        found = pipeline.evaluate(
            target,
            real=real,
            holdout=holdout,
            metrics=metric,
            output=output,
            seed=seed,
            language=language,
            progress=progress,
        )
    if json_:
        print_json(found)
    else:
        say_figures(found)
        if generations or canaries:
            typer.echo(f"a page of it, beside a run: textsynth report RUN --with {output}")
        elif Run(target).complete:
            typer.echo(f"a page of it: textsynth report {target}")
    require_gates(found)


def report(
    run: FinishedRun,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The page; default: report.html in it.")
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option("--with", help="A folder of experiments with the same recipe to show too."),
    ] = None,
) -> None:
    """Write a run as one page for people: what went in and out, figures, plots, examples."""
    from textsynth import pipeline

    typer.echo(f"report: {pipeline.report(run, output, beside)}")


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders, two or more.")],
    json_: Json = False,
) -> None:
    """Put the figures of runs side by side."""
    from textsynth import pipeline

    table = pipeline.compare(runs)
    if json_:
        print_json(table)
        return
    print_table(table["header"], table["rows"])
