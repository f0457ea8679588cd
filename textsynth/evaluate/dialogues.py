"""Dialogues as wholes: how long they are, how they go, how they end, and how like real ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from textsynth import corpus
from textsynth.evaluate import (
    About,
    Context,
    Estimate,
    Figure,
    Findings,
    Sets,
    discriminators,
    intervals,
    samples,
)
from textsynth.evaluate.dialogueside import (
    FEWEST,
    Side,
    bigrams,
    divergence,
    entropy,
    outcomes,
    real_sides,
    repeated,
    user_distinct_2,
    wasserstein,
    words_per_turn,
)

JUDGED = 1000  # dialogues a side that discriminators see
TOP = 20  # act bigrams in the table

ABOUT: Mapping[str, About] = {
    "dialogues": About("Dialogues", "How many dialogues there are.", None, "count"),
    "turns": About("Turns", "How many turns all dialogues have together.", None, "count"),
    "turns_per_dialogue": About(
        "Turns in a dialogue", "How many turns a dialogue has on average.", "like"
    ),
    "turns_distance": About(
        "Difference in length",
        "How many turns a dialogue would have to gain or lose, on average, for dialogues to be as "
        "long as real ones.",
        "low",
    ),
    "user_words": About("Words of a user in a turn", "How many words users say at a time.", "like"),
    "system_words": About(
        "Words of the system in a turn", "How many words the system says at a time.", "like"
    ),
    "act_bigrams": About(
        "Different pairs of acts",
        "How many different things follow each other, as an answer follows a question.",
        "like",
        "count",
    ),
    "act_bigram_entropy": About(
        "Variety of what follows what",
        "How hard it is to guess what is done in a turn and in the next, in yes-no questions.",
        "like",
    ),
    "act_bigram_distance": About(
        "Difference in what follows what",
        "How far what follows what differs from real dialogues: 0 not at all, 1 nothing in common.",
        "low",
    ),
    "paths": About(
        "Different ways through the flows",
        "How many different ways dialogues take through the states of their flows.",
        "high",
        "count",
    ),
    "step_coverage": About(
        "Steps of the flows that are taken",
        "The share of the steps from one state to the next that some dialogue takes.",
        "high",
        "percent",
    ),
    "outcome": About(
        "How dialogues end",
        "The share of dialogues with this outcome: success, failure, or abandoned.",
        "like",
        "percent",
        sliced=True,
    ),
    "goal_reached": About(
        "Goals reached",
        "The share of dialogues with a goal at whose end the system knows all that the user wanted "
        "and which are labelled a success.",
        "like",
        "percent",
    ),
    "user_distinct_2": About(
        "Different word pairs of users",
        "The share of neighbouring word pairs of users that are not a repetition of an earlier "
        "pair.",
        "like",
        "percent",
    ),
    "repeated_user_turns": About(
        "Sentences of users heard before",
        "The share of longer sentences of users that stand word for word in another dialogue.",
        "like",
        "percent",
    ),
    "fault_share": About(
        "Dialogues with a fault",
        "The share of dialogues whose turns, states or labels contradict each other.",
        "low",
        "percent",
    ),
    "auc_words": About(
        "Told from real dialogues by their words",
        "How often a fresh judge that reads words picks the synthetic one out of a pair with a "
        "real dialogue: 0.5 is guessing.",
        "low",
    ),
}


def dialogues(sets: Sets, context: Context) -> Findings:
    """How whole dialogues go, beside real ones where there are any.

    Means (turns, words a turn) are over dialogues, all there are, with bootstrap intervals. What
    depends on their number (distances, distinct-2 of users (Li et al. 2016), counts and entropy of
    act bigrams, repeated turns, AUC) is of as many dialogues as the real side has: the holdout, or
    half of it, of the real dialogues where there is none. `turns_distance` is the Wasserstein
    distance of the numbers of turns, `act_bigram_distance` the Jensen-Shannon divergence (Lin 1991)
    in bits. The reference is other real dialogues against the same ones. Acts count without their
    slots. AUC is of a fresh NB-SVM on the words of all turns, at most 1,000 dialogues a side.

    `step_coverage` needs the steps of the flows, `fault_share` what checks annotations; both come
    with the context. The table `act_bigrams` has the most frequent ones with their shares.
    """
    made = Side.read(sets.synthetic, context.language)
    if not len(made):
        return Findings([], ["There are no dialogues, so none were measured."])
    target, other, notes = real_sides(sets, context)
    figures = [
        Figure("dialogues", len(made), reference=_count(len(target))),
        Figure("turns", sum(made.sizes), reference=_count(sum(target.sizes))),
        *_means(made, target, context),
        *_ways(made, context),
        *_ends(made, target, sets, context),
    ]
    if context.steps is None:
        notes.append("step_coverage was not measured: the steps of the flows are not at hand.")
    if len(target) and len(made) < FEWEST:
        notes.append(f"There are {len(made)} dialogues, too few to compare: {FEWEST} are needed.")
        target = other = target.take([])
    size = min(len(side) for side in (made, target, other) if len(side))
    made, target, other = (side.draw(size, context.seed) for side in (made, target, other))
    compared, more = _compared(made, target, other, context)
    order = {name: at for at, name in enumerate(ABOUT)}
    figures = sorted([*figures, *compared], key=lambda figure: order[figure.name])
    return Findings(figures, [*notes, *more], {"act_bigrams": _table(made, target)})


def _count(count: int) -> Estimate | None:
    return Estimate(count) if count else None


# -- figures of all ---------------------------------------------------------------------------


def _means(made: Side, target: Side, context: Context) -> list[Figure]:
    figures = []
    for name, values in (
        ("turns_per_dialogue", [side.sizes for side in (made, target)]),
        ("user_words", [words_per_turn(side.user) for side in (made, target)]),
        ("system_words", [words_per_turn(side.system) for side in (made, target)]),
    ):
        own, real = (
            intervals.mean(each, resamples=context.resamples, seed=context.seed) for each in values
        )
        if not math.isnan(own.value):
            reference = None if math.isnan(real.value) else real
            figures.append(Figure(name, own.value, own.low, own.high, reference=reference))
    return figures


def _ways(made: Side, context: Context) -> list[Figure]:
    facts = [entry for entry in corpus.column(made.rows, "dialogue") if entry]
    ways = {(entry["flow"], tuple(entry["path"])) for entry in facts if entry["path"]}
    if not ways:
        return []
    figures = [Figure("paths", len(ways))]
    if context.steps is not None:
        taken = {(flow, *step) for flow, way in ways for step in pairwise(way)}
        there = {(flow, *step) for flow, steps in context.steps.items() for step in steps}
        if there:
            share = len(taken & there) / len(there)
            figures.append(Figure("step_coverage", share))
    return figures


def _ends(made: Side, target: Side, sets: Sets, context: Context) -> list[Figure]:
    figures = []
    own, real = (outcomes(side) for side in (made, target))
    for outcome in sorted(own):
        found = intervals.share(own[outcome], own.total())
        reference = intervals.share(real[outcome], real.total()) if real else None
        figures.append(_figure("outcome", found, reference, outcome=outcome))
    reached = [[hit for hit in side.reached if hit is not None] for side in (made, target)]
    goals = [intervals.share(sum(hits), len(hits)) for hits in reached if hits]
    if reached[0]:
        figures.append(_figure("goal_reached", *goals))
    if context.find_faults is not None:
        wrong = context.find_faults(sets.synthetic)
        figures.append(_figure("fault_share", intervals.share(len(wrong), len(made))))
        reasons = Counter(reason for own_reasons in wrong.values() for reason in own_reasons)
        for reason, count in sorted(reasons.items()):
            share = intervals.share(count, len(made))
            figures.append(_figure("fault_share", share, reason=reason))
    return figures


def _figure(
    name: str,
    found: Estimate,
    reference: Estimate | None = None,
    **of: str,
) -> Figure:
    return Figure(name, found.value, found.low, found.high, of, reference)


# -- figures of samples of equal size ---------------------------------------------------------


def _compared(
    made: Side, target: Side, other: Side, context: Context
) -> tuple[list[Figure], list[str]]:
    found: dict[str, list[Estimate]] = {}
    beside = [side for side in (made, target) if len(side)]
    for name, measure in (("user_distinct_2", user_distinct_2), ("repeated_user_turns", repeated)):
        found[name] = [Estimate(measure(side)) for side in beside]
    pairs = [counts for side in beside if (counts := bigrams(side))]
    if any(made.bigrams):
        found["act_bigrams"] = [Estimate(len(counts)) for counts in pairs]
        found["act_bigram_entropy"] = [Estimate(entropy(counts)) for counts in pairs]
    if not len(target):
        return _beside(found), []
    notes = []
    sides = [side for side in (made, other) if len(side)]
    found["turns_distance"] = [Estimate(wasserstein(s.sizes, target.sizes)) for s in sides]
    if any(made.bigrams) and any(target.bigrams):
        found["act_bigram_distance"] = [
            Estimate(divergence(counts, bigrams(target)))
            for side in sides
            if (counts := bigrams(side))
        ]
    else:
        notes.append("Acts were not compared: one side has none.")
    found["auc_words"], more = _told_apart(sides, target, context)
    return _beside(found), [*notes, *more]


def _beside(found: Mapping[str, Sequence[Estimate]]) -> list[Figure]:
    """Figures of the first of each, with the second as the reference."""
    return [_figure(name, *estimates) for name, estimates in found.items()]


def _told_apart(
    sides: Sequence[Side], target: Side, context: Context
) -> tuple[list[Estimate], list[str]]:
    """The AUC of each side against the target, balanced by flow where they share flows."""
    tables = [target.rows, *(side.rows for side in sides)]
    drawn, notes = samples.by_intent(tables, JUDGED, context.seed), []
    if drawn[0].num_rows < FEWEST:
        drawn = [samples.rows(table, JUDGED, context.seed) for table in tables]
        notes.append("auc_words is not balanced by flow: the sides share too few.")
    real, *others = (corpus.column(table, "text") for table in drawn)
    return [discriminators.nb_svm(real, own, paired=True) for own in others], notes


def _table(made: Side, target: Side) -> list[dict[str, str | float]]:
    """The most frequent act bigrams of made dialogues, with their shares beside real ones'."""
    top = [pair for pair, _ in sorted(bigrams(made).items(), key=lambda one: (-one[1], one[0]))]
    return [
        {"kind": kind, "acts": ", then ".join(pair), "share": round(own[pair] / own.total(), 6)}
        for kind, own in (("synthetic", bigrams(made)), ("real", bigrams(target)))
        if own
        for pair in top[:TOP]
    ]
