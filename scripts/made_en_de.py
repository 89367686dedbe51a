"""Words and templates for the English→German pairs that made.py and augment.py build.

A template is a line `English = German`; {} or {0}, {1}, … are its slots. Both lists and templates are plain data:
made.py and augment.py fill them.
"""


def templates(text: str) -> list[tuple[str, str]]:
    """The (English, German) templates of a text with one `English = German` a line."""
    return [tuple(side.strip() for side in line.split(" = ")) for line in text.strip().splitlines()]


def rows(text: str) -> list[tuple[str, ...]]:
    """Tuples of the cells of each line; cells are separated by slashes."""
    return [tuple(cell.strip() for cell in line.split("/")) for line in text.strip().splitlines()]


# Names that are the same in both languages.
MALE = """Tom John Ken Bob Bill Jim Mike Peter Paul Jack Dan Ben Tim Sam Jim Joe Fred Frank David Daniel Robert
Richard Michael Martin Walter Henry Harry Oliver William Edward George Kevin Brian Steven Philip Oscar Simon Adam Noah
Leon Finn Ole Nuri Łukasz Søren Jørgen Björn Håkon Øyvind Åke Göran Þór Sigurður Jón Ólafur Václav Jiří Ondřej Štěpán
Zdeněk Bogdan Paweł Michał Grzegorz Stanisław Wojciech Zbigniew László István György Zoltán Gergő Ștefan Andrei Răzvan
Mircea Dragomir Željko Nikša Goran Zoran Đorđe Dušan Žiga Matjaž Jānis Kārlis Jüri Tõnu Ģirt Emre Çağrı Şükrü Oğuzhan
Yiğit Gökhan İbrahim Mehmet Ahmed Yusuf Omar Tariq Rashid Khaled Farhad Behrouz Ravi Arjun Sanjay Vikram Anil Deepak
Hiroshi Kenji Takeshi Ryō Shōta Minh Quang Đức Tuấn Jun-ho Seung-min Wei Zhihao Kwame Kofi Chidi Oluwaseun Tendai
Sipho José João André Sebastião Iñaki Íñigo Raúl Martín Adrián Óscar Ángel Jean-Luc François Étienne Benoît Jérôme
Hervé Loïc Niccolò Matteo Ciarán Seán Éamon Pádraig Iain Llewelyn Rhodri Jürgen Günther Götz Jörg Sören Thorsten Mikko
Väinö Jyrki Iván Igor Dmitri Sergej Oleg Taras Volodymyr""".split()

FEMALE = """Anna Emily Lucy Alice Linda Susan Nancy Betty Kate Jane Emma Lisa Laura Sarah Julia Sandra Helen Karen
Carol Ellen Olivia Nina Eva Sofia Clara Lena Mia Zoë Chloë Noëmi Anaïs-Marie Åse Åsa Sølvi Bjørg Ingrid Þóra Sigríður
Björk Guðrún Kateřina Božena Jiřina Zdeňka Růžena Eliška Małgorzata Agnieszka Elżbieta Łucja Żaneta Grażyna Zsófia
Erzsébet Boglárka Kinga Ioana Mădălina Ștefania Anđela Željka Snežana Jasna Nataša Špela Līga Mārīte Aušra Rūta Živilė
Ayşe Gülşen Şebnem Çiğdem Özlem İrem Tuğba Fatma Leyla Aisha Samira Yasmin Shirin Niloufar Priya Anjali Lakshmi Meera
Yuki Sakura Haruka Yōko Thị Hương Mỹ Linh Ngọc Ji-woo Soo-jin Xiulan Mei Thandiwe Ngozi Chiamaka Adaeze Amara Zanele
María Lucía Begoña Sofía Inês Conceição Graça Zoé Chloé Hélène Maëlle Françoise Solène Léa Giulia Chiara Niamh Siobhán
Aoife Gráinne Sinéad Rhiannon Bärbel Käthe Ute Renate Aino Päivi Marjatta Olga Oksana Ludmila Svitlana
Tatjana""".split()

SURNAMES = """Smith Jackson Miller Johnson Brown Taylor Wilson Clinton Gorbachev Newton Einstein Darwin O’Brien
O'Connor O’Sullivan McDonald MacLeod Fitzgerald Müller Schröder Jäger Köhler Böhm Bäcker Dvořák Novák Svoboda Černý
Růžička Němcová Hašek Janáček Lewandowski Wójcik Dąbrowski Kowalczyk Skłodowska Żeleński Ivković Kovačević Petrović
Đinđić Žižek Čapková Šuker Modrić Horvat Szabó Nagy Németh Erdei Çelik Şahin Yıldırım Öztürk Koç Gündoğan Ağaoğlu Işık
Nguyễn Trần Lê Phạm Đặng Vũ Ångström Sjöberg Lindström Bergqvist Østergård Sørensen Kjærgaard Nørgaard Ødegaard Håland
Þorvaldsdóttir Guðmundsdóttir Sigurðsson Hämäläinen Mäkelä Yrjölä García Peña Etxeberria Brandão Lefèvre Béranger Côté
Châtelain Delacroix-Petit D’Angelo Giannattasio Ferrari Zanetti Popescu Țurcanu Ionescu Brâncuși Bērziņa Kalniņa
Žemaitė Vaičiulytė Põld Tamm Ivanova Shevchenko Kovalenko Tkachenko Petrosyan Sargsyan Kipiani Yamamoto Tanaka Satō Ōe
Kobayashi Kim Park Choi Zhang Chen Huang Singh Patel Banerjee Chatterjee Khan Hussain Rahman Okonkwo Achebe Adichie
Mbeki Nkrumah Mensah Diallo Traoré Abdullah Al-Farouk El-Sayed Ben-David Cohen Levi
Papadopoulou Konstantinidi""".split() + [
    "van der Berg", "van Dijk", "de la Peña", "von Trotha", "di Stefano", "van der Meer", "al-Masri", "ten Brink"]

PLACES = """Berlin London Tokyo Boston Madrid Hamburg Chicago Dublin Oslo Stockholm Helsinki Amsterdam Toronto Sydney
Melbourne Seattle Manchester Oxford Cambridge Liverpool Bristol Glasgow Birmingham Houston Denver Detroit Vancouver
Montréal Québec Lille Besançon Málaga León Córdoba Évora Setúbal Łódź Wrocław Gdańsk Poznań Rzeszów Białystok Plzeň
Olomouc Děčín Žilina Győr Debrecen Székesfehérvár Timișoara Iași Constanța Kraljevo Čačak Šibenik Osijek Liepāja Pärnu
Võru Malmö Örebro Umeå Luleå Gävle Ålesund Tromsø Bodø Ærøskøbing Reykjavík Akureyri Ísafjörður İzmir Eskişehir
Çanakkale Şanlıurfa Muğla Hanoi Huế Kyoto Osaka Nagoya Busan Incheon Mumbai Pune Kolkata Jaipur Lahore Karachi Nairobi
Mombasa Accra Kumasi Dakar Yaoundé Bogotá Medellín Cusco Asunción Florianópolis Maringá Göttingen Zürich Oulu
Jyväskylä""".split() + ["São Paulo", "Đà Nẵng", "A Coruña", "Ústí nad Labem"]


# Speakers of quoted speech: English, German, s or p for singular or plural.
SPEAKERS = rows("""
he / er / s
she / sie / s
I / ich / s
they / sie / p
we / wir / p
Tom / Tom / s
Anna / Anna / s
Mr Baker / Herr Baker / s
Mrs Keller / Frau Keller / s
Dr. Lind / Dr. Lind / s
my mother / meine Mutter / s
my father / mein Vater / s
her sister / ihre Schwester / s
his brother / sein Bruder / s
our teacher / unser Lehrer / s
the old man / der alte Mann / s
the old woman / die alte Frau / s
the boy / der Junge / s
the girl / das Mädchen / s
the children / die Kinder / p
the doctor / der Arzt / s
the nurse / die Krankenschwester / s
the waiter / der Kellner / s
the driver / der Fahrer / s
the policeman / der Polizist / s
the stranger / der Fremde / s
the queen / die Königin / s
the king / der König / s
the captain / der Kapitän / s
the manager / der Chef / s
the witness / der Zeuge / s
the visitors / die Besucher / p
my parents / meine Eltern / p
the neighbour / der Nachbar / s
my grandmother / meine Großmutter / s
a voice / eine Stimme / s
someone / jemand / s
everyone / alle / p
the judge / der Richter / s
the baker / der Bäcker / s
her husband / ihr Mann / s
his wife / seine Frau / s
a friend of mine / ein Freund von mir / s
the soldiers / die Soldaten / p
the mayor / die Bürgermeisterin / s
the author / die Autorin / s
""")

