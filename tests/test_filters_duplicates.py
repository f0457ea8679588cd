"""Near-duplicates and paraphrases: a helper and one line a case."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed
from hypothesis import given, settings
from hypothesis import strategies as st

from textsynth.corpus import Utterance, empty, fold, take, to_table
from textsynth.filters import Context, Verdicts
from textsynth.filters import semantic as semantic_module
from textsynth.filters.duplicates import I64, Pairs, resolve
from textsynth.filters.near import near
from textsynth.filters.semantic import semantic
from textsynth.filters.shingles import shingles, words
from textsynth.filters.sketches import Nodes, Sketches

Filter = Callable[..., Verdicts]
LONG = "could you please wake me at seven in the morning on friday before the train leaves"
FILTERS = (near, semantic)


def row(text: str, intent: str = "x", pattern: str | None = None, **more: Any) -> Utterance:
    more = {"id": f"{intent}/{text}" + f"/{pattern}" * bool(pattern), "origin": "template", **more}
    return Utterance(text=text, intent=intent, pattern=pattern or text, **more)


def no_spans(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    return [[] for _ in texts]


def context(seeds: Sequence[Utterance] = (), accepted: Sequence[Utterance] = ()) -> Context:
    return Context(to_table(seeds), to_table(accepted), embed, no_spans, 1)


def judge(
    filter_: Filter,
    rows: Sequence[Utterance],
    seeds: Sequence[Utterance] = (),
    accepted: Sequence[Utterance] = (),
    **options: Any,
) -> list[str | None]:
    """The reasons that a filter gives; that it gives one a row and changes none is checked here."""
    corpus = to_table(rows)
    verdicts = filter_(corpus, context(seeds, accepted), **options)
    assert len(verdicts.reasons) == len(rows)
    assert all(len(scores) == len(rows) for scores in verdicts.scores.values())
    assert corpus.equals(to_table(rows))
    return verdicts.reasons


# -- near -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "dropped"),
    [
        (["turn on the light", "turn off the light"], []),
        (["wake me at 5", "wake me at 6"], []),
        (["set it to 5 degrees", "set it to -5 degrees"], []),
        (["what is c++", "what is c"], []),
        (["🔥", "💡"], []),
        (["?!", "!?"], []),
        (["turn on, the light", "turn on the light"], [0]),  # the id with the blank is lower
        (["it's too dark in here", "it\u2019s too dark in here"], [1]),
        ([LONG, LONG.replace("friday", "fridday")], [1]),
        ([LONG, LONG.replace("friday", "monday night")], []),
        (["मुझे सुबह सात बजे जगा देना ठीक है", "मुझे सुबह सात बजे, जगा देना ठीक है"], [1]),
    ],
)
def test_near(rows: list[str], dropped: list[int]) -> None:
    reasons = judge(near, [row(text) for text in rows])
    assert [at for at, why in enumerate(reasons) if why == "near_duplicate"] == dropped


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ([row(LONG), row(f"{LONG} now", "y")], [None, None]),
        ([row(LONG, pattern="p"), row(f"{LONG} now", pattern="p")], [None, None]),
        ([row(LONG), row(f"{LONG} now")], [None, "near_duplicate"]),
        (
            [
                row("wake me up at 5 on friday", pattern="wake me up at {time} on {day}"),
                row("wake me up at noon, on sunday", pattern="wake me up at {time}, on {day}"),
            ],
            [None, "near_duplicate"],
        ),
        (
            [
                row("play yesterday", pattern="play {song}"),
                row("play jazz", pattern="play {genre}"),
            ],
            [None, None],
        ),
    ],
)
def test_near_compares_patterns_within_an_intent(
    rows: list[Utterance], reasons: list[str | None]
) -> None:
    assert judge(near, rows) == reasons


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"id": "b"}, {"id": "a"}),
        ({"id": "a"}, {"id": "b", "scores": {"label_margin": 0.1}}),
        (
            {"id": "a", "scores": {"label_margin": 0.1}},
            {"id": "b", "scores": {"label_margin": 0.2}},
        ),
        (
            {"id": "a", "scores": {"detectability": 0.2}},
            {"id": "b", "scores": {"detectability": 0.1}},
        ),
        (
            {"id": "a", "scores": {"label_margin": 0.1, "detectability": 0.1}},
            {"id": "b", "scores": {"label_margin": 0.2, "detectability": 0.2}},
        ),
    ],
)
@pytest.mark.parametrize("filter_", FILTERS)
def test_the_better_row_stays(
    filter_: Filter, worse: dict[str, Any], better: dict[str, Any]
) -> None:
    reasons = judge(filter_, [row(LONG, **worse), row(f"{LONG}, now", **better)], threshold=0.8)
    assert [why is None for why in reasons] == [False, True]


@pytest.mark.parametrize(
    ("origin", "reason"),
    [("template", "near_seed"), ("model", "near_seed"), ("seed", None), ("name", None)],
)
def test_near_seed(origin: str, reason: str | None) -> None:
    assert judge(near, [row(f"{LONG} now", origin=origin)], [row(LONG)]) == [reason]
    both = [row(f"{LONG} now", origin=origin), row(f"{LONG} now", id="other")]
    assert judge(near, both, [row(LONG)]) == [reason, "near_seed"]


@pytest.mark.parametrize("filter_", FILTERS)
def test_accepted_rows_win(filter_: Filter) -> None:
    best = row(f"{LONG} now", scores={"label_margin": 1.0})
    assert judge(filter_, [best], accepted=[row(LONG)], threshold=0.8)[0] is not None
    assert judge(filter_, [best], accepted=[row(LONG, "y")], threshold=0.8) == [None]


def test_near_scores() -> None:
    rows = [row(LONG), row(f"{LONG} now"), row("alone"), row("turn it up"), row("turn, it up")]
    scores = near(to_table(rows), context()).scores
    assert list(scores["near_cluster"]) == [1, 1, 0, 2, 2]
    assert [value >= 0.8 for value in scores["near_similarity"]] == [0, 1, 0, 0, 1]


def edits(sentence: str) -> list[str]:
    """Punctuation, a typo in a long word, a word more."""
    parts = sentence.split()
    at = max(range(len(parts)), key=lambda n: len(parts[n]))
    typo = [*parts[:at], parts[at][:-1] + "q", *parts[at + 1 :]]
    return [f"{' '.join(parts[:4])}, {' '.join(parts[4:])}!", " ".join(typo), f"{sentence} now"]


def test_planted_near_duplicates_are_all_found() -> None:
    generator = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u", "ay", "or")]
    bases = [
        " ".join("".join(generator.choices(syllables, k=3)) for _ in range(14)) for _ in range(200)
    ]
    rows = [row(text, id="0") for text in bases]
    planted = [row(text, id="1") for base in bases for text in edits(base)]
    reasons = judge(near, rows + planted)
    assert reasons == [None] * 200 + ["near_duplicate"] * 600


def test_shingles_are_those_of_each_text_alone() -> None:
    texts = ["a", "", "turn on the light", "🔥 a a a", "?!", "x" * 300]
    flat, counts = shingles(texts)
    alone = [shingles([text])[0] for text in texts]
    assert counts.tolist() == [len(one) for one in alone]
    assert flat.tolist() == np.concatenate(alone).tolist()


def gram_set(text: str) -> set[object]:
    plain = words(text)
    parts, padded = plain.split(), f" {plain} "
    grams = [padded[at : at + n] for n in (3, 4) for at in range(len(padded) - n + 1)]
    return {*grams, *((word,) for word in parts), *pairwise(parts)}


@contextmanager
def few_marks(words: int) -> Iterator[None]:
    """So few bits, and so few texts to tell what is frequent by, that most shingles share them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textsynth.filters.sets.WORDS", (words, words))
        patch.setattr("textsynth.filters.sketches.SAMPLE", 1)
        yield


