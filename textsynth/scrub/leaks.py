"""What generated text may give away: values that the scrub removed, and identities of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from textsynth.scrub.geography import regions
from textsynth.scrub.kinds import KINDS, LABELS, NAMES
from textsynth.scrub.lexicon import NO_FIRST_NAMES, TOWNS, WORDLIKE, names
from textsynth.scrub.policy import personal
from textsynth.scrub.spans import Found
from textsynth.scrub.sweep import Hit, Matcher, Removed, is_name

Detect = Callable[[Sequence[str]], list[list[Found]]]
# What a fresh pass over generated text looks for: people and what belongs to one of them. A place,
# a company, an age or a date tells of nobody by itself.
IDENTIFYING = frozenset(kind.entity for kind in KINDS if kind.sought or kind.entity == "PIN") - {
    "ORGANIZATION",
    "DATE",
    "DATE_TIME",
}
# Words from this Zipf frequency on (one in a million) are words of the language.
WORD_ZIPF = 3.0


def find_identities(texts: Sequence[str], detect: Detect) -> list[list[tuple[int, int]]]:
    """For each text, where a fresh pass sees somebody's identity: what is of `IDENTIFYING`.

    Args:
        detect: `Detector.detect`, which reads in batches and each distinct text once; its settings
            say which scores count.
    """
    return [
        [(one.start, one.end) for one in found if one.entity in IDENTIFYING]
        for found in detect(texts)
    ]


class Leaks:
    """Where texts hold removed values, in any case and folding (see `sweep`).

    Full values and identifiers count everywhere. A single name that is a word or a place, too
    (May, Will, London), counts where the detector sees something of the same kind: `will you` tells
    of nobody. So do a person's name that the seeds use as a word, and a usual first name that is
    not written as it was removed. Names that no word list knows count everywhere.

    Args:
        removed: the values.
        detect: `Detector.detect`; it reads only texts with a hit that is in doubt. Without one such
            a hit counts where it is written as it was removed, unless it opens the text.
        language: BCP 47, of the word list.
    """

    def __init__(
        self, removed: Iterable[Removed], detect: Detect | None = None, language: str = "en"
    ) -> None:
        full: dict[str, Removed] = {}
        self._single: dict[str, Removed] = {}
        for entry in removed:
            if is_name(entry.value):
                if entry.full or "PERSON" in _entities(entry.label):
                    self._single.setdefault(entry.value, entry)
            elif entry.full:
                full.setdefault(entry.value, entry)
        self._whole, self._name = Matcher(folded=full), Matcher(folded=self._single)
        self._detect = detect
        self._language = language.replace("_", "-").split("-")[0].lower()

    def places(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """The spans in each text, left to right."""
        found = [[(hit.start, hit.end) for hit in self._whole.find(text)] for text in texts]
        doubtful: dict[int, list[Hit]] = {}
        for row, text in enumerate(texts):
            for hit in self._name.find(text):
                if _is_certain(text, hit, self._single[hit.value], self._language):
                    found[row].append((hit.start, hit.end))
                else:
                    doubtful.setdefault(row, []).append(hit)
        for row, hits in self._confirmed(texts, doubtful).items():
            found[row] += [(hit.start, hit.end) for hit in hits]
        return [sorted(spans) for spans in found]

    def _confirmed(
        self, texts: Sequence[str], doubtful: Mapping[int, list[Hit]]
    ) -> dict[int, list[Hit]]:
        """The hits in doubt that count."""
        if self._detect is None:
            return {
                row: [h for h in hits if h.start > 0 and texts[row][h.start : h.end] == h.value]
                for row, hits in doubtful.items()
            }
        seen = self._detect([texts[row] for row in doubtful]) if doubtful else []
        return {
            row: [hit for hit in hits if self._is_seen(hit, found)]
            for (row, hits), found in zip(doubtful.items(), seen, strict=True)
        }

    def _is_seen(self, hit: Hit, found: Sequence[Found]) -> bool:
        wanted = _entities(self._single[hit.value].label)
        return any(
            one.start < hit.end and hit.start < one.end and (not wanted or one.entity in wanted)
            for one in found
        )


def _entities(label: str) -> frozenset[str]:
    """What a value of this label is detected as; empty where it may be anything."""
    if label in LABELS:
        return frozenset(kind.entity for kind in LABELS[label])
    return frozenset({"PERSON"}) if personal(label) in NAMES else frozenset()


def _is_certain(text: str, hit: Hit, entry: Removed, language: str) -> bool:
    """Whether a single name says by itself that it was leaked."""
    surface = text[hit.start : hit.end]
    if not entry.full or len(surface.split()) > 1:
        return False
    if not _is_word(hit.value.casefold(), language):
        return True
    return hit.start > 0 and surface == hit.value and hit.value.casefold() in _first_names()


@cache
def _is_word(word: str, language: str) -> bool:
    """Whether a word is usual in the language; in one without a list any is."""
    from wordfreq import available_languages, zipf_frequency

    return language not in available_languages() or zipf_frequency(word, language) >= WORD_ZIPF


@cache
def _first_names() -> frozenset[str]:
    """First names that several countries have, and that are neither words nor places."""
    return names()[2] - NO_FIRST_NAMES - WORDLIKE - TOWNS - regions("en")