# What a speaker does: English past; German past, singular and plural; what the sentence ends with: a stop, a question
# mark or an exclamation mark.
SPEECH_VERBS = rows("""
said / sagte / sagten / .?!
said quietly / sagte leise / sagten leise / .?!
replied / antwortete / antworteten / .!
answered / antwortete / antworteten / .!
added / fügte hinzu / fügten hinzu / .!
whispered / flüsterte / flüsterten / .?!
shouted / rief / riefen / .?!
cried / rief / riefen / .!
exclaimed / rief / riefen / .!
called / rief / riefen / .!
yelled / schrie / schrien / .!
asked / fragte / fragten / ?
asked again / fragte noch einmal / fragten noch einmal / ?
wondered / fragte sich / fragten sich / ?
inquired / erkundigte sich / erkundigten sich / ?
explained / erklärte / erklärten / .
declared / verkündete / verkündeten / .!
announced / verkündete / verkündeten / .!
admitted / gab zu / gaben zu / .
murmured / murmelte / murmelten / .?
muttered / murmelte / murmelten / .?
wrote / schrieb / schrieben / .?!
thought / dachte / dachten / .?!
repeated / wiederholte / wiederholten / .?!
insisted / beharrte / beharrten / .!
warned / warnte / warnten / .!
complained / beschwerte sich / beschwerten sich / .!
laughed / lachte / lachten / .!
sighed / seufzte / seufzten / .!
promised / versprach / versprachen / .!
suggested / schlug vor / schlugen vor / .
continued / fuhr fort / fuhren fort / .?!
remarked / bemerkte / bemerkten / .
told me / sagte zu mir / sagten zu mir / .!
told us / sagte zu uns / sagten zu uns / .!
asked me / fragte mich / fragten mich / ?
asked the doctor / fragte den Arzt / fragten den Arzt / ?
said with a smile / sagte lächelnd / sagten lächelnd / .?!
said angrily / sagte wütend / sagten wütend / .!
""")

# A sentence without its final stop, quoted inside another one.
QUOTED_INSIDE = templates("""
The sign says {}. = Auf dem Schild steht {}.
The first line of the letter was {}. = Die erste Zeile des Briefes lautete {}.
The answer was {}. = Die Antwort lautete {}.
The title of the chapter is {}. = Der Titel des Kapitels lautet {}.
The words {} were on the wall. = An der Wand standen die Worte {}.
Everyone knows the sentence {}. = Jeder kennt den Satz {}.
What does {} mean? = Was bedeutet {}?
How do you say {} in French? = Wie sagt man {} auf Französisch?
Please translate {} for me. = Bitte übersetze {} für mich.
The message was {}. = Die Nachricht lautete {}.
He wrote {} on the board. = Er schrieb {} an die Tafel.
She answered with {}. = Sie antwortete mit {}.
The sentence {} is correct. = Der Satz {} ist richtig.
Her last words were {}. = Ihre letzten Worte waren {}.
Nobody said {}. = Niemand sagte {}.
The screen shows {}. = Auf dem Bildschirm steht {}.
""")

# Frames for single nouns without an article, as the dictionary has them.
WORD_LIST_FRAMES = templates("""
{} = {}
{} = {}
{} = {}
{}. = {}.
Keywords: {} = Stichwörter: {}
Topics: {} = Themen: {}
Words to learn: {} = Wörter zum Lernen: {}
Examples: {}. = Beispiele: {}.
Categories: {} = Kategorien: {}
Write down these words: {}. = Schreib diese Wörter auf: {}.
Today's words are {}. = Die Wörter von heute sind {}.
Choose one word: {}. = Wähle ein Wort: {}.
""")

# Plurals and uncountable things: English / German nominative and accusative.
THINGS = rows("""
apricots / Aprikosen
plums / Pflaumen
lemons / Zitronen
oranges / Orangen
cucumbers / Gurken
carrots / Karotten
potatoes / Kartoffeln
tomatoes / Tomaten
peppers / Paprika
mushrooms / Pilze
beans / Bohnen
peas / Erbsen
lentils / Linsen
cabbage / Kohl
spinach / Spinat
garlic / Knoblauch
parsley / Petersilie
pepper / Pfeffer
vinegar / Essig
oil / Öl
flour / Mehl
honey / Honig
jam / Marmelade
cream / Sahne
yoghurt / Joghurt
milk / Milch
butter / Butter
cheese / Käse
eggs / Eier
ham / Schinken
bacon / Speck
sausages / Würste
chicken / Hähnchen
beef / Rindfleisch
shrimps / Garnelen
noodles / Nudeln
rice / Reis
bread / Brot
rolls / Brötchen
biscuits / Kekse
cakes / Kuchen
chocolate / Schokolade
ice cream / Eis
nuts / Nüsse
raisins / Rosinen
cherries / Kirschen
apples / Äpfel
pears / Birnen
bananas / Bananen
grapes / Trauben
strawberries / Erdbeeren
water / Wasser
juice / Saft
tea / Tee
coffee / Kaffee
beer / Bier
wine / Wein
sugar / Zucker
salt / Salz
soap / Seife
shampoo / Shampoo
toothbrushes / Zahnbürsten
towels / Handtücher
blankets / Decken
pillows / Kissen
candles / Kerzen
matches / Streichhölzer
plates / Teller
cups / Tassen
glasses / Gläser
bottles / Flaschen
forks / Gabeln
spoons / Löffel
knives / Messer
pots / Töpfe
pans / Pfannen
lamps / Lampen
chairs / Stühle
tables / Tische
shelves / Regale
cupboards / Schränke
carpets / Teppiche
curtains / Vorhänge
mirrors / Spiegel
doors / Türen
windows / Fenster
bricks / Ziegel
nails / Nägel
screws / Schrauben
hammers / Hämmer
ladders / Leitern
ropes / Seile
buckets / Eimer
brushes / Bürsten
paint / Farbe
wood / Holz
sand / Sand
cement / Zement
glue / Klebstoff
tape / Klebeband
paper / Papier
pencils / Bleistifte
pens / Stifte
scissors / Scheren
envelopes / Umschläge
stamps / Briefmarken
books / Bücher
newspapers / Zeitungen
magazines / Zeitschriften
maps / Karten
letters / Briefe
photos / Fotos
paintings / Gemälde
toys / Spielsachen
dolls / Puppen
balls / Bälle
bicycles / Fahrräder
cars / Autos
buses / Busse
trains / Züge
ships / Schiffe
boats / Boote
planes / Flugzeuge
lorries / Lastwagen
tyres / Reifen
tents / Zelte
backpacks / Rucksäcke
suitcases / Koffer
umbrellas / Regenschirme
shoes / Schuhe
boots / Stiefel
socks / Socken
shirts / Hemden
skirts / Röcke
dresses / Kleider
trousers / Hosen
coats / Mäntel
jackets / Jacken
hats / Hüte
gloves / Handschuhe
scarves / Schals
belts / Gürtel
rings / Ringe
watches / Uhren
buttons / Knöpfe
dogs / Hunde
cats / Katzen
horses / Pferde
cows / Kühe
pigs / Schweine
sheep / Schafe
goats / Ziegen
rabbits / Kaninchen
mice / Mäuse
bears / Bären
wolves / Wölfe
foxes / Füchse
lions / Löwen
tigers / Tiger
elephants / Elefanten
monkeys / Affen
snakes / Schlangen
frogs / Frösche
birds / Vögel
ducks / Enten
geese / Gänse
owls / Eulen
bees / Bienen
butterflies / Schmetterlinge
spiders / Spinnen
ants / Ameisen
fish / Fisch
trees / Bäume
flowers / Blumen
roses / Rosen
leaves / Blätter
grass / Gras
mountains / Berge
rivers / Flüsse
lakes / Seen
islands / Inseln
forests / Wälder
stones / Steine
gold / Gold
silver / Silber
copper / Kupfer
iron / Eisen
steel / Stahl
glass / Glas
wool / Wolle
cotton / Baumwolle
leather / Leder
bridges / Brücken
roads / Straßen
houses / Häuser
churches / Kirchen
schools / Schulen
hospitals / Krankenhäuser
museums / Museen
theatres / Theater
shops / Geschäfte
hotels / Hotels
gardens / Gärten
parks / Parks
teachers / Lehrer
students / Studenten
doctors / Ärzte
nurses / Krankenschwestern
engineers / Ingenieure
farmers / Bauern
soldiers / Soldaten
painters / Maler
singers / Sänger
actors / Schauspieler
cooks / Köche
judges / Richter
lawyers / Anwälte
tourists / Touristen
children / Kinder
women / Frauen
men / Männer
friends / Freunde
neighbours / Nachbarn
computers / Computer
printers / Drucker
keyboards / Tastaturen
screens / Bildschirme
cables / Kabel
batteries / Batterien
cameras / Kameras
phones / Telefone
radios / Radios
guitars / Gitarren
violins / Geigen
drums / Trommeln
flutes / Flöten
pianos / Klaviere
medicine / Medizin
bandages / Verbände
pills / Tabletten
money / Geld
coins / Münzen
tickets / Fahrkarten
keys / Schlüssel
""")

