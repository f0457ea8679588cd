"""Dialogflow ES agents, an exported zip archive or the folder of one
(https://cloud.google.com/dialogflow/es/docs/reference/rest/v2/projects.agent.intents#TrainingPhrase).

Training phrases of the kind TEMPLATE, `play @song:title`, are read as templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers import bot, tree
from textsynth.importers.bot import Bot, Hole, Sample, SlotType, Value
from textsynth.importers.examples import Notes, Options
from textsynth.importers.tree import Tree

SAYS = re.compile(r"(?:^|.*/)intents/(?P<intent>[^/]+)_usersays_(?P<language>[\w-]+)\.json")
_ENTRIES = re.compile(r"(?:^|.*/)entities/(?P<entity>[^/]+)_entries_(?P<language>[\w-]+)\.json")
_REFERENCE = re.compile(r"@(?P<type>[A-Za-z][\w.-]*[\w-]):(?P<label>[\w-]+)")
_FREE_TYPES = ("sys.any",)
_IGNORED = "sys.ignore"
_KNOWN = FieldReader()


def load(path: Path) -> Grammar:
    """The grammar of an agent of one language.

    Raises:
        GrammarError: what cannot be read, at its place; several languages.
    """
    notes = Notes()
    return bot.grammar(_agent(tree.only_archive(path, SAYS.fullmatch), None, notes), notes)


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The training phrases of an agent as rows. The archives of a folder are read all, each as the
    split that it is called after.

    Raises:
        GrammarError: as `load`, but that `options.language` chooses one.
    """
    for archive, split in tree.archives(path, SAYS.fullmatch):
        home = "" if archive == path else f"{archive.name}/"
        found = _agent(archive, options.language, notes, home)
        found.split = split
        yield from bot.examples(found, notes, options)


def _agent(path: Path, language: str | None, notes: Notes, home: str = "") -> Bot:
    with tree.opened(path, home) as files:
        told = _language(files, language)
        found = Bot(Place(files.name), told)
        for name in files.files:
            entries = _ENTRIES.fullmatch(name)
            if entries and _same(entries["language"], told):
                _entity(files, name, entries["entity"], found, notes)
        for name in files.files:
            said = SAYS.fullmatch(name)
            if said and _same(said["language"], told):
                _intent(files, name, said["intent"], found, notes)
        return found


def _language(files: Tree, language: str | None) -> str:
    """The language to read: the one asked for, or the only one."""
    there = sorted({said["language"] for name in files.files if (said := SAYS.fullmatch(name))})
    chosen = [one for one in there if language is None or _same(one, language)]
    if len(chosen) == 1:
        return chosen[0]
    shown = ", ".join(there) or "no training phrases"
    message = "the agent holds several languages" if chosen else "the agent holds no such language"
    fix = "name one as the language; phrases lie in intents/NAME_usersays_LANGUAGE.json"
    raise GrammarError(f"{message}: {shown}", where=files.name, fix=fix)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _about(files: Tree, name: str, part: str) -> Fields | None:
    """The file that describes an intent or entity, beside that of its phrases or entries."""
    beside = f"{name.rpartition(part)[0]}.json"
    return files.object(beside) if beside in files.files else None


def _entity(files: Tree, name: str, file: str, found: Bot, notes: Notes) -> None:
    about = _about(files, name, "_entries_")
    called = (_KNOWN.text(about, "name") if about else None) or file
    entries = files.json(name)
    if not isinstance(entries, Items):
        raise GrammarError("the file is no JSON list", where=f"{files.home}{name}:1:1", fix="[...]")
    if about is not None and _KNOWN.truth(about, "isRegexp", False):
        message = f"the regular expressions of {called} are not drawn from"
        notes.note(about.place.at(), message, "give the entity values")
        return
    type = found.types.setdefault(called, SlotType())
    for item in entries.items:
        entry = _KNOWN.fields(item, "an entry")
        meant = _KNOWN.text(entry, "value")
        if not meant or not meant.strip():
            raise wrong(entry, "the entry has no value", '{"value": "...", "synonyms": [...]}')
        synonyms = list(_KNOWN.scalars(entry, "synonyms"))
        # a map holds its value among the synonyms, if it is said at all; a list has none
        for said in synonyms or [Scalar(meant, entry.fields["value"].place)]:
            if _REFERENCE.search(said.text):
                message = f"values of {called} that hold other entities are not read"
                notes.note(said.place.at(), message, "write them out")
            elif said.text.strip():
                type.values.append(Value(said.text.strip(), meant.strip(), said.place))


def _intent(files: Tree, name: str, file: str, found: Bot, notes: Notes) -> None:
    about = _about(files, name, "_usersays_")
    called = (_KNOWN.text(about, "name") if about else None) or file
    phrases = files.json(name)
    if not isinstance(phrases, Items):
        raise GrammarError("the file is no JSON list", where=f"{files.home}{name}:1:1", fix="[...]")
    found.intents.setdefault(called, phrases.place)
    for item in phrases.items:
        phrase = _KNOWN.fields(item, "a training phrase")
        template = _KNOWN.truth(phrase, "isTemplate", False)
        parts = _parts(_KNOWN.items(phrase, "data", required=True), template, found, notes)
        if parts is not None:
            found.samples.append(Sample(called, parts, phrase.place))


def _parts(
    data: list[Node], template: bool, found: Bot, notes: Notes
) -> tuple[str | Hole, ...] | None:
    parts: list[str | Hole] = []
    for item in data:
        entry = _KNOWN.fields(item, "a part of a phrase")
        text = entry.fields.get("text")
        if text is None and not entry.fields.get("meta"):
            continue
        if not isinstance(text, Scalar) or text.plain:
            notes.refuse("text_not_text", entry.place.at())
            return None
        type = (_KNOWN.text(entry, "meta") or "").removeprefix("@")
        if type in _FREE_TYPES:
            found.types.setdefault(type, SlotType(open=True))
        if template:
            parts += _template(text.text, found)
        elif type and type != _IGNORED:
            label = _KNOWN.text(entry, "alias") or type
            parts.append(Hole(label, type, text.text))
        else:
            parts.append(text.text)
    return tuple(part for part in parts if part)


def _template(text: str, found: Bot) -> Iterator[str | Hole]:
    """The parts of `play @song:title`."""
    at = 0
    for match in _REFERENCE.finditer(text):
        yield text[at : match.start()]
        if match["type"] in _FREE_TYPES:
            found.types.setdefault(match["type"], SlotType(open=True))
        yield Hole(match["label"], match["type"])
        at = match.end()
    yield text[at:]
