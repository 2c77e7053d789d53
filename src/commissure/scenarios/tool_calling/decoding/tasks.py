"""What is asked for, and a right answer to it: what a modelled model says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from commissure.scenarios.tool_calling.decoding.schemas import TOOLS

Spelling = Literal["none", "space", "any"]
"""As `whitespace` of the grammar's settings."""


@dataclass(frozen=True, slots=True)
class Task:
    """A request, the name of the schema of its answer, and a value that answers it."""

    prompt: str
    schema: str
    answer: Any

    def text(self, whitespace: Spelling) -> str:
        """The answer as a model writes it: with no whitespace, or a space after each comma and colon."""
        tight = (",", ":") if whitespace == "none" else (", ", ": ")
        return json.dumps(self.answer, ensure_ascii=False, separators=tight)


def _tool(prompt: str, name: str, **arguments: Any) -> Task:
    assert arguments.keys() == TOOLS[name].keys()
    return Task(prompt, "tool", {"name": name, "arguments": arguments})


TASKS = (
    _tool("How warm is it in Zurich, in celsius?", "get_weather", city="Zurich", unit="celsius"),
    _tool("Find five pages on KV cache eviction.", "search_web", query="KV cache eviction", top_k=5),
    _tool(
        "Tell ana@example.org that the build is green.", "send_email",
        to="ana@example.org", subject="Build status", body="Hello Ana, the build is green again.",
    ),
    _tool(
        "Put a design review of 45 minutes on 3 March 2027.", "create_event",
        title="Design review", date="2027-03-03", minutes=45,
    ),
    _tool("What are 249.90 US dollars in euros?", "convert_currency", amount=249.9, src="USD", dst="EUR"),
    _tool(
        "Count the orders of 2026 in the database; change nothing.", "run_sql",
        sql="SELECT COUNT(*) FROM orders WHERE year = 2026", read_only=True,
    ),
    _tool("Dim the light in the bedroom to 20.", "set_light", room="bedroom", level=20),
    _tool("Say that all steps are done.", "finish", answer="All steps are done."),
    Task(
        "Invoice INV-20417 of Nordlicht Werkzeugbau GmbH, Germany, 14 March 2026, due 13 April 2026, in euros: 4 boxes "
        "of hex bolts M8 at 12.50, delivery 18.00; total 68.00, not paid.",
        "invoice",
        {
            "invoice_number": "INV-20417",
            "issue_date": "2026-03-14",
            "due_date": "2026-04-13",
            "currency": "EUR",
            "vendor": {"name": "Nordlicht Werkzeugbau GmbH", "country": "DE"},
            "line_items": [
                {"description": "Hex bolts M8, box", "quantity": 4, "unit_price": 12.5},
                {"description": "Delivery", "quantity": 1, "unit_price": 18},
            ],
            "total": 68,
            "paid": False,
        },
    ),
    Task(
        "Customer: Mara Lindqvist, 34 years old, a new customer and a VIP.",
        "person",
        {"name": "Mara Lindqvist", "age": 34, "tags": ["new", "vip"]},
    ),
)  # fmt: skip

SYSTEM = (
    "Answer with one JSON object and nothing else. To act, call one of these tools as "
    '{"name": ..., "arguments": {...}}: '
    + "; ".join(f"{name}({', '.join(members)})" for name, members in TOOLS.items())
    + ". For an invoice or a customer, write down its members."
)


def task_of(session: int, number: int) -> Task:
    """What a session asks for in its `number`-th call: all tasks in turn, each session from another one on."""
    return TASKS[(session + number) % len(TASKS)]
