#!/usr/bin/env python3
"""How fast dialogues are simulated: templates to annotated rows in a Parquet file.

    scripts/bench_dialogue_speed.py [--recipe templates/home/recipe.yaml] [--dialogues 100000]

Simulates so many dialogues of the recipe's flows together, without model and filters, on as many
processes as there are cores, cut at 8 turns and uncut, and writes them as `corpus.parquet` is
written. Beside it the ceiling: the same turns, ready as tuples, gathered into rows and written,
which is what is left if nothing has to be decided or worded; in one process, since it is measured
for its cost a turn. There is no peer: no generator of annotated dialogues from templates is known
to us that runs without a model.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from textsynth import corpus
from textsynth.dialogue import flowfile
from textsynth.dialogue.rows import Rows
from textsynth.pipeline import dialogues
from textsynth.progress import Progress
from textsynth.recipe import Recipe

CEILING = 10_000  # dialogues that the ceiling is measured on


def simulate(recipe: Recipe, count: int, target: Path) -> tuple[pa.Table, float]:
    """Simulate `count` dialogues, shared out over the flows, and write them; the seconds."""
    assert recipe.dialogues is not None
    began = time.perf_counter()
    names = sorted(flowfile.load(recipe.dialogues.path).files)
    shards = []
    for at, name in enumerate(names):
        own = range(count * at // len(names), count * (at + 1) // len(names))
        shards += dialogues.in_shards(name, range(len(own)))
    here = dialogues.simulator(recipe, None)
    table = dialogues.simulated(recipe, None, here, Progress(), shards)
    corpus.write(table, target)
    return table, time.perf_counter() - began


def ceiling(table: pa.Table, target: Path) -> tuple[int, float]:
    """The same turns, gathered and written by one process; how many, and the seconds."""
    turns = list(corpus.utterances(table))
    ends = [turn.turn == 0 for turn in turns[1:]] + [True]
    began = time.perf_counter()
    rows = Rows("en")
    whole = None
    for turn, ends_here in zip(turns, ends, strict=True):
        whole = turn.dialogue or whole
        rows.add(
            turn.speaker or "",
            turn.text,
            act=turn.act or "",
            pattern=turn.pattern or "",
            origin=turn.origin,
            slots=[(s.start, s.end, s.label, s.value) for s in turn.slots],
            parents=turn.parents,
            intent=turn.intent,
            state=turn.state,
        )
        if ends_here and whole:
            rows.close(turn.dialogue_id or "", whole)
    corpus.write(rows.table(), target)
    return len(turns), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=Path("templates/home/recipe.yaml"))
    parser.add_argument("--dialogues", type=int, default=100_000)
    options = parser.parse_args()
    print(f"{options.dialogues:,} dialogues of {options.recipe}, {os.cpu_count()} processes")
    with tempfile.TemporaryDirectory() as folder:
        for most in (8, 40):
            recipe = Recipe.load(options.recipe, [f"dialogues.max_turns={most}"])
            table, seconds = simulate(recipe, options.dialogues, Path(folder) / "made.parquet")
            size = (Path(folder) / "made.parquet").stat().st_size >> 20
            print(
                f"at most {most:2} turns: {table.num_rows:,} turns "
                f"({table.num_rows / options.dialogues:.1f} a dialogue) in {seconds:.1f} s, "
                f"{table.num_rows / seconds:,.0f} a second; {size} MB"
            )
        part = table.slice(0, first_of(table, CEILING))
        turns, seconds = ceiling(part, Path(folder) / "ceiling.parquet")
        print(f"ceiling, one process: {turns / seconds:,.0f} turns a second")
    peak = sum(resource.getrusage(of).ru_maxrss for of in (0, resource.RUSAGE_CHILDREN)) >> 10
    print(f"peak memory: {peak:,} MB, this process and the largest worker together")


def first_of(table: pa.Table, count: int) -> int:
    """The rows of the first `count` dialogues."""
    starts = [at for at, turn in enumerate(corpus.column(table, "turn")) if turn == 0]
    return starts[count] if count < len(starts) else table.num_rows


if __name__ == "__main__":
    main()
