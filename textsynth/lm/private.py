"""Differential privacy: the adapter trained with DP-SGD (Abadi et al. 2016) through Opacus.

The unit is the seed row: one seed is one sequence, each step takes every row with the same chance
(Poisson sampling), clips the gradient of each row and adds noise. Draws and noise are read from the
operating system's entropy, not made from the recipe's seed: who knows the seed could subtract the
noise. A private run is therefore not repeatable byte by byte. How many seeds there are is public.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import models
from textsynth.errors import ModelError
from textsynth.lm import adapter, prompts
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style
from textsynth.lm.vocabulary import Vocabulary

# Tokens of a seed beyond this are not learnt: no row may cost memory without bound.
LONGEST = 128
# What one pass computes at most; a batch of more is summed over passes, clipped row by row.
ROWS_A_PASS = 16
TOKENS_A_PASS = 1024
# Numerical accounting of the privacy loss (Gopi et al. 2021). Its epsilon is an upper bound, some
# 10 % under that of Renyi's (RDP), so that less noise is needed for the same promise.
ACCOUNTANT = "prv"
# An epsilon beyond this promises nothing (e^50), and accounting for it would take gigabytes.
MOST_EPSILON = 50.0
# How often in a run the accountant is asked, half a second each, for what progress shows.
MARKS = 10


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is asked: epsilon, delta, and the norm to which gradients are clipped.

    Delta is the chance that the promise fails. A mechanism that publishes one row in n outright has
    a delta of 1/n, so None is well below that: the smaller of 1e-5 and 1/(10 n).
    """

    epsilon: float
    delta: float | None = None
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Passes over the seeds, learning rate, LoRA rank, and rows a step on average."""

    epochs: int = 8
    learning_rate: float = 4e-4
    rank: int = 16
    batch: int = 32


@dataclass(frozen=True, slots=True)
class Spent:
    """What a training cost, as the accountant has it after the last step."""

    epsilon: float
    delta: float
    noise_multiplier: float
    sample_rate: float
    steps: int
    clip: float
    seeds: int


def finetune(
    model: Any,
    vocabulary: Vocabulary,
    seeds: Sequence[tuple[str, str]],
    *,
    privacy: Privacy,
    settings: Settings,
    seed: int,
    progress: Callable[[int, int, float], None] = lambda done, total, epsilon: None,
) -> tuple[Any, Spent]:
    """Train an adapter on (intent, written pattern) rows; `seed` keys its initial weights alone.

    No loss is shown, kept or returned, since epsilon would not cover it. `progress` takes the step,
    the steps in all, and a bound of the epsilon spent so far, which rises at ten marks of the run.

    Returns the peft model in evaluation mode, free of Opacus, and what the training cost.

    Raises:
        ModelError: Opacus is not installed, the setting cannot be had, or the weights or their
            gradients are not finite.
    """
    check(privacy)
    if not seeds:
        raise ModelError(
            "there are no seeds to train on",
            where="model.privacy",
            fix="give seeds, or leave `privacy` out",
        )
    import torch
    from opacus.accountants import create_accountant

    count = len(seeds)
    delta = min(1e-5, 0.1 / count) if privacy.delta is None else privacy.delta
    expected = min(settings.batch, count)
    rate = expected / count
    steps = math.ceil(settings.epochs / rate)
    noise = noise_multiplier(privacy.epsilon, delta, rate, steps)
    rows = [_encoded(vocabulary, intent, pattern) for intent, pattern in seeds]
    tuned = adapter.attach(model, rank=settings.rank, seed=seed)
    weights = [weight for weight in tuned.parameters() if weight.requires_grad]
    accountant = create_accountant(mechanism=ACCOUNTANT)
    shown, mark = 0.0, 0
    with _hooked(tuned.train()) as sampled:
        optimizer = _optimizer()(
            torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0),
            noise_multiplier=noise,
            max_grad_norm=privacy.clip,
            expected_batch_size=expected,
        )
        for step in range(1, steps + 1):
            drawn = (uniform(count) < rate).nonzero()[0]
            _step(sampled, optimizer, [rows[i] for i in drawn])
            accountant.step(noise_multiplier=noise, sample_rate=rate)
            if step > mark:
                # that of the mark to come: never less than what has been spent
                mark = math.ceil(steps * math.ceil(step * MARKS / steps) / MARKS)
                ahead = create_accountant(mechanism=ACCOUNTANT)
                ahead.history = [(noise, rate, mark)]
                shown = _epsilon(ahead, delta)
            progress(step, steps, shown)
    if not all(bool(torch.isfinite(weight).all()) for weight in weights):
        raise _not_finite("a weight")
    reached = _epsilon(accountant, delta)
    return tuned.eval(), Spent(reached, delta, noise, rate, steps, privacy.clip, count)


def check(privacy: Privacy) -> None:
    """Refuse what no training can keep, whatever the seeds are.

    Raises:
        ModelError: Opacus is not installed, or a setting cannot be had.
    """
    checks = [
        (
            0 < privacy.epsilon <= MOST_EPSILON,
            f"an epsilon of {privacy.epsilon:g} cannot be promised",
            f"ask for one from 1 to 10 (at most {MOST_EPSILON:g}), or leave `privacy` out",
        ),
        (
            privacy.delta is None or 0 < privacy.delta < 1,
            f"delta is a chance, not {privacy.delta}",
            "write `delta: auto`",
        ),
        (
            0 < privacy.clip < math.inf,
            f"gradients cannot be clipped to a norm of {privacy.clip:g}",
            "write `clip: 1.0`",
        ),
    ]
    for good, message, fix in checks:
        if not good:
            raise ModelError(message, where="model.privacy", fix=fix)
    if not models.installed("opacus"):
        raise ModelError(
            "model.privacy takes Opacus, which is not installed",
            fix='pip install "textsynth-corpus[dp]"',
        )


def noise_multiplier(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """Standard deviation of the noise, in clipping norms, that keeps to epsilon over all steps.

    Raises:
        ModelError: there is none.
    """
    from opacus.accountants.utils import get_noise_multiplier

    try:
        with _quiet():
            found = get_noise_multiplier(
                target_epsilon=epsilon,
                target_delta=delta,
                sample_rate=rate,
                steps=steps,
                accountant=ACCOUNTANT,
                epsilon_tolerance=epsilon / 200,
            )
        if not 0 < found < math.inf:
            raise ArithmeticError(found)
        return float(found)
    except (ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
        raise ModelError(
            f"no noise keeps epsilon {epsilon:g} (delta {delta:g}) over {steps} steps",
            where="model.privacy",
            fix="ask for a larger epsilon, fewer model.epochs, or give more seeds",
        ) from error


def _epsilon(accountant: Any, delta: float) -> float:
    with _quiet():
        return float(accountant.get_epsilon(delta))


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _hooked(tuned: Any) -> Iterator[Any]:
    """Opacus around the model, and all it left there taken off again."""
    from opacus import GradSampleModule

    with _quiet():
        sampled = GradSampleModule(tuned, loss_reduction="sum")
    try:
        yield sampled
    finally:
        sampled.remove_hooks()
        for weight in tuned.parameters():
            weight.grad = None
            for name in ("grad_sample", "summed_grad", "_forward_counter"):
                weight.__dict__.pop(name, None)


def uniform(count: int) -> npt.NDArray[np.float64]:
    """Draws in the open interval from 0 to 1, of 53 bits of the operating system's entropy each."""
    bits = np.frombuffer(os.urandom(8 * count), np.uint64) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def gaussian(count: int) -> npt.NDArray[np.float64]:
    """Standard normal draws (Box and Muller 1958) from the operating system's entropy. A generator
    of torch would have 32 bits of it at most, which can be tried out."""
    half = (count + 1) // 2
    radius = np.sqrt(-2.0 * np.log(uniform(half)))
    angle = 2.0 * np.pi * uniform(half)
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


