"""Amazon Lex V2 exports, a zip archive or the folder of one
(https://docs.aws.amazon.com/lexv2/latest/dg/import-export-format.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError
from textsynth.grammar.document import Fields, Node, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Grammar
from textsynth.grammar.syntax import Place
from textsynth.importers import bot, tree
from textsynth.importers.bot import Bot, Sample, SlotType, Value
from textsynth.importers.examples import Notes, Options
from textsynth.importers.source import Line
from textsynth.importers.tree import Tree

IS_LEX = re.compile(r"(?:^|/)BotLocales/[^/]+/")
_LOCALE = re.compile(r"(.*?)(?:^|/)?BotLocales/([^/]+)/(.+)")
_FREE_TYPES = ("AMAZON.FreeFormInput",)
_KNOWN = FieldReader()


def load(path: Path) -> Grammar:
    """The grammar of a bot of one locale.

    Raises:
        GrammarError: what cannot be read, at its place; several bots or locales.
    """
    notes = Notes()
    return bot.grammar(_bot(tree.only_archive(path, IS_LEX.search), None, notes), notes)


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The sample utterances of a bot as rows. The archives of a folder are read all, each as the
    split that it is called after.

    Raises:
        GrammarError: as `load`, but that `options.language` chooses a locale.
    """
    for archive, split in tree.archives(path, IS_LEX.search):
        home = "" if archive == path else f"{archive.name}/"
        found = _bot(archive, options.language, notes, home)
        found.split = split
        yield from bot.examples(found, notes, options)


def _bot(path: Path, language: str | None, notes: Notes, home: str = "") -> Bot:
    with tree.opened(path, home) as files:
        root, locale = _locale(files, language)
        found = Bot(Place(f"{home}{root}".rstrip("/")), locale)
        inside = [name for name in files.files if name.startswith(root)]
        for name in inside:
            if re.fullmatch(r"SlotTypes/[^/]+/SlotType\.json", name[len(root) :]):
                _type(files.object(name), name, found, notes)
        for name in inside:
            if re.fullmatch(r"Intents/[^/]+/Intent\.json", name[len(root) :]):
                home = name.rpartition("/")[0]
                slots = _slots(files, [n for n in inside if n.startswith(f"{home}/Slots/")], found)
                _intent(files.object(name), name, slots, found, notes)
        if not found.intents:
            fix = "export the whole bot, or one locale of it"
            raise GrammarError("there are no intents of a locale", where=root, fix=fix)
        return found


def _locale(files: Tree, language: str | None) -> tuple[str, str]:
    """The folder and name of the locale to read."""
    there: dict[str, str] = {}
    for name in files.files:
        if IS_LEX.search(name):
            head, middle, rest = name.rpartition("BotLocales/")
            locale = rest.partition("/")[0]
            there[f"{head}{middle}{locale}/"] = locale
    wanted = (language or "").casefold().replace("-", "_")
    chosen = {
        root: locale for root, locale in there.items() if locale.casefold().startswith(wanted)
    }
    if len(chosen) == 1:
        return next(iter(chosen.items()))
    shown = ", ".join(sorted(there)) or "none"
    message = "the bot holds several locales" if chosen else "the bot holds no such locale"
    fix = "name one as the language, or export it alone"
    raise GrammarError(f"{message}: {shown}", where=files.name, fix=fix)


def _type(top: Fields, file: str, found: Bot, notes: Notes) -> None:
    name = _named(top, file)
    type = found.types.setdefault(name, SlotType())
    setting = _KNOWN.mapping(top, "valueSelectionSetting")
    resolved = (_KNOWN.text(setting, "resolutionStrategy") or "").upper() not in (
        "ORIGINAL_VALUE",
        "ORIGINALVALUE",
    )
    for key in ("regexFilter", "advancedRecognitionSetting"):
        if key in setting.fields:
            notes.note(setting.keys[key].at(), f"{key!r} is not read", "nothing: values are drawn")
    for key in ("externalSourceSetting", "compositeSlotTypeSetting", "parentSlotTypeSignature"):
        if key in top.fields:
            fix = "write values into the type, or supply the list"
            notes.note(top.keys[key].at(), f"{key!r} is not read", fix)
    for item in _KNOWN.items(top, "slotTypeValues"):
        entry = _KNOWN.fields(item, "a value")
        meant = _words(_KNOWN.mapping(entry, "sampleValue", required=True))
        type.values.append(Value(meant.text.strip(), meant.text.strip(), meant.place))
        for synonym in _KNOWN.items(entry, "synonyms"):
            said = _words(_KNOWN.fields(synonym, "a synonym"))
            # without resolution Lex hands on what was said
            means = meant.text.strip() if resolved else said.text.strip()
            type.values.append(Value(said.text.strip(), means, said.place))


def _words(entry: Fields) -> Scalar:
    value = entry.fields.get("value")
    if not isinstance(value, Scalar) or not value.text.strip():
        raise wrong(entry, "the value has no words", '{"value": "..."}')
    return value


def _slots(files: Tree, names: list[str], found: Bot) -> dict[str, str]:
    """The slots of an intent with their types."""
    slots: dict[str, str] = {}
    for name in names:
        if not name.endswith("/Slot.json"):
            continue
        top = files.object(name)
        slot = _named(top, name)
        slots[slot] = _KNOWN.text(top, "slotTypeName") or ""
        if not slots[slot]:
            raise wrong(top, "the slot has no type", '"slotTypeName": "..."')
        if slots[slot] in _FREE_TYPES:
            found.types.setdefault(slots[slot], SlotType(open=True))
    return slots


def _intent(top: Fields, file: str, slots: dict[str, str], found: Bot, notes: Notes) -> None:
    name = _named(top, file)
    found.intents.setdefault(name, top.place)
    for item in _KNOWN.items(top, "sampleUtterances"):
        said = _utterance(item)
        if said is None:
            notes.refuse("text_not_text", item.place.at())
            continue
        parts = bot.parts_of(Line(said.text, said.place), name, slots, notes)
        if parts is not None:
            found.samples.append(Sample(name, parts, said.place))


def _utterance(item: Node) -> Scalar | None:
    said = item.fields.get("utterance") if isinstance(item, Fields) else None
    return said if isinstance(said, Scalar) and not said.plain else None


def _named(top: Fields, file: str) -> str:
    """The name that a file gives, or the folder it lies in."""
    for key in ("name", "intentName", "slotName", "slotTypeName"):
        name = _KNOWN.text(top, key)
        if name and name.strip():
            return name
    return file.split("/")[-2]
