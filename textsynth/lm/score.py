"""What a causal model makes of a text: its perplexity, and its hidden states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.lm.vocabulary import Vocabulary

BATCH = 64
# Tokens of a batch, pads among them: each has a number for every token of the vocabulary.
TOKENS = 2048
LONGEST = 256

Floats = npt.NDArray[np.float64]


def perplexity(model: Any, vocabulary: Vocabulary, texts: Sequence[str]) -> Floats:
    """The perplexity of each text, its end not counted: shape (n,), rounded to four places; NaN for
    a text of no tokens (of one, where the tokenizer has no start). The first 256 tokens count."""
    import torch

    found = np.full(len(texts), np.nan)
    for rows, ids, mask in _batches(vocabulary, texts):
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            losses = torch.nn.functional.cross_entropy(
                logits.transpose(1, 2), ids[:, 1:], reduction="none"
            )
            told = mask[:, 1:]
            mean = (losses * told).sum(1) / told.sum(1)
        found[rows] = np.exp(mean.double().numpy())
    return np.round(found, 4)


def hidden_states(
    model: Any, vocabulary: Vocabulary, texts: Sequence[str]
) -> npt.NDArray[np.float32]:
    """The mean of the last layer's hidden states over the tokens of each text, the start left out:
    shape (n, d), float32."""
    import torch

    found = np.zeros((len(texts), model.config.hidden_size), np.float32)
    for rows, ids, mask in _batches(vocabulary, texts):
        with torch.inference_mode():
            hidden = model.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 1:]
            told = mask[:, 1:].unsqueeze(-1)
            found[rows] = ((hidden * told).sum(1) / told.sum(1)).float().numpy()
    return found


def losses(
    model: Any, vocabulary: Vocabulary, starts: Sequence[str], texts: Sequence[str]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """What each text costs where its start stands before it: nats in all, and tokens, each of shape
    (n,). The first 256 tokens count, those of the start among them."""
    import torch

    whole = [start + text for start, text in zip(starts, texts, strict=True)]
    nats, tokens = np.zeros(len(texts)), np.zeros(len(texts), np.int64)
    for rows, ids, mask in _batches(vocabulary, whole):
        told = mask[:, 1:].clone()
        for place, row in enumerate(rows):
            told[place, : _shared(vocabulary.encode(starts[row], fallback=True), ids[place])] = 0
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            each = torch.nn.functional.cross_entropy(
                logits.transpose(1, 2), ids[:, 1:], reduction="none"
            )
        nats[rows] = (each * told).sum(1).double().numpy()
        tokens[rows] = told.sum(1).numpy()
    return nats, tokens


def _shared(start: Sequence[int], ids: Any) -> int:
    """Of the tokens after the first, how many stand at the head of both: the last token of a start
    may be another where the text goes on."""
    pairs = zip(start[1:], ids[1:].tolist(), strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), len(start) - 1)


def _batches(vocabulary: Vocabulary, texts: Sequence[str]) -> Iterator[tuple[list[int], Any, Any]]:
    """(places, ids, mask) of texts of about one length, whose first token is the start."""
    import torch

    encoded = [vocabulary.encode(text, fallback=True)[:LONGEST] for text in texts]
    told = [row for row, ids in enumerate(encoded) if len(ids) > 1]
    told.sort(key=lambda row: (len(encoded[row]), row))
    while told:
        count = 1
        while count < min(BATCH, len(told)) and (count + 1) * len(encoded[told[count]]) <= TOKENS:
            count += 1
        rows, told = told[:count], told[count:]
        longest = len(encoded[rows[-1]])
        ids = torch.zeros((len(rows), longest), dtype=torch.long)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : len(encoded[row])] = torch.tensor(encoded[row])
            mask[place, : len(encoded[row])] = 1
        yield rows, ids, mask
