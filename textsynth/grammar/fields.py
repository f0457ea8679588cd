"""Fields of a mapping, each as what it should be, or an error where it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from textsynth.errors import GrammarError, did_you_mean
from textsynth.grammar.document import Fields, Items, Node, Scalar, kind, plain, repeated_keys
from textsynth.grammar.model import Finding
from textsynth.grammar.syntax import Place


def wrong(node: Node | Place, message: str, fix: str) -> GrammarError:
    """An error at a node."""
    place = node if isinstance(node, Place) else node.place
    return GrammarError(message, where=place.at(), fix=fix)


def absent(fields: Fields, key: str) -> GrammarError:
    """An error where a key is missing that must be there."""
    fix = f"add `{key}:`; {did_you_mean(key, fields.fields)}"
    return wrong(fields, f"there is no {key!r}", fix)


def canonical(node: Node) -> str:
    """A value as the corpus stores it: text as written, anything else as JSON."""
    if isinstance(node, Scalar):
        return node.text
    return json.dumps(plain(node), ensure_ascii=False)


@dataclass(slots=True)
class FieldReader:
    """Typed access to fields; `noted` gathers what is worth a warning."""

    noted: list[Finding] = field(default_factory=list)

    def note(self, place: Place, message: str, fix: str) -> None:
        self.noted.append(Finding("warning", place.at(), message, fix))

    def known(self, fields: Fields, names: Sequence[str]) -> None:
        for key in fields.fields:
            if key not in names:
                hint = did_you_mean(key, names)
                self.note(fields.keys.get(key, fields.place), f"the key {key!r} is unknown", hint)

    def repeated(self, top: Fields) -> None:
        for key in repeated_keys(top):
            self.note(key.place, f"the key {key.text!r} stands twice, the last one counts", "merge")

    def fields(self, node: Node, what: str) -> Fields:
        if not isinstance(node, Fields):
            raise wrong(node, f"{what} is {kind(node)}, not a mapping", "write keys and values")
        return node

    def mapping(self, fields: Fields, key: str, required: bool = False) -> Fields:
        node = fields.fields.get(key)
        if node is None or (isinstance(node, Scalar) and not node.text and not required):
            if required:
                raise absent(fields, key)
            return Fields({}, fields.place)
        return self.fields(node, repr(key))

    def items(self, fields: Fields, key: str, required: bool = False) -> list[Node]:
        node = fields.fields.get(key)
        if node is None and not required:
            return []
        if not isinstance(node, Items):
            if node is None:
                raise absent(fields, key)
            raise wrong(node, f"{key!r} is {kind(node)}, not a list", "begin each entry with '- '")
        return node.items

    def scalars(self, fields: Fields, key: str, required: bool = False) -> Iterable[Scalar]:
        for item in self.items(fields, key, required):
            if not isinstance(item, Scalar):
                raise wrong(item, f"an entry of {key!r} is {kind(item)}", "quote the text")
            yield item

    def text(self, fields: Fields, key: str) -> str | None:
        node = fields.fields.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar):
            raise wrong(node, f"{key!r} is {kind(node)}, not a single value", "write one value")
        return node.text

    def words(self, fields: Fields, key: str) -> dict[str, str]:
        return {k: canonical(v) for k, v in self.mapping(fields, key).fields.items()}

    def data(self, fields: Fields, key: str) -> dict[str, Any]:
        found = plain(self.mapping(fields, key))
        return found if isinstance(found, dict) else {}

    def number(self, fields: Fields, key: str, default: float) -> float:
        text = self.text(fields, key)
        try:
            value = default if text is None else float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise wrong(fields.fields[key], f"{key!r} is no number", f"{key}: 1")
        return value

    def whole(self, fields: Fields, key: str, default: int | None) -> int | None:
        text = self.text(fields, key)
        try:
            return default if text is None else int(text)
        except ValueError:
            raise wrong(fields.fields[key], f"{key!r} is no whole number", f"{key}: 1") from None

    def truth(self, fields: Fields, key: str, default: bool) -> bool:
        node = fields.fields.get(key)
        value = default if node is None else plain(node)
        if not isinstance(value, bool):
            assert node is not None
            raise wrong(node, f"{key!r} is neither true nor false", f"{key}: true, without quotes")
        return value
