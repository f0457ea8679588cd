"""Drop a text that gives away what the scrub removed, or what it would remove."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from textsynth import patterns
from textsynth.corpus import column, fold
from textsynth.filters import Context, Verdicts

Span = tuple[int, int]
_WORD = re.compile(r"[^\W_]+")


def leak(corpus: pa.Table, context: Context, *, fresh: bool = True) -> Verdicts:
    """Drop rows whose own words hold a value which the scrub removed; reason `leaked_value`.

    What fills a slot was placed there by us, from lists, and passes. With `fresh`, rows of origin
    `model` in whose own words a fresh pass of the detector sees somebody's identity go as well,
    reason `fresh_identity`: a model may recall or invent one that the scrub did not see. What
    stands in the words of a scrubbed seed's pattern was let pass there, and passes. What a
    detection takes in beside a slot goes if it is detected by itself, too.
    """
    texts, filled = column(corpus, "text"), _filled(corpus)
    reasons: list[str | None] = [
        "leaked_value" if leaks else None for leaks in leaking(corpus, context)
    ]
    if not fresh:
        return Verdicts(reasons)
    if context.find_identities is None:
        return Verdicts(reasons, note="no fresh pass: the recipe turned the scrub off")
    origins = column(corpus, "origin")
    asked = [row for row, why in enumerate(reasons) if why is None and origins[row] == "model"]
    cleared = _cleared(context.seeds)
    beside: list[tuple[int, str]] = []
    for row, spans in zip(asked, context.find_identities([texts[r] for r in asked]), strict=True):
        for span in spans:
            for piece in _outside(span, filled[row]):
                surface = texts[row][slice(*piece)]
                words = _words(surface)
                if not words.strip() or words in cleared:
                    continue
                if piece == span:
                    reasons[row] = "fresh_identity"
                else:
                    beside.append((row, surface))
    seen = context.find_identities([surface for _, surface in beside])
    for (row, _), spans in zip(beside, seen, strict=True):
        if spans:
            reasons[row] = "fresh_identity"
    return Verdicts(reasons)


def leaking(corpus: pa.Table, context: Context) -> list[bool]:
    """Whether the own words of each row hold a value which the scrub removed."""
    return [
        any(not any(s <= start and end <= e for s, e in slots) for start, end in found)
        for found, slots in zip(
            context.find_leaks(column(corpus, "text")), _filled(corpus), strict=True
        )
    ]


def _filled(corpus: pa.Table) -> list[list[Span]]:
    return [[(s["start"], s["end"]) for s in slots or ()] for slots in column(corpus, "slots")]


def _cleared(seeds: pa.Table) -> str:
    """The words of all seeds outside their slots, to be searched for a run of `_words`."""
    both = zip(column(seeds, "pattern"), column(seeds, "text"), strict=True)
    parts: set[str] = set()
    for pattern, text in both:
        found = patterns.parse(pattern).parts if pattern is not None else (text,)
        parts.update(part for part in found if isinstance(part, str))
    return "\n".join(sorted(_words(part) for part in parts))


def _words(text: str) -> str:
    """The words of a text, folded, a space before and after each."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def _outside(span: Span, slots: Sequence[Span]) -> Iterator[Span]:
    """The parts of a span that lie in no slot."""
    at, end = span
    for start, stop in sorted(slots):
        if at < start < end:
            yield at, start
        if start < end and stop > at:
            at = stop
    if at < end:
        yield at, end
