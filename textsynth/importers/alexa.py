"""Alexa interaction models as JSON
(https://developer.amazon.com/en-US/docs/alexa/smapi/interaction-model-schema.html).

One file is one locale; that is its name in a skill package (`en-US.json`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError
from textsynth.grammar.document import Fields, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers import bot, jsonfile, source, tree
from textsynth.importers.bot import Bot, Sample, SlotType, Value
from textsynth.importers.examples import Notes, Options
from textsynth.importers.source import Line

_LOCALE = re.compile(r"[a-z]{2,3}-[A-Z]{2}\Z")
_FREE_TYPES = ("AMAZON.SearchQuery", "AMAZON.Phrase")
_KNOWN = FieldReader()


def load(path: Path) -> Grammar:
    """The grammar of a model.

    Raises:
        GrammarError: what cannot be read, at its place; a folder with several locales.
    """
    notes = Notes()
    files = _files(path, None) if path.is_dir() else [path]
    if len(files) > 1:
        raise _several(path, files)
    return bot.grammar(_model(path, files[0], notes), notes)


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The samples of a model as rows. Models in folders that are called after splits are read all,
    each as that split.

    Raises:
        GrammarError: as `load`.
    """
    for file in _files(path, options.language) if path.is_dir() else [path]:
        found = _model(path, file, notes)
        found.split = _split(path, file)
        yield from bot.examples(found, notes, options)


def _model(path: Path, file: Path, notes: Notes) -> Bot:
    name = file.relative_to(path).as_posix() if path.is_dir() else file.name
    top = jsonfile.load(file, name)
    model = _KNOWN.mapping(top, "interactionModel", required=True)
    for key in model.fields.keys() - {"languageModel"}:
        notes.note(model.keys[key].at(), f"{key!r} is not read", "nothing: it holds no utterances")
    model = _KNOWN.mapping(model, "languageModel", required=True)
    told = file.stem if _LOCALE.match(file.stem) else None
    found = Bot(Place(name), told)
    for item in _KNOWN.items(model, "types"):
        _type(_KNOWN.fields(item, "a type"), found)
    for item in _KNOWN.items(model, "intents", required=True):
        _intent(_KNOWN.fields(item, "an intent"), found, notes)
    return found


def _files(path: Path, language: str | None) -> list[Path]:
    """The one model of a folder, or that of a language; one of each split where there are such."""
    models = sorted(
        file
        for file, _ in source.named(path, (".json",))
        if file.name not in tree.OURS and '"interactionModel"' in _head(file)
    )
    chosen = [file for file in models if language is None or _speaks(file.stem, language)]
    if chosen and len({_split(path, file) for file in chosen}) == len(chosen):
        return chosen
    if chosen:
        raise _several(path, models)
    shown = ", ".join(file.relative_to(path).as_posix() for file in models) or "none"
    raise GrammarError(
        f"there is no such model: {shown}", where=str(path), fix="name the file, or its language"
    )


def _several(path: Path, models: list[Path]) -> GrammarError:
    shown = ", ".join(file.relative_to(path).as_posix() for file in models)
    message = f"the folder holds several models: {shown}"
    return GrammarError(message, where=str(path), fix="name the file, or its language")


def _split(path: Path, file: Path) -> str | None:
    """The split that the folder of a file is called after."""
    folder = file.relative_to(path).parts[0] if path.is_dir() else ""
    return folder if folder in tree.SPLITS else None


def _speaks(locale: str, language: str) -> bool:
    return locale.casefold().replace("_", "-").startswith(language.casefold().replace("_", "-"))


def _head(file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            return text.read(4096)
    except OSError:
        return ""


def _type(entry: Fields, found: Bot) -> None:
    name = _named(entry, "type")
    type = found.types.setdefault(name, SlotType())
    for item in _KNOWN.items(entry, "values"):
        value = _KNOWN.mapping(_KNOWN.fields(item, "a value"), "name", required=True)
        meant = _KNOWN.text(value, "value")
        if not meant or not meant.strip():
            raise wrong(value, "the value has no words", '{"name": {"value": "..."}}')
        place = value.fields["value"].place
        type.values.append(Value(meant.strip(), meant.strip(), place))
        for synonym in _KNOWN.scalars(value, "synonyms"):
            if synonym.text.strip():
                type.values.append(Value(synonym.text.strip(), meant.strip(), synonym.place))


def _intent(entry: Fields, found: Bot, notes: Notes) -> None:
    name = _named(entry, "intent")
    found.intents.setdefault(name, entry.place)
    slots: dict[str, str] = {}
    for item in _KNOWN.items(entry, "slots"):
        slot = _KNOWN.fields(item, "a slot")
        called = _named(slot, "slot")
        slots[called] = _KNOWN.text(slot, "type") or ""
        if not slots[called]:
            raise wrong(slot, "the slot has no type", '{"name": "...", "type": "..."}')
        if slots[called] in _FREE_TYPES:
            found.types.setdefault(slots[called], SlotType(open=True))
        if "samples" in slot.fields:
            message = "samples of a slot are not read: they answer a prompt"
            notes.note(slot.keys["samples"].at(), message, "nothing")
    for sample in _KNOWN.items(entry, "samples"):
        if not isinstance(sample, Scalar) or sample.plain:
            notes.refuse("text_not_text", sample.place.at())
            continue
        parts = bot.parts_of(Line(sample.text, sample.place), name, slots, notes)
        if parts is not None:
            found.samples.append(Sample(name, parts, sample.place))


def _named(entry: Fields, what: str) -> str:
    name = _KNOWN.text(entry, "name")
    if not name or not name.strip():
        raise wrong(entry, f"the {what} has no name", '{"name": "..."}')
    return name
