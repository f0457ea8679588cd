"""Seeds as the rest of a run sees them: scrubbed, as patterns, with the lists that fill them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from textsynth import corpus, models, patterns, scrub, seeds
from textsynth.corpus import Utterance
from textsynth.pipeline import guard
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run
from textsynth.values import ValueList


def intent_of(seed: scrub.SeedPattern) -> str:
    """A seed's intent; a corpus without intents is one class."""
    return seed.intent or seeds.ONE_CLASS


@dataclass(frozen=True, slots=True)
class SeedSide:
    """What the scrub made of the seeds; nothing in it but `removed` and what `removed` missed stems
    from raw text, and `removed` stays in memory. `generations` has the ids of synthetic seeds."""

    patterns: list[scrub.SeedPattern]
    holdout: list[scrub.SeedPattern]
    lists: Mapping[str, ValueList]
    removed: list[scrub.Removed]
    counts: dict[str, int] | None
    quarantined: int
    duplicates: int
    generations: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def by_intent(self) -> dict[str, dict[str, list[str]]]:
        """Intent -> written pattern -> ids of the seeds that have it."""
        grouped: dict[str, dict[str, list[str]]] = {}
        for seed in self.patterns:
            written = patterns.render(seed.pattern)
            grouped.setdefault(intent_of(seed), {}).setdefault(written, []).append(seed.id)
        return grouped

    def by_generation(self) -> dict[int, int]:
        """How many seeds are of each generation; real ones are of 0."""
        counts = Counter(self.generations.get(seed.id, 0) for seed in self.patterns)
        return dict(sorted(counts.items()))

    def labels(self) -> dict[str, set[str]]:
        """The slot labels that each intent's seeds use."""
        used: dict[str, set[str]] = {}
        for seed in self.patterns:
            used.setdefault(intent_of(seed), set()).update(s.label for s in seed.pattern.slots)
        return used


EMPTY_SEEDS = SeedSide([], [], {}, [], None, 0, 0)


def scrubbed_side(
    recipe: Recipe,
    file: seeds.SeedFile,
    known_labels: set[str],
    secret: bytes,
    run: Run,
    ledger: Ledger,
    progress: Progress,
) -> SeedSide:
    """Set the holdout aside, scrub, and keep the scrubbed parts in the run folder.

    `known_labels` are those of the templates, which the scrub's `keep` may name too.
    """
    assert recipe.seeds is not None
    progress.step("seeds", recipe.seeds.path.name)
    if file.quarantined:
        (run.folder / "quarantine.jsonl").unlink(missing_ok=True)
        run.append("quarantine.jsonl", [dataclasses.asdict(entry) for entry in file.quarantined])
        reasons = Counter(entry.reason for entry in file.quarantined)
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        progress.warn(f"{len(file.quarantined)} rows went to quarantine.jsonl: {told}")
        if reasons["split_for_testing"]:
            progress.note(
                "rows of the splits validation and test are no seeds: test on them with "
                "`textsynth evaluate RUN --holdout FILE`"
            )
    if file.duplicates:
        progress.note(f"{file.duplicates} repeated seeds were read once")
    bad = Counter(entry.reason for entry in file.quarantined)
    bad["duplicate"] += file.duplicates
    ledger.add("seeds", len(file.rows) + len(file.quarantined), len(file.utterances), +bad)
    own, held = seeds.split_holdout(file.utterances, recipe.seeds.holdout, recipe.seed)
    intents = len({utterance.intent for utterance in own})
    progress.note(f"{len(own)} seeds of {intents} intents, {len(held)} held out")
    generations = {one.id: one.generation for one in own if one.generation}
    if generations:
        progress.note(
            f"{len(generations)} seeds are synthetic, of generation "
            f"{' and '.join(map(str, sorted(set(generations.values()))))}"
        )
    guard.warn(file.utterances, progress)
    if recipe.scrub is False:
        progress.warn("the scrub is off: the seeds are used as they are")
        scrubbed = scrub.unscrubbed(file.utterances)
    else:
        progress.step("scrub")
        settings = scrub_settings(recipe)
        spacy_model = models.spacy_source(recipe.language)
        detector = scrub.Detector(recipe.language, spacy_model.location, settings)
        with progress.bar("scrubbing", len(file.utterances)) as advance:
            scrubbed = scrub.scrub(
                file.utterances,
                settings=settings,
                detector=detector,
                secret=secret,
                seed=recipe.seed,
                known_labels=known_labels,
                balance=recipe.bias.balance,
                progress=advancing(advance),
            )
        told = ", ".join(f"{count} {label}" for label, count in scrubbed.counts.items())
        progress.note(f"{scrubbed.changed} seeds changed; replaced: {told or 'nothing'}")
    ours = {utterance.id for utterance in own}
    kept = [seed for seed in scrubbed.patterns if seed.id in ours]
    held_patterns = [seed for seed in scrubbed.patterns if seed.id not in ours]
    for name, part in (("seeds", kept), ("holdout", held_patterns)):
        if part:
            corpus.write(_seed_table(part, generations), run.path("seeds", f"{name}.parquet"))
    return SeedSide(
        kept,
        held_patterns,
        _own_lists(scrubbed.lists, kept),
        scrubbed.removed,
        None if recipe.scrub is False else dict(scrubbed.counts),
        len(file.quarantined),
        file.duplicates,
        generations,
    )


def _seed_table(part: Sequence[scrub.SeedPattern], generations: Mapping[str, int]) -> pa.Table:
    rows = []
    for seed in part:
        text, slots = patterns.realise(seed.pattern, seed.values)
        rows.append(
            Utterance(
                id=seed.id,
                text=text,
                intent=intent_of(seed),
                slots=slots,
                pattern=patterns.render(seed.pattern),
                language=seed.language,
                origin="seed",
                generation=generations.get(seed.id, 0),
            )
        )
    return corpus.to_table(rows)


def _own_lists(
    lists: Mapping[str, ValueList], kept: Sequence[scrub.SeedPattern]
) -> dict[str, ValueList]:
    """Value lists without what only the holdout has seen; pools stay as they are."""
    seen: dict[str, dict[patterns.Value, None]] = {}
    for seed in kept:
        for ref in seed.pattern.slots:
            seen.setdefault(ref.label, {})[seed.values[ref.name]] = None
    return {
        label: dataclasses.replace(values, values=tuple(seen[label]))
        if values.source == "seeds"
        else values
        for label, values in lists.items()
        if label in seen
    }


def scrub_settings(recipe: Recipe) -> scrub.Settings:
    """The recipe's `scrub` section as the scrub takes it."""
    section = recipe.scrub
    assert section is not False
    return scrub.Settings(
        entities=section.entities,
        keep=section.keep,
        labels=section.labels,
        mode=section.mode,
        min_score=section.min_score,
        allow=section.allow,
        deny=section.deny,
        recognizers=tuple(
            scrub.Recognizer(one.entity, one.regex, one.score, one.context)
            for one in section.recognizers
        ),
    )


def advancing(advance: Callable[[int, str], None]) -> Callable[[int, int], None]:
    """A bar that is told how much is done in all, as one that is told how much more is."""
    last = 0

    def say(done: int, total: int) -> None:
        nonlocal last
        advance(done - last, "")
        last = done

    return say
