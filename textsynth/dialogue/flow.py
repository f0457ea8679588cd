"""What a flow is: the states that a system goes through, and what users do on the way.

A flow is a small state machine over one goal. A state does one thing (its `kind`), and its branches
name the states that may come next:

    user      the user says what they want, in the sentences of an intent     next
    listen    the user says one of the sentences that stand here               next
    collect   slots that are not known yet are asked for, one after the other  next, refused
    confirm   what is known is read back                                       next
    say       the system says something                                        next
    ask       a question with yes or no                                        yes, no
    call      a service is called, its result is drawn or looked up            one a result
    offer     records that a call found are offered                            next, none
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from textsynth.grammar.syntax import Place

KINDS = ("user", "listen", "collect", "confirm", "say", "ask", "call", "offer")
OUTCOMES = ("success", "failure", "abandoned")
SUCCESS, NOTHING = "success", "nothing_found"  # of a call: it worked; no record fits

# What is said, in the notation of SGD; the last lines are ours beside it.
ACTS = (
    *("INFORM", "REQUEST", "CONFIRM", "OFFER", "NOTIFY_SUCCESS", "NOTIFY_FAILURE", "INFORM_COUNT"),
    *("OFFER_INTENT", "REQ_MORE", "GOODBYE", "INFORM_INTENT", "NEGATE_INTENT", "AFFIRM_INTENT"),
    *("AFFIRM", "NEGATE", "SELECT", "REQUEST_ALTS", "THANK_YOU"),
    *("GREETING", "REFUSE", "OUT_OF_SCOPE", "UNCLEAR", "HANG_UP", "CANT_UNDERSTAND", "CANT_HELP"),
)

# How often, a turn, a user does what; see `Habits`.
HABITS = {
    "more": 0.25,
    "less": 0.15,
    "change": 0.05,
    "aside": 0.06,
    "refuse": 0.02,
    "unclear": 0.04,
    "out_of_scope": 0.03,
    "hang_up": 0.01,
    "misheard": 0.06,
}
Habits = Mapping[str, float]
Branch = tuple[tuple[str, float], ...]  # states with their weights


@dataclass(frozen=True, slots=True)
class FlowSlot:
    """A slot that the user fills.

    `chance` is how often a user's goal has it; `values` names the list it is drawn from. A system
    that confirms a slot of which nobody spoke takes it for its `default`. With a `skew` above 1
    the first values of the list are wanted more often than the last ones. With
    `same_as`, so many users (`same_chance`) want the value of another slot, and may refer to it.
    """

    name: str
    values: str
    place: Place
    chance: float = 1.0
    required: bool = True
    same_as: str | None = None
    same_chance: float = 0.0
    description: str = ""
    default: str | None = None
    skew: float = 1.0
    fixed: bool = False  # a fact, such as a name: nobody changes their mind about it


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a call: its weight, and the lists that the slots it gives are drawn from."""

    name: str
    weight: float
    place: Place
    gives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A service as it is simulated: results by weight; of a `table`, the records whose columns are
    what the user wants (`match`). Where none fits, the result is `nothing_found`."""

    name: str
    place: Place
    results: tuple[Result, ...]
    table: tuple[Mapping[str, str], ...] = ()
    match: tuple[str, ...] = ()
    records: int = 1  # of a result that gives slots without a table: how many are drawn


@dataclass(frozen=True, slots=True)
class Aside:
    """A question that users ask in between, and its answer. `about` is a name for both."""

    about: str
    place: Place
    gives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One of the ways in which users answer what a state says: with sentences of its own and acts,
    a question or two about asides (`asks`), slots that they tell besides (`tells`) or now want
    otherwise (`changes`). It leads to the branch of its name. Without one, the user speaks again
    when a question was answered, an offer goes on to the next record, what changed is read back."""

    name: str
    place: Place
    weight: float = 1.0
    acts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    intent: str | None = None
    has_words: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A state: see the module. `slots` are asked for, read back, or may be told at once (`user`);
    `also` may be told unasked while it collects. `together` is how often two slots are asked for at
    once. An `end` is an outcome. `has_words`: it has sentences of its own."""

    name: str
    kind: str
    place: Place
    branches: Mapping[str, Branch] = field(default_factory=dict)
    act: str = ""
    slots: tuple[str, ...] = ()
    intent: str | None = None
    call: str | None = None
    chance: float = 0.5
    again: tuple[str, ...] = ()
    selects: tuple[str, ...] = ()
    together: float = 0.0
    also: tuple[str, ...] | None = None
    replies: tuple[Reply, ...] = ()
    end: str | None = None
    habits: Habits = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)  # acts of yes and no, if not the usual
    has_words: bool = False
    without: tuple[str, ...] = ()  # words; sentences of the intent that have them are left out

    @property
    def opening(self) -> str:
        """The key of the sentences with which a `user` state opens."""
        return f"opens:{self.name}" if self.without else f"intent:{self.intent}"

    def targets(self) -> Iterator[tuple[str, str, float]]:
        """(branch, state, weight) of all that may come next."""
        for label, branch in self.branches.items():
            for target, weight in branch:
                yield label, target, weight


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow. The first state is where it begins."""

    name: str
    place: Place
    states: Mapping[str, State]
    slots: Mapping[str, FlowSlot]
    calls: Mapping[str, Call] = field(default_factory=dict)
    asides: Mapping[str, Aside] = field(default_factory=dict)
    habits: Habits = field(default_factory=lambda: HABITS)
    description: str = ""
    service: str = ""

    @property
    def first(self) -> State:
        """Where it begins."""
        return next(iter(self.states.values()))

    @property
    def intents(self) -> tuple[str, ...]:
        """The intents that users come with, in the order of the states."""
        named = (state.intent for state in self.states.values() if state.kind == "user")
        return tuple(dict.fromkeys(intent for intent in named if intent))
