"""Patterns as text for the model, and back: `render` and `parse` are an inverse pair.

    Set alarm:
    - wake me at {time}
    - alarm for {time} please

A pattern is one line: line breaks in it become spaces. No sequence says where the list ends, so
that the model goes on inventing as long as it is let.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BULLET = "- "
END = "\n\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model continues: an intent and some of its patterns, in written form."""

    intent: str
    patterns: tuple[str, ...]


def title(intent: str) -> str:
    """An intent's name as words: `set_alarm`, `SetAlarm` and `set-alarm` are "Set alarm"."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", intent)
    words = " ".join(re.split(r"[\W_]+", words)).strip().lower()
    return (words[:1].upper() + words[1:]) or "Sentences"


def render(intent: str, patterns: Sequence[str], *, closed: bool) -> str:
    """The text of a sequence; an open one ends where the next pattern starts."""
    lines = [f"{title(intent)}:", *(BULLET + " ".join(pattern.split()) for pattern in patterns)]
    return "\n".join(lines) + ("\n" if closed else "\n-")


def parse(completion: str) -> tuple[list[str], bool]:
    """The patterns of a completion, which starts in the middle of a bullet.

    Returns the written patterns in order, and whether the last one is whole (the model ended the
    line itself; otherwise the token limit cut it).
    """
    text = completion.split(END)[0]
    ended = END in completion
    patterns = []
    for number, line in enumerate(text.split("\n")):
        if number and not line.startswith("-"):
            ended = True
            break
        patterns.append(line.removeprefix("-").strip())
    return patterns, ended
