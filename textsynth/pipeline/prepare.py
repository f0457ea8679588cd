"""What stands ready before the first candidate: grammar, value lists, quotas, sources, context."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from textsynth import corpus, filters, importers, models, scrub
from textsynth.grammar import grammar as grammar_module
from textsynth.grammar.grammar import Grammar
from textsynth.grammar.labels import labels
from textsynth.pipeline import supply
from textsynth.pipeline.seedside import SeedSide, intent_of
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run
from textsynth.values import ValueList

Cell = tuple[str, str]


def grammar_of(recipe: Recipe) -> Grammar | None:
    if recipe.templates is None:
        return None
    grammar = importers.load(recipe.templates.path)
    grammar_module.require_closed(grammar)
    return grammar


def say_grammar(grammar: Grammar, progress: Progress) -> None:
    progress.step("templates")
    counts = [grammar_module.count(grammar, intent) for intent in grammar.intents]
    progress.note(f"{len(counts)} intents, {sum(counts):,} possible utterances")


def value_lists(recipe: Recipe, side: SeedSide, grammar: Grammar | None) -> dict[str, ValueList]:
    """What fills the slots: the templates' lists, beside them the values of the seeds."""
    lists = dict(side.lists)
    for label, values in (grammar.value_lists(recipe.seed) if grammar else {}).items():
        seen = lists.get(label)
        if seen is not None and seen.source == "seeds":
            both = dict.fromkeys((*values.values, *seen.values))
            values = dataclasses.replace(values, values=tuple(both))
        lists[label] = values
    return lists


def filter_context(
    recipe: Recipe, side: SeedSide, lists: Mapping[str, ValueList]
) -> filters.Context:
    own = ((seed.id, intent_of(seed), seed.pattern) for seed in side.patterns)
    table = supply.realised_seeds(own, lists, language=recipe.language, seed=recipe.seed)

    def embed(texts: list[str]) -> Any:
        return models.load_embedder()(texts)

    def find_leaks(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        hits = scrub.leak_hits(texts, side.removed)
        return [[(hit.start, hit.end) for hit in found] for found in hits]

    return filters.Context(table, corpus.empty(), embed, find_leaks, recipe.seed)


def quotas_of(recipe: Recipe, side: SeedSide, grammar: Grammar | None) -> dict[Cell, int]:
    """Rows asked of each (intent, origin): the shares by largest remainder."""
    intents = list(grammar.intents) if grammar else []
    intents += [i for i in dict.fromkeys(intent_of(s) for s in side.patterns) if i not in intents]
    shares = {origin: share for origin, share in recipe.shares().items() if share}
    total = recipe.generate.per_intent
    counts = {origin: int(total * share) for origin, share in shares.items()}
    by_remainder = sorted(shares, key=lambda origin: counts[origin] - total * shares[origin])
    for origin in by_remainder[: total - sum(counts.values())]:
        counts[origin] += 1
    return {(i, origin): count for i in intents for origin, count in counts.items() if count}


def sources_of(
    recipe: Recipe,
    side: SeedSide,
    grammar: Grammar | None,
    lists: Mapping[str, ValueList],
    quotas: Mapping[Cell, int],
    context: filters.Context,
    run: Run,
    progress: Progress,
) -> dict[str, supply.Source]:
    own = side.by_intent()

    def quota(origin: str) -> dict[str, int]:
        return {i: count for (i, o), count in quotas.items() if o == origin}

    sources: dict[str, supply.Source] = {}
    if quota("seed"):
        sources["seed"] = supply.SeedSource(recipe, own, lists)
    if quota("template") and grammar is not None:
        sources["template"] = supply.TemplateSource(recipe, grammar, quota("template"))
    if quota("model"):
        allowed = side.labels()
        if grammar is not None:
            for intent in grammar.intents:
                allowed.setdefault(intent, set()).update(labels(grammar, intent))
        sources["model"] = supply.ModelSource(
            recipe,
            own,
            allowed=allowed,
            lists=lists,
            quota=quota("model"),
            run=run,
            leaks=context.find_leaks,
            progress=progress,
        )
    return sources
