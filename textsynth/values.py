"""Where slot values come from: lists of a grammar, values seen in seeds, pools drawn from Faker.

A pool of a few thousand values is drawn once for each provider and gathered from, since Faker makes
some thousand values a second and a gather some million.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from textsynth import keyed
from textsynth.errors import TextsynthError, did_you_mean
from textsynth.patterns import Pattern, Value

POOL = 2000


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
        surfaces = [" ".join(str(draw()).split()) for _ in range(size)]
    except Exception as error:  # providers are anybody's code: some take arguments, some Pillow
        raise TextsynthError(
            f"Faker's provider {provider!r} cannot be drawn from: {error}",
            fix="name one that takes no arguments, such as name or city",
        ) from error
    return from_surfaces(provider, surfaces, source=f"faker.{provider}")


def _providers(faker: Any) -> set[str]:
    """The methods that Faker's providers have, its own machinery (`seed`, `format`) left out."""
    providers = [provider for factory in faker.factories for provider in factory.get_providers()]
    names = {name for provider in providers for name in dir(provider) if name[0] != "_"}
    return {name for name in names if callable(getattr(providers[0].generator, name, None))}


def draw(
    pattern: Pattern, lists: Mapping[str, ValueList], key: int, rows: Sequence[int]
) -> list[dict[str, Value]]:
    """For each row number, a value for each slot name of the pattern.

    Row i of a pattern is the same whatever else is drawn. While it lasts, the first name of a label
    walks through the list by a keyed permutation rather than repeating itself.

    Raises:
        TextsynthError: a label has no values.
    """
    at = np.asarray(rows, dtype=np.int64)
    drawn: list[dict[str, Value]] = [{} for _ in rows]
    for ref in dict.fromkeys(pattern.slots):
        values = lists.get(ref.label)
        if values is None or not values.values:
            raise TextsynthError(
                f"no values for the slot {{{ref.label}}}", fix=did_you_mean(ref.label, lists)
            )
        name_key = keyed.stream(key, "slot", ref.name)
        size = len(values)
        offset = int(keyed.integers(name_key, [0], size)[0])
        step = _coprime(1 + int(keyed.integers(name_key, [1], max(1, size - 1))[0]), size)
        picks = (offset + at * step + at // size) % size
        for row, pick in zip(drawn, picks.tolist(), strict=True):
            row[ref.name] = values.values[pick]
    return drawn


def _coprime(step: int, size: int) -> int:
    while np.gcd(step, size) != 1:
        step += 1
    return step
