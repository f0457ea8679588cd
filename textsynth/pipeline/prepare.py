"""What stands ready before the first candidate: grammar, value lists, quotas, sources, context."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import pyarrow as pa

from textsynth import corpus, filters, importers, models, scrub
from textsynth.errors import RecipeError, did_you_mean, figure
from textsynth.grammar import draw as grammar_draw
from textsynth.grammar import grammar as grammar_module
from textsynth.grammar.grammar import Grammar
from textsynth.grammar.labels import labels
from textsynth.lm import prompts
from textsynth.lm.decode import Sampling
from textsynth.lm.server import Server
from textsynth.patterns import realise
from textsynth.pipeline import inventing, supply
from textsynth.pipeline.balance import balanced_grammar, balanced_values, is_english
from textsynth.pipeline.basemodel import BaseModel
from textsynth.pipeline.completions import Backend, Completions, Local, Writers, remote
from textsynth.pipeline.learning import FEWEST, feed_back, learn
from textsynth.pipeline.seedside import SeedSide, intent_of, scrub_settings
from textsynth.pipeline.tracking import Tracker
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run
from textsynth.values import ValueList

Cell = tuple[str, str]
# Rows of the templates that are looked at for each pattern that the model is to learn.
DRAWN = 10


def grammar_of(recipe: Recipe) -> Grammar | None:
    if recipe.templates is None:
        return None
    grammar = importers.load(recipe.templates.path, language=recipe.language)
    grammar_module.require_closed(grammar)
    return balanced_grammar(grammar, recipe.bias.balance, recipe.language, recipe.seed)


def say_grammar(grammar: Grammar, progress: Progress) -> None:
    progress.step("templates")
    counts = [grammar_module.count(grammar, intent) for intent in grammar.intents]
    progress.note(f"{len(counts)} intents, {figure(sum(counts))} possible utterances")


def value_lists(recipe: Recipe, side: SeedSide, grammar: Grammar | None) -> dict[str, ValueList]:
    """What fills the slots: the templates' lists, beside them the values of the seeds, which a
    private run does without."""
    private = recipe.model is not None and recipe.model.privacy is not None
    lists = {
        label: values
        for label, values in side.lists.items()
        if not (private and values.source == "seeds")
    }
    for label, values in (grammar.value_lists(recipe.seed) if grammar else {}).items():
        seen = lists.get(label)
        if seen is not None and seen.source == "seeds":
            both = dict.fromkeys((*values.values, *seen.values))
            values = dataclasses.replace(values, values=tuple(both))
        lists[label] = values
    if recipe.bias.balance and is_english(recipe.language):
        return {n: balanced_values(values, recipe.bias.balance) for n, values in lists.items()}
    return lists


def filter_context(
    recipe: Recipe,
    side: SeedSide,
    lists: Mapping[str, ValueList],
    base: BaseModel | None = None,
    removed: Sequence[scrub.Removed] = (),
    progress: Progress | None = None,
) -> filters.Context:
    """What filters may use. Without `base` none of them has a perplexity. `removed` was taken out
    of real dialogues, and must stand in nothing either."""
    own = ((seed.id, intent_of(seed), seed.pattern) for seed in side.patterns)
    fillers = {**side.lists, **lists}
    table = supply.realised_seeds(own, fillers, language=recipe.language, seed=recipe.seed)
    intents = sorted(set(corpus.column(table, "intent")))

    def embed(texts: list[str]) -> Any:
        return models.load_embedder()(texts)

    @cache
    def detector() -> scrub.Detector:
        settings = dataclasses.replace(scrub_settings(recipe), mode="recall", min_score=None)
        location = models.spacy_source(recipe.language).location
        return scrub.Detector(recipe.language, location, settings)

    def detect(texts: Sequence[str]) -> list[list[scrub.Found]]:
        return detector().detect(texts)

    def find_identities(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return scrub.find_identities(texts, detect)

    return filters.Context(
        table,
        corpus.empty(),
        embed,
        scrub.Leaks([*side.removed, *removed], detect, recipe.language).places,
        recipe.seed,
        None if recipe.scrub is False else find_identities,
        None if base is None else base.perplexity,
        recipe.language,
        recipe.model is not None,
        {intent: name for intent in intents if (name := prompts.spoken_name(intent))},
        (progress or Progress()).bar,
    )


def base_model(recipe: Recipe, side: SeedSide) -> BaseModel | None:
    """The base model as it reads texts; None where the recipe has none that runs here."""
    if recipe.model is None or recipe.model.backend != "local":
        return None
    # of seeds and holdout alike: tokens that only one has would tell them apart in an evaluation
    shown = [] if recipe.model.privacy else [*side.patterns, *side.holdout]
    return BaseModel(
        recipe.model.base, lambda: [realise(one.pattern, one.values)[0] for one in shown]
    )


def quotas_of(
    recipe: Recipe,
    side: SeedSide,
    grammar: Grammar | None,
    labels: Mapping[str, set[str]],
) -> dict[Cell, int]:
    """Rows asked of each (intent, origin), by largest remainder. `labels` are the slots that each
    intent may have: with `per_slot`, an intent has so many rows for each of them.

    Raises:
        RecipeError: the distribution names an intent that is not there.
    """
    counted = Counter(intent_of(seed) for seed in side.patterns)
    intents = list(grammar.intents) if grammar else []
    intents += [intent for intent in counted if intent not in intents]
    settings = recipe.generate
    total = settings.per_intent * len(intents)
    if settings.per_slot is not None:
        rows = {i: settings.per_slot * max(1, len(labels.get(i, ()))) for i in intents}
    elif settings.distribution == "uniform":
        rows = dict.fromkeys(intents, settings.per_intent)
    elif settings.distribution == "seeds":
        rows = _apportioned(total, {i: counted[i] / counted.total() for i in intents})
    else:
        require_intents(recipe, intents)
        rows = _apportioned(total, settings.distribution)
    shares = {origin: share for origin, share in recipe.shares().items() if share}
    quotas = {}
    for intent, count in rows.items():
        for origin, part in _apportioned(count, shares).items():
            if part:
                quotas[intent, origin] = part
    return quotas


def require_intents(recipe: Recipe, intents: Sequence[str]) -> None:
    """Refuse a distribution over other intents than these.

    Raises:
        RecipeError: it names one that is not there.
    """
    shares = recipe.generate.distribution
    for intent in shares if isinstance(shares, Mapping) else ():
        if intent not in intents:
            raise RecipeError(
                f"generate.distribution: there is no intent {intent!r}",
                fix=did_you_mean(intent, intents),
            )


def _apportioned(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """`total` cut by shares, the largest remainders rounded up."""
    counts = {name: int(total * share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: counts[name] - total * shares[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def learnable(recipe: Recipe, side: SeedSide) -> dict[str, dict[str, list[str]]]:
    """The patterns that the model learns: of intents that have at least three; in a private run
    all, since no row may decide whether another is learnt."""
    if recipe.model is None:
        return {}
    fewest = 1 if recipe.model.privacy else FEWEST
    return {i: by for i, by in side.by_intent().items() if len(by) >= fewest}


def template_patterns(
    recipe: Recipe,
    grammar: Grammar | None,
    learnt: Mapping[str, Mapping[str, Sequence[str]]],
    generations: Mapping[str, int],
) -> dict[str, list[str]]:
    """Patterns of the templates that the model learns beside those of the seeds: of each intent as
    many as it has itself, and no more than leave `seeds.min_real` of what is learnt real; none in a
    private run. `generations` has the synthetic seeds by their ids."""
    settings = recipe.model
    if settings is None or not settings.templates or settings.privacy or grammar is None:
        return {}
    real = recipe.seeds.min_real if recipe.seeds else 0.0
    found: dict[str, list[str]] = {}
    for intent in learnt.keys() & set(grammar.intents):
        room = inventing.room_beside(learnt[intent], generations, real)
        count = min(len(learnt[intent]), room)
        own = {corpus.fold(pattern) for pattern in learnt[intent]}
        stop = min(DRAWN * count, grammar_draw.capacity(grammar, intent, seed=recipe.seed))
        rows = grammar_draw.draw(grammar, intent, 0, stop, seed=recipe.seed)
        there: dict[str, str] = {}
        for pattern in corpus.column(rows, "pattern"):
            if corpus.fold(pattern) not in own:
                there.setdefault(corpus.fold(pattern), pattern)
        found[intent] = list(there.values())[:count]
    return dict(sorted(found.items()))


def reassigned(
    quotas: Mapping[Cell, int],
    learnt: Mapping[str, object],
    grammar: Grammar | None,
    progress: Progress,
) -> dict[Cell, int]:
    """The quotas, with rows that the model cannot make, having fewer than three patterns of an
    intent, asked of the intent's templates instead; said for each."""
    moved = dict(quotas)
    for (intent, origin), count in quotas.items():
        if origin != "model" or intent in learnt:
            continue
        if grammar is not None and intent in grammar.intents:
            progress.warn(f"{intent}: fewer than {FEWEST} seed patterns; all rows from templates")
            del moved[intent, origin]
            moved[intent, "template"] = moved.get((intent, "template"), 0) + count
        else:
            progress.warn(f"{intent}: fewer than {FEWEST} seed patterns, and no templates")
    return moved


