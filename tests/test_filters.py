"""Filters: a helper and one line a case."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed
from hypothesis import given
from hypothesis import strategies as st

from textsynth import keyed
from textsynth.corpus import Slot, Utterance, column, empty, fold, to_table
from textsynth.errors import ModelError
from textsynth.filters import Context, Verdicts, intents, reading
from textsynth.filters.adversarial import SURFACE, adversarial, detectability, surface
from textsynth.filters.exact import exact
from textsynth.filters.label import forget, label
from textsynth.filters.leak import leak
from textsynth.progress import Advance, Bar

Row = tuple[str, str]  # text, intent
SECRET = "ann lee"


def table(rows: Sequence[Row | Utterance], origin: str = "template") -> pa.Table:
    return to_table(
        row
        if isinstance(row, Utterance)
        else Utterance(
            id=f"{origin}/{at}", text=row[0], intent=row[1], pattern=row[0], origin=origin
        )
        for at, row in enumerate(rows)
    )


def find_leaks(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Where the one removed value stands in each text."""
    places = [text.casefold().find(SECRET) for text in texts]
    return [[(at, at + len(SECRET))] if at >= 0 else [] for at in places]


def context(
    seeds: Sequence[Row] = (), accepted: Sequence[Row] = (), embedder: Any = embed
) -> Context:
    return Context(table(seeds, "seed"), table(accepted), embedder, find_leaks, seed=1)


def judge(
    filter_: Callable[..., Verdicts],
    rows: Sequence[Row | Utterance],
    seeds: Sequence[Row] = (),
    accepted: Sequence[Row] = (),
    **options: Any,
) -> list[str | None]:
    """The reasons that a filter gives; that it gives one a row is checked here."""
    corpus = table(rows)
    verdicts = filter_(corpus, context(seeds, accepted), **options)
    assert len(verdicts.reasons) == len(rows)
    assert all(len(scores) == len(rows) for scores in verdicts.scores.values())
    assert corpus.equals(table(rows))
    return verdicts.reasons


# -- exact ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "seeds", "accepted", "reasons"),
    [
        ([], [], [], []),
        ([("a", "x"), ("b", "x")], [], [], [None, None]),
        ([("a", "x"), ("a", "x")], [], [], [None, "duplicate"]),
        ([("Turn it UP!", "x"), ("turn  it up", "x")], [], [], [None, "duplicate"]),
        ([("a", "x"), ("a", "y")], [], [], [None, "intent_conflict"]),
        ([("a", "x"), ("a", "y"), ("a", "x")], [], [], [None, "intent_conflict", "duplicate"]),
        ([("A.", "x")], [("a", "x")], [], ["seed_copy"]),
        ([("a", "y")], [("a", "x")], [], ["intent_conflict"]),
        ([("a", "x")], [], [("a", "x")], ["duplicate"]),
        ([("a", "y")], [], [("a", "x")], ["intent_conflict"]),
        ([("a", "x")], [("a", "x")], [("a", "x")], ["seed_copy"]),
        ([("5", "x"), ("6", "x"), ("🔥", "x"), ("💡", "x")], [], [], [None] * 4),
        ([("what's up, doc", "x"), ("Whats up doc?", "x")], [], [], [None, "duplicate"]),
        ([("at 7:30", "x"), ("at 7 30", "x")], [], [], [None, "duplicate"]),
        ([("at 7.30", "x"), ("at 730", "x"), ("c++", "x"), ("c", "x")], [], [], [None] * 4),
        ([("?!", "x"), ("...", "x")], [], [], [None, None]),
        (
            [("-5 out", "x"), ("5 out", "x"), ("minus 5 out", "x")],
            [],
            [],
            [None, None, "duplicate"],
        ),
        ([("it is -18", "x")], [("it is 18", "x")], [], [None]),
        ([("5-6 pm", "x"), ("5 - 6 pm", "x")], [], [], [None, "duplicate"]),
    ],
)
def test_exact(
    rows: list[Row], seeds: list[Row], accepted: list[Row], reasons: list[str | None]
) -> None:
    assert judge(exact, rows, seeds, accepted) == reasons


