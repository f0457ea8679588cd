"""Seed corpora: files of real utterances, read row by row; bad rows go to quarantine with a reason.

A row is a JSON object with `text`, optionally `intent` (text) and `slots` (a list of objects with
`start`, `end`, `label` and optionally `value`). Offsets are Python character offsets, end
exclusive. Where no row has an intent the corpus is one class, `all`.

A row may say that it was made: by `generation` (0: somebody wrote it; n + 1: made from rows of
generation n) or, as the rows of a dataset that was generated do, by its `origin`. It may say by
`split` that it is kept for testing. Other keys are ignored.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from textsynth import keyed, linefile
from textsynth.corpus import MOST_GENERATIONS, Slot, Utterance, fold, span_fault
from textsynth.errors import SeedError
from textsynth.patterns import LABEL

ONE_CLASS = "all"
SUFFIXES = (".jsonl", ".jsonl.gz")
# Origins of rows that nobody wrote; of a row without `generation` they say that it is 1.
MADE = ("template", "model", "name")
# Splits of rows that people test on, in the words of the datasets there are.
TESTED = ("validation", "valid", "val", "dev", "test")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that was not read: where, why, and the keyed hash of its bytes (of a line that is too
    long, of its beginning), never its text."""

    file: str
    line: int
    reason: str
    hash: str


@dataclass(frozen=True, slots=True)
class SeedRow:
    """A row as it stood in the file, and the id of the utterance that was made of it (equal rows
    share one). It holds raw seed text: for memory, never for a run folder."""

    line: int
    id: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SeedFile:
    """What a seed file holds: every row that is not blank is in `rows` or in `quarantined`, and
    `utterances` are the rows without the exact `duplicates`, each of its lowest `generation`."""

    utterances: list[Utterance]
    quarantined: list[Quarantined]
    duplicates: int
    rows: list[SeedRow]


