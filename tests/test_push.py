"""Pushes to a stand-in of the hub, and what comes back from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_hub import READER, WRITER, Hub, serve
from test_export_huggingface import about, corpus_of_three_intents, utterance

from textsynth.corpus import Utterance, to_table
from textsynth.errors import ExportError, RunError
from textsynth.export import About
from textsynth.export.cardmerge import KEPT, parse
from textsynth.export.huggingface import export
from textsynth.pipeline.pushing import push
from textsynth.progress import Progress
from textsynth.run import write_json

NAME = "team/alarms"
CARD = "README.md"
TRAIN = "data/train-00000-of-00001.parquet"
FOREIGN = """---
license: mit
tags: [voice]
source_datasets: [team/collected]
configs:
- config_name: extra
  data_files: extra.parquet
  default: true
dataset_info:
- config_name: extra
  features:
  - name: line
    dtype: string
---
# Our alarms

Made by the kitchen team.

## Contact

kitchen@example.org
"""


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that huggingface_hub talks to, with a token that may write."""
    from huggingface_hub.utils import close_session

    with serve() as found:
        for name, value in {
            "ENDPOINT": found.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": found.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_DISABLE_PROGRESS_BARS": True,
        }.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
        monkeypatch.setenv("HF_TOKEN", WRITER)
        close_session()  # one made while offline refuses to connect
        yield found
        close_session()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The library's pauses between retries, which take no time."""
    import time

    waits: list[float] = []
    quick = SimpleNamespace(**{**vars(time), "sleep": waits.append})
    monkeypatch.setattr("huggingface_hub.utils._http.time", quick)
    return waits


def made(
    folder: Path,
    rows: list[Utterance] | None = None,
    told: About | None = None,
    gates: list[dict[str, Any]] | None = None,
    **options: Any,
) -> Path:
    """A finished run, as far as a push looks at it."""
    rows = rows or corpus_of_three_intents()
    export(to_table(rows), folder / "dataset", told or about(), **options)
    write_json(folder / "manifest.json", {"steps": {}, "gates": gates or []})
    (folder / "seeds").mkdir(exist_ok=True)
    (folder / "seeds" / "seeds.parquet").write_text("a secret")
    (folder / "rejected.jsonl").write_text("a secret")
    return folder


def loaded(folder: Path, name: str | None = None, repo_id: str = NAME) -> Any:
    """A dataset of the hub, downloaded as a snapshot and opened."""
    import datasets
    from huggingface_hub import HfApi

    copy = folder / "copy"
    HfApi().snapshot_download(repo_id, repo_type="dataset", local_dir=copy)
    return datasets.load_dataset(str(copy), name, cache_dir=str(folder / "cache"))


def card(hub: Hub, revision: str = "main") -> tuple[dict[str, Any], str]:
    return parse(hub.files(NAME, revision)[CARD].decode())


def test_what_was_pushed_is_loaded_back(hub: Hub, tmp_path: Path) -> None:
    rows = corpus_of_three_intents()
    run = made(tmp_path / "run", rows)
    said = Said()
    assert push(run, NAME, progress=said) == f"{hub.url}/datasets/{NAME}"
    assert said.lines[-1].startswith("7 files, ")
    assert not hub.repos[NAME].private
    dataset = loaded(tmp_path)
    assert {split: part["id"] for split, part in dataset.items()} == {
        split: [row.id for row in rows if row.split == split]
        for split in ("train", "validation", "test")
    }
    tagged = loaded(tmp_path, "tokens")["test"]
    assert tagged["id"] == [row.id for row in rows if row.split == "test"]
    assert tagged[0]["tokens"] == ["alarm", "at", "6", "o", "'", "clock"]
    assert tagged[0]["tags"] == [0, 0, 1, 2, 2, 2]


