"""Values: pools from Faker, and draws that depend on the row alone."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import patterns, values
from textsynth.errors import TextsynthError
from textsynth.patterns import Value
from textsynth.values import ValueList, draw, faker_pool, from_surfaces

PAIR = patterns.parse("from {city} to {city:to} on {day}")
LISTS = {
    "city": from_surfaces("city", [f"city {i}" for i in range(50)]),
    "day": from_surfaces("day", ["monday", "friday"]),
}


# -- lists and pools --------------------------------------------------------------------------


def test_surfaces_are_their_own_values_once_each() -> None:
    made = from_surfaces("city", ["Rome", "", "Bonn", "Rome"])
    assert made == ValueList("city", (Value("Rome", "Rome"), Value("Bonn", "Bonn")), "seeds")
    assert len(made) == 2


def test_a_pool_is_the_same_for_the_same_arguments() -> None:
    pool = faker_pool("name", size=20)
    faker_pool.cache_clear()
    assert faker_pool("name", size=20) == pool
    assert pool.source == "faker.name"
    assert len(pool) == 20
    others = [faker_pool("name", size=20, seed=1), faker_pool("name", "de_DE", size=20)]
    assert all(pool.values != other.values for other in others)


def test_a_shorter_pool_starts_a_longer_one() -> None:
    assert faker_pool("city", size=5).values == faker_pool("city", size=10).values[:5]


def test_a_provider_that_repeats_itself_gives_a_smaller_pool() -> None:
    assert {value.surface for value in faker_pool("boolean", size=50).values} == {"True", "False"}


def test_surfaces_are_one_line() -> None:
    assert all("\n" not in value.surface for value in faker_pool("address", size=20).values)


@pytest.mark.parametrize(
    ("provider", "locale", "pool"),
    [
        ("date_time_this_month", "en_US", "2025-06-"),
        ("date_this_month", "de_DE", "2025-06-"),
        ("passport_full", "en_US", ""),
    ],
)
def test_neither_clock_nor_process_tells_in_a_pool(provider: str, locale: str, pool: str) -> None:
    def drawn() -> list[str]:
        faker_pool.cache_clear()
        return [value.surface for value in faker_pool(provider, locale, size=20).values]

    first = drawn()
    random.random()  # what some providers would go on from
    assert drawn() == first
    assert all(surface.startswith(pool) for surface in first)


def test_the_clock_goes_on_after_a_pool() -> None:
    from faker import Faker

    faker_pool.cache_clear()
    faker_pool("time", size=5)
    assert abs(Faker().unix_time(start_datetime="now") - time.time()) < 3600


def test_sets_are_written_in_order() -> None:
    words = [f"word {n:02}" for n in range(30)]
    assert values._written(set(words)) == f"{{{str(words)[1:-1]}}}"


@pytest.mark.parametrize(
    ("provider", "locale", "message", "fix"),
    [
        ("nmae", "en_US", "no provider 'nmae'", "did you mean 'name'?"),
        ("zzzzzz", "en_US", "no provider 'zzzzzz'", "see Faker's documentation"),
        ("_parse", "en_US", "no provider '_parse'", ""),
        ("seed_instance", "en_US", "no provider 'seed_instance'", ""),
        ("seed", "en_US", "no provider 'seed'", ""),
        ("random", "en_US", "no provider 'random'", ""),
        ("enum", "en_US", "'enum' cannot be drawn from", "takes no arguments"),
        ("binary", "en_US", "'binary' cannot be drawn from: it gives bytes", "no arguments"),
        ("time_series", "en_US", "it gives generator, not text", "no arguments"),
        ("name", "xx_XX", "no locale 'xx_XX'", "en_US"),
    ],
)
def test_what_faker_has_not(provider: str, locale: str, message: str, fix: str) -> None:
    with pytest.raises(TextsynthError, match=message) as caught:
        faker_pool(provider, locale, size=2)
    assert fix in (caught.value.fix or "")
    assert caught.value.fix


# -- draws ------------------------------------------------------------------------------------


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 10**6), max_size=20))
def test_a_row_is_the_same_in_any_batch(key: int, rows: list[int]) -> None:
    batch = draw(PAIR, LISTS, key, rows)
    assert batch == [draw(PAIR, LISTS, key, [row])[0] for row in rows]


def test_what_the_first_slot_draws_does_not_depend_on_the_others() -> None:
    alone = draw(patterns.parse("{city}"), LISTS, 7, range(30))
    assert [row["city"] for row in draw(PAIR, LISTS, 7, range(30))] == [r["city"] for r in alone]


def test_names_and_keys_draw_apart() -> None:
    rows = draw(PAIR, LISTS, 7, range(50))
    assert [row["city"] for row in rows] != [row["to"] for row in rows]
    assert rows != draw(PAIR, LISTS, 8, range(50))
    assert rows[0].keys() == {"city", "to", "day"}


def test_a_repeated_name_is_one_value() -> None:
    (row,) = draw(patterns.parse("{city} is {city}"), LISTS, 7, [3])
    assert list(row) == ["city"]


@given(st.integers(0, 2**64 - 1), st.integers(1, 40), st.integers(0, 3))
def test_no_value_comes_twice_while_the_list_lasts(key: int, size: int, lap: int) -> None:
    pool = {"x": from_surfaces("x", [str(i) for i in range(size)])}
    rows = draw(patterns.parse("{x}"), pool, key, range(lap * size, (lap + 1) * size))
    assert len({row["x"] for row in rows}) == size


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(1, 6), min_size=2, max_size=4))
def test_no_combination_comes_twice_while_there_are_others(key: int, sizes: list[int]) -> None:
    lists = {f"s{n}": from_surfaces("s", map(str, range(size))) for n, size in enumerate(sizes)}
    total = math.prod(sizes)
    rows = draw(patterns.parse(" ".join(f"{{{n}}}" for n in lists)), lists, key, range(2 * total))
    for lap in (rows[:total], rows[total:]):
        assert len({tuple(row.values()) for row in lap}) == total
    for name, size in zip(lists, sizes, strict=True):  # the later slots walk as the first does
        laps = [rows[at : at + size] for at in range(0, len(rows), size)]
        assert all(len({row[name] for row in lap}) == size for lap in laps)


def test_two_slots_of_one_list_meet_in_all_pairs() -> None:
    """Of two values, they would otherwise be equal in all rows, or in none."""
    lists = {"a": from_surfaces("a", ["x", "y"])}
    rows = draw(patterns.parse("{a} {a:a_2}"), lists, 1, range(4))
    assert len({(row["a"], row["a_2"]) for row in rows}) == 4


def test_combinations_without_end_are_walked_too() -> None:
    lists = {f"s{n}": from_surfaces("s", map(str, range(100))) for n in range(20)}
    rows = draw(patterns.parse(" ".join(f"{{{n}}}" for n in lists)), lists, 1, [0, 10**12])
    assert len(rows) == 2


@pytest.mark.parametrize("empty", [False, True])
def test_a_label_without_values_is_one_message(empty: bool) -> None:
    lists = {**LISTS, **({"citi": ValueList("citi", ())} if empty else {})}
    with pytest.raises(TextsynthError, match=r"no values for the slot \{citi\}") as caught:
        draw(patterns.parse("{citi}"), lists, 0, [0])
    assert "there are:" in (caught.value.fix or "")


def test_a_missing_label_brings_the_nearest_to_mind() -> None:
    with pytest.raises(TextsynthError) as caught:
        draw(patterns.parse("{citi}"), LISTS, 0, [0])
    assert caught.value.fix == "did you mean 'city'? there are: city, day"


def test_the_pool_is_drawn_once() -> None:
    assert faker_pool("city", size=5) is faker_pool("city", size=5)
    assert values.POOL >= 1000
