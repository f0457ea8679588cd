"""In-context classification: a causal model that has examples in its prompt says what a text is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.lm import ragged
from textsynth.progress import Advance

# Tokens of a pass; the prefix comes on top.
TOKENS = 600
# A name's later tokens are looked at where its first ones have this chance.
FLOOR = 0.01
# Of a text, characters; and of all examples together.
LONGEST, SHOWN = 500, 14_000
HEAD = "Requests to a voice assistant, and the intent of each.\n\n"

Floats = npt.NDArray[np.float64]
# From a start of names to each next token, and the names that go on with it.
Branches = dict[tuple[int, ...], dict[int, list[int]]]


class Prompt:
    """Examples, read once: what a model says of texts that come after them.

    The names' chances are normalised at each token at which they part, so that they add up to 1 and
    a long name is no less likely (Brown et al. 2020, "Language Models are Few-Shot Learners").
    """

    def __init__(
        self, model: Any, tokenizer: Any, examples: Sequence[tuple[str, str]], names: Sequence[str]
    ) -> None:
        """
        Args:
            model: a causal model that `ragged.supported`.
            tokenizer: its own, of transformers.
            examples: texts and their names, in the order of the prompt; the first 500 characters
                of a text are read, fewer where there are more than 28 texts.
            names: to choose from, all different.
        """
        import torch

        self._model, self._tokenizer = model, tokenizer
        longest = min(LONGEST, SHOWN // max(1, len(examples)))
        shown = "".join(f"{_asked(text, longest)} {name}\n\n" for text, name in examples)
        tokens = tokenizer(HEAD + shown).input_ids
        self._prefix = ragged.Packed([len(tokens)], keep=True)
        with torch.inference_mode(), ragged.ragged(model):
            model(
                input_ids=torch.tensor([tokens]),
                position_ids=self._prefix.positions[None],
                use_cache=False,
                batch=self._prefix,
                logits_to_keep=1,
            )
        self._count = len(names)
        self._branches = _branches([self._encode(f" {name}\n") for name in names])

    def log_chances(
        self, texts: Sequence[str], advance: Advance = lambda more, remark: None
    ) -> Floats:
        """The log of each name's chance, shape (texts, names); `advance` is told of texts read."""
        found = np.zeros((len(texts), self._count))
        asked = [self._encode(_asked(text, LONGEST)) for text in texts]
        for start, ways in self._branches.items():
            under = np.array([place for places in ways.values() for place in places])
            reached = np.exp(found[:, under[0]]) >= FLOOR
            found[np.flatnonzero(~reached)[:, None], under] -= np.log(len(ways))
            for rows in _batches(asked, np.flatnonzero(reached).tolist(), len(start)):
                at = np.array(rows)[:, None]
                told = self._next([[*asked[row], *start] for row in rows], list(ways))
                for way, places in enumerate(ways.values()):
                    found[at, places] += told[:, way : way + 1]
                if len(under) == self._count:  # where all names still stand together
                    advance(len(rows), "")
        return found

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def _next(self, sequences: Sequence[Sequence[int]], tokens: list[int]) -> Floats:
        """The log of the chance of each of these tokens after each sequence, among themselves."""
        import torch

        batch = ragged.Continued([len(sequence) for sequence in sequences], self._prefix)
        with torch.inference_mode(), ragged.ragged(self._model):
            logits = self._model(
                input_ids=torch.tensor([[id for sequence in sequences for id in sequence]]),
                position_ids=batch.positions[None],
                use_cache=False,
                batch=batch,
                logits_to_keep=batch.ends,
            ).logits[0]
        return torch.log_softmax(logits[:, tokens].float(), -1).double().numpy()


def _asked(text: str, longest: int) -> str:
    return f"Request: {' '.join(text.split())[:longest]}\nIntent:"


def _branches(names: Sequence[Sequence[int]]) -> Branches:
    """Where names part, the shorter starts first."""
    following: Branches = defaultdict(lambda: defaultdict(list))
    for place, name in enumerate(names):
        for length in range(len(name)):
            following[tuple(name[:length])][name[length]].append(place)
    return {
        start: dict(ways)
        for start, ways in sorted(following.items(), key=lambda item: (len(item[0]), item[0]))
        if len(ways) > 1
    }


def _batches(asked: Sequence[Sequence[int]], rows: Sequence[int], more: int) -> Iterator[list[int]]:
    """Rows of about one length, in batches of about `TOKENS`."""
    batch: list[int] = []
    tokens = 0
    for row in sorted(rows, key=lambda row: (len(asked[row]), row)):
        length = len(asked[row]) + more
        if batch and tokens + length > TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += length
    if batch:
        yield batch
