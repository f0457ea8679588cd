"""Rows of other tools as a seed file: what is written is what seeds read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth import seeds
from textsynth.cli.options import pairs
from textsynth.errors import RunError, SeedError, UsageError
from textsynth.pipeline.importing import import_seeds

RASA = """\
nlu:
- intent: fly
  examples: |
    - to [NYC]{"entity": "city", "value": "New York"}
    - to [Rome](city) and [x]{}
    - to [Oslo]{"role": 1}
- intent: hi
  examples: |
    - hello
"""
quick = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_seeds_and_their_counts(tmp_path: Path) -> None:
    output = tmp_path / "made" / "seeds.jsonl"
    told = import_seeds(write(tmp_path / "nlu.yml", RASA), output)
    assert [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()] == [
        {"text": "to NYC", "intent": "fly",
         "slots": [{"start": 3, "end": 6, "label": "city", "value": "New York"}]},
        {"text": "hello", "intent": "hi", "slots": []},
    ]  # fmt: skip
    assert told["rows"] == 2 and told["intents"] == {"fly": 1, "hi": 1}
    assert told["slots"] == {"city": 1}
    places = ["nlu.yml:5:30", "nlu.yml:6:16"]
    fix = "mend the annotation of the entity"
    assert told["refused"] == {"annotation_invalid": {"rows": 2, "places": places, "fix": fix}}
    assert [file.name for file in output.parent.iterdir()] == ["seeds.jsonl"]
    read = seeds.read(output, secret=bytes(32), language="en")
    assert len(read.utterances) == 2 and not read.quarantined


def test_columns_split_and_rows_that_were_made(tmp_path: Path) -> None:
    text = "say,what,split,origin\nhi,a,train,model\nho,b,test,\nhu,,train,\n"
    output = tmp_path / "seeds.jsonl"
    columns = {"text": "say", "intent": "what"}
    source = write(tmp_path / "a.csv", text)
    told = import_seeds(source, output, columns=columns, split="train")
    assert told["intents"] == {"a": 1, "": 1}
    assert [one["message"] for one in told["findings"]] == ["1 rows have no intent"]
    first = json.loads(output.read_text().splitlines()[0])
    assert (first["split"], first["origin"], first["generation"]) == ("train", "model", 1)


def test_rows_of_several_splits_are_said(tmp_path: Path) -> None:
    output = tmp_path / "seeds.jsonl"
    source = write(tmp_path / "a.csv", "text,split\nhi,train\nho,train\nhu,test\nha,\n")
    (finding,) = import_seeds(source, output)["findings"]
    assert "several splits (2 train, 1 test, 1 none)" in finding["message"]
    assert "--split train" in finding["fix"]
    assert not import_seeds(source, output, split="train")["findings"]
    read = seeds.read(output, secret=bytes(32), language="en", learnt=True)
    assert len(read.utterances) == 2


def test_a_failed_import_leaves_what_was_there(tmp_path: Path) -> None:
    output = write(tmp_path / "seeds.jsonl", "before")
    with pytest.raises(SeedError, match=r"no row of it can be read: 2 text_empty, .* a\.csv:2"):
        import_seeds(write(tmp_path / "a.csv", "text,intent\n,a\n ,b\n"), output)
    with pytest.raises(SeedError, match="it holds no rows"):
        import_seeds(write(tmp_path / "b.csv", "text,intent\n"), output)
    assert output.read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "b.csv", "seeds.jsonl"]


def test_outputs_that_are_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", '{"text": "a"}\n')
    with pytest.raises(UsageError, match="would overwrite the source"):
        import_seeds(source, source)
    with pytest.raises(UsageError, match="seeds are written as"):
        import_seeds(source, tmp_path / "a.json")
    with pytest.raises(UsageError, match="0 rows a sample"):
        import_seeds(source, tmp_path / "b.jsonl", per_sample=0)
    with pytest.raises(RunError, match="cannot be written"):
        import_seeds(source, source / "b.jsonl")


def test_the_output_is_no_source(tmp_path: Path) -> None:
    write(tmp_path / "nlu.yml", RASA)
    output = tmp_path / "seeds.jsonl"
    assert import_seeds(tmp_path, output)["rows"] == import_seeds(tmp_path, output)["rows"] == 2
    (tmp_path / "nlu.yml").unlink()
    write(tmp_path / "a.csv", "text,intent\nhi,a\n")
    assert import_seeds(tmp_path, output)["rows"] == import_seeds(tmp_path, output)["rows"] == 1
    card = "---\nlicense: mit\n---\n"
    write(tmp_path / "README.md", card)
    with pytest.raises(UsageError, match="would lie in the dataset"):
        import_seeds(tmp_path, output)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["text=utterance,intent=label"], {"text": "utterance", "intent": "label"}),
        (["text=utterance, intent=label", "split=s"],
         {"text": "utterance", "intent": "label", "split": "s"}),
        (["text=what, exactly", "intent=a=b"], {"text": "what, exactly", "intent": "a=b"}),
    ],
)  # fmt: skip
def test_columns_are_listed_as_documented(given: list[str], expected: dict[str, str]) -> None:
    assert pairs(given, "--columns", "text=utterance", listed=True) == expected
    with pytest.raises(UsageError, match="has no `=`"):
        pairs([*given, "text"], "--columns", "text=utterance", listed=True)


def test_an_option_of_an_export_may_hold_a_comma() -> None:
    assert pairs(["name=a,b=c"], "--option", "name=a") == {"name": "a,b=c"}


texts = st.text(max_size=8)
spans = st.fixed_dictionaries(
    {"start": st.integers(-1, 9) | st.none(), "end": st.integers(-1, 9), "label": texts},
    optional={"value": texts | st.integers()},
)
rows = st.fixed_dictionaries(
    {"text": texts | st.none() | st.integers()},
    optional={"intent": texts | st.integers() | st.none(), "slots": st.lists(spans, max_size=2)},
)


@quick
@given(data=st.lists(rows, min_size=1, max_size=6))
def test_what_is_written_seeds_can_read_and_nothing_is_lost(
    tmp_path: Path, data: list[dict[str, object]]
) -> None:
    text = "".join(json.dumps(row) + "\n" for row in data)
    output = tmp_path / "seeds.jsonl"
    try:
        told = import_seeds(write(tmp_path / "a.jsonl", text), output)
    except SeedError as error:
        assert "no row of it" in error.message or "would both be called" in error.message
        return
    refused = sum(one["rows"] for one in told["refused"].values())
    assert told["rows"] + refused == len(data)
    read = seeds.read(output, secret=bytes(32), language="en")
    assert {one.reason for one in read.quarantined} <= {"intent_missing"}
    assert len(read.rows) + len(read.quarantined) == told["rows"]
