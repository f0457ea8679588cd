"""What a slot means may tell more than what is said: `call my wife` means somebody.

A canonical value that is another text than its words is scrubbed as one that is a slot of that
label from end to end: a contact goes as a whole, in a note what the detector finds, of an artist an
IBAN alone. What goes there is sought in all texts, as what goes from a text is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textsynth.corpus import Slot, Utterance
from textsynth.scrub.sweep import squeeze

# A label and what the slot means.
Meant = tuple[str, str]


def apart(utterance: Utterance) -> Iterator[Meant]:
    """The canonical values of an utterance that hold other letters and digits than their words."""
    for slot in utterance.slots:
        surface = utterance.text[slot.start : slot.end]
        if slot.value != surface and squeeze(slot.value) not in ("", squeeze(surface)):
            yield slot.label, slot.value


def texts(utterances: Iterable[Utterance]) -> dict[Meant, Utterance]:
    """Each of these values once, as a text of its own."""
    found: dict[Meant, Utterance] = {}
    for utterance in utterances:
        for label, value in apart(utterance):
            if (label, value) not in found:
                found[label, value] = as_text(label, value, utterance.language)
    return found


def as_text(label: str, value: str, language: str) -> Utterance:
    """A value as a text that is one slot, but for white space at its edges."""
    start, end = len(value) - len(value.lstrip()), len(value.rstrip())
    slots = (Slot(start, end, label, value[start:end]),) if start < end else ()
    return Utterance(id="", text=value, slots=slots, language=language)
