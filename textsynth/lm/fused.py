"""What training computes faster than transformers and peft do, to the same result but for rounding.

Only an adapter learns, so that the backward pass of a frozen layer needs less than autograd keeps
for it. Three things have a forward and a backward pass of their own:

- an adapted linear layer: peft would cast its input to float32 and back and keep intermediate
  products; here the low-rank product is added into the layer's output in place, and of it only the
  narrow half (rank wide) is kept;
- a root-mean-square norm (Zhang and Sennrich 2019), in fewer operations;
- the loss under the output head, whose logits are the largest tensor by far: there is one of them,
  and a few rows at a time, while they are in the cache, it becomes its own gradient (as in Hsu et
  al. 2024, "Liger Kernel").

A product with a wide sum and a narrow result is written as that of the transposes: on processors
it takes half as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from textsynth.lm.ragged import Packed

# Rows of logits at a time: with 33,000 tokens each, 4 MB in float32.
ROWS = 32

_PRODUCTS: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


@contextmanager
def layers(tuned: Any) -> Iterator[None]:
    """Within, a peft model's adapted linear layers and its norms have their fast passes; layers of
    another kind keep their own."""
    from peft.tuners.lora import Linear
    from torch import nn

    patched = []
    for module in tuned.modules():
        if isinstance(module, Linear) and type(module.base_layer) is nn.Linear:
            module.forward = _Lora(module)
        elif (scale := _norm_scale(module)) is not None:
            module.forward = _Norm(scale, _epsilon(module))
        else:
            continue
        patched.append(module)
    try:
        yield
    finally:
        for module in patched:
            del module.__dict__["forward"]


def is_product(model: Any) -> bool:
    """Whether the logits of a causal model that takes ragged batches are its last hidden states
    times the head's weight and no more (a bias, a cap, a scale). A short sequence tells, once for
    each model."""
    import torch

    if model not in _PRODUCTS:
        batch, training = Packed([5]), model.training
        asked = {"input_ids": torch.tensor([[1, 2, 3, 4, 5]]), "use_cache": False, "batch": batch}
        model.eval()
        with torch.no_grad():
            logits = model(**asked, position_ids=batch.positions[None]).logits
            hidden = model.base_model(**asked, position_ids=batch.positions[None])[0]
            ours = hidden @ model.get_output_embeddings().weight.t()
        model.train(training)
        # a cap does not show in logits that are small
        capped = getattr(model.config, "final_logit_softcapping", None) is not None
        same = ours.shape == logits.shape and torch.allclose(ours, logits, atol=1e-4)
        _PRODUCTS[model] = same and not capped
    return _PRODUCTS[model]


def cross_entropy(hidden: Any, weight: Any, labels: Any) -> Any:
    """Mean cross-entropy, nats a token, of labels (n,) under hidden states (n, d) and a head's
    weight (tokens, d), which gets no gradient."""
    return _functions().cross_entropy.apply(hidden, weight, labels)


class _Lora:
    """The forward pass of one adapted layer."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, x: Any, *_: Any, **__: Any) -> Any:
        module = self._module
        name = module.active_adapters[0]
        return _functions().lora.apply(
            x,
            module.base_layer.weight,
            module.base_layer.bias,
            module.lora_A[name].weight,
            module.lora_B[name].weight,
            module.scaling[name],
        )


class _Norm:
    """The forward pass of one norm, by what its rows of mean square 1 are multiplied with."""

    def __init__(self, scale: Any, epsilon: float) -> None:
        self._scale, self._epsilon = scale, epsilon

    def __call__(self, x: Any) -> Any:
        return _functions().norm.apply(x, self._scale, self._epsilon)


def _epsilon(module: Any) -> Any:
    return getattr(module, "variance_epsilon", getattr(module, "eps", None))