class _RowError(Exception):
    """A row that cannot be read; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class SeedReader:
    """Reads the lines of one seed file, each by itself.

    `classed`: some row of the file has an intent, so that one without is in quarantine.
    """

    file: str
    language: str
    secret: bytes
    classed: bool = False

    def read(self, number: int, line: bytes) -> tuple[SeedRow, Utterance] | Quarantined:
        """One line of `lines`: the row and its utterance, whose id is "seed/" and a hash of the
        content keyed by the secret."""
        try:
            if is_long(line):
                raise _RowError("line_too_long")
            data = _object(line)
            utterance = _utterance(data, self.language)
        except _RowError as fault:
            return self.refuse(number, line, str(fault))
        if utterance.intent is None and self.classed:
            return self.refuse(number, line, "intent_missing")
        whole = replace(utterance, intent=utterance.intent or ONE_CLASS)
        whole = replace(whole, id=_id(whole, self.secret))
        return SeedRow(number, whole.id, data), whole

    def refuse(self, number: int, line: bytes, reason: str) -> Quarantined:
        """A line that goes to quarantine."""
        # Latin-1 gives every byte its own character, so that equal hashes mean equal lines.
        digest = keyed.secret_hash(self.secret, line.decode("latin-1"))
        return Quarantined(self.file, number, reason, digest)


def read(path: Path, *, secret: bytes, language: str, learnt: bool = False) -> SeedFile:
    """Read a seed corpus; ids are "seed/" and a hash of the content keyed by `secret`.

    Seeds that are `learnt` from are no rows of the splits `TESTED`, unless all are: those go to
    quarantine.

    Raises:
        SeedError: no such file, a kind of file that is not read, or no usable row in it.
    """
    reader = SeedReader(path.name, language, secret)
    read_lines = [_without_refused(reader, number, line) for number, line in lines(path)]
    found = [one[0].data for _, _, one in read_lines if not isinstance(one, Quarantined)]
    classed = any(map(has_intent, found))
    apart = learnt and not all(map(is_tested, found))
    quarantined: list[Quarantined] = []
    rows: list[SeedRow] = []
    unique: dict[str, Utterance] = {}
    for number, line, one in read_lines:
        if isinstance(one, Quarantined):
            quarantined.append(one)
        elif classed and not has_intent(one[0].data):
            quarantined.append(reader.refuse(number, line, "intent_missing"))
        elif apart and is_tested(one[0].data):
            quarantined.append(reader.refuse(number, line, "split_for_testing"))
        else:
            row, utterance = one
            try:
                made = generation(row.data)
            except _RowError as fault:
                quarantined.append(reader.refuse(number, line, str(fault)))
                continue
            rows.append(row)
            known = unique.setdefault(row.id, replace(utterance, generation=made))
            if made < known.generation:
                unique[row.id] = replace(known, generation=made)
    if not unique:
        raise nothing_left(path, quarantined)
    return SeedFile(list(unique.values()), quarantined, len(rows) - len(unique), rows)


def utterance(data: Mapping[str, Any], language: str) -> Utterance | str:
    """The utterance of a row that is at hand already, without an id; or the reason why it cannot be
    read."""
    try:
        return replace(_utterance(data, language), generation=generation(data))
    except _RowError as fault:
        return str(fault)


def has_intent(data: Mapping[str, Any]) -> bool:
    """Whether a row that was read has an intent."""
    return bool((data.get("intent") or "").strip())


def is_tested(data: Mapping[str, Any]) -> bool:
    """Whether a row says that it is of a split that people test on."""
    split = data.get("split")
    return isinstance(split, str) and split.strip().lower() in TESTED


def generation(data: Mapping[str, Any]) -> int:
    """The generation that a row says it is of; 0 where it says nothing."""
    told = data.get("generation")
    if told is not None and type(told) is not int:  # a bool is an int to isinstance
        raise _RowError("generation_not_integer")
    if told is not None and not 0 <= told <= MOST_GENERATIONS:
        raise _RowError("generation_out_of_range")
    origin = data.get("origin")
    return max(told or 0, int(isinstance(origin, str) and origin in MADE))


def split_holdout(
    utterances: Sequence[Utterance], share: float, seed: int
) -> tuple[list[Utterance], list[Utterance]]:
    """Set a share of each intent's real rows aside, chosen by keyed hash of the ids: (seeds,
    holdout), both in the order given. At least one real seed of each intent stays; synthetic rows
    all do. Rows whose texts count as equal (`corpus.fold`) stay or go together, so that the holdout
    holds no seed in another form.

    Raises:
        SeedError: `share` is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise SeedError(
            f"a holdout of {share} is no share of the seeds",
            fix="choose one from 0 to below 1, such as 0.2",
        )
    real = Counter(one.intent for one in utterances if one.generation == 0)
    room = {intent: min(int(share * count + 0.5), count - 1) for intent, count in real.items()}
    groups = _same_texts(utterances) if any(room.values()) else {}
    by_intent: dict[str | None, list[str]] = {}
    for name, group in groups.items():
        for intent in {one.intent for one in group}:
            by_intent.setdefault(intent, []).append(name)
    aside: set[str] = set()
    key = keyed.stream(seed, "holdout")
    # Intents in an order of their own: a group of several takes of the room of each.
    for intent in sorted(by_intent, key=lambda intent: intent or ""):
        names = by_intent[intent]
        for at in keyed.order(key, names):
            group = groups[names[at]]
            needed = Counter(one.intent for one in group)
            if names[at] in aside or any(room[i] < count for i, count in needed.items()):
                continue
            aside.update(one.id for one in group)
            for one in group:
                room[one.intent] -= 1
    seeds = [utterance for utterance in utterances if utterance.id not in aside]
    return seeds, [utterance for utterance in utterances if utterance.id in aside]


def _same_texts(utterances: Iterable[Utterance]) -> dict[str, list[Utterance]]:
    """Rows of texts that count as equal, by the least of their ids; those without a synthetic one
    among them."""
    by_text: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_text.setdefault(fold(utterance.text), []).append(utterance)
    return {
        min(one.id for one in group): group
        for group in by_text.values()
        if not any(one.generation for one in group)
    }


