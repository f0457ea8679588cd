"""Filters on dialogues: which see turns and which whole dialogues, and what becomes of a fall.

A filter judges rows. Those that ask what a sentence is like are shown turns; those that compare
are shown a table with one row a dialogue (`whole`). They are the same functions either way.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import corpus, filters, registry
from textsynth.dialogue.checks import faults
from textsynth.filters import Context, Verdicts
from textsynth.filters.quality import CHECKS, FEWEST_SEEDS
from textsynth.pipeline.collect import say_counts
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.sections import Step
from textsynth.turns import Dialogues, bigrams, dialogues, whole

Level = Literal["user turns", "turns", "dialogues", "none"]
# What each filter is shown; plug-ins are shown the turns of users.
LEVELS: Mapping[str, Level] = {
    "quality": "user turns",
    "memorised": "user turns",
    "leak": "turns",
    "exact": "dialogues",
    "near": "dialogues",
    "adversarial": "dialogues",
    # "yes please" has the intent of what was asked; it cannot be read off the words
    "label": "none",
    # all dialogues of a flow mean nearly the same: what it is for
    "semantic": "none",
}
CHECKED = "dialogue checks"
# Of the checks, what other words may mend.
WORDING = frozenset({"turn_repeated"})
# What `quality` cannot judge by sentences that stand alone: "yes" is short, and no start.
ALONE = frozenset({"length_outlier", "perplexity"})
SIGNS = 0xF0000  # a private-use plane: no text of people has them


@dataclass(frozen=True, slots=True)
class Fault:
    """A turn that a filter dropped, by its number in the dialogue; `pattern` is what it was said
    by."""

    turn: int
    step: str
    reason: str
    pattern: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of dialogues.

    Attributes:
        kept: the turns of those that passed, rows as they were and in their order.
        fallen: of the others, by `dialogue_id`, the step and the reason they fell for first.
        mendable: of those that fell for the words of some turns alone, all these turns: the same
            dialogue without these patterns may pass.
        steps: the steps that judged, in their order.
        notes: (step, what a filter has to say).
        figures: what a filter measured of all dialogues, by step.
    """

    kept: pa.Table
    fallen: Mapping[str, tuple[str, str]]
    mendable: Mapping[str, Sequence[Fault]]
    steps: Sequence[str]
    notes: Sequence[tuple[str, str]] = ()
    figures: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)


def judge(turns: pa.Table, steps: Sequence[Step], context: Context) -> Judged:
    """Check dialogues, then filter their turns, then filter them as wholes.

    Args:
        turns: whole dialogues; single utterances among them are left out.
        steps: the recipe's filters. `LEVELS` says what each is shown; the order of the recipe holds
            among those of a level.
        context: `seeds` and `accepted` may hold single utterances and dialogues: turns are judged
            beside the turns of users among the seeds (where these are fewer than ten, beside
            single seeds, without the checks that go by length and likelihood), dialogues beside
            dialogues.
    """
    found = dialogues(turns)
    state = _State(found)
    _check(state)
    for step in _of_level(steps, "user turns", "turns"):
        _judge_turns(state, step, context)
    mendable = state.mendable()
    for step in _of_level(steps, "dialogues"):
        _judge_wholes(state, step, context)
    kept = turns.take(pa.array(np.sort(found.rows[state.standing_turns()])))
    return Judged(kept, state.fallen, mendable, state.steps, state.notes, state.figures)


def _of_level(steps: Sequence[Step], *levels: Level) -> Iterator[Step]:
    return (step for step in steps if LEVELS.get(step.name, "user turns") in levels)


