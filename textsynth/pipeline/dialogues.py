"""Dialogues of a run: flows are read and checked, dialogues simulated, judged, mended, chosen."""

from __future__ import annotations

import dataclasses
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus, engines, filters, keyed
from textsynth.dialogue import flowfile, simulate
from textsynth.dialogue import words as wording
from textsynth.dialogue.flowfile import Flows
from textsynth.dialogue.lint import lint_all, require_sound, steps
from textsynth.dialogue.select import cells, quotas, select
from textsynth.dialogue.words import Words
from textsynth.filters.select import splits
from textsynth.grammar.model import Grammar
from textsynth.pipeline import dialoguewords
from textsynth.pipeline.completions import Completions
from textsynth.pipeline.dialoguefilters import book, judge
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.prepare import grammar_of
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.sections import Dialogues
from textsynth.turns import dialogues as by_dialogue
from textsynth.turns import whole

ROUNDS = 4  # times that dialogues are simulated for those that fell
TAKES = 2  # further wordings that are tried of a dialogue whose words fell
SHARD = 2_000  # dialogues that are simulated together
ALONE = 4_000  # dialogues up to which one process is faster than several

# Patterns of a model by flow and key of `dialogue.words`.
Invented = Mapping[str, Mapping[str, Sequence[str]]]


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """Dialogues of a flow that are simulated together, by their numbers."""

    flow: str
    numbers: Sequence[int]
    take: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """The chosen dialogues: their turns; what each flow gave; where it is short, (got, asked)."""

    turns: pa.Table
    flows: Mapping[str, Mapping[str, Any]]
    shortfall: Mapping[str, tuple[int, int]]


def load(
    settings: Dialogues,
    grammar: Grammar | None,
    *,
    seed: int,
    language: str,
    invented: Invented | None = None,
) -> tuple[Flows, dict[str, Words]]:
    """The flows of a recipe and their words.

    Raises:
        GrammarError: a flow that cannot be read, or names what is not there.
    """
    flows = flowfile.load(settings.path)
    words = wording.words(flows, grammar, seed=seed, language=language, invented=invented)
    return flows, words


def simulator(recipe: Recipe, invented: Invented | None) -> Callable[[Shard], pa.Table]:
    """What simulates shards, in any process."""
    settings = recipe.dialogues
    assert settings is not None
    flows, words = load(
        settings, grammar_of(recipe), seed=recipe.seed, language=recipe.language, invented=invented
    )

    def run(shard: Shard) -> pa.Table:
        return simulate.simulate(
            flows.files[shard.flow].flow,
            words[shard.flow],
            shard.numbers,
            seed=recipe.seed,
            language=recipe.language,
            max_turns=settings.max_turns,
            take=shard.take,
        )

    return run


def places(recipe: Recipe, grammar: Grammar | None) -> list[dialoguewords.Place]:
    """Where the recipe's model adds to the words of its flows; nowhere in a private run, whose
    model is shown nothing."""
    settings, model = recipe.dialogues, recipe.model
    if settings is None or model is None or model.privacy is not None or not settings.invent:
        return []
    flows, words = load(settings, grammar, seed=recipe.seed, language=recipe.language)
    return dialoguewords.places({n: file.flow for n, file in flows.files.items()}, words)


