"""Every delegation gives one of the candidates, the same for the same; names and options that are wrong are told."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import commissure as cm
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import Unsupported, UsageError
from commissure.hal.ledger import Amount
from commissure.hal.profiles.profile import load_profile
from commissure.policies.custom.delegation import delegation_of
from commissure.policies.recursion.ask import KINDS, Kind
from commissure.policies.recursion.delegation import build_delegation, delegation_names
from commissure.policies.recursion.delegation.by_depth import ByDepth
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import price_usd, seconds
from tests.policies.recursion.bench import profile

NAMES = ("a", "b", "c", "d")
SPECS = (
    "one", "one:all=b", "by_depth:0=a,2=c", "by_depth:root=d,leaf=a", "by_kind:plan=a,expand=b",
    "by_kind:verify=c,other=d", "cheapest", "fastest", "frugal:first=a", "frugal:first=c,calls=3",
)  # fmt: skip
prices = st.sampled_from([0.0, 0.1, 1.0, 1.0, 30.0])
profiles = st.one_of(
    st.builds(profile, prices, st.just(10_000), st.sampled_from([0.1, 2.0]), st.sampled_from([0.001, 0.1])),
    st.sampled_from(["null-none-cpu", "vllm-llama-3.1-8b-nvidia-h100", "openai-gpt-5-undisclosed"]).map(load_profile),
)
candidates = st.builds(
    cm.Candidate, name=st.sampled_from(NAMES), profile=profiles, capabilities=st.just(Capabilities()),
    running=st.integers(0, 5),
)  # fmt: skip
fleets = st.lists(candidates, min_size=1, max_size=4, unique_by=lambda one: one.name).map(
    lambda found: cm.FleetStatus(tuple(found))
)


def candidate(name: str, usd: float, running: int = 0, base_s: float = 1.0) -> cm.Candidate:
    return cm.Candidate(name, profile(usd, 10_000, base_s, 0.01), Capabilities(), running)


def left(usd: float) -> Amount:
    return Amount(usd, math.inf, math.inf, math.inf)


def test_every_delegation_is_in_the_table() -> None:
    assert {spec.partition(":")[0] for spec in SPECS} == set(delegation_names())


@settings(max_examples=200, deadline=None)
@given(
    spec=st.sampled_from(SPECS), fleet=fleets, depth=st.integers(0, 8), kind=st.sampled_from(KINDS),
    est_tokens=st.integers(1, 10**7), usd=st.one_of(st.just(math.inf), st.floats(0, 100)),
)  # fmt: skip
def test_it_is_one_of_the_candidates_always_the_same_and_one_of_those_that_are_possible(
    spec: str, fleet: cm.FleetStatus, depth: int, kind: Kind, est_tokens: int, usd: float
) -> None:
    delegation = build_delegation(spec)
    chosen = delegation.place(depth, kind, est_tokens, left(usd), fleet)
    assert chosen in fleet.candidates
    assert chosen == build_delegation(spec).place(depth, kind, est_tokens, left(usd), fleet)
    assert chosen in delegation.possible(depth, kind, est_tokens, fleet)


def test_each_chooses_as_its_name_says() -> None:
    fleet = cm.FleetStatus((candidate("a", 30.0, base_s=0.1), candidate("b", 1.0, 4), candidate("c", 1.0, 2)))

    def at(spec: str, depth: int = 1, kind: Kind = "expand", usd: float = math.inf) -> str:
        return build_delegation(spec).place(depth, kind, 1000, left(usd), fleet).name

    assert at("one") == "a"
    assert at("one:all=b") == "b"
    assert [at("by_depth:0=a,2=c", depth) for depth in range(4)] == ["a", "a", "c", "c"]
    assert [at("by_depth:root=a,leaf=b", depth) for depth in range(3)] == ["a", "b", "b"]
    assert [at("by_kind:plan=a,other=b", kind=kind) for kind in KINDS] == ["a", "b", "b", "b", "b"]
    assert at("by_kind:plan=a") == at("cheapest") == "c"
    assert at("fastest") == "a"
    # A thousand tokens are 800 in and 200 out: 0.054 USD at a, and 0.0018 at b and c.
    assert price_usd(fleet.candidates[0].profile, 1000) == pytest.approx(0.054)
    assert [at("frugal:first=a,calls=10", usd=usd) for usd in (0.55, 0.53, 0.019, 0.01)] == ["a", "b", "b", "c"]
    assert seconds(fleet.candidates[0].profile, 1000) == pytest.approx(0.1 + 0.8 + 2.0)


@pytest.mark.parametrize("spec", ["one:all=z,strict=true", "by_depth:0=z,strict=true", "by_kind:other=z,strict=true"])
def test_who_is_not_able_is_stood_in_for_by_the_cheapest_unless_that_is_forbidden(spec: str) -> None:
    fleet = cm.FleetStatus((candidate("a", 2.0), candidate("b", 1.0)))
    assert build_delegation(spec.replace("true", "false")).place(0, "plan", 100, left(1), fleet).name == "b"
    with pytest.raises(Unsupported, match=r"'z' cannot serve this call.*Able: a, b"):
        build_delegation(spec).place(0, "plan", 100, left(1), fleet)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ("by_dept:0=a", r"unknown delegation 'by_dept'\. Did you mean 'by_depth'"),
        ("by_depth", "by_depth needs endpoints, as in by_depth:0=gpt"),
        ("by_depth:0", "module|key=endpoint"),
        ("by_depth:0=", "'0=' is to be key=endpoint"),
        ("by_depth:first=a", "a depth is a number from 0 on, root or leaf, not 'first'"),
        ("by_depth:\u00b2=a", "a depth is a number"),
        ("by_depth:0=a,root=b", "depth 0 is given twice"),
        ("by_depth:0=a,0=b", "'0' is given twice"),
        ("by_depth:strict=true", "by_depth needs endpoints"),
        ("by_depth:0=a,strict=yes", "strict is true or false, not 'yes'"),
        ("by_kind:expnad=a", "unknown option of by_kind 'expnad'. Did you mean 'expand'"),
        ("one:al=a", "unknown option of one 'al'. Did you mean 'all'"),
        ("one:strict=true", "one: strict=true needs an endpoint"),
        ("cheapest:all=a", "unknown option of cheapest 'all'"),
        ("frugal:calls=3", "frugal needs an endpoint"),
        ("frugal:first=a,calls=0", "a number of calls from 1 on"),
        ("no_such_module:Mine", "no module 'no_such_module'"),
    ],
)
def test_what_is_wrong_is_said(given_: str, message: str) -> None:
    with pytest.raises(cm.UsageError, match=message):
        delegation_of(given_)


OWN = """
from commissure.policies.recursion.delegation.delegation import Delegation

