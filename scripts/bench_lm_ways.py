"""The ways that scripts/bench_lm.py compares: what they share, training, and generation."""

from __future__ import annotations

import argparse
import contextlib
import gc
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import inputs

from textsynth import keyed, models, patterns
from textsynth.errors import SeedError
from textsynth.lm import adapter, constrain, decode, finetune, generate, prompts, style, trimmed
from textsynth.lm.plain import rows_in_one_piece
from textsynth.lm.prompts import Listed
from textsynth.lm.vocabulary import Vocabulary

SEED = 1
BATCH = 64
RANK = 16
SAMPLING = decode.Sampling()
COPIES = tuple(range(generate.COPIES))
Patterns = dict[str, list[str]]


@dataclass(frozen=True)
class Setup:
    """What all measurements share. Steps and held-out sequences are rows of the trimmed model;
    weights that multiply are given as (body, head)."""

    source: models.ModelSource
    own: Patterns
    vocabulary: Vocabulary
    steps: list[list[list[int]]]
    held: list[list[int]]
    asked: list[generate.Prompt]
    trimmed: tuple[int, int]
    whole: tuple[int, int]
    shapes: list[tuple[int, int]]

    def load(self) -> Any:
        """The trimmed model; what was measured before is let go."""
        gc.collect()
        return trimmed.load(self.source, texts(self.own))[0]

    def load_whole(self) -> Any:
        """The model as it comes."""
        gc.collect()
        return models.load_weights(self.source)


@dataclass(frozen=True)
class Made:
    """What a way generated: the tokens of each completion, prompt-major, and how long it took."""

    seconds: float
    sampled: int
    completions: list[str]


def read(path: Path, slots: bool) -> Patterns:
    own: Patterns = {}
    for row in inputs.rows(path, text=str, intent=str):
        spans = [(s["start"], s["end"], s["label"]) for s in row.get("slots") or () if slots]
        pattern = patterns.render(patterns.delexicalise(row["text"], spans))
        own.setdefault(row["intent"], []).append(pattern)
    return {intent: list(dict.fromkeys(listed)) for intent, listed in own.items()}


def texts(own: Patterns) -> list[str]:
    lists = [Listed(intent, style.Style(), tuple(listed)) for intent, listed in own.items()]
    return [*(prompts.render([listed], closed=True) for listed in lists), *style.heads()]


