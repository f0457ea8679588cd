"""Make a corpus: `generate`; and steps of it alone, `scrub` and `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsynth.cli.options import (
    Json,
    KeyFile,
    Quiet,
    RecipeFile,
    Resume,
    ResumeChoice,
    RunFolder,
    Seed,
    Set,
    load_recipe,
    print_json,
    progress_for,
    words_beside,
)
from textsynth.cli.status import require_all_rows, require_gates
from textsynth.terminal import say_result, say_scrubbed


def generate(
    recipe: RecipeFile,
    output: RunFolder = None,
    per_intent: Annotated[
        int | None, typer.Option("-n", "--per-intent", help="Rows for each intent.")
    ] = None,
    per_flow: Annotated[
        int | None, typer.Option("--dialogues", help="Dialogues of each flow.")
    ] = None,
    seed: Seed = None,
    resume: Resume = ResumeChoice.if_possible,
    set_: Set = [],  # noqa: B006
    key_file: KeyFile = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a corpus from a recipe: scrub, expand, fine-tune, invent, filter, select, simulate
    dialogues, evaluate, export.

    Ends with status 3 where something got fewer rows than asked for, with 4 where a gate of the
    recipe was missed.
    """
    from textsynth import pipeline

    run = pipeline.generate(
        load_recipe(recipe, set_, seed=seed, per_intent=per_intent, per_flow=per_flow),
        output,
        resume=resume.value,
        key_file=key_file,
        progress=progress_for(quiet=quiet or json_),
    )
    manifest = run.manifest()
    if json_:
        print_json({"run": str(run.folder), **manifest})
    else:
        say_result(run.folder, manifest)
    require_gates(manifest)
    require_all_rows(manifest)


def train(
    recipe: RecipeFile,
    output: RunFolder = None,
    seed: Seed = None,
    resume: Resume = ResumeChoice.if_possible,
    set_: Set = [],  # noqa: B006
    key_file: KeyFile = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Scrub the seeds and fine-tune the language model on them; `generate` goes on from it."""
    from textsynth import pipeline

    run = pipeline.train(
        load_recipe(recipe, set_, seed=seed),
        output,
        resume=resume.value,
        key_file=key_file,
        progress=progress_for(quiet=quiet or json_),
    )
    first, *others = sorted(run.folder.glob("model/adapter*"))
    if json_:
        told = {"run": str(run.folder), "adapter": str(first)}
        print_json(told | ({"others": list(map(str, others))} if others else {}))
    else:
        typer.echo(f"adapter: {first}   (loss curve: {run.path('model', 'training.jsonl')})")
        for other in others:
            typer.echo(f"adapter: {other}")
        typer.echo(f"generate from it: textsynth generate {recipe} -o {run.folder}")


def scrub(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Seeds as JSONL, or as .jsonl.gz.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the scrubbed rows go; .gz compresses.")
    ],
    report: Annotated[Path | None, typer.Option(help="Write the report as JSON here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page here.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each loads the models.")] = 1,
    recipe: Annotated[
        Path | None, typer.Option(help="Take language, seed and `scrub` from a recipe.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the text (BCP 47); default: en.")
    ] = None,
    keep: Annotated[list[str], typer.Option(help="A label or entity that stays.")] = [],  # noqa: B006
    mode: Annotated[
        str | None, typer.Option(help="recall (default) or precision: how eagerly is searched.")
    ] = None,
    key_file: KeyFile = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Replace personal data in a seed file by surrogates; same order, same keys."""
    from textsynth import pipeline

    with words_beside(output):
        result = pipeline.scrub_file(
            source,
            output,
            **pipeline.scrub_options(recipe, language=language, keep=keep, mode=mode),
            key_file=key_file,
            workers=workers,
            report=report,
            html=html,
            progress=progress_for(quiet=quiet or json_),
        )
        if json_:
            print_json(result)
        else:
            say_scrubbed(output, result)
