"""Rows of other tools on their way to seeds: one place that makes an utterance or refuses it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textsynth.corpus import Slot, Utterance, span_fault
from textsynth.errors import SeedError
from textsynth.grammar.model import Finding
from textsynth.importers.pack import as_label

MOST_PLACES = 1_000  # places of refused rows that are kept, for each reason
# Why rows are refused, and what to do about it.
REASONS: Mapping[str, str] = {
    "annotation_invalid": "mend the annotation of the entity",
    "bytes_not_utf8": "save the file as UTF-8",
    "cell_too_long": "close the quote, or shorten the cell",
    "columns_extra": "quote cells that hold the delimiter",
    "columns_missing": "give the row as many cells as the header has",
    "example_invalid": "begin each example with `- `",
    "generation_not_integer": "write the generation as a whole number",
    "generation_out_of_range": "write a generation from 0 to 126",
    "intent_missing": "name the intent of the row",
    "intent_not_text": "write the intent as text",
    "label_missing": "name the label of the slot",
    "line_too_long": "write one row a line, of less than 16 MB",
    "quote_invalid": "close the quote, and double quotes inside of a quoted cell",
    "row_not_a_pair": "write [text, intent]",
    "row_not_an_object": "write an object with text and intent",
    "row_not_json": "write one JSON object a line",
    "sample_has_broken_braces": "write {slot}",
    "sample_has_unknown_slot": "declare the slot in the intent",
    "sentence_too_long": "put an empty line between sentences",
    "slot_incomplete": "give each slot start, end and label",
    "slot_offset_not_integer": "write offsets as whole numbers of characters",
    "slot_value_not_text": "write the value as text",
    "slot_without_values": "give its type values, or use the file as templates and supply the list",
    "slots_not_a_list": "write slots as a list of objects",
    "span_empty": "let the span hold a word",
    "span_out_of_bounds": "count offsets in characters of this text",
    "spans_overlap": "keep one of the spans",
    "tag_invalid": "write tags as O, B-label, I-label (E- and S- too)",
    "tags_missing": "give each token a tag",
    "text_empty": "write something in it",
    "text_missing": "name the column that holds the text",
    "text_not_text": "write the text as text",
    "text_not_unicode": "remove the lone surrogates",
    "tokens_not_in_text": "let `# text =` hold the tokens in their order",
}
Span = tuple[int, int, str, str | None]  # start, end, label, canonical value (None: the words)


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read; each reader takes some of these.

    Attributes:
        columns: what a column is (`text`, `intent`, …) -> how the file calls it.
        split: the part to read (None: all).
        language: which of several that a bot holds (None: the only one).
        per_sample: rows made of a sample with slots, at most.
        seed: of the values drawn for them.
        output: where the rows go; a file of the folder that is read, it is none of its sources.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    language: str | None = None
    per_sample: int = 3
    seed: int = 0
    output: Path | None = None


@dataclass(slots=True)
class Notes:
    """What was refused, and what else is not as in the file.

    Attributes:
        refused: rows by reason, a key of `REASONS`.
        places: where they stand, the first `MOST_PLACES` of each reason.
        findings: what is not read or changed, said once each.
        names: the way back that an export of ours left: kind -> name written -> name.
    """

    refused: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    findings: dict[Finding, None] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # label -> the name it was made of

    def refuse(self, reason: str, where: str) -> None:
        """Leave a row out."""
        self.refused[reason] += 1
        if self.refused[reason] <= MOST_PLACES:
            self.places.setdefault(reason, []).append(where)

    def note(self, where: str, message: str, fix: str) -> None:
        """Say once that something is not carried over as it is."""
        self.findings[Finding("warning", where, message, fix)] = None

    def label(self, name: str, where: str) -> str:
        """The name of a slot, as labels are written.

        Raises:
            SeedError: another name was made the same label.
        """
        name = self.names.get("slots", {}).get(name, name)
        made = as_label(name)
        first = self.labels.setdefault(made, name)
        if first != name:
            message = f"{name!r} and {first!r} would both be called {made}"
            raise SeedError(message, where=where, fix="rename one of them")
        if made != name:
            fix = "nothing, or rename it: letters, digits, _, - and . only"
            self.note(where, f"{name!r} is called {made} here", fix)
        return made

    def utterance(
        self,
        where: str,
        text: object,
        intent: object = None,
        spans: Iterable[Span] = (),
        *,
        language: str | None = None,
        split: str | None = None,
        origin: str = "seed",
        generation: int = 0,
    ) -> Utterance | None:
        """A row, whose id is its place; None where it is refused. Names that an export changed are
        what they were."""
        fault = _text_fault(text) or _intent_fault(intent)
        if fault:
            self.refuse(fault, where)
            return None
        assert isinstance(text, str)
        named = intent.strip() if isinstance(intent, str) else ""
        slots = self._slots(where, text, sorted(spans, key=lambda span: span[:2]))
        if slots is None:
            return None
        return Utterance(
            id=where,
            text=text,
            intent=self.names.get("intents", {}).get(named, named) or None,
            slots=slots,
            language=language or "en",
            split=split,
            origin=origin,
            generation=generation,
        )

    def _slots(self, where: str, text: str, spans: Sequence[Span]) -> tuple[Slot, ...] | None:
        fault = span_fault(text, [(start, end) for start, end, _, _ in spans])
        found = []
        for start, end, label, value in spans:
            surface = text[start:end]
            fault = fault or (None if surface.strip() else "span_empty")
            fault = fault or (None if label.strip() else "label_missing")
            fault = fault or (None if is_unicode(label + (value or "")) else "text_not_unicode")
            if fault:
                break
            # white space at the edges belongs to the sentence
            start += len(surface) - len(surface.lstrip())
            end -= len(surface) - len(surface.rstrip())
            meant = text[start:end] if value is None else value
            meant = self.names.get("values", {}).get(meant, meant)
            found.append(Slot(start, end, self.label(label, where), meant))
        if fault:
            self.refuse(fault, where)
            return None
        return tuple(found)


def is_unicode(text: str) -> bool:
    """False for lone surrogates, which UTF-8 cannot write."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _text_fault(text: object) -> str | None:
    if text is None:
        return "text_missing"
    if not isinstance(text, str):
        return "text_not_text"
    if not text.strip():
        return "text_empty"
    return None if is_unicode(text) else "text_not_unicode"


def _intent_fault(intent: object) -> str | None:
    if intent is None:
        return None
    if not isinstance(intent, str):
        return "intent_not_text"
    return None if is_unicode(intent) else "text_not_unicode"
