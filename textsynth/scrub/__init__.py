"""The scrub: what identifies somebody goes from the seeds, and a surrogate takes its place.

`detect` finds (Presidio over spaCy), `policy` says what goes, `plan` decides row by row (of what
slots mean, too: `canonical`), `survey` joins what the rows say and seeks it in all of them with
`sweep`, `surrogates` and `fill` write the rows again, `audit` tells what was done, `leaks` looks
for it in what is generated.
"""

from __future__ import annotations

from textsynth.scrub.detect import Detector
from textsynth.scrub.leaks import Leaks, find_identities
from textsynth.scrub.policy import Recognizer, Settings
from textsynth.scrub.scrubber import Detects, Scrubbed, SeedPattern, scrub, unscrubbed
from textsynth.scrub.spans import Found
from textsynth.scrub.sweep import Removed, find_leaks

__all__ = [
    "Detector",
    "Detects",
    "Found",
    "Leaks",
    "Recognizer",
    "Removed",
    "Scrubbed",
    "SeedPattern",
    "Settings",
    "find_identities",
    "find_leaks",
    "scrub",
    "unscrubbed",
]
