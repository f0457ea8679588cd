"""Streets with their house numbers, units, towns and codes; and codes by themselves."""

from __future__ import annotations

from textsynth.scrub.recognizers.numerals import NUMERALS, TEEN, TENS, UNIT
from textsynth.scrub.recognizers.phones import ALONE
from textsynth.scrub.recognizers.rules import DIGIT, SPACE, Rule, after, digits_in
from textsynth.scrub.writing import words

# -- codes -------------------------------------------------------------------------------------

_UK_AREA = (
    r"(?:AB|AL|BA|BB|BD|BH|BL|BN|BR|BS|BT|B|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT"
    r"|DY|EC|EH|EN|EX|E|FK|FY|GL|GU|GY|G|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|LA|LD"
    r"|LE|LL|LN|LS|LU|L|ME|MK|ML|M|NE|NG|NN|NP|NR|NW|N|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK"
    r"|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|S|TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|WS|WV|W|YO|ZE)"
)
_UK_IN = r"\d[ABD-HJLNP-UW-Z]{2}(?!\w)"
_UK_CASED = rf"(?<!\w)(?-i:(?:GIR ?0AA|{_UK_AREA}\d[A-Z\d]? ?{_UK_IN}))"
# In lower case "b4 2nd" and "m3 4gb" look like one.
_UK_LOWER = rf"(?<!\w){_UK_AREA}\d[A-Z\d]?\s(?!\d(?:st|nd|rd|th|gb|tb|pp)\b){_UK_IN}"
_CANADA = r"(?<!\w)[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d(?!\w)"
STATE = (
    r"(?-i:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI"
    r"|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]|FM|GU|MH|MP|PW|AS|AA|AE|AP)"
)
_STATES = (
    r"(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia"
    r"|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts"
    r"|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New\s(?:Hampshire|Jersey"
    r"|Mexico|York)|(?:North|South)\s(?:Carolina|Dakota)|Ohio|Oklahoma|Oregon|Pennsylvania"
    r"|Rhode\sIsland|Tennessee|Texas|Utah|Vermont|(?:West\s)?Virginia|Washington|Wisconsin|Wyoming)"
)
_ZIP = r"\d{5}(?:-\d{4})?(?![\w-])"
_STATE_ZIP = rf"(?<!\w)(?:{STATE}|{_STATES}),?\s{{1,3}}(?P<value>{_ZIP})"
_CODE_WORDS = r"post\s?codes?|postal\scodes?|zip\s?codes?|zip|plz|eircode"

# -- streets -----------------------------------------------------------------------------------