THING_LISTS = templates("""
{} = {}
{} = {}
There were {}. = Es gab {}.
We have {}. = Wir haben {}.
I saw {}. = Ich habe {} gesehen.
I can see {}. = Ich kann {} sehen.
They sell {}. = Sie verkaufen {}.
He drew {}. = Er zeichnete {}.
The shop sells {}. = Das Geschäft verkauft {}.
In the cellar we found {}. = Im Keller haben wir {} gefunden.
On the list are {}. = Auf der Liste stehen {}.
Don't forget {}! = Vergiss {} nicht!
Please bring {}. = Bitte bring {} mit.
Are there {}? = Gibt es {}?
There is a lot to see: {}. = Es gibt viel zu sehen: {}.
Shopping list: {} = Einkaufsliste: {}
Still missing: {} = Es fehlen noch: {}
My grandfather collected {}. = Mein Großvater sammelte {}.
The picture shows {}. = Das Bild zeigt {}.
She wrote a book about {}. = Sie schrieb ein Buch über {}.
He talked about {}. = Er sprach über {}.
The lorry brought {}. = Der Lastwagen brachte {}.
Tomorrow I want to buy {}. = Morgen möchte ich {} kaufen.
We ordered {}. = Wir haben {} bestellt.
You will find {} here. = Hier finden Sie {}.
The museum has {}. = Das Museum hat {}.
Nobody had thought of {}. = Niemand hatte an {} gedacht.
The poem is about {}. = In dem Gedicht geht es um {}.
The children painted {}. = Die Kinder malten {}.
We learned the words for {}. = Wir haben die Wörter für {} gelernt.
Everything was there: {}. = Alles war da: {}.
He sold everything: {}. = Er verkaufte alles: {}.
What do {} have in common? = Was haben {} gemeinsam?
I need the following things: {}. = Ich brauche folgende Dinge: {}.
The exhibition presents {}. = Die Ausstellung zeigt {}.
We spent our money on {}. = Wir haben unser Geld für {} ausgegeben.
The prices for {} are rising. = Die Preise für {} steigen.
Can you describe {}? = Kannst du {} beschreiben?
""")


# Currencies: a sign before the number, its German sign after it.
SIGNS = rows("""
$ / $
€ / €
£ / £
¥ / ¥
₹ / ₹
₽ / ₽
₩ / ₩
₺ / ₺
₴ / ₴
₪ / ₪
US$ / US$
A$ / A$
C$ / C$
NZ$ / NZ$
HK$ / HK$
S$ / S$
R$ / R$
CHF / CHF
EUR / EUR
USD / USD
GBP / GBP
JPY / JPY
INR / INR
CAD / CAD
AUD / AUD
SEK / SEK
NOK / NOK
DKK / DKK
PLN / PLN
CZK / CZK
HUF / HUF
TRY / TRY
CNY / CNY
BRL / BRL
ZAR / ZAR
kr / kr
zł / zł
Kč / Kč
Ft / Ft
Rs / Rs
lei / Lei
""")

# Currencies in words after the number.
MONEY_WORDS = rows("""
dollars / Dollar
euros / Euro
pounds / Pfund
US dollars / US-Dollar
Canadian dollars / kanadische Dollar
Australian dollars / australische Dollar
Swiss francs / Schweizer Franken
francs / Franken
yen / Yen
rupees / Rupien
roubles / Rubel
crowns / Kronen
Swedish kronor / schwedische Kronen
Danish kroner / dänische Kronen
Norwegian kroner / norwegische Kronen
Czech crowns / tschechische Kronen
zlotys / Zloty
forints / Forint
lira / Lira
yuan / Yuan
won / Won
pesos / Peso
Mexican pesos / mexikanische Peso
reais / Real
rand / Rand
dirhams / Dirham
shekels / Schekel
baht / Baht
bitcoins / Bitcoin
cents / Cent
pence / Pence
""")

# The sign of an English price in millions and the word that German uses.
BIG_MONEY = rows("""
$ / Dollar
€ / Euro
£ / Pfund
¥ / Yen
₹ / Rupien
US$ / US-Dollar
""")

MONEY = templates("""
{} = {}
{} = {}
Total: {} = Summe: {}
Price: {} = Preis: {}
only {} = nur {}
from {} = ab {}
up to {} = bis zu {}
about {} = etwa {}
more than {} = mehr als {}
less than {} = weniger als {}
for {} = für {}
{} each = je {}
{} per person = {} pro Person
{} a day = {} am Tag
{} an hour = {} pro Stunde
{} per year = {} pro Jahr
Shipping: {} = Versand: {}
Discount: {} = Rabatt: {}
Balance: {} = Kontostand: {}
The new bridge cost {}. = Die neue Brücke kostete {}.
A cup of tea costs {} here. = Eine Tasse Tee kostet hier {}.
She earns {} a month. = Sie verdient {} im Monat.
I only have {} left. = Ich habe nur noch {}.
Can you lend me {}? = Kannst du mir {} leihen?
They sold their house for {}. = Sie verkauften ihr Haus für {}.
We have collected {} so far. = Wir haben bisher {} gesammelt.
The fine is {}. = Die Geldstrafe beträgt {}.
The damage amounts to {}. = Der Schaden beträgt {}.
The deposit is {} per bicycle. = Die Kaution beträgt {} pro Fahrrad.
He won {} in the lottery. = Er gewann {} im Lotto.
The company made a profit of {}. = Die Firma machte einen Gewinn von {}.
The loss was {}. = Der Verlust betrug {}.
I transferred {} to your account. = Ich habe {} auf dein Konto überwiesen.
The painting was sold for {}. = Das Gemälde wurde für {} verkauft.
You save {}. = Sie sparen {}.
That makes {}. = Das macht {}.
Entry costs {} for adults. = Der Eintritt kostet {} für Erwachsene.
The repair will cost about {}. = Die Reparatur wird etwa {} kosten.
He still owes us {}. = Er schuldet uns noch {}.
My grandmother gave me {} for Christmas. = Meine Großmutter hat mir zu Weihnachten {} geschenkt.
The government will spend {} on schools. = Die Regierung wird {} für Schulen ausgeben.
Someone stole {} from the till. = Jemand hat {} aus der Kasse gestohlen.
The bill came to {}. = Die Rechnung betrug {}.
We offer you {} for the car. = Wir bieten Ihnen {} für das Auto.
Is {} enough? = Reichen {}?
Could I pay {} now and the rest later? = Könnte ich {} jetzt und den Rest später bezahlen?
The tax was raised by {}. = Die Steuer wurde um {} erhöht.
Delivery is free for orders over {}. = Bei Bestellungen über {} ist die Lieferung kostenlos.
The subscription is {} a year. = Das Abonnement kostet {} im Jahr.
A single room costs {} per night. = Ein Einzelzimmer kostet {} pro Nacht.
The price fell to {}. = Der Preis fiel auf {}.
The cheapest ticket is {}. = Die billigste Fahrkarte kostet {}.
The project received {} from the state. = Das Projekt erhielt {} vom Staat.
Tips: {} = Trinkgeld: {}
""")

# Units by what they measure: English unit, German unit. Symbols stay.
UNITS = {
    "length": rows("""
km / km
m / m
cm / cm
mm / mm
µm / µm
nm / nm
ft / ft
in / in
yd / yd
mi / mi
miles / Meilen
kilometres / Kilometer
kilometers / Kilometer
metres / Meter
meters / Meter
centimetres / Zentimeter
millimeters / Millimeter
inches / Zoll
feet / Fuß
yards / Yards
"""), "mass": rows("""
kg / kg
g / g
mg / mg
µg / µg
t / t
lb / lb
lbs / lbs
oz / oz
kilograms / Kilogramm
kilos / Kilo
grams / Gramm
pounds / Pfund
ounces / Unzen
tons / Tonnen
tonnes / Tonnen
"""), "temperature": rows("""
°C / °C
°F / °F
degrees / Grad
degrees Celsius / Grad Celsius
degrees Fahrenheit / Grad Fahrenheit
K / K
"""), "volume": rows("""
l / l
L / L
ml / ml
mL / mL
cl / cl
m³ / m³
cm³ / cm³
litres / Liter
liters / Liter
millilitres / Milliliter
gallons / Gallonen
pints / Pints
cups / Tassen
"""), "data": rows("""
GB / GB
MB / MB
kB / kB
KB / KB
TB / TB
GiB / GiB
MiB / MiB
gigabytes / Gigabyte
megabytes / Megabyte
terabytes / Terabyte
bytes / Byte
bits / Bit
"""), "speed": rows("""
mph / mph
knots / Knoten
miles per hour / Meilen pro Stunde
kilometres per hour / Kilometer pro Stunde
metres per second / Meter pro Sekunde
""") + [("km/h", "km/h"), ("m/s", "m/s")], "other": rows("""
kWh / kWh
kW / kW
MW / MW
W / W
V / V
A / A
mA / mA
mAh / mAh
Hz / Hz
kHz / kHz
MHz / MHz
GHz / GHz
kcal / kcal
kJ / kJ
bar / bar
hPa / hPa
Pa / Pa
dB / dB
N / N
Nm / Nm
ha / ha
m² / m²
km² / km²
acres / Acres
hectares / Hektar
square metres / Quadratmeter
square miles / Quadratmeilen
watts / Watt
volts / Volt
calories / Kalorien
pixels / Pixel
px / px
dpi / dpi
minutes / Minuten
seconds / Sekunden
hours / Stunden
ms / ms
weeks / Wochen
"""),
}

