"""Trim the vocabulary: a model that speaks of a few intents needs few of its 262,144 tokens.

The embedding and the head shrink to the tokens kept; the tokenizer stays as it is and ids are
translated. What is kept: every token of the texts at hand, the commonest tokens of plain Latin
letters, punctuation and digits, all single ASCII characters and all byte tokens, so that nothing
becomes unsayable. (Single characters have high ids in Gemma's vocabulary: a cut by rank alone would
lose them.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

COMMON = 32_000
WORTH = 0.3
# Punctuation may hold the line breaks after it: Llama 3 and Qwen have `?\n` as one token, and which
# patterns end a sequence changes from epoch to epoch.
_PLAIN = re.compile(
    r"[▁Ġ ]?[A-Za-z]+'?[a-z]*\Z|[▁Ġ ]?[!-/:-@\[-`{-~]{1,3}[\nĊ]*\Z|[▁Ġ ]?\d\Z|[\nĊ]+\Z"
)
# Bytes as SentencePiece writes them; byte-level BPE (GPT-2) gives each a character below U+0144.
_BYTE = re.compile(r"<0x[0-9A-F]{2}>\Z|[!-\u0143]\Z|▁\Z")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Translates the tokenizer's ids to the model's rows and back."""

    kept: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    tokenizer: Any

    def encode(self, text: str, *, start: bool = True) -> list[int]:
        """Row numbers of a text; with `start`, after the model's own start token if it has one.

        Raises:
            KeyError: a token of the text was trimmed.
        """
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if start and self.tokenizer.bos_token_id is not None:
            ids = [self.tokenizer.bos_token_id, *ids]
        rows = self.rows[ids].tolist()
        if -1 in rows:
            lost = self.tokenizer.convert_ids_to_tokens([ids[rows.index(-1)]])[0]
            raise KeyError(f"the token {lost!r} was trimmed")
        return [int(row) for row in rows]

    def decode(self, rows: Iterable[int]) -> str:
        """The text of row numbers, special tokens left out."""
        ids = self.kept[np.fromiter(rows, dtype=np.int64)]
        text: str = self.tokenizer.decode(ids.tolist(), skip_special_tokens=True)
        return text

    def row(self, token_id: int | None) -> int | None:
        """The row of one id; None where it has none."""
        if token_id is None or token_id >= len(self.rows):
            return None
        row = int(self.rows[token_id])
        return None if row < 0 else row


def trim(model: Any, tokenizer: Any, texts: Iterable[str], common: int = COMMON) -> Vocabulary:
    """Shrink the model's embedding and head in place, where that saves over 30 % of its weights.

    Args:
        model: a causal model of transformers.
        tokenizer: its tokenizer.
        texts: what must be sayable with its own tokens.
        common: how many of the commonest plain tokens stay.
    """
    import torch

    embedding = model.get_input_embeddings()
    size = embedding.weight.shape[0]
    kept = _kept(tokenizer, texts, common, size)
    head = model.get_output_embeddings()
    tied = head.weight is embedding.weight
    saved = (size - len(kept)) * embedding.weight.shape[1] * (1 if tied else 2)
    if saved < WORTH * sum(parameter.numel() for parameter in model.parameters()):
        kept = np.arange(size)
    else:
        at = torch.from_numpy(kept)
        with torch.no_grad():
            embedding.weight = torch.nn.Parameter(embedding.weight[at].clone())
            if tied:
                head.weight = embedding.weight
            else:
                head.weight = torch.nn.Parameter(head.weight[at].clone())
                if head.bias is not None:
                    head.bias = torch.nn.Parameter(head.bias[at].clone())
        embedding.num_embeddings = head.out_features = len(kept)
        model.config.get_text_config().vocab_size = len(kept)
        if getattr(model, "vocab_size", None):
            model.vocab_size = len(kept)
    rows = np.full(size, -1, dtype=np.int64)
    rows[kept] = np.arange(len(kept))
    vocabulary = Vocabulary(kept, rows, tokenizer)
    pad = vocabulary.row(tokenizer.pad_token_id)
    if embedding.padding_idx is not None:
        embedding.padding_idx = pad
    for config in (model.config.get_text_config(), model.generation_config):
        config.pad_token_id = pad
        config.eos_token_id = vocabulary.row(tokenizer.eos_token_id)
        config.bos_token_id = vocabulary.row(tokenizer.bos_token_id)
    return vocabulary


def _kept(tokenizer: Any, texts: Iterable[str], common: int, size: int) -> npt.NDArray[np.int64]:
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    keep = {i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None}
    keep |= {i for i in (tokenizer.bos_token_id, tokenizer.unk_token_id) if i is not None}
    for text in texts:
        keep.update(tokenizer(text, add_special_tokens=False)["input_ids"])
    plain = 0
    for token, i in sorted(vocabulary.items(), key=lambda item: item[1]):
        if _BYTE.match(token) or (len(token) == 1 and token.isascii()):
            keep.add(i)
        elif plain < common and _PLAIN.match(token):
            keep.add(i)
            plain += 1
        elif len(vocabulary) < 2 * common:
            keep.add(i)
    return np.array(sorted(i for i in keep if i < size), dtype=np.int64)
