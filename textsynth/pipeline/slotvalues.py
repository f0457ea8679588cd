"""Further values of slots, from the model: which are asked for, and which of its proposals stay."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from textsynth.corpus import fold
from textsynth.errors import RecipeError, did_you_mean
from textsynth.lm import invent
from textsynth.lm.decode import Completion
from textsynth.lm.generate import COPIES, Prompt
from textsynth.patterns import Value
from textsynth.pipeline.completions import Completions
from textsynth.pipeline.ledger import Ledger
from textsynth.pipeline.seedside import SeedSide
from textsynth.pipeline.supply import Reject
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.values import ValueList

# The key of `lists` that stands for every slot whose values the seeds alone give.
EVERY = "*"
# Waves of prompts after which the model is taken to know no more.
WAVES = 8
# Values sought for each one that is taken, and the waves in which they are: later ones fill up.
CHOICE, CHOOSING = 2, 2
# How many a recipe that asks for none is told that it could ask for.
HINTED = 50


def check(recipe: Recipe, lists: Mapping[str, ValueList]) -> None:
    """Refuse `lists` that name no slot, or one whose values are not words from a list.

    Raises:
        RecipeError: with the labels there are.
    """
    for label in recipe.lists:
        if label == EVERY:
            continue
        if label not in lists:
            raise RecipeError(
                f"lists.{label}: no slot has this label", fix=did_you_mean(label, lists)
            )
        if lists[label].made_up or not lists[label].values:
            raise RecipeError(
                f"lists.{label}: its values are drawn from {lists[label].source}, not from a list",
                fix=f"take lists.{label} out",
            )


def plan(
    recipe: Recipe, side: SeedSide, lists: Mapping[str, ValueList], progress: Progress
) -> dict[str, int]:
    """How many further values of each slot the model is asked for: as the recipe says where it
    names a slot; where it says `*`, of the others at most as many as the seeds leave unseen."""
    wanted = {label: section.invent for label, section in recipe.lists.items() if label != EVERY}
    if EVERY in recipe.lists:
        wanted = _of_seeds(side, lists, recipe.lists[EVERY].invent) | wanted
    elif not wanted and recipe.model is not None and recipe.model.privacy is None:
        dry = [label for label, more in _of_seeds(side, lists, HINTED).items() if more == HINTED]
        if dry:
            more = f"{{{EVERY!r}: {{invent: {HINTED}}}}}"
            progress.note(
                f"{_shown(dry, 3)}: the seeds' values alone; `lists: {more}` in the recipe "
                "asks the model for others"
            )
    return {label: count for label, count in wanted.items() if count}


def _of_seeds(side: SeedSide, lists: Mapping[str, ValueList], most: int) -> dict[str, int]:
    """How many further values the seeds lead one to expect of each slot that they alone fill."""
    seen: dict[str, Counter[str]] = {}
    for seed in side.patterns:
        for ref in seed.pattern.slots:
            if ref.label in lists and lists[ref.label].source == "seeds":
                surface = fold(seed.values[ref.name].surface)
                seen.setdefault(ref.label, Counter())[surface] += 1
    return {label: unseen(counts, most) for label, counts in sorted(seen.items())}


def unseen(counts: Mapping[str, int], most: int) -> int:
    """How many further values a list may have, at most `most`, so that of draws from it no more
    are new than the counts of the old ones lead one to expect: their share of values that occur
    once (I. J. Good, "The population frequencies of species and the estimation of population
    parameters", Biometrika 40, 1953)."""
    once = sum(count == 1 for count in counts.values())
    repeated = sum(counts.values()) - once
    return min(most, len(counts) * once // repeated) if repeated else most


def taught(
    asked: Mapping[str, int], lists: Mapping[str, ValueList], intents: Collection[str]
) -> dict[str, list[str]]:
    """The values of the slots that the model is asked to add to: it learns them as lists too, each
    under a name that none of these intents has."""
    return {
        _listed(label, intents): [value.surface for value in lists[label].values] for label in asked
    }


def _listed(label: str, intents: Collection[str]) -> str:
    return f"{label} values" if label in intents else label


class Proposals:
    """Values that the model proposes for one slot."""

    def __init__(
        self, label: str, values: ValueList, count: int, seed: int, name: str | None = None
    ) -> None:
        self.label, self.count = label, count
        self._name = name or label  # of the list that the model goes on with
        self.rejects: list[Reject] = []
        self._surfaces = [value.surface for value in values.values]
        self._shape = invent.shape(self._surfaces)
        self._known = {invent.words(surface) for surface in self._surfaces}
        self._found: dict[str, str] = {}
        self._votes: Counter[str] = Counter()
        self._scores: dict[str, float] = {}
        self._seed, self._prompts = seed, 0

    def prompts(self, wave: int) -> list[Prompt]:
        """The prompts of a wave; none where there is enough to choose from."""
        wanted = self.count * (CHOICE if wave < CHOOSING else 1)
        missing = wanted - len(self._found)
        if missing <= 0:
            return []
        number = min(64, max(4, missing // 10))
        made = invent.make_prompts(
            self._name, self._surfaces, number, first=self._prompts, seed=self._seed
        )
        self._prompts += number
        return made

    def read(self, completion: Completion) -> None:
        """Take the values out of a completion; each counts once in it."""
        judged = invent.judge(completion.text, known=self._known, shape=self._shape)
        here: set[str] = set()
        for number, (value, reason) in enumerate(judged):
            folded = invent.words(value)
            if reason is None and folded in here:
                reason = "value_repeat"
            if reason is not None:
                self.rejects.append(Reject(self.label, "model", value, reason))
                continue
            here.add(folded)
            self._found.setdefault(folded, value)
            self._votes[folded] += 1
            if number < len(completion.scores):
                score = completion.scores[number]
                self._scores[folded] = max(score, self._scores.get(folded, score))

    def taken(self) -> list[str]:
        """The values that stay, best first: those that many completions have and that are likely
        under the model, by the sum of both ranks; the others are rejects, `unlikely`."""
        from scipy.stats import rankdata

        names = list(self._found)
        ranks = rankdata([self._votes[name] for name in names])
        if self._scores:
            ranks += rankdata([self._scores.get(name, -np.inf) for name in names])
        order = np.argsort(-ranks, kind="stable")
        best = [self._found[names[at]] for at in order]
        self.rejects += [
            Reject(self.label, "model", value, "unlikely") for value in best[self.count :]
        ]
        return best[: self.count]


def propose(
    asked: Mapping[str, int],
    lists: Mapping[str, ValueList],
    completions: Completions,
    intents: Collection[str],
    seed: int,
    progress: Progress,
) -> list[Proposals]:
    """What the model proposes for each slot, all slots asked together."""
    made = [
        Proposals(label, lists[label], count, seed, _listed(label, intents))
        for label, count in asked.items()
    ]
    for number in range(WAVES):
        wave = [(one, prompt) for one in made for prompt in one.prompts(number)]
        if not wave:
            break
        with progress.bar("inventing values", len(wave) * COPIES) as advance:

            def said(more: int, advance: Callable[[int, str], None] = advance) -> None:
                advance(more, "")

            written = completions.of([prompt for _, prompt in wave], said)
        for (one, _), copies in zip(wave, written, strict=True):
            for completion in copies:
                one.read(completion)
    return made


def grown(
    recipe: Recipe,
    asked: Mapping[str, int],
    lists: Mapping[str, ValueList],
    completions: Completions,
    intents: Collection[str],
    ledger: Ledger,
    progress: Progress,
) -> tuple[dict[str, ValueList], dict[str, list[str]]]:
    """The value lists with what the model adds to them, and that alone; `intents` are those that
    the model learns beside them."""
    full, added = dict(lists), dict[str, list[str]]()
    if not asked:
        return full, added
    progress.step("invent values", f"of {len(asked)} slots")
    for one in propose(asked, lists, completions, intents, recipe.seed, progress):
        new = added[one.label] = one.taken()
        values = lists[one.label]
        more = tuple(Value(surface, surface) for surface in new)
        full[one.label] = dataclasses.replace(values, values=(*values.values, *more))
        reasons = Counter(reject.reason for reject in one.rejects)
        ledger.add("invent values", len(new) + len(one.rejects), len(new), reasons)
        told = _shown(new)
        progress.note(f"{one.label}: {len(new)} of {one.count}" + (f" ({told})" if told else ""))
        if len(new) < one.count and one.label in recipe.lists:
            progress.warn(f"{one.label}: {len(new)} values of {one.count}")
    return full, added


def _shown(values: Sequence[str], most: int = 6) -> str:
    return ", ".join(values[:most]) + (" …" if len(values) > most else "")
