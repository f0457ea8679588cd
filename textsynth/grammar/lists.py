"""The kinds of lists a slot may be filled from, and the values of each.

Written values are small templates; ranges give digits and words; providers, expressions and records
are extensions that hassil reads as wildcards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from textsynth import values as value_sources
from textsynth.errors import GrammarError, TextsynthError
from textsynth.grammar.syntax import Node, Place, Text
from textsynth.patterns import Value

POOL = value_sources.POOL
EXPANDED = 200_000  # values that one list may have
_FRACTIONS = {None: (), "halves": (0.5,), "tenths": tuple(n / 10 for n in range(1, 10))}
FRACTIONS = tuple(name for name in _FRACTIONS if name)


@dataclass(frozen=True, slots=True)
class TextValue:
    """A written value: `tree` is what is said, `out` what it means (None: the words themselves)."""

    tree: Node
    out: str | None
    place: Place
    text: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextList:
    """Written values."""

    name: str
    values: tuple[TextValue, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class RangeList:
    """Numbers from `start` to `stop`, both included, said as digits, words or both.

    hassil understands words wherever they are not forbidden; they are drawn (and counted) only
    where a file asks for them, as in hassil's own sampling, and spoken forms are a later step.
    """

    name: str
    start: int
    stop: int
    step: int = 1
    multiplier: float | None = None
    fractions: str | None = None
    digits: bool = True
    words: bool = False
    words_language: str | None = None
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class WildcardList:
    """Any words. Nothing says which, so it is drawn as its own name and counts one."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class PoolList:
    """Values drawn once, from a Faker provider or from a regular expression."""

    name: str
    place: Place
    provider: str | None = None
    regex: str | None = None
    locale: str = "en_US"
    size: int = POOL


@dataclass(frozen=True, slots=True)
class RecordList:
    """One column of a table of records; lists that share a table (told by its place) agree on the
    record."""

    name: str
    table: str
    column: str
    records: tuple[Mapping[str, str], ...]
    place: Place


SlotList = TextList | RangeList | WildcardList | PoolList | RecordList
Pair = tuple[str, str]  # surface and canonical value


def written(tree_of: Callable[[str], Node], text: str, place: Place) -> TextValue:
    """A value that is its own meaning."""
    return TextValue(tree_of(text), text, place, text)


def supplied(name: str, source: value_sources.ValueList) -> TextList:
    """A list of ready values, taken as plain text."""
    place = Place(f"({source.source})")
    found = (TextValue(Text(v.surface), v.canonical, place, v.surface) for v in source.values)
    return TextList(name, tuple(found), place)


def wildcard_words(slot: str) -> str:
    """How a wildcard without values is said: the words of its slot."""
    return " ".join(slot.replace("_", " ").replace("-", " ").split()) or slot


def range_size(numbers: RangeList) -> int:
    """How many numbers a range holds."""
    whole = (numbers.stop - numbers.start) // numbers.step + 1
    return whole * (1 + len(_FRACTIONS[numbers.fractions]))


def range_pairs(numbers: RangeList, language: str) -> tuple[Pair, ...]:
    """What is said and what it means, in hassil's order: all digits, then the words of each number.

    Raises:
        GrammarError: more numbers than `EXPANDED`; or the list is said in words only, in a language
            without number words.
    """
    if range_size(numbers) > EXPANDED:
        raise GrammarError(
            f"the range {{{numbers.name}}} holds more than {EXPANDED:,} numbers",
            where=numbers.place.at(),
            fix="give it a step, or write digits one by one: {0..9:a}{0..9:b}",
        )
    pairs = [(str(n), number(n, numbers.multiplier)) for n in _numbers(numbers)]
    digits = pairs if numbers.digits else []
    if not numbers.words:
        return tuple(digits)
    spoken = [
        (words, number(n, numbers.multiplier))
        for n in _numbers(numbers)
        for words in number_words(n, numbers.words_language or language)
    ]
    if not spoken and not digits:
        raise GrammarError(
            f"there are no number words for {numbers.words_language or language!r}",
            where=numbers.place.at(),
            fix="set digits: true, or words_language to a language that unicode-rbnf has",
        )
    return (*digits, *spoken)


def _numbers(numbers: RangeList) -> list[int | float]:
    fractions = _FRACTIONS[numbers.fractions]
    whole = range(numbers.start, numbers.stop + 1, numbers.step)
    return [round(n + part, 1) if part else n for n in whole for part in (0, *fractions)]


def number(value: float, multiplier: float | None = None) -> str:
    """The canonical form of a number: integers without a point."""
    scaled = round(value * multiplier, 9) if multiplier is not None else value
    return str(int(scaled)) if float(scaled).is_integer() else str(scaled)


@lru_cache(maxsize=100_000)
def number_words(value: float, language: str) -> tuple[str, ...]:
    """All ways Unicode's rule-based number formats spell a number, sorted; none where the language
    has no rules."""
    engine = _number_engine(language)
    if engine is None:
        return ()
    try:
        return tuple(sorted(set(engine.format_number(value).text_by_ruleset.values())))
    except ValueError:  # a language that is known, but has no rules
        return ()


_SCRIPTS = {"zh_hk": "zh_Hant", "zh_mo": "zh_Hant", "zh_tw": "zh_Hant"}


@lru_cache(maxsize=256)
def _number_engine(language: str) -> Any:
    try:
        from unicode_rbnf import RbnfEngine
    except ImportError:
        return None
    flat = language.replace("-", "_")
    for candidate in (language, flat, _SCRIPTS.get(flat.lower()), flat.split("_")[0]):
        if candidate:
            try:
                return RbnfEngine.for_language(candidate)
            except ValueError:
                continue
    return None


def pool_pairs(pool: PoolList, seed: int) -> tuple[Pair, ...]:
    """The values of a pool: the same for equal arguments, and as many as `size` says unless there
    are not so many. More are drawn than wanted, so that the seed does not decide on their number.

    Raises:
        GrammarError: no such provider or locale, or an expression that cannot be drawn from.
    """
    if pool.regex is not None:
        from textsynth.grammar.regex import examples

        return tuple((text, text) for text in examples(pool.regex, pool.size, seed, pool.place))
    found: tuple[Value, ...] = ()
    for tries in (pool.size + pool.size // 8 + 8, pool.size * 2, pool.size * 16):
        try:
            drawn = value_sources.faker_pool(str(pool.provider), pool.locale, tries, seed)
        except TextsynthError as error:
            raise GrammarError(error.message, where=pool.place.at(), fix=error.fix) from error
        found = drawn.values[: pool.size]
        if len(found) == pool.size:
            break
    return tuple((value.surface, value.canonical) for value in found)
