"""Alternatives `(a|b)` and optionals `[a]`, which several notations share, as trees of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from textsynth.grammar.syntax import EMPTY, MAX_DEPTH, Alternative, Node, Sequence, Text
from textsynth.importers.source import Line

Take = Callable[[list[Node], int], int]
_CLOSES = {"(": ")", "[": "]"}


@dataclass(slots=True)
class _Group:
    opener: str
    at: int
    branches: list[list[Node]] = field(default_factory=lambda: [[]])


def parse(line: Line, take: Take, *, gap: str = "") -> Node:
    """The tree of a line. `take(branch, at)` reads what is no bracket into a branch and returns
    where it ends; `gap` is what stands between the parts of a branch. An alternative without words
    makes the others optional.

    Raises:
        GrammarError: brackets that are not closed, not opened or too deep.
    """
    stack = [_Group("", 0)]
    at = 0
    while at < len(line.text):
        char, group = line.text[at], stack[-1]
        if char in _CLOSES:
            if len(stack) > MAX_DEPTH:
                message = f"brackets are nested more than {MAX_DEPTH} deep"
                raise line.fault(at, message, "move inner parts elsewhere")
            stack.append(_Group(char, at))
        elif char in ")]":
            if _CLOSES.get(group.opener) != char:
                raise line.fault(at, f"{char!r} closes nothing", "remove it, or open it before")
            stack.pop()
            stack[-1].branches[-1].append(_close(group, gap))
        elif char == "|":
            group.branches.append([])
        else:
            at = take(group.branches[-1], at)
            continue
        at += 1
    if len(stack) > 1:
        opener = stack[-1].opener
        message = f"the {opener!r} is not closed"
        raise line.fault(stack[-1].at, message, f"add a {_CLOSES[opener]!r}")
    return _close(stack[0], gap)


def is_blank(node: Node) -> bool:
    """Whether a node is text without words."""
    return isinstance(node, Text) and not node.text.strip()


def _close(group: _Group, gap: str) -> Node:
    branches = [_joined(branch, gap, group.at) for branch in group.branches]
    spoken = [branch for branch in branches if not is_blank(branch)]
    if not spoken:
        return branches[0] if len(branches) == 1 and group.opener != "[" else EMPTY
    if group.opener == "[" or len(spoken) < len(branches):
        return Alternative((*spoken, EMPTY), True, group.at)
    return spoken[0] if len(spoken) == 1 else Alternative(tuple(spoken), False, group.at)


def _joined(branch: list[Node], gap: str, at: int) -> Node:
    if len(branch) == 1:
        return branch[0]
    if not branch:
        return EMPTY
    between = [Text(gap)] if gap else []
    parts = [part for node in branch for part in (node, *between)]
    return Sequence(tuple(parts[: len(parts) - len(between)]), at)
