"""Everything that can go wrong through no fault of the code.

TextsynthError          exit status 1: the input is wrong
├── RecipeError         the recipe: YAML, unknown keys, values out of range
├── GrammarError        templates: syntax, undefined lists, cycles
├── SeedError           seed corpora
├── ModelError          language model, embedder or spaCy model cannot be had
├── RunError            run folders: unwritable, foreign, interrupted
├── ExportError         an exporter cannot write what was asked
├── PatternError        (in `patterns`) a text that is no pattern
└── UsageError          exit status 2: options that do not go together
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

DIGITS = 60  # of counts that are written in full


class TextsynthError(Exception):
    """A message with its place and its remedy; the command line prints it and nothing else.

    Args:
        message: what is wrong, one sentence.
        where: the place, ``file:line:column`` or ``row 12``.
        fix: what to do about it.
        excerpt: source lines with a caret, already laid out.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        excerpt: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix
        self.excerpt = excerpt

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.excerpt:
            lines.append(self.excerpt)
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class RecipeError(TextsynthError):
    """The recipe cannot be used."""


class GrammarError(TextsynthError):
    """A template file cannot be used."""


class SeedError(TextsynthError):
    """The seed corpus cannot be used."""


class ModelError(TextsynthError):
    """A model is missing or broken."""


class RunError(TextsynthError):
    """The run folder cannot be used."""


class ExportError(TextsynthError):
    """The corpus cannot be exported as asked."""


class UsageError(TextsynthError):
    """The command was given options that do not go together."""


def figure(number: int) -> str:
    """A count as it is written for people; in powers of ten where its digits would fill lines."""
    if number < 10**DIGITS:
        return f"{number:,}"
    power, rest = divmod(math.log10(number), 1)
    return f"about {10**rest:.1f}e{int(power)}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, and all there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    there = f"there are: {', '.join(names)}" if names else "there are none"
    return f"did you mean {close[0]!r}? {there}" if close else there
