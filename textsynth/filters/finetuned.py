"""The discriminator `transformer`: the small sentence encoder, fine-tuned in each fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from textsynth import keyed
from textsynth.filters.encoder import BATCH, Encoder, Floats

EPOCHS = 2
LEARNING_RATE = 5e-5
# Of each side at most so many rows are learnt in a fold: minutes, not hours.
MOST = 1000


def fitting(texts: list[str], seed: int) -> Callable[..., Floats]:
    """A function (rows to learn, rows to judge, labels, weights) -> probabilities, as the
    adversarial filter calls it once a fold; each call starts from the pretrained encoder."""

    def fit(learnt: Any, judged: Any, labels: Any, weights: Floats) -> Floats:
        rows = _drawn(np.flatnonzero(learnt), labels, texts, seed)
        return _judge(rows, np.flatnonzero(judged), texts, labels, weights, seed)

    return fit


def _drawn(rows: Any, labels: Any, texts: list[str], seed: int) -> Any:
    """At most `MOST` rows of each side, by key, and all in a keyed order."""
    drawn: list[int] = []
    for side in (0, 1):
        own = [int(row) for row in rows if labels[row] == side]
        order = keyed.order(keyed.stream(seed, "finetuned", side), [texts[row] for row in own])
        drawn += [own[at] for at in order[:MOST]]
    order = keyed.order(keyed.stream(seed, "finetuned"), [texts[row] for row in drawn])
    return np.array([drawn[at] for at in order])


def _judge(
    rows: Any, judged: Any, texts: list[str], labels: Any, weights: Floats, seed: int
) -> Floats:
    import torch

    def head(size: int) -> Any:
        line = torch.nn.Linear(size, 1)
        torch.nn.init.zeros_(line.bias)
        return line

    losses = torch.nn.BCEWithLogitsLoss(reduction="none")

    def loss(logits: Any, own: Any) -> Any:
        wanted = torch.tensor(labels[own], dtype=torch.float32)
        return (
            losses(logits[:, 0], wanted) * torch.tensor(weights[own], dtype=torch.float32)
        ).mean()

    encoder = Encoder(head, seed)
    batches = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)] * EPOCHS
    encoder.train(texts, batches, loss, learning_rate=LEARNING_RATE)
    logits = encoder.judge([texts[row] for row in judged])[:, 0]
    return np.asarray(torch.sigmoid(logits).double().numpy())
