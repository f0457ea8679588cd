"""What sections, steps and reasons of a run are called for people who did not build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A section: its title, what it tells in one sentence, and the command that measures it."""

    title: str
    lead: str
    remedy: str


SECTIONS: Mapping[str, Heading] = {
    "diversity": Heading(
        "Variety",
        "How many different things the rows say, and in how many ways, beside as many real rows.",
        "textsynth evaluate RUN",
    ),
    "fidelity": Heading(
        "Likeness",
        "How hard the rows are to tell from what real people wrote.",
        "textsynth evaluate RUN --holdout HOLDOUT.jsonl",
    ),
    "utility": Heading(
        "Usefulness",
        "Whether a program that learns from these rows understands real people better.",
        "textsynth evaluate RUN --real TRAIN.jsonl --holdout HOLDOUT.jsonl",
    ),
    "mixing": Heading(
        "The mixing curve",
        "How well a program understands real people, by how many of the rows it learnt from are "
        "synthetic.",
        "textsynth evaluate RUN --metric mixing",
    ),
    "privacy": Heading(
        "Privacy",
        "Whether somebody could find out from these rows which real ones they were made from.",
        "textsynth evaluate RUN --holdout HOLDOUT.jsonl",
    ),
    "bias": Heading(
        "Bias",
        "Whether groups of people appear more often, or in another light, than in the real rows.",
        "textsynth evaluate RUN",
    ),
    "collapse": Heading(
        "Collapse",
        "What would become of the text if models went on learning from the output of models.",
        "textsynth evaluate RECIPE --generations 5",
    ),
}

# step: (title, what it does)
STEPS: Mapping[str, tuple[str, str]] = {
    "seeds": ("Real rows read", "The examples that everything starts from."),
    "seed": ("Real sentences, filled anew", "Scrubbed examples with other values in them."),
    "template": ("Templates", "Sentences written by people as patterns, filled with values."),
    "model": ("Language model", "Sentences that a language model wrote."),
    "name": ("Names of intents", "The name of an intent, said as a sentence."),
    "invent values": ("Values invented", "New values for slots, by the language model."),
    "exact": ("Copies", "Drops what is there already, word for word."),
    "near": ("Near copies", "Drops what differs from another row by little."),
    "semantic": ("Same meaning", "Drops what says the same as a better row."),
    "label": ("Intent in doubt", "Drops what reads like another intent than its own."),
    "quality": ("Quality", "Drops what nobody would say."),
    "leak": ("Leaks", "Drops what holds personal data."),
    "memorised": ("Learnt by heart", "Drops what repeats a long run of a real row."),
    "adversarial": ("Detectable", "Drops what is easiest to tell from real rows, in rounds."),
    "dialogue words": (
        "Words of dialogues",
        "What users say in each place, by the language model.",
    ),
    "dialogue checks": ("Dialogues checked", "Drops dialogues that contradict themselves."),
    "exact (dialogues)": ("Copied dialogues", "Drops dialogues that are there already."),
    "near (dialogues)": ("Near copies of dialogues", "Drops what differs from another by little."),
    "quality (dialogues)": ("Quality of turns", "Drops dialogues with a turn nobody would say."),
    "leak (dialogues)": ("Leaks in dialogues", "Drops dialogues with personal data in a turn."),
    "memorised (dialogues)": ("Turns learnt by heart", "Drops dialogues that repeat a real row."),
    "adversarial (dialogues)": ("Detectable dialogues", "Drops what is easiest to tell from real."),
    "select dialogues": ("Selection of dialogues", "Takes the most varied of what is left."),
    "select": ("Selection", "Takes the best and most varied of what is left."),
}
SOURCES = ("seed", "template", "model", "name")

REASONS: Mapping[str, str] = {
    "seed_copy": "word for word a real row",
    "duplicate": "word for word another row",
    "intent_conflict": "the same words are there under another intent",
    "near_seed": "nearly a real row",
    "near_duplicate": "nearly another row",
    "same_meaning": "says the same as a better row",
    "other_intent": "reads like another intent",
    "thin_margin": "could be of two intents",
    "length_outlier": "too short or too long",
    "odd_characters": "characters that real rows do not have",
    "repetition": "repeats itself",
    "unbalanced": "a bracket or quotation mark without its other half",
    "wrong_language": "another language",
    "non_words": "too many words that are none",
    "perplexity": "no sentence that a language model would expect",
    "unsafe": "rude or hateful",
    "leaked_value": "holds a value that the scrub removed",
    "fresh_identity": "holds personal data of its own",
    "memorised": "repeats a long run of a real row",
    "detectable": "easy to tell from a real row",
    "surplus": "good, but more than were asked for",
    "empty_line": "nothing was written",
    "cut_off": "breaks off",
    "malformed_pattern": "braces that mark no slot",
    "style_echo": "repeats the style that was asked for",
    "brackets": "words in brackets, as no example has them",
    "heading": "a heading, not a sentence",
    "unknown_slot": "a slot that the intent does not have",
    "slot_repeat": "the same slot more often than in real rows",
    "seed_echo": "repeats an example",
    "pattern_repeat": "repeats what the model wrote before",
    "wrong_slots": "slots that are not told together there",
    "denial": "denies what nobody there denies",
    "out_of_place": "no answer to what was asked",
    "turns_misnumbered": "turns out of order",
    "no_user_turn": "nothing is said by a user",
    "missing_facts": "annotation is missing",
    "span_mismatch": "a slot that is not in its sentence",
    "speakers_not_alternating": "one speaker twice in a row",
    "state_on_system_turn": "a belief state where none belongs",
    "state_inconsistent": "a belief state that does not follow from what was said",
    "goal_not_reached": "a success whose goal was not reached",
    "goal_reached_but_labelled_otherwise": "a success under another label",
    "turn_repeated": "somebody says the same sentence twice",
    "value_length": "a value too short or too long",
    "value_characters": "a value with odd characters",
    "value_repeat": "a value that is there already",
}

# Rows that stand in for real ones: their texts are not shown, scrubbed or not.
REAL_TEXT = frozenset(
    {"seed_copy", "near_seed", "intent_conflict", "memorised", "seed_echo", "style_echo"}
)
