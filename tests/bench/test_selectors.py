"""How long it takes to choose among 8 candidates, against reading their texts as JSON, in the same run."""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.ensemble.selectors import build_selector
from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench

PAIRS = 1000
FIELDS: dict[str, Any] = {
    "vendor": {"type": "string"},
    "number": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "currency": {"enum": ["GBP", "EUR"]},
    "paid": {"type": "boolean"},
    "notes": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "items": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
            "required": ["name", "price"],
            "additionalProperties": False,
        },
    },
    "total": {"type": "number"},
}
SCHEMA = {"type": "object", "properties": FIELDS, "required": list(FIELDS), "additionalProperties": False}


def record(number: int, differing: int) -> dict[str, Any]:
    """An invoice of 11 leaves and a length, the first `differing` of them told apart by the number."""
    own = [f" {number * 7919 % 997}" if place < differing else "" for place in range(5)]
    price = 24.99 + (number if differing > 3 else 0)
    return {
        "vendor": "Acme Kettles of Birmingham" + own[0],
        "number": "INV-2026-0117" + own[1],
        "date": "2026-03-14" + own[2],
        "currency": "GBP",
        "paid": bool(number % 2),
        "notes": None if number % 3 else "paid in cash" + own[3],
        "items": [{"name": "kettle" + own[4], "price": price}, {"name": "toaster", "price": 19.5}],
        "total": price + 19.5,
    }


@pytest.mark.parametrize("differing", [1, 5])
@pytest.mark.parametrize(
    "name", ["first", "plurality", "per_field", "coupled", "medoid", "best_logprob", "weighted", "weighted_fields"]
)
def test_selection_against_reading(name: str, differing: int, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [json.dumps(record(number, differing)) for number in range(8)]
    said = [Sample(text, json.loads(text), True, 60, -20.0 - number) for number, text in enumerate(texts)]
    # Rules that couple fields cost a composed record its nearest candidate.
    question = Question("", {**SCHEMA, "minProperties": 1} if name == "coupled" else SCHEMA)
    selector = build_selector("per_field" if name == "coupled" else name)
    seconds: list[float] = []

    def ours() -> None:
        began = perf_counter()
        selector.select(said, question)
        seconds.append(perf_counter() - began)

    # Single selections: longer stretches would be cut by whatever else runs, and the floor's short ones not.
    ratios = paired(ours, lambda: [json.loads(text) for text in texts], PAIRS)
    note = f"median {1e6 * median(seconds):.0f} us, least {1e6 * min(seconds):.0f} us"
    with capsys.disabled():
        print("\n" + line(f"{name}, {differing} fields differ / json.loads of the 8", ratios, note), end="")
    assert median(ratios) <= (30 if name in ("coupled", "medoid") else 15)
