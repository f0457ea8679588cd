"""The files that a recipe names: made absolute, and all that is read of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Of filters: they name models as `model.base` does.
MODEL_OPTIONS = {"model", "reader"}
TEMPLATE_SUFFIXES = {".yaml", ".yml", ".json", ".chatito", ".ini", ".intent", ".entity"}
_IMPORT = re.compile(r"^import\s+(\S.*?)\s*$", re.MULTILINE)


def of_templates(path: Path) -> list[Path]:
    """The files that templates are read from: one with those it reads beside it, or those of its
    folder, slot lists and imports included."""
    if path.is_dir():
        named = [p for p in path.rglob("*") if p.suffix.lower() in TEMPLATE_SUFFIXES]
        named += [p for folder in path.rglob("slots") for p in folder.rglob("*")]
    else:
        named = [path]
        if path.suffix.lower() == ".ini":
            named += (path.parent / "slots").rglob("*")
        elif path.suffix.lower() == ".intent":
            named += (p for p in path.parent.glob("*") if p.suffix.lower() == ".entity")
    found: dict[Path, None] = {}
    for file in sorted({p for p in named if p == path or p.is_file()}):
        found |= dict.fromkeys([file, *_imported(file)])
    return list(found)


def _imported(file: Path) -> Iterator[Path]:
    """The files that a Chatito file imports, and those import."""
    known = {file}
    waiting = [file] if file.suffix.lower() == ".chatito" and file.is_file() else []
    while waiting:
        importer = waiting.pop()
        for match in _IMPORT.finditer(importer.read_text(encoding="utf-8", errors="replace")):
            target = (importer.parent / match[1].strip("'\"")).resolve()
            if target not in known and target.is_file():
                known.add(target)
                waiting.append(target)
                yield target


def of_model(name: str) -> list[Path]:
    """The files of a model; none where it is packaged or lies on a hub."""
    path = expanded(name)
    if name == "auto" or not path.exists():
        return []
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def of_option(option: str, value: object) -> list[Path]:
    """The files that an option of a step names."""
    if isinstance(value, Path):
        return [value]
    if isinstance(value, tuple | list):
        return [path for one in value for path in of_option(option, one)]
    if option in MODEL_OPTIONS and isinstance(value, str):
        return of_model(value)
    return []


def absolute_model(name: str, folder: Path) -> str:
    """A model's name, as a path where it lies on this disk; `folder` is that of the recipe."""
    path = folder / expanded(name)
    if name != "auto" and (name.startswith((".", "~")) or path.exists()):
        return str(path.resolve())
    return name


def absolute(option: str, value: Any, folder: Path) -> Any:
    """An option's value, its paths beginning in the folder of the recipe."""
    if isinstance(value, Path):
        return (folder / expanded(value)).resolve()
    if isinstance(value, tuple | list):
        return type(value)(absolute(option, one, folder) for one in value)
    if option in MODEL_OPTIONS and isinstance(value, str):
        return absolute_model(value, folder)
    return value


def expanded(path: str | Path) -> Path:
    """With the home of a user in place of `~`; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
