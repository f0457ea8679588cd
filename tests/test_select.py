"""Selection: exact quotas, a cap for each pattern, splits that siblings never straddle."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, column, concat, empty, fold, take, to_table
from textsynth.filters.select import SPLITS, attainable, splits
from textsynth.filters.select import select as select_with_seeds
from textsynth.pipeline import finish
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.values import from_surfaces

Row = tuple[str, str, str]  # intent, origin, pattern


def table(rows: list[Row]) -> pa.Table:
    """Rows of these intents, origins and patterns, each with a text and an id of its own."""
    return to_table(
        Utterance(f"{at}", f"{pattern} {at}", intent, pattern=pattern, origin=origin)
        for at, (intent, origin, pattern) in enumerate(rows)
    )


def select(
    corpus: pa.Table,
    quotas: dict[tuple[str, str], int],
    seeds: pa.Table | None = None,
    **options: Any,
) -> list[int]:
    """`select` without seeds, unless a test has some."""
    chosen = select_with_seeds(
        corpus,
        quotas,
        empty() if seeds is None else seeds,
        **{"per_pattern": 1, "seed": 1} | options,
    )
    assert chosen == sorted(set(chosen))
    return chosen


def grid(intents: int, patterns: int, rows: int, origin: str = "template") -> list[Row]:
    """So many rows of so many patterns of so many intents; no pattern is in two intents."""
    return [
        (f"i{i}", origin, f"i{i} p{p}")
        for i in range(intents)
        for p in range(patterns)
        for _ in range(rows)
    ]


rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["template", "model"]),
        st.sampled_from(["p", "P!", "q {x}", "r", "s", "t", "u"]),
    ),
    max_size=60,
)


# -- select -----------------------------------------------------------------------------------


@pytest.mark.parametrize("quota", [0, 1, 7, 20, 50])
def test_quotas_are_met_exactly(quota: int) -> None:
    corpus = table(grid(3, 10, 5) + grid(3, 10, 5, "model"))
    quotas = {(f"i{i}", origin): quota for i in range(3) for origin in ("template", "model")}
    kept = take(corpus, select(corpus, quotas, per_pattern=10, seed=1))
    counted = Counter(zip(column(kept, "intent"), column(kept, "origin"), strict=True))
    assert counted == Counter({cell: quota for cell in quotas if quota})


def test_what_has_no_quota_is_left_out() -> None:
    corpus = table(grid(2, 3, 1))
    kept = select(corpus, {("i0", "template"): 9}, per_pattern=5, seed=1)
    assert kept == [0, 1, 2]  # all there are, in their order


def test_every_pattern_comes_before_the_second_row_of_any() -> None:
    corpus = table(grid(1, 10, 5))
    kept = take(corpus, select(corpus, {("i0", "template"): 10}, per_pattern=5, seed=1))
    assert len(set(column(kept, "pattern"))) == 10
    twice = take(corpus, select(corpus, {("i0", "template"): 20}, per_pattern=5, seed=1))
    assert set(Counter(column(twice, "pattern")).values()) == {2}


@given(rows, st.integers(0, 30), st.integers(1, 4), st.integers(0, 5))
def test_neither_quota_nor_cap_is_exceeded(
    given_rows: list[Row], quota: int, per_pattern: int, seed: int
) -> None:
    corpus = table(given_rows)
    quotas = {(i, origin): quota for i in "ab" for origin in ("template", "model")}
    at = select(corpus, quotas, per_pattern=per_pattern, seed=seed)
    assert at == sorted(set(at))
    kept = [given_rows[row] for row in at]
    cells = Counter((intent, origin) for intent, origin, _ in kept)
    siblings = Counter((intent, fold(pattern)) for intent, _, pattern in kept)
    assert all(count <= quota for count in cells.values())
    assert all(count <= per_pattern for count in siblings.values())
    left = set(range(len(given_rows))) - set(at)
    for row in left:  # nothing was left out that there was room for
        intent, origin, pattern = given_rows[row]
        assert cells[intent, origin] == quota or siblings[intent, fold(pattern)] == per_pattern


@given(rows, st.integers(0, 30), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_each_origin_may_have_a_cap_of_its_own(
    given_rows: list[Row], quota: int, of_templates: int, of_model: int, seed: int
) -> None:
    corpus = table(given_rows)
    caps = {"template": of_templates, "model": of_model}
    quotas = {(i, origin): quota for i in "ab" for origin in caps}
    at = select(corpus, quotas, per_pattern=caps, seed=seed)
    kept = [given_rows[row] for row in at]
    cells = Counter((intent, origin) for intent, origin, _ in kept)
    siblings = Counter((intent, fold(pattern), origin) for intent, origin, pattern in kept)
    assert all(count <= quota for count in cells.values())
    assert all(count <= caps[origin] for (_, _, origin), count in siblings.items())
    for row in set(range(len(given_rows))) - set(at):
        intent, origin, pattern = given_rows[row]
        full = siblings[intent, fold(pattern), origin] == caps[origin]
        assert full or cells[intent, origin] == quota


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(given_rows: list[Row], random) -> None:
    corpus = table(given_rows)
    quotas = {(i, origin): 5 for i in "ab" for origin in ("template", "model")}
    shuffled = take(corpus, random.sample(range(len(given_rows)), len(given_rows)))
    one, other = (
        {*column(take(c, select(c, quotas, per_pattern=2, seed=3)), "id")}
        for c in (corpus, shuffled)
    )
    assert one == other
    assert dict(zip(column(corpus, "id"), splits(corpus, 3), strict=True)) == dict(
        zip(column(shuffled, "id"), splits(shuffled, 3), strict=True)
    )


def test_another_seed_selects_others() -> None:
    corpus = table(grid(1, 50, 1))
    quotas = {("i0", "template"): 10}
    assert select(corpus, quotas, per_pattern=1, seed=1) != select(
        corpus, quotas, per_pattern=1, seed=2
    )


def test_a_row_without_a_pattern_is_a_pattern_of_its_own() -> None:
    corpus = to_table(Utterance(str(i), f"text {i}", "i", origin="model") for i in range(3))
    assert select(corpus, {("i", "model"): 3}, per_pattern=1, seed=1) == [0, 1, 2]


def utterances(texts: list[str], intent: str = "i", origin: str = "model") -> pa.Table:
    return to_table(
        Utterance(f"{origin}/{text}", text, intent, pattern=text, origin=origin) for text in texts
    )


def chosen(corpus: pa.Table, count: int, seeds: pa.Table, **options: int) -> list[str]:
    quotas = {(intent, "model"): count for intent in set(column(corpus, "intent"))}
    return column(take(corpus, select(corpus, quotas, seeds, **options)), "text")


def test_the_words_of_the_choice_come_close_to_those_of_the_seeds() -> None:
    """Half of the seeds are polite: so is half of the choice, though a tenth of the pool is."""
    plain = [
        " ".join(words)
        for words in product(
            ("stop", "start", "dim", "check"), ("lamp", "fan", "radio"), ("now", "again", "later")
        )
    ]
    polite = [f"please {text}" for text in plain]
    real = utterances([*plain[::4], *polite[::4]], origin="seed")
    plain += [f"{text} {n}" for text in plain for n in range(9)]
    kept = chosen(utterances([*plain, *polite]), 20, real)
    assert 8 <= sum(text.startswith("please") for text in kept) <= 12


def test_each_seed_is_represented_before_any_twice() -> None:
    seeds = utterances(["wake me up", "ring the bell", "what time is it", "ring the time"],
                       origin="seed")  # fmt: skip
    crowd = [f"wake me up {n}" for n in range(50)]
    kept = chosen(utterances([*crowd, "ring the bell now", "what time is it now"]), 3, seeds)
    assert {"ring the bell now", "what time is it now"} < set(kept)


@pytest.mark.parametrize("per_slot", [1, 3])
def test_values_and_slots_are_covered_first(per_slot: int) -> None:
    plain = [Utterance(f"p{n}", f"light {n}", "i", pattern=f"light {n}", origin="model")
             for n in range(40)]  # fmt: skip
    filled = [
        Utterance(f"s{n}", room, "i", (Slot(0, len(room), "room", room),), f"{{room}} {n}",
                  origin="model")
        for n, room in enumerate(("hall", "attic", "hall", "attic", "hall"))
    ]  # fmt: skip
    corpus = to_table(plain + filled)
    kept = take(corpus, select(corpus, {("i", "model"): 4}, per_slot=per_slot))
    values = [slot["value"] for slots in column(kept, "slots") for slot in slots]
    assert set(values) == {"hall", "attic"}
    assert len(values) == max(2, per_slot)


@pytest.mark.parametrize("order", [1, -1])
def test_a_slot_that_must_come_often_comes_before_other_values(order: int) -> None:
    names = [("name", f"name {at}") for at in range(20)]
    cities = [("city", "Leeds")] * 4
    corpus = to_table(
        Utterance(f"{at:02}", f"{value} {at}", "i", (Slot(0, len(value), label, value),),
                  f"p{at} {{{label}}}", origin="model")
        for at, (label, value) in enumerate([*names, *cities][::order])
    )  # fmt: skip
    kept = take(corpus, select(corpus, {("i", "model"): 6}, per_slot=3))
    found = Counter(slots[0]["label"] for slots in column(kept, "slots"))
    assert found == {"name": 3, "city": 3}


@pytest.mark.parametrize(("made_up", "count"), [((), 9), (("person",), 1)])
def test_made_up_values_draw_no_rows(made_up: tuple[str, ...], count: int) -> None:
    """A name is new in every row: as values to be covered, names would be in all that is kept."""
    plain = [f"light {n}" for n in range(30)]
    names = [f"Ann{n:02}" for n in range(20)]
    corpus = to_table(
        [Utterance(f"p{n}", text, "i", pattern=text, origin="model")
         for n, text in enumerate(plain)]
        + [Utterance(f"s{n}", name, "i", (Slot(0, len(name), "person", name),), f"{{person}} {n}",
                     origin="model") for n, name in enumerate(names)]
    )  # fmt: skip
    seeds = to_table(
        [Utterance(f"r{n}", f"light {n} on", "i", pattern=f"light {n} on", origin="seed")
         for n in range(8)]
    )  # fmt: skip
    kept = take(corpus, select(corpus, {("i", "model"): 10}, seeds, made_up=made_up))
    assert sum(bool(slots) for slots in column(kept, "slots")) == count
    recipe = Recipe(
        name="x", templates={"path": "intents"}, generate={"per_intent": 10, "per_pattern": 1}
    )
    source = "faker.first_name" if made_up else "list"
    lists = {"person": from_surfaces("person", names, source)}
    by_run, short = finish.select_rows(
        recipe, corpus, {("i", "model"): 10}, seeds, lists, Ledger(), Progress()
    )
    assert sum(bool(slots) for slots in column(by_run, "slots")) == count
    assert not short


@given(rows, st.integers(1, 30), st.integers(1, 3))
def test_as_many_are_selected_as_can_be(
    given_rows: list[Row], quota: int, per_pattern: int
) -> None:
    corpus = table(given_rows)
    seeds = table([("a", "seed", p) for p in ("p q", "q p", "p")])
    quotas = {(i, origin): quota for i in "ab" for origin in ("template", "model")}
    sure = attainable(corpus, quotas, per_pattern=per_pattern, seed=1)
    assert len(select(corpus, quotas, seeds, per_pattern=per_pattern)) >= len(sure)


def test_a_large_pool_is_cut_and_still_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.filters.select.CHUNK", 16)
    corpus = table(grid(3, 30, 2) + grid(3, 30, 2, "model"))
    seeds = table(grid(3, 5, 1, "seed"))
    quotas = {(f"i{i}", origin): 25 for i in range(3) for origin in ("template", "model")}
    kept = take(corpus, select(corpus, quotas, seeds, per_pattern=2))
    counted = Counter(zip(column(kept, "intent"), column(kept, "origin"), strict=True))
    assert counted == Counter(quotas)


# -- splits -----------------------------------------------------------------------------------


@given(rows, st.integers(0, 5))
def test_siblings_never_straddle(given_rows: list[Row], seed: int) -> None:
    given_splits = splits(table(given_rows), seed)
    assert len(given_splits) == len(given_rows)
    seen = defaultdict(set)
    for (_, _, pattern), split in zip(given_rows, given_splits, strict=True):
        seen[fold(pattern)].add(split)
    assert all(len(placed) == 1 for placed in seen.values())
    assert set(given_splits) <= {name for name, _ in SPLITS}


@pytest.mark.parametrize(("patterns", "rows"), [(20, 5), (100, 1), (40, 3)])
def test_each_intent_is_split_80_10_10(patterns: int, rows: int) -> None:
    given_rows = grid(4, patterns, rows)
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for (intent, _, _), split in zip(given_rows, splits(table(given_rows), 1), strict=True):
        counted[intent][split] += 1
    for parts in counted.values():
        for name, share in SPLITS:
            assert parts[name] / parts.total() == pytest.approx(share, abs=rows / parts.total())


@given(st.integers(3, 12), st.integers(1, 5), st.integers(0, 20))
def test_three_patterns_are_enough_for_every_split(patterns: int, rows: int, seed: int) -> None:
    given_rows = grid(2, patterns, rows)
    for intent in ("i0", "i1"):
        placed = splits(table(given_rows), seed)
        own = {s for (i, _, _), s in zip(given_rows, placed, strict=True) if i == intent}
        assert own == {"train", "validation", "test"}


@pytest.mark.parametrize(("patterns", "expected"), [(0, set()), (1, {"train"})])
def test_what_is_scarce_is_for_training(patterns: int, expected: set[str]) -> None:
    assert set(splits(table(grid(1, patterns, 2)), 1)) == expected


@pytest.mark.parametrize(("asked", "worst"), [(10, 84), (31, 92), (40, 99)])
def test_the_worst_rows_are_left_out(asked: int, worst: int) -> None:
    """A sixth of them, where three times as many as are wanted stay."""
    rows = [
        Utterance(f"{n}", f"say {n}", "i", pattern=f"say {n}", origin="model",
                  scores={"sequence_score": -n / 10, "label_margin": 1 - n / 100})
        for n in range(100)
    ]  # fmt: skip
    kept = take(to_table(rows), select(to_table(rows), {("i", "model"): asked}))
    assert max(int(text.split()[1]) for text in column(kept, "text")) <= worst


def test_the_best_rows_with_a_rare_slot_are_among_the_better() -> None:
    def scored(n: int, slots: tuple[Slot, ...] = ()) -> Utterance:
        return Utterance(f"{n}", f"hall {n}", "i", slots, f"hall {n}", origin="model",
                         scores={"sequence_score": -n / 10})  # fmt: skip

    rare = [scored(n, (Slot(0, 4, "room", "hall"),)) for n in range(95, 100)]
    corpus = to_table([*map(scored, range(95)), *rare])
    kept = take(corpus, select(corpus, {("i", "model"): 5}, per_slot=2))
    pairs = zip(column(kept, "id"), column(kept, "slots"), strict=True)
    assert sorted(row for row, slots in pairs if slots) == ["95", "96"]


def test_intents_without_seeds_do_not_disturb_the_others() -> None:
    seeds = utterances(["turn it on", "turn it off", "make it on", "make it off"], origin="seed")
    ways = [f"{verb} it {way}" for verb in ("turn", "make", "put") for way in ("on", "off", "up")]
    own = utterances(ways)
    both = concat([own, utterances([f"other {n}" for n in range(50)], "j")])
    kept = take(both, select(both, {("i", "model"): 4, ("j", "model"): 20}, seeds))
    of_i = [
        t for t, i in zip(column(kept, "text"), column(kept, "intent"), strict=True) if i == "i"
    ]
    assert of_i == chosen(own, 4, seeds)
