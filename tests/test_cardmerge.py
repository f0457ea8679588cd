"""A new card beside what people wrote into the old one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dialogue_rows import dialogues
from hypothesis import given, settings
from hypothesis import strategies as st
from test_export_huggingface import about, corpus_of_three_intents, utterance

from textsynth.corpus import to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.card import SECTIONS
from textsynth.export.cardmerge import KEPT, OUR_KEYS, is_ours, merge, parse
from textsynth.export.huggingface import export

OURS = (Path(__file__).parent / "golden" / "card.md").read_text(encoding="utf-8")


def card(tmp_path: Path, name: str, told: About) -> str:
    export(to_table([utterance(1)]), tmp_path / name, told)
    return (tmp_path / name / "README.md").read_text(encoding="utf-8")


def kept(old: str) -> str:
    """What stays of the text of an old card."""
    return parse(merge(old, OURS))[1].partition(f"{KEPT}\n\n")[2].rstrip("\n")


def test_a_card_of_ours_is_replaced(tmp_path: Path) -> None:
    hostile = "# a\n```\n## b\n" + KEPT + "\n---\n"
    told = replace(about(), name="# x\n## y", recipe=hostile, scrubbed={hostile: 1})
    other = card(tmp_path, "a", told)
    assert merge(other, OURS) == OURS
    assert merge(OURS, other) == other
    assert merge(other, other) == other


def test_the_keys_and_headings_are_known(tmp_path: Path) -> None:
    told = replace(about(), figures=(("utility", "Accuracy", "0.9", "0.95"),))
    rows = [*corpus_of_three_intents(), *dialogues("train")]
    export(to_table(rows), tmp_path / "a", told)
    data, body = parse((tmp_path / "a" / "README.md").read_text(encoding="utf-8"))
    assert set(data) == set(OUR_KEYS)
    headings = [line.partition(" ") for line in body.splitlines() if line.startswith("##")]
    assert [(len(marks), title) for marks, _, title in headings] == list(SECTIONS)


@pytest.mark.parametrize(
    ("place", "added"),
    [
        ("## Quick start", "## Contact\n\nkitchen@example.org\n\n### Sample\n\nhere"),
        ("## Licence", "### Who made it\n\nThe kitchen team."),
        ("", "## Licence\n\nSee also the licence of the seeds."),
        ("", "# Another title\n\n## Recipe\n\nof soup"),
        ("", "## Code\n\n````sh\n# ## Quick start\n```\n## Recipe\n````"),
    ],
)
def test_sections_of_others_stay(place: str, added: str) -> None:
    old = OURS.replace(f"\n{place}\n", f"\n{added}\n\n{place}\n") if place else f"{OURS}\n{added}\n"
    assert old.count(added) == 1
    assert kept(old) == added
    again = merge(old, OURS)
    assert merge(again, OURS) == again


def test_the_text_of_another_card_stays_as_a_whole() -> None:
    text = "before\n\n# Title\n\n## Licence\n\nmine"
    assert kept(f"---\nlicense: mit\n---\n{text}\n") == text
    assert kept(f"\ufeff---\r\nlicense: mit\r\n---\r\n{text}".replace("\n", "\r\n")) == text
    assert kept(text) == text
    assert merge("", OURS) == OURS
    assert merge("---\nlicense: mit\n---\n", OURS) == OURS


def test_keys_of_others_stay() -> None:
    old = OURS.replace("license: apache-2.0", "license: mit\nextra_gated_prompt: 'no'\nyear: 2026")
    old = old.replace("- textsynth\n", "- textsynth\n- gated\n- voice\n")
    data = parse(merge(old, OURS))[0]
    assert (data["license"], data["extra_gated_prompt"], data["year"]) == ("apache-2.0", "no", 2026)
    assert data["tags"] == ["synthetic", "textsynth", "voice"]


@pytest.mark.parametrize(
    ("files", "stays"),
    [
        ("extra.parquet", True),
        ("{train: extra/*.parquet}", True),
        ("[{split: train, path: [a.parquet, b.parquet]}]", True),
        ("data/train-*", False),
        ("./data/train-*", False),
        ("[{split: test, path: tokens/test-*}]", False),
        ("{train: [a.parquet, data/train-00000-of-00001.parquet]}", False),
    ],
)
def test_configurations_of_other_files_stay(files: str, stays: bool) -> None:
    old = f"""---
configs:
- config_name: extra
  data_files: {files}
  default: true
- config_name: tokens
  data_files: old.csv
dataset_info:
- config_name: extra
  dataset_size: 1
- config_name: gone
  dataset_size: 2
---
"""
    data, ours = parse(merge(old, OURS))[0], parse(OURS)[0]
    configs, infos = data["configs"], data["dataset_info"]
    assert configs[:2] == ours["configs"] and infos[:2] == ours["dataset_info"]
    assert [config["config_name"] for config in configs[2:]] == ["extra"] * stays
    assert [info["config_name"] for info in infos[2:]] == ["extra"] * stays
    assert [config["config_name"] for config in configs if config.get("default")] == ["default"]


def test_one_configuration_gets_its_name_beside_others(tmp_path: Path) -> None:
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    export(to_table([utterance(1, slots=())]), tmp_path / "a", About("x"))
    new = (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    old = (
        "---\nconfigs:\n- config_name: extra\n  data_files: x\n"
        "dataset_info:\n  config_name: extra\n  dataset_size: 1\n---\n"
    )
    data = parse(merge(old, new))[0]
    infos = DatasetInfosDict.from_dataset_card_data(DatasetCardData(**data))
    assert sorted(infos) == ["default", "extra"]
    assert infos["default"].features["text"].dtype == "string"


@pytest.mark.parametrize("front", ["{", "- a\n- b", "a: b: c", "a: 2026-99-99"])
def test_metadata_that_cannot_be_read(front: str) -> None:
    with pytest.raises(ExportError) as error:
        merge(f"---\n{front}\n---\n", OURS)
    assert error.value.fix and error.value.where == "README.md"


LINES = st.lists(
    st.sampled_from(
        ["", "# a", "## Licence", "### Sample", "## b", "```", "````x", "~~~", "text", KEPT, "---",
         "    # code", "#", "#no", "\u2028# x"]
    )
)  # fmt: skip


@settings(max_examples=25)  # each reads four long cards
@given(LINES, st.booleans())
def test_merging_again_changes_nothing(lines: list[str], ours: bool) -> None:
    added = "\n".join(lines)
    old = f"{OURS}\n{added}\n" if ours else f"text\n{added}"
    once = merge(old, OURS)
    assert is_ours(once)
    assert merge(once, OURS) == once
    assert once.startswith(OURS)
