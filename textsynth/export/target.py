"""Where exporters write: a folder written whole, refused rows by rule, the report, and names made
valid with the way back.

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
from typing import IO, Any

import pyarrow as pa

from textsynth import keyed
from textsynth.errors import ExportError
from textsynth.export import ExportReport

REPORT = "export-report.json"
NAMES = "names.json"
MOST_IDS = 1_000  # ids of refused rows that the report names, for each rule

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: equal exports are equal bytes
_WORDS = re.compile(r"[0-9A-Za-z]+")
# What YAML reads in quotes only as an escape, or takes for a line end; `_encode` does the rest.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
