"""Names people say for things that have codes: countries, languages, currencies, places.

The names of countries, languages and currencies are CLDR's (`names`); what people call them
beside that, and what CLDR does not know, stands here.
"""

from __future__ import annotations

import re
from typing import Final

from modelserver.tasks.values import names


def _table(text: str) -> dict[str, str]:
    """`CODE name, name; …` as name → code."""
    found: dict[str, str] = {}
    for entry in text.replace("\n", " ").split(";"):
        code, _, said = entry.strip().partition(" ")
        for name in said.split(","):
            if name.strip():
                found[name.strip()] = code
    return found


_ARTICLE: Final = re.compile(r"^(?:the|a|an|in|die|der|das|les|la|le|el|il|os|as|de)\s+")
# What people say for countries and currencies beside their names.
_COUNTRIES = _table("""
AE uae, emirates; CZ czech republic, tschechei; GB uk, great britain, britain, england,
großbritannien, grande-bretagne, gran bretaña, gran bretagna, grã-bretanha, groot-brittannië;
KR korea; NL holland, the netherlands; PH the philippines; TR turkey;
US usa, us, u.s., the us, the usa, america, united states of america, amerika, amérique
""")
_CURRENCIES = _table("""
AUD australian dollars, a$; BRL real, reais; CAD canadian dollars, c$; CHF francs, franken,
francos, franchi; CNY yuan, renminbi; CZK crowns, koruna, kronen; DKK danish kroner;
EUR €, euro, euros; GBP pounds, pound, pound sterling, sterling, quid, £, pfund, livres,
livre sterling, libras, libra, sterline, sterlina, ponden, pond; HUF forint; INR rupees, rupee,
rupien, roupies, rupias, rupie, ₹; JPY yen, ¥; KRW won, korean won; MXN pesos, peso;
NOK norwegian kroner; PLN zloty, zlotys; SEK kronor; THB baht; TRY lira, turkish lira;
USD dollars, dollar, bucks, american dollars, $, dólares, dólar, dollari, dollaro; ZAR rand
""")
_OWN: Final = {
    kind: {names.folded(name): code for name, code in table.items()}
    for kind, table in (("countries", _COUNTRIES), ("currencies", _CURRENCIES))
}
STATES = _table("""
AL alabama; AK alaska; AZ arizona; AR arkansas; CA california; CO colorado; CT connecticut;
DE delaware; FL florida; GA georgia; HI hawaii; ID idaho; IL illinois; IN indiana; IA iowa;
KS kansas; KY kentucky; LA louisiana; ME maine; MD maryland; MA massachusetts; MI michigan;
MN minnesota; MS mississippi; MO missouri; MT montana; NE nebraska; NV nevada;
NH new hampshire; NJ new jersey; NM new mexico; NY new york; NC north carolina;
ND north dakota; OH ohio; OK oklahoma; OR oregon; PA pennsylvania; RI rhode island;
SC south carolina; SD south dakota; TN tennessee; TX texas; UT utah; VT vermont; VA virginia;
WA washington; WV west virginia; WI wisconsin; WY wyoming; DC district of columbia
""")
TICKERS = _table("""
AAPL apple; MSFT microsoft; GOOG google, alphabet; AMZN amazon; META meta, facebook; TSLA tesla;
NVDA nvidia; NFLX netflix; INTC intel; AMD amd; IBM ibm; ORCL oracle; DIS disney, walt disney;
KO coca-cola, coca cola, coke; PEP pepsi, pepsico; MCD mcdonald's, mcdonalds; NKE nike;
WMT walmart; BA boeing; JPM jpmorgan, jp morgan; GS goldman sachs; V visa; SBUX starbucks;
ADBE adobe; CRM salesforce; UBER uber; PYPL paypal; F ford; GM general motors; PFE pfizer
""")
# Cities whose state or country goes without saying.
US_CITIES = _table("""
TX austin, houston, dallas, san antonio, fort worth, el paso; CA san francisco, los angeles,
san diego, san jose, sacramento, oakland, palo alto, berkeley, fresno, long beach;
NY new york, new york city, nyc, brooklyn, buffalo, manhattan; IL chicago; WA seattle, spokane,
tacoma; MA boston, cambridge; CO denver, boulder; AZ phoenix, tucson; PA philadelphia,
pittsburgh; FL miami, orlando, tampa, jacksonville; GA atlanta; NV las vegas, reno; OR portland;
MI detroit, ann arbor; MN minneapolis; TN nashville, memphis; MO st. louis, kansas city;
OH cleveland, cincinnati, columbus; NC charlotte, raleigh; LA new orleans; UT salt lake city;
MD baltimore; WI milwaukee; IN indianapolis; HI honolulu; NM albuquerque, santa fe;
DC washington; VA richmond; OK tulsa, oklahoma city; NE omaha; KY louisville; ID boise
""")
CITIES = {
    name: country
    for country, cities in {
        "Argentina": "buenos aires", "Australia": "sydney,melbourne,brisbane,perth,adelaide",
        "Austria": "vienna,salzburg,graz", "Belgium": "brussels,ghent,antwerp,bruges",
        "Brazil": "rio de janeiro,são paulo,sao paulo", "Canada": "toronto,vancouver,montreal,ottawa,calgary",
        "China": "beijing,shanghai,shenzhen", "Czech Republic": "prague", "Denmark": "copenhagen",
        "Egypt": "cairo", "Finland": "helsinki",
        "France": "paris,lyon,marseille,nice,toulouse,bordeaux",
        "Germany": "berlin,munich,hamburg,frankfurt,cologne,dresden,leipzig,stuttgart",
        "Greece": "athens", "Hungary": "budapest", "Iceland": "reykjavik",
        "India": "mumbai,delhi,new delhi,bangalore,chennai,kolkata", "Ireland": "dublin",
        "Italy": "rome,milan,venice,florence,naples,turin", "Japan": "tokyo,kyoto,osaka",
        "Kenya": "nairobi", "Mexico": "mexico city", "Netherlands": "amsterdam,rotterdam,utrecht",
        "New Zealand": "auckland,wellington", "Norway": "oslo,bergen", "Poland": "warsaw,krakow,gdansk",
        "Portugal": "lisbon,porto", "Russia": "moscow", "Singapore": "singapore",
        "South Africa": "cape town,johannesburg", "South Korea": "seoul",
        "Spain": "madrid,barcelona,seville,valencia", "Sweden": "stockholm,gothenburg,malmö",
        "Switzerland": "zurich,geneva,basel,bern", "Thailand": "bangkok", "Turkey": "istanbul,ankara",
        "UK": "london,manchester,edinburgh,glasgow,liverpool,leeds,bristol,oxford",
        "Ukraine": "kyiv", "UAE": "dubai,abu dhabi",
    }.items()
    for name in cities.split(",")
}  # fmt: skip


def coded(kind: str, text: str) -> str | None:
    """The code of a country, language, currency or state that a text names, or says itself."""
    said = re.sub(r"^[\d.,\s]++|(?<![\d.,\s])[\d.,\s]++$", "", text)
    bare = _ARTICLE.sub("", names.folded(said)) or names.folded(text)
    own = _OWN.get(kind, {})
    if bare in own:
        return own[bare]
    known = STATES if kind == "states" else names.by_name(kind)
    if bare in known:
        return known[bare]
    codes = set(known.values())
    return next((code for code in (said.upper(), said.lower()) if code in codes), None)