@pytest.mark.parametrize("least", [2, 8])
@given(texts=st.lists(st.text("abé c", min_size=1).map(fold).filter(str.strip), min_size=2,
                      unique=True))  # fmt: skip
def test_jaccard_is_that_of_the_sets(texts: list[str], least: int) -> None:
    pairs = np.array(list(combinations(range(len(texts)), 2)))
    with few_marks(least):
        sketches = Sketches(pa.array(texts, pa.string()), 0.8)
    sketches.need(np.arange(len(texts)))
    wanted = []
    for a, b in pairs.tolist():
        left, right = gram_set(texts[a]), gram_set(texts[b])
        wanted.append(len(left & right) / len(left | right))
    assert sketches.sets.jaccard(pairs[:, 0], pairs[:, 1]).tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("least", [2, 3, 8])
def test_sketches_find_nearly_all_that_brute_force_finds(least: int) -> None:
    texts = [f"{a} the {b} in the {c} room {d}" for a, b, c, d in product(
        ("turn on", "switch on", "please turn on"), ("lamp", "light"), ("living", "dining"),
        ("now", "right now", ""))]  # fmt: skip
    every = np.arange(len(texts))
    nodes = Nodes(every, np.zeros_like(every), every)
    with few_marks(least):
        sketches = Sketches(pa.array(texts, pa.string()), 0.8)
    a, b, _ = sketches.near(nodes, nodes, one=False)
    pairs = np.array([(i, j) for i in every for j in every if i != j])
    wanted = pairs[sketches.sets.jaccard(pairs[:, 0], pairs[:, 1]) >= 0.8]
    found, there = {*zip(a.tolist(), b.tolist(), strict=True)}, {*map(tuple, wanted.tolist())}
    assert found <= there
    assert len(found) >= 0.95 * len(there)
    one, _, _ = sketches.near(nodes, nodes, one=True)
    assert {*one.tolist()} == {*a.tolist()}