MEASURES = {
    "any": templates("""
{} = {}
{} = {}
about {} = etwa {}
at least {} = mindestens {}
at most {} = höchstens {}
less than {} = weniger als {}
exactly {} = genau {}
up to {} = bis zu {}
Maximum: {} = Maximum: {}
Minimum: {} = Minimum: {}
The display shows {}. = Die Anzeige zeigt {}.
We measured {}. = Wir haben {} gemessen.
It was less than {}. = Es waren weniger als {}.
The difference is {}. = Der Unterschied beträgt {}.
Only {} are allowed. = Nur {} sind erlaubt.
Set it to {}. = Stellen Sie es auf {} ein.
Can it be {}? = Können es {} sein?
The average is {}. = Der Durchschnitt liegt bei {}.
More than {} is not possible. = Mehr als {} ist nicht möglich.
It should be exactly {}. = Es sollten genau {} sein.
"""), "length": templates("""
The river is {} long. = Der Fluss ist {} lang.
The tower is {} high. = Der Turm ist {} hoch.
The board is {} wide. = Das Brett ist {} breit.
The snow is {} deep. = Der Schnee ist {} tief.
The next petrol station is {} away. = Die nächste Tankstelle ist {} entfernt.
He ran {}. = Er lief {}.
She is {} tall. = Sie ist {} groß.
Cut off {}. = Schneiden Sie {} ab.
Keep a distance of {}. = Halten Sie einen Abstand von {} ein.
The ship was {} from the coast. = Das Schiff war {} von der Küste entfernt.
Turn left after {}. = Biegen Sie nach {} links ab.
We walked {} in one day. = Wir sind {} an einem Tag gelaufen.
"""), "mass": templates("""
The parcel weighs {}. = Das Paket wiegt {}.
I lost {} last year. = Ich habe letztes Jahr {} abgenommen.
The baby weighed {} at birth. = Das Baby wog bei der Geburt {}.
Add {} of sugar. = Geben Sie {} Zucker hinzu.
How much do {} of cherries cost? = Was kosten {} Kirschen?
The lorry can carry {}. = Der Lastwagen kann {} tragen.
The farm produced {} of wheat. = Der Hof erzeugte {} Weizen.
Your luggage may weigh {}. = Ihr Gepäck darf {} wiegen.
She bought {} of potatoes. = Sie kaufte {} Kartoffeln.
"""), "temperature": templates("""
The oven must be {} hot. = Der Ofen muss {} heiß sein.
Bake it at {}. = Backen Sie es bei {}.
It was {} in the shade. = Es waren {} im Schatten.
The water boils at {}. = Das Wasser kocht bei {}.
At night it will be {}. = Nachts werden es {}.
His temperature rose to {}. = Seine Temperatur stieg auf {}.
Wash it at {}. = Waschen Sie es bei {}.
Outside it is {}. = Draußen sind es {}.
Store below {}. = Unter {} lagern.
"""), "volume": templates("""
The bucket holds {}. = Der Eimer fasst {}.
Drink {} of water a day. = Trinken Sie {} Wasser am Tag.
The tank contains {}. = Der Tank enthält {}.
Pour in {} of milk. = Gießen Sie {} Milch hinein.
The car uses {} of petrol. = Das Auto verbraucht {} Benzin.
We drank {} of juice. = Wir tranken {} Saft.
"""), "data": templates("""
The file is {} in size. = Die Datei ist {} groß.
The disk has {} of free space. = Auf der Festplatte sind {} frei.
You have used {}. = Sie haben {} verbraucht.
The download is {}. = Der Download umfasst {}.
The computer has {} of memory. = Der Rechner hat {} Speicher.
Attachments may be {} in size. = Anhänge dürfen {} groß sein.
"""), "speed": templates("""
The car was going {}. = Das Auto fuhr {}.
The wind reached {}. = Der Wind erreichte {}.
The speed limit here is {}. = Hier gilt ein Tempolimit von {}.
The train travels at {}. = Der Zug fährt mit {}.
He drove at {} through the village. = Er fuhr mit {} durch das Dorf.
"""), "other": templates("""
The device is rated at {}. = Das Gerät ist für {} ausgelegt.
The reading was {}. = Der Messwert lag bei {}.
"""),
}

RANGES = templates("""
{} = {}
{} = {}
pages {} = Seiten {}
lines {} = Zeilen {}
ages {} = Alter {}
rooms {} = Räume {}
years {} = Jahre {}
steps {} = Schritte {}
{} minutes = {} Minuten
{} people = {} Personen
{} days = {} Tage
{} hours = {} Stunden
{} weeks = {} Wochen
{} players = {} Spieler
{} % = {} %
{} years old = {} Jahre alt
for {} players = für {} Spieler
Read pages {}. = Lies die Seiten {}.
Only questions {} are difficult. = Nur die Fragen {} sind schwierig.
The game is for {} players. = Das Spiel ist für {} Spieler.
Delivery takes {} working days. = Die Lieferung dauert {} Werktage.
The bus needs {} minutes. = Der Bus braucht {} Minuten.
We expect {} guests. = Wir erwarten {} Gäste.
The tour lasts {} hours. = Die Führung dauert {} Stunden.
Cook the noodles for {} minutes. = Kochen Sie die Nudeln {} Minuten.
Lessons {} are on the CD. = Die Lektionen {} sind auf der CD.
The plants grow {} metres high. = Die Pflanzen werden {} Meter hoch.
You should sleep {} hours. = Du solltest {} Stunden schlafen.
The trousers cost {} pounds. = Die Hosen kosten {} Pfund.
Wait {} seconds. = Warten Sie {} Sekunden.
A bag weighs {} kilos. = Ein Sack wiegt {} Kilo.
See figures {}. = Siehe die Abbildungen {}.
Seats {} are taken. = Die Plätze {} sind besetzt.
The puppies are {} weeks old. = Die Welpen sind {} Wochen alt.
Students in classes {} have no school. = Die Schüler der Klassen {} haben keine Schule.
The repair takes {} weeks. = Die Reparatur dauert {} Wochen.
Temperatures are at {} °C. = Die Temperaturen liegen bei {} °C.
The lake is {} metres deep. = Der See ist {} Meter tief.
Volumes {} are missing. = Die Bände {} fehlen.
Take {} tablets. = Nehmen Sie {} Tabletten.
A team has {} members. = Eine Mannschaft hat {} Mitglieder.
""")

NUMBER_LISTS = templates("""
{} = {}
{} = {}
{} = {}
{} = {}
{} = {}
{} = {}
Numbers: {} = Zahlen: {}
Rows: {} = Zeilen: {}
Rooms: {} = Zimmer: {}
Pages: {} = Seiten: {}
Results: {} = Ergebnisse: {}
Values: {} = Werte: {}
Sizes: {} = Größen: {}
Lines: {} = Linien: {}
Gates {} = Tore {}
Winning numbers: {}. = Gewinnzahlen: {}.
Sort these numbers: {}. = Sortiere diese Zahlen: {}.
Add up {}. = Addiere {}.
She counted: {}. = Sie zählte: {}.
Seats {} are free. = Die Plätze {} sind frei.
The measured values are {}. = Die Messwerte sind {}.
Questions {} are for homework. = Die Fragen {} sind Hausaufgabe.
The code consists of {}. = Der Code besteht aus {}.
Which number comes next: {}? = Welche Zahl kommt als Nächstes: {}?
Bus routes {} are affected. = Die Buslinien {} sind betroffen.
Only {} remained. = Nur {} blieben übrig.
The houses with the numbers {} are empty. = Die Häuser mit den Nummern {} stehen leer.
The chapters {} are missing. = Die Kapitel {} fehlen.
Enter the numbers {}. = Geben Sie die Zahlen {} ein.
The players with the numbers {} are injured. = Die Spieler mit den Nummern {} sind verletzt.
""")

LONG_NUMBERS = templates("""
{} = {}
{} = {}
{} = {}
{} inhabitants = {} Einwohner
{} entries = {} Einträge
{} visitors = {} Besucher
{} copies = {} Exemplare
{} results = {} Ergebnisse
{} views = {} Aufrufe
{} euros = {} Euro
{} votes = {} Stimmen
about {} animals = etwa {} Tiere
almost {} tons = fast {} Tonnen
more than {} trees = mehr als {} Bäume
Files: {} = Dateien: {}
Visitors: {} = Besucher: {}
Points: {} = Punkte: {}
Inhabitants: {} = Einwohner: {}
The library owns {} books. = Die Bibliothek besitzt {} Bücher.
The party received {} votes. = Die Partei erhielt {} Stimmen.
They planted {} trees. = Sie pflanzten {} Bäume.
The video has {} views. = Das Video hat {} Aufrufe.
The stadium has room for {} spectators. = Das Stadion bietet Platz für {} Zuschauer.
Around {} tourists come every year. = Jedes Jahr kommen rund {} Touristen.
The database contains {} records. = Die Datenbank enthält {} Datensätze.
The factory produces {} cars a year. = Die Fabrik produziert {} Autos im Jahr.
The star is {} light years away. = Der Stern ist {} Lichtjahre entfernt.
We sold {} tickets. = Wir haben {} Karten verkauft.
The word occurs {} times. = Das Wort kommt {} Mal vor.
The book was sold {} times. = Das Buch wurde {} Mal verkauft.
The search found {} pages. = Die Suche ergab {} Seiten.
Of these, {} were destroyed. = Davon wurden {} zerstört.
The island has {} inhabitants. = Die Insel hat {} Einwohner.
The state lent the bank {} euros. = Der Staat lieh der Bank {} Euro.
The debt is {} dollars. = Die Schulden betragen {} Dollar.
Can you imagine {} stars? = Kannst du dir {} Sterne vorstellen?
How many zeros does {} have? = Wie viele Nullen hat {}?
The result of the calculation is {}. = Das Ergebnis der Rechnung ist {}.
Divide {} by two. = Teile {} durch zwei.
The counter stands at {}. = Der Zähler steht bei {}.
In total, {} people signed. = Insgesamt haben {} Menschen unterschrieben.
She typed {}. = Sie tippte {} ein.
The highest number is {}. = Die höchste Zahl ist {}.
""")

