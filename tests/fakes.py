"""Small stand-ins for the models: a random language model, and an embedder made of n-grams."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DIMENSIONS = 64
ALPHABET = [chr(code) for code in range(0x21, 0x7F)]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PATTERNS = {
    "set_alarm": [
        "wake me at {time}",
        "set an alarm for {time}",
        "alarm at {time} please",
        "get me up at {time} on {day}",
        "i need to be up by {time}",
        "wake me on {day} at {time}",
        "ring at {time}",
    ],
    "play_music": [
        "play {artist}",
        "put on some {genre}",
        "i want to hear {artist}",
        "play the song {song} by {artist}",
        "start my {genre} playlist",
        "music please",
    ],
}


def tiny_model(folder: Path) -> Path:
    """Save a random causal model (Llama, 2 layers of 32) with a BPE tokenizer of 2,000 tokens, byte
    fallback and a token for two line breaks; returns the folder, which transformers opens offline.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("▁", "merged_with_next"),
            pre_tokenizers.Split(Regex(r"\n+"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=2000 - len(BYTES) - 3,
        special_tokens=["<unk>"],
        initial_alphabet=[*ALPHABET, "▁", "\n"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sentences(), trainer)
    # The trainer could make them special tokens only, which decoding leaves out.
    written = json.loads(tokenizer.to_str())
    vocabulary = written["model"]["vocab"]
    vocabulary.update({token: len(vocabulary) + at for at, token in enumerate(BYTES)})
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(written)),
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )


def _sentences() -> Iterator[str]:
    """Nonsense of many syllables, so that there is something to merge, and the patterns."""
    syllables = [
        c + v for c in "bcdfghjklmnpqrstvwz" for v in ("a", "e", "i", "o", "u", "ay", "er")
    ]
    for n in range(4000):
        word = syllables[n % len(syllables)] + syllables[n * 7 % 101] + syllables[n * 13 % 131]
        yield f"▁{word}"
    for _ in range(50):
        for patterns in PATTERNS.values():
            yield from patterns
            yield "\n\n"


def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit vectors of shape (n, 64), float32: hashed character 2- to 4-grams of the text."""
    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        padded = f" {text.casefold()} "
        for size in (2, 3, 4):
            for at in range(len(padded) - size + 1):
                digest = zlib.crc32(padded[at : at + size].encode())
                vectors[row, digest % DIMENSIONS] += 1 if digest >> 31 else -1
        length = np.linalg.norm(vectors[row])
        vectors[row] = vectors[row] / length if length else np.eye(1, DIMENSIONS)[0]
    return vectors


def counting_metric(sets: Any, context: Any, *, bonus: float = 0.0) -> Any:
    """A metric for tests of what runs metrics: how many rows each set has."""
    from textsynth.evaluate import Estimate, Figure, Findings

    return Findings(
        [
            Figure("rows", sets.synthetic.num_rows + bonus, 1.0, np.float64(99.0)),
            Figure("rows", 3, slice={"intent": "alarm"}, reference=Estimate(sets.holdout.num_rows)),
            Figure("lost", float("nan")),
        ],
        notes=[f"seed {context.seed}"],
        tables={"points": [{"x": np.float32(1.23456789), "kind": "synthetic"}]},
    )
