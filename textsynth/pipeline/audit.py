"""The privacy audit: secrets are planted among the seeds, and sought in what the model learnt.

An audit is a run of its own in a folder of its own, from scrubbed seeds up to the fine-tuned model;
its rows are no corpus. Canaries are planted after the scrub, which would rightly take a number out:
they stand for what a scrub overlooks. `loss_of` gives the metric `privacy` the model of a run.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from textsynth import corpus, keyed, models, seeds
from textsynth.errors import RecipeError, UsageError
from textsynth.evaluate import Findings, PerText, exposure
from textsynth.evaluate.exposure import Plan
from textsynth.lm import finetune, generate, prompts, score, trimmed
from textsynth.lm.decode import Sampling, Speaker
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style
from textsynth.pipeline import learning, slotvalues
from textsynth.pipeline.completions import Completions, Local
from textsynth.pipeline.learning import ADAPTER, FEWEST, learn
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import (
    filter_context,
    grammar_of,
    learnable,
    value_lists,
)
from textsynth.pipeline.seedside import scrubbed_side
from textsynth.pipeline.tracking import Tracker
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Resume, Run, open_run

# How often copies are spaced anew until none is set aside; few real patterns may leave no other.
TURNS = 100

# Intent -> written pattern -> ids of the seeds that have it.
Patterns = dict[str, dict[str, list[str]]]


def audit(
    recipe: Recipe,
    output: str | Path,
    *,
    canaries: int = 4,
    repetitions: Sequence[int] = (1, 4, 16),
    references: int = 1000,
    lines: int = 400,
    resume: Resume = "if-possible",
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Train the recipe's model on its seeds and planted canaries, and measure what it remembers:
    the figures of `evaluate.exposure`.

    Args:
        output: a folder for the audit alone; a model that an equal audit trained there is used
            again, and the folder of any other run is refused.
        canaries: secrets for each number of repetitions.
        repetitions: how often each is planted.
        references: secrets that each is ranked among.
        lines: how many lines the model writes, about, in which the secrets are sought.

    Raises:
        TextsynthError: as `pipeline.train`.
        UsageError: a number that is not positive.
    """
    progress = progress or Progress()
    settings = recipe.model
    if settings is None or settings.backend != "local" or recipe.seeds is None:
        raise RecipeError(
            "the recipe trains no model, so that none can be audited",
            where=str(recipe.folder),
            fix="add `model: {base: auto}`; a server's model is used as it is",
        )
    if settings.others:
        raise RecipeError(
            "an audit measures one model, and the recipe has several",
            where=str(recipe.folder),
            fix="audit each by itself: `--set model.others=[]`, and another `model.base`",
        )
    if min([canaries, references, lines, *(repetitions or [0])]) < 1:
        raise UsageError(
            "canaries, repetitions, references and lines are counts from 1 on",
            fix="leave them out, or give larger ones",
        )
    secret = keyed.load_secret(key_file)
    file = seeds.read(recipe.seeds.path, secret=secret, language=recipe.language, learnt=True)
    grammar = grammar_of(recipe)
    told = f"{canaries} {sorted(set(repetitions))} {references}"
    fingerprint = keyed.content_id(recipe.fingerprint(), "audit", told)
    with closing(open_run(Path(output), fingerprint, resume)) as run:
        known = set(grammar.value_lists(recipe.seed)) if grammar else set()
        side = scrubbed_side(recipe, file, known, secret, run, Ledger(), progress)
        own = learnable(recipe, side)
        if not own:
            raise RecipeError(
                f"no intent has {FEWEST} seed patterns to learn from",
                where=str(recipe.seeds.path),
                fix="add seeds",
            )
        values_of = value_lists(recipe, side, grammar)
        asked_values = slotvalues.plan(recipe, side, values_of, Progress())
        values = slotvalues.taught(asked_values, values_of, own)
        planned = exposure.plan(
            {intent: list(by) for intent, by in own.items()},
            canaries=canaries,
            repetitions=sorted(set(repetitions)),
            references=references,
            seed=keyed.stream(recipe.seed, "canaries"),
        )
        progress.step("audit", f"{canaries} canaries each planted {_or(repetitions)} times")

        def aside(patterns: Patterns) -> set[tuple[str, str]]:
            if settings is None or settings.privacy:  # which learns from all
                return set()
            held = finetune.hold_out(
                {**{i: list(by) for i, by in patterns.items()}, **values}, recipe.seed
            )
            return {(intent, written) for intent, own in held[1].items() for written in own}

        planted = plant(own, planned, aside)
        speaker = learn(recipe, planted, values, run=run, tracker=Tracker(), progress=progress)
        with progress.bar("ranking the canaries", None):
            losses, others = _ranked(speaker, planned)
        leaks = filter_context(recipe, side, values_of).find_leaks
        written, released = _written(
            recipe, planted, planned, speaker, run, leaks, side.labels(), lines
        )
        found = exposure.findings(planned, losses, others, written, released, seed=recipe.seed)
        return dataclasses.replace(
            found, notes=[*found.notes, *_told(run, own, planted, aside(planted))]
        )


