"""LoRA (Hu et al. 2021) by peft, computed faster: one fused pass a layer, not seven small ones.

peft makes, saves and merges the adapter. Its layers would cast their input to float32 and back and
keep their intermediate products for the backward pass; here the low-rank product is added into the
layer's own output in place, and of it only the narrow half (rank wide) is kept.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from textsynth import keyed
from textsynth.models import quiet


def attach(model: Any, *, rank: int, seed: int) -> Any:
    """The model with a fresh adapter on all its linear layers but the head; base weights frozen."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(keyed.stream(seed, "adapter"))
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with quiet():
        return get_peft_model(model, config)


def load(model: Any, folder: Path) -> Any:
    """The model with the adapter that `save` left in a folder."""
    from peft import PeftModel

    with quiet():
        return PeftModel.from_pretrained(model, str(folder))


def fuse(tuned: Any) -> None:
    """Give the adapter's layers their fast forward pass; layers of another kind keep their own."""
    import torch
    from peft.tuners.lora import Linear

    for module in tuned.modules():
        if isinstance(module, Linear) and type(module.base_layer) is torch.nn.Linear:
            module.forward = _Fused(module)


def unfuse(tuned: Any) -> None:
    """Give the layers peft's own forward pass back."""
    for module in tuned.modules():
        if isinstance(module.__dict__.get("forward"), _Fused):
            del module.__dict__["forward"]


class _Fused:
    """The forward pass of one adapted layer."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, x: Any, *_: Any, **__: Any) -> Any:
        module = self._module
        name = module.active_adapters[0]
        return _function().apply(
            x,
            module.base_layer.weight,
            module.base_layer.bias,
            module.lora_A[name].weight,
            module.lora_B[name].weight,
            module.scaling[name],
        )


@cache
def _function() -> Any:
    import torch

    class FusedLora(torch.autograd.Function):
        """y = x Wᵀ + b + s (x Aᵀ) Bᵀ with W and b frozen."""

        @staticmethod
        def forward(
            ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float
        ) -> Any:
            flat = x.flatten(0, -2)
            low = flat @ down.to(x.dtype).t()
            out = torch.nn.functional.linear(flat, weight, bias)
            out.addmm_(low, up.to(x.dtype).t(), alpha=scale)
            ctx.save_for_backward(flat, weight, down, up, low)
            ctx.scale, ctx.shape = scale, x.shape
            return out.view(*x.shape[:-1], -1)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            flat, weight, down, up, low = ctx.saved_tensors
            grad = grad.flatten(0, -2)
            back = grad @ up.to(grad.dtype)
            to_x = None
            if ctx.needs_input_grad[0]:
                to_x = grad @ weight
                to_x.addmm_(back, down.to(grad.dtype), alpha=ctx.scale)
                to_x = to_x.view(ctx.shape)
            to_down = (back.t() @ flat).to(down.dtype).mul_(ctx.scale)
            to_up = (grad.t() @ low).to(up.dtype).mul_(ctx.scale)
            return to_x, None, None, to_down, to_up, None

    return FusedLora


def save(tuned: Any, folder: Path) -> None:
    """Write the adapter alone, as safetensors."""
    tuned.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
