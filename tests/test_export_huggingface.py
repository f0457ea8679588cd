"""The folder is read back with the real `load_dataset`, offline."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textsynth.corpus import Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, StepCount, license_id
from textsynth.export.huggingface import export

GOLDEN = Path(__file__).parent / "golden" / "card.md"
Load = Callable[..., Any]

HOSTILE = [
    "wake me 🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧 at seven",
    "أيقظني في الساعة السابعة at seven",
    "first line\nsecond line at seven",
    "---\nlicense: mit\n---\n# new card at seven",
    "```\n````yaml\n# broken out at seven",
    "| a | b |\n| --- | --- | at seven",
    "<script>alert(1)</script><!-- at seven",
    "{{ about.name }} {% raw %} {# at seven",
    "turned \u202e around \u2028 at seven",
]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """`load_dataset` of a folder, without network and with a cache of its own."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    yield lambda folder, **options: datasets.load_dataset(
        str(folder), cache_dir=str(tmp_path / "cache"), **options
    )
    if shown:
        datasets.enable_progress_bars()


def utterance(number: int, **changes: Any) -> Utterance:
    text = f"wake me at {number} o'clock please"
    row = Utterance(
        id=f"template/set_alarm/{number:04x}",
        text=text,
        intent="set_alarm",
        slots=(Slot(11, text.index(" please"), "time", f"{number:02}:00"),),
        pattern="wake me at {time} please",
        origin="template",
        generation=1,
        parents=("set_alarm/0",),
        scores={"label": 0.9},
        split="train",
    )
    return replace(row, **changes)


FRAMES = {
    "set_alarm": ("wake me at {time}", "set an alarm for {time}", "alarm at {time}"),
    "cancel_alarm": ("no alarm at {time}", "drop the {time} alarm", "forget {time}"),
    "ask_time": ("is it {time} yet", "are we past {time}", "did it strike {time}"),
}


def corpus_of_three_intents() -> list[Utterance]:
    """Eighteen rows: three intents, two origins, all splits; each pattern in one split."""
    rows = []
    for intent, frames in FRAMES.items():
        for number, split in enumerate(["train"] * 4 + ["validation", "test"]):
            frame = frames[max(0, number - 3)]
            at, surface = frame.index("{"), f"{number + 1} o'clock"
            row = utterance(
                number,
                id=f"{intent}/{number:04x}",
                text=frame.replace("{time}", surface),
                intent=intent,
                slots=(Slot(at, at + len(surface), "time", f"{number + 1:02}:00"),),
                pattern=frame,
                origin="model" if number % 4 == 3 else "template",
                split=split,
            )
            rows.append(row)
    return rows


def about() -> About:
    return About(
        name="home assistant",
        license="Apache-2.0",
        language="en-GB",
        version="0.1.0",
        recipe="name: home assistant\nseed: 42\n",
        models=(("language model", "gemma3-270m", "Gemma Terms of Use"),),
        steps=(
            StepCount("exact", 24, 19, {"duplicate": 4, "seed_echo": 1}),
            StepCount("label", 19, 18, {"other_intent": 1}),
            StepCount("select", 18, 18),
        ),
        seeds=25,
        scrubbed={"PERSON": 3, "PHONE_NUMBER": 1},
        shortfall={"ask_time": (6, 10)},
    )


def front(folder: Path) -> dict[str, Any]:
    """The metadata of a card as the hub's own code reads it."""
    from huggingface_hub import DatasetCard

    data: dict[str, Any] = DatasetCard.load(folder / "README.md").data.to_dict()
    return data


def test_synthetic_seeds_are_said(tmp_path: Path) -> None:
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x", seeds=9, synthetic_seeds=4))
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert "9 seed utterances were read. 4 of them were **synthetic themselves**" in card


def test_load_dataset_opens_it(tmp_path: Path, load: Load) -> None:
    from datasets import ClassLabel, DatasetDict, List, Value

    rows = corpus_of_three_intents()
    report = export(to_table(rows), tmp_path / "dataset", about())
    assert (report.format, report.written, report.refused) == ("huggingface", len(rows), {})
    dataset = load(tmp_path / "dataset")
    assert isinstance(dataset, DatasetDict)
    assert list(dataset) == ["train", "validation", "test"]
    for split, part in dataset.items():
        assert part.features["intent"] == ClassLabel(
            names=["ask_time", "cancel_alarm", "set_alarm"]
        )
        assert part.features["slots"] == List(
            {
                "start": Value("int32"),
                "end": Value("int32"),
                "label": Value("string"),
                "value": Value("string"),
            }
        )
        assert part.features["origin"] == Value("string")
        assert part["id"] == [row.id for row in rows if row.split == split]


