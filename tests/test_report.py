"""The page of a report: what stands in it, what must not, and what it is made of."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from report_material import HOSTILE, evaluated, evaluation, figure, full, manifest, material

from textsynth import corpus
from textsynth.corpus import Slot, Utterance
from textsynth.errors import RunError
from textsynth.evaluate import About, Estimate, Figure, measured, plots
from textsynth.evaluate import report as report_module
from textsynth.evaluate.measured import GateResult
from textsynth.evaluate.report import Rejected, beside, page, pieces, shown, spread
from textsynth.evaluate.tables import bar, certain, interval, lines, mark, pivots, written
from textsynth.pipeline import reporting

MINUS = "\N{MINUS SIGN}"
VOID = {"meta", "link", "br", "img", "input", "hr"}


@cache
def usual() -> str:
    """The page of the usual material, which takes a second to draw."""
    return page(material())


class Outline(HTMLParser):
    """Tags, ids, headings and addresses of a page; fails on tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.addresses: list[str] = []
        self.opened: list[str] = []
        self.feed(html)
        assert not self.opened

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.opened.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            assert not name.startswith("on"), f"{name} on <{tag}>"
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "xlink:href", "action"}:
                self.addresses.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.opened.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


# -- the page ---------------------------------------------------------------------------------


def test_the_page_is_the_same_again() -> None:
    assert page(material()) == usual()


def test_ids_are_unique_and_every_link_in_the_page_leads_to_one() -> None:
    found = Outline(usual())
    assert len(found.ids) == len(set(found.ids))
    assert {address[1:] for address in found.addresses if address[0] == "#"} <= set(found.ids)


def test_nothing_is_fetched() -> None:
    found = Outline(usual())
    assert {address for address in found.addresses if address[0] != "#"} == {"data:,"}
    html = usual()
    assert "url(http" not in html
    assert "@import" not in html
    assert "@font-face" not in html
    assert "default-src 'none'" in html


def test_headings_descend_by_one() -> None:
    headings = Outline(usual()).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_sections_come_in_the_order_of_the_reader() -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", usual())
    assert titles == [
        "In three sentences", "What went in and out", "What the rows look like",
        "What was thrown away, and why", "Variety", "Likeness", "Usefulness", "Privacy", "Bias",
        "Collapse", "How it was made",
    ]  # fmt: skip


def test_every_section_has_a_sentence_under_its_heading() -> None:
    html = usual()
    for rest in re.split(r"<h2[^>]*>.*?</h2>", html)[2:]:
        lead = re.match(r'\s*<p class="lead">([^<]+)</p>', rest)
        assert lead, rest[:200]
        assert lead[1].endswith(".")
        assert lead[1].count(". ") == 0


def test_hostile_texts_stay_texts() -> None:
    data = full()
    for found in data["metrics"].values():
        found["notes"] = [HOSTILE]
        for one in found["figures"]:
            one["slice"] = {key: one["slice"][key] if key in ("real_share", "added", "generation")
                            else HOSTILE for key in one["slice"]}  # fmt: skip
    data["metrics"]["fidelity"]["tables"]["map"][0].update(text=HOSTILE, intent=HOSTILE)
    data["metrics"]["fidelity"]["tables"][HOSTILE] = [{HOSTILE: HOSTILE}]
    data["metrics"][HOSTILE] = {"figures": [figure(HOSTILE, 1.0, group=HOSTILE)]}
    steps = {HOSTILE: {"in": 2, "out": 1, "rejects": {HOSTILE: 1}}}
    plain = Outline(usual())
    html = page(
        material(
            manifest=manifest(
                name=HOSTILE, steps=steps, shortfall={HOSTILE: {"got": 1, "asked": 2}}
            ),
            recipe=HOSTILE,
            samples=[{"text": HOSTILE, "intent": HOSTILE, "origin": HOSTILE,
                      "slots": [{"start": 0, "end": 9, "label": HOSTILE}]}],
            slots={HOSTILE: 1},
            rejected=[Rejected(HOSTILE, HOSTILE, 1, [(HOSTILE, HOSTILE)])],
            measured=evaluated(data),
        )
    )  # fmt: skip
    found = Outline(html)
    assert found.tags["script"] == plain.tags["script"] == 1
    assert found.tags["img"] == 0
    assert "alert(" in html
    assert "{{ 7 * 7 }}" in html


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\0b",
        "\ud800",
        "a\nb",
        "שלום \u202e abc",
        "x" * 10_000,
        "👩‍👩‍👧 ok",
        "\U0001d4b3" * 300,
    ],
)
def test_any_text_can_be_shown(text: str) -> None:
    row = {"text": text, "intent": text, "origin": "seed",
           "slots": [{"start": 0, "end": len(text), "label": "all"}]}  # fmt: skip
    rejected = [Rejected("x", "y", 1, [(text, None)])]
    html = page(
        material(samples=[row], slots={"all": 1}, rejected=rejected, manifest=manifest(name=text))
    )
    html.encode("utf-8")
    assert "\0" not in html
    assert "x" * 300 not in html


