"""How amounts and dates are written in documents, and what they are as JSON."""

from __future__ import annotations

from datetime import date, timedelta

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.names import MONTHS

FIRST_DAY = date(2024, 1, 1)
DAYS = 1200


def amount(cents: int) -> float | int:
    """A sum of money as a JSON number, of at most two decimals."""
    return cents / 100 if cents % 100 else cents // 100


def money(cents: int) -> str:
    """As it is printed: 24.99; 1,250.00."""
    return f"{cents // 100:,}.{cents % 100:02d}"


def price_cents(dice: Dice, most: int = 400) -> int:
    """A price of 2 to `most` units of money, of those that shops ask: 24.99, 61.00, 149.50."""
    return dice.randrange(2, most) * 100 + dice.choice((0, 0, 50, 90, 95, 99, dice.randrange(100)))


def day(dice: Dice) -> date:
    """Any day of some years."""
    return FIRST_DAY + timedelta(days=dice.randrange(DAYS))


def written_day(dice: Dice, which: date) -> str:
    """In one of the forms that can be read in one way only: 14 March 2026; March 14, 2026; 14 Mar 2026; 2026-03-14."""
    month = MONTHS[which.month - 1]
    return dice.choice(
        (
            f"{which.day} {month} {which.year}",
            f"{month} {which.day}, {which.year}",
            f"{which.day} {month[:3]} {which.year}",
            which.isoformat(),
        )
    )
