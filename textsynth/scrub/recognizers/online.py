"""What belongs to the network: e-mail and other addresses, handles, tokens and passwords."""

from __future__ import annotations

import ipaddress

from textsynth.scrub.recognizers.rules import DIGIT, Rule, after, digits_in
from textsynth.scrub.writing import words

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]"
_EMAIL = (
    rf"(?<![\w.+-])(?=[\w!#$%&'*+/=?^`{{|}}~.-]{{1,64}}@){_ATOM}(?:\.?{_ATOM}){{0,63}}@"
    r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[^\W\d_]{2,24}\b"
)

# The frequent top-level domains, but for those that are English words ("is", "me", "in").
DOMAINS = (
    "com|org|net|edu|gov|mil|info|biz|io|co|ai|dev|app|xyz|online|site|shop|store|tech|blog|club"
    "|cloud|agency|email|uk|ie|ca|au|nz|de|fr|nl|ch|se|dk|fi|es|pt|pl|cz|gr|hu|ro|ru|ua|tr"
    "|eu|jp|cn|kr|hk|sg|br|mx|ar|cl|za|ng|ke|tv|fm|gg|ly"
)
_LINK = r"\b(?:https?|ftp)://[^\s<>\"'\]})]{0,2000}[^\s<>\"'\]}).,;:!?]"
_WWW = r"(?<![\w@.-])www\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
_PATH = r"(?::\d{2,5})?(?:/(?:[^\s<>\"'\]})]{0,500}[^\s<>\"'\]}).,;:!?])?)?"
_DOMAIN = (
    r"(?<![\w@.'/+-])(?!asp\.net)(?=[\w-]{0,62}[a-z])"
    rf"[a-z0-9][a-z0-9-]{{1,62}}(?:\.[a-z0-9-]{{1,63}}){{0,4}}\.(?:{DOMAINS})(?![\w@-]){_PATH}"
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = rf"(?<![\w.-])(?<!version )(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\d)"
_IPV6 = r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\.\d{1,3}){0,3}(?![\w:])"
_MAC = (
    r"(?<![\w:-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})"
    r"(?![\w:-])"
)
_UUID = r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])"

_HANDLE = r"(?<![\w@./])@(?P<value>[a-z_](?:\.?\w){2,29})(?![\w@])"
_REDDIT = r"(?<![\w/.])u/(?P<value>[\w-]{3,20})(?![\w/])"
_NOT_HANDLES = words("home work school noon night lunch all everyone here channel the gmail")
_USER = (
    r"user[ _-]?name|user[ _]?id|login(?:\s(?:name|id))?|screen ?name|gamer ?tag|handle"
    r"|skype(?:\sid)?"
    r"|(?:twitter|instagram|insta|snapchat|telegram|tiktok|discord)(?:\s(?:handle|name|id|tag))"
)
_USER_WORDS = words(
    "user username userid login screen screenname gamer gamertag handle skype twitter instagram"
    " insta snapchat telegram tiktok discord"
)
_IS = r"\s{0,2}(?:\s(?:is|was)\s|:|=)\s{0,3}[\"'@]?"
_NAMED = rf"\b(?:{_USER})(?:{_IS})(?P<value>[a-z0-9_](?:[.-]?\w){{2,29}})(?![\w@])"
_NAMED_ONLY = rf"\b(?:{_USER})\s@?(?P<value>[a-z0-9_](?:[.-]?\w){{3,29}})(?![\w@])"
# What follows "is" when no value does: "my password is not working".
_NO_VALUES = words(
    "not incorrect wrong already taken and or for the my your our field invalid required with"
    " expired reset too correct right being still now very secure weak strong short long what"
    " needed missing blank empty case sensitive different same unknown available protected"
    " compromised accepted blocked locked going about"
)

