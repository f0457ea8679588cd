"""A pack from real dialogues: a flow, its lists, seeds and a recipe, and nobody's identity."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from textsynth import corpus, keyed, models, patterns, scrub
from textsynth.dialogue import flowfile, induce_write
from textsynth.dialogue import words as wording
from textsynth.dialogue.induce import Induced, induce
from textsynth.dialogue.induce_acts import slug
from textsynth.dialogue.induce_memory import copied
from textsynth.dialogue.induce_slots import Slot
from textsynth.dialogue.lint import require_sound
from textsynth.dialogue.simulate import simulate
from textsynth.errors import RunError, SeedError
from textsynth.patterns import Value
from textsynth.pipeline.dialogueseeds import Scrubbed, chosen, read, scrubbed, tell
from textsynth.progress import Progress
from textsynth.values import ValueList

VALUES = 200  # of a list
USUAL = 0.2  # share of a slot's values that have so many words, from which on others may too
PER_FLOW = 200
TRIED = 200  # dialogues that are simulated to look at
MakeDetector = Callable[[], scrub.Detects]
_SUFFIXES = re.compile(r"(\.jsonl)?(\.gz)?\Z", re.IGNORECASE)


def new_from_dialogues(
    path: Path,
    folder: Path,
    *,
    key_file: Path | None = None,
    name: str | None = None,
    language: str = "en",
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    make_detector: MakeDetector | None = None,
) -> list[Path]:
    """Write a pack to `folder`, which is made and must be empty; returns its files.

    `flows/<name>.yaml` is the flow, `flows/_lists.yaml` has surrogates for what its slots held,
    `seeds.jsonl` the scrubbed user turns with the place where they were said as intent, and
    `quarantine.jsonl` the lines that were not read, if any, with reasons and keyed hashes.

    Args:
        path: dialogues, see `dialogueseeds`.
        name: of the flow; default: that of the file.
        limit: at most so many dialogues, drawn by key.
        make_detector: default: Presidio.

    Raises:
        SeedError: the file cannot be read or holds no usable dialogue.
        RunError: the folder is not empty or cannot be written.
    """
    progress = progress or Progress()
    flow_name = slug(name if name is not None else _SUFFIXES.sub("", path.name)) or "examples"
    _empty(folder)
    secret = keyed.load_secret(key_file)
    progress.step("dialogues", path.name)
    file = read(path, secret=secret, language=language)
    tell(file, progress)
    own = chosen(file.dialogues, limit, seed)
    progress.step("scrub")
    settings = scrub.Settings()
    if make_detector is None:
        source = models.spacy_source(language)
        detector: scrub.Detects = scrub.Detector(language, source.location, settings)
    else:
        detector = make_detector()
    side = scrubbed(
        own, detector=detector, settings=settings, secret=secret, seed=seed, language=language
    )
    told = ", ".join(f"{count} {label}" for label, count in side.counts.items())
    progress.note(f"{len(side.examples)} dialogues scrubbed; replaced: {told or 'nothing'}")
    progress.step("flow", flow_name)
    made = induce(side.examples, flow_name)
    progress.note(
        f"{len(made.nodes)} states, {sum(len(pool) for pool in made.pools.values())} sentences"
    )
    files = _files(made, side, language, seed)
    if file.quarantined:
        files["quarantine.jsonl"] = _lines([dataclasses.asdict(one) for one in file.quarantined])
    leaks = scrub.find_leaks(files.values(), side.removed)
    if leaks:  # the scrub has sought them in every turn already
        names = sorted({list(files)[at] for at, _ in leaks})
        raise SeedError(
            f"{len(leaks)} removed values stand in what would be written: {', '.join(names)}",
            where=str(path),
            fix="report this; nothing was written",
        )
    written = [_written(folder / name, text) for name, text in files.items()]
    _try(made, folder / "flows", language, progress)
    return written


def value_lists(
    slots: Mapping[str, Slot], lists: Mapping[str, ValueList], seed: int
) -> dict[str, list[Value]]:
    """The values of each list that a flow names: those of the label that are as long as what stood
    there, at most `VALUES`, chosen by key."""
    seen: dict[str, list[Value]] = {}
    labels: dict[str, str] = {}
    for slot in slots.values():
        seen.setdefault(slot.list, []).extend(slot.seen)
        labels[slot.list] = slot.label
    found = {}
    for name, values in seen.items():
        lengths = Counter(len(value.surface.split()) for value in values)
        usual = {size for size, count in lengths.items() if count >= USUAL * len(values)}
        listed = lists[labels[name]].values if labels[name] in lists else ()
        fitting = list(dict.fromkeys(v for v in listed if len(v.surface.split()) in usual))
        if len(fitting) < 2:
            fitting = list(dict.fromkeys((*fitting, *values)))
        key = keyed.stream(seed, "induced list", name)
        order = keyed.order(key, [value.surface for value in fitting])[:VALUES]
        found[name] = sorted((fitting[at] for at in order), key=lambda value: value.surface)
    return found


def _files(made: Induced, side: Scrubbed, language: str, seed: int) -> dict[str, str]:
    values = value_lists(made.slots, side.lists, seed)
    about = (
        "Made-up values for what the scrub took out of the examples, and the values that stayed,\n"
        "which identify nobody."
    )
    return {
        "recipe.yaml": _recipe(made.name, language),
        f"flows/{made.name}.yaml": made.yaml(),
        "flows/_lists.yaml": induce_write.lists(values, about),
        "seeds.jsonl": _seeds(made),
        "README.md": _readme(made),
    }


def _recipe(name: str, language: str) -> str:
    return (
        "# Dialogues as a few real ones go, which were scrubbed first.\n"
        f"name: {induce_write.key(name)}\n"
        "seed: 42\n"
        f"language: {language}\n"
        f"dialogues: {{path: flows, per_flow: {PER_FLOW}}}\n"
        "filters: [exact, near, quality]\n"
        "export: [huggingface]\n"
    )


def _seeds(made: Induced) -> str:
    """The user's turns; the intent is the place in the flow, the slots are named as there."""
    rows = []
    for (number, at), place in sorted(made.places.items()):
        turn = made.examples[number].turns[at]
        text, slots = patterns.realise(turn.pattern, turn.values)
        spans = [
            {"start": s.start, "end": s.end, "label": s.label, "value": s.value} for s in slots
        ]
        rows.append({"text": text, "intent": f"{made.name}/{place}", "slots": spans})
    return _lines(rows)


