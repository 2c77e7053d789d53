"""The contract over a recording: an adapter makes of recorded bytes, in virtual time, what it made of the live ones."""

from pathlib import Path
from typing import Any

import pytest

import commissure as cm
from commissure.hal.conformance import CHECKS, Check, check_endpoint
from tests.hal.wire.test_adapters import KEY, PROVIDERS, SPEAKS, profile, spec
from tests.support.api import api_server

# Where a call is cancelled depends on the machine: it need not come again at the same byte.
REPEATABLE: tuple[Check, ...] = tuple(one for one in CHECKS if getattr(one, "__name__", "") != "cancels")
NOT_OF_THE_STAND_IN = {"refuses_what_does_not_fit", "keeps_what_it_saved"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_contract_over_a_recording(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CEREBRAS", "SAMBANOVA", "OPENAI", "ANTHROPIC", "MOONSHOT", "GROQ", "TOGETHER", "NOVITA"):
        monkeypatch.setenv(f"{variable}_API_KEY", KEY)
    checks = tuple(one for one in REPEATABLE if getattr(one, "__name__", "") not in NOT_OF_THE_STAND_IN)

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> Any:
        await check_endpoint(rt, opened.endpoints[provider], checks)
        return rt.now()

    with api_server(SPEAKS.get(provider, provider), words_per_s=2000, first_s=0.002) as server:
        fleet = cm.Fleet((spec(provider, server.url, timeout_s=20),), {provider: profile(provider)})
        live = cm.run(work, fleet, world="live", record=tmp_path / "exchanges.jsonl")
    replayed = cm.run(work, fleet, world="sim", recording=tmp_path / "exchanges.jsonl")
    assert 0 < replayed.result <= live.result
    assert replayed.world == "sim"
    assert KEY not in (tmp_path / "exchanges.jsonl").read_text()
