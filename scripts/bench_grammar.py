#!/usr/bin/env python3
"""How fast utterances are drawn: ours, the ceiling of numpy + Arrow, and peers.

Each contender writes the same number of distinct utterances of one template set (10
intents, 80 sentences, 12 lists) in a process of its own, one thread, one after the other; ours and
the ceiling write all columns of the corpus. Rates are by processor time, since the machine is
shared; only ratios of one run compare. `near` draws 440,000 of the 460,800 derivations of one
sentence into memory, `tenth` 46,080 of them nine times over.

    python scripts/bench_grammar.py --data DIR [--rows 1000000] [--rounds 1] [--peers VENV]

DIR holds make_templates.py, which defines the set (INTENTS, SLOTS, parse, hassil); VENV is a
virtual environment with chatette. Exit status 1 if a contender failed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONTENDERS = ("ours", "ceiling", "tenth", "near", "hassil", "chatette")
BATCH = 65_536
ONE_SENTENCE = "[please] (turn|switch) on the {device} in the {room} at {time}"
ROWS_OF_ONE = {"tenth": 46_080, "near": 440_000}
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--data", type=Path, required=True, help="folder with make_templates.py")
    parser.add_argument("--peers", type=Path, help="a virtual environment that has the peers")
    parser.add_argument("--only", choices=CONTENDERS, nargs="*", default=list(CONTENDERS))
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        sys.path.insert(0, str(options.data))
        print(json.dumps(globals()[f"run_{options.child}"](options)))
        return
    results: dict[str, list[Figures]] = {}
    failed = False
    for _ in range(options.rounds):
        for name in options.only:
            if name == "chatette" and options.peers is None:
                continue
            found = measure(name, options)
            failed = failed or found is None
            if found:
                results.setdefault(name, []).append(found)
                print_row(name, found)
    compare({n: max(r["rows"] / r["seconds"] for r in runs) for n, runs in results.items()})
    if failed:
        sys.exit(1)


def measure(name: str, options: argparse.Namespace) -> Figures | None:
    """One contender in a process of its own; None where it failed."""
    python = sys.executable
    if name == "chatette":
        python = str(options.peers / "bin" / "python")
    with tempfile.TemporaryDirectory() as folder:
        command = [python, __file__, "--child", name, "--rows", str(options.rows)]
        command += ["--data", str(options.data.resolve()), "--out", str(Path(folder) / "out")]
        env = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=HERE.parent)
    if done.returncode:
        print(f"{name:10s} failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    found: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def print_row(name: str, found: Figures) -> None:
    rate = found["rows"] / found["seconds"]
    print(
        f"{name:10s} {found['rows']:>10,.0f} rows {found['seconds']:8.2f} s CPU"
        f" {found['wall']:8.2f} s wall {rate:>12,.0f} rows/s CPU"
        f" {found['peak_mb']:6.0f} MB",
        flush=True,
    )


def compare(rates: dict[str, float]) -> None:
    """The figures that were promised, from the best round of each."""
    for name, wanted in (("ceiling", 0.6), ("hassil", 3.0), ("chatette", 25.0)):
        if name in rates and "ours" in rates:
            print(f"ours / {name}: {rates['ours'] / rates[name]:.2f} (wanted {wanted})")
    if "near" in rates and "tenth" in rates:
        print(f"near exhaustion / a tenth: {rates['near'] / rates['tenth']:.2f} (wanted 1)")


def run_ours(options: argparse.Namespace) -> Figures:
    import yaml
    from make_templates import hassil

    return drawn(yaml.safe_dump(hassil(), sort_keys=False, width=1000), options.rows, options.out)


def run_near(options: argparse.Namespace, rows: int = ROWS_OF_ONE["near"]) -> Figures:
    """One sentence, in memory, warm: what a row costs, early and late."""
    import yaml
    from make_templates import hassil

    from textsynth.grammar.draw import prepare
    from textsynth.grammar.grammar import loads

    pack = hassil() | {"intents": {"one": {"data": [{"sentences": [ONE_SENTENCE]}]}}}
    prepared = prepare(loads(yaml.safe_dump(pack, sort_keys=False, width=1000)), "one", 7)
    step, times = ROWS_OF_ONE["tenth"], ROWS_OF_ONE["near"] // rows  # the same work in all
    prepared.draw(0, step)
    began = clock()
    for _ in range(times):
        for start in range(0, rows, step):
            prepared.draw(start, min(rows, start + step))
    found = spent(began, rows * times)
    said = prepared.draw(0, rows).column("text").to_pylist()
    if len(set(said)) != rows:
        raise SystemExit("texts repeat")
    return found


def run_tenth(options: argparse.Namespace) -> Figures:
    """The same with a tenth of what there is."""
    return run_near(options, ROWS_OF_ONE["tenth"])


def drawn(pack: str, rows: int, out: Path) -> Figures:
    """Rows of a pack to Parquet, compilation and writing included, one thread."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from textsynth import corpus
    from textsynth.grammar.draw import prepare
    from textsynth.grammar.grammar import loads

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    began = clock()
    grammar = loads(pack)
    each = rows // len(grammar.intents)
    with pq.ParquetWriter(out, corpus.SCHEMA, **settings(corpus.SCHEMA)) as writer:
        for intent in grammar.intents:
            prepared = prepare(grammar, intent, 7)
            for start in range(0, each, BATCH):
                writer.write_table(prepared.draw(start, min(each, start + BATCH)))
    found = spent(began, rows)
    verify(out, rows)
    return found


