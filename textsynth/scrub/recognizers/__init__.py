"""What Presidio's plain set lacks or does badly, as rules by theme.

Words of context are part of the rules, so that none of this needs spaCy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textsynth.scrub.recognizers import addresses, dates, numbers, online, people, phones, spoken
from textsynth.scrub.recognizers.phones import looks_like_phone
from textsynth.scrub.recognizers.rules import recognizer

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

__all__ = ["REPLACED", "looks_like_phone", "recognizers"]

# Presidio's own recognisers that are replaced. The one for e-mail asks tldextract, which downloads
# the list of public suffixes; the one for telephones walks eight countries through every text; the
# others take any digits for bank accounts, any dates, or need context words, thus lemmas.
# CryptoRecognizer stays.
REPLACED = (
    "CreditCardRecognizer",
    "DateRecognizer",
    "EmailRecognizer",
    "IbanRecognizer",
    "IpRecognizer",
    "MacAddressRecognizer",
    "MedicalLicenseRecognizer",
    "NhsRecognizer",
    "PhoneRecognizer",
    "UkNinoRecognizer",
    "UrlRecognizer",
    "UsBankRecognizer",
    "UsItinRecognizer",
    "UsLicenseRecognizer",
    "UsPassportRecognizer",
    "UsSsnRecognizer",
    "UuidRecognizer",
)

# In these themes there are rules for any language, and others for English.
_ANYWHERE = {
    "Addresses": addresses.RULES,
    "Dates": dates.RULES,
    "Numbers": numbers.RULES,
    "Online": online.RULES,
    "Phones": phones.RULES,
}
_ENGLISH = {
    "Addresses": addresses.ENGLISH,
    "Dates": dates.ENGLISH,
    "Numbers": numbers.ENGLISH,
    "Online": online.ENGLISH,
    "People": people.ENGLISH,
    "Phones": phones.ENGLISH,
    "Spoken": spoken.ENGLISH,
}


def recognizers(language: str) -> list[EntityRecognizer]:
    """The recognisers to add for a language, by its two letters."""
    themes = dict(_ANYWHERE)
    if language == "en":
        for theme, rules in _ENGLISH.items():
            themes[theme] = (*themes.get(theme, ()), *rules)
    return [recognizer(theme, rules, language) for theme, rules in themes.items()]
