"""The user that is simulated: a goal, a persona, an agenda.

After the agenda-based simulator of Schatzmann et al. (2007): the user holds what it wants as a goal
and what it still has to say as a stack; each act of the system pushes the answer to it on top.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from textsynth.dialogue.flow import Flow, Habits
from textsynth.dialogue.marking import Values
from textsynth.dialogue.words import Template

Draw = Callable[[], float]  # the next number in [0, 1) of a dialogue's stream
DEVIATIONS = ("hang_up", "unclear", "out_of_scope", "aside", "refuse", "change")


@dataclass(frozen=True, slots=True)
class Persona:
    """Traits from 0 to 1. Nothing else about a person is drawn, and nothing of them shows but how
    they go about it."""

    patience: float
    talkativeness: float
    politeness: float
    expertise: float

    def factors(self) -> dict[str, float]:
        """How the traits bend the habits; each factor is 1 for a trait of one half."""
        haste, doubt = 2 * (1 - self.patience), 2 * (1 - self.expertise)
        return {
            "hang_up": haste,
            "refuse": haste,
            "misheard": 1.0,
            "unclear": doubt,
            "out_of_scope": doubt,
            "change": doubt,
            "less": doubt,
            "more": 2 * self.talkativeness,
            "aside": 2 * self.talkativeness,
        }

    def traits(self) -> tuple[tuple[str, float], ...]:
        """As the corpus stores them."""
        return (
            ("expertise", round(self.expertise, 3)),
            ("patience", round(self.patience, 3)),
            ("politeness", round(self.politeness, 3)),
            ("talkativeness", round(self.talkativeness, 3)),
        )


@dataclass(slots=True)
class User:
    """Someone with a goal: `goal` maps slots to canonical values, `surface` to how they say them;
    `agenda` is what they still have to tell, last one first."""

    flow: Flow
    lists: Mapping[str, Values]
    draw: Draw
    persona: Persona
    factors: Mapping[str, float]
    goal: dict[str, str] = field(default_factory=dict)
    surface: dict[str, str] = field(default_factory=dict)
    agenda: list[str] = field(default_factory=list)
    repeats: dict[str, str] = field(default_factory=dict)  # slot -> slot whose value it repeats
    changed: int = 0  # times that they wanted something else
    annoyed: float = 1.0  # grows with each question that comes again

    @classmethod
    def drawn(cls, flow: Flow, lists: Mapping[str, Values], draw: Draw) -> User:
        """A user with a persona and a goal."""
        persona = Persona(draw(), draw(), draw(), draw())
        user = cls(flow, lists, draw, persona, persona.factors())
        for slot in flow.slots.values():
            if slot.chance < 1 and draw() >= slot.chance:
                continue
            other = slot.same_as
            if other is not None and other in user.goal and draw() < slot.same_chance:
                user.goal[slot.name], user.surface[slot.name] = (
                    user.goal[other],
                    user.surface[other],
                )
                user.repeats[slot.name] = other
            else:
                user.want(slot.name)
        user.agenda = [slot for slot in reversed(list(flow.slots)) if slot in user.goal]
        return user

    def want(self, slot: str) -> None:
        """Draw a value of the goal, another one than now."""
        values = self.lists[self.flow.slots[slot].values]
        at = int(self.draw() ** self.flow.slots[slot].skew * len(values.canonical))
        if values.canonical[at] == self.goal.get(slot):
            at = (at + 1) % len(values.canonical)
        value = values.canonical[at]
        surfaces = values.surfaces[value]
        self.goal[slot] = value
        self.surface[slot] = surfaces[int(self.draw() * len(surfaces))]
        self.repeats.pop(slot, None)

    def deviates(self, habits: Habits) -> str | None:
        """What the user does instead of answering, if not `None`."""
        u = self.draw()
        for name in DEVIATIONS:
            share = habits[name] * self.factors[name]
            u -= share * self.annoyed if name == "hang_up" else share
            if u < 0:
                return name
        return None

    def does(self, habits: Habits, habit: str) -> bool:
        """Whether a habit shows this time."""
        return self.draw() < habits[habit] * self.factors[habit]

    def chooses(self, templates: Sequence[Template], draw: Draw) -> int:
        """Which of these templates suits the persona: of two drawn, the likelier one."""
        first, second = int(draw() * len(templates)), int(draw() * len(templates))
        if first == second:
            return first
        return first if self._suits(templates[first]) >= self._suits(templates[second]) else second

    def _suits(self, template: Template) -> float:
        wordy = template.length / (template.length + 6) - 0.5
        manners = 0.5 if template.polite else -0.5
        traits = self.persona
        return wordy * (traits.talkativeness - 0.5) * 4 + manners * (traits.politeness - 0.5)
