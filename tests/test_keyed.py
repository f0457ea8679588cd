"""Keyed randomness: the same on every machine and for every slice; and the secret file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import keyed
from textsynth.errors import RunError

KEY = keyed.stream(42, "stage", 7)
SECRET = bytes(range(32))


# -- streams ----------------------------------------------------------------------------------


def test_golden_values() -> None:
    """Corpora made earlier can be made again: these never change."""
    assert keyed.stream(42, "stage", 7) == 12177397652550376124
    assert keyed.bits(KEY, [0, 1, 2**40]).tolist() == [
        4920239853852003070,
        12746162419866595620,
        5225646020694258585,
    ]
    assert keyed.uniform(KEY, [0, 1]).tolist() == [0.2667267369348051, 0.6909708493236228]
    assert keyed.integers(KEY, [0, 1, 2], [10, 1000, 2**31]).tolist() == [2, 690, 1261999899]
    assert keyed.counters(["a", "ü", ""]).tolist() == [
        3405396810240292928,
        3976460501203677525,
        13020603013274838756,
    ]
    assert keyed.order(KEY, list("abcdef")).tolist() == [0, 1, 2, 4, 5, 3]
    assert keyed.content_id("a", "b") == "f84c4d669fe0d410"
    assert keyed.secret_hash(SECRET, "Ann") == "91ee3e81dc5a2770"


def test_names_spell_streams_of_their_own() -> None:
    spelt = [("a", "b"), ("ab",), ("b", "a"), ("a", 1), ("a", "1"), ("a",), ()]
    assert len({keyed.stream(0, *names) for names in spelt}) == len(spelt)
    assert keyed.stream(0, "a") != keyed.stream(1, "a")
    assert keyed.stream(-1, "a") != keyed.stream(1, "a")


@given(st.integers(0, 2**64 - 1), st.integers(0, 500), st.integers(0, 500))
def test_a_slice_equals_the_whole(key: int, start: int, length: int) -> None:
    whole, part = np.arange(1000), np.arange(start, start + length)
    for draw in (keyed.bits, keyed.uniform, lambda k, at: keyed.integers(k, at, 17)):
        assert draw(key, part).tolist() == draw(key, whole)[start : start + length].tolist()


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_one_counter_is_drawn_like_many(key: int, at: int) -> None:
    assert keyed.bits(key, at) == keyed.bits(key, [at])[0]
    assert keyed.bits(key, [[at]]).shape == (1, 1)


@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=50),
)
def test_integers_stay_below(key: int, below: list[int]) -> None:
    drawn = keyed.integers(key, np.arange(len(below)), below)
    assert ((drawn >= 0) & (drawn < np.array(below))).all()


def test_uniform_is_in_the_half_open_interval() -> None:
    drawn = keyed.uniform(KEY, np.arange(100_000))
    assert drawn.min() >= 0
    assert drawn.max() < 1


@pytest.mark.parametrize("key", [0, 1, KEY, 2**64 - 1])
def test_draws_are_uniform(key: int) -> None:
    """Chi-square over 64 bins, p above 0.001; keys are fixed, so that it cannot fail by chance."""
    from scipy.stats import chisquare

    at = np.arange(64_000)
    assert chisquare(np.bincount(keyed.integers(key, at, 64), minlength=64)).pvalue > 0.001
    binned = (keyed.uniform(key, at) * 64).astype(int)
    assert chisquare(np.bincount(binned, minlength=64)).pvalue > 0.001
    low = keyed.bits(key, at) & np.uint64(63)
    assert chisquare(np.bincount(low.astype(int), minlength=64)).pvalue > 0.001


def test_neighbouring_keys_and_counters_have_nothing_in_common() -> None:
    """Half of the bits differ, whichever bit of the key or the counter is turned."""
    at = np.arange(2000, dtype=np.uint64)
    base = keyed.bits(KEY, at)
    for bit in range(64):
        for other in (keyed.bits(KEY ^ (1 << bit), at), keyed.bits(KEY, at ^ np.uint64(1 << bit))):
            differing = np.bitwise_count(base ^ other).mean()
            assert differing == pytest.approx(32, abs=0.6)


# -- shuffles ---------------------------------------------------------------------------------

names = st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=30)


@given(st.integers(0, 2**64 - 1), names, st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_order_given(key: int, keys: list[str], random: Any) -> None:
    shuffled = random.sample(keys, len(keys))
    assert [keys[i] for i in keyed.order(key, keys)] == [
        shuffled[i] for i in keyed.order(key, shuffled)
    ]


def test_equal_keys_stay_in_their_order() -> None:
    assert keyed.order(KEY, ["a"] * 100).tolist() == list(range(100))


def test_every_order_is_as_likely() -> None:
    from scipy.stats import chisquare

    seen: dict[tuple[int, ...], int] = {}
    for seed in range(3000):
        order = tuple(keyed.order(keyed.stream(seed, "x"), ["a", "b", "c"]).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    assert chisquare(list(seen.values())).pvalue > 0.001


def test_nothing_is_shuffled_to_nothing() -> None:
    assert keyed.order(KEY, []).tolist() == []
    assert keyed.counters([]).tolist() == []
    assert keyed.bits(KEY, []).tolist() == []


@given(st.integers(0, 2**64 - 1), st.integers(1, 300))
def test_permute_is_a_permutation(key: int, size: int) -> None:
    assert sorted(keyed.permute(key, np.arange(size), size).tolist()) == list(range(size))


@given(
    st.integers(0, 2**64 - 1), st.integers(1, 2**200), st.lists(st.integers(0, 2**200), max_size=9)
)
def test_permute_of_huge_sizes_stays_inside_and_apart(
    key: int, size: int, places: list[int]
) -> None:
    at = sorted({place % size for place in places})
    moved = keyed.permute(key, at, size).tolist()
    assert all(0 <= place < size for place in moved)
    assert len(set(moved)) == len(at)
    assert moved[1:] == keyed.permute(key, at[1:], size).tolist()


# -- hashes and the secret --------------------------------------------------------------------


def test_content_ids_have_the_length_asked_and_keep_parts_apart() -> None:
    assert len(keyed.content_id("a", size=4)) == 8
    assert keyed.content_id("a", "b") != keyed.content_id("ab")


def test_secret_hashes_need_the_secret() -> None:
    assert keyed.secret_hash(SECRET, "Ann") != keyed.secret_hash(b"\0" * 32, "Ann")
    assert keyed.secret_hash(SECRET, "Ann") != keyed.secret_hash(SECRET, "ann")


def test_the_secret_is_made_once_and_for_its_owner_alone(key_file: Path) -> None:
    secret = keyed.load_secret(key_file)
    assert len(secret) == 32
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert keyed.load_secret(key_file) == secret
    assert keyed.load_secret(key_file.with_name("other")) != secret


def test_a_loose_umask_does_not_loosen_the_key(key_file: Path) -> None:
    before = os.umask(0)
    try:
        keyed.load_secret(key_file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(RunError, match=f"holds {size} bytes, 32 are needed") as caught:
        keyed.load_secret(path)
    assert caught.value.where == str(path)
    assert "--key-file" in (caught.value.fix or "")
    assert path.read_bytes() == b"k" * size


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(SECRET)
    path.chmod(mode)
    with pytest.raises(RunError, match="others may read") as caught:
        keyed.load_secret(path)
    assert caught.value.fix == f"chmod 600 {path}"


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="the key file cannot be used") as caught:
        keyed.load_secret(tmp_path / "file" / "below" / "key")
    assert "--key-file" in (caught.value.fix or "")


def test_a_folder_in_place_of_the_key_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the key file cannot be used"):
        keyed.load_secret(tmp_path)


def test_a_folder_without_permission_is_one_message(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RunError, match="cannot be used: Permission denied"):
        keyed.load_secret(key_file)


def test_without_a_path_the_key_is_in_the_users_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed, "default_key_file", lambda: tmp_path / "key")
    assert keyed.load_secret() == (tmp_path / "key").read_bytes()