# Words for a street that mean little else, in any case; and those that must be capitalised, as
# must the name before them ("at 5 see dr", "2 way", "turn 3 lights close").
_PLAIN = r"(?:street|road|avenue|lane|boulevard|crescent|terrace|ave|rd|blvd)\b\.?"
_NAMED = (
    r"(?-i:(?:St|Dr|Ln|Ct|Pl|Sq|Cres|Pkwy|Hwy|Ter|Cir|Drives?|Courts?|Place|Squares?|Ways?|Close"
    r"|Walks?|Row|Gate|Gardens?|Groves?|Greens?|Hills?|Mews|Parade|Rise|Views?|Yard|Wharf|Parkways?"
    r"|Highway|Circles?|Trails?|Alley|Bypass|Causeway|Coves?|Crossing|Crossroads?|Estates?"
    r"|Expressway|Extensions?|Fields?|Forges?|Forks?|Freeway|Glens?|Harbors?|Heights|Hollow"
    r"|Islands?|Junctions?|Keys?|Knolls?|Landing|Loop|Manors?|Meadows?|Mills?|Mountains?|Oval"
    r"|Parks?|Pass|Passage|Path|Pike|Pines?|Plains?|Plaza|Points?|Ports?|Ranch|Ridges?|Roads|Run"
    r"|Shoals?|Shores?|Springs?|Spurs?|Squares|Station|Stravenue|Streams?|Streets|Summit|Trace"
    r"|Tracks?|Trafficway|Tunnel|Turnpike|Underpass|Unions?|Valleys?|Viaduct|Villages?|Ville|Via|Vista|Mounts?|Overpass|Land|Wall"
    r"|Wells?|Bend|Bluffs?|Bottom|Branch|Bridge|Brooks?|Burgs?|Camp|Canyon|Cape|Centers?|Cliffs?"
    r"|Club|Common|Corners?|Course|Creek|Crest|Curve|Dale|Dam|Divide|Falls?|Ferry|Flats?|Fords?"
    r"|Forest|Fort|Gateway|Haven|Inlet|Isle|Lakes?|Light|Locks?|Lodge|Mall|Mission|Motorway|Neck"
    r"|Orchard|Prairie|Radial|Ramp|Rapids?|Rest|River|Route|Rue|Skyway|Throughway)\b\.?)"
)
_LOOSE = (
    r"(?:street|st|road|avenue|lane|drive|court|place|square"
    r"|gardens?|close|way|grove|mews|hill)\b\.?"
)
_NOT_STREET = (
    r"(?!(?:the|a|an|my|our|your|his|her|their|this|that|in|on|at|to|from|by|down|up|of|for|and|or"
    r"|off|with|near|along|across|me|please|more|new|way|hours?|minutes?|mins?|seconds?|miles?"
    r"|days?|weeks?|songs?|stars?|points?|people|am|pm|o|oclock|see|is|are|was|if|when|it|every|per"
    r"|blocks?|kilomet(?:er|re)s?|km|feet|yards|meters|metres|left|right|next|one|cars?|busy|other"
    r"|lights?|reminders?|alarms?|percent|dollars?|pounds|euros|times|block|long|lane|hour|minute"
    r"|second|mile|thousand|hundred|million|way)\b)"
)
_NUMBER = rf"{ALONE}\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?{SPACE}"
_FRACTION = r"(?:1/2\s)?"
_NAME = r"(?:[^\W\d_][\w'\u2019.-]{0,30}|\d{1,3}(?:st|nd|rd|th))" + SPACE
_CAPITAL = r"(?-i:[^\W\d_a-z][\w'\u2019.-]{0,30}|\d{1,3}(?:st|nd|rd|th))" + SPACE
_UNIT = (
    r"(?:flat|apt\.?|apartment|unit|suite|ste\.?|studio|floor|room|no\.?|appartamento|piano|piso|puerta)"
    r"\s?#?\s?\w{1,5}\b"
)
_FLAT = rf"\b(?:flat|studio|apt\.?|apartment|unit|suite)\s\d{{1,4}}[a-z]?,?{SPACE}"
_WORD = r"(?-i:[^\W\d_a-z][\w'\u2019.-]{1,30})"
_COUNTRY = (
    r"(?:USA|U\.S\.A\.|US|UK|United\sStates|United\sKingdom|England|Scotland|Wales|Ireland|Canada"
    r"|Australia|New\sZealand|India|Germany|France|Spain|Italy|Portugal|Netherlands|Belgium"
    r"|Switzerland|Austria|Sweden|Norway|Denmark|Finland|Iceland|Poland|Czech(?:ia|\sRepublic)"
    r"|Slovakia|Slovenia|Hungary|Romania|Bulgaria|Greece|Turkey|Russia|Ukraine|Croatia|Serbia"
    r"|Cyprus|Malta|Estonia|Latvia|Lithuania|Luxembourg|Israel|Iraq|Iran|Egypt|Morocco|Tunisia"
    r"|Nigeria|Kenya|Ghana|South\sAfrica|Liberia|China|Japan|(?:South\s)?Korea|Taiwan|Singapore"
    r"|Malaysia|Thailand|Vietnam|Indonesia|Philippines|Pakistan|Bangladesh|Sri\sLanka|Nepal|Mexico"
    r"|Brazil|Argentina|Chile|Colombia|Peru|Uruguay|Venezuela|Ecuador|Bolivia|Cuba|Jamaica)"
)
_GAP = r"(?:,\s{0,3}|\s{1,3})"
_CODE = rf"(?:{_ZIP}|{_UK_CASED}|{_CANADA}|\d{{4,6}}\b)"
_TOWN = rf"(?:{_WORD}(?:(?:,\s{{0,3}}|\s{{1,3}}){_WORD}){{0,4}}?)"
# The town counts where a code, a state or a country follows it.
_TAIL = (
    rf"(?:{_GAP}{_TOWN}?(?:{_GAP}(?:{STATE}|{_STATES})\b)?{_GAP}{_CODE}(?:{_GAP}{_COUNTRY}\b)?"
    rf"|{_GAP}{_TOWN}{_GAP}(?:{STATE}|{_STATES}|{_COUNTRY})\b|{_GAP}(?:{_CODE}{_GAP}{_TOWN}(?!\w)))?"
)
_TAILED = rf"(?:{_GAP}{_UNIT})?{_TAIL}"
_STREET = (
    r"(?<!top )(?<!volume )(?<!vol )(?<!part )"
    rf"(?:(?:\b{_UNIT},?{SPACE})?{_NUMBER}{_FRACTION}|{_FLAT})"
    rf"(?:(?:{_NOT_STREET}{_NAME}){{1,3}}?{_PLAIN}|(?:{_CAPITAL}){{1,3}}?{_NAMED})"
    rf"(?:\s(?-i:[NS][EW]|[NSEW]|North|South|East|West)\b)?{_TAILED}"
)
_STREET_UNIT = (
    rf"{_NUMBER}(?:{_CAPITAL}){{1,3}}?(?:suite|apt\.?|apartment|unit)\s?#?\d{{1,5}}\b{_TAIL}"
)
# Transcribed, in lower case: only after words that an address follows.
_LIVES = (
    r"\b(?:live[sd]?|living|address\sis|address|deliver(?:ed|y)?|taxi|cab|uber|lyft|directions|navigate"
    r"|drive|route|house|home|office|located|moved|staying|resides?|residing|take\sme)"
    r"(?:\s(?:it|this|at|to|in|on|is|me|from|over|here))?\s"
    rf"(?P<value>\d{{1,5}}[a-z]?\s(?:{_NOT_STREET}{_NAME}){{1,2}}?{_LOOSE}(?:,?\s{_UNIT})?)"
)
_SPOKEN_NUMBER = rf"(?:(?:{TENS}(?:\s{UNIT})?|{TEEN}|{UNIT}|oh|hundred)\s){{1,4}}"
_SPOKEN = (
    rf"\b(?!one\s(?!{UNIT}|{TEEN}|{TENS}|oh|hundred)){_SPOKEN_NUMBER}(?:{_NOT_STREET}[^\W\d_]{{2,20}}\s){{1,2}}?"
    r"(?:street|road|avenue|lane|boulevard|drive|crescent|terrace)\b"
)