def test_rows_come_back_as_they_went_in(tmp_path: Path, load: Load) -> None:
    rows = corpus_of_three_intents()
    export(to_table(rows), tmp_path / "dataset", about())
    back = {row["id"]: row for part in load(tmp_path / "dataset").values() for row in part}
    names = ["ask_time", "cancel_alarm", "set_alarm"]
    for row in rows:
        got = back[row.id]
        assert (got["text"], names[got["intent"]], got["pattern"]) == (
            row.text,
            row.intent,
            row.pattern,
        )
        assert (got["origin"], got["generation"], got["parents"]) == (
            row.origin,
            row.generation,
            list(row.parents),
        )
        assert got["scores"] == [{"name": "label", "value": pytest.approx(0.9)}]
        assert [Slot(**slot) for slot in got["slots"]] == list(row.slots)


def test_it_streams(tmp_path: Path, load: Load) -> None:
    export(to_table(corpus_of_three_intents()), tmp_path / "dataset", about())
    first = next(iter(load(tmp_path / "dataset", split="test", streaming=True)))
    assert isinstance(first["intent"], int)


def test_the_tokens_are_a_second_configuration(tmp_path: Path, load: Load) -> None:
    from datasets import ClassLabel, List, Value, get_dataset_config_names

    rows = corpus_of_three_intents()
    report = export(to_table(rows), tmp_path / "dataset", about())
    assert get_dataset_config_names(str(tmp_path / "dataset")) == ["default", "tokens"]
    dataset = load(tmp_path / "dataset", name="tokens")
    assert dict(dataset["train"].features) == {
        "id": Value("string"),
        "tokens": List(Value("string")),
        "tags": List(ClassLabel(names=["O", "B-time", "I-time"])),
        "intent": ClassLabel(names=["ask_time", "cancel_alarm", "set_alarm"]),
    }
    assert {split: part["id"] for split, part in dataset.items()} == {
        split: [row.id for row in rows if row.split == split]
        for split in ("train", "validation", "test")
    }
    first = dataset["train"][0]
    assert (first["tokens"], first["tags"], first["intent"]) == (
        ["wake", "me", "at", "1", "o", "'", "clock"],
        [0, 0, 0, 1, 2, 2, 2],
        2,
    )
    assert report.notes == ()
    assert next(iter(load(tmp_path / "dataset", name="tokens", split="test", streaming=True)))


def test_tokens_are_the_words_of_the_slots(tmp_path: Path, load: Load) -> None:
    """Slots beside each other, inside words, in scripts with marks, and of hostile labels."""
    rows = [
        utterance(1, text="setalarm7am", slots=(Slot(3, 8, "a", "x"), Slot(8, 11, "b", "y"))),
        utterance(2, text="\u0915\u093f 7 \n|", slots=(Slot(0, 2, "B-x | `y`", "z"),)),
        utterance(3, text="7 8", slots=(Slot(2, 3, "a", "8"), Slot(0, 1, "a", "7"))),
        utterance(4, text=" ", slots=()),
    ]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    train = load(tmp_path / "dataset", name="tokens")["train"]
    names = train.features["tags"].feature.names
    assert names == ["O", "B-B-x | `y`", "I-B-x | `y`", "B-a", "I-a", "B-b", "I-b"]
    assert [(row["tokens"], [names[tag] for tag in row["tags"]]) for row in train] == [
        (["set", "alarm", "7am"], ["O", "B-a", "B-b"]),
        (["\u0915\u093f", "7", "|"], ["B-B-x | `y`", "O", "O"]),
        (["7", "8"], ["B-a", "B-a"]),
        ([], []),
    ]


def test_rows_whose_slots_are_no_tokens_are_left_out(tmp_path: Path, load: Load) -> None:
    rows = [
        utterance(1),
        utterance(2, text="at seven", slots=(Slot(2, 8, "time", "7"),)),
        utterance(3, text="at seven", slots=(Slot(0, 4, "a", "7"), Slot(3, 8, "b", "7"))),
        utterance(4, text="at seven", slots=(Slot(3, 9, "only_here", "7"),), split="test"),
    ]
    report = export(to_table(rows), tmp_path / "dataset", About("x"))
    assert (report.written, report.refused) == (4, {})
    assert report.notes == (
        "rows that are not in the configuration `tokens`: "
        "space_at_slot_edge 1, span_out_of_bounds 1, spans_overlap 1",
    )
    tagged = load(tmp_path / "dataset", name="tokens")
    assert {split: part["id"] for split, part in tagged.items()} == {"train": [rows[0].id]}
    assert tagged["train"].features["tags"].feature.names == ["O", "B-time", "I-time"]
    assert list(load(tmp_path / "dataset")) == ["train", "test"]
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert "3 rows are not in it, since a slot" in card
    export(to_table(rows[1:]), tmp_path / "dataset", About("x"))
    assert not (tmp_path / "dataset" / "tokens").exists()


