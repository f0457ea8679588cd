"""What is wrong with a recipe, templates or flows, and what they say, without running anything."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from textsynth import corpus, importers
from textsynth.corpus import Utterance
from textsynth.errors import RecipeError
from textsynth.grammar import draw
from textsynth.grammar import grammar as grammar_module
from textsynth.grammar.lint import lint, warning
from textsynth.grammar.model import Finding, Grammar
from textsynth.pipeline import beforehand, flows
from textsynth.pipeline.prepare import grammar_of
from textsynth.recipe import Recipe


def check(path: Path) -> dict[str, Any]:
    """Check a recipe (with its templates and flows), templates of any format that is read, or
    flows: findings, the format, and a count for each intent; of flows their states.

    Raises:
        TextsynthError: what cannot be read; what is returned are warnings, and of flows errors.
    """
    report: dict[str, Any] = {"format": None, "findings": [], "intents": [], "flows": []}
    if (path / "recipe.yaml").is_file():
        path = path / "recipe.yaml"
    grammar = None
    found: list[Finding] = []
    flows_of: Recipe | None = None
    if flows.has_flows(path):
        flows_of = flows.recipe_beside(path)
        grammar = grammar_of(flows_of)
        report["format"] = "flows"
    elif _is_recipe(path):
        recipe = Recipe.load(path)
        for source in recipe.sources():
            if not source.exists():
                raise RecipeError("there is no such file", where=str(source), fix="check the path")
        if recipe.templates is not None:
            grammar = importers.load(recipe.templates.path, language=recipe.language)
            found = _languages(recipe, grammar)
            report["format"] = importers.detect(recipe.templates.path) or "homeassistant"
        beforehand.require(recipe, grammar)
        flows_of = recipe if recipe.dialogues is not None else None
    else:
        grammar = importers.load(path)
        report["format"] = importers.detect(path) or "homeassistant"
    if grammar is not None and report["format"] != "flows":
        report["findings"] = [dataclasses.asdict(one) for one in (*found, *lint(grammar))]
        report["intents"] = [
            {
                "name": name,
                "sentences": sum(len(block.sentences) for block in intent.blocks),
                "count": grammar_module.count(grammar, name),
            }
            for name, intent in grammar.intents.items()
        ]
    if flows_of is not None:
        of_flows, report["flows"] = flows.checked(flows_of, grammar)
        report["findings"] += [dataclasses.asdict(finding) for finding in of_flows]
    return report


def _languages(recipe: Recipe, grammar: Grammar) -> list[Finding]:
    """That templates are of another language than their recipe; `en` and `en-GB` agree."""
    one, other = (
        language.replace("_", "-").split("-")[0].lower()
        for language in (grammar.language, recipe.language)
    )
    if one == other or recipe.templates is None:
        return []
    message = (
        f"the templates are in {grammar.language!r}, the recipe in {recipe.language!r}: their rows "
        f"say {grammar.language!r}"
    )
    return [warning(str(recipe.templates.path), message, "give both one `language`")]


def preview(recipe: Recipe, count: int = 3) -> dict[str, list[Utterance]]:
    """A few template rows of each intent, without seeds, model or files.

    Raises:
        RecipeError: the recipe has neither templates nor flows.
    """
    grammar = grammar_of(recipe)
    if grammar is None and recipe.dialogues is not None:
        return {}
    if grammar is None:
        raise RecipeError("there is nothing to preview: the recipe has no templates",
                          fix="run `textsynth generate`, or add `templates:`")  # fmt: skip
    shown = {}
    for intent in grammar.intents:
        stop = min(count, draw.capacity(grammar, intent, seed=recipe.seed))
        shown[intent] = list(
            corpus.utterances(draw.draw(grammar, intent, 0, stop, seed=recipe.seed))
        )
    return shown


def _is_recipe(path: Path) -> bool:
    """Whether a path names no templates: a recipe is YAML (or JSON) that no format claims, or that
    has a key of recipes; `lists` is a key of both."""
    if path.is_dir():
        return False
    if not path.exists():
        return True
    told = importers.detect(path)
    if path.suffix.lower() not in grammar_module.SUFFIXES or told not in (None, "homeassistant"):
        return False
    return told is None or has_keys_of_recipes(path.read_text(encoding="utf-8", errors="replace"))


def has_keys_of_recipes(text: str) -> bool:
    """Whether YAML or JSON says by its keys that it is a recipe, and no template file."""
    begins = r"^" if not text.lstrip().startswith("{") else r"(?:^[ \t{]*|[{,][ \t]*)"

    def has(keys: str) -> bool:
        return re.search(rf'{begins}"?(?:{keys})"?[ \t]*:', text, re.MULTILINE) is not None

    return has("seeds|templates|dialogues") and not has("intents")