def _norm_scale(module: Any) -> Any:
    """What a frozen root-mean-square norm multiplies with, in float32: its weight, or one more, as
    two rows tell; None where it is no such norm."""
    import torch

    weight = getattr(module, "weight", None)
    if not type(module).__name__.endswith("RMSNorm") or weight is None or weight.requires_grad:
        return None
    if weight.dim() != 1 or not isinstance(_epsilon(module), float):
        return None
    rows = torch.linspace(-2, 3, 2 * len(weight)).view(2, -1).to(weight.dtype)
    theirs = module(rows).float()
    own = weight.detach().float()

    def far(scale: Any) -> float:
        ours = _Norm(scale, _epsilon(module))(rows).float()
        return float(((ours - theirs).abs() / (theirs.abs() + 1e-3)).max())

    # the nearer of both: a large weight and one more than it differ by no more than is rounded
    best = min((own, own + 1), key=far)
    return best if far(best) <= 0.02 else None


@cache
def _functions() -> SimpleNamespace:
    import torch

    class Lora(torch.autograd.Function):
        """y = x Wᵀ + b + s (x Aᵀ) Bᵀ with W and b frozen."""

        @staticmethod
        def forward(
            ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float
        ) -> Any:
            flat = x.flatten(0, -2)
            low = _narrow(flat, down.to(x.dtype).t())
            out = torch.nn.functional.linear(flat, weight, bias)
            out.addmm_(low, up.to(x.dtype).t(), alpha=scale)
            ctx.save_for_backward(flat, weight, down, up, low)
            ctx.scale, ctx.shape = scale, x.shape
            return out.view(*x.shape[:-1], -1)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            flat, weight, down, up, low = ctx.saved_tensors
            grad = grad.flatten(0, -2)
            back = _narrow(grad, up.to(grad.dtype))
            to_x = None
            if ctx.needs_input_grad[0]:
                to_x = grad @ weight
                to_x.addmm_(back, down.to(grad.dtype), alpha=ctx.scale)
                to_x = to_x.view(ctx.shape)
            to_down = (back.t() @ flat).to(down.dtype).mul_(ctx.scale)
            to_up = (low.t() @ grad).t().to(up.dtype).mul_(ctx.scale)
            return to_x, None, None, to_down, to_up, None

    class Norm(torch.autograd.Function):
        """y = s x / sqrt(mean(x²) + ε) with s frozen."""

        @staticmethod
        def forward(ctx: Any, x: Any, scale: Any, epsilon: float) -> Any:
            whole = x.float()
            inverse = whole.pow(2).mean(-1, keepdim=True).add_(epsilon).rsqrt_()
            normed = whole * inverse
            ctx.save_for_backward(normed, inverse, scale)
            return (normed * scale).to(x.dtype)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            normed, inverse, scale = ctx.saved_tensors
            to_normed = grad * scale
            along = (to_normed * normed).mean(-1, keepdim=True)
            to_x = to_normed.addcmul_(normed, along, value=-1).mul_(inverse)
            return to_x.to(grad.dtype), None, None

    class CrossEntropy(torch.autograd.Function):
        """mean(-log softmax(x Wᵀ)[label]) with W frozen."""

        @staticmethod
        def forward(ctx: Any, hidden: Any, weight: Any, labels: Any) -> Any:
            logits = hidden.to(weight.dtype) @ weight.t()
            loss = torch.zeros(())
            for part, own in zip(logits.split(ROWS), labels.split(ROWS), strict=True):
                told = torch.log_softmax(part.float(), -1)
                at = own[:, None]
                loss -= told.gather(1, at).sum() / len(labels)
                if ctx.needs_input_grad[0]:
                    told.exp_().scatter_add_(1, at, told.new_full(at.shape, -1.0))
                    torch.mul(told, 1 / len(labels), out=part)
            if ctx.needs_input_grad[0]:
                ctx.save_for_backward(_narrow(logits, weight).to(hidden.dtype))
            return loss

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (to_hidden,) = ctx.saved_tensors
            return to_hidden * grad.to(to_hidden.dtype), None, None

    return SimpleNamespace(lora=Lora, norm=Norm, cross_entropy=CrossEntropy)


def _narrow(x: Any, by: Any) -> Any:
    """x times `by`, (n, wide) and (wide, narrow), as the product of their transposes."""
    return (by.t() @ x.t()).t()
