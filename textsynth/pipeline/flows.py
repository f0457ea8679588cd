"""Flows to look at: checked, drawn, and some dialogues of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus
from textsynth.dialogue import flowfile
from textsynth.dialogue.lint import lint_all
from textsynth.dialogue.mermaid import mermaid
from textsynth.errors import GrammarError, RecipeError, RunError, did_you_mean
from textsynth.grammar import document
from textsynth.grammar.model import Finding, Grammar
from textsynth.pipeline.dialogues import Shard, load, simulator
from textsynth.recipe import Recipe
from textsynth.run import write_text
from textsynth.sections import Dialogues


def has_flows(path: Path) -> bool:
    """Whether a file is a flow, or some file of a folder is one."""
    if path.is_dir():
        return any(has_flows(p) for p in sorted(path.rglob("*")) if p.is_file())
    if path.suffix.lower() not in flowfile.SUFFIXES or not path.is_file():
        return False
    try:
        return "flow" in document.read(path, path.name).fields
    except GrammarError:  # whoever reads the file next says what is wrong with it
        return False


def recipe_beside(path: Path) -> Recipe:
    """The recipe that flows belong to, narrowed to them; one without templates where no recipe lies
    in their folder, or in the two above it."""
    settings = Dialogues(path=path.resolve())
    folder = path if path.is_dir() else path.parent
    for place in (folder, *list(folder.resolve().parents)[:2]):
        if (place / "recipe.yaml").is_file():
            found = Recipe.load(place / "recipe.yaml")
            return found.model_copy(update={"dialogues": settings})
    return Recipe(name=path.stem, dialogues=settings)


def checked(recipe: Recipe, grammar: Grammar | None) -> tuple[list[Finding], list[dict[str, Any]]]:
    """The findings of a recipe's flows, and of each its `name`, `states` and `slots` (counts)."""
    assert recipe.dialogues is not None
    flows, words = load(recipe.dialogues, grammar, seed=recipe.seed, language=recipe.language)
    about = [
        {"name": name, "states": len(file.flow.states), "slots": len(file.flow.slots)}
        for name, file in flows.files.items()
    ]
    return lint_all(flows, words), about


def draw_flows(path: Path, names: tuple[str, ...] = ()) -> dict[str, str]:
    """The flows of a recipe, a folder or a file as Mermaid flowcharts, by name.

    Raises:
        TextsynthError: they cannot be read; RecipeError: the recipe has none, or none of a name.
    """
    place = path / "recipe.yaml" if (path / "recipe.yaml").is_file() else path
    if not has_flows(place):
        recipe = Recipe.load(place)
        if recipe.dialogues is None:
            raise RecipeError(
                "the recipe has no flows", where=str(place), fix="add `dialogues: {path: flows}`"
            )
        place = recipe.dialogues.path
    found = flowfile.load(place).files
    for name in names:
        if name not in found:
            raise RecipeError(f"there is no flow {name!r}", fix=did_you_mean(name, found))
    return {name: mermaid(found[name].flow) for name in names or found}


def write_drawings(drawn: Mapping[str, str], folder: Path) -> list[Path]:
    """Write each drawing as `FLOW.mmd` into a folder.

    Raises:
        RunError: the folder cannot be written.
    """
    files = [folder / f"{name}.mmd" for name in drawn]
    try:
        for file, text in zip(files, drawn.values(), strict=True):
            write_text(file, text)
    except OSError as error:
        raise RunError(
            f"the drawings cannot be written: {error.strerror}",
            where=str(folder),
            fix="name another folder with -o",
        ) from error
    return files


def preview_dialogues(recipe: Recipe, count: int) -> pa.Table:
    """The first `count` dialogues of each flow as they are simulated, without filters or files; no
    rows where the recipe has no flows."""
    if recipe.dialogues is None:
        return corpus.empty()
    run = simulator(recipe, None)
    names = sorted(flowfile.load(recipe.dialogues.path).files)
    return corpus.concat(run(Shard(name, range(count))) for name in names)
