"""What scripts share, and what they refuse: one message, before any work is done."""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from textsynth.errors import RunError, SeedError

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    yield


@pytest.fixture
def inputs() -> ModuleType:
    import inputs

    return inputs


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_rows_are_read(inputs: ModuleType, tmp_path: Path, name: str) -> None:
    line = '{"text": "a\u2028b", "slots": [{"start": 0, "end": 3, "label": "x"}]}\n\n'.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(line) if name.endswith("gz") else line)
    (row,) = inputs.rows(path, text=str, slots=list)
    assert row["text"] == "a\u2028b"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "a.jsonl:1: the line is no JSON"),
        (b"[" * 100_000, "a.jsonl:1: the line is no JSON"),
        (b"[]", "a.jsonl:1: the line is no JSON object"),
        (b"{}", "a.jsonl:1: 'text' is missing, or no str"),
        (b'{"text": 1}', "a.jsonl:1: 'text' is missing, or no str"),
        (b'{"text": "a", "slots": 1}', "a.jsonl:1: the slots are none of the text"),
        (b'{"text": "a", "slots": [{"start": 0, "end": 2, "label": "x"}]}', "none of the text"),
        (b"\xff", "the file cannot be read"),
    ],
    ids=range(8),
)
def test_bad_rows_are_refused(inputs: ModuleType, tmp_path: Path, line: bytes, says: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line)
    with pytest.raises(SeedError) as caught:
        inputs.rows(path, text=str)
    assert says in str(caught.value) and caught.value.fix


def test_files_that_are_none(inputs: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"plain")
    for name, says in (("a.gz", "cannot be read"), ("b.gz", "no such file"), (".", "cannot be")):
        with pytest.raises(SeedError, match=says):
            inputs.rows(tmp_path / name)


def test_errors_are_one_message(inputs: ModuleType) -> None:
    @inputs.answered
    def main() -> None:
        raise SeedError("it is bad", where="here", fix="mend it")

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == "error: here: it is bad\n  fix: mend it"


def test_numbers(inputs: ModuleType) -> None:
    assert (inputs.positive("2"), inputs.whole("0")) == (2, 0)
    for kind, text in ((inputs.positive, "0"), (inputs.whole, "-1"), (inputs.positive, "x")):
        with pytest.raises(argparse.ArgumentTypeError, match="is no whole number of"):
            kind(text)


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    import fewshot

    (tmp_path / "data.jsonl").write_text('{"text": "a", "intent": "x", "split": "valid"}\n')
    with pytest.raises(SeedError, match="did you mean 'valid'"):
        fewshot.read(tmp_path, "vaild")


def test_a_corpus_of_other_options_is_left_alone(tmp_path: Path) -> None:
    import bench_utility

    recipe = tmp_path / "recipe.yaml"
    bench_utility._keep(tmp_path, {"recipe.yaml": "{}"})
    bench_utility._keep(tmp_path, {"recipe.yaml": "{a: 1}"})  # nothing was made of it
    (tmp_path / "run").mkdir()
    bench_utility._keep(tmp_path, {"recipe.yaml": "{a: 1}"})
    with pytest.raises(RunError, match=r"another recipe\.yaml"):
        bench_utility._keep(tmp_path, {"recipe.yaml": "{a: 2}"})
    assert recipe.read_text() == "{a: 1}"
