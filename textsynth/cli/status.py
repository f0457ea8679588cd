"""What a command ends with. Besides these, 0: done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer

from textsynth.errors import TextsynthError, UsageError

WRONG_INPUT = 1
WRONG_USAGE = 2
SHORTFALL = 3  # done, but fewer rows than asked for
GATE_MISSED = 4  # done, but a gate of the recipe was missed
INTERRUPTED = 130

# What a manifest lists that could not be had.
_SHORTFALLS = ("shortfall", "shortfall_by_origin", "shortfall_by_slot", "shortfall_by_flow")


def run(app: Callable[[], object]) -> None:
    """Run the application; a known failure becomes one message and its status.

    Raises:
        SystemExit: always, with the status.
    """
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
            typer.echo("interrupted; run the same command again to go on", err=True)
        raise


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
