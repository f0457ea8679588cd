"""Scrubbing a file of any size: chunk by chunk, in worker processes, in a few walks.

The detector reads each chunk once, which takes nearly all the time; then the values that go are
gathered and sought (`scrub.survey`), and at last the rows are written. Between the walks there are
only places and values in memory; no text is kept, and none is written but the scrubbed one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from textsynth import keyed, models, scrub, seeds
from textsynth.engines import map_in_order
from textsynth.errors import RecipeError, SeedError, UsageError
from textsynth.pipeline.seedside import scrub_settings
from textsynth.pipeline.wholefile import refuse_same, whole, writing
from textsynth.progress import Advance, Progress
from textsynth.recipe import Recipe
from textsynth.run import write_json, write_text
from textsynth.scrub import audit, rows, survey
from textsynth.scrub.kinds import ENTITIES, LABELS
from textsynth.scrub.surrogates import Surrogates

CHUNK = 1000
CHUNK_BYTES = 4_000_000
# `json` itself gives up at about a thousand levels, and so does whatever walks the values.
DEEPEST = 100

Chunk = list[tuple[int, bytes]]
MakeDetector = Callable[[], scrub.Detects]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the first walk keeps of a chunk: places and scores, packed; no text."""

    found: bytes
    common: set[str]
    quarantined: list[seeds.Quarantined]
    ids: list[str]


@dataclass(slots=True)
class _Seen:
    """What the first walk learns."""

    found: list[bytes] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    common: set[str] = field(default_factory=set)
    quarantined: list[seeds.Quarantined] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    rows: int = 0


