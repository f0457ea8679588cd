"""Dialogues of one side as a metric reads them, samples of them, and measures of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textsynth import corpus, keyed, turns
from textsynth.evaluate import Context, Sets, diversity, samples

FEWEST = 20  # real dialogues; with fewer nothing is compared
SHORT = 3  # words: what is as short is said in many dialogues


@dataclass(frozen=True, slots=True)
class Side:
    """Dialogues of one side, read: lists of one entry a dialogue.

    Attributes:
        rows: one row a dialogue (`turns.whole`).
        sizes: turns.
        user, system: the words of each turn of that speaker.
        bigrams: pairs of what is done in one turn and in the next.
        reached: whether it is a success whose last state holds its goal; None without a goal.
    """

    rows: pa.Table
    sizes: list[int]
    user: list[list[list[str]]]
    system: list[list[list[str]]]
    bigrams: list[list[tuple[str, str]]]
    reached: list[bool | None]

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @classmethod
    def read(cls, table: pa.Table, language: str) -> Side:
        """The dialogues of a table of turns; single utterances in it are left out."""
        found = turns.dialogues(table)
        texts, speakers = (corpus.column(found.turns, name) for name in ("text", "speaker"))
        known = {text: diversity.words_of(text or "", language) for text in set(texts)}
        said: dict[str, list[list[list[str]]]] = {"user": [], "system": []}
        for start, end in found.spans():
            for name, every in said.items():
                every.append([known[texts[at]] for at in range(start, end) if speakers[at] == name])
        acted = any(corpus.column(found.turns, "act"))
        return cls(
            rows=turns.whole(found),
            sizes=found.sizes().tolist(),
            user=said["user"],
            system=said["system"],
            bigrams=turns.bigrams(found) if acted else [[] for _ in range(len(found))],
            reached=_reached(found),
        )

    def take(self, places: Sequence[int]) -> Side:
        """The dialogues at these places, in this order."""
        return Side(
            corpus.take(self.rows, places),
            [self.sizes[at] for at in places],
            [self.user[at] for at in places],
            [self.system[at] for at in places],
            [self.bigrams[at] for at in places],
            [self.reached[at] for at in places],
        )

    def draw(self, size: int | None, seed: int, name: str = "sample") -> Side:
        """At most `size` of them (None: all), in the order of the keyed hash of their texts."""
        order = samples.order(corpus.column(self.rows, "text"), keyed.stream(seed, name))
        return self.take(order[:size])


def _reached(found: turns.Dialogues) -> list[bool | None]:
    """`Side.reached` of dialogues."""
    hits: list[bool | None] = []
    states = corpus.column(found.turns, "state")
    for (start, end), facts in zip(found.spans(), found.first("dialogue").to_pylist(), strict=True):
        if not facts or not facts["goal"]:
            hits.append(None)
            continue
        last: list[dict[str, str]] = next(
            (states[at] for at in reversed(range(start, end)) if states[at]), []
        )
        known = {entry["slot"]: entry["value"] for entry in last}
        held = all(known.get(entry["slot"]) == entry["value"] for entry in facts["goal"])
        hits.append(held and facts["outcome"] == "success")
    return hits


def real_sides(sets: Sets, context: Context) -> tuple[Side, Side, list[str]]:
    """The real dialogues that are compared with, others beside them, and notes."""
    holdout, real = (Side.read(table, context.language) for table in (sets.holdout, sets.real))
    none = real.take([])
    if len(holdout) >= FEWEST and len(real) >= FEWEST:
        return holdout, real, []
    larger = holdout if len(holdout) >= len(real) else real
    if len(larger) < FEWEST:
        return none, none, [
            f"There are {len(larger)} real dialogues, too few to compare with: "
            f"{FEWEST} are needed."
        ]  # fmt: skip
    if len(larger) < 2 * FEWEST:
        return larger, none, [f"With fewer than {2 * FEWEST} real dialogues figures that compare "
                              "have no reference."]  # fmt: skip
    drawn = larger.draw(None, context.seed, "halves")
    half = len(drawn) // 2
    note = "Dialogues are compared with one half of the real ones, beside the other half."
    return drawn.take(range(half)), drawn.take(range(half, 2 * half)), [note]


# -- measures ---------------------------------------------------------------------------------


def words_per_turn(said: Sequence[Sequence[Sequence[str]]]) -> list[float]:
    """The mean words of a turn, of each dialogue in which the speaker has one."""
    return [sum(map(len, own)) / len(own) for own in said if own]


def outcomes(side: Side) -> Counter[str]:
    """How many dialogues end how; those that do not say so are left out."""
    facts = (entry for entry in corpus.column(side.rows, "dialogue") if entry)
    return Counter(entry["outcome"] for entry in facts if entry["outcome"])


def user_distinct_2(side: Side) -> float:
    """Distinct over all word bigrams of users' turns (Li et al. 2016)."""
    return diversity.distinct([words for own in side.user for words in own], 2)


def repeated(side: Side) -> float:
    """The share of user turns of over `SHORT` words that stand in another dialogue, too."""
    said = [[" ".join(words) for words in own if len(words) > SHORT] for own in side.user]
    holders = Counter(text for own in said for text in set(own))
    every = [text for own in said for text in own]
    return sum(holders[text] > 1 for text in every) / len(every) if every else 0.0


def bigrams(side: Side) -> Counter[tuple[str, str]]:
    """How often what follows what."""
    return Counter(pair for own in side.bigrams for pair in own)


def entropy(counts: Counter[Any]) -> float:
    """The Shannon entropy of a distribution, in bits."""
    shares = np.array([counts[key] for key in sorted(counts)], float) / counts.total()
    return float(-(shares * np.log2(shares)).sum())


def divergence(one: Counter[Any], other: Counter[Any]) -> float:
    """The Jensen-Shannon divergence of two distributions in bits, 0 to 1 (Lin 1991)."""
    keys = sorted(one | other)
    shares = [np.array([own[key] for key in keys], float) / own.total() for own in (one, other)]
    middle = (shares[0] + shares[1]) / 2
    parts = [(own[own > 0] * np.log2(own[own > 0] / middle[own > 0])).sum() for own in shares]
    return float(max(0.0, sum(parts) / 2))


def wasserstein(one: Sequence[int], other: Sequence[int]) -> float:
    """The Wasserstein distance of two samples of one size: of their n-th smallest, on average."""
    return float(np.abs(np.sort(one) - np.sort(other)).mean())