@pytest.mark.parametrize("changes", [{"tokens": False}, {"slots": ()}])
def test_without_the_tokens(tmp_path: Path, load: Load, changes: dict[str, Any]) -> None:
    from datasets import get_dataset_config_names

    options = {"tokens": changes.pop("tokens")} if "tokens" in changes else {}
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    export(to_table([utterance(1, **changes)]), tmp_path / "dataset", About("x"), **options)
    assert get_dataset_config_names(str(tmp_path / "dataset")) == ["default"]
    assert not (tmp_path / "dataset" / "tokens").exists()
    assert load(tmp_path / "dataset")["train"].num_rows == 1


def test_tokens_without_intents(tmp_path: Path, load: Load) -> None:
    export(to_table([utterance(1, intent=None)]), tmp_path / "dataset", About("x"))
    columns = load(tmp_path / "dataset", name="tokens")["train"].column_names
    assert columns == ["id", "tokens", "tags"]
    export(to_table([utterance(1), utterance(2, intent=None)]), tmp_path / "dataset", About("x"))
    assert load(tmp_path / "dataset", name="tokens")["train"]["intent"] == [0, None]


def test_the_quick_start_runs(
    tmp_path: Path, load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    export(to_table(corpus_of_three_intents()), tmp_path / "dataset", about())
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    opened = datasets.load_dataset
    cache = str(tmp_path / "cache")
    monkeypatch.setattr(datasets, "load_dataset", lambda *names: opened(*names, cache_dir=cache))
    blocks = [part.partition("```")[0] for part in card.split("```python\n")[1:]]
    exec("\n".join(blocks).replace("path/to/this/folder", str(tmp_path / "dataset")), {})
    assert capsys.readouterr().out.splitlines() == [
        "wake me at 1 o'clock -> set_alarm",
        "time = 1 o'clock",
        "[('wake', 'O'), ('me', 'O'), ('at', 'O'), ('1', 'B-time'), ('o', 'I-time'), "
        "(\"'\", 'I-time'), ('clock', 'I-time')]",
    ]


def test_bars_show_the_counts(tmp_path: Path) -> None:
    rows = [utterance(n) for n in range(60)] + [
        utterance(60, intent="rare"),
        utterance(61, intent="half"),
    ]
    rows += [utterance(n, intent="half") for n in range(62, 91)]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert f"| `set_alarm` | 60 | 60 | {'█' * 20} |" in card
    assert f"| `half` | 30 | 30 | {'█' * 10} |" in card
    assert "| `rare` | 1 | 1 | █ |" in card


def test_null_dialogue_columns_are_dropped(tmp_path: Path, load: Load) -> None:
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    assert load(tmp_path / "dataset")["train"].column_names == [
        *("id", "text", "intent", "slots", "pattern", "language"),
        *("origin", "generation", "parents", "scores"),
    ]


def test_hostile_texts_come_back_and_leave_the_card_whole(tmp_path: Path, load: Load) -> None:
    rows = []
    for number, text in enumerate(HOSTILE):
        at = text.index("seven")
        slots = (Slot(at, at + 5, "time", text[:20]),)
        rows.append(utterance(number, text=text, slots=slots, intent=text, pattern=text))
    hostile = "`x` | <b>\n---\n{{ 7 * 7 }} [a](b) *c*"
    told = replace(
        about(),
        name=hostile,
        recipe="name: |\n  ```\n---\n````\n{{ x }}",
        models=((hostile, hostile, hostile),),
        steps=(StepCount(hostile, 2, 1, {hostile: 1}),),
        scrubbed={hostile: 1},
        shortfall={hostile: (1, 2)},
    )
    export(to_table(rows), tmp_path / "dataset", told)
    train = load(tmp_path / "dataset")["train"]
    assert train["text"] == HOSTILE
    assert {row["text"][s["start"] : s["end"]] for row in train for s in row["slots"]} == {"seven"}
    assert [train.features["intent"].int2str(row["intent"]) for row in train] == HOSTILE
    data = front(tmp_path / "dataset")
    assert (data["license"], data["tags"]) == ("apache-2.0", ["synthetic", "textsynth"])
    assert data["pretty_name"] == " ".join(hostile.split())
    assert_markdown_is_whole((tmp_path / "dataset" / "README.md").read_text(encoding="utf-8"))


HEADINGS = [
    "## How it was made",
    "## What is in it",
    "### Sample",
    "## Quick start",
    "## Limits and risks",
    "## Licence",
    "## Recipe",
]


def assert_markdown_is_whole(card: str, due: Sequence[str] = HEADINGS) -> None:
    """Outside the fences: our headings and no other, tables with equal columns, no HTML."""
    fence = ""
    headings, width = [], 0
    for line in card.partition("\n---\n")[2].split("\n"):
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if fence or len(ticks) >= 3:
            fence = "" if line == fence else fence or ticks
            continue
        bars = line.replace("\\|", "").count("|") if line.startswith("|") else 0
        assert width in (0, bars) or not bars, line
        width = bars
        headings += [line] if line.startswith("#") else []
        plain = line.replace("\\<", "")
        assert "<script" not in "".join(plain.split("`")[::2]), line
    assert not fence
    assert headings[1:] == list(due)


def test_the_sample_is_json(tmp_path: Path) -> None:
    rows = [utterance(number, text=text, slots=()) for number, text in enumerate(HOSTILE)]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    sample = card.partition("json\n")[2].partition("\n]\n`")[0] + "]"
    assert [row["text"] for row in json.loads(sample)] == [HOSTILE[0], HOSTILE[4], HOSTILE[8]]
    assert "\u202e" not in card and "\u2028" not in card


def test_the_sample_prefers_short_rows(tmp_path: Path) -> None:
    rows = [utterance(1, text="long " * 2_000, slots=()), utterance(2)]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    assert "long long" not in (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    export(to_table(rows[:1]), tmp_path / "dataset", About("x"))
    assert "long long" in (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")


def test_one_intent_and_missing_splits(tmp_path: Path, load: Load) -> None:
    rows = [utterance(1), utterance(2, split="test")]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    dataset = load(tmp_path / "dataset")
    assert list(dataset) == ["train", "test"]
    assert dataset["train"].features["intent"].names == ["set_alarm"]
    files = sorted(path.name for path in (tmp_path / "dataset" / "data").iterdir())
    assert files == ["test-00000-of-00001.parquet", "train-00000-of-00001.parquet"]
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert "There is no `validation` split" in card
    assert "1 pattern has rows in more than one split" in card


def test_without_intents_slots_and_origin(tmp_path: Path, load: Load) -> None:
    rows = [utterance(n, intent=None, slots=(), scores={}, parents=()) for n in range(3)]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    train = load(tmp_path / "dataset")["train"]
    assert "intent" not in train.column_names
    assert train["slots"] == [[], [], []]
    assert front(tmp_path / "dataset")["task_categories"] == ["text-generation"]


def test_some_rows_without_intent(tmp_path: Path, load: Load) -> None:
    export(to_table([utterance(1), utterance(2, intent=None)]), tmp_path / "dataset", About("x"))
    assert load(tmp_path / "dataset")["train"]["intent"] == [0, None]
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert "| `(none)` | 1 | 1 |" in card


def test_shards_hold_the_rows_in_order(tmp_path: Path, load: Load) -> None:
    rows = [utterance(n, split="test" if n % 5 == 4 else "train") for n in range(25)]
    export(to_table(rows), tmp_path / "dataset", About("x"), shard_rows=8)
    files = sorted(path.name for path in (tmp_path / "dataset" / "data").glob("train*"))
    assert files == [f"train-0000{n}-of-00003.parquet" for n in range(3)]
    dataset = load(tmp_path / "dataset")
    for split in ("train", "test"):
        assert dataset[split]["id"] == [row.id for row in rows if row.split == split]


def test_a_dataset_exported_again_is_loaded_afresh(tmp_path: Path, load: Load) -> None:
    folder = tmp_path / "dataset"
    export(to_table([utterance(1)]), folder, About("x"))
    assert load(folder)["train"]["text"] == [utterance(1).text]
    export(to_table([utterance(2, intent="new_alarm")]), folder, About("x"))
    again = load(folder)["train"]
    assert again["text"] == [utterance(2).text]
    assert again.features["intent"].names == ["new_alarm"]
    export(to_table([utterance(2, split="test")]), folder, About("x"))
    assert list(load(folder)) == ["test"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "dataset"]


def test_the_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    corpus = to_table(corpus_of_three_intents())
    for name in ("a", "b"):
        export(corpus, tmp_path / name, about())
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_zero_rows(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no rows") as error:
        export(empty(), tmp_path / "dataset", About("x"))
    assert error.value.fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("split", "message"), [(None, "1 rows have no split"), ("dev", "'dev'")])
def test_a_row_without_a_known_split(tmp_path: Path, split: str | None, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        export(to_table([utterance(1), utterance(2, split=split)]), tmp_path / "d", About("x"))


@pytest.mark.parametrize("name", ["notes.txt", ".git/config", "data/other.parquet"])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    precious = tmp_path / "dataset" / name
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("precious")
    with pytest.raises(ExportError, match="which no export wrote"):
        export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    "card", ["# mine", "---\ntags:\n- textsynth\n---\n", "---\n{\n---\n", "\xff"]
)
def test_the_dataset_of_someone_else_is_refused(tmp_path: Path, card: str) -> None:
    (tmp_path / "README.md").write_text(card, encoding="latin-1")
    with pytest.raises(ExportError, match="another dataset"):
        export(to_table([utterance(1)]), tmp_path, About("x"))


def test_an_empty_folder_is_filled(tmp_path: Path, load: Load) -> None:
    (tmp_path / "dataset").mkdir()
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    assert load(tmp_path / "dataset")["train"].num_rows == 1


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "dataset").write_text("")
    with pytest.raises(ExportError, match="this is a file"):
        export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))


