"""What the adapter costs over a bare httpx call to the same loopback server, in the same run."""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter
from typing import Any, cast

import httpx
import pytest

import commissure as cm
from commissure.hal.connect import connect
from commissure.hal.ledger import Ledger
from commissure.hal.wire.endpoint import ApiEndpoint
from tests.hal.wire.test_load import fleet
from tests.support.api import api_process

ROUNDS, WARM = 1500, 100
Times = tuple[list[float], list[float]]


async def _pair(
    opened: cm.OpenFleet, client: httpx.AsyncClient, *, through_fleet: bool
) -> tuple[list[float], list[float]]:
    endpoint = cast("ApiEndpoint", opened.endpoints["e"])
    call = cm.Call("How is the weather at home today?", "You are brief.", max_tokens=12)
    path, body = endpoint.request(call, stream=False)
    bare_s: list[float] = []
    ours_s: list[float] = []
    for number in range(ROUNDS + WARM):
        for ours in (True, False) if number % 2 else (False, True):
            began = perf_counter()
            if not ours:
                (await client.post(path, json=body)).json()
            elif through_fleet:
                await opened.generate(call)
            else:
                await endpoint.generate(call)
            if number >= WARM:
                (ours_s if ours else bare_s).append(perf_counter() - began)
    return bare_s, ours_s


async def _streams(opened: cm.OpenFleet, client: httpx.AsyncClient) -> Times:
    endpoint = cast("ApiEndpoint", opened.endpoints["e"])
    call = cm.Call("How is the weather at home today?", "You are brief.", max_tokens=32)
    path, body = endpoint.request(call, stream=True)
    bare_s: list[float] = []
    ours_s: list[float] = []
    for number in range(ROUNDS // 3 + WARM):
        for ours in (True, False) if number % 2 else (False, True):
            began = perf_counter()
            if ours:
                async for _ in endpoint.stream(call):
                    pass
            else:
                async with client.stream("POST", path, json=body) as response:
                    async for line in response.aiter_lines():
                        if line.startswith("data: {"):
                            json.loads(line[6:])
            if number >= WARM:
                (ours_s if ours else bare_s).append(perf_counter() - began)
    return bare_s, ours_s


@pytest.mark.bench
@pytest.mark.parametrize("what", ["generate", "generate by the fleet", "stream of 32"])
def test_overhead(what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CEREBRAS_API_KEY", "sk-bench-0123456789")
    rt = cm.LiveRuntime()
    with api_process("cerebras") as server:

        async def main() -> Any:
            async with (
                fleet("cerebras", server.url).open(rt, connect, Ledger()) as opened,
                httpx.AsyncClient(base_url=server.url, headers={"authorization": "Bearer x"}) as client,
            ):
                if what.startswith("stream"):
                    return await _streams(opened, client)
                return await _pair(opened, client, through_fleet="fleet" in what)

        bare_s, ours_s = rt.run(main)
    ratio = median(ours_s) / median(bare_s)
    extra_ms = 1e3 * (median(ours_s) - median(bare_s))
    with capsys.disabled():
        print(f"\n{what}: bare httpx {1e3 * median(bare_s):.3f} ms, ours {1e3 * median(ours_s):.3f} ms: "
              f"{100 * (ratio - 1):+.1f} %, {extra_ms:+.3f} ms")  # fmt: skip
    assert ratio < 2
