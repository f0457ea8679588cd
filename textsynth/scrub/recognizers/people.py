"""People: names after titles and introductions, ages, nationalities of persons."""

from __future__ import annotations

from textsynth.scrub.kinds import NRP_WORDS
from textsynth.scrub.policy import PARTICLES
from textsynth.scrub.recognizers.numerals import SMALL
from textsynth.scrub.recognizers.rules import Rule
from textsynth.scrub.writing import words

CAPITAL_WORD = r"(?-i:[^\W\d_a-z][^\W\d_]{0,30}(?:['\u2019-][^\W\d_a-z][^\W\d_]{0,30}){0,3})"

# A title tells a name where the model sees none.
_TITLE = r"(?-i:\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir)\b)\.?"
_TITLED = rf"{_TITLE}(?:\s{{1,3}}(?:(?:{PARTICLES})\s){{0,3}}{CAPITAL_WORD}){{1,3}}"

# So does "my name is", in lower case too. These words are no name, and end one.
_NO_NAME = (
    r"(?!(?:not|on|in|the|a|an|and|or|but|so|is|i|my|from|at|to|of|for|with|by|spelled|spelt|here"
    r"|wrong|misspelled|incorrect|correct|as|what|it|this|that|calling|speaking|please|can|could"
    r"|would|will|who|no|yes|you|your|we|he|she|they|also|actually|number|email|phone|account|was"
    r"|missing|different|short|already|listed|has|have|had|am|mentioned)\b)"
)
_NAME = rf"{_NO_NAME}[^\W\d_](?:['\u2019-]?[^\W\d_]){{1,25}}"
_INTRODUCED = (
    r"\b(?:(?:my|his|her)\s(?:full\s|real\s|first\s|last\s|maiden\s|middle\s|legal\s|family\s)?"
    r"(?:name|surname)(?:\sis|['\u2019]s)|(?:sur|first\s|last\s|full\s|maiden\s)name(?:\sis\s?:?|\s?:))"
    rf"\s(?P<value>{_NAME}(?:\s{_NAME}){{0,2}})(?!\w)"
)

_COUNT = rf"(?:(?<![\w.,:-])(?:1[01]\d|[1-9]?\d)\b|\b{SMALL})"
_YEARS_OLD = r"[\s-]{0,2}(?:years?|yrs?|months?|weeks?)[\s-]old|[\s-]?y[/.]?o\b"
_PERSON = (
    r"(?:man|woman|boy|girl|male|female|son|daughter|kids?|child|children|baby|toddler|teenager|teen"
    r"|guy|lady|gentleman|patient|student|brother|sister|mother|mum|mom|father|dad|husband|wife"
    r"|partner|friend|nephew|niece|cousin|uncle|aunt|grand(?:mother|father|ma|pa|son|daughter)"
    r"|person|someone|neighbou?r|colleague|boyfriend|girlfriend|fianc[eé]e?|twins?|widow(?:er)?)"
)
_IAM = (
    r"\b(?:i['\u2019]?m|i\sam|i\swas|(?:he|she)(?:['\u2019]?s|\sis|\swas)|(?:you|they)(?:['\u2019]re|\sare|\swere)"
    rf"|{_PERSON}(?:['\u2019]s|\sis|\swas)|who(?:['\u2019]s|\sis|\swas)|(?:just|recently|has|have)\sturned"
    r"|(?:i|he|she)\sturned|turning)"
    r"\s(?:only\s|just\s|now\s|about\s|almost\s|nearly\s|currently\s|already\s|over\s)?"
)
_STOP = (
    r"(?=\s*(?:\Z|[.,;!?)\n]|(?:and|but|so|now|today|years?|yrs?|who|next|this|last)\b"
    r"|with\s(?:two|three|no|a)\b))"
)
_AGE_IS = rf"{_IAM}(?P<value>{_COUNT}){_STOP}"
_AGE_OLD = rf"(?:{_IAM}|(?:^|[.,;(:]\s*))(?P<value>{_COUNT})(?:{_YEARS_OLD})"
_AGED = (
    rf"\b(?:aged|age(?:\sis|\sof)?)[\s:=]{{1,3}}"
    rf"(?P<value>{_COUNT})(?![\w%/:-]|[.,]\d|\s(?:to|or)\s)"
)
_AGE_OF = (
    rf"(?P<value>{_COUNT})(?:{_YEARS_OLD})"
    rf"(?:\s(?:[\w-]{{2,15}}\s)?{_PERSON}\b|s?\s(?:who|named|called)\b)"
)
_AGE_NAMED = (
    r"\b(?-i:(?!(?:The|This|That|It|Wine|Whisky|House|Car)\b)[A-Z][^\W\d_]{1,20})\s(?:is|was)\s"
    rf"(?P<value>{_COUNT})(?:{_YEARS_OLD})"
)
_AGE_MINE = (
    rf"\b(?:my|our|his|her|their)\s(?P<value>{_COUNT})(?:{_YEARS_OLD})s?"
    rf"(?=\s*(?:\Z|[.,;!?)])|\s(?:{_PERSON}|is|was|has|needs?|wants?|loves?|likes?|can|and|to|who|in)\b)"
)
_AGE_WORDS = words(
    "i im m he hes she shes s re they you we turned turning who year years yr yrs yo y old aged age"
)