PHONES = templates("""
{} = {}
{} = {}
Tel. {} = Tel. {}
Tel.: {} = Tel.: {}
Mobile: {} = Mobil: {}
Fax: {} = Fax: {}
Hotline: {} = Hotline: {}
Telephone {} = Telefon {}
Emergency: {} = Notfall: {}
Reception: {} = Rezeption: {}
Give me a call: {}. = Ruf mich an: {}.
You can reach me on {}. = Du erreichst mich unter {}.
You can reach our office at {}. = Sie erreichen unser Büro unter {}.
The number of the hotel is {}. = Die Nummer des Hotels lautet {}.
Her new number is {}. = Ihre neue Nummer ist {}.
Dial {} to book. = Wählen Sie {}, um zu buchen.
Dial {}. = Wählen Sie {}.
Send a text message to {}. = Schicken Sie eine SMS an {}.
If you have questions, ring {}. = Wenn Sie Fragen haben, rufen Sie {} an.
I tried {}, but nobody answered. = Ich habe es unter {} versucht, aber niemand ging ran.
Is {} still your number? = Ist {} noch deine Nummer?
Whose number is {}? = Wessen Nummer ist {}?
Somebody called from {}. = Jemand hat von {} angerufen.
Our service team is available at {}. = Unser Serviceteam ist unter {} erreichbar.
For tickets, phone {}. = Für Karten rufen Sie {} an.
Please ring {} before you come. = Bitte rufen Sie {} an, bevor Sie kommen.
Leave a message at {}. = Hinterlassen Sie eine Nachricht unter {}.
Save {} in your phone. = Speichere {} in deinem Telefon.
Orders: {} = Bestellungen: {}
The doctor's number is {}. = Die Nummer des Arztes ist {}.
In an emergency call {}. = Rufen Sie im Notfall {} an.
The taxi company has the number {}. = Das Taxiunternehmen hat die Nummer {}.
Contact us at {}. = Kontaktieren Sie uns unter {}.
Our fax number is {}. = Unsere Faxnummer ist {}.
Block the number {}. = Sperren Sie die Nummer {}.
He wrote {} on a piece of paper. = Er schrieb {} auf einen Zettel.
We can be reached day and night at {}. = Wir sind Tag und Nacht unter {} erreichbar.
Ask for Anna at {}. = Fragen Sie unter {} nach Anna.
Under {} you only hear a recording. = Unter {} hört man nur eine Ansage.
WhatsApp: {} = WhatsApp: {}
""")

CODES = templates("""
{} = {}
{} = {}
No. {} = Nr. {}
Order {} = Bestellung {}
Invoice {} = Rechnung {}
Reference: {} = Referenz: {}
Customer number: {} = Kundennummer: {}
Serial number: {} = Seriennummer: {}
Flight {} = Flug {}
Model {} = Modell {}
Room {} = Zimmer {}
Ticket {} = Ticket {}
File number {} = Aktenzeichen {}
The order {} was cancelled. = Die Bestellung {} wurde storniert.
We have received your payment for {}. = Wir haben Ihre Zahlung für {} erhalten.
The invoice {} has not been paid. = Die Rechnung {} wurde nicht bezahlt.
Where is my parcel {}? = Wo ist mein Paket {}?
Your booking number is {}. = Ihre Buchungsnummer ist {}.
Please enter the code {}. = Bitte geben Sie den Code {} ein.
The password is {}. = Das Passwort lautet {}.
Flight {} is delayed. = Der Flug {} ist verspätet.
The device with the serial number {} is broken. = Das Gerät mit der Seriennummer {} ist kaputt.
I would like to return item {}. = Ich möchte den Artikel {} zurückgeben.
Error {} occurred. = Der Fehler {} ist aufgetreten.
What does error {} mean? = Was bedeutet der Fehler {}?
The car with the number plate {} is badly parked. = Das Auto mit dem Kennzeichen {} ist schlecht geparkt.
Ticket {} has been closed. = Das Ticket {} wurde geschlossen.
Your customer number is {}. = Ihre Kundennummer lautet {}.
Article {} is sold out. = Der Artikel {} ist ausverkauft.
Use {} as a voucher. = Verwenden Sie {} als Gutschein.
The model {} is no longer made. = Das Modell {} wird nicht mehr hergestellt.
Container {} has arrived in the port. = Der Container {} ist im Hafen angekommen.
The key fits locker {}. = Der Schlüssel passt zu Schließfach {}.
My membership number is {}. = Meine Mitgliedsnummer ist {}.
Please always state {}. = Bitte geben Sie immer {} an.
Compare {} with the number on the box. = Vergleichen Sie {} mit der Nummer auf der Schachtel.
The contract has the number {}. = Der Vertrag hat die Nummer {}.
The patient with the number {} can come in. = Der Patient mit der Nummer {} kann hereinkommen.
Have you found {}? = Haben Sie {} gefunden?
I am writing to you about {}. = Ich schreibe Ihnen wegen {}.
Spare part {} is on its way. = Das Ersatzteil {} ist unterwegs.
""")

DOTTED = templates("""
{} = {}
{} = {}
version {} = Version {}
since version {} = seit Version {}
Chapter {} = Kapitel {}
IP: {} = IP: {}
Server: {} = Server: {}
Release {} = Release {}
Update to {} = Aktualisierung auf {}
Requires {} = Benötigt {}
We are still using version {}. = Wir verwenden noch Version {}.
The bug was fixed in {}. = Der Fehler wurde in {} behoben.
The program crashes since {}. = Das Programm stürzt seit {} ab.
Download {} here. = Laden Sie {} hier herunter.
Version {} brings new features. = Version {} bringt neue Funktionen.
Version {} is no longer supported. = Version {} wird nicht mehr unterstützt.
The server {} does not answer. = Der Server {} antwortet nicht.
Connect to {}. = Verbinden Sie sich mit {}.
Your IP address is {}. = Ihre IP-Adresse ist {}.
The connection to {} failed. = Die Verbindung zu {} ist fehlgeschlagen.
The printer has the address {}. = Der Drucker hat die Adresse {}.
Read paragraph {} again. = Lesen Sie Absatz {} noch einmal.
Table {} shows the results. = Tabelle {} zeigt die Ergebnisse.
You need at least version {}. = Sie brauchen mindestens Version {}.
Please update to {}. = Bitte aktualisieren Sie auf {}.
Does it also work with {}? = Funktioniert es auch mit {}?
After {} everything was different. = Nach {} war alles anders.
The router is at {}. = Der Router ist unter {} erreichbar.
Replace {} with the address of your server. = Ersetzen Sie {} durch die Adresse Ihres Servers.
The latest version is {}. = Die neueste Version ist {}.
As described in {}, this is allowed. = Wie in {} beschrieben, ist das erlaubt.
{} was the last stable version. = {} war die letzte stabile Version.
What is new in {}? = Was ist neu in {}?
Go back to {}. = Kehren Sie zu {} zurück.
Packets to {} get lost. = Pakete an {} gehen verloren.
Attacks from {} were blocked. = Angriffe von {} wurden blockiert.
I have tested {}. = Ich habe {} getestet.
Never open {} on a public network. = Öffnen Sie {} nie in einem öffentlichen Netz.
Section {} was rewritten. = Abschnitt {} wurde neu geschrieben.
The rule in {} applies to everyone. = Die Regel in {} gilt für alle.
""")

# On a day: ISO dates, dates in digits and dates in words.
ON_A_DAY = templates("""
{} = {}
{} = {}
on {} = am {}
by {} = bis zum {}
since {} = seit dem {}
until {} = bis zum {}
from {} = ab dem {}
before {} = vor dem {}
Date: {} = Datum: {}
Last changed: {} = Zuletzt geändert: {}
Valid until {} = Gültig bis {}
As of {} = Stand: {}
Updated {} = Aktualisiert am {}
Posted {} = Geschrieben am {}
Posted on {} = Geschrieben am {}
Released {} = Erschienen am {}
First published {} = Zuerst veröffentlicht am {}
Signed {} = Unterzeichnet am {}
Received {} = Eingegangen am {}
Created on {} = Erstellt am {}
Recorded {} = Aufgenommen am {}
Opened {} = Eröffnet am {}
Born {} = Geboren am {}
Reviewed {} = Geprüft am {}
Uploaded: {} = Hochgeladen: {}
Due on {} = Fällig am {}
Departure: {} = Abreise: {}
Arrival on {} = Ankunft am {}
The shop was opened on {}. = Das Geschäft wurde am {} eröffnet.
The letter arrived on {}. = Der Brief kam am {} an.
We got married on {}. = Wir haben am {} geheiratet.
He died on {}. = Er starb am {}.
The film comes to the cinema on {}. = Der Film kommt am {} ins Kino.
Please pay the bill by {}. = Bitte bezahlen Sie die Rechnung bis zum {}.
The offer is valid until {}. = Das Angebot gilt bis zum {}.
Registration is possible until {}. = Die Anmeldung ist bis zum {} möglich.
I have been working here since {}. = Ich arbeite seit dem {} hier.
Your order was sent on {}. = Ihre Bestellung wurde am {} verschickt.
My passport expires on {}. = Mein Pass läuft am {} ab.
The school holidays begin on {}. = Die Schulferien beginnen am {}.
The next meeting will take place on {}. = Die nächste Sitzung findet am {} statt.
The accident happened on {}. = Der Unfall ereignete sich am {}.
Do you have time on {}? = Hast du am {} Zeit?
What did you do on {}? = Was hast du am {} gemacht?
From {} the rent will be higher. = Ab dem {} wird die Miete höher sein.
The museum is closed on {}. = Das Museum ist am {} geschlossen.
The war ended on {}. = Der Krieg endete am {}.
I was not at home on {}. = Am {} war ich nicht zu Hause.
The photo was taken on {}. = Das Foto wurde am {} aufgenommen.
The new rules apply from {}. = Die neuen Regeln gelten ab dem {}.
He has been missing since {}. = Er wird seit dem {} vermisst.
The backup from {} is damaged. = Die Sicherung vom {} ist beschädigt.
Thank you for your letter of {}. = Vielen Dank für Ihren Brief vom {}.
Election day is {}. = Wahltag ist der {}.
The trial begins on {}. = Der Prozess beginnt am {}.
The patient was discharged on {}. = Der Patient wurde am {} entlassen.
The concert has been moved to {}. = Das Konzert wurde auf den {} verschoben.
On {} everything changed. = Am {} änderte sich alles.
""")

