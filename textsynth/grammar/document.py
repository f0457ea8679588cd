"""YAML and JSON files as nodes that know their place; several files merged as Home Assistant does.

The tree is built from libyaml's events with a stack of its own, so that depth, aliases and size are
bounded before anything is expanded. JSON of the same shape is read by the same parser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from textsynth.errors import GrammarError
from textsynth.grammar.syntax import Place

MAX_DEPTH = 50
MAX_ALIASED = 100_000  # nodes that aliases may add in all
MAX_BYTES = 64 * 1024 * 1024
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Scalar:
    """A single value, as written; `plain` ones (unquoted) may mean a number, a boolean or null."""

    text: str
    place: Place
    plain: bool = True
    size: int = 1


@dataclass(slots=True)
class Items:
    """A list."""

    items: list[Node]
    place: Place
    size: int = 1


@dataclass(slots=True)
class Fields:
    """A mapping; `keys` holds the place of each key, `repeated` keys that were given twice."""

    fields: dict[str, Node]
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    repeated: list[Scalar] = field(default_factory=list)
    size: int = 1


Node = Scalar | Items | Fields


def read(path: Path, name: str) -> Fields:
    """The top mapping of a file; `name` is how messages call the file.

    Raises:
        GrammarError: unreadable, no YAML or JSON, no mapping, too deep or large, too many aliases.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise GrammarError(
                f"the file is larger than {MAX_BYTES >> 20} MB", where=name, fix="split it"
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GrammarError(
            f"the file cannot be read: {error.strerror}", where=name, fix="check path and rights"
        ) from error
    except UnicodeDecodeError as error:
        raise GrammarError("the file is not UTF-8", where=name, fix="save it as UTF-8") from error
    return parse(_readable(text, name) if path.suffix.lower() == ".json" else text, name)


def _readable(text: str, name: str) -> str:
    """JSON that YAML can read: escaped surrogates and tabs, which it cannot, are written out."""
    try:
        if "\t" in text or "\\u" in text or "\\/" in text:
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
            text.encode()
    except RecursionError as error:
        raise _too_deep(name) from error
    except UnicodeEncodeError as error:
        raise GrammarError(
            f"an escape stands for half of a character: \\u{ord(error.object[error.start]):04x}",
            where=name,
            fix="write the character itself",
        ) from error
    except json.JSONDecodeError as error:
        raise GrammarError(
            f"this is no JSON: {error.msg}",
            where=f"{name}:{error.lineno}:{error.colno}",
            fix="mend it there",
        ) from error
    except ValueError as error:  # a number of thousands of digits
        raise GrammarError(f"this cannot be read: {error}", where=name, fix="mend it") from error
    return text


def _too_deep(where: str) -> GrammarError:
    return GrammarError(
        f"the YAML is nested more than {MAX_DEPTH} deep", where=where, fix="flatten it"
    )


def parse(text: str, name: str) -> Fields:
    """The top mapping of a YAML text.

    Raises:
        GrammarError: as `read`.
    """
    try:
        root = _Builder(text, name).build()
    except yaml.YAMLError as error:
        raise _unreadable(error, text, name) from error
    if not isinstance(root, Fields):
        raise GrammarError(
            "a template file is a mapping", where=f"{name}:1:1", fix="begin with 'intents:'"
        )
    return root


def _unreadable(error: yaml.YAMLError, text: str, name: str) -> GrammarError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n")[0]
    if mark is None:
        return GrammarError(f"this is no YAML: {problem}", where=name, fix="mend it")
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    return GrammarError(
        f"this is no YAML: {problem}",
        where=f"{name}:{mark.line + 1}:{mark.column + 1}",
        excerpt=f"  {line[:100]}\n  {' ' * min(mark.column, 100)}^",
        fix="quote texts that hold ': ', ' #' or begin with one of [ { } ] , & * ! | > % @ `",
    )


class _Builder:
    def __init__(self, text: str, name: str) -> None:
        self.lines = text.split("\n")
        self.loader = _Loader(text)
        self.name = name
        self.anchors: dict[str, Node] = {}
        self.aliased = 0
        self.root: Node | None = None
        self.open: list[tuple[Items | Fields, str | None]] = []
        self.waiting: list[Scalar | None] = []  # for each open mapping, the key that wants a value

    def build(self) -> Node | None:
        while self.loader.check_event():
            event = self.loader.get_event()
            if isinstance(event, yaml.ScalarEvent):
                plain = not event.style and event.implicit[0]
                scalar = Scalar(event.value, self.scalar_place(event), plain)
                self.remember(event.anchor, scalar)
                self.put(scalar)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self.begin(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node, anchor = self.open.pop()
                self.waiting.pop()
                self.remember(anchor, node)
                self.put(node)
            elif isinstance(event, yaml.AliasEvent):
                self.put(self.alias(event))
            elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                self.expect_nothing(self.place(event))
        self.loader.dispose()
        return self.root

    def expect_nothing(self, place: Place) -> None:
        """Pass over a document without content, as where a file ends with `---`."""
        event = self.loader.get_event()
        if not (isinstance(event, yaml.ScalarEvent) and event.implicit[0] and not event.value):
            raise GrammarError(
                "a second document begins here, and a file holds one",
                where=place.at(),
                fix="take out the line ---, or write what follows to a file of its own",
            )

    def begin(self, event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _too_deep(self.place(event).at())
        node: Items | Fields
        if isinstance(event, yaml.MappingStartEvent):
            node = Fields({}, self.place(event))
        else:
            node = Items([], self.place(event))
        self.open.append((node, event.anchor))
        self.waiting.append(None)

    def put(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent, _ = self.open[-1]
        parent.size += node.size
        if isinstance(parent, Items):
            parent.items.append(node)
            return
        key = self.waiting[-1]
        if key is None:
            if not isinstance(node, Scalar):
                raise GrammarError("a key is no text", where=node.place.at(), fix="quote the key")
            self.waiting[-1] = node
            return
        self.waiting[-1] = None
        if key.text == "<<" and key.plain:
            _inherit(parent, node)
            return
        if key.text in parent.fields and key.text in parent.keys:
            parent.repeated.append(key)
        parent.fields[key.text] = node
        parent.keys[key.text] = key.place

    def alias(self, event: Any) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise GrammarError(
                f"the alias *{event.anchor} stands for nothing, or for itself",
                where=self.place(event).at(),
                fix=f"define &{event.anchor} above it",
            )
        self.aliased += node.size
        if self.aliased > MAX_ALIASED:
            raise GrammarError(
                f"aliases add more than {MAX_ALIASED:,} values",
                where=self.place(event).at(),
                fix="use lists and expansion_rules instead of YAML aliases",
            )
        return node

    def remember(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self.anchors[anchor] = node

    def place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.name, mark.line + 1, mark.column + 1)

    def scalar_place(self, event: Any) -> Place:
        """The place of the first character of the value, after a quote."""
        mark = event.start_mark
        column = mark.column + (event.style in ("'", '"'))
        line = self.lines[mark.line] if mark.line < len(self.lines) else ""
        exact = line.startswith(event.value, column)
        return Place(self.name, mark.line + 1, column + 1, exact)


def _inherit(parent: Fields, node: Node) -> None:
    """YAML's merge key: fields that the mapping does not give itself."""
    for source in node.items if isinstance(node, Items) else [node]:
        if isinstance(source, Fields):
            for key, value in source.fields.items():
                parent.fields.setdefault(key, value)


def merge(base: Fields, other: Fields) -> None:
    """Add the fields of another file: mappings and lists grow, other values are replaced."""
    for key, value in other.fields.items():
        old = base.fields.get(key)
        if old is None or (isinstance(old, Scalar) and isinstance(value, Scalar)):
            base.fields[key] = value
        elif isinstance(old, Fields) and isinstance(value, Fields):
            copy = Fields(dict(old.fields), old.place, dict(old.keys), list(old.repeated))
            merge(copy, value)
            base.fields[key] = copy
        elif isinstance(old, Items) and isinstance(value, Items):
            base.fields[key] = Items([*old.items, *value.items], old.place)
        else:
            raise GrammarError(
                f"{key!r} is {kind(value)} here and {kind(old)} in {old.place.at()}",
                where=value.place.at(),
                fix="write both the same way",
            )
        if key in other.keys:
            base.keys.setdefault(key, other.keys[key])
    base.repeated.extend(other.repeated)


def kind(node: Node) -> str:
    """What a node is, for messages."""
    if isinstance(node, Fields):
        return "a mapping"
    return "a list" if isinstance(node, Items) else "a single value"


def plain(node: Node) -> Any:
    """A node as Python data, read as YAML 1.1 reads it."""
    if isinstance(node, Fields):
        return {key: plain(value) for key, value in node.fields.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return _resolve(node.text) if node.plain else node.text


@lru_cache(maxsize=4096)
def _resolve(text: str) -> Any:
    try:
        value = yaml.load(text, Loader=_Loader) if text else None
    except (yaml.YAMLError, ValueError):
        return text
    return value if isinstance(value, (bool, int, float)) or value is None else text


def repeated_keys(node: Node) -> Iterator[Scalar]:
    """Keys that a mapping gives twice, the earlier value being lost."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Fields):
            yield from current.repeated
            stack.extend(current.fields.values())
        elif isinstance(current, Items):
            stack.extend(current.items)
