"""How much of the examples an induced flow says again turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textsynth.corpus import fold

Said = tuple[str, str]  # speaker, pattern


@dataclass(frozen=True, slots=True)
class Copied:
    """Of dialogues beside the examples: the longest run of consecutive turns that one has in common
    with an example, and its median; the same of the user's turns alone; and `verbatim`, the share
    of dialogues whose user says, first to last, what the user of one example says."""

    longest: int
    median: float
    longest_user: int
    median_user: float
    verbatim: float


def copied(made: Sequence[Sequence[Said]], examples: Sequence[Sequence[Said]]) -> Copied:
    """Compare dialogues with the examples that they were learnt from, by folded patterns."""
    whole = [_folded(one) for one in examples]
    users = [_users(one) for one in whole]
    runs, user_runs, verbatim = [], [], 0
    for one in made:
        own = _folded(one)
        user = _users(own)
        runs.append(max((longest_run(own, other) for other in whole), default=0))
        user_runs.append(max((longest_run(user, other) for other in users), default=0))
        verbatim += user in users
    return Copied(
        max(runs, default=0),
        _median(runs),
        max(user_runs, default=0),
        _median(user_runs),
        verbatim / max(1, len(made)),
    )


def longest_run(one: Sequence[Said], other: Sequence[Said]) -> int:
    """The length of the longest run of turns that two dialogues have in common."""
    best = 0
    before = [0] * (len(other) + 1)
    for turn in one:
        now = [0] * (len(other) + 1)
        for at, same in enumerate(other, start=1):
            if turn == same:
                now[at] = before[at - 1] + 1
                best = max(best, now[at])
        before = now
    return best


def _folded(dialogue: Sequence[Said]) -> list[Said]:
    return [(speaker, fold(pattern)) for speaker, pattern in dialogue]


def _users(dialogue: Sequence[Said]) -> list[Said]:
    return [said for said in dialogue if said[0] == "user"]


def _median(values: Sequence[int]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return 0.0
    return (ordered[middle] + ordered[~middle]) / 2