# At a time of day.
AT_A_TIME = templates("""
Dinner is at {}. = Abendessen gibt es um {}.
The bus comes at {}. = Der Bus kommt um {}.
Wake me at {}, please. = Weck mich bitte um {}.
The plane lands at {}. = Das Flugzeug landet um {}.
The lesson ends at {}. = Der Unterricht endet um {}.
I have to go at {}. = Ich muss um {} gehen.
The bank closes at {}. = Die Bank schließt um {}.
She went to bed at {}. = Sie ging um {} ins Bett.
He phoned me at {}. = Er rief mich um {} an.
Be there at {}. = Sei um {} da.
Doors open at {}. = Einlass ist um {}.
What were you doing at {}? = Was hast du um {} gemacht?
The game begins at {}. = Das Spiel beginnt um {}.
The next ferry leaves at {}. = Die nächste Fähre fährt um {}.
Our appointment is at {}. = Unser Termin ist um {}.
I will be back at {}. = Ich bin um {} zurück.
Can we talk at {}? = Können wir um {} reden?
The alarm went off at {}. = Der Alarm ging um {} los.
The last bus leaves at {}. = Der letzte Bus fährt um {}.
Lunch is served at {}. = Das Mittagessen wird um {} serviert.
tomorrow at {} = morgen um {}
today at {} = heute um {}
yesterday at {} = gestern um {}
Start: {} = Beginn: {}
until {} = bis {}
from {} = ab {}
""")

TIME_RANGES = templates("""
{} = {}
{} = {}
Open: {} = Geöffnet: {}
Opening hours: {} = Öffnungszeiten: {}
Office hours: {} = Sprechzeiten: {}
Lunch break: {} = Mittagspause: {}
Lesson: {} = Unterricht: {}
Delivery: {} = Lieferung: {}
The shop is open {}. = Das Geschäft ist {} geöffnet.
Visiting hours are {}. = Die Besuchszeit ist {}.
No parking {}. = Parken verboten {}.
The pool is closed {}. = Das Schwimmbad ist {} geschlossen.
""")


# Negation. Subjects: English, German, person (1s, 2s, 3s, p).
SUBJECTS = rows("""
I / ich / 1s
you / du / 2s
he / er / 3s
she / sie / 3s
we / wir / p
they / sie / p
my father / mein Vater / 3s
my sister / meine Schwester / 3s
Tom / Tom / 3s
our teacher / unsere Lehrerin / 3s
the doctor / der Arzt / 3s
the mayor / der Bürgermeister / 3s
the committee / der Ausschuss / 3s
the company / die Firma / 3s
his wife / seine Frau / 3s
most people / die meisten Leute / p
many students / viele Studenten / p
some experts / einige Fachleute / p
my parents / meine Eltern / p
the neighbours / die Nachbarn / p
the farmers / die Bauern / p
the customers / die Kunden / p
her friends / ihre Freunde / p
""")

# Objects: English, German accusative, German dative; p for people.
OBJECTS = rows("""
him / ihn / ihm / p
her / sie / ihr / p
them / sie / ihnen / p
the boss / den Chef / dem Chef / p
my brother / meinen Bruder / meinem Bruder / p
the new teacher / die neue Lehrerin / der neuen Lehrerin / p
the government / die Regierung / der Regierung / p
the minister / den Minister / dem Minister / p
the lawyers / die Anwälte / den Anwälten / p
his neighbours / seine Nachbarn / seinen Nachbarn / p
such people / solche Leute / solchen Leuten / p
the critics / die Kritiker / den Kritikern / p
that woman / diese Frau / dieser Frau / p
the plan / den Plan / dem Plan / t
the decision / die Entscheidung / der Entscheidung / t
that idea / diese Idee / dieser Idee / t
his opinion / seine Meinung / seiner Meinung / t
the new law / das neue Gesetz / dem neuen Gesetz / t
these rules / diese Regeln / diesen Regeln / t
your proposal / deinen Vorschlag / deinem Vorschlag / t
the report / den Bericht / dem Bericht / t
their methods / ihre Methoden / ihren Methoden / t
this article / diesen Artikel / diesem Artikel / t
the judgment / das Urteil / dem Urteil / t
what he says / das, was er sagt, / dem, was er sagt, / t
the last point / den letzten Punkt / dem letzten Punkt / t
such changes / solche Änderungen / solchen Änderungen / t
this policy / diese Politik / dieser Politik / t
the price increase / die Preiserhöhung / der Preiserhöhung / t
the author's conclusion / die Schlussfolgerung des Autors / der Schlussfolgerung des Autors / t
""")

# Adverbs before a negative verb: German before nicht (nicht itself among it), German before a verb or an adjective
# that is negative itself.
ADVERBS = rows("""
/ nicht /
strongly / ganz und gar nicht / entschieden
totally / überhaupt nicht / völlig
completely / absolut nicht / vollkommen
fully / in keiner Weise / voll und ganz
utterly / ganz und gar nicht / ganz und gar
entirely / überhaupt nicht / gänzlich
deeply / ganz und gar nicht / zutiefst
really / wirklich nicht / wirklich
still / immer noch nicht / immer noch
simply / einfach nicht / einfach
often / oft nicht / oft
sometimes / manchmal nicht / manchmal
partly / teilweise nicht / teilweise
clearly / eindeutig nicht / eindeutig
obviously / offensichtlich nicht / offensichtlich
generally / im Allgemeinen nicht / im Allgemeinen
personally / persönlich nicht / persönlich
secretly / insgeheim nicht / insgeheim
""")

# Verbs that deny. English: present (I), present (he), past. German: present of ich, du, er and plural, past of ich, du
# and plural. Then the rest of the German sentence: {a} or {d} is the object, {n} the adverb with nicht, {p} the adverb
# without it; {p|sehr} says sehr for strongly. At the end p for people as objects, t for things.
DENIALS = rows("""
disagree with / disagrees with / disagreed with / stimme / stimmst / stimmt / stimmen / stimmte / stimmtest / stimmten / \
    {d} {n} zu / pt
dislike / dislikes / disliked / mag / magst / mag / mögen / mochte / mochtest / mochten / {a} {n} / pt
disapprove of / disapproves of / disapproved of / missbillige / missbilligst / missbilligt / missbilligen / missbilligte / \
    missbilligtest / missbilligten / {a} {p} / t
oppose / opposes / opposed / lehne / lehnst / lehnt / lehnen / lehnte / lehntest / lehnten / {a} {p} ab / t
reject / rejects / rejected / weise / weist / weist / weisen / wies / wiesest / wiesen / {a} {p} zurück / t
distrust / distrusts / distrusted / misstraue / misstraust / misstraut / misstrauen / misstraute / misstrautest / \
    misstrauten / {d} {p|sehr} / pt
mistrust / mistrusts / mistrusted / traue / traust / traut / trauen / traute / trautest / trauten / {d} {n} / pt
disobey / disobeys / disobeyed / gehorche / gehorchst / gehorcht / gehorchen / gehorchte / gehorchtest / gehorchten / \
    {d} {n} / p
disbelieve / disbelieves / disbelieved / glaube / glaubst / glaubt / glauben / glaubte / glaubtest / glaubten / {d} {n} / p
disrespect / disrespects / disrespected / respektiere / respektierst / respektiert / respektieren / respektierte / \
    respektiertest / respektierten / {a} {n} / pt
misunderstand / misunderstands / misunderstood / verstehe / verstehst / versteht / verstehen / verstand / verstandest / \
    verstanden / {a} {p|ganz} falsch / pt
underestimate / underestimates / underestimated / unterschätze / unterschätzt / unterschätzt / unterschätzen / \
    unterschätzte / unterschätztest / unterschätzten / {a} {p|stark} / pt
disregard / disregards / disregarded / missachte / missachtest / missachtet / missachten / missachtete / missachtetest / \
    missachteten / {a} {p|völlig} / t
""")

