"""GGUF files, as llama.cpp writes them: what their header says, and their conversion."""

from __future__ import annotations

import importlib.util
import struct
from math import prod
from pathlib import Path
from typing import BinaryIO

from textsynth import modelfiles
from textsynth.errors import ModelError

# transformers opens the file as float32, its tokenizer takes half a gigabyte more, and the result
# is copied: measured on Gemma 3 270M, 9 bytes a weight.
BYTES_A_WEIGHT = 10
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def convert(path: Path, folder: Path, key: str = "model.base") -> None:
    """Write model and tokenizer of a GGUF file, which this `key` of a recipe names, into a folder,
    in bfloat16 and safetensors.

    Raises:
        ModelError: the file is damaged, or opened it is larger than the free memory.
    """
    modelfiles.check_memory(count(path) * BYTES_A_WEIGHT, path.name, key)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(
        str(path.parent), gguf_file=path.name, dtype=torch.bfloat16
    )
    # save_pretrained refuses a model that still calls itself quantized.
    del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def count(path: Path) -> int:
    """How many weights a GGUF file holds, by its header (the format is described in ggml's
    docs/gguf.md); the file is read no further.

    Raises:
        ModelError: it is no GGUF file, or it ends before its last tensor does.
    """
    if importlib.util.find_spec("gguf") is None:
        raise ModelError("reading GGUF files takes the gguf package", fix="pip install gguf")
    try:
        with path.open("rb") as file:
            counted, needed = _header(file)
    except (struct.error, KeyError, ValueError, EOFError, OverflowError, MemoryError) as error:
        raise ModelError(
            "this is no GGUF file, or it is damaged", where=str(path), fix="fetch the file again"
        ) from error
    size = path.stat().st_size
    if size < needed:
        raise ModelError(
            f"the GGUF file is cut short: {size:,} bytes of {needed:,}",
            where=str(path),
            fix="fetch the file again; a download may have stopped half-way",
        )
    return counted


def _header(file: BinaryIO) -> tuple[int, int]:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    def number(kind: str) -> int:
        return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])

    def text() -> str:
        length = number("Q")
        written = file.read(length)
        if len(written) < length:
            raise EOFError
        return written.decode("utf-8")

    def skip(kind: int) -> int | None:
        if kind == 8:
            file.seek(number("Q"), 1)
        elif kind == 9:
            inner, length = number("I"), number("Q")
            if inner in _SCALARS:
                file.seek(length * _SCALARS[inner], 1)
            else:
                for _ in range(length):
                    skip(inner)
        elif kind == 4:
            return number("I")
        else:
            file.seek(_SCALARS[kind], 1)
        return None

    if file.read(4) != b"GGUF" or number("I") not in (2, 3):
        raise ValueError("magic or version")
    tensors, keys = number("Q"), number("Q")
    align = 32
    for _ in range(keys):
        key = text()
        value = skip(number("I"))
        if key == "general.alignment" and value:
            align = value
    counted = end = 0
    for _ in range(tensors):
        text()
        elements = prod(number("Q") for _ in range(number("I")))
        block, width = GGML_QUANT_SIZES[GGMLQuantizationType(number("I"))]
        counted += elements
        end = max(end, number("Q") + elements // block * width)
    return counted, -(-file.tell() // align) * align + end
