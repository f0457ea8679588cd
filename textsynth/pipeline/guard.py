"""The guard: what a model made is no seed, unless the recipe says so and enough real rows stay.

A model that learns from its own rows loses the tails of what people say (Shumailov et al. 2024, "AI
models collapse when trained on recursively generated data"); with real rows kept among them the
loss stays bounded (Gerstgrasser et al. 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

from textsynth import seeds
from textsynth.corpus import Utterance
from textsynth.errors import SeedError
from textsynth.evaluate.machine_made import machine_made
from textsynth.progress import Progress
from textsynth.sections import Seeds


def check(section: Seeds, file: seeds.SeedFile, seed: int) -> None:
    """Refuse seeds that are synthetic where the recipe does not allow them, or where fewer than
    `min_real` of those that are learnt from (the holdout is real and is not) are real.

    Raises:
        SeedError: with the line of the first such row, and how many there are.
    """
    made = {utterance.id for utterance in file.utterances if utterance.generation}
    if not made:
        return
    first = next(row.line for row in file.rows if row.id in made)
    where = f"{section.path}:{first}"
    if not section.allow_synthetic:
        raise SeedError(
            f"{len(made):,} of {len(file.utterances):,} seeds are synthetic, the first of them "
            "here: `generation` or `origin` says so",
            where=where,
            fix="leave them out, or set seeds.allow_synthetic: true and keep a real share of at "
            f"least min_real ({section.min_real:g})",
        )
    own, _ = seeds.split_holdout(file.utterances, section.holdout, seed)
    real = sum(not utterance.generation for utterance in own)
    if real / len(own) < section.min_real:
        raise SeedError(
            f"{real:,} of the {len(own):,} seeds that are learnt from are real "
            f"({real / len(own):.0%}), seeds.min_real asks for {section.min_real:.0%}",
            where=where,
            fix="add real rows, leave synthetic ones out, or lower seeds.min_real",
        )


def warn(utterances: Sequence[Utterance], progress: Progress) -> None:
    """Say so where seeds that pass for real read as if a machine had made them."""
    unlabelled = [utterance for utterance in utterances if not utterance.generation]
    if told := machine_made(unlabelled):
        progress.warn(
            f"these seeds look machine-made: {told}; if they are, label them "
            "(`generation: 1`) or use real ones"
        )
