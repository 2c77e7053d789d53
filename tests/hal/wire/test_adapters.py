"""Every provider's adapter over a loopback server that speaks as the provider does: the contract, and faults."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from commissure.hal.call import Call, Image
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.conformance import CHECKS, FAULTS, Check, check_endpoint, check_fault
from commissure.hal.connect import connect, provider_of
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Price, Profile
from commissure.hal.profiles.quantity import Quantity
from tests.support.api import ApiServer, api_server, settled

PROVIDERS = (
    "openai", "anthropic", "moonshotai", "cerebras", "sambanova", "vllm", "neuron", "sglang", "llama_cpp", "groq",
    "together", "novita", "compatible",
)  # fmt: skip
KEY = "sk-test-0123456789abcdef"
# Whose language the stand-in speaks to those that have none of their own.
SPEAKS = {"novita": "together", "compatible": "openai"}
SILENT_S = 0.3


def profile(provider: str) -> Profile:
    def usd(value: float) -> Quantity:
        return Quantity.model_validate({"value": value, "source": "test", "as_of": "2026-11-22"})

    price = Price(input_usd_per_mtok=usd(2.0), output_usd_per_mtok=usd(8.0), cached_usd_per_mtok=usd(0.5))
    return Profile(model="m", chip="undisclosed", provider=provider, price=price)


def spec(provider: str, url: str, **more: Any) -> EndpointSpec:
    fields = {"name": provider, "provider": provider, "model": "m", "chip": "undisclosed", "base_url": url, "slots": 4}
    return EndpointSpec.model_validate(fields | {"timeout_s": SILENT_S} | more)


def with_endpoint(provider: str, work: Callable[..., Awaitable[Any]], *, server: ApiServer, **more: Any) -> Any:
    rt = LiveRuntime()

    async def main() -> Any:
        async with connect(spec(provider, server.url, **more), profile(provider), rt) as endpoint:
            return await work(rt, endpoint)

    return rt.run(main)


@pytest.fixture
def served(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    provider = request.param
    facts = provider_of(provider)
    assert facts is not None
    for variable in facts.key_variables[:1]:
        monkeypatch.setenv(variable, KEY)
    flavour = SPEAKS.get(provider, provider)
    with api_server(flavour, key=KEY if facts.key_variables else "", words_per_s=2000, first_s=0.002) as server:
        yield provider, server
        assert settled(lambda: server.under_way == 0)


# The stand-in has no memory that fills, and keeps prompts in units of eight words. The real server passes these.
NOT_OF_THE_STAND_IN = {"refuses_what_does_not_fit", "keeps_what_it_saved"}


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("served", PROVIDERS, indirect=True)
def test_contract(served: tuple[str, ApiServer], one: Check) -> None:
    if served[0] == "llama_cpp" and getattr(one, "__name__", "") in NOT_OF_THE_STAND_IN:
        return

    async def work(rt: Any, endpoint: Any) -> None:
        await check_endpoint(rt, endpoint, (one,))

    with_endpoint(served[0], work, server=served[1], timeout_s=20)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("served", PROVIDERS, indirect=True)
def test_faults(served: tuple[str, ApiServer], name: str) -> None:
    provider, server = served

    async def work(rt: Any, endpoint: Any) -> None:
        await check_fault(rt, endpoint, server, name)

    with_endpoint(provider, work, server=server)


@pytest.mark.parametrize("served", PROVIDERS, indirect=True)
def test_images_and_caches_are_asked_for_as_the_provider_wants_them(served: tuple[str, ApiServer]) -> None:
    provider, server = served
    facts = provider_of(provider)
    assert facts is not None
    able = facts.capabilities

    async def work(rt: Any, endpoint: Any) -> Any:
        image = Image(8, 8, "dot", b"\x89PNG")
        seen = await endpoint.generate(Call("what is it?", images=(image,), max_tokens=4)) if able.images else None
        long = Call("go on", "many words " * 40, max_tokens=4, cache_key="k" if able.cache_key else "")
        first, again = await endpoint.generate(long), await endpoint.generate(long)
        return seen, first, again

    seen, first, again = with_endpoint(provider, work, server=server)
    assert seen is None or seen.usage.prompt_tokens >= 100
    assert first.usage.prompt_tokens == again.usage.prompt_tokens >= 80
    tells = SPEAKS.get(provider, provider) != "together"
    if tells:
        assert again.usage.cached_tokens > first.usage.cached_tokens == 0
        assert again.cost_usd < first.cost_usd
    for reply, bill in zip([one for one in (seen, first, again) if one], server.bills, strict=True):
        assert reply.usage.prompt_tokens == bill.prompt_tokens
        assert reply.usage.cached_tokens == (bill.cached_tokens if tells else 0)
        assert reply.usage.said_tokens == bill.output_tokens


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("served", PROVIDERS, indirect=True)
def test_a_cancelled_call_closes_its_connection(served: tuple[str, ApiServer], streamed: bool) -> None:
    provider, server = served

    async def work(rt: Any, endpoint: Any) -> None:
        call = Call("go on", max_tokens=4000)  # two seconds of words
        with rt.move_on_after(0.1) as scope:
            if streamed:
                async with aclosing(endpoint.stream(call)) as chunks:
                    async for _ in chunks:
                        pass
            else:
                await endpoint.generate(call)
        assert scope.cancelled_caught
        assert settled(lambda: server.cancelled == 1 and server.under_way == 0 and server.open_connections == 0)
        assert (await endpoint.generate(Call("again", max_tokens=2))).usage.output_tokens == 2

    with_endpoint(provider, work, server=server)


def test_no_artefact_of_a_run_holds_the_key(tmp_path: Path) -> None:
    with api_server("llama_cpp", key=KEY) as server:
        (tmp_path / "fleet.toml").write_text(
            f'[[endpoints]]\nname = "e"\nprovider = "llama_cpp"\nmodel = "smollm2-135m"\nchip = "cpu"\n'
            f'base_url = "{server.url}"\nkey_variable = "MY_KEY"\n'
        )
        server.play("http_503", "http_401")  # the second echoes the key
        command = [sys.executable, "-m", "commissure", "run", "cache-loop", "--world", "live", "--record", "--json"]
        options = ["--fleet", "fleet.toml", "--set", "slots=4", "--set", "iterations=2"]
        done = [
            subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True,
                           env=os.environ | {"MY_KEY": KEY}, check=False)
            for _ in range(2)
        ]  # fmt: skip
    assert [one.returncode for one in done] == [1, 0], done
    assert "<MY_KEY>" in done[0].stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"exchanges.jsonl", "calls.jsonl", "failures.jsonl", "manifest.json"} <= {path.name for path in files}
    for text in (*(path.read_text(errors="replace") for path in files), *(one.stdout + one.stderr for one in done)):
        assert KEY not in text
