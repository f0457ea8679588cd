"""A grammar as Home Assistant's sentences: our own notation, in one file.

What hassil does not know (how rows fall to sentences, pools, records) it passes over; lists of such
values are wildcards to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from textsynth.export import ExportReport
from textsynth.export.homeassistant import FILE, HOUSE_LISTS, character_fits, folder_name
from textsynth.export.target import Job, writing_grammar
from textsynth.grammar.lists import (
    PoolList,
    RangeList,
    RecordList,
    SlotList,
    TextList,
    TextValue,
    WildcardList,
)
from textsynth.grammar.model import Block, Grammar, Intent, Rule, Sentence
from textsynth.grammar.scope import Scope, Scopes
from textsynth.grammar.syntax import is_template

_CARRIED = ("slots", "requires_context", "excludes_context", "metadata", "response", "role",
            "group")  # fmt: skip
_OUTSIDE = ("inferred_domain", "name_domains", "settings")  # of a block, kept in its metadata
_OURS = ("weight", "max", "distinct", "role", "group")


def export(grammar: Grammar, folder: Path) -> ExportReport:
    """Write `custom_sentences/en/textsynth.yaml`, in the folder of the language.

    Read again it is the same grammar, whose draws are the same. Lists and rules of an intent go to
    its blocks, where hassil looks for them; so do the lists `area`, `floor` and `name`, since Home
    Assistant has others of these names.

    Rules for which sentences are refused: `character_unfit` (Home Assistant hears no punctuation
    and takes none in sentences; escapes and `{1..9:slot}` fall under it too), `rule_unfit` (a rule
    of it has such a character).

    Raises:
        ExportError: no sentence that can be written, or a folder that is not ours or cannot be
            written. GrammarError: a rule or list needs itself.
    """
    with writing_grammar("homeassistant", folder) as job:
        scopes = Scopes(grammar)
        intents = {
            intent.name: found
            for intent in grammar.intents.values()
            if (found := _intent(job, intent, scopes))["data"]
        }
        plain = Scope(grammar.lists, grammar.rules, grammar.language)
        data = {
            "language": grammar.language,
            "settings": dict(grammar.settings),
            "intents": intents,
            "lists": _lists(grammar.lists),
            "expansion_rules": _rules(grammar.rules, plain),
            "skip_words": list(grammar.skip_words),
        }
        _note(job, grammar)
        with job.open(FILE.format(language=folder_name(grammar.language))) as file:
            file.write("# Made by textsynth.\n")
            yaml.dump(
                {key: value for key, value in data.items() if value not in ({}, [])},
                file,
                Dumper=_Dumper,
                allow_unicode=True,
                sort_keys=False,
                width=10_000,
            )
    return job.report()


class _Dumper(yaml.SafeDumper):
    """YAML without aliases: what is there twice stands there twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _intent(job: Job, intent: Intent, scopes: Scopes) -> dict[str, Any]:
    blocks = []
    for block in intent.blocks:
        scope = scopes.of(intent, block)
        kept = [s for s in block.sentences if _fits(job, scope, s)]
        job.written += len(kept)
        if kept:
            blocks.append(_block(intent, block, kept, scope))
    found: dict[str, Any] = {"data": blocks}
    weighted = any(block.weight != 1 for block in intent.blocks)
    if intent.distribution != ("weighted" if weighted else "even"):
        found["distribution"] = intent.distribution
    if intent.cover:
        found["cover"] = "values"
    return found


def _fits(job: Job, scope: Scope, sentence: Sentence) -> bool:
    rule = _fault(scope, sentence)
    if rule:
        job.refuse(rule, sentence.place.at())
    return rule is None


def _fault(scope: Scope, sentence: Sentence) -> str | None:
    if not all(map(character_fits, sentence.text)):
        return "character_unfit"
    needed = scope.order(sentence.tree, set())
    texts = [
        scope.rules[name].text for kind, name in needed if kind == "rule" and name in scope.rules
    ]
    return None if all(character_fits(char) for text in texts for char in text) else "rule_unfit"


