"""Drop a text that gives away what the scrub removed."""

from __future__ import annotations

import pyarrow as pa

from textsynth.corpus import column
from textsynth.filters import Context, Verdicts


def leak(corpus: pa.Table, context: Context) -> Verdicts:
    """Drop rows whose own words hold a value which the scrub removed; reason `leaked_value`.

    What fills a slot was placed there by us, from lists, and passes.
    """
    places = context.find_leaks(column(corpus, "text"))
    reasons: list[str | None] = []
    for found, slots in zip(places, column(corpus, "slots"), strict=True):
        filled = [(slot["start"], slot["end"]) for slot in slots or ()]
        placed = all(any(s <= start and end <= e for s, e in filled) for start, end in found)
        reasons.append(None if placed else "leaked_value")
    return Verdicts(reasons)
