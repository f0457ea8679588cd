#!/usr/bin/env python3
"""What synthetic dialogues are worth as training data: next acts, belief states, fraud reports.

    scripts/bench_dialogue.py schema --data DIR [--synthetic RUN ...] [--split valid]
    scripts/bench_dialogue.py fraud --data DIR [--synthetic RUN ...]

DIR holds sgd with dialogues.jsonl(.gz) and schema.jsonl(.gz), and bank_fraud with data.jsonl(.gz).
A line is a dialogue: `id`, `services` (sgd) or `tasks` (bank_fraud), `split`, and `turns` of
`speaker`, `text`, `acts`, `slots` (`start`, `end`, `label`) and `active_intent`. SGD
(google-research-datasets/dstc8-schema-guided-dialogue) and STAR (RasaHQ/STAR; its dialogues with
the task `bank_fraud_report`) can be had on GitHub and put into this form. A line of schema is one
of SGD's own. RUN is a run folder of textsynth or a Parquet file of its corpus; a flow belongs to
the service with whose name its own begins, case and signs aside.

schema. An SGD dialogue through several services is cut where the active intent goes to another
one, so that a dialogue has one service. Evaluated is on the `valid` part of services which the
training part has too (--split valid), on `test` in the same manner (for the last check), or on 30 %
of the training part by key (--split held-out), no source dialogue on both sides. Small models,
one of each kind a service, from the training dialogues alone:

- slot model: a CRF (averaged perceptron, textsynth.evaluate.tagging) on the tokens of user turns;
  it sees words, shapes, endings, neighbours, and the acts of the system turn before. Beside it
  logistic regressions, one an act, find AFFIRM, SELECT and INFORM:slot where the slot has no span
  (`dontcare`, categorical slots), from words 1-2 (TF-IDF) of the user turn, the system's acts
  before it, and the categorical slots of which a possible value stands in the turn;
- next-act model: logistic regressions, one an act with its slot, threshold 0.5, and the likeliest
  act where none reaches it. They see words 1-2 (TF-IDF) of the last user turn, the acts of the last
  system turn, and which slots are filled. (With the words of the system turn they do worse.)

The belief state after a user turn, gold and predicted alike, is made from texts, acts and spans:
AFFIRM adds what the last system turn confirmed (or, confirming nothing, offered), SELECT what was
last offered, then come the turn's own spans and spanless INFORMs. A value is the folded text of the
span; without one, the possible value of the schema that stands in the turn (the longest; `two` is
`2`), else the word `informed`. Spans of categorical slots are not used, since SGD has none. System
turns are given. Joint goal accuracy is the share of user turns after which all slots and values
agree. Slot F1 is of spans; act F1 is of acts with slots, micro over turns, with the gold state and
with the predicted one (`own state`), and macro over the acts of each service. The ceiling is as
many real dialogues, the floor the commonest system turn and the empty state.

fraud. A classifier of whole dialogues, STAR's with the one task bank_fraud_report against those of
SGD's Banks services (cut as above): TF-IDF of words 1-2, logistic regression C=10, balanced. Half
of the dialogues, by key, are for training. It reads the user's turns: the system's give the
corpus away, as their column shows. Few real dialogues of each class are drawn again and again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textsynth import corpus, keyed
from textsynth.evaluate import tagging

SERVICES = {
    "valid": "Buses_1,Events_1,Homes_1,Hotels_1,RideSharing_1",
    "test": "Hotels_2,Movies_1,RideSharing_2,Services_1,Travel_1",
    "held-out": "Events_2,Flights_1,Homes_1,Movies_1,Restaurants_1",
}
HELD_OUT = 0.3
INFORMED = "informed"
NUMBERS = {word: str(n) for n, word in enumerate(("one", "two", "three", "four", "five"), 1)}
TOKEN = r"\w+|[^\w\s]"
SYNTHETIC_WEIGHTS = (0.1, 1.0)

Span = tuple[int, int, str]
State = dict[str, str]


@dataclass(frozen=True)
class Turn:
    """One turn; `spans` are (start, end, slot)."""

    speaker: str
    text: str
    acts: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Dialogue:
    """Turns about one service; `source` is the dialogue from which they were cut."""

    source: str
    service: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Said:
    """What a user turn does to the state: AFFIRM, SELECT, spanless INFORM:slot, and spans."""

    acts: frozenset[str]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Service:
    """What is used of a schema: the intents, and the values of the categorical slots."""

    intents: frozenset[str]
    values: dict[str, tuple[str, ...]]


Schemas = dict[str, Service]


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The objects of `name`.jsonl or `name`.jsonl.gz."""
    plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
    if plain.exists():
        text = plain.read_text(encoding="utf-8")
    elif packed.exists():
        text = gzip.decompress(packed.read_bytes()).decode()
    else:
        sys.exit(f"{folder}: there is neither {plain.name} nor {packed.name}")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def read_schemas(folder: Path) -> Schemas:
    return {
        row["service"]: Service(
            frozenset(intent["name"] for intent in row["intents"]),
            {s["name"]: tuple(s["possible_values"]) for s in row["slots"] if s["is_categorical"]},
        )
        for row in lines(folder, "schema")
    }


