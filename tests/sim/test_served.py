"""Workflows on modelled engines and hosted APIs: batches, prefixes, hand-offs, images, money, and the contract."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import commissure as cm
from commissure.hal.call import Image
from commissure.hal.conformance import CHECKS, Check, check_endpoint
from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.words import distinct_text, filler
from tests.support.servers import bare

ENGINE = """[[endpoints]]
name = "engine"
provider = "vllm"
model = "llama-3.1-8b"
chip = "nvidia-h100"
"""
OTHER = ENGINE.replace('name = "engine"', 'name = "other"')
PREFILL = '[endpoints.prefill]\nprofile = "vllm-llama-3.1-8b-nvidia-h100"\ngb_per_s = 50\n'
TIERS = '[endpoints.engine]\nkv_blocks = 64\ntiers = [{ name = "dram", gb = 4, gb_per_s = 50 }]\n'
DRAFT = "[endpoints.engine]\nspeculative = { draft_tokens = 3, acceptance = 0.7 }\n"
STATIC = '[[endpoints]]\nname = "static"\nprovider = "neuron"\nmodel = "llama-3.1-8b"\nchip = "aws-inferentia2"\n'
SEEING = '[[endpoints]]\nname = "seeing"\nprovider = "vllm"\nmodel = "qwen3-vl-8b"\nchip = "nvidia-h100"\n'
HOSTED = '[[endpoints]]\nname = "hosted"\nprovider = "openai"\nmodel = "gpt-5"\nchip = "undisclosed"\n'
KINDS = {
    "engine": ENGINE,
    "replicas": ENGINE + "replicas = 3\n",
    "split": ENGINE + PREFILL,
    "shared": ENGINE + 'shares = "chip"\nload_s = 2\n' + OTHER + 'shares = "chip"\nload_s = 3\n',
    "tiers": ENGINE + TIERS,
    "drafts": ENGINE + DRAFT,
    "static": STATIC,
    "hosted": HOSTED,
}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def loaded(text: str, **more: Any) -> cm.Fleet:
        (tmp_path / "fleet.toml").write_text(text)
        return cm.Fleet.load(tmp_path / "fleet.toml", **more)

    return loaded


def used(fleet: Any, name: str = "engine") -> int:
    """KV blocks in use."""
    return int(bare(fleet.endpoints[name]._server).memory.cache.used)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_contract(load: Any, kind: str, one: Check) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> int:
        for endpoint in fleet.endpoints.values():
            await check_endpoint(rt, endpoint, (one,))
        return len(fleet.endpoints)

    assert cm.run(work, load(KINDS[kind])).result >= 1


def test_one_call_by_hand(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> cm.Reply:
        return await fleet.generate(cm.Call(filler(100), max_tokens=3))

    reply = cm.run(work, load(ENGINE)).result
    # A word is a token. Prompt: fixed + 100 token + 100 kv + 5,000 attention; then steps that read 101 and 102.
    prefill_s = 0.00624 + 100 * 1.33e-5 + 100 * 4.3e-8 + 5000 * 2.8e-9
    decode_s = 2 * (0.00624 + 1.33e-5) + 203 * 4.3e-8
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (100, 0, 3)
    assert reply.timing.prefill_s == pytest.approx(prefill_s)
    assert reply.timing.decode_s == pytest.approx(decode_s)
    assert reply.timing.total_s == pytest.approx(prefill_s + decode_s)
    assert reply.timing.queue_s == 0


def test_calls_at_once_share_the_steps(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet, calls: int) -> float:
        began_s = rt.now()
        await rt.gather(*(fleet.generate(cm.Call(distinct_text(50, str(n)), max_tokens=50)) for n in range(calls)))
        return rt.now() - began_s

    fleet = load(ENGINE)
    one_s, many_s = (cm.run(work, fleet, calls).result for calls in (1, 16))
    assert one_s < many_s < 2 * one_s


def test_prefixes_are_reused_by_their_text(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[int]:
        calls = [
            cm.Call("x", distinct_text(80, "a"), max_tokens=2),
            cm.Call("y", distinct_text(80, "a"), max_tokens=2),  # other last word: 80 of 81 tokens in whole blocks
            cm.Call("x", distinct_text(80, "b"), max_tokens=2),
            cm.Call("z " * 40, distinct_text(40, "a"), max_tokens=2),  # 40 words alike: two blocks of 16
        ]
        return [(await fleet.generate(call)).usage.cached_tokens for call in calls]

    assert cm.run(work, load(ENGINE)).result == [0, 80, 0, 32]


@pytest.mark.parametrize("after_s", [0.001, 0.05, 0.2])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_cut_short_gives_back_its_place_and_its_blocks(load: Any, after_s: float, streamed: bool) -> None:
    call = cm.Call(distinct_text(500, "a"), max_tokens=1000)

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[int, int, int, int]:
        endpoint = fleet.endpoints["engine"]
        with rt.move_on_after(after_s) as scope:
            if streamed:
                async with aclosing(endpoint.stream(call)) as stream:
                    async for _ in stream:
                        pass
            else:
                await fleet.generate(call)
        assert scope.cancelled_caught
        running = (await endpoint.status()).running
        await rt.sleep(0.1)  # the step in progress goes on to its end
        server: Any = fleet.endpoints["engine"]
        return running, used(fleet), len(bare(server._server).running), fleet.abandoned

    assert cm.run(work, load(ENGINE)).result == (0, 0, 0, 0 if streamed else 1)


@pytest.mark.parametrize("after_s", [0.005, 0.1, 2.0])
def test_a_call_of_split_chips_can_be_cut_short_in_every_stage(load: Any, after_s: float) -> None:
    """Its prompt takes about 0.013 s, and the journey of 66 MB at 0.05 GB/s 1.3 s."""

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[int, int, int]:
        with rt.move_on_after(after_s):
            await fleet.generate(cm.Call(distinct_text(500, "a"), max_tokens=1000))
        await rt.sleep(0.1)
        server: Any = fleet.endpoints["engine"]
        split = server._server
        return len(split._open), len(bare(split._prefill).running), len(bare(split._decode).running)

    slow_link = PREFILL.replace("gb_per_s = 50", "gb_per_s = 0.05")
    assert cm.run(work, load(ENGINE + slow_link)).result == (0, 0, 0)


def test_a_fault_from_the_beginning_is_there_for_the_first_call(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        await fleet.generate(cm.Call("x", max_tokens=2))

    with pytest.raises(EndpointError, match="503"):
        cm.run(work, load(ENGINE + '[[faults]]\nendpoint = "engine"\nkind = "fail"\nrate = 1.0\n'))


def test_prefill_chips_can_have_blocks_of_another_size(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> int:
        return (await fleet.generate(cm.Call(filler(100), max_tokens=2))).usage.output_tokens

    blocks = "[endpoints.prefill.engine]\nblock_tokens = 32\n"
    assert cm.run(work, load(ENGINE + PREFILL + blocks)).result == 2


def test_a_waiting_call_that_leaves_lets_the_next_in(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> float:
        async def impatient() -> None:
            with rt.move_on_after(0.1):
                await fleet.generate(cm.Call(filler(10), max_tokens=500))

        async def patient() -> float:
            reply = await fleet.generate(cm.Call(filler(10), max_tokens=2))
            return reply.timing.queue_s

        waits: tuple[Any, ...] = (impatient(), impatient(), patient())
        return float((await rt.gather(*waits))[2])

    fleet = load(ENGINE + "[endpoints.engine]\nmax_num_seqs = 1\n")
    assert 0.1 <= cm.run(work, fleet).result <= 0.12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tokens", [1, 2, 30])
def test_chunks_join_to_the_text(load: Any, kind: str, tokens: int) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[list[cm.Chunk], list[float]]:
        endpoint = next(iter(fleet.endpoints.values()))
        chunks, times = [], []
        async with aclosing(endpoint.stream(cm.Call(filler(20), max_tokens=tokens))) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                times.append(rt.now())
        return chunks, times

    chunks, times = cm.run(work, load(KINDS[kind])).result
    reply = chunks[-1].reply
    assert reply is not None
    assert "".join(chunk.text for chunk in chunks) == reply.text == filler(tokens)
    assert times[-1] == pytest.approx(reply.timing.total_s)
    assert times[0] == pytest.approx(reply.timing.queue_s + reply.timing.prefill_s)


def handed(first: str, second: str, words: int = 3000) -> Any:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[cm.Reply, cm.Reply, float]:
        told = await fleet.endpoints[first].generate(cm.Call(distinct_text(words, "a"), max_tokens=10))
        began_s = rt.now()
        going_on = await fleet.endpoints[second].generate(cm.Call("go on", state=told.state, max_tokens=10))
        return told, going_on, rt.now() - began_s

    return work


def test_a_state_handed_on_saves_the_prompt(load: Any) -> None:
    told, going_on, took_s = cm.run(handed("engine", "other"), load(ENGINE + OTHER)).result
    assert told.state.tokens == 3010
    assert (going_on.usage.prompt_tokens, going_on.usage.cached_tokens) == (3012, 3010)
    assert going_on.timing.prefill_s < told.timing.prefill_s / 4
    # What it waits beside its own work is the state's journey: 131,072 bytes a token at 450 GB/s.
    assert took_s - going_on.timing.total_s == pytest.approx(3010 * 131_072 / 450e9)


def test_a_state_at_its_own_endpoint_does_not_travel(load: Any) -> None:
    _, going_on, took_s = cm.run(handed("engine", "engine"), load(ENGINE)).result
    assert took_s == pytest.approx(going_on.timing.total_s)
    assert going_on.usage.cached_tokens == 3010


def test_a_text_behind_a_state_is_no_prefix_of_its_own(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> int:
        told = await fleet.generate(cm.Call(distinct_text(100, "a"), max_tokens=10))
        text = distinct_text(60, "b")
        await fleet.generate(cm.Call(text, state=told.state, max_tokens=2))
        return (await fleet.generate(cm.Call(text, max_tokens=2))).usage.cached_tokens

    assert cm.run(work, load(ENGINE)).result == 0


def test_a_state_of_another_model_is_refused_with_what_to_do(load: Any) -> None:
    message = "'seeing': it serves 'qwen3-vl-8b' and cannot read a KV state of 'llama-3.1-8b': send the text instead"
    with pytest.raises(EndpointError, match=message) as caught:
        cm.run(handed("engine", "seeing"), load(ENGINE + SEEING))
    assert not caught.value.retryable


IMAGES = (Image(640, 480, "a"), Image(100, 100, "b"))
# Squares of 32 pixels: 20 x 15; below the least area of 64 squares 100 x 100 grows to 8 x 8. Two tokens frame each.
IMAGE_TOKENS = 20 * 15 + 2 + 8 * 8 + 2


def test_images_count_by_the_models_own_rule_and_are_reused(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[cm.Reply]:
        asked = [("what", IMAGES), ("where", IMAGES), ("what", (Image(640, 480, "c"), IMAGES[1]))]
        return [await fleet.generate(cm.Call(text, images=images, max_tokens=2)) for text, images in asked]

    replies = cm.run(work, load(SEEING)).result
    assert [reply.usage.prompt_tokens for reply in replies] == [IMAGE_TOKENS + 1] * 3
    whole_blocks = IMAGE_TOKENS // 16 * 16
    assert [reply.usage.cached_tokens for reply in replies] == [0, whole_blocks, 0]


@pytest.mark.parametrize("text", [ENGINE + SEEING, SEEING + ENGINE, HOSTED + ENGINE + SEEING])
def test_images_go_to_models_that_see(load: Any, text: str) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        await rt.gather(*(fleet.generate(cm.Call("what", images=IMAGES, max_tokens=2)) for _ in range(5)))

    assert {call.endpoint for call in cm.run(work, load(text)).calls} == {"seeing"}


def test_images_that_nobody_sees_are_an_error(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        await fleet.generate(cm.Call("what", images=IMAGES, max_tokens=2))

    with pytest.raises(UsageError, match="no endpoint can serve"):
        cm.run(work, load(ENGINE))


THINKER = """model = "thinker"
chip = "undisclosed"
provider = "openai"

