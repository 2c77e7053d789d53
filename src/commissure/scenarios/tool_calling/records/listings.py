"""Shop listings: what is sold, for how much, and whether it is there; with former prices and other products about."""

from __future__ import annotations

from typing import Any

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.family import MONEY, Family, text_of
from commissure.scenarios.tool_calling.records.names import BRANDS, MONTHS, THINGS
from commissure.scenarios.tool_calling.records.written import amount, money, price_cents

OFFERS = (
    "The {name} costs {price} {unit}.",
    "{name}, {price} {unit}.",
    "New in our shop: the {name} for {price} {unit}.",
    "You pay {price} {unit} for the {name}.",
    "We sell the {name} at {price} {unit}.",
    "Our pick of the week is the {name} at {price} {unit}.",
    "The {name}, formerly {old}, now costs {price} {unit}.",
    "{name} for {price} {unit} instead of {old}.",
    "The price of the {name} fell from {old} to {price} {unit}.",
    "The {name}: {price} {unit}, was {old}.",
)
THERE = ("In stock: yes.", "In stock: yes, {count} left.", "It is in stock.", "Available now.", "Ready to ship.")
GONE = (
    "In stock: no.",
    "In stock: no, not before {month}.",
    "It is not in stock.",
    "Sold out.",
    "Sold out until {month}.",
)
ASIDES = (
    "Delivery costs {small} {unit}.", "It comes with {count} years of guarantee.", "Its article number is {code}.",
    "Customers like it more than the {other}.", "The {other} is sold separately for {small} {unit}.",
    "Save another {small} {unit} with our newsletter.",
)  # fmt: skip
UNITS = ("pounds", "euros", "dollars")


def write(dice: Dice) -> tuple[str, dict[str, Any]]:
    """An offer, whether there is any, and up to two sentences of other things."""
    cents, there = price_cents(dice, dice.choice((100, 400, 400, 400, 2500))), dice.random() < 0.5
    name, other = (f"{brand} {dice.choice(THINGS)}" for brand in dice.sample(BRANDS, 2))
    asides = dice.sample(ASIDES, dice.choice((0, 0, 1, 1, 2)))
    told = [dice.choice(OFFERS), dice.choice(THERE if there else GONE), *asides]
    text = " ".join(told).format(
        name=name,
        other=other,
        price=money(cents),
        old=money(cents + 500 * dice.randrange(1, 9)),
        small=money(95 + 100 * dice.randrange(1, 9)),
        unit=dice.choice(UNITS),
        count=dice.randrange(2, 10),
        month=dice.choice(MONTHS),
        code=dice.randrange(10_000, 99_999),
    )
    return text, {"name": name, "price": amount(cents), "in_stock": there}


FAMILY = Family(
    name="listings",
    instruction="Write down the name of the product that is offered, its price now, and whether it is in stock.",
    properties={"name": text_of(40), "price": MONEY, "in_stock": {"type": "boolean"}},
    examples=(
        (
            "The Acme teapot costs 24.99 pounds. In stock: yes. Delivery costs 3.50 pounds.",
            {"name": "Acme teapot", "price": 24.99, "in_stock": True},
        ),
        (
            "Borea piano for 1,150.00 euros instead of 1,300.00. Sold out until May.",
            {"name": "Borea piano", "price": 1150, "in_stock": False},
        ),
        (
            "The Viola bench, formerly 189.00, now costs 149.50 pounds. In stock: no.",
            {"name": "Viola bench", "price": 149.5, "in_stock": False},
        ),
        (
            "You pay 79.50 dollars for the Tamis tripod. Ready to ship. Customers like it more than the Acme lens.",
            {"name": "Tamis tripod", "price": 79.5, "in_stock": True},
        ),
    ),
    write=write,
)