def _or(counts: Sequence[int]) -> str:
    return " or ".join(str(count) for count in sorted(set(counts)))


def _told(run: Run, own: Patterns, planted: Patterns, aside: set[tuple[str, str]]) -> list[str]:
    """What an audit's figures rest on, for people."""
    canaries = {(i, p) for i, by in planted.items() for p in by if p not in own[i]}
    notes = [
        f"The model learnt from {sum(map(len, own.values())):,} patterns of seeds and "
        f"{len(canaries):,} copies of canaries."
    ]
    if held := len(canaries & aside):
        notes.append(
            f"{held} copies were set aside to stop by and not learnt: there are too few patterns."
        )
    spent = learning.spent(run)
    if spent is not None:
        notes.append(f"It was trained with differential privacy of epsilon {spent.epsilon:.2f}.")
    else:
        notes.append(
            "Prompts show patterns of seeds, canaries among them, as in any run: a number that was "
            "written may be copied from its prompt. Exposure is measured without."
        )
    notes.append(
        "A run joins equal patterns, so that a secret in one seed is seen once in an epoch; the "
        "other figures stand for secrets that several seeds share."
    )
    return notes


def plant(
    own: Mapping[str, Mapping[str, list[str]]],
    planned: Plan,
    aside: Callable[[Patterns], set[tuple[str, str]]] = lambda planted: set(),
) -> Patterns:
    """The patterns that the model learns, with each canary as often as it is to be repeated.

    Equal patterns are one, which training shows once in an epoch. The copies of a canary differ in
    the white space before the secret, which the written lists do not keep (`lm.prompts`): patterns
    that are shown by themselves, each in its place, and read the same.

    Args:
        aside: the (intent, pattern) pairs of these that the training sets aside to stop by; a copy
            that is among them is spaced in another way, so that all are learnt.
    """
    spaces: Counter[tuple[str, str, str]] = Counter()

    def copy(intent: str, pattern: str, secret: str) -> str:
        spaces[intent, pattern, secret] += 1
        return f"{pattern}{' ' * spaces[intent, pattern, secret]}{secret}"

    wanted = [
        (planned.carriers[canary.carrier].intent, planned.carriers[canary.carrier].pattern, secret)
        for canary in planned.canaries
        for secret in [canary.secret] * canary.repeated
    ]
    copies = [(one[0], copy(*one)) for one in wanted]
    for _ in range(TURNS):
        planted = {intent: dict(by) for intent, by in own.items()}
        for intent, written in copies:
            planted[intent][written] = ["canary"]
        held = aside(planted)
        if held.isdisjoint(copies):
            break
        copies = [
            (one[0], copy(*one)) if at in held else at
            for one, at in zip(wanted, copies, strict=True)
        ]
    return planted