def test_notes_have_their_code_and_no_other_markup() -> None:
    data = evaluation(privacy=[figure("dcr", 0.5)])
    data["metrics"]["privacy"]["notes"] = ["run `a <b>` & c", "an odd ` one"]
    html = page(material(measured=evaluated(data)))
    assert "<li>run <code>a &lt;b&gt;</code> &amp; c</li>" in html
    assert "<li>an odd ` one</li>" in html


def test_without_an_evaluation_it_is_said_how_to_make_one() -> None:
    html = page(material(measured=None))
    assert html.count("Not measured. To measure it") == 7
    assert "textsynth evaluate RUN" in html
    assert 'class="sortable figures"' not in html


def test_an_empty_corpus_has_a_page() -> None:
    nothing = manifest(steps={}, adversarial_rounds=[], shortfall={})
    html = page(
        material(
            manifest=nothing, rows=0, intents=0, samples=[], slots={}, rejected=[], measured=None
        )
    )
    assert "The corpus has no rows." in html
    assert "Nothing was thrown away." in html


def test_a_plug_in_has_its_own_section() -> None:
    data = evaluation(toxicity=[figure("rude_rows", 0.01)])
    html = page(material(measured=evaluated(data)))
    assert ">Toxicity</h2>" in html
    assert "rude rows" in html


def test_plots_are_left_out_where_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_module, "available", lambda: False)
    html = page(material())
    assert "<figure" not in html
    assert 'pip install "textsynth-corpus[evaluate]"' in unescape(html)


def test_many_slices_and_points_stay_small() -> None:
    data = full()
    data["metrics"]["diversity"]["figures"] += [
        figure(f"figure_{n}", 0.5, 0.4, 0.6, real=0.5, intent=f"intent_{at}")
        for n in range(10)
        for at in range(400)
    ]
    data["metrics"]["fidelity"]["tables"]["map"] *= 100
    data["metrics"]["fidelity"]["tables"]["examples"] = [{"text": "a row " * 40}] * 5000
    samples = [{"text": "long " * 5000, "intent": "a", "origin": "b", "slots": []}] * 24
    html = page(material(measured=evaluated(data), samples=samples))
    assert len(html.encode()) < 2_000_000
    assert "200 more are in metrics.json" in html


# -- figures ----------------------------------------------------------------------------------


def test_values_are_written_with_their_unit() -> None:
    cases = [
        (0.3824, "percent", "38.2 %"), (-0.021, "percent", f"{MINUS}2.1 %"),
        (-0.0001, "percent", "0.0 %"), (1234.4, "count", "1,234"), (0.51234, "number", "0.512"),
        (-0.0001, "number", "0.000"), (12.345, "number", "12.3"), (12345.6, "number", "12,346"),
        (math.nan, "number", "—"), (math.inf, "percent", "—"),
    ]  # fmt: skip
    assert [written(value, style) for value, style, _ in cases] == [told for *_, told in cases]


def test_intervals_have_one_unit() -> None:
    assert interval(Estimate(0.5, 0.45, 0.551), "percent") == "45.0 to 55.1 %"
    assert interval(Estimate(0.5)) == ""