@cache
def _optimizer() -> Any:
    """Opacus' optimizer with other noise."""
    import torch
    from opacus.optimizers import DPOptimizer

    class OwnNoise(DPOptimizer):  # type: ignore[misc]
        def add_noise(self) -> None:
            scale = self.noise_multiplier * self.max_grad_norm
            for weight in self.params:
                noise = torch.from_numpy(gaussian(weight.numel()) * scale)
                # added in double precision and rounded after: the low bits of a float32 sum would
                # tell which draws it can have come from (Mironov 2012)
                summed = weight.summed_grad.double() + noise.view_as(weight)
                weight.grad = summed.to(weight.dtype)

    return OwnNoise


def _step(sampled: Any, optimizer: Any, batch: Sequence[list[int]]) -> None:
    parts = passes(batch)
    for place, part in enumerate(parts, start=1):
        sample_gradients(sampled, part)
        optimizer.signal_skip_step(do_skip=place < len(parts))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def passes(batch: Sequence[list[int]]) -> list[list[list[int]]]:
    """A batch in parts of similar length that fit a pass; one empty part of an empty batch."""
    parts: list[list[list[int]]] = [[]]
    for row in sorted(batch, key=len):
        rows = len(parts[-1]) + 1
        if rows > 1 and (rows > ROWS_A_PASS or rows * len(row) > TOKENS_A_PASS):
            parts.append([])
        parts[-1].append(row)
    return parts


