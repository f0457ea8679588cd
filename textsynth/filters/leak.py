"""Drop a text that gives away what the scrub removed."""

from __future__ import annotations

import pyarrow as pa

from textsynth.corpus import column
from textsynth.filters import Context, Verdicts


def leak(corpus: pa.Table, context: Context) -> Verdicts:
    """Drop rows that hold a value which the scrub removed; reason `leaked_value`."""
    texts = context.find_leaks(column(corpus, "text"))
    patterns = context.find_leaks([pattern or "" for pattern in column(corpus, "pattern")])
    found = texts | patterns
    return Verdicts(["leaked_value" if row in found else None for row in range(corpus.num_rows)])
