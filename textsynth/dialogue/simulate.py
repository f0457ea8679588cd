"""Dialogues: a policy walks a flow, a simulated user answers, and both are annotated as they speak.

What happens in dialogue *i* of a flow depends on (seed, flow, i) alone. Decisions and words draw
from two streams, so that other words leave what is done as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, count

import pyarrow as pa

from textsynth import keyed
from textsynth.dialogue.flow import Flow
from textsynth.dialogue.policy import walk
from textsynth.dialogue.rows import Rows
from textsynth.dialogue.talk import Talk
from textsynth.dialogue.words import Words

MAX_TURNS = 40
STRIDE = 128  # numbers of a stream that are drawn at once


def simulate(
    flow: Flow,
    words: Words,
    numbers: Sequence[int],
    *,
    seed: int,
    language: str = "en",
    max_turns: int = MAX_TURNS,
    take: int = 0,
) -> pa.Table:
    """Dialogues `numbers` of a flow as a table of `corpus.SCHEMA`, their turns in order.

    A dialogue that reaches `max_turns` ends there, as `abandoned`.
    Another `take` of one has other words, and the same acts and values.

    Raises:
        GrammarError: something must be said for which the flow has no words.
    """
    rows = Rows(language)
    decisions = _streams(keyed.stream(seed, "dialogue", flow.name), numbers)
    wording = _streams(keyed.stream(seed, "wording", flow.name, take), numbers)
    for name, decide, choose in zip(ids(flow, numbers, seed=seed), decisions, wording, strict=True):
        rows.close(name, walk(Talk(flow, words, rows, decide, choose, max_turns)))
    return rows.table()


def ids(flow: Flow, numbers: Sequence[int], *, seed: int) -> list[str]:
    """The ids of the dialogues with these numbers."""
    found = keyed.bits(keyed.stream(seed, "dialogue id", flow.name), list(numbers)).tolist()
    return [f"{flow.name}/{name:016x}" for name in found]


def _streams(key: int, numbers: Sequence[int]) -> Iterator[Callable[[], float]]:
    """For each dialogue, what gives the next number of its stream."""
    first = keyed.uniform(key, [[n << 20 | at for at in range(STRIDE)] for n in numbers])
    for number, drawn in zip(numbers, first.tolist() if len(numbers) else (), strict=True):
        more = (
            keyed.uniform(key, [number << 20 | at for at in range(k * STRIDE, (k + 1) * STRIDE)])
            for k in count(1)
        )
        later = chain.from_iterable(block.tolist() for block in more)
        yield partial(next, chain(drawn, later))