def require_kind(path: Path) -> None:
    """Refuse a file that is not read, by its name.

    Raises:
        SeedError: it has another suffix than `SUFFIXES`.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise SeedError(
            f"seeds of the kind {path.suffix or path.name!r} are not read",
            where=str(path),
            fix=f"give a file that ends in {' or '.join(SUFFIXES)}; other kinds become one by"
            f" `textsynth import {path} -o seeds.jsonl`",
        )


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers: as bytes, so that one that is not UTF-8
    costs no other. Of one that `is_long` only the beginning is there.

    Raises:
        SeedError: no such file, or a kind of file that is not read; also on the way, where the file
            breaks off.
    """
    require_kind(path)
    try:
        with _open(path) as file:
            for number, line in linefile.read(file):
                content = line.removeprefix(_BOM) if number == 1 else line
                if linefile.too_long(line):
                    yield number, line
                elif content.strip():
                    yield number, content.rstrip(b"\r\n")
    except FileNotFoundError as error:
        raise SeedError(
            "there is no such seed file", where=str(path), fix="check the path"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise SeedError(
            f"the seed file cannot be read: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            fix="check that it is a whole file and that you may read it",
        ) from error


def is_long(line: bytes) -> bool:
    """Whether one of `lines` is longer than is read."""
    return len(line) > linefile.MAX_LINE


def _without_refused(
    reader: SeedReader, number: int, line: bytes
) -> tuple[int, bytes, tuple[SeedRow, Utterance] | Quarantined]:
    """A line and what was read of it; a line that was refused is not held any longer."""
    one = reader.read(number, line)
    return number, b"" if isinstance(one, Quarantined) else line, one


def _open(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _RowError("not_utf8") from error
    except (ValueError, RecursionError) as error:  # ValueError: also an integer of 5,000 digits
        raise _RowError("not_json") from error
    if not isinstance(data, dict):
        raise _RowError("not_an_object")
    return data


def _utterance(data: Mapping[str, Any], language: str) -> Utterance:
    text = data.get("text")
    if text is None:
        raise _RowError("text_missing")
    if not isinstance(text, str):
        raise _RowError("text_not_text")
    if not text.strip():
        raise _RowError("text_empty")
    intent = data.get("intent")
    if intent is not None and not isinstance(intent, str):
        raise _RowError("intent_not_text")
    slots = _slots(text, data.get("slots"))
    if not all(map(encodable, [text, intent or "", *(slot.value for slot in slots)])):
        raise _RowError("text_not_unicode")
    intent = intent.strip() or None if intent else None
    return Utterance(id="", text=text, intent=intent, slots=slots, language=language)


def _slots(text: str, entries: Any) -> tuple[Slot, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise _RowError("slots_not_a_list")
    slots = sorted((_slot(text, entry) for entry in entries), key=lambda slot: slot.start)
    fault = span_fault(text, [(slot.start, slot.end) for slot in slots])
    if fault:
        raise _RowError(fault)
    return tuple(slots)


def _slot(text: str, entry: Any) -> Slot:
    if not isinstance(entry, dict):
        raise _RowError("slot_not_an_object")
    start, end, label = entry.get("start"), entry.get("end"), entry.get("label")
    if start is None or end is None or label is None:
        raise _RowError("slot_incomplete")
    if type(start) is not int or type(end) is not int:  # a bool is an int to isinstance
        raise _RowError("slot_offset_not_integer")
    if not isinstance(label, str) or not LABEL.match(label):
        raise _RowError("label_invalid")
    fault = span_fault(text, [(start, end)])
    if fault:
        raise _RowError(fault)
    surface = text[start:end]
    if not surface.strip():
        raise _RowError("span_empty")
    value = entry.get("value")
    if value is not None and not isinstance(value, str):
        raise _RowError("slot_value_not_text")
    # White space at the edges belongs to the sentence: "in {city} today", not "in{city}today".
    start += len(surface) - len(surface.lstrip())
    end -= len(surface) - len(surface.rstrip())
    return Slot(start, end, label, surface.strip() if value is None else value)


def encodable(text: str) -> bool:
    """False for lone surrogates, which JSON can spell and UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _id(utterance: Utterance, secret: bytes) -> str:
    slots = [[slot.start, slot.end, slot.label, slot.value] for slot in utterance.slots]
    content = json.dumps([utterance.text, utterance.intent, slots], ensure_ascii=False)
    return f"seed/{keyed.secret_hash(secret, content)}"


def count_reasons(quarantined: Iterable[Quarantined]) -> dict[str, int]:
    """How many rows went for each reason, the most frequent first."""
    counts = Counter(entry.reason for entry in quarantined)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def nothing_left(path: Path, quarantined: Sequence[Quarantined]) -> SeedError:
    """The error where a file holds no usable row."""
    reasons = ", ".join(f"{count} {name}" for name, count in count_reasons(quarantined).items())
    return SeedError(
        f"no usable row among {len(quarantined)}: {reasons}" if reasons else "it holds no rows",
        where=str(path),
        fix='write one JSON object a line, such as {"text": "wake me at six", "intent": "alarm"}',
    )
