"""Made-up people, places, companies and numbers for the training of the small PII model.

Names, cities and streets are those of Faker's locales in Latin letters; what is composed of them
here are the many ways in which people write them down.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import string
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

HELD_OUT = 10  # one in so many names, cities and streets is never trained on


def listed(text: str) -> list[str]:
    """A list of words, written as one text."""
    return text.split()


def split(text: str) -> list[str]:
    """A list written over several lines with bars."""
    return [" ".join(entry.split()) for entry in text.split("|")]


TITLES = listed(
    "Mr Mrs Ms Miss Dr Prof Mr. Mrs. Ms. Dr. Prof. Mx Sir Professor Doctor Rev. Captain"
)
DEGREES = ["MD", "PhD", "Jr.", "Jr", "Sr.", "III", "II", "DDS", "DVM", "Esq.", "MBA", "RN"]
PARTICLES = ["van", "van der", "de", "de la", "von", "al", "bin", "da", "dos", "ter", "le", "O'"]
# First names that are words too.
WORDLIKE = listed("""
    Will Mark Grace May Rose Bill Hunter Chase Faith Hope Joy April June Frank Art Rich Grant
    Dale Rob Pat Sue Drew Jack Summer Autumn Dawn Ivy Lily Daisy Ruby Pearl Amber Crystal Penny
    Carol Harmony Melody Destiny Miles Reed Wade Dean Earl Duke King Major Sterling Mason
    Cooper Carter Parker Taylor Tucker Archer Skip Buck Rusty Sandy Misty Robin Jay Heath Cliff
    Forest River Skye Chance Sunny Bob Don Ray Guy Gene Victor
""")
BEFORE_STATE = [", ", " ", "\n, "]
CITY_HEADS = listed("New Port Lake North East Saint San West")
COINED_ENDS = listed("ly ify io ix ex ora ium tech soft net")
MINISTRIES = listed("Agriculture Health Education Finance Transport Technology Music Medicine")
STREET_TYPES = listed("""
    Street St St. Road Rd Rd. Avenue Ave Ave. Lane Ln Drive Dr Dr. Court Ct Close Way Place Pl
    Crescent Terrace Boulevard Blvd Square Sq Gardens Grove Hill Park Row Walk Mews Parkway
    Highway Hwy Circle Trail Street Street Road Road Avenue Avenue
""")
STREET_WORDS = listed("""
    Oak Elm Maple Cedar Pine Church High Station Park Mill King Queen Victoria Albert London
    Main Washington Lincoln Jackson Lake River Hill Sunset Spring Chestnut Walnut Willow Meadow
    North South East West Green Bridge School Manor Castle Orchard Forest Garden Rose Abbey
    Harbour Market Chapel Grange Highland Franklin Jefferson Madison Windsor York Kingston
""")
FOREIGN_STREET = ["Rue {n}", "rue {n}", "Rue de {n}", "avenue {n}", "Boulevard {n}", "Via {n}",
    "Via {n}", "Viale {n}", "Piazza {n}", "Calle {n}", "Avenida {n}", "C/ {n}", "Ctra. {n}",
    "Rua {n}", "Av. {n}", "Plaza {n}", "Paseo {n}", "ul. {n}", "{n} utca", "{n} út", "{n} u.",
    "{w}strasse", "{w}straße", "{w}str.", "{w}weg", "{w}gasse", "{w}platz", "{w}straat", "{w}laan",
    "{w}plein", "{w}gatan", "{w}vägen", "{w}gade", "{w}vej", "{w}veien", "{w}gata", "{w}allé",
    "{w}katu", "{w}tie", "Am {n}", "Im {n}", "An der {n}", "{n} {w}", "{w}", "{n}", "Rampa {n}",
    "Långgatan {n}", "Kirke{w}", "ulica {n}", "Jalan {n}", "Jl. {n}", "Quai {n}", "Chemin {n}",
    "Vila {n}", "Strada {n}", "Largo {n}", "Travessa {n}", "Cesta {n}", "Ulice {n}", "Grote {w}",
    "{w} nagar", "{n} Marg", "{n} Road", "Sector 4 {n}"]  # fmt: skip
UNITS = ["Apt. {d}", "Apt {d}", "apt {d}", "Suite {d}", "suite {d}", "Unit {d}", "Flat {d}",
    "flat {d}", "#{d}", "Apartment {d}", "Room {d}", "Floor {d}", "Ste {d}", "No. {d}"]  # fmt: skip
STATES = listed("""
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ
    NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY NSW VIC QLD ON BC QC
