"""Who judges intents: a classifier that learns the seeds, on embeddings as they are or tuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from textsynth import keyed, models
from textsynth.filters import Context
from textsynth.filters.encoder import BATCH, Encoder, Floats
from textsynth.progress import Bar

Kind = Literal["auto", "frozen", "tuned"]
# Texts to chances of shape (texts, intents), the intents in the order of their names.
Chances = Callable[[list[str]], Floats]

EPOCHS = 2
# Of an encoder 384 wide, as MiniLM is; wider ones take smaller steps.
LEARNING_RATE = 1e-4
WIDTH = 384
HEAD_RATE = 1e-3
# A cosine is multiplied by it before the softmax (Wang et al. 2017, "NormFace").
SCALE = 20.0
SMOOTHING = 0.05
# With fewer or more seeds than these `auto` leaves the encoder as it is: they are too few to tune
# it, or tell the intents without it.
FEWEST, MOST = 400, 3000
# Of a chance: beyond them it depends on the texts that are judged along with it.
PLACES = 4
# Batches are cut from so many of them, sorted by length: less padding.
SORTED = 8
# Waves and rounds of a run ask again: what was tuned last is kept.
_TUNED: dict[tuple[tuple[tuple[str, str], ...], int, str], Chances] = {}


def regression() -> Any:
    """The classifier on embeddings as they are."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=1000)


def settled(kind: Kind, seeds: int, context: Context) -> Literal["frozen", "tuned"]:
    """What `auto` means: tuned where a language model writes rows and there are `FEWEST` to `MOST`
    seeds."""
    if kind == "auto":
        return "tuned" if context.model and FEWEST <= seeds <= MOST else "frozen"
    return kind


def classifier(
    kind: Kind,
    texts: Sequence[str],
    intents: Sequence[str],
    context: Context,
    model: str = "auto",
) -> Chances:
    """A classifier that has learnt texts of two intents and more.

    What the intents are called is learnt too. `frozen` is a logistic regression on the embeddings.
    `tuned` first fine-tunes a copy of the encoder under a cosine head: the few-shot setting of
    SetFit (Tunstall et al. 2022) with classes in place of pairs. It takes a minute or two for 1,500
    texts, once a run. `model` is another encoder than that of the run.
    """
    learnt = set(zip(texts, intents, strict=True))
    known = sorted(set(intents))
    learnt |= {(name, intent) for intent, name in context.names.items() if intent in known}
    if settled(kind, len(texts), context) == "frozen":
        embed = context.embed if model == "auto" else models.load_embedder(model)
        ordered = sorted(learnt)
        places = np.array([known.index(intent) for _, intent in ordered])
        learner = regression().fit(embed([text for text, _ in ordered]), places)
        return lambda judged: np.asarray(learner.predict_proba(embed(judged)))
    asked = (tuple(sorted(learnt)), context.seed, model)
    if asked not in _TUNED:
        _TUNED.clear()
        _TUNED[asked] = _tuned(*asked, context.bar)
    return _TUNED[asked]


def _tuned(learnt: Sequence[tuple[str, str]], seed: int, model: str, bar: Bar) -> Chances:
    import torch

    order = keyed.order(keyed.stream(seed, "intents"), [f"{text}\n{own}" for text, own in learnt])
    texts = [learnt[at][0] for at in order]
    names = sorted({intent for _, intent in learnt})
    places = np.array([names.index(learnt[at][1]) for at in order])

    class Cosines(torch.nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.classes = torch.nn.Parameter(torch.zeros(len(names), size))

        def forward(self, states: Any) -> Any:
            unit = torch.nn.functional.normalize
            return SCALE * unit(states) @ unit(self.classes).T

    encoder = Encoder(Cosines, seed, model)
    vectors = torch.nn.functional.normalize(encoder.pooled(texts))
    with torch.no_grad():
        for place in range(len(names)):
            encoder.head.classes[place] = vectors[torch.from_numpy(places == place)].mean(0)
    wanted = torch.from_numpy(places)

    def loss(logits: Any, own: npt.NDArray[np.int64]) -> Any:
        return torch.nn.functional.cross_entropy(logits, wanted[own], label_smoothing=SMOOTHING)

    batches = _batches(texts, seed)
    with bar("tuning the sentence encoder", len(batches)) as advance:
        encoder.train(
            texts,
            batches,
            loss,
            learning_rate=LEARNING_RATE * min(1.0, WIDTH / encoder.width),
            head_rate=HEAD_RATE,
            decay=True,
            advance=advance,
        )

    def chances(judged: list[str]) -> Floats:
        if not judged:
            return np.zeros((0, len(names)))
        return np.round(torch.softmax(encoder.judge(judged), 1).double().numpy(), PLACES)

    return chances


def _batches(texts: Sequence[str], seed: int) -> list[npt.NDArray[np.int64]]:
    """Places of texts in batches, by key: `EPOCHS` times all of them, those of a batch of about one
    length."""
    batches = []
    for epoch in range(EPOCHS):
        random = np.random.default_rng(keyed.stream(seed, "intents", epoch))
        order = random.permutation(len(texts))
        for at in range(0, len(order), SORTED * BATCH):
            part = np.array(sorted(order[at : at + SORTED * BATCH], key=lambda k: len(texts[k])))
            cut = [part[b : b + BATCH] for b in range(0, len(part), BATCH)]
            batches += [cut[b] for b in random.permutation(len(cut))]
    return batches
