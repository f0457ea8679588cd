"""Patterns that the language model invents, as rows."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa

from textsynth import corpus, keyed, patterns
from textsynth.corpus import Utterance
from textsynth.lm import generate, style
from textsynth.lm.decode import Completion
from textsynth.lm.generate import COPIES, Prompt
from textsynth.pipeline.completions import Completions, Lists
from textsynth.pipeline.supply import PatternRows, Reject, Supplied
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.values import ValueList

# What the model thinks of a pattern it wrote, as `lm.decode.Completion.scores`.
SCORE = "sequence_score"
# Rows that a prompt is taken to give until its intent has shown its yield.
FIRST_WAVE = 60
# Rejected patterns of a style from which on it may be avoided.
CLEARLY = 5


class ModelSource:
    """Patterns that the model invents, realised. `generations` has the synthetic seeds by their
    ids: what is learnt from them is one generation on from the last of them. Patterns that are
    `known` already, besides its own, are not taken for new."""

    def __init__(
        self,
        recipe: Recipe,
        own: Mapping[str, Mapping[str, Sequence[str]]],
        completions: Completions,
        *,
        labels: Mapping[str, set[str]],
        lists: Mapping[str, ValueList],
        quota: Mapping[str, int],
        progress: Progress,
        generations: Mapping[str, int] = MappingProxyType({}),
        known: Lists = MappingProxyType({}),
    ) -> None:
        self._recipe, self._own, self._labels = recipe, own, labels
        self._generations = generations
        self._completions, self._progress = completions, progress
        self._realiser = PatternRows(recipe, lists, "model")
        learnt = (i for by in own.values() for ids in by.values() for i in ids)
        self._realiser.generation = 1 + max((generations.get(i, 0) for i in learnt), default=0)
        self._fed = self._realiser.generation + 1
        self._known = {i: {corpus.fold(p): p for p in by} for i, by in own.items()}
        self._limits = {i: generate.slot_limits(by) for i, by in own.items()}
        self._seen = {i: {corpus.fold(p) for p in known.get(i, ())} for i in own}
        self._prompts = dict.fromkeys(own, 0)
        self._rows = dict.fromkeys(own, 0)
        self._spent = dict.fromkeys(own, 0)
        self._most = {i: int(count * recipe.generate.budget) for i, count in quota.items()}
        self._avoid: dict[str, set[str]] = {}
        self._found = dict.fromkeys(own, 0)
        self._realised = dict.fromkeys(own, 0)
        self._waiting: dict[str, list[_Found]] = {intent: [] for intent in own}
        self._told = False
        self.patterns: list[tuple[str, str]] = []

    def steer(self, kept: pa.Table, gone: pa.Table) -> None:
        """Prompt away from what was rejected: what is said of a style (`long`, `statement`) is no
        longer asked of an intent whose patterns of it went clearly more often than its others."""
        counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
        for fate, rows in enumerate((kept, gone)):
            for intent, pattern in _model_patterns(rows):
                told = style.read(pattern, self._recipe.language)
                named = {value for name in style.DIMENSIONS if (value := getattr(told, name))}
                counts.setdefault(intent, (Counter(), Counter()))[fate].update({*named, ""})
        for intent, (stayed, went) in counts.items():
            usual = went[""] / (stayed[""] + went[""])
            self._avoid[intent] = {
                name
                for name, count in went.items()
                if name and count >= CLEARLY and count / (count + stayed[name]) > 1.5 * usual
            }

    def feed(self, kept: pa.Table, number: int) -> None:
        """Let the model learn from what stayed beside the seeds, of which real ones remain at least
        `min_real` of it all; the rows that it writes from here on are one generation on."""
        assert self._recipe.seeds is not None
        real = self._recipe.seeds.min_real
        stayed: dict[str, list[str]] = {}
        for intent, pattern in dict.fromkeys(_model_patterns(kept)):
            stayed.setdefault(intent, []).append(pattern)
        lists = {}
        for intent, own in self._own.items():
            key = keyed.stream(self._recipe.seed, "feedback", number, intent)
            there = stayed.get(intent, [])
            most = min(len(there), room_beside(own, self._generations, real))
            lists[intent] = [*own, *(there[at] for at in keyed.order(key, there)[:most])]
        self._completions.feed(lists, number)
        self._realiser.generation = self._fed

    def more(self, want: Mapping[str, int]) -> Supplied:
        target = {i: n for i, n in want.items() if n > 0 and i in self._own}
        rows: list[Utterance] = []
        rejects: list[Reject] = []
        got = dict.fromkeys(target, 0)
        while wave := self._wave(target, got):
            with self._progress.bar("inventing patterns", len(wave) * COPIES) as advance:

                def said(more: int, advance: Callable[[int, str], None] = advance) -> None:
                    advance(more, f"{len(self.patterns)} patterns so far")

                written = self._completions.of(wave, said)
            for prompt, completions in zip(wave, written, strict=True):
                for completion in completions:
                    rejects += self._read(prompt, completion)
            for intent in target:
                new = self._realise(intent)
                rows += new
                got[intent] += len(new)
        for intent, waiting in self._waiting.items():
            rejects += [Reject(intent, "model", found.text, "unlikely") for found in waiting]
            waiting.clear()
        return Supplied(corpus.to_table(rows), rejects)

    def _wave(self, target: Mapping[str, int], got: Mapping[str, int]) -> list[Prompt]:
        """The next prompts: as many as the yield so far suggests, for intents that want more."""
        wave: list[Prompt] = []
        for intent, count in target.items():
            missing = count - got[intent]
            if missing <= 0 or self._spent[intent] >= self._most[intent]:
                continue
            asked = self._prompts[intent]
            rows_a_prompt = max(0.5, self._rows[intent] / asked) if asked else FIRST_WAVE
            number = max(1, min(round(missing / rows_a_prompt), 2 * asked or 16))
            shown = [] if self._recipe.model and self._recipe.model.privacy else self._own[intent]
            wave += generate.make_prompts(
                intent,
                list(shown),
                number,
                first=asked,
                seed=self._recipe.seed,
                language=self._recipe.language,
                avoid=self._avoid.get(intent, frozenset()),
            )
            self._prompts[intent] += number
        return wave

    def _read(self, prompt: Prompt, completion: Completion) -> list[Reject]:
        """Take the new patterns out of a completion; what else it holds is returned."""
        intent = prompt.intent
        rejects: list[Reject] = []
        judged = generate.judge(
            intent,
            completion,
            labels=self._labels.get(intent, ()),
            known=self._known[intent],
            limits=self._limits[intent],
        )
        for line in judged:
            self._spent[intent] += 1
            folded = corpus.fold(line.text)
            reason = line.reason or ("pattern_repeat" if folded in self._seen[intent] else None)
            if reason is not None:
                rejects.append(Reject(intent, "model", line.text, reason))
                continue
            self._seen[intent].add(folded)
            self._found[intent] += 1
            self._waiting[intent].append(_Found(line.text, line.score, prompt))
            self.patterns.append((intent, line.text))
        return rejects

    def _realise(self, intent: str) -> list[Utterance]:
        """Rows of the likeliest patterns that wait, one in `best_of` of all that were found; of all
        where the budget is spent, or nothing says what is likely."""
        waiting = self._waiting[intent]
        room = math.ceil(self._found[intent] / self._recipe.generate.best_of)
        room -= self._realised[intent]
        scored = all(found.score is not None for found in waiting)
        if not scored and self._recipe.generate.best_of > 1 and not self._told:
            self._told = True
            self._progress.warn(
                "this model gives no scores of its lines: all are taken, whatever generate.best_of"
            )
        if not scored or self._spent[intent] >= self._most[intent]:
            room = len(waiting)
        if scored:
            waiting.sort(key=lambda found: -(found.score or 0.0))
        rows: list[Utterance] = []
        for found in waiting[:room]:
            parents = [i for shown in found.prompt.shown for i in self._own[intent][shown]]
            made = self._realiser.realise(intent, patterns.parse(found.text), parents)
            scores = {} if found.score is None else {SCORE: found.score}
            rows += [dataclasses.replace(row, scores=scores) for row in made]
            self._spent[intent] += len(made) - 1
        self._realised[intent] += len(waiting[:room])
        del waiting[:room]
        self._rows[intent] += len(rows)
        return rows


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """A new pattern, its score where it is known, and the prompt that gave it."""

    text: str
    score: float | None
    prompt: Prompt


def room_beside(
    own: Mapping[str, Sequence[str]], generations: Mapping[str, int], real: float
) -> int:
    """How many patterns may be learnt beside an intent's own so that this share of them all is
    real: written by somebody, which those of the seeds in `generations` are not."""
    written = sum(any(i not in generations for i in ids) for ids in own.values())
    return max(0, int(written / real) - len(own)) if real else sys.maxsize


def _model_patterns(rows: pa.Table) -> list[tuple[str, str]]:
    """(intent, pattern) of the rows that the model wrote."""
    columns = (corpus.column(rows, name) for name in ("intent", "pattern", "origin"))
    return [(i, p) for i, p, origin in zip(*columns, strict=True) if origin == "model"]