NAME = "name"


def with_names(
    recipe: Recipe, quotas: Mapping[Cell, int], learnt: Mapping[str, object]
) -> dict[Cell, int]:
    """The quotas with one row of each intent's model share left to the intent's own name."""
    named: dict[Cell, int] = {}
    for (intent, origin), count in quotas.items():
        takes = origin == "model" and intent in learnt and recipe.generate.names and count > 1
        if takes and prompts.spoken_name(intent) is not None:
            named[intent, NAME] = 1
            count -= 1
        named[intent, origin] = count
    return named


def settled(quotas: Mapping[Cell, int], pool: pa.Table) -> dict[Cell, int]:
    """The quotas once all is filtered: a name that did not pass leaves its row to the model."""
    passed = corpus.count_by(pool, "intent", "origin") if pool.num_rows else {}
    final = dict(quotas)
    for intent, origin in quotas:
        if origin == NAME and not passed.get((intent, NAME)):
            del final[intent, NAME]
            final[intent, "model"] += 1
    return final


def completions_of(
    recipe: Recipe,
    learnt: Mapping[str, Mapping[str, list[str]]],
    beside: Mapping[str, Sequence[str]],
    labels: Mapping[str, set[str]],
    values: Mapping[str, Sequence[str]],
    context: filters.Context,
    run: Run,
    tracker: Tracker,
    progress: Progress,
) -> Completions:
    """What continues prompts: models fine-tuned here, on `learnt`, what stands `beside` and the
    `values` of slots that they are to add to, or a server's."""
    settings = recipe.model
    assert settings is not None
    backend: Backend
    sampling = Sampling(recipe.generate.temperature, recipe.generate.top_p)
    if settings.server is not None:
        backend = remote(Server(**settings.server.model_dump()), sampling)
    else:
        taught = partial(
            learn, recipe, learnt, values, beside, run=run, tracker=tracker, progress=progress
        )
        fed = partial(feed_back, recipe, run=run, progress=progress)
        backend = Writers(
            [
                Local(partial(taught, writer=number), partial(fed, writer=number), sampling)
                for number in range(len(settings.bases))
            ]
        )
    return Completions(
        backend, run, context.find_leaks, lambda prompt: labels.get(prompt.intent, ())
    )


