"""What a word is: patterns of words for the filters that count them."""

from __future__ import annotations

import re
import unicodedata

# The vowel signs and accents that stand within words; `\w` leaves them out.
MARKS = "".join(
    char for char in map(chr, range(0x300, 0x20000)) if unicodedata.category(char)[0] == "M"
)
_RUN = rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*"
WORD = re.compile(rf"{_RUN}(?:['\u2019]{_RUN})*")