# -- both -------------------------------------------------------------------------------------

SAID = [f"{a}{b} the {c} in the {d}{e}" for a, b, c, d, e in product(
    ("", "please "), ("turn on", "turn off"), ("lamp", "light, up"), ("hall", "kitchen"),
    ("", "!", " now"))]  # fmt: skip
ROWS = st.lists(
    st.builds(
        lambda text, intent, sibling, margin, origin: row(
            text, intent, "p {x} q" if sibling else None, scores=margin, origin=origin
        ),
        st.sampled_from(SAID),
        st.sampled_from("xy"),
        st.booleans(),
        st.sampled_from([{}, {"label_margin": 0.5}, {"label_margin": 0.25}]),
        st.sampled_from(["template", "seed"]),
    ),
    max_size=25,
    unique_by=lambda utterance: utterance.id,
)


@pytest.mark.parametrize("filter_", FILTERS)
@given(rows=ROWS, seeds=ROWS, accepted=ROWS, generator=st.randoms())
@settings(max_examples=40, deadline=None)
def test_greedy_whatever_the_order(
    filter_: Filter,
    rows: list[Utterance],
    seeds: list[Utterance],
    accepted: list[Utterance],
    generator: random.Random,
) -> None:
    corpus, known = to_table(rows), context(seeds[:2], accepted[:2])
    verdicts = filter_(corpus, known, threshold=0.8)
    order = generator.sample(range(len(rows)), len(rows))
    shuffled = filter_(take(corpus, order), known, threshold=0.8)
    assert shuffled.reasons == [verdicts.reasons[at] for at in order]
    for name, scores in verdicts.scores.items():
        assert list(shuffled.scores[name]) == [scores[at] for at in order]

    kept = [at for at, why in enumerate(verdicts.reasons) if why is None]
    assert filter_(take(corpus, kept), known, threshold=0.8).reasons == [None] * len(kept)
    for at, why in enumerate(verdicts.reasons):
        if why is not None:
            alone = take(corpus, [at])
            others = pa.concat_tables([known.accepted, take(corpus, kept)]).unify_dictionaries()
            beside = Context(known.seeds, others, embed, known.find_leaks, seed=1)
            assert filter_(alone, beside, threshold=0.8).reasons == [why]


