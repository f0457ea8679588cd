"""Fine-tuning of a sentence encoder under a head, as filters do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import keyed, models
from textsynth.progress import Advance

BATCH = 32
LONGEST = 64
WEIGHT_DECAY = 0.01

Floats = npt.NDArray[np.float64]


class Encoder:
    """A copy of the sentence encoder and a head on its mean-pooled states.

    Args:
        head: a module of torch from (n, d) to what `judge` gives, made when torch's generator has
            been seeded; given d.
        seed: of the head, and of the dropout in training.
        model: which encoder (see `models.embedder_source`).
    """

    def __init__(self, head: Callable[[int], Any], seed: int, model: str = "auto") -> None:
        import torch

        self._tokenizer, self._encoder = models.load_embedder(model).parts()
        self._seed = keyed.stream(seed, "head") % (1 << 31)
        self.width = int(self._encoder.config.hidden_size)
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            self.head = head(self.width)

    def train(
        self,
        texts: Sequence[str],
        batches: Sequence[npt.NDArray[np.int64]],
        loss: Callable[[Any, npt.NDArray[np.int64]], Any],
        *,
        learning_rate: float,
        head_rate: float | None = None,
        decay: bool = False,
        advance: Advance = lambda more, remark: None,
    ) -> None:
        """One AdamW step (Loshchilov and Hutter 2019) a batch.

        Args:
            texts: all that batches point into.
            batches: places in `texts`; epochs are one after another.
            loss: of the head's answers to a batch, given its places.
            learning_rate: of the encoder.
            head_rate: of the head; None is that of the encoder.
            decay: warm up over a tenth of the steps, then fall to nothing, gradients clipped to 1.
            advance: told of each batch.
        """
        import torch

        groups = [
            {"params": list(self._encoder.parameters()), "lr": learning_rate},
            {"params": list(self.head.parameters()), "lr": head_rate or learning_rate},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        steps = len(batches)

        def rate(step: int) -> float:
            return min(1.0, (step + 1) / (0.1 * steps), 1 - step / steps) if decay else 1.0

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        self._encoder.train()
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            for batch in batches:
                optimizer.zero_grad()
                answers = self.head(self._pooled([texts[place] for place in batch]))
                loss(answers, batch).backward()
                if decay:
                    torch.nn.utils.clip_grad_norm_(self._encoder.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                advance(1, "")
        optimizer.zero_grad()  # as much memory as the weights
        self._encoder.eval()

    def judge(self, texts: Sequence[str]) -> Any:
        """The head's answers, a tensor with a row a text; texts of one length are read together."""
        return self._each(texts, lambda own: self.head(self._pooled(own)))

    def pooled(self, texts: Sequence[str]) -> Any:
        """The mean-pooled states, a tensor of shape (n, d)."""
        return self._each(texts, self._pooled)

    def _each(self, texts: Sequence[str], what: Callable[[list[str]], Any]) -> Any:
        import torch

        order = sorted(range(len(texts)), key=lambda at: (len(texts[at]), texts[at]))
        self._encoder.eval()
        with torch.inference_mode():
            answers = torch.cat(
                [
                    what([texts[place] for place in order[at : at + 4 * BATCH]])
                    for at in range(0, len(order), 4 * BATCH)
                ]
            )
        back = np.argsort(np.array(order), kind="stable")
        return answers[torch.from_numpy(back)].clone()

    def _pooled(self, texts: list[str]) -> Any:
        batch = self._tokenizer(
            texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        hidden = self._encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        return (hidden * mask).sum(1) / mask.sum(1)