def test_nothing_else_of_the_run_is_uploaded(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    (run / "dataset" / "notes.txt").write_text("a secret")
    said = Said()
    push(run, NAME, progress=said)
    folders = {name.split("/")[0] for name in hub.files(NAME)}
    assert folders == {".gitattributes", CARD, "data", "tokens"}
    assert not any(b"a secret" in content for content in hub.files(NAME).values())
    assert "not pushed, since no export wrote it: notes.txt" in said.lines
    assert hub.files(NAME)[CARD] == (run / "dataset" / CARD).read_bytes()


def test_a_link_out_of_the_dataset_is_refused(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    (run / "dataset" / TRAIN).unlink()
    (run / "dataset" / TRAIN).symlink_to(run / "seeds" / "seeds.parquet")
    with pytest.raises(RunError, match="link to a file outside"):
        push(run, NAME)
    assert not hub.asked


def test_a_private_repository(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    push(run, NAME, private=True)
    assert hub.repos[NAME].private
    push(run, NAME, private=True)
    hub.add("team/public")
    with pytest.raises(ExportError, match="there already, and public"):
        push(run, "team/public", private=True)
    assert CARD not in hub.files("team/public")


def test_the_same_again_makes_no_commit(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    push(run, NAME)
    before = dict(hub.repos[NAME].branches)
    push(run, NAME)
    assert hub.repos[NAME].branches == before


def test_stale_files_and_features_go(hub: Hub, tmp_path: Path) -> None:
    push(made(tmp_path / "a", shard_rows=5), NAME)
    assert "data/train-00000-of-00003.parquet" in hub.files(NAME)
    rows = [utterance(1, intent=None, slots=()), utterance(2, intent=None, slots=())]
    push(made(tmp_path / "b", rows, About("x")), NAME)
    assert set(hub.files(NAME)) == {".gitattributes", CARD, TRAIN}
    data, _ = card(hub)
    assert [config["config_name"] for config in data["configs"]] == ["default"]
    assert "task_ids" not in data and "language_bcp47" not in data
    train = loaded(tmp_path)["train"]
    assert train.num_rows == 2 and "intent" not in train.column_names


def test_a_card_that_is_there_is_merged(hub: Hub, tmp_path: Path) -> None:
    extra = tmp_path / "extra.parquet"
    pq.write_table(pa.table({"line": ["hello"]}), extra)
    hub.add(NAME, {CARD: FOREIGN.encode(), "extra.parquet": extra.read_bytes()})
    said = Said()
    run = made(tmp_path / "run")
    push(run, NAME, progress=said)
    assert "the licence on the hub was mit, and becomes apache-2.0" in said.lines
    data, body = card(hub)
    assert data["license"] == "apache-2.0"
    assert data["tags"] == ["synthetic", "textsynth", "voice"]
    assert data["source_datasets"] == ["team/collected"]
    assert [(c["config_name"], c.get("default")) for c in data["configs"]] == [
        ("default", True),
        ("tokens", None),
        ("extra", None),
    ]
    ours, _, kept = body.partition(KEPT)
    assert ours.strip() == parse((run / "dataset" / CARD).read_text())[1].strip()
    assert kept.strip() == FOREIGN[FOREIGN.index("# Our alarms") :].strip()
    assert loaded(tmp_path)["train"].num_rows == 12
    assert loaded(tmp_path, "extra")["train"]["line"] == ["hello"]
    before = hub.files(NAME)[CARD]
    push(run, NAME)
    assert hub.files(NAME)[CARD] == before


def test_a_dataset_of_others_is_kept_without_force(hub: Hub, tmp_path: Path) -> None:
    hub.add(NAME, {CARD: b"# mine", TRAIN: b"rows"})
    run = made(tmp_path / "run")
    with pytest.raises(ExportError, match="did not write"):
        push(run, NAME)
    assert hub.files(NAME)[TRAIN] == b"rows"
    push(run, NAME, force=True)
    assert hub.files(NAME)[TRAIN] == (run / "dataset" / TRAIN).read_bytes()
    assert card(hub)[1].endswith(f"{KEPT}\n\n# mine\n")


GATES = [
    {"gate": "privacy.mia_auc <= 0.55", "value": 0.71234, "passed": False},
    {"gate": "utility.accuracy >= 0.5", "value": None, "passed": False},
    {"gate": "diversity.distinct_2 >= 0.1", "value": 0.4, "passed": True},
]


def test_a_missed_gate_needs_force(hub: Hub, tmp_path: Path) -> None:
    told = replace(about(), gates=(("privacy.mia_auc <= 0.55", 0.71234, False),))
    run = made(tmp_path / "run", told=told, gates=GATES)
    with pytest.raises(ExportError) as refused:
        push(run, NAME)
    assert "privacy.mia_auc <= 0.55 (it is 0.712), utility.accuracy >= 0.5 (not measured)" in str(
        refused.value
    )
    assert "diversity" not in str(refused.value)
    assert not hub.asked
    push(run, NAME, force=True)
    assert "gated" in card(hub)[0]["tags"]
    push(made(tmp_path / "run", gates=GATES[2:]), NAME)
    assert "gated" not in card(hub)[0]["tags"]


def test_a_gate_missed_in_a_later_evaluation_counts(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run", gates=GATES[2:])
    write_json(run / "metrics.json", {"gates": GATES[:1]})
    with pytest.raises(ExportError, match=r"0\.712"):
        push(run, NAME)
    (run / "metrics.json").write_text('{"gates": [')
    with pytest.raises(RunError, match="cannot be read") as caught:
        push(run, NAME)
    assert caught.value.fix == "delete this file, then: textsynth evaluate RUN"
    write_json(run / "metrics.json", {"gates": []})
    push(run, NAME)


def test_a_branch(hub: Hub, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    url = push(run, NAME, revision="v2/next")
    assert url == f"{hub.url}/datasets/{NAME}/tree/v2/next"
    assert list(hub.files(NAME)) == [".gitattributes"]
    assert CARD in hub.files(NAME, "v2/next")
    push(run, NAME, revision="v2/next")
    hub.repos[NAME].branches["refs/pr/1"] = hub.repos[NAME].branches["main"]
    push(run, NAME, revision="refs/pr/1")
    assert CARD in hub.files(NAME, "refs/pr/1")
    with pytest.raises(ExportError, match="no such repository or revision"):
        push(run, NAME, revision="refs/pr/7")


def test_large_files_go_in_parts(hub: Hub, tmp_path: Path) -> None:
    hub.part = 1000
    push(made(tmp_path / "run"), NAME)
    assert hub.parts and loaded(tmp_path)["train"].num_rows == 12


def test_uploads_are_tried_again(hub: Hub, tmp_path: Path, no_waiting: list[float]) -> None:
    hub.failures = {"/large/": [503, 500], "/preupload/": [502]}
    push(made(tmp_path / "run"), NAME)
    assert len(no_waiting) == 3
    assert loaded(tmp_path)["train"].num_rows == 12


def fails(run: Path, name: str = NAME, **options: Any) -> str:
    with pytest.raises(ExportError) as error:
        push(run, name, **options)
    assert error.value.fix
    return str(error.value)


def test_an_upload_that_never_succeeds(hub: Hub, tmp_path: Path, no_waiting: list[float]) -> None:
    hub.failures = {"/large/": [503] * 100}
    assert "the hub answered with 503" in fails(made(tmp_path / "run"))
    assert CARD not in hub.files(NAME)


def test_no_token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    assert "there is no token" in fails(made(tmp_path / "run"))
    assert not hub.asked


@pytest.mark.parametrize(
    ("token", "name", "message"),
    [
        ("hf_forged", NAME, "the hub does not know the token"),
        (READER, NAME, f"the token may not write to {NAME}"),
        (WRITER, "others/alarms", "the token may not write to others/alarms"),
    ],
)
def test_no_permission(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, name: str, message: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    told = fails(made(tmp_path / "run"), name)
    assert message in told and token not in told


def test_reading_is_not_writing(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(NAME)
    monkeypatch.setenv("HF_TOKEN", READER)
    assert f"the token may not write to {NAME}" in fails(made(tmp_path / "run"))
    assert list(hub.files(NAME)) == [".gitattributes"]


def test_no_network(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(tmp_path / "run")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    assert "the hub cannot be reached" in fails(run)


def test_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.utils import close_session

    monkeypatch.setenv("HF_TOKEN", WRITER)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    close_session()
    assert "HF_HUB_OFFLINE is set" in fails(made(tmp_path / "run"))


@pytest.mark.parametrize(
    "name",
    ["", "alarms", "team/", "/alarms", "a/b/c", "team/a--b", "team/a b", "team/x.git", "-/a"],
)
def test_bad_names(hub: Hub, tmp_path: Path, name: str) -> None:
    assert "no name of a repository" in fails(made(tmp_path / "run"), name)
    assert not hub.asked


def test_somebody_else_pushes_meanwhile(hub: Hub, tmp_path: Path) -> None:
    hub.before_commit = lambda repo: repo.commit("main", {"their.txt": b"first"}) and None
    assert "changed the repository meanwhile" in fails(made(tmp_path / "run"))
    assert hub.files(NAME) == {"their.txt": b"first"}


def test_files_that_the_repository_ignores(hub: Hub, tmp_path: Path) -> None:
    hub.add(NAME, {".gitignore": b"tokens/\n"})
    assert "the hub left out tokens/test-00000-of-00001.parquet" in fails(made(tmp_path / "run"))


def test_a_card_that_cannot_be_read(hub: Hub, tmp_path: Path) -> None:
    hub.add(NAME, {CARD: b"---\n{\n---\n"})
    assert "README.md: the metadata is no YAML" in fails(made(tmp_path / "run"))


def _drop_dataset(run: Path) -> None:
    (run / "dataset" / CARD).unlink()


def _drop_manifest(run: Path) -> None:
    (run / "manifest.json").unlink()


def _drop_rows(run: Path) -> None:
    for path in (run / "dataset").rglob("*.parquet"):
        os.remove(path)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_drop_manifest, "no complete run"),
        (_drop_dataset, "the run has no dataset"),
        (_drop_rows, "the dataset has no rows"),
    ],
)
def test_no_run(hub: Hub, tmp_path: Path, harm: Callable[[Path], None], message: str) -> None:
    run = made(tmp_path / "run")
    harm(run)
    with pytest.raises(RunError, match=message):
        push(run, NAME)
    assert not hub.asked
