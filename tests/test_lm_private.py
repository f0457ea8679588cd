"""DP-SGD: gradients of single rows, the clip, the noise, the account."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes import PATTERNS

from textsynth import models
from textsynth.errors import ModelError
from textsynth.lm import adapter, private, trimmed, vocabulary
from textsynth.lm.private import Privacy, Settings, Spent

pytest.importorskip("opacus")

Load = Callable[[], tuple[Any, Any]]
ROWS = [(intent, pattern) for intent, own in PATTERNS.items() for pattern in own] * 3
ASKED = Privacy(epsilon=3.0, clip=0.5)


def train(load: Load, privacy: Privacy = ASKED, **options: Any) -> tuple[Any, Spent]:
    model, tokenizer = load()
    words = vocabulary.trim(model, tokenizer, [])
    settings = Settings(epochs=1, rank=4, batch=8)
    return private.finetune(
        model, words, ROWS, privacy=privacy, settings=settings, seed=1, **options
    )


@pytest.fixture
def known_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for the noise takes seconds; only what is not about it does without."""
    monkeypatch.setattr(private, "noise_multiplier", lambda *_: 2.0)


@contextmanager
def prepared(load: Load) -> Iterator[tuple[Any, Any, list[list[int]]]]:
    """The adapted model with nothing at zero, Opacus around it, and rows of several lengths."""
    import torch

    model, tokenizer = load()
    words = vocabulary.trim(model, tokenizer, [])
    tuned = adapter.attach(model, rank=4, seed=1)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    rows = [private._encoded(words, *row) for row in ROWS[:7]]
    assert len({len(row) for row in rows}) > 1
    with private._hooked(tuned.train()) as sampled:
        yield tuned, sampled, rows


def trained(tuned: Any) -> dict[str, Any]:
    return {name: w for name, w in tuned.named_parameters() if w.requires_grad}


def plain_gradients(tuned: Any, row: list[int]) -> dict[str, Any]:
    """Of one row alone, by transformers' own loss, without Opacus."""
    import torch

    ids = torch.tensor([row])
    loss = tuned(input_ids=ids, labels=ids, use_cache=False).loss
    weights = trained(tuned)
    return dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))


def stepper(tuned: Any, *, noise: float, clip: float, expected: int) -> Any:
    import torch

    return private._optimizer()(
        torch.optim.SGD(list(trained(tuned).values()), lr=1.0),
        noise_multiplier=noise,
        max_grad_norm=clip,
        expected_batch_size=expected,
    )


def test_each_row_has_its_own_gradient_whatever_the_padding(load_tiny: Load) -> None:
    import torch

    with prepared(load_tiny) as (tuned, sampled, rows):
        private.sample_gradients(sampled, rows)
        together = {name: weight.grad_sample.clone() for name, weight in trained(tuned).items()}
    for place, row in enumerate(rows):
        for name, gradient in plain_gradients(tuned, row).items():
            assert gradient.abs().max() > 0, name
            assert torch.allclose(together[name][place], gradient, rtol=1e-3, atol=1e-6), name