def _lines(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _readme(made: Induced) -> str:
    slots = ", ".join(f"`{slot.name}`" for slot in made.slots.values() if slot.by_user)
    ends = ", ".join(f"{count} {outcome}" for outcome, count in made.ends.most_common())
    return f"""# {made.name}

A flow that was induced from {made.total} real dialogues ({ends}): {len(made.nodes)} states.
Names, numbers and addresses were taken out first; `flows/_lists.yaml` holds made-up ones in their
place. Slots: {slots or "none"}.

- `flows/{made.name}.yaml`: read it and mend it. States are named after what the system does; a
  branch weighs how often it was taken; sentences are those that were said at this place.
- `seeds.jsonl`: what users said, scrubbed, with the place where they said it as intent.
- `recipe.yaml`: what is generated.

```console
textsynth check .
textsynth flows draw recipe.yaml
textsynth preview recipe.yaml --dialogues 2
textsynth generate recipe.yaml -o runs/{made.name}
```

A few dialogues say little of what others would: read some of those generated, and add sentences
where they repeat themselves.
"""


def _try(made: Induced, folder: Path, language: str, progress: Progress) -> None:
    """Check the flow, and say how much of the examples it says again.

    Raises:
        GrammarError: it cannot be simulated.
    """
    flows = flowfile.load(folder)
    words = wording.words(flows, None, seed=0, language=language)[made.name]
    flow = flows.files[made.name].flow
    require_sound(flow, words)
    turns = simulate(flow, words, range(TRIED), seed=0, language=language)
    dialogues: dict[str, list[tuple[str, str]]] = {}
    for row in corpus.utterances(turns):
        dialogues.setdefault(row.dialogue_id or "", []).append(
            (row.speaker or "", row.pattern or "")
        )
    examples = [[(t.speaker, str(t.pattern)) for t in one.turns] for one in made.examples]
    found = copied(list(dialogues.values()), examples)
    progress.note(
        f"of {TRIED} dialogues {found.verbatim:.0%} have a user who says an example word for word; "
        f"the longest run of turns in common with one has {found.longest} turns (median "
        f"{found.median:g}), of user turns {found.longest_user} (median {found.median_user:g})"
    )


def _empty(folder: Path) -> None:
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise RunError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="name another"
        ) from error
    if taken:
        raise RunError(
            "there is something already", where=str(folder), fix="name a folder that is not there"
        )


def _written(file: Path, text: str) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError(
            f"cannot be written: {error.strerror}", where=str(file), fix="name another folder"
        ) from error
    return file
