"""Prompts computed where that is soonest: busy chips, fast chips far away, the size of the state, several groups."""

import math
from bisect import bisect_left
from pathlib import Path
from typing import Any

import pytest
import simpy

import commissure as cm
from commissure.hal.errors import UsageError
from commissure.hal.placement import Placer, PrefillOption
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile, load_profile
from commissure.policies.placement import build_placer
from commissure.sim.engine.job import Job
from commissure.sim.topology.ahead import Kept
from commissure.sim.topology.channel import Channel
from commissure.sim.topology.expect import Pool
from commissure.sim.topology.placed import Group, Placed
from tests.support.servers import UNIT, Desk, engine

PROFILE = load_profile("vllm-llama-3.1-8b-nvidia-h100")


class Pair:
    """Two engines of a second a step of 64 tokens, and a link on which the state of 56 tokens takes two seconds."""

    def __init__(self, placer: Placer | None, *, own_blocks: float = math.inf, there_blocks: float = math.inf) -> None:
        self.env = simpy.Environment()
        self.own, self.there = engine(self.env, own_blocks), engine(self.env, there_blocks)
        self.link = Channel(self.env, 28.0)
        pools = [Pool(one, (Kept(one),), PROFILE, one.memory.cache.capacity * UNIT) for one in (self.own, self.there)]
        self.server = Placed("own", pools[0], [Group("there", pools[1], self.link, float)], placer)
        self.desk = Desk(self.env)

    def computed(self) -> list[str]:
        """Where each of the calls that are under way is computed, in order of arrival."""
        return ["own" if number < 0 else "there" for number, _ in self.server._told.values()]


SOONEST = build_placer("soonest", 0)


def test_a_chip_as_fast_is_used_only_when_the_own_is_busy_enough() -> None:
    """A prompt is a second; there and back again costs two more. The third is a tie: it stays."""
    pair = Pair(SOONEST)
    for _ in range(6):
        pair.desk.send(0, pair.server, Job(56, 2))
    seen: list[list[str]] = []
    pair.desk.at(0, lambda: seen.append(pair.computed()))
    pair.desk.run()
    # The fifth would find a second of queue there, and as long a way as before: four seconds, as at home.
    assert seen[0] == ["own", "own", "own", "there", "own", "there"]
    assert len(pair.desk.ended) == 6
    assert not pair.server._told


def test_where_a_prefix_is_kept_counts() -> None:
    pair = Pair(build_placer("there", 0))
    hashes = tuple(range(48))
    pair.desk.send(0, pair.server, Job(193, 2, hashes))
    pair.desk.run()
    options = pair.server.options(Job(193, 2, hashes))
    assert [(one.prefill_s, one.transfer_s, one.queue_s) for _, one in options] == [(4, 0, 0), (1, 193 / 28, 0)]
    assert [one.own for _, one in options] == [True, False]
    price = PROFILE.usd_per_hour
    assert price
    assert options[0][1].usd == pytest.approx(4 * price.value / 3600)


def test_an_answer_of_one_token_needs_no_journey() -> None:
    pair = Pair(SOONEST)
    assert dict(pair.server.options(Job(56, 1)))[0].transfer_s == 0
    assert dict(pair.server.options(Job(56, 2)))[0].transfer_s == 2


def test_a_chip_that_cannot_hold_a_call_is_no_option_and_none_left_is_an_error() -> None:
    pair = Pair(build_placer("there", 0), there_blocks=4)
    job = pair.desk.send(0, pair.server, Job(32, 2))
    assert pair.desk.run()
    assert job.error is None
    assert pair.there.steps == 0
    small = Pair(SOONEST, own_blocks=4, there_blocks=5)
    job = small.desk.send(0, small.server, Job(32, 2))
    small.desk.run()
    assert isinstance(job.error, UsageError)
    assert str(job.error).startswith("endpoint 'own': no chip can compute a prompt of 32 tokens with an answer of 2;")
    assert str(job.error).endswith("tokens that fit: own 16, there 20")


