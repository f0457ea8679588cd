"""Values that a regular expression matches in full, as Python's own parser understands it."""

from __future__ import annotations

import importlib
import random
import re
from typing import Any

from textsynth import keyed
from textsynth.errors import GrammarError
from textsynth.grammar.syntax import Place

REPEATED = 8  # how often more than it must an open repetition repeats, at most
TRIES = 16  # draws for each value that is wanted; an expression may have fewer values than that
_PRINTABLE = [chr(code) for code in range(32, 127)]
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": "".join(c for c in _PRINTABLE if not c.isdigit()),
    "CATEGORY_WORD": "".join(c for c in _PRINTABLE if c.isalnum() or c == "_"),
    "CATEGORY_NOT_WORD": "".join(c for c in _PRINTABLE if not (c.isalnum() or c == "_")),
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "".join(c for c in _PRINTABLE if c != " "),
}


def examples(pattern: str, size: int, seed: int, place: Place | None = None) -> tuple[str, ...]:
    """Up to `size` texts that the expression matches, all different, the same for equal arguments.

    Open repetitions go on for `REPEATED` times at most; what must differ by more than white space
    does; a dot and negated sets give printable ASCII.

    Raises:
        GrammarError: no regular expression, or one with look-around, which cannot be drawn from.
    """
    where = place.at() if place else None
    parser: Any = importlib.import_module("re._parser")  # what `re` itself reads expressions with
    try:
        parsed = parser.parse(pattern)
    except re.error as error:
        raise GrammarError(
            f"{pattern!r} is no regular expression: {error.msg}",
            where=where,
            fix=f"mend it at character {(error.pos or 0) + 1}",
        ) from error
    except (RecursionError, OverflowError) as error:
        raise _too_much(pattern, where) from error
    writer = _Writer(random.Random(keyed.stream(seed, "regex", pattern)), pattern, where)
    found: dict[str, None] = {}
    for _ in range(size * TRIES):
        writer.groups.clear()
        try:
            text = " ".join(writer.write(parsed).split())
        except RecursionError as error:
            raise _too_much(pattern, where) from error
        if text:
            found[text] = None
        if len(found) == size:
            break
    if not found:
        raise GrammarError(f"{pattern!r} matches no words", where=where, fix="let it match some")
    return tuple(found)


def _too_much(pattern: str, where: str | None) -> GrammarError:
    return GrammarError(
        f"the regular expression {pattern[:60]!r} is nested too deep, or repeats too much",
        where=where,
        fix="take brackets out of it, or smaller numbers",
    )


class _Writer:
    def __init__(self, chooser: random.Random, pattern: str, where: str | None) -> None:
        self.chooser, self.pattern, self.where = chooser, pattern, where
        self.groups: dict[int, str] = {}

    def write(self, parsed: Any) -> str:
        return "".join(self.item(str(kind), value) for kind, value in parsed)

    def item(self, kind: str, value: Any) -> str:
        if kind == "LITERAL":
            return chr(value)
        if kind in ("IN", "ANY", "NOT_LITERAL"):
            characters = self.characters(kind, value)
            if not characters:
                raise GrammarError(
                    f"{self.pattern!r} leaves out all characters that can be drawn",
                    where=self.where,
                    fix="negated sets give printable ASCII: let some of it be left, or name others",
                )
            return self.chooser.choice(characters)
        if kind == "BRANCH":
            return self.write(self.chooser.choice(value[1]))
        if kind == "SUBPATTERN":
            text = self.write(value[3])
            if value[0] is not None:
                self.groups[value[0]] = text
            return text
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            times = self.chooser.randint(least, min(int(most), least + REPEATED))
            return "".join(self.write(inner) for _ in range(times))
        if kind == "GROUPREF":
            return self.groups.get(value, "")
        if kind == "AT":
            return ""
        raise GrammarError(
            f"{self.pattern!r} holds {kind.lower()}, which cannot be drawn from",
            where=self.where,
            fix="write it without look-around and conditions",
        )

    def characters(self, kind: str, value: Any) -> list[str]:
        if kind == "ANY":
            return _PRINTABLE
        if kind == "NOT_LITERAL":
            return [c for c in _PRINTABLE if c != chr(value)]
        found: list[str] = []
        negated = False
        for inner, code in value:
            name = str(inner)
            if name == "NEGATE":
                negated = True
            elif name == "LITERAL":
                found.append(chr(code))
            elif name == "RANGE":
                found += [chr(n) for n in range(code[0], min(code[1], code[0] + 4096) + 1)]
            else:
                found += _CATEGORIES[str(code)]
        return [c for c in _PRINTABLE if c not in set(found)] if negated else found
