"""The corpus as tokens and their tags, the way that token classifiers learn from `datasets`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.export.rows import batches
from textsynth.export.tokens import slot_fault, tagged_words


def taggable(corpus: pa.Table) -> tuple[pa.Table, list[str], Mapping[str, int]]:
    """The rows whose slots are whole tokens, the labels in them, sorted, and how many other rows
    there are by the rule that they break (see `tokens.slot_fault`)."""
    fits: list[bool] = []
    labels: set[str] = set()
    refused: Counter[str] = Counter()
    for batch in batches(corpus, ("text", "slots")):
        for text, slots in zip(batch["text"], batch["slots"], strict=True):
            rule = slot_fault(text, slots) if slots else None
            fits.append(rule is None)
            if rule is None:
                labels.update(slot.label for slot in slots)
            else:
                refused[rule] += 1
    columns = corpus.select(["id", "text", "intent", "slots", "split"])
    kept = columns.filter(pa.array(np.array(fits, dtype=bool))) if refused else columns
    return kept, sorted(labels), dict(sorted(refused.items()))


def features(labels: list[str], intent: Any) -> Any:
    """The `datasets.Features`: `tags` are `O`, then `B-` and `I-` of each label; `intent` is the
    feature of the intents, or None where there are none."""
    from datasets import ClassLabel, Features, List, Value

    names = ["O", *(f"{place}-{label}" for label in labels for place in "BI")]
    found = {
        "id": Value("string"),
        "tokens": List(Value("string")),
        "tags": List(ClassLabel(names=names)),
    }
    return Features(found if intent is None else {**found, "intent": intent})


def encode(rows: pa.Table, features: Any) -> tuple[pa.Array, pa.Array]:
    """The columns `tokens` and `tags` of rows that `taggable` gave."""
    names = pa.array(features["tags"].feature.names, pa.string())
    found: tuple[list[pa.Array], list[pa.Array]] = ([], [])
    for batch in batches(rows, ("text", "slots")):
        words: list[str] = []
        marks: list[str] = []
        ends = [0]
        for text, slots in zip(batch["text"], batch["slots"], strict=True):
            more = tagged_words(text, slots)
            words += more[0]
            marks += more[1]
            ends.append(len(words))
        offsets = pa.array(ends, pa.int32())
        codes = pc.index_in(pa.array(marks, pa.string()), value_set=names).to_numpy()
        found[0].append(pa.ListArray.from_arrays(offsets, pa.array(words, pa.string())))
        found[1].append(pa.ListArray.from_arrays(offsets, pa.array(codes, pa.int64())))
    return pa.chunked_array(found[0]), pa.chunked_array(found[1])
