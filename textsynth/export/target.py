"""What exporters share: a folder written whole, refused rows by rule, names made valid with the way
back, the values of slots, sampling down to a limit, and rows read batch by batch.

An exporter opens `writing(...)` and does its work inside. It refuses rows by the snake_case name of
the rule that they break; rules that several targets have go by one name: `no_intent`,
`text_has_newline`, `text_too_long`, `duplicate_text`, `too_few_examples`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textsynth import keyed
from textsynth.corpus import SCHEMA, WORD, Slot, count_by
from textsynth.errors import ExportError
from textsynth.export import ExportReport

REPORT = "export-report.json"
NAMES = "names.json"
MOST_IDS = 1_000  # ids of refused rows that the report names, for each rule
BATCH_ROWS = 16_384

_ROW = ("id", "text", "intent", "slots", "split")
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: equal exports are equal bytes
_WORDS = re.compile(r"[0-9A-Za-z]+")
# What YAML reads in quotes only as an escape, or takes for a line end; `_encode` does the rest.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Row(NamedTuple):
    """A row as exporters read it; `position` is its place in the corpus."""

    position: int
    id: str
    text: str
    intent: str | None
    slots: tuple[Slot, ...]
    split: str | None


# -- one export on its way ------------------------------------------------------------------------


@dataclass(slots=True)
class Job:
    """An export on its way; `writing` makes it and turns it into the report.

    Attributes:
        format: the exporter's name in the registry.
        folder: where the result will lie (for messages).
        at: the temporary folder that is written to.
        written: rows written; the exporter sets it.
        refused: rows left out, by rule.
        refused_ids: the first `MOST_IDS` of their ids.
        sampled: what was sampled down, by the limit: (kept, of).
        notes: what a reader of the export should know, a sentence each.
        names: by kind (`intents`, `slots`, `values`), the name in the corpus -> the name written.
        back: by kind, further names written -> the name in the corpus, where it has several.
        unit: what is written and refused: a `row` of a corpus, a `sentence` of a grammar, or a
            `dialogue`.
    """

    format: str
    folder: Path
    at: Path
    written: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_ids: dict[str, list[str]] = field(default_factory=dict)
    sampled: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    names: dict[str, Mapping[str, str]] = field(default_factory=dict)
    back: dict[str, Mapping[str, str]] = field(default_factory=dict)
    unit: str = "row"

    def refuse(self, rule: str, id: str) -> None:
        """Leave a row (or sentence) out."""
        self.refused[rule] += 1
        if self.refused[rule] <= MOST_IDS:
            self.refused_ids.setdefault(rule, []).append(id)

    def note(self, sentence: str) -> None:
        """Say something in the report, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def begin_again(self) -> None:
        """Forget what was refused and noted, and remove what was written."""
        self.refused.clear()
        self.refused_ids.clear()
        self.notes.clear()
        shutil.rmtree(self.at)
        self.at.mkdir()

    def open(self, name: str) -> IO[str]:
        """A text file of the export, UTF-8 with line ends as written; its folders are made."""
        path = self.at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")

    def write_text(self, name: str, text: str) -> None:
        """A whole text file of the export."""
        with self.open(name) as file:
            file.write(text)

    def write_json(self, name: str, data: Any) -> None:
        """A JSON file of the export; keys stay in their order."""
        self.write_text(name, as_json(data))

    def write_zip(self, name: str, files: Mapping[str, str | Iterable[str]]) -> None:
        """A zip archive of text files, in the order given, each whole or in pieces; equal content
        gives equal bytes."""
        path = self.at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, text in files.items():
                info = zipfile.ZipInfo(inside, _DATE)
                if isinstance(text, str):
                    archive.writestr(info, text, zipfile.ZIP_DEFLATED)
                    continue
                info.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(info, "w", force_zip64=True) as file:
                    file.writelines(piece.encode("utf-8") for piece in text)

    def report(self) -> ExportReport:
        """What has been done."""
        return ExportReport(
            self.format,
            self.folder,
            self.written,
            dict(sorted(self.refused.items())),
            dict(self.sampled),
            tuple(self.notes),
            self.unit,
        )

    def finish(self) -> None:
        """Write the report and the way back of the names.

        Raises:
            ExportError: no row was written.
        """
        if not self.written:
            rules = ", ".join(f"{rule} ({rows})" for rule, rows in self.refused.most_common())
            raise ExportError(
                f"no {self.unit} can be written as {self.format}: {rules}",
                fix=f"change the {self.unit}s, or choose a format that holds them",
            )
        changed = {
            kind: dict(sorted((new, old) for old, new in names.items() if new != old))
            for kind, names in self.names.items()
        }
        for kind, names in self.back.items():
            changed[kind] = dict(sorted({**changed.get(kind, {}), **names}.items()))
        if any(changed.values()):
            self.write_json(NAMES, {kind: names for kind, names in changed.items() if names})
        files = sorted(
            path.relative_to(self.at).as_posix() for path in self.at.rglob("*") if path.is_file()
        )
        self.write_json(
            REPORT,
            {
                "format": self.format,
                "written": self.written,
                "refused": dict(sorted(self.refused.items())),
                "refused_ids": dict(sorted(self.refused_ids.items())),
                "sampled": {
                    limit: {"kept": kept, "of": rows}
                    for limit, (kept, rows) in self.sampled.items()
                },
                "notes": self.notes,
                "files": files,
            },
        )


