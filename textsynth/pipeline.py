"""The order of the steps: seeds, scrub, templates, model, filters, selection, export.

The flow is a line; only the adversarial filter goes round (judge, drop, ask for more), and that loop
is `_collect`.
"""

from __future__ import annotations

import dataclasses
import platform
import resource
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import corpus, filters, keyed, models, patterns, registry, scrub, seeds, supply
from textsynth.corpus import Utterance
from textsynth.errors import RecipeError, SeedError
from textsynth.export import About, ExportReport, StepCount
from textsynth.filters.select import select, splits
from textsynth.grammar import grammar as grammar_module
from textsynth.grammar.grammar import Grammar
from textsynth.grammar.lint import lint
from textsynth.patterns import Pattern
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import MANIFEST, Resume, Run, open_run, write_json, write_text
from textsynth.values import ValueList, from_surfaces

# Candidates asked for each row wanted: spare ones for the filters, more where a discriminator chooses.
SPARE = 1.3
SPARE_ADVERSARIAL = 1.8
DEPENDENCIES = ("torch", "transformers", "peft", "datasets", "pyarrow", "spacy", "faker",
                "presidio-analyzer", "scikit-learn", "sentence-transformers", "numpy")  # fmt: skip

Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SeedSide:
    """What the scrub made of the seeds; nothing in it but `removed` and what `removed` missed stems
    from raw text, and `removed` stays in memory."""

    patterns: list[scrub.SeedPattern]
    holdout: list[scrub.SeedPattern]
    lists: Mapping[str, ValueList]
    removed: list[scrub.Removed]
    counts: dict[str, int] | None
    quarantined: int
    duplicates: int

    def by_intent(self) -> dict[str, dict[str, list[str]]]:
        """Intent -> written pattern -> ids of the seeds that have it."""
        grouped: dict[str, dict[str, list[str]]] = {}
        for seed in self.patterns:
            written = patterns.render(seed.pattern)
            grouped.setdefault(seed.intent, {}).setdefault(written, []).append(seed.id)
        return grouped

    def labels(self) -> dict[str, set[str]]:
        """The slot labels that each intent's seeds use."""
        used: dict[str, set[str]] = {}
        for seed in self.patterns:
            used.setdefault(seed.intent, set()).update(s.label for s in seed.pattern.slots)
        return used


EMPTY_SEEDS = SeedSide([], [], {}, [], None, 0, 0)


@dataclass(slots=True)
class Ledger:
    """What went in, what came out, what was rejected and why."""

    steps: dict[str, tuple[int, int, Counter[str]]] = field(default_factory=dict)
    rejects: list[pa.Table] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def add(self, step: str, rows_in: int, rows_out: int, reasons: Counter[str]) -> None:
        """Count a step, or add to what it counted before."""
        before_in, before_out, before = self.steps.get(step, (0, 0, Counter()))
        self.steps[step] = (before_in + rows_in, before_out + rows_out, before + reasons)

    def reject(self, rows: pa.Table, step: str, reasons: Sequence[str]) -> None:
        """Keep rejected rows with their reasons; a leak keeps neither text nor values."""
        if not rows.num_rows:
            return
        if "leaked_value" in reasons:
            masked = [
                None if reason == "leaked_value" else text
                for text, reason in zip(corpus.column(rows, "text"), reasons, strict=True)
            ]
            rows = corpus.replace_column(rows, "text", masked)
            for name in ("slots", "pattern"):
                kept = [
                    None if reason == "leaked_value" else value
                    for value, reason in zip(corpus.column(rows, name), reasons, strict=True)
                ]
                rows = corpus.replace_column(rows, name, kept)
        table = rows.append_column("step", pa.array([step] * rows.num_rows))
        self.rejects.append(table.append_column("reason", pa.array(list(reasons), pa.string())))

    def step_counts(self) -> tuple[StepCount, ...]:
        """The steps as the card shows them."""
        return tuple(
            StepCount(step, rows_in, rows_out, dict(sorted(reasons.items())))
            for step, (rows_in, rows_out, reasons) in self.steps.items()
        )


