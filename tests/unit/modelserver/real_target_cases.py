"""Fixed conversations for the targets model that ships, by phenomenon; at least three of each.

Services, wordings and values were written for this file: none is in the training data. A case
is a conversation, the tools it may use and the calls it must give, arguments complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """What is said (user and assistant by turns, the user last) and what must come of it."""

    said: str | Sequence[str]
    tools: Sequence[Any]
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    missing: Sequence[str] = ()

    @property
    def messages(self) -> list[dict[str, str]]:
        turns = [self.said] if isinstance(self.said, str) else list(self.said)
        roles = ["user", "assistant"]
        return [
            {"role": roles[(len(turns) - 1 - place) % 2], "content": turn}
            for place, turn in enumerate(turns)
        ]


def tool(name: str, description: str, required: str = "", **parameters: Any) -> Any:
    """A tool in OpenAI's form; a parameter is its schema, or its type and description."""
    properties = {
        key: value
        if isinstance(value, dict)
        else {"type": value[0], "description": value[1]} | (value[2] if len(value) > 2 else {})
        for key, value in parameters.items()
    }
    schema = {"type": "object", "properties": properties, "required": required.split()}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": schema},
    }


WEATHER = tool(
    "get_forecast",
    "Get the weather forecast for a city",
    "city",
    city=("str", "The city to get the forecast for"),
    days=("int", "Number of days of the forecast"),
    unit=("str", "Temperature unit", {"enum": ["celsius", "fahrenheit"]}),
)
REBOOT = tool(
    "reboot_device",
    "Reboot a network device",
    "device_id",
    device_id=("string", "Identifier of the device to reboot"),
    force=("boolean", "Whether to reboot without waiting for active sessions"),
)
TABLE = tool(
    "reserve_table",
    "Reserve a table at a restaurant",
    "restaurant people",
    restaurant=("string", "Name of the restaurant"),
    people=("integer", "Number of people"),
    time=("string", "Time of the reservation"),
    area=("string", "Where to sit", {"enum": ["inside", "terrace", "bar"]}),
)
TAXI = tool(
    "order_taxi",
    "Order a taxi",
    "pickup destination",
    pickup=("string", "Address where the ride starts"),
    destination=("string", "Address where the ride ends"),
    passengers=("integer", "Number of passengers"),
)
MUSIC = tool(
    "play_music",
    "Play music in a room of the house",
    "artist",
    artist=("string", "Name of the artist or band"),
    room=("string", "Room to play in", {"enum": ["kitchen", "bedroom", "living room"]}),
    volume=("integer", "Volume in percent", {"minimum": 0, "maximum": 100}),
)
LEAVE = tool(
    "request_leave",
    "Request days off work",
    "start_date days",
    start_date=("string", "First day of the leave"),
    days=("integer", "Number of working days"),
    kind=("string", "Kind of leave", {"enum": ["vacation", "sick", "parental"]}),
)
SHOPPING = tool(
    "add_to_list",
    "Add items to the shopping list",
    "items",
    items=("list[str]", "The items to add"),
)
TRANSFER = tool(
    "transfer_money",
    "Transfer money to another person's account",
    "recipient amount",
    recipient=("string", "Name of the person who gets the money"),
    amount=("number", "Amount to transfer"),
    currency=("string", "Currency of the amount", {"enum": ["EUR", "USD", "GBP"]}),
)
FLIGHTS = tool(
    "search_flights",
    "Search for flights",
    "destination",
    destination=("string", "City to fly to"),
    date=("string", "Date of departure"),
    passengers=("integer", "Number of passengers"),
    seat_class=("string", "Class of the seat", {"enum": ["economy", "business", "first"]}),
)
HOTEL = tool(
    "find_hotel",
    "Find a hotel in a city",
    "city",
    city=("string", "City of the hotel"),
    nights=("integer", "Number of nights to stay"),
    stars=("integer", "Number of stars", {"minimum": 1, "maximum": 5}),
    pool=("boolean", "Whether the hotel has a pool"),
)
REMINDER = tool(
    "create_reminder",
    "Create a reminder",
    "text",
    text=("string", "What to be reminded of"),
    time=("string", "When to be reminded"),
)
ORDER = tool(
    "track_order", "Track an order", "order_id", order_id=("string", "Number of the order")
)
TICKET = tool(
    "open_ticket",
    "Open a support ticket",
    "subject",
    subject=("string", "What the ticket is about"),
    priority=("string", "Priority of the ticket", {"enum": ["low", "normal", "high"]}),
)
EMAIL = tool(
    "send_email",
    "Send an e-mail",
    "recipients",
    recipients=("array", "E-mail addresses of the recipients", {"items": {"type": "string"}}),
    subject=("string", "Subject of the e-mail"),
)
PIZZA = tool(
    "order_pizza",
    "Order a pizza",
    "toppings",
    toppings=("array", "Toppings of the pizza", {"items": {"type": "string"}}),
    size=("string", "Size of the pizza", {"enum": ["small", "medium", "large"]}),
)
TRAVEL = (FLIGHTS, HOTEL, WEATHER, TAXI, TABLE)
OFFICE = (REMINDER, ORDER, TICKET, EMAIL, LEAVE)
HOUSE = (WEATHER, REBOOT, TABLE, TAXI, MUSIC, LEAVE, SHOPPING, TRANSFER)

