"""What the language model adds to the words of flows: patterns for what users say, place by place.

A place is what a user does after what the system said, such as the answer to "Which card is it?".
Its name, which the model reads as it reads the name of an intent, holds that question, and its list
begins with the patterns of the flow; so what is written is conditioned on the turn before.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from textsynth import corpus, filters, patterns
from textsynth.dialogue.flow import Flow
from textsynth.dialogue.flowfile import phrases
from textsynth.dialogue.words import Words
from textsynth.lm import generate
from textsynth.lm.decode import Completion
from textsynth.pipeline.completions import Completions
from textsynth.pipeline.learning import FEWEST
from textsynth.pipeline.ledger import Ledger
from textsynth.progress import Progress
from textsynth.recipe import Recipe

PROMPTS = 2  # of a place, at a time
WAVES = 3  # times that more is asked for where too few patterns fit
SPARE = 2  # patterns that fit, for each one wanted, from which the best are taken
NEAREST = 3  # patterns that say how like a place a new one is, and whose majority is of which place
LEAST_LIKE = 0.6  # mean cosine to the nearest of its place; below it hardly any is an answer


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A place of a flow: the pool that its patterns enter, its name for the model, the patterns it
    has, and the sets of slots that a pattern there may speak of."""

    flow: str
    pool: str
    name: str
    own: tuple[str, ...]

    @property
    def labels(self) -> set[str]:
        """The slots that some pattern of it has."""
        return {slot.label for text in self.own for slot in patterns.parse(text).slots}


def places(flows: Mapping[str, Flow], words: Mapping[str, Words]) -> list[Place]:
    """The places of flows that have enough patterns for a model to learn from."""
    return [
        Place(name, pool, title, own)
        for name, flow in flows.items()
        for pool, title, own in _places(flow, words[name])
        if len(own) >= FEWEST
    ]


def _places(flow: Flow, words: Words) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    def said(pool: str) -> tuple[str, ...]:
        found = words.pools.get(pool)
        return tuple(t.pattern for t in found.templates) if found else ()

    before = {
        target: name for name, state in flow.states.items() for _, target, _ in state.targets()
    }
    for slot in flow.slots:
        asked = next(iter(said(f"ask:{slot}")), slot)
        alone = words.pool("answer").exact(frozenset({slot}))
        yield "answer", f"{flow.name}: answer to {asked}", tuple(t.pattern for t in alone)
        for kind in ("correct", "refuse", "unknown"):
            yield f"{kind}:{slot}", f"{flow.name}: {kind} {slot}", said(f"{kind}:{slot}")
    for name, state in flow.states.items():
        asked = next(iter(said(f"state:{name}")), name)
        for answer in ("yes", "no"):
            pool = f"{answer}:{name}"
            yield pool, f"{flow.name}: {answer} to {asked}", said(pool)
        if state.kind == "listen":
            asked = next(iter(said(f"state:{before.get(name, name)}")), name)
            yield f"state:{name}", f"{flow.name}: answer to {asked}", said(f"state:{name}")
    for about in flow.asides:
        pool = f"aside:{about}:asks"
        yield pool, f"{flow.name}: ask about {about}", said(pool)


