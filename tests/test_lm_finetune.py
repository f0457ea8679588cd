"""Training: sequences, ragged batches, fused layers, early stopping, faults."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from textsynth.errors import ModelError
from textsynth.lm import adapter, finetune, fused, prompts, ragged, vocabulary
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style
from textsynth.lm.vocabulary import Vocabulary

Load = Callable[[], tuple[Any, Any]]
TEXTS = [
    prompts.render([Listed(intent, Style(), tuple(own))], closed=True)
    for intent, own in PATTERNS.items()
]


def loaded(load_tiny: Load) -> tuple[Any, Vocabulary]:
    model, tokenizer = load_tiny()
    return model, vocabulary.trim(model, tokenizer, TEXTS)


def train(load_tiny: Load, seed: int = 1, **settings: Any) -> finetune.Tuned:
    model, words = loaded(load_tiny)
    return finetune.finetune(
        model,
        words,
        PATTERNS,
        settings=finetune.Settings(**{"epochs": 8, "learning_rate": 2e-2, **settings}),
        seed=seed,
    )


def test_seeds_as_long_as_letters_are_cut(load_tiny: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    measured = finetune.batch_loss

    def loss(model: Any, rows: Any, **options: Any) -> Any:
        seen.extend(map(len, rows))
        return measured(model, rows, **options)

    monkeypatch.setattr(finetune, "LONGEST", 40)
    monkeypatch.setattr(finetune, "batch_loss", loss)
    model, words = loaded(load_tiny)
    letters = {"set_alarm": ["wake me at {time} " * 50, "ring at {time}"]}
    finetune.finetune(model, words, letters, settings=finetune.Settings(epochs=2), seed=1)
    assert max(seen) == 40


# -- what is shown ----------------------------------------------------------------------------


def test_an_epoch_shows_each_pattern_once_in_lists_of_its_style() -> None:
    from textsynth.lm import style

    own = {**PATTERNS, "b": ["b"], "none": []}
    for epoch in range(6):
        made = finetune.sequences(own, epoch, seed=1)
        shown = [p for lists in made for listed in lists for p in listed.patterns]
        assert sorted(shown) == sorted(p for patterns in own.values() for p in patterns)
        assert all(len({listed.intent for listed in lists}) == 1 for lists in made)
        for listed in (listed for lists in made for listed in lists):
            for name in style.DIMENSIONS:
                asked = getattr(listed.style, name)
                if asked is not None:
                    assert all(getattr(style.read(p), name) == asked for p in listed.patterns)
    assert finetune.sequences(own, 0, 1) == finetune.sequences(own, 0, 1)
    assert finetune.sequences(own, 0, 1) != finetune.sequences(own, 1, 1)


def test_the_order_of_the_seeds_does_not_matter() -> None:
    turned = {intent: own[::-1] for intent, own in PATTERNS.items()}
    assert finetune.sequences(turned, 0, 1) == finetune.sequences(PATTERNS, 0, 1)


@given(st.lists(st.integers(1, 700), max_size=30))
def test_steps_hold_all_sequences_in_order_and_few_tokens(lengths: list[int]) -> None:
    rows = [[place] * length for place, length in enumerate(lengths)]
    made = finetune.steps(rows)
    assert [row for step in made for row in step] == rows
    for step in made:
        assert len(step) == 1 or sum(map(len, step)) <= finetune.TOKENS_A_STEP


def test_few_patterns_are_all_learnt() -> None:
    learnt, held = finetune.hold_out(PATTERNS, seed=1)
    assert learnt == PATTERNS and held == {}


def test_what_is_set_aside_is_not_learnt() -> None:
    own = {f"i{n}": [f"i{n} p{k}" for k in range(3 + n)] for n in range(20)}
    learnt, held = finetune.hold_out(own, seed=1)
    for intent, patterns in own.items():
        aside = held.get(intent, [])
        assert sorted(learnt[intent] + aside) == sorted(patterns)
        assert len(aside) <= len(patterns) // 4
    total = sum(map(len, own.values()))
    assert sum(map(len, held.values())) == round(total * finetune.HELD)


def test_what_stands_beside_is_learnt_and_never_set_aside(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, words = loaded(load_tiny)
    own = {f"i{n}": [f"i{n} p{k}" for k in range(8)] for n in range(20)}
    beside = {"i3": [f"beside {k}" for k in range(200)], "other": ["one more"]}
    asked: list[dict[str, list[str]]] = []
    made = finetune.sequences

    def listen(learnt: Any, *rest: Any) -> Any:
        asked.append(learnt)
        return made({"i0": own["i0"]}, *rest)

    monkeypatch.setattr(finetune, "sequences", listen)
    finetune.finetune(model, words, own, beside, settings=finetune.Settings(epochs=1), seed=1)
    learnt, held = finetune.hold_out(own, seed=1)
    assert held and asked[0]["other"] == ["one more"]
    assert asked[0]["i3"] == [*learnt["i3"], *beside["i3"]] and asked[0]["i4"] == learnt["i4"]


# -- ragged and fused -------------------------------------------------------------------------


def test_ragged_batches_have_the_loss_of_padded_ones(load_tiny: Load) -> None:
    model, words = loaded(load_tiny)
    rows = [words.encode(text) for text in TEXTS] + [words.encode("ring")]
    assert ragged.supported(model)
    padded = finetune.batch_loss(model, rows, fast=False).item()
    before = model.config._attn_implementation
    with ragged.ragged(model):
        packed = finetune.batch_loss(model, rows, fast=True).item()
    assert model.config._attn_implementation == before
    assert packed == pytest.approx(padded, abs=1e-5)


CONFIGS: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "qwen3": {},
    "mistral": {"sliding_window": 4},
    "gemma2": {"sliding_window": 4, "head_dim": 8, "query_pre_attn_scalar": 8},
    "gemma3_text": {"sliding_window": 4, "head_dim": 8, "query_pre_attn_scalar": 8,
                    "layer_types": ["sliding_attention", "full_attention"]},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32, "max_position_embeddings": 64},
    "bloom": {"n_layer": 2, "n_head": 4},
    "granite": {"logits_scaling": 4.0},
    "llama": {"mlp_bias": True},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(CONFIGS))
def test_other_architectures_are_computed_right_or_left_to_themselves(kind: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes = {"vocab_size": 60, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "bos_token_id": 0,
             "eos_token_id": 1, "pad_token_id": 2}  # fmt: skip
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **{**sizes, **CONFIGS[kind]})
    model = AutoModelForCausalLM.from_config(config).eval()
    if not ragged.supported(model):
        assert kind in {"bloom", "gemma2", "opt"}  # relative positions, soft caps, offsets
        return
    rows = [[5, 6, 7, 8, 9, 10, 11, 12], [13, 14], [15, 16, 17, 18, 19]]
    with ragged.ragged(model), torch.no_grad():
        packed = finetune.batch_loss(model, rows, fast=True)
        assert fused.is_product(model) == (kind not in {"gemma2", "granite"})
    with torch.no_grad():
        padded = finetune.batch_loss(model, rows, fast=False)
    assert float(packed) == pytest.approx(float(padded), abs=1e-4)


def test_an_adapter_comes_back_without_a_word(
    load_tiny: Load, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch

    model, words = loaded(load_tiny)
    tuned = adapter.attach(model, rank=4, seed=1)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    rows = [words.encode(text) for text in TEXTS]
    before = finetune.batch_loss(tuned, rows, fast=False).item()
    adapter.save(tuned, tmp_path / "adapter")
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = adapter.load(loaded(load_tiny)[0], tmp_path / "adapter")
    assert capfd.readouterr() == ("", "")
    assert finetune.batch_loss(again, rows, fast=False).item() == pytest.approx(before, abs=1e-6)


def test_fused_layers_have_pefts_loss_and_gradients(load_tiny: Load) -> None:
    import torch

    model, words = loaded(load_tiny)
    tuned = adapter.attach(model, rank=4, seed=1)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:  # zero at first: half the gradients would be zero too
            torch.nn.init.normal_(weight, std=0.1)
    rows = [words.encode(text) for text in TEXTS]

    def gradients(fast: bool) -> tuple[float, dict[str, Any]]:
        tuned.zero_grad()
        loss = finetune.batch_loss(tuned, rows, fast=fast)
        loss.backward()
        grads = {n: w.grad.clone() for n, w in tuned.named_parameters() if w.requires_grad}
        return loss.item(), grads

    def own_passes() -> set[str]:
        return {type(m).__name__ for m in tuned.modules() if "forward" in m.__dict__}

    loss, theirs = gradients(fast=False)
    with finetune.fast_passes(tuned) as fast:
        assert fast and own_passes() == {"Linear", type(model.model.norm).__name__}
        fused_loss, ours = gradients(fast=True)
    assert fused_loss == pytest.approx(loss, abs=1e-6)
    assert ours.keys() == theirs.keys() and len(ours) > 20
    for name, grad in theirs.items():
        assert grad.abs().max() > 0
        assert torch.allclose(ours[name], grad, atol=1e-6), name
    assert not own_passes() and gradients(fast=False)[0] == loss


@pytest.mark.parametrize("rows", [1, fused.ROWS, 2 * fused.ROWS + 3])
def test_the_loss_under_the_head_is_that_of_torch(rows: int) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(rows, 8, generator=generator, requires_grad=True)
    weight = torch.randn(50, 8, generator=generator)
    labels = torch.randint(50, (rows,), generator=generator)
    theirs = torch.nn.functional.cross_entropy(hidden @ weight.t(), labels)
    (expected,) = torch.autograd.grad(3 * theirs, hidden)
    ours = fused.cross_entropy(hidden, weight, labels)
    (found,) = torch.autograd.grad(3 * ours, hidden)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)
    assert torch.allclose(found, expected, atol=1e-6)
    assert not fused.cross_entropy(hidden.detach(), weight, labels).requires_grad


def norm_of(kind: str, largest: float) -> Any:
    """A norm by its weight, by one more, or of another kind: less the mean."""
    import torch

    class OddRMSNorm(torch.nn.Module):
        eps = 1e-6

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.linspace(-1, largest, 8), False)

        def forward(self, x: Any) -> Any:
            x = x - x.mean(-1, keepdim=True) if kind == "centred" else x
            normed = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
            return normed * (self.weight + 1 if kind == "one more" else self.weight)

    return OddRMSNorm()


@pytest.mark.parametrize("largest", [1, 300])
@pytest.mark.parametrize("kind", ["weight", "one more", "centred"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_norm_is_computed_right_or_left_to_itself(kind: str, largest: float, dtype: str) -> None:
    import torch

    norm = norm_of(kind, largest).to(getattr(torch, dtype))
    x = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1)).to(norm.weight.dtype)
    x.requires_grad_()
    told = torch.linspace(0, 1, x.numel()).view_as(x)
    expected = norm(x)
    (to_x,) = torch.autograd.grad((expected * told).sum(), x)
    with fused.layers(norm):
        assert ("forward" in norm.__dict__) == (kind != "centred")
        found = norm(x)
        (ours,) = torch.autograd.grad((found * told).sum(), x)
    near = {"float32": 1e-5, "bfloat16": 2e-2}[dtype]
    assert torch.allclose(found, expected, rtol=near, atol=near)
    assert torch.allclose(ours, to_x, rtol=near, atol=near * float(to_x.abs().max()))


@pytest.mark.parametrize("call", [0, 10**9])
@pytest.mark.parametrize("window", [None, 3])
def test_rows_in_blocks_attend_as_each_alone(
    monkeypatch: pytest.MonkeyPatch, call: int, window: int | None
) -> None:
    import torch

    monkeypatch.setattr(ragged, "CALL", call)
    lengths, start = [3, 9, 1, 4, 9, 2], 5
    assert len(ragged._blocks(lengths)) == (5 if call == 0 else 1)
    generator = torch.Generator().manual_seed(1)

    def heads(count: int, tokens: int) -> Any:
        return torch.randn(count, tokens, 4, generator=generator)

    def alone(q: Any, k: Any, v: Any) -> Any:  # q may be the last of the tokens
        at, asked = torch.arange(k.shape[1]), torch.arange(k.shape[1])[-q.shape[1] :, None]
        seen = (at <= asked) & (at > asked - (window or 99))
        scores = q @ k.repeat_interleave(2, 0).transpose(1, 2) * 0.5
        weights = torch.softmax(scores.masked_fill(~seen, float("-inf")), -1)
        return (weights @ v.repeat_interleave(2, 0)).transpose(0, 1)

    total = sum(lengths)
    q, k, v = heads(4, total), heads(2, total), heads(2, total)
    parts = list(zip(q.split(lengths, 1), k.split(lengths, 1), v.split(lengths, 1), strict=True))
    expected = torch.cat([alone(*part) for part in parts])
    assert torch.allclose(
        ragged.Packed(lengths).attend(0, q, k, v, 0.5, window), expected, atol=1e-6
    )

    prefix = ragged.Packed([start], keep=True)
    old_q, old_k, old_v = heads(4, start), heads(2, start), heads(2, start)
    prefix.attend(0, old_q, old_k, old_v, 0.5, window)
    expected = torch.cat(
        [alone(a, torch.cat([old_k, b], 1), torch.cat([old_v, c], 1)) for a, b, c in parts]
    )
    found = ragged.Continued(lengths, prefix).attend(0, q, k, v, 0.5, window)
    assert torch.allclose(found, expected, atol=1e-6)


def test_with_bfloat16_weights_it_trains_and_samples(load_tiny: Load) -> None:
    import torch

    from textsynth.lm import decode

    model, words = loaded(load_tiny)
    model = model.to(torch.bfloat16)
    settings = finetune.Settings(epochs=4, learning_rate=2e-2)
    tuned = finetune.finetune(model, words, PATTERNS, settings=settings, seed=1)
    assert tuned.curve[-1].loss < tuned.curve[0].loss
    merged = tuned.model.merge_and_unload()
    assert merged.dtype == torch.bfloat16
    request = decode.Request(1, words.encode(TEXTS[0]), (0, 1), [])
    texts: list[str] = []
    decode.complete(
        decode.Speaker(merged, words),
        [request],
        sampling=decode.Sampling(tokens=8),
        accept=lambda place, copy, done: texts.append(done.text),
    )
    assert len(set(texts)) == 2


# -- training ---------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_is_deterministic(load_tiny: Load) -> None:
    tuned, again = train(load_tiny), train(load_tiny)
    losses = [point.loss for point in tuned.curve]
    assert len(losses) == 8 and tuned.epoch == 8
    assert np.mean(losses[-3:]) < losses[0] - 0.02
    assert tuned.curve == again.curve
    weights = dict(again.model.named_parameters())
    assert all(weights[name].equal(value) for name, value in tuned.model.named_parameters())
    assert not tuned.model.training


def test_only_the_adapter_is_trained(load_tiny: Load) -> None:
    tuned = train(load_tiny, epochs=1).model
    trained = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name for name in trained)


def test_progress_is_told_step_by_step(load_tiny: Load) -> None:
    model, words = loaded(load_tiny)
    told: list[tuple[int, int, finetune.Point]] = []
    tuned = finetune.finetune(
        model,
        words,
        PATTERNS,
        settings=finetune.Settings(epochs=2),
        seed=1,
        progress=lambda *what: told.append(what),
    )
    assert told == [(1, 2, tuned.curve[0]), (2, 2, tuned.curve[1])]


def test_it_stops_when_patterns_set_aside_get_worse(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "HELD_FROM", 1)
    losses = iter([5.0, 4.0, 4.5, 1.0])
    kept: list[Any] = []

    def held_loss(model: Any, checks: Any, *, fast: bool) -> float:
        assert checks[0]
        kept.append([w.detach().clone() for w in model.parameters() if w.requires_grad])
        return next(losses)

    monkeypatch.setattr(finetune, "held_loss", held_loss)
    tuned = train(load_tiny)
    assert tuned.epoch == 2 and len(kept) == 3
    weights = [w for w in tuned.model.parameters() if w.requires_grad]
    assert all(weight.equal(copy) for weight, copy in zip(weights, kept[1], strict=True))
    assert [point.held for point in tuned.curve if point.held] == [5.0, 4.0, 4.5]


def test_an_adapter_round_trips_through_peft(load_tiny: Load, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel

    tuned = train(load_tiny, epochs=2).model
    adapter.save(tuned, tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "README.md").exists()
    model, words = loaded(load_tiny)
    again = PeftModel.from_pretrained(model, str(tmp_path / "adapter"))
    rows = torch.tensor([words.encode(TEXTS[0])])
    with torch.no_grad():
        assert torch.allclose(tuned(rows).logits, again(rows).logits, atol=1e-6)


def test_a_loss_that_is_no_number_is_one_message(load_tiny: Load) -> None:
    import torch

    model, words = loaded(load_tiny)
    torch.nn.init.constant_(model.get_input_embeddings().weight, float("nan"))
    with pytest.raises(ModelError, match="not a number at step 1") as caught:
        finetune.finetune(model, words, PATTERNS, settings=finetune.Settings(epochs=1), seed=1)
    assert "learning_rate" in (caught.value.fix or "")


def test_the_last_good_weights_outlive_a_loss_that_is_no_number(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = finetune.batch_loss
    calls = iter(range(100))

    def broken(model: Any, rows: Any, *, fast: bool = True) -> Any:
        loss = real(model, rows, fast=fast)
        return loss * float("nan") if next(calls) == 2 else loss

    monkeypatch.setattr(finetune, "batch_loss", broken)
    with pytest.raises(finetune.LossError, match="step 3") as caught:
        train(load_tiny)
    two = train(load_tiny, epochs=8)
    assert caught.value.model is not None
    trained = [w for w in caught.value.model.parameters() if w.requires_grad]
    assert all(weight.isfinite().all() for weight in trained)
    assert len(two.curve) == 8  # the fault was the fake's
