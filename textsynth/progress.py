"""What a run says while it goes on: the pipeline speaks to a `Progress`, the command line draws."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

Advance = Callable[[int, str], None]
# Given what is done and how much of it there is: a context in which `Advance` says how far it is.
Bar = Callable[[str, int | None], AbstractContextManager[Advance]]


class Progress:
    """Says nothing; the command line's own draws bars and tables."""

    def step(self, name: str, about: str = "") -> None:
        """A step of the pipeline begins."""

    def note(self, text: str) -> None:
        """A fact about the step under way."""

    def warn(self, text: str) -> None:
        """Something that a person should look at."""

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Figures of the step under way."""

    @contextlib.contextmanager
    def bar(self, title: str, total: int | None) -> Iterator[Advance]:
        """A bar: call what it gives with how much more is done and a short remark."""
        yield lambda more, remark: None