""")
ORG_STEMS = listed("""
    Apex Summit Pioneer Northern Southern Eastern Western Pacific Atlantic Global Royal First
    National United Central Golden Silver Blue Red Green Bright Clear Prime Vertex Nova Alpha
    Omega Delta Orion Phoenix Atlas Titan Vanguard Heritage Liberty Cardinal Falcon Eagle Lion
    Harbor Cascade Granite Ironwood Oakwood Redwood Maple Willow Riverside Lakeside Hillside
    Crescent Beacon Lighthouse Horizon Zenith Quantum Fusion Catalyst Synergy Nexus Vector
    Matrix Cobalt Amber Crystal Diamond Emerald Sapphire Castle Tower Bridge Gateway Metro
    Urban Coastal Alpine Arctic Capital Keystone Cornerstone Sterling Regent Monarch Imperial
    Civic Copper Canyon Prairie Evergreen Sunrise Sunset Moon Star Solar Lunar Digital Cyber
    Data Cloud Code Bio Gen Medi Agri Aero Hydro Open Smart Rapid Swift Simple Honest Happy
    Kind Loyal Wise Open Urban Wild
""")
ORG_NOUNS = listed("""
    Systems Solutions Technologies Technology Software Logistics Industries Holdings Partners
    Consulting Capital Bank Insurance Energy Foods Motors Airlines Media Entertainment Records
    Pictures Studios Networks Telecom Communications Pharmaceuticals Pharma Biosciences Labs
    Laboratories Medical Healthcare Clinic Hospital Dental Properties Realty Construction
    Builders Engineering Manufacturing Steel Mining Oil Gas Electric Power Water Services
    Security Analytics Research Institute Foundation Trust Society Association Council Agency
    Ratings Bureau Press Publishing Books Design Interiors Furniture Fashion Apparel Sports
    Fitness Travel Tours Hotels Resorts Restaurants Bakery Brewery Farms Gardens Robotics
    Semiconductors Devices Instruments Clearance Exchange Ventures Equity Finance Financial
    Mortgage Credit Union Payments Supply Shipping Freight Couriers Express Lines Air Rail
""")
ORG_ENDS = listed(
    "Inc Inc. LLC Ltd Ltd. Limited Corp Corp. Corporation Co. Company GmbH AG S.A. PLC plc Group"
)
# Large employers, as facts: the names that people do write.
KNOWN_ORGS = """
    Amazon Web Services|Amazon|Google|Microsoft|Apple|IBM|SAP|Oracle|Siemens|Bosch|Nestle|
    Unilever|Toyota|Honda|Ford|General Motors|Boeing|Airbus|Lockheed Martin|Walmart|Target|
    Costco|Tesco|Sainsbury's|Barclays|HSBC|Lloyds|NatWest|Santander|Deutsche Bank|BNP Paribas|
    Goldman Sachs|JPMorgan Chase|Wells Fargo|Bank of America|Citibank|Capital One|
    American Express|Vodafone|AT&T|Verizon|T-Mobile|Comcast|BT|Deloitte|KPMG|PwC|Ernst & Young|
    Accenture|McKinsey|Pfizer|Novartis|Roche|Bayer|Johnson & Johnson|Shell|BP|ExxonMobil|
    Chevron|FedEx|UPS|DHL|Royal Mail|Ryanair|Lufthansa|British Airways|Delta Air Lines|
    United Airlines|Marriott|Hilton|Harvard University|University of Oxford|
    Stanford University|Imperial College|NHS|FBI|NASA|Red Cross|UNICEF|World Bank|
    European Commission|Intel|Nvidia|Samsung Electronics|Sony|Philips|Ericsson|Nokia|
    Volkswagen|BMW|Renault|IKEA|H&M|Zara|Nike|Adidas|Ministry of Health|Ministry of Defence|
    Department of Justice|Home Office|Reuters|BBC|New York Times|Washington Post|Salesforce|
    Uber|Airbnb|PayPal|Stripe|Revolut|Aviva|Allianz|AXA|Zurich Insurance