# The same with not: do not, does not, did not.
NEGATED = rows("""
trust / traue / traust / traut / trauen / traute / trautest / trauten / {d} {n} / pt
believe / glaube / glaubst / glaubt / glauben / glaubte / glaubtest / glaubten / {d} {n} / p
understand / verstehe / verstehst / versteht / verstehen / verstand / verstandest / verstanden / {a} {n} / pt
support / unterstütze / unterstützt / unterstützt / unterstützen / unterstützte / unterstütztest / unterstützten / {a} {n} / pt
accept / akzeptiere / akzeptierst / akzeptiert / akzeptieren / akzeptierte / akzeptiertest / akzeptierten / {a} {n} / pt
agree with / stimme / stimmst / stimmt / stimmen / stimmte / stimmtest / stimmten / {d} {n} zu / pt
like / mag / magst / mag / mögen / mochte / mochtest / mochten / {a} {n} / pt
respect / respektiere / respektierst / respektiert / respektieren / respektierte / respektiertest / respektierten / {a} {n} / pt
need / brauche / brauchst / braucht / brauchen / brauchte / brauchtest / brauchten / {a} {n} / pt
want / will / willst / will / wollen / wollte / wolltest / wollten / {a} {n} / t
approve of / billige / billigst / billigt / billigen / billigte / billigtest / billigten / {a} {n} / t
""")

# English words between not and the verb, or instead of not, and German in the place of nicht.
NOTS = rows("""
not / nicht
not really / nicht wirklich
not fully / nicht ganz
not completely / nicht vollkommen
not always / nicht immer
not even / nicht einmal
not actually / eigentlich nicht
not yet / noch nicht
not particularly / nicht besonders
not entirely / nicht ganz
not necessarily / nicht unbedingt
""")
INSTEAD_OF_NOT = rows("""
never / nie
hardly / kaum
no longer / nicht mehr
hardly ever / fast nie
rarely / selten
seldom / selten
""")

# Negative adjectives with a preposition: what follows be, and German with {d} or {a} and the adverb {p}.
NEGATIVE_ADJECTIVES = rows("""
unhappy with / mit {d} {p} unzufrieden / pt
dissatisfied with / mit {d} {p} unzufrieden / pt
disappointed by / von {d} {p} enttäuscht / pt
disappointed with / von {d} {p} enttäuscht / pt
unimpressed by / von {d} {p} unbeeindruckt / pt
independent of / von {d} {p} unabhängig / pt
against / {p} gegen {a} / pt
opposed to / {p} gegen {a} / t
""")
DEGREES = rows("""
very / sehr
deeply / zutiefst
totally / völlig
completely / vollkommen
really / wirklich
extremely / äußerst
utterly / ganz und gar
rather / ziemlich
slightly / ein wenig
still / immer noch
clearly / eindeutig
often / oft
partly / teilweise
""")

# Before the sentence; German with the verb first after all but the last one.
OPENINGS = rows("""
Unfortunately, / Leider
As you know, / Wie du weißt,
In fact, / Tatsächlich
Of course / Natürlich
Apparently / Anscheinend
Today / Heute
In this case / In diesem Fall
After all that / Nach alledem
Until now / Bis jetzt
But / Aber
""")

IMPOSSIBLE = rows("""
impossible / unmöglich
unnecessary / unnötig
unwise / unklug
unfair / unfair
unusual / ungewöhnlich
illegal / illegal
irresponsible / unverantwortlich
inappropriate / unangebracht
unacceptable / inakzeptabel
unreasonable / unvernünftig
dishonest / unehrlich
impolite / unhöflich
inconvenient / unpraktisch
""")
IMPOSSIBLE_DEGREES = rows("""
/
absolutely / absolut
completely / vollkommen
totally / völlig
almost / fast
practically / praktisch
simply / einfach
really / wirklich
not / nicht
not at all / überhaupt nicht
not entirely / nicht ganz
never / nie
certainly not / sicher nicht
""")
TO_DO = rows("""
to finish this today / das heute fertigzustellen
to help everyone / allen zu helfen
to change the date / den Termin zu ändern
to leave now / jetzt zu gehen
to sell the house / das Haus zu verkaufen
to wait any longer / noch länger zu warten
to forget that day / diesen Tag zu vergessen
to park here / hier zu parken
to laugh about it / darüber zu lachen
to pay in cash / bar zu bezahlen
to work at night / nachts zu arbeiten
to ask such questions / solche Fragen zu stellen
to live without water / ohne Wasser zu leben
to say no / Nein zu sagen
to swim across the lake / über den See zu schwimmen
to blame the driver / dem Fahrer die Schuld zu geben
to cancel the order / die Bestellung zu stornieren
to keep the money / das Geld zu behalten
to start again / noch einmal anzufangen
to tell the truth / die Wahrheit zu sagen
""")


# Names that nobody has, and what is said about them. A name is made of syllables of an onset, a vowel and a coda.
ONSETS = """b bh br c ch d dh dr f fl fr g gh gl gr h j k kh kl kr kw l ll m n ng ny p ph pr qu r rh s sh sk sl st sz t th
tr ts v vl w wh x y z zh č ł š""".split()
VOWELS = "a a a a a e e e e e i i i i o o o o u u u y ae ai au ea ee ei ia ie io oa oo ou ue á é í ó ø å ä ö ü ã ê".split()
CODAS = "b ch ck d dt f g hl k l ld ll lm m mp n nd ng nk nn nt p r rd rk rn rs rt s sch ss st t th tt tz v w x z ć ń ś".split()
BEFORE_NAMES = ["Mc", "Mac", "O’", "O'", "D’", "Al-", "El-", "Ben-", "De ", "Van ", "de la ", "di "]

NAMED = templates("""
Mr. {} = Herr {}
Mrs. {} = Frau {}
Dr. {} = Dr. {}
Dear Mr. {}, = Sehr geehrter Herr {},
Dear Ms. {}, = Sehr geehrte Frau {},
Hello, {}! = Hallo, {}!
My name is {}. = Mein Name ist {}.
{} called this morning. = {} hat heute Morgen angerufen.
{} lives next door. = {} wohnt nebenan.
{} is waiting outside. = {} wartet draußen.
{} and I are old friends. = {} und ich sind alte Freunde.
I met {} at the station. = Ich habe {} am Bahnhof getroffen.
Have you seen {} today? = Hast du {} heute gesehen?
Where is {}? = Wo ist {}?
This is a letter from {}. = Das ist ein Brief von {}.
We went to the cinema with {}. = Wir sind mit {} ins Kino gegangen.
She works for {}. = Sie arbeitet für {}.
The painting is by {}. = Das Gemälde ist von {}.
The book was written by {}. = Das Buch wurde von {} geschrieben.
According to {}, the bridge is safe. = Laut {} ist die Brücke sicher.
Two of the students are called {}. = Zwei der Schüler heißen {}.
{} was born in a small village. = {} wurde in einem kleinen Dorf geboren.
He was defeated by {} in the final. = Er wurde im Finale von {} geschlagen.
Please give this to {}. = Bitte gib das {}.
""")


