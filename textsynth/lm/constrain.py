"""Slots while they are written: what may follow an opening brace.

A pattern's `{label}` must name a slot that the intent has. Tokens are pieces of text, so that a
label comes in several, and a piece may hold more than the label (`}\\n`). The rules: outside a
slot, a piece must leave no brace that could not become a known slot; inside one, it must go on
spelling a known label, then close it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property


def advance(inside: str | None, piece: str, labels: Collection[str]) -> tuple[bool, str | None]:
    """Whether a piece may come, and what of a label is open after it (None: no slot is open).

    `inside` is what was written since an opening brace. `{label:name}` counts as `label`; the name
    is free, made of letters, digits and underscores.
    """
    for char in piece:
        if inside is None:
            if char in "}\\" or (char == "{" and not labels):
                return False, None
            if char == "{":
                inside = ""
        elif char == "}":
            label, colon, name = inside.partition(":")
            if label not in labels or (colon and not name.isidentifier()):
                return False, None
            inside = None
        else:
            inside += char
            if not _promising(inside, labels):
                return False, None
    return True, inside


def _promising(inside: str, labels: Collection[str]) -> bool:
    label, colon, name = inside.partition(":")
    if colon:
        return label in labels and (not name or name.isidentifier())
    return any(known.startswith(label) for known in labels)


class Guard:
    """Which of a vocabulary's pieces may come next, for one set of labels; answers are kept."""

    def __init__(self, pieces: Sequence[str], labels: Iterable[str]) -> None:
        self._pieces = pieces
        self.labels = frozenset(labels)
        self._known: dict[str | None, list[int]] = {}
        self._spellable: dict[str, bool] = {}

    def banned(self, special: Sequence[int]) -> list[int]:
        """Of the pieces that hold braces or backslashes, those that may not come outside a slot."""
        if None not in self._known:
            self._known[None] = [row for row in special if not self._goes_on(None, row)]
        return self._known[None]

    def allowed(self, inside: str) -> list[int]:
        """The pieces that may come inside a slot of which `inside` is written. A vocabulary may
        lack pieces that a label needs after some start of it; what leads there may not come."""
        if inside not in self._known:
            # most pieces fail with their first character: it is asked once
            self._known[inside] = sorted(
                row
                for char, rows in self._by_first.items()
                if advance(inside, char, self.labels)[0]
                for row in rows
                if self._goes_on(inside, row)
            )
        return self._known[inside]

    def _goes_on(self, inside: str | None, row: int) -> bool:
        """Whether a piece may come, and others that close what it opens."""
        may, after = advance(inside, self._pieces[row], self.labels)
        if not may or after is None or ":" in after:
            return may
        return any(
            self._spelled(label[len(after) :]) for label in self.labels if label.startswith(after)
        )

    def _spelled(self, rest: str) -> bool:
        """Whether the rest of a label can be put together from pieces."""
        if rest and rest not in self._spellable:
            pieces = {self._pieces[row] for row in self._by_first.get(rest[0], ())}
            self._spellable[rest] = any(
                rest.startswith(piece) and self._spelled(rest[len(piece) :]) for piece in pieces
            )
        return not rest or self._spellable[rest]

    @cached_property
    def _by_first(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, piece in enumerate(self._pieces):
            if piece:
                found.setdefault(piece[0], []).append(row)
        return found

    def after(self, inside: str | None, row: int) -> str | None:
        """What is open once a piece was written."""
        piece = self._pieces[row]
        if inside is None and "{" not in piece:
            return None
        return advance(inside, piece, self.labels)[1]


def special(pieces: Sequence[str]) -> list[int]:
    """The pieces that hold a brace or a backslash."""
    return [row for row, piece in enumerate(pieces) if set(piece) & {"{", "}", "\\"}]
