"""The experiment of model collapse: each generation learns from the rows of the last one.

Generation 1 learns from the real seeds, scrubbed. What the next ones learn from is a policy's
matter: `replace`, the last generation's rows alone; `anchored`, real rows at a kept share and the
last generation's for the rest; `accumulate`, the real rows and those of all generations so far.
Under the first two each learns from as many rows of each intent as the real seeds have, under
`accumulate` from so many more each time; epochs are the same.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, keyed, models, pipeline, seeds
from textsynth.errors import RecipeError, UsageError, did_you_mean
from textsynth.evaluate import Context, Findings
from textsynth.evaluate.collapse import Floats, Generation, collapse
from textsynth.lm import prompts, score, trimmed
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style
from textsynth.pipeline.learning import ADAPTER
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run, write_text
from textsynth.sections import Seeds, Tracking

POLICIES = ("replace", "accumulate", "anchored")
# The share of real rows that is set aside where the recipe sets none.
HOLDOUT = 0.2
FIRST = "real"


def generations(
    recipe: Recipe,
    count: int,
    output: Path,
    *,
    per_intent: int | None = None,
    policies: Sequence[str] = POLICIES,
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Run `count` generations under each policy and measure them (`evaluate.collapse`).

    Each is a run of its own, `output/POLICY/NUMBER` (the first `output/real/1`), of the recipe with
    the model as its one source and one row a pattern; the rows that it learnt from lie beside it.
    A finished one is not made again.

    Args:
        per_intent: rows made for each intent on average, in the proportions of the seeds; as many
            as there are real seeds, if None. Fewer starve the next generation.

    Raises:
        TextsynthError: the recipe has no model or no seeds, a policy is unknown, or a run fails.
    """
    progress = progress or Progress()
    section = _check(recipe, count, policies)
    base = _derived(recipe, section, per_intent, key_file)
    progress.step("generation 1", "learns from real rows")
    first = pipeline.generate(base, output / FIRST / "1", key_file=key_file, progress=progress)
    made = corpus.read(first.folder / "corpus.parquet")
    own, holdout = (_of_intents(_seeds(first, name), made) for name in ("seeds", "holdout"))
    chains = {policy: [(first, own.num_rows)] for policy in policies}
    for policy, chain in chains.items():
        for number in range(2, count + 1):
            tables = [corpus.read(run.folder / "corpus.parquet") for run, _ in chain]
            if not tables[-1].num_rows:
                progress.warn(f"{policy}: generation {number - 1} has no rows to learn from")
                break
            rows = learnt(policy, own, tables, section.min_real, recipe.seed)
            progress.step(
                f"{policy}: generation {number}", f"learns from {rows.num_rows} scrubbed rows"
            )
            path = output / policy / f"{number}.jsonl"
            write_text(path, "".join(_lines(rows)))
            run = pipeline.generate(
                _next(base, policy, number, path),
                output / policy / str(number),
                key_file=key_file,
                progress=progress,
            )
            chain.append((run, rows.num_rows))
    return _measured(recipe, chains, own, holdout, progress)


def _check(recipe: Recipe, count: int, policies: Sequence[str]) -> Seeds:
    if recipe.model is None or recipe.seeds is None:
        raise RecipeError(
            "nothing learns from the seeds: the recipe has no model",
            fix="add `model: {base: auto}` and `seeds`",
        )
    if count < 2:
        raise UsageError(f"{count} generations show nothing", fix="ask for 2 or more")
    for policy in policies:
        if policy not in POLICIES:
            raise UsageError(f"there is no policy {policy!r}", fix=did_you_mean(policy, POLICIES))
    return recipe.seeds


def _derived(
    recipe: Recipe, section: Seeds, per_intent: int | None, key_file: Path | None
) -> Recipe:
    """The recipe with the model as its one source, without exports and metrics."""
    section = section.model_copy(update={"holdout": section.holdout or HOLDOUT})
    if per_intent is None:
        secret = keyed.load_secret(key_file)
        read = seeds.read(section.path, secret=secret, language=recipe.language, learnt=True)
        own, _ = seeds.split_holdout(read.utterances, section.holdout, recipe.seed)
        per_intent = math.ceil(len(own) / len({row.intent for row in own}))
    made = recipe.generate.model_copy(
        update={
            "per_intent": per_intent,
            "per_slot": None,
            "distribution": "seeds",
            "per_pattern": 1,
            "share": None,
            "names": False,
        }
    )
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-1",
            "seeds": section,
            "templates": None,
            "lists": {},
            "generate": made,
            "evaluate": (),
            "gates": (),
            "export": (),
            "tracking": Tracking(),
        }
    )


def _next(base: Recipe, policy: str, number: int, path: Path) -> Recipe:
    """The recipe of a further generation: its seeds are scrubbed already, and no share of real rows
    is asked of them."""
    return base.model_copy(
        update={
            "name": f"{base.name[:-2]}-{policy}-{number}",
            "seed": keyed.stream(base.seed, "generation", number) % 2**31,
            "seeds": Seeds(path=path.resolve(), allow_synthetic=True, min_real=0.0),
            "scrub": False,
        }
    )


