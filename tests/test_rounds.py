"""A round of the adversarial filter: what goes, what it may not cost, when it ends."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed
from test_filters import ARTEFACT, CLEAN, REAL, context, table

from textsynth import corpus, registry
from textsynth.corpus import Slot, Utterance
from textsynth.filters import Context, Verdicts
from textsynth.filters.select import attainable, cells_of
from textsynth.pipeline import rounds
from textsynth.pipeline.collect import collect
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.rounds import Round, Variety
from textsynth.pipeline.supply import Supplied
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import open_run
from textsynth.sections import Step

STEP = Step(name="adversarial", options={"drop": 0.25})


def recipe(**filters: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "t",
            "templates": {"path": "x"},
            "generate": {"per_intent": 30, "per_pattern": 1, **filters.pop("generate", {})},
            "filters": [{"adversarial": filters}],
        }
    )


def judge(pool: pa.Table, quota: int, step: Step = STEP) -> rounds.Judged:
    quotas = {(intent, "template"): quota for intent in ("lights", "music")}
    return rounds.judge(step, pool, quotas, recipe(), context(REAL), 1, pool.num_rows)


def test_what_shows_goes_and_what_does_not_stays() -> None:
    shouted = [(text.removesuffix(" <zq/>").upper(), intent) for text, intent in ARTEFACT]
    pool = table(CLEAN + shouted)
    judged = judge(pool, quota=40)
    gone = [
        text for text, why in zip(corpus.column(pool, "text"), judged.reasons, strict=True) if why
    ]
    assert gone and np.mean([text.isupper() for text in gone]) > 0.8
    assert judged.round.dropped == len(gone) and judged.round.undone is None
    assert judged.round.auc is not None and judged.round.auc > 0.6
    assert all(score is not None for score in corpus.scores(judged.pool, "detectability"))


def test_no_intent_falls_below_its_quota() -> None:
    pool = table(CLEAN[:20] + ARTEFACT)
    there = Counter(corpus.column(pool, "intent"))
    quota = min(there.values())
    kept = Counter(
        intent
        for intent, why in zip(
            corpus.column(pool, "intent"),
            judge(pool, quota, Step(name="adversarial", options={"drop": 1.0})).reasons,
            strict=True,
        )
        if why is None
    )
    assert kept == Counter(dict.fromkeys(there, quota))


def test_a_round_that_costs_variety_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    dull = [(f"turn on the lamp number {n}", "lights") for n in range(60)]
    pool = table(dull + CLEAN)

    def drops_what_is_varied(rows: pa.Table, given: Context, **options: Any) -> Verdicts:
        texts = corpus.column(rows, "text")
        return Verdicts([None if "number" in t else "detectable" for t in texts])

    monkeypatch.setattr(registry, "find", lambda kind, name: drops_what_is_varied)
    judged = judge(pool, quota=0)
    assert judged.round.undone is not None and "distinct-2 fell" in judged.round.undone
    assert judged.reasons == [None] * pool.num_rows and judged.round.dropped == 0


VARIETY = Variety(0.5, 0.4, 100, 0.3, {"model": 1.0})
ROUND = Round(1, 100, 100, 20, 0.7, VARIETY, VARIETY, None)


@pytest.mark.parametrize(
    ("after", "undone"),
    [
        ({}, None),
        ({"nearest_seed": 0.2}, "the distance to the nearest seed fell from 0.3 to 0.2"),
        ({"nearest_seed": 0.26}, None),  # seeds are as near to each other
        ({"distinct_2": 0.48}, None),
        ({"distinct_2": 0.47}, "distinct-2 fell from 0.5 to 0.47"),
        ({"self_bleu": 0.42}, None),
        ({"self_bleu": 0.44}, "1 - self-BLEU fell from 0.6 to 0.56"),
        ({"clusters": 94}, "the number of clusters fell from 100 to 94"),
        ({"nearest_seed": None}, None),
        ({"distinct_2": 0.9, "clusters": 200, "nearest_seed": 0.9}, None),
    ],
)
def test_what_undoes_a_round(after: dict[str, Any], undone: str | None) -> None:
    changed = dataclasses.replace(VARIETY, **after)
    assert rounds.fallen(VARIETY, changed, among_seeds=0.25) == undone


def test_without_seeds_to_compare_the_distance_may_not_fall() -> None:
    near = dataclasses.replace(VARIETY, nearest_seed=0.28)
    assert "nearest seed fell" in (rounds.fallen(VARIETY, near, among_seeds=None) or "")


def test_how_far_seeds_are_from_each_other() -> None:
    assert rounds.among_seeds(context(REAL[:1])) is None
    twice = [("lamp on", "x"), ("lamp on", "x"), ("weather?", "x")]
    assert rounds.among_seeds(context(twice)) == pytest.approx(
        1 - float(embed(["lamp on"])[0] @ embed(["weather?"])[0])
    )


@pytest.mark.parametrize(
    ("aucs", "changed", "end"),
    [
        ([0.7], {}, None),
        ([0.7, 0.65], {}, None),
        ([0.55], {}, "at the target"),
        ([0.4], {}, "at the target"),
        ([0.7, 0.698], {}, "no longer falls"),
        ([0.7, 0.75], {}, "no longer falls"),
        ([None], {}, "no discriminator"),
        ([0.7], {"undone": "distinct-2 fell from 1 to 0"}, "undone, since distinct-2 fell"),
    ],
)
def test_when_the_rounds_end(
    aucs: list[float | None], changed: dict[str, Any], end: str | None
) -> None:
    told = rounds.ends([dataclasses.replace(ROUND, auc=auc, **changed) for auc in aucs], 0.55)
    assert told is None if end is None else end in (told or "")


class Given:
    """A source of these rows, in their order."""

    def __init__(self, rows: pa.Table) -> None:
        self.left = rows

    def more(self, want: dict[str, int]) -> Supplied:
        given = []
        for intent, count in want.items():
            own = [r for r, i in enumerate(corpus.column(self.left, "intent")) if i == intent]
            given += own[:count]
        rest = sorted(set(range(self.left.num_rows)) - set(given))
        rows, self.left = corpus.take(self.left, given), corpus.take(self.left, rest)
        return Supplied(rows)


class Heard(Progress):
    """Keeps the tables and notes."""

    def __init__(self) -> None:
        self.tables: list[Any] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def table(self, title: str, header: Any, rows: Any) -> None:
        self.tables.append((title, header, rows))


def test_the_loop_drops_asks_for_more_and_ends(tmp_path: Any) -> None:
    """Half of what comes first shows an artefact; the clean rows that follow take its place."""
    mixed = [row for pair in zip(ARTEFACT, CLEAN, strict=False) for row in pair]
    pool = table([*mixed, *CLEAN[len(ARTEFACT) :]])
    made = recipe(rounds=4, drop=0.3, target=0.55, generate={"per_intent": 20, "spare": 1.6})
    ledger, heard = Ledger(), Heard()
    quotas = {("lights", "template"): 20, ("music", "template"): 20}
    run = open_run(tmp_path / "run", "f", "never")
    kept = collect(made, {"template": Given(pool)}, quotas, context(REAL), run, ledger, heard)
    counted = Counter(corpus.column(kept, "intent"))
    assert all(counted[intent] >= 20 for intent, _ in quotas)
    texts = corpus.column(kept, "text")
    shows = sum("<zq/>" in text for text in texts) / len(texts)
    assert shows < 0.25
    assert [one["number"] for one in ledger.rounds] == list(range(1, len(ledger.rounds) + 1))
    assert ledger.rounds[0]["auc"] > ledger.rounds[-1]["auc"]
    ((title, header, rows),) = heard.tables
    assert "adversarial" in title and len(header) == len(rows[0])
    assert len(rows) == len(ledger.rounds)


@pytest.mark.parametrize("limit", [1, 3])
def test_sources_that_give_nothing_end_the_loop(tmp_path: Any, limit: int) -> None:
    made = recipe(rounds=limit)
    run = open_run(tmp_path / "run", "f", "never")
    source = {"template": Given(corpus.empty())}
    quotas = {("lights", "template"): 5}
    kept = collect(made, source, quotas, context(REAL), run, Ledger(), Progress())
    assert kept.num_rows == 0


class Asked(Given):
    """Keeps what it was asked for."""

    def __init__(self, rows: pa.Table) -> None:
        super().__init__(rows)
        self.waves: list[dict[str, int]] = []

    def more(self, want: dict[str, int]) -> Supplied:
        self.waves.append(want)
        return super().more(want)


def test_few_waves_find_what_is_rare(tmp_path: Any) -> None:
    """All but four rows are of one pattern, of which one row may stay."""
    alike = table([(f"lamp {n}", "lights") for n in range(1000)])
    alike = corpus.replace_column(alike, "pattern", ["lamp {n}"] * 1000)
    rare = table([(f"light {n}", "lights") for n in ("one", "two", "three", "four")])
    source = Asked(corpus.concat([alike, rare]))
    made = recipe().model_copy(update={"filters": []})
    run = open_run(tmp_path / "run", "f", "never")
    quotas = {("lights", "template"): 5}
    pool = collect(made, {"template": source}, quotas, context(REAL), run, Ledger(), Progress())
    assert pool.num_rows == 1004
    asked = [wave["lights"] for wave in source.waves]
    assert asked == [7, 8, 16, 32, 64, 128, 256, 512]


@pytest.mark.parametrize(("first", "asked"), [(10, [8, 6]), (99, [8, 6, 12, 24])])
def test_a_rare_slot_is_asked_for_while_the_source_lasts(
    tmp_path: Any, first: int, asked: list[int]
) -> None:
    def said(n: int, label: str) -> Utterance:
        slots = (Slot(4, 4 + len(str(n)), label, str(n)),)
        return Utterance(f"{n}", f"say {n}", "lights", slots, origin="template")

    source = Asked(corpus.to_table(said(n, "day" if n < first else "city") for n in range(20)))
    made = recipe(generate={"per_slot": 3}).model_copy(update={"filters": []})
    run = open_run(tmp_path / "run", "f", "never")
    quotas, labels = {("lights", "template"): 6}, {"lights": {"day", "city"}}
    collect(made, {"template": source}, quotas, context(REAL), run, Ledger(), Progress(), labels)
    assert [wave["lights"] for wave in source.waves] == asked


def test_the_manifest_has_rounded_figures() -> None:
    long = dataclasses.replace(VARIETY, distinct_2=1 / 3)
    plain: Any = rounds.as_json(dataclasses.replace(ROUND, auc=2 / 3, before=long))
    assert plain["auc"] == 0.6667 and plain["before"]["distinct_2"] == 0.3333


def test_rows_without_a_pattern_are_no_siblings() -> None:
    pool = corpus.replace_column(table(CLEAN[:20]), "pattern", [None] * 20)
    quotas = {(intent, "template"): 4 for intent in ("lights", "music")}
    stay = rounds.spared(pool, ["detectable"] * 20, [0.5] * 20, quotas, 1, 1)
    assert Counter(corpus.column(corpus.take(pool, stay), "intent")) == {"lights": 4, "music": 4}


@pytest.mark.parametrize("per_pattern", [1, 3])
def test_origins_that_share_patterns_do_not_fall_below_quota(per_pattern: int) -> None:
    quotas = {("x", "model"): 5, ("x", "template"): 5}

    def held(pool: pa.Table) -> Counter[tuple[str, str]]:
        kept = attainable(pool, quotas, per_pattern=per_pattern, seed=1)
        return Counter(cells_of(corpus.take(pool, kept)))

    for seed in range(150):
        rng = np.random.default_rng(seed)
        pool = corpus.to_table(
            Utterance(f"{n}", f"{n}", "x", pattern=f"p{rng.integers(14)}", origin=str(origin))
            for n, origin in enumerate(rng.choice(["model", "template"], 40))
        )
        reasons = ["detectable" if drop else None for drop in rng.random(40) < 0.5]
        stay = rounds.spared(pool, reasons, rng.random(40).tolist(), quotas, per_pattern, 1)
        left = [row for row, why in enumerate(reasons) if why is None or row in stay]
        assert not held(pool) - held(corpus.take(pool, left))
