"""Readers of what people already have: templates of other tools as a grammar like any other, and
rows as seeds.

Each format is one file. `load(path) -> Grammar` is there where the format holds templates; `pack`
hands plain data to the grammar's own reading. `examples(path, notes, options)` yields its rows as
utterances and tells `notes` what it leaves out. Home Assistant's files, the native ones, go to the
grammar as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError, SeedError, UsageError, did_you_mean
from textsynth.grammar import grammar as native
from textsynth.grammar.model import Grammar
from textsynth.importers import (
    alexa,
    chatito,
    clinc,
    conll,
    dialogflow,
    hub,
    lex,
    padatious,
    rasa,
    rhasspy,
    snips,
    table,
    telling,
    tree,
)
from textsynth.importers.examples import REASONS, Notes, Options

__all__ = ["EXAMPLES", "FORMATS", "REASONS", "Notes", "Options", "detect", "detect_examples",
           "load", "read_examples"]  # fmt: skip
_READERS: dict[str, Callable[[Path], Grammar]] = {
    "homeassistant": native.load,
    "chatito": chatito.load,
    "rasa": rasa.load,
    "snips": snips.load,
    "rhasspy": rhasspy.load,
    "padatious": padatious.load,
    "alexa": alexa.load,
    "lex": lex.load,
    "dialogflow": dialogflow.load,
}
FORMATS = tuple(_READERS)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A reader of rows, and the options that it takes."""

    examples: Callable[[Path, Notes, Options], Iterator[Utterance]]
    takes: tuple[str, ...] = ()


_SAMPLES = ("language", "per_sample", "seed")
_EXAMPLES: dict[str, _Reader] = {
    "rasa": _Reader(rasa.examples),
    "alexa": _Reader(alexa.examples, _SAMPLES),
    "lex": _Reader(lex.examples, _SAMPLES),
    "dialogflow": _Reader(dialogflow.examples, _SAMPLES),
    "snips": _Reader(snips.examples, _SAMPLES),
    "conll": _Reader(conll.examples, ("columns",)),
    "clinc": _Reader(clinc.examples, ("split",)),
    "table": _Reader(table.examples, ("columns", "split")),
    "datasets": _Reader(hub.examples, ("columns", "split")),
}
EXAMPLES = tuple(_EXAMPLES)
# Of a run folder: its rows, and what tells that it is one.
_RUN = ("corpus.parquet", "manifest.json")


def detect(path: Path) -> str | None:
    """The format of templates of a file or folder, by suffix and content; None where it is none of
    `FORMATS`.

    Raises:
        GrammarError: a folder holds several formats.
    """
    return telling.format_of(path, FORMATS)


def detect_examples(path: Path, output: Path | None = None) -> str | None:
    """The format of rows of a file or folder, by suffix and content; None where it is none of
    `EXAMPLES`. A file of the folder that is the `output` does not count.

    Raises:
        GrammarError: a folder holds several formats.
    """
    return telling.format_of(path, EXAMPLES, output)


def load(path: Path, format: str | None = None, language: str = "en") -> Grammar:
    """Read a file or folder of a format (None: whichever it is), in `language` unless Home
    Assistant's files name their own; no other format does.

    Raises:
        GrammarError: nothing there, no such format, or something that cannot be read, at its place.
    """
    if format is not None and format not in _READERS:
        raise GrammarError(f"there is no format {format!r}", fix=did_you_mean(format, FORMATS))
    if not path.exists():
        raise GrammarError("there is no such file or folder", where=str(path), fix="check the path")
    told = format or detect(path)
    if told is None and path.suffix.lower() in native.SUFFIXES:
        told = "homeassistant"  # its own errors say what is missing
    if told is None:
        raise GrammarError(
            "this is no format of templates that is read",
            where=str(path),
            fix=f"these are read: {', '.join(FORMATS)}; see docs/importers.md",
        )
    if told != "homeassistant" and path.is_dir() and not telling.files(path, told):
        raise GrammarError(f"there are no files of {told}", where=str(path), fix="check the path")
    if told == "homeassistant":
        return native.load(path, language)
    return replace(_READERS[told](path), language=language)


def read_examples(
    source: Path | str,
    format: str | None = None,
    *,
    notes: Notes | None = None,
    options: Options | None = None,
) -> Iterator[Utterance]:
    """The rows of a file, a folder or a dataset of the hub, in their order; ids are places.

    Args:
        source: a path, a run folder among them, or an id such as `clinc/clinc_oos` where there is
            no such path.
        format: one of `EXAMPLES` (None: whichever it is).
        notes: what is refused or changed is said here, while the rows are read.
        options: see `Options`; each format takes some.

    Raises:
        SeedError: nothing there, no such format, or something that cannot be read, at its place.
        UsageError: an option that the format does not take.
    """
    notes, options = notes or Notes(), options or Options()
    try:
        path, told = _told(source, format, options.output)
        _check(told, options)
        if isinstance(path, Path):
            notes.names = {**tree.way_back(path), **notes.names}
            yield from _EXAMPLES[told].examples(path, notes, options)
        else:
            yield from hub.examples(path, notes, options)
    except GrammarError as error:
        raise SeedError(
            error.message, where=error.where, fix=error.fix, excerpt=error.excerpt
        ) from error


def _told(source: Path | str, format: str | None, output: Path | None) -> tuple[Path | str, str]:
    """What is to be read, and its format."""
    if format is not None and format not in EXAMPLES:
        raise SeedError(f"there is no format {format!r}", fix=did_you_mean(format, EXAMPLES))
    path = Path(source)
    if not path.exists():
        if format in (None, "datasets") and hub.ID.match(str(source)):
            return str(source), "datasets"
        fix = "check the path; a dataset of the hub is called owner/name"
        raise SeedError("there is no such file or folder", where=str(source), fix=fix)
    if all((path / name).is_file() for name in _RUN):
        path = path / _RUN[0]
    told = format or detect_examples(path, output)
    if told != "table" and path.is_file() and path.suffix.lower() == ".gz":
        fix = f"unpack it: gunzip {path.name}"
        raise SeedError("a packed file of this kind is not read", where=str(path), fix=fix)
    if told is None and (templates := detect(path)):
        raise SeedError(
            f"this is {templates}, which holds templates and no rows",
            where=str(path),
            fix="name it in a recipe: templates: {path: …}",
        )
    if told is None:
        raise SeedError(
            "this is no format of rows that is known",
            where=str(path),
            fix=f"name one of: {', '.join(EXAMPLES)}; see docs/importers.md",
        )
    if path.is_dir() and not telling.files(path, told, output):
        raise SeedError(f"there are no files of {told}", where=str(path), fix="check the path")
    if told == "datasets" and output is not None and path.resolve() in output.resolve().parents:
        raise UsageError(
            "the seeds would lie in the dataset that is read",
            where=str(output),
            fix="write them elsewhere",
        )
    return path, told


def _check(told: str, options: Options) -> None:
    default = Options()
    for field in fields(Options):
        given = getattr(options, field.name)
        taken = (*_EXAMPLES[told].takes, "output")
        if given != getattr(default, field.name) and field.name not in taken:
            name = field.name.replace("_", " ")
            fix = f"leave out the {name}"
            if name == "language":
                fix += "; it chooses among those of a bot, and the recipe names that of seeds"
            raise UsageError(f"{told} takes no {name}", fix=fix)
