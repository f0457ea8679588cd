"""Written text as it is spoken: numbers as their language writes them, signs that are said."""

import pytest

from textsynth.export.speech import spoken


def says(language: str, text: str, words: str | None) -> None:
    assert spoken(text, language) == words
    if words is not None:
        assert spoken(words, language) == words


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "set it to -5", "set it to minus five"),
        ("en", "it is \u22123 degrees", "it is minus three degrees"),
        ("en", "-0.5", "minus zero point five"),
        ("en", "covid-19, x--5", "covid nineteen x five"),
        ("en", "5-10 items", "five ten items"),
        ("en", "1,250.50", "one thousand two hundred fifty point five zero"),
        ("en", "1,000,000", "one million"),
        ("en", "channels 1,2,3", "channels one two three"),
        ("en", "$1,250", "one thousand two hundred fifty dollars"),
        ("en", "$1.5m", None),
        ("en", "1/2 cup", None),
        ("en", "open 24/7", None),
        ("en", "192.168.1.1", None),
        ("de", "1.000 Euro", "eintausend Euro"),
        ("de", "21,5 Grad", "einundzwanzig Komma fünf Grad"),
        ("de", "-5 Grad", "minus fünf Grad"),
        ("de", "am 5.6.", None),
        ("de", "14.30 Uhr", None),
        ("es", "1.250,50", "mil doscientos cincuenta coma cinco cero"),
        ("es-MX", "1,250.50", "mil doscientos cincuenta coma cinco cero"),
        ("fr", "1\u202f000,5 km", "mille virgule cinq km"),
    ],
)
def test_numbers_and_signs(language: str, text: str, words: str | None) -> None:
    says(language, text, words)