@pytest.mark.parametrize(
    ("better", "value", "expected"),
    [
        ("high", 0.7, "watch"), ("high", 0.98, "good"), ("high", 1.5, "good"),
        ("low", 1.3, "watch"), ("low", 1.02, "good"), ("low", 0.5, "good"),
        ("like", 0.7, "watch"), ("like", 1.3, "watch"), ("like", 1.0, "good"),
        (None, 0.1, "—"), ("high", math.nan, "—"),
    ],
)  # fmt: skip
def test_a_mark_holds_a_figure_against_the_real_one(
    better: Any, value: float, expected: str
) -> None:
    one = Figure("f", value, reference=Estimate(1.0))
    assert mark("m.f", one, About("", "", better)) == expected


def test_what_may_be_chance_is_not_marked() -> None:
    about = About("", "", "high")
    apart = Figure("f", 0.7, 0.6, 0.8, reference=Estimate(1.0, 0.9, 1.1))
    touching = Figure("f", 0.7, 0.5, 0.92, reference=Estimate(1.0, 0.9, 1.1))
    assert mark("m.f", apart, about) == "watch"
    assert mark("m.f", touching, about) == "good"
    assert mark("m.f", Figure("f", 0.7), about) == "—"


def test_a_difference_without_an_interval_is_not_called_more_than_chance() -> None:
    assert not certain(Figure("f", 0.7, reference=Estimate(1.0)))
    assert certain(Figure("f", 0.7, 0.6, 0.8, reference=Estimate(1.0)))
    assert certain(Figure("f", 0.7, reference=Estimate(1.0, 0.9, 1.1)))
    page_ = usual()
    assert "more than chance" not in page_
    assert "Where no range stands, chance was not measured" in page_


def test_a_gate_decides_over_the_real_figure() -> None:
    one = Figure("f", 0.1, reference=Estimate(1.0))
    gates = [GateResult("m.f >= 0", 0.1, True)]
    assert mark("m.f", one, About("", "", "high"), gates) == "good"
    assert mark("m.f", one, About("", "", "high"), [GateResult("m.f >= 1", 0.1, False)]) == "missed"
    assert mark("other.f", one, About("", "", "high"), gates) == "watch"


def test_bars_have_both_values_on_one_scale() -> None:
    drawn = bar(Figure("f", 0.25, 0.2, 0.3, reference=Estimate(0.5)), "percent")
    assert drawn is not None
    assert drawn.real is not None
    assert (drawn.zero, drawn.synthetic.at, drawn.real.at) == (6, 36, 66)
    assert (drawn.synthetic.low, drawn.synthetic.high) == (30, 42)
    assert drawn.spoken == "synthetic 25.0 %, between 20.0 and 30.0 %; real 50.0 %"


def test_a_bar_of_what_has_both_signs_has_zero_in_the_middle() -> None:
    drawn = bar(Figure("gain", 0.02, -0.01, 0.05), "percent")
    assert drawn is not None
    assert drawn.zero == 66
    assert drawn.synthetic.high == 126
    assert bar(Figure("f", math.nan), "number") is None
    assert bar(Figure("f", 0.0), "number") is not None


def test_a_figure_that_is_not_described_has_its_name() -> None:
    row = lines("m", [Figure("odd_figure", 1.0)], {})[0]
    assert (row.about.title, row.value, row.mark) == ("odd figure", "1.00", "—")


def test_slices_of_the_same_keys_share_a_table() -> None:
    figures = [
        Figure("f1", 0.5, slice={"trained_on": "real", "classifier": "tfidf"}),
        Figure("ece", 0.1, slice={"trained_on": "real", "classifier": "tfidf"}),
        Figure("f1", 0.6, slice={"trained_on": "both", "classifier": "tfidf"}),
        Figure("f1", 0.7, slice={"intent": "a"}),
        Figure("gain", 0.1),
    ]
    both, intents = pivots(figures, {})
    assert both.keys == ("trained_on", "classifier")
    assert [values for values, _ in both.rows] == [("real", "tfidf"), ("both", "tfidf")]
    assert [cell and cell.value for cell in both.rows[1][1]] == ["0.600", None]
    assert intents.keys == ("intent",)