def turn_of(row: dict[str, Any], schema: Service) -> Turn:
    """A turn of the plain form. Spans of categorical slots are left out."""
    spans = tuple(
        (slot["start"], slot["end"], slot["label"])
        for slot in row.get("slots") or ()
        if slot["label"] not in schema.values
    )
    return Turn(row["speaker"], row["text"], tuple(row.get("acts") or ()), spans)


def pieces(row: dict[str, Any], schemas: Schemas) -> list[Dialogue]:
    """A dialogue of SGD, cut where the active intent goes to another service. None where two of its
    services share an intent's name."""
    owners = [(intent, name) for name in row["services"] for intent in schemas[name].intents]
    owner = dict(owners)
    if len(owner) < len(owners):
        return []
    parts: list[tuple[str, list[Turn]]] = []
    for turn in row["turns"]:
        now = owner.get(turn.get("active_intent") or "")
        if not parts or (now and turn["speaker"] == "user" and now != parts[-1][0]):
            parts.append((now or row["services"][0], []))
        service, turns = parts[-1]
        turns.append(turn_of(turn, schemas[service]))
    return [Dialogue(str(row["id"]), service, tuple(turns)) for service, turns in parts]


def plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def read_corpus(path: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """The dialogues of a run of textsynth in the plain form, each with the name of its flow."""
    file = path / "corpus.parquet" if path.is_dir() else path
    if not file.exists():
        sys.exit(f"{file}: there is no such corpus")
    found: dict[str, list[dict[str, Any]]] = {}
    flows: dict[str, str] = {}
    for row in corpus.utterances(corpus.turns(corpus.read(file))):
        assert row.dialogue_id is not None
        if row.dialogue is not None:
            flows[row.dialogue_id] = row.dialogue.flow
        slots = [{"start": s.start, "end": s.end, "label": s.label} for s in row.slots]
        acts = (row.act or "").split()
        turn = {"speaker": row.speaker, "text": row.text, "acts": acts, "slots": slots}
        found.setdefault(row.dialogue_id, []).append(turn)
    if not found:
        sys.exit(f"{file}: the corpus holds no dialogues")
    return [(flows.get(name, name.rpartition("/")[0]), turns) for name, turns in found.items()]


def synthetic_dialogues(path: Path, schemas: Schemas, services: list[str]) -> list[Dialogue]:
    """The dialogues of a run whose flows are of these services."""
    made = []
    for number, (flow, turns) in enumerate(read_corpus(path)):
        service = next((s for s in services if plain(flow).startswith(plain(s))), None)
        if service is not None:
            own = tuple(turn_of(turn, schemas[service]) for turn in turns)
            made.append(Dialogue(f"synthetic/{number}", service, own))
    lacking = set(services) - {dialogue.service for dialogue in made}
    if len(lacking) == len(services):
        sys.exit(f"{path}: no flow is of {', '.join(services)}; name the flows after services")
    if lacking:
        print(f"{path}: no dialogues of {', '.join(sorted(lacking))}")
    return made


def draw(dialogues: Sequence[Dialogue], count: int, seed: int) -> list[Dialogue]:
    """`count` dialogues chosen by key, spread over the services as evenly as these allow."""
    queues: dict[str, list[Dialogue]] = defaultdict(list)
    names = [f"{dialogue.source} {dialogue.turns[0].text}" for dialogue in dialogues]
    for at in keyed.order(keyed.stream(seed, "bench_dialogue"), names):
        queues[dialogues[at].service].append(dialogues[at])
    places = [(place, name) for name in sorted(queues) for place in range(len(queues[name]))]
    return [queues[name][place] for place, name in sorted(places)[:count]]


def apart(dialogues: Sequence[Dialogue], share: float) -> tuple[list[Dialogue], list[Dialogue]]:
    """The dialogues cut from a share of the sources, chosen by key, and the others."""
    sources = sorted({dialogue.source for dialogue in dialogues})
    order = keyed.order(keyed.stream(0, "bench_dialogue", "apart"), sources)
    chosen = {sources[at] for at in order[: round(share * len(sources))]}
    return (
        [dialogue for dialogue in dialogues if dialogue.source in chosen],
        [dialogue for dialogue in dialogues if dialogue.source not in chosen],
    )


def said(turn: Turn) -> Said:
    """What a user turn does by its annotation."""
    spanned = {f"INFORM:{slot}" for _, _, slot in turn.spans}
    acts = {act for act in turn.acts if act.startswith("INFORM:")} - spanned
    acts |= {act.partition(":")[0] for act in turn.acts} & {"AFFIRM", "SELECT"}
    return Said(frozenset(acts), turn.spans)


def words(text: str) -> str:
    """The words of a text in lower case, a blank before and after each, `two` as `2`."""
    return " ".join(["", *(NUMBERS.get(w, w) for w in re.findall(r"\w+", text.lower())), ""])


def value_of(turn: Turn, slot: str, spans: Iterable[Span], schema: Service) -> str:
    """The folded text of the slot's span, a possible value in the text, or `informed`."""
    for start, end, label in spans:
        if label == slot:
            return corpus.fold(turn.text[start:end])
    text = words(turn.text)
    there = [value for value in schema.values.get(slot, ()) if words(value) in text]
    return max(there, key=len).lower() if there else INFORMED


def states(dialogue: Dialogue, user: Sequence[Said], schema: Service) -> list[State]:
    """The belief state after each user turn, by the rule at the top."""
    state: State = {}
    offered: State = {}
    asked: State = {}
    after, rest = [], iter(user)
    for turn in dialogue.turns:
        if turn.speaker == "user":
            now = next(rest)
            state = dict(state)
            state |= asked if "AFFIRM" in now.acts else {}
            state |= offered if "SELECT" in now.acts else {}
            told = [act.partition(":")[2] for act in sorted(now.acts) if ":" in act]
            for slot in [*told, *(label for _, _, label in now.spans)]:
                state[slot] = value_of(turn, slot, now.spans, schema)
            after.append(state)
        else:
            acted = {
                kind: {
                    act.partition(":")[2]: value_of(turn, act.partition(":")[2], turn.spans, schema)
                    for act in turn.acts
                    if act.startswith(kind)
                }
                for kind in ("OFFER:", "CONFIRM:")
            }
            offered = acted["OFFER:"] or offered
            asked = acted["CONFIRM:"] or acted["OFFER:"]
    return after


def user_turns(dialogue: Dialogue) -> list[tuple[Turn, tuple[str, ...]]]:
    """The user's turns, each with the acts of the system turn before it."""
    before: tuple[str, ...] = ()
    found = []
    for turn in dialogue.turns:
        if turn.speaker == "user":
            found.append((turn, before))
        else:
            before = turn.acts
    return found


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


def next_acts(dialogue: Dialogue) -> list[frozenset[str]]:
    return [frozenset(turn.acts) for turn in dialogue.turns if turn.speaker == "system"]


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
        for act in gold | own:
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


def parts(options: argparse.Namespace, schemas: Schemas) -> tuple[list[Dialogue], list[Dialogue]]:
    """The real dialogues of the services: to train on, and to evaluate on."""
    services = options.services.split(",")
    if unknown := set(services) - set(schemas):
        sys.exit(f"--services: there is no {', '.join(sorted(unknown))} in the schema")
    by_part: dict[str, list[Dialogue]] = defaultdict(list)
    for row in lines(options.data / "sgd", "dialogues"):
        by_part[row["split"]] += [p for p in pieces(row, schemas) if p.service in services]
    train, test = by_part["train"], by_part[options.split]
    if options.split == "held-out":
        test, train = apart(train, HELD_OUT)
    for name, part in (("train", train), (options.split, test)):
        counts = Counter(one.service for one in part)
        print(f"{name}: {len(part)} dialogues; {dict(sorted(counts.items()))}")
        if lacking := set(services) - set(counts):
            sys.exit(f"{options.split}: no dialogues of {', '.join(sorted(lacking))} in {name}")
    return train, test


def schema_command(options: argparse.Namespace) -> None:
    options.services = options.services or SERVICES[options.split]
    schemas = read_schemas(options.data / "sgd")
    train, test = parts(options, schemas)
    services = options.services.split(",")
    synthetic = {
        str(path): synthetic_dialogues(path, schemas, services) for path in options.synthetic
    }
    few = min(options.real, default=0)
    results: dict[str, list[Scores]] = {"floor": [floor(train, test, schemas)]}
    counts = {}
    for seed in range(options.seeds):
        sources = {f"real {n}": draw(train, n, seed) for n in sorted({*options.real, options.n})}
        for name, made in synthetic.items():
            sources[name] = draw(made, options.n, seed)
            sources[f"{name} + real {few}"] = sources[name] + draw(train, few, seed)
        for name, own in sources.items():
            began = time.monotonic()
            results.setdefault(name, []).append(measure(own, test, schemas, seed))
            counts[name] = len(own)
            print(f"seed {seed}, {name}: {time.monotonic() - began:.0f} s", flush=True)
    ceiling = f"real {options.n}"
    show(results, counts, ceiling)
    for name in FIGURES if options.detail else ("joint goal", "act F1"):
        show_services(results, name)
    for name in results if options.detail else synthetic:
        if name not in ("floor", ceiling):
            show_losses(name, results[name], results[ceiling], options.losses)


def show(results: dict[str, list[Scores]], counts: dict[str, int], ceiling: str) -> None:
    print(f"\nmean [lowest, highest] of the seeds in %, and the share of {ceiling}")
    print("  ".join(["dialogues", *(name.ljust(25) for name in FIGURES), "trained on"]))
    tops = {name: np.mean([of(one) for one in results[ceiling]]) for name, of in FIGURES.items()}
    for source, scores in results.items():
        cells = [f"{counts.get(source, 0):9}"]
        for name, of in FIGURES.items():
            own = [100 * of(one) for one in scores]
            spread = f"[{min(own):.1f}, {max(own):.1f}]"
            share = np.mean(own) / tops[name] if tops[name] else 0
            cells.append(f"{np.mean(own):5.1f} {spread:14}{share:4.0f} %")
        print("  ".join([*cells, source]))


def show_services(results: dict[str, list[Scores]], figure: str) -> None:
    services = list(results["floor"][0])
    print(f"\n{figure} by service, %")
    print("  ".join([*(service.rjust(13) for service in services), "trained on"]))
    for source, scores in results.items():
        of = FIGURES[figure]
        each = [100 * np.mean([of({s: one[s]}) for one in scores]) for s in services]
        print("  ".join([*(f"{value:13.1f}" for value in each), source]))


def show_losses(name: str, own: list[Scores], ceiling: list[Scores], most: int) -> None:
    """Where a source does worst beside the ceiling: acts by errors (missed and false) above the
    ceiling's, and slots by the dialogues whose state first goes astray there."""
    costs: Counter[str] = Counter()
    astray: Counter[str] = Counter()
    told = {}
    for service in own[0]:
        sums = []
        for scores in (own, ceiling):
            counts = by_act([pair for one in scores for pair in one[service].acts])
            sums.append({act: count / len(scores) for act, count in counts.items()})
        for act, count in sums[0].items():
            errors = [each[act][1] + each[act][2] - 2 * each[act][0] for each in sums]
            costs[f"{service} {act}"] = round(errors[0] - errors[1])
            told[f"{service} {act}"] = (
                f"F1 {tagging.f1(count):.2f} against {tagging.f1(sums[1][act]):.2f}, "
                f"said {count[2]:.0f} times, predicted {count[1]:.0f}"
            )
        for sign, scores in ((1, own), (-1, ceiling)):
            for one in scores:
                for slot, times in one[service].astray.items():
                    astray[f"{service} {slot}"] += sign * times
    print(f"\n{name}: errors in acts above the ceiling's")
    for act, cost in costs.most_common(most):
        print(f"  {cost:+5}  {act:45} {told[act]}")
    print(f"{name}: dialogues that first go astray in a slot, above the ceiling's")
    for slot, times in astray.most_common(most):
        print(f"  {times / len(own):+5.0f}  {slot}")


Texts = list[Dialogue]
VIEWS: dict[str, Callable[[Dialogue], str]] = {
    "user turns": lambda d: "\n".join(t.text for t in d.turns if t.speaker == "user"),
    "first": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:1]),
    "first 2": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:2]),
    "first 3": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:3]),
    "all turns": lambda d: "\n".join(t.text for t in d.turns),
}


