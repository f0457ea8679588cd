"""The model of a run: loaded, trimmed, fine-tuned or taken from an earlier run, ready to sample."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from textsynth import keyed, models
from textsynth.errors import ModelError
from textsynth.lm import adapter, finetune, private, prompts, style, trimmed
from textsynth.lm.decode import Speaker
from textsynth.lm.prompts import Listed
from textsynth.pipeline.tracking import Tracker
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run, write_json
from textsynth.sections import Model, Privacy

ADAPTER = ("model", "adapter")
SPENT = ("model", "privacy.json")
# Fewer patterns than this teach an intent nothing: it is left to the templates.
FEWEST = 3

# Intent -> written pattern -> ids of the seeds that have it.
Own = Mapping[str, Mapping[str, Sequence[str]]]


def learn(
    recipe: Recipe,
    own: Own,
    values: Mapping[str, Sequence[str]],
    beside: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    run: Run,
    tracker: Tracker,
    progress: Progress,
    writer: int = 0,
) -> Speaker:
    """The fine-tuned model, of several the one of this number. `values` are slot values that it is
    to learn beside the patterns, and `beside` are patterns of its intents that are no seeds.

    Raises:
        ModelError: it cannot be had or trained; the last good adapter is kept as `model/last-good`.
    """
    settings = recipe.model
    assert settings is not None
    key, base = settings.named[writer]
    source = models.language_model_source(base, key)
    progress.note(f"base model {source.name} under its terms: {source.terms}")
    lists = {**{intent: list(by) for intent, by in own.items()}, **values}
    # under differential privacy not even the choice of tokens may tell of the seeds
    texts = [_text(name, lines) for name, lines in lists.items() if not settings.privacy]
    texts += [_text(name, lines) for name, lines in beside.items()]
    texts += style.heads()
    with progress.bar("loading the base model (made ready on first use)", None):
        model, vocabulary = trimmed.load(source, texts)
    weights = sum(weight.numel() for weight in model.parameters())
    progress.note(f"{weights / 1e6:.0f}M weights, {len(vocabulary.kept):,} tokens")
    folder = run.path("model", _numbered("adapter", writer))
    if (folder / "adapter_model.safetensors").is_file():
        progress.note("the adapter of the earlier run is used")
        tuned = adapter.load(model, folder)
    elif settings.privacy:
        rows = [(i, p) for i, by in own.items() for p, ids in by.items() for _ in ids]
        tuned = _privately(settings, model, vocabulary, rows, recipe.seed, run, progress)
    else:
        tuned = _openly(
            settings, recipe, model, vocabulary, lists, beside, run, tracker, progress, writer
        )
    return Speaker(tuned.merge_and_unload(), vocabulary)


def feed_back(
    recipe: Recipe,
    speaker: Speaker,
    lists: Mapping[str, Sequence[str]],
    number: int,
    *,
    run: Run,
    progress: Progress,
    writer: int = 0,
) -> Speaker:
    """The model, of several the one of this number, after one more pass over seeds and rows that
    survived an adversarial round; the adapter of that pass is kept.

    Raises:
        ModelError: the loss is not a number, or the adapter cannot be written.
    """
    settings = recipe.model
    assert settings is not None
    name = _numbered(f"feedback-{number + 1}", writer)
    folder = run.path("model", name)
    if (folder / "adapter_model.safetensors").is_file():
        progress.note(f"the adapter {name} of the earlier run is used")
        tuned = adapter.load(speaker.model, folder)
        return Speaker(tuned.merge_and_unload(), speaker.vocabulary)
    with progress.bar("learning from what survived", None) as advance:
        made = finetune.finetune(
            speaker.model,
            speaker.vocabulary,
            lists,
            settings=finetune.Settings(
                1, settings.learning_rate / 2, settings.rank, recipe.language
            ),
            seed=keyed.stream(recipe.seed, "feedback", number),
            progress=lambda done, total, point: advance(1, f"loss {point.loss:.2f}"),
        )
    _save(made.model, run, name)
    progress.note(f"learnt from {sum(map(len, lists.values()))} patterns, seeds among them")
    return Speaker(made.model.merge_and_unload(), speaker.vocabulary)


def _numbered(name: str, writer: int) -> str:
    """The name of what belongs to one of several models; the first has it alone."""
    return f"{name}-writer-{writer + 1}" if writer else name


def _text(name: str, lines: Sequence[str]) -> str:
    return prompts.render([Listed(name, style.Style(), tuple(lines))], closed=True)


def _openly(
    settings: Model,
    recipe: Recipe,
    model: Any,
    vocabulary: Any,
    lists: Mapping[str, Sequence[str]],
    beside: Mapping[str, Sequence[str]],
    run: Run,
    tracker: Tracker,
    progress: Progress,
    writer: int,
) -> Any:
    if count := sum(map(len, beside.values())):
        progress.note(f"{count} patterns of the templates are learnt beside those of the seeds")
    with progress.bar("fine-tuning", None) as advance:

        def say(done: int, total: int, point: finetune.Point) -> None:
            advance(1, f"step {done}/{total}, loss {point.loss:.2f}")
            tracker.loss(point.step, point.loss, _numbered("loss", writer))

        try:
            tuned = finetune.finetune(
                model,
                vocabulary,
                lists,
                beside,
                settings=finetune.Settings(
                    settings.epochs, settings.learning_rate, settings.rank, recipe.language
                ),
                seed=recipe.seed,
                progress=say,
            )
        except finetune.LossError as error:
            if error.model is not None:
                name = _numbered("last-good", writer)
                _save(error.model, run, name)
                error.fix = f"{error.fix}; the last good adapter is in {run.path('model', name)}"
            raise
    curve = f"model/{_numbered('training', writer)}.jsonl"
    run.path(curve).unlink(missing_ok=True)
    run.append(curve, [dataclasses.asdict(point) for point in tuned.curve])
    _save(tuned.model, run, _numbered("adapter", writer))
    held = [point.held for point in tuned.curve if point.held is not None]
    told = f", on patterns set aside {', '.join(f'{loss:.2f}' for loss in held)}" if held else ""
    first, last = tuned.curve[0].loss, tuned.curve[-1].loss
    progress.note(f"loss {first:.2f} to {last:.2f}{told}; epoch {tuned.epoch} is kept")
    return tuned.model


def _privately(
    settings: Model,
    model: Any,
    vocabulary: Any,
    rows: Sequence[tuple[str, str]],
    seed: int,
    run: Run,
    progress: Progress,
) -> Any:
    asked = settings.privacy
    assert asked is not None
    with progress.bar("fine-tuning with differential privacy", None) as advance:
        tuned, spent = private.finetune(
            model,
            vocabulary,
            rows,
            privacy=privacy_of(asked),
            settings=private.Settings(settings.epochs, settings.learning_rate, settings.rank),
            seed=seed,
            progress=lambda done, total, epsilon: advance(
                1, f"step {done}/{total}, epsilon {epsilon:.2f}"
            ),
        )
    # the account first: an adapter without it would be taken for one that needs none
    write_json(run.path(*SPENT), dataclasses.asdict(spent))
    _save(tuned, run, "adapter")
    progress.note(private.statement(spent))
    return tuned


def privacy_of(section: Privacy) -> private.Privacy:
    """The recipe's `model.privacy` as the training takes it."""
    delta = None if section.delta == "auto" else section.delta
    return private.Privacy(section.epsilon, delta, section.clip)


def spent(run: Run) -> private.Spent | None:
    """What a private training cost; None where the run has no such training."""
    path = run.folder.joinpath(*SPENT)
    if not path.is_file():
        return None
    return private.Spent(**json.loads(path.read_text(encoding="utf-8")))


def _save(tuned: Any, run: Run, name: str) -> None:
    import shutil

    temporary = run.path("model", f".{name}.tmp")
    try:
        adapter.save(tuned, temporary)
        shutil.rmtree(run.path("model", name), ignore_errors=True)
        temporary.rename(run.path("model", name))
    except OSError as error:
        raise ModelError(
            f"the adapter cannot be written: {error.strerror or error}",
            where=str(run.path("model", name)),
            fix="make room on the disk and run the same command again",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
