"""A scenario that keeps its finished work, for tests; run as a program it is the command line that knows it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.call import Call
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.scenarios import scenario
from commissure.scenarios.scenario import Claim, Table

FLEET = """
[[endpoints]]
name = "priced"
provider = "null"
model = "none"
chip = "cpu"
price = { input_usd_per_mtok = 1000.0, output_usd_per_mtok = 5000.0, as_of = 2026-11-22 }
"""
CALLS_A_PIECE = 3


class Settings(BaseModel):
    """`pieces` of work of three calls each, `at_once` of them side by side, a pause before each call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_once: Annotated[int, Field(ge=1)] = 1
    pieces: Annotated[int, Field(ge=1)] = 4
    pause_s: Annotated[float, Field(ge=0)] = 0.0


class Pieces:
    """Each piece draws a length by its own dice, and asks three times for so many words."""

    name = "pieces"
    summary = "pieces of work that are kept"
    settings = Settings
    variants: Sequence[Mapping[str, Any]] = ({"at_once": 1}, {"at_once": 3})
    policies = ("plain", "other")
    known_policies = policies

    def __init__(self, on_piece: Callable[[str], None] = lambda key: None) -> None:
        self.on_piece = on_piece
        self.names_calls = True

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        return fleet

    def behaviour(self, settings: Settings, seed: int) -> None:
        return None

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> dict[str, Any]:
        return await self.go_on(rt, fleet, settings, policy, Kept())

    async def go_on(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str, kept: Kept) -> dict[str, Any]:
        places = rt.semaphore(settings.at_once)

        async def piece(number: int) -> float:
            key = f"piece {number}"
            async with places:
                found = kept.get(key)
                if found is None:
                    found = await self._done(rt, fleet, settings, key)
                    self.on_piece(key)
                    kept.keep(key, found)
            return float(found["value"])

        return {"values": await rt.gather(*map(piece, range(settings.pieces)))}

    async def _done(self, rt: Runtime, fleet: OpenFleet, settings: Settings, key: str) -> dict[str, Any]:
        dice, words = rt.rng(f"pieces/{key}"), 0
        for _ in range(CALLS_A_PIECE):
            await rt.sleep(settings.pause_s)
            asked = dice.randrange(1, 9)
            reply = await fleet.generate(
                Call(key, workflow=key if self.names_calls else "", min_tokens=asked, max_tokens=asked)
            )
            words += reply.usage.output_tokens
        return {"value": words + dice.random()}

    def measure(self, calls: Sequence[CallRecord], settings: Settings, seed: int) -> dict[str, Any]:
        return {"made": len(calls), "said": sum(call.output_tokens for call in calls)}

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        return {"made": str(measures["made"])}

    def tables(self, legs: Sequence[Any]) -> list[Table]:
        return []

    def figures(self, legs: Sequence[Any]) -> list[tuple[str, str]]:
        return []

    def expected_calls(self, settings: Settings, seed: int) -> int:
        return settings.pieces * CALLS_A_PIECE

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        return []


if __name__ == "__main__":
    from commissure.__main__ import run

    known = scenario.scenarios
    vars(scenario)["scenarios"] = lambda: {**known(), "pieces": Pieces()}
    sys.argv[0] = "commissure"
    run()