def settings(schema: Any) -> dict[str, Any]:
    """How Parquet is written, by ours and by the ceiling alike."""
    plain = [name for name in schema.names if name not in ("id", "text", "slots", "parents")]
    nested = ["slots.list.element.label", "slots.list.element.value", "parents.list.element"]
    useful = ["intent", "language", "origin", "generation", "split"]
    return {
        "compression": "snappy",
        "use_dictionary": [*plain, *nested],
        "write_statistics": useful,
    }


def clock() -> tuple[float, float]:
    """Processor time and wall time, seconds."""
    return time.process_time(), time.perf_counter()


def spent(began: tuple[float, float], rows: int) -> Figures:
    """Time since `began`, and the most memory there was until now."""
    cpu, wall = clock()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": cpu - began[0], "wall": wall - began[1], "peak_mb": peak}


def verify(out: Path, rows: int) -> None:
    """All texts differ, and every slot of a sample slices to its value."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(out, columns=["text", "slots"])
    if not len(pc.unique(table.column("text"))) == table.num_rows == rows:
        raise SystemExit("texts repeat, or are missing")
    for row in table.slice(0, 20_000).to_pylist():
        for slot in row["slots"]:
            if row["text"][slot["start"] : slot["end"]] != slot["value"]:
                raise SystemExit(f"a slot is off: {row}")


def run_ceiling(options: argparse.Namespace) -> Figures:
    """What `ceiling.py` does, with the columns of the corpus: exact sampling without replacement by
    decoding indices, sentence by sentence, unkeyed and in no particular order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from make_templates import INTENTS

    from textsynth import corpus

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    random = np.random.default_rng(7)
    began = clock()
    each = options.rows // len(INTENTS)
    arrays: dict[int, Any] = {}
    with pq.ParquetWriter(options.out, corpus.SCHEMA, **settings(corpus.SCHEMA)) as writer:
        for intent, sentences in INTENTS.items():
            compiled = [tokens(sentence) for sentence in sentences]
            sizes = [int(np.prod([len(values) for _, values in toks])) for toks in compiled]
            tables = []
            for number, (toks, wanted) in enumerate(zip(compiled, even(each, sizes), strict=True)):
                index = sample(random, wanted, sizes[number])
                place = f"template:{number}"
                tables.append(decoded(intent, place, toks, index, arrays, corpus.SCHEMA))
            writer.write_table(pa.concat_tables(tables))
    found = spent(began, options.rows)
    verify(options.out, options.rows)
    return found


def tokens(sentence: str) -> list[tuple[str | None, list[str]]]:
    """(slot, values) in turn; white space around optionals goes into their values."""
    from make_templates import SLOTS, parse

    parsed = parse(sentence)
    found: list[tuple[str | None, list[str]]] = []
    for place, (kind, value) in enumerate(parsed):
        if kind == "slot":
            found.append((value, SLOTS[value]))
        elif kind in ("text", "alt"):
            found.append((None, [value] if kind == "text" else list(value)))
        elif place == 0:
            found.append((None, [*(f"{word} " for word in value), ""]))
            parsed[1] = ("text", parsed[1][1].lstrip())
        else:
            found[-1] = (found[-1][0], [word.rstrip() for word in found[-1][1]])
            found.append((None, [*(f" {word}" for word in value), ""]))
    return found


def even(wanted: int, sizes: list[int]) -> list[int]:
    """`wanted` dealt evenly to parts of these sizes."""
    from textsynth.grammar.schedule import shares

    return shares(wanted, sizes)


def sample(random: Any, wanted: int, size: int) -> Any:
    import numpy as np

    if wanted * 3 >= size:
        return random.permutation(size)[:wanted]
    found = np.unique(random.integers(0, size, size=int(wanted * 1.02) + 16))
    while len(found) < wanted:
        found = np.unique(np.concatenate([found, random.integers(0, size, wanted)]))
    return random.permutation(found)[:wanted]