"""  # fmt: skip
JOBS = listed("""
    engineer teacher nurse accountant lawyer plumber electrician designer manager analyst
    director consultant chef driver mechanic technician pharmacist architect journalist
    librarian dentist surgeon paramedic cashier receptionist carpenter developer programmer
    scientist writer editor photographer translator economist farmer baker butcher tailor
    geologist surveyor counsellor therapist vet optician underwriter broker buyer administrator
""")
JOB_LEVELS = [
    "",
    "",
    "",
    "senior ",
    "junior ",
    "chief ",
    "assistant ",
    "head ",
    "lead ",
    "retired ",
]
PRODUCTS = """
    kettle toaster blender laptop phone charger headphones router printer vacuum cleaner|
    espresso machine|running shoes|winter coat|garden hose|coffee grinder|tablet|smart watch|
    air fryer|Galaxy S21|iPhone|PlayStation|Kindle|Nutella|Coca Cola|Nescafe|Dyson V8|ThinkPad|
    Xbox|Roomba|Echo Dot|Fitbit|GoPro|Lego set|Tupperware|Sharpie|Kleenex|Vaseline
"""
SONG_WORDS = listed("""
    Love Night Heart Fire River Golden Summer Rain Dance Moon Lonely Blue Highway Wild Dream
    Street Angel Shadow Light Paradise Midnight Morning Stars Ocean Broken Sweet Child Forever
    Yesterday Tomorrow Running Falling Home Time Road Silver Thunder Velvet Sunday Winter
""")
MONTHS = listed("""
    January February March April May June July August September October November December
""")
DAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
DIGITS = listed("zero one two three four five six seven eight nine")


def latin(text: str) -> bool:
    """Whether all letters of a text are Latin ones."""
    return all("LATIN" in unicodedata.name(char, "") for char in text if char.isalpha())


def _locales(package: ModuleType) -> Iterator[tuple[str, Any]]:
    for module in pkgutil.iter_modules(package.__path__):
        if module.ispkg:
            yield module.name, importlib.import_module(f"{package.__name__}.{module.name}").Provider


def _texts(value: Any, script: Callable[[str], bool]) -> list[str]:
    """The texts of one of Faker's lists: plain, weighted, or tuples that hold them."""
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return [
            text
            for entry in value
            for text in ([entry] if isinstance(entry, str) else list(entry)[:1])
            if isinstance(text, str)
            and "{" not in text
            and script(text)
            and any(map(str.isalpha, text))
        ]
    return []


def _gather(
    package: str, wanted: Callable[[str], bool], script: Callable[[str], bool] = latin
) -> list[list[str]]:
    """For each locale, the texts of its lists whose attribute names are wanted; English-speaking
    locales come first."""
    found = []
    for locale, provider in _locales(importlib.import_module(package)):
        texts = {
            text.strip()
            for name in dir(provider)
            if wanted(name)
            for text in _texts(getattr(provider, name), script)
            if 1 < len(text.strip()) < 40
        }
        if len(texts) > 9:
            found.append((not locale.startswith("en"), locale, sorted(texts)))
    return [texts for _, _, texts in sorted(found)]