def read_fraud(folder: Path) -> dict[str, Texts]:
    """The real dialogues of the two classes; the test part of SGD is left out."""
    schemas = read_schemas(folder / "sgd")
    nothing = Service(frozenset(), {})
    bank = [
        piece
        for row in lines(folder / "sgd", "dialogues")
        if row["split"] != "test"
        for piece in pieces(row, schemas)
        if piece.service.startswith("Banks_")
    ]
    fraud = [
        Dialogue(str(row["id"]), "fraud", tuple(turn_of(turn, nothing) for turn in row["turns"]))
        for row in lines(folder / "bank_fraud", "data")
        if row["tasks"] == ["bank_fraud_report"]
    ]
    return {"bank": bank, "fraud": fraud}


def synthetic_fraud(path: Path, patterns: dict[str, str], most: int) -> dict[str, Texts]:
    """The dialogues of a run by class, `most` of each; a flow is of the first class whose pattern
    is found in its name."""
    nothing = Service(frozenset(), {})
    made: dict[str, Texts] = {"fraud": [], "bank": []}
    for number, (flow, turns) in enumerate(read_corpus(path)):
        name = next((c for c in made if re.search(patterns[c], flow, re.IGNORECASE)), None)
        if name is not None:
            own = tuple(turn_of(turn, nothing) for turn in turns)
            made[name].append(Dialogue(f"synthetic/{number}", name, own))
    return {name: draw(own, most, 0) for name, own in made.items()}