def set_up(options: argparse.Namespace) -> Setup:
    own = read(options.seeds, options.slots)
    if not own:
        raise SeedError("there are no seeds", where=str(options.seeds), fix="give some")
    source = models.language_model_source("auto")
    model, vocabulary = trimmed.load(source, texts(own))
    learnt, held = finetune.hold_out(own, SEED)
    if not held:
        held = {intent: listed[-1:] for intent, listed in own.items() if len(listed) > 1}
        if not held:
            message = "no intent has two patterns, of which one is set aside"
            raise SeedError(message, where=str(options.seeds), fix="give more seeds")
        learnt = {
            intent: listed[: -1 if intent in held else None] for intent, listed in own.items()
        }

    def encode(lists: Sequence[Listed]) -> list[int]:
        return vocabulary.encode(prompts.render(lists, closed=True), fallback=True)

    def steps() -> Iterator[list[list[int]]]:
        for epoch in count():
            yield from finetune.steps([*map(encode, finetune.sequences(learnt, epoch, SEED))])

    intents = [list(own)[at] for at in keyed.order(keyed.stream(SEED, "intents"), list(own))]
    asked = []
    for n in range(options.prompts):  # intents in turn, so that a part of the prompts has many too
        turn, at = divmod(n, len(intents))
        intent = intents[at]
        asked += generate.make_prompts(intent, own[intent], 1, first=turn, seed=SEED)
    body, head = weights(model)
    shapes = {tuple(m.weight.shape) for m in model.modules() if type(m).__name__ == "Linear"}
    return Setup(
        source,
        own,
        vocabulary,
        list(islice(steps(), options.steps)),
        [encode([Listed(intent, style.Style(), tuple(p))]) for intent, p in held.items()],
        asked,
        (body, head),
        (body, head // len(vocabulary.kept) * len(vocabulary.rows)),
        sorted(shapes),
    )


def weights(model: Any) -> tuple[int, int]:
    head = model.get_output_embeddings()
    linear = [m.weight.numel() for m in model.modules() if isinstance(m, type(head))]
    return sum(linear) - head.weight.numel(), head.weight.numel()


# -- training ---------------------------------------------------------------------------------


def train(model: Any, steps: Sequence[Any], total: int, fast: bool) -> tuple[Any, float]:
    """The adapted model after some of `total` steps, and tokens a second."""
    import torch

    tuned = adapter.attach(model, rank=RANK, seed=SEED).train()
    own = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    learning_rate = finetune.Settings().learning_rate
    plain = torch.optim.AdamW(own, lr=learning_rate, weight_decay=0.0)
    optimizer = finetune.optimizer_of(own, learning_rate) if fast else plain
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: finetune._rate(n, total))
    with finetune.fast_passes(tuned) if fast else contextlib.nullcontext() as on:
        if fast and not on:
            sys.exit("this model cannot have ragged batches")
        finetune.batch_loss(tuned, [steps[0][0][:8]], fast=fast).backward()  # the first is slower
        optimizer.zero_grad(set_to_none=True)
        started = time.perf_counter()
        for step in steps:
            finetune.batch_loss(tuned, step, fast=fast).backward()
            torch.nn.utils.clip_grad_norm_(own, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
        seconds = time.perf_counter() - started
    return tuned.eval(), sum(len(row) for step in steps for row in step) / seconds


def whole_ids(setup: Setup, rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Rows of the trimmed model as ids of the whole one."""
    return [setup.vocabulary.kept[list(row)].tolist() for row in rows]


def held_loss(setup: Setup, tuned: Any, whole: bool) -> float:
    """Nats a token of the sequences set aside, over the trimmed vocabulary."""
    import torch

    total = tokens = 0.0
    native = torch.autocast("cpu", dtype=torch.bfloat16, enabled=tuned.dtype == torch.bfloat16)
    with torch.no_grad(), native:
        for step in finetune.steps(setup.held):
            labels = torch.tensor([token for row in step for token in row[1:]])
            rows = whole_ids(setup, step) if whole else step
            logits = finetune._padded_logits(tuned, rows)[0]
            if whole:
                logits = logits[:, torch.from_numpy(setup.vocabulary.kept)]
            total += float(torch.nn.functional.cross_entropy(logits.float(), labels)) * len(labels)
            tokens += len(labels)
    return total / tokens


def training(setup: Setup, dtype: Any, tokens: int | None = None) -> tuple[float, float]:
    """The plain way in a type: tokens a second, and the held-out loss. With `tokens`, it is timed
    on the first so many of a sequence, and the loss is NaN."""
    steps = [whole_ids(setup, step) for step in setup.steps]
    if tokens is not None:
        steps = [[steps[0][0][:tokens]]]
    model = setup.load_whole().to(dtype)
    tuned, speed = train(model, steps, len(setup.steps), fast=False)
    return speed, math.nan if tokens else held_loss(setup, tuned, whole=True)


def our_training(setup: Setup) -> tuple[float, float, Any]:
    """Ours: tokens a second, the held-out loss, and the adapter's weights."""
    from peft import get_peft_model_state_dict

    tuned, speed = train(setup.load(), setup.steps, len(setup.steps), fast=True)
    state = {name: w.clone() for name, w in get_peft_model_state_dict(tuned).items()}
    return speed, held_loss(setup, tuned, whole=False), state


# -- generation -------------------------------------------------------------------------------


def merged(model: Any, state: Any) -> Any:
    from peft import set_peft_model_state_dict

    if state is None:
        return model.eval()
    tuned = adapter.attach(model, rank=RANK, seed=SEED)
    set_peft_model_state_dict(tuned, state)
    return tuned.merge_and_unload().eval()


Clock = list[float]  # when a batch began, and when each token of it was there, in seconds


def scaled(clocks: Sequence[Clock], tokens: float) -> float:
    """The seconds that batches would have taken for so many tokens each, had they been let: the
    prompts' pass and so many of their mean steps."""
    seconds = 0.0
    for times in clocks:
        mean = (times[-1] - times[1]) / max(1, len(times) - 2)
        seconds += times[1] - times[0] + mean * (tokens - 1)
    return seconds


def plain(
    setup: Setup, state: Any, dtype: Any, most: int, completions: int
) -> tuple[Made, list[Clock]]:
    """`model.generate` on the first completions, each up to the blank line that ends a list; also
    the clocks of its batches."""
    import torch
    from transformers import StoppingCriteriaList

    model = merged(setup.load_whole(), state).to(dtype)
    tokenizer = setup.vocabulary.tokenizer
    ids = [setup.vocabulary.encode(p.text(), fallback=True) for p in setup.asked for _ in COPIES]
    ids = whole_ids(setup, ids[:completions])
    torch.manual_seed(SEED)

    def over(last: list[int]) -> bool:
        """Whether the last two tokens hold a blank line: what follows is no part of the list."""
        return prompts.END in tokenizer.decode(last)

    def batch(rows: list[list[int]], most: int) -> tuple[list[list[int]], Clock]:
        width, times = max(map(len, rows)), [time.perf_counter()]

        def stop(seen: Any, scores: Any, **_: Any) -> Any:
            times.append(time.perf_counter())
            lasts = seen[:, width:][:, -2:].tolist()
            return torch.tensor([over(last) for last in lasts])

        with torch.inference_mode(), rows_in_one_piece(model):
            out = model.generate(
                input_ids=torch.tensor([[0] * (width - len(row)) + row for row in rows]),
                attention_mask=torch.tensor(
                    [[0] * (width - len(row)) + [1] * len(row) for row in rows]
                ),
                do_sample=True,
                temperature=SAMPLING.temperature,
                top_p=SAMPLING.top_p,
                max_new_tokens=most,
                stopping_criteria=StoppingCriteriaList([stop]),
            )
        return out[:, width:].tolist(), times

    batch(ids[:2], 2)
    made: list[list[int]] = []
    clocks: list[Clock] = []
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends])
    for at in range(0, len(ids), BATCH):
        rows, times = batch(ids[at : at + BATCH], most)
        for row in rows:  # behind its end it is padding
            lengths = range(1, len(row) + 1)
            stops = (n for n in lengths if row[n - 1] in ends or over(row[:n][-2:]))
            made.append(row[: next(stops, len(row))])
        clocks.append(times)
    seconds = sum(times[-1] - times[0] for times in clocks)
    decoded = [tokenizer.decode(row, skip_special_tokens=True) for row in made]
    return Made(seconds, sum(map(len, made)), decoded), clocks