def generate(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    resume: Resume = "if-possible",
    key_file: Path | None = None,
    progress: Progress | None = None,
    recipe_text: str | None = None,
) -> Run:
    """Run a recipe and return its run folder (default: `runs/<name>`).

    A complete run of the same recipe is returned as it is; an incomplete one is resumed. Rows that
    could not be had are in the manifest's `shortfall`.

    Raises:
        TextsynthError: the recipe, its files or the folder cannot be used; nothing is left half-written.
    """
    progress = progress or Progress()
    started = time.monotonic()
    grammar = _grammar(recipe)
    secret = keyed.load_secret(key_file)
    seed_file = _read_seeds(recipe, secret)
    fingerprint = recipe.fingerprint()
    run = open_run(Path(output or Path("runs") / recipe.name), fingerprint, resume)
    if run.complete:
        progress.note("this run is complete already; nothing was made")
        return run
    write_text(run.path("recipe.yaml"), recipe_text or _as_yaml(recipe))
    ledger = Ledger()

    side = EMPTY_SEEDS
    if seed_file is not None:
        side = _scrubbed(recipe, seed_file, grammar, secret, run, ledger, progress)
    lists = _lists(recipe, side, grammar)
    context = _context(recipe, side, lists)
    quotas = _quotas(recipe, side, grammar)
    if grammar is not None:
        _say_grammar(grammar, progress)
    sources = _sources(recipe, side, grammar, lists, quotas, context, run, progress)
    pool = _collect(recipe, sources, quotas, context, run, ledger, progress)
    chosen, shortfall = _select(recipe, pool, quotas, ledger, progress)
    about = _about(recipe, side, ledger, shortfall, run)
    exports = _export(recipe, chosen, about, run, progress)
    corpus.write(chosen, run.path("corpus.parquet"))
    _write_patterns(run, chosen)
    _write_rejects(run, ledger)
    manifest = {
        "name": recipe.name,
        "fingerprint": fingerprint,
        "textsynth": package_version(),
        "versions": {name: _version(name) for name in DEPENDENCIES},
        "python": platform.python_version(),
        "rows": chosen.num_rows,
        "about": {**dataclasses.asdict(about), "recipe": "recipe.yaml"},
        "steps": {
            s.step: {"in": s.rows_in, "out": s.rows_out, "rejects": s.rejects} for s in about.steps
        },
        "adversarial_rounds": ledger.rounds,
        "shortfall": {intent: {"got": g, "asked": a} for intent, (g, a) in shortfall.items()},
        "shortfall_by_origin": _by_origin(chosen, quotas),
        "exports": exports,
        "seconds": round(time.monotonic() - started, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    write_json(run.path(MANIFEST), manifest)
    return run


def preview(recipe: Recipe, count: int = 3) -> dict[str, list[Utterance]]:
    """A few template rows of each intent, without seeds, model or files.

    Raises:
        RecipeError: the recipe has no templates.
    """
    from textsynth.grammar import draw

    grammar = _grammar(recipe)
    if grammar is None:
        raise RecipeError("there is nothing to preview: the recipe has no templates",
                          fix="run `textsynth generate`, or add `templates:`")  # fmt: skip
    shown = {}
    for intent in grammar.intents:
        stop = min(count, draw.capacity(grammar, intent))
        shown[intent] = list(
            corpus.utterances(draw.draw(grammar, intent, 0, stop, seed=recipe.seed))
        )
    return shown


def check(path: Path) -> dict[str, Any]:
    """Check a recipe (and its templates) or templates: findings, and a count for each intent.

    Raises:
        TextsynthError: an error; what is returned are warnings.
    """
    report: dict[str, Any] = {"findings": [], "intents": []}
    if not path.is_dir() and not _holds_templates(path):
        recipe = Recipe.load(path)
        for source in recipe.sources():
            if not source.exists():
                raise RecipeError("there is no such file", where=str(source), fix="check the path")
        if recipe.templates is None:
            return report
        path = recipe.templates.path
    grammar = grammar_module.load(path)
    report["findings"] = [dataclasses.asdict(finding) for finding in lint(grammar)]
    report["intents"] = [
        {
            "name": name,
            "sentences": sum(len(block.sentences) for block in intent.blocks),
            "count": grammar_module.count(grammar, name),
        }
        for name, intent in grammar.intents.items()
    ]
    return report


def _holds_templates(path: Path) -> bool:
    """Whether a YAML or JSON file has a template's top-level keys rather than a recipe's."""
    import re

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(r'^\s*"?(intents|lists|expansion_rules)"?\s*:', text, re.MULTILINE) is not None


def export_run(folder: Path, to: str, output: Path) -> ExportReport:
    """Write the corpus of a finished run in another format.

    Raises:
        RunError: the folder is no finished run; ExportError: the target cannot be written.
    """
    run = Run(folder)
    about = dict(run.manifest()["about"])
    about["steps"] = tuple(StepCount(**step) for step in about["steps"])
    about["models"] = tuple(tuple(model) for model in about["models"])
    about["recipe"] = (folder / "recipe.yaml").read_text(encoding="utf-8")
    chosen = corpus.read(folder / "corpus.parquet")
    report: ExportReport = registry.find("exporters", to)(chosen, output, About(**about))
    return report


# -- seeds and scrub --------------------------------------------------------------------------


def _read_seeds(recipe: Recipe, secret: bytes) -> seeds.SeedFile | None:
    if recipe.seeds is None:
        return None
    return seeds.read(recipe.seeds.path, secret=secret, language=recipe.language)


def scrub_settings(recipe: Recipe) -> scrub.Settings:
    """The recipe's `scrub` section as the scrub takes it."""
    section = recipe.scrub
    assert section is not False
    return scrub.Settings(
        entities=section.entities,
        keep=section.keep,
        labels=section.labels,
        min_score=section.min_score,
    )


def scrub_file(
    source: Path,
    target: Path,
    *,
    recipe_language: str = "en",
    settings: scrub.Settings | None = None,
    seed: int = 0,
    key_file: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Scrub a seed file to JSONL in the order and with the keys of the input; returns the report.

    Raises:
        SeedError: the input cannot be read; RunError: the output cannot be written.
    """
    import json

    progress = progress or Progress()
    secret = keyed.load_secret(key_file)
    file = seeds.read(source, secret=secret, language=recipe_language)
    settings = settings or scrub.Settings()
    detector = scrub.Detector(
        recipe_language, models.spacy_source(recipe_language).location, settings
    )
    with progress.bar("scrubbing", len(file.rows)) as advance:
        rows, scrubbed = scrub.scrub_rows(
            [(row.id, row.data) for row in file.rows],
            file.utterances,
            settings=settings,
            detector=detector,
            secret=secret,
            seed=seed,
            progress=_advancing(advance),
        )
    try:
        write_text(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    except OSError as error:
        raise SeedError(
            f"cannot be written: {error.strerror}", where=str(target), fix="name another file"
        ) from error
    return scrub.report(
        scrubbed,
        quarantined=[entry.reason for entry in file.quarantined],
        duplicates=file.duplicates,
    )


def _advancing(advance: Callable[[int, str], None]) -> Callable[[int, int], None]:
    """A bar that is told how much is done in all, as one that is told how much more is."""
    last = 0

    def say(done: int, total: int) -> None:
        nonlocal last
        advance(done - last, "")
        last = done

    return say


def _scrubbed(
    recipe: Recipe,
    file: seeds.SeedFile,
    grammar: Grammar | None,
    secret: bytes,
    run: Run,
    ledger: Ledger,
    progress: Progress,
) -> SeedSide:
    assert recipe.seeds is not None
    progress.step("seeds", recipe.seeds.path.name)
    if file.quarantined:
        (run.folder / "quarantine.jsonl").unlink(missing_ok=True)
        run.append("quarantine.jsonl", [dataclasses.asdict(entry) for entry in file.quarantined])
        reasons = Counter(entry.reason for entry in file.quarantined)
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        progress.warn(f"{len(file.quarantined)} rows went to quarantine.jsonl: {told}")
    if file.duplicates:
        progress.note(f"{file.duplicates} repeated seeds were read once")
    bad = Counter(entry.reason for entry in file.quarantined)
    bad["duplicate"] += file.duplicates
    ledger.add("seeds", len(file.rows) + len(file.quarantined), len(file.utterances), +bad)
    own, held = seeds.split_holdout(file.utterances, recipe.seeds.holdout, recipe.seed)
    intents = len({utterance.intent for utterance in own})
    progress.note(f"{len(own)} seeds of {intents} intents, {len(held)} held out")
    if recipe.scrub is False:
        progress.warn("the scrub is off: the seeds are used as they are")
        scrubbed = scrub.unscrubbed(file.utterances)
    else:
        progress.step("scrub")
        settings = scrub_settings(recipe)
        spacy_model = models.spacy_source(recipe.language)
        detector = scrub.Detector(recipe.language, spacy_model.location, settings)
        known = set(grammar.value_lists(recipe.seed)) if grammar else set()
        with progress.bar("scrubbing", len(file.utterances)) as advance:
            scrubbed = scrub.scrub(
                file.utterances,
                settings=settings,
                detector=detector,
                secret=secret,
                seed=recipe.seed,
                known_labels=known,
                progress=_advancing(advance),
            )
        told = ", ".join(f"{count} {label}" for label, count in scrubbed.counts.items())
        progress.note(f"{scrubbed.changed} seeds changed; replaced: {told or 'nothing'}")
    ours = {utterance.id for utterance in own}
    kept = [seed for seed in scrubbed.patterns if seed.id in ours]
    held_patterns = [seed for seed in scrubbed.patterns if seed.id not in ours]
    for name, part in (("seeds", kept), ("holdout", held_patterns)):
        if part:
            corpus.write(_seed_table(part), run.path("seeds", f"{name}.parquet"))
    return SeedSide(
        kept,
        held_patterns,
        _own_lists(scrubbed.lists, kept),
        scrubbed.removed,
        None if recipe.scrub is False else dict(scrubbed.counts),
        len(file.quarantined),
        file.duplicates,
    )


def _seed_table(part: Sequence[scrub.SeedPattern]) -> pa.Table:
    rows = []
    for seed in part:
        text, slots = patterns.realise(seed.pattern, seed.values)
        rows.append(
            Utterance(
                id=seed.id,
                text=text,
                intent=seed.intent,
                slots=slots,
                pattern=patterns.render(seed.pattern),
                language=seed.language,
                origin="seed",
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


# -- lists, context, quotas -------------------------------------------------------------------


def _grammar(recipe: Recipe) -> Grammar | None:
    if recipe.templates is None:
        return None
    grammar = grammar_module.load(recipe.templates.path)
    grammar_module.require_closed(grammar)
    return grammar


def _say_grammar(grammar: Grammar, progress: Progress) -> None:
    progress.step("templates")
    counts = [grammar_module.count(grammar, intent) for intent in grammar.intents]
    progress.note(f"{len(counts)} intents, {sum(counts):,} possible utterances")


def _lists(
    recipe: Recipe, side: SeedSide, grammar: Grammar | None
) -> dict[str, ValueList]:
    """What fills the slots: the templates' lists, with the values that the seeds have seen beside."""
    lists = dict(side.lists)
    for label, values in (grammar.value_lists(recipe.seed) if grammar else {}).items():
        seen = lists.get(label)
        if seen is not None and seen.source == "seeds":
            both = dict.fromkeys((*values.values, *seen.values))
            values = dataclasses.replace(values, values=tuple(both))
        lists[label] = values
    return lists


def _context(
    recipe: Recipe, side: SeedSide, lists: Mapping[str, ValueList]
) -> filters.Context:
    own = ((seed.id, seed.intent, seed.pattern) for seed in side.patterns)
    table = supply.realised_seeds(own, lists, language=recipe.language, seed=recipe.seed)

    def embed(texts: list[str]) -> Any:
        return models.load_embedder()(texts)

    def find_leaks(texts: Sequence[str]) -> set[int]:
        return {row for row, _ in scrub.find_leaks(texts, side.removed)}

    return filters.Context(table, corpus.empty(), embed, find_leaks, recipe.seed)


def _quotas(recipe: Recipe, side: SeedSide, grammar: Grammar | None) -> dict[Cell, int]:
    """Rows asked of each (intent, origin): the shares by largest remainder."""
    intents = list(grammar.intents) if grammar else []
    intents += [i for i in dict.fromkeys(s.intent for s in side.patterns) if i not in intents]
    shares = {origin: share for origin, share in recipe.shares().items() if share}
    total = recipe.generate.per_intent
    counts = {origin: int(total * share) for origin, share in shares.items()}
    by_remainder = sorted(shares, key=lambda origin: counts[origin] - total * shares[origin])
    for origin in by_remainder[: total - sum(counts.values())]:
        counts[origin] += 1
    return {(i, origin): count for i in intents for origin, count in counts.items() if count}


def _sources(
    recipe: Recipe,
    side: SeedSide,
    grammar: Grammar | None,
    lists: Mapping[str, ValueList],
    quotas: Mapping[Cell, int],
    context: filters.Context,
    run: Run,
    progress: Progress,
) -> dict[str, supply.Source]:
    own = side.by_intent()

    def quota(origin: str) -> dict[str, int]:
        return {i: count for (i, o), count in quotas.items() if o == origin}

    sources: dict[str, supply.Source] = {}
    if quota("seed"):
        sources["seed"] = supply.SeedSource(recipe, own, lists)
    if quota("template") and grammar is not None:
        sources["template"] = supply.TemplateSource(recipe, grammar, quota("template"))
    if quota("model"):
        allowed = side.labels()
        if grammar is not None:
            for intent, labels in grammar_module.labels(grammar).items():
                allowed.setdefault(intent, set()).update(labels)
        sources["model"] = supply.ModelSource(
            recipe,
            own,
            allowed=allowed,
            lists=lists,
            quota=quota("model"),
            run=run,
            leaks=context.find_leaks,
            progress=progress,
        )
    return sources


# -- the loop ---------------------------------------------------------------------------------


def _collect(
    recipe: Recipe,
    sources: Mapping[str, supply.Source],
    quotas: Mapping[Cell, int],
    context: filters.Context,
    run: Run,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """Candidates that passed every filter, enough of each cell while sources and budget last."""
    judge = next((step for step in recipe.filters if step.name == "adversarial"), None)
    rounds = int(judge.options.get("rounds", 2)) if judge else 0
    spare = SPARE_ADVERSARIAL if judge else SPARE
    pool = corpus.empty()
    turn = 0
    while True:
        there = _selectable(pool, recipe.generate.per_pattern)
        goal = spare if turn <= rounds else 1.0
        want = {cell: round(count * goal) - there[cell] for cell, count in quotas.items()}
        want = {cell: missing for cell, missing in want.items() if missing > 0}
        new = _candidates(sources, want, turn, run, ledger, progress) if want else corpus.empty()
        if new.num_rows:
            passed = _filtered(recipe, new, pool, context, ledger, progress)
            pool = corpus.concat([pool, passed])
        if judge and turn < rounds and pool.num_rows:
            kept = _adversarial_round(judge, pool, quotas, recipe, context, turn, ledger, progress)
            dropped, pool = pool.num_rows - kept.num_rows, kept
        else:
            dropped = 0
        there = _selectable(pool, recipe.generate.per_pattern)
        short = any(there[cell] < count for cell, count in quotas.items())
        turn += 1
        if not dropped and (not short or not new.num_rows):
            return pool


def _selectable(pool: pa.Table, per_pattern: int) -> Counter[Cell]:
    """How many rows of each cell the selection could take."""
    counted = corpus.count_by(pool, "intent", "origin", "pattern") if pool.num_rows else {}
    there: Counter[Cell] = Counter()
    for (intent, origin, _), count in counted.items():
        there[intent, origin] += min(count, per_pattern)
    return there


def _candidates(
    sources: Mapping[str, supply.Source],
    want: Mapping[Cell, int],
    turn: int,
    run: Run,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    tables = []
    for origin, source in sources.items():
        asked = {intent: count for (intent, o), count in want.items() if o == origin}
        if not asked:
            continue
        progress.step(
            {"model": "language model", "template": "templates"}.get(origin, origin),
            f"{sum(asked.values())} rows wanted" + (f", round {turn + 1}" if turn else ""),
        )
        supplied = source.more(asked)
        reasons = Counter(reject.reason for reject in supplied.rejects)
        rows = supplied.rows
        ledger.add(origin, rows.num_rows + sum(reasons.values()), rows.num_rows, reasons)
        _say_counts(progress, rows.num_rows + sum(reasons.values()), rows.num_rows, reasons)
        _ledger_lines(ledger, supplied.rejects)
        tables.append(rows)
    table = corpus.concat(tables)
    if table.num_rows:
        corpus.write(table, run.path("candidates", f"shard-{turn:05d}.parquet"))
    return table


def _ledger_lines(ledger: Ledger, rejects: Sequence[supply.Reject]) -> None:
    rows = [
        Utterance(
            id=f"{r.origin}/{r.intent}/{keyed.content_id(r.text, str(at))}",
            text=r.text,
            intent=r.intent,
            pattern=r.text,
            origin=r.origin,
            generation=1,
        )
        for at, r in enumerate(rejects)
    ]
    ledger.reject(corpus.to_table(rows), "language model", [r.reason for r in rejects])


def _filtered(
    recipe: Recipe,
    rows: pa.Table,
    accepted: pa.Table,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    context = dataclasses.replace(context, accepted=accepted)
    for step in recipe.filters:
        if step.name == "adversarial" or not rows.num_rows:
            continue
        progress.step(f"filter: {step.name}")
        verdicts = registry.find("filters", step.name)(rows, context, **step.options)
        rows = _apply(rows, verdicts, step.name, ledger, progress)
    return rows


def _apply(
    rows: pa.Table,
    verdicts: filters.Verdicts,
    step: str,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    for name, measured in verdicts.scores.items():
        rows = corpus.add_scores(rows, name, measured)
    kept = [row for row, reason in enumerate(verdicts.reasons) if reason is None]
    gone = [row for row, reason in enumerate(verdicts.reasons) if reason is not None]
    named = [reason for reason in verdicts.reasons if reason is not None]
    ledger.reject(corpus.take(rows, gone), step, named)
    ledger.add(step, rows.num_rows, len(kept), Counter(named))
    _say_counts(progress, rows.num_rows, len(kept), Counter(named))
    if verdicts.note:
        progress.note(verdicts.note)
    return corpus.take(rows, kept)


def _adversarial_round(
    judge: Any,
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    recipe: Recipe,
    context: filters.Context,
    turn: int,
    ledger: Ledger,
    progress: Progress,
) -> pa.Table:
    """One round: judge the pool, let the most detectable go, but no cell below its quota."""
    progress.step("filter: adversarial", f"round {turn + 1}")
    verdicts = registry.find("filters", judge.name)(pool, context, **judge.options)
    scores = verdicts.scores.get("detectability", [0.0] * pool.num_rows)
    spared = _spared(pool, verdicts.reasons, scores, quotas, recipe.generate.per_pattern)
    reasons = [None if row in spared else why for row, why in enumerate(verdicts.reasons)]
    before = pool.num_rows
    kept = _apply(
        pool, dataclasses.replace(verdicts, reasons=reasons), "adversarial", ledger, progress
    )
    ledger.rounds.append(
        {
            "round": turn + 1,
            "judged": before,
            "dropped": before - kept.num_rows,
            "discriminator": verdicts.note,
            "distinct_2_before": round(_distinct_2(pool), 4),
            "distinct_2_after": round(_distinct_2(kept), 4),
        }
    )
    return kept


def _spared(
    pool: pa.Table,
    reasons: Sequence[str | None],
    scores: Sequence[float],
    quotas: Mapping[Cell, int],
    per_pattern: int,
) -> set[int]:
    """Rows that must stay although a filter would drop them: their cell would fall below quota."""
    there = _selectable(pool, per_pattern)
    cells = list(zip(corpus.column(pool, "intent"), corpus.column(pool, "origin"), strict=True))
    written = corpus.column(pool, "pattern")
    siblings = Counter(zip(cells, written, strict=True))
    spared = set()
    for row in sorted(range(len(reasons)), key=lambda row: -scores[row]):
        if reasons[row] is None:
            continue
        cell, group = cells[row], (cells[row], written[row])
        counts = siblings[group] <= per_pattern  # else a sibling takes its place
        if counts and there[cell] <= quotas.get(cell, 0):
            spared.add(row)
            continue
        siblings[group] -= 1
        there[cell] -= int(counts)
    return spared


def _distinct_2(table: pa.Table) -> float:
    """Distinct word bigrams over all word bigrams (Li et al. 2016)."""
    pairs: set[tuple[str, str]] = set()
    total = 0
    for text in corpus.column(table, "text"):
        words = corpus.fold(text).split()
        pairs.update(zip(words, words[1:], strict=False))
        total += max(0, len(words) - 1)
    return len(pairs) / total if total else 0.0


def _say_counts(progress: Progress, rows_in: int, rows_out: int, reasons: Counter[str]) -> None:
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    progress.note(f"{rows_in:,} in, {rows_out:,} out" + (f"; rejected: {told}" if told else ""))


# -- the end ----------------------------------------------------------------------------------


def _select(
    recipe: Recipe,
    pool: pa.Table,
    quotas: Mapping[Cell, int],
    ledger: Ledger,
    progress: Progress,
) -> tuple[pa.Table, dict[str, tuple[int, int]]]:
    progress.step("select", f"{recipe.generate.per_intent} an intent")
    kept = select(pool, quotas, per_pattern=recipe.generate.per_pattern, seed=recipe.seed)
    chosen = corpus.take(pool, kept)
    rest = sorted(set(range(pool.num_rows)) - set(kept))
    ledger.reject(corpus.take(pool, rest), "select", ["surplus"] * len(rest))
    surplus = Counter({"surplus": len(rest)}) if rest else Counter()
    ledger.add("select", pool.num_rows, len(kept), surplus)
    _say_counts(progress, pool.num_rows, len(kept), surplus)
    by_intent = corpus.count_by(chosen, "intent") if kept else {}
    shortfall = {}
    for intent in dict.fromkeys(intent for intent, _ in quotas):
        got = by_intent.get((intent,), 0)
        if got < recipe.generate.per_intent:
            shortfall[intent] = (got, recipe.generate.per_intent)
            progress.warn(f"{intent}: {got} rows of {recipe.generate.per_intent}")
    if chosen.num_rows:
        chosen = corpus.replace_column(chosen, "split", splits(chosen, recipe.seed))
        chosen = chosen.take(pa.array(_reading_order(chosen, recipe.seed)))
    return chosen, shortfall


def _reading_order(chosen: pa.Table, seed: int) -> list[int]:
    """A keyed shuffle, so that no file starts with a thousand rows of one intent."""
    order: list[int] = keyed.order(
        keyed.stream(seed, "order"), corpus.column(chosen, "id")
    ).tolist()
    return order


def _by_origin(chosen: pa.Table, quotas: Mapping[Cell, int]) -> list[dict[str, Any]]:
    there = corpus.count_by(chosen, "intent", "origin") if chosen.num_rows else {}
    return [
        {"intent": intent, "origin": origin, "got": there.get((intent, origin), 0), "asked": count}
        for (intent, origin), count in quotas.items()
        if there.get((intent, origin), 0) < count
    ]


def _about(
    recipe: Recipe,
    side: SeedSide,
    ledger: Ledger,
    shortfall: dict[str, tuple[int, int]],
    run: Run,
) -> About:
    used = []
    if recipe.model is not None:
        source = models.language_model_source(recipe.model.base)
        used.append(("language model", source.name, source.terms))
    if any(step.name in {"label", "adversarial"} for step in recipe.filters) and side.patterns:
        encoder = models.embedder_source()
        used.append(("sentence encoder of the filters", encoder.name, encoder.terms))
    if recipe.seeds is not None and recipe.scrub is not False:
        spacy_model = models.spacy_source(recipe.language)
        used.append(("entity recognition of the scrub", spacy_model.name, spacy_model.terms))
    return About(
        name=recipe.name,
        license=recipe.card.license,
        language=recipe.language,
        version=package_version(),
        recipe=(run.folder / "recipe.yaml").read_text(encoding="utf-8"),
        models=tuple(used),
        steps=ledger.step_counts(),
        seeds=len(side.patterns),
        scrubbed=side.counts,
        shortfall=shortfall,
    )


def _export(
    recipe: Recipe, chosen: pa.Table, about: About, run: Run, progress: Progress
) -> list[dict[str, Any]]:
    exports = []
    for step in recipe.export:
        progress.step(f"export: {step.name}")
        place = ("dataset",) if step.name == "huggingface" else ("exports", step.name)
        report = registry.find("exporters", step.name)(
            chosen, run.path(*place), about, **step.options
        )
        refused = sum(report.refused.values())
        progress.note(f"{report.written:,} rows written" + (f", {refused} refused" * bool(refused)))
        exports.append(
            {"format": report.format, "written": report.written, "refused": report.refused}
        )
    return exports


def _write_patterns(run: Run, chosen: pa.Table) -> None:
    """The patterns behind the corpus, for people to read, edit and keep under version control."""
    import io

    from ruamel.yaml import YAML

    listed: dict[str, list[dict[str, Any]]] = {}
    counted = corpus.count_by(chosen, "intent", "origin", "pattern")
    for (intent, origin, pattern), rows in counted.items():
        entry = {"pattern": pattern, "origin": origin, "rows": rows}
        listed.setdefault(str(intent), []).append(entry)
    buffer = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 1000
    yaml.dump({"intents": listed}, buffer)
    write_text(run.path("patterns", "patterns.yaml"), buffer.getvalue())


def _write_rejects(run: Run, ledger: Ledger) -> None:
    import pyarrow.parquet as pq

    if ledger.rejects:
        table = pa.concat_tables(ledger.rejects).unify_dictionaries()
        pq.write_table(table, run.path("rejects.parquet"), compression="zstd")


def _as_yaml(recipe: Recipe) -> str:
    import io

    from ruamel.yaml import YAML

    buffer = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.dump(recipe.model_dump(mode="json", exclude_defaults=True), buffer)
    return buffer.getvalue()


def package_version() -> str:
    """The version of this package."""
    return _version("textsynth-corpus")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
