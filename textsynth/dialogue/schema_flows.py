"""The flow of a service, as its dialogues go, from its schema.

The course is that of the Schema-Guided Dialogue dataset: the user says what they want, the system
asks for what it needs, offers what a search found, and proposes what may be done with it; that is
read back, done, and told. Weights are near the shares of that dataset's training part.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Any

from textsynth.dialogue.schema import DONTCARE, Intent, Service
from textsynth.dialogue.schema_intents import opening, spoken
from textsynth.dialogue.schema_words import either, filled, sentences, wordings

OFFERED = 4  # slots of a record that are told at once, at most
RECORDS = 4  # that a search finds
OPTIONAL = 0.7  # how often a user cares about a slot that nobody asks for
Yaml = dict[str, Any]


class Raw(str):
    """Text that is YAML already."""


class ServiceFlow:
    """The flow of a service; `used` are the lists of `schema_lists.yaml` that it needs."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.words = wordings(service)
        intents = list(service.intents.values())
        self.does = [intent for intent in intents if intent.transactional]
        self.searches = [intent for intent in intents if not intent.transactional]
        self.spoken = {intent.name: spoken(intent) for intent in intents}
        self.wanted = list(dict.fromkeys(slot for intent in intents for slot in intent.wanted))
        self.required = {slot for intent in intents for slot in intent.required}
        roles = {w.role for w in self.words.values() if w.kind in ("city", "airport", "station")}
        self.travels = roles >= {"start", "end"}
        self.used = {w.values for w in self.words.values() if not w.slot.values}
        self.used.update(name for word in self.words.values() for name in word["uses"])

    def sections(self) -> Iterator[tuple[str, Yaml]]:
        """The parts of the file, each with a comment to stand before it."""
        head: Yaml = {"flow": self.service.name}
        if self.service.description:
            head["description"] = self.service.description
        quiet = dict.fromkeys(("aside", "change", "misheard", "refuse"), 0)
        rare = {"unclear": 0.01, "out_of_scope": 0.005, "hang_up": 0.003}
        yield "", {**head, "user": {**quiet, **rare, "more": 0.4, "less": 0.01}}
        own = {name: lines for one in self.words.values() for name, lines in one.lists.items()}
        if own:
            values = {name: {"values": [Raw(line) for line in own[name]]} for name in own}
            yield "Values that the schema names.", {"lists": values}
        if self.wanted:
            slots = {slot: self.slot(slot) for slot in self.wanted}
            yield "What users tell: how it is asked for, said and corrected.", {"slots": slots}
        if pairs := self.pairs():
            yield "Two of them in one sentence.", {"answers": pairs}
        yield "What the service answers.", {"calls": dict(self.calls())}
        if asides := dict(self.asides()):
            yield "What users ask about, and the answers.", {"asides": asides}
        yield "The course of a dialogue, from the first state on.", {"states": self.states()}

    # --- slots and calls ------------------------------------------------------------------------

    def slot(self, name: str) -> Yaml:
        one = self.words[name]
        made: Yaml = {}
        if one.slot.description:
            made["description"] = one.slot.description
        if one.values != name:
            made["list"] = one.values
        if name not in self.required:
            made["chance"] = OPTIONAL
        if one.kind == "number":
            made["skew"] = 2
        defaults = (intent.optional.get(name) for intent in self.service.intents.values())
        default = next((value for value in defaults if value and value != DONTCARE), None)
        if default is not None:
            made["default"] = _spoken_date(default)
        return made | {"ask": one["ask"], "answer": one["answer"], "correct": one["correct"]}

    def pairs(self) -> list[str]:
        """Sentences that tell two slots of an intent."""
        found: dict[tuple[str, str], list[str]] = {}
        for intent in self.service.intents.values():
            for at, first in enumerate(intent.wanted):
                for second in intent.wanted[at + 1 :]:
                    told, other = (either(self.words[s]["told"][:4]) for s in (first, second))
                    words = {"slot": first, "second": second, "told": told, "other": other}
                    found[first, second] = [filled(text, words) for text in sentences()["pair"]]
        return [text for texts in found.values() for text in texts]

    def given(self, intent: Intent) -> dict[str, str]:
        """What a call of the intent gives: its results, with the lists of their values."""
        return {slot: self.words[slot].values for slot in intent.results or intent.wanted}

    def calls(self) -> Iterator[tuple[str, Yaml]]:
        for intent in self.service.intents.values():
            gives = self.given(intent)
            success: Yaml = {"gives": gives} if gives else {}
            call: Yaml = {"results": {"success": success}}
            if intent.transactional:
                call["results"] = {"success": {"weight": 9, **success}, "failure": 1}
            elif not gives:
                call["results"] = {"success": 1}
            else:
                call["records"] = RECORDS
            match = self.wanted if intent.transactional else intent.wanted
            if matching := [slot for slot in match if slot in gives]:
                call["match"] = matching
            yield intent.name, call

    def asides(self) -> Iterator[tuple[str, Yaml]]:
        asked = {slot for intent in self.service.intents.values() for slot in intent.results}
        for name in self.service.slots:
            if name in asked:
                one = self.words[name]
                yield name, {"asks": one["request"], "replies": one["inform"]}

    def follows(self, intent: Intent) -> Intent | None:
        """What is likeliest done with what a search found."""
        mine = {*intent.wanted, *intent.results}

        def shared(other: Intent) -> float:
            theirs = {*other.wanted, *other.results}
            return len(mine & theirs) / (len(mine | theirs) or 1)

        there = [other for other in self.does if mine & {*other.required}]
        return max(there, key=shared, default=None)

    def left(self, intent: Intent, after: Intent) -> list[str]:
        """What the user has still to tell for an intent after a search."""
        known = {*after.results, *after.required}
        return [slot for slot in intent.required if slot not in known]

    # --- what the system says -------------------------------------------------------------------

    def offered(self, intent: Intent) -> list[str]:
        """The slots of a record that the system tells: what names it and what decides."""
        given = list(self.given(intent))
        ranks = {slot: self.rank(slot, intent, given) for slot in given}
        ranked = sorted(given, key=lambda slot: (-ranks[slot], given.index(slot)))
        flat = any(self.words[slot].kind == "property" for slot in given)
        return [slot for slot in ranked if ranks[slot]][: OFFERED + flat] or ranked[:2]

    def rank(self, slot: str, intent: Intent, given: Sequence[str]) -> int:
        """How much a slot matters in an offer: of a hotel how good it is, of a journey when it
        begins and what it costs, of what one goes to where it is. What the user has asked for need
        not be told again."""
        about = self.spoken[intent.name].thing.split()
        kinds = {self.words[other].kind for other in given}
        titles = {
            other: self.words[other].kind
            for other in given
            if self.words[other].title
            and (other not in intent.required or self.words[other].noun.split()[0] in about)
        }
        title = next(iter(titles.values()), "")
        kind = self.words[slot].kind
        if slot in titles:
            return 10
        if kind == "boolean":
            return 0
        if "property" in kinds:
            return {"address": 5, "number": 4, "money": 4}.get(kind, 0)
        if kind == "choice":
            if "airline" in slot:
                return 7
            sorts = self.words[slot]["before"] and title in ("attraction", "doctor", "car")
            fares = self.travels and not any("airline" in other for other in given)
            return 4 if sorts or "balance" in kinds else 3 * fares
        if kind == "city":
            return 4 * (title in ("restaurant", "salon", "doctor"))
        if slot in intent.required:
            return 0
        if kind == "number":
            words = ("star", "rating") if title else ("stop", "transfer")
            return 4 * any(word in slot for word in words)
        if title == "event" and kind in ("date", "time"):
            named = titles.keys() & {*intent.required}  # then it is about when it takes place
            others = (other for other in self.searches if other != intent)
            elsewhere = any(titles.keys() & {*other.required} for other in others)
            return 5 * (kind == "date") if named else 5 * (not elsewhere)
        if kind in ("time", "money"):
            if title == "appointment":
                return 6 * (kind == "time")
            late = "arrival" in slot or (kind == "money" and not self.travels)
            return 0 if late or title else 6 - (kind == "money")
        follows = self.follows(intent)
        deciding = follows is not None and slot in follows.required
        ranks = {
            "rating": 4 * (title in ("hotel", "movie", "")),
            "artist": 6,
            "album": 6,
            "venue": 5 * (title in ("event", "")),
            "theater": 5 * (title in ("event", "")),
            "address": 5 * (not title and not self.travels and not kinds & {"venue", "theater"}),
            **dict.fromkeys(("balance", "temperature", "percent", "airline"), 6 * (not title)),
        }
        return ranks.get(kind, 5 * (deciding and slot not in intent.optional))

    def offer(self, intent: Intent) -> list[str]:
        """Sentences that offer a record, with how many there are and without."""
        slots = self.offered(intent)
        title = next((slot for slot in slots if self.words[slot].title), None)
        facts = [self.words[slot]["fact"] for slot in slots if slot != title]
        found = []
        for nth in range(3):
            *others, last = [fact[nth % len(fact)] for fact in facts] or [""]
            said = f"{', '.join(others)} and {last}" if others else last
            filling = {**self.spoken[intent.name].filling(), "said": said, "title": title or ""}
            filling["also"] = f" {said[:1].upper()}{said[1:]}." if said else ""
            frames = sentences()["states"]["offer_named" if title else "offer"]
            found += [filled(text, filling) for text in frames[nth]]
        return found

    def confirmed(self, intent: Intent) -> list[str]:
        """The slots that are read back: those needed, and those with a default."""
        defaults = [slot for slot, value in intent.optional.items() if value != DONTCARE]
        return list(dict.fromkeys((*intent.required, *defaults)))

    def confirm(self, intent: Intent) -> list[str]:
        """Sentences that read back all that is to be done, or a part of it."""
        parts = [either(self.words[slot]["confirm"]) for slot in self.confirmed(intent)]
        pairs = [f"{one}, {other}" for one, other in combinations(parts, 2)]
        words = self.spoken[intent.name]
        found = []
        for frame in sentences()["states"]["confirm"]:
            for said in (parts, [*parts[1:], *parts[:1]], [either([*parts, *pairs])]):
                filling = {**words.filling(), "do": words.does[0], "parts": ", ".join(said)}
                found.append(filled(frame, filling))
        return list(dict.fromkeys(found))

    def say(self, key: str, intent: Intent | None = None, **more: str) -> list[str]:
        """The sentences of a state or a reply."""
        words = self.spoken[intent.name].filling() if intent else {}
        return [filled(text, {**words, **more}) for text in sentences()["states"][key]]

    # --- states ---------------------------------------------------------------------------------

    def states(self) -> Yaml:
        intents = list(self.service.intents)
        first = {
            name: 1 + 2 * (not intent.transactional or not self.searches)
            for name, intent in self.service.intents.items()
        }
        states: Yaml = {"start": {"next": first}}
        for intent in self.searches:
            states |= self.search(intent)
        for intent in self.does:
            states |= self.do(intent)
        more: Yaml = {"done": self.reply("finished", "NEGATE THANK_YOU", 13, "bye")}
        for name in intents:
            more[f"then_{name}"] = {"weight": round(2 / len(intents), 2), "next": name}
        states["more"] = {"say": self.say("more"), "act": "REQ_MORE", "replies": more}
        states["bye"] = {"say": self.say("bye"), "act": "GOODBYE", "end": "success"}
        if self.does:
            states["bye_undone"] = {"say": self.say("bye"), "act": "GOODBYE", "end": "failure"}
        return states

    def reply(
        self,
        key: str,
        act: str,
        weight: float,
        target: str | None,
        about: Intent | None = None,
        **more: Any,
    ) -> Yaml:
        """A reply with the sentences of a key, about an intent."""
        texts = {name: more.pop(name) for name in ("title",) if name in more}
        made: Yaml = {"says": self.say(key, about, **texts), "act": act, "weight": weight, **more}
        return made | ({"next": target} if target else {})

    def begin(self, intent: Intent, target: str) -> Yaml:
        """The user says what they want, and is asked for what is missing."""
        name = intent.name
        told = [self.words[slot] for slot in intent.wanted]
        opens: Yaml = {"user": name, "says": opening(self.spoken[name], told)}
        opens |= {"slots": list(intent.wanted), "habits": {"less": 0.1, "more": 0}}
        if not intent.required:
            return {name: {**opens, "next": target}}
        asks = {"collect": list(intent.required), "also": list(intent.optional), "together": 0.45}
        return {name: {**opens, "next": f"{name}_ask"}, f"{name}_ask": {**asks, "next": target}}

    def entry(self, intent: Intent, target: str) -> str:
        """Where an intent begins of which the user has just spoken."""
        return f"{intent.name}_ask" if intent.required else target

    def search(self, intent: Intent) -> Yaml:
        name = intent.name
        states = self.begin(intent, f"{name}_search")
        states[f"{name}_search"] = {"call": name, "success": f"{name}_offer"}
        states[f"{name}_offer"] = {"offer": self.offer(intent), "replies": self.choices(intent)}
        other = self.follows(intent)
        if other is not None:
            states[f"{name}_propose"] = self.proposal(intent, other)
        return states

    def choices(self, intent: Intent) -> Yaml:
        """What users reply to an offer."""
        name, offered = intent.name, self.offered(intent)
        titles = (slot for slot in offered if self.words[slot].title and slot in self.wanted)
        title = next(titles, None)
        alone = 5 if offered == [title] else 1  # then it is named more often
        does = self.follows(intent)
        after = f"{name}_propose" if does else "more"
        replies: Yaml = {"take": self.reply("take", "SELECT", 18, after)}
        if title:
            replies["name"] = self.reply("name", f"SELECT:{title}", alone * 5, after, title=title)
        linked = [other for other in self.searches if {*other.required} & {*offered}]
        for other in [*([does] if does else []), *(one for one in linked if one is not intent)]:
            target = self.entry(other, f"{other.name}_{'check' if other is does else 'search'}")
            then: Yaml = {"about": other, "intent": other.name}
            act = "SELECT INFORM_INTENT"
            replies[f"then_{other.name}"] = self.reply("take_then", act, 7, target, **then)
            if title:
                named = f"SELECT:{title} INFORM_INTENT"
                replies[f"name_{other.name}"] = self.reply(
                    "name_then", named, 2 * alone, target, title=title, **then
                )
            if other is does and (left := self.left(other, intent)):
                replies[f"tell_{other.name}"] = self.reply(
                    "take_then", act, 6, target, tells=left, **then
                )
        open_ = [slot for slot in intent.results if slot not in offered]
        if asked := [slot for slot in open_ if slot not in intent.required] or open_:
            replies["question"] = {"asks": asked, "weight": 34}
        replies["another"] = self.reply("another", "REQUEST_ALTS", 13, None, about=intent)
        for key, slots, weight in (("change", intent.required, 6), ("wish", intent.optional, 11)):
            if slots:
                replies[key] = self.reply(
                    "another", "REQUEST_ALTS", weight, f"{name}_search", intent, changes=[*slots]
                )
        replies["enough"] = self.reply("take_end", "SELECT GOODBYE", 6, "bye")
        return replies

    def proposal(self, intent: Intent, other: Intent) -> Yaml:
        """The system proposes what may be done with what was taken."""
        target = self.entry(other, f"{other.name}_check")
        then: Yaml = {"about": other, "intent": other.name}
        replies = {"yes": self.reply("accepted", "AFFIRM_INTENT", 31, target, **then)}
        if left := self.left(other, intent):
            replies["tell"] = self.reply(
                "accepted_short", "AFFIRM_INTENT", 26, target, tells=left, **then
            )
        replies["no"] = self.reply("declined", "NEGATE_INTENT", 18, "more")
        replies["enough"] = self.reply("declined_end", "NEGATE_INTENT GOODBYE", 11, "bye")
        return {"say": self.say("propose", other), "act": "OFFER_INTENT", "replies": replies}

    def do(self, intent: Intent) -> Yaml:
        name, slots = intent.name, self.confirmed(intent)
        asked = [slot for slot in intent.results if slot not in slots]
        check, call = f"{name}_check", f"{name}_call"
        states = self.begin(intent, check)
        replies: Yaml = {"yes": self.reply("confirmed", "AFFIRM", 48, call)}
        if slots:
            replies["change"] = {"act": "NEGATE", "changes": slots, "weight": 27}
        if asked:
            replies["question"] = self.reply("confirmed", "AFFIRM", 25, call, asks=asked)
        if slots:
            states[check] = {"confirm": slots, "say": self.confirm(intent), "replies": replies}
        else:  # nothing to read back
            states[check] = {"next": call}
        thanks: Yaml = {
            "thanks": self.reply("thanks", "THANK_YOU", 38, "more"),
            "enough": self.reply("thanks_end", "THANK_YOU GOODBYE", 40, "bye"),
        }
        if asked:
            thanks["question"] = {"asks": asked, "weight": 15}
        failed: Yaml = {
            "done": self.reply("finished", "NEGATE THANK_YOU", 60, "bye_undone"),
            "again": self.reply("again", "INFORM_INTENT", 40, check, intent=name),
        }
        if slots:
            failed["again"]["changes"] = slots
        states[call] = {"call": name, "success": f"{name}_done", "failure": f"{name}_failed"}
        words = {**self.spoken[name].filling(), "do": self.spoken[name].does[0]}
        lost = [filled(text, words) for text in sentences()["states"]["failed"]]
        done = self.say("done", intent)
        states[f"{name}_done"] = {"say": done, "act": "NOTIFY_SUCCESS", "replies": thanks}
        act = "NOTIFY_FAILURE REQ_MORE"
        states[f"{name}_failed"] = {"say": lost, "act": act, "replies": failed}
        return states


def _spoken_date(text: str) -> str:
    """A date of a schema (`2019-03-01`) as `schema_lists.yaml` has it; any other text as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    end = "th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{calendar.month_name[day.month]} {day.day}{end}"
