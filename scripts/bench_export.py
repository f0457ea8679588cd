#!/usr/bin/env python3
"""A million rows to Parquet, Rasa and JSON lines: seconds and memory, beside pyarrow's own writers.

    scripts/bench_export.py -n 1000000

The rows are drawn from templates/home. Each export runs in a process of its own, which maps the
corpus from a file; `peak` is the most memory that was resident in it, the pages of that file that
were touched included. The ceilings: the same bytes copied, and a table of the columns that go to
JSON written by `pyarrow.csv` without its lists.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from textsynth import corpus, registry
from textsynth.errors import UsageError
from textsynth.export import About
from textsynth.grammar import draw, grammar

sys.path.insert(0, str(Path(__file__).parent))
import inputs
from bulk import parts

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("parquet", "rasa", "jsonl", "csv")
TIMED = ("parquet", "rasa", "jsonl")  # of which the sum must be under a minute
PART = 20_000


def make(rows: int, target: Path) -> None:
    """Draw the rows into a Parquet file, a part at a time; it has its name when it is whole."""
    pack = grammar.load(ROOT / "templates" / "home" / "intents")
    there = {intent: draw.capacity(pack, intent, seed=0) for intent in pack.intents}
    given, temporary = parts(there, rows), target.with_suffix(".tmp")
    with pq.ParquetWriter(temporary, corpus.SCHEMA, compression="zstd") as out:
        for intent, asked in given.items():
            for start in range(0, asked, PART):
                out.write_table(draw.draw(pack, intent, start, min(start + PART, asked), seed=0))
    temporary.rename(target)


def export(format: str, source: Path, folder: Path) -> str:
    """Run an exporter; returns what it reports."""
    report = registry.find("exporters", format)(corpus.read(source), folder, About("bench"))
    return f"{report.written:,} rows, {sum(report.refused.values()):,} refused"


def load(format: str, source: Path, folder: Path) -> str:
    """Read the corpus and do nothing with it."""
    return f"{corpus.read(source).num_rows:,} rows"


def flat_csv(format: str, source: Path, folder: Path) -> str:
    """The columns without lists, by pyarrow's writer."""
    names = ["id", "text", "intent", "language", "origin", "generation", "split"]
    table = corpus.read(source).select(names)
    plain = [column.cast(pa.string()) for column in table.columns]
    pyarrow.csv.write_csv(pa.table(plain, names=names), folder)
    return f"{folder.stat().st_size / 1e6:,.0f} MB"


def copy(format: str, source: Path, folder: Path) -> str:
    """The bytes of an export, copied."""
    shutil.copytree(folder.with_name(format), folder)
    return f"{size(folder) / 1e6:,.0f} MB"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def timed(what: Callable[[str, Path, Path], str], format: str, source: Path, folder: Path) -> float:
    """Run in a process of its own and print its figures; returns the seconds."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, used, peak, said = pool.apply(_measure, (what, format, source, folder))
    name = f"{what.__name__} {format}".strip()
    print(f"{name:20} {seconds:7.1f} s  {used:7.1f} s CPU  {peak / 1e6:7,.0f} MB peak  {said}")
    return seconds


def _measure(
    what: Callable[[str, Path, Path], str], format: str, source: Path, folder: Path
) -> tuple[float, float, float, str]:
    started, used = time.perf_counter(), time.process_time()
    said = what(format, source, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return time.perf_counter() - started, time.process_time() - used, peak, said


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--rows", type=inputs.positive, default=1_000_000)
    parser.add_argument("-o", "--output", type=Path, help="keep the exports in this new folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = options.output or Path(temporary)
        source = output / "corpus.parquet"
        output.mkdir(parents=True, exist_ok=True)
        if any(output.iterdir()):
            fix = "name another folder, or empty this one"
            raise UsageError("the folder is not empty", where=str(output), fix=fix)
        make(options.rows, source)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        timed(load, "", source, output)
        seconds = {name: timed(export, name, source, output / name) for name in FORMATS}
        print(f"{' + '.join(TIMED)}: {sum(seconds[name] for name in TIMED):.1f} s")
        for name in FORMATS:
            timed(copy, name, source, output / f"{name}-copy")
        timed(flat_csv, "", source, output / "flat.csv")


if __name__ == "__main__":
    main()