# -- streets abroad ----------------------------------------------------------------------------

_SMALL = (
    r"(?:(?-i:d[aeiou]s?|del|della|delle|degli|dei|du|des|la"
    r"|las|los|le|les|el|l'|d'|e|y|i|von|den|der)\s?)"
)
_PREFIX = (
    r"(?-i:Rue|Via|Viale|Piazza|Piazzale|Corso|Vicolo|Largo|Strada|Contrada|Borgo|Calle|Avenida|Avda\.?"
    r"|Av\.|C\.|Pasaje|Ronda|Glorieta|Callejón|Alameda|Cuesta|Vial|Canale|Paseo|Plaza|Camino|Carrera|Calzada|Carrer|Rua|Travessa|Praça|Rambla|Avenue|Boulevard|Bd"
    r"|Allée|Allées|Chemin|Impasse|Quai|Route|Cours|Place|Ulica|ul\.)"
)
_FOREIGN_NAME = rf"(?:{_SMALL}{{0,2}}(?-i:[^\W\d_a-z][\w'\u2019.-]{{0,30}})){{1}}"
_FOREIGN = rf"{_PREFIX}\s(?:{_FOREIGN_NAME}\s?){{1,4}}?"
_HOUSE = r"(?:,?\s(?:n[°ºo.]{0,2}\s?)?\d{1,5}(?:[/-]\d{1,4})?(?:\s?(?-i:[A-Za-z])\b)?(?!\w))"
_RUE = r"(?-i:rue|avenue|boulevard|chemin|allée|impasse|quai)"
_ABROAD = (
    rf"{_NUMBER}(?:{_FOREIGN}|{_RUE}\s(?:{_FOREIGN_NAME}\s?){{1,4}}?)(?<=\w){_HOUSE}?(?!\w){_TAILED}"
    rf"|\b{_FOREIGN}(?<=\w){_HOUSE}{_TAILED}"
)
_SUFFIXED = (
    r"(?-i:(?!Brigade|Renegade)[^\W\d_a-z][\w-]{0,30}(?:\s[^\W\d_a-z][\w-]{0,30}){0,2}?"
    r"(?:strasse|straße|str\.|weg|platz|allee|gasse|gatan|vägen|gade|vej|veien|gata|laan|straat|plein"
    r"|kade|singel|steeg|dreef|hof|baan|vegur|vegen|alléen|gränd|stigen|torget|boulevard|-(?:Straße|Strasse|Str\.|Gasse|Platz|Allee|Weg|Ring)|\sStraße|\sStrasse|\sStr\.|\sWeg|\sPlatz"
    r"|\sAllee|katu))"
)
_GERMANIC = (
    rf"{_NUMBER}{_SUFFIXED}(?!\w){_HOUSE}?{_TAILED}"
    rf"|\b{_SUFFIXED}(?:\s?\d{{1,4}}[a-z]?\b|{_HOUSE}){_TAILED}"
)
_GERMANIC_LOWER = r"\b[^\W\d_]{3,25}(?:strasse|straße|gatan|straat|vägen)\s\d{1,4}[a-z]?\b"

