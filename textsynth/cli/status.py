"""What a command ends with. Besides these, 0: done."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

import typer

from textsynth.errors import TextsynthError, UsageError

WRONG_INPUT = 1
WRONG_USAGE = 2
SHORTFALL = 3  # done, but fewer rows than asked for
GATE_MISSED = 4  # done, but a gate of the recipe was missed
INTERRUPTED = 130
TERMINATED = 143

# Commands that keep what they have done, so that the same command goes on from there.
_RESUMED = {"generate", "train"}
# What a manifest lists that could not be had.
_SHORTFALLS = ("shortfall", "shortfall_by_origin", "shortfall_by_slot", "shortfall_by_flow")


def run(app: Callable[[], object]) -> None:
    """Run the application; a known failure becomes one message and its status.

    Raises:
        SystemExit: always, with the status.
    """
    signal.signal(signal.SIGTERM, _terminate)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        app()
    except UsageError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(WRONG_USAGE) from error
    except TextsynthError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(WRONG_INPUT) from error
    except SystemExit as ended:  # Typer turns Ctrl+C into this status without a word
        if ended.code == INTERRUPTED:
            goes_on = not _RESUMED.isdisjoint(sys.argv[1:2])
            more = "; run the same command again to go on" if goes_on else ""
            typer.echo(f"interrupted{more}", err=True)
        raise
    except Exception as error:  # what the system or a file refused; the rest is ours to mend
        told = _refused(error)
        if told is None:
            raise
        typer.echo(f"error: {told}", err=True)
        raise SystemExit(WRONG_INPUT) from error


def _terminate(number: int, frame: object) -> None:
    """End as after Ctrl+C: files that are half written go."""
    raise SystemExit(TERMINATED)


def _refused(error: Exception) -> TextsynthError | None:
    """What the system refused, or what Arrow could not read, as an error with its place. Arrow's
    own words may quote a cell."""
    if isinstance(error, OSError):
        return TextsynthError(
            error.strerror or str(error),
            where=str(error.filename or ""),
            fix="check that the file is there and whole, and that the disk has room and lets you"
            " write; then run the same command again",
        )
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(error, arrow.ArrowException):
        return TextsynthError(
            "a Parquet file is damaged, or does not hold what it should",
            fix="make it again, or start the run over with --resume never",
        )
    return None


def require_gates(found: Mapping[str, Any]) -> None:
    """End the command where figures, or the manifest of a run, tell of a missed gate.

    Raises:
        typer.Exit: with `GATE_MISSED`.
    """
    if any(not gate["passed"] for gate in found.get("gates", ())):
        raise typer.Exit(GATE_MISSED)


def require_all_rows(manifest: Mapping[str, Any]) -> None:
    """End the command where a run has fewer rows than asked for.

    Raises:
        typer.Exit: with `SHORTFALL`.
    """
    if any(manifest[name] for name in _SHORTFALLS):
        raise typer.Exit(SHORTFALL)
