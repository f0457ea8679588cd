"""Rows of an intent, drawn without replacement, each by itself: row i is the same whatever is drawn
with it, on any worker.

Row -> sentence and turn (`schedule`) -> derivation (a keyed permutation) -> numbers of texts
(`link`) -> text, pattern and slots, joined and gathered in Arrow. Nothing is done row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus, keyed
from textsynth.errors import GrammarError
from textsynth.grammar.fragments import compile_sentence
from textsynth.grammar.grammar import count, get_intent, require_closed
from textsynth.grammar.link import I32, Columns, Decoder, Linked, Linker, Pool, freeze
from textsynth.grammar.model import Grammar, Intent
from textsynth.grammar.schedule import Schedule, shares
from textsynth.grammar.scope import Scopes
from textsynth.keyed import U64

BATCH = 65_536  # rows that are worked on together; they fit the caches


@dataclass(frozen=True, slots=True)
class PreparedSentence:
    """A sentence that is ready to be drawn."""

    linked: Linked
    count: int
    template: str
    draw_key: int  # of the order of its derivations; depends on the seed
    id_key: int  # of the ids of its rows; depends on content alone
    distinct: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PreparedIntent:
    """An intent that is ready to be drawn, under one seed."""

    name: str
    language: str
    sentences: tuple[PreparedSentence, ...]
    schedule: Schedule
    columns: Columns
    templates: pa.StringArray
    width: int

    @property
    def capacity(self) -> int:
        """Rows there are, gaps included."""
        return self.schedule.capacity

    def draw(self, start: int, stop: int) -> pa.Table:
        """Rows `start` to `stop` as a table of `corpus.SCHEMA`.

        Raises:
            GrammarError: there are not so many rows.
        """
        if not 0 <= start <= stop:
            raise GrammarError(f"rows {start} to {stop} are no range", fix="0 <= start <= stop")
        if stop > self.capacity:
            raise GrammarError(
                f"the intent {self.name!r} gives {self.capacity:,} rows, {stop:,} are asked for",
                fix="ask for fewer, or add sentences and values",
            )
        tables = [self._batch(at, min(at + BATCH, stop)) for at in range(start, stop, BATCH)]
        return pa.concat_tables(tables) if tables else corpus.empty()

    def _batch(self, start: int, stop: int) -> pa.Table:
        turns = self.schedule.turns(start, stop)
        texts = np.zeros((max(self.width, 1), stop - start), np.int32)
        ids = np.empty(stop - start, np.uint64)
        decoder = Decoder(texts)
        order = np.argsort(turns.sentence, kind="stable")
        edges = np.flatnonzero(np.diff(turns.sentence[order])) + 1
        for rows in np.split(order, edges):
            sentence = self.sentences[turns.sentence[rows[0]]]
            index = keyed.permute(sentence.draw_key, turns.turn[rows], sentence.count)
            decoder.decode(sentence.linked, index, rows)
            ids[rows] = row_hash(sentence.id_key, index)
        table = self._table(texts, ids, turns.sentence)
        return self._without_repeats(table, turns.sentence)

    def _table(self, texts: I32, ids: U64, sentence: npt.NDArray[np.int32]) -> pa.Table:
        rows = len(ids)
        flat = np.ascontiguousarray(texts.T).ravel()
        ends = pa.array(np.arange(0, flat.size + 1, len(texts), dtype=np.int32))
        numbers = pa.array(flat)
        same = pa.array(np.zeros(rows, np.int32))
        ones = pa.array(np.arange(rows + 1, dtype=np.int32))
        found = {
            "id": hex_ids(f"template/{self.name}/", ids),
            "text": _joined(self.columns.texts, numbers, ends),
            "intent": pa.DictionaryArray.from_arrays(same, pa.array([self.name])),
            "slots": slot_column(self.columns, flat, len(texts)),
            "pattern": _joined(self.columns.patterns, numbers, ends),
            "language": pa.repeat(pa.scalar(self.language), rows),
            "origin": pa.DictionaryArray.from_arrays(same, pa.array(["template"])),
            "generation": pa.array(np.ones(rows, np.int8)),
            "parents": pa.ListArray.from_arrays(ones, self.templates.take(pa.array(sentence))),
            "scores": pa.ListArray.from_arrays(
                pa.array(np.zeros(rows + 1, np.int32)), pa.array([], corpus.SCORE)
            ),
        }
        columns = [
            found[field.name] if field.name in found else pa.nulls(rows, field.type)
            for field in corpus.SCHEMA
        ]
        return pa.table(columns, schema=corpus.SCHEMA)

    def _without_repeats(self, table: pa.Table, sentence: npt.NDArray[np.int32]) -> pa.Table:
        """The rows whose `distinct` slots differ; the others are gaps."""
        if not any(found.distinct for found in self.sentences):
            return table
        slots = table.column("slots").combine_chunks()
        row = np.repeat(np.arange(len(slots)), np.diff(slots.offsets.to_numpy()))
        flat = slots.flatten()
        label = flat.field("label").dictionary_encode()
        value = flat.field("value").dictionary_encode()
        codes = value.indices.to_numpy().astype(np.int64)
        keep = np.ones(len(slots), bool)
        for number, found in enumerate(self.sentences):
            for names in found.distinct:
                wanted = pc.is_in(label.cast(pa.string()), pa.array(names)).to_numpy(False)
                mine = np.flatnonzero(wanted & (sentence[row] == number))
                pairs, seen = np.unique(
                    row[mine] * (len(value.dictionary) + 1) + codes[mine], return_counts=True
                )
                keep[pairs[seen > 1] // (len(value.dictionary) + 1)] = False
        return table if keep.all() else table.filter(pa.array(keep))


@lru_cache(maxsize=64)
def prepare(grammar: Grammar, intent: str, seed: int) -> PreparedIntent:
    """Compile an intent, to draw from it often; the last ones are remembered.

    Raises:
        GrammarError: no such intent, a list or rule that is defined nowhere, a cycle.
    """
    require_closed(grammar, [intent])
    found = get_intent(grammar, intent)
    scopes = Scopes(grammar, seed)
    pool, width = Pool(), 0
    sentences: list[PreparedSentence] = []
    weights: list[float] = []
    caps: list[int] = []
    seen: dict[str, int] = {}
    for block in found.blocks:
        scope = scopes.of(found, block)
        parts = [compile_sentence(scope, sentence.tree) for sentence in block.sentences]
        caps += shares(block.max, [part.count for part in parts])
        for sentence, part in zip(block.sentences, parts, strict=True):
            linker = Linker(pool)
            linked = linker.link(part)
            width = max(width, linker.width)
            nth = seen[sentence.text] = seen.get(sentence.text, -1) + 1
            sentences.append(
                PreparedSentence(
                    linked=linked,
                    count=part.count,
                    template=sentence.place.template,
                    draw_key=keyed.stream(seed, "derivation", intent, sentence.text, nth),
                    id_key=keyed.stream(0, "id", intent, sentence.text, nth),
                    distinct=block.distinct,
                )
            )
            weights.append(_weight(found, block.weight, part.count))
    order = np.argsort(keyed.bits(keyed.stream(seed, "sentences", intent), np.arange(len(caps))))
    ordered = tuple(sentences[n] for n in order)
    return PreparedIntent(
        name=intent,
        language=grammar.language,
        sentences=ordered,
        schedule=Schedule([weights[n] for n in order], [caps[n] for n in order]),
        columns=freeze(pool),
        templates=pa.array([sentence.template for sentence in ordered], pa.string()),
        width=width,
    )


def _weight(intent: Intent, weight: float, size: int) -> float:
    if intent.distribution == "weighted":
        return weight
    return float(size) if intent.distribution == "uniform" else 1.0


def draw(grammar: Grammar, intent: str, start: int, stop: int, *, seed: int) -> pa.Table:
    """Rows `start` to `stop` of an intent as a table of `corpus.SCHEMA`.

    Rows are derivations without replacement, dealt to sentences by the intent's `distribution`. Two
    derivations may give one text, and `distinct` leaves gaps: fewer rows, none renumbered.

    Raises:
        GrammarError: as `prepare`; or there are not so many rows, and it says how many.
    """
    return prepare(grammar, intent, seed).draw(start, stop)


def capacity(grammar: Grammar, intent: str, *, seed: int = 0) -> int:
    """Rows that can be drawn: `count`, less what `max` and weights of zero hold back.

    Raises:
        GrammarError: as `count`.
    """
    found = get_intent(grammar, intent)
    if all(block.max is None and block.weight for block in found.blocks):
        return count(grammar, intent, seed=seed)
    return prepare(grammar, intent, seed).capacity


def row_hash(key: int, index: npt.NDArray[np.int64]) -> U64:
    """64 bits for each derivation of a sentence."""
    if index.dtype != object:
        return keyed.bits(key, index)
    high = keyed.bits(key + 1, (index >> 63 & 0x7FFFFFFFFFFFFFFF).astype(np.int64))
    low = keyed.bits(key, (index & 0x7FFFFFFFFFFFFFFF).astype(np.int64))
    return keyed.bits(key, low ^ high)


_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)


def hex_ids(prefix: str, hashes: U64) -> pa.StringArray:
    """`prefix` and 16 hex digits for each hash."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    digits = _HEX[hashes.astype(">u8").view(np.uint8)].view(np.uint8).reshape(-1, 16)
    rows = np.empty((len(hashes), len(head) + 16), np.uint8)
    rows[:, : len(head)] = head
    rows[:, len(head) :] = digits
    ends = np.arange(len(hashes) + 1, dtype=np.int32) * rows.shape[1]
    return pa.StringArray.from_buffers(len(hashes), pa.py_buffer(ends), pa.py_buffer(rows))