def test_a_placer_that_returns_something_else_is_told() -> None:
    class Wrong(Placer):
        def choose(self, call: cm.Call, options: Any) -> PrefillOption:
            assert (call.prompt_tokens, call.max_tokens, call.agent) == (32, 2, "a")
            return PrefillOption("else", 0.0)

    pair = Pair(Wrong())
    job = Job(32, 2)
    job.tag = "a"
    pair.desk.send(0, pair.server, job)
    pair.desk.run()
    assert "must return one of the options" in str(job.error)


@pytest.mark.parametrize("how", ["drop", "lose"])
@pytest.mark.parametrize("name", ["here", "there"])
@pytest.mark.parametrize("at_s", [0.5, 2.0, 5.5])
def test_a_call_can_leave_in_every_stage(how: str, name: str, at_s: float) -> None:
    """Two steps of prompt, some seconds of journey, and some tokens."""
    pair = Pair(build_placer(name, 0))
    job = pair.desk.send(0, pair.server, Job(128, 30))
    if how == "drop":
        pair.desk.drop(at_s, pair.server, job)
    else:
        pair.desk.lose(at_s, pair.server)
    after = pair.desk.send(60, pair.server, Job(8, 2))
    pair.desk.run()
    assert (pair.desk.dropped if how == "drop" else pair.desk.lost) == [job]
    assert pair.desk.ended == [after]
    assert not pair.server._told
    assert not any(one.running or one.waiting or one.memory.cache.used for one in (pair.own, pair.there))


def alone_s(profile: Profile, tokens: int) -> float:
    """To compute a prompt on an idle chip, by the profile's coefficients."""
    assert profile.step
    assert profile.engine
    step, experts = profile.step.values(), models()[profile.model].experts
    total, context = 0.0, 0
    while context < tokens:
        chunk = min(profile.engine.max_batched_tokens, tokens - context)
        total += step["fixed_s"] + step["sequence_s"] + step["token_s"] * (chunk - step["hidden_tokens"])
        total += step["kv_token_s"] * (context + chunk) + step["attention_s"] * chunk * (context + chunk / 2)
        total += step["experts_s"] * (experts.share(chunk) if experts else 0.0)
        context += chunk
    return total


FLEET = """[[endpoints]]
name = "own"
provider = "vllm"
model = "{model}"
chip = "{chip}"

[[endpoints.prefill]]
profile = "vllm-{model}-{there}"
gb_per_s = {gb_per_s}
latency_s = {latency_s}
"""
KIMI = {"model": "kimi-k2.5", "chip": "nvidia-h200", "there": "nvidia-b200", "gb_per_s": 20, "latency_s": 0.2}
GPT = {"model": "gpt-oss-120b", "chip": "nvidia-h100", "there": "nvidia-b200", "gb_per_s": 50, "latency_s": 0.05}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def loaded(text: str, placer: str | None = "soonest") -> cm.Fleet:
        (tmp_path / "fleet.toml").write_text(text)
        return cm.Fleet.load(tmp_path / "fleet.toml", placer=build_placer(placer, 0) if placer else None)

    return loaded


def crossover(parts: dict[str, Any], model: str) -> int:
    """The shortest prompt that is there sooner, were the state that of a model."""
    here, there = (load_profile(f"vllm-{parts['model']}-{parts[end]}") for end in ("chip", "there"))

    def gain_s(tokens: int) -> float:
        size = models()[model].kv_bytes(tokens)
        assert size
        journey_s = size / 1e9 / float(parts["gb_per_s"]) + float(parts["latency_s"])
        return alone_s(here, tokens) - alone_s(there, tokens) - journey_s

    found = bisect_left(range(8192), 0.0, lo=1, key=gain_s)
    assert gain_s(found) >= 0 > gain_s(found - 1)
    return found


async def first_token(rt: cm.Runtime, fleet: cm.OpenFleet, tokens: int) -> float:
    reply = await fleet.generate(cm.Call("x", prompt_tokens=tokens, max_tokens=5))
    return reply.timing.prefill_s


