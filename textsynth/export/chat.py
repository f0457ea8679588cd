"""Dialogues as messages in JSON lines, which fine-tuning of chat models reads (OpenAI, trl)."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pyarrow as pa

from textsynth.export import About, ExportReport, dialogues_alone
from textsynth.export.dialogues import Conversation, fold, require_dialogues
from textsynth.export.nested import ROLES
from textsynth.export.target import writing

SPLITS = ("train", "validation", "test")


@dialogues_alone
def export(corpus: pa.Table, folder: Path, about: About, *, system: str = "") -> ExportReport:
    """Write `train.jsonl`, `validation.jsonl` and `test.jsonl`, those that have dialogues.

    A line is `{"messages": [{"role": …, "content": …}, …]}` and nothing else: the user is `user`,
    the system `assistant`. With `system`, each begins with that text as a message of the role
    `system`. Single utterances are passed over.

    Rules for which dialogues are refused: `unknown_split`, `text_empty` (a turn without words),
    `no_assistant` (the system never speaks, so that there is nothing to learn).

    Raises:
        ExportError: no dialogues, none that can be written, turns that make no dialogues (see
            `dialogues.bounds`), or a folder that is not ours or cannot be written.
    """
    turns = require_dialogues(corpus, "chat")
    with writing("chat", turns, folder, unit="dialogue") as job, ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        first = [{"role": "system", "content": system}] if system else []
        by_system = 0
        for conversation in fold(turns):
            rule = _fault(conversation)
            if rule:
                job.refuse(rule, conversation.id)
                continue
            split = conversation.split
            if split not in files:
                files[split] = stack.enter_context(job.open(f"{split}.jsonl"))
            said = [
                {"role": ROLES[turn.speaker], "content": turn.text} for turn in conversation.turns
            ]
            line = json.dumps({"messages": [*first, *said]}, ensure_ascii=False)
            files[split].write(f"{line}\n")
            job.written += 1
            by_system += conversation.turns[0].speaker == "system"
        if by_system:
            job.note(
                f"the assistant speaks first in {by_system} dialogues; some chat templates want "
                "the user first, and need that message dropped"
            )
    return job.report()


def _fault(conversation: Conversation) -> str | None:
    """The rule that a dialogue breaks, or None."""
    if conversation.split not in SPLITS:
        return "unknown_split"
    if not all(turn.text.strip() for turn in conversation.turns):
        return "text_empty"
    if all(turn.speaker == "user" for turn in conversation.turns):
        return "no_assistant"
    return None
