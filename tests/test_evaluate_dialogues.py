"""The metric of dialogues: what it measures, beside what, and that others never see a turn."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from dialogue_rows import booked, dialogue, hung_up, system, user
from fakes import embed
from report_material import material

from textsynth import corpus, registry
from textsynth.corpus import Dialogue, Utterance
from textsynth.dialogue.checks import faults
from textsynth.evaluate import Context, Figure, Findings, Sets, measured
from textsynth.evaluate.dialogues import ABOUT, dialogues
from textsynth.evaluate.dialogueside import divergence, entropy, wasserstein
from textsynth.evaluate.report import page, sections
from textsynth.pipeline import corpora, evaluating
from textsynth.progress import Progress
from textsynth.sections import Step

Rows = list[Utterance]
CONTEXT = Context(embed, find_faults=faults, resamples=50)


def talk(number: int, *, polite: bool = False, short: bool = False, acts: bool = True) -> Rows:
    """One of many dialogues about a table, of six turns, or four."""
    draw = random.Random(number)
    city, people = draw.choice(["Oslo", "Rome", "Lima", "Bonn"]), draw.choice("23456")
    opening = draw.choice(["a table in", "somewhere to eat in", "i want dinner in", "book me into"])
    please = "kindly, " if polite else ""
    lines = [
        user("INFORM_INTENT INFORM:city", f"{please}{opening} [{city}](city)"),
        system("REQUEST:people", draw.choice(["How many are you?", "For how many?"])),
        user("INFORM:people", f"{please}we are [{people}](people)"),
        system("NOTIFY_SUCCESS", "It is booked."),
        user("THANK_YOU GOODBYE", draw.choice(["thanks", "great, bye", "thank you so much"])),
        system("GOODBYE", "Goodbye."),
    ]
    rows = dialogue("book_table", number, *lines[: 4 if short else 6],
                    goal=(("city", city), ("people", people)))  # fmt: skip
    return rows if acts else [replace(row, act=None, state=None, dialogue=None) for row in rows]


def table(dialogues: Iterable[Rows]) -> pa.Table:
    return corpus.to_table(row for rows in dialogues for row in rows)


def sets(made: pa.Table, real: pa.Table | None = None, holdout: pa.Table | None = None) -> Sets:
    none = corpus.empty()
    return Sets(made, none if real is None else real, none if holdout is None else holdout, none)


def overall(found: Findings) -> dict[str, Figure]:
    return {figure.name: figure for figure in found.figures if not figure.slice}


MADE = table(map(talk, range(60)))
REAL, HOLDOUT = (table(talk(n) for n in range(at, at + 60)) for at in (100, 200))


def test_every_figure_is_there_with_its_reference() -> None:
    context = replace(CONTEXT, steps={"book_table": {("start", "end")}})
    found = dialogues(sets(MADE, REAL, HOLDOUT), context)
    assert {figure.name for figure in found.figures} == set(ABOUT)
    assert set(overall(found)) == {name for name, about in ABOUT.items() if not about.sliced}
    without = {figure.name for figure in found.figures if figure.reference is None}
    assert without == {"paths", "step_coverage", "fault_share"}
    assert not found.notes
    names = [figure.name for figure in found.figures]
    assert names == sorted(names, key=list(ABOUT).index)


def test_counts_and_means() -> None:
    found = overall(dialogues(sets(table([*map(talk, range(30)), hung_up(99)])), CONTEXT))
    assert (found["dialogues"].value, found["turns"].value) == (31, 186)
    assert found["turns_per_dialogue"].value == 6
    one = overall(dialogues(sets(table([booked()])), CONTEXT))
    texts = [row.text for row in booked() if row.speaker == "user"]
    words = sum(len(corpus.fold(text).split()) for text in texts) / len(texts)
    assert one["user_words"].value == pytest.approx(words)


def test_dialogues_like_real_ones_are_told_from_them_by_chance() -> None:
    found = overall(dialogues(sets(MADE, REAL, HOLDOUT), CONTEXT))
    assert 0.3 < found["auc_words"].value < 0.7
    assert found["turns_distance"].value == found["act_bigram_distance"].value == 0


def test_what_differs_is_seen() -> None:
    polite = table(talk(n, polite=True) for n in range(60))
    short = table(talk(n, short=True) for n in range(60))
    found = overall(dialogues(sets(polite, REAL, HOLDOUT), CONTEXT))
    assert found["auc_words"].value > 0.95
    assert found["auc_words"].reference and found["auc_words"].reference.value < 0.7
    found = overall(dialogues(sets(short, REAL, HOLDOUT), CONTEXT))
    assert found["turns_distance"].value == 2
    assert found["act_bigram_distance"].value > 0.1
    assert found["act_bigrams"].value == 3 and found["act_bigrams"].reference
    assert found["act_bigrams"].reference.value == 5


def test_repeated_sentences_of_users() -> None:
    lines = [user("INFORM_INTENT", "i would like to know it"), system("GOODBYE", "Bye.")]
    same = table(dialogue("f", n, *lines, outcome="failure") for n in range(4))
    found = overall(dialogues(sets(same), CONTEXT))
    assert found["repeated_user_turns"].value == 1
    assert found["user_distinct_2"].value == 0.25
    short = [user("INFORM_INTENT", "yes please do"), system("GOODBYE", "Bye.")]
    found = overall(dialogues(sets(table(dialogue("f", n, *short) for n in range(4))), CONTEXT))
    assert found["repeated_user_turns"].value == 0


def test_outcomes_goals_and_faults() -> None:
    wrong = [replace(row, state=()) if row.turn == 2 else row for row in talk(3)]
    made = [*map(talk, range(3)), wrong, hung_up(9)]
    found = dialogues(sets(table(made)), CONTEXT)
    shares = {
        figure.slice["outcome"]: figure.value
        for figure in found.figures
        if "outcome" in figure.slice
    }
    assert shares == {"success": 0.8, "abandoned": 0.2}
    assert overall(found)["goal_reached"].value == 0.8
    assert overall(found)["fault_share"].value == 0.2
    (reason,) = [figure for figure in found.figures if "reason" in figure.slice]
    assert reason.slice == {"reason": "state_inconsistent"} and reason.value == 0.2
    unchecked = dialogues(sets(table(made)), replace(CONTEXT, find_faults=None))
    assert "fault_share" not in overall(unchecked)


def test_paths_and_the_steps_they_cover() -> None:
    def going(number: int, path: str) -> Rows:
        whole = Dialogue("f", "success", path=tuple(path))
        return [replace(row, dialogue=whole if row.turn == 0 else None) for row in talk(number)]

    made = sets(table([going(1, "abc"), going(2, "abc"), going(3, "abac")]))
    steps = {"f": {("a", "b"), ("b", "c"), ("b", "a"), ("a", "c"), ("c", "d")}}
    found = overall(dialogues(made, replace(CONTEXT, steps=steps)))
    assert found["paths"].value == 2 and found["step_coverage"].value == 0.8
    found_without = dialogues(made, CONTEXT)
    assert "step_coverage" not in overall(found_without)
    assert any("step_coverage" in note for note in found_without.notes)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (sets(corpus.to_table([Utterance("u", "hello")]), REAL), "no dialogues"),
        (sets(MADE), "0 real dialogues"),
        (sets(MADE, table(map(talk, range(19)))), "19 real dialogues"),
        (sets(MADE, table(map(talk, range(25)))), "fewer than 40"),
        (sets(MADE, REAL), "one half of the real ones"),
        (sets(MADE, holdout=HOLDOUT), "one half of the real ones"),
        (sets(table(map(talk, range(9))), REAL, HOLDOUT), "9 dialogues, too few"),
        (sets(MADE, *[table(talk(n, acts=False) for n in range(50))] * 2), "one side has none"),
    ],
)  # fmt: skip
def test_what_is_not_measured_is_said(given: Sets, note: str) -> None:
    found = dialogues(given, CONTEXT)
    assert any(note in one for one in found.notes)
    assert all(math.isfinite(figure.value) for figure in found.figures)


def test_dialogues_without_acts_or_labels_are_measured() -> None:
    bare = [table(talk(n, acts=False) for n in range(at, at + 50)) for at in (0, 100, 200)]
    found = overall(dialogues(sets(*bare), replace(CONTEXT, find_faults=None)))
    assert {"auc_words", "turns_per_dialogue", "user_distinct_2"} <= set(found)
    assert not {"act_bigrams", "paths", "goal_reached"} & set(found)


def test_the_order_of_rows_changes_nothing() -> None:
    shuffled = []
    for one in (MADE, REAL, HOLDOUT):
        order = random.Random(1).sample(range(one.num_rows), one.num_rows)
        shuffled.append(corpus.take(one, order))
    assert dialogues(sets(*shuffled), CONTEXT) == dialogues(sets(MADE, REAL, HOLDOUT), CONTEXT)


HOSTILE = ["🎉🎉", "a\nb\r\n\tc", "שלום עולם", "x" * 10_000, "\u202eabc", "{}\\", "a\0b"]


def test_hostile_text_is_measured() -> None:
    rows = [
        replace(row, pattern=None)
        for n, text in enumerate(HOSTILE * 6)
        for row in dialogue("f", n, user("INFORM_INTENT", text), system("GOODBYE", text))
    ]
    found = dialogues(sets(*[corpus.to_table(rows)] * 3), CONTEXT)
    assert all(math.isfinite(figure.value) for figure in found.figures)


def test_measures() -> None:
    from collections import Counter

    assert entropy(Counter("aabb")) == 1 and entropy(Counter("a")) == 0
    assert divergence(Counter("ab"), Counter("aabb")) == 0
    assert divergence(Counter("a"), Counter("b")) == 1
    assert divergence(Counter("ab"), Counter("a")) == pytest.approx(0.311278, abs=1e-6)
    assert wasserstein([1, 2, 3], [3, 2, 5]) == pytest.approx(4 / 3)


# -- beside other metrics ---------------------------------------------------------------------

SINGLES = [Utterance(f"u/{n}", f"wake me at {n}", "alarm") for n in range(40)]
run = partial(evaluating.measured, gates=(), progress=Progress())


def test_other_metrics_never_see_a_turn() -> None:
    mixed = corpus.concat([corpus.to_table(SINGLES), MADE])
    alone = sets(corpus.to_table(SINGLES))
    steps = [Step(name="diversity"), Step(name="dialogues")]
    found = run(sets(mixed), CONTEXT, steps)
    assert found["sets"]["synthetic"] == mixed.num_rows
    expected = run(alone, CONTEXT, steps[:1])["metrics"]["diversity"]
    assert found["metrics"]["diversity"]["figures"] == expected["figures"]
    (count, *_) = found["metrics"]["dialogues"]["figures"]
    assert (count["name"], count["value"]) == ("dialogues", 60)


@pytest.mark.parametrize("metric", [m for m in registry.BUILT_IN["metrics"] if m != "dialogues"])
def test_dialogues_alone_give_notes_to_other_metrics(metric: str) -> None:
    found = run(sets(MADE, REAL, HOLDOUT), CONTEXT, [Step(name=metric)])["metrics"][metric]
    assert found["notes"] and found["figures"] == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (SINGLES, evaluating.USUAL),
        ([*SINGLES, *talk(1)], (*evaluating.USUAL, "dialogues")),
        (talk(1), ("dialogues",)),
    ],
)
def test_what_is_usual_goes_by_what_there_is(
    tmp_path: Path, rows: Rows, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "read", lambda *_, **__: corpus.to_table(rows))
    asked: list[str] = []

    def measured(sets: Sets, context: Context, steps: list[Step], *_: object) -> dict[str, object]:
        asked.extend(step.name for step in steps)
        return {}

    monkeypatch.setattr(evaluating, "measured", measured)
    evaluating.evaluate(tmp_path / "made.parquet")
    assert tuple(asked) == expected


def test_the_report_has_a_section() -> None:
    found = run(sets(MADE, REAL, HOLDOUT), CONTEXT, [Step(name="dialogues")])
    abouts = {"dialogues": registry.about_figures("dialogues")}
    given = replace(material(), measured=measured.read(found), abouts=abouts)
    (section,) = [one for one in sections(given) if one.key == "dialogues"]
    assert section.lines and section.pivots and section.tables["act_bigrams"]
    html = page(given)
    assert ABOUT["turns_per_dialogue"].title in html and ABOUT["outcome"].title in html
