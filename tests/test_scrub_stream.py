"""The scrub of whole files: streamed, in workers, audited; with a detector that is quick."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import keyed, seeds
from textsynth.errors import RunError, SeedError, UsageError
from textsynth.pipeline import scrub_file
from textsynth.scrub import Found, Settings, scrub
from textsynth.scrub.sweep import Matcher, is_full, squeeze

PATTERNS = {
    "PERSON": (r"\b(?:Ann|Omar|Oumarou|Jane|Tomasz)(?: [A-Z][a-z]+)?\b", 0.5),
    "PHONE_NUMBER": (r"\b\d{3}[ -]\d{4}\b", 0.9),
    "EMAIL_ADDRESS": (r"[\w.]+@[\w.]+\w", 1.0),
}


@dataclass(frozen=True)
class Reads:
    """A detector made of regular expressions. `fails` is a word that kills the worker."""

    fails: str | None = None

    def detect(self, texts: Sequence[str], progress: Any = None) -> list[list[Found]]:
        if any(self.fails and self.fails in text for text in texts):
            os._exit(1)
        return [
            [
                Found(match.start(), match.end(), entity, score)
                for entity, (pattern, score) in PATTERNS.items()
                for match in re.finditer(pattern, text)
            ]
            for text in texts
        ]


@dataclass
class Scrubs:
    """Writes lines to a file, scrubs it and reads what came of it."""

    folder: Path

    def write(self, lines: Sequence[Any], name: str = "in.jsonl") -> Path:
        content = b"\n".join(
            line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
        )
        path = self.folder / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def __call__(
        self, *lines: Any, source: Path | None = None, to: str = "out.jsonl", **options: Any
    ) -> dict[str, Any]:
        """The report; the output is `to`."""
        return scrub_file(
            source or self.write(lines),
            self.folder / to,
            key_file=self.folder / "key",
            **{"make_detector": Reads, **options},
        )

    def out(self, name: str = "out.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


@pytest.fixture
def scrubs(tmp_path: Path) -> Scrubs:
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "key").chmod(0o600)
    return Scrubs(tmp_path)


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"text": said, **more}


MANY = [
    text("call Ann Lee", n=1),
    b"{no json",
    text("is ANN LEE in", caller="Jane Roe", split="train"),
    text("ring 555 0123 now"),
    text("ring five five five oh one two three now"),
    text("mail john.smith@gmail.com", meta={"note": "ask Ann Lee", "n": [1, None, "Ann Lee"]}),
    text("that is john dot smith at gmail dot com"),
    text("call Ann Lee", n=1),
    text("did Tomasz come"),
    text("ask Tomasz Wieczorek"),
    text("the file of tomasz wieczorek", owner="jane roe"),
    text(" "),
    *(text(f"call Oumarou A{chr(97 + n)}b at 555 {n:04}", id=f"row{n}") for n in range(12)),
    text("turn on the light"),
]
ORIGINALS = ("ann lee", "jane roe", "555 0123", "five five five oh one two three",
             "john.smith", "tomasz",
             "john dot smith", "wieczorek", "oumarou")  # fmt: skip


# -- the same whatever the chunks and workers --------------------------------------------------


def test_the_same_bytes_from_any_chunks_and_workers(scrubs: Scrubs) -> None:
    reports = []
    for at, (chunk, workers) in enumerate([(1000, 1), (1, 1), (3, 1), (4, 2)]):
        told = scrubs(*MANY, to=f"{at}.jsonl", chunk=chunk, workers=workers)
        timing = ("seconds", "rows_per_second", "workers")
        reports.append({key: told[key] for key in told if key not in timing})
    first = (scrubs.folder / "0.jsonl").read_bytes()
    for at in range(1, 4):
        assert (scrubs.folder / f"{at}.jsonl").read_bytes() == first
        assert reports[at] == reports[0]
    assert not any(original in first.decode().casefold() for original in ORIGINALS)
    assert reports[0]["leaks"] == []


def test_rows_in_are_rows_out_quarantined_and_dropped(scrubs: Scrubs) -> None:
    settings = Settings(labels={"email": "drop_row"})
    told = scrubs(*MANY, settings=settings)
    assert told["quarantined"] == {"not_json": 1, "text_empty": 1}
    assert [entry["line"] for entry in told["quarantined_rows"]] == [2, 12]
    assert told["dropped"]["email"] >= 1
    dropped = sum(told["dropped"].values())
    assert told["rows"] == len(scrubs.out()) == len(MANY) - 2 - dropped
    assert told["rows_read"] == len(MANY)
    assert told["duplicates"] == 1


def test_memory_and_file_agree(scrubs: Scrubs) -> None:
    lines = [text("call Ann Lee"), text("is ANN LEE in"), text("ask Tomasz"), text("hi Tomasz Poe"),
             text("555 0123"), text("five five five zero one two three")]  # fmt: skip
    scrubs(*lines, chunk=2, seed=3)
    secret = keyed.load_secret(scrubs.folder / "key")
    file = seeds.read(scrubs.folder / "in.jsonl", secret=secret, language="en")
    whole = scrub(file.utterances, settings=Settings(), detector=Reads(), secret=secret, seed=3)
    assert [row["text"] for row in scrubs.out()] == [row.text for row in whole.utterances()]


def test_one_original_has_one_surrogate_wherever_it_stands(scrubs: Scrubs) -> None:
    scrubs(text("call Ann Lee"), *[text("hello")] * 5, text("for Ann Lee", by="Ann Lee"), chunk=2)
    rows = scrubs.out()
    name = rows[0]["text"].removeprefix("call ")
    assert rows[-1] == {"text": f"for {name}", "by": name}


def test_rows_keep_their_order_and_keys(scrubs: Scrubs) -> None:
    first = {
        "split": "train",
        "text": "call Bo Poe at six",
        "slots": [
            {"start": 15, "end": 18, "label": "time", "value": "six"},
            {"label": "contact", "start": 5, "end": 11, "by": "Bo Poe"},
        ],
        "caller": "Ida Moe",
        "meta": {"note": "ask bo poe", "n": [1, None, "Bo Poe"], "deep": [[{"x": "ida moe"}]]},
    }
    second = {"text": "hello there", "id": "Omar", "e": {}, "f": [], "g": 1.5, "h": True}
    told = scrubs(first, second, first)
    rows = scrubs.out()
    assert rows[0] == rows[2] and rows[1] == second
    assert list(rows[0]) == list(first)
    assert not re.search("bo poe|ida moe", json.dumps(rows).casefold())
    at = rows[0]["slots"]
    assert rows[0]["text"][at[0]["start"] : at[0]["end"]] == "six"
    assert at[1]["by"] == rows[0]["text"][at[1]["start"] : at[1]["end"]]
    assert rows[0]["meta"]["n"][:2] == [1, None]
    assert (told["rows"], told["rows_changed"], told["duplicates"]) == (3, 2, 1)


# -- what goes wrong ---------------------------------------------------------------------------


def test_a_worker_that_dies_is_one_message_and_leaves_nothing(scrubs: Scrubs) -> None:
    lines = [text(f"row {n}") for n in range(8)]
    with pytest.raises(RunError, match="a worker process was killed"):
        scrubs(*lines, chunk=2, workers=2, make_detector=partial(Reads, "row 5"))
    assert {path.name for path in scrubs.folder.iterdir()} == {"in.jsonl", "key"}


def test_an_interrupt_leaves_nothing_and_what_was_there(scrubs: Scrubs) -> None:
    class Interrupted(Reads):
        def detect(self, texts: Sequence[str], progress: Any = None) -> list[list[Found]]:
            raise KeyboardInterrupt

    (scrubs.folder / "out.jsonl").write_text("as it was")
    with pytest.raises(KeyboardInterrupt):
        scrubs(text("call Ann Lee"), make_detector=Interrupted)
    assert {path.name for path in scrubs.folder.iterdir()} == {"in.jsonl", "key", "out.jsonl"}
    assert (scrubs.folder / "out.jsonl").read_text() == "as it was"


def test_a_file_that_changes_under_the_scrub_is_refused(scrubs: Scrubs) -> None:
    class Changes(Reads):
        def detect(self, texts: Sequence[str], progress: Any = None) -> list[list[Found]]:
            (path,) = paths
            path.write_text(json.dumps(text("call Bob Lee")))
            return super().detect(texts)

    paths = [scrubs.write([text("call Ann Lee")])]
    with pytest.raises(SeedError, match="changed while it was scrubbed"):
        scrubs(source=paths[0], make_detector=Changes)
    assert not (scrubs.folder / "out.jsonl").exists()


def test_files_that_are_one_are_refused(scrubs: Scrubs) -> None:
    source = scrubs.write([text("hi")])
    before = source.read_bytes()
    (scrubs.folder / "link.jsonl").symlink_to(source)
    os.link(source, scrubs.folder / "hard.jsonl")
    for name in ("in.jsonl", "link.jsonl", "hard.jsonl"):
        with pytest.raises(UsageError, match="two of the files are one"):
            scrubs(source=source, to=name)
    with pytest.raises(UsageError, match="two of the files are one"):
        scrubs(source=source, report=scrubs.folder / "out.jsonl")
    assert source.read_bytes() == before


def test_outputs(scrubs: Scrubs) -> None:
    scrubs(text("call Ann Lee"), to="new/folder/out.jsonl")
    (scrubs.folder / "out.jsonl.gz").write_text("older")
    scrubs(text("call Ann Lee"), to="out.jsonl.gz")
    plain = (scrubs.folder / "new/folder/out.jsonl").read_bytes()
    assert gzip.decompress((scrubs.folder / "out.jsonl.gz").read_bytes()) == plain
    (scrubs.folder / "taken.jsonl").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        scrubs(text("hi"), to="taken.jsonl")
    with pytest.raises(RunError, match="cannot be written"):
        scrubs(text("hi"), to="in.jsonl/out.jsonl")


def test_a_truncated_gz_is_refused(scrubs: Scrubs) -> None:
    path = scrubs.folder / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "call Ann Lee"}\n' * 999)[:-9])
    with pytest.raises(SeedError, match="cannot be read"):
        scrubs(source=path)
    assert not (scrubs.folder / "out.jsonl").exists()


def deep(levels: int) -> bytes:
    return b'{"text": "hi", "x": ' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (text(""), "text_empty"),
        ({"note": "x"}, "text_missing"),
        (b"\x00\x01", "not_json"),
        (b'{"text": "caf\xe9"}', "not_utf8"),
        (text("\ud800"), "text_not_unicode"),
        (text("hi", note="\ud800"), "not_unicode"),
        ({"text": "hi", "\udfff": 1}, "not_unicode"),
        (deep(400), "nested_too_deep"),
        (deep(100_000), "not_json"),
    ],
)
def test_a_bad_row_is_listed_and_costs_no_other(scrubs: Scrubs, line: Any, reason: str) -> None:
    told = scrubs(text("one"), line, text("two"))
    assert [row["text"] for row in scrubs.out()] == ["one", "two"]
    (entry,) = told["quarantined_rows"]
    assert (entry["line"], entry["reason"], len(entry["hash"])) == (2, reason, 16)


@pytest.mark.parametrize(
    "said",
    [
        "\U0001f600 call Ann Lee \U0001f468\u200d\U0001f469",
        "nul \x00 Ann Lee \x1b[31m",
        "e\u0301 Ann Lee \u202e \u05d0\u05d1 \u0410\u043d\u043d",
        "line\r\nAnn Lee\u2028end",
    ],
)
def test_odd_texts_lose_the_name_and_nothing_else(scrubs: Scrubs, said: str) -> None:
    scrubs(text(said, list=[said]))
    row = json.loads((scrubs.folder / "out.jsonl").read_bytes())
    before, after = said.split("Ann Lee")
    assert row["text"].startswith(before) and row["text"].endswith(after)
    assert "Ann Lee" not in row["text"] and row["list"] == [row["text"]]


def test_line_ends_marks_and_repeated_keys(scrubs: Scrubs) -> None:
    source = scrubs.folder / "in.jsonl"
    source.write_bytes(
        b'\xef\xbb\xbf{"text": "one"}\r\n\r\n{"text": "Ann Lee", "text": "two"}\n{"text": "three"}'
    )
    scrubs(source=source)
    assert scrubs.out() == [text("one"), text("two"), text("three")]


def test_a_text_of_a_megabyte(scrubs: Scrubs) -> None:
    said = ("la la Ann Lee said so to Omar Poe on 555 0123. " + "la " * 150) * 2_000
    assert len(said) > 990_000
    scrubs(text(said), text("call Ann Lee"))
    rows = scrubs.out()
    assert len(rows) == 2 and not re.search("Ann Lee|Omar|0123", rows[0]["text"])


# -- the audit ---------------------------------------------------------------------------------


def test_no_file_holds_an_original(scrubs: Scrubs, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [*MANY, text("<b>Ann Lee</b> & so on"), text("in lee's ann", note="\ud800 Zora Neale")]
    told = scrubs(
        *lines,
        settings=Settings(deny={"person": ("Zora Neale",)}),
        report=scrubs.folder / "r.json",
        html=scrubs.folder / "r.html",
        chunk=3,
    )
    assert told["examples"] and told["doubtful"]
    written = [p for p in scrubs.folder.iterdir() if p.name not in ("in.jsonl", "key")]
    assert sorted(path.name for path in written) == ["out.jsonl", "r.html", "r.json"]
    said = capfd.readouterr()
    for content in (*(path.read_text() for path in written), said.out, said.err):
        assert not [one for one in (*ORIGINALS, "zora") if one in content.casefold()]


def test_the_report_tells_what_was_done(scrubs: Scrubs) -> None:
    report, html = scrubs.folder / "r.json", scrubs.folder / "r.html"
    told = scrubs(
        text("<i>x</i> call Ann Lee"), text("ring 555 0123"), text("ok"), report=report, html=html
    )
    assert told["labels"] == {
        "person": {"found": 1, "replaced": 1, "kept": 0},
        "phone": {"found": 1, "replaced": 1, "kept": 0},
    }
    assert (told["rows"], told["rows_changed"], told["leak_count"]) == (3, 2, 0)
    assert json.loads(report.read_text())["labels"] == told["labels"]
    assert {example["marks"][0]["label"] for example in told["examples"]} == {"person", "phone"}
    (doubtful,) = told["doubtful"]
    (mark,) = doubtful["marks"]
    assert mark["score"] == 0.5 and doubtful["text"][: mark["start"]] == "<i>x</i> call "
    page = html.read_text()
    assert "&lt;i&gt;x&lt;/i&gt; call <mark>" in page and "<i>x" not in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_what_a_kept_label_holds_is_told_apart(scrubs: Scrubs) -> None:
    slots = [{"start": 0, "end": 16, "label": "message"}]
    told = scrubs(
        text("ask Ann Lee now!", slots=slots),
        text("call Ann Lee"),
        settings=Settings(keep=("message",)),
    )
    assert "Ann Lee" in scrubs.out()[0]["text"] and "Ann Lee" not in scrubs.out()[1]["text"]
    assert (told["leak_count"], told["leak_count_kept"]) == (1, 1)
    (leak,) = told["leaks"]
    assert (leak["line"], leak["label"], leak["kept"]) == (1, "person", True)
    assert all("Ann" not in example["text"] for example in told["examples"])


# -- the matcher -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("four one five", "415"),
        ("oh two oh seven nine four six", "020 7946"),
        ("oh double seven oh oh", "07700"),
        ("triple five twenty three", "555 23"),
        ("fourteen Elm Road", "14 Elm Road"),
        ("nineteen eighty four", "1984"),
        ("twenty zero thirty", "20 0 30"),
        ("eight hundred five five five", "800 555"),
        ("one thousand", "1000"),
        ("john dot smith at gmail dot com", "john.smith@gmail.com"),
        ("john underscore smith at mail dash box dot org", "john_smith@mail-box.org"),
        ("ann at gmail.com", "ann@gmail.com"),
        ("www dot example dot com slash ann", "www.example.com/ann"),
    ],
)
def test_spoken_and_written_are_one(spoken: str, written: str) -> None:
    assert squeeze(spoken) == squeeze(written)
    for value, said in ((written, spoken), (spoken, written)):
        (hit,) = Matcher([value]).find(f"well {said} please")
        assert (hit.start, hit.end, hit.value) == (5, 5 + len(said), value)


@pytest.mark.parametrize(
    "plain", ["oh well", "Sandra Oh", "meet Ann at Lee", "dash it", "a hundred times", "double bed"]
)
def test_words_that_are_no_number_stay(plain: str) -> None:
    assert squeeze(plain) == plain.replace(" ", "").casefold()


def test_a_value_that_is_said_ends_with_its_last_word() -> None:
    (hit,) = Matcher(["john"]).find("john dot smith")
    assert (hit.start, hit.end) == (0, 4)
    assert Matcher(["Ann Lee"]).find("meet Ann at Lee") == []
    assert Matcher(cased=["Seven"]).find("at 7 or seven") == []


@pytest.mark.parametrize(
    ("value", "full"),
    [("four one five", False), ("four one five two", True), ("twenty three", False),
     ("Ann Lee", True), ("a@b", False), ("a1b2", True), ("Ann", False)],
)  # fmt: skip
def test_what_says_enough(value: str, full: bool) -> None:
    assert is_full(value) == full


WORDS = st.lists(
    st.sampled_from(["ann", "Lee", "annex", "5", "55", "five", "dot", "at", "com", "x", "é"]),
    min_size=1, max_size=8,
).map(" ".join)  # fmt: skip


@given(values=st.lists(WORDS, max_size=4), said=WORDS)
def test_hits_are_disjoint_and_fold_to_their_value(values: list[str], said: str) -> None:
    last = 0
    for hit in Matcher(values).find(said):
        assert last <= hit.start < hit.end
        assert not said[hit.start - 1 : hit.start].isalnum()
        assert not said[hit.end : hit.end + 1].isalnum()
        last = hit.end


@given(value=WORDS.filter(lambda said: "dot" not in said and "at" not in said))
def test_a_value_is_found_in_itself(value: str) -> None:
    hits = Matcher([value]).find(f"so {value.upper()} there")
    assert [(hit.start, hit.end) for hit in hits] == [(3, 3 + len(value))]


def test_long_values_are_found_whole() -> None:
    long = " ".join(f"word{n}" for n in range(100))
    search = Matcher([long, f"{long} end", "word0 word1"])
    assert [hit.value for hit in search.find(f"{long} END")] == [f"{long} end"]
    assert [hit.value for hit in search.find(f"{long} ending")] == [long]
    assert [hit.value for hit in search.find(long[:-1])] == ["word0 word1"]


def test_long_values_in_long_texts_take_no_longer() -> None:
    song = "la " * 30_000
    assert len(Matcher([song, "la la"]).find(song + "x")) == 1
    assert len(Matcher([song + "lo"]).find(song + "li")) == 0


def test_fields_of_one_word_are_no_prose_and_lose_what_was_found_elsewhere(scrubs: Scrubs) -> None:
    scrubs(text("hi", by="Ann", to="Jane"), text("hello Jane"), text("x", key="Jane"))
    assert scrubs.out()[0]["by"] == "Ann"
    assert scrubs.out()[0]["to"] == scrubs.out()[2]["key"] != "Jane"


# -- the key file ------------------------------------------------------------------------------


def test_many_processes_make_one_key(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "key"
    with get_context("fork").Pool(8) as pool:
        secrets = pool.map(keyed.load_secret, [path] * 32, chunksize=1)
    assert len(set(secrets)) == 1 and len(secrets[0]) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["key"]


# -- what slots mean -----------------------------------------------------------------------------


def test_what_a_slot_means_is_scrubbed_too(scrubs: Scrubs) -> None:
    def meaning(said: str, label: str, value: str) -> dict[str, Any]:
        return text(
            f"do {said}", slots=[{"start": 3, "end": 3 + len(said), "label": label, "value": value}]
        )

    told = scrubs(
        meaning("my wife", "contact", "Priya Raman"),
        meaning("the thing", "reminder", "see Ann Lee at nine"),
        meaning("nine", "time", "09:00"),
        meaning("me", "target", "cheryl@hollywood.org"),
        meaning("my desk", "note", "555-0123"),
        text("Priya Raman was here"),
        chunk=2,
    )
    values = [row["slots"][0]["value"] for row in scrubs.out()[:5]]
    assert values[2] == "09:00" and not re.search("Priya|Raman|Ann|Lee", " ".join(values))
    assert "cheryl" not in values[3] and "0123" not in values[4]
    assert scrubs.out()[5]["text"] == f"{values[0]} was here"
    assert told["leaks"] == []


def test_a_date_that_becomes_another_rows_date_is_no_leak(scrubs: Scrubs) -> None:
    days = [f"2021-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    told = scrubs(*(text(f"born {day}", birth_date=day) for day in days))
    made = {row["birth_date"] for row in scrubs.out()}
    assert made & set(days) and len(made) == len(days)
    assert told["leak_count"] == 0
    slot = {"start": 0, "end": 7, "label": "birth_date"}
    told = scrubs(*(text("my wife", slots=[{**slot, "value": day}]) for day in days))
    made = {row["slots"][0]["value"] for row in scrubs.out()}
    assert made & set(days) and len(made) == len(days)
    assert told["leak_count"] == 0


def test_a_sentence_without_spaces_is_read(scrubs: Scrubs) -> None:
    seen: list[str] = []

    class Notes(Reads):
        def detect(self, texts: Sequence[str], progress: Any = None) -> list[list[Found]]:
            seen.extend(texts)
            return super().detect(texts)

    scrubs(text("go", note="我叫王小明", split="train", id="a-17"), make_detector=Notes)
    assert seen == ["go", "我叫王小明"]
