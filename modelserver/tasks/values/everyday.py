"""Everyday English words of four and five letters, which are no misspelling of anything.

One slip makes another word of many short ones: `night` and `right`, `meat` and `meet`. A word that
stands here means itself. Longer words have fewer neighbours, shorter ones are not mended at all.
"""

from __future__ import annotations

from typing import Final

_WRITTEN: Final = """
able about above abuse actor acute added admit adult after again agent agree ahead alarm album
alert alike alive allow alone along alter among anger angle angry apart apple apply area argue
arise arms army array aside asked asset aunt avoid award aware away awful baby back badly baked
baker ball band bank base basic basis bath beach bean bear beat been beer begin being bell below
belt bench best bike bill bird birth black blade blame blank blast blend bless blind block blood
blow blue board boat body bond bone bonus book boost boots born boss both bowl brain brake brand
brave bread break brick brief bring broad broke brown brush build built bulk burn bush busy buyer
cable cake call calm came camp card care cargo carry cars case cash cast catch cause cell chain
chair chalk charm chart chase cheap check cheek cheer chess chest chief child chip choir chose
city civil claim class clay clean clear clerk click cliff climb clock close cloth cloud club coach
coal coast coat code coin cold color come cook cool copy core corn cost couch could count court
cover crack craft crash crazy cream crew crime crop cross crowd crown cruel crush cure curve cycle
daily dance dare dark data date dawn days dead deal dear death debt decay deck deep delay dense
depot depth desk devil dial diary diet dirt dirty dish disk ditch dive dock does dogs done door
dose doubt down dozen draft drag drain drama draw dream dress drew dried drift drill drink drive
drop drove drug drum duck duke dull dust duty each eager early earn earth ease east easy edge eight
elder elect elite else empty enemy enjoy enter entry equal error event ever every exact exam exist
exit extra face fact fade fail faint fair faith fake fall false fame fancy farm fast fate fault
favor fear feed feel feet fell felt fence fetch fever fewer field fifth fifty fight file fill film
final find fine fire firm first fish five fixed flag flame flash flat fleet flesh flew flies float
flood floor flour flow fluid focus folk food foot force form fort forth forty found four frame
frank fraud free fresh from front frost fruit fuel full fully fund funny gain game gate gave gear
ghost giant gift girl give given glad glass globe glove goal goat goes gold golf gone good grace
grade grain grand grant grape graph grass grave gray great greed green greet grey grew grief grill
grip gross group grow grown guard guess guest guide habit hair half hall hand hang happy hard harm
harsh hate have head heal heap hear heard heart heat heavy held hell hello help hence here hero
hide high hill hint hire hold hole holy home honey honor hope horse host hotel hour hours house
huge human humor hunt hurry hurt idea ideal image imply inch index inner input into iron issue item
items jeans job join joint joke judge juice jump just keen keep kept keys kick kids kill kind king
knee knew knife knock know known label labor lack lady lake lamp land lane large laser last late
later laugh law layer lazy lead leaf leak lean learn lease least leave left legal lemon lend less
level lever lies life lift light like limit line lined linen link lion lips list live liver lives
load loan local lock lodge logic long look loop loose lord lose loss lost lots loud love lover
lower loyal luck lucky lunch lung made magic mail main major make maker male mall many march mark
mask mass match mate mayor meal mean means meant meat medal media meet melt memo menu mercy mere
merge merit merry mess metal meter midst might mild mile milk mind mine minor minus mint miss mixed
mode model moist money month mood moon moral more most motel motor mount mouse mouth move moved
movie much music must nail naked name near neat neck need nerve never news next nice niece night
nine ninth noble nobody noise none noon norm north nose note noted notes novel nurse oasis occur
ocean offer often okay once only onto open opera orbit order organ other ought ounce outer over
owner pace pack page paid pain paint pair palm panel panic pants paper park part parts party pass
past paste patch path pause peace peak pear pearl penny phase phone photo piano pick piece pile
pill pilot pine pink pint pipe pitch pizza place plain plan plane plant plate play plaza plea
please plot plug plus poem poet point pole poll pool poor port pose post pound pour power press
price pride prime print prior prize proof proud prove pull pump pupil pure push queen query quest
queue quick quiet quit quite quote race radar radio rail rain raise rally ranch range rank rapid
rare rate rates ratio reach react read ready real realm rear rebel refer relax rely remit renew
rent reply rest rice rich ride rider ridge rifle right ring rise risk rival river road roast robot
rock rocky role roll roman roof room rooms root rope rose rough round route royal rugby ruin rule
ruler rural rush sad safe said sail saint salad sale salt same sand sauce save saved scale scan
scare scene scent scope score scout seal seat seats seed seek seem seen self sell send sense sent
serve seven shade shaft shake shall shame shape share sharp shed sheep sheet shelf shell shift
shine ship shirt shock shoe shoes shoot shop shore short shot shout show shown shut sick side sight
sign silk silly since sing sink site sites sixth sixty size skill skin skip skirt sky slave sleep
slept slice slide slight slim slip slope slow small smart smell smile smoke snake snow soap sober
sock soft soil solar sold sole solid solve some song soon sorry sort soul sound soup sour south
space spare speak speed spell spend spent spice split spoke spoon sport spot spray squad stack
staff stage stair stake stamp stand star stare start state stay steak steal steam steel steep steer
step stick stiff still stock stone stood stool stop store storm story stove strip stuck study stuff
style sugar suit suite sum sunny super sure surge sweat sweep sweet swept swift swim swing sword
table tail take taken tale tales talk tall tank tape task taste taxes teach team tear teeth tell
tempo tend tenor tenth tent term test text than thank thanks that theft their them theme then there
these they thick thief thin thing think third this those three threw throw thumb tide tidy tight
tile till timer times tiny tire tired title toast today token told tone tool tooth topic torch
total touch tough tour towel tower town toxic trace track trade trail train trait trap trash treat
tree trend trial tribe trick tried trip troop truck true truly trunk trust truth tube tune turn
twice twin twist type under union unit unite units until upon upper upset urban urge usage used
user usual vague valid value valve vary vast verb very video view villa virus visit vital vocal
voice void vote wage wages wait wake walk wall want warm warn wash waste watch water wave weak
wealth wear weary week weeks weigh weird well went were west whale what wheat wheel when where
which while white whole whom whose wide wider wife wild will wind wine wing wipe wire wise wish
with woman women wood wool word words wore work world worn worry worse worst worth would wound
wreck wrist write wrong wrote yard yeah year years yield young your yours youth zone zones
"""
WORDS: Final = frozenset(_WRITTEN.split())
