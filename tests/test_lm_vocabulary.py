"""The trimmed vocabulary: what stays, that nothing becomes unsayable, and the cache of models."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from textsynth import modelfiles, models
from textsynth.errors import ModelError
from textsynth.lm import trimmed, vocabulary
from textsynth.lm.vocabulary import Vocabulary

Load = Callable[[], tuple[Any, Any]]
TEXTS = ["\n- ".join((f"{intent}:", *own)) + "\n\n" for intent, own in PATTERNS.items()]
COMMON = 20  # of the tiny tokenizer's 2,000 tokens; all are kept where there are under twice that
ROOT = Path(__file__).parent.parent


# -- trimming ---------------------------------------------------------------------------------


def test_kept_rows_give_the_logits_that_they_gave(load_tiny: Load) -> None:
    import torch

    whole, tokenizer = load_tiny()
    model, _ = load_tiny()
    words = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    rows = words.encode(TEXTS[0])
    assert len(words.kept) < whole.config.vocab_size / 2
    with torch.inference_mode():
        few = model(torch.tensor([rows])).logits
        all_ = whole(torch.tensor([words.kept[rows].tolist()])).logits
    assert few.shape[-1] == len(words.kept) == model.config.vocab_size
    assert torch.equal(few, all_[:, :, torch.from_numpy(words.kept)])


def test_kept_texts_round_trip_in_their_own_tokens(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    for text in TEXTS:
        rows = words.encode(text, start=False)
        assert words.kept[rows].tolist() == tokenizer(text, add_special_tokens=False)["input_ids"]
        assert words.decode(rows) == text
        assert words.encode(text) == [words.row(tokenizer.bos_token_id), *rows]
        assert words.decode(words.encode(text)) == text


def test_nothing_becomes_unsayable(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, [], common=COMMON)
    known = tokenizer.get_vocab()
    sayable = [chr(code) for code in range(0x21, 0x7F)] + ["\n", "▁"]
    sayable += [f"<0x{byte:02X}>" for byte in range(256)]
    assert [token for token in sayable if words.row(known[token]) is None] == []
    for text in ("😀", "日本", "ü"):
        assert words.decode(words.encode(text)) == text


def test_a_token_that_was_trimmed_is_named(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, [], common=COMMON)
    with pytest.raises(KeyError, match=r"the token '▁\{time\}' was trimmed"):
        words.encode(" {time}")


def test_special_tokens_keep_their_meaning(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    for config in (model.config, model.generation_config):
        assert words.kept[config.eos_token_id] == tokenizer.eos_token_id
        assert words.kept[config.pad_token_id] == tokenizer.pad_token_id
        assert words.kept[config.bos_token_id] == tokenizer.bos_token_id
    assert words.row(None) is None
    assert words.row(10**6) is None
    assert words.decode([config.eos_token_id, config.bos_token_id]) == ""


def test_what_is_not_worth_it_is_left_alone(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, TEXTS)
    assert words.kept.tolist() == list(range(2000))
    assert model.get_input_embeddings().weight.shape == (2000, 32)


def test_a_head_of_its_own_is_trimmed_too(load_tiny: Load) -> None:
    import torch

    model, tokenizer = load_tiny()
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach() + 1)
    before = head.weight.detach().clone()
    words = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    assert torch.equal(model.get_output_embeddings().weight, before[torch.from_numpy(words.kept)])
    assert model.get_input_embeddings().weight.shape == (len(words.kept), 32)


class ByteLevel:
    """As much of a byte-level tokenizer (GPT-2, Llama 3) as trimming reads."""

    pad_token_id = eos_token_id = bos_token_id = unk_token_id = None

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def get_vocab(self) -> dict[str, int]:
        return {token: at for at, token in enumerate(self.tokens)}

    def __call__(self, texts: list[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [[] for _ in texts]}


@pytest.mark.parametrize("token", ["é", "Ġ", "Ċ", "ģ", "Ń", "?Ċ", "}ĊĊ", "?\n", "Ġ{", "ĊĊ", "~"])
def test_bytes_and_punctuation_before_line_breaks_are_kept(token: str) -> None:
    """Which pattern ends a line or a list changes from epoch to epoch."""
    tokens = [*(f"Ω{n}" for n in range(100)), token]
    kept = vocabulary.keep(ByteLevel(tokens), [], common=10, size=len(tokens))
    assert kept.tolist() == [100]


@pytest.mark.parametrize("token", ["x", "日", "\u2019"])
def test_without_bytes_single_characters_are_kept(token: str) -> None:
    tokens = [*(f"Ω{n}" for n in range(100)), token]
    kept = vocabulary.keep(ByteLevel(tokens), [], common=10, size=len(tokens))
    assert kept.tolist() == [100]


def test_the_words_are_words_and_each_stands_once() -> None:
    words = vocabulary.english()
    assert len(words) > 20_000 and len(set(words)) == len(words)
    assert all(re.fullmatch("[a-z]{2,}", word) for word in words)
    assert {"turn", "alarm", "tomorrow", "please"} <= set(words)


# -- saying what was trimmed ------------------------------------------------------------------


@pytest.fixture(scope="module")
def few(tiny_model_folder: Path) -> Vocabulary:
    """The tiny tokenizer, cut to what is left without texts of its own."""
    source = models.language_model_source(str(tiny_model_folder))
    tokenizer, size, _ = models.load_tokenizer(source)
    kept = vocabulary.keep(tokenizer, [], common=COMMON, size=size)
    assert len(kept) < size / 2
    return vocabulary.of_kept(kept, size, tokenizer)


def check(words: Vocabulary, text: str) -> None:
    """What holds of any text: it is sayable, and kept tokens are said as they were."""
    ids = words.tokenizer(text, add_special_tokens=False)["input_ids"]
    rows = words.encode(text, start=False, fallback=True)
    assert words.decode(rows) == words.tokenizer.decode(ids, skip_special_tokens=True)
    assert words.fits(text) == set(ids).issubset(words.kept.tolist())
    if words.fits(text):
        assert words.kept[rows].tolist() == ids
        assert rows == words.encode(text, start=False)
    else:
        assert len(rows) > len(ids)
        with pytest.raises(KeyError, match="was trimmed"):
            words.encode(text)


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(anything)
def test_any_text_is_sayable(few: Vocabulary, text: str) -> None:
    check(few, text)
    if "▁" not in text:  # which the tokenizer itself reads as a space
        assert few.decode(few.encode(text, fallback=True)) == text


@given(st.data())
def test_text_of_kept_tokens_goes_round(few: Vocabulary, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(few.kept) - 1), max_size=20))
    text = few.decode(rows)
    check(few, text)
    assert few.decode(few.encode(text, fallback=True)) == text


@given(st.data())
def test_text_of_any_tokens_goes_round(few: Vocabulary, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, len(few.rows) - 1), max_size=20))
    text = few.tokenizer.decode(ids, skip_special_tokens=True)
    check(few, text)


def test_a_trimmed_token_is_spelt_with_as_few_as_can_be() -> None:
    pieces = {piece: row for row, piece in enumerate(["c", "a", "t", "ca", "cat", "ats", "s"])}
    assert vocabulary._fewest("cats", pieces, lambda char: None) == [4, 6]  # cat·s, not c·ats
    assert vocabulary._fewest("taco", pieces, lambda char: [7, 8]) == [2, 1, 0, 7, 8]
    assert vocabulary._fewest("taco", pieces, lambda char: None) is None


def test_the_start_token_comes_before_what_is_spelt(few: Vocabulary) -> None:
    rows = few.encode("wake me at {time}", fallback=True)
    assert rows[0] == few.row(few.tokenizer.bos_token_id)
    assert rows[1:] == few.encode("wake me at {time}", start=False, fallback=True)


# -- the cache --------------------------------------------------------------------------------


@pytest.fixture
def source(
    tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> models.ModelSource:
    monkeypatch.setenv("TEXTSYNTH_CACHE", str(tmp_path / "cache"))
    return models.ModelSource("tiny", str(tiny_model_folder), "Terms of the tiny")


def load(source: models.ModelSource, *texts: str) -> tuple[Any, Vocabulary]:
    return trimmed.load(source, texts or TEXTS, common=COMMON)


def folders() -> list[Path]:
    """What the cache holds, hidden folders too."""
    return sorted(models.cache_folder().iterdir())


def untouchable(whole: models.ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    load_weights = models.load_weights

    def load_another(source: models.ModelSource) -> Any:
        assert source.location != whole.location, "the whole model was loaded"
        return load_weights(source)

    monkeypatch.setattr(models, "load_weights", load_another)


def test_the_second_call_reads_the_trimmed_model_alone(
    source: models.ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    first, words = load(source)
    untouchable(source, monkeypatch)
    second, again = load(source)
    assert again.kept.tolist() == words.kept.tolist()
    assert again.rows.tolist() == words.rows.tolist()
    one, other = first.state_dict(), second.state_dict()
    assert one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
    assert second.get_output_embeddings().weight is second.get_input_embeddings().weight
    rows = torch.tensor([words.encode(TEXTS[0])])
    with torch.inference_mode():
        assert first(rows).logits.equal(second(rows).logits)
    for name in ("vocab_size", "eos_token_id", "bos_token_id", "pad_token_id"):
        assert getattr(first.config, name) == getattr(second.config, name)


def test_the_card_tells_what_was_left_out(source: models.ModelSource) -> None:
    model, words = load(source)
    (folder,) = folders()
    card = (folder / "README.md").read_text()
    after = sum(weight.numel() for weight in model.parameters())
    before = after + (2000 - len(words.kept)) * 32
    assert "from `tiny`" in card and "Terms of the tiny" in card and "derivative" in card
    assert f"rows: {len(words.kept):,} of 2,000 stay" in card
    assert f"weights: {after:,} of {before:,} stay" in card
    assert np.load(folder / "kept.npy").tolist() == words.kept.tolist()
    # Tied weights stand there once; the tiny model's are bfloat16 where it is loaded so.
    size, each = (folder / "model.safetensors").stat().st_size, models.compute_dtype().itemsize
    assert after * each < size < after * each + 10_000
    assert {file.suffix for file in folder.iterdir()} == {".json", ".safetensors", ".npy", ".md"}


def test_what_was_bfloat16_is_written_so(source: models.ModelSource, tmp_path: Path) -> None:
    import torch

    whole, tokenizer = models.load_language_model(source)
    whole.to(torch.bfloat16).save_pretrained(tmp_path / "half")
    tokenizer.save_pretrained(tmp_path / "half")
    source = models.ModelSource("half", str(tmp_path / "half"), "")
    first, _ = load(source)
    second, _ = load(source)
    (folder,) = folders()
    after = sum(weight.numel() for weight in first.parameters())
    assert (folder / "model.safetensors").stat().st_size < after * 2 + 10_000
    one, other = first.state_dict(), second.state_dict()
    assert all(one[name].equal(other[name]) for name in one)
    assert first.dtype == second.dtype == models.compute_dtype()


def test_texts_of_common_tokens_share_a_folder_and_others_do_not(
    source: models.ModelSource,
) -> None:
    load(source, "a b")
    load(source, "b a")
    assert len(folders()) == 1
    load(source, "{time}")
    assert len(folders()) == 2


def test_only_the_folders_used_last_stay(
    source: models.ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimmed, "FOLDERS", 2)
    names = []
    for at, text in enumerate(("{time}", "{day}")):
        load(source, text)
        (new,) = {folder.name for folder in folders()} - set(names)
        names.append(new)
        os.utime(models.cache_folder() / new, (at, at))
    load(source, "{time}")  # the older one is used
    load(source, "{artist}")
    assert len(folders()) == 2
    assert names[0] in {folder.name for folder in folders()}
    assert names[1] not in {folder.name for folder in folders()}


def test_a_model_in_use_outlives_its_folder(source: models.ModelSource) -> None:
    import torch

    load(source)
    model, words = load(source)
    rows = torch.tensor([words.encode(TEXTS[0])])
    with torch.inference_mode():
        before = model(rows).logits
        trimmed._remove(folders()[0])
        assert folders() == []
        assert model(rows).logits.equal(before)


@pytest.mark.parametrize("file", ["model.safetensors", "kept.npy", "config.json"])
def test_a_damaged_folder_is_made_again(source: models.ModelSource, file: str) -> None:
    first, _ = load(source)
    (folder,) = folders()
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    model, _ = load(source)
    assert folders() == [folder]
    assert model.get_input_embeddings().weight.equal(first.get_input_embeddings().weight)
    json.loads((folder / "config.json").read_text())


def test_another_model_is_not_mistaken_for_it(
    source: models.ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(source)
    other = tmp_path / "other"
    shutil.copytree(source.location, other)
    os.utime(other / "model.safetensors", (1, 1))  # saved once more
    load(models.ModelSource("tiny", str(other), ""))
    assert len(folders()) == 2


def test_what_is_not_worth_it_is_not_written(source: models.ModelSource) -> None:
    model, words = trimmed.load(source, TEXTS)
    assert len(words.kept) == 2000 == model.config.vocab_size
    assert not models.cache_folder().exists()


def test_a_full_disk_leaves_nothing(
    source: models.ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(ModelError, match=r"the disk is full: .* GB are free") as caught:
        load(source)
    assert caught.value.where == str(models.cache_folder())
    assert "TEXTSYNTH_CACHE" in (caught.value.fix or "")
    assert folders() == []


def test_a_damaged_cache_is_no_excuse_to_run_out_of_memory(
    source: models.ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(source)
    monkeypatch.setattr(modelfiles, "free_memory", lambda: 1000)
    with pytest.raises(ModelError, match="of memory"):
        load(source)
    assert len(folders()) == 1


# -- the packaged model -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def gemma() -> Vocabulary:
    tokenizer, size, _ = models.load_tokenizer(models.language_model_source("auto"))
    return vocabulary.of_kept(vocabulary.keep(tokenizer, [], size=size), size, tokenizer)


@pytest.mark.models
@given(anything)
def test_gemma_can_say_anything(gemma: Vocabulary, text: str) -> None:
    check(gemma, text)


@pytest.mark.models
def test_gemma_keeps_the_words_of_everyday(gemma: Vocabulary) -> None:
    """Without having seen them: the seeds of the demo, as a prompt has them."""
    lines = (ROOT / "data/seed/home.jsonl").read_text().splitlines()
    texts = [f"- {json.loads(line)['text']}\n" for line in lines]
    assert len(gemma.kept) < 35_000 < len(gemma.rows) / 7
    assert sum(gemma.fits(text) for text in texts) > 0.65 * len(texts)
    for text in texts:
        check(gemma, text)