def scrub_file(
    source: Path,
    target: Path,
    *,
    recipe_language: str = "en",
    settings: scrub.Settings | None = None,
    seed: int = 0,
    key_file: Path | None = None,
    workers: int = 1,
    report: Path | None = None,
    html: Path | None = None,
    progress: Progress | None = None,
    make_detector: MakeDetector | None = None,
    chunk: int = CHUNK,
) -> dict[str, Any]:
    """Scrub a seed file to JSONL (compressed, where `target` ends in .gz) in the order and with the
    keys of the input; returns the report. The output is the same for any `workers` and `chunk`.

    Args:
        report, html: where the report is written as JSON and as a page.
        make_detector: called once in each worker, so it must be picklable; default: Presidio.

    Raises:
        SeedError: the input cannot be read, holds no usable row or changes under the scrub.
        RunError: an output cannot be written, or a worker was killed.
        UsageError: two of the files are one, or `target` has the suffix of another format.
    """
    progress = progress or Progress()
    settings = settings or scrub.Settings()
    started = time.monotonic()
    refuse_same(source, target, report, html)
    _require_lines(target)
    secret = keyed.load_secret(key_file)
    reader, labels, lines = _scan(source, recipe_language, secret, settings)
    settings.check(labels)
    model = models.spacy_source(recipe_language) if make_detector is None else None
    if model is not None:
        make_detector = partial(scrub.Detector, recipe_language, model.location, settings)
    assert make_detector is not None
    workers = max(1, min(workers, -(-lines // chunk)))
    with whole(target) as file:
        seen = _Seen()
        with progress.bar("reading", lines) as advance:
            _first_walk(source, reader, make_detector, workers, chunk, seen, advance)
        if not seen.rows:
            raise seeds.nothing_left(source, seen.quarantined)
        again = partial(_again, source, chunk, seen)
        knowledge = survey.Knowledge(settings, frozenset(seen.common))

        def walk(known: survey.Knowledge) -> Iterator[survey.Tally]:
            with progress.bar("sweeping", lines) as advance:
                prepare = partial(partial, _tally, reader, known)
                yield from map_in_order(prepare, again(advance), workers=workers)

        learnt = survey.learn(knowledge, walk)
        surrogates = Surrogates(recipe_language, secret, seed)
        surrogates.assign(learnt.pairs())
        total = audit.Account()
        with progress.bar("writing", lines) as advance:
            prepare = partial(
                partial, _rewrite, reader, learnt.knowledge, learnt.sought, surrogates
            )
            for content, account in map_in_order(prepare, again(advance), workers=workers):
                file.write(content)
                total.add(account)
    removed, sought = learnt.counts()
    told = audit.report(
        total,
        settings=settings,
        removed=removed,
        sought=sought,
        quarantined=[dataclasses.asdict(entry) for entry in seen.quarantined],
        duplicates=seen.rows - len(seen.ids),
        models=[model.name] if model is not None else [],
        seconds=time.monotonic() - started,
        workers=workers,
    )
    if report is not None:
        with writing(report):
            write_json(report, told)
    if html is not None:
        with writing(html):
            write_text(html, audit.page(told))
    return told


def scrub_options(
    recipe: Path | None = None,
    *,
    language: str | None = None,
    keep: Sequence[str] = (),
    mode: str | None = None,
) -> dict[str, Any]:
    """Arguments of `scrub_file`: a recipe's, where these do not say otherwise.

    Raises:
        RecipeError: the recipe cannot be read, or turns the scrub off.
    """
    loaded = Recipe.load(recipe) if recipe is not None else None
    if loaded is not None and loaded.scrub is False:
        raise RecipeError(
            "the recipe turns the scrub off", where=str(recipe), fix="leave `scrub: false` out"
        )
    settings = scrub_settings(loaded) if loaded is not None else scrub.Settings()
    settings = dataclasses.replace(settings, keep=(*settings.keep, *keep))
    if mode is not None:
        settings = dataclasses.replace(settings, mode=mode)  # type: ignore[arg-type]
    return {
        "recipe_language": language or (loaded.language if loaded is not None else "en"),
        "settings": settings,
        "seed": loaded.seed if loaded is not None else 0,
    }


def _require_lines(target: Path) -> None:
    """Refuse a file of another kind by its name; a device or pipe may have any."""
    special = target.parts[:2] == ("/", "dev") or (target.exists() and not target.is_file())
    if not special and not target.name.lower().endswith(seeds.SUFFIXES):
        raise UsageError(
            "the scrubbed rows are JSON lines, and the name says otherwise",
            where=str(target),
            fix=f"name a file that ends in {' or '.join(seeds.SUFFIXES)}",
        )


# -- reading ----------------------------------------------------------------------------------


def _scan(
    source: Path, language: str, secret: bytes, settings: scrub.Settings
) -> tuple[seeds.SeedReader, set[str], int]:
    """A reader that knows whether the rows have intents, the slot labels of the rows (only so many
    as the settings need), and the number of lines."""
    reader = seeds.SeedReader(source.name, language, secret)
    wanted = {*settings.keep, *settings.labels} - {*ENTITIES, *LABELS}
    labels: set[str] = set()
    lines = 0
    classed = False
    for number, line in seeds.lines(source):
        lines += 1
        if classed and wanted <= labels:
            continue
        one = _read_line(reader, number, line)
        if not isinstance(one, seeds.Quarantined):
            classed = classed or seeds.has_intent(one.data)
            labels.update(slot.label for slot in one.utterance.slots)
    return dataclasses.replace(reader, classed=classed), labels, lines


def _read_line(reader: seeds.SeedReader, number: int, line: bytes) -> rows.Row | seeds.Quarantined:
    """A row as the scrub takes it. It writes all that stands in a row, so that more is refused than
    where a row is only read."""
    one = reader.read(number, line)
    if isinstance(one, seeds.Quarantined):
        return one
    row, utterance = one
    if line.count(b"[") + line.count(b"{") > DEEPEST and _depth(row.data) > DEEPEST:
        return reader.refuse(number, line, "nested_too_deep")
    if b"\\u" in line:
        try:
            json.dumps(row.data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return reader.refuse(number, line, "not_unicode")
    return rows.Row(number, row.data, utterance)


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _chunks(source: Path, size: int) -> Iterator[Chunk]:
    """The lines in chunks of so many, or fewer where they are long."""
    chunk: Chunk = []
    room = CHUNK_BYTES
    for number, line in seeds.lines(source):
        chunk.append((number, line))
        room -= len(line)
        if len(chunk) == size or room <= 0:
            yield chunk
            chunk, room = [], CHUNK_BYTES
    if chunk:
        yield chunk


def _digest(chunk: Chunk) -> bytes:
    hashed = hashlib.blake2b(digest_size=16)
    for number, line in chunk:
        hashed.update(b"%d %d " % (number, len(line)))
        hashed.update(line)
    return hashed.digest()


def _again(source: Path, size: int, seen: _Seen, advance: Advance) -> Iterator[tuple[Chunk, bytes]]:
    """The chunks with what was found in them; they must be what they were."""
    before = zip(seen.digests, seen.found, strict=True)
    for chunk, kept in zip_longest(_chunks(source, size), before):
        if chunk is None or kept is None or _digest(chunk) != kept[0]:
            raise SeedError(
                "the file changed while it was scrubbed",
                where=str(source),
                fix="run the same command again, when nothing writes to the file",
            )
        yield chunk, kept[1]
        advance(len(chunk), "")


# -- what the workers do ------------------------------------------------------------------------


def _piece(reader: seeds.SeedReader, chunk: Chunk) -> tuple[rows.Piece, list[seeds.Quarantined]]:
    read = [_read_line(reader, number, line) for number, line in chunk]
    quarantined = [one for one in read if isinstance(one, seeds.Quarantined)]
    return rows.piece_of(one for one in read if isinstance(one, rows.Row)), quarantined


def _detecting(reader: seeds.SeedReader, make: MakeDetector) -> Callable[[Chunk], _Read]:
    return partial(_detect, reader, make())


def _detect(reader: seeds.SeedReader, detector: scrub.Detects, chunk: Chunk) -> _Read:
    piece, quarantined = _piece(reader, chunk)
    found = rows.detect(piece, detector)
    prose = [at for at in range(len(piece.texts)) if at not in piece.alone]
    common = survey.common_words((piece.texts[at] for at in prose), (found[at] for at in prose))
    packed = zlib.compress(pickle.dumps(found), 1)
    return _Read(packed, common, quarantined, [row.utterance.id for row in piece.rows])


def _tally(
    reader: seeds.SeedReader, known: survey.Knowledge, shard: tuple[Chunk, bytes]
) -> survey.Tally:
    chunk, found = shard
    piece, _ = _piece(reader, chunk)
    return survey.tally(piece.texts, _unpacked(found), known)


def _rewrite(
    reader: seeds.SeedReader,
    known: survey.Knowledge,
    sought: Sequence[survey.Sweep],
    surrogates: Surrogates,
    shard: tuple[Chunk, bytes],
) -> tuple[bytes, audit.Account]:
    chunk, found = shard
    piece, _ = _piece(reader, chunk)
    rewritten = list(rows.rewrite(piece, _unpacked(found), known, surrogates))
    content = "".join(
        json.dumps(row.data, ensure_ascii=False) + "\n" for row in rewritten if not row.dropped
    )
    return content.encode(), audit.account(rewritten, sought, surrogates, reader.secret)


def _unpacked(found: bytes) -> list[list[scrub.Found]]:
    return cast("list[list[scrub.Found]]", pickle.loads(zlib.decompress(found)))


def _first_walk(
    source: Path,
    reader: seeds.SeedReader,
    make: MakeDetector,
    workers: int,
    size: int,
    seen: _Seen,
    advance: Advance,
) -> None:
    sizes: list[int] = []

    def chunks() -> Iterator[Chunk]:
        for chunk in _chunks(source, size):
            seen.digests.append(_digest(chunk))
            sizes.append(len(chunk))
            yield chunk

    prepare = partial(_detecting, reader, make)
    for at, read in enumerate(map_in_order(prepare, chunks(), workers=workers)):
        seen.found.append(read.found)
        seen.common |= read.common
        seen.quarantined += read.quarantined
        seen.ids.update(int(id_.rpartition("/")[2], 16) for id_ in read.ids)
        seen.rows += len(read.ids)
        advance(sizes[at], "")
