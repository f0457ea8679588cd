"""Drop a text that stands elsewhere already."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import concat, fold
from textsynth.filters import Context, Verdicts
from textsynth.filters.duplicates import I64, numbers
from textsynth.filters.folds import BLANK, U8, Bytes, fold_by, folded, squeeze


def exact(corpus: pa.Table, context: Context) -> Verdicts:
    """Drop texts equal to a seed, to an accepted row or to an earlier row, of any intent.

    Case, white space, Unicode form and punctuation are folded; "-5" is "minus 5". Reasons:
    `seed_copy` (rows of origin `seed` may be one), `duplicate`, and `intent_conflict` where the
    equal text has another intent.
    """
    count = corpus.num_rows
    if not count:
        return Verdicts([])
    every = concat([context.seeds, context.accepted, corpus])
    keys = fold_by(every.column("text"), _key, _keyed).dictionary_encode()
    texts = keys.indices.to_numpy().astype(np.int64)
    intents, rows = numbers(every, "intent"), np.arange(len(texts))
    origins = pc.cast(corpus.column("origin"), pa.string())
    seed = pc.fill_null(pc.equal(origins, "seed"), False).to_numpy()
    own = rows[-count:]

    def first(among: I64) -> I64:
        """The first of these rows that has the text of each row to judge; -1 where none has."""
        found = np.full(len(keys.dictionary), -1)
        found[texts[among[::-1]]] = among[::-1]
        return np.asarray(found[texts[own]], np.int64)

    copied = first(rows[: context.seeds.num_rows])
    copy = (copied >= 0) & ~seed
    earlier = first(np.concatenate([rows[context.seeds.num_rows : -count], own[~copy]]))
    again = ~copy & (earlier != own)
    reasons = np.full(count, None, object)
    reasons[copy], reasons[again] = "seed_copy", "duplicate"
    other = np.where(copy, copied, earlier)
    reasons[(copy | again) & (intents[other] != intents[own])] = "intent_conflict"
    return Verdicts(reasons.tolist())


class _Punctuation(dict[int, str | None]):
    """For `str.translate`: apostrophes vanish, other punctuation is a space, all else stays."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        self[code] = None if char in "'\u2019" else " " if kind[0] == "P" else char
        return self[code]


_FOLDED = _Punctuation()
# Whatever may be punctuation.
_INSIDE = re.compile(r"[^\w\s]|_")
_MINUS = re.compile(r"(?<!\S)[-\u2212](?=\d)")
_SPACED = np.arange(256, dtype=np.uint8)
_SPACED[:128] = [ord(_FOLDED[code] or "'") for code in range(128)]


def _key(text: str) -> str:
    """What equal texts have in common: "What's up?" and "whats up"."""
    folded = fold(_MINUS.sub("minus ", text))
    if not _INSIDE.search(folded):
        return folded
    return " ".join(folded.translate(_FOLDED).split()) or folded


def _keyed(data: U8, starts: I64) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """The keys of ASCII texts, and which are right: not those with a minus."""
    signed = np.searchsorted(starts, np.flatnonzero(_signs(data, starts)), side="right") - 1
    (data, starts), good = folded(data, starts)
    good[signed] = False
    data, starts = squeeze(data, starts, data != ord("'"))
    data = _SPACED[data]
    blank = data == BLANK
    inside = starts[:-1][starts[1:] > starts[:-1]]
    doubled = blank.copy()
    doubled[1:] &= blank[:-1]
    doubled[inside] = blank[inside]
    data, starts = squeeze(data, starts, ~doubled)
    full = starts[1:] > starts[:-1]
    kept = np.ones(len(data), bool)
    kept[starts[1:][full] - 1] = data[starts[1:][full] - 1] != BLANK
    data, starts = squeeze(data, starts, kept)
    return (data, starts), good & (starts[1:] > starts[:-1])


def _signs(data: U8, starts: I64) -> npt.NDArray[np.bool_]:
    """Which bytes of texts are a minus: before a digit, and after no character."""
    before, after = np.full_like(data, BLANK), np.full_like(data, BLANK)
    before[1:], after[:-1] = data[:-1], data[1:]
    before[starts[:-1][starts[:-1] < len(data)]] = BLANK
    signs = (data == ord("-")) & (before <= BLANK) & (after >= ord("0")) & (after <= ord("9"))
    return np.asarray(signs, bool)
