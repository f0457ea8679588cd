"""Where slot values come from: lists of a grammar, values seen in seeds, pools drawn from Faker.

A pool of a few thousand values is drawn once for each provider and gathered from, since Faker makes
some thousand values a second and a gather some million.
"""

from __future__ import annotations

import datetime
import math
import random
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from textsynth import keyed
from textsynth.errors import TextsynthError, did_you_mean
from textsynth.patterns import Pattern, Value

POOL = 2000
NOW = datetime.datetime(2025, 6, 15, 12, tzinfo=datetime.UTC)  # what Faker takes the time to be
_ALONE = threading.RLock()  # while Faker's clock stands still


@dataclass(frozen=True, slots=True)
class ValueList:
    """The values that a slot label may take, and what they are drawn from (`list`, `seeds` or a
    Faker provider's name)."""

    label: str
    values: tuple[Value, ...]
    source: str = "list"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def made_up(self) -> bool:
        """Whether a provider makes its values up: there is no end of them."""
        return self.source not in {"list", "seeds"}


def from_surfaces(label: str, surfaces: Iterable[str], source: str = "seeds") -> ValueList:
    """Surfaces that are their own canonical value, empty and repeated ones dropped, order kept."""
    return ValueList(label, tuple(Value(s, s) for s in dict.fromkeys(surfaces) if s), source)


@cache
def faker_pool(provider: str, locale: str = "en_US", size: int = POOL, seed: int = 0) -> ValueList:
    """`size` draws from a Faker provider (fewer where it repeats itself), the same for the same
    arguments.

    Raises:
        TextsynthError: Faker has no such provider or locale, or it cannot be drawn from.
    """
    from faker import Faker

    try:
        faker = Faker(locale, use_weighting=False)
    except AttributeError as error:
        raise TextsynthError(
            f"Faker has no locale {locale!r}", fix="name one such as en_US, de_DE, ja_JP"
        ) from error
    faker.seed_instance(keyed.stream(seed, "faker", locale, provider))
    known = _providers(faker)
    if provider not in known:
        hint = did_you_mean(provider, known).split("there are:")[0].strip()
        raise TextsynthError(
            f"Faker has no provider {provider!r}", fix=hint or "see Faker's documentation"
        )
    draw = getattr(faker, provider)
    try:
        with _standing_still(keyed.stream(seed, "faker", locale, provider, "random")):
            surfaces = [" ".join(_written(draw()).split()) for _ in range(size)]
    except Exception as error:  # providers are anybody's code: some take arguments, some Pillow
        raise TextsynthError(
            f"Faker's provider {provider!r} cannot be drawn from: {error}",
            fix="name one that takes no arguments, such as name or city",
        ) from error
    return from_surfaces(provider, surfaces, source=f"faker.{provider}")


def _written(value: object) -> str:
    """What a provider gave as text; a set in an order that does not depend on the process."""
    if isinstance(value, (bytes, Iterator)):
        raise TypeError(f"it gives {type(value).__name__}, not text")
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return str(value)


@contextmanager
def _standing_still(seed: int) -> Iterator[None]:
    """Let Faker's providers see `NOW` as the time, in UTC, and the random numbers of `seed` from
    `random`, which a few of them ask instead of Faker's own generator."""
    with _ALONE:
        still = _still()
        swapped = [
            (module, name, value)
            for called, module in list(sys.modules.items())
            if called.startswith("faker.providers.")
            for name, value in list(vars(module).items())
            if isinstance(value, (type, ModuleType)) and value in still
        ]
        state = random.getstate()
        random.seed(seed)
        for module, name, value in swapped:
            setattr(module, name, still[value])
        try:
            yield
        finally:
            random.setstate(state)
            for module, name, value in swapped:
                setattr(module, name, value)


@cache
def _still() -> dict[Any, Any]:
    """The module `datetime` and its classes that know the time, each with one that knows `NOW`."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, cls.__mro__[1])

    def today(cls: Any) -> Any:
        return cls(NOW.year, NOW.month, NOW.day)

    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        moment = NOW.astimezone(tz) if tz else NOW.replace(tzinfo=None)
        return cls.combine(moment.date(), moment.timetz())

    def astimezone(self: Any, tz: datetime.tzinfo | None = None) -> Any:
        return datetime.datetime.astimezone(self, tz or datetime.UTC)

    named = {"__module__": "datetime", "today": classmethod(today)}
    clock = {"now": classmethod(now), "utcnow": classmethod(now), "today": classmethod(now)}
    date = Kind("datetime.date", (datetime.date,), named)
    moment = Kind(
        "datetime.datetime", (datetime.datetime,), {**named, **clock, "astimezone": astimezone}
    )
    module = ModuleType("datetime")
    vars(module).update({**vars(datetime), "date": date, "datetime": moment})
    return {datetime.date: date, datetime.datetime: moment, datetime: module}


def _providers(faker: Any) -> set[str]:
    """The methods that Faker's providers have, its own machinery (`seed`, `format`) left out."""
    providers = [provider for factory in faker.factories for provider in factory.get_providers()]
    names = {name for provider in providers for name in dir(provider) if name[0] != "_"}
    return {name for name in names if callable(getattr(providers[0].generator, name, None))}


def draw(
    pattern: Pattern, lists: Mapping[str, ValueList], key: int, rows: Sequence[int]
) -> list[dict[str, Value]]:
    """For each row number, a value for each slot name of the pattern.

    Row i of a pattern is the same whatever else is drawn. Each name walks through its list by a
    keyed permutation: no value comes twice while the list lasts, and no combination of values while
    there are others.

    Raises:
        TextsynthError: a label has no values.
    """
    drawn: list[dict[str, Value]] = [{} for _ in rows]
    before = 1
    for ref in dict.fromkeys(pattern.slots):
        values = lists.get(ref.label)
        if values is None or not values.values:
            raise TextsynthError(
                f"no values for the slot {{{ref.label}}}", fix=did_you_mean(ref.label, lists)
            )
        size = len(values)
        picks = keyed.permute(keyed.stream(key, "slot", ref.name), _walk(rows, before, size), size)
        before *= size
        for row, pick in zip(drawn, picks.tolist(), strict=True):
            row[ref.name] = values.values[pick]
    return drawn


def _walk(rows: Sequence[int], before: int, size: int) -> list[int]:
    """For each row, a place in a list of `size` beside slots that have `before` combinations.

    Both go round by themselves and would meet in the same pairs for ever after `lcm` rows; so the
    list is moved on by one there, until every combination was met.
    """
    together = math.gcd(before, size)
    lap = before // together * size
    return [(row + row // lap % together) % size for row in rows]