_NRP = rf"(?P<value>{'|'.join(sorted(NRP_WORDS, key=len, reverse=True))})\b"
_NRP_AM = (
    r"\b(?:i['\u2019]?m|i\sam|(?:he|she|who)(?:['\u2019]?s|\sis|\swas)|(?:we|they|you)(?:['\u2019]re|\sare)"
    rf"|(?:my|his|her)\s{_PERSON}(?:['\u2019]s|\sis|\swas)|(?:parents|family|grandparents)\s(?:are|were|is|was))"
    r"\s(?:(?:a|an|not|half|part|also|originally|born|proud|devout|practi[cs]ing|very|both|all|from"
    rf"|actually)\s){{0,3}}{_NRP}(?=\s*(?:\Z|[.,;!?)])|\s(?:and|but|or|so|by|citizen|national|who"
    r"|origin|descent|myself|too|not|now|man|woman|person|guy|girl|boy|in|with|living|like)\b)"
)
_NRP_PERSON = (
    rf"\b{_NRP}\s(?:refugees?|m[ae]n|wom[ae]n|guys?|girls?|boys?|immigrants?|migrants?|citizens?"
    r"|nationals?|friends?|wife|husband|boyfriend|girlfriend|partner|neighbou?rs?|colleagues?"
    r"|mother|father|parents|grand(?:mother|father|parents)|family|descent|heritage|nationality"
    r"|citizenship|passport|origins?|roots|ancestry|born|people|person|lady|asylum\sseeker"
    r"|believer|faith|voter)\b(?!['\u2019]s)"
)
_NRP_IS = (
    r"\b(?:nationality|religion|ethnicity|faith|citizenship|race|religious\sbeliefs?)"
    rf"\s?(?:is|was|:|=)?\s?{_NRP}"
)

ENGLISH = (
    Rule("PERSON", 0.9, _TITLED, words=words("mr mrs ms miss mx dr prof professor sir")),
    Rule("PERSON", 0.85, _INTRODUCED, words=words("name surname")),
    Rule("AGE", 0.85, _AGE_IS, words=_AGE_WORDS),
    Rule("AGE", 0.85, _AGE_OLD, words=_AGE_WORDS),
    Rule("AGE", 0.85, _AGED, words=words("aged age")),
    Rule("AGE", 0.85, _AGE_OF, words=_AGE_WORDS),
    Rule("AGE", 0.85, _AGE_MINE, words=_AGE_WORDS),
    Rule("AGE", 0.5, _AGE_NAMED, words=words("year years yrs yr month months week weeks")),
    Rule("NRP", 0.85, _NRP_AM, words=NRP_WORDS),
    Rule("NRP", 0.85, _NRP_PERSON, words=NRP_WORDS),
    Rule("NRP", 0.85, _NRP_IS, words=NRP_WORDS),
)
