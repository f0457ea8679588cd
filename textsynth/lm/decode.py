"""Sampling with continuous batching: completions that are done leave, new prompts enter.

Each prompt is computed once and continued several times; every token that a step computes belongs
to a completion that still grows. What is drawn for a completion depends on its key and on how far
it is, not on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textsynth import keyed
from textsynth.lm import constrain
from textsynth.lm.ragged import Lanes, Packed, ragged
from textsynth.lm.vocabulary import Vocabulary

LIVE = 192
# Tokens of prompts that are kept: fewer prompts at once where they are long.
PROMPTS = 40_000
TOP_K = 64
# Of the length of a line, so that long ones are not taken for bad ones (Wu et al. 2016).
LENGTH_PENALTY = 0.5


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn.

    Attributes:
        temperature, top_p: the nucleus (Holtzman et al. 2020) of the tempered distribution, sought
            among the 64 likeliest tokens.
        opening_penalty: what is taken off the logit of a line's first token for each earlier line
            of the completion that began with it.
        lines: a completion ends with its last line.
        tokens: it ends with the line under way once it has so many tokens; a line that is still not
            whole a third later is cut off.
    """

    temperature: float = 0.9
    top_p: float = 0.95
    opening_penalty: float = 0.5
    lines: int = 8
    tokens: int = 72

    @property
    def most(self) -> int:
        """Tokens that a completion can have."""
        return self.tokens + max(16, self.tokens // 3)


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt, and how many completions of it are wanted.

    Attributes:
        key: of its random stream.
        rows: its tokens, as rows of the vocabulary.
        copies: numbers of the completions wanted; each has a stream of its own.
        labels: slots that they may have.
    """

    key: int
    rows: list[int]
    copies: tuple[int, ...]
    labels: Collection[str]


@dataclass(frozen=True, slots=True)
class Completion:
    """What was written after a prompt.

    Attributes:
        scores: of each line the log-likelihood in nats under the model itself (untempered, slots
            and penalties aside), its line break included, divided by the square root of its count
            of tokens; the higher, the likelier. Empty where they are not known.
    """

    text: str
    scores: tuple[float, ...] = ()


@dataclass(slots=True)
class _Growing:
    """A completion under way."""

    request: int
    copy: int
    lane: tuple[int, int]
    counter: int
    guard: constrain.Guard
    rows: list[int] = field(default_factory=list)
    open: str | None = None
    openings: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)  # of the lines that are whole
    begun: tuple[float, int] = (0.0, 0)  # nats and tokens of the line under way
    fresh: bool = True  # the next token opens a line


class Speaker:
    """A model made ready to sample: its weights, and each token as a piece of text."""

    def __init__(self, model: Any, vocabulary: Vocabulary) -> None:
        self.model, self.vocabulary = model, vocabulary
        self.pieces = pieces_of(vocabulary)
        self.special = constrain.special(self.pieces)
        end = vocabulary.row(vocabulary.tokenizer.eos_token_id)
        # a list goes on until the last line that is wanted
        self.never = [row for row, piece in enumerate(self.pieces) if piece.count("\n") > 1]
        self.never += [] if end is None else [end]
        self._guards: dict[frozenset[str], constrain.Guard] = {}

    def guard(self, labels: Collection[str]) -> constrain.Guard:
        """The guard of a set of labels."""
        wanted = frozenset(labels)
        if wanted not in self._guards:
            self._guards[wanted] = constrain.Guard(self.pieces, wanted)
        return self._guards[wanted]


def pieces_of(vocabulary: Vocabulary) -> list[str]:
    """The text that each row adds, as it stands within a text."""
    tokenizer = vocabulary.tokenizer
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"]
    before = len(tokenizer.decode(anchor))
    ids = [[*anchor, int(i)] for i in vocabulary.kept]
    return [text[before:] for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def complete(
    speaker: Speaker,
    requests: Sequence[Request],
    *,
    sampling: Sampling,
    accept: Callable[[int, int, Completion], None],
    live: int = LIVE,
) -> int:
    """Sample all completions; `accept` takes (place of the request, number of the copy, completion)
    as each is done. A text whose last line was cut off ends without a line break.

    Returns how many tokens were sampled.
    """
    import torch

    if not requests:
        return 0
    copies = max(len(request.copies) for request in requests)
    groups = max(1, min(len(requests), 2 * live // copies))
    longest = max(len(request.rows) for request in requests)
    groups = max(1, min(groups, PROMPTS // longest))
    lanes = Lanes(groups, copies, longest, sampling.most)
    waiting = list(range(len(requests)))[::-1]
    free = list(range(groups))[::-1]
    growing: list[_Growing] = []
    left = [len(request.copies) for request in requests]
    sampled = 0
    with torch.inference_mode(), ragged(speaker.model):
        while waiting or growing:
            entering: list[tuple[int, int]] = []
            room = live - len(growing)
            while waiting and free and (room > 0 or not (growing or entering)):
                entering.append((waiting.pop(), free.pop()))
                room -= len(requests[entering[-1][0]].copies)
            new: list[_Growing] = []
            logits = []
            if entering:
                new, first = _enter(speaker, lanes, requests, entering)
                logits.append(first)
            if growing:
                logits.append(_step(speaker, lanes, growing))
            growing = [*new, *growing]
            _pick(speaker, growing, torch.cat(logits), sampling)
            sampled += len(growing)
            still = []
            for one in growing:
                if not _done(speaker, one, sampling):
                    still.append(one)
                    continue
                text = speaker.vocabulary.decode(one.rows)
                accept(one.request, one.copy, Completion(text, tuple(one.scores)))
                left[one.request] -= 1
                if not left[one.request]:
                    free.append(one.lane[0])
            growing = still
    return sampled


def _enter(
    speaker: Speaker,
    lanes: Lanes,
    requests: Sequence[Request],
    entering: Sequence[tuple[int, int]],
) -> tuple[list[_Growing], Any]:
    """Compute the prompts that enter; one logit row for each of their completions."""
    import torch

    rows = [requests[number].rows for number, _ in entering]
    packed = Packed([len(row) for row in rows], keep=True)
    logits = speaker.model(
        input_ids=torch.tensor([[token for row in rows for token in row]]),
        position_ids=packed.positions[None],
        use_cache=False,
        logits_to_keep=packed.ends,
        batch=packed,
    ).logits[0]
    lanes.admit([group for _, group in entering], packed, [len(row) for row in rows])
    new, at = [], []
    for place, (number, group) in enumerate(entering):
        request = requests[number]
        guard = speaker.guard(request.labels)
        for lane, copy in enumerate(request.copies):
            counter = keyed.stream(request.key, "completion", copy)
            new.append(_Growing(number, copy, (group, lane), counter, guard))
            at.append(place)
    return new, logits[torch.tensor(at)]


def _step(speaker: Speaker, lanes: Lanes, growing: Sequence[_Growing]) -> Any:
    """Logits of the next token of every completion under way."""
    import torch

    positions = lanes.step([g.lane[0] for g in growing], [g.lane[1] for g in growing])
    return speaker.model(
        input_ids=torch.tensor([[one.rows[-1] for one in growing]]),
        position_ids=positions[None],
        use_cache=False,
        batch=lanes,
    ).logits[0]


def _pick(speaker: Speaker, growing: Sequence[_Growing], logits: Any, sampling: Sampling) -> None:
    """Draw one token for each completion, by its key, from what its slots allow."""
    import torch

    logits = logits.float()
    whole = logits.logsumexp(-1)
    plain = logits.clone()
    _forbid(speaker, growing, logits)
    for row, one in enumerate(growing):
        if one.fresh and one.openings and sampling.opening_penalty:
            for opening in one.openings:
                logits[row, opening] -= sampling.opening_penalty
    best = torch.topk(logits, min(TOP_K, logits.shape[-1]), dim=-1)
    chances = torch.softmax(best.values / sampling.temperature, dim=-1).double()
    reached = chances.cumsum(-1)
    inside = (reached - chances < sampling.top_p).sum(-1, keepdim=True)
    mass = reached.gather(1, inside - 1)
    counters = np.array([one.counter + len(one.rows) for one in growing], dtype=object)
    drawn = keyed.uniform(0, (counters % 2**64).astype(np.uint64))
    places = torch.searchsorted(reached, torch.from_numpy(drawn)[:, None] * mass, right=True)
    picked = best.indices.gather(1, torch.minimum(places, inside - 1))
    nats = (plain.gather(1, picked)[:, 0] - whole).tolist()
    for one, row, log in zip(growing, picked[:, 0].tolist(), nats, strict=True):
        one.rows.append(row)
        one.begun = one.begun[0] + log, one.begun[1] + 1
        if one.fresh and speaker.pieces[row].strip(" -"):
            one.openings.append(row)
            one.fresh = False
        one.open = one.guard.after(one.open, row)


def _forbid(speaker: Speaker, growing: Sequence[_Growing], logits: Any) -> None:
    """Take away what the slots of each completion do not allow."""
    import torch

    rows: list[int] = []
    tokens: list[int] = []
    logits[:, torch.tensor(speaker.never, dtype=torch.long)] = float("-inf")
    for row, one in enumerate(growing):
        if one.open is None:
            banned = one.guard.banned(speaker.special)
            rows += [row] * len(banned)
            tokens += banned
        else:
            allowed = torch.tensor(one.guard.allowed(one.open), dtype=torch.long)
            kept = logits[row, allowed].clone()
            logits[row] = float("-inf")
            logits[row, allowed] = kept
    at = torch.tensor([rows, tokens], dtype=torch.long)
    logits[at[0], at[1]] = float("-inf")


def _done(speaker: Speaker, one: _Growing, sampling: Sampling) -> bool:
    """Whether a completion ends with the token it just got."""
    if "\n" in speaker.pieces[one.rows[-1]]:
        log, tokens = one.begun
        one.scores.append(round(log / tokens**LENGTH_PENALTY, 3))
        one.begun, one.fresh = (0.0, 0), True
        if len(one.scores) >= sampling.lines or len(one.rows) >= sampling.tokens:
            return True
    return len(one.rows) >= sampling.most
