"""What exporters read: the corpus row by row or batch by batch, the values that its slots hold, and
how a limit is shared out among intents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import SCHEMA, WORD, Slot, count_by

BATCH_ROWS = 16_384

_ROW = ("id", "text", "intent", "slots", "split")


class Row(NamedTuple):
    """A row as exporters read it; `position` is its place in the corpus."""

    position: int
    id: str
    text: str
    intent: str | None
    slots: tuple[Slot, ...]
    split: str | None


def rows(corpus: pa.Table) -> Iterator[Row]:
    """The rows in order; one batch at a time is in memory as Python objects."""
    position = 0
    for batch in batches(corpus, _ROW):
        for columns in zip(*batch.values(), strict=True):
            yield Row(position, *columns)
            position += 1


def rows_by_intent(corpus: pa.Table) -> Iterator[tuple[str | None, Iterator[Row]]]:
    """Each intent, in the order of their names (None first), with its rows in order; use up the
    rows of one before the next."""
    names: list[str | None] = [key[0] for key in count_by(corpus, "intent")]
    column = corpus.column("intent").cast(pa.string())
    codes = pc.index_in(column, value_set=pa.array(names, pa.string())).to_numpy()
    parts = corpus.select(_ROW).to_batches(max_chunksize=BATCH_ROWS)
    for code, name in enumerate(names):
        yield name, _rows_of(parts, codes == code)


def _rows_of(parts: Sequence[pa.RecordBatch], mask: npt.NDArray[np.bool_]) -> Iterator[Row]:
    """The rows of the batches at which `mask` is true."""
    start = 0
    for part in parts:
        places = np.flatnonzero(mask[start : start + part.num_rows])
        if places.size:
            chosen = part.take(pa.array(places))
            columns = [_values(name, chosen.column(name)) for name in _ROW]
            yield from map(Row, (places + start).tolist(), *columns)
        start += part.num_rows


def batches(
    corpus: pa.Table, columns: Sequence[str], *, slot: Callable[[int, int, str, str], Any] = Slot
) -> Iterator[dict[str, list[Any]]]:
    """Some columns as Python lists of equal length, batch by batch.

    Slots are tuples, in the order of the text, of what `slot` makes of start, end, label and value;
    a state is a tuple of (slot, value), or None.
    """
    for batch in corpus.select(columns).to_batches(max_chunksize=BATCH_ROWS):
        yield {name: _values(name, batch.column(name), slot) for name in columns}


def _values(name: str, array: pa.Array, slot: Callable[..., Any] = Slot) -> list[Any]:
    if name == "slots":
        return _slots(array, slot)
    if name == "state":
        return _state(array)
    if SCHEMA.field(name).type == WORD:
        array = array.cast(pa.string())
    # `to_pylist` makes a scalar of each value first, which takes ten times as long
    plain = pa.types.is_string(array.type) or not array.null_count
    if pa.types.is_nested(array.type) or not plain:
        values: list[Any] = array.to_pylist()
        return values
    return _plain(array)


def _slots(array: pa.Array, slot: Callable[..., Any]) -> list[tuple[Any, ...]]:
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    flat = array.flatten()
    starts = flat.field("start").to_numpy(zero_copy_only=False)
    first = np.zeros(len(starts) + 1, bool)
    first[0] = first[ends] = True
    if (np.diff(starts) < 0)[~first[1:-1]].any():
        order = np.lexsort((starts, np.repeat(np.arange(len(sizes)), sizes)))
        flat = flat.take(pa.array(order))
    fields = [_plain(flat.field(name)) for name in ("start", "end", "label", "value")]
    made = list(map(slot, *fields))
    found, at = [], 0
    for end in ends.tolist():
        found.append(tuple(made[at:end]))
        at = end
    return found


def _state(array: pa.Array) -> list[tuple[tuple[str, str], ...] | None]:
    flat = array.flatten()
    made = list(zip(_plain(flat.field("slot")), _plain(flat.field("value")), strict=True))
    found: list[tuple[tuple[str, str], ...] | None] = []
    at = 0
    for size in pc.fill_null(pc.list_value_length(array), -1).to_pylist():
        found.append(None if size < 0 else tuple(made[at : at + size]))
        at += max(size, 0)
    return found


def _plain(array: pa.Array) -> list[Any]:
    values: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return values


# -- values ---------------------------------------------------------------------------------------


def slot_types(corpus: pa.Table) -> dict[str, dict[str, list[str]]]:
    """What the slots hold: label -> canonical value -> surfaces, as seen in the corpus.

    Labels are sorted; values and surfaces come the most frequent first, so that a limit keeps
    those. A surface may stand under several values, and need not be among its own value's surfaces.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for batch in batches(corpus, ("text", "slots")):
        counts.update(
            (slot.label, slot.value, text[slot.start : slot.end])
            for text, slots in zip(batch["text"], batch["slots"], strict=True)
            for slot in slots
        )
    of_value: Counter[tuple[str, str]] = Counter()
    for (label, value, _), count in counts.items():
        of_value[label, value] += count
    types: dict[str, dict[str, list[str]]] = {}
    for label, value in sorted(of_value, key=lambda key: (key[0], -of_value[key], key[1])):
        types.setdefault(label, {})[value] = []
    for label, value, surface in sorted(counts, key=lambda key: (-counts[key], key)):
        types[label][value].append(surface)
    return types


def allot(sizes: Mapping[str | None, int], total: int) -> dict[str | None, int]:
    """`total` shared out in proportion to `sizes` by largest remainders, but at least one to each
    that has any where there are enough; none gets more than its size."""
    whole = sum(sizes.values())
    if total >= whole:
        return dict(sizes)
    names = sorted((name for name in sizes if sizes[name]), key=lambda name: (name or "", name))
    least = int(total >= len(names))
    shares = {name: total * sizes[name] / whole for name in names}
    given = {name: max(int(shares[name]), least) for name in names}
    while sum(given.values()) > total:
        given[max(names, key=lambda name: (given[name] > least, given[name] - shares[name]))] -= 1
    missing = total - sum(given.values())
    for name in sorted(names, key=lambda name: given[name] - shares[name])[:missing]:
        given[name] += 1
    return {name: given.get(name, 0) for name in sizes}
