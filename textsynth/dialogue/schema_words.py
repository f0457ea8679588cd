"""How people and systems speak of the slots and intents of a schema, from names and descriptions.

What a slot is (a city, a date, how many of something …) is told from the words of its name, from
its values and its description; each kind has its sentences and a list of values, which stands in
`schema_lists.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textsynth.dialogue.schema import Intent, Service, Slot

_START = frozenset("from origin departure departing leaving start starting outbound source".split())
_END = frozenset("to destination arrival arriving return returning end ending inbound".split())
_VAGUE = frozenset("from to where of at in on by num number name".split())
# Kinds by the words of a name, the first that fits; then what the description must say.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("date", "date day dates", ""),
    ("minutes", "duration wait", ""),
    ("time", "time", ""),
    ("phone", "phone telephone mobile", ""),
    ("address", "address", ""),
    ("balance", "balance", ""),
    ("money", "price fare cost amount rent total fee charge", ""),
    ("percent", "percent percentage humidity precipitation", ""),
    ("rating", "rating score", ""),
    ("temperature", "temperature", ""),
    ("speed", "wind speed", ""),
    ("number", "size count travelers passengers riders seats days nights length", ""),
    ("airport", "airport", ""),
    ("station", "station terminal", ""),
    ("theater", "theater theatre cinema", ""),
    ("airport", "location", "pick pickup drop dropoff"),
    ("venue", "location", "event"),
    ("address", "destination", "cab ride taxi"),
    ("city", "city town area location where origin destination from to", "city cities town area"),
    ("airport", "location", "airport station"),
    ("attraction", "attraction landmark", ""),
    ("hotel", "hotel accommodation place", "hotel accommodation"),
    ("property", "property apartment house", ""),
    ("restaurant", "restaurant", ""),
    ("salon", "stylist salon barber", ""),
    ("doctor", "doctor dentist therapist physician provider", ""),
    ("venue", "venue", ""),
    ("address", "location destination where to", "address"),
    ("city", "location destination where origin", ""),
    ("year", "year", ""),
    ("cuisine", "cuisine food", ""),
    ("cuisine", "category type", "food cuisine"),
    ("music_genre", "genre", "song songs music album"),
    ("movie_genre", "genre", ""),
    ("subject", "category subcategory", "event sport music"),
    ("language", "language subtitle subtitles", ""),
    ("airline", "airline airlines carrier", ""),
    ("artist", "artist singer band performer", ""),
    ("album", "album", ""),
    ("song", "song track", ""),
    ("person", "director directed actor actors starring cast author writer", ""),
    ("first_name", "recipient receiver contact payee sender", ""),
    ("movie", "movie film title show", ""),
    ("appointment", "event", "title"),
    ("event", "event match game concert", ""),
    ("car", "car vehicle model", ""),
    ("weather", "weather forecast conditions", ""),
    ("person", "user customer owner passenger", "name"),
    ("category", "category type class kind style", ""),
)  # fmt: skip
_TITLES = frozenset(
    "hotel property restaurant salon doctor movie song event appointment attraction car".split()
)
_PLACES = frozenset("hotel property restaurant salon venue theater station airport".split())
_MASS = ("music", "media", "money", "weather", "information", "luggage", "accommodation")
_SORTS = frozenset("cuisine music_genre movie_genre subject category language weather".split())
# What one does when a slot with these words comes about: {verb} for questions, {doing}
_DOING: tuple[tuple[str, str, str], ...] = (
    ("check in", "check in", "checking in"),
    ("check out", "check out", "checking out"),
    ("pickup", "pick it up", "picking it up"),
    ("pick", "pick it up", "picking it up"),
    ("dropoff", "drop it off", "dropping it off"),
    ("drop", "drop it off", "dropping it off"),
    ("return", "return", "returning"),
    ("inbound", "return", "returning"),
    ("leaving", "leave", "leaving"),
    ("departure", "leave", "leaving"),
    ("outbound", "leave", "leaving"),
    ("start", "start", "starting"),
    ("end", "finish", "ending"),
    ("visit", "visit", "visiting"),
    ("journey", "travel", "travelling"),
    ("show", "see it", "seeing it"),
)


@dataclass(slots=True)
class Wording:
    """What is said about a slot. `told`, `confirm` and `fact` are parts of sentences,
    and so is `before`, which stands before what is looked for (`Thai` restaurants); of `lists`
    the values stand in the pack itself, a line of YAML each."""

    slot: Slot
    kind: str
    noun: str
    values: str
    role: str = ""
    ask: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    confirm: list[str] = field(default_factory=list)
    fact: list[str] = field(default_factory=list)
    request: list[str] = field(default_factory=list)
    inform: list[str] = field(default_factory=list)
    correct: list[str] = field(default_factory=list)
    lists: dict[str, list[str]] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)  # lists of the package that sentences name

    @property
    def title(self) -> bool:
        """Whether it names what is looked for."""
        return self.kind in _TITLES


def wordings(service: Service) -> dict[str, Wording]:
    """What is said about each slot of a service."""
    found = {name: _wording(slot) for name, slot in service.slots.items()}
    roles = {name: _role(slot) for name, slot in service.slots.items()}
    cities = [name for name, one in found.items() if one.kind in ("city", "airport", "station")]
    travels = {roles[name] for name in cities} >= {"start", "end"}
    for name, wording in found.items():
        words = _words(service.slots[name])
        role = roles[name] if travels or wording.kind not in ("city",) else ""
        wording.role = role
        _say(wording, role, words)
    return found


def _words(slot: Slot) -> list[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", slot.name)
    return [word for word in re.split(r"[_\d]+", parted.lower()) if word]


def _role(slot: Slot) -> str:
    words = frozenset(_words(slot))
    if words & _END and not words & _START:
        return "end"
    if words & _START and not words & _END:
        return "start"
    if "origin" in slot.description.lower() and "destination" not in slot.description.lower():
        return "start"
    return "start" if words & {"outbound", "departure"} else "end" if words & _END else ""


def _kind(slot: Slot) -> str:
    if slot.boolean:
        return "boolean"
    if slot.values:
        return "number" if all(value.isdigit() for value in slot.values) else "choice"
    words = _words(slot)
    if "phone" in words:
        return "phone"
    if words[:1] in (["number"], ["num"]):
        return "number"
    head = words[: next((at for at, w in enumerate(words) if w in ("of", "per") and at), None)]
    described = frozenset(re.findall(r"[a-z]+", slot.description.lower()))
    for looked in (head[-1:], head, words):
        for kind, names, needed in _KINDS:
            if any(word in names.split() for word in looked) and (
                not needed or described & frozenset(needed.split())
            ):
                return kind
    for kind, names, _ in _KINDS:
        if described & frozenset(names.split()) - _VAGUE - frozenset("time total show".split()):
            return kind
    return "name"


def _noun(slot: Slot) -> str:
    """What a slot is called: its name, or the beginning of its description where that says more."""
    words = _words(slot)
    if words and words[0] in ("has", "is", "num", "offers", "serves", "allows"):
        words = words[1:]
    if not words or all(word in _VAGUE for word in words):
        said = re.split(r"\b(?:of|where|for|at|in|to|from|when|that|whether|,)\b",
                        slot.description)[0]  # fmt: skip
        said = re.sub(r"^(?:the|an?|name of)\s+", "", said.strip(), flags=re.IGNORECASE).lower()
        return said or " ".join(words) or "value"
    sides = {"from": "departure", "to": "arrival"}
    return " ".join([sides.get(words[0], words[0]), *words[1:]])


def _wording(slot: Slot) -> Wording:
    kind = _kind(slot)
    values = slot.name if slot.values else kind
    return Wording(slot, kind, _noun(slot), values)


def plural(noun: str) -> str:
    """A noun for several."""
    if noun.endswith(("s", "people")) and not noun.endswith(("bus", "ss")) or _mass(noun):
        return noun
    if re.search(r"[^aeiou]y\Z", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("ch", "sh", "x", "s")) else "s")


def singular(noun: str) -> str:
    """A noun for one."""
    if noun.endswith("people"):
        return noun[: -len("people")] + "person"
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "bus")) else noun


def with_article(noun: str) -> str:
    """A noun with `a` or `an`, where it is one thing."""
    if noun == singular(noun) and not _mass(noun):
        return ("an " if noun[:1] in "aeiou" and not noun.startswith("one") else "a ") + noun
    return noun


def _mass(noun: str) -> bool:
    return noun.split()[-1:] in ([word] for word in _MASS)


# --- kinds -----------------------------------------------------------------------------------------


def _say(one: Wording, role: str, words: Sequence[str]) -> None:
    """Fill a wording with its sentences."""
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    one.request = [
        f"What is the {noun}?",
        f"What's the {noun}?",
        f"Can you tell me the {noun}[, please]?",
        f"(I'd like to know|I also need|Tell me|Give me) the {noun}[, please].",
        f"Do you know the {noun}?",
    ]
    one.inform = [f"The {noun} is {hole}.", f"It's {hole}.", f"It has {hole} as the {noun}."]
    one.fact = [f"the {noun} is {hole}"]
    one.confirm = [f"the {noun} is {hole}"]
    special = {
        "boolean": _boolean,
        "choice": _choice,
        "number": _number,
        "city": _city,
        "date": _date,
        "time": _time,
        "money": _money,
        "balance": _money,
        "phone": _phone,
        "address": _address,
        "rating": _rating,
        "minutes": _minutes,
    }.get(one.kind)
    if special is not None:
        special(one, role, words)
    elif one.kind in _SORTS:
        _sort(one)
    elif one.kind in _PLACES - _TITLES:
        _place(one, role)
    else:
        _name(one, words)
    one.correct = [
        *(f"No, {told}[, please]." for told in one.told[:3]),
        *(f"(No, actually|Actually|Sorry,|Wait,) make it {told}[, please]." for told in one.told[:2]),
        f"(Can|Could) you change the {noun} to {hole}?" if one.kind != "boolean" else f"No, {hole}.",
        *(f"No, {said[0].lower() + said[1:] if said[0] != 'I' else said}"
          for said in one.answer[1:5] if said[0].isalpha()),
        *(f"(Actually|On second thought|Sorry), {said[0].lower() + said[1:] if said[0] != 'I' else said}"
          for said in one.answer[1:4] if said[0].isalpha()),
    ]  # fmt: skip


def _doing(words: Sequence[str]) -> tuple[str, str]:
    joined = " ".join(words)
    for name, verb, doing in _DOING:
        if re.search(rf"\b{name}\b", joined):
            return verb, doing
    return "", ""


def _clause(description: str) -> str:
    found = re.search(r"\b(?:whether or not|whether|if)\s+(.+)", description, re.IGNORECASE)
    return re.sub(r"\s+or not\b.*|[.,;].*", "", found[1]).strip() if found else ""


def _boolean(one: Wording, role: str, words: Sequence[str]) -> None:
    """True and False as statements."""
    clause, name = _clause(one.slot.description), one.slot.name
    verb = re.match(
        r"(?P<np>.+?)\s+(?P<verb>is|are|has|have|serves|offers|provides|includes|allows|accepts)\s+"
        r"(?P<rest>.+)",
        clause,
    )
    if clause.startswith("to "):
        do = clause[3:]
        yes = [f"I want to {do}", f"I'd like to {do}", f"yes, I'll {do}", f"please {do}"]
        no = [f"I don't want to {do}", f"I'd rather not {do}", f"no need to {do}"]
        said = ([f"you want to {do}"], [f"you don't want to {do}"])
        ask = [f"Do you want to {do}?", f"Would you like to {do}?", f"Should I {do}?"]
        request = [f"Can I {do}?", f"Is it possible to {do}?"]
    elif verb and verb["verb"] in ("is", "are"):
        thing, be, rest = verb["np"], verb["verb"], verb["rest"]
        it = "it" if thing.startswith(("the ", "a ", "this ")) else thing
        yes = [f"{it} should be {rest}", f"I want {it} {rest}" if it == "it" else f"I want {rest} {it}",
               f"I need {it} to be {rest}", f"it's important that {it} {be} {rest}"]  # fmt: skip
        no = [f"{it} should not be {rest}", f"{it} need not be {rest}", f"I don't want it {rest}"]
        said = ([f"{it} {be} {rest}"], [f"{it} {be} not {rest}"])
        ask = [f"Should {thing} be {rest}?", f"Do you want {thing} to be {rest}?"]
        request = [f"{be.capitalize()} {thing} {rest}?", f"{be.capitalize()} {it} {rest}?",
                   f"Do you know if {it} {be} {rest}?"]  # fmt: skip
    else:
        rest = verb["rest"] if verb else one.noun
        do = {"has": "have", "serves": "serve", "offers": "offer", "provides": "provide",
              "includes": "include", "allows": "allow", "accepts": "accept"}.get(
                  verb["verb"] if verb else "has", "have")  # fmt: skip
        does = verb["verb"] if verb and verb["verb"] != "have" else "has"
        yes = [f"it should {do} {rest}", f"with {rest}", f"I want {rest}", f"I need {rest}",
               f"I'd like one that {does} {rest}"]  # fmt: skip
        no = [f"it doesn't need to {do} {rest}", f"without {rest}", f"I don't need {rest}"]
        said = ([f"it {does} {rest}", f"they {do} {rest}"],
                [f"it doesn't {do} {rest}", f"they don't {do} {rest}"])  # fmt: skip
        ask = [f"Should it {do} {rest}?", f"Do you want {rest}?", f"Do you need it to {do} {rest}?"]
        request = [f"Does it {do} {rest}?", f"Do they {do} {rest}?",
                   f"Do you know if (they {do}|it {does}) {rest}?"]  # fmt: skip
    one.lists = {
        name: [_value(yes, "True"), _value(no, "False")],
        f"{name}_is": [_value(said[0], "True"), _value(said[1], "False")],
    }
    hole, told = f"{{{name}_is:{name}}}", f"{{{name}}}"
    one.ask, one.request = ask, request
    one.answer = [f"{told}.", f"Well, {told}.", f"{told}[, please].", f"Sure, {told}."]
    one.told, one.confirm, one.fact = [told], [hole], [hole]
    one.inform = [f"Well, {hole}.", f"As far as I know, {hole}.", f"I can tell you that {hole}."]


def _value(said: Sequence[str], out: str) -> str:
    one = said[0] if len(said) == 1 else f"({'|'.join(_escaped(text) for text in said)})"
    return f'{{in: "{one}", out: "{out}"}}'


def _escaped(text: str) -> str:
    """A text of the schema as a sentence says it, within quotes of YAML."""
    return re.sub(r"([()\[\]{}<>|;])", r"\\\\\1", text.replace("\\", "").replace('"', "'"))


def _choice(one: Wording, role: str, words: Sequence[str]) -> None:
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    lines = []
    for value in one.slot.values:
        said = list(dict.fromkeys([value, value.lower()]))
        if value.lower() == "none":
            said = [f"no {noun}", f"without {noun}"]
        lines.append(_value([_escaped(text) for text in said] if len(said) == 1 else said,
                            _escaped(value).replace("\\\\", "")))  # fmt: skip
    one.lists = {one.slot.name: lines}
    named = [_escaped(value) for value in one.slot.values[:3]]
    some = f"{', '.join(named[:-1])} or {named[-1]}" if len(named) > 1 else named[0]
    one.ask = [
        f"Which {noun} would you (like|prefer)?",
        f"What {noun} do you want?",
        f"Do you have a preference for the {noun}, such as {some}?",
        f"What (should the {noun} be|is the {noun})?",
    ]
    one.answer = [
        f"{hole}[, please].",
        f"I'd like {hole}[, please].",
        f"I (want|prefer|need) {hole}.",
        f"{hole} would be (good|great|fine).",
        f"The {noun} should be {hole}.",
        f"Let's go with {hole}.",
        f"Make it {hole}.",
    ]
    one.told = [f"preferably {hole}", f"with {hole} as the {noun}"]
    head, _, kind = noun.rpartition(" ")
    if kind in ("type", "kind", "category", "class", "ticket", "service"):
        thing = head if head and kind in ("type", "kind", "category") else kind
        one.answer += [
            f"(I want|I need|I prefer|I'm looking for) [a] {hole} ({thing}|{plural(thing)}).",
            f"(I'd like|I would like) (a|the|some) {hole} (one|{thing}|{plural(thing)})[, please].",
            f"(Is there|Do you have) anything {hole}?",
        ]
        one.before = [hole]
        one.told += [f"in {hole}"] if kind == "class" else []
    one.confirm = [f"{hole}", f"{hole} as the {noun}"]
    one.request = [f"What {noun} is it?", f"Which {noun} is that?", *one.request]
    one.inform = [f"It's {hole}.", f"The {noun} is {hole}."]
    if words[-1] in ("type", "kind", "genre", "category", "class"):
        one.request = [f"What kind of {' '.join(words[:-1]) or 'thing'} is it?", *one.request]


def _unit(one: Wording, words: Sequence[str]) -> str:
    rest = [w for w in words if w not in ("number", "num", "of", "size", "count", "length")]
    if any(word in words for word in ("party", "group")):
        return "people"
    if "stay" in rest:
        return "days"
    unit = " ".join(rest) or one.noun
    if unit.endswith(("rating", "rate")):
        return "stars"
    return {"beds": "bedrooms", "baths": "bathrooms"}.get(unit, unit)


# What is counted, in other words.
_UNITS = {
    "bedrooms": ("bedrooms", "bed rooms", "beds"),
    "bathrooms": ("bathrooms", "baths"),
    **dict.fromkeys(
        ("people", "travelers", "passengers", "riders", "adults", "persons", "guests"),
        ("people", "persons"),
    ),
}


def _number(one: Wording, role: str, words: Sequence[str]) -> None:
    name = one.slot.name
    own = plural(_unit(one, words))
    units = list(dict.fromkeys((*_UNITS.get(own, (own,)), own)))
    hole = f"{{{name}}}"
    if one.slot.values:
        spelt = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(),
                         strict=True))  # fmt: skip
        one.lists = {name: [_value([v, spelt[v]] if v in spelt else [v], v)
                            for v in one.slot.values]}  # fmt: skip
    one.uses = {"one", "many"}
    single = [singular(unit) for unit in units]
    ones, many = f"({'|'.join(single)})", f"({'|'.join(units)})"
    some = f"({{one:{name}}} {ones}|{{many:{name}}} {many})"
    plain = f"({{one:{name}}} {single[-1]}|{{many:{name}}} {units[-1]})"
    how = [f"How many {own}?", f"How many {own} (do you need|would you like|will there be)?",
           f"For how many {own}?", f"What is the number of {own}?"]  # fmt: skip
    if own == "stars":
        how = ["How many stars should it have?", "What star rating would you like?"]
        some = f"({{one:{name}}} star[s]|{{many:{name}}} star[s])"
    one.ask = how
    one.answer = [
        f"{some}[, please].",
        f"(I need|I want|I'd like|I would like|There will be|It's for|Just|I'm looking for) {some}[, please].",
        f"(For|With) {some}[, please].",
        f"{hole}[, please].",
        f"(Get|Give|Book) me {some}[, please].",
        f"(Make it|Let's make it|It will be) {some}.",
        f"(I'll|We|I will only|I only) need {some}.",
        f"{some} (will do|would be great|is fine).",
        f"It (should have|must have|has to have|is|will be for) {some}.",
    ]
    if "people" in units:
        one.answer += [f"There (are|will be) {{many:{name}}} of us.", f"(It's|It is) (just me, {{one:{name}}} person|for {{many:{name}}} of us).",
                       f"For {hole}[, please].", f"I need it for {hole}."]  # fmt: skip
    one.told = [f"for {some}", f"with {some}"]
    if own in ("bedrooms", "bathrooms", "stars"):
        one.before = [f"{{one:{name}}} {single[0]}", f"{{many:{name}}} {single[0]}"]
        one.told = [f"with {some}", f"that has {some}"]
    one.confirm = [plain]
    one.fact = [f"it has {plain}"]
    one.request = [f"How many {own} (are there|does it have|is that)?", *one.request[:2]]
    one.inform = [f"It has {plain}.", f"There (is|are) {{many:{name}}} {own}."]


def _city(one: Wording, role: str, words: Sequence[str]) -> None:
    hole = f"{{{one.slot.name}}}"
    if role == "start":
        one.ask = ["Where are you leaving from?", "Which city are you departing from?",
                   "Where do you want to start from?", "What city will you leave from?"]  # fmt: skip
        one.told = [f"from {hole}", f"leaving from {hole}", f"departing from {hole}"]
        one.answer = [f"I'm leaving from {hole}.", f"I will be (departing|leaving) from {hole}.",
                      f"I (want|need) to leave from {hole}.", f"From {hole}[, please].",
                      f"I'm in {hole} now.", f"(Leaving|Departing) from {hole}.", f"{hole}."]  # fmt: skip
        one.confirm = [f"(leaving |departing |)from {hole}".replace("|)", "|starting )")]
    elif role == "end":
        one.ask = ["Where do you want to go?", "Where are you going[ to]?", "What is your destination?",
                   "Which city are you travelling to?"]  # fmt: skip
        one.told = [f"to {hole}", f"going to {hole}", f"heading to {hole}"]
        one.answer = [f"I'm (going|heading|travelling) to {hole}.", f"I (want|need|would like) to go to {hole}.",
                      f"To {hole}[, please].", f"I will be going to {hole}.", f"I'm visiting {hole}.",
                      f"My destination is {hole}.", f"{hole}."]  # fmt: skip
        one.confirm = [f"(going |)to {hole}".replace("|)", "|heading )")]
    else:
        one.ask = ["In which city?", "Which city (should I search in|do you have in mind)?",
                   "What city (are you interested in|would you like)?", "Where should I look?",
                   "What location should I search[ in]?"]  # fmt: skip
        one.told = [f"in {hole}", f"in the {hole} area", f"around {hole}"]
        one.answer = [f"In {hole}[, please].", f"(Look|Search|Try) in {hole}[, please].",
                      f"I (want|need|'d like) (it|one|something) in {hole}.".replace("I ('d", "I (would"),
                      f"I'm (looking|searching) in {hole}.", f"(Please find|Find me) something in {hole}.",
                      f"I'd (like|prefer) {hole}.", f"{hole}[, please]."]  # fmt: skip
        one.answer[2] = f"(I want|I need|I'd like) (it|one|something) in {hole}."
        one.confirm = [f"in {hole}"]
        one.fact = [f"it's in {hole}"]
        one.inform = [f"It's in {hole}.", f"It is located in {hole}."]
    one.request = ["Which city is it in?", "What city is (it|that) in?", *one.request[:2]]


def _date(one: Wording, role: str, words: Sequence[str]) -> None:
    name = one.slot.name
    on, hole = f"on {{date_on:{name}}}", f"{{{name}}}"
    verb, doing = _doing(words)
    nth = f"on the {{date_nth:{name}}}"
    one.uses = {"date_on", "date_nth"}
    one.ask = [
        "(On w|W)hat date?",
        f"What is the {one.noun}?",
        "What day (do you want|would you like|should it be)?",
    ]
    one.told = [on, nth, hole, f"for {hole}"]
    one.answer = [f"{hole}[, please].", f"(On|For) ({{date_on:{name}}}|the {{date_nth:{name}}})[, please].", f"(How about|Maybe) {on}?",
                  f"(I want it|I'd like it|I need it|Make it|Let's do it|Let's go) ({on}|{nth}).", f"It's {on}.",
                  f"{hole} (would be|is) (good|great|fine)."]  # fmt: skip
    one.confirm = [on, hole]
    one.fact = [f"it's {on}", f"it's {hole}"]
    if verb:
        one.ask = [f"When (do you want to|will you|would you like to) {verb}?",
                   f"What (date|day) (will you|do you want to) {verb}?", *one.ask[:2]]  # fmt: skip
        if verb in ("drop it off", "finish", "check out"):
            one.told += [f"until {hole}", f"{doing} {on}", f"{doing} {nth}", f"{doing} {hole}"]
            one.answer += [f"(I need it|I'll keep it|I'm staying) until {hole}."]
        else:
            one.told += [f"{doing} {on}", f"{doing} {nth}", f"{doing} {hole}"]
        one.answer += [f"(I'm|I will be|I'll be) {doing} ({on}|{nth}|{hole}).", f"I (want|plan|need) to {verb} ({on}|{nth}|{hole}).",
                       f"I'd like to {verb} ({on}|{nth}|{hole})."]  # fmt: skip
        one.confirm = [f"{doing} {on}", f"{doing} {nth}", f"{doing} {hole}"]
    one.request = [f"(What|Which) date is (it|that)?", "When is it?", *one.request[:2]]
    one.inform = [f"It's ({on}|{nth}|{hole}).", f"The {one.noun} is {hole}."]


def _time(one: Wording, role: str, words: Sequence[str]) -> None:
    hole = f"{{{one.slot.name}}}"
    verb, doing = _doing(words)
    does = {"leaving": "leaves", "returning": "returns"}.get(doing, "starts")
    if "arrival" in words or ("end" in words):
        does = "arrives" if "arrival" in words else "ends"
        verb, doing = ("arrive", "arriving") if "arrival" in words else ("", "")
    one.ask = [
        "At what time?",
        f"What time (do you want|would you like|should I set)?",
        f"What {one.noun} would you (like|prefer)?",
    ]
    one.told = [f"at {hole}", f"around {hole}", f"at around {hole}"]
    one.answer = [f"(At|Around) {hole}[, please].", f"{hole}[, please].",
                  f"(I want it|I'd like it|I need it|Make it|Let's do it) (at|around) {hole}.",
                  f"{hole} (would be|is|sounds) (good|great|fine).", f"For {hole}."]  # fmt: skip
    one.confirm = [f"at {hole}"]
    if verb:
        one.ask = [
            f"(What|At what) time (do you want to|will you|would you like to) {verb}?",
            *one.ask,
        ]
        one.told += [f"{doing} (at|around) {hole}"]
        one.answer += [
            f"(I'm|I will be|I'll be) {doing} (at|around) {hole}.",
            f"I (want|need) to {verb} (at|around) {hole}.",
        ]
        if role == "end" or role == "start":
            one.confirm = [f"{doing} at {hole}"]
    one.fact = [f"it {does} at {hole}"]
    back = "the return trip" if role == "end" and "inbound" in words else "it"
    if back != "it":
        one.fact = [f"the return {does} at {hole}"]
    one.request = [f"(What|At what) time does {back} {does[:-1]}?", f"When does {back} {does[:-1]}?",
                   *one.request[:3]]  # fmt: skip
    one.inform = [
        f"{'The return trip' if back != 'it' else 'It'} {does} at {hole}.",
        f"The {one.noun} is {hole}.",
    ]


def _money(one: Wording, role: str, words: Sequence[str]) -> None:
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    per = f" per {words[words.index('per') + 1]}" if "per" in words[:-1] else ""
    one.ask = [
        f"What is the {noun}?",
        f"How much (should it be|is it)?",
        f"What {noun} (should I enter|do you want)?",
    ]
    one.answer = [
        f"{hole}[, please].",
        f"The {noun} is {hole}.",
        f"(Make it|It's) {hole}.",
        f"I (want|need) {hole}.",
        f"For {hole}.",
    ]
    one.told = [f"for {hole}", hole, f"of {hole}"]
    one.confirm = [hole, f"for {hole}"]
    if one.kind == "balance":
        one.fact = [f"the {noun} is {hole}", f"you have {hole}"]
        return
    one.fact = [f"it costs {hole}{per}", f"the {noun} is {hole}", f"it's {hole}{per}"]
    one.request = [f"How much (is it|does it cost|will it cost){per}?", f"What (is|'s) the (price|cost|{noun}){per}?".replace("(is|'s)", "is"),
                   *one.request[1:4]]  # fmt: skip
    one.inform = [
        f"It (costs|is|will cost) {hole}{per}.",
        f"The (price|cost|{noun}) is {hole}{per}.",
    ]


def _phone(one: Wording, role: str, words: Sequence[str]) -> None:
    hole = f"{{{one.slot.name}}}"
    _name(one, words)
    one.request = [
        "What's (the|their) [phone|contact] number?",
        "(Can|Could|May) I (have|get) (the|their) phone number[, please]?",
        "Do they have a [phone] number I can call?",
        "What number can I (call|reach them at)?",
        "How can I contact them?",
    ]
    one.inform = [
        f"(The|Their) [phone] number is {hole}.",
        f"You can (call|reach) them at {hole}.",
        f"The phone number is {hole}.",
    ]


def _address(one: Wording, role: str, words: Sequence[str]) -> None:
    hole = f"{{{one.slot.name}}}"
    one.ask = [
        "Where are you going?",
        "What is the address?",
        f"What is the {one.noun}?",
        "Where should it be?",
    ]
    one.told = [f"to {hole}" if role == "end" else f"at {hole}"]
    one.answer = [f"{hole}[, please].", f"It's (at|) {hole}.".replace("(at|)", "at"), f"The (address|{one.noun}) is {hole}.",
                  f"I'm going to {hole}." if role == "end" else f"At {hole}.", f"(I need|I want) to go to {hole}." if role == "end" else f"The place is {hole}."]  # fmt: skip
    one.confirm = list(one.told)
    one.fact = [f"it's (located |)at {hole}".replace("(located |)", ""), f"it's located at {hole}"]
    at = " ".join(word for word in words if word not in ("address", "street", "of", "location"))
    one.request = ["What's (the|their) address?", "Where (is it|are they) [located]?", "(Can|Could) you (give|tell) me (the|their) address[, please]?",
                   "What is the street address?", "Where exactly is (it|that)?"]  # fmt: skip
    if at:
        one.request += [
            f"Where is the {at}[ located]?",
            f"What is the address of the {at}?",
            f"(Can|Could) you (tell|give) me the address of the {at}?",
        ]
    one.inform = [f"(It's|It is|They're) [located] at {hole}.", f"(The|Their) address is {hole}."]


def _rating(one: Wording, role: str, words: Sequence[str]) -> None:
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    _name(one, words)
    one.ask = [f"What {noun} should it have?", f"What is the lowest {noun} you would accept?"]
    one.answer = [
        f"{hole}[ or higher|, please].",
        f"The {noun} should be [at least] {hole}.",
        f"I want one rated [at least] {hole}.",
    ]
    one.told = [f"with a {noun} of {hole}", f"rated [at least] {hole}"]
    one.confirm = [f"with a {noun} of {hole}"]
    one.fact = [f"it has a {noun} of {hole}", f"it's rated {hole}"]
    one.request = [
        f"What('s| is) (the|their) [{noun}|rating]?".replace("[", "(").replace("]", ")"),
        "How is it rated?",
        f"What {noun} does it have?",
        "How good are the ratings?",
    ]
    one.inform = [
        f"It has a {noun} of {hole}.",
        f"(It's|They are) rated {hole}.",
        f"The {noun} is {hole}.",
    ]


def _minutes(one: Wording, role: str, words: Sequence[str]) -> None:
    hole = f"{{{one.slot.name}}}"
    _name(one, words)
    if "wait" in words:
        one.request = [
            "How long (is the wait|do I have to wait|will I wait)?",
            "What is the wait[ time]?",
            "When will it get here?",
        ]
        one.inform = [f"The wait is {hole}.", f"It will be there in {hole}."]
    else:
        one.request = [
            "How long (is it|does it take|will it take)?",
            f"What is the {one.noun}?",
            "How long is the ride?",
        ]
        one.inform = [f"It (takes|will take) {hole}.", f"The {one.noun} is {hole}."]


# What the sorts are sorts of.
_OF = {
    "cuisine": ("food", "restaurant", "place"),
    "music_genre": ("music", "song", "song[s]"),
    "movie_genre": ("movie", "film", "movie[s]"),
    "subject": ("event", "show", "game", "music"),
    "language": ("version",),
}


def _sort(one: Wording) -> None:
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    things = _OF.get(one.kind, ("one",))
    some = f"{hole} ({'|'.join(things)})"
    one.ask = [f"(What|Which) {noun} (do you (like|prefer)|are you interested in|would you like)?",
               f"Do you have a {noun} in mind?", f"(Is there|Do you have) a {noun} you prefer?", f"What kind of {noun} do you want?"]  # fmt: skip
    one.answer = [f"{hole}[, please].", f"I (like|love|want|prefer|enjoy) {hole}.", f"I'd (like|prefer|enjoy) something {hole}.",
                  f"(Maybe|How about) something {hole}?", f"{hole} (would be|sounds) (good|great).", f"I'm in the mood for {hole}.",
                  f"(I want|I'd like|I love|I need|I really like|I'm looking for|Let's try|Let's find) [a|some] {some}[, please].",
                  f"(How about|What about|Is there|Maybe) [a|some] {some}?", f"{some} (would be|sounds) (good|great|nice).",
                  f"I'm (interested in|thinking of|into) {hole}[ {things[0]}].", f"The {noun} should be {hole}."]  # fmt: skip
    one.told, one.before = [f"preferably {hole}", f"something like {hole}"], [hole]
    one.confirm = [f"{hole} as the {noun}"]
    one.fact = [f"the {noun} is {hole}", f"it's {hole}"]
    one.request = [
        f"(What|Which) {noun} is it?",
        f"What (kind|type) of ({things[0]}|{noun}) is (it|that)?",
        *one.request[1:3],
    ]
    one.inform = [f"(It's|It is) {hole}.", f"It's a {hole} {things[0]}.", f"The {noun} is {hole}."]


def _place(one: Wording, role: str) -> None:
    noun, hole = one.noun, f"{{{one.slot.name}}}"
    _name(one, noun.split())
    one.ask = [
        f"Which {noun} (do you prefer|would you like)?",
        f"Do you have a {noun} in mind?",
        f"At which {noun}?",
    ]
    one.told = [f"at {hole}", f"from {hole}" if role == "start" else f"in {hole}"]
    one.answer = [
        f"At {hole}[, please].",
        f"{hole}[, please].",
        f"(I want it|I'd like it|I prefer it) at {hole}.",
        f"I'd (like|prefer) {hole}.",
    ]
    one.confirm = [f"from {hole}" if role == "start" else f"at {hole}"]
    one.fact = [f"it's at {hole}", f"the {noun} is {hole}"]
    if role == "start":
        one.fact = [f"it leaves from {hole}"]
    if role == "end":
        one.fact = [f"it arrives at {hole}"]
    kind = one.kind
    ways = {"start": ("leave from", "leaves from"), "end": ("arrive at", "arrives at")}.get(role)
    one.request = [f"(What|Which) {kind} (does it|will I|do I) {ways[0]}?" if ways else f"Where is it?",
                   f"What is the (name of the |){noun}?".replace("(name of the |)", "name of the "), *one.request[:4]]  # fmt: skip
    one.inform = [f"It {ways[1]} {hole}." if ways else f"It's at {hole}.", f"The {noun} is {hole}."]


def _name(one: Wording, words: Sequence[str]) -> None:
    kind, hole = one.kind, f"{{{one.slot.name}}}"
    noun = re.sub(r" (?:name|title)\Z", "", one.noun) or one.noun
    by = (
        "by" if kind in ("artist", "person") else "with" if kind in ("doctor", "first_name") else ""
    )
    at = "at" if kind in _PLACES else by
    one.ask = [f"(Which|What) {noun} (do you want|would you like|do you have in mind|are you interested in)?",
               f"(Is there|Do you have) a (specific|particular|certain) {noun} (in mind|you prefer)?".replace("Is there|", ""),
               f"What is the {one.noun}?", f"What {noun} (do you prefer|should I look for)?"]  # fmt: skip
    one.answer = [f"{hole}[, please].", f"I (want|like|prefer) {hole}.", f"I'd (like|love|prefer) {hole}.",
                  f"(How about|Let's try|Let's go with|Maybe) {hole}.", f"I'm interested in {hole}.", f"(It's|The {noun} is) {hole}.",
                  f"{hole} (would be|sounds) (good|great)."]  # fmt: skip
    if at:
        one.answer += [
            f"{at.capitalize()} {hole}[, please].",
            f"(Something|I want it) {at} {hole}.",
        ]
    if kind == "first_name":
        one.answer += [f"(To|For) {hole}[, please].", f"Send it to {hole}."]
    one.told = [f"{at} {hole}"] if at else [hole, f"called {hole}"]
    if kind == "first_name":
        one.told = [f"to {hole}", f"for {hole}"]
    if kind in ("album",):
        one.told = [f"from the album {hole}", f"on {hole}"]
    if kind == "year":
        one.told = [f"from {hole}"]
    one.confirm = [f"{one.told[0]}", hole] if kind != "airline" else [f"with {hole}"]
    one.fact = [f"the {noun} is {hole}"]
    if kind == "artist":
        one.fact, one.request = (
            [f"it's by {hole}"],
            ["Who (is it by|sings it|is the artist)?", *one.request[:2]],
        )
    if kind == "album":
        one.fact = [f"it's (on|from) the album {hole}"]
    if kind == "person":
        one.request = [f"Who is (it|the {noun})?".replace("it|", ""), *one.request[:3]]
