"""Telephone numbers written as the original is, from the ranges that regulators keep free for
fiction, so that no surrogate rings anybody; elsewhere other digits after the country code."""

from __future__ import annotations

import re

from textsynth.scrub.formats import Draw, digits_of, poured, shape
from textsynth.scrub.writing import in_order, words

_AREAS = in_order(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234"
    " 239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309"
    " 310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 352 360 361"
    " 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 425 432 434 435 440 443"
    " 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540"
    " 541 551 559 561 562 563 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612"
    " 614 615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702"
    " 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 740 754 757 760"
    " 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816"
    " 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 901 903"
    " 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 949"
    " 951 952 954 956 970 971 972 973 978 979 980 985 989"
)
# By country code: what the digits of a number begin with (without the 0 that is dialled first) and
# what may take their place, x for any digit. Only templates of the same length are drawn from.
_FICTION: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "44": (  # Ofcom, numbers for drama
        ("7", ("7700900xxx",)),
        ("20", ("2079460xxx",)),
        ("28", ("2896496xxx",)),
        ("29", ("2920180xxx",)),
        ("191", ("1914980xxx",)),
        ("11|1.1", tuple(f"{code}4960xxx" for code in (113, 114, 115, 116, 117, 118, 121, 131, 141,
                                                       151, 161))),
        ("1", ("1632960xxx",)),
        ("8", ("8081570xxx",)),
        ("9", ("9098790xxx",)),
        ("3", ("3069990xxx",)),
    ),
    "61": (  # ACMA, numbers for creative works
        ("4", ("491570006", "491570110", "491570156", "491570157", "491570158", "491570159")),
        ("2", ("25550xxxx", "27010xxxx")),
        ("3", ("35550xxxx", "37010xxxx")),
        ("7", ("75550xxxx", "77010xxxx")),
        ("8", ("85550xxxx", "87010xxxx")),
    ),
    "33": (  # Arcep, numbers for audiovisual works
        ("1", ("19900xxxx",)),
        ("2", ("26191xxxx",)),
        ("3", ("35301xxxx",)),
        ("4", ("46571xxxx",)),
        ("5", ("53649xxxx",)),
        ("[67]", ("63998xxxx",)),
    ),
    "49": (  # Bundesnetzagentur, numbers for films
        ("30", ("3023125xxx",)),
        ("69", ("6990009xxx",)),
        ("40", ("4066969xxx",)),
        ("221", ("2214710xxx",)),
        ("89", ("8999998xxx",)),
    ),
    "46": (  # PTS, numbers for film and books
        ("7", ("701740605", "701740606", "7017406xx")),
        ("8", ("84650040xx", "8465004xx")),
        ("31", ("3139006xx",)),
        ("40", ("4062804xx",)),
    ),
}  # fmt: skip
_REGIONS = {"gb": "44", "uk": "44", "ie": "353", "au": "61", "fr": "33", "de": "49", "se": "46",
            "sv": "46", "us": "1", "ca": "1"}  # fmt: skip
_TWO = words(
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64"
    " 65 66 81 82 84 86 90 91 92 93 94 95 98"
)
_INNER = re.compile(r"[+(]*\d[\d\s().+/-]{5,}\d")
_EXTENSION = re.compile(r"(?i)[\s,;]*(?:x|ext\.?|extension)\s*\d{1,6}\s*\Z")


def phone(text: str, language: str, draw: Draw, turn: int = 0) -> str:
    """Another number in the layout of this one."""
    extension = _EXTENSION.search(text)
    if extension:
        begin = phone(text[: extension.start()], language, draw, turn)
        return begin + poured(draw.digits(6, "extension", text, turn), extension[0])
    if any(char.isalpha() for char in text):
        inner = _INNER.search(text)  # "tel:555-0123"
        if not inner:
            return shape(text, draw, turn)
        made = phone(inner[0], language, draw, turn)
        return text[: inner.start()] + made + text[inner.end() :]
    digits = digits_of(text)
    country, rest = _parts(text.lstrip(" ("), digits, language)
    made = _free(country, rest, draw, turn)
    return poured(digits[: len(digits) - len(rest)] + made, text)


def _parts(text: str, digits: str, language: str) -> tuple[str, str]:
    """The country code, and the digits after it and after the 0 that is dialled first."""
    if text.startswith("+") or (digits.startswith("00") and len(digits) > 9):
        dialled = digits if text.startswith("+") else digits[2:]
        code = dialled[:1] if dialled[:1] in ("1", "7") else dialled[:2]
        code = code if code in _TWO or code in ("1", "7") else dialled[:3]
        rest = dialled[len(code) :]
        return code, rest.removeprefix("0")
    if digits.startswith("0"):
        return _home(digits, language), digits[1:]
    if len(digits) == 11 and digits[0] == "1" and _home(digits, language) == "1":
        return "1", digits[1:]
    american = len(digits) in (7, 10) and _home(digits, language) == "1"
    return ("1" if american else ""), digits


def _home(digits: str, language: str) -> str:
    """The country in which a number without a country code is dialled."""
    parts = re.split("[-_]", language.lower())
    named = _REGIONS.get(parts[-1] if len(parts[-1]) == 2 else parts[0], "")
    if parts[0] != "en" or (named and len(parts) > 1 and named != "1"):
        return named
    if digits.startswith("0"):
        return "61" if len(digits) == 10 and digits[1] == "4" else "44"
    return "1"


def _free(country: str, rest: str, draw: Draw, turn: int) -> str:
    names = ("phone", country, rest, turn)
    if country == "1" and len(rest) in (7, 10):
        area = draw.pick(_AREAS, "area", *names) if len(rest) == 10 else ""
        return f"{area}55501{draw.digits(2, *names)}"
    for begin, templates in _FICTION.get(country, ()):
        alike = [template for template in templates if len(template) == len(rest)]
        if alike and re.match(begin, rest):
            template = draw.pick(alike, "template", *names)
            supply = iter(draw.digits(len(rest), *names))
            return "".join(next(supply) if char == "x" else char for char in template)
    return shape(rest, draw, turn)