def _house_lists(kept: Sequence[Sentence], scope: Scope) -> dict[str, SlotList]:
    """The lists that Home Assistant would fill otherwise, of those that sentences need."""
    needed = {name for one in kept for kind, name in scope.order(one.tree, set()) if kind == "list"}
    found = {name: scope.lists.get(name) for name in sorted(needed & HOUSE_LISTS)}
    return {name: one for name, one in found.items() if isinstance(one, TextList | RangeList)}


def _block(intent: Intent, block: Block, kept: Sequence[Sentence], scope: Scope) -> dict[str, Any]:
    outside = {key: block.metadata[key] for key in _OUTSIDE if key in block.metadata}
    metadata = {key: value for key, value in block.metadata.items() if key not in outside}
    found: dict[str, Any] = {
        "sentences": [sentence.text for sentence in kept],
        **{key: getattr(block, key) for key in _CARRIED},
        "metadata": metadata,
        **outside,
        "required_keywords": list(block.required_keywords),
        "lists": _lists({**_house_lists(kept, scope), **intent.lists, **block.lists}),
        "expansion_rules": _rules({**intent.rules, **block.rules}, scope),
        "weight": None if block.weight == 1 else block.weight,
        "max": block.max,
        "distinct": [list(names) for names in block.distinct],
    }
    return {key: _plain(value) for key, value in found.items() if value not in (None, {}, [])}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _rules(rules: Mapping[str, Rule], scope: Scope) -> dict[str, str]:
    """The rules that sentences of Home Assistant may have."""
    return {
        name: rule.text
        for name, rule in rules.items()
        if _fault(scope, Sentence(rule.text, rule.tree, rule.place)) is None
    }


def _lists(lists: Mapping[str, SlotList]) -> dict[str, dict[str, Any]]:
    tables: dict[str, str] = {}
    return {name: _list(name, found, tables) for name, found in lists.items()}


def _list(name: str, found: SlotList, tables: dict[str, str]) -> dict[str, Any]:
    """A list; `tables` holds which list has the records of a table."""
    if isinstance(found, TextList):
        return {"values": [_value(value) for value in found.values]}
    if isinstance(found, RangeList):
        return {"range": _range(found)}
    if isinstance(found, WildcardList):
        return {"wildcard": True}
    if isinstance(found, PoolList):
        source = {"regex": found.regex}
        if found.regex is None:
            source = {"provider": f"faker.{found.provider}", "locale": found.locale}
        return {**source, "pool": found.size, "wildcard": True}
    first = tables.setdefault(found.table, name)
    records: Any = first if first != name else [dict(record) for record in found.records]
    return {"records": records, "column": found.column, "wildcard": True}


def _value(value: TextValue) -> Any:
    own = None if is_template(value.text) else value.text
    if value.out == own and not value.context and not value.metadata:
        return value.text
    found: dict[str, Any] = {"in": value.text, "out": value.out}
    found |= {"context": dict(value.context), "metadata": dict(value.metadata)}
    return {key: part for key, part in found.items() if part not in (None, {})}


def _range(found: RangeList) -> dict[str, Any]:
    keys = {
        "from": found.start,
        "to": found.stop,
        "step": None if found.step == 1 else found.step,
        "multiplier": found.multiplier,
        "fractions": found.fractions,
        "digits": None if found.digits else False,
        "words": True if found.words and found.digits else None,
        "words_language": found.words_language,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _note(job: Job, grammar: Grammar) -> None:
    blocks = [block for intent in grammar.intents.values() for block in intent.blocks]
    ours = [key for key in _OURS if any(_is_set(block, key) for block in blocks)]
    if any(i.distribution != "even" or i.cover for i in grammar.intents.values()):
        ours.append("distribution")
    if ours:
        job.note(f"Home Assistant passes over the keys {', '.join(ours)}")
    drawn = [n for n, found in grammar.lists.items() if isinstance(found, PoolList | RecordList)]
    if drawn:
        job.note(f"to Home Assistant these lists are wildcards: {', '.join(drawn)}")
    house = sorted(HOUSE_LISTS & {*drawn, *_wildcards(grammar)})
    if house:
        job.note(f"Home Assistant has lists of its own in the place of {', '.join(house)}")


def _wildcards(grammar: Grammar) -> list[str]:
    return [name for name, found in grammar.lists.items() if isinstance(found, WildcardList)]


def _is_set(block: Block, key: str) -> bool:
    return getattr(block, key) not in (None, {}, (), 1.0)
