"""In-context reading, beside a plain pass over the whole prompt for each text and token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textsynth.lm import ragged, read

Load = Callable[[], tuple[Any, Any]]
EXAMPLES = [
    ("wake me at six", "set alarm"),
    ("play help", "set music"),
    ("how warm is it", "tell the weather"),
]
NAMES = ["set alarm", "set music", "set", "tell the weather"]
TEXTS = ["play yesterday", "x", "wake\n me  at nine please", "play yesterday", "is it cold"]


def plain(model: Any, tokenizer: Any, text: str) -> list[float]:
    """The log of each name's chance, token by token, the whole prompt anew each time."""
    import torch

    shown = "".join(f"Request: {own}\nIntent: {name}\n\n" for own, name in EXAMPLES)
    start = tokenizer(read.HEAD + shown).input_ids
    asked = f"Request: {' '.join(text.split())}\nIntent:"
    start = start + tokenizer(asked, add_special_tokens=False).input_ids
    names = [tokenizer(f" {name}\n", add_special_tokens=False).input_ids for name in NAMES]
    found = []
    for name in names:
        total = 0.0
        for at in range(len(name)):
            ways = sorted({other[at] for other in names if other[:at] == name[:at]})
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([start + name[:at]])).logits[0, -1, ways]
            total += float(torch.log_softmax(logits.float(), -1)[ways.index(name[at])])
        found.append(total)
    return found


@pytest.mark.parametrize("tokens", [1, 40, 600])
def test_the_chances_are_those_of_whole_prompts(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch, tokens: int
) -> None:
    monkeypatch.setattr(read, "FLOOR", 0.0)
    monkeypatch.setattr(read, "TOKENS", tokens)
    model, tokenizer = load_tiny()
    done: list[int] = []
    prompt = read.Prompt(model, tokenizer, EXAMPLES, NAMES)
    told = prompt.log_chances(TEXTS, lambda more, remark: done.append(more))
    assert sum(done) == len(TEXTS)
    assert told == pytest.approx(np.array([plain(model, tokenizer, t) for t in TEXTS]), abs=1e-3)
    assert np.exp(told).sum(1) == pytest.approx(1.0, abs=1e-6)


def test_a_start_that_is_hardly_likely_is_shared_out_evenly(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "FLOOR", 2.0)
    model, tokenizer = load_tiny()
    told = read.Prompt(model, tokenizer, EXAMPLES, NAMES).log_chances(TEXTS)
    assert np.exp(told).sum(1) == pytest.approx(1.0, abs=1e-6)
    assert np.ptp(told, axis=0) == pytest.approx(0.0)


def test_of_long_texts_the_start_is_read(load_tiny: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LONGEST", 14)
    model, tokenizer = load_tiny()
    long = [(f"{text} {'x' * 5_000}" if text == "wake me at six" else text, name)
            for text, name in EXAMPLES]  # fmt: skip
    cut = [(text[:14], name) for text, name in EXAMPLES]
    told = read.Prompt(model, tokenizer, long, NAMES).log_chances(["play yesterday" + "y" * 5_000])
    short = read.Prompt(model, tokenizer, cut, NAMES).log_chances(["play yesterday"])
    assert np.array_equal(told, short)


def test_many_long_examples_are_read_shorter(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "SHOWN", 7 * len(EXAMPLES))
    model, tokenizer = load_tiny()
    told = read.Prompt(model, tokenizer, EXAMPLES, NAMES).log_chances(TEXTS)
    cut = [(text[:7], name) for text, name in EXAMPLES]
    assert np.array_equal(told, read.Prompt(model, tokenizer, cut, NAMES).log_chances(TEXTS))
    monkeypatch.setattr(read, "SHOWN", 14_000)
    whole = read.Prompt(model, tokenizer, EXAMPLES, NAMES).log_chances(TEXTS)
    assert not np.allclose(told, whole)


def test_no_texts(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    assert read.Prompt(model, tokenizer, EXAMPLES, NAMES).log_chances([]).shape == (0, 4)


@pytest.mark.parametrize("window", [None, 1, 4, 12, 40])
def test_texts_after_one_prefix_are_computed_as_whole_ones(window: int | None) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "mistral", vocab_size=60, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, bos_token_id=0, eos_token_id=1,
        pad_token_id=2, sliding_window=window,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config).eval()
    prefix = [3 + at for at in range(20)]
    rows = [[5, 6, 7, 8, 9, 10, 11, 12], [13, 14], [15]]
    kept = ragged.Packed([len(prefix)], keep=True)
    with torch.inference_mode(), ragged.ragged(model):
        model(input_ids=torch.tensor([prefix]), position_ids=kept.positions[None],
              use_cache=False, batch=kept)  # fmt: skip
        batch = ragged.Continued([len(row) for row in rows], kept)
        ids = torch.tensor([[*rows[0], *rows[1], *rows[2]]])
        told = model(
            input_ids=ids, position_ids=batch.positions[None], use_cache=False, batch=batch
        )
    with torch.inference_mode():
        whole = [model(input_ids=torch.tensor([prefix + row])).logits[0, 20:] for row in rows]
    assert torch.allclose(told.logits[0], torch.cat(whole), atol=1e-4)
    assert batch.ends.tolist() == [7, 9, 10]
