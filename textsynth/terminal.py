"""What the command line shows while it works: steps, bars, tables."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textsynth.progress import Advance, Progress

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Where tables and steps are printed."""
    from rich.console import Console

    # in a pipe a table must not be folded at 80 columns
    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table without borders."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console().print(table)


class TerminalProgress(Progress):
    """Steps and bars on a terminal; in a pipe, lines without bars."""

    def __init__(self) -> None:
        self._console = console()
        self._started = time.monotonic()

    def step(self, name: str, about: str = "") -> None:
        from rich.text import Text

        seconds = f"{time.monotonic() - self._started:4.0f}s "
        self._console.print(
            Text.assemble((seconds, "dim"), (name, "bold"), f"  {about}" if about else "")
        )

    def note(self, text: str) -> None:
        self._console.print(f"        {text}", markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self._console.print(f"      ! {text}", markup=False, style="yellow", soft_wrap=True)

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self.step(title)
        print_table(header, rows)

    @contextlib.contextmanager
    def bar(self, title: str, total: int | None) -> Iterator[Advance]:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("  {task.description}"), BarColumn(bar_width=30),
                   TextColumn("{task.fields[remark]}"), TimeElapsedColumn())  # fmt: skip
        with Bars(
            *columns, console=self._console, transient=True, disable=not sys.stdout.isatty()
        ) as bars:
            task = bars.add_task(title, total=total, remark="")
            yield lambda more, remark: bars.update(task, advance=more, remark=remark)
