"""spaCy's training data, `DocBin` files (https://spacy.io/api/docbin): slots as entities, intents
as categories."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from textsynth.corpus import count_by, span_fault
from textsynth.export import About, ExportReport, beforehand, require_shard_rows
from textsynth.export.rows import Row, rows
from textsynth.export.target import writing

if TYPE_CHECKING:
    from spacy.tokens import Doc

FOLDERS = {None: "train", "train": "train", "validation": "dev", "test": "test"}
# Of a language that has no rules in spaCy, or whose rules want a package that is not there.
ANY_LANGUAGE = "xx"


@beforehand(require_shard_rows)
def export(
    corpus: pa.Table, folder: Path, about: About, *, shard_rows: int = 50_000
) -> ExportReport:
    """Write `train/00000.spacy` and so on, with `dev/` and `test/` beside it.

    `spacy train --paths.train` takes such a folder as a whole.

    Tokens are those of spaCy for the language of the corpus, cut where a slot begins or ends inside
    one. Entities carry the label and, as `ent_id_`, the canonical value; `doc.cats` has 1 for the
    intent and 0 for the others, and nothing for a row without one. `shard_rows` is the most rows a
    file holds.

    Rules for which rows are refused: `unknown_split`, `text_empty`, spans that do not fit the text,
    and `space_at_slot_edge` (an entity that begins or ends in white space cannot be trained on).

    Raises:
        ExportError: no rows, none that can be written, fewer than one in a file, or a folder that
            is not ours or cannot be written.
    """
    require_shard_rows(about, shard_rows=shard_rows)
    with writing("spacy", corpus, folder) as job:
        maker = _Maker(
            about.language, [k[0] for k in count_by(corpus, "intent") if k[0] is not None]
        )
        if maker.language == ANY_LANGUAGE != about.language:
            job.note(f"spaCy's tokens are those of {ANY_LANGUAGE!r}, not of {about.language!r}")
        shards: dict[str, _Shards] = {}
        for row in rows(corpus):
            rule = fault(row)
            if rule:
                job.refuse(rule, row.id)
                continue
            name = FOLDERS[row.split]
            if name not in shards:
                shards[name] = _Shards(job.at / name, shard_rows)
            shards[name].add(maker.doc(row))
            job.written += 1
        for shard in shards.values():
            shard.write()
    return job.report()


def fault(row: Row) -> str | None:
    """The rule that a row breaks, or None."""
    if row.split not in FOLDERS:
        return "unknown_split"
    if not row.text.strip():
        return "text_empty"
    wrong = span_fault(row.text, [(slot.start, slot.end) for slot in row.slots])
    if wrong:
        return wrong
    edges = (row.text[at] for slot in row.slots for at in (slot.start, slot.end - 1))
    return "space_at_slot_edge" if any(map(str.isspace, edges)) else None


class _Maker:
    """Rows to docs."""

    def __init__(self, language: str, intents: list[str]) -> None:
        import spacy

        self.language = language.replace("_", "-").split("-")[0].lower()
        try:
            self.nlp = spacy.blank(self.language)
        except ImportError:  # also what spaCy raises for a language that it does not know
            self.language = ANY_LANGUAGE
            self.nlp = spacy.blank(ANY_LANGUAGE)
        self.none = dict.fromkeys(intents, 0.0)

    def doc(self, row: Row) -> Doc:
        from spacy.tokens import Doc, Span

        edges = sorted({edge for slot in row.slots for edge in (slot.start, slot.end)})
        cuts = self._cuts(row.text, edges)
        words: list[str] = []
        spaces: list[bool] = []
        for start, end in pairwise(cuts):
            piece = row.text[start:end]
            if piece == " " and words and not spaces[-1]:
                spaces[-1] = True  # the one space behind a token is no token
            else:
                words.append(piece)
                spaces.append(False)
        doc = Doc(self.nlp.vocab, words=words, spaces=spaces)
        starts = {token.idx: token.i for token in doc}
        ends = {token.idx + len(token): token.i + 1 for token in doc}
        doc.ents = [
            Span(doc, starts[s.start], ends[s.end], label=s.label, span_id=s.value)
            for s in row.slots
        ]
        if row.intent is not None:
            doc.cats = {**self.none, row.intent: 1.0}
        return doc

    def _cuts(self, text: str, edges: list[int]) -> list[int]:
        """Where tokens begin or end, spaces behind them being tokens too."""
        found = {0, len(text), *edges}
        for token in self.nlp.make_doc(text) if len(text) < self.nlp.max_length else ():
            found.update((token.idx, token.idx + len(token)))
        return sorted(found)


class _Shards:
    """Docs on their way to files."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size, self.number = folder, size, 0
        self.bin = self._new()
        folder.mkdir(parents=True)

    def _new(self) -> Any:
        from spacy.tokens import DocBin

        return DocBin(attrs=["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE", "ENT_ID"])

    def add(self, doc: Doc) -> None:
        self.bin.add(doc)
        if len(self.bin) >= self.size:
            self.write()

    def write(self) -> None:
        """Write what there is as the next file."""
        if len(self.bin):
            self.bin.to_disk(self.folder / f"{self.number:05d}.spacy")
            self.number += 1
            self.bin = self._new()
