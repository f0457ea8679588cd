"""A pack from a schema, written for people to go on with: flows, lists, a recipe, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from textsynth.dialogue.schema import Service, chosen, read
from textsynth.dialogue.schema_flows import Raw, ServiceFlow, Yaml
from textsynth.dialogue.schema_words import sentences
from textsynth.errors import GrammarError

DIALOGUES = 100  # of each service
WIDTH = 98
_RECIPE = """\
# Dialogues with the services of a schema; see README.md.
name: {name}
seed: 1
language: en
dialogues:
  path: flows
  per_flow: {count}
filters: [exact, near, quality]
export: [huggingface]
"""
_README = """\
# {name}

Dialogues with these services, made from their schema:

{services}

`textsynth generate recipe.yaml -o run` makes them. Every file is there to be edited:

- `flows/*.yaml`, one a service. Sentences are put together from the names and descriptions of the
  schema: read them aloud, correct what nobody would say, add what your users do say. The `weight`
  of a reply and the `chance` of a slot say how often users do or want what.
- `flows/_lists.yaml`: values of slots for which the schema has none, and phrases that all flows
  share. Names in it are made up; put those of your own data in their place.

`textsynth check recipe.yaml` tells what is wrong, with file and line.
"""


def new_from_schema(path: Path, folder: Path, services: Sequence[str] = ()) -> list[Path]:
    """Write a pack of the services of a schema (all, if none is named); its files.

    Raises:
        GrammarError: the schema is wrong, there is no such service, or the folder is not empty.
    """
    return write(chosen(read(path), services), folder)


def write(services: Sequence[Service], folder: Path) -> list[Path]:
    """Write a pack of services; its files.

    Raises:
        GrammarError: the folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fix = "name a folder that is empty or new"
        raise GrammarError("something is there already", where=str(folder), fix=fix)
    files: dict[str, str] = {}
    used: set[str] = set()
    for service in services:
        flow = ServiceFlow(service)
        used |= flow.used
        sections = (
            f"# {note}\n{dump(part)}" if note else dump(part) for note, part in flow.sections()
        )
        files[f"flows/{service.name.lower()}.yaml"] = "\n".join(sections)
    files["flows/_lists.yaml"] = shared(used)
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "dialogues"
    files["recipe.yaml"] = _RECIPE.format(name=name, count=DIALOGUES)
    listed = "\n".join(f"- {service.name}: {service.description}" for service in services)
    files["README.md"] = _README.format(name=name, services=listed)
    try:
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        for at, text in files.items():
            (folder / at).write_text(text, encoding="utf-8")
    except OSError as error:
        raise GrammarError(
            f"the pack cannot be written: {error.strerror}", where=str(folder), fix="check the path"
        ) from error
    return [folder / at for at in files]


@cache
def _listed() -> dict[str, str]:
    """The text of each list of `schema_lists.yaml`, with the comments before it."""
    text = Path(__file__).with_name("schema_lists.yaml").read_text(encoding="utf-8")
    blocks = re.findall(r"((?:  #.*\n)*)  (\w+):\n((?:    .*\n)+)", text.partition("lists:\n")[2])
    return {name: f"{comment}  {name}:\n{lines}" for comment, name, lines in blocks}


def shared(used: Iterable[str]) -> str:
    """A file of these lists, and of the rules that sentences of flows name."""
    rules = {
        name: Raw(json.dumps(texts[0] if len(texts) == 1 else f"({'|'.join(texts)})"))
        for name, texts in sentences()["rules"].items()
    }
    values = "".join(_listed()[name] for name in sorted(used))
    return (
        "# Phrases that all flows share.\n"
        + dump({"expansion_rules": rules})
        + "\n# Values of slots: `out` is the value, `in` the ways to say it.\n"
        + (f"lists:\n{values}" if values else "lists: {}\n")
    )


def dump(value: Yaml, indent: int = 0) -> str:
    """YAML as people write it: a sentence a line, names and small mappings in one."""
    pad = "  " * indent
    lines = []
    for key, inner in value.items():
        flat = _flat(inner)
        if flat is not None and len(pad) + len(key) + len(flat) < WIDTH:
            lines.append(f"{pad}{key}: {flat}\n")
        elif isinstance(inner, dict):
            lines.append(f"{pad}{key}:\n{dump(inner, indent + 1)}")
        elif isinstance(inner, list):
            lines.append(f"{pad}{key}:\n")
            lines += [f"{pad}  - {_scalar(item)}\n" for item in inner]
        else:
            lines.append(f"{pad}{key}: {_scalar(inner)}\n")
    return "".join(lines)


def _flat(value: Any) -> str | None:
    """A mapping or list of names and numbers in one line."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list) or not all(
        re.fullmatch(r"[\w.-]+", str(item)) for item in inner
    ):
        return None
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_scalar(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(_scalar, inner))}]"


_NOT_TEXT = frozenset(("true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"))


def _scalar(value: Any) -> str:
    text = str(value)
    if isinstance(value, (int, float, Raw)):
        return text
    if re.fullmatch(r"[A-Za-z_]\w*(?: [A-Z_]+)*", text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
