"""The start of a run: all is read and checked, its folder is opened, the seeds are scrubbed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from textsynth import corpus, filters, keyed, scrub, seeds
from textsynth.grammar.grammar import Grammar
from textsynth.pipeline import (
    beforehand,
    dialogues,
    dialogueseeds,
    dialoguewords,
    finish,
    guard,
    slotvalues,
)
from textsynth.pipeline.basemodel import BaseModel
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import (
    base_model,
    filter_context,
    grammar_of,
    learnable,
    template_patterns,
    value_lists,
)
from textsynth.pipeline.seedside import EMPTY_SEEDS, SeedSide, scrubbed_side
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Resume, Run, open_run, write_text
from textsynth.values import ValueList


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """A run with its seeds scrubbed and its folder open."""

    run: Run
    fingerprint: str
    grammar: Grammar | None
    side: SeedSide
    lists: dict[str, ValueList]
    base: BaseModel | None
    context: filters.Context
    learnt: dict[str, dict[str, list[str]]]
    beside: dict[str, list[str]]
    places: list[dialoguewords.Place]
    spoken: pa.Table  # real dialogues, scrubbed


@contextmanager
def begin(
    recipe: Recipe,
    output: str | Path | None,
    resume: Resume,
    key_file: Path | None,
    ledger: Ledger,
    progress: Progress,
    *,
    anew: bool = True,
) -> Iterator[Begun]:
    """Read and check everything, open the run folder, scrub the seeds; the folder is held until the
    end of the block. With `anew` a complete run loses its end where the recipe asks for another
    one."""
    grammar = grammar_of(recipe)
    secret = keyed.load_secret(key_file)
    seed_file = _read_seeds(recipe, secret)
    folder = Path(output or Path("runs") / recipe.name)
    if resume == "never" or not Run(folder).complete:
        beforehand.find(recipe, grammar)
    fingerprint = recipe.fingerprint()
    with closing(open_run(folder, fingerprint, resume)) as run:
        ending = recipe.ending()
        if anew and run.complete and run.manifest().get("ending", ending) != ending:
            beforehand.find(recipe, grammar)
            progress.note("the recipe now asks for other figures or exports: the run ends anew")
            finish.reopen(run)
        side = EMPTY_SEEDS
        if not run.complete:
            names_people = bool(recipe.scrub and (recipe.scrub.deny or recipe.scrub.allow))
            write_text(run.path("recipe.yaml"), finish.as_yaml(recipe), private=names_people)
            if seed_file is not None:
                known = set(grammar.value_lists(recipe.seed)) if grammar else set()
                side = scrubbed_side(recipe, seed_file, known, secret, run, ledger, progress)
        lists = value_lists(recipe, side, grammar)
        if not run.complete:
            slotvalues.check(recipe, lists)
        base = base_model(recipe, side)
        spoken, removed = corpus.empty(), list[scrub.Removed]()
        if not run.complete and recipe.dialogues is not None and recipe.dialogues.seeds is not None:
            spoken, removed = dialogueseeds.side(recipe, secret, run, progress)
        context = filter_context(recipe, side, lists, base, removed, progress)
        learnt = learnable(recipe, side)
        beside = template_patterns(recipe, grammar, learnt, side.generations)
        places = []
        if recipe.dialogues is not None and not run.complete:
            places = dialogues.places(recipe, grammar)
            # what flows say is no seed, and has no ids
            learnt |= {place.name: {text: [] for text in place.own} for place in places}
        yield Begun(
            run, fingerprint, grammar, side, lists, base, context, learnt, beside, places, spoken
        )


def _read_seeds(recipe: Recipe, secret: bytes) -> seeds.SeedFile | None:
    if recipe.seeds is None:
        return None
    file = seeds.read(recipe.seeds.path, secret=secret, language=recipe.language, learnt=True)
    guard.check(recipe.seeds, file, recipe.seed)
    return file
