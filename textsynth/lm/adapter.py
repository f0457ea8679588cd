"""LoRA (Hu et al. 2021): peft makes, saves and merges the adapter."""

from __future__ import annotations

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


def save(tuned: Any, folder: Path) -> None:
    """Write the adapter alone, as safetensors."""
    tuned.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
