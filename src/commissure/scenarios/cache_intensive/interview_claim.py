"""The claim about podcast-interview: a fifth of the time saved, and which mechanism gives how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.scenario import Claim, Scenario

SOURCE = "Callosum, Heterogeneous Intelligence (2026): cache-intensive work"
CLAIMED_SAVING = 0.2
TOLERANCE = 0.05
# Long enough that the first rounds, in which a policy learns, do not count.
ITERATIONS = 60
# Mechanism: the policy, and what is changed in the settings; each is held against LRU in the same settings but for
# what the mechanism adds.
EVICTION = "eviction by the graph and what prompts cost"
MECHANISMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "eviction with the fewest misses (Belady)": ("belady", {}, {}),
    EVICTION: ("topology-cost", {}, {}),
    "a disk below the slots": ("lru", {"disk_slots": 3}, {}),
    # Of what LRU has evicted it wants nothing back: it fetches nothing.
    "fetched ahead while 1 s is spoken": ("topology-cost", {}, {"prefetch": "likely", "tool_s": 1.0}),
    "a slot for each of the three": ("lru", {"slots": 3}, {}),
}
HOST_LENGTHS = (1.0, 0.5, 0.25, 0.1)


def interview_claims(scenario: Scenario, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """The part of LRU's time that each mechanism saves: in sim over many rounds, live as it was run."""
    savings = {name: _saving(scenario, *mechanism) for name, mechanism in MECHANISMS.items()}
    by_length = {length: _saving(scenario, "topology-cost", {}, {"host_length": length}) for length in HOST_LENGTHS}
    share = _leg(scenario, "lru", {}).measures["prefill_s"] / _leg(scenario, "lru", {}).time_s
    inputs = scenario.settings(**{"iterations": ITERATIONS}).model_dump()
    reached = savings[EVICTION] >= (1 - TOLERANCE) * CLAIMED_SAVING
    return [
        Claim(
            id="podcast-interview/saving",
            scenario=scenario.name,
            statement="graph-aware caching ends an interview of a host and two characters 20 % sooner",
            source=SOURCE,
            claimed=CLAIMED_SAVING,
            sim=savings,
            live=_live(scenario, measured),
            verdict="reproduced" if reached else "not reproduced",
            why=_why(savings, by_length, share),
            inputs=inputs | {"profile": Fleet.load().specs[0].profile_name},
        )
    ]


def _why(savings: dict[str, float], by_length: dict[float, float], share: float) -> str:
    enough = [name for name, saving in savings.items() if saving >= (1 - TOLERANCE) * CLAIMED_SAVING]
    lengths = ", ".join(f"{saving:.0%} at {length:g}" for length, saving in by_length.items())
    return (
        "host and characters alternate, and each prompt that runs takes one of the two slots: every choice misses as "
        f"often as LRU's, Belady's too. What can be chosen is what is missed: letting the host's short prompt go, not "
        f"a character's. How much that saves hangs on how long the host's prompt is beside a character's, which the "
        f"source does not give: {lengths} (0.25 is ours). Prefill is {share:.0%} of LRU's time. The claimed fifth is "
        f"reached by: {'; '.join(enough) or 'none'}. The source does not say which it used."
    )


def _live(scenario: Scenario, measured: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """The same from the newest live runs that have a mechanism beside LRU, at as many rounds as they had."""
    found: dict[str, float] = {}
    live = [leg for leg in measured if leg["scenario"] == scenario.name and leg["world"] == "live"]
    for run in dict.fromkeys(leg["run_dir"] for leg in live):
        legs = [leg for leg in live if leg["run_dir"] == run]
        for name, (policy, changes, both) in MECHANISMS.items():
            ours, base = _time_s(scenario, legs, policy, both | changes), _time_s(scenario, legs, "lru", both)
            if ours is not None and base:
                found[name] = 1.0 - ours / base
    return found or None


def _time_s(
    scenario: Scenario, legs: Sequence[Mapping[str, Any]], policy: str, changes: dict[str, Any]
) -> float | None:
    """Of the leg with these settings but for its rounds."""
    known = scenario.settings().model_dump() | changes
    for leg in legs:
        rounds = {"iterations": leg["settings"].get("iterations")}
        if leg["policy"] == policy and leg["settings"] == known | rounds:
            return float(leg["time_s"])
    return None


def _saving(scenario: Scenario, policy: str, changes: dict[str, Any], both: dict[str, Any]) -> float:
    return 1.0 - _leg(scenario, policy, both | changes).time_s / _leg(scenario, "lru", both).time_s


def _leg(scenario: Scenario, policy: str, changes: dict[str, Any]) -> LegSummary:
    settings = scenario.settings.model_validate({"iterations": ITERATIONS} | changes)
    return summarise(scenario, settings, policy, run_leg(scenario, settings, Fleet.load(), policy, "sim", 0))
