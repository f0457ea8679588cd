"""Drop a text that stands elsewhere already."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa

from textsynth.corpus import column, fold
from textsynth.filters import Context, Verdicts


def exact(corpus: pa.Table, context: Context) -> Verdicts:
    """Drop texts equal to a seed, to an accepted row or to an earlier row, of any intent.

    Case, white space, Unicode form and punctuation are folded. Reasons: `seed_copy`
    (rows of origin `seed` may be one), `duplicate`, and `intent_conflict` where the equal text has
    another intent.
    """
    seeds = _by_text(context.seeds)
    seen = _by_text(context.accepted)
    reasons: list[str | None] = []
    columns = (column(corpus, name) for name in ("text", "intent", "origin"))
    for text, intent, origin in zip(*columns, strict=True):
        folded = _key(text)
        reason = None
        if folded in seeds and origin != "seed":
            reason = "seed_copy" if seeds[folded] == intent else "intent_conflict"
        elif folded in seen:
            reason = "duplicate" if seen[folded] == intent else "intent_conflict"
        else:
            seen[folded] = intent
        reasons.append(reason)
    return Verdicts(reasons)


def _by_text(table: pa.Table) -> dict[str, str]:
    """Key -> intent; of equal texts the first counts."""
    found: dict[str, str] = {}
    for text, intent in zip(column(table, "text"), column(table, "intent"), strict=True):
        found.setdefault(_key(text), intent)
    return found


class _Punctuation(dict[int, str | None]):
    """For `str.translate`: apostrophes vanish, other punctuation is a space, all else stays."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        self[code] = None if char in "'\u2019" else " " if kind[0] == "P" else char
        return self[code]


_FOLDED = _Punctuation()
# Whatever may be punctuation.
_INSIDE = re.compile(r"[^\w\s]|_")


def _key(text: str) -> str:
    """What equal texts have in common: "What's up?" and "whats up"."""
    folded = fold(text)
    if not _INSIDE.search(folded):
        return folded
    return " ".join(folded.translate(_FOLDED).split()) or folded
