"""A folder that `datasets.load_dataset` opens: Parquet for each split, and a dataset card.

Its configurations are the single utterances, the same rows as tokens with tags, the dialogues, and
the same dialogues as messages of a chat; each is there where the corpus has such rows. The features
stand in the Parquet files and in the card, so that the folder opens alike from a disk and from the
hub.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from textsynth.corpus import SCHEMA, WORD, count_by, turns
from textsynth.errors import ExportError
from textsynth.export import (
    About,
    ExportReport,
    beforehand,
    license_id,
    nested,
    reads_dialogues,
    require_shard_rows,
    single_utterances,
    tagged,
)
from textsynth.export.card import (
    CARD,
    DIALOGUES,
    FOLDERS,
    MESSAGES,
    SPLITS,
    TOKENS,
    UTTERANCES,
    Config,
    Part,
    render,
)
from textsynth.export.cardmerge import is_ours
from textsynth.export.target import REPORT, Job, foreign, replacing, require_rows

# columns that are left out of the utterances: of dialogues, and the name of the file
_NOT_HERE = ("dialogue_id", "turn", "speaker", "act", "state", "dialogue", "split")
_CHAT = ("dialogue_id", "flow", "outcome", "messages")
# a file of rows, by its place in the folder
SHARD = re.compile(
    rf"(?:{'|'.join(FOLDERS.values())})/(?:{'|'.join(SPLITS)})-\d{{5}}-of-\d{{5}}\.parquet"
)

# a row group is what a stream fetches at once
_ROW_GROUP = 10_000
_NOT_SHARDS = (CARD, REPORT, *FOLDERS.values())


@reads_dialogues
@beforehand(require_shard_rows)
def export(
    corpus: pa.Table,
    folder: Path,
    about: About,
    *,
    tokens: bool = True,
    shard_rows: int = 100_000,
) -> ExportReport:
    """Write a folder that `datasets.load_dataset` opens, with a dataset card.

    `intent` becomes a `ClassLabel` with the same sorted names in every split; `origin` stays a
    string, since people filter by it and nobody predicts it. A split without rows gets no file;
    `intent` is left out where it is null throughout. Rows keep their order. A dataset that was
    exported here before is replaced; a folder with anything else in it is refused. `shard_rows` is
    the most rows a Parquet file holds.

    With `tokens`, and where there are slots, a second configuration `tokens` has the rows as tokens
    with a tag in IOB2 each (`List(ClassLabel)`), without those whose slots are no whole tokens.

    Turns of dialogues are not among the utterances: `dialogues` has a row for each dialogue with
    its turns as structs, and `messages` one with its turns as a chat. Where there are dialogues
    alone, `dialogues` is what is loaded without a name.

    Raises:
        ExportError: no rows, a row without a known split, turns that make no dialogues (see
            `dialogues.bounds`), a licence that is no id, or a folder that is not ours or cannot be
            written.
    """
    license_ = license_id(about.license)
    require_shard_rows(about, shard_rows=shard_rows)
    _counts(corpus)
    with replacing(folder, _fault) as temporary:
        job = Job("huggingface", folder, temporary, written=corpus.num_rows)
        configs = []
        utterances = single_utterances(corpus)
        if utterances.num_rows:
            features = _features(utterances)
            configs += [_write(utterances, temporary, UTTERANCES, features, _columns, shard_rows)]
            if tokens:
                configs += _tokens_config(utterances, job, features.get("intent"), shard_rows)
        if utterances.num_rows < corpus.num_rows:
            configs += _dialogue_configs(turns(corpus), temporary, shard_rows)
        job.write_text(CARD, render(corpus, configs, about, license_))
        job.finish()
    return job.report()


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
    others = [name for name in there if name not in _NOT_SHARDS and not SHARD.fullmatch(name)]
    if others:
        return foreign(others)
    return None if _is_our_card(target / CARD) else "the folder holds another dataset"


def _is_our_card(card: Path) -> bool:
    try:
        return is_ours(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ExportError):
        return False


def _tokens_config(corpus: pa.Table, job: Job, intent: Any, shard_rows: int) -> list[Config]:
    """The configuration of tokens, written; none where no row has a slot."""
    rows, labels, refused = tagged.taggable(corpus)
    if refused:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in refused.items())
        job.note(f"rows that are not in the configuration `{TOKENS}`: {rules}")
    if not labels:
        return []
    features = tagged.features(labels, intent)
    return [_write(rows, job.at, TOKENS, features, _token_columns, shard_rows)]


def _dialogue_configs(turns: pa.Table, folder: Path, shard_rows: int) -> list[Config]:
    """The configurations of dialogues, written."""
    from datasets import Features

    dialogues = nested.nest(turns)
    found = {c.name: _feature(c.type) for c in nested.DIALOGUES if c.name != "split"}
    annotated = Features({name: found[name] for name in found if name != "messages"})
    chat = Features({name: found[name] for name in _CHAT})
    return [
        _write(dialogues, folder, name, features, _as_they_are, shard_rows)
        for name, features in ((DIALOGUES, annotated), (MESSAGES, chat))
    ]


def _write(
    corpus: pa.Table,
    folder: Path,
    name: str,
    features: Any,
    columns: Callable[[pa.Table, Any], Mapping[str, Any]],
    shard_rows: int,
) -> Config:
    """The Parquet files of a configuration; `columns` gives those of a shard, by name."""
    place = FOLDERS[name]
    (folder / place).mkdir()
    schema = features.arrow_schema  # which carries the features as metadata
    parts = []
    for split, rows in _counts(corpus).items():
        size = 0
        shards = -(-rows // shard_rows)
        for number, shard in enumerate(_shards(corpus, split, shard_rows)):
            found = columns(shard, features)
            encoded = pa.table([found[c.name].cast(c.type) for c in schema], schema=schema)
            file = folder / place / f"{split}-{number:05d}-of-{shards:05d}.parquet"
            pq.write_table(encoded, file, compression="zstd", row_group_size=_ROW_GROUP)
            size += encoded.nbytes
        parts.append(Part(split, rows, size))
    return Config(name, place, features, tuple(parts))


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
    features: dict[str, Any] = {}
    for column in SCHEMA:
        if column.name == "intent":
            features |= {"intent": ClassLabel(names=names)} if names else {}
        elif column.name not in _NOT_HERE:
            features[column.name] = _feature(column.type)
    return Features(features)


def _feature(kind: pa.DataType) -> Any:
    from datasets import List, Value

    if pa.types.is_list(kind):
        return List(_feature(kind.value_type))
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return Value("string" if kind == WORD else str(kind))


def _as_they_are(rows: pa.Table, features: Any) -> dict[str, Any]:
    return {name: rows.column(name) for name in features}


def _columns(rows: pa.Table, features: Any) -> dict[str, Any]:
    """The columns of some rows, by name; intents by their place among the names."""
    found = _as_they_are(rows, features)
    if "intent" in features:
        names = pa.array(features["intent"].names, pa.string())
        found["intent"] = pc.index_in(pc.cast(found["intent"], pa.string()), value_set=names)
    return found


def _token_columns(rows: pa.Table, features: Any) -> dict[str, Any]:
    words, marks = tagged.encode(rows, features)
    kept = {name: feature for name, feature in features.items() if name in rows.column_names}
    return {**_columns(rows, kept), "tokens": words, "tags": marks}
