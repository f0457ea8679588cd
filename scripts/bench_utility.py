#!/usr/bin/env python3
"""Do synthetic rows help a classifier that has few real ones? Seeds against seeds + synthetic.

    scripts/bench_utility.py --data DIR --set clinc150 --shots 5 --seeds 0 1 2 --part valid

For each number of shots and each draw of seeds a corpus is made by `textsynth.generate` (kept in
--work and taken from there the next time; one of other options is refused), then two classifiers
are trained on the seeds, on the synthetic rows, and on both, and tested on real text:
all-MiniLM-L6-v2 with logistic regression, and TF-IDF (words 1-2, characters 3-5) with logistic
regression, what runs on a device. `x 0.1` says what synthetic rows weigh; the intents' own names,
which people gave, weigh as much as seeds. Tune on `valid`, report on `test`. DIR holds folders with
data.jsonl(.gz), as scripts/fewshot.py says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fewshot
import inputs
import numpy as np
import pyarrow.parquet as pq
from inputs import positive, whole

from textsynth import Recipe, corpus, generate, models
from textsynth.errors import RunError

WEIGHTS = (0.1, 0.3, 1.0)
BOOTSTRAPS = 1000


@dataclass(frozen=True)
class Rows:
    """Texts with their intents and weights."""

    texts: list[str]
    intents: list[str]
    weights: np.ndarray

    @classmethod
    def of(cls, rows: list[dict[str, Any]], weight: float = 1.0) -> Rows:
        weights = np.full(len(rows), weight)
        return cls([r["text"] for r in rows], [r["intent"] for r in rows], weights)

    def weighted(self, weight: float) -> Rows:
        return Rows(self.texts, self.intents, self.weights * weight)

    def __add__(self, other: Rows) -> Rows:
        weights = np.concatenate([self.weights, other.weights])
        return Rows(self.texts + other.texts, self.intents + other.intents, weights)


def embedder(work: Path) -> Any:
    """Sentence embeddings, kept in the work folder by the hash of their text."""
    load, known, store = models.load_embedder, {}, work / "embeddings.npz"
    if store.exists():
        with np.load(store) as kept:
            known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def embed(texts: list[str]) -> np.ndarray:
        keys = [hashlib.blake2b(text.encode(), digest_size=12).hexdigest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            known.update(zip(new, load()(list(new.values())), strict=True))
            np.savez(store, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        return np.stack([known[key] for key in keys])

    return embed


def minilm(train: Rows, texts: list[str], embed: Any) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10, max_iter=1000)
    model.fit(embed(train.texts), train.intents, sample_weight=train.weights)
    return model.predict(embed(texts))


def tfidf(train: Rows, texts: list[str], embed: Any) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LogisticRegression(C=10, max_iter=1000))
    model.fit(train.texts, train.intents, logisticregression__sample_weight=train.weights)
    return model.predict(texts)


CLASSIFIERS = {"MiniLM + LR": minilm, "TF-IDF + LR": tfidf}


def corpus_of(options: argparse.Namespace, shots: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """The seeds of a draw, the names of their intents, and the other synthetic rows; what is there
    is not made again.

    Raises:
        RunError: what is there was made with other options, or of other seeds.
    """
    folder = options.work / f"{options.set}-{shots}-{seed}"
    drawn = fewshot.draw(fewshot.read(options.data / options.set, "train"), shots, seed)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in drawn)
    recipe: dict[str, Any] = {
        "name": folder.name,
        "seed": seed,
        "seeds": {"path": "seeds.jsonl"},
        "scrub": False,  # public sets without anybody in them
        "model": {"base": options.base, "others": options.others, "epochs": options.epochs},
        "generate": {
            "per_intent": options.per_intent,
            "per_pattern": options.per_pattern,
            "best_of": options.best_of,
        },
        "filters": options.filters,
    }
    if options.refilled:
        per_seed = 2 * options.refilled // shots + 1
        rows = options.per_intent + options.refilled
        seed_rows = options.refilled / rows
        recipe["generate"] |= {
            "per_intent": rows,
            "per_pattern": {"model": options.per_pattern, "seed": per_seed},
            "share": {"model": 1 - seed_rows, "seed": seed_rows},
        }
    if options.invent:
        recipe["lists"] = {"*": {"invent": options.invent}}
    _keep(folder, {"seeds.jsonl": lines, "recipe.yaml": json.dumps(recipe)})
    run = generate(Recipe.load(folder / "recipe.yaml"), folder / "run")
    made = corpus.read(run.folder / "corpus.parquet").to_pylist()
    if options.surplus:
        made += [row for row in pq.read_table(run.folder / "rejects.parquet").to_pylist()
                 if row["reason"] == "surplus"]  # fmt: skip
    names = [row for row in made if row["origin"] == "name"]
    written = [row for row in made if row["origin"] != "name"]
    return Rows.of(drawn), Rows.of(names), Rows.of(written)


def _keep(folder: Path, files: dict[str, str]) -> None:
    """Write what a run is made of, unless a run of other files has begun there."""
    if (folder / "run").exists():
        for name, text in files.items():
            file = folder / name
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                fix = "name another folder with --work, or delete this one"
                told = f"the corpus that is there was made of another {name}"
                raise RunError(told, where=str(folder), fix=fix)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def interval(gains: np.ndarray) -> tuple[float, float]:
    """The paired bootstrap's 95 % interval of a mean gain; `gains` has a row a draw of seeds and a
    column a test text."""
    random = np.random.default_rng(0)
    draws, texts = gains.shape
    means = [
        gains[random.integers(0, draws, draws)][:, random.integers(0, texts, texts)].mean()
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def measure(options: argparse.Namespace, shots: int) -> list[list[str]]:
    """The table of one number of shots."""
    real = fewshot.read(options.data / options.set, options.part)
    texts, gold = [row["text"] for row in real], np.array([row["intent"] for row in real])
    embed = embedder(options.work)
    hits: dict[tuple[str, str], list[np.ndarray]] = {}
    counts = []
    for seed in options.seeds:
        seeds, names, written = corpus_of(options, shots, seed)
        counts.append(len(names.texts) + len(written.texts))
        arms = {"seeds": seeds, "synthetic": names + written}
        both = seeds + names
        arms |= {f"seeds + synthetic x {w:g}": both + written.weighted(w) for w in WEIGHTS}
        for name, classify in CLASSIFIERS.items():
            for arm, rows in arms.items():
                hits.setdefault((name, arm), []).append(classify(rows, texts, embed) == gold)
    table = []
    for (name, arm), found in hits.items():
        gains = np.stack(found).astype(float) - np.stack(hits[name, "seeds"])
        low, high = interval(gains)
        told = "" if arm == "seeds" else f"{gains.mean():+.1%} [{low:+.1%}, {high:+.1%}]"
        each = " ".join(f"{one.mean():.1%}" for one in found)
        table.append([name, arm, f"{np.mean(found):.1%}", told, each])
    print(f"\n{options.set}, {shots} shots, {options.part}, seeds {options.seeds}, rows {counts}")
    return table


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation sets")
    parser.add_argument("--set", default="clinc150", help="folder in it: clinc150 or snips")
    parser.add_argument("--shots", type=positive, nargs="+", default=[5, 10])
    parser.add_argument("--seeds", type=whole, nargs="+", default=[0, 1, 2])
    parser.add_argument("--part", default="valid", help="valid (to tune) or test")
    parser.add_argument("--per-intent", type=positive, default=60)
    parser.add_argument("--per-pattern", type=positive, default=3)
    parser.add_argument(
        "--best-of", type=positive, default=1, help="patterns for each that is taken"
    )
    parser.add_argument("--refilled", type=whole, default=0, help="rows an intent, beside "
                        "--per-intent, of the seeds' own patterns filled again")  # fmt: skip
    parser.add_argument("--invent", type=whole, default=0, help="further values of each slot")
    parser.add_argument("--base", default="auto", help="the language model: a hub id or a folder")
    parser.add_argument("--others", nargs="*", default=[], help="models that write beside it")
    parser.add_argument("--epochs", type=positive, default=4)
    parser.add_argument("--filters", type=json.loads, default=["exact", "label"], help="as JSON")
    parser.add_argument("--surplus", action="store_true",
                        help="also the rows that passed but were not chosen")  # fmt: skip
    parser.add_argument(
        "--work", type=Path, default=Path("runs/utility"), help="kept between calls"
    )
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for shots in options.shots:
        for row in measure(options, shots):
            print(
                "  ".join(
                    cell.ljust(width) for cell, width in zip(row, (12, 24, 7, 24, 1), strict=True)
                )
            )


if __name__ == "__main__":
    main()
