"""A recipe as text: as a run keeps it, and as cards and reports show it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from textsynth.errors import RunError

# What stands before the name of a file or of a model in a folder; ids of the hub begin otherwise.
_FOLDER = re.compile(r"(?:[/~.]|[A-Za-z]:[/\\]).*[/\\]", re.DOTALL)
_PLACES = (
    ("seeds", "path"),
    ("templates", "path"),
    ("dialogues", "path"),
    ("dialogues", "seeds"),
    ("model", "base"),
    ("model", "others"),
    ("model", "server", "model"),
    ("filters",),
    ("evaluate",),
    ("export",),
)


def written(plain: Mapping[str, Any]) -> str:
    """A recipe's keys and values as YAML."""
    buffer = io.StringIO()
    _yaml().dump(dict(plain), buffer)
    return buffer.getvalue()


def shown(text: str) -> str:
    """A recipe's YAML as anybody may read it: of files and models that lie outside its folder the
    names alone, of the values that the scrub is told the number, of its patterns the entity.

    Raises:
        RunError: the text is no recipe.
    """
    try:
        plain = _yaml().load(text)
        for keys in _PLACES:
            _change(plain, keys, nameless)
        _change(plain, ("scrub", "allow"), _counted)
        _change(plain, ("scrub", "deny"), lambda lists: {k: _counted(v) for k, v in lists.items()})
        _change(plain, ("scrub", "recognizers"), lambda own: [{"entity": r["entity"]} for r in own])
        return written(plain)
    except Exception as error:  # ruamel lets errors of all kinds out
        raise RunError(
            f"the recipe of the run cannot be read: {str(error).partition(chr(10))[0]}",
            where="recipe.yaml",
            fix="start over with --resume never",
        ) from error


def nameless(value: Any) -> Any:
    """A path without its folder, where it is none of the recipe's own; other values as they are."""
    if isinstance(value, str):
        return _FOLDER.sub("…/", value, count=1) if _FOLDER.match(value) else value
    if isinstance(value, Mapping):
        return {key: nameless(inner) for key, inner in value.items()}
    return [nameless(inner) for inner in value] if isinstance(value, list) else value


def _change(plain: Any, keys: tuple[str, ...], change: Any) -> None:
    *outer, last = keys
    for key in outer:
        plain = plain.get(key) if isinstance(plain, Mapping) else None
    if isinstance(plain, Mapping) and last in plain:
        plain[last] = change(plain[last])  # type: ignore[index]


def _counted(values: list[str]) -> str:
    return f"{len(values)} value" + "s" * (len(values) != 1)


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10_000  # one line each, whatever is in it
    return yaml