def decoded(
    intent: str, place: str, toks: list[Any], index: Any, arrays: dict[int, Any], schema: Any
) -> Any:
    """Rows of one sentence as a table of the corpus."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from textsynth import corpus
    from textsynth.grammar.arrow import hex_ids

    rows, rest = len(index), index
    texts, patterns, starts, ends, labels, values = [], [], [], [], [], []
    at = np.zeros(rows, np.int32)
    for slot, words in toks:
        pool = arrays.setdefault(
            id(words), (pa.array(words), np.array([len(w) for w in words], np.int32), words)
        )
        quotient = rest // len(words)
        digit = pa.array((rest - quotient * len(words)).astype(np.int32))
        rest = quotient
        column = pool[0].take(digit) if len(words) > 1 else pa.scalar(words[0])
        length = pool[1][digit]
        texts.append(column)
        patterns.append(column if slot is None else pa.scalar(f"{{{slot}}}"))
        if slot is not None:
            starts.append(at)
            ends.append(at + length)
            labels.append(slot)
            values.append((pool[0], digit))
        at = at + length
    many = len(labels)
    label = pa.DictionaryArray.from_arrays(
        pa.array(np.tile(np.arange(many, dtype=np.int32), rows)), pa.array(labels)
    ).cast(pa.string())
    base = np.cumsum([0, *(len(pool) for pool, _ in values)])
    picks = [digit.to_numpy() + base[n] for n, (_, digit) in enumerate(values)]
    value = pa.concat_arrays([pool for pool, _ in values]).take(
        pa.array(np.stack(picks, 1).ravel())
    )
    slots = pa.StructArray.from_arrays(
        [
            pa.array(np.stack(starts, 1).ravel()),
            pa.array(np.stack(ends, 1).ravel()),
            label,
            value,
        ],
        fields=list(corpus.SLOT),
    )
    every = pa.array(np.arange(0, (rows + 1) * many, many, dtype=np.int32))
    zeros = pa.array(np.zeros(rows, np.int32))
    pattern = pc.binary_join_element_wise(*patterns, "")
    pattern = pa.repeat(pattern, rows) if isinstance(pattern, pa.Scalar) else pattern
    found = {
        "id": hex_ids(f"template/{intent}/", index.astype(np.uint64)),
        "text": pc.binary_join_element_wise(*texts, ""),
        "intent": pa.DictionaryArray.from_arrays(zeros, pa.array([intent])),
        "slots": pa.ListArray.from_arrays(every, slots),
        "pattern": pattern,
        "language": pa.repeat(pa.scalar("en"), rows),
        "origin": pa.DictionaryArray.from_arrays(zeros, pa.array(["template"])),
        "generation": pa.array(np.ones(rows, np.int8)),
        "parents": pa.ListArray.from_arrays(
            pa.array(np.arange(rows + 1, dtype=np.int32)), pa.repeat(pa.scalar(place), rows)
        ),
        "scores": pa.ListArray.from_arrays(
            pa.array(np.zeros(rows + 1, np.int32)), pa.array([], corpus.SCORE)
        ),
    }
    columns = [found.get(f.name) for f in schema]
    filled = [
        pa.nulls(rows, f.type) if column is None else column
        for f, column in zip(schema, columns, strict=True)
    ]
    return pa.table(filled, schema=schema)


def run_hassil(options: argparse.Namespace) -> Figures:
    """hassil's sampling: texts without spans, in enumeration order, as JSON Lines."""
    from hassil.intents import Intents
    from hassil.sample import sample_intents
    from make_templates import hassil

    began = clock()
    intents = Intents.from_dict(hassil())
    each, rows = options.rows // 10, 0
    with options.out.open("w") as file:
        for intent, text in sample_intents(intents, max_sentences_per_intent=each):
            file.write(json.dumps({"intent": intent, "text": text.strip()}) + "\n")
            rows += 1
    return spent(began, rows)


def run_chatette(options: argparse.Namespace) -> Figures:
    """Chatette's command line, JSON Lines; the rows are those that it wrote, into a folder."""
    from make_templates import chatette

    source = options.out.with_suffix(".chatette")
    source.write_text(chatette(options.rows // 10), encoding="utf-8")
    command = [sys.executable, "-m", "chatette", str(source), "-o", str(options.out)]
    began = clock()
    subprocess.run([*command, "-f", "-s", "7", "-a", "jsonl"], check=True, capture_output=True)
    wall = clock()[1] - began[1]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss / 1024
    rows = sum(len(file.read_bytes().splitlines()) for file in options.out.rglob("*.jsonl"))
    if not rows:
        raise SystemExit("chatette wrote no rows")
    return {"rows": rows, "seconds": seconds, "wall": wall, "peak_mb": peak}


if __name__ == "__main__":
    main()
