"""The recognisers by themselves: no spaCy, exact spans, both what they find and what they leave."""

from __future__ import annotations

import time

import pytest

from textsynth.scrub.kinds import ENTITIES
from textsynth.scrub.recognizers import (
    addresses,
    dates,
    numbers,
    numerals,
    online,
    people,
    phones,
    recognizers,
    spoken,
)
from textsynth.scrub.recognizers.rules import Rule, signs_of, words_of

ENGLISH = recognizers("en")
MODULES = (addresses, dates, numbers, online, people, phones, spoken)
RULES: list[Rule] = [
    rule for module in MODULES for rule in (*getattr(module, "RULES", ()), *module.ENGLISH)
]


def found(text: str) -> set[tuple[str, str]]:
    """The (entity, value) pairs found in a text, of the values that `resolve` would keep."""
    from textsynth.scrub.spans import Found, resolve

    entities = list(ENTITIES)
    results = [
        Found(one.start, one.end, one.entity_type, one.score)
        for recognizer in ENGLISH
        for one in recognizer.analyze(text, entities, None)
    ]
    return {(one.entity, text[one.start : one.end]) for one in resolve(text, results)}


def cases(listed: str) -> list[tuple[str, str]]:
    """Texts, a line each, in which «» stand around the value."""
    marked = [line.strip().replace("\\n", "\n") for line in listed.strip().splitlines()]
    return [
        (m.replace("«", "").replace("»", ""), m[m.index("«") + 1 : m.index("»")]) for m in marked
    ]