@pytest.mark.parametrize("filter_", FILTERS)
def test_nothing_to_judge(filter_: Filter) -> None:
    assert filter_(empty(), context()).reasons == []
    assert judge(filter_, [row("a")]) == [None]


# -- semantic ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ([row(LONG), row(LONG, pattern="q")], [None, "same_meaning"]),
        ([row(LONG), row(LONG, "y", pattern="q")], [None, None]),
        ([row(LONG, pattern="p"), row(f"{LONG}.", pattern="p")], [None, None]),
        ([row("turn on the light"), row("turn off the light")], [None, None]),
    ],
)
def test_semantic(rows: list[Utterance], reasons: list[str | None]) -> None:
    assert judge(semantic, rows) == reasons


def test_semantic_is_not_about_seeds() -> None:
    assert judge(semantic, [row(f"{LONG}.")], [row(LONG)]) == [None]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_a_bound_loses_no_pair(
    threshold: float, spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_ = np.random.default_rng(5)
    centres = random_.normal(size=(6, 48)).repeat(25, axis=0)
    vectors = (centres + spread * random_.normal(size=centres.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    short = semantic_module.bounding(vectors, threshold)
    exact = vectors.astype(np.float64) @ vectors.T
    assert short.shape[1] <= 49
    assert (short @ short.T >= exact - 1e-5).all()

    rows = to_table([row(f"{at:03d}", id=f"{at * 7 % 150:03d}") for at in range(150)])
    known = Context(empty(), empty(), lambda texts: vectors[list(map(int, texts))], no_spans, 1)
    plain = semantic(rows, known, threshold=threshold)
    monkeypatch.setattr(semantic_module, "LARGE", 1)
    assert semantic(rows, known, threshold=threshold) == plain
    near_ones = (exact >= threshold).sum() > 150
    assert near_ones == any(plain.reasons)


def test_forked_processes_judge_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows are shared out by intent: nothing may tell."""
    generator = random.Random(3)
    rows = []
    for n in range(120):
        parts = LONG.split()
        for _ in range(generator.randrange(4)):
            parts[generator.randrange(len(parts))] = generator.choice(parts)
        rows.append(row(" ".join(parts), f"i{n % 3}", id=f"{n:03d}"))
    corpus = to_table(rows)
    given = Context(to_table(rows[:2]), to_table(rows[5:7]), embed, no_spans, 1)
    monkeypatch.setattr("textsynth.filters.duplicates.FIRST_BLOCK", 5)
    alone = near(corpus, given)
    monkeypatch.setattr("textsynth.filters.near.PARALLEL", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    shared = near(corpus, given)
    assert any(alone.reasons) and alone == shared


def test_a_late_group_is_met_in_small_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 16 items that are all alike, behind another group, few are compared with each other."""
    monkeypatch.setattr("textsynth.filters.duplicates.FIRST_BLOCK", 2)
    groups = np.repeat([0, 1], 16)
    met: list[int] = []

    def compare(left: I64, right: I64, one: bool) -> Pairs:
        a, b = (side.ravel() for side in np.meshgrid(left, right))
        alike = (groups[a] == 1) & (groups[b] == 1) & (a != b)
        met.append(0 if one else int(alike.sum()))
        return a[alike], b[alike], np.ones(int(alike.sum()))

    items = np.arange(32)
    outcome = resolve(items, [items], [compare], items[:0], groups)
    assert np.flatnonzero(~outcome.dropped).tolist() == [*range(17)]
    assert sum(met) == 2
