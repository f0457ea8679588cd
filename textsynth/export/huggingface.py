"""A folder that `datasets.load_dataset` opens: Parquet for each split, and a dataset card.

The features stand in the Parquet files and in the card, so that the folder opens alike from a disk
and from the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from textsynth.corpus import SCHEMA, WORD, count_by
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport, license_id
from textsynth.export.card import SPLITS, TAGS, Config, Part, render
from textsynth.export.target import foreign, replacing, require_rows

DIALOGUE = ("dialogue_id", "turn", "speaker", "act", "state")
CARD = "README.md"

# a row group is what a stream fetches at once
_ROW_GROUP = 10_000
_OURS = re.compile(rf"{CARD}|data|data/(?:{'|'.join(SPLITS)})-\d{{5}}-of-\d{{5}}\.parquet")


def export(
    corpus: pa.Table, folder: Path, about: About, *, shard_rows: int = 100_000
) -> ExportReport:
    """Write a folder that `datasets.load_dataset` opens, with a dataset card.

    `intent` becomes a `ClassLabel` with the same sorted names in every split; `origin` stays a
    string, since people filter by it and nobody predicts it. A split without rows gets no file;
    columns of dialogues, and `intent`, are left out where they are null throughout. Rows keep their
    order. A dataset that was exported here before is replaced; a folder with anything else in it is
    refused. `shard_rows` is the most rows a Parquet file holds.

    Raises:
        ExportError: no rows, a row without a known split, a licence that is no id, or a folder that
            is not ours or cannot be written.
    """
    license_ = license_id(about.license)
    if shard_rows < 1:
        raise ExportError(f"shard_rows is {shard_rows}", fix="give 1 or more")
    counts = _counts(corpus)
    with replacing(folder, _fault) as temporary:
        (temporary / "data").mkdir()
        config = _write_utterances(corpus, temporary, shard_rows, counts)
        card = render(corpus, [config], about, license_)
        (temporary / CARD).write_text(card, encoding="utf-8", newline="\n")
    return ExportReport("huggingface", folder, corpus.num_rows)


def _counts(corpus: pa.Table) -> dict[str, int]:
    """Rows of each split that has any, in the order of `SPLITS`."""
    require_rows(corpus)
    found = {key[0]: rows for key, rows in count_by(corpus, "split").items()}
    for split, rows in found.items():
        if split not in SPLITS:
            what = "no split" if split is None else f"the split {split!r}"
            raise ExportError(
                f"{rows} rows have {what}", fix=f"give each row one of {', '.join(SPLITS)}"
            )
    return {split: found[split] for split in SPLITS if split in found}


def _fault(target: Path, there: list[str]) -> str | None:
    """Why a folder is no dataset that was exported here."""
    others = [name for name in there if not _OURS.fullmatch(name)]
    if others:
        return foreign(others)
    return None if _is_our_card(target / CARD) else "the folder holds another dataset"


def _is_our_card(card: Path) -> bool:
    import yaml

    try:
        _, opening, rest = card.read_text(encoding="utf-8").partition("---\n")
        data = yaml.safe_load(rest.partition("\n---\n")[0]) if opening else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(data, dict) and set(TAGS) <= set(data.get("tags") or ())


def _write_utterances(
    corpus: pa.Table, folder: Path, shard_rows: int, counts: Mapping[str, int]
) -> Config:
    features = _features(corpus)
    parts = []
    for split, rows in counts.items():
        size = 0
        shards = -(-rows // shard_rows)
        for number, shard in enumerate(_shards(corpus, split, shard_rows)):
            encoded = _encode(shard, features)
            name = f"{split}-{number:05d}-of-{shards:05d}.parquet"
            pq.write_table(
                encoded, folder / "data" / name, compression="zstd", row_group_size=_ROW_GROUP
            )
            size += encoded.nbytes
        parts.append(Part(split, rows, size))
    return Config("default", "data", features, tuple(parts))


def _shards(corpus: pa.Table, split: str, shard_rows: int) -> Iterable[pa.Table]:
    """The rows of a split in order, so many at a time; only one shard is in memory."""
    mask = pc.equal(corpus.column("split"), split)
    places = pc.indices_nonzero(mask)
    for at in range(0, len(places), shard_rows):
        chosen = places.slice(at, shard_rows)
        low, high = chosen[0].as_py(), chosen[-1].as_py() + 1
        yield corpus.slice(low, high - low).filter(mask.slice(low, high - low))


def _features(corpus: pa.Table) -> Any:
    """The `datasets.Features` of what is exported."""
    from datasets import ClassLabel, Features

    names = [key[0] for key in count_by(corpus, "intent") if key[0] is not None]
    features = {}
    for column in SCHEMA:
        optional = column.name in (*DIALOGUE, "intent")
        silent = optional and corpus.column(column.name).null_count == corpus.num_rows
        if column.name == "intent" and names:
            features["intent"] = ClassLabel(names=names)
        elif column.name != "split" and not silent:
            features[column.name] = _feature(column.type)
    return Features(features)


def _feature(kind: pa.DataType) -> Any:
    from datasets import List, Value

    if pa.types.is_list(kind):
        return List(_feature(kind.value_type))
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return Value("string" if kind == WORD else str(kind))


def _encode(rows: pa.Table, features: Any) -> pa.Table:
    """The rows in the types of the features, which their schema carries as metadata."""
    schema = features.arrow_schema
    columns = []
    for column in schema:
        values = rows.column(column.name)
        if column.name == "intent":
            names = pa.array(features["intent"].names, pa.string())
            values = pc.index_in(pc.cast(values, pa.string()), value_set=names)
        columns.append(values.cast(column.type))
    return pa.table(columns, schema=schema)