@given(
    st.lists(st.tuples(st.sampled_from(["a", "A", "b ", "b", "c!"]), st.just("x"))), st.randoms()
)
def test_exact_keeps_one_of_each_whatever_the_order(
    rows: list[Row], generator: random.Random
) -> None:
    shuffled = generator.sample(rows, len(rows))
    kept = [
        sorted(
            fold(text)
            for (text, _), why in zip(order, judge(exact, order), strict=True)
            if why is None
        )
        for order in (rows, shuffled)
    ]
    assert kept[0] == kept[1] == sorted({fold(text) for text, _ in rows})


# -- leak -------------------------------------------------------------------------------------


def leaking(text: str, *slots: tuple[int, int]) -> Utterance:
    filled = tuple(Slot(start, end, "person", text[start:end]) for start, end in slots)
    return Utterance(id=text, text=text, intent="x", slots=filled)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (leaking("call my sister"), None),
        (leaking("call Ann Lee now"), "leaked_value"),
        (leaking("call Ann Lee now", (5, 12)), None),  # we placed it there
        (leaking("call Ann Lee now", (0, 16)), None),
        (leaking("call Ann Lee now", (5, 11)), "leaked_value"),
        (leaking("call Ann Lee now", (13, 16)), "leaked_value"),
        (leaking("call Ann now", (5, 8)), None),
    ],
)
def test_leak(row: Utterance, reason: str | None) -> None:
    assert judge(leak, [row]) == [reason]


# -- label ------------------------------------------------------------------------------------

ALARMS = [(f"{verb} me at {hour} in the morning", "alarm")
          for verb in ("wake", "ring", "rouse") for hour in ("six", "seven", "eight")]  # fmt: skip
MUSIC = [(f"play some {genre} by {artist}", "music")
         for genre in ("jazz", "rock", "soul") for artist in ("queen", "abba", "cash")]  # fmt: skip
LIGHTS = [(f"turn the {room} lamp {way}", "lights")
          for room in ("kitchen", "hall", "bath") for way in ("on", "off", "down")]  # fmt: skip
SEEDS = ALARMS + MUSIC + LIGHTS


@pytest.mark.parametrize(
    ("row", "options", "reason"),
    [
        (("wake me at nine in the morning", "alarm"), {}, None),
        (("wake me at nine in the morning", "music"), {}, "other_intent"),
        (("play some folk by dylan", "music"), {}, None),
        (("play some folk by dylan", "alarm"), {}, "other_intent"),
        (("turn the attic lamp on", "lights"), {"min_margin": 0.3}, None),
        (("wake me at nine in the morning", "music"), {"min_margin": 0.3}, "other_intent"),
        (("play jazz by queen in the hall lamp", "music"), {}, None),
        (("play jazz by queen in the hall lamp", "music"), {"min_margin": 0.6}, "thin_margin"),
        (("anything at all", "no such seeds"), {"min_margin": 0.9}, None),
    ],
)
def test_label(row: Row, options: dict[str, Any], reason: str | None) -> None:
    assert judge(label, [row], SEEDS, **options) == [reason]


def test_label_scores_the_margin() -> None:
    rows = [("wake me at nine in the morning", "alarm"), ("play some folk", "alarm"), ("x", "new")]
    margins = label(table(rows), context(SEEDS)).scores["label_margin"]
    assert margins[0] > 0.5 > 0 > margins[1]
    assert margins[2] == 0


def test_label_tells_how_far_the_seeds_agree() -> None:
    rows = table([("wake me", "alarm")])
    assert label(rows, context(SEEDS)).note == (
        "the seeds agree with themselves, out of fold, at 100%"
    )
    mixed = context([*ALARMS, *MUSIC[:-2], *((text, "radio") for text, _ in MUSIC[-2:])])
    note = label(rows, mixed).note or ""
    assert "taken for another: " in note and "radio for music (2)" in note
    one_more = context([*ALARMS, *MUSIC, ("is it raining", "weather")])
    assert "the seeds agree with themselves" in (label(rows, one_more).note or "")
    few = context([ALARMS[0], *MUSIC])
    assert "too few seeds" in (label(rows, few).note or "")


@pytest.mark.parametrize(("seeds", "told"), [([], "no seeds"), (ALARMS, "one intent only")])
def test_label_needs_two_intents(seeds: list[Row], told: str) -> None:
    assert judge(label, [("play some folk", "alarm")], seeds) == [None]
    assert told in (label(table([("a", "alarm")]), context(seeds)).note or "")


