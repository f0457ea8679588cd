"""Which sentence a row falls to, for any part of an intent's rows by itself.

Each sentence says something at regular times, as often as its weight; rows are these moments in
order. Equal weights give every prefix as evenly as can be; a sentence that has said all it can
falls silent and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from textsynth.keyed import F64, I64


@dataclass(frozen=True, slots=True)
class Turns:
    """Rows of an intent: row n is the `turn[n]`-th of the sentence `sentence[n]`."""

    sentence: npt.NDArray[np.int32]
    turn: I64


@dataclass(eq=False)
class Schedule:
    """Sentences with their weights and the most rows each may give; ties follow their order."""

    weights: Sequence[float]
    caps: Sequence[int]
    _weights: F64 = field(init=False)
    _caps: F64 = field(init=False)

    def __post_init__(self) -> None:
        self._weights = np.asarray(self.weights, dtype=np.float64)
        self._caps = np.asarray([min(cap, 1 << 52) for cap in self.caps], dtype=np.float64)
        self._caps[self._weights <= 0] = 0
        self._weights[self._weights <= 0] = 1.0

    @property
    def capacity(self) -> int:
        """Rows in all."""
        return sum(cap for cap, w in zip(self.caps, self.weights, strict=True) if w > 0)

    def turns(self, start: int, stop: int) -> Turns:
        """The rows from `start` to `stop`, which is at most `capacity`."""
        before, after = self._bounds(start, stop)
        first, last = self._spoken(before), self._spoken(after)
        counts = (last - first).astype(np.int64)
        sentence = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        begin = np.cumsum(counts) - counts
        turn = (
            np.arange(counts.sum(), dtype=np.int64)
            - begin[sentence]
            + first.astype(np.int64)[sentence]
        )
        moment = (turn + 0.5) / self._weights[sentence]
        skip = start - int(first.sum())
        order = np.argsort(moment, kind="stable")[skip : skip + stop - start]
        return Turns(sentence[order], turn[order])

    def _spoken(self, moment: float) -> F64:
        """How many rows each sentence has given up to a moment."""
        guess = np.clip(np.floor(moment * self._weights + 0.5), 0, self._caps)
        guess -= (guess > 0) & ((guess - 0.5) / self._weights > moment)
        guess += (guess < self._caps) & ((guess + 0.5) / self._weights <= moment)
        return np.asarray(guess, dtype=np.float64)

    def _bounds(self, start: int, stop: int) -> tuple[float, float]:
        """Moments with at most `start`, and at least `stop`, rows behind them, near enough."""
        slack, pace = len(self.caps), float(self._weights.sum())
        end = float(((self._caps + 0.5) / self._weights).max())
        low, high = (start - slack) / pace, end  # nobody is faster than with all caps away
        while start - self._spoken(low).sum() > slack and low < (middle := (low + high) / 2) < high:
            low, high = (middle, high) if self._spoken(middle).sum() <= start else (low, middle)
        under, over = low, (stop + slack) / pace
        if self._spoken(over).sum() < stop:
            under, over = over, end
        while self._spoken(over).sum() - stop > slack and under < (middle := (under + over) / 2):
            if middle >= over:
                break
            under, over = (middle, over) if self._spoken(middle).sum() < stop else (under, middle)
        return low, over


def shares(total: int | None, sizes: Sequence[int]) -> list[int]:
    """`total` dealt evenly to parts that hold at most `sizes`; everything where it is None."""
    if total is None or total >= sum(sizes):
        return list(sizes)
    dealt = [0] * len(sizes)
    left = total
    for rank, place in enumerate(sorted(range(len(sizes)), key=lambda n: (sizes[n], n))):
        dealt[place] = min(sizes[place], left // (len(sizes) - rank))
        left -= dealt[place]
    return dealt
