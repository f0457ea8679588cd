"""What one row must know of all the others: the values that go, to be sought everywhere.

A corpus is walked several times, in one piece or in chunks: `tally` reads a piece, `learn` joins
what the pieces say, and `planned` gives the final plan of a row. What comes out depends neither on
the size of the pieces nor on who reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from textsynth import keyed
from textsynth.corpus import Utterance, fold, substitute
from textsynth.scrub import policy
from textsynth.scrub.kinds import NAMES
from textsynth.scrub.plan import LONGEST, Plan, plan
from textsynth.scrub.policy import Settings
from textsynth.scrub.spans import Found
from textsynth.scrub.sweep import WORD, Matcher, Removed, is_full, is_name, matcher, squeeze

# A value that was grown in one row is sought in all again, and what that grows once more; so often.
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Going:
    """A value that goes, as it was cut; see `plan.Cut`."""

    value: str
    label: str
    provider: str
    sought: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """Values to be sought in all rows, and as what each is cut."""

    search: Matcher
    cuts: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the corpus as a whole. `common` are the words that it writes in lower case,
    `sweeps` what is sought in it, in this order."""

    settings: Settings
    common: frozenset[str]
    sweeps: tuple[Sweep, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a piece of the corpus says: the distinct values that go, in their order, and what the
    seeds annotate as something harmless."""

    going: list[Going]
    public: set[str]


@dataclass(slots=True)
class Survey:
    """All values that go; `learn` fills it. `sought` is what the output must not hold."""

    knowledge: Knowledge
    sought: tuple[Sweep, ...] = ()
    _going: dict[Going, bool] = field(default_factory=dict)
    _public_values: set[str] = field(default_factory=set)
    _public_words: set[str] = field(default_factory=set)

    def pairs(self) -> list[tuple[str, str]]:
        """Each (value, provider) that needs a surrogate."""
        return list(dict.fromkeys((going.value, going.provider) for going in self._going))

    def counts(self) -> tuple[int, int]:
        """How many distinct values go, and how many of them are sought."""
        full: dict[tuple[str, str], bool] = {}
        for going, sought in self._going.items():
            key = fold(going.value), going.label
            full[key] = full.get(key, False) or sought
        return len(full), sum(full.values())

    def removed(self, secret: bytes) -> list[Removed]:
        """The values that go, once for each label, whatever their case."""
        chosen: dict[tuple[str, str], tuple[str, bool]] = {}
        for going, full in self._going.items():
            key = fold(going.value), going.label
            if key not in chosen or (full and not chosen[key][1]):
                chosen[key] = going.value, full
        return [
            Removed(value, label, keyed.secret_hash(secret, folded), full)
            for (folded, label), (value, full) in chosen.items()
        ]

    def take(self, tallies: Iterable[Tally]) -> None:
        """Take in what the pieces say, and look for what is new in it from now on."""
        new: list[Going] = []
        for tally in tallies:
            self._public_values.update(squeeze(surface) for surface in tally.public)
            self._public_words.update(
                word for surface in tally.public for word in WORD.findall(surface)
            )
            for going in tally.going:
                if going not in self._going:
                    self._going[going] = False
                    new.append(going)
        sought: dict[str, tuple[str, str]] = {}
        for going in new:
            if self._full(going):
                self._going[going] = True
                sought.setdefault(going.value, (going.label, going.provider))
        if sought:
            self.sought = (*self.sought, Sweep(matcher(sought), sought))
            self.knowledge = replace(self.knowledge, sweeps=self.sought[:ROUNDS])

    def _full(self, going: Going) -> bool:
        """Whether a value is sought. One that the seeds annotate as something harmless (the artist
        who is called like a contact) goes where it was found and is not sought elsewhere; nor is a
        name that is also a common word."""
        value = going.value
        if not going.sought or squeeze(value) in self._public_values:
            return False
        harmless = value in self._public_words or value.casefold() in self.knowledge.common
        return is_full(value) or (is_name(value) and not harmless)


def learn(knowledge: Knowledge, walk: Callable[[Knowledge], Iterable[Tally]]) -> Survey:
    """Walk the corpus until nothing new is found in it, at most `ROUNDS` times more than once.

    Args:
        knowledge: without sweeps.
        walk: gives the `tally` of each piece under the knowledge given, in the order of the rows.
    """
    survey = Survey(knowledge)
    survey.take(walk(knowledge))
    walked = 0
    while walked < len(survey.knowledge.sweeps):
        walked += 1
        survey.take(walk(survey.knowledge))
    return survey


def common_words(utterances: Iterable[Utterance], found: Iterable[Sequence[Found]]) -> set[str]:
    """The words in lower case that stand outside all detections."""
    words: set[str] = set()
    for utterance, several in zip(utterances, found, strict=True):
        rest, _ = substitute(utterance.text, [(one.start, one.end, " ") for one in several])
        words.update(word for word in WORD.findall(rest) if word.islower() and len(word) <= LONGEST)
    return words


def tally(
    utterances: Sequence[Utterance], found: Sequence[Sequence[Found]], knowledge: Knowledge
) -> Tally:
    """What a piece of the corpus says. After the first walk only the rows are planned that hold
    what was last found."""
    going: dict[Going, None] = {}
    public = set(knowledge.settings.allow)
    for utterance, several in zip(utterances, found, strict=True):
        if knowledge.sweeps and not knowledge.sweeps[-1].search.find(utterance.text):
            continue
        row = planned(utterance, several, knowledge)
        for cut in row.cuts:
            going.setdefault(Going(row.surface(cut), cut.label, cut.provider, cut.sought))
        public.update(
            row.surface(span)
            for span in row.spans
            if span.annotated
            and span.action in ("slot", "keep")
            and not policy.free_text(span.label)
        )
    return Tally(list(going), public)


def planned(utterance: Utterance, found: Sequence[Found], knowledge: Knowledge) -> Plan:
    """The plan of a row, with what was found elsewhere cut out of it too."""
    row = plan(utterance, found, knowledge.settings, knowledge.common)
    for sweep in knowledge.sweeps:
        _swept(row, sweep, knowledge)
    return row


def _swept(row: Plan, sweep: Sweep, knowledge: Knowledge) -> None:
    for hit in sweep.search.find(row.utterance.text):
        label, provider = sweep.cuts[hit.value]
        start, end = hit.start, hit.end
        if not row.uncut(start, end):
            continue
        row.take_in(start, end)
        if provider in NAMES and not row.touched(start, end):
            start, end = row.grown(start, end, knowledge.common)
        for left, right in row.uncut(start, end):
            row.cut_out(left, right, label, provider)
