"""Drop a text that stands elsewhere already."""

from __future__ import annotations

import pyarrow as pa

from textsynth.corpus import column, fold
from textsynth.filters import Context, Verdicts


def exact(corpus: pa.Table, context: Context) -> Verdicts:
    """Drop texts equal to a seed, to an accepted row or to an earlier row, of any intent.

    Case, white space, Unicode form and punctuation at the ends are folded. Reasons: `seed_copy`,
    `duplicate`, and `intent_conflict` where the equal text has another intent.
    """
    seen: dict[str, tuple[object, str]] = {}
    for table, reason in ((context.seeds, "seed_copy"), (context.accepted, "duplicate")):
        for text, intent in zip(column(table, "text"), column(table, "intent"), strict=True):
            seen.setdefault(fold(text), (intent, reason))
    reasons: list[str | None] = []
    for text, intent in zip(column(corpus, "text"), column(corpus, "intent"), strict=True):
        folded = fold(text)
        if folded not in seen:
            seen[folded] = (intent, "duplicate")
            reasons.append(None)
        else:
            other, reason = seen[folded]
            reasons.append(reason if other == intent else "intent_conflict")
    return Verdicts(reasons)
