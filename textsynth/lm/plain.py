"""Sampling by the library's own `generate`, for models that cannot have ragged batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from textsynth import keyed
from textsynth.lm.decode import Completion, Request, Sampling, Speaker

BATCH = 32


def complete(
    speaker: Speaker,
    requests: Sequence[Request],
    *,
    sampling: Sampling,
    accept: Callable[[int, int, Completion], None],
) -> int:
    """As `decode.complete`, in padded batches of 32; slots are not enforced, so that patterns with
    unknown ones are left to be rejected; lines have no scores."""
    import torch

    wanted = [(place, copy) for place, r in enumerate(requests) for copy in r.copies]
    wanted.sort(key=lambda one: len(requests[one[0]].rows))  # prompts of like length together
    sampled = 0
    for at in range(0, len(wanted), BATCH):
        batch = wanted[at : at + BATCH]
        rows = [requests[place].rows for place, _ in batch]
        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        with torch.random.fork_rng(), torch.inference_mode(), rows_in_one_piece(speaker.model):
            torch.manual_seed(keyed.stream(requests[batch[0][0]].key, "batch", *batch[0]))
            out = speaker.model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=sampling.tokens,
                do_sample=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
            )[:, width:]
        for (place, copy), row in zip(batch, out.tolist(), strict=True):
            sampled += len(row)
            accept(place, copy, Completion(speaker.vocabulary.decode(row)))
    return sampled


@contextmanager
def rows_in_one_piece(model: Any) -> Iterator[None]:
    """Within, a causal model's head is given a copy of its rows. `generate` gives it the last of
    each prompt as a view of all, for which torch (2.13, bfloat16 on processors) copies the weight
    once a sequence: 22 GB for 64 sequences and 262,144 tokens, and a minute."""
    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda module, rows: (rows[0].contiguous(), *rows[1:]))
    try:
        yield
    finally:
        hook.remove()
