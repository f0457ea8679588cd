"""What the scrub did, in figures that hold no original value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from textsynth.scrub.scrubber import Scrubbed
from textsynth.scrub.sweep import find_leaks


def report(
    scrubbed: Scrubbed, *, quarantined: Iterable[str] = (), duplicates: int = 0
) -> dict[str, Any]:
    """A JSON-able account of a scrub; values appear as keyed hashes only.

    `leaks` lists the scrubbed rows in which a removed value can still be found: there are some only
    where the settings keep a label that holds one.

    Args:
        scrubbed: what `scrub` gave.
        quarantined: the reason of each row that was not read.
        duplicates: rows that were equal to another.
    """
    utterances = scrubbed.utterances()
    leaks = find_leaks((utterance.text for utterance in utterances), scrubbed.removed)
    reasons = Counter(quarantined)
    return {
        "rows": len(utterances),
        "rows_changed": scrubbed.changed,
        "duplicates": duplicates,
        "quarantined": dict(sorted(reasons.items())),
        "removed": scrubbed.counts,
        "removed_distinct": len(scrubbed.removed),
        "removed_sought": sum(entry.full for entry in scrubbed.removed),
        "kept_by_annotation": scrubbed.kept_counts,
        "leaks": [
            {"row": utterances[row].id, "label": entry.label, "hash": entry.hash}
            for row, entry in leaks
        ],
    }