def slot_labels(
    side: SeedSide, grammar: Grammar | None, lists: Mapping[str, ValueList]
) -> dict[str, set[str]]:
    """The slots that patterns of each intent may have, of those that something fills."""
    allowed = side.labels()
    for intent in grammar.intents if grammar is not None else ():
        assert grammar is not None
        allowed.setdefault(intent, set()).update(labels(grammar, intent))
    return {intent: own & lists.keys() for intent, own in allowed.items()}


def sources_of(
    recipe: Recipe,
    side: SeedSide,
    grammar: Grammar | None,
    lists: Mapping[str, ValueList],
    quotas: Mapping[Cell, int],
    learnt: Mapping[str, Mapping[str, list[str]]],
    beside: Mapping[str, Sequence[str]],
    completions: Completions | None,
    progress: Progress,
) -> dict[str, supply.Source]:
    def quota(origin: str) -> dict[str, int]:
        return {i: count for (i, o), count in quotas.items() if o == origin}

    sources: dict[str, supply.Source] = {}
    if quota("seed"):
        sources["seed"] = supply.SeedSource(recipe, side.by_intent(), lists, side.generations)
    if quota(NAME):
        spoken = {intent: prompts.spoken_name(intent) for intent in quota(NAME)}
        named = {intent: name for intent, name in spoken.items() if name is not None}
        sources[NAME] = supply.NameSource(recipe, named)
    if quota("template") and grammar is not None:
        sources["template"] = supply.TemplateSource(recipe, grammar, quota("template"))
    if quota("model") and completions is not None:
        sources["model"] = inventing.ModelSource(
            recipe,
            learnt,
            completions,
            labels=slot_labels(side, grammar, lists),
            lists=lists,
            quota=quota("model"),
            progress=progress,
            generations=side.generations,
            known=beside,
        )
    return sources
