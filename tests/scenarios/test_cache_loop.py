"""cache-loop in sim: the published series, the branching workflow on which MRU loses, and its claims."""

from typing import Any

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.policies.routing import build_router
from commissure.scenarios.cache_intensive.agents import BRANCHES, SHARED, build_workflow
from commissure.scenarios.cache_intensive.cache_loop import SCENARIO, Settings
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.run import Run
from commissure.scenarios.scenario import find_scenario, parse_settings
from commissure.sim.runtime import SimRuntime

MIN_SERIES = [6, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1]


def leg(policy: str, seed: int = 0, **changes: Any) -> LegSummary:
    settings = parse_settings(SCENARIO, changes)
    return summarise(SCENARIO, settings, policy, run_leg(SCENARIO, settings, Fleet.load(), policy, "sim", seed))


@pytest.mark.parametrize(("policy", "series"), [("lru", [6] * 12), ("mru", MIN_SERIES), ("topology", MIN_SERIES)])
def test_the_published_series(policy: str, series: list[int]) -> None:
    measures = leg(policy).measures
    assert measures["misses_per_iteration"] == series
    assert measures["fewest_misses_per_iteration"] == MIN_SERIES


@pytest.mark.parametrize("slots", ["6", "7"])
def test_with_a_slot_for_each_agent_every_policy_is_the_same(slots: str) -> None:
    for policy in SCENARIO.policies:
        assert leg(policy, slots=slots).measures["misses_per_iteration"] == [6] + [0] * 11


def test_savings_are_linear_in_the_iterations() -> None:
    computed = {
        (policy, rounds): leg(policy, iterations=str(rounds)).measures["prompt_tokens_computed"]
        for policy in ("lru", "topology")
        for rounds in (5, 10, 15)
    }
    # Forced residency repeats every five iterations, so the saving of each five is the same.
    saved = [computed["lru", rounds] - computed["topology", rounds] for rounds in (5, 10, 15)]
    assert saved[1] - saved[0] == pytest.approx(saved[2] - saved[1], rel=1e-3)


def test_on_the_branching_workflow_mru_loses_to_topology() -> None:
    totals = {policy: 0 for policy in SCENARIO.policies}
    fewest = 0
    for seed in range(20):
        for policy in totals:
            measures = leg(policy, seed, workflow="branching").measures
            totals[policy] += sum(measures["misses_per_iteration"])
        fewest += sum(measures["fewest_misses_per_iteration"])
    assert fewest <= totals["topology"]
    for other in ("lru", "mru", "random"):
        assert totals["topology"] < 0.9 * totals[other]


def test_shared_prefixes_are_partly_reused() -> None:
    flow = build_workflow("branching", 6)
    coder, tester = (flow.system_prompt(agent, 100).split() for agent in ("coder", "tester"))
    assert coder[:40] == tester[:40]
    assert coder[40:] != tester[40:]
    assert set(SHARED) <= set(BRANCHES)


def test_branch_probabilities_sum_to_one_and_every_walk_returns() -> None:
    for successors in BRANCHES.values():
        assert sum(successors.values()) == pytest.approx(1.0)
    walk = list(build_workflow("branching", 6).iterations(50, SimRuntime(3).rng("walk")))
    assert walk.count("planner") == 50
    assert set(walk) == set(BRANCHES)


def test_expected_calls_are_the_calls_made() -> None:
    settings: Any = parse_settings(SCENARIO, {"workflow": "branching"})
    assert leg("lru", 5, workflow="branching").calls == SCENARIO.expected_calls(settings, 5)


def test_claims_carry_their_inputs_and_say_how_far_off_they_are() -> None:
    misses, speedup, linear, law = SCENARIO.claims([])
    assert misses.verdict == "not reproduced"
    assert misses.sim == {"lru": 6.0, "topology": pytest.approx(13 / 11)}
    assert misses.live is None
    assert "1.20 in the long run" in misses.why
    assert speedup.claimed == 2.4
    assert speedup.sim == pytest.approx(leg("lru").time_s / leg("topology").time_s)
    assert speedup.inputs["prompt_words"] == 160
    assert linear.verdict == law.verdict == "reproduced"
    assert linear.sim["prompts saved by slots"] == {1: 0, 2: 14, 3: 27, 4: 40, 5: 53, 6: 0, 7: 0}
    assert list(law.sim.values()) == sorted(law.sim.values(), reverse=True)