@pytest.mark.parametrize("encoder", ["auto", "org/larger"])
@pytest.mark.parametrize(("model", "fewest", "most", "kind"), [
    (True, len(SEEDS), len(SEEDS), "tuned"),
    (False, len(SEEDS), len(SEEDS), "frozen"),
    (True, 0, len(SEEDS) - 1, "frozen"),
    (True, len(SEEDS) + 1, 99, "frozen"),
])  # fmt: skip
def test_label_tunes_its_encoder_where_a_model_writes(
    model: bool, fewest: int, most: int, kind: str, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def tuned(
        learnt: tuple[Row, ...], seed: int, encoder: str, bar: Bar
    ) -> Callable[[list[str]], Any]:
        asked.append((set(learnt), seed, encoder))
        return lambda texts: np.tile([0.7, 0.2, 0.1], (len(texts), 1))

    monkeypatch.setattr(intents, "_tuned", tuned)
    intents._TUNED.clear()
    loaded: list[str] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return context(SEEDS).embed

    monkeypatch.setattr("textsynth.models.load_embedder", load)
    monkeypatch.setattr(intents, "FEWEST", fewest)
    monkeypatch.setattr(intents, "MOST", most)
    names = {"alarm": "wake somebody", "music": "play music", "weather": "tell the weather"}
    own = dataclasses.replace(context(SEEDS), model=model, names=names)
    found = label(table([("play some folk", "music")]), own, model=encoder)
    assert found.reasons == (["other_intent"] if kind == "tuned" else [None])
    told = {(names[intent], intent) for intent in ("alarm", "music")}
    assert asked == ([({*SEEDS, *told}, 1, encoder)] if kind == "tuned" else [])
    assert loaded == ([encoder] if kind == "frozen" and encoder != "auto" else [])


def test_label_learns_what_intents_are_called() -> None:
    seeds = [*ALARMS, ("next one", "music"), ("louder", "music")]
    row = table([("a tune by the band", "music")])
    there = context(seeds)
    named = dataclasses.replace(there, names={"music": "a tune by a band", "weather": "unseen"})
    margins = [label(row, one).scores["label_margin"][0] for one in (there, named)]
    assert margins[1] > margins[0]


@pytest.mark.models
def test_a_tuned_encoder_judges_and_leaves_the_shared_one_as_it_was() -> None:
    from textsynth import models

    encoder = models.load_embedder()
    before = encoder(["wake me up"])
    rows = [
        ("get me out of bed at nine", "alarm"),
        ("get me out of bed at nine", "music"),
        ("some folk by dylan please", "music"),
        ("some folk by dylan please", "lights"),
        ("it is too dark in the attic", "lights"),
        ("it is too dark in the attic", "alarm"),
    ]
    bars: list[Any] = []

    @contextlib.contextmanager
    def bar(title: str, total: int | None) -> Iterator[Advance]:
        bars.append((title, total))
        yield lambda more, remark: bars.append(more)

    own = dataclasses.replace(context(SEEDS, embedder=encoder), bar=bar)
    found = label(table(rows), own, encoder="tuned")
    assert found.reasons == [None, "other_intent"] * 3
    assert bars == [("tuning the sentence encoder", 2), 1, 1]
    intents._TUNED.clear()
    order = [3, 0, 5, 2, 1, 4]
    again = label(table([rows[at] for at in order]), context(SEEDS[::-1], embedder=encoder),
                  encoder="tuned")  # fmt: skip
    margins = found.scores["label_margin"]
    assert again.scores["label_margin"] == [margins[at] for at in order]
    alone = label(table(rows[:1]), own, encoder="tuned").scores["label_margin"]
    assert alone == pytest.approx(margins[:1], abs=1e-3)
    assert np.array_equal(models.load_embedder()(["wake me up"]), before)


@pytest.mark.models
@pytest.mark.parametrize("encoder", ["frozen", "tuned"])
def test_label_judges_by_another_encoder(
    encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textsynth import models

    loaded: list[str] = []
    load = models.load_embedder

    def listen(name: str = "auto") -> Any:
        loaded.append(name)
        return load(name)

    monkeypatch.setattr(models, "load_embedder", listen)
    folder = tmp_path / "encoder"
    shutil.copytree(models.embedder_source().location, folder)
    rows = table([("some folk by dylan please", "music"), ("it is too dark", "alarm")])
    own = context(SEEDS, embedder=models.load_embedder())
    intents._TUNED.clear()
    usual = label(rows, own, encoder=encoder)
    loaded.clear()
    other = label(rows, own, encoder=encoder, model=str(folder))
    assert set(loaded) == {str(folder)}
    assert other.scores == usual.scores and other.reasons == [None, "other_intent"]


# -- label: the reader ------------------------------------------------------------------------


class Said:
    """In place of a language model: what it was asked, and a word that decides."""

    def __init__(self, word: str, name: str) -> None:
        self.word, self.name = word, name
        self.asked: list[tuple[list[Row], list[str], list[str]]] = []

    def __call__(
        self, examples: list[Row], names: list[str], texts: list[str], advance: Advance
    ) -> Any:
        self.asked.append((examples, names, texts))
        hit = np.array([[self.word in text and name == self.name for name in names]
                        for text in texts])  # fmt: skip
        return np.where(hit, 0.0, -20.0)


def read_by(
    said: Said, monkeypatch: pytest.MonkeyPatch, rows: list[Row], sure: float = 2.0, **fields: Any
) -> Any:
    monkeypatch.setattr(reading, "SURE", sure)
    monkeypatch.setattr(reading, "reader", lambda name: {"org/large": said}[name])
    own = dataclasses.replace(context(SEEDS), **fields)
    return label(table(rows), own, reader="org/large")


def test_a_reader_changes_what_the_encoder_says(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("play some folk", "music"), ("play some folk", "alarm"), ("wake me up", "alarm"),
            ("x", "unseen")]  # fmt: skip
    said = Said("folk", "wake somebody")
    found = read_by(said, monkeypatch, rows, names={"alarm": "wake somebody"})
    assert found.reasons == ["other_intent", None, None, None]
    # few intents: one prompt for all rows, which shows all seeds
    [(shown, names, texts)] = said.asked
    assert texts == ["play some folk", "play some folk", "wake me up"]
    named = {(text, "wake somebody" if own == "alarm" else own) for text, own in SEEDS}
    assert set(shown) == named and len(shown) == len(SEEDS)
    assert names == ["wake somebody", *sorted({own for _, own in SEEDS} - {"alarm"})]


def test_intents_of_one_name_are_called_by_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said("folk", "alarm")
    names = {"alarm": "one name", "music": "one name", "lights": "lamps"}
    found = read_by(said, monkeypatch, [("play some folk", "music")], names=names)
    assert said.asked[0][1] == ["alarm", "lights", "music"] and found.reasons == ["other_intent"]


def test_a_reader_is_not_asked_where_the_encoder_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said("folk", "alarm")
    found = read_by(said, monkeypatch, [("play some folk", "music")], sure=0.0)
    assert said.asked == [] and found.reasons == [None]
    monkeypatch.setattr(reading, "reader", pytest.fail)  # nor loaded
    assert label(table([("play some folk", "music")]), context(SEEDS), reader="org/large")


def test_a_reader_sees_the_nearest_intents_and_a_few_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "SHOWN", 2)
    monkeypatch.setattr(reading, "NEAREST", 2)
    said = Said("folk", "music")
    found = read_by(said, monkeypatch, [("play some folk", "music")])
    [(shown, names, _)] = said.asked
    assert "music" in names and len(names) == 2 and len(shown) == 4
    assert {name for _, name in shown} == set(names)
    # what the encoder gives the intents that were not shown stays theirs
    usual = label(table([("play some folk", "music")]), context(SEEDS))
    assert usual.scores["label_margin"][0] < found.scores["label_margin"][0] < 1


def test_a_reader_keeps_what_it_said_and_is_loaded_once(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textsynth.lm import read

    read_texts: list[str] = []
    usual = read.Prompt.log_chances

    def listen(self: Any, texts: list[str], advance: Advance) -> Any:
        read_texts.extend(texts)
        return usual(self, texts, advance)

    monkeypatch.setattr(read.Prompt, "log_chances", listen)
    monkeypatch.setattr(reading, "SURE", 2.0)
    reading._KEPT.clear()
    name = str(tiny_model_folder)
    rows = table([("play some folk", "music"), ("turn it up", "music"), ("turn it up", "music")])
    first = label(rows, context(SEEDS), reader=name)
    assert sorted(read_texts) == ["play some folk", "turn it up"]
    loaded = reading.reader(name)
    again = label(rows, context(SEEDS), reader=name)
    assert again.scores == first.scores and len(read_texts) == 2
    assert reading.reader(name) is loaded
    # other names, or another order of them, are another question
    one, other = (
        loaded([("play it", "a"), ("ring", "b")], names, ["turn it up"], lambda more, remark: None)
        for names in (["a", "b"], ["b", "a"])
    )
    assert one[0].tolist() == pytest.approx(other[0, ::-1].tolist()) and one[0, 0] != one[0, 1]
    forget()
    assert reading._KEPT == {}


def test_a_model_that_cannot_read_is_refused(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textsynth.lm.ragged.supported", lambda model: False)
    monkeypatch.setattr(reading, "SURE", 2.0)
    reading._KEPT.clear()
    with pytest.raises(ModelError, match="several texts after one prompt"):
        label(table([("play some folk", "music")]), context(SEEDS), reader=str(tiny_model_folder))
    assert reading._KEPT == {}
    with pytest.raises(ModelError, match=r"no such model\n  fix: check `label.reader`"):
        label(table([("play", "music")]), context(SEEDS), reader="/nowhere/at.gguf")


@pytest.mark.models
def test_the_packaged_model_reads() -> None:
    texts = ["get me out of bed at nine", "some folk by dylan please", "it is dark in the attic"]
    seeds = [(text, own) for text, own in SEEDS if own in {"alarm", "music", "lights"}]
    own = context(seeds)
    names = ["alarm", "lights", "music"]
    even = np.full((3, 3), 1 / 3)
    found = reading.weigh(even, texts, ["alarm", "music", "lights"], "auto", own)
    assert [names[at] for at in found.argmax(1)] == ["alarm", "music", "lights"]
    assert found.sum(1) == pytest.approx(1.0, abs=1e-3) and found.max() > 0.4


# -- adversarial ------------------------------------------------------------------------------

PEOPLE_SAY = [
    (f"{start} {verb} {what} {end}".strip(), "lights" if what in {"lamp", "fan"} else "music")
    for start, verb, what, end in product(
        ("could you", "please", "just", "hey"),
        ("start", "stop", "turn up"),
        ("lamp", "fan", "radio", "song"),
        ("", "now", "for me", "again"),
    )
]
# Everything is drawn from the same 192 sentences: 60 are the seeds, 100 the clean candidates.
_ORDER = [PEOPLE_SAY[i] for i in keyed.order(3, [text for text, _ in PEOPLE_SAY])]
REAL, CLEAN = _ORDER[:60], _ORDER[60:160]
ARTEFACT = [(f"{text} <zq/>", intent) for text, intent in _ORDER[160:]]


def test_adversarial_drops_what_shows_and_keeps_what_does_not() -> None:
    rows = CLEAN + ARTEFACT
    verdicts = adversarial(table(rows), context(REAL), drop=0.2)
    gone = [text for (text, _), why in zip(rows, verdicts.reasons, strict=True) if why]
    assert len(gone) >= 24
    assert all("<zq/>" in text for text in gone)
    assert set(verdicts.reasons) == {None, "detectable"}
    scores = verdicts.scores["detectability"]
    clean, artefacts = scores[: len(CLEAN)], scores[len(CLEAN) :]
    assert min(artefacts) > np.quantile(clean, 0.95)


def test_adversarial_drops_the_same_share_of_each_intent_and_origin() -> None:
    half = [
        Utterance(f"{origin}/{at}", text, intent, pattern=text, origin=origin)
        for at, (text, intent) in enumerate(ARTEFACT + CLEAN)
        for origin in ("template", "model")
    ]
    reasons = adversarial(to_table(half), context(REAL), drop=0.25).reasons
    for intent, origin in product(("lights", "music"), ("template", "model")):
        own = [
            why
            for row, why in zip(half, reasons, strict=True)
            if (row.intent, row.origin) == (intent, origin)
        ]
        assert own.count("detectable") == len(own) // 4


def test_what_nothing_tells_apart_is_left_alone() -> None:
    """The seeds themselves, as candidates: the discriminator does no better than chance."""
    _, auc = detectability(table(CLEAN), context(REAL))
    assert 0.3 < auc < 0.65
    assert judge(adversarial, REAL, REAL, target=0.6) == [None] * len(REAL)


def test_one_seed_of_the_only_shared_intent_says_nothing_against_its_rows() -> None:
    seeds = [(f"wake me at {at}", "alarm") for at in range(12)] + [("play some folk", "music")]
    rows = table([(f"play {style} music now", "music") for style in "abcdefghijkl"])
    _, auc = detectability(rows, context(seeds))
    assert auc >= 0.5


@pytest.mark.parametrize(
    ("options", "dropped"), [({"drop": 0.0}, 0), ({"drop": 1.0}, 132), ({"target": 1.0}, 0)]
)
def test_adversarial_options(options: dict[str, float], dropped: int) -> None:
    reasons = judge(adversarial, CLEAN + ARTEFACT, REAL, **options)
    assert reasons.count("detectable") == dropped


def test_adversarial_tells_the_discriminators_auc() -> None:
    note = adversarial(table(ARTEFACT), context(REAL)).note or ""
    assert note.startswith("AUC ")
    assert float(note.removeprefix("AUC ")) > 0.95


@pytest.mark.parametrize(("seeds", "rows"), [(9, 20), (20, 9), (0, 20), (20, 0)])
def test_adversarial_needs_something_to_learn_from(seeds: int, rows: int) -> None:
    assert judge(adversarial, ARTEFACT[:rows], REAL[:seeds]) == [None] * rows
    note = adversarial(table(ARTEFACT[:rows]), context(REAL[:seeds])).note or ""
    assert "no discriminator was trained" in note


def test_adversarial_judges_intents_that_have_no_seeds() -> None:
    rows = [(text, "new") for text, _ in CLEAN + ARTEFACT]
    assert len(judge(adversarial, rows, REAL)) == len(rows)


# -- all of them ------------------------------------------------------------------------------


@pytest.mark.parametrize("filter_", [label, leak, adversarial])
def test_the_order_of_the_rows_does_not_matter(filter_: Callable[..., Verdicts]) -> None:
    rows = [*CLEAN, *ARTEFACT, ("call Ann Lee", "music"), ("call me", "lights")]
    corpus = table(rows)
    order = keyed.order(5, column(corpus, "id"))
    straight = filter_(corpus, context(REAL))
    shuffled = filter_(corpus.take(pa.array(order)), context(REAL))
    assert shuffled.reasons == [straight.reasons[at] for at in order]
    for name, scores in straight.scores.items():
        assert shuffled.scores[name] == pytest.approx([scores[at] for at in order], abs=1e-4)


@pytest.mark.parametrize("filter_", [exact, label, leak, adversarial])
def test_nothing_to_judge(filter_: Callable[..., Verdicts]) -> None:
    assert filter_(empty(), context(SEEDS)).reasons == []
    assert filter_(empty(), context()).reasons == []


# -- the discriminators -----------------------------------------------------------------------


@pytest.mark.parametrize("discriminator", ["linear", "boosting"])
def test_every_discriminator_sees_an_artefact(discriminator: str) -> None:
    rows = CLEAN + ARTEFACT
    scores = adversarial(table(rows), context(REAL), discriminator=discriminator).scores
    found = scores["detectability"]
    assert np.mean(found[len(CLEAN) :]) > np.mean(found[: len(CLEAN)]) + 0.2


@pytest.mark.heavy
@pytest.mark.models
def test_the_transformer_sees_an_artefact_and_leaves_the_encoder_as_it_was() -> None:
    from textsynth import models

    encoder = models.load_embedder()
    before = encoder(["wake me up"])
    rows = CLEAN + ARTEFACT
    verdicts = adversarial(
        table(rows), context(REAL, embedder=encoder), discriminator="transformer"
    )
    found = verdicts.scores["detectability"]
    assert np.mean(found[len(CLEAN) :]) > np.mean(found[: len(CLEAN)]) + 0.2
    models.load_embedder.cache_clear()
    assert np.array_equal(models.load_embedder()(["wake me up"]), before)


def test_the_surface_of_a_text() -> None:
    plain, loud = surface(["wake me up", "WAKE ME UP, 5 zyx!"])
    named = dict(zip(SURFACE, zip(plain, loud, strict=True), strict=True))
    for name in ("words", "characters", "punctuation", "capitals", "digits", "rare_words",
                 "capital_first", "ends_in_punctuation"):  # fmt: skip
        assert named[name][0] < named[name][1], name
    assert surface([]).shape == (0, len(SURFACE))
    assert not surface(["same", "same"]).any()