@pytest.mark.parametrize("parts", [KIMI, GPT], ids=lambda one: one["model"])
def test_long_prompts_go_to_the_fast_chip_and_short_ones_stay(load: Any, parts: dict[str, Any]) -> None:
    fleet = load(FLEET.format(**parts))
    meet = crossover(parts, parts["model"])
    assert 500 < meet < 8000
    here, there = (load_profile(f"vllm-{parts['model']}-{parts[end]}") for end in ("chip", "there"))
    for tokens in (100, meet // 2, meet - 10):
        assert cm.run(first_token, fleet, tokens).result == pytest.approx(alone_s(here, tokens))
    for tokens in (meet + 10, 2 * meet, 30_000):
        assert cm.run(first_token, fleet, tokens).result == pytest.approx(alone_s(there, tokens))


def test_a_smaller_state_moves_the_crossover() -> None:
    """The latent of Kimi-K2.5 is a fifth of the state that Llama-3.3-70B would send: shorter prompts pay."""
    latent, plain = crossover(KIMI, "kimi-k2.5"), crossover(KIMI, "llama-3.3-70b")
    assert latent < 0.75 * plain


def bursts(parts: dict[str, Any]) -> Any:
    """Four bursts of eight calls, their lengths drawn; returns the sum of their times."""

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> float:
        dice = rt.rng("lengths")

        async def one(burst: int) -> float:
            await rt.sleep(2.0 * burst + 0.05 * dice.random())
            tokens = round(200 + 6000 * dice.random() ** 2)
            reply = await fleet.generate(cm.Call("x", prompt_tokens=tokens, max_tokens=40))
            return reply.timing.total_s

        return sum(await rt.gather(*(one(number // 8) for number in range(32))))

    return work


LLAMA = {"model": "llama-3.3-70b", "chip": "nvidia-h100", "there": "nvidia-h100", "gb_per_s": 50, "latency_s": 0.01}


@pytest.mark.parametrize("parts", [KIMI, GPT, LLAMA], ids=lambda one: one["model"])
def test_in_bursts_soonest_beats_either_alone(load: Any, parts: dict[str, Any]) -> None:
    """Over the seeds together. In a single burst it can lose some: it does not count whom it holds up at home."""
    text, seeds = FLEET.format(**parts), range(4)
    took = {
        name: [cm.run(bursts(parts), load(text, name), seed=seed).result for seed in seeds]
        for name in ("soonest", "here", "there")
    }
    assert sum(took["soonest"]) <= min(sum(took["here"]), sum(took["there"]))
    for ours, here, there in zip(*took.values(), strict=True):
        assert ours <= 1.05 * min(here, there)
    assert cm.run(bursts(parts), load(text, None), seed=0).result == pytest.approx(took["there"][0])


def test_several_groups(load: Any) -> None:
    """Far and fast, near and slow: each has its prompts; the hire of all is counted, and none is without a placer."""
    near = FLEET.format(**GPT | {"there": "nvidia-h200", "latency_s": 1e-4})
    text = near + FLEET.format(**GPT).partition("\n\n")[2]
    fleet = load(text)
    hired = [load_profile(f"vllm-gpt-oss-120b-nvidia-{chip}").usd_per_hour for chip in ("h100", "h200", "b200")]
    assert fleet.usd_per_hour == pytest.approx(sum(one.value for one in hired if one))
    h200, b200 = (load_profile(f"vllm-gpt-oss-120b-nvidia-{chip}") for chip in ("h200", "b200"))
    assert cm.run(first_token, fleet, 300).result == pytest.approx(alone_s(h200, 300))
    assert cm.run(first_token, fleet, 60_000).result == pytest.approx(alone_s(b200, 60_000))

    async def two(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[float]:
        return list(await rt.gather(first_token(rt, fleet, 300), first_token(rt, fleet, 300)))

    assert cm.run(two, load(text, None)).result == pytest.approx([alone_s(h200, 300), alone_s(b200, 300)])


@pytest.mark.parametrize("header", ["[endpoints.prefill]", "[[endpoints.prefill]]"])
def test_one_group_is_a_table_or_a_list_of_one(load: Any, header: str) -> None:
    text = FLEET.format(**GPT)
    fleet = load(text.replace("[[endpoints.prefill]]", header), None)
    assert fleet.specs == load(text, None).specs
    assert fleet.with_slots(2, 128).specs[0].prefill == fleet.specs[0].prefill
