"""Fine-tune the language model on the patterns of the seeds with LoRA (Hu et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textsynth import keyed
from textsynth.errors import ModelError
from textsynth.lm import prompts
from textsynth.lm.vocabulary import Vocabulary
from textsynth.models import quiet

PATTERNS_A_SEQUENCE = 8
BATCH = 4
WARMUP = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """How the adapter is trained: passes over the seeds, peak learning rate, LoRA rank."""

    epochs: int = 4
    learning_rate: float = 4e-4
    rank: int = 16


def sequences(
    patterns: Mapping[str, Sequence[str]], epoch: int, seed: int
) -> list[tuple[str, tuple[str, ...]]]:
    """(intent, patterns) of one epoch: each pattern once, shuffled by key, cut into lists."""
    made: list[tuple[str, tuple[str, ...]]] = []
    for intent, own in patterns.items():
        shuffled = [
            own[i] for i in keyed.order(keyed.stream(seed, "epoch", epoch, intent), list(own))
        ]
        pieces = max(1, math.ceil(len(shuffled) / PATTERNS_A_SEQUENCE))
        size = max(1, math.ceil(len(shuffled) / pieces))
        for at in range(0, len(shuffled), size):
            made.append((intent, tuple(shuffled[at : at + size])))
    key = keyed.stream(seed, "sequences", epoch)
    return [made[i] for i in keyed.order(key, [f"{i}" for i in range(len(made))])]


def finetune(
    model: Any,
    vocabulary: Vocabulary,
    patterns: Mapping[str, Sequence[str]],
    *,
    settings: Settings,
    seed: int,
    progress: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> tuple[Any, list[float]]:
    """Train an adapter on lists of patterns, grouped by intent.

    Returns the peft model and the loss (nats a token) of each step.

    Raises:
        ModelError: the loss is not a number.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(keyed.stream(seed, "adapter"))
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=2 * settings.rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with quiet():
        tuned = get_peft_model(model, config)
    tuned.train()
    weights = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    batches = []
    for epoch in range(settings.epochs):
        order = sequences(patterns, epoch, seed)
        batches += [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    losses: list[float] = []
    for step, batch in enumerate(batches):
        inputs, mask, labels = _tensors(vocabulary, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=model.dtype == torch.bfloat16):
            logits = tuned(input_ids=inputs, attention_mask=mask).logits
        loss = torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100
        )
        if not torch.isfinite(loss):
            raise ModelError(
                f"the training loss is not a number at step {step + 1}",
                fix="lower model.learning_rate",
            )
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(round(float(loss.detach()), 4))
        progress(step + 1, len(batches), losses[-1])
    tuned.eval()
    return tuned, losses


def _rate(step: int, total: int) -> float:
    warm = max(1, int(total * WARMUP))
    return min((step + 1) / warm, max(0.05, 1 - step / max(1, total)))


def _tensors(vocabulary: Vocabulary, batch: Sequence[tuple[str, Sequence[str]]]) -> Any:
    import torch

    rows = [vocabulary.encode(prompts.render(i, p, closed=True)) for i, p in batch]
    width = max(map(len, rows))
    inputs = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for at, row in enumerate(rows):
        inputs[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = 1
    return inputs, mask, inputs.masked_fill(mask == 0, -100)