[hosted]
base_s = { value = 1, source = "test", as_of = 2026-11-01 }
output_token_s = { value = 0.01, source = "test", as_of = 2026-11-01 }
hidden_tokens = { value = 300, source = "test", as_of = 2026-11-01 }

[price]
input_usd_per_mtok = { value = 2, source = "test", as_of = 2026-11-01 }
output_usd_per_mtok = { value = 10, source = "test", as_of = 2026-11-01 }
"""


def test_hidden_tokens_are_waited_for_and_billed(load: Any, tmp_path: Path) -> None:
    (tmp_path / "thinker.toml").write_text(THINKER)

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> cm.Reply:
        return await fleet.generate(cm.Call(filler(100), max_tokens=20))

    done = cm.run(work, load(HOSTED + 'profile = "thinker.toml"\n'))
    usage = done.result.usage
    assert (usage.prompt_tokens, usage.output_tokens, usage.reasoning_tokens) == (100, 20, 300)
    assert done.cost_usd == pytest.approx((100 * 2 + 320 * 10) / 1e6)
    assert done.time_s == pytest.approx(1 + 320 * 0.01)
    assert done.result.timing.prefill_s == pytest.approx(1 + 301 * 0.01)


def test_a_prompt_beyond_the_context_is_refused_and_an_answer_ends_with_it(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> int:
        endpoint = fleet.endpoints["engine"]
        assert endpoint.capabilities.context_tokens == 64 * 16
        with pytest.raises(EndpointError, match="prompt has 1024 tokens, the endpoint room for 1024") as caught:
            await endpoint.generate(cm.Call(filler(1024), max_tokens=1))
        assert not caught.value.retryable
        assert (await endpoint.status()).running == 0
        return (await endpoint.generate(cm.Call(filler(1000), max_tokens=100))).usage.output_tokens

    assert cm.run(work, load(ENGINE + "[endpoints.engine]\nkv_blocks = 64\n")).result == 24


def test_a_router_looks_for_room(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        for words in (100, 2000):
            await fleet.generate(cm.Call(filler(words), max_tokens=4))

    small = ENGINE + "[endpoints.engine]\nkv_blocks = 64\n" + OTHER
    assert [call.endpoint for call in cm.run(work, load(small)).calls] == ["engine", "other"]


def test_models_that_share_a_chip_wait_for_each_other(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[cm.Reply]:
        names = ("engine", "other", "engine")
        return await rt.gather(*(fleet.endpoints[name].generate(cm.Call("x", max_tokens=2)) for name in names))

    first, second, third = cm.run(work, load(KINDS["shared"])).result
    assert first.timing.queue_s == 2
    assert second.timing.queue_s == pytest.approx(third.timing.total_s + 3)
    assert 2 < third.timing.queue_s < first.timing.total_s + 1e-9  # it joins the first at its second step


ONE_TRY = "[endpoints.resilience]\nattempts = 1\nbreaker_failures = 0\n"
FAULTS = '[[faults]]\nendpoint = "engine"\nkind = "fail"\nat_s = 0.01\nrate = 0.5\n'


def test_a_workflow_can_retry_what_a_fault_refuses(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[str]:
        await rt.sleep(1)
        found = []
        for _ in range(40):
            try:
                await fleet.generate(cm.Call("x", max_tokens=2))
                found.append("")
            except EndpointError as error:
                found.append(f"{error}, {error.retryable}")
        return found

    found = cm.run(work, load(ENGINE + ONE_TRY + FAULTS), seed=3).result
    # Within four standard deviations of 20.
    assert 8 <= sum("503" in problem for problem in found) <= 32
    assert set(found) == {"", "endpoint 'engine': it answered 503, True"}


async def mixed(rt: cm.Runtime, fleet: cm.OpenFleet) -> int:
    async def ask(number: int) -> int:
        await rt.sleep(rt.rng(f"gap{number}").random())
        name = ("engine", "hosted")[number % 2]
        try:
            await fleet.generate(cm.Call(distinct_text(30, name), agent=name, max_tokens=5 + number))
        except EndpointError:
            return 1
        return 0

    return sum(await rt.gather(*(ask(number) for number in range(30))))


def test_a_seed_repeats_a_run_to_the_bit(load: Any) -> None:
    class Turns(cm.Router):
        def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> cm.Candidate:
            return next(one for one in fleet.candidates if one.name == call.agent)

    def run(seed: int) -> tuple[str, int]:
        done = cm.run(mixed, load(ENGINE + DRAFT + HOSTED + FAULTS, router=Turns()), seed=seed)
        return done.trace_hash, done.result

    assert run(1) == run(1)
    assert run(1)[0] != run(2)[0]
    assert run(1)[1] > 0


def test_what_cannot_be_modelled_is_said_when_it_is_opened(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        pass

    other = PREFILL.replace("llama-3.1-8b", "llama-3.3-70b")
    for text, message in (
        (ENGINE + other, "KV state comes from 'llama-3.3-70b'.*both must serve the same model"),
        (HOSTED.replace("undisclosed", "cpu").replace("gpt-5", "x"), "unknown profile"),
    ):
        with pytest.raises(UsageError, match=message):
            cm.run(work, load(text))


def test_an_evictor_hears_where_every_workflow_stands() -> None:
    moments: list[cm.Moment] = []

    class Hears(cm.Evictor):
        def asked(self, now: cm.Moment) -> None:
            moments.append(now)

        def priority(self, entry: cm.Resident, now: cm.Moment) -> int:
            return entry.last_used

    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        for agent, name, node in (("a", "one", "a/1"), ("b", "two", ""), ("a", "one", "a/2")):
            await fleet.generate(
                cm.Call("x", distinct_text(64, agent), agent=agent, workflow=name, node=node, max_tokens=1)
            )

    cm.run(workflow, cm.Fleet.load("h100", evictor=Hears()))
    assert [(now.agent, now.workflow, now.others) for now in moments] == [
        ("a/1", "one", ()),
        ("b", "two", ("a/1",)),
        ("a/2", "one", ("b",)),
    ]
