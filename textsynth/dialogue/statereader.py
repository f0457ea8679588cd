"""States of flows from YAML, and the checks that go with reading: names, weights, branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textsynth.dialogue.flow import (
    HABITS,
    KINDS,
    NOTHING,
    OUTCOMES,
    Branch,
    Call,
    Flow,
    Reply,
    State,
)
from textsynth.errors import did_you_mean
from textsynth.grammar import syntax
from textsynth.grammar.document import Fields, Node, Scalar, kind
from textsynth.grammar.fields import FieldReader, wrong
from textsynth.grammar.model import Sentence
from textsynth.grammar.syntax import Place

Sentences = dict[str, tuple[Sentence, ...]]  # what a flow says, by key (see `words`)
_STATE = (
    *KINDS,
    *("next", "refused", "yes", "no", "none", "act", "slots", "chance", "again", "selects"),
    *("together", "end", "habits", "yes_says", "no_says", "yes_act", "no_act", "without"),
    *("also", "replies", "says"),
)
_REPLY = ("says", "act", "weight", "next", "asks", "tells", "changes", "intent")
_REPLIED = ("say", "confirm", "offer")
_BRANCHES: Mapping[str, tuple[str, ...]] = {
    "user": ("next",),
    "listen": ("next",),
    "collect": ("next", "refused"),
    "confirm": ("next",),
    "say": ("next",),
    "ask": ("yes", "no"),
    "call": (),  # its results
    "offer": ("next", "none"),
}
_NEEDED = {
    "user": ("next",),
    "listen": ("next",),
    "collect": ("next",),
    "confirm": ("next",),
    "ask": ("yes", "no"),
}
_SPOKEN = ("listen", "say", "ask", "offer")  # kinds whose own key holds sentences
_ACTS = {
    "listen": "INFORM",
    "confirm": "CONFIRM",
    "say": "INFORM",
    "ask": "OFFER_INTENT",
    "offer": "OFFER",
}


class StateReader(FieldReader):
    """Reads states; what is wrong is raised where it stands."""

    def sentences(self, fields: Fields, key: str, name: str, words: Sentences) -> bool:
        """Read the sentences under `key`, if any, as the words called `name`."""
        node = fields.fields.get(key)
        if node is None:
            return False
        scalars = [node] if isinstance(node, Scalar) else list(self.scalars(fields, key))
        if not scalars or not all(scalar.text.strip() for scalar in scalars):
            raise wrong(node, f"{key!r} says nothing", "write at least one sentence")
        words[name] = (*words.get(name, ()), *map(_sentence, scalars))
        return True

    def share(self, fields: Fields, key: str, default: float) -> float:
        value = self.number(fields, key, default)
        if not 0 <= value <= 1:
            raise wrong(fields.fields[key], f"{key!r} is no chance", "write a number from 0 to 1")
        return value

    def weight(self, node: Node) -> float:
        try:
            value = float(node.text) if isinstance(node, Scalar) else -1.0
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise wrong(node, "this is no weight", "write a number, 0 or more")
        return value

    def names(self, fields: Fields, key: str, known: Iterable[str], what: str) -> Iterator[str]:
        for scalar in self.scalars(fields, key):
            if scalar.text not in known:
                raise wrong(
                    scalar, f"there is no {what} {scalar.text!r}", did_you_mean(scalar.text, known)
                )
            yield scalar.text

    def habits(self, fields: Fields, key: str) -> dict[str, float]:
        found = self.mapping(fields, key)
        for name in found.fields:
            if name not in HABITS:
                fix = did_you_mean(name, HABITS)
                raise wrong(found.keys.get(name, found.place), f"no user does {name!r}", fix)
        return {name: self.share(found, name, 0.0) for name in found.fields}

    def state(self, name: str, node: Node, words: Sentences) -> State:
        fields = self.fields(node, f"the state {name}")
        kinds = [key for key in KINDS if key in fields.fields]
        if len(kinds) > 1 and not (set(kinds) == {"confirm", "say"}):
            raise wrong(node, f"a state does one thing, this one {' and '.join(kinds)}", "split it")
        if not kinds and not {"end", "next"} & fields.fields.keys():
            fix = f"write one of {', '.join(KINDS)}, or end"
            raise wrong(node, f"the state {name!r} does nothing", fix)
        does = "confirm" if "confirm" in kinds else kinds[0] if kinds else "say"
        spoken = {"confirm": "say"}.get(does, does if does in _SPOKEN else None)
        has_words = spoken is not None and self.sentences(fields, spoken, f"state:{name}", words)
        if does == "user":
            has_words = self.sentences(fields, "says", f"intent:{self.text(fields, 'user')}", words)
        self.sentences(fields, "yes_says", f"yes:{name}", words)
        self.sentences(fields, "no_says", f"no:{name}", words)
        end = self.text(fields, "end")
        if end is not None and end not in OUTCOMES:
            fix = did_you_mean(end, OUTCOMES)
            raise wrong(fields.fields["end"], f"{end!r} is no outcome", fix)
        listed = "slots" if does == "user" else does if does in ("collect", "confirm") else None
        return State(
            name=name,
            kind=does,
            place=node.place,
            branches=self.branches(name, does, fields, end),
            replies=tuple(self.replies(name, does, fields, words)),
            also=tuple(s.text for s in self.scalars(fields, "also"))
            if "also" in fields.fields
            else None,
            act=self.text(fields, "act") or _ACTS.get(does, ""),
            slots=tuple(s.text for s in self.scalars(fields, listed)) if listed else (),
            intent=self.text(fields, "user") if does == "user" else None,
            call=self.text(fields, "call") if does == "call" else None,
            chance=self.share(fields, "chance", 0.5),
            again=tuple(s.text for s in self.scalars(fields, "again")),
            selects=tuple(s.text for s in self.scalars(fields, "selects")),
            together=self.together(fields),
            end=end,
            habits=self.habits(fields, "habits"),
            answers={
                label: self.text(fields, f"{label}_act") or ""
                for label in ("yes", "no")
                if f"{label}_act" in fields.fields
            },
            has_words=has_words,
            without=tuple(s.text for s in self.scalars(fields, "without")),
        )

    def together(self, fields: Fields) -> float:
        """`together: true`, or how often."""
        node = fields.fields.get("together")
        if isinstance(node, Scalar) and node.text[:1].isdigit():
            return self.share(fields, "together", 0.0)
        return float(self.truth(fields, "together", False))

    def replies(self, state: str, does: str, fields: Fields, words: Sentences) -> Iterator[Reply]:
        nodes = self.mapping(fields, "replies")
        if nodes.fields and does not in _REPLIED:
            fix = f"write them under one of {', '.join(_REPLIED)}"
            raise wrong(nodes, f"nobody replies to a state of the kind {does!r}", fix)
        for name, node in nodes.fields.items():
            reply = self.fields(node, f"the reply {name}")
            self.known(reply, _REPLY)
            asks = tuple(s.text for s in self.scalars(reply, "asks"))
            if does == "say" and "next" not in reply.fields and not asks:
                message = f"the reply {name!r} is a dead end: it has no 'next'"
                raise wrong(node, message, "next: another state")
            weight = self.weight(reply.fields["weight"]) if "weight" in reply.fields else 1.0
            yield Reply(
                name=name,
                place=node.place,
                weight=weight,
                acts=tuple((self.text(reply, "act") or "").split()),
                asks=asks,
                tells=tuple(s.text for s in self.scalars(reply, "tells")),
                changes=tuple(s.text for s in self.scalars(reply, "changes")),
                intent=self.text(reply, "intent"),
                has_words=self.sentences(reply, "says", f"reply:{state}:{name}", words),
            )

    def branches(self, name: str, does: str, fields: Fields, end: str | None) -> dict[str, Branch]:
        """Where a state leads: of a call, whatever is none of the keys of a state is a result."""
        labels = _BRANCHES[does]
        if does == "call":
            labels = tuple(key for key in fields.fields if key not in ("call", "again", "habits"))
        else:
            self.known(fields, _STATE)
        found = {
            label: self.branch(fields.fields[label]) for label in labels if label in fields.fields
        }
        if end is not None and found:
            raise wrong(fields, f"the state {name!r} ends, and goes on", "take end or next out")
        replies = self.mapping(fields, "replies").fields
        for label, node in replies.items():
            if isinstance(node, Fields) and "next" in node.fields:
                found[label] = self.branch(node.fields["next"])
        for label in () if replies else _NEEDED.get(does, ()):
            if label not in found:
                message = f"the state {name!r} is a dead end: it has no {label!r}"
                raise wrong(fields, message, f"{label}: another state")
        if end is None and not found:
            message = f"the state {name!r} is a dead end: nothing comes after it"
            raise wrong(fields, message, "name the `next` state, or write `end: success`")
        return found

    def branch(self, node: Node) -> Branch:
        if isinstance(node, Scalar):
            return ((node.text, 1.0),)
        if isinstance(node, Fields):
            weighed = tuple((key, self.weight(value)) for key, value in node.fields.items())
            if any(weight for _, weight in weighed):
                return weighed
        raise wrong(node, f"a branch is {kind(node)}", "name a state, or states with weights")

    def settled(self, flow: Flow, nodes: Fields, calls: Mapping[str, Call]) -> None:
        """Check what states name: states, slots, calls and their results."""
        for name, state in flow.states.items():
            fields = nodes.fields[name]
            assert isinstance(fields, Fields)
            for label, target, _ in state.targets():
                if target not in flow.states:
                    fix = did_you_mean(target, flow.states)
                    named = _named(fields.fields.get(label, state.place), target)
                    raise wrong(named, f"there is no state {target!r}", fix)
            listed = state.kind if state.kind in ("collect", "confirm") else "slots"
            list(self.names(fields, listed, flow.slots, "slot") if state.slots else ())
            list(self.names(fields, "again", flow.slots, "slot"))
            list(self.names(fields, "also", flow.slots, "slot"))
            for reply in self.mapping(fields, "replies").fields.values():
                assert isinstance(reply, Fields)
                list(self.names(reply, "asks", flow.asides, "aside"))
                for key in ("tells", "changes"):
                    list(self.names(reply, key, flow.slots, "slot"))
            if state.kind == "call":
                self.called(state, fields, calls)
        for slot in flow.slots.values():
            if slot.same_as is not None and slot.same_as not in flow.slots:
                fix = did_you_mean(slot.same_as, flow.slots)
                raise wrong(slot.place, f"there is no slot {slot.same_as!r}", fix)

    def called(self, state: State, fields: Fields, calls: Mapping[str, Call]) -> None:
        call = calls.get(state.call or "")
        if call is None:
            fix = did_you_mean(state.call or "", calls)
            raise wrong(fields.fields["call"], f"there is no call {state.call!r}", fix)
        results = {result.name for result in call.results if result.weight}
        if call.match and call.table:
            results.add(NOTHING)
        for result in sorted(results - set(state.branches)):
            message = f"the state {state.name!r} does not say what follows {result!r}"
            raise wrong(fields, message, f"{result}: another state")
        for label in state.branches:
            if label not in results:
                place = fields.keys.get(label, fields.place)
                message = f"the call {call.name!r} has no result {label!r}"
                raise wrong(place, message, did_you_mean(label, results))


def _named(node: Node | Place, name: str) -> Node | Place:
    """The place of a name in a branch."""
    if isinstance(node, Fields):
        return node.keys.get(name, node.place)
    return node


def _sentence(scalar: Scalar) -> Sentence:
    return Sentence(scalar.text, syntax.parse(scalar.text, scalar.place), scalar.place)