Weighted = list[tuple[str, Dialogue, float]]


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


def weighted(classes: dict[str, Texts], weight: float = 1.0) -> Weighted:
    return [(name, dialogue, weight) for name, own in classes.items() for dialogue in own]


def fraud_command(options: argparse.Namespace) -> None:
    train: dict[str, Texts] = {}
    test: dict[str, Texts] = {}
    for name, own in read_fraud(options.data).items():
        train[name], test[name] = apart(own, 0.5)
        print(f"{name}: {len(train[name])} to train on, {len(test[name])} to evaluate on")
    patterns = {"fraud": options.fraud_flows, "bank": options.bank_flows}
    made = {str(p): synthetic_fraud(p, patterns, options.most) for p in options.synthetic}
    for path, classes in made.items():
        print(f"{path}: {', '.join(f'{len(own)} {name}' for name, own in classes.items())}")
    few = f"real {options.shots} of each"
    found: dict[str, list[list[float]]] = defaultdict(list)
    for at in range(options.draws):
        drawn = {name: draw(own, options.shots, at) for name, own in train.items()}
        arms = {few: weighted(drawn)}
        for path, classes in made.items():
            for weight in SYNTHETIC_WEIGHTS:
                arms[f"{few} + {path} x {weight:g}"] = weighted(drawn) + weighted(classes, weight)
        if at == 0:
            arms |= {p: weighted(classes) for p, classes in made.items() if all(classes.values())}
            arms["all real"] = weighted(train)
        for arm, rows in arms.items():
            found[arm].append([classified(rows, weighted(test), of) for of in VIEWS.values()])
    show_fraud(found, few)


