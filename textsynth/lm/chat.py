"""A chat model as one that continues lists: what it is told, and what is made of its answer."""

from __future__ import annotations

import re

SYSTEM = (
    "You continue lists. Go on with the user's last list, true to its heading, in the same form: "
    "one new entry a line, each line starting with '- '. Write nothing else: no introduction, no "
    "headings, no numbers, no comments. Words in braces such as {time} stand for values: keep the "
    "braces and use no others."
)
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^`\n]*$", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*+•·–—]|\(?\d{1,3}[.)])\s+(?=\S)")  # noqa: RUF001
# Lines that are no entries: they end in a colon, are headings, or talk to whoever asked.
_CHATTER = re.compile(
    r".*:\W*$|#{1,6} |.*\bhere(?: are|'s| is)\b|(?:sure|certainly|of course|okay|ok|absolutely|"
    r"great|got it|here|below|let me|i hope|i can|i'll|hope)\b.*[.!?…]$",
    re.IGNORECASE,
)
_WRAPS = (("**", "**"), ("`", "`"), ('"', '"'), ("“", "”"))


def messages(text: str) -> list[dict[str, str]]:
    """The messages that ask a chat model to continue `text`."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def completion(answer: str, prompt: str) -> str:
    """A chat answer as the text that a completion of `prompt` would be.

    Thoughts, fences and chatter are left out; numbers and other bullets become "- ". The list ends
    at the first line behind it that is no bullet, as in `prompts.parse`. If the prompt ends in its
    own "-", the first bullet is left out. A last entry that a line break follows is whole, and the
    break is kept.
    """
    text = _THOUGHTS.sub("", answer).split("</think>")[-1]
    inside = _FENCE.split(text)[1::2]
    lines = ("\n".join(inside) if any(part.strip() for part in inside) else text).split("\n")
    kept = _bulleted(lines) if any(map(_BULLET.match, lines)) else _plain(lines)
    entries = [entry for entry in (_bare(lines[at]) for at in kept) if entry]
    listed = "\n".join("- " + entry for entry in entries)
    if prompt.rstrip(" ").endswith("-"):
        listed = listed.removeprefix("-")
    return listed + "\n" if entries and kept[-1] < len(lines) - 1 else listed


def _plain(lines: list[str]) -> list[int]:
    """Places of the entries where nothing is marked as one."""
    return [at for at, line in enumerate(lines) if line.strip() and not _chatter(line)]


def _bulleted(lines: list[str]) -> list[int]:
    """Places of the entries of the first list."""
    kept: list[int] = []
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        if not _BULLET.match(line):
            if kept:
                break
            # A model that really continues starts in the middle of the prompt's last bullet.
            continues = at + 1 < len(lines) and _BULLET.match(lines[at + 1])
            if not continues or _chatter(line):
                continue
        kept.append(at)
    return kept


def _chatter(line: str) -> bool:
    return _CHATTER.match(line.strip()) is not None


def _bare(line: str) -> str:
    """A line without its bullet and without what wraps it."""
    text = _BULLET.sub("", line, count=1) if _BULLET.match(line) else line
    text = text.strip()
    for left, right in _WRAPS:
        if text.startswith(left) and text.endswith(right) and len(text) > len(left + right):
            text = text[len(left) : -len(right)].strip()
    return text
