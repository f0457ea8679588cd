"""Exporters: the corpus in the forms that other tools read.

An exporter is a function `(corpus, folder, about, *, options) -> ExportReport`. It writes all of
the folder or nothing, and names the rule that a refused row breaks. It is called through `perform`,
which hands it the single utterances of a corpus alone, unless it is marked as one that
`reads_dialogues`. What it would refuse whatever the rows are, it says `beforehand`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.corpus import singles
from textsynth.errors import ExportError

_LICENSE_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\+{0,2}")
_LONGEST_LICENSE_ID = 64


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an exporter did.

    Attributes:
        format: the exporter's name in the registry.
        folder: where the result lies.
        written: how many of `unit` were written.
        refused: how many were left out, by the snake_case rule that they break.
        sampled: what was sampled down to a limit of the target, by the limit: (kept, of).
        notes: what somebody who uses the result should know, a sentence each.
        unit: what is counted: `row`, `sentence` (of a grammar) or `dialogue`.
    """

    format: str
    folder: Path
    written: int
    refused: Mapping[str, int] = field(default_factory=dict)
    sampled: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unit: str = "row"


@dataclass(frozen=True, slots=True)
class StepCount:
    """One step of the pipeline: rows in, rows out, and the rejects by reason."""

    step: str
    rows_in: int
    rows_out: int
    rejects: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What a card tells that the corpus cannot.

    Attributes:
        name: what people call the corpus.
        license: an SPDX or hub licence id; see `license_id`.
        language: BCP 47, the language that the recipe asks for.
        version: of textsynth.
        recipe: the recipe as YAML text.
        models: (role, name, terms) of each model that had a part in it.
        steps: the pipeline in its order.
        seeds: seed utterances that were read.
        synthetic_seeds: how many of them a machine had made.
        scrubbed: values that the scrub replaced, by label; None where the scrub was off.
        shortfall: intents with fewer rows than asked for, as (got, asked).
        privacy: which formal guarantee of privacy there is, in words.
        figures: (metric, title, value, value of real rows) of the evaluation, as text.
        gates: (gate, value or None, whether it was reached); one that was not marks the corpus.
    """

    name: str
    license: str = "other"
    language: str = "en"
    version: str = ""
    recipe: str = ""
    models: tuple[tuple[str, str, str], ...] = ()
    steps: tuple[StepCount, ...] = ()
    seeds: int = 0
    synthetic_seeds: int = 0
    scrubbed: Mapping[str, int] | None = None
    shortfall: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    privacy: str = "**There is no formal privacy guarantee** such as differential privacy."
    figures: tuple[tuple[str, str, str, str], ...] = ()
    gates: tuple[tuple[str, float | None, bool], ...] = ()


def license_id(text: str) -> str:
    """A licence id as the Hugging Face hub writes it: the SPDX id in lower case, or `other`.

    Only the form is checked, since the hub's list grows.

    Raises:
        ExportError: the text is no id (`Apache 2.0`, `see LICENSE`).
    """
    found = text.strip().lower()
    if len(found) > _LONGEST_LICENSE_ID or not _LICENSE_ID.fullmatch(found):
        raise ExportError(
            f"{text!r} is no licence id",
            where="card.license",
            fix="write an SPDX id such as apache-2.0, cc-by-4.0 or cc0-1.0, or `other`",
        )
    return found


Exporter = Callable[..., ExportReport]


def reads_dialogues(exporter: Exporter) -> Exporter:
    """Mark an exporter that is handed the turns of dialogues too."""
    exporter.reads_dialogues = True  # type: ignore[attr-defined]
    return exporter


def dialogues_alone(exporter: Exporter) -> Exporter:
    """Mark an exporter that writes dialogues and nothing else."""
    exporter.dialogues_alone = True  # type: ignore[attr-defined]
    return reads_dialogues(exporter)


def beforehand(check: Callable[..., Any]) -> Callable[[Exporter], Exporter]:
    """Mark an exporter with what can be said before there are rows: `check(about, *, options)`
    raises an `ExportError` for options, a name or a language that the exporter refuses."""

    def mark(exporter: Exporter) -> Exporter:
        exporter.beforehand = check  # type: ignore[attr-defined]
        return exporter

    return mark


def require_possible(
    exporter: Exporter,
    name: str,
    about: About,
    options: Mapping[str, Any],
    *,
    utterances: bool,
    dialogues: bool,
) -> None:
    """Check an export before there are rows; `utterances` and `dialogues` tell whether there will
    be single utterances and dialogues.

    Raises:
        ExportError: the exporter would have nothing to write, or refuses its options, the name or
            the language.
    """
    if dialogues and not utterances and not getattr(exporter, "reads_dialogues", False):
        raise no_utterances(name)
    if not dialogues and getattr(exporter, "dialogues_alone", False):
        raise no_dialogues(name)
    getattr(exporter, "beforehand", lambda about, **options: None)(about, **options)


def no_utterances(name: str) -> ExportError:
    """What is said where a format of single utterances would get dialogues alone."""
    return ExportError(
        f"the corpus has dialogues alone, and {name} holds single utterances",
        fix="export it as sgd, convlab, chat or huggingface",
    )


def no_dialogues(name: str) -> ExportError:
    """What is said where a format of dialogues would get none."""
    return ExportError(
        f"the corpus has no dialogues, and {name} holds nothing else",
        fix="add dialogues to the recipe, or choose a format of single utterances",
    )


def require_shard_rows(about: About, *, shard_rows: int = 1, **others: Any) -> None:
    """The check of exporters that write shards of at most so many rows.

    Raises:
        ExportError: fewer than one.
    """
    if shard_rows < 1:
        raise ExportError(f"shard_rows is {shard_rows}", fix="give 1 or more")


def single_utterances(corpus: pa.Table) -> pa.Table:
    """The rows that belong to no dialogue; the table itself where those are all."""
    alone = corpus.column("dialogue_id").null_count == corpus.num_rows
    return corpus if alone else singles(corpus)


def perform(
    exporter: Exporter, name: str, corpus: pa.Table, folder: Path, about: About, **options: Any
) -> ExportReport:
    """The report of an exporter, which gets the single utterances of `corpus`; with the turns of
    dialogues where it is marked by `reads_dialogues`. `name` is that of the format.

    Raises:
        ExportError: the corpus has dialogues alone and the exporter reads none, or what the
            exporter raises.
    """
    if not getattr(exporter, "reads_dialogues", False):
        utterances = single_utterances(corpus)
        if corpus.num_rows and not utterances.num_rows:
            raise no_utterances(name)
        corpus = utterances
    return exporter(corpus, folder, about, **options)
