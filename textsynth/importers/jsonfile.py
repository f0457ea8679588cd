"""JSON as the nodes of a document, each with its place.

Tokens are read one by one with a stack, so that neither depth nor size is left to the interpreter;
a member that is null is as one that is not there.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path

from textsynth.errors import GrammarError
from textsynth.grammar.document import Fields, Items, Node, Scalar
from textsynth.grammar.syntax import Place
from textsynth.importers.source import read

MAX_DEPTH = 50
# The next token: a sign, the quote of a string, a number or a word, "" where the text ends; it does
# not match where something else stands.
_TOKEN = re.compile(
    r"[ \t\n\r]*([{}\[\],:\"]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|\Z)"
)
_SPACE = re.compile(r"[ \t\n\r]*")


def load(path: Path, name: str) -> Fields:
    """The top object of a file; `name` is how messages call it.

    Raises:
        GrammarError: it cannot be read, is no JSON, is nested too deep, or its top is no object.
    """
    top = parse(read(path, name), name)
    if not isinstance(top, Fields):
        raise GrammarError("the file is no JSON object", where=f"{name}:1:1", fix="begin with '{'")
    return top


def parse(text: str, name: str) -> Node:
    """The value of a JSON text.

    Raises:
        GrammarError: as `load`.
    """
    return _Parser(text, name).value()


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.start = self.at = 0  # of the token read last, and behind it
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def value(self) -> Node:
        """The one value of the text."""
        stack: list[tuple[Fields | Items, str]] = []
        token = self.next()
        while True:
            if token in ("{", "["):
                if len(stack) >= MAX_DEPTH:
                    raise self.fault(f"the JSON is nested more than {MAX_DEPTH} deep", "flatten it")
                place = self.place(self.start)
                node: Node = Fields({}, place) if token == "{" else Items([], place)
                token = self.next()
                if isinstance(node, Fields) and token != "}":
                    stack.append((node, self.key(node, token)))
                    token = self.next()
                    continue
                if isinstance(node, Items) and token != "]":
                    stack.append((node, ""))
                    continue
            else:
                node = self.scalar(token)
            token = self.next()
            while stack:
                parent, key = stack[-1]
                self.put(parent, key, node)
                is_list = isinstance(parent, Items)
                if token == ",":
                    token = self.next()
                    if isinstance(parent, Fields):
                        stack[-1] = (parent, self.key(parent, token))
                        token = self.next()
                    break
                if token != ("]" if is_list else "}"):
                    fix = "mend it: a sign is missing or too much"
                    raise self.fault(f"{']' if is_list else '}'!r} is expected", fix)
                node = stack.pop()[0]
                token = self.next()
            else:
                if token:
                    raise self.fault("something stands behind the end", "write one value")
                return node

    def next(self) -> str:
        """The next token."""
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            space = _SPACE.match(self.text, self.at)
            assert space is not None
            self.start = space.end()
            raise self.fault("this is no JSON", "mend it there")
        self.start, self.at = match.span(1)
        return match[1]

    def scalar(self, token: str) -> Scalar:
        if token == '"':
            return self.string()
        if not token or token in "}],:":
            raise self.fault("a value is expected", "mend it there")
        return Scalar(token, self.place(self.start))

    def string(self) -> Scalar:
        begin = self.at
        try:
            value, self.at = scanstring(self.text, begin, True)
        except json.JSONDecodeError as error:
            self.start = error.pos
            message = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
            raise self.fault(f"no JSON: {message}", "mend the text there") from error
        return Scalar(value, self.place(begin, self.at - begin == len(value) + 1), False)

    def key(self, node: Fields, token: str) -> str:
        """The key of a member of an object, its colon behind us."""
        if token != '"':
            raise self.fault("a key in quotes is expected", "mend it there")
        key = self.string()
        if self.next() != ":":
            raise self.fault("':' is expected", "put one between key and value")
        if key.text in node.keys:
            node.repeated.append(key)
        node.keys[key.text] = key.place
        return key.text

    @staticmethod
    def put(parent: Fields | Items, key: str, node: Node) -> None:
        if isinstance(parent, Items):
            parent.items.append(node)
        elif isinstance(node, Scalar) and node.plain and node.text == "null":
            parent.fields.pop(key, None)
        else:
            parent.fields[key] = node

    def place(self, at: int, exact: bool = True) -> Place:
        row = bisect_right(self.starts, at)
        return Place(self.name, row, at - self.starts[row - 1] + 1, exact)

    def fault(self, message: str, fix: str) -> GrammarError:
        """An error about the token read last, with a caret under it."""
        place = self.place(self.start)
        begin, end = self.starts[place.line - 1], self.text.find("\n", self.start)
        shown = self.text[max(begin, self.start - 60) : end if end >= 0 else None][:100]
        caret = " " * min(place.column - 1, 60) + "^"
        return GrammarError(message, where=place.at(), fix=fix, excerpt=f"  {shown}\n  {caret}")
