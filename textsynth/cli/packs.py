"""What a corpus is made from, recipes, templates and flows: `new`, `check`, `flows draw`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from textsynth.cli.options import Json, KeyFile, Quiet, print_json, progress_for
from textsynth.cli.status import WRONG_INPUT
from textsynth.errors import UsageError, figure
from textsynth.terminal import print_table


def new(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The folder that is made; empty or not there.")
    ],
    from_schema: Annotated[
        Path | None, typer.Option(help="An API description in SGD's schema format, JSON or lines.")
    ] = None,
    service: Annotated[
        list[str], typer.Option(help="Of a schema, the services (repeatable); default: all.")
    ] = [],  # noqa: B006
    from_dialogues: Annotated[
        Path | None, typer.Option(help="Real dialogues, JSON lines; they are scrubbed first.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of real dialogues, the flow's name.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Of real dialogues, so many are learnt from.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of real dialogues (BCP 47).")] = "en",
    key_file: KeyFile = None,
    quiet: Quiet = False,
) -> None:
    """Write a pack with flows, ready to run: from an API description or from real dialogues."""
    from textsynth import pipeline

    if (from_schema is None) == (from_dialogues is None):
        raise UsageError(
            "a pack is made from one thing", fix="give --from-schema or --from-dialogues"
        )
    if from_schema is not None:
        files = pipeline.new_from_schema(from_schema, output, service)
    else:
        assert from_dialogues is not None
        files = pipeline.new_from_dialogues(
            from_dialogues,
            output,
            key_file=key_file,
            name=name,
            language=language,
            limit=limit,
            progress=progress_for(quiet=quiet),
        )
    for file in files:
        typer.echo(file)
    typer.echo(f"look at it: textsynth preview {output / 'recipe.yaml'} --dialogues 2")


def check(
    path: Annotated[
        Path, typer.Argument(help="A recipe, a file of templates or a flow, or a folder of them.")
    ],
    json_: Json = False,
) -> None:
    """Check a recipe, templates or flows: errors end with status 1, warnings with 0."""
    from textsynth import pipeline

    report = pipeline.check(path)
    errors = sum(finding["severity"] == "error" for finding in report["findings"])
    if json_:
        print_json(report)
    else:
        _say_checked(path, report, errors)
    if errors:
        raise typer.Exit(WRONG_INPUT)


def _say_checked(path: Path, report: dict[str, Any], errors: int) -> None:
    """The findings, so many of them errors; what there is; and one line of all that."""
    for finding in report["findings"]:
        typer.echo(f"{finding['severity']}: {finding['where']}: {finding['message']}", err=True)
        if finding["fix"]:
            typer.echo(f"  fix: {finding['fix']}", err=True)
    if report["intents"]:
        print_table(
            ["intent", "sentences", "possible utterances"],
            [[i["name"], f"{i['sentences']:,}", figure(i["count"])] for i in report["intents"]],
        )
    if report["flows"]:
        print_table(
            ["flow", "states", "slots"],
            [[flow["name"], flow["states"], flow["slots"]] for flow in report["flows"]],
        )
    warnings = len(report["findings"]) - errors
    told = f" ({report['format']})" if report["format"] else ""
    counted = [f"{errors} errors"] * bool(errors) + [f"{warnings} warnings"] * bool(warnings)
    typer.echo(f"{path}{told}: {', '.join(counted) or 'nothing to complain about'}")


def draw(
    path: Annotated[Path, typer.Argument(help="A flow, a folder of flows, or a recipe.")],
    flow: Annotated[list[str], typer.Option(help="Which (repeatable); default: all.")] = [],  # noqa: B006
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for FLOW.mmd; default: print.")
    ] = None,
) -> None:
    """Draw flows as Mermaid flowcharts, which pages and editors show as pictures."""
    from textsynth import pipeline

    drawn = pipeline.draw_flows(path, tuple(flow))
    if output is not None:
        for file in pipeline.write_drawings(drawn, output):
            typer.echo(file)
    elif len(drawn) == 1:
        typer.echo(next(iter(drawn.values())), nl=False)
    else:
        for name, text in drawn.items():
            typer.echo(f"## {name}\n\n```mermaid\n{text}```\n")
