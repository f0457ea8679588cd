"""What the command line shows: steps, bars and tables, and what came out in the end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

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


# -- results ----------------------------------------------------------------------------------


def say_result(folder: Path, manifest: dict[str, Any]) -> None:
    """What a run made, by step, and where it lies."""
    rows = []
    for step, counts in manifest["steps"].items():
        reasons = sorted(counts["rejects"].items(), key=lambda item: -item[1])
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
        rows.append([step, f"{counts['in']:,}", f"{counts['out']:,}", told])
    typer.echo()
    print_table(["step", "in", "out", "rejected"], rows)
    typer.echo()
    for row in manifest["shortfall_by_origin"]:
        typer.echo(f"short: {row['intent']}: {row['got']} of {row['asked']} from {row['origin']}")
    for row in manifest["shortfall_by_slot"]:
        told = f"{row['got']} of {row['asked']} with {{{row['slot']}}}"
        typer.echo(f"short: {row['intent']}: {told}")
    for row in manifest["shortfall_by_flow"]:
        typer.echo(f"short: flow {row['flow']}: {row['got']} of {row['asked']} dialogues")
    for name, flow in manifest["dialogues"].items():
        ends = ", ".join(f"{count:,} {outcome}" for outcome, count in flow["outcomes"].items())
        told = f"{flow['dialogues']:,} dialogues, {flow['turns']:,} turns ({ends})"
        typer.echo(f"flow {name}: {told}")
    seconds, peak = manifest["seconds"], manifest["peak_mb"]
    typer.echo(f"{manifest['rows']:,} rows in {seconds:.0f} s, peak memory {peak:,} MB")
    if (folder / "report.html").is_file():
        typer.echo(f"report: {folder / 'report.html'}")
    formats = [export["format"] for export in manifest["exports"] if "error" not in export]
    for name in formats:
        if name != "huggingface":
            typer.echo(f"{name}: {folder / 'exports' / name}")
    if "huggingface" in formats:
        card = folder / "dataset" / "README.md"
        typer.echo(f"dataset: {folder / 'dataset'}   (its card: {card})")
        typer.echo(f'open it: datasets.load_dataset("{folder / "dataset"}")')
    if not formats:
        typer.echo(f"rows: {folder / 'corpus.parquet'}   (no export was asked for)")


def say_dialogues(turns: Any, as_json: bool) -> None:
    """Dialogues as people read them, or a JSON line a turn; `turns` is a table of the corpus."""
    import json

    from rich.text import Text

    from textsynth import corpus

    screen = console()
    for row in corpus.utterances(turns):
        slots = [{"start": s.start, "end": s.end, "label": s.label} for s in row.slots]
        if as_json:
            told = {"dialogue_id": row.dialogue_id, "turn": row.turn, "speaker": row.speaker,
                    "text": row.text, "act": row.act, "slots": slots}  # fmt: skip
            typer.echo(json.dumps(told | ({"state": dict(row.state)} if row.state else {})))
            continue
        if row.dialogue is not None:
            about = f"{row.dialogue_id}  ({row.dialogue.outcome})"
            screen.print(Text(f"\n{about}" if row.turn == 0 else about, style="bold"))
        start = f"  {row.speaker:<6}  "
        text = Text(start, style="dim").append(row.text, style="not dim")
        for slot in row.slots:
            text.stylize("cyan", slot.start + len(start), slot.end + len(start))
        screen.print(text.append(f"  {row.act}", style="dim"), soft_wrap=True)


def say_figures(found: dict[str, Any]) -> None:
    """The figures of all rows, and the gates."""
    from textsynth.pipeline.finish import headline

    rows = headline(found["metrics"])
    if rows:
        typer.echo()
        print_table(["metric", "figure", "this corpus", "real rows"], rows)
    for gate in found.get("gates", ()):
        value = "not measured" if gate["value"] is None else f"it is {gate['value']:.3g}"
        typer.echo(f"gate {'reached' if gate['passed'] else 'MISSED'}: {gate['gate']} ({value})")


def say_scrubbed(output: Path, result: dict[str, Any]) -> None:
    """What a scrub of a file replaced, dropped and left."""
    if result["labels"]:
        names = ("found", "replaced", "kept")
        labels = result["labels"].items()
        rows = [[label, *(f"{counts[name]:,}" for name in names)] for label, counts in labels]
        print_table(["label", *names], rows)
        typer.echo()
    rate = result["rows_per_second"]
    speed = f", {rate:,.0f} rows a second" if rate else ""
    typer.echo(
        f"{output}: {result['rows']:,} rows, {result['rows_changed']:,} of them changed,"
        f" in {result['seconds']:.0f} s{speed}"
    )
    for label, count in result["dropped"].items():
        typer.echo(f"dropped: {count:,} rows: {label}", err=True)
    for reason, count in result["quarantined"].items():
        lines = [e["line"] for e in result["quarantined_rows"] if e["reason"] == reason]
        told = ", ".join(map(str, lines[:5])) + (", …" if count > 5 else "")
        typer.echo(f"quarantined: {count:,} rows: {reason} (line {told})", err=True)
    unkept = result["leak_count"] - result["leak_count_kept"]
    if unkept:
        typer.echo(
            f"warning: {unkept:,} places of the output still hold a removed value;"
            " --report lists the lines",
            err=True,
        )
    if result["leak_count_kept"]:
        typer.echo(
            f"note: {result['leak_count_kept']:,} places hold a removed value since their label is"
            " kept",
            err=True,
        )
