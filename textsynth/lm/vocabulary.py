"""Trim the vocabulary: a model that speaks of a few intents needs few of its 262,144 tokens.

The embedding and the head shrink to the tokens kept; the tokenizer stays as it is and ids are
translated. What is kept: every token of the texts at hand; common English, which is the tokens of
the words in `english.txt`, the commonest of them with a capital too; the commonest pieces of words;
punctuation and digits; single Latin characters and all byte tokens, so that nothing becomes
unsayable.

A cut by rank alone serves English badly: two of three tokens of a multilingual vocabulary are of
other languages or of programs, and single characters have the highest ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

COMMON = 24_000
WORTH = 0.3
# Words with a capital, and pieces of words, to three words.
SHARE = 3
# Punctuation may hold the line breaks after it: Llama 3 and Qwen have `?\n` as one token, and which
# patterns end a sequence changes from epoch to epoch.
_MARKS = re.compile(
    r"""[▁Ġ ]?[.,;:?!'"){}-]{1,3}[\nĊ]{0,2}\Z|[▁Ġ ]?[!-/:-@\[-`{-~][\nĊ]{0,2}\Z|[\nĊ]+\Z"""
    r"""|[▁Ġ ]?\d\Z|[▁Ġ ]?'[a-z]{1,2}\Z"""
    r"""|▁?[\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u20ac\u00a3\u00b0]\Z"""
)
_PIECE = re.compile(r"[▁Ġ ]?(?:[A-Z]?[a-z]+|[A-Z]{1,3})\Z")
# Bytes as SentencePiece writes them; byte-level BPE (GPT-2) gives each a character below U+0144.
_BYTE = re.compile(r"<0x[0-9A-F]{2}>\Z|[!-\u0143]\Z|▁\Z")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Translates the tokenizer's ids to the model's rows and back."""

    kept: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    tokenizer: Any
    _pieces: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def encode(self, text: str, *, start: bool = True, fallback: bool = False) -> list[int]:
        """Row numbers of a text; with `start`, after the model's own start token if it has one.

        With `fallback`, a token that was trimmed is spelt with as few kept ones as can be, down to
        characters and bytes; what decodes from it is the same.

        Raises:
            KeyError: a token of the text was trimmed (with `fallback`: and cannot be spelt).
        """
        ids = self._ids(text)
        if start and self.tokenizer.bos_token_id is not None:
            ids = [self.tokenizer.bos_token_id, *ids]
        rows = self.rows[ids].tolist()
        if -1 not in rows:
            return [int(row) for row in rows]
        spelt: list[int] = []
        for i, row in zip(ids, rows, strict=True):
            spelt += [row] if row >= 0 else self._spell(i, fallback)
        return spelt

    def fits(self, text: str) -> bool:
        """Whether all tokens of a text are kept, so that `encode` gives its own segmentation."""
        return bool((self.rows[self._ids(text)] >= 0).all())

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

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _spell(self, token_id: int, fallback: bool) -> list[int]:
        token: str = self.tokenizer.convert_ids_to_tokens([token_id])[0]
        if fallback and not self._pieces:
            # Bytes are written below, where a piece would be taken for its name.
            special = set(self.tokenizer.all_special_ids)
            known = self.tokenizer.convert_ids_to_tokens(self.kept.tolist())
            self._pieces.update(
                (piece, row)
                for row, (piece, i) in enumerate(zip(known, self.kept.tolist(), strict=True))
                if i not in special and not (len(piece) == 6 and _BYTE.match(piece))
            )
        spelt = _fewest(token, self._pieces, self._bytes) if fallback else None
        if spelt is None:
            raise KeyError(f"the token {token!r} was trimmed")
        return spelt

    def _bytes(self, char: str) -> list[int] | None:
        """The rows of a character's bytes, where the tokenizer writes bytes as `<0x41>`."""
        names = [f"<0x{byte:02X}>" for byte in char.encode("utf-8")]
        ids = self.tokenizer.convert_tokens_to_ids(names)
        unknown = self.tokenizer.unk_token_id
        rows = [None if i is None or i == unknown else self.row(i) for i in ids]
        return None if None in rows else [row for row in rows if row is not None]


