"""A pack from a schema: a flow a service, as its dialogues go, and what stands beside them.

The course of a dialogue is that of the Schema-Guided Dialogue dataset: the user says what they
want, the system asks for what it needs, offers what a search found, and proposes what may be done
with it; that is confirmed, done, and told.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from textsynth.dialogue import schema_words
from textsynth.dialogue.schema import DONTCARE, Intent, Service, chosen, read
from textsynth.dialogue.schema_words import Wording, plural, singular, with_article
from textsynth.errors import GrammarError

DIALOGUES = 100  # of each service
OFFERED = 4  # slots of a record that are told at once, at most
Yaml = dict[str, Any]


def new_from_schema(path: Path, folder: Path, services: Sequence[str] = ()) -> list[Path]:
    """Write a pack of the services of a schema (all, if none is named) and give its files.

    Raises:
        GrammarError: the schema is wrong, there is no such service, or the folder is not empty.
    """
    return write(chosen(read(path), services), folder)


def write(services: Sequence[Service], folder: Path) -> list[Path]:
    """Write a pack: flows, the lists they share, a recipe, and what to do with it.

    Raises:
        GrammarError: the folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GrammarError(
            "something is there already",
            where=str(folder),
            fix="name a folder that is empty or new",
        )
    files: dict[str, str] = {}
    used: set[str] = set()
    for service in services:
        made = _Flow(service)
        files[f"flows/{service.name.lower()}.yaml"] = made.text()
        used |= made.used
    files["flows/_lists.yaml"] = lists(used)
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "dialogues"
    files["recipe.yaml"] = _RECIPE.format(name=name, count=DIALOGUES)
    files["README.md"] = _README.format(
        name=name, services="\n".join(f"- {s.name}: {s.description}" for s in services)
    )
    paths = []
    try:
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        for at, text in files.items():
            (folder / at).write_text(text, encoding="utf-8")
            paths.append(folder / at)
    except OSError as error:
        raise GrammarError(
            f"the pack cannot be written: {error.strerror}", where=str(folder), fix="check the path"
        ) from error
    return paths


_RECIPE = """\
# Dialogues made from a schema; see README.md.
name: {name}
seed: 1
language: en
dialogues:
  path: flows
  per_flow: {count}
filters: [exact, near, quality]
export: [huggingface]
"""
_README = """\
# {name}

Dialogues with these services, made from their schema:

{services}

`textsynth run recipe.yaml` makes them. Every file is yours to edit:

- `flows/*.yaml`, one a service: sentences are guessed from the names and descriptions of the
  schema. Read them aloud, correct what nobody would say, add what your users do say.
- `flows/_lists.yaml`: values of slots for which the schema has none. Names in it are made up; put
  those of your own data in their place.
- `weight`s of replies and `chance`s of slots say how often users do what.

`textsynth check` tells what is wrong, with file and line.
"""


@cache
def _listed() -> dict[str, str]:
    """The text of each list of `schema_lists.yaml`, with the comments before it."""
    text = Path(__file__).with_name("schema_lists.yaml").read_text(encoding="utf-8")
    body = text.partition("lists:\n")[2]
    blocks = re.findall(r"((?:  #.*\n)*)  (\w+):\n((?:    .*\n)+)", body)
    return {name: f"{comment}  {name}:\n{lines}" for comment, name, lines in blocks}


def lists(used: Iterable[str]) -> str:
    """A file of these lists."""
    head = "# Values of slots, shared by all flows: `out` is the value, `in` the ways to say it.\n"
    body = "".join(_listed()[name] for name in sorted(used))
    return f"{head}lists:\n{body}" if body else f"{head}lists: {{}}\n"


# --- the words of intents ---------------------------------------------------------------------------