def learnt(
    policy: str, real: pa.Table, made: Sequence[pa.Table], min_real: float, seed: int
) -> pa.Table:
    """The rows that the next generation learns from: tables of `corpus.SCHEMA`, `made` in the order
    of the generations. Rows of each intent are drawn by key, as many as `real` has of it."""
    size = Counter(corpus.column(real, "intent"))
    number = len(made) + 1
    if policy == "accumulate":
        return corpus.concat([real, *(_drawn(rows, size, seed, number) for rows in made)])
    if policy == "replace":
        return _drawn(made[-1], size, seed, number)
    kept = {intent: math.ceil(min_real * count) for intent, count in size.items()}
    rest = {intent: count - kept[intent] for intent, count in size.items()}
    return corpus.concat([_drawn(real, kept, seed, number), _drawn(made[-1], rest, seed, number)])


def _drawn(rows: pa.Table, size: Mapping[Any, int], seed: int, number: int) -> pa.Table:
    left = Counter(size)
    chosen = []
    intents = corpus.column(rows, "intent")
    for at in keyed.order(keyed.stream(seed, "learnt", number), corpus.column(rows, "id")):
        if left[intents[at]] > 0:
            left[intents[at]] -= 1
            chosen.append(int(at))
    return corpus.take(rows, sorted(chosen))


def _lines(rows: pa.Table) -> Iterable[str]:
    for row in corpus.utterances(rows):
        plain = {
            "text": row.text,
            "intent": row.intent,
            "slots": [dataclasses.asdict(slot) for slot in row.slots],
            "generation": row.generation,
        }
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _seeds(run: Run, name: str) -> pa.Table:
    path = run.folder / "seeds" / f"{name}.parquet"
    return corpus.read(path) if path.is_file() else corpus.empty()


def _of_intents(rows: pa.Table, made: pa.Table) -> pa.Table:
    """The rows of intents that the model writes: others have too few patterns to learn from."""
    known = set(corpus.column(made, "intent"))
    intents = corpus.column(rows, "intent")
    return corpus.take(rows, [at for at, intent in enumerate(intents) if intent in known])


def _measured(
    recipe: Recipe,
    chains: Mapping[str, Sequence[tuple[Run, int]]],
    own: pa.Table,
    holdout: pa.Table,
    progress: Progress,
) -> Findings:
    progress.step("collapse", "measuring the generations")
    runs = {run.folder: run for chain in chains.values() for run, _ in chain}
    tokens, nats = _losses(recipe, list(runs.values()), own, holdout)
    known = {folder: corpus.read(folder / "corpus.parquet") for folder in runs}
    one_of: dict[Path, Generation] = {}
    policies: dict[str, list[Generation]] = {}
    for policy, chain in chains.items():
        policies[policy] = [
            one_of.setdefault(
                run.folder, Generation(number, known[run.folder], rows, nats.get(run.folder))
            )
            for number, (run, rows) in enumerate(chain, start=1)
        ]
    context = Context(
        embed=lambda texts: models.load_embedder()(texts),
        seed=recipe.seed,
        language=recipe.language,
    )
    found = collapse(policies, own, holdout, context, tokens=tokens)
    return dataclasses.replace(found, notes=[_equal(own, policies), *found.notes])


def _equal(own: pa.Table, policies: Mapping[str, Sequence[Generation]]) -> str:
    """What is kept equal, and where it could not be."""
    fewest = min(one.learnt for chain in policies.values() for one in chain)
    told = (
        f"Each generation learns from as many rows of each intent as the real seeds have "
        f"({own.num_rows:,} in all), under accumulate from so many more each time; the model is "
        "its one source, each row has a pattern of its own, and patterns that it learnt from are "
        "not taken again, which slows a collapse down."
    )
    if fewest < own.num_rows:
        told += f" The fewest that one learnt from are {fewest:,}: no more were made."
    return told


def _losses(
    recipe: Recipe, runs: Sequence[Run], own: pa.Table, holdout: pa.Table
) -> tuple[Any, dict[Path, Floats]]:
    """(tokens of each holdout pattern, run folder -> its nats) under the fine-tuned models: each
    pattern in the list of its intent, as they learnt it, the head not counted. Adapters change no
    embedding, so that one vocabulary serves all and their figures compare."""
    assert recipe.model is not None
    if recipe.model.backend != "local" or not holdout.num_rows:
        return None, {}
    from peft import PeftModel

    starts, texts = _listed(holdout)
    model, vocabulary = trimmed.load(
        models.language_model_source(recipe.model.base),
        [start + text for start, text in zip(*_listed(corpus.concat([own, holdout])), strict=True)],
    )
    tokens, nats = None, {}
    for run in runs:
        with models.quiet():
            tuned = PeftModel.from_pretrained(model, str(run.folder.joinpath(*ADAPTER))).eval()
        nats[run.folder], tokens = score.losses(tuned, vocabulary, starts, texts)
        model = tuned.unload()
    return tokens, nats


def _listed(rows: pa.Table) -> tuple[list[str], list[str]]:
    """(list head, the first pattern of the list) of each row."""
    starts, texts = [], []
    for intent, pattern in zip(
        corpus.column(rows, "intent"), corpus.column(rows, "pattern"), strict=True
    ):
        starts.append(prompts.render([Listed(intent, Style(), ())], closed=False))
        texts.append(f" {' '.join(pattern.split())}\n")
    return starts, texts