def test_a_failure_leaves_the_old_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    before = (tmp_path / "dataset" / "README.md").read_bytes()
    rename = os.rename

    def full(source: Path, target: Path) -> None:
        if source.name.endswith(".tmp"):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export(to_table([utterance(2)]), tmp_path / "dataset", About("x"))
    assert (tmp_path / "dataset" / "README.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_shard_rows_below_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="shard_rows is 0"):
        export(to_table([utterance(1)]), tmp_path / "dataset", About("x"), shard_rows=0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("other", "other"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        ("openrail++", "openrail++"),
        ("llama3.1", "llama3.1"),
    ],
)
def test_licence_ids(text: str, found: str) -> None:
    assert license_id(text) == found


@pytest.mark.parametrize("text", ["", "Apache 2.0", "see LICENSE", "mit\n---", "-x", "a" * 65])
def test_what_is_no_licence_id(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExportError, match="no licence id"):
        export(to_table([utterance(1)]), tmp_path / "dataset", About("x", license=text))


def test_the_hub_reads_the_metadata(tmp_path: Path) -> None:
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCard

    export(to_table(corpus_of_three_intents()), tmp_path / "dataset", about())
    card = DatasetCard.load(tmp_path / "dataset" / "README.md")
    data = card.data.to_dict()
    assert (data["license"], data["language"], data["language_bcp47"]) == (
        "apache-2.0",
        ["en"],
        ["en-GB"],
    )
    assert data["size_categories"] == ["n<1K"]
    assert data["task_categories"] == ["text-classification", "token-classification"]
    assert data["task_ids"] == ["intent-classification"]
    configs = MetadataConfigs.from_dataset_card_data(card.data)
    assert configs.get_default_config_name() == "default"
    info = DatasetInfosDict.from_dataset_card_data(card.data)["default"]
    assert {name: split.num_examples for name, split in info.splits.items()} == {
        "train": 12,
        "validation": 3,
        "test": 3,
    }


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (About("x"), "The scrub was **off**."),
        (About("x", seeds=3), "personal data that stood in them can stand in these rows"),
        (About("x", seeds=3, scrubbed={}), "The scrub was on and found nothing to remove."),
        (About("x", seeds=3, scrubbed={"PERSON": 2}), "| `PERSON` | 2 |"),
        (About("x", license="other"), "None was chosen (`other`)"),
        (About("x"), "No model had a part in it."),
    ],
)
def test_the_card_says_plainly(tmp_path: Path, told: About, sentence: str) -> None:
    export(to_table([utterance(1)]), tmp_path / "dataset", told)
    assert sentence in (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("origins", "sentence"),
    [
        (["template"], "All of it is synthetic"),
        (["seed", "model"], "1 of the rows are seed utterances"),
        (["seed"], "All rows are seed utterances"),
    ],
)
def test_the_card_says_what_is_real(tmp_path: Path, origins: list[str], sentence: str) -> None:
    rows = [utterance(number, origin=origin) for number, origin in enumerate(origins)]
    export(to_table(rows), tmp_path / "dataset", About("x", seeds=1, scrubbed={}))
    assert sentence in (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")


def test_golden_card(tmp_path: Path) -> None:
    """TEXTSYNTH_UPDATE_GOLDEN=1 writes the file anew."""
    export(to_table(corpus_of_three_intents()), tmp_path / "dataset", about())
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    if os.environ.get("TEXTSYNTH_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(card, encoding="utf-8", newline="\n")
    assert card == GOLDEN.read_text(encoding="utf-8")
