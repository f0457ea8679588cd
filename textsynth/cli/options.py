"""Options that several commands have, and what is made of them.

The empty lists that commands have as defaults are safe (B006): Typer copies them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsynth.errors import UsageError
from textsynth.progress import Progress
from textsynth.terminal import TerminalProgress

if TYPE_CHECKING:
    from textsynth.recipe import Recipe


class ResumeChoice(StrEnum):
    """What to do with an earlier run in the output folder."""

    never = "never"
    always = "always"
    if_possible = "if-possible"


RecipeFile = Annotated[Path, typer.Argument(help="The recipe, a YAML file.")]
FinishedRun = Annotated[Path, typer.Argument(help="A finished run folder.")]
RunFolder = Annotated[
    Path | None, typer.Option("-o", "--output", help="Run folder; default: runs/NAME.")
]
Resume = Annotated[ResumeChoice, typer.Option(help="Go on with an earlier run, or start over.")]
Seed = Annotated[int | None, typer.Option(help="Seed of all that is drawn.")]
Set = Annotated[
    list[str], typer.Option("--set", metavar="A.B=C", help="Set a key of the recipe (repeatable).")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="The 32 secret bytes behind seed ids; made on first use."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")]


def load_recipe(
    path: Path,
    overrides: Sequence[str],
    *,
    seed: int | None,
    per_intent: int | None = None,
    per_flow: int | None = None,
) -> Recipe:
    """The recipe with the keys that `--set` and the options of their own set; those win, and are
    what an error names."""
    from textsynth.errors import RecipeError
    from textsynth.recipe import Recipe

    given = {
        "generate.per_intent": ("--per-intent", per_intent),
        "dialogues.per_flow": ("--dialogues", per_flow),
        "seed": ("--seed", seed),
    }
    own = {f"{key}={n}": f"{option} {n}" for key, (option, n) in given.items() if n is not None}
    try:
        return Recipe.load(path, [*overrides, *own])
    except RecipeError as error:
        error.where = own.get((error.where or "").removeprefix("--set "), error.where)
        raise


def pairs(
    given: Sequence[str], option: str, example: str, *, listed: bool = False
) -> dict[str, str]:
    """`name=value` as a mapping; with `listed` an entry may be `a=b,c=d`. A comma without an `=` in
    each part belongs to the value.

    Raises:
        UsageError: an entry has no `=`.
    """
    if listed:
        given = [part for entry in given for part in _listed(entry)]
    for entry in given:
        if "=" not in entry:
            raise UsageError(f"{option} {entry!r} has no `=`", fix=f"write {example}")
    return dict(entry.split("=", 1) for entry in given)


def _listed(entry: str) -> list[str]:
    parts = [part.strip() for part in entry.split(",")]
    return parts if all("=" in part for part in parts) else [entry]


def progress_for(*, quiet: bool) -> Progress:
    """What a run tells of itself on the way: steps and bars, or nothing."""
    return Progress() if quiet else TerminalProgress()


@contextlib.contextmanager
def words_beside(output: Path) -> Iterator[None]:
    """Where rows go to standard output (`-o /dev/stdout`), all words go to standard error."""
    try:
        mixed = output.exists() and os.path.samestat(output.stat(), os.fstat(1))
    except OSError:  # closed, or not to be looked at: writing says so
        mixed = False
    with contextlib.redirect_stdout(sys.stderr) if mixed else contextlib.nullcontext():
        yield


def print_json(data: object) -> None:
    """What `--json` prints: one line, counts in all their digits."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        typer.echo(json.dumps(data))
    finally:
        sys.set_int_max_str_digits(limit)
