from dataclasses import replace
from datetime import date

import pytest

from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import UsageError
from commissure.hal.policy import Candidate, FirstAble, FleetStatus
from commissure.hal.profiles.profile import Price, Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.policies.routing.cheapest import Cheapest


def quantity(value: float) -> Quantity:
    return Quantity(value=value, source="test", as_of=date(2026, 1, 1))


def candidate(name: str, usd: float, context: float = 1000) -> Candidate:
    price = Price(input_usd_per_mtok=quantity(usd), output_usd_per_mtok=quantity(usd))
    profile = Profile(model=name, chip="cpu", provider="null", context_tokens=quantity(context), price=price)
    return Candidate(name, profile, Capabilities(), 0)


FLEET = FleetStatus((candidate("dear", 9), candidate("small", 1, context=50), candidate("cheap", 2)))


def test_cheapest_among_those_that_can_serve() -> None:
    assert Cheapest().choose(Call("a word", max_tokens=8), FLEET).name == "small"
    assert Cheapest().choose(Call("a word", max_tokens=80), FLEET).name == "cheap"
    assert FirstAble().choose(Call("a word"), FLEET).name == "dear"


def test_nobody_can_serve() -> None:
    needed = r"about 16 tokens of prompt and 8,000 of answer; room for"
    with pytest.raises(
        UsageError, match=rf"no .*: dear \({needed} 1,000\), small \({needed} 50\), cheap \({needed} 1,"
    ):
        Cheapest().choose(Call("a word", max_tokens=8000), FLEET)
    with pytest.raises(
        UsageError, match=r"about 1 words and 101 tokens of JSON \(schema and tools\) with max_tokens=950"
    ):
        FLEET.able(Call("x", max_tokens=950, schema={"const": "y" * 338}))
    without = FleetStatus((replace(candidate("x", 1), capabilities=Capabilities(min_tokens=False)),))
    assert without.able(Call("x"))
    with pytest.raises(UsageError, match=r"x \(no min_tokens\)\.$"):
        without.able(Call("x", min_tokens=1))
