"""The schemas of the answers: closed objects, all members required, as tools are declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
YES_OR_NO = {"type": "boolean"}
DATE = {"type": "string", "format": "date"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$"}


def closed(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object of these members, all of them, in this order, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TOOLS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "get_weather": {"city": TEXT, "unit": {"enum": ["celsius", "fahrenheit"]}},
    "search_web": {"query": TEXT, "top_k": WHOLE},
    "send_email": {"to": TEXT, "subject": TEXT, "body": TEXT},
    "create_event": {"title": TEXT, "date": DATE, "minutes": WHOLE},
    "convert_currency": {"amount": NUMBER, "src": CURRENCY, "dst": CURRENCY},
    "run_sql": {"sql": TEXT, "read_only": YES_OR_NO},
    "set_light": {"room": {"enum": ["kitchen", "bedroom", "hall"]}, "level": WHOLE},
    "finish": {"answer": TEXT},
}
"""The arguments of each tool."""

SCHEMAS: Mapping[str, dict[str, Any]] = {
    "tool": {"anyOf": [closed(name={"const": name}, arguments=closed(**members)) for name, members in TOOLS.items()]},
    "invoice": closed(
        invoice_number={"type": "string", "pattern": "^[A-Z]{2,4}-[0-9]{3,8}$"},
        issue_date=DATE,
        due_date=DATE,
        currency={"enum": ["USD", "EUR", "GBP", "JPY", "CNY", "CHF"]},
        vendor=closed(name=TEXT, country=COUNTRY),
        line_items={
            "type": "array",
            "minItems": 1,
            "items": closed(description=TEXT, quantity=WHOLE, unit_price=NUMBER),
        },
        total=NUMBER,
        paid=YES_OR_NO,
    ),
    "person": closed(
        name={"type": "string", "maxLength": 40},
        age=WHOLE,
        tags={"type": "array", "items": {"enum": ["new", "vip", "churned"]}, "maxItems": 4},
    ),
}
