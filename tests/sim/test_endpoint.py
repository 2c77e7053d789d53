"""The modelled endpoint: slots, times and cancellation."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.call import CacheHint, Call
from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.reply import Reply
from commissure.hal.words import distinct_text
from commissure.sim.endpoint import ModelledEndpoint
from commissure.sim.runtime import SimRuntime
from commissure.sim.timeline import write_timeline
from commissure.sim.tokens import TokenModel, common_prefix
from tests.support.records import record

FLEET = Fleet.load("local").with_slots(2, 256)
PROFILE = FLEET.profiles["local"]


def endpoint(rt: SimRuntime) -> ModelledEndpoint:
    return ModelledEndpoint(FLEET.specs[0], PROFILE, rt)


def agent_call(agent: str, turn: str = "go", words: int = 50) -> Call:
    return Call(turn, distinct_text(words, agent), agent=agent, max_tokens=4)


def run(body: Any) -> Any:
    rt = SimRuntime()
    return rt.run(body, rt, endpoint(rt))


def test_the_engine_reuses_the_most_alike_slot_and_else_the_oldest() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> list[tuple[int | None, bool]]:
        replies = [await one.generate(agent_call(agent, f"turn {n}")) for n, agent in enumerate("abbacb")]
        return [(reply.slot, reply.usage.cached_tokens > 25) for reply in replies]

    a, b = 0, 1
    assert run(body) == [(a, False), (b, False), (b, True), (a, True), (b, False), (a, False)]


def test_a_placed_agent_stays_until_another_takes_its_slot() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> list[int | None]:
        assert await one.hint(CacheHint("place", agent="a", slot=1)) == "accepted"
        assert await one.hint(CacheHint("place", agent="b", slot=3)) == "clipped"
        placed = [(await one.generate(agent_call(agent))).slot for agent in "bb"]
        return [*placed, (await one.generate(agent_call("a", "other", 1))).slot]

    assert run(body) == [1, 1, 0]


def test_the_last_prompt_token_is_always_computed() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> Reply:
        await one.generate(agent_call("a"))
        return await one.generate(agent_call("a"))

    reply = run(body)
    assert reply.usage.computed_tokens == 1


def test_calls_queue_for_the_chip_and_say_how_long() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> list[Reply]:
        return await rt.gather(*(one.generate(agent_call(agent)) for agent in "abc"))

    replies = run(body)
    ends = [reply.timing.start_s + reply.timing.total_s for reply in replies]
    assert ends == sorted(ends)
    assert PROFILE.step
    busy = [reply.timing.prefill_s + reply.timing.decode_s + PROFILE.step.call_s.value for reply in replies]
    assert replies[2].timing.queue_s == pytest.approx(busy[0] + busy[1] + PROFILE.step.call_s.value)
    assert ends[2] == pytest.approx(sum(busy))


def test_a_stream_takes_as_long_as_the_call() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> tuple[float, float]:
        whole = await one.generate(agent_call("a"))
        times = [rt.now() async for _ in one.stream(agent_call("b"))]
        assert times == sorted(times)
        return whole.timing.total_s, times[-1] - whole.timing.total_s

    whole_s, stream_s = run(body)
    assert stream_s == pytest.approx(whole_s)


def test_a_profile_without_step_times_cannot_be_simulated() -> None:
    bare = PROFILE.model_copy(update={"step": None})
    with pytest.raises(UsageError, match="commissure calibrate local"):
        ModelledEndpoint(FLEET.specs[0], bare, SimRuntime())


def test_a_call_costs_a_constant_number_of_events() -> None:
    def events(words: int, output: int) -> int:
        rt = SimRuntime()
        one = ModelledEndpoint(FLEET.with_slots(2, 4096).specs[0], PROFILE, rt)
        rt.run(one.generate, Call("x", distinct_text(words, "a"), max_tokens=output))
        return next(rt.env._eid)

    assert events(10, 1) == events(2000, 500)


@given(
    old=st.lists(st.sampled_from("ab"), max_size=40), new=st.lists(st.sampled_from("ab"), max_size=40),
    shared=st.integers(0, 60),
)  # fmt: skip
def test_common_prefix(old: list[str], new: list[str], shared: int) -> None:
    one, two = ("x",) * shared + tuple(old), ("x",) * shared + tuple(new)
    expected = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    assert common_prefix(one, two) == expected
    assert common_prefix(one, one) == len(one)


def test_the_chat_frame_is_counted() -> None:
    model = TokenModel(PROFILE.tokenizer)
    assert len(model.prompt(Call("b b", "a a a"))) == 3 + 3 + 2 + 3 + 2 + 2 + 4
    assert len(TokenModel(None).prompt(Call("b b", "a a a"))) == 5


def test_the_timeline_opens_as_a_chrome_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    write_timeline(path, [record(0), record(1, slot=None, agent=""), record(0, leg="live/lru/loop")])
    events = json.loads(path.read_text())["traceEvents"]
    names = [event["args"]["name"] for event in events if event["ph"] == "M"]
    assert names == ["sim/lru/loop", "live/lru/loop"]
    spans = [event for event in events if event["ph"] == "X"]
    assert len(spans) == 3 * 4
    whole, queue, prefill, decode = spans[:4]
    assert (whole["name"], whole["pid"], whole["tid"], whole["dur"]) == ("planner", 1, 2, pytest.approx(0.6e6))
    assert queue["ts"] == whole["ts"]
    assert prefill["ts"] == pytest.approx(queue["ts"] + queue["dur"])
    assert decode["ts"] + decode["dur"] == pytest.approx(whole["ts"] + whole["dur"])


def test_a_prompt_that_does_not_fit_is_refused_and_an_answer_ends_at_the_slots_end() -> None:
    async def body(rt: SimRuntime, one: ModelledEndpoint) -> int:
        with pytest.raises(EndpointError, match="room for 256"):
            await one.generate(Call("word " * 300))
        assert (await one.status()).running == 0
        return (await one.generate(Call("word " * 200, max_tokens=100))).usage.output_tokens

    assert run(body) == 256 - (3 + 16 + 2) - (3 + 200 + 2) - 4