def test_claims_take_live_values_from_runs_of_the_same_settings() -> None:
    def live(policy: str, time_s: float, **changes: Any) -> dict[str, Any]:
        return leg(policy, **changes).flat() | {"world": "live", "time_s": time_s, "run_dir": "runs/x"}

    measured = [live("lru", 30), live("topology", 12), live("topology", 1, iterations="3")]
    assert SCENARIO.claims([measured[0], measured[1] | {"run_dir": "runs/y"}])[1].live is None
    misses, speedup, *_ = SCENARIO.claims(measured)
    assert speedup.live == pytest.approx(2.5)
    assert speedup.inputs["live_run"] == "runs/x"
    assert speedup.verdict == "reproduced"
    slower = [leg | {"time_s": 13.5} if leg["policy"] == "topology" else leg for leg in measured]
    assert SCENARIO.claims(slower)[1].verdict == "not reproduced"
    assert misses.live == {"lru": 6.0, "topology": pytest.approx(13 / 11)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iteration": "3"}, "unknown setting of cache-loop 'iteration'. Did you mean 'iterations'"),
        ({"iterations": "0"}, "setting iterations: .*greater than or equal to 1 .given: '0'"),
        ({"iterations": "many"}, "setting iterations: .*valid integer"),
        ({"workflow": "lop"}, "setting workflow: .*'loop' or 'branching'"),
    ],
)
def test_bad_settings(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_settings(SCENARIO, changes)


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match="Did you mean 'cache-loop'"):
        find_scenario("cache-lop")
    with pytest.raises(UsageError, match="one llama_cpp endpoint, or several"):
        SCENARIO.fleet(Fleet.load("null"), Settings(), "lru", 0)


def pair(policy: str, router: str = "first", **changes: Any) -> tuple[Run, LegSummary]:
    settings = parse_settings(SCENARIO, changes)
    done = run_leg(SCENARIO, settings, Fleet.load("local-pair", router=build_router(router, 0)), policy, "sim", 0)
    return done, summarise(SCENARIO, settings, policy, done)


@pytest.mark.parametrize("policy", SCENARIO.policies)
def test_two_endpoints_of_six_agents_each_do_as_one_of_six_does(policy: str) -> None:
    done, summary = pair(policy, agents="12")
    homes = {(call.agent, call.endpoint) for call in done.calls}
    assert len(homes) == 12
    assert [endpoint for _, endpoint in homes].count("small") == 6
    misses = summary.measures["misses_per_endpoint"]
    assert sum(misses.values()) == sum(summary.measures["misses_per_iteration"])
    assert summary.measures["fewest_misses_per_iteration"] == [2 * fewest for fewest in MIN_SERIES]
    if policy != "random":  # whose dice both endpoints throw
        assert misses == dict.fromkeys(("small", "large"), sum(leg(policy).measures["misses_per_iteration"]))


def test_a_router_of_ones_own_is_kept_and_belady_follows_the_calls() -> None:
    done, summary = pair("lru", "round_robin", agents="5", slots="2")
    assert [call.endpoint for call in done.calls[:4]] == ["small", "large"] * 2
    assert len({(call.agent, call.endpoint) for call in done.calls}) == 10
    fewest = sum(summary.measures["fewest_misses_per_iteration"])
    assert 10 <= fewest < sum(summary.measures["misses_per_iteration"])


def test_claims_are_of_one_endpoint() -> None:
    legs = [pair(policy)[1].flat() | {"world": "live", "run_dir": "runs/x"} for policy in ("lru", "topology")]
    assert [claim.live for claim in SCENARIO.claims(legs)] == [None] * 4
    assert "misses_per_endpoint" not in leg("lru").measures