INTENTS: Mapping[str, str] = {
    "Will it rain in Hamburg this weekend?": "get_forecast",
    "The router with id rt-17 hangs, restart it please": "reboot_device",
    "I need a cab from 12 Mill Lane to the central station": "order_taxi",
    "Put on some Nina Simone in the kitchen": "play_music",
    "I'd like to take four days off from the 3rd of June": "request_leave",
    "Send 50 euros to Clara Weiss": "transfer_money",
    "Could you get us a table for four at Chez Janou?": "reserve_table",
    "We are out of milk and eggs, add them to the list": "add_to_list",
}

NOTHING_FITS = (
    "Who wrote The Count of Monte Cristo?",
    "Thank you, that was very helpful!",
    "Translate good morning into Japanese",
    "Tell me a joke about penguins",
    "What is the square root of 1764?",
)

CASES: Mapping[str, Sequence[Case]] = {
    "free values": (
        Case("What's the forecast for Lisbon?", HOUSE, [("get_forecast", {"city": "Lisbon"})]),
        Case(
            "Order me a taxi from 5 Park Road to Victoria Station",
            HOUSE,
            [("order_taxi", {"pickup": "5 Park Road", "destination": "Victoria Station"})],
        ),
        Case("Play something by Miles Davis", HOUSE, [("play_music", {"artist": "Miles Davis"})]),
        Case("Please reboot device fw-203", HOUSE, [("reboot_device", {"device_id": "fw-203"})]),
        Case(
            "Find me a flight to Reykjavik",
            TRAVEL,
            [("search_flights", {"destination": "Reykjavik"})],
        ),
        Case(
            "I need a hotel in Kyoto",
            TRAVEL,
            [("find_hotel", {"city": "Kyoto"})],
        ),
        Case(
            "Remind me to water the plants",
            OFFICE,
            [("create_reminder", {"text": "water the plants"})],
        ),
        Case(
            "Where is my order with number A-5519?",
            OFFICE,
            [("track_order", {"order_id": "A-5519"})],
        ),
    ),
    "choices": (
        Case(
            "Weather in Oslo in fahrenheit please",
            HOUSE,
            [("get_forecast", {"city": "Oslo", "unit": "fahrenheit"})],
        ),
        Case(
            "Play Radiohead in the bedroom",
            HOUSE,
            [("play_music", {"artist": "Radiohead", "room": "bedroom"})],
        ),
        Case(
            "Reserve a table for 2 people at Noma on the terrace",
            HOUSE,
            [("reserve_table", {"restaurant": "Noma", "people": 2, "area": "terrace"})],
        ),
        Case(
            "I want to fly to Denver in business class",
            TRAVEL,
            [("search_flights", {"destination": "Denver", "seat_class": "business"})],
        ),
        Case(
            "Find a five star hotel in Dubai with a pool",
            TRAVEL,
            [("find_hotel", {"city": "Dubai", "stars": 5, "pool": True})],
        ),
        Case(
            "Open a ticket: the printer on floor 2 is broken, priority is high",
            OFFICE,
            [("open_ticket", {"subject": "the printer on floor 2 is broken", "priority": "high"})],
        ),
        Case(
            "What is the weather in Boston in celsius?",
            HOUSE,
            [("get_forecast", {"city": "Boston", "unit": "celsius"})],
        ),
    ),
    "numbers": (
        Case(
            "Show the forecast for Madrid for the next 7 days",
            HOUSE,
            [("get_forecast", {"city": "Madrid", "days": 7})],
        ),
        Case(
            "Reserve a table for twelve people at Luigi's",
            HOUSE,
            [("reserve_table", {"restaurant": "Luigi's", "people": 12})],
        ),
        Case(
            "Transfer 249.90 EUR to Peter Novak",
            HOUSE,
            [("transfer_money", {"recipient": "Peter Novak", "amount": 249.9, "currency": "EUR"})],
        ),
        Case(
            "Get me the weather for Berlin for the next three days",
            HOUSE,
            [("get_forecast", {"city": "Berlin", "days": 3})],
        ),
        Case(
            "Show me flights to Miami for two passengers",
            TRAVEL,
            [("search_flights", {"destination": "Miami", "passengers": 2})],
        ),
        Case(
            "Find a hotel in Porto for 4 nights",
            TRAVEL,
            [("find_hotel", {"city": "Porto", "nights": 4})],
        ),
        Case(
            "Send 75 dollars to Maria Lopez",
            HOUSE,
            [("transfer_money", {"recipient": "Maria Lopez", "amount": 75.0, "currency": "USD"})],
        ),
    ),
    "lists": (
        Case(
            "Add bread, butter and honey to my shopping list",
            HOUSE,
            [("add_to_list", {"items": ["bread", "butter", "honey"]})],
        ),
        Case(
            "Put tomatoes and basil on the shopping list",
            HOUSE,
            [("add_to_list", {"items": ["tomatoes", "basil"]})],
        ),
        Case(
            "Please add coffee, tea, sugar and oat milk to the list",
            HOUSE,
            [("add_to_list", {"items": ["coffee", "tea", "sugar", "oat milk"]})],
        ),
        Case(
            "Send an e-mail to anna@example.com and bob@example.com with the subject Budget",
            OFFICE,
            [
                (
                    "send_email",
                    {"recipients": ["anna@example.com", "bob@example.com"], "subject": "Budget"},
                )
            ],
        ),
        Case(
            "Please put apples, pears and plums on the list",
            (SHOPPING, WEATHER, TAXI),
            [("add_to_list", {"items": ["apples", "pears", "plums"]})],
        ),
        Case(
            "I want a pizza with olives, ham and mushrooms",
            (PIZZA, WEATHER, TAXI),
            [("order_pizza", {"toppings": ["olives", "ham", "mushrooms"]})],
        ),
        Case(
            "Order a large pizza with onions and peppers",
            (PIZZA, WEATHER, TAXI),
            [("order_pizza", {"toppings": ["onions", "peppers"], "size": "large"})],
        ),
    ),
    "dates": (
        Case(
            "I want to request 5 days of vacation starting on 12 May",
            HOUSE,
            [("request_leave", {"start_date": "12 May", "days": 5, "kind": "vacation"})],
        ),
        Case(
            "Request 2 days of sick leave from next Monday",
            HOUSE,
            [("request_leave", {"start_date": "next Monday", "days": 2, "kind": "sick"})],
        ),
        Case(
            "Request 10 days off from 2025-07-01",
            HOUSE,
            [("request_leave", {"start_date": "2025-07-01", "days": 10})],
        ),
        Case(
            "Find a flight to Athens leaving on March 8th",
            TRAVEL,
            [("search_flights", {"destination": "Athens", "date": "March 8th"})],
        ),
        Case(
            "Remind me tomorrow at 9 am to call the dentist",
            OFFICE,
            [("create_reminder", {"text": "call the dentist", "time": "tomorrow at 9 am"})],
        ),
        Case(
            "I need a flight to Cairo next Friday",
            TRAVEL,
            [("search_flights", {"destination": "Cairo", "date": "next Friday"})],
        ),
    ),
    "booleans": (
        Case(
            "Reboot device sw-9 with force, do not wait for active sessions",
            HOUSE,
            [("reboot_device", {"device_id": "sw-9", "force": True})],
        ),
        Case(
            "Force a reboot of device ap-11 without waiting for sessions",
            HOUSE,
            [("reboot_device", {"device_id": "ap-11", "force": True})],
        ),
        Case(
            "Reboot device core-1, but don't force it, wait for the active sessions",
            HOUSE,
            [("reboot_device", {"device_id": "core-1", "force": False})],
        ),
        Case(
            "I'd like a hotel in Split with a pool",
            TRAVEL,
            [("find_hotel", {"city": "Split", "pool": True})],
        ),
        Case(
            "Find a hotel in Bruges, no pool please",
            TRAVEL,
            [("find_hotel", {"city": "Bruges", "pool": False})],
        ),
        Case(
            "Please force the reboot of device db-4",
            HOUSE,
            [("reboot_device", {"device_id": "db-4", "force": True})],
        ),
    ),
    "carried over and follow-ups": (
        Case(
            ("What's the weather in Paris?", "Sunny, 24 degrees.", "And what about Chicago?"),
            HOUSE,
            [("get_forecast", {"city": "Chicago"})],
        ),
        Case(
            (
                "Show me the forecast for Rome",
                "For how many days would you like the forecast?",
                "5 days",
            ),
            HOUSE,
            [("get_forecast", {"city": "Rome", "days": 5})],
        ),
        Case(
            (
                "I want to book a table at Gino's",
                "For how many people?",
                "6 people please",
            ),
            HOUSE,
            [("reserve_table", {"restaurant": "Gino's", "people": 6})],
        ),
        Case(
            ("I need a taxi to the airport", "Where should we pick you up?", "At 8 Abbey Street"),
            HOUSE,
            [("order_taxi", {"pickup": "8 Abbey Street", "destination": "airport"})],
        ),
        Case(
            ("Find me a flight to Oslo", "When do you want to leave?", "On April 4th"),
            TRAVEL,
            [("search_flights", {"destination": "Oslo", "date": "April 4th"})],
        ),
        Case(
            ("I'm looking for a hotel in Nice", "How many nights will you stay?", "3 nights"),
            TRAVEL,
            [("find_hotel", {"city": "Nice", "nights": 3})],
        ),
        Case(
            ("Where is my order?", "Could you tell me the order number?", "It's B-2201"),
            OFFICE,
            [("track_order", {"order_id": "B-2201"})],
        ),
        Case(
            ("What's the weather in Turin?", "It rains in Turin.", "And in Milan?"),
            HOUSE,
            [("get_forecast", {"city": "Milan"})],
        ),
    ),
    "corrected": (
        Case(
            (
                "Book a table for 4 people at Sakura",
                "A table for 4 at Sakura, is that right?",
                "No, make it 5 people",
            ),
            HOUSE,
            [("reserve_table", {"restaurant": "Sakura", "people": 5})],
        ),
        Case(
            (
                "Play Coldplay in the kitchen",
                "Playing Coldplay in the kitchen.",
                "Play it in the bedroom instead",
            ),
            HOUSE,
            [("play_music", {"artist": "Coldplay", "room": "bedroom"})],
        ),
        Case(
            (
                "What is the weather in Vienna?",
                "It is 12 degrees in Vienna.",
                "Sorry, I meant the weather in Graz",
            ),
            HOUSE,
            [("get_forecast", {"city": "Graz"})],
        ),
        Case(
            (
                "Find a hotel in Lyon for 2 nights",
                "I found three hotels in Lyon for 2 nights.",
                "Actually, make that 4 nights",
            ),
            TRAVEL,
            [("find_hotel", {"city": "Lyon", "nights": 4})],
        ),
        Case(
            (
                "Find a flight to Rome",
                "Flights to Rome start at 80 euros.",
                "No wait, I want to fly to Naples",
            ),
            TRAVEL,
            [("search_flights", {"destination": "Naples"})],
        ),
        Case(
            (
                "Reboot device rt-5",
                "Shall I reboot device rt-5?",
                "No, I meant device rt-6",
            ),
            HOUSE,
            [("reboot_device", {"device_id": "rt-6"})],
        ),
    ),
    "offered and accepted": (
        Case(
            (
                "I'd like to book a table for 2 people",
                "Shall I reserve it at Trattoria Roma?",
                "Yes, that sounds great",
            ),
            HOUSE,
            [("reserve_table", {"restaurant": "Trattoria Roma", "people": 2})],
        ),
        Case(
            (
                "Get me a weather forecast",
                "Would you like the forecast for Stockholm?",
                "Yes please",
            ),
            HOUSE,
            [("get_forecast", {"city": "Stockholm"})],
        ),
        Case(
            (
                "I want to hear some music",
                "Should I play Norah Jones?",
                "Yes, go ahead",
            ),
            HOUSE,
            [("play_music", {"artist": "Norah Jones"})],
        ),
        Case(
            (
                "I need a hotel",
                "There is a hotel in Verona. Would you like that one?",
                "Yes, Verona is good",
            ),
            TRAVEL,
            [("find_hotel", {"city": "Verona"})],
        ),
        Case(
            (
                "Can you order me a taxi to the station?",
                "Should I send it to 4 King Street?",
                "Yes, please",
            ),
            HOUSE,
            [("order_taxi", {"pickup": "4 King Street", "destination": "the station"})],
        ),
    ),
    "missing": (
        Case("What will the weather be like?", HOUSE, [("get_forecast", {})], ["city"]),
        Case("I want to reboot a device", HOUSE, [("reboot_device", {})], ["device_id"]),
        Case(
            "Send money to Anna Bauer",
            HOUSE,
            [("transfer_money", {"recipient": "Anna Bauer"})],
            ["amount"],
        ),
        Case(
            "Book a table at The Anchor",
            HOUSE,
            [("reserve_table", {"restaurant": "The Anchor"})],
            ["people"],
        ),
        Case("I want to book a flight", TRAVEL, [("search_flights", {})], ["destination"]),
        Case("Find me a hotel with a pool", TRAVEL, [("find_hotel", {"pool": True})], ["city"]),
        Case("I'd like to track my order", OFFICE, [("track_order", {})], ["order_id"]),
    ),
    "two wishes": (
        Case(
            "Reserve a table for 3 people at Lotus, and play Adele in the bedroom",
            HOUSE,
            [
                ("reserve_table", {"restaurant": "Lotus", "people": 3}),
                ("play_music", {"artist": "Adele", "room": "bedroom"}),
            ],
        ),
        Case(
            "Reserve a table for 2 people at Noma and one for 6 people at Lotus",
            HOUSE,
            [
                ("reserve_table", {"restaurant": "Noma", "people": 2}),
                ("reserve_table", {"restaurant": "Lotus", "people": 6}),
            ],
        ),
        Case(
            "Play Blur in the kitchen and Oasis in the bedroom",
            HOUSE,
            [
                ("play_music", {"artist": "Blur", "room": "kitchen"}),
                ("play_music", {"artist": "Oasis", "room": "bedroom"}),
            ],
        ),
        Case(
            "Reboot device ap-7. How will the weather be in Porto?",
            HOUSE,
            [("reboot_device", {"device_id": "ap-7"}), ("get_forecast", {"city": "Porto"})],
        ),
        Case(
            "Reboot device ap-7, but not ap-8",
            HOUSE,
            [("reboot_device", {"device_id": "ap-7"})],
        ),
        Case(
            "Track order K-12 and then order K-13 as well",
            OFFICE,
            [("track_order", {"order_id": "K-12"}), ("track_order", {"order_id": "K-13"})],
        ),
    ),
    "several calls": (
        Case(
            "What is the weather in Tokyo and in Seoul?",
            HOUSE,
            [("get_forecast", {"city": "Tokyo"}), ("get_forecast", {"city": "Seoul"})],
        ),
        Case(
            "Reboot devices rt-1 and rt-2",
            HOUSE,
            [("reboot_device", {"device_id": "rt-1"}), ("reboot_device", {"device_id": "rt-2"})],
        ),
        Case(
            "Play Adele in the kitchen and tell me the weather in Dublin",
            HOUSE,
            [
                ("play_music", {"artist": "Adele", "room": "kitchen"}),
                ("get_forecast", {"city": "Dublin"}),
            ],
        ),
        Case(
            "Get me the weather for Paris and for London",
            (WEATHER,),
            [("get_forecast", {"city": "Paris"}), ("get_forecast", {"city": "London"})],
        ),
        Case(
            "Track the orders A-1 and A-2",
            OFFICE,
            [("track_order", {"order_id": "A-1"}), ("track_order", {"order_id": "A-2"})],
        ),
        Case(
            "Find a flight to Madrid and a hotel in Madrid",
            TRAVEL,
            [("search_flights", {"destination": "Madrid"}), ("find_hotel", {"city": "Madrid"})],
        ),
        Case(
            "What's the weather in Lima? Also reboot device sw-3.",
            HOUSE,
            [("get_forecast", {"city": "Lima"}), ("reboot_device", {"device_id": "sw-3"})],
        ),
        Case(
            "Get the weather for Boston and also for Seattle",
            HOUSE,
            [("get_forecast", {"city": "Boston"}), ("get_forecast", {"city": "Seattle"})],
        ),
        Case(
            "Reboot device rt-1 and then reboot device rt-2",
            HOUSE,
            [("reboot_device", {"device_id": "rt-1"}), ("reboot_device", {"device_id": "rt-2"})],
        ),
        Case(
            "Track order A-77 and order B-88",
            OFFICE,
            [("track_order", {"order_id": "A-77"}), ("track_order", {"order_id": "B-88"})],
        ),
        Case(
            "Open a ticket about the broken door and track order Z-9",
            OFFICE,
            [("open_ticket", {"subject": "broken door"}), ("track_order", {"order_id": "Z-9"})],
        ),
        Case(
            "Find hotels in Bern and Basel",
            TRAVEL,
            [("find_hotel", {"city": "Bern"}), ("find_hotel", {"city": "Basel"})],
        ),
        Case(
            "Send 20 euros to Tom and 30 euros to Kim",
            HOUSE,
            [
                ("transfer_money", {"recipient": "Tom", "amount": 20.0, "currency": "EUR"}),
                ("transfer_money", {"recipient": "Kim", "amount": 30.0, "currency": "EUR"}),
            ],
        ),
    ),
    "other languages": (
        Case(
            "Spiel bitte Element of Crime im Schlafzimmer",
            HOUSE,
            [("play_music", {"artist": "Element of Crime", "room": "bedroom"})],
        ),
        Case(
            "Réservez une table pour quatre personnes chez Paulette",
            HOUSE,
            [("reserve_table", {"restaurant": "Paulette", "people": 4})],
        ),
        Case(
            "Envía 1.250,50 euros a Marta",
            HOUSE,
            [("transfer_money", {"recipient": "Marta", "amount": 1250.5, "currency": "EUR"})],
        ),
        Case(
            "Riavvia il dispositivo ap-7",
            HOUSE,
            [("reboot_device", {"device_id": "ap-7"})],
        ),
        Case("Qual é a previsão do tempo para Faro?", HOUSE, [("get_forecast", {"city": "Faro"})]),
        Case("Waar is bestelling PK-2231?", OFFICE, [("track_order", {"order_id": "PK-2231"})]),
        Case(
            "Schick Tom 20 Euro und spiel Blur in der Küche",
            HOUSE,
            [
                ("transfer_money", {"recipient": "Tom", "amount": 20.0, "currency": "EUR"}),
                ("play_music", {"artist": "Blur", "room": "kitchen"}),
            ],
        ),
        Case("Danke, das war's schon!", HOUSE),
    ),
}

# Cases that the model which ships gets wrong: its limits, kept in sight. They run as expected
# failures; of every phenomenon at least three cases hold without appearing here.
KNOWN_MISSES: frozenset[str] = frozenset(
    {
        "other languages-6",
        "dates-4",
        "booleans-1",
        "corrected-5",  # "No" is read as a no to "force", too
        "offered and accepted-4",
        "several calls-10",
    }
)
