#!/usr/bin/env python3
"""How fast duplicates go, and how many of those planted are found: ours beside peers.

Each contender runs in a process of its own, so that its peak memory is its own (with that of its
largest worker); the machine is shared, so only ratios of one run compare. Drawing the rows is not
timed, cutting them into shingles is. Exit status 1 if one failed.

    python scripts/bench_dedup.py [--rows 1000000] [--peer-rows 50000] [--vectors 100000]
        [--intents 16]

`ceiling` folds and hashes each text once. `near` is `exact` and then `near` on rows drawn from
templates/home/intents; `datasketch` and `rensa` get the same texts and the same shingles (128
permutations), fewer rows by default, and `plain` is ours on those. Peers know no patterns: rensa
tells every row that is near any, datasketch every row near an earlier one, siblings too. One row in
a thousand is planted again with a comma or a word more, under a pattern of its own; those count
that are at the threshold or over. `semantic` and `semhash` get the same synthetic unit vectors of
384 dimensions, in `--intents` intents (semhash has none), one in ten planted again at a cosine of
about 0.98: no embedder is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONTENDERS = ("ceiling", "near", "plain", "datasketch", "rensa", "semantic", "semhash")
PEERS = ("plain", "datasketch", "rensa")
TEMPLATES = HERE.parent / "templates" / "home" / "intents"
THRESHOLD, COSINE = 0.8, 0.95
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=50_000)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--intents", type=int, default=16, help="that the vectors are of")
    parser.add_argument("--only", choices=CONTENDERS, nargs="*", default=list(CONTENDERS))
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(globals()[f"run_{options.child}"](options)))
        return
    failed = False
    for name in options.only:
        found = measure(name, options)
        print_row(name, found)
        failed = failed or found is None
    if failed:
        sys.exit(1)


def measure(name: str, options: argparse.Namespace) -> Figures | None:
    """One contender in a process of its own; None where it failed."""
    rows = options.peer_rows if name in PEERS else options.rows
    command = [sys.executable, __file__, "--child", name, "--rows", str(rows)]
    command += ["--vectors", str(options.vectors), "--intents", str(options.intents)]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        print(f"{name:10s} failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    found: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def print_row(name: str, found: Figures | None) -> None:
    if found:
        planted = f"{found['found']:,.0f}/{found['planted']:,.0f}" if found["planted"] else "-"
        print(
            f"{name:10s} {found['rows']:>10,.0f} rows {found['seconds']:8.2f} s"
            f" {found['rows'] / found['seconds']:>12,.0f} rows/s {found['peak_mb']:6.0f} MB"
            f"  planted {planted}  dropped {found['dropped']:,.0f}",
            flush=True,
        )


def spent(began: float, rows: int, dropped: Any = (), planted: Any = ()) -> Figures:
    """Figures of a run; `dropped` are row numbers, `planted` pairs of them.

    A pair is found where not both stay: an original may go for a third row that its copy is not
    near.
    """
    gone = set(dropped)
    return {
        "seconds": time.perf_counter() - began,
        "rows": rows,
        "dropped": len(gone),
        "planted": len(planted),
        "found": sum(one in gone or other in gone for one, other in planted),
        "peak_mb": sum(
            resource.getrusage(whose).ru_maxrss / 1024
            for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ),
    }


def corpus_of(rows: int) -> tuple[Any, list[tuple[int, int]]]:
    """Template rows and after them the planted ones; and (row, its planted copy), row numbers."""
    from bulk import load, parts

    from textsynth import corpus
    from textsynth.grammar import draw

    pack, planted = load(TEMPLATES), rows // 1000
    there = {intent: draw.capacity(pack, intent, seed=0) for intent in pack.intents}
    given = parts(there, rows - planted).items()
    drawn = corpus.concat(draw.draw(pack, intent, 0, n, seed=0) for intent, n in given)
    step = drawn.num_rows // planted
    copied = corpus.take(drawn, range(0, planted * step, step))
    texts = [edited(text, at) for at, text in enumerate(corpus.column(copied, "text"))]
    for name, values in (("text", texts), ("pattern", texts), ("id", [f"~{t}" for t in texts])):
        copied = corpus.replace_column(copied, name, values)
    every = corpus.concat([drawn, copied])
    near = similar(corpus.column(drawn, "text")[: planted * step : step], texts)
    pairs = [(at * step, drawn.num_rows + at) for at in range(planted)]
    return every, [pair for pair, value in zip(pairs, near, strict=True) if value >= THRESHOLD]


def similar(left: list[str], right: list[str]) -> list[float]:
    """The Jaccard similarity of texts, pair by pair."""
    import numpy as np
    import pyarrow as pa

    from textsynth.corpus import fold
    from textsynth.filters.sketches import Sketches

    sketches = Sketches(pa.array([fold(text) for text in left + right]), THRESHOLD)
    places = np.arange(len(left + right))
    sketches.need(places)
    found: list[float] = sketches.sets.jaccard(places[: len(left)], places[len(left) :]).tolist()
    return found


def edited(text: str, at: int) -> str:
    """A comma after the second word, or an exclamation mark and a short word at the end."""
    first, _, rest = text.partition(" ")
    second, blank, rest = rest.partition(" ")
    return f"{first} {second},{blank}{rest}" if at % 2 else f"{text} ok!"


def context() -> Any:
    from textsynth.corpus import empty
    from textsynth.filters import Context

    return Context(empty(), empty(), lambda texts: vectors_of(len(texts))[0], lambda t: [], seed=1)


def run_ceiling(options: argparse.Namespace) -> Figures:
    """Read the column, fold each text, hash it."""
    from textsynth.corpus import column, fold

    corpus, _ = corpus_of(options.rows)
    began = time.perf_counter()
    distinct = {fold(text) for text in column(corpus, "text")}
    return spent(began, corpus.num_rows, range(corpus.num_rows - len(distinct)))


def run_near(options: argparse.Namespace) -> Figures:
    """`exact`, then `near` on what it left."""
    from textsynth.corpus import take
    from textsynth.filters.exact import exact
    from textsynth.filters.near import near

    corpus, planted = corpus_of(options.rows)
    began = time.perf_counter()
    reasons = exact(corpus, context()).reasons
    gone = [at for at, why in enumerate(reasons) if why]
    left = [at for at, why in enumerate(reasons) if not why]
    verdicts = near(take(corpus, left), context(), threshold=THRESHOLD)
    gone += [at for at, why in zip(left, verdicts.reasons, strict=True) if why]
    return spent(began, corpus.num_rows, gone, planted)


def run_plain(options: argparse.Namespace) -> Figures:
    """Ours on the rows of the peers."""
    return run_near(options)


def shingled(corpus: Any) -> tuple[Any, Any]:
    """The shingles of all texts, and how many each has."""
    from textsynth.corpus import column, fold
    from textsynth.filters.shingles import shingles

    return shingles([fold(text) for text in column(corpus, "text")])


def run_datasketch(options: argparse.Namespace) -> Figures:
    """MinHashLSH: query, then insert what nothing was found for."""
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    corpus, planted = corpus_of(options.rows)
    began = time.perf_counter()
    flat, counts = shingled(corpus)
    index, gone = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for at, hashes in enumerate(np.split(flat.astype(np.uint64), np.cumsum(counts)[:-1])):
        sketch = MinHash(num_perm=128, hashfunc=int)
        sketch.update_batch(hashes.tolist())
        if index.query(sketch):
            gone.append(at)
        else:
            index.insert(at, sketch)
    return spent(began, len(counts), gone, planted)


def run_rensa(options: argparse.Namespace) -> Figures:
    """The batch path: R-MinHash of all, then which of them are near any other."""
    import numpy as np
    from rensa import RMinHash, RMinHashLSH

    corpus, planted = corpus_of(options.rows)
    began = time.perf_counter()
    flat, counts = shingled(corpus)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat.astype(np.uint64), offsets, 128, 42)
    index = RMinHashLSH(THRESHOLD, 128, 16)
    flags = index.query_duplicate_flags_matrix_one_shot(matrix)
    return spent(began, len(counts), np.flatnonzero(flags).tolist(), planted)


def vectors_of(count: int) -> tuple[Any, list[tuple[int, int]]]:
    """Random unit vectors; the last tenth are neighbours of the first."""
    import numpy as np

    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = count // 10
    vectors[count - near :] = vectors[:near] + 0.2 * vectors[count - near :]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, [(at, count - near + at) for at in range(near)]


def run_semantic(options: argparse.Namespace) -> Figures:
    """Rows of a few intents; a planted one is in the intent of its neighbour."""
    from textsynth.corpus import Utterance, to_table
    from textsynth.filters.semantic import semantic

    count = options.vectors
    first = count - count // 10
    _, planted = vectors_of(count)
    rows = to_table(
        Utterance(
            f"{at:08d}", f"{at:08d}", str((at - first if at >= first else at) % options.intents)
        )
        for at in range(count)
    )
    known = context()
    began = time.perf_counter()
    reasons = semantic(rows, known, threshold=COSINE).reasons
    return spent(began, count, [at for at, why in enumerate(reasons) if why], planted)


def run_semhash(options: argparse.Namespace) -> Figures:
    """Given the vectors: building its index and `self_deduplicate`."""
    from semhash import SemHash

    vectors, planted = vectors_of(options.vectors)
    texts = [f"{at:08d}" for at in range(options.vectors)]

    class Given:
        def encode(self, inputs: Any, **_: Any) -> Any:
            return vectors[[int(text) for text in inputs]]

    began = time.perf_counter()
    result = SemHash.from_records(texts, model=Given()).self_deduplicate(threshold=COSINE)
    gone = [int(record.record) for record in result.filtered]
    return spent(began, options.vectors, gone, planted)


if __name__ == "__main__":
    main()
