"""The words of a flow: pools of patterns by what they are for, and the values that fill them.

A pool has a key:

    ask:city  confirm:city           the system asks for a slot, reads it back
    answer                           the user tells slots, one or several
    correct:city  other:city         the user corrects; the one of two that it was not
    refer:city                       the user means a value that was spoken of before
    refuse:city  unknown:city        the user will not, or cannot, tell
    state:done                       the sentences of a state;  yes:done  no:done  reply:done:thanks
                                     answers to them
    aside:fees:asks  aside:fees:replies
    user:affirm … system:goodbye …   what is said in any flow (`english.yaml`)
    intent:book                      the sentences of an intent of the pack, which open a dialogue
    opens:start                      those of them that are left in a state which leaves some out
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from textsynth import corpus, patterns
from textsynth.dialogue.flow import Flow
from textsynth.dialogue.flowfile import Flows, as_intent, phrases
from textsynth.dialogue.marking import ANY, Values, marked, slot_mark, values_of
from textsynth.errors import GrammarError
from textsynth.grammar import draw
from textsynth.grammar.grammar import Grammar, require_closed
from textsynth.grammar.model import Finding

PATTERNS = 400  # of a pool, at most
_RECORD = re.compile(r"(.+)_([2-9])\Z")


@dataclass(frozen=True, slots=True)
class Hole:
    """A slot in a template: its name, its label, and the list whose values fit there (None: any
    value of the slot). In offers `city_2` is the label `city` of the second record."""

    name: str
    label: str
    values: str | None
    record: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A pattern ready to be realised. Templates are compared by identity, which is quick."""

    parts: tuple[str | Hole, ...]
    pattern: str
    slots: frozenset[str]
    names: frozenset[str]
    parent: str
    origin: str
    polite: bool
    length: float
    records: int  # how many it speaks of

    @property
    def said(self) -> str:
        """Its words, what stands in slots left open."""
        return "_".join(part if isinstance(part, str) else "" for part in self.parts)

    @property
    def lists(self) -> set[str | None]:
        """The lists that fill its slots (None: any value of the slot)."""
        return {part.values for part in self.parts if isinstance(part, Hole)}

    @property
    def bare(self) -> bool:
        """Whether it is nothing but a value."""
        return len(self.parts) == 1


