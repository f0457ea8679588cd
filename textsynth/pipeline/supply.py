"""Where candidates come from: seed patterns and templates; the language model is `inventing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from textsynth import corpus, keyed, patterns, values
from textsynth.corpus import Utterance
from textsynth.filters import select
from textsynth.grammar import draw as grammar_draw
from textsynth.grammar.grammar import Grammar
from textsynth.patterns import Pattern
from textsynth.recipe import Recipe
from textsynth.values import ValueList


@dataclass(frozen=True, slots=True)
class Reject:
    """A candidate that never became a row: where it came from, its text and why not."""

    intent: str
    origin: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Supplied:
    """New candidate rows, and lines that became none."""

    rows: pa.Table
    rejects: list[Reject] = field(default_factory=list)


class Source(Protocol):
    """Gives candidates of an origin; asked again, it gives further ones."""

    def more(self, want: Mapping[str, int]) -> Supplied:
        """About so many rows of each intent, fewer where the source or its budget runs dry."""
        ...


def realise_rows(
    intent: str,
    pattern: Pattern,
    rows: Sequence[int],
    *,
    origin: str,
    parents: Sequence[str],
    language: str,
    lists: Mapping[str, ValueList],
    seed: int,
    generation: int = 1,
) -> list[Utterance]:
    """Utterances number `rows` of a pattern, equal texts once."""
    written = patterns.render(pattern)
    key = keyed.stream(seed, "realise", intent, written)
    made: dict[str, Utterance] = {}
    for row, drawn in zip(rows, values.draw(pattern, lists, key, rows), strict=True):
        text, slots = patterns.realise(pattern, drawn)
        if text not in made:
            made[text] = Utterance(
                id=f"{origin}/{intent}/{keyed.content_id(written, str(row))}",
                text=text,
                intent=intent,
                slots=slots,
                pattern=written,
                language=language,
                origin=origin,
                generation=generation,
                parents=tuple(parents),
            )
    return list(made.values())


class PatternRows:
    """Realises patterns, each to at most `per_pattern` rows, as they are added."""

    def __init__(self, recipe: Recipe, lists: Mapping[str, ValueList], origin: str) -> None:
        self._recipe, self._lists, self._origin = recipe, lists, origin
        self.generation = 1

    def realise(
        self, intent: str, pattern: Pattern, parents: Sequence[str], generation: int | None = None
    ) -> list[Utterance]:
        """All the rows that this pattern may give, of this realiser's generation or another."""
        per_pattern = self._recipe.generate.rows_of_pattern()
        count = select.most(per_pattern, (intent, self._origin)) if pattern.slots else 1
        return realise_rows(
            intent,
            pattern,
            range(count),
            origin=self._origin,
            parents=parents,
            language=self._recipe.language,
            lists=self._lists,
            seed=self._recipe.seed,
            generation=generation or self.generation,
        )


class SeedSource:
    """The seed patterns themselves, where the recipe's shares have a part for them. Those of
    synthetic seeds, which `generations` has by their ids, keep the generation of these."""

    def __init__(
        self,
        recipe: Recipe,
        own: Mapping[str, Mapping[str, list[str]]],
        lists: Mapping[str, ValueList],
        generations: Mapping[str, int],
    ) -> None:
        realiser = PatternRows(recipe, lists, "seed")
        self._left = {
            intent: [
                row
                for written, ids in by_pattern.items()
                for row in realiser.realise(
                    intent, patterns.parse(written), ids, min(generations.get(i, 0) for i in ids)
                )
            ]
            for intent, by_pattern in own.items()
        }

    def more(self, want: Mapping[str, int]) -> Supplied:
        rows: list[Utterance] = []
        for intent, count in want.items():
            left = self._left.get(intent, [])
            rows += left[:count]
            del left[:count]
        return Supplied(corpus.to_table(rows))


class NameSource:
    """An intent's own name as one row: what few seeds leave out, the name often says."""

    def __init__(self, recipe: Recipe, names: Mapping[str, str]) -> None:
        self._realiser = PatternRows(recipe, {}, "name")
        self._left = dict(names)

    def more(self, want: Mapping[str, int]) -> Supplied:
        rows: list[Utterance] = []
        for intent in want:
            if name := self._left.pop(intent, None):
                rows += self._realiser.realise(intent, Pattern((name,)), ())
        return Supplied(corpus.to_table(rows))


class TemplateSource:
    """Rows drawn from the grammar, in the order of its keyed permutation."""

    def __init__(self, recipe: Recipe, grammar: Grammar, quota: Mapping[str, int]) -> None:
        self._recipe, self._grammar = recipe, grammar
        self._at = dict.fromkeys(quota, 0)
        self._most = {i: int(count * recipe.generate.budget) for i, count in quota.items()}

    def more(self, want: Mapping[str, int]) -> Supplied:
        tables = []
        for intent, count in want.items():
            if intent not in self._grammar.intents:
                continue
            start = self._at[intent]
            there = grammar_draw.capacity(self._grammar, intent, seed=self._recipe.seed)
            stop = min(start + count, self._most[intent], there)
            if stop > start:
                tables.append(
                    grammar_draw.draw(self._grammar, intent, start, stop, seed=self._recipe.seed)
                )
                self._at[intent] = stop
        return Supplied(corpus.concat(tables))


def realised_seeds(
    own: Iterator[tuple[str, str, Pattern]],
    lists: Mapping[str, ValueList],
    *,
    language: str,
    seed: int,
) -> pa.Table:
    """The scrubbed seeds filled from the same lists as the candidates, so that values give nothing
    away to a discriminator. `own` yields (seed id, intent, pattern)."""
    rows = []
    for at, (seed_id, intent, pattern) in enumerate(own):
        key = keyed.stream(seed, "seeds", intent, seed_id)
        text, slots = patterns.realise(pattern, values.draw(pattern, lists, key, [at])[0])
        rows.append(
            Utterance(
                id=seed_id,
                text=text,
                intent=intent,
                slots=slots,
                pattern=patterns.render(pattern),
                language=language,
                origin="seed",
            )
        )
    return corpus.to_table(rows)
