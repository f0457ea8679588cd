"""What a word is: patterns of words for the filters that count them."""

from __future__ import annotations

import re
import unicodedata

# The vowel signs and accents that stand within words; `\w` leaves them out. A class of characters
# beyond 16 bits would make the patterns five times as slow.
MARKS = "".join(
    char for char in map(chr, range(0x300, 0x10000)) if unicodedata.category(char)[0] == "M"
)
# Scripts without spaces between words (Han, kana, Thai, Lao, Burmese, Khmer), as within [ and ].
UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff"
    "\u1780-\u17ff"
)


def _words(letter: str) -> str:
    """The pattern of a word of such letters, inner apostrophes included."""
    run = rf"{letter}+(?:[{MARKS}]+{letter}*)*"
    return rf"{run}(?:['\u2019]{run})*"


_LETTER, _OTHER_LETTER = r"[^\W_]", rf"[^\W_{UNSPACED}]"
WORD = re.compile(_words(_LETTER))
# The same, but each character of a script without spaces, with its signs, is one.
TOKEN = re.compile(rf"(?={_LETTER})[{UNSPACED}][{MARKS}]*|{_words(_OTHER_LETTER)}")
