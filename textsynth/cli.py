"""The command line: options in, messages out, no logic.

Exit status: 0 done; 1 the input is wrong; 2 the usage is wrong; 3 done, but fewer rows than asked
for; 4 done, but a gate was missed; 130 interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsynth.errors import TextsynthError, UsageError
from textsynth.progress import Progress
from textsynth.terminal import (
    TerminalProgress,
    console,
    print_table,
    say_dialogues,
    say_figures,
    say_result,
    say_scrubbed,
)

if TYPE_CHECKING:
    from textsynth.recipe import Recipe

SHORTFALL = 3
GATE_MISSED = 4
# What a manifest lists that could not be had.
SHORTFALLS = ("shortfall", "shortfall_by_origin", "shortfall_by_slot", "shortfall_by_flow")
INTERRUPTED = 130

app = typer.Typer(
    name="textsynth",
    help="Synthetic text corpora from scrubbed seeds, templates and a language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RecipeArgument = Annotated[Path, typer.Argument(help="The recipe, a YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")]
Set = Annotated[
    list[str], typer.Option("--set", metavar="A.B=C", help="Set a key of the recipe (repeatable).")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="The 32 secret bytes behind seed ids; made on first use."),
]


class ResumeChoice(StrEnum):
    """What to do with an earlier run in the output folder."""

    never = "never"
    always = "always"
    if_possible = "if-possible"


@app.command()
def generate(
    recipe: RecipeArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Run folder; default: runs/NAME.")
    ] = None,
    per_intent: Annotated[
        int | None, typer.Option("-n", "--per-intent", help="Rows for each intent.")
    ] = None,
    per_flow: Annotated[
        int | None, typer.Option("--dialogues", help="Dialogues of each flow.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    resume: Annotated[
        ResumeChoice, typer.Option(help="Go on with an earlier run, or start over.")
    ] = ResumeChoice.if_possible,
    set_: Set = [],  # noqa: B006  (typer copies it)
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

    if per_flow is not None:
        set_ = [*set_, f"dialogues.per_flow={per_flow}"]
    loaded = _load(recipe, per_intent, seed, set_)
    progress = Progress() if quiet or json_ else TerminalProgress()
    run = pipeline.generate(
        loaded,
        output,
        resume=resume.value,
        key_file=key_file,
        progress=progress,
    )
    manifest = run.manifest()
    if json_:
        typer.echo(json.dumps({"run": str(run.folder), **manifest}))
    else:
        say_result(run.folder, manifest)
    if any(not gate["passed"] for gate in manifest.get("gates", ())):
        raise typer.Exit(GATE_MISSED)
    if any(manifest[name] for name in SHORTFALLS):
        raise typer.Exit(SHORTFALL)


@app.command()
def train(
    recipe: RecipeArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Run folder; default: runs/NAME.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    resume: Annotated[
        ResumeChoice, typer.Option(help="Go on with an earlier run, or start over.")
    ] = ResumeChoice.if_possible,
    set_: Set = [],  # noqa: B006  (typer copies it)
    key_file: KeyFile = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Scrub the seeds and fine-tune the language model on them; `generate` goes on from it."""
    from textsynth import pipeline

    run = pipeline.train(
        _load(recipe, None, seed, set_),
        output,
        resume=resume.value,
        key_file=key_file,
        progress=Progress() if quiet or json_ else TerminalProgress(),
    )
    adapter = run.path("model", "adapter")
    if json_:
        typer.echo(json.dumps({"run": str(run.folder), "adapter": str(adapter)}))
    else:
        typer.echo(f"adapter: {adapter}   (loss curve: {run.path('model', 'training.jsonl')})")
        typer.echo(f"generate from it: textsynth generate {recipe} -o {run.folder}")


