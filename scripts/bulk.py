#!/usr/bin/env python3
"""Template rows in bulk: shards in parallel, resumed by shard, the same bytes however it was run.

    scripts/bulk.py templates/home/intents -n 100000 --workers 2 -o runs/bulk

Each intent gets an equal part of the rows; what a small one lacks, the others give. A shard is a
range of rows of one intent, written under a temporary name and then renamed: kill it, start it
again, and it goes on with the shards that are missing. `manifest.json` is written last.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.progress import Progress

from textsynth import corpus, engines
from textsynth.errors import TextsynthError, UsageError
from textsynth.grammar import draw, grammar
from textsynth.run import MANIFEST, open_run, write_json


@dataclass(frozen=True)
class Shard:
    """Rows start..stop of an intent, and the file they go to."""

    number: int
    templates: Path
    intent: str
    start: int
    stop: int
    seed: int
    target: Path


@cache
def load(templates: Path) -> grammar.Grammar:
    """The grammar, read once a process."""
    pack = grammar.load(templates)
    grammar.require_closed(pack)
    return pack


def make(shard: Shard) -> int:
    """Draw and write a shard; returns its rows."""
    rows = draw.draw(load(shard.templates), shard.intent, shard.start, shard.stop, seed=shard.seed)
    corpus.write(rows, shard.target)
    return rows.num_rows


def plan(templates: Path, count: int, size: int, seed: int, output: Path) -> list[Shard]:
    """Ranges of at most `size` rows, intent by intent."""
    pack = load(templates)
    there = {intent: draw.capacity(pack, intent, seed=seed) for intent in pack.intents}
    shards: list[Shard] = []
    for intent, asked in parts(there, count).items():
        for start in range(0, asked, size):
            stop = min(start + size, asked)
            target = output / "dataset" / f"shard-{len(shards):05d}.parquet"
            shards.append(Shard(len(shards), templates, intent, start, stop, seed, target))
    return shards


def parts(there: dict[str, int], count: int) -> dict[str, int]:
    """An equal part of `count` for each intent; what a small one lacks, the others give."""
    if sum(there.values()) < count:
        sys.exit(f"the templates hold {sum(there.values()):,} rows, {count:,} were asked for")
    given: dict[str, int] = {}
    for done, (intent, most) in enumerate(sorted(there.items(), key=lambda item: item[1])):
        left, intents = count - sum(given.values()), len(there) - done
        given[intent] = min(most, -(-left // intents))
    short = [intent for intent, part in given.items() if part == there[intent]]
    if short:
        print(f"all there is of {', '.join(short)}; the other intents give more")
    return {intent: given[intent] for intent in there}


def fingerprint(templates: Path, *settings: object) -> str:
    """Equal for equal templates and settings; the number of workers is no setting."""
    digest = hashlib.blake2b(repr(settings).encode(), digest_size=16)
    files = sorted(templates.rglob("*")) if templates.is_dir() else [templates]
    for file in files:
        if file.is_file():
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("templates", type=Path, help="a template file or folder")
    parser.add_argument("-n", "--rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--shard-rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--resume", choices=["never", "always", "if-possible"], default="if-possible"
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        run(options)
    except TextsynthError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(130)


def run(options: argparse.Namespace) -> None:
    """Plan, make what is missing, and write the manifest."""
    for name in ("rows", "workers", "shard_rows"):
        if getattr(options, name) < 1:
            told = f"--{name.replace('_', '-')} is {getattr(options, name)}"
            raise UsageError(told, fix="give 1 or more")
    shards = plan(options.templates, options.rows, options.shard_rows, options.seed, options.output)
    print_ = fingerprint(options.templates, options.rows, options.shard_rows, options.seed)
    open_run(options.output, print_, options.resume)
    missing = [shard for shard in shards if not shard.target.exists()]
    if len(missing) < len(shards):
        print(f"{len(shards) - len(missing)} of {len(shards)} shards are there already")
    with Progress(disable=not sys.stdout.isatty()) as bars:
        bar = bars.add_task("shards", total=len(missing))
        for _ in engines.map_shards(make, missing, workers=options.workers):
            bars.advance(bar)
    rows = sum(shard.stop - shard.start for shard in shards)
    write_json(
        options.output / MANIFEST,
        {"fingerprint": print_, "rows": rows, "shards": len(shards), "seed": options.seed},
    )
    print(f"{options.output / 'dataset'}: {rows:,} rows in {len(shards)} shards")


if __name__ == "__main__":
    main()