_VERBS = {
    "find": ("find", "search for", "look for"),
    "explore": ("find", "explore"),
    "search": ("find", "search for", "look for"),
    "lookup": ("find", "look up", "search for"),
    "get": ("get", "find", "see"),
    "discover": ("find", "discover", "look for"),
    "book": ("book", "reserve"),
    "reserve": ("reserve", "book"),
    "buy": ("buy", "purchase", "get"),
    "purchase": ("buy", "purchase", "get"),
    "schedule": ("schedule", "book", "set up"),
    "play": ("play", "put on", "start"),
    "rent": ("rent", "get"),
    "check": ("check", "see", "know"),
    "add": ("add",),
    "set": ("set",),
    "make": ("make",),
    "transfer": ("transfer", "send"),
    "send": ("send",),
    "share": ("share",),
    "request": ("request", "ask for"),
}
_SEEKING = frozenset("find search lookup discover get explore browse".split())
_STOPS = re.compile(
    r"\s*(?:,|;|\(|-\s|\b(?:in|at|on|for a given|for the|for given|by|with|within|between|around|"
    r"based|according|happening|from|that|which|using|near|of choice|on which|to watch|to visit|"
    r"to a|to the|to head|of a|matching|a specified|for certain|for any|for me|for my|for users?|"
    r"for the user|the user|user has)\b)"
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """How an intent is spoken of: what one wants to do (`find a bus`), and the thing."""

    does: tuple[str, ...]
    thing: str
    verb: str

    @property
    def things(self) -> str:
        return plural(self.thing)

    @property
    def one(self) -> str:
        return singular(self.thing)


def spoken(intent: Intent) -> Spoken:
    """The words of an intent, from its name and description."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", intent.name.replace("_", " "))
    words = [word.lower() for word in words] or [intent.name.lower()]
    words = " ".join(words).replace("oneway", "one-way").replace("roundtrip", "round-trip").split()
    verb, thing = words[0], " ".join(words[1:])
    thing = re.sub(r" (?:by|for|at|in)\b.*", "", thing) or "it"
    thing = re.sub(r"(.+) available", r"available \1", thing)
    verbs = _VERBS.get(verb, (verb,))
    named = thing if thing == "it" else f"my {thing}" if verb == "check" else with_article(thing)
    does = [f"{each} {named}" for each in verbs]
    said = intent.description.rstrip(".")
    said = re.sub(r"\b(?:a|the) user's\b|\byour\b", "my", said)
    said = re.sub(r" (?:selected|given|particular|certain)\b", "", said)
    stop = _STOPS.search(said)
    head = said[: stop.start()] if stop and stop.start() else said
    first, *rest = head.split() or [""]
    if rest and len(rest) < 8 and rest[0] not in ("out", "up"):
        first = first.lower()
        head = " ".join(rest)
        if rest[0] == "for" and first in ("search", "look"):
            first, head = "find", " ".join(rest[1:])
        others = () if " to " in head else _VERBS.get(first, ())[1:2]
        does += [f"{each} {head}" for each in (first, *others)]
    return Spoken(tuple(dict.fromkeys(does)), thing, verb)


def opening(words: Spoken, told: Sequence[Wording]) -> list[str]:
    """Sentences with which users say what they want, without slots, with one, and with two."""
    do = f"({'|'.join(words.does)})"
    frames = [
        f"(I want|I'd like|I need|I would like) to {do}[, please].",
        f"(Can|Could|Will) you (help me |please |){do}?".replace("please |)", "please )"),
        f"(Can|Could) you {do}[ for me][, please]?",
        f"(Please|Hi, please) {do}[ for me].",
        f"(I'm (trying|planning|hoping)|I am (trying|planning)) to {do}. (Can|Could) you help[ me]?",
        f"(Hello|Hi|Hey), (I want|I'd like|I need) to {do}.",
        f"I need help to {do}.",
        f"(I'm bored|I have some free time|I need (some|your) help|I have a question|I'm planning something|I could use some help). (Can|Could|Will) you {do}[ for me]?",
        f"(I was wondering if|I wonder if|Is it possible that) you (can|could) {do}[ for me](.|?)",
    ]
    if words.verb in _SEEKING and words.thing != "it":
        named = with_article(words.thing)
        frames += [
            f"I('m| am) looking for {named}[, can you help me].".replace("('m| am)", "'m"),
            f"I (need|want) {named}[, please].",
            f"(Are there any|Do you have any|Show me some|What about some) {words.things}?",
            f"(Find|Get|Search for) {named}[ for me][, please].",
        ]
    if words.verb in ("book", "reserve", "schedule", "buy"):
        frames += ["(I want|I'd like|I need) to make a (reservation|booking).",
                   f"{words.does[0].capitalize()}[ for me][, please]."]  # fmt: skip
    single = [one for one in told if one.told]
    bare = [re.sub(r"\[(?:, please| for me)[^\]]*\]", "", frame) for frame in frames[:4]]
    with_one = []
    for nth, one in enumerate(single):
        frame, other = bare[nth % 4], bare[(nth + 1) % 4]
        with_one.append(f"{frame[:-1]} ({'|'.join(one.told)}){frame[-1]}")
        said = [text for text in one.answer if not text.startswith("{")] or one.answer
        with_one.append(f"{other} ({'|'.join(said)})")
    with_two = []
    for first, second in zip(single, [*single[1:], *single[:1]], strict=True):
        if first is not second:
            a, b = f"({'|'.join(first.told)})", f"({'|'.join(second.told)})"
            with_two.append(f"(I want|I'd like|I need) to {do} ({a};{b})[, please].")
    named = [one for one in told if one.before] if words.thing != "it" else []
    for one in named:
        for hole in one.before:
            find = "(I want to find|I want|I'm looking for|Find me|Can you find me|I'd like|I need|Get me)"
            with_one += [f"{find} [a|some] {hole} ({words.one}|{words.things})[, please].",
                         f"(Are there any|Do you have any|Show me some|I need some) {hole} {words.things}(.|?)"]  # fmt: skip
            others = [other for other in single if other is not one][:3]
            with_two += [
                f"{find} [a|some] {hole} ({words.one}|{words.things}) ({'|'.join(other.told)})[, please]."
                for other in others
            ]
    return [*frames, *with_one, *with_two]


# --- flows -------------------------------------------------------------------------------------------


def _lower(text: str) -> str:
    """Alternatives as they stand within a sentence."""
    return re.sub(r"(^|[(|])([A-Z])(?=[a-z])", lambda found: found[1] + found[2].lower(), text)


_ACCEPT = (
    "(That|It|This|That one|This one) (sounds|looks|seems) (good|great|nice|perfect|fine|wonderful)[ to me]|"
    "That (works|will work|would work|would be great|could work|should work|is perfect|is great|is fine|is good)[ for me]|"
    "Sounds (good|great|nice|fun)|Perfect|Great|Awesome|Nice|Wonderful|Excellent|"
    "(Okay|Ok|Yes|Yeah|Alright), (that's good|that would be great|I like it|sounds good|that's fine|great|perfect)|"
    "I (really like|like|love) (that|that one|it|this one)|That's (fine|great|perfect|good|the one I want|exactly what I (need|want))|"
    "I'll (take|go with) (that|it|that one)|I'd like (that|that one)"
)
_ACCEPT = f"({_ACCEPT})"
_THANKS = "(Thanks|Thank you|Thanks a lot|Thank you so much|Thanks so much|Thank you very much|Thanks for (your|the) help)"
_THATS = "(That's all|That is all|That's all I (need|needed)|That's everything|That will be all|That's it|I'm (done|all set)|I don't need anything else|That would be all)[ for now| for today]"
_DONE, _SO_THANKS = _lower(_THATS), _lower(_THANKS)
_YES = "(Yes|Yeah|Yep|Yup|Sure|Okay)"
_ALTS = [
    "(Is there|Do you have) (anything|something) else?",
    "(What else|Anything else) (do you have|is there|can you find)?",
    "(Can|Could) you (find|show me|look for) (something else|another one|other options)[, please]?",
    "(Any|Are there any) (others|other options|alternatives)?",
    "(I'd like|I want|Show me) something else[, please].",
    "(Not that one|I don't like that one|Hmm, I'm not sure). What else is there?",
    "(Are there any|Do you have any) (others|other ones)?",
]  # fmt: skip
_BYE = ["Have a (great|good|nice|wonderful) day(.|!)", "(Goodbye|Bye|Take care)(.|!)", "Enjoy (your|the rest of your) day.",
        "You're welcome. Have a (good|great) (day|one).", "(Glad|Happy) (to help|I could help). Have a (nice|great) day."]  # fmt: skip
_MORE = ["(Is there|Do you need) anything else[ I can (help|assist) you with]?", "(Can|May) I help you with anything else?",
         "Anything else[ I can do for you]?", "What else can I (do|help you with)?", "Do you need (any more help|further assistance)?"]  # fmt: skip


class _Flow:
    """The flow of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.words = schema_words.wordings(service)
        roles = {w.role for w in self.words.values() if w.kind in ("city", "airport", "station")}
        self.travels = roles >= {"start", "end"}
        intents = list(service.intents.values())
        self.does = [intent for intent in intents if intent.transactional]
        self.searches = [intent for intent in intents if not intent.transactional]
        self.spoken = {intent.name: spoken(intent) for intent in intents}
        self.wanted = list(dict.fromkeys(slot for intent in intents for slot in intent.wanted))
        self.required = {slot for intent in intents for slot in intent.required}
        own = {name for one in self.words.values() for name in one.lists}
        self.used = {one.values for one in self.words.values() if not one.slot.values}
        self.used |= {name for one in self.words.values() for name in one.uses}
        self.used -= own

    def text(self) -> str:
        """The flow as YAML."""
        service = self.service
        flow: Yaml = {"flow": service.name}
        if service.description:
            flow["description"] = service.description
        flow["user"] = {"aside": 0, "change": 0, "misheard": 0, "refuse": 0, "unclear": 0.01,
                        "out_of_scope": 0.005, "hang_up": 0.003, "more": 0.3, "less": 0.01}  # fmt: skip
        sections = [(flow, "")]
        values = {name: {"values": [_Raw(line) for line in lines]}
                  for one in self.words.values() for name, lines in one.lists.items()}  # fmt: skip
        if values:
            sections.append(({"lists": values}, "Values that the schema names."))
        sections.append(({"slots": {slot: self.slot(slot) for slot in self.wanted}},
                         "What users tell: how it is asked for and said, and how often it matters to them."))  # fmt: skip
        sections.append(({"calls": dict(self.calls())}, "What the service answers."))
        if pairs := self.pairs():
            sections.append(({"answers": pairs}, "Two of them in one sentence."))
        if asides := dict(self.asides()):
            sections.append(({"asides": asides}, "What users ask about, and the answers."))
        sections.append(
            ({"states": self.states()}, "The course of a dialogue, from the first state on.")
        )
        return "\n".join(
            f"# {note}\n{dump(part)}" if note else dump(part) for part, note in sections
        )

    # --- parts ---------------------------------------------------------------------------------------

    def slot(self, name: str) -> Yaml:
        one = self.words[name]
        made: Yaml = {}
        if one.slot.description:
            made["description"] = one.slot.description
        if one.values != name:
            made["list"] = one.values
        if name not in self.required:
            made["chance"] = 0.35
        default = next(
            (
                intent.optional[name]
                for intent in self.service.intents.values()
                if intent.optional.get(name, DONTCARE) != DONTCARE
            ),
            None,
        )
        if default is not None:
            made["default"] = _spoken_date(default)
        return made | {"ask": one.ask, "answer": one.answer, "correct": one.correct}

    def pairs(self) -> list[str]:
        """Sentences that tell two slots of an intent."""
        found: dict[tuple[str, str], str] = {}
        for intent in self.service.intents.values():
            for at, one in enumerate(intent.wanted):
                for other in intent.wanted[at + 1 :]:
                    a, b = (self.words[slot] for slot in (one, other))
                    if a.told and b.told and (one, other) not in found:
                        parts = [f"({'|'.join(word.told[:4])})" for word in (a, b)]
                        starts = "(I want it |I'd like it |I need it |Make it |It's |I'm |I will be |I want |I need |Let's do it |)"
                        starts = "[I want it|I'd like it|I need it|Make it|It's|I'd like|I want|I need|Please do it]"
                        found[one, other] = f"{starts} ({parts[0]};{parts[1]})[, please]."
        return list(found.values())

    def given(self, intent: Intent) -> dict[str, str]:
        """What a call of the intent gives: its results, and the lists of their values."""
        names = [slot for slot in intent.results or intent.wanted]
        return {slot: self.words[slot].values for slot in names}

    def calls(self) -> Iterator[tuple[str, Yaml]]:
        for intent in self.searches:
            yield intent.name, {"results": {"success": {"gives": self.given(intent)}}, "records": 4,
                                "match": [s for s in intent.wanted if s in intent.results]}  # fmt: skip
        for intent in self.does:
            gives = self.given(intent)
            result: Yaml = {"weight": 9, "gives": gives} if gives else {"weight": 9}
            yield intent.name, {"results": {"success": result, "failure": {"weight": 1}},
                                "match": [s for s in self.wanted if s in gives]}  # fmt: skip

    def asides(self) -> Iterator[tuple[str, Yaml]]:
        asked = {slot for intent in self.service.intents.values() for slot in intent.results}
        for name in self.service.slots:
            if name in asked:
                yield name, {"asks": self.words[name].request, "replies": self.words[name].inform}

    def follows(self, intent: Intent) -> list[Intent]:
        """What can be done with what a search found, the likeliest first."""

        def near(other: Intent) -> float:
            mine, theirs = {*intent.wanted, *intent.results}, {*other.wanted, *other.results}
            return len(mine & theirs) / (len(mine | theirs) or 1)

        there = [i for i in self.does if {*i.required} & {*intent.results, *intent.wanted}]
        return sorted(there, key=near, reverse=True)[:1]

    def offered(self, intent: Intent) -> list[str]:
        """The slots of a record that the system tells: what names it and what decides.

        Of a hotel that is how good it is, of a journey when it begins and what it costs, of what
        one goes to where it is; what the user has asked for is not told again.
        """
        given = list(intent.results or intent.wanted)
        kinds = {slot: self.words[slot].kind for slot in given}
        about = self.spoken[intent.name].thing.split()
        titles = [
            s
            for s in given
            if self.words[s].title
            and (s not in intent.required or self.words[s].noun.split()[0] in about)
        ]
        title = kinds[titles[0]] if titles else ""
        flat = "property" in kinds.values()
        airline = any("airline" in slot for slot in given)
        deciding = {s for other in self.follows(intent) for s in other.required}

        def rank(slot: str) -> int:
            one, told = self.words[slot], slot in intent.required
            if slot in titles:
                return 10
            if one.kind == "boolean":
                return 0
            if flat:
                return {"address": 5, "number": 4, "money": 4}.get(one.kind, 0)
            if one.kind == "choice":
                sorted_ = one.before and title in ("attraction", "doctor", "car")
                if sorted_ or "balance" in kinds.values():
                    return 4
                return 0 if not self.travels else 7 if "airline" in slot else 3 - 3 * airline
            if one.kind == "city":
                return 4 if title in ("restaurant", "salon", "doctor") else 0
            if told:
                return 0
            if one.kind == "number":
                words = ("star", "rating") if title else ("stop", "transfer")
                return 4 if any(word in slot for word in words) else 0
            if one.kind == "rating":
                return 4 if title in ("hotel", "movie", "") else 0
            if one.kind in ("time", "money") and not title:
                late = "arrival" in slot or (one.kind == "money" and not self.travels)
                return 0 if late else 6 if one.kind == "time" else 5
            if one.kind in ("artist", "album", "balance", "temperature", "percent", "airline"):
                return 6 if not title or one.kind in ("artist", "album") else 0
            if one.kind in ("venue", "theater"):
                return 5 if title in ("event", "") else 0
            if one.kind == "address":
                placed = title or self.travels or {"venue", "theater"} & {*kinds.values()}
                return 0 if placed else 5
            return 5 if slot in deciding and slot not in intent.optional else 0

        ranked = sorted(given, key=lambda slot: (-rank(slot), given.index(slot)))
        return [slot for slot in ranked if rank(slot)][: OFFERED + flat] or ranked[:2]

    def offer(self, intent: Intent) -> list[str]:
        """Sentences that offer a record."""
        slots = self.offered(intent)
        titles = [s for s in slots if self.words[s].title]
        words = self.spoken[intent.name]
        rest = [s for s in slots if s not in titles[:1]]
        facts = [self.words[s].fact for s in rest]
        found = []
        for nth in range(3):
            said = [fact[nth % len(fact)] for fact in facts]
            tail = (
                f"{', '.join(said[:-1])} and {said[-1]}"
                if len(said) > 1
                else said[0]
                if said
                else ""
            )
            things = words.things if words.thing != "it" else "results"
            counted = f"(I found|There are|I have found|I've found) {{count}} {things}[ for you|that you may like]".replace(
                "[ for you|that", "[ for you| that"
            )
            if titles:
                name = f"{{{titles[0]}}}"
                end = f" {tail[0].upper() + tail[1:] if tail[0] != '{' else tail}." if tail else ""
                found += [f"(How about|What about|Would you like) {name}?{end}" if nth == 0 else
                          f"(I found|There is|There's|I have) {name}.{end}" if nth == 1 else f"{name} (is a nice one|looks good|might suit you).{end}",
                          f"{counted}. (One is|The first is|There's|I like) {name}.{end}", f"{counted}. (How about|What about) {name}?{end}"]  # fmt: skip
            else:
                found += [f"(I found one|There is one|I have one|Here is one): {tail}.", f"{tail[0].upper() + tail[1:] if tail[0] != '{' else tail}.",
                          f"{counted}. (For one of them|For the first one|With the first one), {tail}."]  # fmt: skip
        return found

    def confirm(self, intent: Intent) -> list[str]:
        """Sentences that read back what is to be done."""
        slots = self.confirmed(intent)
        leads = ["(Please confirm|Please confirm the following[ details]|Let me confirm|Can you confirm|Just to confirm)",
                 "(Okay|Ok|Alright|All right), (so that's|so|let me make sure I have this right)", f"(You want|You'd like) to {self.spoken[intent.name].does[0]}"]  # fmt: skip
        found = []
        for nth, lead in enumerate(leads):
            for turn in range(2):
                order = slots if not turn else [*slots[1:], *slots[:1]]
                said = []
                for slot in order:
                    ways = self.words[slot].confirm
                    way = f"({'|'.join(ways)})" if len(ways) > 1 else ways[0]
                    said.append(f"{way},")
                end = [
                    "",
                    " Is that (right|correct)?",
                    " (Does that sound|Is that) (right|good|okay)?",
                ][nth]
                end = "." + end if end else "?"
                found.append(f"{lead}: {' '.join(said)}".rstrip(",") + end)
                some = " ".join(f"[{part}]" for part in said)  # where not all is read back again
                found.append(f"{lead}: {some}{end if nth else ' okay?'}".replace("].", "]."))
        return found

    def confirmed(self, intent: Intent) -> list[str]:
        defaults = [slot for slot, value in intent.optional.items() if value != DONTCARE]
        return [*intent.required, *(slot for slot in defaults if slot not in intent.required)]

    # --- states --------------------------------------------------------------------------------------

    def states(self) -> Yaml:
        start: Yaml = {}
        for intent in self.service.intents.values():
            start[f"{intent.name}"] = 3 if not intent.transactional or not self.searches else 1
        states: Yaml = {"start": {"next": start}}
        for intent in self.searches:
            states |= self.search(intent)
        for intent in self.does:
            states |= self.do(intent)
        again = list(self.service.intents)
        more: Yaml = {"done": {"says": [f"(No|Nope). {_THANKS}(.|!)", "No, (thanks|thank you|thanks again|thank you so much)(.|!)", f"(No|Nope), {_DONE}[.|. {_THANKS}.]", f"No, {_DONE}. {_THANKS}.",
                                        "(No|Nope|No, not now)[, that's all| thanks].", f"(I'm good|Nothing else|No, I'm fine), (thank you|thanks)."],
                               "act": "NEGATE THANK_YOU", "weight": 13, "next": "bye"}}  # fmt: skip
        for name in again:
            more[f"then_{name}"] = {"weight": round(2 / len(again), 2), "next": name}
        states["more"] = {"say": _MORE, "act": "REQ_MORE", "replies": more}
        states["bye"] = {"say": _BYE, "act": "GOODBYE", "end": "success"}
        if self.does:
            states["bye_undone"] = {"say": _BYE, "act": "GOODBYE", "end": "failure"}
        return states

    def opens(self, intent: Intent, target: str) -> Yaml:
        told = [self.words[slot] for slot in intent.wanted]
        return {"user": intent.name, "says": opening(self.spoken[intent.name], told), "slots": list(intent.wanted),
                "habits": {"less": 0.25, "more": 0.0}, "next": target}  # fmt: skip

    def asks(self, intent: Intent, target: str) -> Yaml:
        return {
            "collect": list(intent.required),
            "also": [s for s in intent.optional],
            "together": 0.45,
            "next": target,
        }

    def want(self, intent: Intent) -> str:
        do = f"({'|'.join(self.spoken[intent.name].does)})"
        return f"((I want|I'd like|I would like|I need) to {do}.|(Can|Could) you {do} for me?|(Please|Go ahead and) {do}.)"

    def search(self, intent: Intent) -> Yaml:
        name = intent.name
        offered = self.offered(intent)
        replies: Yaml = {}
        follows = self.follows(intent)
        asked = [s for s in intent.results if s not in offered and s not in intent.required]
        asked = asked or [s for s in intent.results if s not in offered]
        changed = [s for s in intent.wanted]
        proposes = f"{name}_propose" if follows else "more"
        replies["take"] = {
            "says": [f"{_ACCEPT}(.|!)", f"{_ACCEPT}. {_THANKS}."],
            "act": "SELECT",
            "weight": 18,
            "next": proposes,
        }
        title = next((s for s in offered if self.words[s].title), None)
        if title:
            hole = f"{{{title}}}"
            replies["name"] = {
                "says": [
                    f"{hole} (sounds|looks|is|would be|seems) (good|great|perfect|nice|fine|interesting)(.|!)",
                    f"(I like|I love|I choose|I'll take|I'd like|I want|I prefer|I would like) {hole}.",
                    f"(Let's go with|I'll go with|I'm interested in|I think I'd like) {hole}.",
                    f"(Okay|Ok|Great|Yes), {hole} (works|will do|is fine|is good).",
                ],
                "act": f"SELECT:{title}",
                "weight": 5,
                "next": proposes,
            }
        for other in follows:
            replies[f"then_{other.name}"] = {"says": [f"{_ACCEPT}. {self.want(other)}"], "act": "SELECT INFORM_INTENT", "intent": other.name,
                                             "weight": 7, "next": f"{other.name}_ask"}  # fmt: skip
            left = [
                s
                for s in other.wanted
                if s not in {*intent.results, *intent.required} and s in self.required
            ]
            if left:
                replies[f"tell_{other.name}"] = {"says": [f"{_ACCEPT}. {self.want(other)}"], "act": "SELECT INFORM_INTENT", "intent": other.name,
                                             "tells": left, "weight": 5, "next": f"{other.name}_ask"}  # fmt: skip
        for other in self.searches:
            linked = {*other.required} & {*offered}
            if other is not intent and linked:
                replies[f"then_{other.name}"] = {"says": [f"{_ACCEPT}. {self.want(other)}"], "act": "SELECT INFORM_INTENT", "intent": other.name,
                                                 "weight": 8, "next": f"{other.name}_ask"}  # fmt: skip
        if asked:
            replies["question"] = {"asks": asked, "weight": 28}
        replies["another"] = {"says": _ALTS, "act": "REQUEST_ALTS", "weight": 13}
        if changed:
            replies["change"] = {
                "says": _ALTS,
                "act": "REQUEST_ALTS",
                "changes": changed,
                "weight": 16,
                "next": f"{name}_search",
            }
        replies["enough"] = {"says": [f"{_ACCEPT}. {_THATS}.", f"{_ACCEPT}. {_THANKS}, {_DONE}."],
                             "act": "SELECT GOODBYE", "weight": 6, "next": "bye"}  # fmt: skip
        states: Yaml = {
            name: self.opens(intent, f"{name}_ask"),
            f"{name}_ask": self.asks(intent, f"{name}_search"),
            f"{name}_search": {"call": name, "success": f"{name}_offer"},
            f"{name}_offer": {"offer": self.offer(intent), "replies": replies},
        }
        if follows:
            other = follows[0]
            do = f"({'|'.join(self.spoken[other.name].does)})"
            left = [
                s
                for s in other.wanted
                if s not in {*intent.results, *intent.required} and s in self.required
            ]
            yes = {"says": [f"{_YES}[, please| please](.|!)", f"{_YES}, (please do|go ahead|do that|I would|that would be great).",
                            f"{_YES}, (please |I want to |I'd like to |){do}.".replace("I'd like to |)", "I'd like to )")],
                   "act": "AFFIRM_INTENT", "intent": other.name, "weight": 31, "next": f"{other.name}_ask"}  # fmt: skip
            told = {"says": [f"{_YES}[, please].", f"{_YES}, (please do|go ahead)."], "act": "AFFIRM_INTENT", "intent": other.name,
                    "tells": left, "weight": 26, "next": f"{other.name}_ask"}  # fmt: skip
            no = ["(No|Nope|No thanks|No thank you), not (now|yet|right now|at the moment).", "(No, )maybe (later|another time).".replace("(No, )", "[No, ]"),
                  "(No|Not now|Not right now|Not yet|No thanks)[.|, thanks.]", "(I'll|I will) (think about it|do that later|decide later)."]  # fmt: skip
            states[f"{name}_propose"] = {
                "say": [f"(Would you like|Do you want) (me |)to {do}?".replace("(me |)", ""), f"(Would you like|Do you want) me to {do}[ for you]?",
                        f"(Should|Shall) I {do}[ for you]?", "(Would you like|Do you want) to go ahead with (that|it|this one)?"],
                "act": "OFFER_INTENT",
                "replies": {"yes": yes, **({"tell": told} if left else {}),
                            "no": {"says": no, "act": "NEGATE_INTENT", "weight": 18, "next": "more"},
                            "enough": {"says": [f"(No|Not now|No thanks), {_DONE}[. {_THANKS}].", f"(No|Not now|No thanks). {_THATS}[. {_THANKS}].", f"No[.] {_THANKS}. {_THATS}."],
                                       "act": "NEGATE_INTENT GOODBYE", "weight": 11, "next": "bye"}},
            }  # fmt: skip
        return states

    def do(self, intent: Intent) -> Yaml:
        name, words = intent.name, self.spoken[intent.name]
        slots = self.confirmed(intent)
        asked = [s for s in intent.results if s not in slots]
        yes = [f"{_YES}, (that's|that is|it's) (right|correct|perfect|fine|good|great)(.|!)", f"(That's|That is) (right|correct|perfect|great)(.|!)",
               f"{_YES}[, please](.|!)", f"(That|{_YES}, that) (works|sounds (good|great|right))[ for me](.|!)", "(Sounds good|Perfect|Correct|Exactly|Looks good|Great)(.|!)",
               f"{_YES}, (please |)(go ahead|do it|proceed)(.|!)".replace("(please |)", "[please ]")]  # fmt: skip
        replies: Yaml = {
            "yes": {"says": yes, "act": "AFFIRM", "weight": 48, "next": f"{name}_call"},
            "change": {"act": "NEGATE", "changes": slots, "weight": 27},
        }
        if asked:
            replies["question"] = {
                "says": yes,
                "act": "AFFIRM",
                "asks": asked,
                "weight": 25,
                "next": f"{name}_call",
            }
        if not slots:
            del replies["change"]
        thanks: Yaml = {
            "thanks": {"says": [f"{_THANKS}(.|!)", f"(Great|Perfect|Okay), {_SO_THANKS}(.|!)"], "act": "THANK_YOU", "weight": 38, "next": "more"},
            "enough": {"says": [f"{_THANKS}, {_DONE}(.|!)", f"{_THANKS}. {_THATS}[. Bye].", f"(Great|Perfect), {_DONE}. {_THANKS}."],
                       "act": "THANK_YOU GOODBYE", "weight": 40, "next": "bye"},
        }  # fmt: skip
        if asked:
            thanks["question"] = {"asks": asked, "weight": 15}
        done, past = self.done(words)
        states: Yaml = {
            name: self.opens(intent, f"{name}_ask"),
            f"{name}_ask": self.asks(intent, f"{name}_check"),
        }
        if slots:
            states[f"{name}_check"] = {
                "confirm": slots,
                "say": self.confirm(intent),
                "replies": replies,
            }
        else:
            states[f"{name}_ask"]["next"] = f"{name}_call"
        again = {"says": [f"(Can|Could) you try again?", f"(Please try|Let's try) (it |)again.".replace("(it |)", "[it ]"), f"I want to try again."],
                 "act": "INFORM_INTENT", "intent": name, "weight": 40, "next": f"{name}_ask"}  # fmt: skip
        if slots:
            again["changes"] = slots
        failed = {"done": {"says": [f"No. {_THANKS}.", "No, (thanks|thank you).", f"(No|Nope), {_DONE}.", f"No, {_DONE}. {_THANKS}.", "No, thanks anyway."],
                           "act": "NEGATE THANK_YOU", "weight": 60, "next": "bye_undone"}, "again": again}  # fmt: skip
        states |= {
            f"{name}_call": {"call": name, "success": f"{name}_done", "failure": f"{name}_failed"},
            f"{name}_done": {"say": done, "act": "NOTIFY_SUCCESS", "replies": thanks},
            f"{name}_failed": {"say": [f"(Sorry|I'm sorry|Unfortunately), I (could not|couldn't|was unable to) {words.does[0]}. (Can I help you with|Is there|Do you need) anything else?",
                                       f"(I'm afraid|Unfortunately,) (that|it) (didn't work|failed|was not possible). (Anything else|Is there anything else I can do)?"],
                               "act": "NOTIFY_FAILURE REQ_MORE", "replies": failed},
        }  # fmt: skip
        del past
        return states

    def done(self, words: Spoken) -> tuple[list[str], str]:
        past = {"buy": "bought", "book": "booked", "reserve": "reserved", "find": "found", "send": "sent", "make": "made",
                "pay": "paid", "get": "arranged", "schedule": "scheduled", "set": "set", "put": "put"}.get(words.verb)  # fmt: skip
        past = past or (words.verb + "d" if words.verb.endswith("e") else words.verb + "ed")
        thing = words.thing if words.thing != "it" else "request"
        verb = "are" if thing.endswith("s") else "is"
        has = "have" if verb == "are" else "has"
        return [
            f"(Your|The) {thing} {has} been {past}(.|!)",
            f"(Your|The) {thing} {verb} (confirmed|done|{past})(.|!)",
            f"(I have|I've) [successfully ]{past} (the|your) {thing}(.|!)",
            f"(Okay|Great|Alright), (it's|that's) (done|all set|{past})(.|!)",
            "(Done|All done|All set|It was a success)(.|!)",
        ], past


def _spoken_date(text: str) -> str:
    """A date of a schema (`2019-03-01`) as `schema_lists.yaml` has it; any other text as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    ends = {1: "st", 2: "nd", 3: "rd"}
    end = "th" if 10 < day.day < 20 else ends.get(day.day % 10, "th")
    return f"{calendar.month_name[day.month]} {day.day}{end}"


# --- YAML --------------------------------------------------------------------------------------------


class _Raw(str):
    """A line that is YAML already."""


def dump(value: Yaml, indent: int = 0) -> str:
    """YAML as people write it: a sentence a line, small mappings and lists of names in one."""
    pad = "  " * indent
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat = _flat(inner)
            if flat is not None and len(pad) + len(key) + len(flat) < 98:
                lines.append(f"{pad}{key}: {flat}\n")
            else:
                lines.append(f"{pad}{key}:\n{dump(inner, indent + 1)}")
        elif isinstance(inner, list):
            flat = f"[{', '.join(map(_scalar, inner))}]"
            names = all(re.fullmatch(r"\w+", str(item)) for item in inner)
            if names and len(pad) + len(key) + len(flat) < 98:
                lines.append(f"{pad}{key}: {flat}\n")
            else:
                items = "".join(f"{pad}  - {_scalar(item)}\n" for item in inner)
                lines.append(f"{pad}{key}:\n{items}")
        else:
            lines.append(f"{pad}{key}: {_scalar(inner)}\n")
    return "".join(lines)


def _flat(value: Yaml) -> str | None:
    """A mapping of names and numbers in one line."""
    if any(
        isinstance(inner, (dict, list)) or not re.fullmatch(r"[\w.-]+", str(inner))
        for inner in value.values()
    ):
        return None
    return "{" + ", ".join(f"{key}: {_scalar(inner)}" for key, inner in value.items()) + "}"


_WORDS = frozenset("true false yes no on off null none y n ~".split())


def _scalar(value: Any) -> str:
    text = str(value)
    if isinstance(value, (int, float, _Raw)):
        return text
    if re.fullmatch(r"[A-Za-z_]\w*(?: [A-Z_]+)*", text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
