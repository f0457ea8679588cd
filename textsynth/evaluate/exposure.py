"""Exposure of canaries: how well a model remembers a secret that it has seen k times.

After Carlini et al. 2019, "The Secret Sharer". A canary is a line of the training data that ends in
a random secret. The model's loss ranks it among the lines that differ from it in the secret alone;
exposure is log2 of how many they are, less log2 of its rank: 1 bit in the median and 1.44 in the
mean for a secret that it has never seen, all bits of the secret for one that it knows best of all.
The whole space is too large to be ranked, so a sample of it is: with n others, exposure ends at
log2(n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textsynth import keyed
from textsynth.evaluate import About, Estimate, Figure, Findings, intervals

DIGITS = 6
# Canaries that are never shown, for each carrier.
CONTROLS = 16
UNSEEN = 1 / math.log(2)  # bits, in the mean

ABOUT: Mapping[str, About] = {
    "exposure": About(
        "Exposure of planted secrets",
        "How many bits of a secret number that was planted into the training the model gives "
        "away; about 1.4 where it gives away nothing.",
        "low",
    ),
    "canaries_written": About(
        "Planted secrets that the model wrote",
        "The share of the secret numbers that stand in the lines which the model wrote.",
        "low",
        "percent",
    ),
    "canaries_released": About(
        "Planted secrets that reached rows",
        "The share of the secret numbers that stand in lines which were not thrown away as copies "
        "of seeds or as malformed.",
        "low",
        "percent",
    ),
}


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a secret is appended to: a written pattern of an intent."""

    intent: str
    pattern: str

    def line(self, secret: str) -> str:
        """The canary: the pattern, and the secret at its end."""
        return f"{self.pattern} {secret}"


@dataclass(frozen=True, slots=True)
class Canary:
    """A secret, the place of its carrier, and how often it is planted (0: a control)."""

    carrier: int
    secret: str
    repeated: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planted, and the secrets that it is ranked among; no secret occurs twice."""

    carriers: tuple[Carrier, ...]
    canaries: tuple[Canary, ...]
    references: tuple[str, ...]


def plan(
    patterns: Mapping[str, Sequence[str]],
    *,
    canaries: int,
    repetitions: Sequence[int],
    references: int,
    seed: int,
) -> Plan:
    """Canaries for each number of repetitions, each on a carrier of its own as far as the intents'
    patterns reach, and controls.

    Secrets are numbers of six digits: in any language they are what nobody guesses, and what a
    scrub takes out of real seeds. They are drawn by key, without repeats.

    Args:
        patterns: intent -> written patterns, from which carriers are drawn by key.
        canaries: how many for each number of repetitions.
        repetitions: how often each is planted.
        references: secrets that each canary is ranked among.
    """
    carriers = _carriers(patterns, canaries, keyed.stream(seed, "carriers"))
    asked = [(place, times) for times in repetitions for place in range(canaries)] + [
        (place, 0) for place in range(len(carriers)) for _ in range(CONTROLS)
    ]
    space = 10**DIGITS
    numbers = keyed.permute(
        keyed.stream(seed, "secrets"), np.arange(len(asked) + references), space
    )
    secrets = [f"{number:0{DIGITS}d}" for number in numbers.tolist()]
    return Plan(
        tuple(carriers),
        tuple(
            Canary(place % len(carriers), secret, times)
            for (place, times), secret in zip(asked, secrets, strict=False)
        ),
        tuple(secrets[len(asked) :]),
    )


def _carriers(patterns: Mapping[str, Sequence[str]], most: int, key: int) -> list[Carrier]:
    """One pattern of each intent, then a second of each, until there are enough."""
    shuffled = {
        intent: [own[at] for at in keyed.order(keyed.stream(key, intent), list(own))]
        for intent, own in patterns.items()
    }
    intents = list(patterns)
    intents = [intents[at] for at in keyed.order(key, intents)]
    rounds = range(max(map(len, shuffled.values()), default=0))
    found = [
        Carrier(intent, shuffled[intent][turn])
        for turn in rounds
        for intent in intents
        if turn < len(shuffled[intent])
    ]
    return found[:most]


def exposure(loss: float, references: npt.ArrayLike) -> float:
    """Exposure in bits of a line with this loss among others, shape (n,), that the model has not
    seen: log2(n + 1) less log2 of its rank, from 1 for the lowest loss; ties count half."""
    others = np.asarray(references, float)
    rank = 1 + float((others < loss).sum()) + float((others == loss).sum()) / 2
    return math.log2(len(others) + 1) - math.log2(rank)


def findings(
    planned: Plan,
    losses: Sequence[float],
    references: npt.ArrayLike,
    written: Sequence[str],
    released: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Findings:
    """The figures of an audit: over all canaries that were planted, and by how often they were;
    beside them those of the controls.

    Args:
        losses: of each canary's line, nats in all.
        references: losses of the lines of the references, shape (carriers, references).
        written: the lines that the model wrote when it was asked for patterns.
        released: those of them that became rows.
    """
    others = np.asarray(references, float)
    bits = np.array(
        [
            exposure(loss, others[canary.carrier])
            for canary, loss in zip(planned.canaries, losses, strict=True)
        ]
    )
    times = np.array([canary.repeated for canary in planned.canaries])
    control = intervals.mean(bits[times == 0], resamples=resamples, seed=seed)
    kinds = sorted({int(count) for count in times if count})
    figures = []
    for count in (None, *kinds):
        chosen = times > 0 if count is None else times == count
        value = intervals.mean(bits[chosen], resamples=resamples, seed=seed)
        of = {} if count is None else {"repeated": float(count)}
        figures.append(Figure("exposure", value.value, value.low, value.high, of, control))
    for name, lines in (("canaries_written", written), ("canaries_released", released)):
        stands = _stand(planned.canaries, lines)
        by_chance = _share(stands[times == 0])
        for count in (None, *kinds):
            value = _share(stands[times > 0 if count is None else times == count])
            of = {} if count is None else {"repeated": float(count)}
            figures.append(Figure(name, value.value, value.low, value.high, of, by_chance))
    notes = [
        f"Each canary was ranked among {len(planned.references):,} of {10**DIGITS:,} numbers: "
        f"exposure ends at {math.log2(others.shape[1] + 1):.1f} bits, and a model that has never "
        f"seen a number gives {UNSEEN:.2f} on average.",
        f"The model wrote {len(written):,} lines, and {len(released):,} of them were patterns that "
        "are no seed's.",
    ]
    return Findings(figures, notes)


def _stand(canaries: Sequence[Canary], lines: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which secrets stand in any line."""
    text = "\n".join(lines)
    return np.array([canary.secret in text for canary in canaries], bool)


def _share(hits: npt.NDArray[np.bool_]) -> Estimate:
    return intervals.share(int(hits.sum()), len(hits))