# A number before and after the name, and a unit: whatever the street is called.
_BETWEEN_NUMBERS = (
    rf"{_NUMBER}(?:{_NOT_STREET}{_NAME}){{1,5}}?"
    rf"\d{{1,5}},?{SPACE}(?:suite|apt\.?)\s\d{{1,5}}\b{_TAIL}"
)
_MILITARY = (
    r"\b(?:(?:PSC|Unit|CMR)\s\w{1,6},?\s{1,3}Box\s\w{1,6}\b|(?-i:USNS|USNV|USS|USCGC)\s\w{2,20})"
    r"(?:,?\s{1,4}[AFD]PO,?\s{1,3}A[AEP](?:\s{1,3}\d{5}(?:-\d{4})?)?\b)?"
)
_BOX = rf"\b(?:P\.?\s?O\.?|post\soffice)\s?Box\s?#?\d{{1,7}}\b{_TAILED}"
_STREET_WORD = r"(?:street|st|road|rd|avenue|ave|lane|boulevard|blvd|drive|dr|way)\b\.?"
_CORNER = (
    r"\bcorner\sof\s(?P<value>"
    rf"(?:(?!and\b)[\w'\u2019]{{1,20}}\s){{1,3}}(?:and|&)\s(?:[\w'\u2019]{{1,20}}\s){{1,2}}?{_STREET_WORD})"
)

_PLAIN_WORDS = words(
    "street road avenue lane boulevard crescent terrace ave rd blvd drive court place square garden"
    " gardens close way grove mews hill st"
)

RULES = (
    Rule("STREET_ADDRESS", 0.9, _ABROAD, signs=DIGIT),
    Rule("STREET_ADDRESS", 0.9, _GERMANIC, signs=DIGIT),
    Rule("STREET_ADDRESS", 0.85, _GERMANIC_LOWER, signs=DIGIT),
)
ENGLISH = (
    Rule("STREET_ADDRESS", 0.9, _STREET, signs=DIGIT),
    Rule("STREET_ADDRESS", 0.9, _STREET_UNIT, words=words("suite apt apartment unit"), signs=DIGIT),
    Rule("STREET_ADDRESS", 0.9, _BETWEEN_NUMBERS, words=words("suite apt"), signs=DIGIT),
    Rule("STREET_ADDRESS", 0.9, _MILITARY, words=words("psc unit cmr usns usnv uss uscgc")),
    Rule("STREET_ADDRESS", 0.9, _BOX, words=words("box"), signs=DIGIT),
    Rule("STREET_ADDRESS", 0.85, _LIVES, words=_PLAIN_WORDS, signs=DIGIT),
    Rule("STREET_ADDRESS", 0.7, _SPOKEN, words=NUMERALS),
    Rule("STREET_ADDRESS", 0.85, _CORNER, words=words("corner")),
    Rule("POSTCODE", 0.8, _UK_CASED, signs=DIGIT),
    Rule("POSTCODE", 0.65, _UK_LOWER, signs=DIGIT),
    Rule("POSTCODE", 0.75, _CANADA, signs=DIGIT),
    Rule("POSTCODE", 0.85, _STATE_ZIP, signs=DIGIT),
    Rule(
        "POSTCODE",
        0.9,
        after(
            _CODE_WORDS,
            r"\d{4,5}(?:-\d{3,4}|\s(?-i:[A-Z]{2}))?"
            r"|[A-Z0-9]{2,5}(?:[ -](?=[A-Z]{0,2}\d)[A-Z0-9]{3,4})?",
        ),
        words=words("postcode postcodes post postal zip zipcode zipcodes plz eircode"),
        signs=DIGIT,
        check=lambda text: digits_in(text) > 0,
    ),
)
