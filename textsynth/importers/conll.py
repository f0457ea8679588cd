"""CoNLL files: a token and its tag on each line, an empty line after each sentence.

Tags are IOB1, IOB2 or BIOES (BILOU), read as `conlleval` reads them (Tjong Kim Sang and Buchholz
2000): a span begins at B, S or U, after O, E, L or S, and where the label changes. Comments before
a sentence give its intent, `# intent = x`, and its text, `# text = …`; without one the text is the
tokens joined by spaces.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import SeedError
from textsynth.importers.examples import Notes, Options, Span
from textsynth.importers.source import named, split_of

SUFFIXES = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".txt", ".tsv")
MOST_TOKENS = 100_000  # of a sentence
MOST_BYTES = 10_000_000  # of a line
_COMMENT = re.compile(r"#\s?(\w+)\s*=\s?(.*)")
_BLANKS = re.compile(" +")
_TAG = re.compile(r"([BIESLU])-(.+)")
_BEGINS, _ENDS = "BSU", "ESLU"


@dataclasses.dataclass(slots=True)
class Tags:
    """What the tags of a file are: repairs are none where it is IOB1 throughout."""

    begun: bool = False  # a B- where IOB1 has none
    repaired: list[str] = dataclasses.field(
        default_factory=list
    )  # places of spans that begin with I-


@dataclasses.dataclass(slots=True)
class _Sentence:
    where: str
    rows: list[list[str]] = dataclasses.field(default_factory=list)
    comments: dict[str, str] = dataclasses.field(default_factory=dict)
    fault: str | None = None

    @property
    def is_one(self) -> bool:
        """Whether it is more than comments about a file."""
        return bool(self.rows or self.fault or "text" in self.comments)


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The sentences of a file or folder as rows; files of a folder that are called after a split
    are of it. `options.columns` may say where `token` and `tag`
    stand, counted from 0, from the end below it: the first and the last column, otherwise.

    Raises:
        SeedError: no such columns, or a file that cannot be read.
    """
    token, tag = (_column(options, "token", 0), _column(options, "tag", -1))
    for file, name in named(path, SUFFIXES):
        tags = Tags()
        for sentence in _sentences(file, name):
            row = _utterance(sentence, token, tag, tags, notes)
            if row is not None:
                yield dataclasses.replace(row, split=split_of(name) if path.is_dir() else None)
        if tags.begun and tags.repaired:
            message = f"{len(tags.repaired):,} spans begin with I-: read as if it were B-"
            notes.note(tags.repaired[0], message, "write B- on the first token of each span")


def spans_of(tags: Sequence[str], seen: Tags, where: str) -> list[tuple[int, int, str]] | None:
    """The spans (first token, token behind the last, label); None where a tag is invalid."""
    found: list[tuple[int, int, str]] = []
    before, label = "O", ""
    for at, tag in enumerate(tags):
        match = _TAG.fullmatch(tag)
        if match is None:
            if tag not in ("O", "_", "-"):
                return None
            before, label = "O", ""
            continue
        kind = match[1]
        goes_on = before != "O" and before not in _ENDS and label == match[2]
        if kind in _BEGINS or not goes_on:
            found.append((at, at + 1, match[2]))
            if kind in "IEL":
                seen.repaired.append(where)
            elif not goes_on:
                seen.begun = True
        else:
            found[-1] = (found[-1][0], at + 1, match[2])
        before, label = kind, match[2]
    return found


def _sentences(path: Path, name: str) -> Iterator[_Sentence]:
    sentence = _Sentence(f"{name}:1")
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MOST_BYTES):
                number += 1
                if not _add(line, number == 1, sentence):
                    if sentence.is_one:
                        yield sentence
                    sentence = _Sentence(f"{name}:{number + 1}")
                elif not sentence.rows and not sentence.comments and not sentence.fault:
                    sentence = _Sentence(f"{name}:{number + 1}")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise SeedError(message, where=name, fix="check path and rights") from error
    if sentence.is_one:
        yield sentence


def _add(line: bytes, first: bool, sentence: _Sentence) -> bool:
    """Add a line to a sentence; False where it ends it."""
    if len(line) >= MOST_BYTES or len(sentence.rows) >= MOST_TOKENS:
        sentence.fault = sentence.fault or "sentence_too_long"
        return bool(line.strip())
    try:
        text = line.decode("utf-8-sig" if first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        sentence.fault = sentence.fault or "bytes_not_utf8"
        return True
    if not text.strip():
        return False
    comment = _COMMENT.fullmatch(text) if not sentence.rows else None
    if comment:
        sentence.comments.setdefault(comment[1], comment[2])
        return True
    # not any white space: a token may hold a no-break space
    cells = text.split("\t") if "\t" in text else _BLANKS.split(text.strip(" "))
    if cells[0] == "-DOCSTART-":
        return True
    if len(cells) > 1 or not text.startswith("#"):  # otherwise some other comment
        sentence.rows.append(cells)
    return True


def _utterance(
    sentence: _Sentence, token: int, tag: int, tags: Tags, notes: Notes
) -> Utterance | None:
    tokens = [_cell(cells, token) for cells in sentence.rows]
    told = [_cell(cells, tag) if len(cells) > 1 else None for cells in sentence.rows]
    if sentence.fault or not tokens or None in tokens or None in told:
        notes.refuse(sentence.fault or "tags_missing", sentence.where)
        return None
    words = [word for word in tokens if word is not None]
    return from_tags(
        words,
        [one for one in told if one is not None],
        sentence.comments.get("text"),
        sentence.comments.get("intent"),
        tags,
        sentence.where,
        notes,
    )


def from_tags(
    words: Sequence[str],
    tags: Sequence[str],
    text: str | None,
    intent: object,
    seen: Tags,
    where: str,
    notes: Notes,
) -> Utterance | None:
    """A row of tokens and their tags; None where it is refused."""
    said = " ".join(words) if text is None else text
    spans, places = spans_of(tags, seen, where), _places(said, words)
    if spans is None or places is None:
        notes.refuse("tag_invalid" if spans is None else "tokens_not_in_text", where)
        return None
    slots: list[Span] = [
        (places[start][0], places[end - 1][1], label, None) for start, end, label in spans
    ]
    return notes.utterance(where, said, intent, slots)


def _places(text: str, words: Iterable[str]) -> list[tuple[int, int]] | None:
    """Where each token stands in the text, with nothing but white space between; None where one
    does not."""
    found, at = [], 0
    for word in words:
        start = text.find(word, at)
        if start < 0 or text[at:start].strip():
            return None
        at = start + len(word)
        found.append((start, at))
    return None if text[at:].strip() else found


def _cell(cells: Sequence[str], column: int) -> str | None:
    return cells[column] if -len(cells) <= column < len(cells) else None


def _column(options: Options, name: str, default: int) -> int:
    told = options.columns.get(name, str(default))
    try:
        return int(told)
    except ValueError:
        fix = f"count columns from 0, or from the end below it: {name}={default}"
        raise SeedError(f"the column {name} is {told!r}", where="columns", fix=fix) from None
