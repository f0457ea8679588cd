"""Columns of the corpus from numbers of texts, a batch at a time.

Arrays are made from buffers, since `pa.array` and `pa.scalar` load pandas, which takes longer than
drawing 200,000 rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus
from textsynth.keyed import U64

I32 = npt.NDArray[np.int32]
_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)


def numbers(values: npt.NDArray[Any]) -> pa.Array:
    """A NumPy array of integers as an Arrow array, without a copy."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def strings(texts: Sequence[str]) -> pa.StringArray:
    """Texts as an Arrow array."""
    encoded = [text.encode() for text in texts]
    ends = np.fromiter(accumulate(map(len, encoded), initial=0), np.int32, len(encoded) + 1)
    data = pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), data)


def lengths(texts: pa.StringArray) -> I32:
    """Bytes of each text."""
    ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :]
    return np.asarray(np.diff(ends[: len(texts) + 1]))


def constant(text: str, rows: int) -> pa.StringArray:
    """The same text in each row."""
    return pa.repeat(strings([text])[0], rows)


def word(text: str, rows: int) -> pa.DictionaryArray:
    """The same text in each row, as a dictionary of one."""
    return pa.DictionaryArray.from_arrays(numbers(np.zeros(rows, np.int32)), strings([text]))


def single(texts: pa.StringArray) -> pa.ListArray:
    """Each text as a list of one."""
    return pa.ListArray.from_arrays(numbers(np.arange(len(texts) + 1, dtype=np.int32)), texts)


def no_scores(rows: int) -> pa.ListArray:
    """An empty list of scores in each row."""
    empty = pa.nulls(0, corpus.SCORE)
    return pa.ListArray.from_arrays(numbers(np.zeros(rows + 1, np.int32)), empty)


def hex_ids(prefix: str, hashes: U64) -> pa.StringArray:
    """`prefix` and 16 hex digits for each hash."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    digits = _HEX[hashes.astype(">u8").view(np.uint8)].view(np.uint8).reshape(-1, 16)
    rows = np.empty((len(hashes), len(head) + 16), np.uint8)
    rows[:, : len(head)] = head
    rows[:, len(head) :] = digits
    ends = np.arange(len(hashes) + 1, dtype=np.int32) * rows.shape[1]
    return pa.StringArray.from_buffers(len(hashes), pa.py_buffer(ends), pa.py_buffer(rows))


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of an intent, by number: their characters, slots and patterns."""

    text: pa.StringArray
    length: I32  # characters
    slots: I32  # how many slots each text has
    first: I32  # the first of them in the columns that follow
    start: I32
    end: I32
    label: I32
    value: I32
    labels: pa.StringArray
    values: pa.StringArray
    pattern: I32
    patterns: tuple[str, ...]

    def joined(self, flat: I32, width: int) -> pa.StringArray:
        """The texts of rows, `width` numbers a row."""
        return _joined(self.text, flat, width)

    def pattern_column(self, flat: I32, width: int) -> pa.StringArray:
        """The patterns of rows. Few rows differ, so each pattern is joined once and gathered; where
        nearly all do, they are joined as texts are."""
        kinds = len(self.patterns)
        codes = self.pattern[flat]
        if kinds**width < 1 << 62:
            columns = codes.reshape(-1, width)
            key = np.zeros(len(columns), np.int64)
            for column in range(width):
                key = key * kinds + columns[:, column]
            coded = pc.dictionary_encode(numbers(key))
            if len(coded.dictionary) * 4 <= len(key) or len(key) < 64:
                found = (self._pattern(key, width) for key in coded.dictionary.tolist())
                return strings(list(found)).take(coded.indices)
        return _joined(strings(self.patterns), codes, width)

    def _pattern(self, key: int, width: int) -> str:
        pieces = []
        for _ in range(width):
            key, code = divmod(key, len(self.patterns))
            pieces.append(self.patterns[code])
        return "".join(reversed(pieces))

    def slot_column(self, flat: I32, width: int) -> pa.ListArray:
        """The slots of rows, in the order of the text, with offsets in the row."""
        length = self.length[flat].reshape(-1, width)
        before = (np.cumsum(length, axis=1, dtype=np.int32) - length).ravel()
        counts = self.slots[flat]
        ends = np.zeros(len(length) + 1, np.int32)
        np.cumsum(counts.reshape(-1, width).sum(axis=1), out=ends[1:])
        source = np.repeat(np.arange(flat.size, dtype=np.int32), counts)
        nth = np.arange(source.size, dtype=np.int32)
        nth -= np.repeat(np.cumsum(counts, dtype=np.int32) - counts, counts)
        slot = self.first[flat[source]] + nth
        shift = before[source]
        struct = pa.StructArray.from_arrays(
            [
                numbers(self.start[slot] + shift),
                numbers(self.end[slot] + shift),
                self.labels.take(numbers(self.label[slot])),
                self.values.take(numbers(self.value[slot])),
            ],
            fields=list(corpus.SLOT),
        )
        return pa.ListArray.from_arrays(numbers(ends), struct)


def _joined(pool: pa.StringArray, flat: I32, width: int) -> pa.StringArray:
    ends = numbers(np.arange(0, flat.size + 1, width, dtype=np.int32))
    lists = pa.ListArray.from_arrays(ends, pool.take(numbers(flat)))
    return pc.binary_join(lists, strings([""])[0])
