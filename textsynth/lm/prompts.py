"""Patterns as text for the model, and back: `render` and `parse` are an inverse pair.

    Set alarm:
    - wake me at {time}
    - alarm for {time} please

    Set alarm (question, polite):
    - could you get me up at {time}?

A pattern is one line: line breaks in it become spaces. A list has a head that names its intent and
may say what its patterns are like; a blank line stands between two lists. Nothing says where the
last list ends, so that the model goes on inventing as long as it is let.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textsynth.lm.style import Style

BULLET = "- "
END = "\n\n"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: an intent, what its patterns are like, and the patterns in written form."""

    intent: str
    style: Style
    patterns: tuple[str, ...]


def title(intent: str) -> str:
    """An intent's name as words: `set_alarm`, `SetAlarm` and `set-alarm` are "Set alarm"."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", intent)
    words = " ".join(re.split(r"[\W_]+", words)).strip().lower()
    return (words[:1].upper() + words[1:]) or "Sentences"


def spoken_name(intent: str) -> str | None:
    """An intent's name as somebody might type it for want of better words, "set alarm"; None where
    it says nothing (`faq_12`, `intent`)."""
    words = title(intent).lower().split()
    told = [word for word in words if word.isalpha() and len(word) > 2]
    empty = {"intent", "faq", "utterance", "query", "class", "label", "other", "oos", "fallback"}
    return " ".join(words) if told and not set(told) <= empty else None


def render(lists: Sequence[Listed], *, closed: bool) -> str:
    """The text of some lists; an open one ends where the next pattern of the last list starts."""
    text = "\n".join("".join(f"{line}\n" for line in _lines(listed)) for listed in lists)
    return text if closed else text + "-"


def _lines(listed: Listed) -> list[str]:
    words = listed.style.words()
    head = f"{title(listed.intent)} ({words}):" if words else f"{title(listed.intent)}:"
    return [head, *(BULLET + " ".join(pattern.split()) for pattern in listed.patterns)]


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
