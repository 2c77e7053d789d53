"""Whether the amounts of an object agree: lines with quantities and prices, what is added to them, and the total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import fsum
from typing import Any, Literal

from commissure.policies.ensemble.grounding.finding import Finding, refuted, supported
from commissure.policies.ensemble.grounding.names import words_of

QUANTITY = frozenset(("quantity", "qty", "count", "pieces", "units", "nights", "hours", "days"))
PRICE = frozenset(("price", "cost", "rate", "fare"))
TOTAL = frozenset(("total", "sum", "amount"))
BEFORE = frozenset(("subtotal", "net"))  # of the lines alone
ADDED = frozenset(("tax", "vat", "gst", "shipping", "delivery", "fee", "tip", "postage", "handling", "surcharge"))
TAKEN = frozenset(("discount", "rebate", "deduction"))
NO_AMOUNT = frozenset(("rate", "percent", "percentage", "id", "number", "code"))
QUALIFIERS = TOTAL | frozenset(("grand", "price", "cost", "due", "payable", "invoice", "order", "gross", "line"))
TOLERANCE = 0.0101
"""How far sums may be off: prices of a line, and taxes, are rounded to cents. A cent, and what floats add to it."""

Role = Literal["quantity", "price", "total", "net", "added", "taken", ""]


@lru_cache(maxsize=1024)
def role_of(name: str) -> Role:
    """What a number is by the name of its field; empty where it is not known."""
    words = frozenset(words_of(name))
    if words & BEFORE:
        return "net"
    if words & (ADDED | TAKEN):
        return "" if words & NO_AMOUNT else "taken" if words & TAKEN else "added"
    if words & TOTAL:
        return "total" if words <= QUALIFIERS else ""
    return "price" if words & PRICE else "quantity" if words & QUANTITY else ""


class Amounts:
    """The numbers of one object by their roles; `roles` are of all its fields, numbers or not."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.roles: set[Role] = set()
        self._by_role: dict[Role, list[float]] = {}
        for name, value in node.items():
            if role := role_of(name):
                self.roles.add(role)
                if _is_number(value):
                    self._by_role.setdefault(role, []).append(value)

    def of(self, role: Role) -> list[float]:
        """The numbers of a role."""
        return self._by_role.get(role, [])

    @property
    def product(self) -> float | None:
        """Quantity times price, where there is one of each."""
        quantities, prices = self.of("quantity"), self.of("price")
        return quantities[0] * prices[0] if len(quantities) == len(prices) == 1 else None

    @property
    def change(self) -> float:
        """What is added to the lines, less what is taken away."""
        return fsum(self.of("added")) - fsum(self.of("taken"))


def sums(node: Mapping[str, Any]) -> Iterator[Finding]:
    """What the amounts of one object say of each other. Nothing where the names are not recognised.

    A number is told by the words of its field: a total by total, sum or amount, with no word but QUALIFIERS beside; the
    others by any word of their set. In an object with quantity, price and total the product is the total; in one with
    an array of objects that have a price or a total each, the sum of their totals, else of quantity times price, is the
    net or the total, as it is, or with what is added and taken away. Net and additions make the total likewise.
    """
    own = Amounts(node)
    totals, net = own.of("total"), own.of("net")
    if not totals and not net:
        return
    line, change = own.product, own.change
    if line is not None and totals:
        yield _compared("quantity times price", [line, line + change], totals)
    for items in node.values():
        lines = _lines(items) if isinstance(items, (list, tuple)) else None
        if lines is not None and net:
            yield _compared("the sum of the lines", [lines], net)
        elif lines is not None:
            yield _compared("the sum of the lines", [lines, lines + change], totals)
    if len(net) == 1 and change and totals:
        yield _compared("the net with what is added", [net[0] + change], totals)


def _lines(items: list[Any] | tuple[Any, ...]) -> float | None:
    """The sum of an array's lines; None where there is none, or one of them has no amount."""
    amounts = [_line(item) for item in items]
    told = [one for one in amounts if one is not None]
    return fsum(told) if told and len(told) == len(amounts) else None


def _line(item: Any) -> float | None:
    if not isinstance(item, Mapping):
        return None
    own = Amounts(item)
    product, totals, prices = own.product, own.of("total"), own.of("price")
    if totals and prices and product is None:
        return None  # an amount beside a price may be a quantity
    if len(totals) == 1:
        return totals[0]
    if "quantity" in own.roles:
        return product
    return prices[0] if len(prices) == 1 else None


def _compared(what: str, ways: list[float], totals: list[float]) -> Finding:
    if any(abs(way - total) <= TOLERANCE for way in ways for total in totals):
        return supported(f"{what} is the total")
    return refuted(f"{what} is {ways[0]:.12g}, not {totals[0]:.12g}")


def _is_number(value: Any) -> bool:
    """Whether it is one of a size that money has: beyond, floats are coarser than cents."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
