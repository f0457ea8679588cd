#!/usr/bin/env python3
"""How long an evaluation takes, and whether the metrics are right where the truth is known.

    scripts/bench_evaluate.py --data DIR [--synthetic 10000 --real 3000 --holdout 2000] [--mixing]

DIR holds clinc150 with data.jsonl(.gz), as scripts/fewshot.py says; its training and validation
parts are read. Printed:

- the seconds of each metric for so many synthetic rows against so many real ones, those held out
  included. The synthetic
  rows are training rows that are no real ones, with one word in eight swapped for another of the
  corpus, so that figures are not those of the same text. Beside them the reference libraries on the
  same vectors (mauve-text, prdc, sacrebleu), and the ceiling: embedding the texts, which no metric
  of likeness can do without;
- known cases: two disjoint halves of real rows, shuffled labels, one sentence repeated, a
  generator that memorised. What each should give stands beside it.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fewshot
import inputs
import numpy as np

from textsynth import corpus, models, registry
from textsynth.corpus import Utterance
from textsynth.evaluate import Context, Findings, Sets
from textsynth.pipeline import evaluating

Rows = list[Utterance]


def utterances(rows: list[dict[str, Any]], origin: str) -> Rows:
    return [
        Utterance(f"{origin}/{n}", row["text"], row["intent"], pattern=row["text"], origin=origin)
        for n, row in enumerate(rows)
    ]


def blurred(rows: Rows, share: float = 1 / 8) -> Rows:
    """Rows with a share of their words swapped for words of other rows."""
    draw = random.Random(0)
    words = [word for row in rows for word in row.text.split()]
    made = []
    for row in rows:
        own = [draw.choice(words) if draw.random() < share else w for w in row.text.split()]
        made.append(replace(row, text=" ".join(own), pattern=" ".join(own)))
    return made


def sets_of(synthetic: Rows, real: Rows, holdout: Rows) -> Sets:
    tables = [corpus.to_table(rows) for rows in (synthetic, real, holdout)]
    return Sets(tables[0], tables[1], tables[2], tables[1])


def context_of(sets: Sets) -> Context:
    embedder = models.load_embedder()
    return replace(evaluating.context_of(sets, None, None, seed=0, language="en"), embed=embedder)


def timed(what: str, function: Callable[[], Any]) -> Any:
    began = time.monotonic()
    found = function()
    print(f"  {what:34} {time.monotonic() - began:7.1f} s", flush=True)
    return found


def figure(findings: Findings, name: str, **slice_: object) -> str:
    for one in findings.figures:
        if one.name == name and dict(one.slice) == slice_:
            spread = "" if one.low is None else f" [{one.low:.3f}, {one.high:.3f}]"
            other = "" if one.reference is None else f" (real {one.reference.value:.3f})"
            return f"{one.value:.3f}{spread}{other}"
    return "not measured"


def speed(synthetic: Rows, real: Rows, holdout: Rows, *, mixing: bool) -> None:
    sets = sets_of(synthetic, real, holdout)
    context = context_of(sets)
    print(f"\n{len(synthetic):,} synthetic rows, {len(real):,} real, {len(holdout):,} held out")
    texts = [row.text for row in (*synthetic, *real, *holdout)]
    began = time.monotonic()
    timed("ceiling: embedding all texts", lambda: context.embed(texts))
    for name in evaluating.USUAL:
        timed(name, lambda name=name: registry.find("metrics", name)(sets, context))
    print(f"  {'all of it':34} {time.monotonic() - began:7.1f} s")
    if mixing:
        found = timed("mixing", lambda: registry.find("metrics", "mixing")(sets, context))
        print(f"  {'; '.join(found.notes)}")
    peers(synthetic, real, context)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:,.0f} MB")


def peers(synthetic: Rows, real: Rows, context: Context) -> None:
    """What the reference libraries take for single figures on the same vectors."""
    import mauve
    from prdc import compute_prdc
    from sacrebleu.metrics.bleu import BLEU

    ours = context.embed([row.text for row in synthetic])
    theirs = context.embed([row.text for row in real])
    size = min(5000, len(ours), len(theirs))
    timed(
        f"peer: mauve-text, {size:,} a side",
        lambda: mauve.compute_mauve(p_features=theirs[:size], q_features=ours[:size]),
    )
    timed(
        "peer: prdc, all rows",
        lambda: compute_prdc(real_features=theirs, fake_features=ours, nearest_k=5),
    )
    texts = [row.text for row in synthetic[:500]]
    bleu = BLEU(effective_order=True)
    timed(
        "peer: sacrebleu, self-BLEU of 500",
        lambda: [bleu.sentence_score(t, texts[:n] + texts[n + 1 :]) for n, t in enumerate(texts)],
    )


def known_cases(rows: Rows, holdout: Rows) -> None:
    print("\nknown cases: figure, what it gives, what it should give")

    def show(case: str, name: str, metric: str, sets: Sets, should: str, **slice_: object) -> None:
        found = registry.find("metrics", metric)(sets, context_of(sets))
        print(f"  {case:28} {name:20} {figure(found, name, **slice_):44} {should}", flush=True)

    half = len(rows) // 2
    halves = sets_of(rows[:half], rows[half:], rows[half:])
    for name, should in (
        ("mauve", "above 0.95"), ("auc_words", "0.50 +- 0.03"), ("auc_neighbours", "0.50 +- 0.03"),
        ("precision", "as real"), ("recall", "as real"),
    ):  # fmt: skip
        show("two halves of one real set", name, "fidelity", halves, should)
    few, many = rows[: half // 4], rows[half : half + half // 2]
    labels = [row.intent for row in many]
    np.random.default_rng(0).shuffle(labels)
    shuffled = [replace(row, intent=intent) for row, intent in zip(many, labels, strict=True)]
    for case, made, should in (
        ("real rows as synthetic ones", many, "above 0"), ("shuffled labels", shuffled, "below 0")
    ):  # fmt: skip
        show(case, "gain", "utility", sets_of(made, few, holdout), should)
    one = [replace(rows[0], id=f"one/{n}") for n in range(1000)]
    for name, should in (("distinct_2", "near 0"), ("self_bleu", "1"), ("vendi", "1")):
        show("one sentence repeated", name, "diversity", sets_of(one, few, holdout), should)
    copies = blurred(rows[:1000], 1 / 16)
    memory = sets_of(copies, rows[:1000], rows[1000:2000])
    show("a generator that memorised", "mia_auc", "privacy", memory, "above 0.9")
    innocent = sets_of(rows[2000:3000], rows[:1000], rows[1000:2000])
    show("one that never saw the seeds", "mia_auc", "privacy", innocent, "holds 0.5")


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation sets")
    parser.add_argument("--synthetic", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=3_000)
    parser.add_argument("--holdout", type=int, default=2_000)
    parser.add_argument("--mixing", action="store_true", help="time the mixing curve too")
    parser.add_argument("--cases", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    rows = utterances(fewshot.read(options.data / "clinc150", "train"), "seed")
    random.Random(0).shuffle(rows)
    holdout = utterances(fewshot.read(options.data / "clinc150", "valid"), "seed")
    random.Random(1).shuffle(holdout)
    made = blurred([replace(row, origin="model") for row in rows[: options.synthetic]])
    real = rows[options.synthetic : options.synthetic + options.real]
    speed(made, real, holdout[: options.holdout], mixing=options.mixing)
    if options.cases:
        known_cases(rows[:10_000], holdout)


if __name__ == "__main__":
    main()
