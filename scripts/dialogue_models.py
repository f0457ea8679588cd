"""Models for scripts/bench_dialogue.py, all small, and what they find.

Of each service, from the training dialogues alone:

- slot model: a CRF (averaged perceptron, textsynth.evaluate.tagging) on the tokens of user turns;
  it sees words, shapes, endings, neighbours, and the acts of the system turn before. Beside it
  logistic regressions, one an act, find AFFIRM, SELECT and INFORM:slot where the slot has no span
  (`dontcare`, categorical slots), from words 1-2 (TF-IDF) of the user turn, the system's acts
  before it, and the categorical slots of which a possible value stands in the turn;
- next-act model: logistic regressions, one an act with its slot, threshold 0.5, and the likeliest
  act where none reaches it. They see words 1-2 (TF-IDF) of the last user turn, the acts of the last
  system turn, and which slots are filled. (With the words of the system turn they do worse.)

The classifier of whole dialogues: TF-IDF of words 1-2, logistic regression C=10, balanced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dialogue_data import (
    INFORMED,
    Dialogue,
    Said,
    Schemas,
    Service,
    Span,
    State,
    Texts,
    Turn,
    next_acts,
    said,
    states,
    user_turns,
    value_of,
)

from textsynth.evaluate import tagging

TOKEN = r"\w+|[^\w\s]"
Row = tuple[str, list[str]]


class Labels:
    """Logistic regressions, one a label, C=30, on rows of a text (TF-IDF of words 1-2) and signs
    (each there or not)."""

    def __init__(self, rows: list[Row], labels: list[frozenset[str]], *, some: bool = False):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.some = some
        spoken = any(text.strip() for text, _ in rows)
        self.known = sorted(set().union(*labels)) if spoken else []
        if not self.known:
            return
        self.words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=TOKEN)
        self.words.fit([text for text, _ in rows])
        self.signs = {
            sign: at for at, sign in enumerate(sorted({s for _, own in rows for s in own}))
        }
        seen = self._seen(rows)
        self.weights = np.zeros((seen.shape[1], len(self.known)))
        self.bias = np.full(len(self.known), np.inf)  # a label that every row has
        for at, label in enumerate(self.known):
            has = np.array([label in own for own in labels])
            if not has.all():
                model = LogisticRegression(C=30, solver="liblinear").fit(seen, has)
                self.weights[:, at], self.bias[at] = model.coef_[0], model.intercept_[0]

    def _seen(self, rows: list[Row]) -> Any:
        from scipy.sparse import csr_matrix, hstack

        signs = np.zeros((len(rows), len(self.signs)))
        for at, (_, own) in enumerate(rows):
            signs[at, [self.signs[sign] for sign in own if sign in self.signs]] = 1
        return hstack([self.words.transform([text for text, _ in rows]), csr_matrix(signs)]).tocsr()

    def __call__(self, rows: list[Row]) -> list[frozenset[str]]:
        """The labels of each row; with `some`, one at least."""
        if not self.known or not rows:
            return [frozenset()] * len(rows)
        odds = self._seen(rows) @ self.weights + self.bias
        chosen = odds >= 0
        if self.some:
            chosen[np.arange(len(rows)), odds.argmax(axis=1)] = True
        return [frozenset(self.known[n] for n in np.flatnonzero(row)) for row in chosen]


class Understanding:
    """The slot model of one service: a CRF for spans, `Labels` for what has none."""

    def __init__(self, dialogues: Sequence[Dialogue], schema: Service, seed: int) -> None:
        self.schema = schema
        turns = [one for dialogue in dialogues for one in user_turns(dialogue)]
        self.acts = Labels(
            [self._row(turn, acts) for turn, acts in turns],
            [said(turn).acts for turn, _ in turns],
        )
        self.tag = tagging.train(
            (
                (self._tokens(turn, acts), tagging.sentence(turn.text, turn.spans)[1])
                for turn, acts in turns
            ),
            seed,
        )

    def _row(self, turn: Turn, acts: Sequence[str]) -> Row:
        named = [s for s in self.schema.values if value_of(turn, s, (), self.schema) != INFORMED]
        return turn.text, [*acts, *(f"value of {slot}" for slot in named)]

    @staticmethod
    def _tokens(turn: Turn, acts: Sequence[str]) -> list[list[str]]:
        words, _ = tagging.sentence(turn.text, ())
        return [[*seen, *(f"system={act}" for act in acts)] for seen in tagging.features(words)]

    def __call__(self, dialogue: Dialogue) -> list[Said]:
        turns = user_turns(dialogue)
        acts = self.acts([self._row(turn, acts) for turn, acts in turns])
        tags = self.tag([self._tokens(*one) for one in turns])
        return [
            Said(own, spans_of(turn.text, found))
            for (turn, _), own, found in zip(turns, acts, tags, strict=True)
        ]


def spans_of(text: str, tags: list[str]) -> tuple[Span, ...]:
    """The spans of IOB2 tags; an I- that continues nothing begins a span."""
    spans: list[Span] = []
    last = "O"
    for (start, end), tag in zip(tagging.tokens(text), tags, strict=True):
        if tag != "O":
            if tag[0] == "I" and last[1:] == tag[1:]:
                start = spans.pop()[0]
            spans.append((start, end, tag[2:]))
        last = tag
    return tuple(spans)


class NextAct:
    """The next-act model of one service."""

    def __init__(self, dialogues: Sequence[Dialogue], schema: Service) -> None:
        rows, gold = [], []
        for dialogue in dialogues:
            filled = states(dialogue, [said(turn) for turn, _ in user_turns(dialogue)], schema)
            rows += self.rows(dialogue, filled)
            gold += next_acts(dialogue)
        self.labels = Labels(rows, gold, some=True)

    @staticmethod
    def rows(dialogue: Dialogue, filled: Sequence[State]) -> list[Row]:
        """What is seen before each system turn, with these states after the user's turns."""
        found: list[Row] = []
        text, acts = "", tuple[str, ...]()
        state, rest = State(), iter(filled)
        for turn in dialogue.turns:
            if turn.speaker == "user":
                text, state = turn.text, next(rest)
            else:
                found.append((text, [*acts, *(f"filled {slot}" for slot in state)]))
                acts = turn.acts
        return found

    def __call__(self, dialogue: Dialogue, filled: Sequence[State]) -> list[frozenset[str]]:
        return self.labels(self.rows(dialogue, filled))


