"""Completions of prompts: made by a model here or by a server, and kept in the run's folder.

Each is stored as it comes, once it has passed the leak filter, so that a run that was killed goes
on from them; they are read in the order of their prompts, whatever order they came in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from textsynth.filters import FindSpans
from textsynth.lm import decode, generate, plain, ragged, server
from textsynth.lm.decode import Completion, Request, Sampling, Speaker
from textsynth.lm.generate import COPIES, Prompt
from textsynth.run import Run

STORE = "model/completions.jsonl"

Accept = Callable[[Prompt, int, Completion], None]
Wanted = Sequence[tuple[Prompt, tuple[int, ...]]]
Lists = Mapping[str, Sequence[str]]


class Backend(Protocol):
    """Continues prompts; `wanted` names the completions of each, `labels` the slots it may have."""

    def __call__(
        self, wanted: Wanted, labels: Callable[[Prompt], Iterable[str]], accept: Accept
    ) -> None: ...


class Local:
    """The fine-tuned model in this process; it is loaded when it is first needed.

    Args:
        load: gives the model.
        feed: gives the model that a further adapter makes of one, for lists of patterns and the
            number of the round.
    """

    def __init__(
        self,
        load: Callable[[], Speaker],
        feed: Callable[[Speaker, Lists, int], Speaker],
        sampling: Sampling,
    ) -> None:
        self._load, self._feed, self._sampling = load, feed, sampling
        self._speaker: Speaker | None = None
        self._fast = False
        self._waiting: list[tuple[Lists, int]] = []

    def feed(self, lists: Lists, number: int) -> None:
        """Learn from these patterns too, before anything else is written."""
        self._waiting.append((lists, number))

    def __call__(
        self, wanted: Wanted, labels: Callable[[Prompt], Iterable[str]], accept: Accept
    ) -> None:
        speaker = self._speaker or self._load()
        for lists, number in self._waiting:
            speaker = self._feed(speaker, lists, number)
        self._waiting.clear()
        if speaker is not self._speaker:
            self._speaker, self._fast = speaker, ragged.supported(speaker.model)
        requests = [
            Request(
                prompt.key,
                speaker.vocabulary.encode(prompt.text(), fallback=True),
                copies,
                set(labels(prompt)),
            )
            for prompt, copies in wanted
        ]
        sample = decode.complete if self._fast else plain.complete
        sample(
            speaker,
            requests,
            sampling=self._sampling,
            accept=lambda place, copy, done: accept(wanted[place][0], copy, done),
        )


class Writers:
    """Several models, among which the prompts are shared out by their keys: of the same prompts
    each model has the same ones in every run."""

    def __init__(self, each: Sequence[Local]) -> None:
        self._each = each

    def feed(self, lists: Lists, number: int) -> None:
        """Let all learn from these patterns too, before anything else is written."""
        for writer in self._each:
            writer.feed(lists, number)

    def __call__(
        self, wanted: Wanted, labels: Callable[[Prompt], Iterable[str]], accept: Accept
    ) -> None:
        for number, writer in enumerate(self._each):
            own = [one for one in wanted if one[0].key % len(self._each) == number]
            if own:
                writer(own, labels, accept)


def remote(served: server.Server, sampling: Sampling) -> Backend:
    """A model behind an OpenAI-compatible server."""
    server.check(served)

    def run(wanted: Wanted, labels: Callable[[Prompt], Iterable[str]], accept: Accept) -> None:
        asked = {
            server.Request(generate.copy_key(prompt, copy), prompt.text()): (prompt, copy)
            for prompt, copies in wanted
            for copy in copies
        }
        server.complete(
            list(asked),
            server=served,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.most,
            stop=["\n\n"],
            accept=lambda request, text: accept(*asked[request], Completion(text)),
        )

    return run


class Completions:
    """The completions of a run, kept on the disk."""

    def __init__(
        self,
        backend: Backend,
        run: Run,
        leaks: FindSpans,
        labels: Callable[[Prompt], Iterable[str]],
    ) -> None:
        self._backend, self._run, self._leaks, self._labels = backend, run, leaks, labels
        self._stored = {
            (int(line["key"]), line["copy"]): Completion(
                line["text"], tuple(line.get("scores", ()))
            )
            for line in run.lines(STORE)
        }

    def of(
        self, prompts: Sequence[Prompt], said: Callable[[int], None] = lambda more: None
    ) -> list[list[Completion]]:
        """The completions of each prompt; those that are not stored are made."""
        wanted = []
        for prompt in prompts:
            copies = [c for c in range(COPIES) if (prompt.key, c) not in self._stored]
            said(COPIES - len(copies))
            if copies:
                wanted.append((prompt, tuple(copies)))

        def accept(prompt: Prompt, copy: int, done: Completion) -> None:
            clean = Completion(self._masked(done.text), done.scores)
            line = {"key": str(prompt.key), "copy": copy, **dataclasses.asdict(clean)}
            self._run.append(STORE, [line])
            self._stored[prompt.key, copy] = clean
            said(1)

        if wanted:
            self._backend(wanted, self._labels, accept)
        return [[self._stored[prompt.key, copy] for copy in range(COPIES)] for prompt in prompts]

    def feed(self, lists: Lists, number: int) -> None:
        """Let a model that is trained here learn from further patterns."""
        if isinstance(self._backend, Writers):
            self._backend.feed(lists, number)

    def _masked(self, text: str) -> str:
        """A completion without the lines that would give a removed value away: they are never
        written to the disk."""
        lines = text.split("\n")
        leaking = self._leaks([line.removeprefix("-").strip() for line in lines])
        return "\n".join(
            f"- {generate.MASK}" if found else line
            for line, found in zip(lines, leaking, strict=True)
        )