class Pool:
    """Templates of one key, in the order in which they were drawn."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self.templates = tuple(templates)
        self.names = frozenset(name for t in self.templates for name in t.names)
        self._fitting: dict[frozenset[str], tuple[Template, ...]] = {}
        self._exact: dict[frozenset[str], tuple[Template, ...]] = {}
        self._cut: dict[tuple[bool, tuple[Template, ...]], tuple[Template, ...]] = {}

    def fitting(self, known: Iterable[str]) -> tuple[Template, ...]:
        """Templates that need no other names than these."""
        key = self.names.intersection(known)
        found = self._fitting.get(key)
        if found is None:
            found = tuple(t for t in self.templates if t.names <= key)
            self._fitting[key] = found
        return found

    def exact(self, slots: frozenset[str]) -> tuple[Template, ...]:
        """Templates that speak of exactly these slots."""
        found = self._exact.get(slots)
        if found is None:
            found = tuple(t for t in self.templates if t.slots == slots)
            self._exact[slots] = found
        return found

    def most(self, templates: tuple[Template, ...]) -> tuple[Template, ...]:
        """Of these, those that speak of most."""
        return self._of_size(templates, max)

    def least(self, templates: tuple[Template, ...]) -> tuple[Template, ...]:
        """Of these, those that speak of least."""
        return self._of_size(templates, min)

    def _of_size(
        self, templates: tuple[Template, ...], extreme: Callable[..., int]
    ) -> tuple[Template, ...]:
        key = (extreme is max, templates)
        found = self._cut.get(key)
        if found is None:
            size = extreme((len(t.names) for t in templates), default=0)
            found = tuple(t for t in templates if len(t.names) == size)
            self._cut[key] = found
        return found


@lru_cache(maxsize=1024)
def by_names(templates: tuple[Template, ...]) -> tuple[tuple[Template, ...], ...]:
    """Templates parted by what they speak of."""
    parts: dict[frozenset[str], list[Template]] = {}
    for template in templates:
        parts.setdefault(template.names, []).append(template)
    return tuple(map(tuple, parts.values()))


@dataclass(frozen=True, slots=True)
class Words:
    """The pools of one flow, and the values of all lists."""

    pools: Mapping[str, Pool]
    values: Mapping[str, Values]
    lost: tuple[Finding, ...] = ()  # sentences that are never said

    def pool(self, *keys: str) -> Pool:
        """The first of these pools that there is.

        Raises:
            GrammarError: there is none.
        """
        for key in keys:
            if key in self.pools:
                return self.pools[key]
        raise GrammarError(
            f"nothing is said for {' or '.join(keys)}", fix="add phrases to the flow"
        )


def words(
    flows: Flows,
    pack: Grammar | None,
    *,
    seed: int,
    language: str = "en",
    invented: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
) -> dict[str, Words]:
    """The words of each flow.

    Args:
        pack: templates whose intents, lists and rules flows may use.
        language: of the phrases, and of numbers unless the templates have another.
        invented: patterns of a model, by flow and key; they stand beside the templates.

    Raises:
        GrammarError: an intent, list or rule that is defined nowhere, where it is named.
    """
    common = phrases(language)
    grammar = _joined(flows, pack, language)
    values = values_of(grammar, flows, seed)
    polite = _any_of(common.polite if common else ())
    drawn = marked(grammar)
    listed = {ANY, *grammar.lists, *values}
    made: dict[str, tuple[Template, ...]] = {}
    lost: dict[str, Finding] = {}

    def templates(intent: str) -> tuple[Template, ...]:
        if intent not in made:
            made[intent] = tuple(_drawn(drawn, intent, seed, listed, polite, lost))
        return made[intent]

    found = {}
    for name, file in flows.files.items():
        flow = file.flow
        keys = {key: f"{name}/{key}" for key in file.words}
        for key in common.words if common else ():
            keys.setdefault(key, f"/{key}")
        for state in flow.states.values():
            if state.intent:
                own = f"intent:{state.intent}"
                keys[state.opening] = f"{name}/{own}" if own in file.words else state.intent
        pools = {}
        for key, intent in keys.items():
            there = list(templates(intent))
            for text in (invented or {}).get(name, {}).get(key, ()):
                there.append(_template(patterns.parse(text), {}, "", "model", polite))
            usable = (_fit(t, key, flow) for t in there)
            pools[key] = Pool(t for t in usable if t is not None)
        _bare_answers(flow, pools, values)
        found[name] = Words(pools, values, tuple(lost.values()))
        lost.clear()
    return found


def _bare_answers(flow: Flow, pools: dict[str, Pool], values: Mapping[str, Values]) -> None:
    """Every slot can be told, if only by its value."""
    told = pools.get("answer", Pool()).templates
    answers = [t for slot in flow.slots for t in pools.get(f"answer:{slot}", Pool()).templates]
    everything = tuple({t.pattern: t for t in (*told, *answers)}.values())
    missing = []
    for name, slot in flow.slots.items():
        lists = [t.lists for t in everything if t.slots == {name}]
        known = [values[one] for (one, *_) in lists if one is not None and one in values]
        some = {value for one in known for value in one.canonical}
        if {None} not in lists and not some.issuperset(values[slot.values].canonical):
            missing.append(name)
    bare = (_template(patterns.parse(f"{{{s}}}"), {}, "", "template", None) for s in missing)
    pools["answer"] = Pool((*everything, *bare))


def _joined(flows: Flows, pack: Grammar | None, language: str) -> Grammar:
    """One grammar of all that flows can say: keys of flows are intents `flow/key`."""
    shared = flows.shared
    intents = dict(pack.intents) if pack else {}
    for name, file in flows.files.items():
        own = {
            slot: slot_mark(slot, listed)
            for slot, listed in _named(file.flow).items()
            if slot != listed
        }
        for key, sentences in file.words.items():
            intent = as_intent(f"{name}/{key}", sentences)
            intents[intent.name] = dataclasses.replace(intent, lists=own)
        for state in file.flow.states.values():
            here = f"intent:{state.intent}" in file.words
            if state.kind == "user" and not here and state.intent not in intents:
                raise GrammarError(
                    f"there is no intent {state.intent!r}"
                    + ("" if pack else ", since the flows have no templates beside them"),
                    where=state.place.at(),
                    fix=f"templates have: {', '.join(pack.intents)}"
                    if pack
                    else "name `templates`",
                )
    common = phrases(language)
    for key, sentences in common.words.items() if common else ():
        intents[f"/{key}"] = as_intent(f"/{key}", sentences)
    lists = {**(pack.lists if pack else {}), **shared.lists}
    rules = {**(pack.rules if pack else {}), **shared.rules}
    grammar = dataclasses.replace(
        shared,
        language=pack.language if pack else language,
        intents=intents,
        lists=lists,
        rules=rules,
    )
    require_closed(grammar)
    return grammar


def _named(flow: Flow) -> dict[str, str]:
    """The lists behind the slots that sentences of a flow may name."""
    named = {"count": ANY}
    for call in flow.calls.values():
        named |= {column: ANY for record in call.table for column in record}
        named |= {slot: ANY for result in call.results for slot in result.gives}
    for aside in flow.asides.values():
        named |= dict.fromkeys(aside.gives, ANY)
    return named | {slot.name: slot.values for slot in flow.slots.values()}


def _drawn(
    grammar: Grammar,
    intent: str,
    seed: int,
    listed: AbstractSet[str],
    polite: re.Pattern[str] | None,
    lost: dict[str, Finding],
) -> Iterable[Template]:
    """Templates of an intent of a marked grammar; `lost` are those of lists that are not `listed`,
    since they are too large."""
    stop = min(PATTERNS, draw.capacity(grammar, intent, seed=seed))
    seen: set[str] = set()
    for row in corpus.utterances(draw.draw(grammar, intent, 0, stop, seed=seed)):
        assert row.pattern is not None
        if row.pattern in seen:
            continue
        if not {s.value for s in row.slots} <= listed:
            message = f"{row.pattern!r} is not said in dialogues: its range is too large"
            fix = "write its digits one by one: {0..9:a}"
            lost.setdefault(message, Finding("warning", row.parents[0], message, fix))
            continue
        seen.add(row.pattern)
        parsed = patterns.parse(row.pattern)
        filled = {ref.name: s.value for ref, s in zip(parsed.slots, row.slots, strict=True)}
        yield _template(parsed, filled, row.parents[0], "template", polite)


def _template(
    pattern: patterns.Pattern,
    lists: Mapping[str, str],
    parent: str,
    origin: str,
    polite: re.Pattern[str] | None,
) -> Template:
    parts = tuple(
        part if isinstance(part, str) else Hole(part.name, part.label, lists.get(part.name))
        for part in pattern.parts
    )
    said = " ".join(part for part in parts if isinstance(part, str))
    return Template(
        parts=parts,
        pattern=str(pattern),
        slots=frozenset(part.label for part in parts if isinstance(part, Hole)),
        names=frozenset(part.name for part in parts if isinstance(part, Hole)),
        parent=parent,
        origin=origin,
        polite=bool(polite and polite.search(said)),
        length=float(len(said.split()) + sum(not isinstance(part, str) for part in parts)),
        records=0,
    )


def _fit(template: Template, key: str, flow: Flow) -> Template | None:
    """A template as the flow uses it: in an offer, `city_2` is the city of the second record; a
    list fits a slot only where it is not the slot's own (or any value of it would fit)."""
    opens = key.startswith(("intent:", "opens:"))
    if opens and not template.slots <= set(flow.slots):
        return None
    barred = _any_of(flow.states[key[6:]].without) if key.startswith("opens:") else None
    if barred is not None and barred.search(template.said):
        return None
    offers = key.startswith("state:") and flow.states[key[6:]].kind == "offer"
    parts: list[str | Hole] = []
    for part in template.parts:
        if isinstance(part, Hole):
            counted = _RECORD.match(part.name) if offers else None
            label = counted[1] if counted else part.label
            slot = flow.slots.get(label)
            own = part.values in (slot.values if slot else part.name, ANY)
            nth = int(counted[2]) - 1 if counted else 0
            part = Hole(part.name, label, None if own else part.values, nth)
        parts.append(part)
    holes = [part for part in parts if isinstance(part, Hole)]
    pattern = template.pattern
    if offers:
        for hole in holes:
            if hole.record:
                pattern = pattern.replace(f"{{{hole.name}}}", f"{{{hole.label}:{hole.name}}}")
    return dataclasses.replace(
        template,
        parts=tuple(parts),
        pattern=pattern,
        slots=frozenset(hole.label for hole in holes),
        # elsewhere a slot that a sentence repeats (`city_2`) is one value
        names=frozenset(hole.name if offers else hole.label for hole in holes),
        records=max((hole.record + 1 for hole in holes), default=0),
    )


def _any_of(said: Iterable[str]) -> re.Pattern[str] | None:
    """What finds one of these words, or runs of words, in a text."""
    alternatives = "|".join(re.escape(word) for word in said)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE) if alternatives else None