class _State:
    """Dialogues while they are judged."""

    def __init__(self, found: Dialogues) -> None:
        self.found = found
        self.ids = found.ids()
        self.number = np.repeat(np.arange(len(found)), found.sizes())
        self.fallen: dict[str, tuple[str, str]] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.lost: set[str] = set()  # what other words would not mend
        self.steps: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.figures: dict[str, Mapping[str, float]] = {}

    def begin(self, step: str, note: str | None = None) -> None:
        self.steps.append(step)
        if note:
            self.notes.append((step, note))

    def fall(self, id_: str, step: str, reason: str) -> None:
        self.fallen.setdefault(id_, (step, reason))

    def standing(self) -> npt.NDArray[np.int64]:
        """The numbers of the dialogues that have not fallen."""
        return np.array([n for n, id_ in enumerate(self.ids) if id_ not in self.fallen], np.int64)

    def standing_turns(self) -> npt.NDArray[np.bool_]:
        """Which turns, in the order of `found`, are of such dialogues."""
        mask = np.zeros(len(self.ids), bool)
        mask[self.standing()] = True
        return np.asarray(mask[self.number])

    def mendable(self) -> dict[str, list[Fault]]:
        return {
            id_: sorted(own, key=lambda fault: fault.turn)
            for id_, own in sorted(self.faults.items())
            if id_ not in self.lost
        }


def _check(state: _State) -> None:
    state.begin(CHECKED)
    wrong = faults(state.found.turns)
    for id_, reasons in wrong.items():
        state.fall(id_, CHECKED, reasons[0])
        if not WORDING.issuperset(reasons):
            state.lost.add(id_)
    if wrong:
        repeated = {id_ for id_ in wrong if id_ not in state.lost}
        for id_, turn, pattern in _repeated(state.found, repeated):
            state.faults[id_].append(Fault(turn, CHECKED, "turn_repeated", pattern))


def _repeated(found: Dialogues, ids: Collection[str]) -> Iterator[tuple[str, int, str | None]]:
    """The turns of these dialogues whose speaker said their words before."""
    turns = found.turns
    mask = pc.is_in(turns.column("dialogue_id"), value_set=pa.array(sorted(ids), pa.string()))
    names = ("dialogue_id", "turn", "speaker", "text", "pattern")
    seen = set()
    for id_, turn, speaker, text, pattern in zip(
        *(corpus.column(turns.filter(mask), name) for name in names), strict=True
    ):
        key = (id_, speaker, corpus.fold(text))
        if key in seen:
            yield id_, turn, pattern
        seen.add(key)


# -- turns ------------------------------------------------------------------------------------


def _judge_turns(state: _State, step: Step, context: Context) -> None:
    """A filter on turns. Dialogues that fell for their words are judged too, so that they are
    mended once for all."""
    turns = state.found.turns
    users = LEVELS.get(step.name) != "turns"
    asked = ~np.isin(np.array(state.ids, object), list(state.lost))[state.number]
    if users:
        asked &= pc.fill_null(pc.equal(turns.column("speaker"), "user"), False).to_numpy()
    if step.name == "quality":  # what cannot be understood is meant to be odd
        unclear = pc.match_substring(turns.column("act"), "UNCLEAR")
        asked &= ~pc.fill_null(unclear, False).to_numpy()
    places = np.flatnonzero(asked)
    options, seeds, note = _beside(step, context)
    if options is None or not len(places):
        state.begin(step.name, note)
        return
    rows = turns.take(pa.array(places))
    first, of = _alike(rows)
    context = dataclasses.replace(context, seeds=seeds)
    verdicts: Verdicts = registry.find("filters", step.name)(
        rows.take(pa.array(first)), context, **options
    )
    state.begin(step.name, "; ".join(filter(None, (verdicts.note, note))))
    bad = np.array([reason is not None for reason in verdicts.reasons], bool)[of]
    numbers, patterns = corpus.column(rows, "turn"), corpus.column(rows, "pattern")
    for at in np.flatnonzero(bad).tolist():
        reason = verdicts.reasons[of[at]]
        assert reason is not None
        id_ = state.ids[state.number[places[at]]]
        state.fall(id_, step.name, reason)
        state.faults[id_].append(Fault(numbers[at], step.name, reason, patterns[at]))


