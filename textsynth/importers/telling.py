"""Telling the format of a file or folder by suffix and content."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from textsynth.errors import GrammarError
from textsynth.grammar import grammar as native
from textsynth.grammar.document import MAX_BYTES
from textsynth.importers import conll, dialogflow, lex, source, tree

_BY_SUFFIX = {".chatito": "chatito", ".ini": "rhasspy", ".intent": "padatious",
              ".entity": "padatious", ".csv": "table", ".tsv": "table", ".jsonl": "table",
              ".ndjson": "table", ".parquet": "table", ".conll": "conll", ".conllu": "conll",
              ".bio": "conll", ".iob": "conll", ".iob2": "conll"}  # fmt: skip
_SUFFIXES = {"rasa": {".yml", ".yaml"}, "snips": {".yml", ".yaml", ".json"}, "alexa": {".json"},
             "clinc": {".json"}, "conll": set(conll.SUFFIXES),
             "table": {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"}}  # fmt: skip
_PACKED = (".csv", ".tsv", ".jsonl", ".ndjson")  # what is read where `.gz` follows
_HEAD = 64 * 1024  # bytes of a card
_OF_DATASETS = ("dataset_dict.json", "state.json", "dataset_info.json", "dataset_infos.json")
# What the card of a dataset (https://huggingface.co/docs/hub/datasets-cards) begins with.
_CARD = re.compile(
    r"\A---[ \t]*\r?\n(?:(?!---).*\n)*?"
    r"(?:configs|dataset_info|language|license|pretty_name|size_categories|tags|task_categories):"
)
# What a YAML or JSON file holds, told by keys that begin a line (or, quoted, follow another).
_NATIVE = r'(?:^[ \t{]*|[{,]\s*(?="))"?(?:intents|lists|expansion_rules)"?\s*:'
_PAIR = r'\[\s*"(?:[^"\\]|\\.)*"\s*,\s*"(?:[^"\\]|\\.)*"\s*\]'
_BY_CONTENT = (
    ("rasa", re.compile(r"^nlu[ \t]*:", re.MULTILINE)),
    ("snips", re.compile(r"^(?:--- +)?type[ \t]*:[ \t]*[\"']?(?:intent|entity)\b", re.MULTILINE)),
    ("alexa", re.compile(r'"interactionModel"\s*:\s*\{')),
    ("snips", re.compile(r'"utterances"\s*:\s*\[\s*(?:\]|\{\s*"data"\s*:)')),
    ("snips", re.compile(r'\A\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*\{\s*"data"\s*:')),
    ("clinc", re.compile(r'\A\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*' + _PAIR)),
    ("table", re.compile(r"\A\s*\[\s*\{")),
    ("homeassistant", re.compile(_NATIVE, re.MULTILINE)),
)  # fmt: skip
_TAGGED = re.compile(r"^\S[^\t\n]*[\t ](?:O|[BIESLU]-\S+)\s*$", re.MULTILINE)


def format_of(path: Path, among: Collection[str], output: Path | None = None) -> str | None:
    """The format of a file or folder; None where it is none of those asked for. A file of the
    folder that is the `output` does not count.

    Raises:
        GrammarError: a folder holds several of them.
    """
    if not path.is_dir():
        told = _of_file(path)
        return told if told in among else None
    names = [file.relative_to(path).as_posix() for file in _sources(path, output)]
    if (told := _of_names(names)) in among:
        return told
    if "datasets" in among and any((path / name).is_file() for name in _OF_DATASETS):
        return "datasets"
    found: dict[str, str] = {}
    for name in names:
        if (told := _of_file(path / name)) in among and told and Path(name).name not in tree.OURS:
            found.setdefault(told, name)
    if "rasa" in found:
        found.pop("homeassistant", None)  # Rasa's domain has `intents` too
    if found.keys() == {"table"} and "datasets" in among and _has_card(path):
        return "datasets"
    if len(found) > 1:
        shown = ", ".join(f"{told} ({name})" for told, name in sorted(found.items()))
        raise GrammarError(
            f"the folder holds several formats: {shown}",
            where=str(path),
            fix="put each into a folder of its own",
        )
    return next(iter(found), None)


def files(path: Path, format: str, output: Path | None = None) -> list[Path]:
    """The files of a folder that may be of a format, by their names, but for the `output`."""
    if format in ("lex", "dialogflow", "datasets"):
        return [path]
    suffixes = _SUFFIXES.get(format) or {s for s, told in _BY_SUFFIX.items() if told == format}
    return [
        file
        for file in _sources(path, output)
        if _suffix(file) in suffixes
        and file.name not in tree.OURS
        and (format != "table" or _of_file(file) == "table")
    ]


def _sources(path: Path, output: Path | None) -> list[Path]:
    written = output and output.resolve()
    return [file for file in source.inside(path) if file.resolve() != written]


def _has_card(path: Path) -> bool:
    """Whether a folder has the card of a dataset, so that its tables are read as it says."""
    try:
        with (path / "README.md").open("rb") as raw:
            return bool(_CARD.match(raw.read(_HEAD).decode("utf-8-sig", "replace")))
    except OSError:
        return False


def _of_names(names: list[str]) -> str | None:
    """The format of an export of many files."""
    if any(lex.IS_LEX.search(name) for name in names):
        return "lex"
    return "dialogflow" if any(dialogflow.SAYS.fullmatch(name) for name in names) else None


def _of_file(file: Path) -> str | None:
    if tree.is_zip(file.name):
        return _of_names(tree.names_in(file))
    suffix = _suffix(file)
    if suffix in _BY_SUFFIX or suffix not in (*native.SUFFIXES, ".txt"):
        return _BY_SUFFIX.get(suffix)
    try:
        with file.open("rb") as raw:
            data = raw.read(MAX_BYTES)
            # where it is cut, a character may be
            text = data.decode("utf-8-sig", "ignore" if len(data) == MAX_BYTES else "strict")
    except (OSError, UnicodeDecodeError):
        return None
    if suffix == ".txt":
        return "conll" if _TAGGED.search(text) else None
    return next((told for told, sign in _BY_CONTENT if sign.search(text)), None)


def _suffix(file: Path) -> str:
    """The suffix, before `.gz` where that is the last and what is packed so is read."""
    suffix = file.suffix.lower()
    inner = Path(file.stem.lower()).suffix
    return inner if suffix == ".gz" and inner in _PACKED else suffix
