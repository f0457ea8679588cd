"""Rows of an intent, drawn without replacement, each by itself: row i is the same whatever is drawn
with it, on any worker.

Row -> sentence and turn (`schedule`) -> derivation (a keyed permutation) -> numbers of texts
(`link`) -> text, pattern and slots, joined and gathered in Arrow. Nothing is done row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus, keyed
from textsynth.errors import GrammarError, figure
from textsynth.grammar import arrow
from textsynth.grammar.arrow import I32, Texts
from textsynth.grammar.compiling import compile_sentence
from textsynth.grammar.counting import bounded, count
from textsynth.grammar.cover import Indices, covering, derivations
from textsynth.grammar.decode import Decoder
from textsynth.grammar.fragments import digest
from textsynth.grammar.grammar import require_closed
from textsynth.grammar.link import Linked, Linker, Pool, freeze
from textsynth.grammar.model import Grammar, Intent
from textsynth.grammar.schedule import Schedule, shares
from textsynth.grammar.scope import get_intent, shared_scopes
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
    first: Indices | None  # derivations that go before the others


@dataclass(frozen=True, slots=True)
class PreparedIntent:
    """An intent that is ready to be drawn, under one seed."""

    name: str
    language: str
    sentences: tuple[PreparedSentence, ...]
    schedule: Schedule
    texts: Texts
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
                f"the intent {self.name!r} gives {figure(self.capacity)} rows, "
                f"{figure(stop)} are asked for",
                fix="ask for fewer, or add sentences and values",
            )
        with bounded():
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
            index = derivations(sentence.draw_key, turns.turn[rows], sentence.count, sentence.first)
            decoder.decode(sentence.linked, index, rows)
            ids[rows] = row_hash(sentence.id_key, index)
        table = self._table(texts, ids, turns.sentence)
        keep = self._distinct(table, turns.sentence)
        keep &= arrow.lengths(table.column("text").chunk(0)) > 0
        return table if keep.all() else table.take(arrow.numbers(np.flatnonzero(keep)))

    def _table(self, texts: I32, ids: U64, sentence: I32) -> pa.Table:
        rows, width = len(ids), len(texts)
        flat = np.ascontiguousarray(texts.T).ravel()
        found = {
            "id": arrow.hex_ids(f"template/{self.name}/", ids),
            "text": self.texts.joined(flat, width),
            "intent": arrow.word(self.name, rows),
            "slots": self.texts.slot_column(flat, width),
            "pattern": self.texts.pattern_column(flat, width),
            "language": arrow.constant(self.language, rows),
            "origin": arrow.word("template", rows),
            "generation": arrow.numbers(np.ones(rows, np.int8)),
            "parents": arrow.single(self.templates.take(arrow.numbers(sentence))),
            "scores": arrow.no_scores(rows),
        }
        columns = [
            found[field.name] if field.name in found else pa.nulls(rows, field.type)
            for field in corpus.SCHEMA
        ]
        return pa.table(columns, schema=corpus.SCHEMA)

    def _distinct(self, table: pa.Table, sentence: I32) -> npt.NDArray[np.bool_]:
        """Which rows fill the slots that a block calls `distinct` with different values."""
        keep = np.ones(table.num_rows, bool)
        bound = [(n, names) for n, s in enumerate(self.sentences) for names in s.distinct]
        if bound:
            slots = table.column("slots").chunk(0)
            row = np.repeat(np.arange(len(slots)), np.diff(slots.offsets.to_numpy()))
            label, value = slots.flatten().field("label"), slots.flatten().field("value")
            codes = value.dictionary_encode().indices.to_numpy()
            key = row * (int(codes.max(initial=0)) + 1) + codes
        for number, names in bound:
            wanted = pc.is_in(label, pa.array(names)).to_numpy(zero_copy_only=False)
            mine = np.flatnonzero(wanted & (sentence[row] == number))
            _, first = np.unique(key[mine], return_index=True)
            keep[row[np.delete(mine, first)]] = False
        return keep


@lru_cache(maxsize=64)
def prepare(grammar: Grammar, intent: str, seed: int) -> PreparedIntent:
    """Compile an intent, to draw from it often; the last ones are remembered.

    Raises:
        GrammarError: no such intent, a list or rule that is defined nowhere, a cycle.
    """
    require_closed(grammar, [intent])
    with bounded():
        return _prepared(grammar, intent, seed)


def _prepared(grammar: Grammar, intent: str, seed: int) -> PreparedIntent:
    found = get_intent(grammar, intent)
    scopes = shared_scopes(grammar, seed)
    pool, width = Pool(), 0
    sentences: list[PreparedSentence] = []
    weights: list[float | int] = []
    caps: list[int] = []
    seen: dict[str, int] = {}
    said: dict[int, str] = {}
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
                    id_key=keyed.stream(0, "id", intent, sentence.text, nth, digest(part, said)),
                    distinct=block.distinct,
                    first=covering(part) if found.cover else None,
                )
            )
            weights.append(_weight(found, block.weight, part.count))
    order = np.argsort(keyed.bits(keyed.stream(seed, "sentences", intent), np.arange(len(caps))))
    ordered = tuple(sentences[n] for n in order)
    return PreparedIntent(
        name=intent,
        language=grammar.language,
        sentences=ordered,
        schedule=Schedule(_floats([weights[n] for n in order]), [caps[n] for n in order]),
        texts=freeze(pool),
        templates=arrow.strings([sentence.template for sentence in ordered]),
        width=width,
    )


def _weight(intent: Intent, weight: float, size: int) -> float | int:
    if intent.distribution == "weighted":
        return weight
    return size if intent.distribution == "uniform" else 1.0


def _floats(weights: Sequence[float | int]) -> list[float]:
    """The weights in proportion; derivations may be more than a float can hold."""
    beyond = max((int(weight).bit_length() for weight in weights), default=0) - 1000
    if beyond <= 0:
        return [float(weight) for weight in weights]
    return [max(weight / (1 << beyond), 2.0**-900) if weight else 0.0 for weight in weights]


def draw(grammar: Grammar, intent: str, start: int, stop: int, *, seed: int) -> pa.Table:
    """Rows `start` to `stop` of an intent as a table of `corpus.SCHEMA`.

    Rows are derivations without replacement, dealt to sentences by the intent's `distribution`. Two
    derivations may give one text. `distinct`, and derivations without words, leave gaps: there are
    fewer rows, and none is renumbered.

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
