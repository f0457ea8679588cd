#!/usr/bin/env python3
"""What filtering and selection do to generated rows, as discriminators see it that had no part.

    scripts/bench_filters.py --data DIR --set clinc150 --shots 10 --seeds 0 1 2

For each draw of seeds a large pool is generated once (kept in --work; one of other options is
refused). From its candidates equal numbers of rows are taken in several ways: after the filters at
random, with adversarial rounds before that, by the selection of the tool with and without these
rounds, and by peers of it (k-centre and facility location on embeddings). Printed of each way:

- AUC of fresh discriminators, cross-validated, of the rows against as many real rows of the same
  intents that were no seeds: NB-SVM on word 1- and 2-grams (Wang and Manning 2012), and k nearest
  neighbours on mean-pooled hidden states of the base model. 0.5 is chance. `real` is real against
  real. Where rows have slots, the real rows are also filled from the lists that fill the rows
  (`same values`), since made-up values are meant to differ from real ones. The
  ceiling is our selection among real candidates;
- distinct-2, self-BLEU;
- agreement: how often a classifier trained on all real training rows gives a row its own intent;
- what the rows are worth: accuracy on --part of a classifier trained on seeds and rows.

Real rows are the training part less the seeds; the test part is read by --part test alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bench_utility
import fewshot
import inputs
import numpy as np
import pyarrow as pa
import yaml
from bench_utility import Rows
from inputs import positive, whole

from textsynth import corpus, keyed, scrub, seeds, values
from textsynth.evaluate import discriminators, diversity
from textsynth.filters import quality, select
from textsynth.pipeline import prepare, seedside, supply
from textsynth.pipeline.basemodel import BaseModel
from textsynth.pipeline.collect import collect
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import open_run
from textsynth.seeds import ONE_CLASS
from textsynth.values import ValueList

Choice = Callable[[pa.Table], list[int]]


class Replay:
    """Candidates of an earlier run, given in their order as they are asked for."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._left: dict[str, list[int]] = defaultdict(list)
        for row, intent in enumerate(corpus.column(rows, "intent")):
            self._left[intent].append(row)

    def more(self, want: dict[str, int]) -> supply.Supplied:
        given: list[int] = []
        for intent, count in want.items():
            given += self._left[intent][:count]
            del self._left[intent][:count]
        return supply.Supplied(corpus.take(self._rows, given))


# -- ways to choose ------------------------------------------------------------------------------


def by_intent(pool: pa.Table) -> dict[str, list[int]]:
    """The rows of each intent."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, intent in enumerate(corpus.column(pool, "intent")):
        rows[intent].append(row)
    return rows


def at_random(per_intent: int) -> Choice:
    """As many of each intent by keyed hash."""

    def choose(pool: pa.Table) -> list[int]:
        texts = corpus.column(pool, "text")
        order = keyed.order(keyed.stream(0, "random"), texts).tolist()
        taken: Counter[str] = Counter()
        intents, kept = corpus.column(pool, "intent"), []
        for row in order:
            if taken[intents[row]] < per_intent:
                taken[intents[row]] += 1
                kept.append(row)
        return kept

    return choose


def k_centre(per_intent: int, embed: Any) -> Choice:
    """The row farthest from those chosen, in each intent (Gonzalez 1985)."""

    def choose(pool: pa.Table) -> list[int]:
        vectors, kept = embed(corpus.column(pool, "text")), []
        for rows in by_intent(pool).values():
            own = vectors[rows]
            nearest = np.full(len(rows), -1.0)
            at = int((own @ own.mean(axis=0)).argmax())
            for _ in range(min(per_intent, len(rows))):
                kept.append(rows[at])
                nearest = np.maximum(nearest, own @ own[at])
                nearest[at] = np.inf
                at = int(nearest.argmin())
        return kept

    return choose


def facility(per_intent: int, embed: Any) -> Choice:
    """Greedy facility location on cosines, in each intent (Mirchandani and Francis 1990)."""

    def choose(pool: pa.Table) -> list[int]:
        vectors, kept = embed(corpus.column(pool, "text")), []
        for rows in by_intent(pool).values():
            likeness = vectors[rows] @ vectors[rows].T
            covered = np.zeros(len(rows))
            free = np.ones(len(rows), bool)
            for _ in range(min(per_intent, len(rows))):
                gain = np.maximum(likeness - covered, 0).sum(axis=1)
                at = int(np.where(free, gain, -np.inf).argmax())
                kept.append(rows[at])
                free[at] = False
                covered = np.maximum(covered, likeness[at])
        return kept

    return choose


def herded(per_intent: int, real: pa.Table) -> Choice:
    """The tool's own selection."""

    def choose(pool: pa.Table) -> list[int]:
        cells = {(i, "model"): per_intent for i in set(corpus.column(pool, "intent"))}
        return select.select(pool, cells, real, per_pattern=pool.num_rows, seed=0)

    return choose


