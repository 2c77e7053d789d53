"""`fleet ping`: one tiny call to each endpoint as it is now, beside what sim foretells of the same call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from commissure.hal.call import Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.clock.primitives import Semaphore
from commissure.hal.connect import capabilities, connect, provider_of
from commissure.hal.endpoint import Endpoint, Status
from commissure.hal.errors import (
    CommissureError,
    EndpointError,
    NoAnswerInTime,
    TruncatedStream,
    Unreachable,
    unknown,
)
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.ledger import Budget, Ledger
from commissure.hal.reply import Reply
from commissure.hal.resilience.settings import Resilience
from commissure.hal.runtime import Runtime
from commissure.scenarios.fleet_check import IN_PROCESS, alone
from commissure.scenarios.run import run

# Some ten tokens with a chat frame around them, and enough answer to tell a speed. OpenAI takes no fewer than 16.
PROMPT, ANSWER_TOKENS = "Count to twenty.", 16
MOST_USD, TIMEOUT_S = 0.01, 60.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds to the first piece of the answer, be it reasoning, tokens a second after it, and seconds of the whole.

    None: nothing to be seen came, or too little of it to tell.
    """

    ttft_s: float | None
    tokens_per_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True)
class Ping:
    """What came of one endpoint's call. With `error`, the name of an error's type, `problem` says what went wrong.

    `measured` is as the client saw it; `server` holds the server's own seconds of prefill and decode, and what else it
    said of the time; `modelled` is sim's. `uncertain_usd` is what it may cost beyond `cost_usd`.
    """

    endpoint: str
    model_id: str
    error: str = ""
    problem: str = ""
    measured: Speed | None = None
    server: Mapping[str, Any] = field(default_factory=dict, hash=False)
    modelled: Speed | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float = 0.0
    uncertain_usd: float = 0.0
    models: int | None = None
    status: Status | None = None
    warnings: tuple[str, ...] = ()


def ping(
    fleet: Fleet, names: Sequence[str] = (), *, most_usd: float = MOST_USD, timeout_s: float = TIMEOUT_S
) -> list[Ping]:
    """Send one call to each endpoint, or to those of these names: all at once, but those in this process in turn.

    A call whose upper bound is beyond `most_usd` is not sent, one that has no end after `timeout_s` is given up, and
    none is tried again. Raises UsageError for an unknown name; what fails at an endpoint is in its row.
    """
    known = {spec.name: spec for spec in fleet.specs}
    for name in names:
        if name not in known:
            raise unknown("endpoint", name, known)
    chosen = [spec for name, spec in known.items() if not names or name in names]
    budget, rt = Budget(usd=most_usd), LiveRuntime()
    pinged = [_Pinged(rt, fleet, spec, Ledger(budget)) for spec in chosen]

    async def main() -> None:
        async with AsyncExitStack() as stack:
            # All are open before the first is called: starting a server of our own would disturb the others' times.
            for one in pinged:
                await one.open(stack)
            turn = rt.semaphore(1)
            async with rt.task_group() as group:
                for one in pinged:
                    group.start_soon(one.call_within, timeout_s, turn)

    rt.run(main)
    return [one.row() for one in pinged]


