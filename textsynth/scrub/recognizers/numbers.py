"""Numbers and codes that an authority, a bank or a firm has given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from textsynth.scrub.recognizers.rules import CODE, DIGIT, Rule, after, digits_in
from textsynth.scrub.writing import words


def luhn(text: str) -> bool:
    """Whether the digits of a text pass the Luhn checksum (ISO/IEC 7812)."""
    numbers = [int(char) for char in reversed(text) if char.isdecimal()]
    doubled = sum(sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return len(set(numbers)) > 1 and (sum(numbers[::2]) + doubled) % 10 == 0


def iban(text: str) -> bool:
    """Whether a text passes the checksum of ISO 13616 (MOD 97-10)."""
    squeezed = "".join(char for char in text.upper() if char.isalnum())
    if not 15 <= len(squeezed) <= 34 or not squeezed.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in squeezed[4:] + squeezed[:4])) % 97 == 1


def nhs(text: str) -> bool:
    """Whether ten digits pass the checksum of the National Health Service (MOD 11)."""
    numbers = [int(char) for char in text if char.isdecimal()]
    weighted = sum(
        weight * number for weight, number in zip(range(10, 0, -1), numbers, strict=False)
    )
    return len(numbers) == 10 and len(set(numbers)) > 1 and weighted % 11 == 0


def least(count: int) -> Callable[[str], bool]:
    """A check for so many digits."""
    return lambda text: digits_in(text) >= count


def _ssn(text: str) -> bool:
    figures = re.sub(r"\D", "", text)
    area, group, serial = figures[:3], figures[3:5], figures[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _plate(text: str) -> bool:
    squeezed = re.sub(r"[ -]", "", text)
    return 4 <= len(squeezed) <= 10 and any(char.isdigit() for char in squeezed)


@dataclass(frozen=True)
class Context:
    """A kind of number that a word before it tells: written as `written`, or spoken with at least
    `spoken` digits (never, where it is 0)."""

    entity: str
    keywords: str
    words: frozenset[str]
    written: str
    check: Callable[[str], bool] | None = None
    spoken: int = 0
    score: float = 0.9


_CARD = (
    r"(?:(?:credit|debit|bank|gift|payment)\s)?card|visa|master\s?card|amex|american\sexpress|maestro"
    r"|discover|diners"
)
_SSN = r"ssn|social(?:\ssecurity)?|soc\ssec"
_ID = (
    r"national\sid(?:entity|entification)?|(?:identity|id)\scard|id\s?(?:number|no|num|#)"
    r"|identification(?:\snumber)?|national\sinsurance|ni\s(?:number|no)|nino|tax\s?(?:id|file|payer)"
    r"(?:entification)?|tin|tfn|itin|ein|personnummer|personal\s(?:id|identity)|cpf|dni|nie|nif|nric"
    r"|pesel|cnp|bsn|pps(?:n)?|aadhaa?r|uidai|curp|cedula|voter\sid|codice\sfiscale|citizen\sid"
)
_LICENCE = (
    r"driv(?:er['\u2019]?s?['\u2019]?|ing)\s(?:licen[cs]e|permit)"
    r"|driver['\u2019]?s\sid|licen[cs]e(?!\splates?)|dl"
)
_PLATE = (
    r"(?:licen[cs]e|number|registration|vehicle|car)\splates?|plates?|reg|registration"
    r"|(?:car|vehicle)\sreg(?:istration)?|rego"
)
_MEDICAL = (
    r"mrn|medical\s(?:record|id|card)|patient(?:['\u2019]s)?\s(?:id|number|no|record)|hospital\snumber"
    r"|health\s(?:card|insurance|id|plan)|medicare|medicaid|dea|npi|insurance\sid|prescription\snumber"
)
_ACCOUNT = (
    r"(?:(?:bank|savings|checking|current|customer)\s)?(?:account|acct|a/c|acc)|routing|aba|sort\scode"
    r"|bsb|iban|giro|wallet\sid"
)
_HOLDER = (
    r"order|booking|reservation|reference|ref|ticket|case|claim|policy|invoice|tracking|confirmation"
    r"|member|membership|customer|client|employee|staff|student|loyalty|rewards?|frequent\sflyer"
    r"|contract|shipment|parcel|package|transaction|serial|application|incident|subscription|receipt"
    r"|badge|payroll|docket|registration|complaint|purchase\sorder|delivery|flight\sbooking"
)
_NUMBERED = r"numbers?|no\.?|num|nr|#|id|code|ref(?:erence)?"
_PIN = (
    r"pin|pass\s?code|otp|one[\s-]time\s(?:pass)?(?:code|word)|cvv2?|cvc2?|csc|2fa|mfa"
    r"|(?:security|verification|access|unlock|door|gate|alarm|entry|authentication|authori[sz]ation"
    r"|login|auth|key|lock|garage|sms|confirmation|safe)\scode"
)

# What is told by the words before it alone. The order does not matter: scores decide.
CONTEXTS = (
    Context(
        "CREDIT_CARD",
        _CARD,
        words("card visa mastercard master amex express maestro discover diners"),
        r"\d(?:[ ./_-]{0,2}\d){12,18}",
        spoken=12,
    ),
    Context("US_SSN", _SSN, words("ssn social soc"), r"\d{3}[ .-]?\d{2}[ .-]?\d{4}", _ssn, 9, 0.95),
    Context(
        "NATIONAL_ID",
        rf"{_ID}|social\ssecurity",
        words(
            "national identity id identification insurance ni nino tax taxpayer tin tfn itin ein"
            " personnummer personal cpf dni nie nif nric pesel cnp bsn pps ppsn aadhaar aadhar"
            " uidai curp cedula voter codice citizen social"
        ),
        CODE,
        least(5),
        6,
    ),
    Context(
        "PASSPORT",
        r"passport",
        words("passport"),
        r"(?:[A-Z]{1,2}[ -]?)?\d{3}[ -]?\d{3}[ -]?\d{0,3}[A-Z]?",
        least(6),
        6,
    ),
    Context(
        "DRIVING_LICENCE",
        _LICENCE,
        words("driver drivers driving licence license dl permit"),
        CODE,
        least(4),
        5,
    ),
    Context(
        "LICENSE_PLATE",
        _PLATE,
        words("plate plates reg registration rego"),
        r"(?:[A-Z]{2}\d{2}[ -]?[A-Z]{3}|[A-Z]{3}[ -]?\d{2,4}|(?=[A-Z]{0,7}[ -]?\d)[A-Z0-9]{1,8}"
        r"(?:[ -](?:(?=[A-Z]{0,3}\d)[A-Z0-9]{1,6}|(?-i:[A-Z]{1,3}))){0,3})",
        _plate,
    ),
    Context(
        "MEDICAL_ID",
        _MEDICAL,
        words("mrn medical patient patients hospital health medicare medicaid dea npi insurance"
              " prescription"),
        CODE,
        least(4),
        5,
    ),
    Context(
        "ACCOUNT_NUMBER",
        _ACCOUNT,
        words("account acct a acc routing aba sort bsb iban giro wallet"),
        CODE,
        least(4),
        4,
    ),
    Context(
        "REFERENCE_NUMBER",
        rf"(?:{_HOLDER})\s?(?:{_NUMBERED})|reference|ref|pnr",
        words(" ".join(re.findall(r"[a-z]+", f"{_HOLDER} pnr".replace(r"\s", " ")))),
        CODE,
        least(2),
        4,
        0.85,
    ),
    Context(
        "PIN",
        _PIN,
        words("pin passcode pass otp one cvv cvc csc mfa fa code"),
        r"\d{3}[ -]\d{3}|\d{3,8}|\d(?:[ -]\d){2,7}",
        spoken=3,
        score=0.95,
    ),
)  # fmt: skip

_BETWEEN = r"[ ./_-]{1,2}"
_CARDS = (
    r"(?<![\w-])(?<!\d[.,])(?<![A-Z]{2}\d\d )(?:[2-6]\d{12,18}"
    rf"|\d{{4}}(?:{_BETWEEN}\d{{4}}){{2,3}}(?:{_BETWEEN}\d{{1,4}})?"
    rf"|\d{{4}}{_BETWEEN}\d{{6}}{_BETWEEN}\d{{4,5}}|\d(?:[ -]\d){{12,18}})(?![\w]|[.-]\d)"
)
_IBAN_COMPACT = r"(?<!\w)[A-Z]{2}\d{2}[A-Z0-9]{11,30}(?!\w)"
_IBAN_GROUPS = r"(?<!\w)(?-i:[A-Z]{2}\d{2}(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,4})?)(?!\w)"
_NINO = (
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r"(?:[ -]?\d{2}){3}[ -]?[A-D](?!\w)"
)
_UK_LICENCE = r"(?<!\w)(?-i:[A-Z9]{5}\d{6}[A-Z9]{2}[A-Z0-9]\d?[A-Z]{2})(?!\w)"
_UK_PLATE = r"(?<!\w)(?-i:[A-HJ-PR-Y][A-HJ-PR-Y]\d{2} ?[A-HJ-PR-Z]{3})(?!\w)"
_PAN = r"(?<!\w)(?-i:[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z])(?!\w)"
# Without a word for "number" between: "order AB-12345", not "order 2 pizzas".
_STRONG_CODE = r"(?=[A-Z./_-]{0,8}\d)(?:[A-Z]{1,5}[./_-]?\d[A-Z0-9./_-]{2,20}[A-Z0-9]|\d{5,14})"

ENGLISH = (
    *(
        Rule(
            context.entity,
            context.score,
            after(context.keywords, context.written),
            words=context.words,
            signs=DIGIT,
            check=context.check,
        )
        for context in CONTEXTS
    ),
    Rule(
        "NATIONAL_ID",
        0.9,
        after(r"sin|social\sinsurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}"),
        words=words("sin insurance"),
        signs=DIGIT,
        check=luhn,
    ),
    Rule("NATIONAL_ID", 0.95, after("pan", _PAN), words=words("pan"), signs=DIGIT),
    Rule(
        "MEDICAL_ID",
        0.95,
        after("nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
        words=words("nhs"),
        signs=DIGIT,
        check=nhs,
    ),
    Rule(
        "MEDICAL_ID",
        0.8,
        after(r"nhs\s(?:number|no)", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
        words=words("nhs"),
        signs=DIGIT,
    ),
    Rule(
        "PIN",
        0.9,
        rf"(?<![\w.,-])(?P<value>\d{{4,6}})\s(?:is|as|for|was)\s(?:my|the|our)\s(?:{_PIN})\b",
        words=CONTEXTS[-1].words,
        signs=DIGIT,
    ),
    Rule(
        "ACCOUNT_NUMBER",
        0.9,
        after(r"swift|bic", r"(?-i:[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)"),
        words=words("swift bic"),
    ),
    Rule(
        "REFERENCE_NUMBER",
        0.8,
        rf"\b(?:{_HOLDER})\s{{0,2}}[:#]?\s{{0,2}}(?<!\w)(?P<value>{_STRONG_CODE})(?!\w)",
        words=CONTEXTS[-2].words,
        signs=DIGIT,
    ),
    Rule(
        "IBAN_CODE",
        0.92,
        after("iban", r"[A-Z]{2}\d{2}(?:[ -]?(?=[A-Z]{0,3}\d|(?-i:[A-Z]))[A-Z0-9]{2,4}){3,8}"),
        words=words("iban"),
        signs=DIGIT,
    ),
)  # fmt: skip
RULES = (
    Rule("CREDIT_CARD", 1.0, _CARDS, signs=DIGIT, check=luhn),
    Rule("IBAN_CODE", 1.0, _IBAN_COMPACT, signs=DIGIT, check=iban),
    Rule("IBAN_CODE", 1.0, _IBAN_GROUPS, signs=DIGIT, check=iban),
    Rule("US_SSN", 0.8, r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", signs="-", check=_ssn),
    Rule("NATIONAL_ID", 0.85, _NINO, signs=DIGIT),
    Rule("NATIONAL_ID", 0.8, _PAN, signs=DIGIT),
    Rule("DRIVING_LICENCE", 0.85, _UK_LICENCE, signs=DIGIT),
    Rule("LICENSE_PLATE", 0.8, _UK_PLATE, signs=DIGIT),
)