def invented(folder: Path, lists: Mapping[str, ValueList]) -> dict[str, ValueList]:
    """The lists to which the model of a run added values, with these."""
    reviewed = yaml.safe_load((folder / "run" / "patterns" / "patterns.yaml").read_text("utf-8"))
    return {
        label: values.from_surfaces(
            label, [*(value.surface for value in lists[label].values), *map(str, more)]
        )
        for label, more in reviewed.get("invented_values", {}).items()
    }


# -- one draw of seeds -----------------------------------------------------------------------------


class Draw:
    """The candidates of a draw of seeds, and all that filters want."""

    def __init__(self, options: argparse.Namespace, draw: int) -> None:
        folder = options.work / f"{options.set}-{options.shots}-{draw}"
        bench_utility.corpus_of(options, options.shots, draw)
        self.recipe = Recipe.load(folder / "recipe.yaml")
        file = seeds.read(folder / "seeds.jsonl", secret=bytes(32), language="en")
        run = open_run(folder / "replay", self.recipe.fingerprint(), "if-possible")
        self.run, progress = run, Progress()
        side = seedside.scrubbed_side(self.recipe, file, set(), bytes(32), run, Ledger(), progress)
        self.lists = prepare.value_lists(self.recipe, side, None) | invented(folder, side.lists)
        context = prepare.filter_context(self.recipe, side, self.lists)
        embed = bench_utility.embedder(options.work)
        self.context = dataclasses.replace(context, embed=embed)
        shards = sorted((folder / "run" / "candidates").glob("shard-*.parquet"))
        pool = corpus.concat(corpus.read(shard) for shard in shards)
        written = [row for row, o in enumerate(corpus.column(pool, "origin")) if o == "model"]
        self.pool = corpus.take(pool, written)
        self.seeds = [json.loads(line) for line in (folder / "seeds.jsonl").open()]

    def collected(
        self, spare: float, filters: list[Any], per_intent: int
    ) -> tuple[pa.Table, Ledger]:
        """The pool as the pipeline leaves it with these filters."""
        plain = self.recipe.model_dump(mode="json", exclude_defaults=True)
        plain |= {"filters": filters, "seeds": {"path": str(self.recipe.seeds.path)}}
        plain["generate"] = {"per_intent": per_intent, "per_pattern": 3, "spare": spare,
                             "budget": 1000, "names": False}  # fmt: skip
        recipe = Recipe.model_validate(plain)
        intents = sorted(set(corpus.column(self.pool, "intent")))
        quotas = {(intent, "model"): per_intent for intent in intents}
        ledger = Ledger()
        source = {"model": Replay(self.pool)}
        pool = collect(recipe, source, quotas, self.context, self.run, ledger, Progress())
        return pool, ledger

    def real(self, rows: list[dict[str, Any]], per_intent: int, skip: int = 0) -> list[dict]:
        """Real rows that are no seeds, so many an intent."""
        known = {corpus.fold(seed["text"]) for seed in self.seeds}
        by: dict[str, list[dict]] = defaultdict(list)
        for row in rows:
            if corpus.fold(row["text"]) not in known:
                by[row["intent"]].append(row)
        drawn: list[dict] = []
        for intent in sorted(by):
            order = keyed.order(keyed.stream(7, "real", intent), [r["text"] for r in by[intent]])
            drawn += [by[intent][at] for at in order[skip : skip + per_intent]]
        return drawn

    def refilled(self, rows: list[dict[str, Any]]) -> pa.Table:
        """Real rows with their slots filled from the lists that fill the rows; those with a slot
        that no list fills are left out."""
        path = self.run.path("real.jsonl")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        patterns = scrub.unscrubbed(seeds.read(path, secret=bytes(32), language="en").utterances)
        own = (
            (one.id, one.intent or ONE_CLASS, one.pattern)
            for one in patterns.patterns
            if all(slot.label in self.lists for slot in one.pattern.slots)
        )
        return supply.realised_seeds(own, self.lists, language="en", seed=1)