class Last(Delegation):
    def place(self, depth, kind, est_tokens, left, fleet):
        return fleet.candidates[-1]

class Unfinished(Delegation):
    pass

class Failing(Last):
    def __init__(self):
        raise KeyError("gone")

class Other:
    pass

def make() -> Delegation:
    return Last()

def wrong():
    return 3
"""


def test_a_users_own_is_found_and_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_place.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    fleet = cm.FleetStatus((candidate("a", 2.0), candidate("b", 1.0)))
    for spec in ("own_place.py:Last", "own_place:Last", "own_place.py:make"):
        assert delegation_of(spec).place(0, "plan", 100, left(1), fleet).name == "b"
    for spec, message in {
        "own_place.py:Lst": "unknown delegation of .*Did you mean 'Last'",
        "own_place.py:Unfinished": "Unfinished is no delegation yet: it has no place",
        "own_place.py:Failing": "cannot be built: KeyError: 'gone'.*own_place.py, line 13",
        "own_place.py:Other": "Other is no delegation: derive it from",
        "own_place.py:wrong": "gave 3, which is no delegation",
        "own_plac.py:Last": "Did you mean 'own_place.py'",
    }.items():
        with pytest.raises(cm.UsageError, match=message):
            delegation_of(spec)


def test_one_may_be_given_itself() -> None:
    given_: Delegation = ByDepth({0: "a"})
    assert delegation_of(given_) is given_
    assert isinstance(delegation_of("cheapest"), Delegation)
    with pytest.raises(cm.UsageError, match=r"a delegation has place\("):
        delegation_of(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["frugal:first=gpt,calls=²", f"frugal:first=gpt,calls={'9' * 5000}",
                                   f"by_depth:{'9' * 5000}=gpt"])  # fmt: skip
def test_numbers_that_are_none_are_told(given: str) -> None:
    with pytest.raises(UsageError):
        build_delegation(given)


def test_endpoints_that_cannot_be_read_are_the_users_fault() -> None:
    class Odd(Delegation):
        @property
        def endpoints(self) -> tuple[str, ...]:
            raise RuntimeError("later")

        def place(self, *given_: object) -> cm.Candidate:
            raise AssertionError

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> None:
        cm.Tree(rt, opened, "t", Odd(), cm.Limits())

    with pytest.raises(cm.UsageError, match=r"Odd.endpoints cannot be read: RuntimeError: later"):
        cm.run(work, cm.Fleet.load("null"))