def invented(
    recipe: Recipe,
    found: Sequence[dialoguewords.Place],
    singles: pa.Table,
    completions: Completions | None,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> Invented:
    """What a model wrote for the flows: openings among the chosen utterances, and what it adds to
    other places."""
    assert recipe.dialogues is not None
    flows = flowfile.load(recipe.dialogues.path).files
    opened = dialoguewords.openings({n: file.flow for n, file in flows.items()}, singles)
    if completions is None or not found:
        return opened
    more = dialoguewords.invent(recipe, found, completions, context, ledger, progress)
    return dialoguewords.joined(opened, more)


def make(
    recipe: Recipe,
    grammar: Grammar | None,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
    invented: Invented | None = None,
) -> Made:
    """Exactly `per_flow` dialogues of each flow, as far as they can be had.

    Raises:
        GrammarError: a flow cannot be read, or not be simulated.
    """
    settings = recipe.dialogues
    assert settings is not None
    flows, words = load(
        settings, grammar, seed=recipe.seed, language=recipe.language, invented=invented
    )
    for name, file in flows.files.items():
        require_sound(file.flow, words[name])
    for finding in lint_all(flows, words):
        progress.warn(f"{finding.where}: {finding.message}")
    wanted = dict.fromkeys(sorted(flows.files), settings.per_flow)
    run = partial(simulated, recipe, invented, simulator(recipe, invented), progress)
    kept, drawn, next_number = (
        corpus.empty(),
        Counter[tuple[str, str]](),
        dict.fromkeys(wanted, 0),
    )
    for turn in range(ROUNDS):
        there = Counter(flow for (flow, _), n in cells(kept).items() for _ in range(n))
        missing = {flow: n - there[flow] for flow, n in wanted.items() if there[flow] < n}
        if not missing:
            break
        progress.step(
            "dialogues", f"{sum(missing.values()):,} wanted" + f", round {turn + 1}" * (turn > 0)
        )
        shards: list[Shard] = []
        for flow, count in missing.items():
            first = next_number[flow]
            next_number[flow] += math.ceil(count * settings.spare * (1 + turn))
            shards += in_shards(flow, range(first, next_number[flow]))
        pool = run(shards)
        drawn += cells(pool)
        context = dataclasses.replace(context, accepted=kept)
        before = kept.num_rows
        kept = corpus.concat(
            [kept, _passed(recipe, flows, next_number, pool, run, context, ledger, progress)]
        )
        if kept.num_rows == before:
            break
    made = _chosen(recipe, wanted, drawn, kept, ledger, progress)
    about = {
        name: {**own, "steps": steps(flows.files[name].flow)} for name, own in made.flows.items()
    }
    return dataclasses.replace(made, flows=about)


def in_shards(flow: str, numbers: Sequence[int], take: int = 0) -> Iterator[Shard]:
    for at in range(0, len(numbers), SHARD):
        yield Shard(flow, numbers[at : at + SHARD], take)


def simulated(
    recipe: Recipe,
    invented: Invented | None,
    here: Callable[[Shard], pa.Table],
    progress: Progress,
    shards: Sequence[Shard],
) -> pa.Table:
    """The dialogues of some shards, in their order, however many processes make them."""
    count = sum(len(shard.numbers) for shard in shards)
    workers = (os.cpu_count() or 1) if count > ALONE else 1
    prepare = partial(simulator, recipe, invented) if workers > 1 else lambda: here
    tables = []
    with progress.bar("simulating dialogues", count) as advance:
        for shard, table in zip(
            shards, engines.map_in_order(prepare, shards, workers=workers), strict=True
        ):
            tables.append(table)
            advance(len(shard.numbers), "")
    return corpus.concat(tables)


def _passed(
    recipe: Recipe,
    flows: Flows,
    numbers: Mapping[str, int],
    pool: pa.Table,
    run: Callable[[Sequence[Shard]], pa.Table],
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """The dialogues that pass the filters; of those that fell for their words, other takes."""
    passed = []
    for take in range(TAKES + 1):
        # what is left of a pool after its most detectable share fell is not judged for it again
        judges = [s for s in recipe.filters if not take or s.name != "adversarial"]
        judged = judge(pool, judges, context)
        mendable = set(judged.mendable) if take < TAKES else set[str]()
        book(pool, judged, ledger, progress, mended=mendable)
        passed.append(judged.kept)
        if not mendable:
            break
        progress.note(f"{len(mendable):,} dialogues are tried in other words")
        shards: list[Shard] = []
        for name, file in flows.files.items():
            own = simulate.ids(file.flow, range(numbers[name]), seed=recipe.seed)
            again = [number for number, id_ in enumerate(own) if id_ in mendable]
            shards += in_shards(name, again, take + 1)
        pool = run(shards)
        context = dataclasses.replace(
            context, accepted=corpus.concat([context.accepted, judged.kept])
        )
    return corpus.concat(passed)


def _chosen(
    recipe: Recipe,
    wanted: Mapping[str, int],
    simulated: Mapping[tuple[str, str], int],
    kept: pa.Table,
    ledger: Ledger,
    progress: Progress,
) -> Made:
    settings = recipe.dialogues
    assert settings is not None
    progress.step("select dialogues", f"{settings.per_flow:,} a flow")
    there = cells(kept)
    names = select(kept, quotas(wanted, simulated, there), seed=recipe.seed)
    mask = pc.is_in(kept.column("dialogue_id"), value_set=pa.array(names, pa.string()))
    ledger.add("select dialogues", sum(there.values()), len(names),
               Counter({"surplus": sum(there.values()) - len(names)} if names else {}))  # fmt: skip
    turns = _in_order(kept.filter(mask), recipe.seed)
    got = Counter(name.rpartition("/")[0] for name in names)
    shortfall = {flow: (got[flow], n) for flow, n in wanted.items() if got[flow] < n}
    for flow, (had, asked) in shortfall.items():
        progress.warn(f"flow {flow}: {had} dialogues of {asked}")
    flows = _counts(turns, wanted, settings.max_turns)
    cut = sum(flow["cut"] for flow in flows.values())
    if cut:
        progress.note(f"{cut:,} reached {settings.max_turns} turns and ended there, as abandoned")
    return Made(turns, flows, shortfall)


def _in_order(turns: pa.Table, seed: int) -> pa.Table:
    """Dialogues in a keyed order, each with its split: wordings that are alike never straddle."""
    if not turns.num_rows:
        return turns
    found = by_dialogue(turns)
    wholes = whole(found)
    flows = [name.rpartition("/")[0] for name in found.ids()]
    parts = splits(corpus.replace_column(wholes, "intent", flows), seed)
    sizes = found.sizes()
    split = [part for part, size in zip(parts, sizes, strict=True) for _ in range(size)]
    turns = corpus.replace_column(found.turns, "split", split)
    ends = sizes.cumsum()
    order = keyed.order(keyed.stream(seed, "dialogue order"), found.ids()).tolist()
    return corpus.take(turns, [r for n in order for r in range(ends[n] - sizes[n], ends[n])])


def _counts(turns: pa.Table, wanted: Mapping[str, int], most: int) -> dict[str, dict[str, Any]]:
    """What each flow gave: dialogues, turns, outcomes, and how many were cut at `most` turns."""
    counts: dict[str, dict[str, Any]] = {
        flow: {"dialogues": 0, "turns": 0, "outcomes": Counter[str](), "cut": 0} for flow in wanted
    }
    if not turns.num_rows:
        return counts
    found = by_dialogue(turns)
    facts = found.turns.column("dialogue").take(pa.array(found.sizes().cumsum() - found.sizes()))
    last = corpus.column(found.turns.take(pa.array(found.sizes().cumsum() - 1)), "act")
    for whole_, size, act in zip(facts.to_pylist(), found.sizes().tolist(), last, strict=True):
        own: dict[str, Any] = counts[whole_["flow"]]
        own["dialogues"] += 1
        own["turns"] += size
        own["outcomes"][whole_["outcome"]] += 1
        own["cut"] += size >= most and whole_["outcome"] == "abandoned" and act != "HANG_UP"
    return {
        flow: {**own, "outcomes": dict(sorted(own["outcomes"].items()))}
        for flow, own in counts.items()
    }