def test_shares_of_a_value_stand_in_one_row() -> None:
    rows = [
        {"kind": "synthetic", "slot": "time", "share": 0.7},
        {"kind": "real", "slot": "time", "share": 0.5},
    ]
    assert beside(rows) == [{"slot": "time", "synthetic": "70.0 %", "real": "50.0 %"}]
    assert beside([{"kind": "a", "text": "b"}]) == [{"kind": "a", "text": "b"}]


# -- rows -------------------------------------------------------------------------------------


def row(text: str, *spans: tuple[int, int]) -> dict[str, Any]:
    return {"text": text, "slots": [{"start": s, "end": e, "label": "l"} for s, e in spans]}


def test_slots_are_cut_out_of_the_text() -> None:
    assert pieces(row("wake me at seven", (11, 16)), {"l": 3}) == [
        ("wake me at ", None, None), ("seven", "l", 3)]  # fmt: skip


def test_spans_that_do_not_fit_mark_nothing() -> None:
    for spans in [((2, 1),), ((0, 99),), ((0, 3), (2, 4))]:
        assert pieces(row("abcde", *spans), {}) == [("abcde", None, None)]


def test_long_texts_are_cut_and_slots_beyond_with_them() -> None:
    found = pieces(row("x" * 1000, (0, 3), (500, 503)), {"l": 0})
    assert [label for _, label, _ in found] == ["l", None]
    assert sum(len(text) for text, _, _ in found) <= 281


def test_shown_keeps_lines_and_drops_controls() -> None:
    assert shown("a\n\tb\x00\x1b") == "a\n\tb\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert shown(None) == ""


def test_rows_are_spread_over_intents() -> None:
    assert spread(["a", "a", "a", "b", None], 3) == [0, 3, 4]
    assert spread([], 3) == []


# -- plots ------------------------------------------------------------------------------------


def test_plots_take_their_colours_from_the_page() -> None:
    svg = plots.lines("k", "A & B", [plots.Series("real", [0, 1], [0, 1], colour="real")],
                      x="x", y="y").svg  # fmt: skip
    assert "var(--real)" in svg
    assert "#" + plots.COLOURS["real"][1:] not in svg
    assert 'aria-label="A &amp; B"' in svg
    assert "font-family" not in svg
    assert "<style" not in svg
    assert re.findall(r'id="(?!k-)', svg) == []


def test_every_colour_of_plots_is_one_of_the_page_in_both_schemes_and_on_paper() -> None:
    style = Path(report_module.__file__).with_name("report.css").read_text()
    for name in plots.COLOURS:
        assert len(re.findall(rf"--{name}: #", style)) == 3


def test_points_of_a_map_show_their_text() -> None:
    svg = plots.scatter(
        "k", "map", {"real": [(0, 0, "set_alarm")], "synthetic": [(1, 1, "<b>")]}
    ).svg
    assert svg.count("<use ") == 2
    assert "<title>&lt;b&gt;</title>" in svg
    assert "<title>set_alarm</title>" in svg


def test_names_in_any_script_can_be_drawn() -> None:
    rows = [("日本語 $x^2$\n", Estimate(0.1, -0.1, 0.2), None), ("", Estimate(0.2), Estimate(0.1))]
    plot = plots.intervals("k", "t", rows, x="x")
    assert "日本語 $x^2$" in plot.svg


# -- a run folder -----------------------------------------------------------------------------


