"""A new dataset card in the place of one that people may have added to.

Of the metadata, the new card's keys win, and keys that no card of ours has stay, as do tags and
configurations of other files. Of the text, sections under headings that no card of ours has stay,
below the new ones; a card that is not ours stays there as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from textsynth.errors import ExportError
from textsynth.export.card import (
    CARD,
    FOLDERS,
    GATED,
    SECTIONS,
    SPLITS,
    TAGS,
    UTTERANCES,
    front_matter,
)

# Everything below this line of a merged card is somebody else's and stays as it is.
KEPT = "<!-- What follows was in the card of this repository before; textsynth keeps it. -->"

OUR_KEYS = ("license", "language", "language_bcp47", "pretty_name", "size_categories",
            "task_categories", "task_ids", "tags", "configs", "dataset_info")  # fmt: skip

_FRONT = re.compile(r"\s*^---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_OUR_PATH = re.compile(rf"(?:{'|'.join(FOLDERS.values())})/(?:{'|'.join(SPLITS)})-.*")


def merge(old: str, new: str) -> str:
    """The card `new` with what has to stay of the card `old`.

    Merging with the same card again changes nothing.

    Raises:
        ExportError: the metadata of the old card cannot be read.
    """
    before, rest = parse(old)
    data, body = parse(new)
    kept = _kept_text(rest, ours=is_ours(old))
    front = front_matter(_merged(before, data))
    below = f"\n{KEPT}\n\n{kept}\n" if kept else ""
    return f"---\n{front}---\n\n{body.strip()}\n{below}"


def is_ours(card: str) -> bool:
    """Whether a card, by its tags, was written here.

    Raises:
        ExportError: its metadata cannot be read.
    """
    tags = parse(card)[0].get("tags")
    return isinstance(tags, list) and all(tag in tags for tag in TAGS)


def parse(card: str) -> tuple[dict[str, Any], str]:
    """The metadata of a card, and the text below.

    Raises:
        ExportError: the metadata is no YAML mapping.
    """
    import yaml

    text = card.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    try:
        data = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError) as error:
        what = getattr(error, "problem", None) or str(error)
        raise _unreadable(f"the metadata is no YAML: {what}") from error
    if data is not None and not isinstance(data, dict):
        raise _unreadable("the metadata is not a list of keys with values")
    return data or {}, text[match.end() :]


def _unreadable(message: str) -> ExportError:
    return ExportError(
        message, where=CARD, fix="mend or remove what stands between its `---` lines"
    )


# -- metadata -------------------------------------------------------------------------------------


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**new, **{key: old[key] for key in old if key not in OUR_KEYS and key not in new}}
    tags = [tag for tag in _listed(old.get("tags")) if tag not in (*TAGS, GATED, *new["tags"])]
    merged["tags"] = [*new["tags"], *tags]
    taken = [*FOLDERS, *(config["config_name"] for config in new["configs"])]
    configs = [
        {key: value for key, value in config.items() if key != "default"}
        for config in _listed(old.get("configs"))
        if isinstance(config, dict)
        and config.get("config_name", UTTERANCES) not in taken
        and not any(map(_OUR_PATH.fullmatch, _paths(config.get("data_files"))))
    ]
    merged["configs"] = [*new["configs"], *configs]
    names = [config["config_name"] for config in configs]
    infos = [
        info
        for info in _listed(old.get("dataset_info"))
        if isinstance(info, dict) and info.get("config_name") in names
    ]
    if infos:
        # an entry among several has a name
        ours = [{"config_name": UTTERANCES, **info} for info in _listed(new.get("dataset_info"))]
        merged["dataset_info"] = [*ours, *infos]
    return merged


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _paths(data_files: Any) -> Iterator[str]:
    """The patterns of a configuration's `data_files`, whichever of its forms that has."""
    if isinstance(data_files, str):
        yield data_files.removeprefix("./")
    elif isinstance(data_files, dict):
        yield from _paths(data_files["path"] if "path" in data_files else [*data_files.values()])
    elif isinstance(data_files, list):
        for entry in data_files:
            yield from _paths(entry)


# -- text -----------------------------------------------------------------------------------------


def _kept_text(body: str, *, ours: bool) -> str:
    """What has to stay of a card's text."""
    if not ours:
        return body.strip("\n").rstrip()
    due = [(1, None), *SECTIONS]  # each stands once in a card of ours, the title first
    kept, inside = [], 7
    for level, title, text in _sections(body):
        ours_too = level <= inside and next(
            (entry for entry in due if entry[0] == level and entry[1] in (None, title)), None
        )
        if ours_too:
            due.remove(ours_too)
            inside = 7
        elif text.strip():
            kept.append(text.strip("\n").rstrip())
            inside = min(level or 7, inside)
    return "\n\n".join(kept)


def _sections(body: str) -> Iterator[tuple[int, str, str]]:
    """The sections of Markdown as (level of the heading, heading, text with the heading); what
    stands before the first, and below `KEPT`, has level 0. Lines in fences are no headings."""
    level, title, fence = 0, "", ""
    lines: list[str] = []
    rest = iter(body.split("\n"))
    for line in rest:
        mark = _FENCE.fullmatch(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if closes else fence
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
        elif line.strip() == KEPT:
            yield level, title, "\n".join(lines)
            yield 0, "", "\n".join(rest)
            return
        elif heading := _HEADING.fullmatch(line):
            yield level, title, "\n".join(lines)
            level, title, lines = len(heading[1]), (heading[2] or "").strip(), []
        lines.append(line)
    yield level, title, "\n".join(lines)
