"""The scrub: what identifies somebody goes from the seeds, and a surrogate takes its place.

`detect` finds (Presidio over spaCy), `policy` says what goes, `plan` decides row by row, `sweep`
seeks what was found in all rows, `surrogates` and `fill` write the rows again.
"""

from __future__ import annotations

from textsynth.scrub.audit import report
from textsynth.scrub.detect import Detector, Found
from textsynth.scrub.policy import Settings
from textsynth.scrub.rows import scrub_rows
from textsynth.scrub.scrubber import Scrubbed, SeedPattern, scrub, unscrubbed
from textsynth.scrub.sweep import Removed, find_leaks, leak_hits

__all__ = [
    "Detector",
    "Found",
    "Removed",
    "Scrubbed",
    "SeedPattern",
    "Settings",
    "find_leaks",
    "leak_hits",
    "report",
    "scrub",
    "scrub_rows",
    "unscrubbed",
]
