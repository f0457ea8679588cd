"""What the scrub does with which label: the tables, and the settings that override them.

A slot label is read by its parts, so `home_phone_number` is personal because `phone` is. The order
of the table decides (`email_address` is an e-mail address). A part of `NEUTRAL` shows that the
value is about something personal rather than personal itself: `phone_type` holds "mobile".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from textsynth.corpus import fold
from textsynth.errors import RecipeError, did_you_mean
from textsynth.scrub.kinds import ACTIONS, ENTITIES, LABELS, MASK, Action
from textsynth.scrub.writing import words

# Personal labels: every part named on the left is in the label -> the provider of its surrogates.
PERSONAL: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(parts.split()), provider)
    for provider, alternatives in {
        "email": "email, e mail, mail address",
        "ipv4": "ip, ipv4",
        "mac_address": "mac address, mac",
        "url": "url, website, homepage",
        "credit_card_number": "card number, credit card, debit card, cardnumber",
        "iban": "iban",
        "shape": (
            "account number, account id, account no, accountnumber, ssn, social security, passport,"
            " licence, license, pin, password, passcode, passphrase, cvv, tax id, national id,"
            " order number, order id, booking reference, reference number, policy number,"
            " customer id, customer number, member id, membership number, user id, employee id,"
            " patient id, plate, vin, imei, serial number"
        ),
        "date": "birthday, birthdate, birth, dob",
        "user_name": "username, user name, handle, nickname, login, screen name",
        "phone": (
            "phone, telephone, phonenumber, cellphone, mobile number, cell number, fax, msisdn"
        ),
        "postcode": "postcode, zipcode, zip, postal code, post code",
        "street_address": "address, street",
        "last_name": "last name, lastname, surname, family name, maiden name",
        "first_name": "first name, firstname, given name, forename, middle name",
        "name": (
            "contact, person, recipient, sender, owner, caller, callee, payee, payer, beneficiary,"
            " cardholder, accountholder, holder, customer, client, patient, passenger, attendee,"
            " participant, invitee, friend, colleague, coworker, relative, employee, tenant,"
            " landlord, neighbour, neighbor, addressee, receiver, assignee, guest name, full name,"
            " fullname, user"
        ),
    }.items()
    for parts in alternatives.split(",")
)
# Personal only as the whole label: `restaurant_name` and `mobile_plan` name no person.
PERSONAL_WHOLE = {"name": "name", "names": "name", "mobile": "phone", "account": "shape"}
NEUTRAL = words(
    "type kind count size rating status action role relation relationship category app model brand"
    " provider service genre plan folder subject group field list title format color colour age"
    " system preference agent balance amount"
)
# What the surrogates of a label that identifies nobody are drawn from, where a recipe wants some.
PUBLIC_PROVIDERS = {
    **dict.fromkeys(("city", "town", "location", "place", "destination", "origin"), "city"),
    **{label: label for label in ("country", "company", "job", "state", "color")},
    **dict.fromkeys(("organisation", "organization", "employer", "business"), "company"),
}
# Labels whose values people compose freely, so that anything may stand in them.
FREE_TEXT = words(
    "message msg note notes item items text body content contents description comment comments"
    " reminder todo task query question answer reason subject summary memo post tweet dictation"
    " complaint feedback details detail utterance event"
)
# Words that name nobody: a value made of these alone ("my", "mum", "our kids") stays.
NOBODY = words(
    "i me my mine myself we us our ours you your yours he him his she her hers it its they them"
    " their theirs who whose everyone everybody anyone anybody someone somebody nobody all both"
    " and or the a an this that of in step great grand half law ex old older younger eldest"
    " youngest big little best dear other mum mums mummy mom moms mommy mother mothers dad dads"
    " daddy father fathers parent parents son sons daughter daughters brother brothers bro sister"
    " sisters sis sibling siblings twin twins child children kid kids baby grandma grandmother gran"
    " granny nana nan grandpa grandfather grandad granddad grandparent grandparents grandson"
    " granddaughter grandchild grandchildren grandkid grandkids aunt aunts auntie aunty uncle"
    " uncles cousin cousins niece nieces nephew nephews wife husband spouse partner fiance fiancee"
    " boyfriend girlfriend stepmother stepmom stepfather stepdad stepson stepdaughter stepbrother"
    " stepsister godmother godfather family families folks relatives friend friends mate mates"
    " buddy pal roommate roommates flatmate flatmates housemate neighbour neighbor neighbours"
    " neighbors boss manager colleague colleagues coworker coworkers assistant secretary team"
    " doctor dentist nurse vet therapist lawyer accountant plumber electrician landlord landlady"
    " teacher tutor coach babysitter nanny cleaner gardener office work home school reception"
    " bank police hospital pharmacy taxi user customer caller agent system speaker bot"
)
TITLES = words("mr mrs ms miss mx dr prof professor sir madam lady lord rev reverend captain")
# Capitalised words that are no part of the name beside them.
NO_NAMES = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june"
    " july august september october november december christmas easter today tomorrow tonight"
)
# What may stand in lower case inside a name ("Liesbeth van Houten").
PARTICLES = "de|del|della|di|da|dos|du|la|le|van|von|der|den|ter|ten|bin|ibn|al|el|af|y"
_LEADING = re.compile(r"([^\W\d_]+)\.?\s+")
_PART = re.compile(r"[a-z]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
POSSESSIVE = re.compile(r"(?<=\w)(?:['\u2019]s|(?<=s)['\u2019])\Z")


# From which score on a detection counts: in recall mode whatever is said once, in precision mode
# what a pattern, our own model or two models say.
THRESHOLDS = {"recall": 0.35, "precision": 0.65}


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A pattern of one's own: what `regex` matches is an `entity` (of `kinds.KINDS`) with this
    score; one of the `context` words among the five before it adds 0.35, as Presidio does it."""

    entity: str
    regex: str
    score: float = 0.6
    context: tuple[str, ...] = ()

    def check(self) -> None:
        """
        Raises:
            RecipeError: no such entity, no regular expression, or a score out of range.
        """
        if self.entity not in ENTITIES:
            raise RecipeError(
                f"`scrub.recognizers` names {self.entity!r}, which is no entity",
                fix=did_you_mean(self.entity, ENTITIES),
            )
        try:
            re.compile(self.regex)
        except re.error as error:
            raise RecipeError(
                f"`scrub.recognizers` has {self.regex!r}, which is no regular expression: {error}",
                fix="correct it",
            ) from error
        if not 0 < self.score <= 1:
            raise RecipeError(
                f"`scrub.recognizers` has the score {self.score}",
                fix="choose one above 0, up to 1",
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """The `scrub` section of a recipe.

    `entities`: which entities of `kinds.KINDS` to look for, or "all". `keep`: slot labels and
    entities that must stay. `labels`: what to do with a label or entity (`kinds.Action`). `mode`:
    "recall" or "precision"; `min_score` overrides its threshold. `allow`: values that are never
    taken for an entity; `deny`: values by label or entity that always are. `recognizers`: patterns
    beside the built-in ones.
    """

    entities: Literal["all"] | tuple[str, ...] = "all"
    keep: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    mode: Literal["recall", "precision"] = "recall"
    min_score: float | None = None
    allow: tuple[str, ...] = ()
    deny: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recognizers: tuple[Recognizer, ...] = ()

    @property
    def threshold(self) -> float:
        """Detections below it do not count."""
        return THRESHOLDS[self.mode] if self.min_score is None else self.min_score

    def denied(self) -> dict[str, tuple[str, ...]]:
        """`deny` by entity."""
        found: dict[str, tuple[str, ...]] = {}
        for name, values in self.deny.items():
            entity = LABELS[name][0].entity if name in LABELS else name
            found[entity] = (*found.get(entity, ()), *values)
        return found

    def action(self, label: str, default: Action) -> Action:
        """What is done with a slot label or a label of `KINDS`; its entity's name counts too."""
        for name in (label, *(kind.entity for kind in LABELS.get(label, ()))):
            if name in self.keep:
                return "keep"
            for action in ACTIONS:
                if self.labels.get(name) == action:
                    return action
        return default

    def check(self, labels: Iterable[str] | None) -> None:
        """Refuse names that are neither an entity nor one of these slot labels; where these are not
        known yet (None), the names that may be one pass.

        Raises:
            RecipeError: an unknown entity, label, mode or policy, or a score out of range.
        """
        if self.entities != "all":
            for name in self.entities:
                if name not in ENTITIES:
                    raise RecipeError(
                        f"`scrub.entities` names {name!r}, which is no entity",
                        fix=did_you_mean(name, ENTITIES),
                    )
        found = {*ENTITIES, *LABELS}
        named = [("deny", tuple(self.deny), found)]
        if labels is not None:
            known = {*labels, *found}
            named += [("keep", self.keep, known), ("labels", tuple(self.labels), known)]
        for where, names, allowed in named:
            for name in names:
                if name not in allowed:
                    raise RecipeError(
                        f"`scrub.{where}` names {name!r}, which is neither a slot label of the"
                        " seeds nor an entity",
                        fix=did_you_mean(name, allowed),
                    )
        for name, action in self.labels.items():
            if action not in ACTIONS:
                raise RecipeError(
                    f"`scrub.labels.{name}` is {action!r}", fix=did_you_mean(action, ACTIONS)
                )
        for recognizer in self.recognizers:
            recognizer.check()
        if self.mode not in THRESHOLDS:
            raise RecipeError(
                f"`scrub.mode` is {self.mode!r}", fix=did_you_mean(self.mode, THRESHOLDS)
            )
        if not 0 <= self.threshold <= 1:
            raise RecipeError(
                f"`scrub.min_score` is {self.min_score}", fix="choose one from 0 to 1"
            )


def goes(action: Action) -> bool:
    """Whether what stands there is taken out."""
    return action in ("surrogate", "mask", "drop_row")


def masked(label: str) -> str:
    """The provider that puts the name of a label in place of what goes."""
    return f"{MASK}{label}"


def parts(label: str) -> list[str]:
    """The words of a label: `homePhone-number` has home, phone and number."""
    return _PART.findall(_CAMEL.sub(" ", label).lower())


def personal(label: str) -> str | None:
    """The provider of surrogates for a slot label, or None where its values identify nobody."""
    whole = PERSONAL_WHOLE.get(label.lower())
    found = set(parts(label))
    if whole or found & NEUTRAL or (found and parts(label)[-1] in FREE_TEXT):
        return whole
    return next((provider for needed, provider in PERSONAL if needed <= found), None)


def free_text(label: str) -> bool:
    """Whether people compose the values of a slot label freely: `contact_note` is a note,
    `note_owner` a person."""
    return personal(label) is None and bool(FREE_TEXT.intersection(parts(label)))


def names_nobody(surface: str) -> bool:
    """Whether a value is made of pronouns, kinship words and roles alone: "my", "mum's"."""
    found = re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", fold(surface))
    return bool(found) and all(POSSESSIVE.sub("", word) in NOBODY for word in found)


def without_possessive(surface: str) -> str:
    """`surface` without a final 's: the name, where the surface is "Ann's"."""
    return POSSESSIVE.sub("", surface)


def leading(surface: str) -> tuple[int, bool]:
    """How many characters of a name come before what names somebody ("uncle Joe", "Mrs. Lee"), and
    whether the last of these words is a title, so that a surname follows."""
    at, titled = 0, False
    while word := _LEADING.match(surface, at):
        name = word[1].casefold()
        if name not in NOBODY and name not in TITLES:
            break
        at, titled = word.end(), name in TITLES
    return at, titled
