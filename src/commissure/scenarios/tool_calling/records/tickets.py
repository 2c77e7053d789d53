"""Support tickets: who has trouble with what, how bad it is, the error and the day; with other codes about."""

from __future__ import annotations

from typing import Any

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.family import DATE, Family, text_of
from commissure.scenarios.tool_calling.records.names import BRANDS, FIRST_NAMES, LAST_NAMES, PLACES, THINGS
from commissure.scenarios.tool_calling.records.written import day

HEADS = (
    "{customer} wrote on {opened} that the {product} shows error {error}.",
    "Ticket of {opened}: {customer} reports error {error} on the {product}.",
    "On {opened} {customer} called about the {product}, which stops with {error}.",
    "{customer} from {place} opened a ticket on {opened}. The {product} fails with code {error}.",
    "Error {error} on the {product}, reported by {customer} on {opened}.",
    "The {product} of {customer} shows {error} since {opened}.",
)
SEVERITY = (
    "Severity: {severity}.",
    "The severity is {severity}.",
    "We rate the ticket as {severity}.",
    "This is of {severity} severity.",
)
ASIDES = (
    "The serial number is {serial}.", "The {other} works.", "{agent} takes care of it.",
    "It was bought in {place} for {euros} euros.",
    "An earlier ticket had the number {serial}.",
)  # fmt: skip
ERRORS = ("E-{}", "E{}", "ERR{}", "F{}", "X-{}")
LEVELS = ("low", "medium", "high")


def write(dice: Dice) -> tuple[str, dict[str, Any]]:
    """The report, how bad it is, and up to two asides."""
    product, other = (f"{brand} {dice.choice(THINGS)}" for brand in dice.sample(BRANDS, 2))
    customer, agent = (f"{first} {dice.choice(LAST_NAMES)}" for first in dice.sample(FIRST_NAMES, 2))
    error, severity, opened = dice.choice(ERRORS).format(dice.randrange(10, 999)), dice.choice(LEVELS), day(dice)
    asides = [dice.choice(ASIDES)] if dice.random() < 0.6 else []
    rest = [*asides, dice.choice(SEVERITY)]
    dice.shuffle(rest)
    text = " ".join([dice.choice(HEADS), *rest]).format(
        customer=customer,
        agent=agent,
        product=product,
        other=other,
        error=error,
        severity=severity,
        opened=opened.isoformat(),
        place=dice.choice(PLACES),
        serial=dice.randrange(10_000, 99_999),
        euros=dice.randrange(20, 400),
    )
    truth = {"customer": customer, "product": product, "error_code": error}
    return text, truth | {"severity": severity, "opened": opened.isoformat()}


FAMILY = Family(
    name="tickets",
    instruction="Write down the customer, the product that fails, its error code, how severe it is, and the day.",
    properties={
        "customer": text_of(32),
        "product": text_of(40),
        "error_code": text_of(12),
        "severity": {"enum": list(LEVELS)},
        "opened": DATE,
    },
    examples=(
        (
            "Rita Blum wrote on 2026-03-14 that the Acme teapot shows error E-204. The severity is low.",
            {
                "customer": "Rita Blum", "product": "Acme teapot", "error_code": "E-204",
                "severity": "low", "opened": "2026-03-14",
            },
        ),
        (
            "Error F31 on the Borea piano, reported by Max Orth on 2025-07-02. Severity: high. The Acme lens works.",
            {
                "customer": "Max Orth", "product": "Borea piano", "error_code": "F31",
                "severity": "high", "opened": "2025-07-02",
            },
        ),
        (
            "On 2024-11-30 Jan Peers called about the Tamis tripod, which stops with X-77. The serial number is 55120. "
            "We rate the ticket as medium.",
            {
                "customer": "Jan Peers", "product": "Tamis tripod", "error_code": "X-77",
                "severity": "medium", "opened": "2024-11-30",
            },
        ),
        (
            "The Viola bench of Eva Roth shows ERR905 since 2026-01-05. Kurt Hahn takes care of it. "
            "This is of high severity.",
            {
                "customer": "Eva Roth", "product": "Viola bench", "error_code": "ERR905",
                "severity": "high", "opened": "2026-01-05",
            },
        ),
    ),
    write=write,
)  # fmt: skip