class _Pinged:
    """One endpoint under way."""

    def __init__(self, rt: Runtime, fleet: Fleet, spec: EndpointSpec, ledger: Ledger) -> None:
        # What happens is to be seen, not mended.
        once = spec.model_copy(update={"resilience": Resilience(attempts=1)})
        self._rt, self._spec, self._ledger = rt, once, ledger
        self._fleet = alone(fleet, once)
        self._call = _call_to(once)
        provider = provider_of(spec.provider)
        modelled, why = foretold(self._fleet, self._call)
        self._warnings = [why] if why else []
        self._row = Ping(spec.name, provider.model_id(spec) if provider else spec.model, modelled=modelled)
        self._own = spec.provider in IN_PROCESS and spec.base_url is None
        if not self._own and self._fleet.unpriced():
            self._warnings.append("no price is known: that its call costs too much cannot be seen beforehand")
        self._opened: OpenFleet | None = None

    def row(self) -> Ping:
        """What is known at the end."""
        spent, uncertain = self._ledger.spent.usd, self._ledger.uncertain.usd
        return replace(self._row, cost_usd=spent, uncertain_usd=uncertain, warnings=tuple(self._warnings))

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the endpoint, or note why not."""
        try:
            self._opened = await stack.enter_async_context(self._fleet.open(self._rt, connect, self._ledger))
        except CommissureError as error:
            self._fail(error)

    async def call_within(self, timeout_s: float, turn: Semaphore) -> None:
        """Ask the endpoint, where it is open; an error ends in its row. Those in this process wait for their turn."""
        if self._opened is None:
            return
        async with turn if self._own else nullcontext():
            await self._asked_within(timeout_s, self._opened)

    async def _asked_within(self, timeout_s: float, opened: OpenFleet) -> None:
        with self._rt.move_on_after(timeout_s) as scope:
            try:
                await self._ask(opened)
            except CommissureError as error:
                self._fail(error)
        if scope.cancelled_caught:
            self._fail(NoAnswerInTime(self._spec.name, f"no end of its answer within {timeout_s:g} s"))

    async def _ask(self, fleet: OpenFleet) -> None:
        endpoint = fleet.endpoints[self._spec.name]
        await self._list_models(endpoint)
        reply, speed = await _one_call(self._rt, fleet, self._call)
        usage, said = reply.usage, dict(reply.timing.server or {})
        if reply.timing.source == "server":
            said = {"prefill_s": reply.timing.prefill_s, "decode_s": reply.timing.decode_s} | said
        if speed.ttft_s is None:
            self._warnings.append(f"none of its {usage.said_tokens} tokens was to be seen: a model that reasons")
        self._row = replace(
            self._row, measured=speed, server=said, prompt_tokens=usage.prompt_tokens, output_tokens=usage.said_tokens
        )
        try:
            self._row = replace(self._row, status=await endpoint.status())
        except EndpointError as error:
            self._warnings.append(f"tells no status: {error.problem}")

    async def _list_models(self, endpoint: Endpoint) -> None:
        """Whether the endpoint lists the model; some servers list none, and some keys may not ask."""
        lists = getattr(endpoint, "models", None)
        if lists is None:
            return
        try:
            names = await lists()
        except (Unreachable, NoAnswerInTime):
            raise
        except EndpointError as error:
            self._warnings.append(f"lists no models: {error.problem}")
            return
        self._row = replace(self._row, models=len(names))
        if not self._own and not offered(self._row.model_id, names):
            self._warnings.append(_not_offered(self._row.model_id, names))

    def _fail(self, error: CommissureError) -> None:
        problem = error.problem if isinstance(error, EndpointError) else str(error)
        said = " ".join(problem.split()).removeprefix(f"endpoint {self._spec.name!r}: ")
        self._row = replace(self._row, error=type(error).__name__, problem=said)


def foretold(fleet: Fleet, call: Call) -> tuple[Speed | None, str]:
    """The same call in sim, at its median and without hidden tokens before it; None, and why, where that cannot be.

    An answer this short has no room for reasoning before it: what is timed is the first token of either.
    """
    (spec,) = fleet.specs
    profile = fleet.profiles[spec.name]
    if profile.hosted is not None:
        plain = profile.hosted.model_copy(update={"hidden_tokens": None, "noise_shape": None})
        fleet = fleet.with_profiles({spec.name: profile.model_copy(update={"hosted": plain})})
    try:
        _, speed = run(_one_call, fleet, call, world="sim").result
    except CommissureError as error:
        return None, f"not simulated: {error}"
    return speed, ""


def offered(wanted: str, names: Sequence[str]) -> bool:
    """Whether a model is among those listed, itself or by the date of its version: claude-x is claude-x-20251101."""
    return any(re.fullmatch(re.escape(wanted) + r"(-\d[\d-]*)?", name) for name in names)


def _not_offered(wanted: str, names: Sequence[str]) -> str:
    short = {name.lower().rpartition("/")[2]: name for name in reversed(names)}
    near = get_close_matches(wanted.lower().rpartition("/")[2], short, n=1, cutoff=0.5)
    hint = f'; the nearest is {short[near[0]]!r}: model_id = "{short[near[0]]}" in the fleet file' if near else ""
    return f"{wanted!r} is not among the {len(names)} models that it lists{hint}"


def _call_to(spec: EndpointSpec) -> Call:
    least = ANSWER_TOKENS if capabilities(spec).min_tokens else 0
    return Call(PROMPT, kind="ping", max_tokens=ANSWER_TOKENS, min_tokens=least)


async def _one_call(rt: Runtime, fleet: OpenFleet, call: Call) -> tuple[Reply, Speed]:
    """Stream one call and time it: the same code in both worlds."""
    began_s, seen_s, reply = rt.now(), list[float](), None
    async with aclosing(fleet.stream(call)) as chunks:
        async for chunk in chunks:
            if chunk.reply is not None:
                reply = chunk.reply
            elif chunk.text:
                seen_s.append(rt.now() - began_s)
    if reply is None:
        raise TruncatedStream(", ".join(fleet.endpoints))
    total_s = rt.now() - began_s
    # Tokens of reasoning that is not shown come before the first piece.
    shown = reply.usage.said_tokens if reply.reasoning else reply.usage.output_tokens
    after_s = seen_s[-1] - seen_s[0] if seen_s else 0.0
    speed = (shown - 1) / after_s if shown > 1 and after_s > 0 else None
    return reply, Speed(seen_s[0] if seen_s else None, speed, total_s)
