"""Real dialogues as examples: read line by line, scrubbed turn by turn, each in its dialogue.

A line is a JSON object with `turns`, a list of objects with `speaker` (`user` or `system`) and
`text`, optionally `act` or `acts`, `slots` and `intent`; or a chat, with `messages` of `role`
(`user`, `assistant`) and `content`. Beside these, `outcome` (`success`, `failure`, `abandoned`) and
the flags `success`, `happy` and `complete` say how it ended. Other keys are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, keyed, models, scrub, seeds
from textsynth.corpus import Dialogue, Slot, Utterance
from textsynth.dialogue.flow import OUTCOMES
from textsynth.dialogue.induce_acts import Example, Turn
from textsynth.errors import SeedError
from textsynth.patterns import Pattern, delexicalise, realise, render
from textsynth.pipeline.seedside import scrub_settings
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run
from textsynth.scrub.answers import InDialogues
from textsynth.scrub.answers import Turn as Heard
from textsynth.values import ValueList

SPEAKERS = {"user": "user", "system": "system", "assistant": "system", "agent": "system"}
FLAGS = ("success", "happy", "complete")
_SPACE = re.compile(r"\s+")
SKIPPED = ("system", "developer", "tool", "function")  # roles of a chat that nobody hears


@dataclass(frozen=True, slots=True)
class RawTurn:
    """A turn as it stood in the file."""

    speaker: str
    utterance: Utterance
    acts: tuple[str, ...]
    intent: str | None


@dataclass(frozen=True, slots=True)
class RawDialogue:
    """A dialogue as it stood in the file, its speakers taking turns. For memory only."""

    id: str
    turns: tuple[RawTurn, ...]
    outcome: str | None


@dataclass(frozen=True, slots=True)
class DialogueFile:
    """What a file holds. Every line that is not blank is a dialogue, one of the exact `duplicates`,
    or in `quarantined`. `merged` turns were joined to the one before, which the same speaker had.
    """

    dialogues: list[RawDialogue]
    quarantined: list[seeds.Quarantined]
    duplicates: int
    merged: int


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """Dialogues without identities, and the values that their slots may take, by label. `removed`
    is for the leak check and lives in memory only."""

    examples: list[Example]
    lists: Mapping[str, ValueList]
    removed: list[scrub.Removed]
    counts: Mapping[str, int]


class _BadError(Exception):
    """A dialogue that cannot be read; the argument is the reason."""


def read(path: Path, *, secret: bytes, language: str = "en") -> DialogueFile:
    """Read a file of dialogues (.jsonl, .jsonl.gz); ids are hashes of the content keyed by
    `secret`.

    Raises:
        SeedError: no such file, a kind of file that is not read, or no usable dialogue in it.
    """
    if not path.is_file():
        raise SeedError("there is no such file of dialogues", where=str(path), fix="check the path")
    reader = seeds.SeedReader(path.name, language, secret)
    quarantined: list[seeds.Quarantined] = []
    unique: dict[str, RawDialogue] = {}
    lines = merged = 0
    for number, line in seeds.lines(path):
        try:
            turns, joined, data = _turns(line, reader)
            outcome = _outcome(data)
        except _BadError as fault:
            quarantined.append(reader.refuse(number, line, str(fault)))
            continue
        content = [[t.speaker, t.utterance.text, *t.acts] for t in turns]
        name = keyed.secret_hash(secret, json.dumps(content))
        unique.setdefault(name, RawDialogue(name, tuple(turns), outcome))
        lines += 1
        merged += joined
    if not unique:
        reasons = seeds.count_reasons(quarantined)
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        first = f":{quarantined[0].line}" if quarantined else ""
        raise SeedError(
            f"no usable dialogue among {len(quarantined)}: {told}" if told else "it holds no lines",
            where=f"{path}{first}",
            fix='write one a line: {"turns": [{"speaker": "user", "text": "hello"}, '
            '{"speaker": "system", "text": "How can I help?"}]}',
        )
    return DialogueFile(list(unique.values()), quarantined, lines - len(unique), merged)


def chosen(dialogues: Sequence[RawDialogue], limit: int | None, seed: int) -> list[RawDialogue]:
    """At most so many dialogues, by keyed hash of their content."""
    if limit is None or limit >= len(dialogues):
        return list(dialogues)
    key = keyed.stream(seed, "dialogue examples")
    # By what is said and not by ids, whose secret another user has not.
    names = [json.dumps([t.utterance.text for t in one.turns]) for one in dialogues]
    return [dialogues[at] for at in sorted(keyed.order(key, names)[:limit].tolist())]


def scrubbed(
    dialogues: Sequence[RawDialogue],
    *,
    detector: scrub.Detects,
    settings: scrub.Settings,
    secret: bytes,
    seed: int,
    language: str = "en",
) -> Scrubbed:
    """Take the identities out of all turns, each read in its dialogue. A value has one surrogate in
    all of them. A dialogue falls whole with a turn that the settings drop."""
    turns = [(one, turn) for one in dialogues for turn in one.turns]
    rows = [replace(turn.utterance, id=f"{number}") for number, (_, turn) in enumerate(turns)]
    heard = [
        Heard(one.id, turn.speaker, turn.utterance.text, " ".join(turn.acts)) for one, turn in turns
    ]
    done = scrub.scrub(
        rows,
        settings=settings,
        detector=InDialogues(detector, heard, language),
        secret=secret,
        seed=seed,
    )
    known = {act for _, turn in turns for act in (*turn.acts, turn.intent or "")}
    telling = _telling(sorted(known), done.removed)
    found = {int(row.id): row for row in done.patterns}
    examples = []
    at = 0
    for one in dialogues:
        places = range(at, at + len(one.turns))
        at += len(one.turns)
        if all(place in found for place in places):
            own = tuple(
                _turn(turn, found[place], telling)
                for turn, place in zip(one.turns, places, strict=True)
            )
            examples.append(Example(one.id, own, one.outcome))
    return Scrubbed(examples, done.lists, done.removed, done.counts)


def as_rows(examples: Sequence[Example], language: str) -> pa.Table:
    """Scrubbed dialogues as a table of `corpus.SCHEMA`. Nobody has said what states or goals are
    theirs."""
    return corpus.to_table(
        _row(one.id, at, turn.speaker, realise(turn.pattern, turn.values), turn, one, language)
        for one in examples
        for at, turn in enumerate(one.turns)
    )


def raw_rows(dialogues: Sequence[RawDialogue], language: str) -> pa.Table:
    """The same of dialogues as they stood in a file; for memory only."""
    return corpus.to_table(
        _row(
            *(one.id, at, turn.speaker),
            (turn.utterance.text, turn.utterance.slots),
            turn,
            one,
            language,
        )
        for one in dialogues
        for at, turn in enumerate(one.turns)
    )


def _row(
    name: str,
    at: int,
    speaker: str,
    said: tuple[str, tuple[Slot, ...]],
    turn: Turn | RawTurn,
    whole: Example | RawDialogue,
    language: str,
) -> Utterance:
    text, slots = said
    return Utterance(
        id=f"seed/dialogue/{name}/{at}",
        text=text,
        intent=turn.intent,
        slots=slots,
        pattern=render(delexicalise(text, [(s.start, s.end, s.label) for s in slots])),
        language=language,
        dialogue_id=f"seed/{name}",
        turn=at,
        speaker=speaker,
        act=" ".join(turn.acts) or None,
        dialogue=Dialogue("", whole.outcome or "") if at == 0 else None,
    )


def side(
    recipe: Recipe, secret: bytes, run: Run, progress: Progress
) -> tuple[pa.Table, list[scrub.Removed]]:
    """The recipe's real dialogues, scrubbed and kept in the run folder, and what was removed.

    Raises:
        SeedError: the file cannot be read or holds no usable dialogue.
    """
    assert recipe.dialogues is not None and recipe.dialogues.seeds is not None
    path = recipe.dialogues.seeds
    file = read(path, secret=secret, language=recipe.language)
    progress.step("dialogue seeds", f"{path.name}, {len(file.dialogues):,} dialogues")
    tell(file, progress)
    if recipe.scrub is False:
        progress.warn("the scrub is off: the dialogues are used as they are")
        table, removed = raw_rows(file.dialogues, recipe.language), list[scrub.Removed]()
    else:
        settings = scrub_settings(recipe)
        location = models.spacy_source(recipe.language).location
        done = scrubbed(
            file.dialogues,
            detector=scrub.Detector(recipe.language, location, settings),
            settings=settings,
            secret=secret,
            seed=recipe.seed,
            language=recipe.language,
        )
        table, removed = as_rows(done.examples, recipe.language), done.removed
    corpus.write(table, run.path("seeds", "dialogues.parquet"))
    return table, removed


def tell(file: DialogueFile, progress: Progress) -> None:
    """Say what was not read as it stood."""
    if file.quarantined:
        reasons = seeds.count_reasons(file.quarantined).items()
        told = ", ".join(f"{count} {reason}" for reason, count in reasons)
        progress.warn(f"{len(file.quarantined)} lines are not used: {told}")
    if file.duplicates:
        progress.note(f"{file.duplicates} repeated dialogues were read once")
    if file.merged:
        progress.note(f"{file.merged} turns were joined to the one before, of the same speaker")


def _telling(names: Sequence[str], removed: Sequence[scrub.Removed]) -> frozenset[str]:
    """The names of acts and intents that hold what was removed."""
    spaced = [name.replace("_", " ") for name in names]
    return frozenset(names[at] for at, _ in scrub.find_leaks(spaced, removed))


def _turn(turn: RawTurn, row: scrub.SeedPattern, telling: frozenset[str]) -> Turn:
    """A scrubbed turn, its white space made plain."""
    parts = tuple(
        _SPACE.sub(" ", part) if isinstance(part, str) else part for part in row.pattern.parts
    )
    acts = tuple(act for act in turn.acts if act not in telling)
    intent = None if turn.intent in telling else turn.intent
    return Turn(turn.speaker, Pattern(parts), row.values, row.annotated, acts, intent)


# -- reading a line ---------------------------------------------------------------------------


def _turns(line: bytes, reader: seeds.SeedReader) -> tuple[list[RawTurn], int, dict[str, Any]]:
    if seeds.is_long(line):
        raise _BadError("line_too_long")
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _BadError("not_utf8") from error
    except (ValueError, RecursionError) as error:
        raise _BadError("not_json") from error
    if not isinstance(data, dict):
        raise _BadError("not_an_object")
    listed = data.get("turns", data.get("messages"))
    if listed is None:
        raise _BadError("turns_missing")
    if not isinstance(listed, list):
        raise _BadError("turns_not_a_list")
    chat = "turns" not in data
    read = [_raw(entry, chat, reader) for entry in listed]
    turns: list[RawTurn] = []
    joined = 0
    for turn in read:
        if turn is None:
            continue
        if turns and turns[-1].speaker == turn.speaker:
            turns[-1] = _joined(turns[-1], turn)
            joined += 1
        else:
            turns.append(turn)
    speakers = {turn.speaker for turn in turns}
    for speaker in ("user", "system"):
        if speaker not in speakers:
            raise _BadError(f"no_{speaker}_turn")
    return turns, joined, data


def _raw(entry: Any, chat: bool, reader: seeds.SeedReader) -> RawTurn | None:
    """A turn; None for what nobody hears, such as a prompt."""
    if not isinstance(entry, dict):
        raise _BadError("turn_not_an_object")
    told, text = ("role", "content") if chat else ("speaker", "text")
    speaker, said = entry.get(told), entry.get(text)
    if speaker is None:
        raise _BadError("speaker_missing")
    if chat and speaker in SKIPPED:
        return None
    if not isinstance(speaker, str) or speaker.strip().lower() not in SPEAKERS:
        raise _BadError("speaker_unknown")
    row = json.dumps({"text": said, "slots": entry.get("slots")}).encode()
    one = reader.read(0, row)
    if isinstance(one, seeds.Quarantined):
        raise _BadError(one.reason)
    intent = entry.get("intent")
    if intent is not None and not isinstance(intent, str):
        raise _BadError("intent_not_text")
    acts = _acts(entry)
    if not all(map(seeds.encodable, (*acts, intent or ""))):
        raise _BadError("text_not_unicode")
    return RawTurn(SPEAKERS[speaker.strip().lower()], one[1], acts, intent or None)


def _acts(entry: dict[str, Any]) -> tuple[str, ...]:
    acts = entry.get("acts", entry.get("act"))
    listed = [acts] if isinstance(acts, str) else [] if acts is None else acts
    if not isinstance(listed, list) or not all(isinstance(act, str) for act in listed):
        raise _BadError("act_not_text")
    return tuple(dict.fromkeys(act.strip() for act in listed if act.strip()))


def _joined(one: RawTurn, other: RawTurn) -> RawTurn:
    """Two turns of one speaker as one."""
    gap = len(one.utterance.text) + 1
    moved = (
        Slot(slot.start + gap, slot.end + gap, slot.label, slot.value)
        for slot in other.utterance.slots
    )
    utterance = replace(
        one.utterance,
        text=f"{one.utterance.text} {other.utterance.text}",
        slots=(*one.utterance.slots, *moved),
    )
    acts = tuple(dict.fromkeys((*one.acts, *other.acts)))
    return RawTurn(one.speaker, utterance, acts, one.intent or other.intent)


def _outcome(data: dict[str, Any]) -> str | None:
    """How a dialogue ended by its labels: `outcome`, or all of the flags that it has."""
    told = data.get("outcome")
    if told is not None:
        if told not in OUTCOMES:
            raise _BadError("outcome_unknown")
        return str(told)
    flags = [data[name] for name in FLAGS if isinstance(data.get(name), bool)]
    return ("success" if all(flags) else "failure") if flags else None
