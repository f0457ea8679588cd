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
from dataclasses import dataclass
from functools import lru_cache

from textsynth import corpus, patterns
from textsynth.dialogue.flow import Flow
from textsynth.dialogue.flowfile import Flows, as_intent, phrases
from textsynth.errors import GrammarError
from textsynth.grammar import draw
from textsynth.grammar.grammar import Grammar, require_closed
from textsynth.grammar.lists import supplied
from textsynth.grammar.model import Sentence
from textsynth.grammar.syntax import ListReference, Place
from textsynth.values import from_surfaces

PATTERNS = 400  # of a pool, at most
ANY = "*"  # stands for the list of a slot that results fill: whatever they give fits
_RECORD = re.compile(r"(.+)_([2-9])\Z")


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a list: canonical ones, and the surfaces of each."""

    canonical: tuple[str, ...]
    surfaces: Mapping[str, tuple[str, ...]]


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
        invented: patterns of a model, by flow and key; they stand beside the templates.

    Raises:
        GrammarError: an intent, list or rule that is defined nowhere, where it is named.
    """
    common = phrases(language)
    grammar = _joined(flows, pack)
    values = _values(grammar, flows, seed)
    polite = _polite(common.polite if common else ())
    marked = grammar.supply({name: [name] for name in grammar.lists})
    made: dict[str, tuple[Template, ...]] = {}

    def templates(intent: str) -> tuple[Template, ...]:
        if intent not in made:
            made[intent] = tuple(_drawn(marked, intent, seed, polite))
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
        _bare_answers(flow, pools)
        found[name] = Words(pools, values)
    return found


def _bare_answers(flow: Flow, pools: dict[str, Pool]) -> None:
    """Every slot can be told, if only by its value."""
    told = pools.get("answer", Pool()).templates
    answers = [t for slot in flow.slots for t in pools.get(f"answer:{slot}", Pool()).templates]
    everything = tuple({t.pattern: t for t in (*told, *answers)}.values())
    missing = [slot for slot in flow.slots if not any(t.slots == {slot} for t in everything)]
    bare = (_template(patterns.parse(f"{{{s}}}"), {}, "", "template", None) for s in missing)
    pools["answer"] = Pool((*everything, *bare))


def _joined(flows: Flows, pack: Grammar | None) -> Grammar:
    """One grammar of all that flows can say: keys of flows are intents `flow/key`."""
    shared = flows.shared
    intents = dict(pack.intents) if pack else {}
    for name, file in flows.files.items():
        own = {
            slot: supplied(slot, from_surfaces(slot, [listed]))
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
    language = pack.language if pack else shared.language
    common = phrases(language)
    for key, sentences in common.words.items() if common else ():
        intents[f"/{key}"] = as_intent(f"/{key}", sentences)
    lists = {**(pack.lists if pack else {}), **shared.lists}
    rules = {**(pack.rules if pack else {}), **shared.rules}
    grammar = dataclasses.replace(
        shared, language=language, intents=intents, lists=lists, rules=rules
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


def _values(grammar: Grammar, flows: Flows, seed: int) -> dict[str, Values]:
    """The values of every list.

    Raises:
        GrammarError: a slot, or a result of a call, names a list that is not there.
    """
    for file in flows.files.values():
        flow = file.flow
        wanted = [(slot.values, slot.place) for slot in flow.slots.values()]
        for call in flow.calls.values():
            wanted += [(name, r.place) for r in call.results for name in r.gives.values()]
        for aside in flow.asides.values():
            wanted += [(name, aside.place) for name in aside.gives.values()]
        for name, place in wanted:
            if name not in grammar.lists:
                raise GrammarError(
                    f"there is no list {{{name}}}",
                    where=place.at(),
                    fix="define it under `lists`, or name another with `list:`",
                )
    place = Place("lists")
    alone = {
        name: as_intent(name, [Sentence(f"{{{name}}}", ListReference(name, name), place)])
        for name in grammar.lists
    }
    found = {}
    for name, listed in dataclasses.replace(grammar, intents=alone).value_lists(seed).items():
        surfaces: dict[str, list[str]] = {}
        for value in listed.values:
            surfaces.setdefault(value.canonical, []).append(value.surface)
        found[name] = Values(tuple(surfaces), {c: tuple(s) for c, s in surfaces.items()})
    return found


def _drawn(
    grammar: Grammar, intent: str, seed: int, polite: re.Pattern[str] | None
) -> Iterable[Template]:
    """Templates of an intent. Each list holds its own name alone, so that a pattern is drawn once,
    and what stands in a slot says which list fills it."""
    stop = min(PATTERNS, draw.capacity(grammar, intent, seed=seed))
    seen: set[str] = set()
    listed = {ANY, *grammar.lists}
    for row in corpus.utterances(draw.draw(grammar, intent, 0, stop, seed=seed)):
        assert row.pattern is not None
        if row.pattern in seen or not {s.value for s in row.slots} <= listed:
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
    if key.startswith("opens:") and any(
        w in template.pattern for w in flow.states[key[6:]].without
    ):
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


def _polite(said: Iterable[str]) -> re.Pattern[str] | None:
    alternatives = "|".join(re.escape(word) for word in said)
    return re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE) if alternatives else None
