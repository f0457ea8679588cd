"""The report of a run: one HTML page that needs nothing else, for people who know no statistics."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from textsynth.corpus import span_fault
from textsynth.evaluate import About
from textsynth.evaluate.charts import charts
from textsynth.evaluate.measured import Measured
from textsynth.evaluate.plots import Plot, available
from textsynth.evaluate.tables import Line, Pivot, lines, pivots, words, written
from textsynth.evaluate.verdict import verdict
from textsynth.evaluate.wording import REASONS, SECTIONS, SOURCES, STEPS, Heading

LONGEST = 280  # characters of a text that is shown
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SLOT_COLOURS = 8
ROWS_OF_A_TABLE = 100
# Tables that plots show.
DRAWN = frozenset({"map", "lengths", "vocabulary_growth", "curves"})
WITHOUT_PLOTS = 'Plots need matplotlib: pip install "textsynth-corpus[evaluate]".'


@dataclass(frozen=True, slots=True)
class Rejected:
    """A reason with how many rows went for it, and the texts of a few of them with their intents;
    `withheld` says why none is shown."""

    step: str
    reason: str
    rows: int
    examples: Sequence[tuple[str, str | None]] = ()
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is made of.

    Attributes:
        manifest: of the run.
        recipe: its text.
        rows, intents: counts of the corpus.
        samples: rows to show, with `text`, `intent`, `origin` and `slots` (`start`, `end`,
            `label`).
        slots: how often each label marks something in the corpus.
        rejected: what was thrown away.
        measured: the evaluation, None without one.
        abouts: what figures are, by metric and name.
        steps: what steps do that this package does not know, such as plug-ins.
    """

    manifest: Mapping[str, Any]
    recipe: str
    rows: int
    intents: int
    samples: Sequence[Mapping[str, Any]] = ()
    slots: Mapping[str, int] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    measured: Measured | None = None
    abouts: Mapping[str, Mapping[str, About]] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the flow; `kept` and `gone` are percentages of the widest bar, `kind` is `people`
    where real rows are read, `source` where rows are made, and else nothing."""

    title: str
    what: str
    rows_in: int
    rows_out: int
    kept: float
    gone: float
    reasons: Sequence[tuple[str, int]]
    kind: str


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of a metric as the page shows them."""

    key: str
    heading: Heading
    lines: Sequence[Line]
    pivots: Sequence[Pivot]
    charts: Sequence[Plot]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    notes: Sequence[str]


