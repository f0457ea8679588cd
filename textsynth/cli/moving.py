"""Move a corpus in and out: `import`, `export`, `push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsynth.cli.options import FinishedRun, Json, Quiet, pairs, print_json, progress_for
from textsynth.errors import RunError


def import_(
    source: Annotated[
        str, typer.Argument(help="A file or folder of another tool, or a datasets id.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the seeds go, JSONL.")],
    format_: Annotated[
        str | None, typer.Option("--format", help="What it is; told by itself where that is clear.")
    ] = None,
    columns: Annotated[
        list[str],
        typer.Option(metavar="TEXT=UTTERANCE", help="Which column is what (repeatable)."),
    ] = [],  # noqa: B006
    split: Annotated[str | None, typer.Option(help="Of a dataset with parts, the one.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Of a bot with several, the one (BCP 47).")
    ] = None,
    per_sample: Annotated[
        int, typer.Option(min=1, help="Rows of a sample with {slots}, filled with values.")
    ] = 3,
    seed: Annotated[int, typer.Option(help="Of the values that are drawn.")] = 0,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the training data of another tool as seeds, so that a team starts from the bot it has.

    Rasa, Alexa, Lex, Dialogflow ES, Snips, CoNLL, CLINC-style JSON, CSV, Parquet, datasets.
    """
    from textsynth import pipeline

    result = pipeline.import_seeds(
        source,
        output,
        format=format_,
        columns=pairs(columns, "--columns", "text=utterance", listed=True),
        split=split,
        language=language,
        per_sample=per_sample,
        seed=seed,
        progress=progress_for(quiet=quiet or json_),
    )
    if json_:
        print_json(result)
        return
    for reason, refused in result["refused"].items():
        places = ", ".join(map(str, refused["places"][:3]))
        typer.echo(f"refused: {refused['rows']:,} rows: {reason} ({places})", err=True)
        typer.echo(f"  fix: {refused['fix']}", err=True)
    for finding in result["findings"]:
        typer.echo(f"note: {finding['where']}: {finding['message']}", err=True)
    typer.echo(f"{output}: {result['rows']:,} seeds of {len(result['intents'])} intents")


def export(
    source: Annotated[
        Path, typer.Argument(help="A finished run folder; or templates, a file or folder.")
    ],
    to: Annotated[str, typer.Option(help="The format; `textsynth list` names them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write.")],
    option: Annotated[
        list[str],
        typer.Option(metavar="NAME=VALUE", help="An option of the format (repeatable)."),
    ] = [],  # noqa: B006
    json_: Json = False,
) -> None:
    """Write the corpus of a finished run, or templates, in another format.

    Rows that the format cannot hold are left out, with the rule that they break.
    """
    from textsynth import pipeline
    from textsynth.run import Run

    options = pairs(option, "--option", "invocation=my bot")
    if Run(source).complete:
        report = pipeline.export_run(source, to, output, options)
    elif Run(source).begun:
        raise RunError(
            "the run is not finished",
            where=str(source),
            fix=f"let `textsynth generate RECIPE -o {source}` go on with it, then export",
        )
    else:
        report = pipeline.export_templates(source, to, output, options)
    if json_:
        print_json({
            "format": report.format, "folder": str(report.folder), "written": report.written,
            "refused": dict(report.refused), "sampled": dict(report.sampled),
            "notes": list(report.notes),
        })  # fmt: skip
        return
    for reason, count in report.refused.items():
        typer.echo(f"refused: {count:,}: {reason}", err=True)
    for limit, (kept, of) in report.sampled.items():
        typer.echo(f"sampled: {kept:,} of {of:,}: {limit}", err=True)
    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{output}: {report.written:,} written as {report.format}")


def push(
    run: FinishedRun,
    repo_id: Annotated[str, typer.Argument(metavar="ORG/NAME", help="The dataset on the hub.")],
    private: Annotated[bool, typer.Option("--private", help="Nobody else may see it.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Although a gate was missed, or the dataset is not ours."),
    ] = False,
    revision: Annotated[str | None, typer.Option(help="The branch; default: main.")] = None,
    quiet: Quiet = False,
) -> None:
    """Publish the dataset of a run on the Hugging Face hub; a card that is there is merged.

    The token is that of `hf auth login`, or HF_TOKEN.
    """
    from textsynth import pipeline

    progress = progress_for(quiet=quiet)
    typer.echo(
        pipeline.push(
            run, repo_id, private=private, force=force, revision=revision, progress=progress
        )
    )
