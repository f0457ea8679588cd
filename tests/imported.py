"""Files of other tools, written and read, for the tests of importers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from textsynth import importers
from textsynth.corpus import Utterance
from textsynth.importers import Notes, Options

CSV = (
    "\ufeffutterance;label;note\r\n"
    '"play ""jazz""; now";play;\r\n'
    '"two\nlines";play;\r\n'
    "'=1+1;sum;\r\n"
    "'tis;say;\r\n"
    "short;play\r\n"
    'a "quoted" word;say;\r\n'
    '"open;play;\r\n'
    "after;play;\r\n"
)


def write(root: Path, name: str, data: Any) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = data if isinstance(data, str) else json.dumps(data, indent=1)
    path.write_bytes(text.encode())
    return path


def tree(root: Path, files: dict[str, Any]) -> Path:
    for name, data in files.items():
        write(root, name, data)
    return root


def zipped(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, json.dumps(data))
    return path


def shown(row: Utterance) -> str:
    slots = [f"{s.label}={row.text[s.start : s.end]}/{s.value}" for s in row.slots]
    return f"{row.intent}: {row.text}" + (" -> " + ", ".join(slots) if slots else "")


def read(path: Path, format: str | None = None, **options: Any) -> tuple[set[str], Notes]:
    notes = Notes()
    found = importers.read_examples(path, format, notes=notes, options=Options(**options))
    rows = [shown(row) for row in found]
    assert len(rows) == len(set(rows))
    return set(rows), notes


def refused(notes: Notes) -> dict[str, list[str]]:
    return notes.places


def noted(notes: Notes) -> str:
    return "\n".join(map(str, notes.findings))
