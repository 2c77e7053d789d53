"""Where prompts are computed: each policy on options by hand, and what is the same for all of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.placement import Placer, PrefillOption
from commissure.policies.placement import build_placer, placer_names

OWN = PrefillOption("own", prefill_s=4.0, queue_s=1.0, usd=2.0, own=True)
FAST = PrefillOption("fast", prefill_s=1.0, transfer_s=2.5, usd=3.0)
CHEAP = PrefillOption("cheap", prefill_s=9.0, transfer_s=1.0, queue_s=2.0, usd=1.0)
CHEAP_TOO = PrefillOption("cheap too", prefill_s=9.0, transfer_s=1.0, queue_s=1.0, usd=1.0)
CALL = Call("", prompt_tokens=1000)


@pytest.mark.parametrize(
    ("name", "chosen"), [("here", OWN), ("there", FAST), ("soonest", FAST), ("cheapest", CHEAP_TOO)]
)
def test_by_hand(name: str, chosen: PrefillOption) -> None:
    assert build_placer(name, 0).choose(CALL, (OWN, FAST, CHEAP, CHEAP_TOO)) is chosen


def test_a_tie_stays_at_home() -> None:
    there = PrefillOption("there", prefill_s=2.0, transfer_s=3.0, usd=2.0)
    for name in ("soonest", "cheapest"):
        assert build_placer(name, 0).choose(CALL, (OWN, there)) is OWN


def test_there_is_one_file_for_each_and_no_other() -> None:
    assert placer_names() == ["cheapest", "here", "soonest", "there"]
    with pytest.raises(UsageError, match=r"unknown placer 'sonest'.*soonest"):
        build_placer("sonest", 0)
    a_class: Any = type(build_placer("soonest", 0))
    with pytest.raises(UsageError, match=r"give an instance of the policy, Soonest\(\)"):
        Fleet.load("h100", placer=a_class)


seconds = st.floats(0, 100)
OPTIONS = st.lists(
    st.builds(PrefillOption, st.text(max_size=3), seconds, seconds, seconds, seconds, st.booleans()), min_size=1
)


@given(st.sampled_from(placer_names()), OPTIONS)
def test_one_of_the_options_is_chosen_and_always_the_same(name: str, options: list[PrefillOption]) -> None:
    placer: Placer = build_placer(name, 0)
    chosen = placer.choose(CALL, options)
    assert any(chosen is one for one in options)
    assert placer.choose(CALL, options) is chosen
    if name == "soonest":
        assert chosen.total_s == min(one.total_s for one in options)