def _fewest(token: str, pieces: dict[str, int], spell: Any) -> list[int] | None:
    """The shortest way to write a token with other pieces; None where there is none. At each place
    the longest piece wins among equals."""
    best: list[list[int] | None] = [*[None] * len(token), []]
    for at in range(len(token) - 1, -1, -1):
        for end in range(len(token), at, -1):
            rest, row = best[end], pieces.get(token[at:end])
            if rest is not None and row is not None:
                found = best[at]
                if found is None or len(rest) + 1 < len(found):
                    best[at] = [row, *rest]
        rest = best[at + 1]
        if best[at] is None and rest is not None:
            written = spell(token[at])
            best[at] = None if written is None else [*written, *rest]
    return best[0]


def trim(
    model: Any,
    tokenizer: Any,
    texts: Iterable[str],
    common: int = COMMON,
    *,
    kept: npt.NDArray[np.int64] | None = None,
) -> Vocabulary:
    """Shrink the model's embedding and head in place, where that saves over 30 % of its weights.

    Args:
        model: a causal model of transformers.
        tokenizer: its tokenizer.
        texts: what must be sayable with its own tokens.
        common: how many of the commonest English words stay.
        kept: the ids to keep, where `keep` was asked before; then texts and common are not read.
    """
    import torch

    embedding = model.get_input_embeddings()
    size = embedding.weight.shape[0]
    if kept is None:
        kept = keep(tokenizer, texts, common=common, size=size)
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
    vocabulary = of_kept(kept, size, tokenizer)
    pad = vocabulary.row(tokenizer.pad_token_id)
    if embedding.padding_idx is not None:
        embedding.padding_idx = pad
    for config in (model.config.get_text_config(), model.generation_config):
        config.pad_token_id = pad
        config.eos_token_id = vocabulary.row(tokenizer.eos_token_id)
        config.bos_token_id = vocabulary.row(tokenizer.bos_token_id)
    return vocabulary


def of_kept(kept: npt.NDArray[np.int64], size: int, tokenizer: Any) -> Vocabulary:
    """The vocabulary of the ids kept (ascending) of a model whose embedding had `size` rows."""
    rows = np.full(size, -1, dtype=np.int64)
    rows[kept] = np.arange(len(kept))
    return Vocabulary(kept, rows, tokenizer)


def keep(
    tokenizer: Any, texts: Iterable[str], *, common: int = COMMON, size: int
) -> npt.NDArray[np.int64]:
    """The ids to keep, ascending: those of the texts, of common English, and what spells the rest.

    A vocabulary of under twice `common` tokens is kept whole: there is little in it to cut.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    if len(vocabulary) < 2 * common:
        return np.arange(size, dtype=np.int64)
    kept = {i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None}
    kept |= {i for i in (tokenizer.bos_token_id, tokenizer.unk_token_id) if i is not None}
    words = english()[:common]
    spoken = [" " + word for word in words]
    spoken += [" " + word.capitalize() for word in words[: common // SHARE]]
    for some in (list(texts), spoken):
        if some:
            kept.update(*tokenizer(some, add_special_tokens=False)["input_ids"])
    # Without bytes to fall back on, all single characters stay.
    bare = "<0x00>" not in vocabulary and "Ġ" not in vocabulary
    pieces = 0
    for token, i in sorted(vocabulary.items(), key=lambda item: item[1]):
        short = len(token) == 1 and (bare or token.isascii())
        if short or _BYTE.match(token) or _MARKS.match(token):
            kept.add(i)
        elif pieces < common // SHARE and _PIECE.match(token):
            kept.add(i)
            pieces += 1
    return np.array(sorted(i for i in kept if i < size), dtype=np.int64)


@cache
def english() -> tuple[str, ...]:
    """Some 22,000 English words in lower case, commonest first."""
    text = Path(__file__).with_name("english.txt").read_text(encoding="utf-8")
    return tuple(
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )
