"""What happens to one row: which spans are slots, and which stretches are cut out of the text.

A cut is replaced by a surrogate; it is a whole slot, the part of one before a possessive 's, or
something inside a free text. The rules are here, the replacing is in `fill.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from textsynth.corpus import Slot, Utterance
from textsynth.scrub import policy
from textsynth.scrub.kinds import ENTITIES, NAMED, NAMES, Action, Kind
from textsynth.scrub.policy import Settings
from textsynth.scrub.spans import Found
from textsynth.scrub.weigh import AGREED, LISTED_SCORE, OWN_SCORE
from textsynth.scrub.writing import MARKS

# From the first to the last letter or digit: what is cut begins and ends with one, and its marks.
_EDGED = re.compile(rf"[^\W_](?:.*[^\W_])?[{MARKS}]*", re.DOTALL)

_NEXT = re.compile(
    rf" ((?:(?:{policy.PARTICLES}) )*[^\W\d_a-z][^\W\d_A-Z]+(?:-[^\W\d_]+)?)(?![\w.@])"
)
LONGEST = 60  # characters of a word
_PREVIOUS = re.compile(r"(?<![\w.@'\u2019-])([^\W\d_a-z][^\W\d_A-Z]+(?:-[^\W\d_]+)?) \Z")


@dataclass(frozen=True, slots=True)
class Span:
    """A slot to be: annotated in the seeds, or found by the scrub."""

    start: int
    end: int
    label: str
    canonical: str
    action: Action
    annotated: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch to be replaced. `sought`: what stands there may be sought in the whole corpus."""

    start: int
    end: int
    label: str
    provider: str
    sought: bool = True


@dataclass(slots=True)
class Plan:
    """The slots and cuts of one utterance, both disjoint and in the order of the text; a cut
    crosses no border of a slot.

    `overruled` are the labels in which a detection stayed, since the seeds say what stands there.
    `dropped` is the label for which the policy wants the whole row to go.
    """

    utterance: Utterance
    spans: list[Span] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    dropped: str | None = None

    def surface(self, at: Span | Cut) -> str:
        """What stands there."""
        return self.utterance.text[at.start : at.end]

    def mark(self, span: Span) -> None:
        """Add a slot; both lists stay sorted, so that a text with thousands of slots is no slower
        than as many texts."""
        insort(self.spans, span, key=_start)

    def cut_out(
        self, start: int, end: int, label: str, provider: str, *, sought: bool = True
    ) -> None:
        """Cut a stretch; outside the slots it becomes a slot of its own."""
        insort(self.cuts, Cut(start, end, label, provider, sought), key=_start)
        if not self.touched(start, end):
            surface = self.utterance.text[start:end]
            self.mark(Span(start, end, label, surface, "surrogate", annotated=False))

    def touched(self, start: int, end: int) -> list[Span]:
        """The slots that share a character with a stretch."""
        return self.spans[_overlapping(self.spans, start, end)]

    def cuts_in(self, span: Span) -> list[Cut]:
        """What is cut of a slot."""
        return self.cuts[_overlapping(self.cuts, span.start, span.end)]

    def take_in(self, start: int, end: int) -> None:
        """Undo cuts that the scrub made within a stretch, where it holds nothing that was
        annotated: the whole name is to be cut, not the first name that was found of it."""
        touched = self.touched(start, end)
        if all(not s.annotated and start <= s.start and s.end <= end for s in touched):
            del self.spans[_overlapping(self.spans, start, end)]
            del self.cuts[_overlapping(self.cuts, start, end)]

    def grown(self, start: int, end: int, common: Collection[str]) -> tuple[int, int]:
        """A name with the capitalised words that join it: models often see half of "Tomasz
        Wieczorek". Words that the corpus writes in lower case, days and months do not join."""
        text = self.utterance.text
        while after := _NEXT.match(text, end):
            if not self._joins(*after.span(1), common):
                break
            end = after.end(1)
        while before := _PREVIOUS.search(text, max(0, start - LONGEST), start):
            first = before.start(1)
            opening = text[max(0, first - 2) : first].rstrip()
            if not opening or opening[-1] in ".!?" or not self._joins(*before.span(1), common):
                break
            start = first
        return start, end

    def _joins(self, start: int, end: int, common: Collection[str]) -> bool:
        word = self.utterance.text[start:end].split()[-1].casefold()
        known = word in common or word in policy.NOBODY or word in policy.NO_NAMES
        return not known and word not in policy.TITLES and not self.touched(start, end)

    def outside(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of a stretch that lie in no slot and hold a word."""
        yield from self._between(start, end, self.touched(start, end))

    def uncut(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a stretch that are not cut yet, none across the border of a slot, without
        slots that are kept."""
        pieces = list(self.outside(start, end))
        for span in self.touched(start, end):
            if span.action != "keep":
                pieces.append((max(start, span.start), min(end, span.end)))
        cuts = self.cuts[_overlapping(self.cuts, start, end)]
        return [rest for left, right in pieces for rest in self._between(left, right, cuts)]

    def _between(
        self, start: int, end: int, taken: Iterable[Span | Cut]
    ) -> Iterator[tuple[int, int]]:
        for left, right in [*((at.start, at.end) for at in taken), (end, end)]:
            word = _EDGED.search(self.utterance.text, start, max(start, min(left, end)))
            if word:
                yield word.span()
            start = max(start, right)


def _start(at: Span | Cut) -> int:
    return at.start


def _end(at: Span | Cut) -> int:
    return at.end


def _overlapping(disjoint: Sequence[Span] | Sequence[Cut], start: int, end: int) -> slice:
    return slice(bisect_right(disjoint, start, key=_end), bisect_left(disjoint, end, key=_start))


def plan(
    utterance: Utterance, found: Iterable[Found], settings: Settings, common: Collection[str]
) -> Plan:
    """Plan one row. `common` are words that the corpus writes in lower case: at the start of a text
    they are a command rather than a name ("Play", "Add")."""
    row = Plan(utterance)
    for slot in utterance.slots:
        action = slot_action(slot.label, settings)
        surface = utterance.text[slot.start : slot.end]
        if policy.goes(action) and policy.names_nobody(surface):
            action = "slot"
        if action == "drop_row":
            row.dropped = slot.label
        row.mark(Span(slot.start, slot.end, slot.label, slot.value, action))
        if policy.goes(action):
            provider = policy.masked(slot.label) if action == "mask" else slot_provider(slot.label)
            row.cuts.append(_narrowed(slot, surface, provider))
    for one in found:
        _detected(row, one, settings, common)
    return row


def slot_action(label: str, settings: Settings) -> Action:
    """What is done with an annotated slot."""
    is_personal = policy.personal(label) is not None and not policy.free_text(label)
    return settings.action(label, "surrogate" if is_personal else "slot")


def slot_provider(label: str) -> str:
    """What the surrogates of an annotated slot are drawn from."""
    return policy.personal(label) or policy.PUBLIC_PROVIDERS.get(label, "name")


def _narrowed(slot: Slot, surface: str, provider: str) -> Cut:
    """What is cut of a personal slot: "Ann" of "Ann's", "Joe" of "uncle Joe"."""
    end = slot.start + len(policy.without_possessive(surface))
    if provider not in NAMES:
        return Cut(slot.start, end, slot.label, provider)
    lead, titled = policy.leading(surface)
    return Cut(slot.start + lead, end, slot.label, "last_name" if titled else provider)


def _detected(row: Plan, found: Found, settings: Settings, common: Collection[str]) -> None:
    text = row.utterance.text
    kind = ENTITIES[found.entity]
    action = settings.action(kind.label, kind.action)
    start, end, provider = found.start, _after_marks(text, found.end), kind.provider
    if kind.entity in NAMED:
        end = start + len(policy.without_possessive(text[start:end]))
        doubtful = found.score < OWN_SCORE and _is_command(text, start, end, common)
        if policy.names_nobody(text[start:end]) or doubtful:
            return
    if kind.entity == "PERSON":
        lead, titled = policy.leading(text[start:end])
        start, end = row.grown(start + lead, end, common)
        provider = "last_name" if titled and " " not in text[start:end] else provider
    if action == "keep":
        return
    if action == "drop_row":
        row.dropped = kind.label
    if action == "mask":
        provider = policy.masked(kind.label)
    touched = row.touched(start, end)
    if not touched and action == "slot":
        row.mark(Span(start, end, kind.label, text[start:end], "slot", annotated=False))
    elif not touched:
        row.cut_out(start, end, kind.label, provider, sought=_sought(kind, found, text[start:end]))
    elif policy.goes(action):
        _in_slots(row, start, end, kind, touched)


def _after_marks(text: str, end: int) -> int:
    while end < len(text) and text[end] in MARKS:
        end += 1
    return end


def _sought(kind: Kind, found: Found, surface: str) -> bool:
    """Whether what was found here may be taken out everywhere: not where a slip in one row would
    become one in all of them, as with the name of a company that one model alone has seen."""
    single = " " not in surface
    if kind.entity == "ORGANIZATION":
        return found.score >= (AGREED if single else OWN_SCORE)
    if kind.entity == "PERSON":
        return found.score > LISTED_SCORE or not single
    if kind.entity == "STREET_ADDRESS":
        return any(char.isdigit() for char in surface)
    return kind.sought


def _in_slots(row: Plan, start: int, end: int, kind: Kind, touched: list[Span]) -> None:
    """A detection that meets annotated slots: each part of it is judged by where it lies."""
    for span in touched:
        inside = (max(start, span.start), min(end, span.end))
        if policy.goes(span.action):
            continue  # It goes as a whole.
        if span.action == "slot" and (kind.certain or _tells(row, span, inside, kind)):
            row.cut_out(*inside, kind.label, kind.provider, sought=kind.sought)
        else:
            row.overruled.append(span.label)
    # What sticks out of a personal slot ("Flat 3" of an address) goes too; of any other slot it is
    # a guess that the annotation has refuted ("Add Paul Young" is no name, Paul Young the artist).
    if any(policy.goes(span.action) for span in touched):
        for left, right in list(row.outside(start, end)):
            if left > 0:
                row.cut_out(left, right, kind.label, kind.provider, sought=False)


def _tells(row: Plan, span: Span, inside: tuple[int, int], kind: Kind) -> bool:
    """Whether a detection inside an annotated slot outweighs the annotation: in a free text, unless
    it is one word and the whole of it ("Nutella" as an item)."""
    start, end = inside
    whole = inside == (span.start, span.end)
    single = kind.entity in NAMED and " " not in row.utterance.text[start:end]
    return policy.free_text(span.label) and not (whole and single)


def _is_command(text: str, start: int, end: int, common: Collection[str]) -> bool:
    """At the start of a text: one word in lower case ("max volume"), or common words alone."""
    found = text[start:end]
    one = found.islower() and " " not in found
    every = all(word in common for word in found.casefold().split())
    return not text[max(0, start - LONGEST) : start].strip() and (one or every)