# Texts that are carried across: {0}, {1}, … stand for copy tokens, numbered as in the English sentence.
COPIED = templates("""
Open {0} in your browser. = Öffnen Sie {0} in Ihrem Browser.
Visit {0} for more information. = Besuchen Sie {0}, um mehr zu erfahren.
More information is available at {0}. = Weitere Informationen gibt es unter {0}.
See {0}. = Siehe {0}.
For details see {0}. = Einzelheiten finden Sie unter {0}.
You can find the instructions at {0}. = Die Anleitung finden Sie unter {0}.
Write to {0}. = Schreiben Sie an {0}.
Send your application to {0}. = Schicken Sie Ihre Bewerbung an {0}.
My e-mail address is {0}. = Meine E-Mail-Adresse ist {0}.
Is {0} your address? = Ist {0} deine Adresse?
Please reply to {0}. = Bitte antworten Sie an {0}.
Contact {0} if you have any questions. = Wenden Sie sich bei Fragen an {0}.
The website {0} is down. = Die Website {0} ist nicht erreichbar.
I read it on {0}. = Ich habe es auf {0} gelesen.
Edit the file {0}. = Bearbeiten Sie die Datei {0}.
Open {0} and change the first line. = Öffnen Sie {0} und ändern Sie die erste Zeile.
The file {0} could not be found. = Die Datei {0} wurde nicht gefunden.
The file {0} already exists. = Die Datei {0} existiert bereits.
Do you want to delete {0}? = Möchten Sie {0} löschen?
Do you really want to overwrite {0}? = Möchten Sie {0} wirklich überschreiben?
{0} was saved. = {0} wurde gespeichert.
{0} has been deleted. = {0} wurde gelöscht.
{0} is not a directory. = {0} ist kein Verzeichnis.
{0} could not be opened. = {0} konnte nicht geöffnet werden.
Copy {0} to {1}. = Kopieren Sie {0} nach {1}.
Rename {0} to {1}. = Benennen Sie {0} in {1} um.
Move the file {0} to the folder {1}. = Verschieben Sie die Datei {0} in den Ordner {1}.
Downloading {0} … = {0} wird heruntergeladen …
Loading {0} … = {0} wird geladen …
{0} of {1} files copied = {0} von {1} Dateien kopiert
{0} of {1} = {0} von {1}
Page {0} of {1} = Seite {0} von {1}
{0} files were deleted. = {0} Dateien wurden gelöscht.
{0} files selected = {0} Dateien ausgewählt
{0} new messages = {0} neue Nachrichten
You have {0} unread e-mails. = Sie haben {0} ungelesene E-Mails.
{0} people like this. = {0} Personen gefällt das.
{0} results for {1} = {0} Ergebnisse für {1}
{0} minutes left = noch {0} Minuten
{0} days ago = vor {0} Tagen
in {0} hours = in {0} Stunden
Hello {0}! = Hallo {0}!
Hello {0}, = Hallo {0},
Dear {0}, = Liebe/r {0},
Hi {0}, how are you? = Hi {0}, wie geht es dir?
Welcome, {0}! = Willkommen, {0}!
Welcome to {0}! = Willkommen bei {0}!
Thank you, {0}. = Danke, {0}.
Goodbye, {0}! = Auf Wiedersehen, {0}!
{0} sent you a message. = {0} hat Ihnen eine Nachricht geschickt.
{0} invited you to {1}. = {0} hat dich zu {1} eingeladen.
{0} wrote on {1}: = {0} schrieb am {1}:
Created by {0} on {1} = Erstellt von {0} am {1}
by {0} = von {0}
on {0} = am {0}
until {0} = bis {0}
since {0} = seit {0}
from {0} to {1} = von {0} bis {1}
between {0} and {1} = zwischen {0} und {1}
The course starts on {0} and ends on {1}. = Der Kurs beginnt am {0} und endet am {1}.
The invoice of {0} is due. = Die Rechnung vom {0} ist fällig.
The meeting has been moved from {0} to {1}. = Die Sitzung wurde vom {0} auf den {1} verschoben.
The ticket is valid until {0}. = Die Fahrkarte ist bis zum {0} gültig.
Ring {0} and ask for {1}. = Rufen Sie {0} an und fragen Sie nach {1}.
Call {0} now! = Rufen Sie jetzt {0} an!
Our telephone number is {0}. = Unsere Telefonnummer ist {0}.
Telephone: {0}, fax: {1} = Telefon: {0}, Fax: {1}
Your order number is {0}. = Ihre Bestellnummer lautet {0}.
Your password is {0}. = Ihr Passwort lautet {0}.
Enter {0} to confirm. = Geben Sie zur Bestätigung {0} ein.
Parcel {0} will arrive tomorrow. = Das Paket {0} kommt morgen an.
Version {0} is now available. = Version {0} ist jetzt verfügbar.
The error was fixed in version {0}. = Der Fehler wurde in Version {0} behoben.
Update from {0} to {1} = Aktualisierung von {0} auf {1}
This requires {0} or newer. = Dafür ist {0} oder neuer erforderlich.
Set {0} to {1}. = Setzen Sie {0} auf {1}.
The variable {0} is not defined. = Die Variable {0} ist nicht definiert.
The value of {0} must be greater than {1}. = Der Wert von {0} muss größer als {1} sein.
{0} must not be empty. = {0} darf nicht leer sein.
The function {0} returns {1}. = Die Funktion {0} gibt {1} zurück.
Use the option {0} to see all files. = Mit der Option {0} sehen Sie alle Dateien.
Run {0} in a terminal. = Führen Sie {0} in einem Terminal aus.
Type {0} and press Enter. = Geben Sie {0} ein und drücken Sie die Eingabetaste.
Unknown option: {0} = Unbekannte Option: {0}
Error: {0} = Fehler: {0}
Error {0}: {1} = Fehler {0}: {1}
Warning: {0} is out of date. = Warnung: {0} ist veraltet.
Install {0} first. = Installieren Sie zuerst {0}.
The command {0} does not exist. = Der Befehl {0} existiert nicht.
Replace {0} with your own name. = Ersetzen Sie {0} durch Ihren eigenen Namen.
What does {0} mean? = Was bedeutet {0}?
How do you pronounce {0}? = Wie spricht man {0} aus?
The word {0} means “house”. = Das Wort {0} bedeutet „Haus“.
{0} is the Greek word for water. = {0} ist das griechische Wort für Wasser.
In Russian it is called {0}. = Auf Russisch heißt es {0}.
Her name is {0}. = Sie heißt {0}.
I live in {0}. = Ich wohne in {0}.
I love you {0} = Ich liebe dich {0}
I {0} Berlin = Ich {0} Berlin
Good luck {0}{1} = Viel Glück {0}{1}
Great {0} = Toll {0}
Yes {0} = Ja {0}
No {0} = Nein {0}
Click {0} to continue. = Klicken Sie auf {0}, um fortzufahren.
Press {0} to stop. = Drücken Sie zum Anhalten {0}.
Press {0}+{1}. = Drücken Sie {0}+{1}.
Choose {0} → {1}. = Wählen Sie {0} → {1}.
The temperature is {0}. = Die Temperatur beträgt {0}.
The size of {0} is {1}. = Die Größe von {0} beträgt {1}.
It costs {0} 50. = Es kostet 50 {0}.
The ticket costs {0}20. = Die Karte kostet 20 {0}.
She paid {0}1,500 for it. = Sie hat 1.500 {0} dafür bezahlt.
Price: {0}99 = Preis: 99 {0}
{0} is bigger than {1}. = {0} ist größer als {1}.
{0} and {1} are friends. = {0} und {1} sind befreundet.
{0}, {1} and {2} = {0}, {1} und {2}
{0} or {1} = {0} oder {1}
Do not confuse {0} with {1}. = Verwechseln Sie {0} nicht mit {1}.
The difference between {0} and {1} is small. = Der Unterschied zwischen {0} und {1} ist klein.
Both {0} and {1} are wrong. = Sowohl {0} als auch {1} sind falsch.
either {0} or {1} = entweder {0} oder {1}
The letters {0}, {1} and {2} are missing. = Die Buchstaben {0}, {1} und {2} fehlen.
The files {0}, {1} and {2} are needed. = Die Dateien {0}, {1} und {2} werden benötigt.
The arrow ({0}) points to the left. = Der Pfeil ({0}) zeigt nach links.
The symbol {0} means danger. = Das Symbol {0} bedeutet Gefahr.
Name: {0}, age: {1}, town: {2} = Name: {0}, Alter: {1}, Ort: {2}
If {0} is missing, {1} is used. = Wenn {0} fehlt, wird {1} verwendet.
Without {0} nothing works. = Ohne {0} funktioniert nichts.
{0} does not work. = {0} funktioniert nicht.
{0} was written by {1} in {2}. = {0} wurde {2} von {1} geschrieben.
On {0}, {1} logged in from {2}. = Am {0} hat sich {1} von {2} aus angemeldet.
{0}-compatible = {0}-kompatibel
compatible with {0} = kompatibel mit {0}
""")

# Sentences with marked parts in the same order on both sides: one part gets a pair of tokens around it, as a tag
# would stand there, or one token beside it.
MARKED = templates("""
[Press] the [red] [button]. = [Drücken] Sie den [roten] [Knopf].
The [small] [dog] [sleeps]. = Der [kleine] [Hund] [schläft].
The [new] [version] is [free]. = Die [neue] [Version] ist [kostenlos].
This is [very] [important]. = Das ist [sehr] [wichtig].
We sell [fresh] [fruit] and [vegetables]. = Wir verkaufen [frisches] [Obst] und [Gemüse].
The [door] is [closed]. = Die [Tür] ist [geschlossen].
[Never] switch off the [computer]. = Schalten Sie [nie] den [Computer] aus.
My [brother] is a [doctor]. = Mein [Bruder] ist [Arzt].
[Bread], [milk] and [eggs] = [Brot], [Milch] und [Eier]
The [table] is [round]. = Der [Tisch] ist [rund].
[Today] is the [last] [day]. = [Heute] ist der [letzte] [Tag].
The [test] was [easy]. = Der [Test] war [leicht].
[Attention]: the [floor] is [wet]. = [Achtung]: Der [Boden] ist [nass].
[Winter] is [cold]. = Der [Winter] ist [kalt].
You need a [valid] [passport]. = Sie brauchen einen [gültigen] [Pass].
The [key] is [under] the [mat]. = Der [Schlüssel] liegt [unter] der [Matte].
[Save] or [cancel]? = [Speichern] oder [abbrechen]?
The [second] [chapter] is [long]. = Das [zweite] [Kapitel] ist [lang].
She drinks [black] [coffee]. = Sie trinkt [schwarzen] [Kaffee].
He is [not] [guilty]. = Er ist [nicht] [schuldig].
The [price] includes [breakfast]. = Im [Preis] ist das [Frühstück] enthalten.
Our [house] has a [green] [roof]. = Unser [Haus] hat ein [grünes] [Dach].
The [blue] [car] is [mine]. = Das [blaue] [Auto] gehört [mir].
[Settings] and [help] = [Einstellungen] und [Hilfe]
The [children] are [tired]. = Die [Kinder] sind [müde].
A [bird] sat on the [roof]. = Ein [Vogel] saß auf dem [Dach].
It is [almost] [midnight]. = Es ist [fast] [Mitternacht].
The [answer] is [simple]. = Die [Antwort] ist [einfach].
I want [two] [tickets]. = Ich möchte [zwei] [Karten].
The [soup] is [too] [hot]. = Die [Suppe] ist [zu] [heiß].
[Monday] to [Friday] = [Montag] bis [Freitag]
All [rooms] have a [balcony]. = Alle [Zimmer] haben einen [Balkon].
Her [hair] is [long] and [dark]. = Ihr [Haar] ist [lang] und [dunkel].
""")
