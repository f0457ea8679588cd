"""Shingles of many short texts at once: what `near` compares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from textsynth import keyed

I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

BASE = np.uint64(0x9E3779B97F4A7C15)
_SALTS = keyed.bits(keyed.stream(0, "shingles"), np.arange(4))
_NOTHING = "\0"
_HYPHEN = re.compile(r"(?<!\s)-|-(?!\d)")


class _Blank(dict[int, int]):
    """A table for `str.translate`: punctuation becomes a blank, save the hyphen, filled on use."""

    def __missing__(self, code: int) -> int:
        blank = unicodedata.category(chr(code))[0] == "P" and code != 0x2D
        self[code] = 0x20 if blank else code
        return self[code]


_BLANK = _Blank()


def words(folded: str) -> str:
    """A folded text without punctuation, its words joined by a blank; a minus before a digit stays.
    A text of nothing but punctuation is left as it is."""
    plain = folded.translate(_BLANK)
    if "-" in plain:
        plain = _HYPHEN.sub(" ", plain)
    return " ".join(plain.split()) or folded


def shingles(texts: Sequence[str]) -> tuple[U32, I64]:
    """The distinct shingles of each text, as hashes in ascending order, and their number.

    Shingles are word 1- and 2-grams and character 3- and 4-grams of the words set between blanks,
    hashed to 32 bits.

    Returns:
        Hashes of all texts one after the other; shape (texts,) how many each has.
    """
    padded = [f" {words(text) or _NOTHING} " for text in texts]
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, "<u4").astype(np.uint64)
    row = np.repeat(np.arange(len(padded), dtype=np.uint64), [len(text) for text in padded])
    found = [*_characters(codes, row), *_words(codes, row)]
    keys = np.concatenate([(own << np.uint64(32)) | hashes for own, hashes in found])
    keys.sort()
    fresh = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    keys = keys[fresh]
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return keys.astype(np.uint32), counts


def _characters(codes: U64, row: U64) -> list[tuple[U64, U64]]:
    two = codes[:-1] * BASE + codes[1:]
    three = two[:-1] * BASE + codes[2:]
    four = three[:-1] * BASE + codes[3:]
    found = []
    for size, grams in ((3, three), (4, four)):
        whole = row[: len(grams)] == row[size - 1 :]
        found.append((row[: len(grams)][whole], mixed(grams[whole], size - 1)))
    return found


def _words(codes: U64, row: U64) -> list[tuple[U64, U64]]:
    blank = codes == 0x20
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    begun = np.zeros(len(codes), np.int64)
    begun[starts] = starts
    place = np.arange(len(codes)) - np.maximum.accumulate(begun)
    powers = np.full(int(place.max()) + 1, BASE)
    powers[0] = 1
    weighted = codes * np.multiply.accumulate(powers)[place]
    weighted[blank] = 0
    single = mixed(np.add.reduceat(weighted, starts), 0)
    double = mixed((single[:-1] << np.uint64(32)) | single[1:], 1)
    owner = row[starts]
    together = owner[:-1] == owner[1:]
    return [(owner, single), (owner[:-1][together], double[together])]


def mixed(values: U64, salt: int) -> U64:
    """32 well mixed bits of each."""
    values = (values ^ _SALTS[salt]) * np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(32)
    values *= np.uint64(0x94D049BB133111EB)
    return values >> np.uint64(32)