def _alike(rows: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Turns of equal text, pattern and origin are judged once: one of each, and which is whose."""
    patterns = pc.coalesce(rows.column("pattern"), rows.column("id"))
    parts = (rows.column("text"), patterns, pc.cast(rows.column("origin"), pa.string()))
    keys = pc.binary_join_element_wise(*parts, "\x1f", null_handling="replace")
    codes = keys.combine_chunks().dictionary_encode().indices.to_numpy()
    _, first, of = np.unique(codes, return_index=True, return_inverse=True)
    return first.astype(np.int64), of.astype(np.int64)


def _beside(step: Step, context: Context) -> tuple[Mapping[str, Any] | None, pa.Table, str]:
    """The options and the seeds for a filter of turns; options None where it has nothing to do."""
    seeds = corpus.turns(context.seeds)
    users = seeds.filter(pc.fill_null(pc.equal(seeds.column("speaker"), "user"), False))
    if step.name != "quality":
        return step.options, context.seeds, ""
    if users.num_rows >= FEWEST_SEEDS:
        return step.options, users, ""
    asked = step.options.get("checks", CHECKS)
    checks = tuple(check for check in asked if check not in ALONE)
    left_out = sorted(set(asked) - set(checks))
    note = f"not judged without seed dialogues: {', '.join(left_out)}" if left_out else ""
    options = {**step.options, "checks": checks} if checks else None
    return options, corpus.singles(context.seeds), note


# -- wholes -----------------------------------------------------------------------------------


def _judge_wholes(state: _State, step: Step, context: Context) -> None:
    standing = state.standing()
    own = dialogues(state.found.turns.filter(pa.array(state.standing_turns())))
    seeds = dialogues(context.seeds)
    if step.name == "adversarial" and not len(seeds):
        state.begin(step.name, "there are no seed dialogues to tell dialogues from")
        return
    rows, real = whole(own), whole(seeds)
    embed = context.embed
    if step.name == "adversarial" and _have_acts(own) and _have_acts(seeds):
        rows, real = _signed(rows, own), _signed(real, seeds)
        embed = _without_signs(context.embed)
    accepted = whole(dialogues(context.accepted))
    shown = dataclasses.replace(context, seeds=real, accepted=accepted, embed=embed)
    verdicts: Verdicts = registry.find("filters", step.name)(rows, shown, **step.options)
    state.begin(step.name, verdicts.note)
    if verdicts.figures:
        state.figures[step.name] = verdicts.figures
    for number, reason in zip(standing.tolist(), verdicts.reasons, strict=True):
        if reason is not None:
            state.fall(state.ids[number], step.name, reason)


def _have_acts(found: Dialogues) -> bool:
    return bool(found.turns.column("act").null_count == 0)


def _signed(rows: pa.Table, found: Dialogues) -> pa.Table:
    """Rows whose texts end in a line of signs, one for each pair of what is done in one turn and in
    the next: a discriminator of characters sees act bigrams in them."""
    texts = [
        "\n".join((text, " ".join(map(_sign, own))))
        for text, own in zip(corpus.column(rows, "text"), bigrams(found), strict=True)
    ]
    return corpus.replace_column(rows, "text", texts)


def _sign(pair: tuple[str, str]) -> str:
    return chr(SIGNS + zlib.crc32("\x1f".join(pair).encode()) % 0xFFFD)


def _without_signs(embed: filters.Embed) -> filters.Embed:
    return lambda texts: embed([text.rpartition("\n")[0] for text in texts])


# -- accounts ---------------------------------------------------------------------------------


def book(
    turns: pa.Table,
    judged: Judged,
    ledger: Ledger,
    progress: Progress,
    *,
    mended: Collection[str] = (),
) -> None:
    """Enter what fell in the accounts of the run: dialogues are counted, their turns are kept with
    the reason. Those that are `mended` (simulated again) are not counted at all."""
    gone = {id_: why for id_, why in judged.fallen.items() if id_ not in set(mended)}
    ids = corpus.turns(turns).column("dialogue_id")
    left = pc.count_distinct(ids).as_py() - len(judged.fallen) + len(gone)
    for step in judged.steps:
        fell = {id_: reason for id_, (name, reason) in gone.items() if name == step}
        reasons = Counter(fell.values())
        title = step if step == CHECKED else f"{step} (dialogues)"
        progress.step(f"filter: {title}")
        rows = turns.filter(
            pc.is_in(turns.column("dialogue_id"), value_set=pa.array(sorted(fell), pa.string()))
        )
        ledger.reject(rows, title, [fell[id_] for id_ in corpus.column(rows, "dialogue_id")])
        ledger.add(title, left, left - len(fell), reasons)
        say_counts(progress, left, left - len(fell), reasons)
        left -= len(fell)
        for name, note in judged.notes:
            if name == step:
                progress.note(note)
