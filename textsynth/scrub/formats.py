"""Numbers and codes written as the original is: same layout, other digits, valid checksums, and
from ranges that nobody has wherever such ranges exist."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Letters other than Latin ones give way to letters of their own script.
_SCRIPTS = (
    "абвгдежзиклмнопрстуфхцчшэюя",
    "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЭЮЯ",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "कखगघचछजझटठडढणतथदधनपफबभमयरलवशसह",
    "กขคงจชซดตถทนบปพมยรลวสหอ",
    "一二三四五六七八九",
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわ",
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ",
    "가나다라마바사아자차카타파하고노도로모보소오조호구누두루무부수우주후",
)  # fmt: skip
_HAN = "山川田木林森石水金土火月光明春夏秋冬東西南北中大小高安平文武"
_HEX = re.compile(r"(0x)?(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}")


@dataclass(frozen=True, slots=True)
class Draw:
    """Keyed numbers: what is drawn for a name depends on secret, salt and name alone."""

    secret: bytes
    salt: str = ""

    def number(self, *names: str | int) -> int:
        """A number below 2**64."""
        return int.from_bytes(self._digest(8, *names), "little")

    def numbers(self, count: int, *names: str | int) -> list[int]:
        """Numbers below 2**16."""
        blocks = (self._digest(64, block, *names) for block in range(-(-count // 32)))
        data = b"".join(blocks)
        return [data[at] | data[at + 1] << 8 for at in range(0, 2 * count, 2)]

    def digits(self, count: int, *names: str | int) -> str:
        """Decimal digits."""
        return "".join(str(number % 10) for number in self.numbers(count, *names))

    def pick(self, options: Sequence[str], *names: str | int) -> str:
        """One of the options."""
        return options[self.number(*names) % len(options)]

    def salted(self, salt: str | int) -> Draw:
        """Another stream under the same secret."""
        return Draw(self.secret, f"{self.salt}/{salt}")

    def _digest(self, size: int, *names: str | int) -> bytes:
        joined = "\x1f".join([self.salt, *map(str, names)])
        data = joined.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self.secret, digest_size=size).digest()


def digits_of(text: str) -> str:
    """The decimal digits of a text, in ASCII."""
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def poured(digits: str, text: str) -> str:
    """The text with other digits, as many as it has."""
    supply: Iterator[str] = iter(digits)
    return "".join(_as_digit(next(supply), char) if char.isdecimal() else char for char in text)


def _as_digit(digit: str, like: str) -> str:
    """A digit of the script in which another one is written."""
    return digit if like.isascii() else chr(ord(like) - unicodedata.decimal(like) + int(digit))


def shape(text: str, draw: Draw, turn: int = 0) -> str:
    """Other digits for digits and other letters for letters of the same case, all else as it is. A
    number keeps a zero it begins with and gets no new one; what is hexadecimal stays so. The same
    letters and digits become the same ones, whatever stands between them and in whichever case."""
    plain = "".join(filter(str.isalnum, text))
    for step in range(8):
        made = _shaped(plain, draw.numbers(len(plain), "shape", plain.casefold(), turn, step))
        if made != plain:
            break
    return _between(made, text)


def figures(text: str, draw: Draw, turn: int = 0) -> str:
    """Other digits for digits, and what stands between them as it is: "ending in 6467"."""
    digits = digits_of(text)
    if not digits:
        return shape(text, draw, turn)
    picks = iter(draw.numbers(len(digits), "shape", digits, turn, 0))
    plain = "".join(filter(str.isalnum, text))
    made = "".join(
        _other_digit(plain, at, next(picks)) if char.isdecimal() else char
        for at, char in enumerate(plain)
    )
    return _between(made, text)


def _between(plain: str, text: str) -> str:
    """The text with other letters and digits, as many as it has."""
    supply = iter(plain)
    return "".join(next(supply) if char.isalnum() else char for char in text)


def _shaped(text: str, picks: list[int]) -> str:
    hexadecimal = _HEX.fullmatch(text.lower())
    if hexadecimal:
        start = len(hexadecimal[1] or "")
        alphabet = "0123456789ABCDEF" if text[start:].isupper() else "0123456789abcdef"
        return text[:start] + "".join(alphabet[pick % 16] for pick in picks[start:])
    made: list[str] = []
    for at, (char, pick) in enumerate(zip(text, picks, strict=True)):
        if char.isdecimal():
            made.append(_other_digit(text, at, pick))
        else:
            made.append(_other_letter(char, pick) if char.isalpha() else char)
    return "".join(made)


def _other_digit(text: str, at: int, pick: int) -> str:
    """Another digit at a place of a text of letters and digits alone."""
    first = at == 0 or not text[at - 1].isdecimal()
    longer = at + 1 < len(text) and text[at + 1].isdecimal()
    zero = unicodedata.decimal(text[at]) == 0
    if first and not zero:
        return _as_digit(str(1 + pick % 9), text[at])
    return text[at] if first and longer else _as_digit(str(pick % 10), text[at])


def _other_letter(char: str, pick: int) -> str:
    if char.isascii() or unicodedata.name(char, "").startswith("LATIN"):
        alphabet = string.ascii_uppercase if char.isupper() else string.ascii_lowercase
        return alphabet[pick % 26]
    block = next((letters for letters in _SCRIPTS if char in letters), None)
    if block is None:
        name = unicodedata.name(char, "").split()[0:1]
        block = _HAN if name == ["CJK"] else _block(name)
    return block[pick % len(block)] if block else "x"


def _block(name: list[str]) -> str | None:
    """The letters of a script by the first word of a character's name: "CYRILLIC"."""
    return next(
        (b for b in _SCRIPTS if name and unicodedata.name(b[0]).split()[0] == name[0]), None
    )