_TOKENS = (
    r"(?-i:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}"
    r"|glpat-[\w-]{20,64}|npm_[A-Za-z0-9]{36}|xox[abeoprs]-[\w-]{10,255}"
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{10,255}|sk-[\w-]{20,255}|hf_[A-Za-z0-9]{30,64}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,255}|SG\.[\w-]{16,32}\.[\w-]{16,64}"
    r"|(?-i:eyJ)[\w-]{5,4000}\.[\w-]{5,4000}\.[\w-]{5,4000}"
)
_PEM = (
    r"(?-i:-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)(?s:.{0,8000}?)"
    r"(?:(?-i:-----END [A-Z ]{0,30}PRIVATE KEY-----)|\Z)"
)
_KEY = (
    r"\b(?:api|access|secret|auth|client|private)[ _-]?(?:access[ _-]?)?(?:key|token|secret)"
    r"[\"']?\s{0,2}(?:\sis\s|[:=]|\s)\s{0,3}[\"']?(?P<value>[\w+/=.-]{8,200})(?<!\.)"
)
_BEARER = r"\bbearer\s(?:token\s)?:?\s?(?P<value>[\w+/=.~-]{12,4000})(?<!\.)"
_PASSWORD = (
    r"\b(?:password|passwort|passwd|pwd|passphrase)s?[\"']?(?:\s(?:for|to|of|on)(?:\s[\w'-]{1,20}){1,4}?)?"
    r"(?:\s{0,2}[:=]|\s(?:is|was|to)\b:?)\s{0,3}[\"']?(?P<value>[^\s\"']{3,63}[^\s\"'.,;:!?)])"
)
_PASSWORD_ONLY = r"\b(?:password|passwd|pwd)\s(?P<value>[^\s\"']{4,63}[^\s\"'.,;:!?)])"


def _ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return len(text) > 4


def _a_value(text: str) -> bool:
    return text.lower() not in _NO_VALUES


def _with_digit(text: str) -> bool:
    return any(char.isdigit() or char == "_" for char in text) and not text.isdigit()


def _mixed(text: str) -> bool:
    """Digits or signs among letters."""
    return any(char.isalpha() for char in text) and not text.isalpha() and digits_in(text) > 0


def _token(text: str) -> bool:
    return digits_in(text) > 0 and any(char.isalpha() for char in text)


def _handle(text: str) -> bool:
    return text.lower() not in _NOT_HANDLES


_PASSWORD_WORDS = words("password passwords passwort passwd pwd passphrase")
RULES = (
    Rule("EMAIL_ADDRESS", 1.0, _EMAIL, signs="@"),
    Rule("URL", 0.9, _LINK, signs=":"),
    Rule("URL", 0.9, _WWW, words=words("www")),
    Rule("URL", 0.7, _DOMAIN, words=words(DOMAINS.replace("|", " ")), signs="."),
    Rule("IP_ADDRESS", 0.95, _IPV4, signs="."),
    Rule("IP_ADDRESS", 0.95, _IPV6, signs=":", check=_ipv6),
    Rule("MAC_ADDRESS", 0.95, _MAC, signs=":-."),
    Rule("UUID", 0.95, _UUID, signs="-"),
    Rule("USERNAME", 0.8, _HANDLE, signs="@", check=_handle),
    Rule("USERNAME", 0.8, _REDDIT, words=words("u"), signs="/"),
    Rule("SECRET", 0.95, rf"(?<![\w.-])(?:{_TOKENS})(?![\w])", signs=DIGIT + "_-."),
    Rule("SECRET", 0.95, _PEM, words=words("private")),
)
ENGLISH = (
    Rule("USERNAME", 0.8, _NAMED, words=_USER_WORDS, check=_a_value),
    Rule("USERNAME", 0.7, _NAMED_ONLY, words=_USER_WORDS, check=_with_digit),
    Rule("SECRET", 0.9, _KEY, words=words("key token secret"), signs=DIGIT, check=_token),
    Rule(
        "SECRET",
        0.9,
        after(r"(?:secret|aws)[ _]\w{0,20}key", r"[\w+/=]{40}"),
        words=words("secret aws"),
        check=_token,
    ),
    Rule("SECRET", 0.9, _BEARER, words=words("bearer"), check=_token),
    Rule("SECRET", 0.85, _PASSWORD, words=_PASSWORD_WORDS, check=_a_value),
    Rule("SECRET", 0.7, _PASSWORD_ONLY, words=_PASSWORD_WORDS, check=_mixed),
)
