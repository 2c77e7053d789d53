"""The real engine: the same policies, the same decisions, call by call. Small prompts keep this short."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from commissure.hal.call import CacheHint, Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.ledger import Ledger
from commissure.hal.local_server import local_server
from commissure.hal.words import WORDS, distinct_text
from commissure.scenarios.cache_intensive.cache_loop import SCENARIO
from commissure.scenarios.calibration import probe_fleet, step_times
from commissure.scenarios.legs import run_leg
from commissure.scenarios.run import WORLDS, Run, run
from commissure.scenarios.scenario import find_scenario, parse_settings

pytestmark = pytest.mark.local

SMALL = {"iterations": "3", "prompt_words": "48", "output_tokens": "2"}


def both_worlds(policy: str, fleet: str = "local", **changes: str) -> tuple[Run, Run]:
    settings = parse_settings(SCENARIO, SMALL | changes)
    sim, live = (run_leg(SCENARIO, settings, Fleet.load(fleet), policy, world, 4) for world in WORLDS)
    return sim, live


@pytest.mark.parametrize(
    ("policy", "workflow"),
    [
        *((policy, "loop") for policy in ("lru", "mru", "random", "topology")),
        # One of each sort: by time, by count, by size and by the graph; all others decide by the same seam.
        *((policy, "branching") for policy in ("arc", "belady", "gdsf", "lru", "sieve", "topology-stochastic")),
    ],
)
def test_live_equals_sim_call_by_call(policy: str, workflow: str) -> None:
    sim, live = both_worlds(policy, workflow=workflow)
    for simulated, measured in zip(sim.calls, live.calls, strict=True):
        assert simulated.decision() == measured.decision()
    assert sim.decision_hash == live.decision_hash
    assert {call.timing for call in live.calls} == {"server"}


@pytest.mark.parametrize("changes", [{"disk_slots": "1"}, {"disk_slots": "3"}, {"prefetch": "likely", "tool_s": "0.4"}])
def test_disk_and_fetching_ahead_do_live_what_they_do_in_sim(changes: dict[str, str]) -> None:
    scenario = find_scenario("podcast-interview")
    settings = parse_settings(scenario, {"iterations": "3", "prompt_words": "60", "output_tokens": "4"} | changes)
    sim, live = (run_leg(scenario, settings, Fleet.load(), "topology", world, 4) for world in WORLDS)
    assert [call.decision() for call in sim.calls] == [call.decision() for call in live.calls]
    assert any(call.restored or call.fetched for call in live.calls)


def test_the_engines_own_choice_is_lru() -> None:
    """Without placement the real server and the model of it choose alike, and as the client's LRU would."""
    settings: Any = parse_settings(SCENARIO, SMALL)
    fleet = Fleet.load().with_slots(settings.slots, settings.slot_tokens)
    sim, live = (run(SCENARIO.workflow, fleet, settings, "lru", world=world) for world in WORLDS)
    placed, _ = both_worlds("lru")
    tokens = [[(call.agent, call.cached_tokens) for call in one.calls] for one in (sim, live, placed)]
    assert tokens[0] == tokens[1] == tokens[2]


@pytest.mark.parametrize(("policy", "workflow"), [("lru", "loop"), ("topology", "branching")])
def test_two_servers_at_once_keep_what_sim_says_they_keep(policy: str, workflow: str) -> None:
    """The second model attends to a window: its server must keep what lies before it."""
    sim, live = both_worlds(policy, "local-pair", workflow=workflow, agents="8", slots="3")
    assert {call.endpoint for call in live.calls} == {"small", "large"}
    assert [call.decision() for call in sim.calls] == [call.decision() for call in live.calls]


async def _hinted(rt: Any, fleet: Any) -> list[tuple[int, int]]:
    """Every hint on both servers, and calls to both at the same time; tokens of prompts, and those reused."""

    async def one(endpoint: Any) -> list[Any]:
        calls = [Call(turn, distinct_text(700, "long"), agent="a", max_tokens=4) for turn in ("year", "time", "man")]
        await endpoint.hint(CacheHint("prefetch", slot=1, call=calls[0]))
        replies = [await endpoint.generate(calls[1])]
        await endpoint.hint(CacheHint("save", "a", 1))
        await endpoint.hint(CacheHint("evict", "a", 1))
        await endpoint.hint(CacheHint("place", "a", 1))
        replies.append(await endpoint.generate(calls[2]))
        await endpoint.hint(CacheHint("evict", "a", 1))
        await endpoint.hint(CacheHint("restore", "a", 1))
        return [*replies, await endpoint.generate(calls[2])]

    found = await rt.gather(*(one(endpoint) for endpoint in fleet.endpoints.values()))
    return [(reply.usage.prompt_tokens, reply.usage.cached_tokens) for replies in found for reply in replies]


def test_hints_work_on_both_servers_at_once() -> None:
    sim, live = (run(_hinted, Fleet.load("local-pair"), world=world).result for world in WORLDS)
    assert sim == live
    # Beyond the window of 512 tokens, too.
    assert [cached > 600 for _, cached in live] == [True, False, True] * 2


def test_both_servers_can_be_calibrated() -> None:
    fleet = probe_fleet(Fleet.load("local-pair"))
    found = step_times(fleet)
    for name in ("small", "large"):
        assert found[f"{name}.token_s"] > 0
        assert fleet.profiles[name].step != Fleet.load("local-pair").profiles[name].step


@pytest.mark.parametrize("name", ["small", "large"])
def test_filler_words_are_one_token_each(name: str) -> None:
    rt = LiveRuntime()

    async def main() -> list[str]:
        async with Fleet.load("local-pair").open(rt, connect, Ledger()) as fleet:
            endpoint: Any = fleet.endpoints[name]
            found = []
            for word in WORDS:
                for text in (word, f" {word}"):
                    answer = await endpoint._client.post("/tokenize", {"content": text})
                    if len(answer["tokens"]) != 1:
                        found.append(text)
            return found

    assert rt.run(main) == []


def test_the_server_binds_to_loopback_and_ends_with_its_block() -> None:
    with local_server("smollm2-135m", 1, 256) as url:
        address = urlsplit(url)
        assert address.hostname == "127.0.0.1"
        assert address.port
        socket.create_connection((address.hostname, address.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port), timeout=5)


def test_temperature_zero_answers_alike_and_text_comes_back() -> None:
    async def ask(rt: Any, fleet: Any) -> list[str]:
        call = Call("What is the capital of France? Answer in one word.", max_tokens=12)
        return [(await fleet.generate(call)).text for _ in range(2)]

    one, two = run(ask, Fleet.load(), world="live").result
    assert "Paris" in one
    assert one == two


def test_run_live_prints_the_contract(tmp_path: Path) -> None:
    changes = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(
        [sys.executable, "-m", "commissure", "run", "cache-loop", "--world", "live", "--policy", "topology",
         "--seed", "1", "--json", *changes],
        cwd=tmp_path, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["misses_per_iteration"] == [6, 1, 1]
    assert result["predicted_time_s"] > 0
    assert result["time_s"] > 0
    summary = json.loads((tmp_path / result["run_dir"] / "summary.json").read_text())
    assert summary["calibration"]["local"]["calls"] == 45
