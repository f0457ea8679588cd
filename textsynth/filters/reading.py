"""A second judge of intents: a language model that reads seeds in its prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from textsynth import keyed, models
from textsynth.corpus import column
from textsynth.errors import ModelError
from textsynth.filters import Context
from textsynth.filters.encoder import Floats
from textsynth.progress import Advance

# A prompt shows so many seeds of so many intents: the row's own and those nearest to it.
SHOWN = 10
NEAREST = 7
# The logarithm of the reader's chance counts so much beside the encoder's.
WEIGHT = 0.3
# Of what the encoder gives one intent such a chance the reader is not asked: it seldom changes it.
SURE = 0.8
PLACES = 4
Shown = tuple[tuple[str, str], ...]
# Waves and rounds of a run ask again: the model, and what it said, are kept of the last reader.
_KEPT: dict[str, Reader] = {}


class Reader:
    """A causal model and its tokenizer, and what it has said of texts."""

    def __init__(self, name: str) -> None:
        from textsynth.lm import ragged

        source = models.language_model_source(name, "label.reader")
        self._model, self._tokenizer = models.load_language_model(source)
        if not ragged.supported(self._model):
            raise ModelError(
                "this model cannot read several texts after one prompt",
                where=source.name,
                fix="use another causal model (Gemma, Llama, Qwen) as `reader`",
            )
        self._said: dict[tuple[Shown, tuple[str, ...], str], Floats] = {}

    def __call__(
        self,
        examples: Sequence[tuple[str, str]],
        names: Sequence[str],
        texts: Sequence[str],
        advance: Advance,
    ) -> Floats:
        """The log of each name's chance, shape (texts, names); see `lm.read.Prompt`."""
        from textsynth.lm import read

        shown, of = tuple(examples), tuple(names)
        unlike = dict.fromkeys(texts)
        new = [text for text in unlike if (shown, of, text) not in self._said]
        advance(len(unlike) - len(new), "")
        if new:
            prompt = read.Prompt(self._model, self._tokenizer, shown, names)
            for text, chances in zip(new, prompt.log_chances(new, advance), strict=True):
                self._said[shown, of, text] = chances
        return np.stack([self._said[shown, of, text] for text in texts])


def reader(name: str) -> Reader:
    """The language model of this name, as `model.base` names it; loaded once.

    Raises:
        ModelError: it cannot be had, or does not take several texts after one prompt.
    """
    if name not in _KEPT:
        _KEPT.clear()
        _KEPT[name] = Reader(name)
    return _KEPT[name]


def weigh(
    chances: Floats,
    texts: Sequence[str],
    own: Sequence[str],
    name: str,
    context: Context,
) -> Floats:
    """The encoder's chances, those of a row's own intent and of the ones nearest to it shared out
    anew by what a language model says too.

    Its prompt shows ten seeds of each of these seven intents, so that there is one prompt for all
    rows of an intent. Their chances are multiplied by the model's to the power of .3. Rows of which
    the encoder is sure are not read.

    Args:
        chances: shape (texts, intents), the intents of the seeds in the order of their names.
        texts: the rows.
        own: their intents; rows of another than the seeds' are left as they are.
        name: of the language model.
        context: its `seeds` are shown, and `names`.

    Raises:
        ModelError: as `reader`.
    """
    seeds = defaultdict(list)
    for intent, text in zip(
        column(context.seeds, "intent"), column(context.seeds, "text"), strict=True
    ):
        seeds[intent].append(text)
    intents = sorted(seeds)
    near = _nearest(context, intents, seeds)
    rows = defaultdict(list)
    for row, intent in enumerate(own):
        if intent in seeds and chances[row].max() < SURE:
            rows[near[intent]].append(row)
    found = chances.copy()
    if not rows:
        return found
    ask = reader(name)
    unlike = sum(len({texts[row] for row in own_rows}) for own_rows in rows.values())
    with context.bar("reading rows in the light of seeds", unlike) as advance:
        for places in sorted(rows):
            choice = [intents[place] for place in places]
            called = [context.names.get(intent, intent) for intent in choice]
            if len(set(called)) < len(called):  # told apart by nothing but their spelling
                called = choice
            shown = _examples(choice, called, seeds, context.seed)
            told = ask(shown, called, [texts[row] for row in rows[places]], advance)
            at = np.ix_(np.array(rows[places]), np.array(places))
            share = np.log(np.maximum(chances[at], 10.0**-PLACES)) + WEIGHT * told
            share = np.exp(share - share.max(1, keepdims=True))
            whole = chances[at].sum(1, keepdims=True)
            found[at] = np.round(whole * share / share.sum(1, keepdims=True), PLACES)
    return found


def _nearest(
    context: Context, intents: Sequence[str], seeds: dict[str, list[str]]
) -> dict[str, tuple[int, ...]]:
    """Of each intent, the places of itself and of those nearest to it by the mean of their seeds,
    in the order of their names."""
    means = np.stack([context.embed(seeds[intent]).mean(0) for intent in intents])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    alike = means @ means.T
    np.fill_diagonal(alike, np.inf)
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, :NEAREST]
    return {
        intent: tuple(sorted(places.tolist()))
        for intent, places in zip(intents, nearest, strict=True)
    }


def _examples(
    choice: Sequence[str], called: Sequence[str], seeds: dict[str, list[str]], seed: int
) -> list[tuple[str, str]]:
    """Seeds of some intents and what these are called, by key."""
    shown: list[tuple[str, str]] = []
    for intent, name in zip(choice, called, strict=True):
        texts = list(dict.fromkeys(seeds[intent]))
        order = keyed.order(keyed.stream(seed, "reading", intent), texts)
        shown += [(texts[place], name) for place in order[:SHOWN]]
    order = keyed.order(keyed.stream(seed, "reading"), [f"{text}\n{name}" for text, name in shown])
    return [shown[place] for place in order]
