"""A slot tagger, trained afresh each time, and the score of what it finds.

Tokens are runs of word characters and single other signs; a token belongs to a slot when they
overlap. Tags are IOB2.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

PASSES = 10
_TOKEN = re.compile(r"\w+|[^\w\s]")

Span = tuple[int, int]
Words = list[str]
Tags = list[str]
Counts = npt.NDArray[np.int64]


def tokens(text: str) -> list[Span]:
    """The offsets of the tokens of a text."""
    return [match.span() for match in _TOKEN.finditer(text)]


def sentence(text: str, slots: Iterable[tuple[int, int, str]]) -> tuple[Words, Tags]:
    """The tokens of a text and the tag of each, from slots as (start, end, label). Where they
    overlap, a token is of the first."""
    spans = tokens(text)
    tags = ["O"] * len(spans)
    for first, last, label in sorted(slots, key=lambda slot: (slot[0], -slot[1])):
        inside = "B-"
        for at, (start, end) in enumerate(spans):
            if start < last and end > first and tags[at] == "O":
                tags[at] = inside + label
                inside = "I-"
    return [text[start:end] for start, end in spans], tags


def features(words: Words) -> list[list[str]]:
    """What the tagger sees of each token: itself, its shape and its endings, and those around."""
    own = [(word.lower(), _shape(word)) for word in words]
    seen = []
    for at, (word, shape) in enumerate(own):
        row = ["bias", f"word={word}", f"shape={shape}", f"last3={word[-3:]}", f"last2={word[-2:]}"]
        for step in (-2, -1, 1, 2):
            if 0 <= at + step < len(own):
                row.append(f"{step}:word={own[at + step][0]}")
                if abs(step) == 1:
                    row.append(f"{step}:shape={own[at + step][1]}")
            else:
                row.append(f"{step}:edge")
        seen.append(row)
    return seen


def _shape(word: str) -> str:
    """`Xx` for `Paris`, `d` for `2026`, `Xd` for `A4`: kinds of characters, repeats joined."""
    kinds = (
        "X" if c.isupper() else "d" if c.isdigit() else "x" if c.isalpha() else c for c in word
    )
    return re.sub(r"(.)\1+", r"\1", "".join(kinds))


def train(
    rows: Iterable[tuple[list[list[str]], Tags]], seed: int = 0
) -> Callable[[Sequence[list[list[str]]]], list[Tags]]:
    """A conditional random field by averaged perceptron (Collins 2002), as CRFsuite has it; the
    function returned gives the tags of further sentences. Not to be called by two threads at once.
    """
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
    trainer.set_params({"max_iterations": PASSES})
    known = [(seen, tags) for seen, tags in rows if tags]
    if not known:  # a model of nothing brings CRFsuite down
        return lambda sentences: [["O"] * len(seen) for seen in sentences]
    for seen, tags in known:
        trainer.append(seen, tags)
    # CRFsuite shuffles by the C library's rand() and offers no seed of its own
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    library.srand(seed % (1 << 31))
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tagger.crfsuite")
        trainer.train(path)
        with open(path, "rb") as file:
            model = file.read()
    tagger.open_inmemory(model)

    def tag(sentences: Sequence[list[list[str]]], _model: bytes = model) -> list[Tags]:
        # the tagger reads the bytes as long as it lives and does not keep them
        return [tagger.tag(seen) if seen else [] for seen in sentences]

    return tag


def span_counts(gold: Sequence[Tags], found: Sequence[Tags]) -> Counts:
    """Of each sentence the spans found rightly, found, and there: shape (n, 3). Spans are read by
    seqeval, strictly: both bounds and the label must agree."""
    from seqeval.scheme import IOB2, Entities

    rows = []
    for own, other in zip(gold, found, strict=True):
        there = {entity.to_tuple() for entity in Entities([own], IOB2).entities[0]}
        seen = {entity.to_tuple() for entity in Entities([other], IOB2).entities[0]}
        rows.append((len(there & seen), len(seen), len(there)))
    return np.array(rows, np.int64).reshape(len(rows), 3)


def f1(counts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Micro F1 of counts of shape (…, 3) as `span_counts` gives them; 0 where there is nothing."""
    right, both = counts[..., 0], counts[..., 1] + counts[..., 2]
    return np.asarray(np.where(both > 0, 2 * right / np.maximum(both, 1), 0.0), np.float64)