FINDS = {
    "EMAIL_ADDRESS": """
        mail «jo.o'neil+x@mail.example.co.uk».
        write to «a@b.example»!
        it is «john dot smith at gmail dot com»
        it's «j underscore lee eighty four at yahoo dot co dot uk» thanks
        my email is «marysmith at example dot org»
        send it to «lee84 at hotmail dot com» please
        «john.smith at gmail dot com»
    """,
    "PHONE_NUMBER": """
        call «020 7946 0123» tomorrow
        ring «555-0123»
        ring «(212) 555-0147» back
        it is «+44 7700 900123».
        dial «833.719.3994x1887» now
        call «5550123»
        my number is «5550123»
        tel:«751-954-9268»,Fax
        «20-32-85-26»
        «20-32-85-26»-Office
        at «(85) 5986-8343» please
        «(790)091-7442»
        «916.972.1680x22008»
        «+46 8 123 456 78»
        «040 898 9331»
        «+33 6 12 34 56 78»
        «1-800-555-0199»
        «+1 (415) 555-2671 ext. 12»
        «+44 (0)20 7946 0123»
        «030/1234567»
        you can call «73 448 266»
        «61 51 81»-Office
        «+44(0)1154960997»
        text me on «07700900123»
        «4 1 5 5 5 5 0 1 2 3»
        my number is «four one five five five five oh one two three» ok
        it's «oh double seven double oh nine hundred one two three»
        «plus four four twenty seven seventy nine four six oh one two three»
        «twenty three forty five sixty one eighty»
    """,
    "STREET_ADDRESS": """
        I'm at «14 Marlowe Street»
        at «220b Alder Avenue, Flat 3» now
        to «7 orchard road» please
        to «22 Copperfield Way»
        I am at «8012 Michael Burgs Suite 421»
        ship to «14 Elm Street, Springfield, IL 62704» today
        «16 Via Raffaele Conforti 74\\n Suite 016\\n Bisegna\\n Liberia 66758»
        at «40 Rue Dielhère 446 Suite 976 Ramskapelle Iraq»
        «USNV Heilmann\\nFPO AE 13689»
        «Unit 6204 Box 9180\\nDPO AA 32754»
        write to «PO Box 123»
        «45 Chausseestr. 32\\n Suite 772\\n Ahrensburg\\n Ecuador 05986»
        at «39 Bergshaugen 84 Apt. 323 Moss Norway» ok
        in der «Michaelkirchstr. 15» wohnt er
        «Karl-Marx-Straße 12» is hers
        the office is at «Calle Mayor 12»
        «12 Rue de la Paix»
        «Storgatan 5»
        «Via Roma 12»
        meet at the corner of «elm street and oak street»
        «flat 2, 14 elm road»
        I live at «14 maple drive»
        take me to «twenty two elm street»
        «350 5th Avenue»
        «10 Downing Street, London SW1A 2AA»
    """,
    "POSTCODE": """
        it's «SW1A 1AA».
        it's «sw1a 1aa»
        in «K1A 0B1» now
        Springfield, IL «62704»
        zip code is «62704-1234»
        my zip is «90210»
        postcode «1012 AB» in the city
        postal code: «75001»
    """,
    "AGE": """
        I'm «93»
        i am «93» years old
        he is «41» and works
        a man aged «41»
        a «42»-year-old woman
        my «7» year old needs it
        i am «ninety three» years old
        she turned «twenty-one» today
        age: «35»
        «93» years old
        and Maria is «34» years old
    """,
    "DATE": """
        on «5/19/1937» we
        «2000-10-12» 20:49:24
        am «11.10.1967» war
        «March 5th, 1999»
        «5 of march 1999»
        on «june fifth nineteen eighty two» it
        the «3rd of May 2001»
        «12 Jan 1980»
        «Dec. 24, 2010»
    """,
    "DATE_OF_BIRTH": """
        i was born on «5 May»
        dob «05/19»
        DOB: «05/19/1988»
        my birthday is «june fifth»
        my date of birth is «june fifth nineteen eighty two»
        born in Leeds on «12 March 1990».
        «5 May» is my birthday
    """,
    "NRP": """
        I am «Polish»
        a «Syrian» refugee came
        she's «jewish»
        my wife is «German» and
        nationality: «Italian»
    """,
    "USERNAME": """
        follow @«jdoe_84» please
        username: «xyz»
        my username is «xyz»
        user name «jdoe84»
        my gamer tag is «Frostbite»
        write to u/«some_one»
    """,
    "URL": """
        see «https://example.com/a?b=1».
        open «www.example.org» now
        on «projectbulamai.com».
        go to «www dot example dot com» please
        visit «example.co.uk/shop»
    """,
    "IP_ADDRESS": """
        ping «192.168.100.200»
        ping «2001:db8::8a2e:370:7334» now
    """,
    "MAC_ADDRESS": """
        it is «00:1B:44:11:3A:B7»
        it is «00-1b-44-11-3a-b7»
    """,
    "UUID": "id «123e4567-e89b-12d3-a456-426614174000»",
    "CREDIT_CARD": """
        pay with «4111 1111 1111 1111»
        pay with «4111-1111.1111/1111»
        «4111111111111111» is it
        «3782 822463 10005»
        my card number is «4111 1111 1111 1112» ok
        «four one one one one one one one one one one one one one one one»
        card number «forty one eleven eleven eleven eleven eleven eleven eleven» ok
    """,
    "IBAN_CODE": """
        to «GB82 WEST 1234 5698 7654 32» please
        to «de89370400440532013000»
        IBAN «DE89 3704 0044 0532 0130 01» ok
    """,
    "US_SSN": """
        it is «536-22-8726»
        my ssn is «536228726»
        social security number is «five three six two two eight seven two six»
    """,
    "NATIONAL_ID": """
        NI number «AB 12 34 56 C»
        «AB123456C» is it
        my sin is «046 454 286»
        TFN: «123 456 782»
        my national id is «85-1234-77»
        aadhaar «2345 6789 0123»
        PPS number «1234567TA»
        pan «ABCPE1234F»
        cpf «123.456.789-09»
    """,
    "PASSPORT": """
        passport number «C12345678»
        my passport is «531234567»
        passport no. «AB123456» expires
    """,
    "DRIVING_LICENCE": """
        driver's license «D1234567»
        driving licence number is «MORGA657054SM9IJ»
        dl «A123-4567-8901»
        «MORGA657054SM9IJ»
    """,
    "LICENSE_PLATE": """
        licence plate «ABC 1234» in front
        a car, «AB12 CDE», left
        my reg is «ab12 cde»
        number plate «7XYZ123»
        my licence plate is «KL 12 AB 1234»
    """,
    "MEDICAL_ID": """
        nhs number «943 476 5919»
        MRN: «00123456»
        patient id «P-20931»
    """,
    "ACCOUNT_NUMBER": """
        account number is «12345678»
        acct «0012-3456-78»
        routing number «021000021»
        sort code «20-00-00»
        swift «DEUTDEFF500»
        my account is «one two three four five six»
    """,
    "REFERENCE_NUMBER": """
        order number «A-1029» is late
        my booking reference is «QX7L9P»
        ticket #«48213»
        case no. «2023/118»
        policy number «AB 1234567»
        where is order «10293847»
        employee id «E55»
        order number «four four one nine»
    """,
    "PIN": """
        pin «9431»
        my PIN for the card is: «4411».
        otp is «482913»
        security code «123»
        my pin is «one two three four»
        the verification code is «123 456» ok
    """,
    "SECRET": """
        key «AKIAIOSFODNN7EXAMPLE»
        «ghp_abcdefghijklmnopqrstuvwxyz0123456789»
        my password is «hunter2»
        password: «s3cr3t!x»
        api key: «abcd1234efgh5678»
        Authorization: Bearer «abc123def456ghi789»
        «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123_-x»
        «sk_live_abcdefghij0123456789»
        «-----BEGIN RSA PRIVATE KEY-----\\nMIIB\\n-----END RSA PRIVATE KEY-----»
    """,
    "PERSON": """
        is «Dr Anneke de Vries» in
        my name is «john smith» and i
        her name is «Maria»
        «a as in alpha b as in bravo c as in charlie»
        spelled «s m i t h»
        that's «S-M-I-T-H»
        it is Smith, «S-M-I-T-H»
    """,
}