# -- checksums ---------------------------------------------------------------------------------

# Ranges that the card schemes use for tests, by the digits a number begins with.
_TEST_CARDS = {
    "4": ("411111", "424242", "400000"),
    "5": ("555555", "510510"),
    "2": ("222300",),
    "34": ("371449", "378282"),
    "37": ("371449", "378282"),
    "30": ("305693",),
    "36": ("305693",),
    "38": ("385200",),
    "6": ("601111", "601100"),
    "35": ("353011", "356600"),
}


def luhn_digit(digits: str) -> str:
    """The check digit (ISO/IEC 7812-1) that makes a number of these digits valid."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(digits))]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def card(text: str, draw: Draw, turn: int = 0) -> str:
    """A card number of the same brand and length, from a test range, with its check digit."""
    digits = digits_of(text)
    if not 12 <= len(digits) <= 19:
        return figures(text, draw, turn)
    ranges = _TEST_CARDS.get(digits[:2]) or _TEST_CARDS.get(digits[0]) or _TEST_CARDS["4"]
    begin = draw.pick(ranges, "card", digits, turn)
    body = begin + draw.digits(len(digits) - len(begin) - 1, "card", digits, turn)
    return poured(body + luhn_digit(body), text)


def iban(text: str, draw: Draw, turn: int = 0) -> str:
    """An IBAN of the same country and layout with valid check digits (ISO 13616, mod 97)."""
    places = [at for at, char in enumerate(text) if char.isalnum() and char.isascii()]
    plain = "".join(text[at] for at in places).upper()
    if not re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", plain):
        return shape(text, draw, turn)
    picks = draw.numbers(len(plain), "iban", plain, turn)
    account = "".join(
        _other_letter(char, pick) if char.isalpha() else str(pick % 10)
        for char, pick in zip(plain[4:], picks, strict=False)
    )
    number = int("".join(str(int(char, 36)) for char in f"{account}{plain[:2]}00"))
    made = list(text)
    for at, char in zip(places, f"{plain[:2]}{98 - number % 97:02}{account}", strict=True):
        made[at] = char.lower() if text[at].islower() else char
    return "".join(made)


def ssn(text: str, draw: Draw, turn: int = 0) -> str:
    """An American social security number that is never issued: areas from 900 on, and groups that
    are no taxpayer's number either."""
    digits = digits_of(text)
    if len(digits) != 9:
        return figures(text, draw, turn)
    area, group, serial = draw.numbers(3, "ssn", digits, turn)
    return poured(f"9{area % 100:02}{1 + group % 49:02}{1 + serial % 9999:04}", text)


# -- networks ----------------------------------------------------------------------------------

_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_IPV6 = re.compile(r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}")
_NETS = ("192.0.2", "198.51.100", "203.0.113")


def ip(text: str, draw: Draw, turn: int = 0) -> str:
    """An address of the ranges for documentation (RFC 5737, RFC 3849); a port or a prefix length
    stays."""
    found = _IPV4.search(text)
    if found:
        net = draw.pick(_NETS, "net", found[0], turn)
        made = f"{net}.{1 + draw.number('host', found[0], turn) % 254}"
    elif found := _IPV6.search(text):
        groups = 8 if "::" not in found[0] else max(4, found[0].count(":"))
        hosts = draw.numbers(groups - 2, "host", _exploded(found[0]), turn)
        tail = ":".join(f"{1 + host % 0xFFFE:x}" for host in hosts)
        made = f"2001:db8:{tail}" if groups == 8 else f"2001:db8::{tail}"
        made = made.upper() if any(c in "ABCDEF" for c in found[0]) else made
    else:
        return shape(text, draw, turn)
    rest = re.sub(r"%\w+", "", text[found.end() :])
    return text[: found.start()] + made + rest


def _exploded(address: str) -> str:
    """An IPv6 address in full, so that one address is one in each spelling."""
    try:
        return ipaddress.IPv6Address(address).exploded
    except ValueError:
        return address.lower()


def mac(text: str, draw: Draw, turn: int = 0) -> str:
    """An address of the range for documentation (RFC 7042), separators and case kept."""
    places = [at for at, char in enumerate(text) if char in string.hexdigits]
    ranges = {12: "00005e0053", 16: "02005e10000000"}
    if len(places) not in ranges:
        return shape(text, draw, turn)
    last = draw.number("mac", "".join(text[at] for at in places).lower(), turn) % 256
    made = list(text)
    upper = any(char in "ABCDEF" for char in text)
    for at, char in zip(places, f"{ranges[len(places)]}{last:02x}", strict=True):
        made[at] = char.upper() if upper else char
    return "".join(made)


def uuid4(text: str, draw: Draw, turn: int = 0) -> str:
    """A random UUID (RFC 9562, version 4) written as the original is."""
    places = [at for at, char in enumerate(text) if char in string.hexdigits]
    if len(places) != 32:
        return shape(text, draw, turn)
    plain = "".join(text[at] for at in places).lower()
    digits = [f"{n % 16:x}" for n in draw.numbers(32, "uuid", plain, turn)]
    digits[12], digits[16] = "4", "89ab"[int(digits[16], 16) % 4]
    made = list(text)
    upper = any(char in "ABCDEF" for char in text)
    for at, char in zip(places, digits, strict=True):
        made[at] = char.upper() if upper else char
    return "".join(made)
