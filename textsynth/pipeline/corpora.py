"""Corpora that people point at, in the forms they have them, as tables of `corpus.SCHEMA`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, patterns, scrub, seeds
from textsynth.corpus import Utterance
from textsynth.errors import SeedError, TextsynthError
from textsynth.importers import Options, hub
from textsynth.pipeline import dialogueseeds
from textsynth.progress import Progress

_OURS = ("id", "text", "slots", "pattern", "origin", "generation", "state", "scores")
_TEXTS = ("pattern", "language", "origin", "split")
_COLUMNS = (
    "a row needs a `text`; `intent`, `pattern`, `language`, `origin` and `split` are text or null,"
    f" `generation` is a whole number up to {corpus.MOST_GENERATIONS}, `slots` a list of `start`,"
    " `end` (whole numbers), `label` and, if need be, `value` (text)"
)
FORMS = "JSONL (.jsonl, .jsonl.gz), Parquet, or a folder that `datasets.load_dataset` opens"


def read(path: Path, *, origin: str, language: str, progress: Progress) -> pa.Table:
    """A corpus: JSONL as seeds or dialogues have it, Parquet, or the folder of a dataset. Rows that
    cannot be read are left out and said. A row without a pattern gets the one that its slots give.

    Rows are counted from 0. Their reasons name the field and never quote it.

    Args:
        origin: what rows are that do not say it (`seed` for real ones).
        language: of rows that do not say it.

    Raises:
        SeedError: there is no such corpus, it is of another form, or no row of it can be read.
    """
    if not path.exists():
        raise SeedError("there is no such corpus", where=str(path), fix="check the path")
    if path.is_dir():
        rows = _of_dataset(path)
    elif path.suffix == ".parquet":
        if (own := _of_run(path)) is not None:
            return own
        rows = _of_parquet(path)
    elif _has_turns(path):
        return _of_dialogues(path, origin, language, progress)
    else:
        return _of_jsonl(path, origin, language, progress)
    found, refused = [], dict[str, list[int]]()
    for number, row in enumerate(rows):
        one = _utterance(row, f"row/{number}", origin, language)
        if isinstance(one, Utterance):
            found.append(one)
        else:
            refused.setdefault(one, []).append(number)
    told = ", ".join(
        f"{len(those):,} {reason} (first row {those[0]})" for reason, those in refused.items()
    )
    if not found:
        problem = f"no row of it can be read: {told}" if told else "it holds no rows"
        raise SeedError(problem, where=str(path), fix=_COLUMNS)
    if told:
        progress.warn(f"{path.name}: {sum(map(len, refused.values())):,} rows left out: {told}")
    return corpus.to_table(_with_patterns(found))


def _has_turns(path: Path) -> bool:
    """Whether the first line of a file that is an object is a dialogue."""
    if path.suffix not in (".jsonl", ".gz"):
        return False
    for _, line in seeds.lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            return "text" not in row and bool({"turns", "messages"} & row.keys())
    return False


def _of_dialogues(path: Path, origin: str, language: str, progress: Progress) -> pa.Table:
    file = dialogueseeds.read(path, secret=bytes(32), language=language)
    dialogueseeds.tell(file, progress)
    table = dialogueseeds.raw_rows(file.dialogues, language)
    table = corpus.replace_column(table, "origin", [origin] * table.num_rows)
    return corpus.replace_column(table, "generation", [_age(origin)] * table.num_rows)


def _of_jsonl(path: Path, origin: str, language: str, progress: Progress) -> pa.Table:
    # ids of rows that are read and never kept need no secret
    file = seeds.read(path, secret=bytes(32), language=language)
    if file.quarantined:
        reasons = seeds.count_reasons(file.quarantined)
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        progress.warn(f"{path.name}: {len(file.quarantined):,} rows left out: {told}")
    by_id = {utterance.id: utterance for utterance in file.utterances}
    # a row that is there twice counts twice here
    found = [
        replace(by_id[row.id], id=f"{row.id}/{row.line}", origin=origin, generation=_age(origin))
        for row in file.rows
    ]
    return corpus.to_table(_with_patterns(found))


def _of_run(path: Path) -> pa.Table | None:
    """A corpus that a run or `export --to parquet` wrote, with its dialogues; None if it is not."""
    import pyarrow.parquet as pq

    try:
        names = set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return None  # whoever reads it next says what is wrong
    if not {"dialogue_id", *_OURS} <= names:
        return None
    try:
        return corpus.read(path)
    except (pa.ArrowException, OSError) as error:  # whose words may quote a cell
        raise SeedError(
            "has the columns of a corpus, but not what stands in them",
            where=str(path),
            fix="export it anew, or leave out the column `dialogue_id`: then it is read row by row",
        ) from error


def _of_parquet(path: Path) -> Iterable[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise SeedError(f"is no Parquet: {error}", where=str(path), fix=f"give {FORMS}") from error
    yield from table.to_pylist()


def _of_dataset(path: Path) -> Iterable[dict[str, Any]]:
    return (row for _, row in hub.rows(path, Options()))


def _utterance(row: dict[str, Any], name: str, origin: str, language: str) -> Utterance | str:
    """A row as an utterance, or the reason why it cannot be read."""
    for field in _TEXTS:
        if not isinstance(row.get(field), str | None):
            return f"{field}_not_text"
    own = row.get("origin") or origin
    given = {**row, "origin": own}
    if isinstance(row.get("intent"), int):  # a class by its number
        given["intent"] = str(row["intent"])
    age = row.get("generation")
    if isinstance(age, float) and age.is_integer():  # a column in which some are missing
        given["generation"] = int(age)
    one = seeds.utterance(given, row.get("language") or language)
    if isinstance(one, str):
        return one
    return replace(
        one,
        id=str(row.get("id") or name),
        pattern=row.get("pattern"),
        origin=own,
        generation=one.generation or _age(own),
        split=row.get("split"),
    )


def _age(origin: str) -> int:
    return 0 if origin == "seed" else 1


def _with_patterns(rows: list[Utterance]) -> list[Utterance]:
    """The rows with a pattern each; one that no pattern can be written for keeps none."""
    bare = [row for row in rows if row.pattern is None]
    try:
        made = scrub.unscrubbed(bare).patterns
    except TextsynthError:
        return rows
    written = iter([patterns.render(one.pattern) for one in made])
    return [replace(row, pattern=next(written)) if row.pattern is None else row for row in rows]