@pytest.mark.parametrize(
    ("entity", "text", "value"),
    [(entity, *case) for entity, listed in FINDS.items() for case in cases(listed)],
)
def test_finds(entity: str, text: str, value: str) -> None:
    assert found(text) == {(entity, value)}


LEAVES = """
    2 way street
    it is a 2 way radio
    turn 3 lights close
    play 5 songs by the street
    set 20 minutes
    at 5 see dr who
    at 5 see dr
    set a 10 minute timer down the road
    turn 2 lights way down
    rate it 5 of 6 stars
    drive 3 miles down the road and turn left
    it's a one way street
    turn left in two hundred feet on the main road
    send it via email
    via roma
    play Place 5 loud
    the corner of the room
    the wine is 20 years old
    this whisky is 18 years old
    set a timer for 5 minutes
    I'm 5 minutes away
    i am 6 feet tall
    I'm 100% sure
    it's 20
    a 20 year old scotch
    I'm one of them
    wake me tomorrow at half past six
    next friday at nine
    on 5 May
    may 5
    in 1985 and 1990
    at 5 30
    on march 5 at 10
    play the 1975
    born to run
    happy birthday to you
    an Italian restaurant
    polish the table
    french toast
    play some german rap
    translate it into Spanish
    I am an English teacher
    I'm looking for indian food
    i am polish ing
    see me @ home
    be @home
    my username is not working
    the user name field
    login is required
    e.g. this
    open file.py now
    the 3.com
    node.js is fun
    thanks.so much
    version 1.2.3.4 is out
    at 12:30:45 sharp
    a 10:20 train
    one two three testing
    one or two
    two hundred forty five dollars
    channel five oh one
    set the alarm for seven thirty
    count one two three four five six seven eight nine ten
    ten nine eight seven six five four three two one
    set timers for ten twenty thirty forty minutes
    have a look at amazon dot com page
    transfer 1 000 000 to my savings
    play songs from 1914-1918
    37.7749295 north
    pin 3 messages to the top
    pin it to the wall
    order 2 pizzas
    order 12 boxes
    case 5 is open
    ticket for 2 please
    what's my account balance
    account 2
    my password is not working
    reset my password please
    the password is incorrect
    card games with 52 cards
    license to kill
    plate 3 of 4
    my passport is lost
    reference the book
    claim your 100 points
    no. 5 is alive
    add it to a b c list
    that's a b
    is that so
    my name is on the list
    spell that word for me
    a for effort
    b4 2nd street
    buy m3 4gb ram
    zip the file 2 times
    the social network 2
    call me back at 5
    text me at 10
    number 1 hits
    10 20 30 40
    add it to my Top 100 Indie Tracks
    the One End Street album
    Now We Are 5
    on indigenous people's day
    the Brigade 4 car
    call 2 people
    save 50 dollars
    """


