"""Drop what the model has learnt by heart: patterns that copy a long run of a seed.

A language model says parts of its training data again, the more so the larger it is and the more
often it saw them (Carlini et al. 2021, Extracting Training Data from Large Language Models; 2023,
Quantifying Memorization Across Neural Language Models). As in Lee et al. 2022 (Deduplicating
Training Data Makes Language Models Better) a copy is a long common run of tokens; how long, the
seeds say: people who ask for the same thing use the same words too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column
from textsynth.errors import RecipeError
from textsynth.filters import Context, Verdicts
from textsynth.filters.words import TOKEN

Integers = npt.NDArray[np.int64]
# An escaped brace is no word, a slot counts by its label, an apostrophe joins.
_TOKEN = re.compile(rf"\\.|\{{([^{{}}:]+)(?::[^{{}}]*)?\}}|({TOKEN.pattern})")


def memorised(
    corpus: pa.Table,
    context: Context,
    *,
    texts: tuple[Path, ...] = (),
    origins: tuple[str, ...] = ("model",),
    min_tokens: Annotated[int, Field(ge=1)] = 8,
    quantile: Annotated[float, Field(gt=0, le=1)] = 0.99,
) -> Verdicts:
    """Drop rows that share a longer run of words with a seed than chance; reason `memorised`.

    The longest run of tokens that a seed or another text has, too, counts.

    Tokens are words, case folded, and slots; in Chinese, Japanese, Thai, Lao, Khmer and Burmese,
    which set no spaces, characters. A row counts by its pattern, without one by its text.
    Two seeds of different tokens share runs as well: the bar is the `quantile` over the seeds of
    the longest run that each has in common with any other one, and no lower than `min_tokens`. A
    copy of a whole seed that is no longer than the bar passes: it may be chance, and `exact` sees
    equal texts. Templates were written by people, so that by default the model's rows are judged.

    Scores: `longest_run` (tokens) and `copied_share` (of the row's tokens); of rows that are not
    judged, too. Exact, in the time of sorting the tokens of both sides once for each length of run
    that still occurs; about 130 bytes a token (100,000 rows and 75,000 seeds: 210 MB).

    Args:
        texts: files that nothing may be copied from either: `.txt` with one text a line, `.jsonl`
            with `text` in each line.
        origins: whose rows are dropped.
        min_tokens: runs up to this length pass.
        quantile: the share of the seeds that is not longer than the bar.

    Raises:
        RecipeError: a file of `texts` is missing or not readable as such.
    """
    vocabulary: dict[str, int] = {}
    sources = {tuple(_tokens(text, vocabulary)) for text in _written(context.seeds)}
    sources.discard(())
    seeds = sorted(sources)
    other = {tuple(_tokens(text, vocabulary)) for path in texts for text in read_texts(path)}
    others = sorted(other - sources - {()})
    written = _written(corpus)
    place = {text: at for at, text in enumerate(dict.fromkeys(written))}
    rows = [_tokens(text, vocabulary) for text in place]
    longest, chance = _runs(rows, [*seeds, *others], len(seeds), len(vocabulary))
    usual = np.quantile(chance, quantile, method="higher") if len(chance) else 0
    bar = max(min_tokens, int(usual))
    runs = [int(longest[place[text]]) for text in written]
    shares = [run / max(1, len(rows[place[text]])) for run, text in zip(runs, written, strict=True)]
    reasons = [
        "memorised" if run > bar and origin in origins else None
        for run, origin in zip(runs, column(corpus, "origin"), strict=True)
    ]
    return Verdicts(
        reasons,
        {"longest_run": [float(run) for run in runs], "copied_share": shares},
        note=f"runs of up to {bar} tokens pass",
    )


def read_texts(path: Path) -> Iterator[str]:
    """The texts of a file: its lines, or `text` of each of its JSON lines; blank lines are skipped.

    Raises:
        RecipeError: no such file, neither `.txt` nor `.jsonl`, not UTF-8, or a line without `text`.
    """
    if path.suffix not in (".txt", ".jsonl"):
        raise RecipeError(
            f"{path.name!r} is neither .txt nor .jsonl",
            where=str(path),
            fix="give one text a line (.txt), or JSON objects with `text` (.jsonl)",
        )
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"cannot be read: {error}", where=str(path), fix="name a file in UTF-8 that is there"
        ) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield line if path.suffix == ".txt" else _text(line, f"{path}:{number}")


def _text(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RecipeError(
            f"no JSON: {error.msg}", where=f"{where}:{error.colno}", fix="write one object a line"
        ) from error
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise RecipeError("there is no `text`", where=where, fix='write {"text": "..."}')
    return text


def _written(corpus: pa.Table) -> list[str]:
    both = zip(column(corpus, "pattern"), column(corpus, "text"), strict=True)
    # In plain text a brace is no slot.
    return [re.sub(r"[{}\\]", " ", text) if pattern is None else pattern for pattern, text in both]


def _tokens(written: str, vocabulary: dict[str, int]) -> list[int]:
    """The tokens as numbers; new ones are added to the vocabulary."""
    found = []
    for token in _TOKEN.finditer(written):
        label, word = token.groups()
        if label or word:
            name = f"{{{label}}}" if label else word.casefold().replace("\u2019", "'")
            found.append(vocabulary.setdefault(name, len(vocabulary)))
    return found


def _runs(
    rows: Sequence[Sequence[int]], sources: Sequence[Sequence[int]], seeds: int, vocabulary: int
) -> tuple[Integers, Integers]:
    """The longest run that each row shares with any source, shape (rows,), and that each of the
    first `seeds` sources shares with another of them, shape (seeds,).

    Every place where a run of n tokens begins that something shares is kept, numbered by the run,
    and tried with one token more: a run of n + 1 that is shared has one of n in its place.
    """
    sequences = [*sources, *rows]
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    tokens = np.fromiter(
        (token for sequence in sequences for token in sequence), np.int64, int(lengths.sum())
    )
    owner = np.repeat(np.arange(len(sequences)), lengths)
    end = np.cumsum(lengths)[owner]
    longest = np.zeros(len(sequences), np.int64)
    chance = np.zeros(seeds, np.int64)
    at = np.arange(len(tokens))
    run = np.zeros(len(tokens), np.int64)
    size = 0
    while len(at):
        size += 1
        _, run = np.unique(run * vocabulary + tokens[at + size - 1], return_inverse=True)
        mine = owner[at]
        in_source, in_row = mine < len(sources), mine >= len(sources)
        in_seed = mine < seeds
        runs = int(run.max()) + 1
        known = _any(run[in_source], runs)
        first, last = np.full(runs, seeds), np.full(runs, -1)
        np.minimum.at(first, run[in_seed], mine[in_seed])
        np.maximum.at(last, run[in_seed], mine[in_seed])
        several = first < last
        longest[mine[in_row & known[run]]] = size
        chance[mine[in_seed & several[run]]] = size
        wanted = known & (_any(run[in_row], runs) | several)
        going = wanted[run] & (at + size < end[at])
        at, run = at[going], run[going]
    return longest[len(sources) :], chance


def _any(runs: Integers, count: int) -> npt.NDArray[np.bool_]:
    """Which of the runs 0 … count - 1 occur, shape (count,)."""
    found = np.zeros(count, np.bool_)
    found[runs] = True
    return found
