"""What a run would stumble over at its end is found before it begins."""

from __future__ import annotations

from textsynth import models, registry, seeds
from textsynth.dialogue.lint import require_sound
from textsynth.errors import ExportError, RecipeError, did_you_mean
from textsynth.export import About, license_id, require_possible
from textsynth.grammar.grammar import Grammar
from textsynth.lm import private
from textsynth.pipeline import dialogues
from textsynth.pipeline.learning import privacy_of
from textsynth.pipeline.prepare import require_intents
from textsynth.pipeline.seedside import scrub_settings
from textsynth.recipe import Recipe
from textsynth.sections import Gate


def require(recipe: Recipe, grammar: Grammar | None) -> None:
    """Check what a recipe names: the licence, the figures of gates, the models, what the scrub is
    told but for slot labels, the privacy, the kind of seed files, without seeds the intents of the
    distribution, and what exports would refuse whatever the rows are. Loads no model, reads no
    seeds.

    Raises:
        TextsynthError: of what is wrong, the first.
    """
    license_id(recipe.card.license)
    for gate in recipe.gates:
        _figure(gate)
    named_models(recipe)
    if recipe.scrub is not False:
        scrub_settings(recipe).check(None)
    if recipe.model is not None and recipe.model.privacy is not None:
        private.check(privacy_of(recipe.model.privacy))
    if recipe.seeds is not None:
        seeds.require_kind(recipe.seeds.path)
    if recipe.dialogues is not None and recipe.dialogues.seeds is not None:
        seeds.require_kind(recipe.dialogues.seeds)
    if grammar is not None and recipe.seeds is None:
        require_intents(recipe, list(grammar.intents))
    _exports(recipe)


def _figure(gate: Gate) -> None:
    """Raises:
    RecipeError: the gate's metric never has this figure, or not of all rows.
    """
    known = registry.about_figures(gate.metric)
    whole = [name for name, about in known.items() if not about.sliced]
    if not known or gate.figure in whole:
        return
    told = f"the metric {gate.metric} has no figure {gate.figure!r}"
    if gate.figure in known:
        told = f"{gate.metric}.{gate.figure} is no figure of all rows: it is measured by part alone"
    raise RecipeError(told, where="gates", fix=did_you_mean(gate.figure, whole))


def _exports(recipe: Recipe) -> None:
    """Raises:
    ExportError: an export would refuse its options, the recipe's name or language, or would have
        nothing to write.
    """
    about = About(recipe.name, license=recipe.card.license, language=recipe.language)
    for step in recipe.export:
        try:
            require_possible(
                registry.find("exporters", step.name),
                step.name,
                about,
                step.options,
                utterances=recipe.has_singles,
                dialogues=recipe.dialogues is not None,
            )
        except ExportError as error:
            where = f"export: {step.name}"
            raise ExportError(error.message, where=where, fix=error.fix) from error


def find(recipe: Recipe, grammar: Grammar | None) -> None:
    """Check, beside what `require` does, that flows can be simulated and the models of the filters
    be had; of one that reads rows, its tokenizer and config tell.

    Raises:
        TextsynthError: of what is wrong, the first.
    """
    require(recipe, grammar)
    if recipe.dialogues is not None:
        flows, words = dialogues.load(
            recipe.dialogues, grammar, seed=recipe.seed, language=recipe.language
        )
        for name, file in flows.files.items():
            require_sound(file.flow, words[name])
    encoders, readers = judges(recipe)
    for name in encoders:
        models.load_embedder(name)
    for name in readers:
        models.load_tokenizer(models.language_model_source(name, "label.reader"))
    with_people = recipe.seeds or (recipe.dialogues and recipe.dialogues.seeds)
    if with_people and recipe.scrub is not False:
        models.spacy_source(recipe.language)


def named_models(recipe: Recipe) -> list[tuple[str, models.ModelSource]]:
    """The models that a recipe names, each with what it is for. Loads nothing.

    Raises:
        ModelError: one in a folder is not there, or has no weights that are read.
    """
    found = []
    if recipe.model is not None and recipe.model.server is None:
        sources = (models.language_model_source(base, key) for key, base in recipe.model.named)
        found += [("language model", source) for source in sources]
    encoders, readers = judges(recipe)
    for name in encoders:
        found.append(("sentence encoder of the filter label", models.embedder_source(name)))
    for name in readers:
        source = models.language_model_source(name, "label.reader")
        found.append(("language model of the filter label", source))
    return found


def judges(recipe: Recipe) -> tuple[list[str], list[str]]:
    """What `label` judges by, beside the sentence encoder that all filters share: encoders, and
    language models that read."""
    labels = [step.options for step in recipe.filters if step.name == "label"]
    encoders = dict.fromkeys(options.get("model", "auto") for options in labels)
    readers = dict.fromkeys(options.get("reader") for options in labels)
    return [name for name in encoders if name != "auto"], [name for name in readers if name]
