"""The table of what may be found in a text: which slot it becomes and what is done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textsynth.scrub.geography import NATIONALITIES
from textsynth.scrub.writing import words

Action = Literal["surrogate", "slot", "mask", "drop_row", "keep"]
ACTIONS: tuple[Action, ...] = ("surrogate", "slot", "mask", "drop_row", "keep")


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: what is done with an entity (Presidio's name, or one of ours).

    `certain`: nothing else looks like it, so that it goes even from a slot that was annotated as
    something harmless (an artist may be called like a person, but like no IBAN).
    `sought`: a value found once is taken out of all rows, and is looked for by the leak check.
    """

    entity: str
    label: str
    provider: str
    action: Action = "surrogate"
    certain: bool = False
    sought: bool = True


KINDS = (
    Kind("PERSON", "person", "name"),
    Kind("PHONE_NUMBER", "phone", "phone"),
    Kind("EMAIL_ADDRESS", "email", "email", certain=True),
    Kind("STREET_ADDRESS", "address", "street_address"),
    Kind("POSTCODE", "postcode", "shape"),
    Kind("LOCATION", "location", "place", sought=False),
    Kind("ORGANIZATION", "organisation", "company"),
    Kind("NRP", "nationality", "nationality", sought=False),
    Kind("AGE", "age", "age", sought=False),
    Kind("DATE_OF_BIRTH", "birth_date", "date"),
    # A full calendar date; "tomorrow", "at nine", "next friday" are DATE_TIME and identify nobody.
    Kind("DATE", "date", "date"),
    Kind("DATE_TIME", "date_time", "date", action="keep"),
    Kind("TITLE", "title", "title", action="keep", sought=False),
    Kind("USERNAME", "username", "user_name"),
    Kind("URL", "url", "url"),
    Kind("IP_ADDRESS", "ip_address", "ipv4", certain=True),
    Kind("MAC_ADDRESS", "mac_address", "mac_address", certain=True),
    Kind("CREDIT_CARD", "credit_card", "credit_card_number", certain=True),
    Kind("IBAN_CODE", "iban", "iban", certain=True),
    Kind("US_SSN", "ssn", "ssn", certain=True),
    Kind("NATIONAL_ID", "national_id", "shape"),
    Kind("PASSPORT", "passport", "shape"),
    Kind("DRIVING_LICENCE", "driving_licence", "shape"),
    Kind("LICENSE_PLATE", "licence_plate", "shape"),
    Kind("MEDICAL_ID", "medical_id", "shape"),
    Kind("ACCOUNT_NUMBER", "account_number", "shape"),
    Kind("REFERENCE_NUMBER", "reference_number", "shape"),
    Kind("PIN", "pin", "shape", sought=False),
    Kind("SECRET", "secret", "shape", certain=True),
    Kind("CRYPTO", "crypto_wallet", "shape", certain=True),
    Kind("UUID", "uuid", "uuid4", certain=True),
)
ENTITIES = {kind.entity: kind for kind in KINDS}
LABELS: dict[str, tuple[Kind, ...]] = {
    kind.label: tuple(other for other in KINDS if other.label == kind.label) for kind in KINDS
}

# What Presidio's recognisers call an entity, and what it is here.
ALIASES = {
    "US_ITIN": "NATIONAL_ID",
    "UK_NINO": "NATIONAL_ID",
    "AU_TFN": "NATIONAL_ID",
    "AU_ABN": "NATIONAL_ID",
    "AU_ACN": "NATIONAL_ID",
    "IN_AADHAAR": "NATIONAL_ID",
    "IN_PAN": "NATIONAL_ID",
    "IN_VOTER": "NATIONAL_ID",
    "SG_NRIC_FIN": "NATIONAL_ID",
    "US_PASSPORT": "PASSPORT",
    "UK_PASSPORT": "PASSPORT",
    "IN_PASSPORT": "PASSPORT",
    "US_DRIVER_LICENSE": "DRIVING_LICENCE",
    "UK_DRIVING_LICENCE": "DRIVING_LICENCE",
    "IN_VEHICLE_REGISTRATION": "LICENSE_PLATE",
    "UK_VEHICLE_REGISTRATION": "LICENSE_PLATE",
    "UK_NHS": "MEDICAL_ID",
    "AU_MEDICARE": "MEDICAL_ID",
    "US_MBI": "MEDICAL_ID",
    "US_NPI": "MEDICAL_ID",
    "MEDICAL_LICENSE": "MEDICAL_ID",
    "US_BANK_NUMBER": "ACCOUNT_NUMBER",
    "ABA_ROUTING_NUMBER": "ACCOUNT_NUMBER",
    "UK_POSTCODE": "POSTCODE",
}

# The provider of a label that is masked begins with this.
MASK = "mask:"

# What a model of names finds, as opposed to what a pattern finds.
NAMED = frozenset({"PERSON", "LOCATION", "NRP", "ORGANIZATION"})

# Providers of names of people; `provider_for` chooses among them by the value.
NAMES = frozenset({"name", "first_name", "last_name"})

# What is a nationality, a religion or a political group when a model calls it one.
NRP_WORDS = words(
    f"""
    {NATIONALITIES.casefold()} african american arab asian european hispanic latino latina kurdish
    indigenous basque catalan tibetan jewish jew christian muslim islamic catholic protestant
    orthodox hindu sikh buddhist mormon atheist democrat democratic republican conservative labour
    liberal communist socialist afghan saudi turk swede dane finn pole spaniard brit scot frenchman
    englishman dutchman
    """
)