def invent(
    recipe: Recipe,
    found: Sequence[Place],
    completions: Completions,
    context: filters.Context,
    ledger: Ledger,
    progress: Progress,
) -> dict[str, dict[str, list[str]]]:
    """Up to `dialogues.invent` new patterns of each place, by flow and pool.

    Rejected are, besides what `lm.generate.judge` rejects:

    - `wrong_slots`: slots that no pattern of the place has together;
    - `denial`: it denies, with a word that no pattern of the place has;
    - `repetition`: a word twice in a row;
    - `out_of_place`: nearer to another place of the flow, or to none;
    - `surplus`: of those that fit, the ones are taken that the model finds likeliest and that are
      most like their place and least like others, by the sum of both ranks.
    """
    assert recipe.dialogues is not None
    wanted = recipe.dialogues.invent
    fitting: dict[Place, dict[str, float]] = {place: {} for place in found}
    seen = {place: {corpus.fold(text) for text in place.own} for place in found}
    likely: dict[tuple[Place, str], float] = {}
    rejects: Counter[str] = Counter()
    common = phrases(recipe.language)
    denying = frozenset(common.negative if common else ())
    progress.step("dialogue words", f"{wanted} patterns for each of {len(found)} places")
    for wave in range(WAVES):
        short = [place for place in found if len(fitting[place]) < SPARE * wanted]
        prompts = [
            prompt
            for place in short
            for prompt in generate.make_prompts(
                place.name,
                list(place.own),
                PROMPTS,
                first=wave * PROMPTS,
                seed=recipe.seed,
                language=recipe.language,
            )
        ]
        with progress.bar("inventing what users say", len(prompts) * generate.COPIES) as advance:
            written = completions.of(prompts, lambda more, add=advance: add(more, ""))  # type: ignore[misc]
        fresh: dict[Place, list[str]] = {place: [] for place in short}
        for at, copies in enumerate(written):
            place = short[at // PROMPTS]
            for completion in copies:
                for line in _judged(place, completion, denying):
                    folded = corpus.fold(line.text)
                    reason = line.reason or ("pattern_repeat" if folded in seen[place] else None)
                    if reason is None:
                        fresh[place].append(line.text)
                        likely[place, line.text] = line.score or 0.0
                        seen[place].add(folded)
                    else:
                        rejects[reason] += 1
        for place, fits in _in_place(found, fresh, context).items():
            rejects["out_of_place"] += len(fresh[place]) - len(fits)
            fitting[place] |= fits
    taken = {
        place: _best(fits, {text: likely[place, text] for text in fits}, wanted)
        for place, fits in fitting.items()
    }
    rejects["surplus"] = sum(map(len, fitting.values())) - sum(map(len, taken.values()))
    kept = sum(map(len, taken.values()))
    rejects = +rejects
    ledger.add("dialogue words", kept + rejects.total(), kept, rejects)
    told = ", ".join(f"{n} {reason}" for reason, n in rejects.most_common())
    progress.note(f"{kept:,} patterns" + (f"; rejected: {told}" if told else ""))
    invented: dict[str, dict[str, list[str]]] = {}
    for place, lines in taken.items():
        if lines:
            invented.setdefault(place.flow, {}).setdefault(place.pool, []).extend(lines)
    return invented


def _best(fits: Mapping[str, float], likely: Mapping[str, float], count: int) -> list[str]:
    """The texts whose ranks by both measures together are best."""
    ranks: Counter[str] = Counter()
    for measure in (fits, likely):
        for rank, value in enumerate(sorted(set(measure.values()), reverse=True)):
            ranks.update({text: rank for text in measure if measure[text] == value})
    return sorted(fits, key=lambda text: (ranks[text], text))[:count]


def _judged(
    place: Place, completion: Completion, denying: frozenset[str]
) -> Iterator[generate.Judged]:
    sets = {frozenset(s.label for s in patterns.parse(own).slots) for own in place.own}
    denied = denying - {word for own in place.own for word in _words(own)}
    for line in generate.judge(
        place.name,
        completion,
        labels=place.labels,
        known={corpus.fold(own): own for own in place.own},
        limits=generate.slot_limits(place.own),
    ):
        if line.reason is None:
            slots = frozenset(slot.label for slot in patterns.parse(line.text).slots)
            said = _words(line.text)
            if slots not in sets:
                line = dataclasses.replace(line, reason="wrong_slots")
            elif denied & set(said):
                line = dataclasses.replace(line, reason="denial")
            elif any(first == second for first, second in pairwise(said)):
                line = dataclasses.replace(line, reason="repetition")
        yield line


def _words(pattern: str) -> list[str]:
    return re.findall(r"[\w']+", _spoken(pattern).lower())


def _in_place(
    found: Sequence[Place], fresh: Mapping[Place, Sequence[str]], context: filters.Context
) -> dict[Place, dict[str, float]]:
    """New patterns that are answers where they stand, with how much better they suit their place
    than any other of the flow: most of the patterns nearest to them are of their place, and those
    of it are near."""
    kept: dict[Place, dict[str, float]] = {place: {} for place in fresh}
    for flow in dict.fromkeys(place.flow for place in fresh):
        own = [(p, text) for p in found if p.flow == flow for text in p.own]
        new = [(p, text) for p, lines in fresh.items() if p.flow == flow for text in lines]
        if not new:
            continue
        vectors = np.asarray(context.embed([_spoken(text) for _, text in [*own, *new]]))
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
        likeness = vectors[len(own) :] @ vectors[: len(own)].T
        for row, (place, text) in zip(likeness, new, strict=True):
            ranked = np.argsort(-row, kind="stable")[:NEAREST]
            votes = Counter(own[at][0] for at in ranked)
            mine = np.array([other == place for other, _ in own])
            inside = float(np.sort(row[mine])[-NEAREST:].mean())
            outside = float(row[~mine].max(initial=0.0))
            if votes[place] >= min(2, len(ranked)) and inside >= LEAST_LIKE:
                kept[place][text] = inside + float(row[mine].max()) - outside
    return kept


def _spoken(pattern: str) -> str:
    """A pattern with its slots as words."""
    return "".join(
        part if isinstance(part, str) else part.label.replace("_", " ")
        for part in patterns.parse(pattern).parts
    )


def openings(flows: Mapping[str, Flow], singles: pa.Table) -> dict[str, dict[str, list[str]]]:
    """The patterns that a model wrote for the intents that open flows, of rows that were chosen."""
    by_intent: dict[str, dict[str, None]] = {}
    columns = (corpus.column(singles, name) for name in ("intent", "pattern", "origin"))
    for intent, pattern, origin in zip(*columns, strict=True):
        if origin == "model" and pattern:
            by_intent.setdefault(intent, {})[pattern] = None
    return {
        name: {f"intent:{intent}": list(by_intent[intent]) for intent in own}
        for name, flow in flows.items()
        if (own := [intent for intent in flow.intents if intent in by_intent])
    }


def joined(*found: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, list[str]]]:
    """Invented patterns together."""
    both: dict[str, dict[str, list[str]]] = {}
    for invented in found:
        for flow, pools in invented.items():
            for pool, lines in pools.items():
                both.setdefault(flow, {}).setdefault(pool, []).extend(lines)
    return both
