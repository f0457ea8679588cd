"""Sample new patterns from the fine-tuned model, in batches cut by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textsynth import keyed, patterns
from textsynth.corpus import fold
from textsynth.lm import prompts
from textsynth.lm.prompts import Prompt
from textsynth.lm.vocabulary import Vocabulary

BATCH = 32
NEW_TOKENS = 112
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Sampling:
    """Temperature and nucleus (Holtzman et al. 2020)."""

    temperature: float = 0.8
    top_p: float = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """A line that the model wrote: a pattern in its normal written form, or why it is none."""

    intent: str
    text: str
    reason: str | None


def make_prompts(
    intent: str, own: Sequence[str], count: int, *, first: int, seed: int
) -> list[Prompt]:
    """`count` prompts of an intent, numbered from `first`: a few of its patterns, drawn by key."""
    made = []
    for number in range(first, first + count):
        key = keyed.stream(seed, "prompt", intent, number)
        shown = keyed.order(key, list(own))[:SHOWN]
        made.append(Prompt(intent, tuple(own[i] for i in shown)))
    return made


def sample(
    model: Any,
    vocabulary: Vocabulary,
    batch: Sequence[Prompt],
    *,
    sampling: Sampling,
    key: int,
) -> list[str]:
    """One completion a prompt. The same batch with the same key gives the same text."""
    import torch

    rows = [vocabulary.encode(prompts.render(p.intent, p.patterns, closed=False)) for p in batch]
    width = max(map(len, rows))
    pad = model.generation_config.pad_token_id or 0
    inputs = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for at, row in enumerate(rows):
        inputs[at, width - len(row) :] = torch.tensor(row)
        mask[at, width - len(row) :] = 1
    ends = [vocabulary.row(i) for i in _end_ids(vocabulary.tokenizer)]
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(key)
        output = model.generate(
            input_ids=inputs,
            attention_mask=mask,
            max_new_tokens=NEW_TOKENS,
            do_sample=True,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=0,
            eos_token_id=[row for row in ends if row is not None] or None,
            pad_token_id=pad,
        )
    completions = []
    for written in output[:, width:].tolist():
        text = vocabulary.decode(row for row in written if row != pad)
        completions.append(text)
    return completions


def _end_ids(tokenizer: Any) -> list[int]:
    ends = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    ids = tokenizer(prompts.END, add_special_tokens=False)["input_ids"]
    return [*ends, ids[0]] if len(ids) == 1 else ends


def judge(
    intent: str, completion: str, *, labels: Iterable[str], known: Mapping[str, str]
) -> list[Judged]:
    """Read a completion back to patterns.

    Reasons: `empty_line`, `cut_off` (the token limit ended it), `malformed_pattern`,
    `unknown_slot` (a label that is not in `labels`), `seed_echo` (the folded text is in `known`).
    """
    lines, ended = prompts.parse(completion)
    allowed = set(labels)
    judged = []
    for number, line in enumerate(lines):
        if not line:
            judged.append(Judged(intent, line, "empty_line"))
            continue
        if number == len(lines) - 1 and not ended:
            judged.append(Judged(intent, line, "cut_off"))
            continue
        try:
            pattern = patterns.parse(line)
        except patterns.PatternError:
            judged.append(Judged(intent, line, "malformed_pattern"))
            continue
        text = patterns.render(pattern)
        if any(slot.label not in allowed for slot in pattern.slots):
            judged.append(Judged(intent, text, "unknown_slot"))
        elif fold(text) in known:
            judged.append(Judged(intent, text, "seed_echo"))
        else:
            judged.append(Judged(intent, text, None))
    return judged
