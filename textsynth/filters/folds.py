"""Many texts folded at once: ASCII without a loop over rows, the others one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import fold

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Bytes = tuple[U8, I64]
"""Texts one after the other, and where each begins and the last ends; shape (texts + 1,)."""

PIECE = 1 << 20  # bytes of text that are folded at once
EDGES = 4  # signs at an end that are taken off without a loop over rows
BLANK = 0x20
_CHARS = [chr(code) for code in range(128)]
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[:128] = [ord(char.lower()) if not char.isspace() else BLANK for char in _CHARS]
_EDGE = np.zeros(256, bool)
_EDGE[:128] = [fold(f"a{char}") == "a" for char in _CHARS]


def fold_all(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """What `fold` makes of each of these strings; null counts as empty."""
    return fold_by(values, fold, folded)


def fold_by(
    values: pa.Array | pa.ChunkedArray,
    slow: Callable[[str], str],
    fast: Callable[[U8, I64], tuple[Bytes, npt.NDArray[np.bool_]]],
) -> pa.Array:
    """What `slow` makes of each string, by way of `fast` where that can tell: it returns texts and
    which of them are right."""
    parts = [_strings(np.zeros(0, np.uint8), np.zeros(1, np.int64))]
    for piece, data, starts in _pieces(values):
        made, good = fast(data, starts)
        part = _strings(*made)
        if not good.all():
            rest = np.flatnonzero(~good)
            told = [slow(text) for text in piece.take(pa.array(rest)).to_pylist()]
            place = np.arange(len(good))
            place[rest] = len(good) + np.arange(len(rest))
            part = pa.concat_arrays([part, pa.array(told, pa.string())]).take(pa.array(place))
        parts.append(part)
    return pa.concat_arrays(parts)


def folded(data: U8, starts: I64) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """ASCII texts folded; others, and those with much white space or punctuation, are not right."""
    low = _LOWER[data]
    blank = low == BLANK
    odd = data >= 0x80
    odd[1:] |= blank[1:] & blank[:-1]
    first, last = starts[:-1].copy(), starts[1:].copy()
    good = last > first
    if good.any():
        good[good] = ~np.logical_or.reduceat(odd, first[good])
    edge = _EDGE[low]
    for _ in range(EDGES):
        first[good] += edge[first[good]]
        good &= last > first
        last[good] -= edge[last[good] - 1]
        good &= last > first
    good[good] = ~(edge[first[good]] | edge[last[good] - 1])
    first[~good] = last[~good] = starts[:-1][~good]
    within = np.zeros(len(low) + 1, np.int8)
    within[first[good]] += 1
    within[last[good]] -= 1
    kept = np.cumsum(within[:-1], dtype=np.int8).astype(bool)
    return (low[kept], np.concatenate([[0], np.cumsum(last - first)])), good


def squeeze(data: U8, starts: I64, kept: npt.NDArray[np.bool_]) -> Bytes:
    """Texts without the bytes that are not kept."""
    gone = np.flatnonzero(~kept)
    return data[kept], starts - np.searchsorted(gone, starts)


def _pieces(values: pa.Array | pa.ChunkedArray) -> Iterator[tuple[pa.Array, U8, I64]]:
    """Consecutive strings, their bytes, and where each begins in these."""
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    for chunk in chunks:
        if not len(chunk):
            continue
        plain = pc.fill_null(pc.cast(chunk, pa.string()), "")
        _, where, there = plain.buffers()
        starts = np.frombuffer(where, np.int32)[plain.offset : plain.offset + len(plain) + 1]
        data = np.frombuffer(there or b"", np.uint8)
        at = 0
        while at < len(plain):
            limit = int(starts[at]) + PIECE
            end = max(at + 1, int(np.searchsorted(starts, limit, side="right")) - 1)
            own = starts[at : end + 1].astype(np.int64)
            yield plain.slice(at, end - at), data[own[0] : own[-1]], own - own[0]
            at = end


def _strings(data: U8, starts: I64) -> pa.Array:
    where, there = pa.py_buffer(starts.astype(np.int32)), pa.py_buffer(data)
    return pa.StringArray.from_buffers(len(starts) - 1, where, there)
