"""The cache scenarios in sim: what the disk and fetching ahead change, and every policy on every workflow."""

from typing import Any

import pytest

from commissure.hal.fleets.fleet import Fleet
from commissure.policies.cache import evictor_names
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.run import Run
from commissure.scenarios.scenario import find_scenario, parse_settings

SLOTTED = ("cache-loop", "podcast-interview", "branching-agents", "concurrent-workflows")


def leg(name: str, policy: str, seed: int = 0, **changes: Any) -> tuple[Run, LegSummary]:
    scenario = find_scenario(name)
    settings = parse_settings(scenario, changes)
    done = run_leg(scenario, settings, Fleet.load(), policy, "sim", seed)
    return done, summarise(scenario, settings, policy, done)


@pytest.mark.parametrize("name", SLOTTED)
def test_every_policy_of_every_variant_runs_twice_alike_and_never_beats_the_fewest(name: str) -> None:
    scenario = find_scenario(name)
    for variant in scenario.variants:
        for policy in scenario.policies:
            done, summary = leg(name, policy, 1, **variant)
            assert done.trace_hash == leg(name, policy, 1, **variant)[0].trace_hash
            assert summary.measures["fewest_misses"] <= summary.measures["misses"]
            settings: Any = parse_settings(scenario, variant)
            assert summary.calls == scenario.expected_calls(settings, 1)
            if policy == "belady" and len(variant) == 1 and "disk_slots" not in variant:
                assert summary.measures["misses"] == summary.measures["fewest_misses"]


def test_every_evictor_can_be_named() -> None:
    for policy in evictor_names():
        assert leg("branching-agents", policy, 2, turns="40")[1].calls == 40


def test_foresight_beats_rules_of_thumb_on_random_workflows() -> None:
    for name, changes in (
        ("branching-agents", {"family": "branching"}),
        ("branching-agents", {"family": "nested"}),
        ("concurrent-workflows", {}),
    ):
        misses = {
            policy: sum(leg(name, policy, seed, **changes)[1].measures["misses"] for seed in range(8))
            for policy in ("lru", "mru", "random", "topology-stochastic")
        }
        assert min(misses, key=lambda policy: misses[policy]) == "topology-stochastic", (name, misses)


def test_several_workflows_stand_in_several_places() -> None:
    done, _ = leg("concurrent-workflows", "topology-stochastic", 3)
    names = {call.workflow for call in done.calls}
    assert len(names) >= 2
    starts = [call.start_s for call in done.calls]
    overlapping = sum(
        one.start_s < other.start_s < one.start_s + one.total_s
        for one, other in zip(done.calls, done.calls[1:], strict=False)
        if one.workflow != other.workflow
    )
    assert starts != sorted(starts) or overlapping


def test_with_a_disk_only_first_uses_are_computed() -> None:
    done, summary = leg("podcast-interview", "lru", disk_slots="3")
    plain, _ = leg("podcast-interview", "lru")
    assert summary.measures["misses"] == summary.measures["fewest_misses"] == 3
    assert summary.measures["restored"] == sum(call.restored for call in done.calls) > 20
    assert done.time_s < 0.6 * plain.time_s
    restored = [call for call in done.calls if call.restored]
    # The time of a restore is the call's own: it comes before the prompt is looked at.
    assert all(call.cached_tokens > 0.9 * call.prompt_tokens - 20 for call in restored)


def test_fetching_ahead_needs_time_in_which_to_fetch() -> None:
    def time_s(prefetch: str, tool_s: str) -> float:
        return leg("podcast-interview", "topology", prefetch=prefetch, tool_s=tool_s)[0].time_s

    assert time_s("likely", "2") < 0.95 * time_s("none", "2")
    assert time_s("likely", "0") > 0.98 * time_s("none", "0")  # nothing is gained where no time is idle


def test_fetched_prefixes_are_hits_and_say_so() -> None:
    done, summary = leg("podcast-interview", "topology", prefetch="likely", tool_s="2")
    fetched = [call for call in done.calls if call.fetched]
    assert len(fetched) == summary.measures["fetched"] > 10
    assert not any(call.miss or call.restored for call in fetched)


def test_on_the_loop_with_a_disk_nothing_is_computed_twice() -> None:
    measures = leg("cache-loop", "topology", disk_slots="6")[1].measures
    assert measures["misses_per_iteration"] == [6] + [0] * 11


def test_the_interview_claim_says_what_reaches_it() -> None:
    (claim,) = find_scenario("podcast-interview").claims([])
    assert claim.sim["eviction with the fewest misses (Belady)"] == 0.0
    assert claim.sim["a disk below the slots"] > 0.4
    assert 0.19 < claim.sim["eviction by the graph and what prompts cost"] < 0.25
    assert claim.verdict == "reproduced"
    assert "0% at 1," in claim.why
    assert "does not say which it used" in claim.why


def test_the_interview_claim_takes_live_savings_from_runs() -> None:
    def live(policy: str, time_s: float, run: str = "runs/x", **changes: Any) -> dict[str, Any]:
        return leg("podcast-interview", policy, **changes)[1].flat() | {
            "world": "live", "time_s": time_s, "run_dir": run,
        }  # fmt: skip

    measured = [
        live("lru", 40.0),
        live("topology-cost", 30.0),
        live("lru", 10.0, disk_slots="3"),
        live("lru", 1, "runs/y"),
    ]
    (claim,) = find_scenario("podcast-interview").claims(measured)
    assert claim.live == {"eviction by the graph and what prompts cost": 0.25, "a disk below the slots": 0.75}
