"""What is no error but likely a mistake."""

from __future__ import annotations

from textsynth.grammar.model import Finding, Grammar
from textsynth.grammar.scope import Scopes, open_references, undefined


def lint(grammar: Grammar) -> list[Finding]:
    """Warnings about a pack, in the order of the files' intents."""
    findings = list(grammar.noted)
    scopes = Scopes(grammar)
    for intent in grammar.intents.values():
        for block in intent.blocks:
            scope = scopes.of(intent, block)
            for sentence in block.sentences:
                for name, reference, holder in open_references(scope, sentence.tree):
                    error = undefined(scope, sentence, name, reference, holder)
                    findings.append(
                        Finding("warning", error.where or "", error.message, error.fix or "")
                    )
    return list(dict.fromkeys(findings))