class Unbound(constrain.Guard):
    """Bans nothing, and never takes a slot for open."""

    def banned(self, special: Sequence[int]) -> list[int]:
        return []

    def after(self, inside: str | None, row: int) -> str | None:
        return None


class Free(decode.Speaker):
    """Does not enforce slots."""

    def guard(self, labels: Any) -> constrain.Guard:
        return Unbound((), labels)


def ours(setup: Setup, state: Any, kind: type[decode.Speaker] = decode.Speaker) -> Made:
    speaker = kind(merged(setup.load(), state), setup.vocabulary)
    requests = [
        decode.Request(
            p.key,
            setup.vocabulary.encode(p.text(), fallback=True),
            COPIES,
            set(generate.slot_limits(setup.own[p.intent])),
        )
        for p in setup.asked
    ]
    made: dict[tuple[int, int], str] = {}

    def accept(place: int, copy: int, done: decode.Completion) -> None:
        made[place, copy] = done.text

    warm = replace(SAMPLING, tokens=2, lines=1)
    decode.complete(speaker, requests[:1], sampling=warm, accept=accept)
    started = time.perf_counter()
    sampled = decode.complete(speaker, requests, sampling=SAMPLING, accept=accept)
    return Made(time.perf_counter() - started, sampled, [made[at] for at in sorted(made)])