def page(material: Material) -> str:
    """The report. The same material gives the same page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        number="{:,}".format,
        words=words,
        cell=_cell,
        svg=Markup,  # made by this package, which escapes the texts in it
        shown=shown,
        code=_code,
    )
    template, style, script = (
        files("textsynth.evaluate").joinpath(f"report.{kind}").read_text(encoding="utf-8")
        for kind in ("html.jinja", "css", "js")
    )
    measured = material.measured
    colours = {label: at % SLOT_COLOURS for at, label in enumerate(material.slots)}
    html = environment.from_string(template).render(
        material=material,
        manifest=material.manifest,
        measured=measured,
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        verdict=verdict(measured, short=material.manifest.get("shortfall", ())),
        steps=flow(material.manifest.get("steps", {}), material.steps),
        rounds=material.manifest.get("adversarial_rounds", ()),
        samples=[(row, pieces(row, colours)) for row in material.samples],
        colours=colours,
        reasons=REASONS,
        titles={step: title for step, (title, _) in STEPS.items()},
        sections=sections(material),
        no_plots="" if available() else WITHOUT_PLOTS,
        longest_table=ROWS_OF_A_TABLE,
    )
    return html.encode("utf-8", "replace").decode("utf-8")


# -- what went in and out ---------------------------------------------------------------------


def flow(steps: Mapping[str, Mapping[str, Any]], others: Mapping[str, str]) -> list[Step]:
    """The steps of a manifest, in their order, with bars on one scale."""
    widest = max((step["in"] for step in steps.values()), default=0) or 1
    told = []
    for name, step in steps.items():
        title, what = STEPS.get(name) or (words(name), others.get(name, ""))
        reasons = sorted(step["rejects"].items(), key=lambda item: (-item[1], item[0]))
        told.append(
            Step(
                title=title,
                what=what,
                rows_in=step["in"],
                rows_out=step["out"],
                kept=round(100 * step["out"] / widest, 2),
                gone=round(100 * (step["in"] - step["out"]) / widest, 2),
                reasons=[(words(reason), count) for reason, count in reasons],
                kind="people" if name == "seeds" else "source" if name in SOURCES else "",
            )
        )
    return told


# -- rows -------------------------------------------------------------------------------------


def shown(text: str | None) -> str:
    """A text as it can be shown: cut where it is long, control characters as the replacement
    character."""
    if text is None:
        return ""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return "".join(
        c if c in "\n\t" or not _control(c) else "\N{REPLACEMENT CHARACTER}" for c in cut
    )


def _control(char: str) -> bool:
    return ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0


def pieces(
    row: Mapping[str, Any], colours: Mapping[str, int]
) -> list[tuple[str, str | None, int | None]]:
    """The text of a row in pieces: (piece, label, colour), without both outside its slots. Spans
    that do not fit the text mark nothing."""
    text = row["text"] or ""
    spans = sorted(row["slots"] or (), key=lambda slot: slot["start"])
    if span_fault(text, [(slot["start"], slot["end"]) for slot in spans]):
        spans = []
    found: list[tuple[str, str | None, int | None]] = []
    at = 0
    for slot in spans:
        if slot["end"] > LONGEST:
            break
        found.append((shown(text[at : slot["start"]]), None, None))
        surface = shown(text[slot["start"] : slot["end"]])
        found.append((surface, slot["label"], colours.get(slot["label"], 0)))
        at = slot["end"]
    rest = text[at:]
    left = max(1, LONGEST - at)
    found.append((shown(rest if len(rest) <= left else rest[:left] + "…"), None, None))
    return [piece for piece in found if piece[0]]


# -- figures ----------------------------------------------------------------------------------


def sections(material: Material) -> list[Section]:
    """A section for each metric, measured or not; plug-ins' come last."""
    measured = material.measured or Measured({})
    found = []
    for key in [*SECTIONS, *(name for name in measured.metrics if name not in SECTIONS)]:
        abouts = material.abouts.get(key, {})
        findings = measured.metrics.get(key)
        figures = findings.figures if findings else ()
        overall = [figure for figure in figures if not figure.slice]
        tables = findings.tables if findings else {}
        found.append(
            Section(
                key=key,
                heading=SECTIONS.get(key) or Heading(words(key), "", ""),
                lines=lines(key, overall, abouts, measured.gates),
                pivots=pivots(figures, abouts),
                charts=charts(key, measured, abouts) if available() else (),
                tables={
                    name: beside(rows)
                    for name, rows in tables.items()
                    if rows and name not in DRAWN
                },
                notes=findings.notes if findings else (),
            )
        )
    return found


def beside(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Shares that stand below one another (`kind`, a value, `share`), with those of a value in one
    row; other tables as they are."""
    if not all({"kind", "share"} < set(row) and len(row) == 3 for row in rows):
        return rows
    name = next(key for key in rows[0] if key not in ("kind", "share"))
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row[name], {name: row[name]})[row["kind"]] = written(
            row["share"], "percent"
        )
    return list(found.values())


def _cell(value: Any) -> str:
    """A value of a table."""
    if value is None:
        return "—"
    if isinstance(value, float):
        return written(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return shown(str(value))


def _code(note: str) -> Any:
    """A note with what stands in backticks as code."""
    from markupsafe import Markup

    parts = note.split("`")
    if len(parts) % 2 == 0:
        return note
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts)
    )


def spread(intents: Sequence[str | None], most: int) -> list[int]:
    """Places of at most `most` rows, in turn of each intent, in the order given."""
    turns: Counter[str | None] = Counter()
    ranked = []
    for place, intent in enumerate(intents):
        ranked.append((turns[intent], place))
        turns[intent] += 1
    return [place for _, place in sorted(ranked)[:most]]
