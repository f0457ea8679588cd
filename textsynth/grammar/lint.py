"""What is no error, but likely a mistake; and what is one, without stopping at the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textsynth.errors import GrammarError, figure
from textsynth.grammar.counting import count_sentence
from textsynth.grammar.lists import TextList, WildcardList
from textsynth.grammar.model import Block, Finding, Grammar, Intent, Sentence
from textsynth.grammar.scope import Name, Scope, Scopes, refer, target
from textsynth.grammar.syntax import (
    Alternative,
    ListReference,
    Node,
    RuleReference,
    Text,
    children,
)
from textsynth.grammar.undefined import open_references, undefined

MANY = 100  # derivations from which on it matters that one sentence holds most of them


def lint(grammar: Grammar) -> list[Finding]:
    """What a reader of the pack should know: names defined nowhere, rules and lists never used,
    sentences that two intents share or that hold most of their intent, and what reading noted.

    Cycles, and pools that cannot be drawn, are findings of severity `error`.
    """
    linter = _Linter(grammar)
    findings = [*grammar.noted, *linter.intents(), *linter.opened(), *linter.unused()]
    return list(dict.fromkeys(findings))


def warning(where: str, message: str, fix: str) -> Finding:
    """A finding that does not fail a check."""
    return Finding("warning", where, message, fix)


class _Linter:
    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.scopes = Scopes(grammar)
        self.reached: dict[int, set[Name]] = {}  # by scope: the names its sentences need
        self.open: dict[Name, tuple[GrammarError, int]] = {}
        self.first: dict[str, tuple[str, Sentence]] = {}  # folded text -> intent and sentence

    def intents(self) -> Iterator[Finding]:
        for intent in self.grammar.intents.values():
            sizes: list[tuple[Sentence, int]] = []
            for block in intent.blocks:
                scope = self.scopes.of(intent, block)
                for sentence in block.sentences:
                    yield from self.shared(intent, sentence)
                    self.reach(scope, sentence)
                    try:
                        sizes.append((sentence, count_sentence(scope, sentence.tree)))
                    except GrammarError as error:
                        yield Finding(
                            "error", error.where or "", error.message, error.fix or "mend it"
                        )
                    else:
                        yield from self.silent(scope, sentence)
                        if not sizes[-1][1]:
                            yield warning(
                                sentence.place.at(),
                                "no value of a list fits the context that the block requires",
                                "mend requires_context, excludes_context or the context of values",
                            )
                yield from self.named_slots(scope, block)
            yield from self.dominant(intent, sizes)

    def reach(self, scope: Scope, sentence: Sentence) -> None:
        """Remember what a sentence needs, and which of it is defined nowhere."""
        for name, reference, holder in open_references(scope, sentence.tree):
            if name in self.open:
                error, times = self.open[name]
                self.open[name] = (error, times + 1)
            else:
                self.open[name] = (undefined(scope, sentence, name, reference, holder), 1)
        reached = self.reached.setdefault(id(scope), set())
        pending = [target(reference) for reference in refer(sentence.tree)]
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += [target(reference) for reference in scope.references(name)]

    def shared(self, intent: Intent, sentence: Sentence) -> Iterator[Finding]:
        folded = " ".join(sentence.text.casefold().split())
        other, first = self.first.setdefault(folded, (intent.name, sentence))
        if first is not sentence:
            both = "twice in one intent" if other == intent.name else f"in the intent {other} too"
            yield warning(
                sentence.place.at(),
                f"the sentence stands {both}: {first.place.at()}",
                "say it in one place, unless requires_context tells the two apart",
            )

    def silent(self, scope: Scope, sentence: Sentence) -> Iterator[Finding]:
        """The sentence that may have no words. Nothing it needs is a cycle."""
        rules: dict[str, bool] = scope.memo.setdefault("silent", {})
        for kind, called in scope.order(sentence.tree, scope.memo.setdefault("heard", set())):
            if kind == "rule" and called in scope.rules:
                rules[called] = _silent(scope.rules[called].tree, rules)
        if _silent(sentence.tree, rules):
            yield warning(
                sentence.place.at(),
                "the sentence may say nothing at all; such rows are left out",
                "make a part of it compulsory",
            )

    def dominant(self, intent: Intent, sizes: list[tuple[Sentence, int]]) -> Iterator[Finding]:
        total = sum(size for _, size in sizes)
        for sentence, size in sizes:
            if len(sizes) > 1 and size * 2 > total >= MANY:
                yield warning(
                    sentence.place.at(),
                    f"one sentence holds {size / total:.0%} of the {figure(total)} derivations of"
                    f" {intent.name}",
                    "keep distribution: even, or give the intent more sentences",
                )

    def named_slots(self, scope: Scope, block: Block) -> Iterator[Finding]:
        """Slots that a key of the block names, though no sentence of it fills them."""
        named = {name: "distinct" for group in block.distinct for name in group}
        named |= dict.fromkeys(block.role, "role") | dict.fromkeys(block.group, "group")
        if named:
            filled = {r.slot_name for s in block.sentences for r in scope.slots(s.tree)}
            for name in named.keys() - filled:
                yield warning(
                    block.place.at(),
                    f"{named[name]} names the slot {name!r}, which no sentence here fills",
                    f"these are filled: {', '.join(sorted(filled)) or 'none'}",
                )

    def opened(self) -> Iterator[Finding]:
        for error, times in self.open.values():
            often = f" (needed {times} times)" if times > 1 else ""
            shown = f"{error.message}{often}\n{error.excerpt}"
            yield warning(error.where or "", shown, error.fix or "")

    def unused(self) -> Iterator[Finding]:
        """Rules and lists that no sentence needs, and wildcards that are drawn as their name."""
        needed = set().union(*self.reached.values()) if self.reached else set()
        for kind, found in (("rule", self.grammar.rules), ("list", self.grammar.lists)):
            for called, home in found.items():
                if (kind, called) not in needed:
                    shown = f"<{called}>" if kind == "rule" else f"{{{called}}}"
                    yield warning(
                        home.place.at(), f"the {kind} {shown} is never used", "use it or drop it"
                    )
        for called, slot_list in self.grammar.lists.items():
            if ("list", called) in needed and isinstance(slot_list, WildcardList):
                yield warning(
                    slot_list.place.at(),
                    f"the wildcard {{{called}}} has no values and is drawn as its own name",
                    "add provider, regex or records to it, or supply values",
                )
            if isinstance(slot_list, TextList) and any(
                kind == "list" for kind, _ in map(target, self._inner(slot_list))
            ):
                yield warning(
                    slot_list.place.at(),
                    f"values of {{{called}}} hold lists: the outer slot alone is labelled",
                    "put the inner list into sentences if its span is needed",
                )

    @staticmethod
    def _inner(slot_list: TextList) -> list[Node]:
        return [found for value in slot_list.values for found in refer(value.tree)]


def _silent(node: Node, rules: Mapping[str, bool]) -> bool:
    """Whether some derivation of a tree has no words; `rules` says it of the rules it needs. Values
    of lists count as words."""
    if isinstance(node, Text):
        return not node.text.strip()
    if isinstance(node, RuleReference):
        return rules.get(node.rule_name, False)
    if isinstance(node, ListReference):
        return False
    holds = any if isinstance(node, Alternative) else all
    return holds(_silent(part, rules) for part in children(node))
