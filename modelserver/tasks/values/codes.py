"""Names people say for things that have codes: countries, languages, currencies, places."""

from __future__ import annotations


def _table(text: str) -> dict[str, str]:
    """`CODE name, name; …` as name → code."""
    names: dict[str, str] = {}
    for entry in text.replace("\n", " ").split(";"):
        code, _, said = entry.strip().partition(" ")
        for name in said.split(","):
            if name.strip():
                names[name.strip()] = code
    return names


COUNTRIES = _table("""
AR argentina; AU australia; AT austria; BE belgium; BR brazil; BG bulgaria; CA canada; CL chile;
CN china; CO colombia; HR croatia; CZ czech republic, czechia; DK denmark; EG egypt; EE estonia;
FI finland; FR france; DE germany; GR greece; HK hong kong; HU hungary; IS iceland; IN india;
ID indonesia; IE ireland; IL israel; IT italy; JP japan; KE kenya; LV latvia; LT lithuania;
LU luxembourg; MY malaysia; MX mexico; MA morocco; NL netherlands, the netherlands, holland;
NZ new zealand; NG nigeria; NO norway; PK pakistan; PE peru; PH philippines, the philippines;
PL poland; PT portugal; RO romania; RU russia; SA saudi arabia; RS serbia; SG singapore;
SK slovakia; SI slovenia; ZA south africa; KR south korea, korea; ES spain; SE sweden;
CH switzerland; TW taiwan; TH thailand; TR turkey, türkiye; UA ukraine;
AE united arab emirates, uae; GB united kingdom, uk, great britain, britain, england;
US united states, usa, us, the us, the usa, america, united states of america; VN vietnam
""")
LANGUAGES = _table("""
ar arabic; bg bulgarian; bn bengali; cs czech; da danish; de german; el greek; en english;
es spanish; et estonian; fa persian, farsi; fi finnish; fr french; he hebrew; hi hindi;
hr croatian; hu hungarian; id indonesian; is icelandic; it italian; ja japanese; ko korean;
lt lithuanian; lv latvian; ms malay; nl dutch; no norwegian; pl polish; pt portuguese;
ro romanian; ru russian; sk slovak; sl slovenian; sr serbian; sv swedish; sw swahili; th thai;
tr turkish; uk ukrainian; ur urdu; vi vietnamese; zh chinese, mandarin
""")
CURRENCIES = _table("""
AUD australian dollars, australian dollar, a$; BRL brazilian real, brazilian reais, reais;
CAD canadian dollars, canadian dollar, c$; CHF swiss francs, swiss franc, francs;
CNY yuan, chinese yuan, renminbi; CZK czech koruna, czech crowns; DKK danish kroner, danish krone;
EUR euros, euro, €; GBP pounds, british pounds, british pound, pound sterling, sterling, pound,
quid, £; HKD hong kong dollars; HUF forint, hungarian forint; INR rupees, indian rupees,
indian rupee, rupee, ₹; JPY yen, japanese yen, ¥; KRW won, korean won, south korean won;
MXN pesos, mexican pesos, mexican peso; NOK norwegian kroner, norwegian krone;
NZD new zealand dollars, new zealand dollar; PLN zloty, zlotys, polish zloty;
SEK swedish kronor, swedish krona, kronor; SGD singapore dollars, singapore dollar;
THB baht, thai baht; TRY lira, turkish lira; USD dollars, us dollars, us dollar, dollar, bucks,
american dollars, $; ZAR rand, south african rand
""")
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
    for country, names in {
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
    for name in names.split(",")
}  # fmt: skip
