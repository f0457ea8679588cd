"""Fine-tune the language model on the patterns of the seeds with LoRA (Hu et al. 2021).

An epoch shows each pattern once, in lists of its intent that are grouped by a style; sequences are
packed into steps of a number of tokens, with no padding. The pass that does best on patterns set
aside is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from textsynth import keyed
from textsynth.errors import ModelError
from textsynth.lm import adapter, fused, prompts, ragged, style
from textsynth.lm.prompts import Listed
from textsynth.lm.vocabulary import Vocabulary

PATTERNS_A_SEQUENCE = 12
TOKENS_A_STEP = 512
# A sequence is cut after so many tokens: seeds as long as letters would take memory without bound.
LONGEST = 2048
WARMUP = 0.1
# Of the patterns, what is set aside to stop by; from so few that each is needed, nothing is.
HELD = 0.08
HELD_MOST = 200
HELD_FROM = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """How the adapter is trained: passes over the seeds at most, peak learning rate, LoRA rank, and
    the language by which styles are read."""

    epochs: int = 4
    learning_rate: float = 4e-4
    rank: int = 16
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the loss curve, in nats a token: of one step, or of an epoch's end where `held` is
    the loss on the patterns set aside."""

    step: int
    tokens: int
    loss: float
    held: float | None = None


@dataclass(frozen=True, slots=True)
class Tuned:
    """The peft model of the best epoch, the loss curve, and that epoch (from 1)."""

    model: Any
    curve: list[Point]
    epoch: int


class LossError(ModelError):
    """The loss is not a number. `model` has the last weights that were good, if there are any."""

    def __init__(self, step: int, model: Any) -> None:
        super().__init__(
            f"the training loss is not a number at step {step}", fix="lower model.learning_rate"
        )
        self.model = model


def sequences(
    patterns: Mapping[str, Sequence[str]], epoch: int, seed: int, language: str = "en"
) -> list[list[Listed]]:
    """The lists of each sequence of an epoch: each pattern once, shuffled by key.

    An intent's patterns come as a plain list, and then as lists of one style each, in a dimension
    drawn for the intent and epoch; so the model sees lists with and without a named style.
    """
    made: list[list[Listed]] = []
    for intent, own in patterns.items():
        key = keyed.stream(seed, "epoch", epoch, intent)
        shuffled = [own[i] for i in keyed.order(key, list(own))]
        pieces = max(1, math.ceil(len(shuffled) / PATTERNS_A_SEQUENCE))
        size = max(1, math.ceil(len(shuffled) / pieces))
        for at in range(0, len(shuffled), size):
            made.append(_lists(intent, shuffled[at : at + size], key + at, language))
    key = keyed.stream(seed, "sequences", epoch)
    return [made[i] for i in keyed.order(key, [f"{i}" for i in range(len(made))])]


def _lists(intent: str, own: Sequence[str], key: int, language: str) -> list[Listed]:
    choice = int(keyed.integers(key, [0], len(style.DIMENSIONS))[0])
    plain = int(keyed.integers(key, [1], len(own) + 1)[0])
    groups = {style.Style(): list(own[:plain])}
    for wanted, group in style.grouped(own[plain:], style.DIMENSIONS[choice], language):
        groups.setdefault(wanted, []).extend(group)
    return [Listed(intent, wanted, tuple(group)) for wanted, group in groups.items() if group]