Found = list[tuple[frozenset[Any], frozenset[Any]]]


@dataclass
class Score:
    """What a source's models found on the evaluation part of one service, with one seed. Pairs are
    (gold, found)."""

    goals: list[bool] = field(default_factory=list)
    spans: Found = field(default_factory=list)
    acts: Found = field(default_factory=list)
    own_acts: Found = field(default_factory=list)
    astray: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.goals + other.goals,
            self.spans + other.spans,
            self.acts + other.acts,
            self.own_acts + other.own_acts,
            self.astray + other.astray,
        )


def f1(found: Found) -> float:
    counts = [(len(gold & own), len(own), len(gold)) for gold, own in found]
    return float(tagging.f1(np.array(counts, np.int64).reshape(-1, 3).sum(axis=0)))


def by_act(found: Found) -> dict[str, np.ndarray]:
    """Of each act of the gold the counts (right, found, there)."""
    counts: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3, np.int64))
    for gold, own in found:
        for act in sorted(gold | own):
            counts[act] += (act in gold & own, act in own, act in gold)
    return {act: count for act, count in counts.items() if count[2]}


def score(dialogues: Sequence[Dialogue], understand: Any, act: Any, schema: Service) -> Score:
    """`understand` and `act` as the two models are called."""
    result = Score()
    for dialogue in dialogues:
        gold = [said(turn) for turn, _ in user_turns(dialogue)]
        found = understand(dialogue)
        right, own = states(dialogue, gold, schema), states(dialogue, found, schema)
        agree = [one == other for one, other in zip(right, own, strict=True)]
        result.goals += agree
        if not all(agree):
            at = agree.index(False)
            result.astray.update(differences(right[at], own[at]))
        result.spans += [
            (frozenset(a.spans), frozenset(b.spans)) for a, b in zip(gold, found, strict=True)
        ]
        acts = next_acts(dialogue)
        result.acts += zip(acts, act(dialogue, right), strict=True)
        result.own_acts += zip(acts, act(dialogue, own), strict=True)
    return result


def differences(gold: State, own: State) -> list[str]:
    """The slots in which two states differ, and how."""
    return [
        f"{slot} {'missing' if slot not in own else 'extra' if slot not in gold else 'other value'}"
        for slot in sorted(gold.keys() | own.keys())
        if gold.get(slot) != own.get(slot)
    ]


Scores = dict[str, Score]


def measure(
    train: Sequence[Dialogue], test: Sequence[Dialogue], schemas: Schemas, seed: int
) -> Scores:
    """By service, what the models of these training dialogues find."""
    scores = {}
    for name in sorted({dialogue.service for dialogue in test}):
        own = [dialogue for dialogue in train if dialogue.service == name]
        models = Understanding(own, schemas[name], seed), NextAct(own, schemas[name])
        there = [dialogue for dialogue in test if dialogue.service == name]
        scores[name] = score(there, *models, schemas[name])
    return scores


def floor(train: Sequence[Dialogue], test: Sequence[Dialogue], schemas: Schemas) -> Scores:
    """The empty state, and the commonest acts of a system turn."""
    scores = {}
    for name in sorted({dialogue.service for dialogue in test}):
        own = Counter(acts for d in train if d.service == name for acts in next_acts(d))
        (common, _), *_ = own.most_common(1)
        there = [dialogue for dialogue in test if dialogue.service == name]
        scores[name] = score(
            there,
            lambda dialogue: [Said(frozenset(), ())] * len(user_turns(dialogue)),
            lambda dialogue, _, common=common: [common] * len(next_acts(dialogue)),
            schemas[name],
        )
    return scores


def macro(scores: Scores) -> float:
    """Mean over services of the mean over their acts."""
    each = [
        np.mean([tagging.f1(count) for count in by_act(one.acts).values()])
        for one in scores.values()
    ]
    return float(np.mean(each))


def total(scores: Scores) -> Score:
    return sum(scores.values(), Score())


FIGURES: dict[str, Callable[[Scores], float]] = {
    "joint goal": lambda scores: float(np.mean(total(scores).goals)),
    "slot F1": lambda scores: f1(total(scores).spans),
    "act F1": lambda scores: f1(total(scores).acts),
    "own state": lambda scores: f1(total(scores).own_acts),
    "macro": macro,
}
Weighted = list[tuple[str, Dialogue, float]]


def weighted(classes: dict[str, Texts], weight: float = 1.0) -> Weighted:
    return [(name, dialogue, weight) for name, own in classes.items() for dialogue in own]


def classified(train: Weighted, test: Weighted, view: Callable[[Dialogue], str]) -> float:
    """Macro-F1 of the two classes."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    grams = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=TOKEN)
    seen = grams.fit_transform([view(dialogue) for _, dialogue, _ in train])
    model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
    model.fit(seen, [name for name, _, _ in train], [weight for _, _, weight in train])
    found = model.predict(grams.transform([view(dialogue) for _, dialogue, _ in test]))
    return float(f1_score([name for name, _, _ in test], found, average="macro"))
