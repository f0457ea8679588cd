"""Keyed randomness: what is drawn for a row depends on (seed, stage, key of the row) alone.

A stream is a 64-bit key made from names; the i-th number of a stream is a hash of (key, i), so any
slice of it can be drawn by itself, in any order and on any worker. The hash is SplitMix64's
finaliser (Steele, Lea, Flood 2014) applied twice, the second time under a key of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from textsynth.errors import RunError

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def stream(seed: int, *names: str | int) -> int:
    """The 64-bit key of the stream that `names` spell under `seed`."""
    joined = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.blake2b(joined.encode(), digest_size=8).digest(), "little")


def counters(keys: list[str]) -> U64:
    """Row keys (any strings) as 64-bit counters of a stream."""
    digests = b"".join(hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _finalise(x: U64) -> U64:
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)


def bits(key: int, at: npt.ArrayLike) -> U64:
    """64 random bits for each counter in `at` (any shape) of the stream `key`."""
    counter = np.asarray(at).astype(np.uint64)
    second = np.uint64((key * 0xD1342543DE82EF95 + 1) & 0xFFFFFFFFFFFFFFFF)
    with np.errstate(
        over="ignore"
    ):  # one counter is a scalar to NumPy, which warns where they wrap
        return _finalise(_finalise(counter * _GOLDEN + np.uint64(key)) ^ second)


def uniform(key: int, at: npt.ArrayLike) -> F64:
    """Floats in [0, 1), 53 bits each, one a counter."""
    return (bits(key, at) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def integers(key: int, at: npt.ArrayLike, below: int | npt.ArrayLike) -> I64:
    """Integers in [0, below), one a counter; `below` < 2**32 may differ by row. Its bias is under
    2**-32."""
    high = bits(key, at) >> np.uint64(32)
    return ((high * np.asarray(below).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def order(key: int, keys: list[str]) -> I64:
    """The permutation that sorts `keys` by their keyed hash: a shuffle that does not depend on the
    order in which they came (ties, and equal keys, stay in theirs)."""
    return np.argsort(bits(key, counters(keys)), kind="stable").astype(np.int64)


def content_id(*parts: str, size: int = 8) -> str:
    """A hex digest of content, `2 * size` characters, for ids."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=size).hexdigest()


def secret_hash(secret: bytes, value: str) -> str:
    """The keyed hash (BLAKE2b, 16 hex digits) by which a value of the seeds may be remembered."""
    return hashlib.blake2b(value.encode(), key=secret, digest_size=8).hexdigest()


def default_key_file() -> Path:
    """Where the secret lives without `--key-file`: the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("textsynth") / "key"


def load_secret(path: Path | None = None) -> bytes:
    """The 32 secret bytes of `path`, made with mode 0600 on first use.

    Raises:
        RunError: the file cannot be read or written, is not 32 bytes long, or others may read it.
    """
    path = path or default_key_file()
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes()
        mode = path.stat().st_mode & 0o077
    except OSError as error:
        raise RunError(
            f"the key file cannot be used: {error.strerror}",
            where=str(path),
            fix="name another one with --key-file",
        ) from error
    if len(secret) != 32:
        raise RunError(
            f"the key file holds {len(secret)} bytes, 32 are needed",
            where=str(path),
            fix="name another file with --key-file; ids made with another key will differ",
        )
    if mode and os.name == "posix":
        raise RunError("others may read the key file", where=str(path), fix=f"chmod 600 {path}")
    return secret


def _make_secret(path: Path) -> None:
    """Write a new secret. It is whole before it has its name, and of processes that come at once
    one alone gives it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_bytes(32)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, secret)
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:
        # Some file systems know no links; there the name comes first.
        with contextlib.suppress(FileExistsError):
            _write_new(path, secret)
    finally:
        temporary.unlink(missing_ok=True)


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def permute(key: int, at: npt.ArrayLike, size: int) -> npt.NDArray[Any]:
    """Where a keyed permutation of `range(size)` sends each of `at`; any part of it by itself.

    A Feistel network over two nearly equal parts whose product is just above `size`, with modular
    addition (Black and Rogaway 2002); what falls beyond `size` goes round again. Sizes from 2**62
    on give arrays of Python integers.
    """
    wide = size >= 1 << 62
    left_size = math.isqrt(max(size - 1, 0)) + 1
    right_size = -(-size // left_size)
    places = np.asarray(at, dtype=object if wide else np.int64)
    pending = np.arange(places.size)
    moved = places.copy()
    while pending.size:
        moved[pending] = _feistel(key, moved[pending], left_size, right_size)
        pending = pending[moved[pending] >= size]
    return moved


def _feistel(key: int, x: npt.NDArray[Any], left_size: int, right_size: int) -> npt.NDArray[Any]:
    left, right = x // right_size, x % right_size
    for turn in range(2):
        left = (left + _below(key + 4 * turn, right, left_size)) % left_size
        right = (right + _below(key + 4 * turn + 2, left, right_size)) % right_size
    return np.asarray(left * right_size + right)


def _below(key: int, at: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """A hash of each of `at` in `range(size)`; one round of a Feistel network."""
    low = at if at.dtype != object else (at & 0x7FFFFFFFFFFFFFFF).astype(np.int64)
    mixed = _finalise(low.astype(np.uint64) * _GOLDEN + np.uint64(key & 0xFFFFFFFFFFFFFFFF))
    if size < 1 << 32:
        scaled = ((mixed >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)
        return np.asarray(scaled.astype(at.dtype))
    words = [mixed, *(_finalise(mixed + np.uint64(n)) for n in range(size.bit_length() // 64 + 1))]
    if at.dtype == object:  # the high bits of a wide half take part too
        words.append(_finalise((at >> 63 & 0x7FFFFFFFFFFFFFFF).astype(np.uint64) + np.uint64(1)))
    total = sum(word.astype(object) << 64 * place for place, word in enumerate(words))
    return np.asarray(total % size, dtype=object)