def hold_out(
    patterns: Mapping[str, Sequence[str]], seed: int
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Patterns to learn from, and some set aside to stop by (none where there are under 100): by
    key, at most one in four of an intent. The recipe's holdout has no part in this."""
    total = sum(map(len, patterns.values()))
    if total < HELD_FROM:
        return {intent: list(own) for intent, own in patterns.items()}, {}
    most = min(HELD_MOST, round(total * HELD))
    places = [(intent, i) for intent, own in patterns.items() for i in range(len(own) // 4)]
    key = keyed.stream(seed, "held out")
    chosen = keyed.order(key, [f"{intent} {i}" for intent, i in places])[:most]
    counts: dict[str, int] = {}
    for place in chosen:
        counts[places[place][0]] = counts.get(places[place][0], 0) + 1
    learnt, held = {}, {}
    for intent, own in patterns.items():
        order = keyed.order(keyed.stream(seed, "held out", intent), list(own))
        count = counts.get(intent, 0)
        learnt[intent] = [own[i] for i in order[count:]]
        if count:
            held[intent] = [own[i] for i in order[:count]]
    return learnt, held


def finetune(
    model: Any,
    vocabulary: Vocabulary,
    patterns: Mapping[str, Sequence[str]],
    beside: Mapping[str, Sequence[str]] = MappingProxyType({}),
    *,
    settings: Settings,
    seed: int,
    progress: Callable[[int, int, Point], None] = lambda done, total, point: None,
) -> Tuned:
    """Train an adapter on lists of patterns, and on those that stand `beside`, of which none is set
    aside.

    Training stops after an epoch whose loss on the patterns set aside is no better than that of the
    one before, and the best epoch's weights are kept.

    Raises:
        LossError: the loss is not a number.
    """
    import torch

    tuned = adapter.attach(model, rank=settings.rank, seed=seed)
    tuned.train()
    weights = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    learnt, held = hold_out(patterns, seed)
    learnt |= {i: [*learnt.get(i, []), *others] for i, others in beside.items()}
    checks = [_encode(vocabulary, [[Listed(i, style.Style(), tuple(p))] for i, p in held.items()])]
    epochs = [
        steps(_encode(vocabulary, sequences(learnt, epoch, seed, settings.language)))
        for epoch in range(settings.epochs)
    ]
    total = sum(map(len, epochs))
    optimizer = optimizer_of(weights, settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
    curve: list[Point] = []
    best, best_epoch, good = math.inf, settings.epochs, None
    tokens = 0
    with fast_passes(tuned) as fast:
        for epoch, batches in enumerate(epochs, start=1):
            for batch in batches:
                loss = batch_loss(tuned, batch, fast=fast)
                if not torch.isfinite(loss):
                    _restore(weights, good)
                    raise LossError(len(curve) + 1, None if good is None else tuned.eval())
                loss.backward()
                torch.nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                tokens += sum(map(len, batch))
                curve.append(Point(len(curve) + 1, tokens, round(loss.item(), 4)))
                progress(len(curve), total, curve[-1])
            if not held:
                good = _copies(weights)
                continue
            reached = held_loss(tuned, checks, fast=fast)
            last = curve[-1]
            curve[-1] = Point(last.step, last.tokens, last.loss, round(reached, 4))
            if reached >= best:
                break
            best, best_epoch, good = reached, epoch, _copies(weights)
    _restore(weights, good)
    return Tuned(tuned.eval(), curve, best_epoch)


def optimizer_of(weights: Sequence[Any], learning_rate: float) -> Any:
    """AdamW (Loshchilov and Hutter 2019) on an adapter's weights, in one pass over each."""
    import torch

    return torch.optim.AdamW(weights, lr=learning_rate, weight_decay=0.0, fused=True)


def steps(encoded: Sequence[list[int]]) -> list[list[list[int]]]:
    """Sequences packed into steps of about `TOKENS_A_STEP` tokens, in their order."""
    packed: list[list[list[int]]] = []
    room = 0
    for row in encoded:
        if room < len(row):
            packed.append([])
            room = TOKENS_A_STEP
        packed[-1].append(row)
        room -= len(row)
    return packed


def batch_loss(model: Any, rows: Sequence[list[int]], *, fast: bool = True) -> Any:
    """Mean cross-entropy, nats a token, of the tokens after the first of each sequence."""
    import torch

    native = model.dtype == torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=native):
        if fast:
            return _ragged_loss(model, rows)
        logits, labels = _padded_logits(model, rows)
    return torch.nn.functional.cross_entropy(logits.float(), labels)


def held_loss(model: Any, checks: Sequence[Sequence[list[int]]], *, fast: bool = True) -> float:
    """The mean loss a token over some batches, without gradients."""
    import torch

    total, tokens = 0.0, 0
    model.eval()
    with torch.no_grad():
        for batch in (part for check in checks for part in steps(check)):
            count = sum(len(row) - 1 for row in batch)
            total += float(batch_loss(model, batch, fast=fast)) * count
            tokens += count
    model.train()
    return total / max(1, tokens)


def _ragged_loss(model: Any, rows: Sequence[list[int]]) -> Any:
    import torch

    batch = ragged.Packed([len(row) for row in rows])
    tokens = torch.tensor([token for row in rows for token in row])
    scored = torch.ones(len(tokens), dtype=torch.bool)
    scored[batch.ends] = False
    at = scored.nonzero()[:, 0]
    own = model.get_base_model() if hasattr(model, "get_base_model") else model
    asked = {"input_ids": tokens[None], "position_ids": batch.positions[None], "batch": batch}
    if fused.is_product(own):
        hidden = own.base_model(**asked, use_cache=False)[0][0, at]
        return fused.cross_entropy(hidden, own.get_output_embeddings().weight, tokens[at + 1])
    logits = own(**asked, use_cache=False, logits_to_keep=at).logits[0]
    return torch.nn.functional.cross_entropy(logits.float(), tokens[at + 1])


def _padded_logits(model: Any, rows: Sequence[list[int]]) -> tuple[Any, Any]:
    import torch

    width = max(map(len, rows))
    inputs = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    logits = model(input_ids=inputs, attention_mask=mask, use_cache=False).logits
    scored = mask[:, 1:].bool()
    return logits[:, :-1][scored], inputs[:, 1:][scored]


@contextmanager
def fast_passes(tuned: Any) -> Iterator[bool]:
    """Ragged batches and fused layers while it trains, where the model can have them (True)."""
    model = tuned.get_base_model()
    if not ragged.supported(model):
        yield False
        return
    with fused.layers(tuned), ragged.ragged(model):
        yield True


def _encode(vocabulary: Vocabulary, lists: Sequence[Sequence[Listed]]) -> list[list[int]]:
    return [
        vocabulary.encode(prompts.render(listed, closed=True), fallback=True)[:LONGEST]
        for listed in lists
    ]


def _rate(step: int, total: int) -> float:
    warm = max(1, int(total * WARMUP))
    return min((step + 1) / warm, max(0.05, 1 - step / max(1, total)))


def _copies(weights: Sequence[Any]) -> list[Any]:
    return [weight.detach().clone() for weight in weights]


def _restore(weights: Sequence[Any], copies: Sequence[Any] | None) -> None:
    import torch

    if copies is not None:
        with torch.no_grad():
            for weight, copy in zip(weights, copies, strict=True):
                weight.copy_(copy)