def _joined(pool: pa.StringArray, numbers: pa.Array, ends: pa.Array) -> pa.StringArray:
    return pc.binary_join(pa.ListArray.from_arrays(ends, pool.take(numbers)), "")


def slot_column(columns: Columns, flat: I32, width: int) -> pa.ListArray:
    """The slots of rows whose texts have these numbers, `width` of them a row."""
    length = columns.length[flat].reshape(-1, width)
    before = (np.cumsum(length, axis=1, dtype=np.int32) - length).ravel()
    counts = columns.slots[flat]
    total = counts.reshape(-1, width).sum(axis=1)
    ends = np.concatenate([[0], np.cumsum(total)]).astype(np.int32)
    source = np.repeat(np.arange(flat.size), counts)
    nth = np.arange(source.size) - np.repeat(np.cumsum(counts) - counts, counts)
    slot = columns.first[flat[source]] + nth
    shift = before[source]
    struct = pa.StructArray.from_arrays(
        [
            pa.array(columns.start[slot] + shift),
            pa.array(columns.end[slot] + shift),
            columns.labels.take(pa.array(columns.label[slot])),
            columns.values.take(pa.array(columns.value[slot])),
        ],
        fields=list(corpus.SLOT),
    )
    return pa.ListArray.from_arrays(pa.array(ends), struct)