def test_a_step_without_noise_is_the_mean_of_clipped_gradients_over_any_passes(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(private, "ROWS_A_PASS", 3)
    with prepared(load_tiny) as (same, _, rows):
        assert len(private.passes(rows)) == 3
    singles = [plain_gradients(same, row) for row in rows]
    norms = [
        float(torch.stack([g.square().sum() for g in own.values()]).sum().sqrt()) for own in singles
    ]
    clip = sorted(norms)[3]
    before = trained(same)
    with prepared(load_tiny) as (tuned, sampled, _):
        private._step(sampled, stepper(tuned, noise=0.0, clip=clip, expected=10), rows)
    for name, weight in trained(tuned).items():
        shares = [
            own[name] * min(1.0, clip / norm) for own, norm in zip(singles, norms, strict=True)
        ]
        wanted = before[name].detach() - torch.stack(shares).sum(0) / 10
        assert torch.allclose(weight, wanted, rtol=1e-3, atol=1e-6), name


def test_no_row_moves_a_step_by_more_than_the_clip(load_tiny: Load) -> None:
    import torch

    def moved(count: int) -> Any:
        with prepared(load_tiny) as (tuned, sampled, rows):
            start = torch.cat([w.detach().flatten().clone() for w in trained(tuned).values()])
            private._step(sampled, stepper(tuned, noise=0.0, clip=0.01, expected=1), rows[:count])
        return torch.cat([w.detach().flatten() for w in trained(tuned).values()]) - start

    with_it, without = moved(6), moved(5)
    assert 0.009 < float((with_it - without).norm()) <= 0.01 * (1 + 1e-3)


def test_an_empty_batch_is_a_step_of_noise_of_the_stated_size(load_tiny: Load) -> None:
    import torch

    with prepared(load_tiny) as (tuned, sampled, _):
        before = {name: weight.detach().clone() for name, weight in trained(tuned).items()}
        private._step(sampled, stepper(tuned, noise=3.0, clip=0.5, expected=10), [])
    moved = torch.cat([(w.detach() - before[n]).flatten() for n, w in trained(tuned).items()])
    assert len(moved) > 3000
    # six standard errors of a standard deviation, and of a mean
    assert float(moved.std()) == pytest.approx(0.15, rel=6 / (2 * len(moved)) ** 0.5)
    assert abs(float(moved.mean())) < 6 * 0.15 / len(moved) ** 0.5


def test_draws_are_normal_and_uniform() -> None:
    from scipy import stats

    for draws, law in ((private.gaussian(20_001), "norm"), (private.uniform(20_001), "uniform")):
        assert len(draws) == 20_001
        assert stats.kstest(draws, law).pvalue > 1e-9
    assert not (private.uniform(1000) == private.uniform(1000)).any()


def test_a_batch_falls_into_passes_that_keep_all_rows() -> None:
    rows = [[n] * (1 + n * 37 % 128) for n in range(60)]
    parts = private.passes(rows)
    assert sorted(row for part in parts for row in part) == sorted(rows)
    for part in parts:
        assert len(part) <= private.ROWS_A_PASS
        assert len(part) * max(map(len, part)) <= private.TOKENS_A_PASS
    assert private.passes([]) == [[]]


def test_the_account_is_what_another_account_says(load_tiny: Load) -> None:
    from opacus.accountants import PRVAccountant, RDPAccountant

    told: list[tuple[int, int, float]] = []
    _, spent = train(load_tiny, progress=lambda *what: told.append(what))
    assert spent.seeds == len(ROWS) == 39 and spent.delta == 1e-5 and spent.clip == 0.5
    assert spent.sample_rate == pytest.approx(8 / 39) and spent.steps == 5
    assert 2.8 < spent.epsilon <= 3.03
    other = PRVAccountant()
    other.history = [(spent.noise_multiplier, spent.sample_rate, spent.steps)]
    assert other.get_epsilon(spent.delta) == pytest.approx(spent.epsilon)
    # another theory, which bounds from further above
    looser = RDPAccountant()
    looser.history = other.history
    assert spent.epsilon - 0.02 <= looser.get_epsilon(spent.delta) < 1.5 * spent.epsilon
    assert [(step, total) for step, total, _ in told] == [(step, 5) for step in range(1, 6)]
    shown = [epsilon for *_, epsilon in told]
    assert shown == sorted(shown) and 0 < shown[0] < shown[-1] == spent.epsilon


@pytest.mark.usefixtures("known_noise")
def test_the_noise_does_not_follow_from_the_seed(load_tiny: Load) -> None:
    first, second = train(load_tiny)[0], train(load_tiny)[0]
    weights = dict(second.named_parameters())
    assert all("lora_" in name for name in trained(first))
    assert not any(weights[name].equal(weight) for name, weight in trained(first).items())
    frozen = {n: w for n, w in first.named_parameters() if n not in trained(first)}
    original = dict(load_tiny()[0].named_parameters())
    assert len(frozen) == len(original)
    for name, weight in frozen.items():
        plain = name.removeprefix("base_model.model.").replace(".base_layer", "")
        assert weight.equal(original[plain]), name


@pytest.mark.usefixtures("known_noise")
def test_what_comes_out_is_an_ordinary_adapter(load_tiny: Load, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel

    tuned, spent = train(load_tiny)
    assert not tuned.training
    assert Spent(**json.loads(json.dumps(dataclasses.asdict(spent)))) == spent
    assert not any(m._forward_hooks or m._backward_hooks for m in tuned.modules())
    assert not any(hasattr(w, "grad_sample") for w in tuned.parameters())
    adapter.save(tuned, tmp_path / "adapter")
    again = PeftModel.from_pretrained(load_tiny()[0], str(tmp_path / "adapter"))
    ids = torch.tensor([[1, 5, 9, 13]])
    with torch.no_grad():
        wanted = tuned(ids).logits
        assert torch.allclose(again(ids).logits, wanted, atol=1e-6)
        assert torch.allclose(tuned.merge_and_unload()(ids).logits, wanted, atol=1e-5)


def test_long_seeds_are_cut_not_dropped(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, [])
    assert len(private._encoded(words, "a", "x " * 1000)) == private.LONGEST


@pytest.mark.parametrize("count", [3, 30])
def test_few_seeds_have_a_finite_setting(count: int) -> None:
    noise = private.noise_multiplier(8.0, min(1e-5, 0.1 / count), 1.0, 8)
    assert 1 < noise < 5


def test_an_epsilon_that_no_noise_keeps(load_tiny: Load) -> None:
    with pytest.raises(ModelError, match="no noise keeps epsilon 1e-06") as caught:
        train(load_tiny, Privacy(epsilon=1e-6))
    assert "a larger epsilon" in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Privacy(0.0), "epsilon of 0"),
        (Privacy(float("nan")), "epsilon of nan"),
        (Privacy(1000.0), "epsilon of 1000"),
        (Privacy(8.0, 1.0), "delta is a chance"),
        (Privacy(8.0, clip=0.0), "norm of 0"),
    ],
)
def test_what_cannot_be_promised(asked: Privacy, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        private.finetune(None, None, ROWS, privacy=asked, settings=Settings(), seed=1)
    assert caught.value.fix and caught.value.where == "model.privacy"


def test_no_seeds() -> None:
    with pytest.raises(ModelError, match="no seeds"):
        private.finetune(None, None, [], privacy=ASKED, settings=Settings(), seed=1)


@pytest.mark.usefixtures("known_noise")
def test_a_gradient_that_is_no_number(load_tiny: Load) -> None:
    import torch

    def broken() -> tuple[Any, Any]:
        model, tokenizer = load_tiny()
        torch.nn.init.constant_(model.get_input_embeddings().weight, float("nan"))
        return model, tokenizer

    # with eight rows of 39 expected in each of five steps, some step has a row
    with pytest.raises(ModelError, match=r"a gradient .* not a finite number") as caught:
        train(broken)
    assert caught.value.fix == "lower model.learning_rate"


def test_without_opacus(load_tiny: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda name: False)
    with pytest.raises(ModelError, match="not installed") as caught:
        train(load_tiny)
    assert caught.value.fix == 'pip install "textsynth-corpus[dp]"'


def test_the_cards_words_round_up() -> None:
    said = private.statement(Spent(7.981, 3.33e-6, 0.7, 0.1, 80, 1.0, 30_000))
    assert said.startswith("**Differential privacy covers the adapter, per seed row**")
    assert "DP-SGD at (epsilon, delta) = (7.99, 3.4e-06) on 30,000 seed rows" in said
    assert said.endswith("Filters and selection read seeds and are not covered.")
    assert "(8.00, 1e-05)" in private.statement(Spent(8.0, 1e-5, 0.7, 0.1, 80, 1.0, 320))
    none = "**There is no formal privacy guarantee** such as differential privacy."
    assert private.statement(None) == none


@pytest.mark.models
@pytest.mark.heavy
def test_the_packaged_model_trains_privately() -> None:
    model, words = trimmed.load(models.language_model_source("auto"), [])
    settings = Settings(epochs=1, batch=20)
    tuned, spent = private.finetune(
        model, words, ROWS, privacy=Privacy(8.0), settings=settings, seed=1
    )
    assert spent.steps == 2 and 7.5 < spent.epsilon <= 8.08
    assert all(bool(w.isfinite().all()) for w in trained(tuned).values())
