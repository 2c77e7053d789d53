"""The program: pilots first, from which the vote is foretold; then each record's greedy answer and its candidates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.policies.ensemble.diversity import build_diversity
from commissure.scenarios.tool_calling.ensembles.answers import PILOTS, Answers, Asked
from commissure.scenarios.tool_calling.ensembles.ask import Member, piece
from commissure.scenarios.tool_calling.ensembles.foretold import Foretold, foretold_from
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.ensembles.ways import MIXED, Way
from commissure.scenarios.tool_calling.records.record import Record
from commissure.scenarios.tool_calling.shares import even_shares

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What one member said to all records, in their order, and what was foretold from its pilots before that."""

    answers: tuple[Answers, ...]
    pilots: tuple[Asked, ...]
    foretold: Foretold | None


async def ask_all(
    rt: Runtime, fleet: OpenFleet, settings: Settings, way: Way, records: Sequence[Record], kept: Kept
) -> dict[str, Said]:
    """Ask every member of the fleet, one after another, about all records. What is kept is not asked again.

    In a mix each gives its part of the candidates, one at least.
    """
    diversity, names = build_diversity(settings.diversity), list(fleet.endpoints)
    found = {}
    for name, share in zip(names, even_shares(settings.n, len(names)), strict=True):
        n = max(1, share) if way.name == MIXED else settings.n
        chosen = settings.model_copy(update={"n": n, "verify": settings.verify or way.name == "verified"})
        member = Member(rt, fleet, fleet.endpoints[name], chosen, diversity, way.stopping)
        found[name] = await _said(member, records, kept)
    return found


async def _said(member: Member, records: Sequence[Record], kept: Kept) -> Said:
    pilots: list[Asked] = []
    foretold = None
    if member.settings.pilots:
        pilots = await _each(member, records, lambda record, _: _once(member, record, PILOTS, member.pilots, kept))
        # On disk before any candidate is asked for: a prediction, and no fit.
        foretold = _foretold(member, records, pilots, kept)
    answers = await _each(member, records, lambda record, place: _answers(member, record, place, kept))
    return Said(tuple(answers), tuple(pilots), foretold)


def _foretold(member: Member, records: Sequence[Record], pilots: Sequence[Asked], kept: Kept) -> Foretold:
    key = f"{member.name} foretold"
    before = kept.read(key, Foretold)
    if before is not None:
        return before
    foretold = foretold_from(member.name, records, pilots, member.rt.seed)
    kept.keep(key, foretold.model_dump(mode="json"))
    return foretold


async def _answers(member: Member, record: Record, place: int, kept: Kept) -> Answers:
    """Greedy first for every other record, the candidates first for the rest: the second finds the prompt cached."""
    order: list[tuple[str, Callable[[Record], Awaitable[Asked]]]] = [
        ("greedy", member.greedy), ("candidates", member.candidates)
    ]  # fmt: skip
    asked = {}
    for phase, ask in order if place % 2 == 0 else reversed(order):
        asked[phase] = await _once(member, record, phase, ask, kept)
    return Answers(greedy=asked["greedy"], candidates=asked["candidates"])


async def _once(
    member: Member, record: Record, phase: str, ask: Callable[[Record], Awaitable[Asked]], kept: Kept
) -> Asked:
    key = piece(member.name, record, phase)
    before = kept.read(key, Asked)
    if before is not None:
        return before
    asked = await ask(record)
    kept.keep(key, asked.model_dump(mode="json"))
    return asked


async def _each(member: Member, records: Sequence[Record], ask: Callable[[Record, int], Awaitable[T]]) -> list[T]:
    """All records in their order, so many side by side as the settings say."""
    places = member.rt.semaphore(member.settings.side_by_side)

    async def one(record: Record, place: int) -> T:
        async with places:
            return await ask(record, place)

    return await member.rt.gather(*(one(record, place) for place, record in enumerate(records)))