def run_folder(folder: Path, *, metrics: dict[str, Any] | None = None, **changes: Any) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest(**changes)))
    (folder / "recipe.yaml").write_text("name: home\n")
    rows = [
        Utterance(f"r{n}", f"wake me at {n}", f"intent_{n % 6}", (Slot(11, 12, "time", str(n)),),
                  origin="template")
        for n in range(10)
    ]  # fmt: skip
    corpus.write(corpus.to_table(rows), folder / "corpus.parquet")
    gone = [
        ("near", "near_duplicate", "wake me at one"), ("near", "near_seed", "call my mother"),
        ("leak", "leaked_value", None), ("language model", "cut_off", "wake me at"),
    ]  # fmt: skip
    table = corpus.to_table([Utterance(f"g{n}", t or "", "a") for n, (_, _, t) in enumerate(gone)])
    table = corpus.replace_column(table, "text", [text for *_, text in gone])
    for at, name in enumerate(("step", "reason")):
        table = table.append_column(name, pa.array([one[at] for one in gone]))
    corpus.write(table, folder / "rejects.parquet")
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_the_report_of_a_run_is_written_into_it(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", metrics=full())
    path = reporting.report(folder)
    assert path == folder / "report.html"
    html = path.read_text()
    assert "10 rows" in html
    assert "Different word pairs" in html  # out of ABOUT of the metric's module
    assert reporting.report(folder, tmp_path / "a" / "other.html").read_text() == html


def test_what_is_rejected_has_examples_unless_they_are_real_or_masked(tmp_path: Path) -> None:
    steps = manifest()["steps"]
    steps["model"] = {"in": 2, "out": 1, "rejects": {"cut_off": 1}}
    found = {group.reason: group for group in
             reporting.material(run_folder(tmp_path / "run", steps=steps)).rejected}  # fmt: skip
    assert found["near_duplicate"].examples == [("wake me at one", "a")]
    assert found["cut_off"].examples == [("wake me at", "a")]
    assert (found["near_seed"].examples, found["near_seed"].withheld[:9]) == ((), "Not shown")
    assert (found["leaked_value"].examples, found["leaked_value"].withheld[:8]) == ((), "Not kept")
    assert found["duplicate"].withheld.startswith("Not shown")  # of the seeds themselves
    assert next(iter(found)) == "surplus"
    assert "call my mother" not in page(reporting.material(tmp_path / "run"))


def test_samples_are_of_every_intent_with_their_slots(tmp_path: Path) -> None:
    made = reporting.material(run_folder(tmp_path / "run"))
    assert {sample["intent"] for sample in made.samples[:6]} == {f"intent_{n}" for n in range(6)}
    assert made.slots == {"time": 10}
    assert (made.rows, made.intents, made.measured) == (10, 6, None)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete run"):
        reporting.report(tmp_path)


def test_a_run_that_lost_a_file_is_refused(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    (folder / "corpus.parquet").write_bytes(b"no parquet")
    with pytest.raises(RunError, match="cannot be read"):
        reporting.report(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"metrics": 1}', '{"metrics": {"a": {}}}'])
def test_an_evaluation_that_is_broken_is_refused(tmp_path: Path, text: str) -> None:
    folder = run_folder(tmp_path / "run")
    (folder / "metrics.json").write_text(text)
    with pytest.raises(RunError, match=r"metrics\.json: is no evaluation") as caught:
        reporting.report(folder)
    assert caught.value.fix == "delete this file, then: textsynth evaluate RUN"


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    (tmp_path / "page").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        reporting.report(folder, tmp_path / "page")


def test_what_figures_are_is_read_from_the_metric_s_module() -> None:
    assert reporting.abouts("diversity")["distinct_2"].title == "Different word pairs"
    assert reporting.abouts("no_such_metric") == {}
    assert reporting.abouts("no such.module!") == {}


def test_an_evaluation_is_read_back() -> None:
    found = measured.read(evaluation(privacy=[figure("mia_auc", 0.5, 0.4, 0.6, real=0.5),
                                              figure("mia_auc", 0.7, attack="loss"),
                                              figure("dcr", None)]))  # fmt: skip
    assert found.figure("privacy", "mia_auc") == Figure("mia_auc", 0.5, 0.4, 0.6,
                                                        reference=Estimate(0.5))  # fmt: skip
    sliced = found.figure("privacy", "mia_auc", attack="loss")
    assert sliced is not None
    assert sliced.value == 0.7
    assert found.figure("privacy", "dcr") is None
    assert found.figure("bias", "anything") is None
    assert [one.name for one in found.overall("privacy")] == ["mia_auc", "dcr"]