def rows_of(table: pa.Table) -> Rows:
    texts, intents = corpus.column(table, "text"), corpus.column(table, "intent")
    return Rows(texts, intents, np.ones(len(texts)))


def paired(there: Rows, own: Rows) -> tuple[list[str], list[str]]:
    """As many texts of each intent from both, the n-th of both of one intent."""
    sides: list[dict[str, list[str]]] = [defaultdict(list), defaultdict(list)]
    for side, rows in zip(sides, (there, own), strict=True):
        for text, intent in zip(rows.texts, rows.intents, strict=True):
            side[intent].append(text)
    pairs = [
        pair
        for intent in sorted(sides[0])
        for pair in zip(*(s[intent] for s in sides), strict=False)
    ]
    return [one for one, _ in pairs], [other for _, other in pairs]


def measure(options: argparse.Namespace, number: int) -> None:
    """The tables of one draw."""
    from sklearn.linear_model import LogisticRegression

    train = fewshot.read(options.data / options.set, "train")
    tested = fewshot.read(options.data / options.set, options.part)
    draw = Draw(options, number)
    embed = draw.context.embed
    per = options.rows
    real, again = draw.real(train, per), draw.real(train, per, skip=per)
    slotted = any(row.get("slots") for row in real)
    texts = {"real": Rows.of(real)}
    if slotted:
        texts["same values"] = rows_of(draw.refilled(real))
    judge = LogisticRegression(C=10, max_iter=1000)
    judge.fit(embed([row["text"] for row in train]), [row["intent"] for row in train])
    base = BaseModel(draw.recipe.model.base, lambda: texts["real"].texts)

    def told_apart(name: str, there: Rows, own: Rows) -> str:
        sides = paired(there, own)
        words = discriminators.nb_svm(*sides, paired=True)
        states = discriminators.neighbours(*map(base.hidden_states, sides), paired=True)
        return f"{name} {words.value:.3f} {states.value:.3f}"

    def fresh(own: Rows) -> str:
        return "  ".join(told_apart(name, there, own) for name, there in texts.items())

    seeds_ = Rows.of(draw.seeds)
    gold = np.array([row["intent"] for row in tested])
    asked = [row["text"] for row in tested]

    def worth(rows: Rows) -> str:
        found = [
            (classify(rows, asked, embed) == gold).mean()
            for classify in bench_utility.CLASSIFIERS.values()
        ]
        return " ".join(f"{value:.1%}" for value in found)

    print(
        f"\n{options.set}, {options.shots} shots, draw {number}: {draw.pool.num_rows:,} candidates"
    )
    print("AUC: NB-SVM, kNN on hidden states; worth: MiniLM + LR, TF-IDF + LR, rows at weight 0.3")
    own = Rows.of(again)
    others = {"real": own} | ({"same values": rows_of(draw.refilled(again))} if slotted else {})
    told = "  ".join(told_apart(name, texts[name], other) for name, other in others.items())
    print(f"{'real against real':34} {len(again):5}  {told}  "
          f"d2 {diversity.distinct_2(own.texts):.3f}")  # fmt: skip
    print(f"{'seeds alone':34} {len(seeds_.texts):5}  worth {worth(seeds_)}")
    checks = [check for check in quality.CHECKS if check != "perplexity"]  # minutes here
    label = {"label": {"model": options.judge, "reader": options.reader}}
    plainly = ["exact", "near", "semantic", label, {"quality": {"checks": checks}}, "memorised"]
    rounds = {"adversarial": {"rounds": options.rounds}}
    plain, _ = draw.collected(options.spare, plainly, per)
    judged, ledger = draw.collected(options.spare, [*plainly, rounds], per)
    for one in ledger.rounds:
        before, after, auc = one["before"], one["after"], one["auc"] or np.nan  # too few rows
        print(f"  round {one['number']}: AUC {auc:.3f}, judged {one['judged']}, dropped "
              f"{one['dropped']}, distinct-2 {before['distinct_2']:.3f} {after['distinct_2']:.3f}"
              f"{', undone: ' + one['undone'] if one['undone'] else ''}")  # fmt: skip
    random, chosen = at_random(per), herded(per, draw.context.seeds)
    others_real = draw.refilled(draw.real(train, int(per * options.spare), skip=2 * per))
    perfect = corpus.replace_column(others_real, "origin", ["model"] * others_real.num_rows)
    ways = {
        "real candidates, our selection": (perfect, chosen),
        "no rounds, at random": (plain, random),
        "no rounds, k-centre": (plain, k_centre(per, embed)),
        "no rounds, facility location": (plain, facility(per, embed)),
        "no rounds, our selection": (plain, chosen),
        "adversarial rounds, at random": (judged, random),
        "adversarial rounds, our selection": (judged, chosen),
    }
    for name, (pool, choose) in ways.items():
        kept = corpus.take(pool, choose(pool))
        rows = rows_of(kept)
        agreed = float(np.mean(judge.predict(embed(rows.texts)) == np.array(rows.intents)))
        print(f"{name:34} {len(rows.texts):5}  {fresh(rows)}  "
              f"d2 {diversity.distinct_2(rows.texts):.3f}  "
              f"self-BLEU {diversity.self_bleu(rows.texts):.3f}  agreement {agreed:.3f}  "
              f"worth {worth(seeds_ + rows.weighted(0.3))}  alone {worth(rows)}",
              flush=True)  # fmt: skip


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation sets")
    parser.add_argument("--set", default="clinc150", help="folder in it: clinc150 or snips")
    parser.add_argument("--shots", type=positive, default=10)
    parser.add_argument("--seeds", type=whole, nargs="+", default=[0, 1, 2])
    parser.add_argument("--per-intent", type=positive, default=60, help="of the pool")
    parser.add_argument("--per-pattern", type=positive, default=1)
    parser.add_argument("--rows", type=positive, default=10, help="rows kept an intent")
    parser.add_argument("--spare", type=float, default=6, help="candidates to choose from, a row")
    parser.add_argument("--rounds", type=positive, default=2, help="of the adversarial filter")
    parser.add_argument(
        "--best-of", type=positive, default=1, help="patterns of the pool for each taken"
    )
    parser.add_argument("--invent", type=whole, default=0, help="further values of each slot")
    parser.add_argument("--judge", default="auto", help="sentence encoder of the label filter")
    parser.add_argument("--reader", help="language model that reads what the judge is unsure of")
    parser.add_argument("--base", default="auto", help="the language model: a hub id or a folder")
    parser.add_argument("--others", nargs="*", default=[], help="models that write beside it")
    parser.add_argument("--epochs", type=positive, default=4)
    parser.add_argument("--part", default="valid", help="valid (to tune) or test")
    parser.add_argument("--work", type=Path, default=Path("runs/filters"))
    options = parser.parse_args()
    options.filters, options.surplus, options.refilled = ["exact", "label"], False, 0
    options.work.mkdir(parents=True, exist_ok=True)
    for draw in options.seeds:
        measure(options, draw)


if __name__ == "__main__":
    main()