@contextmanager
def writing(format: str, corpus: pa.Table, folder: Path, *, unit: str = "row") -> Iterator[Job]:
    """An export of `corpus` into `folder`, whole or not at all, with its `export-report.json`.

    An earlier export of the same format is replaced.

    Raises:
        ExportError: no rows, none that can be written, or a folder that holds something else or
            cannot be written.
    """
    require_rows(corpus)
    with _working(format, folder, unit) as job:
        yield job


@contextmanager
def writing_grammar(format: str, folder: Path) -> Iterator[Job]:
    """As `writing`, of the sentences of a grammar; ids are their places.

    Raises:
        ExportError: no sentence that can be written, or a folder that holds something else or
            cannot be written.
    """
    with _working(format, folder, "sentence") as job:
        yield job


@contextmanager
def _working(format: str, folder: Path, unit: str) -> Iterator[Job]:
    with replacing(folder, lambda target, there: _fault(format, target, there)) as at:
        job = Job(format, folder, at, unit=unit)
        yield job
        job.finish()


def add_to_report(
    report: ExportReport, note: str, sampled: Mapping[str, tuple[int, int]]
) -> ExportReport:
    """The report of a finished export with something more to say, in its file too."""
    path = report.folder / REPORT
    data = json.loads(path.read_text(encoding="utf-8"))
    data["notes"].append(note)
    data["sampled"] |= {
        limit: {"kept": kept, "of": rows} for limit, (kept, rows) in sampled.items()
    }
    path.write_text(as_json(data), encoding="utf-8", newline="\n")
    return replace(report, notes=(*report.notes, note), sampled={**report.sampled, **sampled})


def require_rows(corpus: pa.Table) -> None:
    """Raises:
    ExportError: the corpus is empty.
    """
    if corpus.num_rows == 0:
        raise ExportError(
            "the corpus has no rows",
            fix="see why every row was rejected, then loosen that filter or give more seeds",
        )


def quoted(text: str) -> str:
    """A text as a JSON string that is YAML too: what YAML does not take as it is, escaped."""
    return _NOT_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", _encode(text))