@dataclass
class Pools:
    """Draws of everything; `held_out` draws only from what a training never sees."""

    rng: random.Random
    held_out: bool = False
    lists: dict[str, list[list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefix = "faker.providers."
        made = {
            "first": _gather(
                prefix + "person", lambda n: n.startswith(("first_name", "romanized_first"))
            ),
            "last": _gather(
                prefix + "person", lambda n: n.startswith(("last_name", "romanized_last"))
            ),
            "city": _gather(
                prefix + "address",
                lambda n: (
                    n
                    in (
                        "cities",
                        "city_names",
                        "municipalities",
                        "communes",
                        "villages",
                        "freguesias",
                        "bairros",
                        "concelhos",
                        "localities",
                        "places",
                        "real_city_names",
                        "settlements",
                        "cap_city_province",
                    )
                ),
            ),
            "street": _gather(
                prefix + "address",
                lambda n: (
                    n
                    in (
                        "streets",
                        "street_names",
                        "street_titles",
                        "plant_street_names",
                        "common_street_names",
                        "historic_people_street_names",
                    )
                ),
            ),
            "other_script": _gather(
                prefix + "address",
                lambda n: n in ("cities", "city_names", "streets", "street_titles", "localities"),
                lambda text: not latin(text) and text.upper() != text.lower(),
            ),
            "country": [_gather(prefix + "address", lambda n: n == "countries")],
        }
        made["city"].insert(0, split(CITIES))
        made["country"] = [sorted({c for listed in made["country"][0] for c in _english(listed)})]
        for name, groups in made.items():
            self.lists[name] = [part for group in groups if (part := self._part(group, name))]

    def _part(self, texts: list[str], name: str) -> list[str]:
        if name == "country":
            return texts
        return [
            text
            for text in texts
            if (sum(text.casefold().encode()) % HELD_OUT == 0) == self.held_out
        ]

    # words

    def pick(self, options: Iterable[str]) -> str:
        """One of some texts."""
        return self.rng.choice(list(options) if not isinstance(options, list) else options)

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self.rng.random() < share

    def of(self, name: str) -> str:
        """A value of a list: half of the time of the first locales, which speak English."""
        groups = self.lists[name]
        english = groups[: max(1, ENGLISH.get(name, 0))]
        return self.pick(self.rng.choice(english if self.chance(0.5) else groups))

    def digits(self, count: int) -> str:
        """A number of so many digits."""
        return "".join(self.rng.choice(string.digits) for _ in range(count))

    def shaped(self, shape: str) -> str:
        """`#` a digit, `@` a capital, `?` a small letter."""
        table = {"#": string.digits, "@": string.ascii_uppercase, "?": string.ascii_lowercase}
        return "".join(self.rng.choice(table[c]) if c in table else c for c in shape)

    # people

    def first(self) -> str:
        return self.pick(WORDLIKE) if self.chance(0.03) else self.of("first")

    def last(self) -> str:
        name = self.of("last")
        roll = self.rng.random()
        if roll < 0.04:
            return f"{name}-{self.of('last')}"
        if roll < 0.07:
            particle = self.pick(PARTICLES)
            return f"{particle}{name}" if particle == "O'" else f"{particle} {name}"
        return name

    def person(self) -> str:
        roll, first = self.rng.random(), self.first()
        if roll < 0.55:
            return f"{first} {self.last()}"
        if roll < 0.72:
            return first
        if roll < 0.80:
            return self.last()
        if roll < 0.84:
            return f"{first} {self.pick(string.ascii_uppercase)}. {self.last()}"
        if roll < 0.87:
            return f"{first} {self.first()} {self.last()}"
        if roll < 0.90:
            return f"{first[0]}. {self.last()}"
        if roll < 0.92:
            return f"{self.last()}, {first}"
        if roll < 0.96:
            return f"{first} {self.last()} {self.pick(DEGREES)}"
        return f"{first}-{self.first()} {self.last()}"

    def titled(self) -> tuple[str, str]:
        """A title and the name after it; the title is no part of the name."""
        name = self.last() if self.chance(0.6) else f"{self.first()} {self.last()}"
        return self.pick(TITLES), name

    # places

    def city(self) -> str:
        if self.chance(0.02):
            return self.of("other_script")
        roll = self.rng.random()
        if roll < 0.15:
            base = self.last() if self.chance(0.5) else self.pick(STREET_WORDS)
            ends = ["ton", "ville", "burgh", "ford", "borough", "field", "view", " City", "port"]
            return f"{base}{self.pick(ends)}"
        if roll < 0.22:
            return f"{self.pick(CITY_HEADS)} {self.first()}"
        if roll < 0.26:
            return f"{self.of('city')} {self.digits(1)}"
        if roll < 0.30:
            return self.of("city").upper()
        return self.of("city")

    def country(self) -> str:
        return self.of("country")

    def state(self) -> str:
        return self.pick(US_STATES)

    def place(self) -> str:
        roll = self.rng.random()
        return self.city() if roll < 0.6 else self.country() if roll < 0.85 else self.state()

    def street(self) -> str:
        if self.chance(0.03):
            return self.of("other_script")
        roll = self.rng.random()
        if roll < 0.4:
            stem = self.pick(STREET_WORDS) if self.chance(0.5) else self.of("last")
            if self.chance(0.2):
                stem = f"{self.first()} {stem}"
            return f"{stem} {self.pick(STREET_TYPES)}"
        if roll < 0.6 and self.lists["street"]:
            return self.of("street")
        word = self.of("last").replace(" ", "").lower()
        capital = word.capitalize()
        name = self.of("last") if self.chance(0.5) else f"{self.first()} {self.of('last')}"
        template = self.pick(FOREIGN_STREET)
        return template.replace("{n}", name).replace("{w}", capital)

    def number(self) -> str:
        roll = self.rng.random()
        if roll < 0.7:
            return str(self.rng.randint(1, 999))
        if roll < 0.8:
            return f"0{self.rng.randint(1, 9)}"
        if roll < 0.9:
            return f"{self.rng.randint(1, 120)}{self.pick('abcdABCD')}"
        return str(self.rng.randint(1000, 29999))

    def postcode(self) -> str:
        shapes = ["#####", "#####", "#####-####", "@@# #@@", "@@## #@@", "@# #@@", "@#@ #@#",
                  "####", "#### @@", "### ##", "##-###", "#####-###"]  # fmt: skip
        return self.shaped(self.pick(shapes))

    def address(self) -> str:
        """An address as one reads it: on a line or over several, with or without its end."""
        roll = self.rng.random()
        if roll < 0.12:
            return self._special()
        street, number = self.street(), self.number()
        line = f"{number} {street}" if self.chance(0.6) else f"{street} {number}"
        if self.chance(0.2):
            line = f"{self.number()} {line}"
        if self.chance(0.05):
            line = f"{number}, {street}"
        unit = self.pick(UNITS).replace("{d}", str(self.rng.randint(1, 999)))
        if self.chance(0.08):
            line = f"{unit}, {line}" if self.chance(0.5) else f"{unit} {line}"
            unit = ""
        elif not self.chance(0.35):
            unit = ""
        tail = []
        if self.chance(0.6):
            city = self.city().upper() if self.chance(0.15) else self.city()
            if self.chance(0.25):
                state = self.pick(STATES) if self.chance(0.7) else self.shaped("@@")
                city = f"{city}{self.pick(BEFORE_STATE)}{state}"
            end = self.postcode()
            tail.append(f"{city} {end}" if self.chance(0.35) else city)
            if self.chance(0.4):
                country = self.country()
                tail.append(f"{country} {end}" if self.chance(0.4) else country)
            elif self.chance(0.3):
                tail.append(end)
        separators = [", ", ", ", ", ", " ", "\n", "\n ", "\n", ",\n"]
        separator = self.pick(separators)
        text = line
        for part in filter(None, [unit, *tail]):
            text += (self.pick([*separators, "\n, "]) if self.chance(0.12) else separator) + part
        return text

    def _special(self) -> str:
        forms = [
            lambda: f"PO Box {self.digits(self.rng.randint(2, 5))}, {self.city()}",
            lambda: f"P.O. Box {self.digits(4)}",
            lambda: (
                f"Unit {self.digits(4)} Box {self.digits(4)}\n{self.pick(['DPO', 'APO', 'FPO'])} "
                f"{self.pick(['AA', 'AE', 'AP'])} {self.digits(5)}"
            ),
            lambda: (
                f"PSC {self.digits(4)}, Box {self.digits(4)}\nAPO {self.pick(['AA', 'AE', 'AP'])} "
                f"{self.digits(5)}"
            ),
            lambda: (
                f"{self.pick(['USNS', 'USNV', 'USS', 'USCGC'])} {self.last()}\nFPO "
                f"{self.pick(['AA', 'AE', 'AP'])} {self.digits(5)}"
            ),
            lambda: f"the corner of {self.street()} and {self.street()}",
            lambda: f"{self.street()} {self.digits(2)} and {self.street()}",
            lambda: f"{self.first()} and {self.number()} {self.street()}",
            lambda: f"{self.of('last')} and {self.street()} {self.number()}",
            lambda: f"the corner of {self.street()} {self.number()} and {self.street()}",
            lambda: f"{self.first()} House, {self.street()}, {self.city()}",
        ]
        return self.rng.choice(forms)()

    # organisations

    def org(self) -> str:
        roll = self.rng.random()
        stem, noun = self.pick(ORG_STEMS), self.pick(ORG_NOUNS)
        if roll < 0.16:
            return f"{stem} {noun}"
        if roll < 0.26:
            return f"{stem} {noun} {self.pick(ORG_ENDS)}"
        if roll < 0.34:
            return f"{self.of('last')} {noun}"
        if roll < 0.42:
            return f"{self.of('last')} {self.pick(ORG_ENDS)}"
        if roll < 0.47:
            return f"{self.of('last')}, {self.of('last')} and {self.of('last')}"
        if roll < 0.52:
            partner = self.pick([self.of("last"), "Sons", "Co", "Company", "Partners"])
            return f"{self.of('last')} {self.pick(['&', 'and'])} {partner}"
        if roll < 0.56:
            return f"{self.of('last')}-{self.of('last')}"
        if roll < 0.62:
            return f"{stem}{noun.lower()}" if self.chance(0.5) else f"{stem}{self.pick(ORG_NOUNS)}"
        if roll < 0.66:
            return stem + self.pick(COINED_ENDS)
        if roll < 0.70:
            return "".join(
                self.rng.choice(string.ascii_uppercase) for _ in range(self.rng.randint(3, 4))
            )
        if roll < 0.75:
            return self.pick([f"University of {self.city()}", f"{self.city()} University",
                              f"{self.city()} General Hospital", f"St. {self.first()}'s Hospital",
                              f"{self.city()} High School", f"{self.city()} City Council",
                              f"Bank of {self.city()}", f"Ministry of {self.pick(MINISTRIES)}",
                              f"{self.last()} Institute of {self.pick(MINISTRIES)}"])  # fmt: skip
        if roll < 0.80:
            return (
                f"{self.digits(1)} {stem} {noun}"
                if self.chance(0.3)
                else f"{self.pick(['The', 'North', 'American'])} {stem} {noun}"
            )
        if roll < 0.84:
            initials = self.shaped("@. @.")
            return f"{initials} {self.of('last')} & {self.pick(['Company', 'Sons', 'Co.'])}"
        if roll < 0.88:
            return f"{stem} {self.pick(ORG_STEMS)} {noun}"
        return self.pick(split(KNOWN_ORGS))

    def nationality(self) -> str:
        return self.pick(NATIONALITIES)

    # numbers and the like, so that the model learns what they look like beside names

    def phone(self) -> str:
        return self.shaped(self.pick([
            "###-###-####", "(###) ###-####", "0#### ######", "+44 7### ######",
            "###.###.####", "## ## ## ##", "+1 ### ### ####", "0## #### ####", "##########",
            "+## # ## ## ## ##", "### #### ###", "###-###-####x###"]))  # fmt: skip

    def email(self) -> str:
        user = self.pick(
            [self.first(), f"{self.first()}.{self.last()}", f"{self.first()}{self.digits(2)}"]
        )
        plain = "".join(
            c for c in unicodedata.normalize("NFKD", user) if c.isascii() and c not in " ',"
        )
        domain = self.pick(
            [
                "gmail.com",
                "yahoo.co.uk",
                "hotmail.com",
                "outlook.com",
                f"{self.of('last').lower().replace(' ', '')}.com",
            ]
        )
        return f"{plain if self.chance(0.3) else plain.lower()}@{domain}"

    def url(self) -> str:
        word = self.pick(ORG_STEMS) + self.pick(ORG_NOUNS)
        return self.pick(
            [
                f"https://{word}.com/",
                f"www.{word.lower()}.com",
                f"http://{word.lower()}.org",
                f"{word.lower()}.co.uk",
            ]
        )

    def username(self) -> str:
        return self.pick(
            [
                f"@{self.first().lower()}{self.digits(2)}",
                f"{self.first().lower()}_{self.digits(3)}",
                f"@{self.pick(ORG_STEMS)}{self.first()}",
            ]
        ).replace(" ", "")

    def date(self) -> str:
        day, month, year = (
            self.rng.randint(1, 28),
            self.rng.randint(1, 12),
            self.rng.randint(1930, 2026),
        )
        name = MONTHS[month - 1]
        return self.pick([f"{day} {name} {year}", f"{name} {day}, {year}", f"{month}/{day}/{year}",
            f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{name[:3]} {day}",
            f"{day}th of {name}",
            f"{month:02}/{day:02}/{year % 100:02}"])  # fmt: skip

    def song(self) -> str:
        return " ".join(self.pick(SONG_WORDS) for _ in range(self.rng.randint(1, 3)))

    def time(self) -> str:
        hour = self.rng.randint(1, 12)
        return self.pick(
            [
                f"{hour} {self.pick(['am', 'pm'])}",
                f"{hour}:{self.rng.randint(10, 59)}",
                f"{hour} o'clock",
                "noon",
            ]
        )

    def amount(self) -> str:
        sign, unit = self.pick(["$", "£", "€", ""]), self.pick(["", ".99", " dollars", " pounds"])
        return f"{sign}{self.rng.randint(1, 2000)}{unit}"

    def draw(self, label: str) -> str:
        """A value of a slot of the pack."""
        if label in OTHER:
            return self.shaped(self.pick(OTHER[label]))
        if label == "job":
            return self.pick(JOB_LEVELS) + self.pick(JOBS)
        if label == "product":
            return self.pick(split(PRODUCTS))
        if label in ("weekday", "month"):
            return self.pick(DAYS if label == "weekday" else MONTHS)
        if label == "dob":
            return self.date()
        if label == "age":
            return str(self.rng.randint(2, 99))
        if label == "year":
            return str(self.rng.randint(1940, 2027))
        if label == "nl":
            return "\n"
        if label == "number":
            return str(self.rng.randint(1, 60))
        return str(getattr(self, label)())


OTHER = {
    "card": ["4### #### #### ####", "5###############", "4###############", "3###-######-#####"],
    "iban": ["GB## @@@@ #### #### #### ##", "DE####################", "FR## #### #### #### ####"],
    "ssn": ["###-##-####", "#########", "### ## ####"],
    "account": ["########", "##########", "####-####", "@@######"],
    "reference": ["@@@-#####", "######", "@@######", "#@@@##", "@@@###", "##-####-##"],
    "pin": ["####", "######", "###"],
    "plate": ["@@## @@@", "@@@ ####", "#@@@###", "@@@-####"],
    "passport": ["#########", "@#######", "@@######"],
}
NATIONALITIES = listed("""
    American Argentinian Australian Austrian Belgian Brazilian British Bulgarian Canadian
    Chilean Chinese Colombian Croatian Czech Danish Dutch Egyptian English Ethiopian Filipino
    Finnish French German Ghanaian Greek Hungarian Indian Indonesian Iranian Iraqi Irish
    Israeli Italian Jamaican Japanese Kenyan Korean Lebanese Malaysian Mexican Moroccan
    Nigerian Norwegian Pakistani Peruvian Polish Portuguese Romanian Russian Scottish Serbian
    Somali Spanish Swedish Swiss Syrian Thai Turkish Ukrainian Vietnamese Welsh Jewish Muslim
    Christian Catholic Hindu Buddhist
""")
US_STATES = split("""
    Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|
    Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|
    Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|
    New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|
    Rhode Island|South Carolina|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|
    Wisconsin|Wyoming|Ontario|Quebec|British Columbia|Queensland|New South Wales|Victoria|
    Yorkshire|Kent|Essex|Cornwall|Bavaria
""")
# How many lists of each kind come from English-speaking locales (they stand first).
ENGLISH = {"first": 9, "last": 9, "city": 1, "street": 1}
CITIES = """
    London|Birmingham|Manchester|Leeds|Glasgow|Sheffield|Bristol|Edinburgh|Liverpool|Cardiff|
    Belfast|Leicester|Coventry|Nottingham|Newcastle|Brighton|Plymouth|Southampton|Reading|
    Derby|York|Oxford|Cambridge|Bath|Exeter|Norwich|Swansea|Dundee|Aberdeen|Inverness|
    Milton Keynes|Swindon|New York|Los Angeles|Chicago|Houston|Phoenix|Philadelphia|
    San Antonio|San Diego|Dallas|Austin|Jacksonville|Columbus|Charlotte|Indianapolis|Seattle|
    Denver|Boston|Nashville|Detroit|Portland|Memphis|Las Vegas|Louisville|Baltimore|Milwaukee|
    Albuquerque|Tucson|Fresno|Sacramento|Atlanta|Miami|Oakland|Minneapolis|Tulsa|Tampa|
    Cleveland|New Orleans|Pittsburgh|St. Louis|Orlando|Buffalo|San Francisco|San Jose|
    Salt Lake City|Kansas City|Honolulu|Anchorage|Toronto|Montreal|Vancouver|Calgary|Ottawa|
    Edmonton|Winnipeg|Halifax|Sydney|Melbourne|Brisbane|Perth|Adelaide|Canberra|Hobart|
    Auckland|Wellington|Christchurch|Dublin|Cork|Galway|Limerick|Paris|Lyon|Marseille|Berlin|
    Hamburg|Munich|Cologne|Frankfurt|Vienna|Zurich|Geneva|Rome|Milan|Naples|Florence|Venice|
    Madrid|Barcelona|Seville|Lisbon|Porto|Brussels|Antwerp|Amsterdam|Rotterdam|The Hague|
    Copenhagen|Stockholm|Oslo|Helsinki|Reykjavik|Warsaw|Krakow|Prague|Budapest|Athens|Istanbul|
    Moscow|Kyiv|Bucharest|Sofia|Belgrade|Zagreb|Cairo|Lagos|Nairobi|Johannesburg|Cape Town|
    Accra|Addis Ababa|Casablanca|Dubai|Tehran|Baghdad|Riyadh|Tel Aviv|Jerusalem|Mumbai|Delhi|
    Bangalore|Chennai|Kolkata|Hyderabad|Karachi|Lahore|Dhaka|Colombo|Kathmandu|Bangkok|Hanoi|
    Singapore|Kuala Lumpur|Jakarta|Manila|Hong Kong|Taipei|Shanghai|Beijing|Tokyo|Osaka|Kyoto|
    Seoul|Busan|Mexico City|Havana|Bogota|Lima|Santiago|Buenos Aires|Montevideo|Rio de Janeiro|
    Sao Paulo|Caracas|Quito|La Paz|Kingston|Nassau
"""


def _english(countries: list[str]) -> list[str]:
    """The countries of a list, where it is an English one."""
    return countries if {"Germany", "Spain"} <= set(countries) else []