def _ranked(speaker: Speaker, planned: Plan) -> tuple[list[float], Any]:
    """Nats of each canary's line, and of the references': shape (carriers, references)."""

    def nats(place: int, secrets: Sequence[str]) -> Any:
        carrier = planned.carriers[place]
        start = _head(carrier.intent)
        texts = [_line(carrier.line(secret)) for secret in secrets]
        return score.losses(speaker.model, speaker.vocabulary, [start] * len(texts), texts)[0]

    losses = [0.0] * len(planned.canaries)
    others = []
    for place in range(len(planned.carriers)):
        own = [at for at, canary in enumerate(planned.canaries) if canary.carrier == place]
        secrets = [planned.canaries[at].secret for at in own]
        found = nats(place, [*secrets, *planned.references])
        for at, loss in zip(own, found.tolist(), strict=False):
            losses[at] = loss
        others.append(found[len(own) :])
    return losses, np.stack(others)


def _head(intent: str) -> str:
    """The head of a list of one intent, up to where its first pattern starts."""
    return prompts.render([Listed(intent, Style(), ())], closed=False)


def _line(written: str) -> str:
    return f" {' '.join(written.split())}\n"


def _written(
    recipe: Recipe,
    planted: Patterns,
    planned: Plan,
    speaker: Speaker,
    run: Run,
    leaks: Callable[[Sequence[str]], list[list[tuple[int, int]]]],
    labels: Mapping[str, set[str]],
    lines: int,
) -> tuple[list[str], list[str]]:
    """Lines that the model writes for the intents of the canaries, asked as in any run, and those
    that would become rows."""
    assert recipe.model is not None
    sampling = Sampling(recipe.generate.temperature, recipe.generate.top_p)
    backend = Local(lambda: speaker, lambda same, *_: same, sampling)
    completions = Completions(
        backend, run, leaks, lambda prompt: labels.get(prompt.intent, frozenset())
    )
    intents = list(dict.fromkeys(carrier.intent for carrier in planned.carriers))
    count = max(1, round(lines / (len(intents) * generate.COPIES * sampling.lines)))
    asked = [
        prompt
        for intent in intents
        for prompt in generate.make_prompts(
            intent,
            # a private run shows the model no seeds
            [] if recipe.model.privacy else list(planted[intent]),
            count,
            first=0,
            seed=recipe.seed,
            language=recipe.language,
        )
    ]
    written: list[str] = []
    released: list[str] = []
    for prompt, copies in zip(asked, completions.of(asked), strict=True):
        own = planted[prompt.intent]
        for completion in copies:
            judged = generate.judge(
                prompt.intent,
                completion,
                labels=labels.get(prompt.intent, ()),
                known={corpus.fold(pattern): pattern for pattern in own},
                limits=generate.slot_limits(own),
            )
            written += [line.text for line in judged if line.text]
            released += [line.text for line in judged if line.reason is None]
    return written, released


def loss_of(run: Run, recipe: Recipe, texts: Sequence[str]) -> PerText | None:
    """The loss of written patterns under the model that wrote a run's rows, nats a token, for
    `evaluate.Context`; None where the run has no adapter. The model is loaded when first asked.

    Each pattern is read by itself, as `Context.perplexity` reads it: the attack compares both, and
    two formats would tell more of the format than of the pattern.

    Args:
        texts: what must be sayable with its own tokens: seeds and holdout alike, since tokens that
            only seeds have would tell them apart.
    """
    if recipe.model is None or not _adapters(run):
        return None
    return _Tuned(run, recipe.model.base, texts)


def _adapters(run: Run) -> list[Path]:
    """The folders of a run's adapters, in the order in which they were trained."""
    first = run.folder.joinpath(*ADAPTER)
    fed = [
        folder
        for folder in first.parent.glob("feedback-*")
        if folder.name.removeprefix("feedback-").isdigit()
    ]
    fed.sort(key=lambda folder: int(folder.name.removeprefix("feedback-")))
    return [f for f in (first, *fed) if (f / "adapter_model.safetensors").is_file()]


class _Tuned:
    """Patterns to mean losses, by a model with all adapters of a run."""

    def __init__(self, run: Run, base: str, texts: Sequence[str]) -> None:
        self._run, self._base, self._texts = run, base, texts

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        from peft import PeftModel

        source = models.language_model_source(self._base)
        model, vocabulary = trimmed.load(source, self._texts)
        with models.quiet():
            for folder in _adapters(self._run):
                model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
        return model, vocabulary

    def __call__(self, texts: list[str]) -> Any:
        return np.log(score.perplexity(*self._model, texts))