@pytest.mark.parametrize("text", [line.strip() for line in LEAVES.strip().splitlines()])
def test_leaves(text: str) -> None:
    left = found(text) - {("URL", "amazon dot com")}
    assert left == set()


# Repeated, what makes a careless expression try everything.
PIECES = [
    "1 ", "a.", "one ", "1", "a", " ", "\n", "1-", "1.", "@", "a@", "a.a@", "::", "1:", "/", ".",
    "A", "A ", "Aa ", "1 A ", "1 Aa ", "12 aa ", "AB12 ", "1a", "a1 ", "a-", "A-", "(1)", "+1 ",
    "pin ", "pin: ", "pin is ", "my ", "card 1 ", "order number ", "double ", "dot ", "at ",
    "a dot ", "a at ", "a as in a ", "born ", "born 5 ", "may ", "5 may ", "twenty ", "I'm ",
    "I'm 9 ", "password ", "www.", "http://", "http://a ", "eyJ", "eyJa.", "sk-", "Rue ", "Via A ",
    "Astr. ", "A straat", "St ", "1 St ", "1 A St, ", "corner of ", "=", "api key ", "iban ",
    "DE89 ", "DE", "-----BEGIN PRIVATE KEY-----", "my name is ", "Mr A ", "passport a", "\u0130",
]  # fmt: skip


def slow_rules(piece: str, size: int, seconds: float) -> list[str]:
    """The rules that take longer than allowed for a text of one piece over and over."""
    text = (piece * size)[:size]
    slow = []
    for rule in RULES:
        began = time.process_time()
        list(rule.find(text))
        if time.process_time() - began > seconds:
            slow.append(rule.regex)
    return slow


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_is_slow(piece: str) -> None:
    assert slow_rules(piece, size=5_000, seconds=0.2) == []


@pytest.mark.heavy
@pytest.mark.parametrize("piece", PIECES)
def test_no_long_text_is_slow(piece: str) -> None:
    assert slow_rules(piece, size=100_000, seconds=1.5) == []


def test_a_rule_names_words_or_signs_that_its_matches_have() -> None:
    unguarded = [rule.regex for rule in RULES if not rule.words and not rule.signs]
    assert unguarded == []
    assert {rule.entity for rule in RULES} <= set(ENTITIES)
    for entity, listed in FINDS.items():
        for text, value in cases(listed):
            matching = [
                rule
                for rule in RULES
                if rule.entity == entity and value in {text[i:j] for i, j in rule.find(text)}
            ]
            missed = [r.regex for r in matching if not r.may_match(words_of(text), signs_of(text))]
            assert missed == [], text


def test_only_the_entities_asked_for_are_sought() -> None:
    text = "mail a@b.example or ring 020 7946 0123"
    results = [r for one in ENGLISH for r in one.analyze(text, ["EMAIL_ADDRESS"], None)]
    assert {r.entity_type for r in results} == {"EMAIL_ADDRESS"}


def test_other_languages_have_the_rules_without_words() -> None:
    german = recognizers("de")
    text = "mail a@b.example, Michaelkirchstr. 15, my pin is 4411"
    entities = {r.entity_type for one in german for r in one.analyze(text, list(ENTITIES), None)}
    assert entities == {"EMAIL_ADDRESS", "STREET_ADDRESS"}


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (numbers.luhn, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (numbers.iban, "GB82WEST12345698765432", "GB82WEST12345698765433"),
        (numbers.nhs, "943 476 5919", "943 476 5918"),
    ],
)
def test_checksums(check: object, good: str, bad: str) -> None:
    assert callable(check) and check(good) and not check(bad)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("oh two double seven", "0277"),
        ("twenty three forty five", "2345"),
        ("eight hundred five five", "80055"),
        ("triple nine nineteen", "99919"),
        ("sixty oh one", "6001"),
        ("5 double 12", "51212"),
    ],
)
def test_spoken_digits(text: str, digits: str) -> None:
    assert numerals.digits(text) == digits
