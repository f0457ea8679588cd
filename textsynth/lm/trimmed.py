"""Trimmed models on disk: the same tokens of the same model are cut out once.

A folder of the cache holds one trimmed model, named by the model and the ids kept; other seeds keep
other ids, so only the few folders used last stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth import modelfiles, models
from textsynth.lm import vocabulary
from textsynth.lm.vocabulary import Vocabulary

FOLDERS = 4
_CARD = """\
# {name}, trimmed

Made by textsynth from `{name}`, for local use: the rows of its
embedding and its head that were not needed are left out, nothing else is changed. It is a
derivative of that model and comes under the same terms: {terms}.

- rows: {rows:,} of {size:,} stay; `kept.npy` holds their ids in the tokenizer of the original,
  in the order of the rows
- weights: {after:,} of {before:,} stay

The folder is a cache and may be deleted at any time; it is made again from the original.
"""


def load(
    source: models.ModelSource, texts: Iterable[str], *, common: int = vocabulary.COMMON
) -> tuple[Any, Vocabulary]:
    """The causal model with a trimmed vocabulary. What was trimmed before is read from the cache,
    without the original's weights; where trimming is not worth it, the model is the whole one.

    Args:
        source: which model.
        texts: what must be sayable with its own tokens; under differential privacy, nothing.
        common: how many of the commonest English words stay.

    Raises:
        ModelError: the model cannot be had, or its trimmed form cannot be written.
    """
    tokenizer, size, key = models.load_tokenizer(source)
    kept = vocabulary.keep(tokenizer, texts, common=common, size=size)
    if key is None or len(kept) == size:
        model = models.load_weights(source)
        return model, vocabulary.trim(model, tokenizer, [], kept=kept)
    folder = models.cache_folder() / f"trimmed-{_digest(key, kept)}"
    model = _cached(replace(source, location=str(folder)), kept)
    if model is not None:
        return model, vocabulary.of_kept(kept, size, tokenizer)
    model = models.load_weights(source)
    before = _count(model)
    words = vocabulary.trim(model, tokenizer, [], kept=kept)
    if len(words.kept) < size:
        card = _CARD.format(
            name=source.name,
            terms=source.terms,
            rows=len(kept),
            size=size,
            before=before,
            after=_count(model),
        )
        _save(model, kept, card, folder)
    return model, words


def _digest(key: str, kept: npt.NDArray[np.int64]) -> str:
    return hashlib.sha256(f"1 {key} ".encode() + kept.tobytes()).hexdigest()[:16]


def _count(model: Any) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _cached(source: models.ModelSource, kept: npt.NDArray[np.int64]) -> Any:
    """The model of a folder; None where there is none, or where it is damaged or was removed by
    another process meanwhile: then it is made again."""
    folder = Path(source.location)
    if not folder.is_dir():
        return None
    try:
        if not np.array_equal(np.load(folder / "kept.npy"), kept):
            raise ValueError("other ids")
        model = models.load_weights(source)
    except modelfiles.TooLargeError:
        raise
    except Exception:  # whatever its libraries say of a damaged folder, the remedy is the same
        _remove(folder)
        return None
    with contextlib.suppress(OSError):  # a cache that cannot be written can be read
        os.utime(folder)
    return model


def _save(model: Any, kept: npt.NDArray[np.int64], card: str, folder: Path) -> None:
    import torch

    # Weights that came as bfloat16 are written so; converting them once more loses nothing. Tied
    # ones stay one tensor, which is written once.
    state = {name: value.detach() for name, value in model.state_dict().items()}
    own = {value.data_ptr(): value for value in state.values()}
    half = torch.bfloat16
    if all(torch.equal(value.to(half).to(value.dtype), value) for value in own.values()):
        own = {at: value.to(half) for at, value in own.items()}
    state = {name: own[value.data_ptr()] for name, value in state.items()}
    size = sum(value.nbytes for value in own.values())
    with modelfiles.written_whole(folder, size) as temporary:
        model.save_pretrained(temporary, state_dict=state)
        np.save(temporary / "kept.npy", kept)
        (temporary / "README.md").write_text(card, encoding="utf-8")
    _forget(folder)


def _forget(newest: Path) -> None:
    """Remove all but the folders used last. Who has the weights of one mapped keeps them."""
    used = []
    for folder in newest.parent.glob("trimmed-*"):
        with contextlib.suppress(OSError):
            used.append((folder == newest, folder.stat().st_mtime_ns, folder))
    for *_, folder in sorted(used, reverse=True)[FOLDERS:]:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Take the name away first, so that nobody meets half a folder."""
    gone = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(OSError):
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
