"""From the files of another tool to a seed corpus: JSONL, as `seeds` reads it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textsynth import importers
from textsynth.corpus import Utterance
from textsynth.errors import SeedError, UsageError
from textsynth.importers import REASONS, Notes, Options
from textsynth.pipeline.wholefile import whole
from textsynth.progress import Progress
from textsynth.seeds import SUFFIXES, TESTED


def import_seeds(
    source: str | Path,
    output: Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
    language: str | None = None,
    per_sample: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the rows of `source` to `output` (.jsonl), whole or not at all.

    Args:
        source: a file, a folder, or the id of a dataset of the hub.
        format: one of `importers.EXAMPLES` (None: told by content).
        columns: what a column is -> how the source calls it, for tables, datasets and CoNLL.
        split: the part to read, where the source has several.
        language: of several that a bot holds; otherwise that of the rows.
        per_sample, seed: how many rows a sample with slots gives at most, and how they are drawn.

    Returns:
        `rows`; `intents` (rows by intent, "" for none), the most frequent first; `slots` (rows by
        label); `refused`: by reason, `rows`, `places` (the first 1,000) and `fix`; `findings`: what
        else is not as in the source, each `where`, `message`, `fix`.

    Raises:
        SeedError: the source cannot be read, or gives no row.
        UsageError: an option that the format does not take; an output of another kind.
        RunError: the output cannot be written.
    """
    progress = progress or Progress()
    _check(source, output, per_sample)
    options = Options(dict(columns or {}), split, language, per_sample, seed, output)
    notes = Notes()
    intents: Counter[str] = Counter()
    slots: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    with whole(output) as file, progress.bar("importing", None) as advance:
        for row in importers.read_examples(source, format, notes=notes, options=options):
            file.write((json.dumps(_row(row), ensure_ascii=False) + "\n").encode())
            intents[row.intent or ""] += 1
            slots.update({slot.label for slot in row.slots})
            splits[row.split or ""] += 1
            advance(1, "")
        if not intents:
            raise _nothing(source, notes)
    _note(Path(source).name, intents[""], splits, notes)
    return {
        "rows": intents.total(),
        "intents": dict(intents.most_common()),
        "slots": dict(slots.most_common()),
        "refused": {
            reason: {"rows": rows, "places": notes.places[reason], "fix": REASONS[reason]}
            for reason, rows in notes.refused.most_common()
        },
        "findings": [
            {"where": one.where, "message": one.message, "fix": one.fix} for one in notes.findings
        ],
    }


def _note(where: str, without: int, splits: Counter[str], notes: Notes) -> None:
    """Say what seeds will not take of the rows; `without` have no intent."""
    if 0 < without < splits.total():
        fix = "give them one: as seeds, rows without an intent are refused where others have one"
        notes.note(where, f"{without:,} rows have no intent", fix)
    tested = sum(rows for split, rows in splits.items() if split.lower() in TESTED)
    if 0 < tested < splits.total():
        told = ", ".join(f"{rows:,} {split or 'none'}" for split, rows in splits.most_common())
        message = f"the rows are of several splits ({told}): seeds leave out those to test on"
        fix = "nothing; or read one alone: --split train (of tables, datasets, CLINC)"
        notes.note(where, message, fix)


def _row(utterance: Utterance) -> dict[str, Any]:
    """A row as seeds are written; what says nothing is left out."""
    row: dict[str, Any] = {"text": utterance.text}
    if utterance.intent is not None:
        row["intent"] = utterance.intent
    row["slots"] = [
        {"start": slot.start, "end": slot.end, "label": slot.label, "value": slot.value}
        for slot in utterance.slots
    ]
    if utterance.split:
        row["split"] = utterance.split
    if utterance.generation:  # a later run must know that nobody wrote it
        row |= {"origin": utterance.origin, "generation": utterance.generation}
    return row


def _check(source: str | Path, output: Path, per_sample: int) -> None:
    if output.suffix != SUFFIXES[0]:
        raise UsageError("seeds are written as .jsonl", where=str(output), fix="-o seeds.jsonl")
    if output.resolve() == Path(source).resolve():
        raise UsageError("this would overwrite the source", where=str(output), fix="name another")
    if per_sample < 1:
        raise UsageError(f"{per_sample} rows a sample are none", fix="give 1 or more")


def _nothing(source: str | Path, notes: Notes) -> SeedError:
    told = ", ".join(f"{rows:,} {reason}" for reason, rows in notes.refused.most_common())
    first = next(iter(notes.refused), None)
    places = f", the first at {notes.places[first][0]}" if first else ""
    return SeedError(
        f"no row of it can be read: {told}{places}" if told else "it holds no rows",
        where=str(source),
        fix=REASONS[first] if first else "see docs/importers.md for what is read",
    )