def show_fraud(found: dict[str, list[list[float]]], few: str) -> None:
    draws = len(found[few])
    print(f"\nmacro-F1 in %, mean of {draws} draws with its standard error, and gain over {few}")
    print("  ".join([*(name.ljust(24) for name in VIEWS), "trained on"]))
    base = np.array(found[few])
    for arm, rows in found.items():
        values = np.array(rows)
        cells = [told(column) for column in values.T]
        if arm != few and len(values) == draws:
            gains = (told(column, "+") for column in (values - base).T)
            cells = [f"{cell}, {gain}" for cell, gain in zip(cells, gains, strict=True)]
        print("  ".join([*(cell.ljust(24) for cell in cells), arm]))


def told(values: np.ndarray, sign: str = "") -> str:
    """The mean in % with its standard error, where there is more than one value."""
    mean = f"{100 * values.mean():{sign}.1f}"
    count = len(values)
    return f"{mean} ± {100 * values.std(ddof=1) / count**0.5:.1f}" if count > 1 else mean


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    schema = commands.add_parser("schema", help="next acts and belief states of five SGD services")
    schema.set_defaults(run=schema_command)
    schema.add_argument("--services", help="comma-separated; five by --split are usual")
    schema.add_argument("--split", choices=sorted(SERVICES), default="valid")
    schema.add_argument("--dialogues", dest="n", type=int, default=500, help="of each source")
    schema.add_argument("--real", type=int, nargs="*", default=[20, 50], help="fewer real ones too")
    schema.add_argument("--seeds", type=int, default=3, help="draws of training dialogues")
    schema.add_argument("--losses", type=int, default=15, help="rows of the lists of errors")
    schema.add_argument("--detail", action="store_true", help="all figures and sources in detail")
    fraud = commands.add_parser("fraud", help="fraud reports against other banking dialogues")
    fraud.set_defaults(run=fraud_command)
    fraud.add_argument("--shots", type=int, default=10, help="real dialogues of each class")
    fraud.add_argument("--draws", type=int, default=20, help="of these dialogues")
    fraud.add_argument("--most", type=int, default=500, help="synthetic dialogues a class")
    fraud.add_argument("--fraud-flows", default="fraud", help="regular expression")
    fraud.add_argument("--bank-flows", default="bank|balance|transfer", help="regular expression")
    for command in (schema, fraud):
        command.add_argument("--data", type=Path, required=True, help="folder of evaluation sets")
        command.add_argument("--synthetic", type=Path, nargs="*", default=[], help="runs, corpora")
    options = parser.parse_args(arguments)
    options.run(options)


if __name__ == "__main__":
    main()
