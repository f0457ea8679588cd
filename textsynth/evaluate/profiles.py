"""What rows consist of, as distributions: lengths, intents, slots, parts of speech, small words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from textsynth import corpus
from textsynth.evaluate import Context
from textsynth.evaluate.diversity import words_of

LONGEST = 40  # words; longer rows are counted with these
TAGGED = 1000  # rows a side that the tagger sees
CLOSED = frozenset({"DET", "ADP", "PRON", "AUX", "CCONJ", "SCONJ", "PART"})

Counts = Counter[Any]


def of(
    sides: Sequence[pa.Table], context: Context
) -> tuple[Mapping[str, Sequence[Counts]], list[str]]:
    """For each profile (`length` in words, `intent`, `slot`, `pos`, `function_word`) the counts of
    each side; those that the first two sides have. And notes on those that they do not."""
    found = {
        "length": [_lengths(table, context.language) for table in sides],
        "intent": [_intents(table) for table in sides],
        "slot": [_slots(table) for table in sides],
    }
    notes = []
    if context.tag is None:
        notes.append(
            "Parts of speech and function words were not compared: there is no spaCy pipeline for "
            f"{context.language!r}. For English, install one with "
            '`pip install "textsynth-corpus[models]"`.'
        )
    else:
        texts = [corpus.column(table, "text")[:TAGGED] for table in sides]
        tagged = [[pair for one in context.tag(own) for pair in one] for own in texts]
        found["pos"] = [Counter(part for _, part in own if part != "SPACE") for own in tagged]
        found["function_word"] = [
            Counter(corpus.fold(word) for word, part in own if part in CLOSED) for own in tagged
        ]
    for name, (made, real, *_) in list(found.items()):
        if not made or not real:
            del found[name]
        if bool(made) != bool(real):
            side = "real" if made else "synthetic"
            notes.append(
                f"{name}_distance was not measured: the {side} rows have nothing to count."
            )
    return found, notes


def total_variation(one: Counts, other: Counts) -> float:
    """Half the sum of the differences of shares, 0 to 1: how much of one distribution lies
    elsewhere in the other. Neither may be empty."""
    first, second = one.total(), other.total()
    return sum(abs(one[key] / first - other[key] / second) for key in sorted(one | other)) / 2


def shares(column: str, sides: Sequence[Counts]) -> list[dict[str, str | int | float]]:
    """Rows of `kind`, the value (under `column`) and its share, of synthetic and of real rows."""
    made, real = sides
    return [
        {"kind": kind, column: value, "share": round(counts[value] / counts.total(), 6)}
        for kind, counts in (("synthetic", made), ("real", real))
        for value in sorted(made | real)
    ]


def _lengths(table: pa.Table, language: str) -> Counts:
    texts = corpus.column(table, "text")
    return Counter(min(LONGEST, len(words_of(text, language))) for text in texts)


def _intents(table: pa.Table) -> Counts:
    return Counter(intent for intent in corpus.column(table, "intent") if intent is not None)


def _slots(table: pa.Table) -> Counts:
    """How often each label occurs, and rows without one; nothing where no row has a slot."""
    rows = [[slot["label"] for slot in slots or ()] for slots in corpus.column(table, "slots")]
    return Counter(label for row in rows for label in row or ["(none)"]) if any(rows) else Counter()
