"""CoNLL files: a token and its tag in IOB2 on each line, an empty line after each sentence.

Comments before a sentence give its text and intent, so that it comes back as it was. The format has
no place for canonical values.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pyarrow as pa

from textsynth.corpus import Slot, count_by
from textsynth.export import About, ExportReport
from textsynth.export.rows import Row, batches, rows
from textsynth.export.target import valid_names, writing
from textsynth.export.tokens import slot_fault, tags, tokens

TRAIN = "train.conll"
FILES = {None: TRAIN, "train": TRAIN, "validation": "validation.conll", "test": "test.conll"}
LONGEST = 1_000_000  # characters of a text: readers take lines of some MB
MOST_TOKENS = 100_000


def export(corpus: pa.Table, folder: Path, about: About) -> ExportReport:
    """Write `train.conll`, `validation.conll` and `test.conll`, those that have rows.

    A sentence is `# text = …`, `# intent = …` where there is one, then a token, a tab and its tag
    on each line. Tokens are words (letters with their marks, digits) and single signs, cut where a
    slot begins or ends.
    White space in the names of intents and labels becomes a space and an underscore.

    Rules for which rows are refused: `unknown_split`, `text_empty`, `text_has_newline`,
    `text_too_long`, spans that do not fit the text, `space_at_slot_edge`.

    Raises:
        ExportError: no rows, none that can be written, two names that become one, or a folder that
            is not ours or cannot be written.
    """
    with writing("conll", corpus, folder) as job, ExitStack() as stack:
        intents = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
        job.names["intents"] = valid_names(intents, lambda name: " ".join(name.split()) or "intent")
        labels = {slot.label for batch in batches(corpus, ("slots",)) for slots in batch["slots"]
                  for slot in slots}  # fmt: skip
        job.names["slots"] = valid_names(
            labels, lambda name: "_".join(name.split()) or "slot", "label"
        )
        files: dict[str, IO[str]] = {}
        valued = 0
        for row in rows(corpus):
            rule = fault(row)
            if rule:
                job.refuse(rule, row.id)
                continue
            intent = None if row.intent is None else job.names["intents"][row.intent]
            slots = [
                Slot(slot.start, slot.end, job.names["slots"][slot.label], slot.value)
                for slot in row.slots
            ]
            sentence = _sentence(row.text, intent, slots)
            if sentence is None:
                job.refuse("text_too_long", row.id)
                continue
            name = FILES[row.split]
            if name not in files:
                files[name] = stack.enter_context(job.open(name))
            files[name].write(sentence)
            job.written += 1
            valued += any(row.text[s.start : s.end] != s.value for s in row.slots)
        if valued:
            job.note(f"{valued} rows have values other than their words, which CoNLL cannot hold")
    return job.report()


def fault(row: Row) -> str | None:
    """The rule that a row breaks, or None."""
    text = row.text
    if row.split not in FILES:
        return "unknown_split"
    if not text.strip():
        return "text_empty"
    if "\n" in text or "\r" in text:
        return "text_has_newline"
    if len(text) > LONGEST:
        return "text_too_long"
    return slot_fault(text, row.slots)


def _sentence(text: str, intent: str | None, slots: list[Slot]) -> str | None:
    """A sentence with its comments; None where it has too many tokens."""
    places = tokens(text, [edge for slot in slots for edge in (slot.start, slot.end)])
    if len(places) >= MOST_TOKENS:
        return None
    told = "" if intent is None else f"# intent = {intent}\n"
    lines = [
        f"{text[start:end]}\t{tag}\n"
        for (start, end), tag in zip(places, tags(places, slots), strict=True)
    ]
    return f"# text = {text}\n{told}{''.join(lines)}\n"
