"""Snips NLU datasets as JSON, and the files of the Snips benchmark (Coucke et al. 2018), an intent
each: `{"PlayMusic": [{"data": [{"text": …, "entity": …}]}]}`."""

from __future__ import annotations

from pathlib import Path

from textsynth.grammar.document import MAX_BYTES, Fields, Items, Node, Scalar
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.syntax import Place
from textsynth.importers import jsonfile, source, tree
from textsynth.importers.bot import Bot, Hole, Sample, SlotType, Value
from textsynth.importers.examples import Notes

_KNOWN = FieldReader()


def read(path: Path, notes: Notes) -> Bot:
    """The intents, utterances and entities of a file, or of those of a folder.

    Raises:
        GrammarError: what cannot be read, at its place.
    """
    found = Bot(Place(path.name))
    for file in files(path) if path.is_dir() else [path]:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        _file(jsonfile.load(file, name), found, notes)
    return found


def files(path: Path) -> list[Path]:
    """The datasets of a folder and its subfolders."""
    return [
        file
        for file, _ in source.named(path, (".json",))
        if file.name not in tree.OURS and _has_data(file)
    ]


def _has_data(file: Path) -> bool:
    """Whether a file holds utterances or values, which may come after many empty entities."""
    try:
        with file.open("rb") as raw:
            return b'"data"' in raw.read(MAX_BYTES)
    except OSError:
        return False


def _file(top: Fields, found: Bot, notes: Notes) -> None:
    language = _KNOWN.text(top, "language")  # `pt_br`
    found.language = found.language or (language and language.replace("_", "-"))
    if "intents" not in top.fields:
        for name, node in top.fields.items():
            if not isinstance(node, Items):
                raise wrong(node, f"{name!r} is no list of utterances", '[{"data": [...]}]')
            _intent(name, node, node.items, found, notes)
        return
    for name, node in _KNOWN.mapping(top, "entities").fields.items():
        _entity(name, _KNOWN.fields(node, "an entity"), found, notes)
    for name, node in _KNOWN.mapping(top, "intents", required=True).fields.items():
        intent = _KNOWN.fields(node, "an intent")
        _intent(name, intent, _KNOWN.items(intent, "utterances", required=True), found, notes)


def _intent(name: str, node: Node, utterances: list[Node], found: Bot, notes: Notes) -> None:
    found.intents.setdefault(name, node.place)
    for item in utterances:
        data = _KNOWN.items(_KNOWN.fields(item, "an utterance"), "data", required=True)
        parts: list[str | Hole] = []
        for part in data:
            entry = _KNOWN.fields(part, "a part of an utterance")
            text = entry.fields.get("text")
            if not isinstance(text, Scalar) or text.plain:
                notes.refuse("text_not_text", entry.place.at())
                break
            entity = _KNOWN.text(entry, "entity")
            slot = _KNOWN.text(entry, "slot_name") or entity
            if slot:
                parts.append(Hole(slot, entity or slot, text.text))
            else:
                parts.append(text.text)
        else:
            found.samples.append(Sample(name, tuple(p for p in parts if p), item.place))


def _entity(name: str, entity: Fields, found: Bot, notes: Notes) -> None:
    if name.startswith("snips/"):
        return
    type = found.types.setdefault(name, SlotType())
    for key in ("automatically_extensible", "matching_strictness"):
        if key in entity.fields:
            message = f"{key!r} is of recognition and changes nothing that is drawn"
            notes.note(entity.keys[key].at(), message, "nothing")
    with_synonyms = _KNOWN.truth(entity, "use_synonyms", True)
    for item in _KNOWN.items(entity, "data"):
        value = _KNOWN.fields(item, "a value")
        meant = value.fields.get("value")
        if not isinstance(meant, Scalar) or not meant.text.strip():
            raise wrong(value, "the value has no words", '{"value": "...", "synonyms": []}')
        synonyms = list(_KNOWN.scalars(value, "synonyms")) if with_synonyms else []
        for said in (meant, *synonyms):
            if said.text.strip():
                type.values.append(Value(said.text.strip(), meant.text.strip(), said.place))
