"""The discriminator `transformer`: the small sentence encoder, fine-tuned in each fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import keyed, models

EPOCHS = 2
BATCH = 32
LEARNING_RATE = 5e-5
LONGEST = 64
# Of each side at most so many rows are learnt in a fold: minutes, not hours.
MOST = 1000

Floats = npt.NDArray[np.float64]


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

    tokenizer, encoder = models.load_embedder().parts()
    with torch.random.fork_rng():
        torch.manual_seed(keyed.stream(seed, "head") % (1 << 31))
        head = torch.nn.Linear(encoder.config.hidden_size, 1)
        torch.nn.init.zeros_(head.bias)

        def logits(own: list[str]) -> Any:
            batch = tokenizer(
                own, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            hidden = encoder(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            return head((hidden * mask).sum(1) / mask.sum(1)).squeeze(1)

        both = torch.nn.ModuleList([encoder, head])
        optimizer = torch.optim.AdamW(both.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
        loss = torch.nn.BCEWithLogitsLoss(reduction="none")
        encoder.train()
        for _ in range(EPOCHS):
            for at in range(0, len(rows), BATCH):
                own = rows[at : at + BATCH]
                wanted = torch.tensor(labels[own], dtype=torch.float32)
                weight = torch.tensor(weights[own], dtype=torch.float32)
                optimizer.zero_grad()
                (loss(logits([texts[row] for row in own]), wanted) * weight).mean().backward()
                optimizer.step()
        encoder.eval()
        found = np.zeros(len(judged))
        by_length = sorted(range(len(judged)), key=lambda at: (len(texts[judged[at]]), at))
        with torch.inference_mode():
            for at in range(0, len(judged), 4 * BATCH):
                places = by_length[at : at + 4 * BATCH]
                own = [texts[judged[place]] for place in places]
                found[places] = torch.sigmoid(logits(own)).double().numpy()
    return found
