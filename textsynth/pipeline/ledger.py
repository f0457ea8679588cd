"""What went in, what came out, what was rejected and why: the accounts of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textsynth import corpus
from textsynth.export import StepCount

MASKED = frozenset({"leaked_value", "fresh_identity"})


def without_words(rows: pa.Table, leaking: Sequence[bool]) -> pa.Table:
    """The rows, those that leak without what they say."""
    if any(leaking):
        for name in ("text", "pattern", "slots"):
            values = zip(corpus.column(rows, name), leaking, strict=True)
            rows = corpus.replace_column(rows, name, [None if out else v for v, out in values])
    return rows


@dataclass(slots=True)
class Ledger:
    """What went in, what came out, what was rejected and why."""

    steps: dict[str, tuple[int, int, Counter[str]]] = field(default_factory=dict)
    rejects: list[pa.Table] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def add(self, step: str, rows_in: int, rows_out: int, reasons: Counter[str]) -> None:
        """Count a step, or add to what it counted before."""
        before_in, before_out, before = self.steps.get(step, (0, 0, Counter()))
        self.steps[step] = (before_in + rows_in, before_out + rows_out, before + reasons)

    def reject(self, rows: pa.Table, step: str, reasons: Sequence[str]) -> None:
        """Keep rejected rows with their reasons; of a leak neither text nor values are kept."""
        if not rows.num_rows:
            return
        rows = without_words(rows, [reason in MASKED for reason in reasons])
        table = rows.append_column("step", pa.array([step] * rows.num_rows))
        self.rejects.append(table.append_column("reason", pa.array(list(reasons), pa.string())))

    def write_rejects(self, path: Path) -> None:
        """Write all rejected rows with `step` and `reason` to Parquet."""
        if self.rejects:
            table = pa.concat_tables(self.rejects).unify_dictionaries()
            pq.write_table(table, path, compression="zstd")

    def step_counts(self) -> tuple[StepCount, ...]:
        """The steps as the card shows them."""
        return tuple(
            StepCount(step, rows_in, rows_out, dict(sorted(reasons.items())))
            for step, (rows_in, rows_out, reasons) in self.steps.items()
        )
