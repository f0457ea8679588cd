"""Where candidates come from: seed patterns, templates and the language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from textsynth import corpus, keyed, models, patterns, values
from textsynth.corpus import Utterance
from textsynth.filters import FindLeaks
from textsynth.grammar import draw as grammar_draw
from textsynth.grammar.grammar import Grammar
from textsynth.lm import finetune, generate, prompts, vocabulary
from textsynth.patterns import Pattern
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run
from textsynth.values import ValueList

# Rows that a prompt is taken to give until its intent has shown its yield.
FIRST_WAVE = 24
COMPLETIONS = "model/completions.jsonl"


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
                generation=1,
                parents=tuple(parents),
            )
    return list(made.values())


class PatternRows:
    """Realises patterns, each to at most `per_pattern` rows, as they are added."""

    def __init__(self, recipe: Recipe, lists: Mapping[str, ValueList], origin: str) -> None:
        self._recipe, self._lists, self._origin = recipe, lists, origin

    def realise(self, intent: str, pattern: Pattern, parents: Sequence[str]) -> list[Utterance]:
        """All the rows that this pattern may give."""
        count = self._recipe.generate.per_pattern if pattern.slots else 1
        return realise_rows(
            intent,
            pattern,
            range(count),
            origin=self._origin,
            parents=parents,
            language=self._recipe.language,
            lists=self._lists,
            seed=self._recipe.seed,
        )


class SeedSource:
    """The seed patterns themselves; exported only where the recipe's share names them."""

    def __init__(
        self,
        recipe: Recipe,
        own: Mapping[str, Mapping[str, list[str]]],
        lists: Mapping[str, ValueList],
    ) -> None:
        realiser = PatternRows(recipe, lists, "seed")
        self._left = {
            intent: [
                row
                for written, ids in by_pattern.items()
                for row in realiser.realise(intent, patterns.parse(written), ids)
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


class ModelSource:
    """Patterns that the fine-tuned model invents, realised. Completions are stored as they come, so
    a run that was killed goes on from them."""

    def __init__(
        self,
        recipe: Recipe,
        own: Mapping[str, Mapping[str, list[str]]],
        *,
        allowed: Mapping[str, set[str]],
        lists: Mapping[str, ValueList],
        quota: Mapping[str, int],
        run: Run,
        leaks: FindLeaks,
        progress: Progress,
    ) -> None:
        self._recipe, self._own, self._allowed, self._lists = recipe, own, allowed, lists
        self._run, self._leaks, self._progress = run, leaks, progress
        self._realiser = PatternRows(recipe, lists, "model")
        self._stored = {int(line["key"]): line["texts"] for line in run.lines(COMPLETIONS)}
        self._known = {i: {corpus.fold(p): p for p in by} for i, by in own.items()}
        self._seen: dict[str, set[str]] = {intent: set() for intent in own}
        self._prompts = dict.fromkeys(own, 0)
        self._lines = dict.fromkeys(own, 0)
        self._rows = dict.fromkeys(own, 0)
        self._spent = dict.fromkeys(own, 0)
        self._most = {i: int(count * recipe.generate.budget) for i, count in quota.items()}
        self._batches = 0
        self._loaded: tuple[Any, vocabulary.Vocabulary] | None = None
        self.losses: list[float] = []
        self.patterns: list[tuple[str, str]] = []

    def more(self, want: Mapping[str, int]) -> Supplied:
        target = {i: n for i, n in want.items() if n > 0 and i in self._own}
        rows: list[Utterance] = []
        rejects: list[Reject] = []
        got = dict.fromkeys(target, 0)
        total = sum(target.values())
        with self._progress.bar("inventing patterns", total) as advance:
            while wave := self._wave(target, got):
                for at in range(0, len(wave), generate.BATCH):
                    batch = wave[at : at + generate.BATCH]
                    for prompt, text in zip(batch, self._complete(batch), strict=True):
                        new, bad = self._read(prompt, text)
                        rows += new
                        rejects += bad
                        counted = min(len(new), max(0, target[prompt.intent] - got[prompt.intent]))
                        got[prompt.intent] += len(new)
                        advance(counted, f"{len(self.patterns)} patterns")
        return Supplied(corpus.to_table(rows), rejects)

    def _wave(self, target: Mapping[str, int], got: Mapping[str, int]) -> list[prompts.Prompt]:
        """The next prompts: as many as the yield so far suggests, for intents that want more."""
        wave: list[prompts.Prompt] = []
        for intent, count in target.items():
            missing = count - got[intent]
            if missing <= 0 or self._spent[intent] >= self._most[intent]:
                continue
            asked = self._prompts[intent]
            rows_a_prompt = max(0.5, self._rows[intent] / asked) if asked else FIRST_WAVE
            number = max(1, min(round(missing / rows_a_prompt), 2 * asked or 16))
            own = list(self._own[intent])
            wave += generate.make_prompts(intent, own, number, first=asked, seed=self._recipe.seed)
            self._prompts[intent] += number
        return wave

    def _complete(self, batch: Sequence[prompts.Prompt]) -> list[str]:
        contents = [prompts.render(p.intent, p.patterns, closed=False) for p in batch]
        self._batches += 1
        key = keyed.stream(self._recipe.seed, "completion", self._batches, *contents)
        if key not in self._stored:
            settings = self._recipe.generate
            model, vocabulary_ = self._model()
            texts = generate.sample(
                model,
                vocabulary_,
                batch,
                sampling=generate.Sampling(settings.temperature, settings.top_p),
                key=key,
            )
            texts = [self._masked(text) for text in texts]
            self._run.append(COMPLETIONS, [{"key": str(key), "texts": texts}])
            self._stored[key] = texts
        return list(self._stored[key])

    def _masked(self, text: str) -> str:
        """A completion without the lines that would give a removed value away: they are never
        written to the disk."""
        lines = text.split("\n")
        leaking = self._leaks([line.removeprefix("-").strip() for line in lines])
        return "\n".join(
            f"- {generate.MASK}" if found else line
            for line, found in zip(lines, leaking, strict=True)
        )

    def _read(self, prompt: prompts.Prompt, text: str) -> tuple[list[Utterance], list[Reject]]:
        intent = prompt.intent
        rows: list[Utterance] = []
        rejects: list[Reject] = []
        judged = generate.judge(
            intent, text, labels=self._allowed.get(intent, ()), known=self._known[intent]
        )
        for line in judged:
            folded = corpus.fold(line.text)
            reason = line.reason or ("pattern_repeat" if folded in self._seen[intent] else None)
            if reason is not None:
                rejects.append(Reject(intent, "model", line.text, reason))
                self._spent[intent] += 1
                continue
            self._seen[intent].add(folded)
            parents = [i for shown in prompt.patterns for i in self._own[intent][shown]]
            made = self._realiser.realise(intent, patterns.parse(line.text), parents)
            rows += made
            self._rows[intent] += len(made)
            self._spent[intent] += len(made)
            self.patterns.append((intent, line.text))
        return rows, rejects

    def _model(self) -> tuple[Any, vocabulary.Vocabulary]:
        if self._loaded is None:
            self._loaded = self._finetuned()
        return self._loaded

    def _finetuned(self) -> tuple[Any, vocabulary.Vocabulary]:
        settings = self._recipe.model
        assert settings is not None
        source = models.language_model_source(settings.base)
        self._progress.note(f"base model {source.name} under its terms: {source.terms}")
        with self._progress.bar("loading the base model (converted on first use)", None):
            model, tokenizer = models.load_language_model(source)
        before = sum(weight.numel() for weight in model.parameters())
        texts = [prompts.render(i, list(by), closed=True) for i, by in self._own.items()]
        vocabulary_ = vocabulary.trim(model, tokenizer, texts)
        after = sum(weight.numel() for weight in model.parameters())
        self._progress.note(
            f"vocabulary trimmed: {before / 1e6:.0f}M weights to {after / 1e6:.0f}M"
        )
        adapter = self._run.path("model", "adapter")
        if (adapter / "adapter_model.safetensors").is_file():
            from peft import PeftModel

            self._progress.note("the adapter of the earlier run is used")
            tuned = PeftModel.from_pretrained(model, str(adapter))
        else:
            tuned = self._train(model, vocabulary_)
        return tuned.merge_and_unload(), vocabulary_

    def _train(self, model: Any, vocabulary_: vocabulary.Vocabulary) -> Any:
        settings = self._recipe.model
        assert settings is not None
        with self._progress.bar("fine-tuning", None) as advance:

            def say(done: int, total: int, loss: float) -> None:
                advance(1, f"step {done}/{total}, loss {loss:.2f}")

            tuned, self.losses = finetune.finetune(
                model,
                vocabulary_,
                {intent: list(by) for intent, by in self._own.items()},
                settings=finetune.Settings(settings.epochs, settings.learning_rate, settings.rank),
                seed=self._recipe.seed,
                progress=say,
            )
        temporary = self._run.path("model", ".adapter.tmp")
        tuned.save_pretrained(temporary, save_embedding_layers=False)
        (temporary / "README.md").unlink(missing_ok=True)
        temporary.rename(self._run.path("model", "adapter"))
        rows = ({"step": i + 1, "loss": loss} for i, loss in enumerate(self.losses))
        self._run.append("model/training.jsonl", rows)
        return tuned


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