@app.command()
def preview(
    recipe: RecipeArgument,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Rows an intent.")] = 3,
    dialogues: Annotated[int, typer.Option(min=0, help="Dialogues of each flow.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    set_: Set = [],  # noqa: B006  (typer copies it)
    json_: Json = False,
) -> None:
    """Show some template rows of each intent, or dialogues of each flow: no model, no files."""
    from textsynth import pipeline

    loaded = _load(recipe, None, seed, set_)
    if dialogues:
        say_dialogues(pipeline.preview_dialogues(loaded, dialogues), json_)
        return
    shown = pipeline.preview(loaded, count)
    if json_:
        for rows in shown.values():
            for row in rows:
                slots = [{"start": s.start, "end": s.end, "label": s.label} for s in row.slots]
                typer.echo(json.dumps({"text": row.text, "intent": row.intent, "slots": slots}))
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


@app.command()
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
        typer.echo(json.dumps(report))
        raise typer.Exit(bool(errors))
    for finding in report["findings"]:
        typer.echo(f"{finding['severity']}: {finding['where']}: {finding['message']}", err=True)
        if finding["fix"]:
            typer.echo(f"  fix: {finding['fix']}", err=True)
    if report["intents"]:
        print_table(
            ["intent", "sentences", "possible utterances"],
            [[i["name"], f"{i['sentences']:,}", f"{i['count']:,}"] for i in report["intents"]],
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
    raise typer.Exit(bool(errors))


@app.command()
def scrub(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Seeds as JSONL, or as .jsonl.gz.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the scrubbed rows go; .gz compresses.")
    ],
    report: Annotated[Path | None, typer.Option(help="Write the report as JSON here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page here.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each loads the models.")] = 1,
    recipe: Annotated[
        Path | None, typer.Option(help="Take language and `scrub` settings from a recipe.")
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

    result = pipeline.scrub_file(
        source,
        output,
        **pipeline.scrub_options(recipe, language=language, keep=keep, mode=mode),
        key_file=key_file,
        workers=workers,
        report=report,
        html=html,
        progress=Progress() if quiet or json_ else TerminalProgress(),
    )
    if json_:
        typer.echo(json.dumps(result))
    else:
        say_scrubbed(output, result)


@app.command("import")
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
        columns=_pairs(columns, "--columns", "text=utterance"),
        split=split,
        language=language,
        per_sample=per_sample,
        seed=seed,
        progress=Progress() if quiet or json_ else TerminalProgress(),
    )
    if json_:
        typer.echo(json.dumps(result))
        return
    for reason, refused in result["refused"].items():
        places = ", ".join(map(str, refused["places"][:3]))
        typer.echo(f"refused: {refused['rows']:,} rows: {reason} ({places})", err=True)
        typer.echo(f"  fix: {refused['fix']}", err=True)
    for finding in result["findings"]:
        typer.echo(f"note: {finding['where']}: {finding['message']}", err=True)
    typer.echo(f"{output}: {result['rows']:,} seeds of {len(result['intents'])} intents")


@app.command()
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
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Of rows that do not say it (BCP 47).")
    ] = None,
    set_: Set = [],  # noqa: B006
    key_file: KeyFile = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a corpus beside real rows: variety, likeness, use, privacy, bias. Of a recipe: what
    becomes of generations of models, and whether planted secrets come out.

    Ends with status 4 where a gate of the run's recipe is missed.
    """
    from textsynth import pipeline

    progress = Progress() if quiet or json_ else TerminalProgress()
    if generations or canaries:
        if real or holdout or metric:
            raise UsageError("--generations and --canaries are of a recipe, which has its own rows",
                             fix="leave --real, --holdout and --metric out")  # fmt: skip
        found = pipeline.experiments(
            _load(target, None, seed, set_),
            output,
            generations=generations,
            canaries=canaries,
            per_intent=per_intent,
            key_file=key_file,
            progress=progress,
        )
    elif target.suffix in {".yaml", ".yml"}:
        raise UsageError(
            f"{target} is a recipe, which has no rows yet",
            fix="name its run folder, or ask for --generations or --canaries",
        )
    else:
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
        typer.echo(json.dumps(found))
    else:
        say_figures(found)
        if not generations and not canaries and (target / "manifest.json").is_file():
            typer.echo(f"a page of it: textsynth report {target}")
    if any(not gate["passed"] for gate in found.get("gates", ())):
        raise typer.Exit(GATE_MISSED)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
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


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders, two or more.")],
    json_: Json = False,
) -> None:
    """Put the figures of runs side by side."""
    from textsynth import pipeline

    table = pipeline.compare(runs)
    if json_:
        typer.echo(json.dumps(table))
        return
    print_table(table["header"], table["rows"])


@app.command()
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

    options = _pairs(option, "--option", "invocation=my bot")
    if (source / "manifest.json").is_file():
        report = pipeline.export_run(source, to, output, options)
    elif options:
        raise UsageError("templates are written without options", fix="leave --option out")
    else:
        report = pipeline.export_templates(source, to, output)
    if json_:
        typer.echo(json.dumps({
            "format": report.format, "folder": str(report.folder), "written": report.written,
            "refused": dict(report.refused), "sampled": dict(report.sampled),
            "notes": list(report.notes),
        }))  # fmt: skip
        return
    for reason, count in report.refused.items():
        typer.echo(f"refused: {count:,}: {reason}", err=True)
    for limit, (kept, of) in report.sampled.items():
        typer.echo(f"sampled: {kept:,} of {of:,}: {limit}", err=True)
    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{output}: {report.written:,} written as {report.format}")


@app.command()
def push(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
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

    progress = Progress() if quiet else TerminalProgress()
    typer.echo(
        pipeline.push(
            run, repo_id, private=private, force=force, revision=revision, progress=progress
        )
    )


@app.command()
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
            progress=Progress() if quiet else TerminalProgress(),
        )
    for file in files:
        typer.echo(file)
    typer.echo(f"look at it: textsynth preview {output / 'recipe.yaml'} --dialogues 2")


flows_app = typer.Typer(no_args_is_help=True, help="Flows of dialogues: draw them.")
app.add_typer(flows_app, name="flows")


@flows_app.command("draw")
def flows_draw(
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


@app.command("list")
def list_(json_: Json = False) -> None:
    """Name the filters, metrics and exporters, with what each does."""
    from textsynth import registry

    known = {
        kind: {name: registry.summary(kind, name) for name in sorted(registry.places(kind))}
        for kind in ("filters", "metrics", "exporters", "grammar_exporters")
    }
    if json_:
        typer.echo(json.dumps(known))
        return
    for kind, names in known.items():
        print_table([kind.replace("_", " "), ""], [[name, about] for name, about in names.items()])


@app.command()
def doctor(json_: Json = False) -> None:
    """Tell what is installed, which models resolve, and how much room there is."""
    from textsynth import diagnose

    rows = diagnose.diagnose()
    if json_:
        typer.echo(json.dumps([{"what": w, "state": s, "fix": f} for w, s, f in rows]))
        return
    print_table(["what", "state", "fix"], rows)


# -- options ----------------------------------------------------------------------------------


def _load(path: Path, per_intent: int | None, seed: int | None, overrides: Sequence[str]) -> Recipe:
    from textsynth.recipe import Recipe

    added = list(overrides)
    if per_intent is not None:
        added.append(f"generate.per_intent={per_intent}")
    if seed is not None:
        added.append(f"seed={seed}")
    return Recipe.load(path, added)


def _pairs(given: Sequence[str], option: str, example: str) -> dict[str, str]:
    """`name=value` as a mapping."""
    for entry in given:
        if "=" not in entry:
            raise UsageError(f"{option} {entry!r} has no `=`", fix=f"write {example}")
    return dict(entry.split("=", 1) for entry in given)


def main() -> None:
    """The console script: known failures become one message and an exit status."""
    try:
        app()
    except UsageError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from error
    except TextsynthError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from error
    except SystemExit as ended:  # Typer turns Ctrl+C into this status without a word
        if ended.code == INTERRUPTED:
            typer.echo("interrupted; run the same command again to go on", err=True)
        raise
