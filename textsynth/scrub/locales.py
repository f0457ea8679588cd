"""What Faker knows of a language: its locales, their lists, months and weekdays."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from textsynth import values
from textsynth.scrub.writing import in_order

DRAWS = 1000

_GENITIVES = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października"
    " listopada grudnia",
    "cs": "ledna února března dubna května června července srpna září října listopada prosince",
}
_MONTHS = in_order(
    "January February March April May June July August September October November December"
)
_DAYS = in_order("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")


@cache
def all_locales() -> tuple[str, ...]:
    """Faker's locales, sorted."""
    from faker.config import AVAILABLE_LOCALES

    return tuple(sorted(AVAILABLE_LOCALES))


@cache
def faker_locale(language: str) -> str:
    """Faker's locale for a BCP 47 tag: itself, else the first of its language, else en_US."""
    tag = language.replace("-", "_")
    main = tag.split("_")[0].lower()
    preferred = ("en_US",) if main == "en" else (f"{main}_{main.upper()}",)
    there = [name for name in all_locales() if name.startswith(f"{main}_")]
    return next((n for n in (tag, *preferred, *there) if n in all_locales() and "_" in n), "en_US")


def provider_of(kind: str, locale: str) -> Any:
    """Faker's provider of a kind ("person", "address") for a locale, or None."""
    try:
        return import_module(f"faker.providers.{kind}.{locale}").Provider
    except ModuleNotFoundError:
        return None


def some_of(provider: str, locale: str) -> list[str]:
    """Values that Faker draws, where it has no list of them."""
    return [value.surface for value in values.faker_pool(provider, locale, DRAWS // 2).values]


@cache
def weekdays_and_months(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The months from January and the days from Monday, in the language."""
    locale = faker_locale(language)
    provider = provider_of("date_time", locale) or provider_of("date_time", "en_US")
    months = getattr(provider, "MONTH_NAMES", None)
    days = getattr(provider, "DAY_NAMES", None)
    if months is None or days is None:
        return _MONTHS, _DAYS
    by_number = tuple(months[f"{number:02}"] for number in range(1, 13))
    return by_number, tuple(days[str(number % 7)] for number in range(1, 8))


@cache
def months_of(language: str) -> tuple[str, ...]:
    """The months as they stand after a day, in languages where they are inflected there."""
    return in_order(_GENITIVES.get(faker_locale(language).split("_")[0], ""))
