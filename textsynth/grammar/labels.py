"""Which slots the utterances of an intent may hold."""

from __future__ import annotations

from textsynth.grammar.grammar import get_intent
from textsynth.grammar.model import Grammar
from textsynth.grammar.scope import Scopes


def labels(grammar: Grammar, intent: str) -> set[str]:
    """The slot labels that utterances of an intent may hold.

    Raises:
        GrammarError: no such intent.
    """
    scopes = Scopes(grammar)
    found = get_intent(grammar, intent)
    return {
        reference.slot_name
        for block in found.blocks
        for sentence in block.sentences
        for reference in scopes.of(found, block).slots(sentence.tree)
    }