def as_json(data: Any) -> str:
    """JSON for people: indented, not escaped, a line feed at the end."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


# -- folders --------------------------------------------------------------------------------------


@contextmanager
def replacing(folder: Path, fault: Callable[[Path, list[str]], str | None]) -> Iterator[Path]:
    """A new folder beside `folder`, which takes its place in the end; after an error nothing has
    changed.

    `fault(folder, names)` says why a folder that holds these files and folders must stay.

    Raises:
        ExportError: it must stay, is a file, or cannot be written.
    """
    target = folder.resolve()
    if target.exists():
        if not target.is_dir():
            raise ExportError("this is a file", where=str(target), fix="choose a folder")
        there = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
        reason = fault(target, there) if there else None
        if reason:
            fix = "choose an empty folder, or move what is there"
            raise ExportError(reason, where=str(target), fix=fix)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _swap(temporary, target)
    except OSError as error:
        raise ExportError(
            f"the export cannot be written: {error.strerror or error}",
            where=str(folder),
            fix="choose a folder that can be written, on a disk with room",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def foreign(names: Sequence[str]) -> str:
    """The fault of a folder that holds these files of somebody else."""
    return f"the folder holds {names[0]!r}, which no export wrote"


def _fault(format: str, target: Path, there: Sequence[str]) -> str | None:
    """Why a folder is no earlier export of this format, which its report would tell."""
    try:
        report = json.loads((target / REPORT).read_text(encoding="utf-8"))
        files, told = [*report["files"], REPORT], report["format"]
        ours = {str(path) for name in files for path in (Path(name), *Path(name).parents)}
    except (OSError, ValueError, KeyError, TypeError):
        return foreign(there)
    others = [name for name in there if name not in ours]
    if others:
        return foreign(others)
    return None if told == format else f"the folder holds an export of the format {told!r}"


def _swap(temporary: Path, target: Path) -> None:
    """Put the new folder in the place of the old one, or leave the old one there."""
    if not target.exists():
        os.rename(temporary, target)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    os.rename(target, old)
    try:
        os.rename(temporary, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


# -- rows -----------------------------------------------------------------------------------------


def rows(corpus: pa.Table) -> Iterator[Row]:
    """The rows in order; one batch at a time is in memory as Python objects."""
    position = 0
    for batch in batches(corpus, _ROW):
        for columns in zip(*batch.values(), strict=True):
            yield Row(position, *columns)
            position += 1


def rows_by_intent(corpus: pa.Table) -> Iterator[tuple[str | None, Iterator[Row]]]:
    """Each intent, in the order of their names (None first), with its rows in order; use up the
    rows of one before the next."""
    names: list[str | None] = [key[0] for key in count_by(corpus, "intent")]
    column = corpus.column("intent").cast(pa.string())
    codes = pc.index_in(column, value_set=pa.array(names, pa.string())).to_numpy()
    parts = corpus.select(_ROW).to_batches(max_chunksize=BATCH_ROWS)
    for code, name in enumerate(names):
        yield name, _rows_of(parts, codes == code)


def _rows_of(parts: Sequence[pa.RecordBatch], mask: npt.NDArray[np.bool_]) -> Iterator[Row]:
    """The rows of the batches at which `mask` is true."""
    start = 0
    for part in parts:
        places = np.flatnonzero(mask[start : start + part.num_rows])
        if places.size:
            chosen = part.take(pa.array(places))
            columns = [_values(name, chosen.column(name)) for name in _ROW]
            yield from map(Row, (places + start).tolist(), *columns)
        start += part.num_rows


def batches(
    corpus: pa.Table, columns: Sequence[str], *, slot: Callable[[int, int, str, str], Any] = Slot
) -> Iterator[dict[str, list[Any]]]:
    """Some columns as Python lists of equal length, batch by batch.

    Slots are tuples, in the order of the text, of what `slot` makes of start, end, label and value;
    a state is a tuple of (slot, value), or None.
    """
    for batch in corpus.select(columns).to_batches(max_chunksize=BATCH_ROWS):
        yield {name: _values(name, batch.column(name), slot) for name in columns}


def _values(name: str, array: pa.Array, slot: Callable[..., Any] = Slot) -> list[Any]:
    if name == "slots":
        return _slots(array, slot)
    if name == "state":
        return _state(array)
    if SCHEMA.field(name).type == WORD:
        array = array.cast(pa.string())
    # `to_pylist` makes a scalar of each value first, which takes ten times as long
    plain = pa.types.is_string(array.type) or not array.null_count
    if pa.types.is_nested(array.type) or not plain:
        values: list[Any] = array.to_pylist()
        return values
    return _plain(array)


def _slots(array: pa.Array, slot: Callable[..., Any]) -> list[tuple[Any, ...]]:
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    flat = array.flatten()
    starts = flat.field("start").to_numpy(zero_copy_only=False)
    first = np.zeros(len(starts) + 1, bool)
    first[0] = first[ends] = True
    if (np.diff(starts) < 0)[~first[1:-1]].any():
        order = np.lexsort((starts, np.repeat(np.arange(len(sizes)), sizes)))
        flat = flat.take(pa.array(order))
    fields = [_plain(flat.field(name)) for name in ("start", "end", "label", "value")]
    made = list(map(slot, *fields))
    found, at = [], 0
    for end in ends.tolist():
        found.append(tuple(made[at:end]))
        at = end
    return found


def _state(array: pa.Array) -> list[tuple[tuple[str, str], ...] | None]:
    flat = array.flatten()
    made = list(zip(_plain(flat.field("slot")), _plain(flat.field("value")), strict=True))
    found: list[tuple[tuple[str, str], ...] | None] = []
    at = 0
    for size in pc.fill_null(pc.list_value_length(array), -1).to_pylist():
        found.append(None if size < 0 else tuple(made[at : at + size]))
        at += max(size, 0)
    return found


def _plain(array: pa.Array) -> list[Any]:
    values: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return values


def keep(corpus: pa.Table, positions: npt.ArrayLike) -> pa.Table:
    """The rows at these positions, in this order, without the columns that exporters seldom read
    (pattern, parents, dialogue, scores)."""
    wanted = ["id", "text", "intent", "slots", "language", "origin", "generation", "split"]
    return corpus.select(wanted).take(pa.array(np.asarray(positions, dtype=np.int64)))


# -- names ----------------------------------------------------------------------------------------


def valid_names(
    names: Iterable[str], clean: Callable[[str], str], what: str = "intent"
) -> dict[str, str]:
    """The name that each of these is written by: itself as `clean` makes it.

    Raises:
        ExportError: two of them would be written alike.
    """
    found: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in sorted(set(names)):
        new = clean(name)
        if taken.setdefault(new, name) != name:
            raise ExportError(
                f"the {what}s {taken[new]!r} and {name!r} would both be written as {new!r}",
                fix=f"rename one {what}",
            )
        found[name] = new
    return found


def words(name: str) -> list[str]:
    """The ASCII words of a name: `set colour`, `setColour` and `set-coloür` are `set`, `colour`. A
    name that has none is spelled by its hash, as `x` and seven letters."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    found = _WORDS.findall(_CAPITAL.sub(" ", plain))
    if found:
        return found
    digest = int(keyed.content_id(name), 16)
    return ["x" + "".join(chr(97 + digest // 26**place % 26) for place in range(7))]


def camel(name: str) -> str:
    """A name as `SetColour`."""
    return "".join(word[0].upper() + word[1:] for word in words(name))


def snake(name: str) -> str:
    """A name as `set_colour`."""
    return "_".join(word.lower() for word in words(name))


# -- values ---------------------------------------------------------------------------------------


def slot_types(corpus: pa.Table) -> dict[str, dict[str, list[str]]]:
    """What the slots hold: label -> canonical value -> surfaces, as seen in the corpus.

    Labels are sorted; values and surfaces come the most frequent first, so that a limit keeps
    those. A surface may stand under several values, and need not be among its own value's surfaces.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for batch in batches(corpus, ("text", "slots")):
        counts.update(
            (slot.label, slot.value, text[slot.start : slot.end])
            for text, slots in zip(batch["text"], batch["slots"], strict=True)
            for slot in slots
        )
    of_value: Counter[tuple[str, str]] = Counter()
    for (label, value, _), count in counts.items():
        of_value[label, value] += count
    types: dict[str, dict[str, list[str]]] = {}
    for label, value in sorted(of_value, key=lambda key: (key[0], -of_value[key], key[1])):
        types.setdefault(label, {})[value] = []
    for label, value, surface in sorted(counts, key=lambda key: (-counts[key], key)):
        types[label][value].append(surface)
    return types


# -- sampling -------------------------------------------------------------------------------------


def sample(
    corpus: pa.Table, *, total: int | None = None, per_intent: int | None = None, seed: int = 0
) -> list[int]:
    """Positions, in order, of at most so many rows in all and of each intent.

    Stratified: intents keep their shares of what `per_intent` leaves, and at least one row where
    `total` has room. Which rows is decided by a keyed hash of their ids, whatever their order.
    """
    ids: list[str] = []
    places: dict[str | None, list[int]] = {}
    for batch in batches(corpus, ("id", "intent")):
        for position, intent in enumerate(batch["intent"], start=len(ids)):
            places.setdefault(intent, []).append(position)
        ids.extend(batch["id"])
    sizes = {
        intent: len(found) if per_intent is None else min(len(found), per_intent)
        for intent, found in places.items()
    }
    if total is not None and sum(sizes.values()) > total:
        sizes = allot(sizes, total)
    key = keyed.stream(seed, "export", "sample")
    chosen: list[int] = []
    for intent, found in places.items():
        order = keyed.order(key, [ids[at] for at in found])
        chosen.extend(found[at] for at in order[: sizes[intent]])
    return sorted(chosen)


def allot(sizes: Mapping[str | None, int], total: int) -> dict[str | None, int]:
    """`total` shared out in proportion to `sizes` by largest remainders, but at least one to each
    that has any where there are enough; none gets more than its size."""
    whole = sum(sizes.values())
    if total >= whole:
        return dict(sizes)
    names = sorted((name for name in sizes if sizes[name]), key=lambda name: (name or "", name))
    least = int(total >= len(names))
    shares = {name: total * sizes[name] / whole for name in names}
    given = {name: max(int(shares[name]), least) for name in names}
    while sum(given.values()) > total:
        given[max(names, key=lambda name: (given[name] > least, given[name] - shares[name]))] -= 1
    missing = total - sum(given.values())
    for name in sorted(names, key=lambda name: given[name] - shares[name])[:missing]:
        given[name] += 1
    return {name: given.get(name, 0) for name in sizes}