def sample_gradients(model: Any, rows: Sequence[list[int]]) -> None:
    """Leave the gradient of each row, shape (rows, ...), in `grad_sample` of each trained weight.

    A row's loss is its mean over its tokens, so that long rows do not count for more.

    Raises:
        ModelError: a gradient is not a number; the weights are as they were.
    """
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if not rows:  # the step is noise alone
        for weight in weights:
            weight.grad_sample = weight.new_zeros((0, *weight.shape))
        return
    width = max(map(len, rows))
    inputs = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    logits = model(input_ids=inputs, attention_mask=mask, use_cache=False).logits[:, :-1].float()
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), inputs[:, 1:], reduction="none"
    )
    scored = mask[:, 1:].float()
    each = (losses * scored).sum(1) / scored.sum(1).clamp(min=1)
    with _quiet():  # of hooks on layers whose input has no gradient
        each.sum().backward()  # type: ignore[no-untyped-call]
    if not all(bool(torch.isfinite(weight.grad_sample).all()) for weight in weights):
        raise _not_finite("a gradient")


def _not_finite(what: str) -> ModelError:
    return ModelError(
        f"{what} of the private training is not a finite number; nothing of it is kept",
        where="model.privacy",
        fix="lower model.learning_rate",
    )


def _encoded(vocabulary: Vocabulary, intent: str, pattern: str) -> list[int]:
    text = prompts.render([Listed(intent, Style(), (pattern,))], closed=True)
    return vocabulary.encode(text, fallback=True)[:LONGEST]


def statement(spent: Spent | None) -> str:
    """What a dataset card says of formal privacy."""
    if spent is None:
        return "**There is no formal privacy guarantee** such as differential privacy."
    # rounded up: a card must not promise more than there is
    epsilon = math.ceil(spent.epsilon * 100) / 100
    return (
        "**Differential privacy covers the adapter, per seed row**: it was trained with DP-SGD at "
        f"(epsilon, delta) = ({epsilon:.2f}, {_upwards(spent.delta)}) on {spent.seeds:,} seed "
        "rows. Filters and selection read seeds and are not covered."
    )


def _upwards(delta: float) -> str:
    near = float(f"{delta:.2g}")
    return f"{near if near >= delta else near + 10.0 ** (math.floor(math.log10(near)) - 1):.2g}"
